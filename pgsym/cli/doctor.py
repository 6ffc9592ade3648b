"""`pgsym doctor`."""

from __future__ import annotations

from pgsym.cli.app import app, print_json
from pgsym.cli.problem import AsJson


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Versions, devices, the field engine and optional packages in one table, for a bug report.

    Example: `pgsym doctor`
    """
    from pgsym.reports.doctor import diagnosis, doctor_table
    from pgsym.reports.terminal import console, working

    with working("looking at this installation"):
        found = diagnosis()
    if as_json:
        print_json({row.name: {"found": row.found, "note": row.note} for row in found})
    else:
        console().print(doctor_table(found))

"""What this installation has: versions, devices, the field engine, optional packages.

Nothing here names the machine or a path of it, so that the table can be pasted into a bug report.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
from dataclasses import dataclass

import sympy as sp
from rich.table import Column, Table
from rich.text import Text

from pgsym.algebra import RationalField

CORE = ("sympy", "python-flint", "networkx", "numpy", "scipy", "jax", "jaxlib", "numpyro", "lark", "pydantic", "typer")
"""What pgsym cannot do without."""

TOOLS = {
    "coqc": "certificates are checked with it",
    "pdflatex": "derivations become PDF with it",
    "tectonic": "derivations become PDF with it",
}
"""Programs that are used where they are installed."""

_REQUIREMENT = re.compile(r"\s*(?P<name>[\w.-]+)\s*(?:\[(?P<extra>[\w.-]+)\])?")
_EXTRA = re.compile(r"extra\s*==\s*[\"']([\w.-]+)[\"']")


@dataclass(frozen=True)
class Finding:
    """One row: what was looked for, what was found, and what that means."""

    name: str
    found: str
    note: str = ""


def diagnosis() -> list[Finding]:
    """Every row of the table.

    >>> [row.name for row in diagnosis()][:3]
    ['pgsym', 'python', 'platform']
    """
    rows = [
        Finding("pgsym", _version("pgsym") or "not installed"),
        Finding("python", platform.python_version(), platform.python_implementation()),
        Finding("platform", f"{platform.system()} {platform.machine()}"),
        *(Finding(name, _version(name) or "missing", "" if _version(name) else "required") for name in CORE),
        Finding("field engine", *_field_engine()),
        Finding("devices", *_devices()),
    ]
    for extra, packages in sorted(extras().items()):
        have = [f"{name} {_version(name)}" for name in packages if _version(name)]
        missing = [name for name in packages if not _version(name)]
        note = f"without {', '.join(missing)}: pip install 'pgsym[{extra}]'" if missing else ""
        rows.append(Finding(f"[{extra}]", ", ".join(have) or "not installed", note))
    rows += [Finding(tool, "found" if shutil.which(tool) else "not found", note) for tool, note in TOOLS.items()]
    return rows


def extras(distribution: str = "pgsym") -> dict[str, list[str]]:
    """Optional packages by extra, as the installed metadata lists them.

    An extra of another package, such as jax[cuda12], is followed to the packages behind it.
    """
    found: dict[str, list[str]] = {}
    for text in importlib.metadata.requires(distribution) or ():
        requirement, _, marker = text.partition(";")
        part = _REQUIREMENT.match(requirement)
        asked = _EXTRA.search(marker)
        if part is None or asked is None:
            continue
        inner = extras(part["name"]).get(part["extra"], []) if part["extra"] and _version(part["name"]) else []
        found.setdefault(asked[1], []).extend(inner or [part["name"]])
    return found


def doctor_table(rows: list[Finding]) -> Table:
    """The rows for a terminal."""
    columns = (Column(overflow="fold") for _ in range(3))
    table = Table(*columns, title="pgsym doctor", title_justify="left", show_header=False)
    for row in rows:
        table.add_row(Text(row.name), Text(row.found), Text(row.note))
    return table


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _field_engine() -> tuple[str, str]:
    """One identity in two generators, decided."""
    x, y = sp.symbols("x y")
    field = RationalField((), (), (x, y))
    holds = field.is_zero(field.convert((x + y) ** 2 - x**2 - 2 * x * y - y**2))
    return (
        "FLINT" if holds else "FLINT gives wrong answers"
    ), "(x + y)^2 decided" if holds else "reinstall python-flint"


def _devices() -> tuple[str, str]:
    from pgsym.sampling.kernel import describe_devices

    found, accelerated = describe_devices()
    seen = "sampling runs on the accelerator" if accelerated else "no accelerator is seen; sampling runs on the CPU"
    return found, seen

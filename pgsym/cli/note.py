"""`pgsym check MODEL note.md`: the relations of a note decided, and the note written again with its verdicts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pgsym.cli.app import print_json

if TYPE_CHECKING:
    from pgsym.model.problem import Problem

NOTES = (".md", ".markdown", ".mdx", ".tex", ".ipynb", ".rst", ".html", ".htm")
"""File endings of notes."""
STANDARD_INPUT = "-"


def is_note(text: str) -> bool:
    """Whether an argument is a note: a file with such an ending, or - for standard input."""
    return text == STANDARD_INPUT or (Path(text).suffix.lower() in NOTES and "\n" not in text)


def check_note(
    note: str,
    problem: Problem | None,
    *,
    objective: str | None,
    read_as: list[str],
    method: str,
    error_bits: int,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Print the verdicts of a note, or their JSON, and write the audited note: to `out`, else beside the note."""
    from pgsym.model.files.atomic import require_place, write_atomically
    from pgsym.notes.audit import audit_note
    from pgsym.notes.documents import NoteDocument
    from pgsym.notes.formats import FORMATS
    from pgsym.reports.files import require_format, write_derivation
    from pgsym.reports.terminal import console, highlighted, working

    document = NoteDocument.of(sys.stdin.read(), "-") if note == STANDARD_INPUT else NoteDocument.load(note)
    typeset = out is not None and out.suffix and FORMATS.get(out.suffix.lower()) != document.format
    if out is not None:
        (require_format if typeset else require_place)(out)
    with working("deciding") as status:
        audit = audit_note(
            document,
            problem,
            objective=objective,
            read_as=read_as,
            method=method,
            error_bits=error_bits,
            seed=seed,
            progress=lambda k, n: status.update(f"deciding relation {k} of {n} ..."),
        )
    if as_json:
        print_json(audit.to_json())
    else:
        console().print(highlighted(audit.text()), soft_wrap=True)
    if out is None and not as_json and note != STANDARD_INPUT:
        beside = Path(note).with_suffix(f".audited{Path(note).suffix}")
        if os.access(beside.parent, os.W_OK):
            out = beside
        else:
            print(f"{beside.parent} is read-only: -o FILE writes the audited note", file=sys.stderr)
    if out is not None:
        if typeset:
            written = write_derivation(audit.checked.derivation, out)
        else:
            written = write_atomically(out, audit.markdown())
        print(f"wrote {written}", file=sys.stderr)
    raise typer.Exit(0 if audit.holds else 1)

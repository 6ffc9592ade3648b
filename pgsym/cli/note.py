"""`pgsym check MODEL note.md`: the relations of a note decided, and the note written again with its verdicts."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pgsym.cli.app import print_json
from pgsym.errors import SchemaError

if TYPE_CHECKING:
    from pgsym.model.problem import Problem
    from pgsym.notes.result import AuditedNote

NOTES = (".md", ".markdown", ".mdx", ".tex", ".ipynb", ".rst", ".html", ".htm")
"""File endings of notes."""
STANDARD_INPUT = "-"
WATCH_SECONDS = 0.5
"""How long it waits before it looks at a file again."""


def is_note(text: str) -> bool:
    """Whether an argument is a note: a file with such an ending, - for standard input, or formulas in TeX."""
    return text == STANDARD_INPUT or is_tex(text) or (Path(text).suffix.lower() in NOTES and "\n" not in text)


def is_tex(text: str) -> bool:
    r"""Whether an argument is formulas in TeX, and no path.

    >>> is_tex(r"\nabla J = 0"), is_tex("$J = 1$"), is_tex("J <= 1"), is_tex("mine.claims")
    (True, True, False, False)
    """
    return "$" in text or bool(re.search(r"\\[A-Za-z]", text) and re.search(r"[=<>]|\\(?:[lg]eq?|neq?|propto)\b", text))


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
    watched: bool = False,
) -> None:
    """Print the verdicts of a note, or their JSON, and write the audited note: to `out`, else beside the note."""
    from pgsym.model.files.atomic import require_place
    from pgsym.notes.audit import audit_note
    from pgsym.notes.documents import NoteDocument
    from pgsym.notes.formats import FORMATS
    from pgsym.reports.files import require_format
    from pgsym.reports.terminal import console, highlighted, working

    is_file = note != STANDARD_INPUT and not is_tex(note)
    if watched and (as_json or not is_file):
        raise SchemaError(
            "found --watch with --json or without a file; a file is watched, and text is printed. Leave one away",
            where="check",
        )

    def load() -> NoteDocument:
        if note == STANDARD_INPUT or is_tex(note):
            text = sys.stdin.read() if note == STANDARD_INPUT else note if "$" in note else f"$${note}$$"
            return NoteDocument.of(text, "-")
        return NoteDocument.load(note)

    def audited(document: NoteDocument) -> AuditedNote:
        with working("deciding") as status:
            return audit_note(
                document,
                problem,
                objective=objective,
                read_as=read_as,
                method=method,
                error_bits=error_bits,
                seed=seed,
                progress=lambda k, n: status.update(f"deciding relation {k} of {n} ..."),
            )

    document = load()
    typeset = out is not None and bool(out.suffix) and FORMATS.get(out.suffix.lower()) != document.format
    if out is not None:
        (require_format if typeset else require_place)(out)
    if watched:
        _watch(Path(note), lambda: audited(load()), out, typeset)
    audit = audited(document)
    if as_json:
        print_json(audit.to_json())
    else:
        console().print(highlighted(audit.text()), soft_wrap=True)
    if out is None and not as_json and is_file:
        beside = Path(note).with_suffix(f".audited{Path(note).suffix}")
        if os.access(beside.parent, os.W_OK):
            out = beside
        else:
            print(f"{beside.parent} is read-only: -o FILE writes the audited note", file=sys.stderr)
    if out is not None:
        print(f"wrote {_written(audit, out, typeset)}", file=sys.stderr)
    raise typer.Exit(0 if audit.holds else 1)


def _written(audit: AuditedNote, out: Path, typeset: bool) -> Path:
    from pgsym.model.files.atomic import write_atomically
    from pgsym.reports.files import typeset as typeset_pdf
    from pgsym.reports.files import write_derivation

    if typeset and out.suffix == ".pdf":
        return typeset_pdf(audit.paper(), out)
    if typeset and out.suffix in (".html", ".tex"):
        return write_atomically(out, audit.html() if out.suffix == ".html" else audit.paper())
    return write_derivation(audit.checked.derivation, out) if typeset else write_atomically(out, audit.markdown())


def _watch(note: Path, audit: Callable[[], AuditedNote], out: Path | None, typeset: bool) -> None:
    """Look at the file until it is interrupted; the exit status is that of the last audit."""
    from pgsym.notes.watch import watch
    from pgsym.reports.terminal import console, highlighted

    def stamp() -> object:
        state = note.stat()
        return state.st_mtime_ns, state.st_size

    def wait() -> bool:
        time.sleep(WATCH_SECONDS)
        return True

    last: AuditedNote | None = None
    try:
        for last, shown in watch(audit, stamp, wait):
            console().print(highlighted("\n".join(shown)), soft_wrap=True)
            if last is not None and out is not None:
                _written(last, out, typeset)
    except KeyboardInterrupt:
        raise typer.Exit(0 if last is not None and last.holds else 1) from None

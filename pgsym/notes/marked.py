r"""The audited note: the document again, with a mark at each relation, what is wrong, and a summary at the top.

What is inserted stands in blocks of its own, behind the paragraph or the row of dollars in which the formula ends;
nothing of the note itself is changed.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from pgsym.claims.verdict import Status
from pgsym.notes.remarks import (
    WRITERS,
    CodeWords,
    Display,
    FoldedText,
    NoteSymbol,
    Paragraph,
    Strong,
    place_at_top,
    place_behind,
)
from pgsym.notes.result import DEFINES, DEPENDS, AuditedNote, NoteRelation

MARKS: Mapping[str, str] = {
    Status.PROVED: "✓", Status.REFUTED: "✗", Status.INAPPLICABLE: "–", DEPENDS: "±", DEFINES: ":="
}  # fmt: skip
"""What stands before a relation's line in the margin."""


def marked(audit: AuditedNote) -> str:
    """The note with its verdicts; of a notebook, its JSON."""
    text, format = audit.document.text, audit.document.format
    write = WRITERS[format]
    places: dict[tuple[int, str], list[Paragraph | Display | FoldedText]] = {}
    for found in audit.relations:
        place = place_behind(text, found.relation.at, found.relation.end, format)
        at = next(((known, indent) for known, indent in places if known == place[0]), place)
        places.setdefault(at, []).extend(remark_on(found))
    pieces = [(place_at_top(text, format), write(list(summary_of(audit)), ""))]
    pieces += [(at, write(remark, indent)) for (at, indent), remark in places.items()]
    return _notebook(audit, pieces) if format == "notebook" else _with(text, pieces)


def _with(text: str, pieces: list[tuple[int, str]]) -> str:
    for at, piece in sorted(pieces, key=lambda p: p[0], reverse=True):
        text = text[:at] + piece + text[at:]
    return text


def summary_of(audit: AuditedNote) -> Iterator[Paragraph]:
    """What stands at the top."""
    if audit.assumption:
        yield Paragraph([audit.assumption])
    yield Paragraph([Strong(f"Checked on {', '.join(audit.models)}"), f": {audit.summary}. Read as:"])
    yield from (Paragraph([NoteSymbol(symbol), f": {meaning}"], in_list=True) for symbol, meaning in audit.readings)


def remark_on(found: NoteRelation) -> Iterator[Paragraph | Display | FoldedText]:
    """The mark of one relation, and a fold with what shows that it is false."""
    main, written = found.main, found.relation
    head = f"{MARKS.get(found.status, '?')} line {found.line}: "
    if main is None:
        what = ["defines ", NoteSymbol(written.defines)] if found.status == DEFINES else [found.status]
        yield Paragraph([head, *what, f": {written.reason}" if written.reason else ""])
        return
    yield Paragraph([head, Strong(found.status), ", read as ", CodeWords(_equation(str(main.claim)))])
    if written.finding:
        yield Paragraph([Strong(written.finding)])
    if found.status == Status.PROVED:
        return
    if found.correction and found.status == Status.REFUTED:
        yield Paragraph(["True is ", CodeWords(_equation(found.correction)), ":"])
        if found.general is not None and found.general.correction is not None:
            yield Display(found.general.correction.latex())
    yield FoldedText(*found.why)


def _equation(claim: str) -> str:
    return claim.replace(" == ", " = ", 1)


def _notebook(audit: AuditedNote, pieces: list[tuple[int, str]]) -> str:
    """The cells of Markdown again, each with its remarks."""
    document = audit.document
    notebook = json.loads(document.original)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    ends = [*document.cells[1:], len(document.text) + 2]
    for k, cell in enumerate(cells):
        start, end = document.cells[k], ends[k] - 2
        own = [
            (min(at, end) - start, ("\n" if at > end else "") + piece)
            for at, piece in pieces
            if bisect_right(document.cells, min(at, len(document.text) - 1)) - 1 == k or (at == end + 1)
        ]
        cell["source"] = _with(document.text[start:end], own)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"

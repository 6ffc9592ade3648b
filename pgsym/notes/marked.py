r"""The audited note: the document again, with a mark at each relation, what is wrong, and a summary at the top.

What is inserted stands in blocks of its own, behind the paragraph or the row of dollars in which the formula ends;
nothing of the note itself is changed.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from html import escape

from pgsym.claims.language.tree import Claim
from pgsym.claims.verdict import Status
from pgsym.notes.result import DEFINES, DEPENDS, AuditedNote, NoteRelation

MARKS = {Status.PROVED: "✓", Status.REFUTED: "✗", Status.INAPPLICABLE: "–", DEPENDS: "±", DEFINES: ":="}
"""What stands before a relation's line in the margin."""


def marked(audit: AuditedNote) -> str:
    """The note with its verdicts; of a notebook, its JSON."""
    document = audit.document
    places: dict[int, list[NoteRelation]] = {}
    for relation in audit.relations:
        places.setdefault(_after(document.text, relation.relation.end), []).append(relation)
    insert = _comment if document.format == "latex" else _block
    pieces: list[tuple[int, str]] = [(_top(document.text, document.format), insert(list(_summary(audit)), ""))]
    for at, found in places.items():
        start = document.text.rfind("\n", 0, max(found[0].relation.at, 1) - 1) + 1
        indent = re.match(r"[ \t>]*", document.text[start:])
        lines = [line for relation in found for line in _remark(relation)]
        pieces.append((at, insert(lines, indent[0] if indent and document.format != "latex" else "")))
    if document.format == "notebook":
        return _notebook(audit, pieces)
    return _with(document.text, pieces)


def _with(text: str, pieces: list[tuple[int, str]]) -> str:
    for at, piece in sorted(pieces, key=lambda p: p[0], reverse=True):
        text = text[:at] + piece + text[at:]
    return text


def _after(text: str, end: int) -> int:
    """The end of the line in which a formula closes."""
    close = re.compile(r"\s*(?:\$\$|\$|\\+[\])])?").match(text, end)
    place = text.find("\n", close.end() if close else end)
    return len(text) if place < 0 else place + 1


def _top(text: str, format: str) -> int:
    """Behind the front matter, or the document class."""
    if format == "latex":
        begin = text.find("\\begin{document}")
        return text.find("\n", begin) + 1 if begin >= 0 else 0
    front = re.match(r"---\n.*?\n---[ \t]*\n", text, re.DOTALL)
    return front.end() if front else 0


def _summary(audit: AuditedNote) -> Iterator[str]:
    if audit.assumption:
        yield f"{audit.assumption}"
        yield ""
    yield f"**Checked on {', '.join(audit.models)}**: {audit.summary}. Read as:"
    yield ""
    for symbol, meaning in audit.readings:
        yield f"- {_code(symbol)}: {meaning}"


def _remark(relation: NoteRelation) -> Iterator[str]:
    """The mark of one relation, and a fold with what shows that it is false."""
    main = relation.main
    mark = MARKS.get(relation.status, "?")
    if main is None:
        what = f"defines {_code(relation.relation.defines)}" if relation.status == DEFINES else relation.status
        reason = f": {relation.relation.reason}" if relation.relation.reason else ""
        yield f"{mark} line {relation.line}: {what}{_plain(reason)}"
        yield ""
        return
    yield f"{mark} line {relation.line}: **{relation.status}**, read as {_code(_claim(main.claim))}"
    yield ""
    if relation.relation.finding:
        yield f"**{_plain(relation.relation.finding)}**"
        yield ""
    if relation.status == Status.PROVED:
        return
    if relation.correction and relation.status == Status.REFUTED:
        yield f"True is {_code(relation.correction.replace(' == ', ' = ', 1))}:"
        yield ""
        assert (
            relation.general is None
            or relation.general.correction is None
            or isinstance(relation.general.correction, Claim)
        )
        if relation.general is not None and relation.general.correction is not None:
            yield f"$${relation.general.correction.latex()}$$"
            yield ""
    yield f"<details><summary>why, on {escape(main.model)}</summary>"
    yield ""
    yield "```text"
    if relation.status == DEPENDS:
        yield from dict.fromkeys(f"{c.verdict.status} for {c.reading}" for c in relation.cases)
    yield from main.verdict.text().splitlines()
    yield "```"
    yield ""
    yield "</details>"
    yield ""


def _claim(claim: Claim) -> str:
    return str(claim).replace(" == ", " = ", 1)


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}"


def _plain(text: str) -> str:
    """Text without marks that Markdown would read."""
    return re.sub(r"([\\*_<>\[\]|$#`])", r"\\\1", text)


def _block(lines: list[str], indent: str) -> str:
    """A quotation of Markdown."""
    body = "\n".join(f"{indent}> {line}".rstrip() for line in _stripped(lines))
    return f"{indent.rstrip()}\n{body}\n{indent.rstrip()}\n"


def _comment(lines: list[str], indent: str) -> str:
    """Comments of LaTeX: they change nothing of what it typesets."""
    kept = [line for line in _stripped(lines) if line and not line.startswith(("<", "```", "$$"))]
    return "".join(f"{indent}% pgsym: {line.replace('**', '').replace('`', '')}\n" for line in kept)


def _stripped(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


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

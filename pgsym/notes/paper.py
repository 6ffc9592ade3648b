r"""The audited note on paper: the note itself in LaTeX, and behind each formula what was found.

Nothing of the note reaches TeX as it stands: words are escaped, and formulas go through `pgsym.notes.safe`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pgsym.claims.derivation.latex import PREAMBLE
from pgsym.display.figure import LIGHT
from pgsym.expression.notation import document as standalone
from pgsym.notes.content import Contents
from pgsym.notes.elements import HEADINGS, NoteElement, NotePart, NoteSpan, words
from pgsym.notes.marked import remark_on, summary_of
from pgsym.notes.remarks import WRITERS
from pgsym.notes.result import AuditedNote
from pgsym.notes.safe import typeset_code, typeset_formula, typeset_text

PACKAGES = (
    *PREAMBLE,
    r"\IfFileExists{amssymb.sty}{\usepackage{amssymb}}{}",
    r"\IfFileExists{cancel.sty}{\usepackage{cancel}}{\newcommand{\cancel}[1]{#1}}",
    r"\usepackage{graphicx,color}",
    *(
        rf"\definecolor{{{name}}}{{HTML}}{{{getattr(LIGHT, name)[1:].upper()}}}"
        for name in ("good", "bad", "warn", "line")
    ),
    r"\IfFileExists{framed.sty}{\usepackage{framed}}"
    r"{\newcommand{\MakeFramed}[1]{\begin{quote}}\newcommand{\endMakeFramed}{\end{quote}}}",
    r"\newenvironment{found}[1]{\def\FrameCommand{{\color{#1}\vrule width 2pt}\hspace{8pt}}"
    r"\MakeFramed{\advance\hsize-\width\FrameRestore}\small}{\endMakeFramed}",
    r"\newcommand{\fitted}[1]{\sbox0{$\displaystyle #1$}\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}"
    r"\else\usebox0\fi}",
    r"\IfFileExists{hyperref.sty}{\usepackage[hidelinks]{hyperref}}{\newcommand{\href}[2]{#2}}",
    r"\emergencystretch=3em",
)
_SECTIONS = dict(zip(HEADINGS, ("section", "subsection", "subsubsection", *["paragraph"] * 3), strict=True))
_LISTS = {"ul": "itemize", "ol": "enumerate", "blockquote": "quote"}
_OF_ONE = {"strong": "textbf", "em": "emph", "sub": "textsubscript", "sup": "textsuperscript"}
_DEEPEST = 3
"""Lists in lists; TeX has four levels."""


def note_paper(audit: AuditedNote) -> str:
    """The document; it compiles on its own.

    Raises
    ------
    ClaimError
        A note in LaTeX whose braces or environments do not match.
    """
    note, write = audit.document, WRITERS["paper"]

    def formula(latex: str, display: bool) -> str:
        return typeset_formula(latex, note.macros, display=display)

    body = _blocks(Contents(audit, formula, lambda found: write(list(remark_on(found)), "")).nodes(), 0)
    named = re.search(r"\\title\{([^{}\\$]+)\}", note.text) if note.format == "latex" else None
    return standalone(write(list(summary_of(audit)), "") + body, named[1] if named else note.name, PACKAGES)


def _blocks(nodes: Iterable[NotePart], depth: int) -> str:
    """Paragraphs, headings, lists and tables one below the other."""
    return "".join(_block(node, depth) for node in nodes)


def _block(node: NotePart, depth: int) -> str:
    if not isinstance(node, NoteElement):
        return _words([node])
    kind, inside = node.tag, node.inside
    if kind == "pre":
        return typeset_code(words(inside), display=True)
    if kind in _SECTIONS:
        return f"\n\n\\{_SECTIONS[kind]}*{{{_words(inside)}}}\n\n"
    if kind in _LISTS and depth < _DEEPEST:
        rows = [n for n in inside if not isinstance(n, str) or n.strip()]
        begins = "" if kind == "blockquote" or _is_item(rows[:1]) else r"\item[] "
        held = "".join(r"\item{} " * _is_item([n]) + _block(n, depth + 1) + "\n" for n in rows)
        return f"\n\\begin{{{_LISTS[kind]}}}\n{begins}{held}\\end{{{_LISTS[kind]}}}\n"
    if kind == "hr":
        return "\n\n\\noindent{\\color{line}\\rule{\\linewidth}{.4pt}}\n\n"
    if kind == "table":
        return _table(node)
    if kind in ("p", "div", "li", "dl", "dt", "dd", *_LISTS):
        return f"\n\n{_blocks(inside, depth)}\n\n"
    return _words([node])


def _is_item(nodes: Sequence[NotePart]) -> bool:
    return bool(nodes) and isinstance(nodes[0], NoteElement) and nodes[0].tag == "li"


def _table(table: NoteElement) -> str:
    rows = list(_rows(table))
    width = max((len(row) for row, _ in rows), default=0)
    if not width:
        return _blocks(table.inside, _DEEPEST)
    columns = f"*{{{width}}}{{p{{{0.9 / width:.3f}\\linewidth}}}}"
    held = "".join(
        " & ".join(f"{{{_words(cell.inside)}}}" for cell in row) + r" \\ " + r"\hline " * line for row, line in rows
    )
    return f"\n\n\\noindent\\begin{{tabular}}{{{columns}}}{held}\\end{{tabular}}\n\n"


def _rows(node: NoteElement) -> Iterator[tuple[list[NoteElement], bool]]:
    """The cells of each row, and whether a line stands below it."""
    for part in node.inside:
        if isinstance(part, NoteElement) and part.tag == "tr":
            yield [cell for cell in part.inside if isinstance(cell, NoteElement)], False
        elif isinstance(part, NoteElement):
            rows = list(_rows(part))
            yield from ((row, part.tag == "thead" and k == len(rows)) for k, (row, _) in enumerate(rows, 1))


def _words(nodes: Iterable[NotePart]) -> str:
    """Words in one line: what stands in a heading, in a cell, in bold."""
    found = ""
    for node in nodes:
        if isinstance(node, str):
            found += "~".join(map(typeset_text, re.sub(r"[ \t\r\n\f]+", " ", node).split("\xa0")))
        elif isinstance(node, NoteSpan):
            found += node.content
        elif node.tag in ("code", "pre"):
            found += typeset_code(words(node.inside))
        elif node.tag == "br":
            found += r"\leavevmode\newline "
        elif node.link:
            found += r"\href{" + re.sub(r"([%#&_~])", r"\\\1", node.link) + f"}}{{{_words(node.inside)}}}"
        elif node.tag in _OF_ONE:
            found += f"\\{_OF_ONE[node.tag]}{{{_words(node.inside)}}}"
        else:
            found += _words(node.inside) + " " * (node.tag not in ("a", "small"))
    return found

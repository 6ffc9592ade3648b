r"""What is written into a note: remarks, and each format's way of writing them.

>>> remark = [Paragraph(["✗ line 3: ", Strong("refuted"), ", read as ", CodeWords("J = 1")])]
>>> print(WRITERS["markdown"](remark, ""), WRITERS["html"](remark, ""), sep="")
<BLANKLINE>
> ✗ line 3: **refuted**, read as `J = 1`
<BLANKLINE>
<blockquote class="pgsym">
<p>✗ line 3: <strong>refuted</strong>, read as <code>J = 1</code></p>
</blockquote>
<BLANKLINE>
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from pgsym.expression.notation import escape_text
from pgsym.notes.formats import FRONT
from pgsym.notes.safe import typeset_code, typeset_formula


class Strong(str):
    """Words in bold."""

    __slots__ = ()


class CodeWords(str):
    """A claim, or what a symbol was read as."""

    __slots__ = ()


class NoteSymbol(CodeWords):
    """A symbol in the note's own LaTeX."""

    __slots__ = ()


@dataclass(frozen=True)
class Paragraph:
    """Words, bold words and code; perhaps one of a list."""

    words: Sequence[str]
    in_list: bool = False


@dataclass(frozen=True)
class Display:
    """A formula on lines of its own, in LaTeX."""

    latex: str


@dataclass(frozen=True)
class FoldedText:
    """Lines of text that are shown when asked for."""

    title: str
    lines: Sequence[str] = field(default_factory=tuple)


Remark = Sequence[Paragraph | Display | FoldedText]
Spell = Callable[[str], str]


def _spelled(words: Sequence[str], strong: Spell, code: Spell, plain: Spell) -> str:
    return "".join((strong if isinstance(w, Strong) else code if isinstance(w, CodeWords) else plain)(w) for w in words)


def _markdown(remark: Remark, indent: str) -> str:
    """A quotation."""

    def plain(text: str) -> str:
        return re.sub(r"([\\*_<>\[\]|$#`])", r"\\\1", text)

    def code(text: str) -> str:
        fence = "``" if "`" in text else "`"
        return f"{fence}{text}{fence}"

    lines: list[str] = []
    for k, part in enumerate(remark):
        if isinstance(part, Paragraph):
            shown = _spelled(part.words, lambda w: f"**{plain(w)}**", code, plain)
            lines.append("- " * part.in_list + shown)
        elif isinstance(part, Display):
            lines.append(f"$${part.latex}$$")
        else:
            lines += [f"<details><summary>{escape(part.title)}</summary>", "", "```text", *part.lines, "```", "",
                      "</details>"]  # fmt: skip
        after = remark[k + 1] if k + 1 < len(remark) else None
        if after is not None and not (_in_list(part) and _in_list(after)):
            lines.append("")
    body = "\n".join(f"{indent}> {line}".rstrip() for line in lines)
    return f"{indent.rstrip()}\n{body}\n{indent.rstrip()}\n"


def _in_list(part: object) -> bool:
    return isinstance(part, Paragraph) and part.in_list


def _comments(remark: Remark, indent: str) -> str:
    """Comments of LaTeX: they change nothing of what it typesets."""
    lines: list[str] = []
    for part in remark:
        if isinstance(part, Paragraph):
            lines.append("- " * part.in_list + "".join(part.words))
        elif isinstance(part, FoldedText):
            lines += [part.title, *filter(None, part.lines)]
    return "".join(f"% pgsym: {line}\n" for line in lines)


def _rst(remark: Remark, indent: str) -> str:
    """An admonition, its lines of text as a literal block."""

    def plain(text: str) -> str:
        return re.sub(r"([\\*_|`])", r"\\\1", text)

    def marked(mark: str) -> Spell:
        return lambda w: rf"\ {mark}{w}{mark}\ "

    lines: list[str] = []
    for part in remark:
        if isinstance(part, Paragraph):
            words = _spelled(part.words, marked("**"), marked("``"), plain)
            lines += ["- " * part.in_list + words.removeprefix("\\ ").removesuffix("\\ "), ""]
        elif isinstance(part, Display):
            lines += [f".. math:: {part.latex}", ""]
        else:
            lines += [f"{plain(part.title)}::", "", *(f"   {line}" for line in part.lines), ""]
    body = "".join(f"{indent}   {line}".rstrip() + "\n" for line in lines)
    return f"\n{indent}.. admonition:: pgsym\n\n{body}"


def as_html(remark: Remark, text: Spell, strong: Spell, code: Spell, formula: Spell) -> str:
    """Elements of HTML, with these ways of writing words, bold ones, code and formulas."""
    lines: list[str] = []
    for part in remark:
        if isinstance(part, Paragraph):
            words = _spelled(part.words, strong, code, text)
            lines.append(f"<li>{words}</li>" if part.in_list else f"<p>{words}</p>")
        elif isinstance(part, Display):
            lines.append(formula(part.latex))
        else:
            held = escape("\n".join(part.lines))
            lines.append(f"<details><summary>{text(part.title)}</summary><pre>{held}</pre></details>")
    return re.sub(r"((?:<li>.*</li>\n?)+)", r"<ul>\n\1\n</ul>", "\n".join(lines))


def _html(remark: Remark, indent: str) -> str:
    """A quotation of HTML, for a page with MathJax."""
    body = as_html(remark, _html_text, _element("strong"), _element("code"), lambda latex: rf"\[{escape(latex)}\]")
    return f'\n<blockquote class="pgsym">\n{body}\n</blockquote>\n'


def _html_text(text: str) -> str:
    """Words in which MathJax finds no formula."""
    return re.sub(r"([\\$])", r"<span>\1</span>", escape(text))


def _element(name: str) -> Spell:
    return lambda text: f"<{name}>{escape(text) if name == 'code' else _html_text(text)}</{name}>"


_TONES = {"proved": "good", "refuted": "bad", "undecided": "warn", "inapplicable": "warn"}
_SIGNS = {"✓": r"$\checkmark$", "✗": r"$\times$", "±": r"$\pm$"}


def _paper(remark: Remark, indent: str) -> str:
    """Behind a line in LaTeX, as `pgsym.notes.paper` sets it."""
    tone = "line"

    def strong(word: str) -> str:
        colour = rf"\color{{{_TONES[word]}}}" if word in _TONES else ""
        return rf"\textbf{{{colour}{escape_text(word)}}}"

    def plain(text: str) -> str:
        return (_SIGNS.get(text[:1], escape_text(text[:1])) + escape_text(text[1:])).replace("--", "-{}-")

    def code(text: str) -> str:
        return typeset_formula(text) if isinstance(text, NoteSymbol) else typeset_code(text)

    lines: list[str] = []
    for part in remark:
        if isinstance(part, Paragraph):
            tone = next((_TONES[w] for w in part.words if isinstance(w, Strong) and w in _TONES), tone)
            words = _spelled(part.words, strong, code, plain)
            lines.append(r"\hangindent1.2em\textbullet{} " * part.in_list + words)
        elif isinstance(part, Display):
            lines.append(rf"\[\fitted{{{part.latex}}}\]")
        else:
            lines += [rf"\emph{{{escape_text(part.title)}}}", typeset_code("\n".join(part.lines), display=True)]
    body = "\n\n".join(lines)
    return f"\n\\begin{{found}}{{{tone}}}\\raggedright\n{body}\n\\end{{found}}\n"


WRITERS: Mapping[str, Callable[[Remark, str], str]] = {
    "markdown": _markdown, "notebook": _markdown, "latex": _comments, "rst": _rst, "html": _html, "paper": _paper,
}  # fmt: skip
"""Remarks as text of each format, at an indentation."""


# -- where they stand ------------------------------------------------------------------------------------------


_CLOSES = re.compile(r"</(p|div|li|td|th|dd|section|article|blockquote|body|html)\s*>", re.IGNORECASE)
_TITLE = re.compile(r"\s*(?:([=\-~^*#+])\1+\n)?[^\n]+\n([=\-~^*#+])\2+\n")


def place_behind(text: str, begin: int, end: int, format: str) -> tuple[int, str]:
    """Where a remark on the formula between two places stands, and its indentation."""
    start = text.rfind("\n", 0, max(begin, 1) - 1) + 1
    if format == "html":
        close = _CLOSES.search(text, end)
        return (len(text) if close is None else close.end() if close[1].lower() == "p" else close.start()), ""
    if format == "rst":
        return _behind_rst(text, begin, end)
    found = re.match(r"[ \t>]*", text[start:])
    closed = re.compile(r"\s*(?:\$\$|\$|\\+[\])])?").match(text, end)
    place = text.find("\n", closed.end() if closed else end)
    return len(text) if place < 0 else place + 1, found[0] if found and format != "latex" else ""


def _behind_rst(text: str, begin: int, end: int) -> tuple[int, str]:
    """Behind the directive or paragraph, at its indentation."""
    rows = text[:begin].split("\n")
    blank = next((k for k in range(len(rows) - 1, -1, -1) if not rows[k].strip() and k < len(rows) - 1), -1)
    indent, lowest = _indent(rows[min(blank + 1, len(rows) - 1)]), begin
    for row in reversed(rows):
        if row.lstrip().startswith(".. math::") and len(_indent(row)) < lowest:
            indent = _indent(row)
            break
        lowest = min(lowest, len(_indent(row)) if row.strip() else lowest)
    for gap in re.compile(r"\n[ \t]*\n\s*?(?=([ \t]*)\S)").finditer(text, end):
        if len(gap[1]) <= len(indent):
            return gap.start() + 1, indent
    return len(text), indent


def _indent(row: str) -> str:
    return row[: len(row) - len(row.lstrip())]


def place_at_top(text: str, format: str) -> int:
    """Where the summary stands: behind the front matter, the document class, the title."""
    if format == "latex":
        begin = text.find("\\begin{document}")
        return text.find("\n", begin) + 1 if begin >= 0 else 0
    if format == "html":
        marks = (re.search(mark, text, re.IGNORECASE) for mark in (r"<body[^>]*>", r"</head\s*>", r"<!doctype[^>]*>"))
        found = next(filter(None, marks), None)
    else:
        title = {"markdown": FRONT, "rst": _TITLE}.get(format)
        found = title and title.match(text)
    return found.end() if found else 0

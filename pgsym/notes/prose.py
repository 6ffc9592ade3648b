r"""The text of a note in LaTeX as elements: commands of a list; others are shown as they are written.

>>> from pgsym.notes.elements import to_html
>>> print(to_html(latex_elements(r"\section{A} G\"odel \emph{says} \input{b}", str)))
<h1>A</h1><p> Gödel <em>says</em> <code>\input</code>b</p>
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from unicodedata import normalize

from pgsym.notes.elements import NoteElement, NotePart, in_paragraphs
from pgsym.notes.formats import blank
from pgsym.notes.macros import definitions
from pgsym.notes.safe import Held, Item, items
from pgsym.notes.spellings import split_words
from pgsym.notes.tokens import latex_nodes

_OF_ONE = {
    "\\section": "h1", "\\subsection": "h2", "\\subsubsection": "h3", "\\paragraph": "h4", "\\emph": "em",
    "\\textit": "em", "\\textbf": "strong", "\\texttt": "code", "\\footnote": "small",
    **dict.fromkeys(("\\textrm", "\\textsf", "\\textsc", "\\underline", "\\mbox"), ""),
}  # fmt: skip
_NAMED = split_words(r"\ref \eqref \cite \citep \citet \url")
_DROPPED = split_words(r"\maketitle \label \title \author \date \noindent \centering \tableofcontents")
_PLAIN = {"\\" + c: c for c in "%&#_${}"} | {
    "~": "\xa0", "\\ ": " ", "\\,": " ", "\\;": " ", "\\-": "", "\\quad": " ", "\\qquad": " ", "\\ldots": "…",
    "\\dots": "…", "\\LaTeX": "LaTeX", "\\TeX": "TeX", "\\S": "§", "\\ss": "ß", "\\par": "\n\n",
}  # fmt: skip
_ACCENTS = {"\\'": "\u0301", "\\`": "\u0300", '\\"': "\u0308", "\\^": "\u0302", "\\~": "\u0303", "\\c": "\u0327",
            "\\v": "\u030c", "\\H": "\u030b", "\\=": "\u0304"}  # fmt: skip
_ENVIRONMENTS = {"itemize": "ul", "enumerate": "ol", **dict.fromkeys(("quote", "quotation"), "blockquote"),
                 **dict.fromkeys(("center", "abstract", "flushleft", "flushright"), "div")}  # fmt: skip


def latex_elements(text: str, formula: Callable[[str], str]) -> list[NotePart]:
    """What stands in the document, without what it defines; `formula` tells how one between dollars is written.

    Raises
    ------
    NotReadError
        Braces or environments that do not match.
    """
    text = blank(text, (found[:2] for found in definitions(text)))
    begin, end = text.find("\\begin{document}"), text.find("\\end{document}")
    body = text[begin + 16 if begin >= 0 else 0 : end if end >= 0 else len(text)]
    return in_paragraphs(_joined(_prose(items(latex_nodes(body)), formula)))


def _joined(nodes: Iterator[NotePart]) -> list[NotePart]:
    """Characters side by side as one text."""
    found: list[NotePart] = []
    for node in nodes:
        if isinstance(node, str) and found and isinstance(found[-1], str):
            found[-1] += node
        else:
            found.append(node)
    return found


def _prose(found: Sequence[Item], formula: Callable[[str], str]) -> Iterator[NotePart]:
    def inside(group: Held) -> list[NotePart]:
        return _joined(_prose(group.inside, formula))

    k = 0
    while k < len(found):
        item, k = found[k], k + 1
        if isinstance(item, Held):
            yield from _held(item, formula)
            continue
        if item in _PLAIN or item[:1] != "\\":
            yield _PLAIN.get(item, item)
            continue
        if item in ("\\\\", "\\newline"):
            yield NoteElement("br")
            continue
        k += item in _OF_ONE and found[k : k + 1] == ("*",)
        after = found[k] if k < len(found) else ""
        group = after if isinstance(after, Held) and after.kind == "group" else None
        letter = after if group is None else "".join(map(str, group.inside))
        if item in _DROPPED:
            k += group is not None
        elif item in _NAMED and group:
            k += 1
            yield from ("[", *inside(group), "]")
        elif item in _OF_ONE and group:
            k, tag, given = k + 1, _OF_ONE[item], inside(group)
            given = [" (", *given, ")"] if tag == "small" else given
            yield from [NoteElement(tag, given)] if tag else given
        elif item in _ACCENTS and isinstance(letter, str) and len(letter) == 1 and letter.isalpha():
            k += 1
            yield normalize("NFC", letter + _ACCENTS[item])
        elif item == "\\item":
            yield "\n\n- "
        else:
            yield NoteElement("code", [item])


def _held(held: Held, formula: Callable[[str], str]) -> Iterator[NotePart]:
    if held.kind == "math" and not re.search(r"PGSYM\d+SHOWN", held.name):
        yield formula(re.sub(r"^(\$\$?|\\[(\[])|(\$\$?|\\[)\]])$", "", held.name))
    elif held.kind != "environment":  # a formula between marks that are no pair is one already
        yield from _prose(held.inside, formula)
    elif (tag := _ENVIRONMENTS.get(held.name.rstrip("*"))) in ("ul", "ol"):
        begins = [k for k, item in enumerate(held.inside) if item == "\\item"]
        parts = [held.inside[: min(begins, default=None)]]
        parts += [held.inside[k + 1 : end] for k, end in zip(begins, [*begins[1:], None], strict=True)]
        rows = [in_paragraphs(_joined(_prose(part, formula))) for part in parts]
        yield NoteElement(str(tag), [NoteElement("li", row) for row in rows[not rows[0] :]])
    else:
        name: list[NotePart] = [] if tag else [NoteElement("strong", [held.name]), " "]
        yield NoteElement(tag or "div", in_paragraphs(_joined(iter([*name, *_prose(held.inside, formula)]))))

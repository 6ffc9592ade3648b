r"""The audited note on paper: the note itself in LaTeX, and behind each formula what was found.

Nothing of the note reaches TeX as it stands: words are escaped, formulas go through `pgsym.notes.safe`, and of a note
in LaTeX the commands of text that are listed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it.tree import SyntaxTreeNode

from pgsym.claims.derivation.latex import PREAMBLE
from pgsym.display.figure import LIGHT
from pgsym.expression.notation import document as standalone
from pgsym.expression.notation import escape_text
from pgsym.notes.formats import blank
from pgsym.notes.macros import definitions
from pgsym.notes.marked import remark_on, summary_of
from pgsym.notes.page import markdown, woven
from pgsym.notes.remarks import WRITERS
from pgsym.notes.result import AuditedNote
from pgsym.notes.safe import Held, Item, items, typeset_code, typeset_formula, typeset_text
from pgsym.notes.tokens import latex_nodes, split_words

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
_SECTIONS = ("section", "subsection", "subsubsection", "paragraph", "paragraph", "paragraph")
_LISTS = {"bullet_list": "itemize", "ordered_list": "enumerate", "blockquote": "quote"}
_LINK = re.compile(r"(?:https?:|mailto:)[!-;=?-\[\]_a-z~]*")
_DEEPEST = 3
"""Lists in lists; TeX has four levels."""


def note_paper(audit: AuditedNote) -> str:
    """The document; it compiles on its own.

    Raises
    ------
    ClaimError
        A note in LaTeX whose braces or environments do not match.
    """
    note, write, title = audit.document, WRITERS["paper"], audit.document.name

    def formula(latex: str, display: bool) -> str:
        return typeset_formula(latex, note.macros, display=display)

    text, shown = woven(audit, formula, lambda found: write(list(remark_on(found)), ""))
    if note.format == "latex":
        named = re.search(r"\\title\{([^{}\\$]+)\}", text)
        title = named[1] if named else note.name
        for found in [
            *re.finditer(r"\\begin\{(verbatim|lstlisting)\}(.*?)\\end\{\1\}|\\verb(\W)(.*?)\3", text, re.DOTALL)
        ]:
            name = f"PGSYM{len(shown)}SHOWN"
            shown[name] = typeset_code(found[2] or found[4] or "", display=bool(found[1]))
            text = text.replace(found[0], name, 1)
        body = "".join(_prose(_body(text)))
    else:
        body = "".join(_blocks(SyntaxTreeNode(markdown().parse(text)), 0))
    body = re.sub(r"PGSYM\d+SHOWN", lambda m: shown.get(m[0], m[0]), body)
    return standalone(write(list(summary_of(audit)), "") + body, title, PACKAGES)


def _body(text: str) -> tuple[Item, ...]:
    """What stands in the document, without what it defines."""
    for start, end, *_ in definitions(text):
        text = blank(text, start, end)
    begin = text.find("\\begin{document}")
    end = text.find("\\end{document}")
    return items(latex_nodes(text[begin + 16 if begin >= 0 else 0 : end if end >= 0 else len(text)]))


# -- Markdown --------------------------------------------------------------------------------------------------


def _blocks(node: SyntaxTreeNode, depth: int) -> Iterator[str]:
    """A node of markdown-it's tree, and what is inside."""

    def inside(deeper: int = 0) -> str:
        return "".join("".join(_blocks(child, depth + deeper)) for child in node.children)

    kind = node.type
    if kind in ("text", "text_special"):
        yield typeset_text(node.content)
    elif kind in ("code_inline", "fence", "code_block"):
        yield typeset_code(node.content, display=kind != "code_inline")
    elif kind in ("heading", "paragraph"):
        before = f"\\{_SECTIONS[int(node.tag[1]) - 1]}*" if kind == "heading" else ""
        yield f"\n\n{before}{{{inside()}}}\n\n" if before else f"\n\n{inside()}\n\n"
    elif kind in ("strong", "em"):
        yield ("\\textbf{" if kind == "strong" else "\\emph{") + inside() + "}"
    elif kind == "link" and (found := _LINK.fullmatch(str(node.attrs["href"]))):
        yield r"\href{" + re.sub(r"([%#&_~])", r"\\\1", found[0]) + "}{" + inside() + "}"
    elif kind in _LISTS and depth < _DEEPEST:
        yield f"\n\\begin{{{_LISTS[kind]}}}{inside(1)}\\end{{{_LISTS[kind]}}}\n"
    elif kind == "list_item":
        yield "\n\\item{} " + inside()
    elif kind == "hr":
        yield "\n\n\\noindent{\\color{line}\\rule{\\linewidth}{.4pt}}\n\n"
    elif kind in ("softbreak", "hardbreak"):
        yield "\n" if kind == "softbreak" else r"\newline "
    elif kind == "table":
        width = len(node.children[0].children[0].children)
        columns = f"*{{{width}}}{{p{{{0.9 / width:.3f}\\linewidth}}}}"
        yield f"\n\n\\noindent\\begin{{tabular}}{{{columns}}}{inside()}\\end{{tabular}}\n\n"
    elif kind == "tr":
        yield " & ".join("{" + "".join(_blocks(cell, depth)) + "}" for cell in node.children) + r" \\ "
    else:
        yield inside() + (r"\hline " if kind == "thead" else "")


# -- LaTeX -----------------------------------------------------------------------------------------------------


_OF_ONE = split_words(
    r"\section \section* \subsection \subsection* \subsubsection \subsubsection* \paragraph \paragraph* \emph \textbf "
    r"\textit \texttt \textrm \textsf \textsc \underline \footnote \mbox"
)
_NAMED = split_words(r"\ref \eqref \cite \citep \citet \url")
_DROPPED = split_words(r"\maketitle \label \title \author \date \noindent \centering \tableofcontents")
_PLAIN = split_words(r"\% \& \# \_ \$ \{ \} \, \; \- \quad \qquad \ldots \dots \LaTeX \TeX \S \ss \par \newline")
_ACCENTS = split_words(r"\' \` \" \^ \~ \c \v \H \=")
_PARAGRAPHS = {"quote", "quotation", "center", "abstract", "flushleft"}


def _prose(found: Sequence[Item], depth: int = 0) -> Iterator[str]:
    """A note's own text, its commands from the lists above; others are shown as they are written."""
    k = 0
    while k < len(found):
        item, k = found[k], k + 1
        if isinstance(item, Held):
            yield from _held(item, depth)
            continue
        if item[:1] != "\\":
            yield item if item == "~" else typeset_text(item)
            continue
        if found[k : k + 1] == ("*",) and item + "*" in _OF_ONE:
            item, k = item + "*", k + 1
        group = found[k] if k < len(found) else ""
        given = isinstance(group, Held) and group.kind == "group"
        if item in _DROPPED or (item in _NAMED and given):
            k += given
            yield "[" + "".join(_prose(group.inside)) + "]" if item in _NAMED and isinstance(group, Held) else ""
        elif item in _OF_ONE and given and isinstance(group, Held):
            k += 1
            inside = "".join(_prose(group.inside, _DEEPEST))
            yield ("" if "\n\n" in inside else item) + "{" + inside + "}"  # no paragraphs in a heading
        elif (
            item in _ACCENTS
            and len(letter := group.inside if isinstance(group, Held) else (group,)) == 1
            and (str(letter[0]).isalpha())
        ):
            k += 1
            yield f"{item}{{{letter[0]}}}"
        elif item == "\\item":
            yield "\n\\item{} " if depth else "\n\n\\textbullet{} "
        elif item in ("\\\\", "\\ "):
            yield "\\leavevmode\\newline " if item == "\\\\" else "\\ "
        else:
            yield item + "{}" if item in _PLAIN else typeset_code(item)


def _held(held: Held, depth: int) -> Iterator[str]:
    name = held.name.rstrip("*")
    if held.kind == "math" and re.search(r"PGSYM\d+SHOWN", held.name):  # a formula between marks that are no pair
        yield from _prose(held.inside, depth)
    elif held.kind == "math":
        yield typeset_formula(re.sub(r"^(\$\$?|\\[(\[])|(\$\$?|\\[)\]])$", "", held.name))
    elif held.kind == "group":
        yield "{" + "".join(_prose(held.inside, depth)) + "}"
    elif name in _LISTS.values() and depth < _DEEPEST:
        begins = "\\item" in held.inside and "".join(map(str, held.inside)).lstrip().startswith("\\item")
        inside = "".join(_prose(held.inside, depth + 1))
        yield f"\\begin{{{name}}}" + ("" if begins else "\\item[] ") + inside + f"\\end{{{name}}}"
    else:
        heading = "" if name in (*_LISTS.values(), *_PARAGRAPHS) else rf"\textbf{{{escape_text(name)}}} "
        yield f"\n\n{heading}{''.join(_prose(held.inside, depth))}\n\n"

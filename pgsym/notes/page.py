"""The audited note as one page: its own text and formulas, and behind each formula what was found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from types import MappingProxyType
from xml.etree import ElementTree

from pgsym.claims.derivation.html import STYLE, inline, mathml, whole
from pgsym.claims.verdict import Status
from pgsym.errors import NotReadError, PgsymError
from pgsym.notes.content import Contents
from pgsym.notes.elements import to_html
from pgsym.notes.macros import Macros, replaced
from pgsym.notes.marked import remark_on, summary_of
from pgsym.notes.remarks import Display, FoldedText, NoteSymbol, Paragraph, as_html
from pgsym.notes.result import DEPENDS, AuditedNote, NoteRelation
from pgsym.notes.spellings import split_words
from pgsym.notes.tokens import require_small

_LOOK = """
.found { border-left: 3px solid currentColor; margin: .3rem 0 .9rem; padding: .1rem 0 .1rem .8rem; }
.found > * { color: var(--ink); margin: .25rem 0; }
.found .scroll { padding-bottom: .2rem; }
.found summary { color: var(--soft); }
.found pre, .display { overflow-x: auto; }
.found pre { font-size: .85rem; }
.display { margin: .8rem 0; padding-left: 1.2rem; }
.display mtd:nth-child(odd) { text-align: right; }
.display mtd:nth-child(even) { text-align: left; }
"""
_DEFINES = re.compile(r"\\(def|newcommand|newenvironment|DeclareMathOperator)(?![A-Za-z])")
"""What latex2mathml would carry out."""
_ATTRIBUTES = split_words(
    "accent columnalign columnlines columnspacing depth display displaystyle fence form frame height linebreak "
    "linethickness lspace mathbackground mathcolor mathsize mathvariant maxsize minsize movablelimits notation "
    "rowlines rowspacing rspace scriptlevel separator stretchy voffset width"
)
_MATHML = re.compile(r"math|m[a-z]+|annotation|semantics")


def note_page(audit: AuditedNote) -> str:
    """The page; nothing is loaded from elsewhere, and nothing of the note is run.

    Raises
    ------
    MissingExtraError
        latex2mathml is not installed.
    """
    mathml("0")  # without latex2mathml there is no page: that is said before the work
    macros = audit.document.macros

    def formula(latex: str, display: bool) -> str:
        shown = _formula(latex, macros)
        return f'<div class="display">{shown}</div>' if display else shown

    def verdict(found: NoteRelation) -> str:
        kind = found.status if found.status in list(Status) else "inapplicable" if found.status == DEPENDS else "note"
        return f'<div class="found {kind}">{_remark(remark_on(found))}</div>'

    body = to_html(Contents(audit, formula, verdict).nodes())
    return whole(audit.document.name, f"{_remark(summary_of(audit))}<hr>{body}", STYLE + _LOOK)


def _remark(parts: Iterator[Paragraph | Display | FoldedText]) -> str:
    def strong(word: str) -> str:
        return f'<strong class="{word if word in list(Status) else "told"}">{escape(word)}</strong>'

    def code(word: str) -> str:
        return _formula(word) if isinstance(word, NoteSymbol) else f"<code>{escape(word)}</code>"

    return as_html(list(parts), escape, strong, code, lambda latex: f'<div class="scroll">{inline(latex)}</div>')


def _formula(latex: str, macros: Macros = MappingProxyType({})) -> str:
    """The note's own LaTeX as MathML, or as it is written where that is not possible, or more than a formula."""
    try:
        written, _ = replaced(latex, macros)
        require_small(written)
        if _DEFINES.search(written):
            raise NotReadError("found a definition in a formula", 0)
        found = mathml(written.replace("<", r"\lt ").replace(">", r"\gt ").strip())
        parts = list(ElementTree.fromstring(found).iter())
    except (PgsymError, ElementTree.ParseError, ValueError, LookupError, AttributeError, TypeError, RecursionError):
        parts = []
    except Exception as error:  # latex2mathml has errors of its own for LaTeX that it does not know
        if type(error).__module__.partition(".")[0] != "latex2mathml":
            raise
        parts = []
    is_formula = parts and all(
        _MATHML.fullmatch(part.tag.rpartition("}")[2]) and part.attrib.keys() <= _ATTRIBUTES for part in parts
    )
    return found if is_formula else f"<code>{escape(latex.strip())}</code>"

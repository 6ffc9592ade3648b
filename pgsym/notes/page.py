"""The audited note as one page: its own text and formulas, and behind each formula what was found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from types import MappingProxyType
from xml.etree import ElementTree

from pgsym.claims.derivation.html import STYLE, inline, mathml, whole
from pgsym.claims.verdict import Status
from pgsym.errors import PgsymError
from pgsym.notes.content import Contents
from pgsym.notes.elements import to_html
from pgsym.notes.macros import Macros
from pgsym.notes.result import DEFINES, DEPENDS, AuditedNote, NoteRelation
from pgsym.notes.safe import replaced

_LOOK = """
.found { border-left: 3px solid currentColor; margin: .3rem 0 .9rem; padding: .1rem 0 .1rem .8rem; }
.found > * { color: var(--ink); margin: .25rem 0; }
.found .scroll { padding-bottom: .2rem; }
.found summary, .found small, .read dd { color: var(--soft); }
.found pre, .display { overflow-x: auto; }
.found pre { font-size: .85rem; }
.display { margin: .8rem 0; padding-left: 1.2rem; }
.display mtd:nth-child(odd) { text-align: right; }
.display mtd:nth-child(even) { text-align: left; }
.read { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; }
.read dd { margin: 0; }
"""
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

    body = to_html(Contents(audit, formula, lambda found: "".join(_found(found))).nodes())
    return whole(audit.document.name, "".join(_summary(audit)) + body, STYLE + _LOOK)


def _summary(audit: AuditedNote) -> Iterator[str]:
    if audit.assumption:
        yield f"<p>{escape(audit.assumption)}</p>"
    yield f"<p><strong>Checked on {escape(', '.join(audit.models))}</strong>: {escape(audit.summary)}. Read as:</p>"
    yield '<dl class="read">'
    yield from (f"<dt>{_formula(symbol)}</dt><dd>{escape(meaning)}</dd>" for symbol, meaning in audit.readings)
    yield "</dl><hr>"


def _found(found: NoteRelation) -> Iterator[str]:
    """The verdict on one relation, and a fold with what shows that it is false."""
    main, written = found.main, found.relation
    kind = found.status if found.status in list(Status) else "inapplicable" if found.status == DEPENDS else "note"
    yield f'<div class="found {kind}"><p><strong class="{kind}">{escape(found.status)}</strong>'
    yield f" <small>line {found.line}"
    if main is None:
        what = f": {_formula(written.defines)}" if found.status == DEFINES else f": {escape(written.reason)}"
        yield f"{what}</small></p></div>"
        return
    yield f', read as</small></p><div class="scroll">{inline(main.claim.latex())}</div>'
    if written.finding:
        yield f"<p>{escape(written.finding)}</p>"
    if found.status != Status.PROVED:
        if found.general is not None and found.general.correction is not None and found.status == Status.REFUTED:
            yield f'<p>True is</p><div class="scroll">{inline(found.general.correction.latex())}</div>'
        title, lines = found.why
        text = "\n".join(lines)
        yield f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"
    yield "</div>"


def _formula(latex: str, macros: Macros = MappingProxyType({})) -> str:
    """The note's own LaTeX as MathML, or as it is written where that is not possible."""
    try:
        found = mathml(replaced(latex, macros).replace("<", r"\lt ").replace(">", r"\gt ").strip())
        tags = [element.tag.rpartition("}")[2] for element in ElementTree.fromstring(found).iter()]
    except (PgsymError, ElementTree.ParseError, ValueError, IndexError, KeyError, AttributeError, TypeError):
        tags = [""]
    except Exception as error:  # latex2mathml has errors of its own for LaTeX that it does not know
        if type(error).__module__.partition(".")[0] != "latex2mathml":
            raise
        tags = [""]
    return found if all(map(_MATHML.fullmatch, tags)) else f"<code>{escape(latex.strip())}</code>"

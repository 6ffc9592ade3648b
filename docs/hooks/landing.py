"""What a visitor sees first: a note with its verdicts, and a proof that was found, made while the site is built."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from pgsym.claims.derivation.html import HtmlWriter, mathml
from pgsym.claims.language.parse import parse
from pgsym.notes.audit import audit_note
from pgsym.notes.documents import NoteDocument
from pgsym.notes.result import NoteRelation
from pgsym.prover import prove

NOTE = r"""
$$ J = \sum_s \mu(s) V(s) $$

$$ V(s) = \sum_a \pi(a|s) Q(s,a) $$

$$ \nabla J = \sum_s \mu(s) \sum_a \nabla \pi(a|s) Q(s,a) $$

$$ \sum_a \nabla \pi(a|s) V(s) = 0 $$
"""
"""The lecture note that many have: its third line is false."""
MODEL = "two-state"
CLAIM = "J' - J = sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)"


def markdown() -> str:
    """Two cards."""
    return "\n".join(
        ['<div class="landing">', _card("A note, checked", _note()), _card("A proof, found", _proof()), "</div>"]
    )


def _card(title: str, lines: Iterator[str]) -> str:
    return "\n".join([f"<section><p><strong>{title}</strong></p>", *lines, "</section>"])


def _note() -> Iterator[str]:
    """Each formula with its answer; of a false one, both sides at the witness."""
    found = audit_note(NoteDocument.of(NOTE, "note.md"), MODEL)
    yield '<table class="chain">'
    for relation in found.relations:
        read = relation.relation.latex if relation.main is None else relation.main.claim.latex()
        yield f"<tr><td>{mathml(read)}</td><td>{_answer(relation)}</td></tr>"
    yield "</table>"
    for relation in found.relations:
        main = relation.main
        if main is not None and main.verdict.witness is not None:
            yield f"<pre>{escape(str(main.verdict.witness))}</pre>"
    yield f"<p><code>pgsym check {MODEL} note.md</code></p>"


def _answer(relation: NoteRelation) -> str:
    sign = {"proved": "✓", "refuted": "✗"}.get(relation.status, "±")
    return f'<span class="answer {relation.status.split()[0]}">{sign} {escape(relation.status)}</span>'


def _proof() -> Iterator[str]:
    """The claim, and the lines of its proof with their reasons."""
    found = prove(CLAIM)
    yield f'<p><span class="answer proved">✓ {escape(str(found.standing))}</span></p>'
    yield '<table class="chain">'
    for k, step in enumerate(found.to_json()["proof"]):
        left, right = parse(step["claim"]).terms
        head = "" if k else mathml(left.latex())
        yield f'<tr><td class="l">{head}</td><td class="w">{mathml("= " + right.latex())}</td></tr>'
        yield f'<tr><td></td><td class="n">{HtmlWriter(()).prose(step["reason"])}</td></tr>'
    yield "</table>"
    yield f'<p><code>pgsym prove "{escape(CLAIM)}"</code></p>'

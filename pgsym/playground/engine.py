"""What the page asks of pgsym: JSON in, JSON out.

A model travels as the document of its editor (`pgsym.model.editor`); claims and derivations come back as MathML and
HTML, verdicts as text too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any

from pgsym.claims.derivation.html import body, mathml
from pgsym.model.editor import EDITING, Answer, opened, problem_of, told


def answer(request: str) -> str:
    """The answer to {"ask": name, ...}: what the function of that name returns, with "notes"; or {"error", "where"}.

    >>> answer('{"ask": "formula", "text": "1/2 + x"}')
    '{"notes": []}'
    >>> answer('{"ask": "formula", "text": ""}')
    '{"error": "found no text; a number or a formula is required. Write one", "where": null}'
    """
    given = json.loads(request)
    try:
        found = told(_ASKED[given.pop("ask")], given)
    except ModuleNotFoundError as error:
        found = {
            "error": f"this needs {error.name}, which a browser lacks. Ask pgsym where it is installed",
            "where": None,
        }
    except RecursionError:
        found = {"error": "nested too deeply for a browser. Ask pgsym where it is installed", "where": None}
    return json.dumps(found)


def start() -> Answer:
    """What the page offers: models, theorems, and the names that claims are written with."""
    from pgsym.claims.catalogue.registry import topics
    from pgsym.expression.quantity import QUANTITIES
    from pgsym.model.zoo.registry import zoo_entries

    return {
        "models": [{"name": e.name, "about": e.description} for e in zoo_entries()],
        "theorems": {
            topic: [{"name": t.name, "title": t.title, "holds": t.holds} for t in entries]
            for topic, entries in topics().items()
        },
        "names": [
            {"text": q.name + ("(" if q.kinds and not q.name.endswith(")") else ""), "about": q.about}
            for q in QUANTITIES.values()
            if q.written
        ],
    }


def model(name: str) -> Answer:
    """A model of the zoo, to edit."""
    from pgsym.model.zoo import zoo

    return opened(zoo(name))


# -- what is exact about them ----------------------------------------------------------------------------


def solve(document: Any) -> Answer:
    """J, its gradient and the quantities of the objective in closed form; at theta where that is too large."""
    from pgsym.claims.derivation.closed import ClosedForms
    from pgsym.claims.derivation.model_tables import is_small
    from pgsym.errors import NotInFieldError, TooLargeError
    from pgsym.exact import solve as solved

    problem = problem_of(document)
    if is_small(problem.mdp):
        try:
            return {"html": body(tuple(ClosedForms(problem).blocks()), repeat(None))}
        except (TooLargeError, NotInFieldError):
            pass
    return {"text": str(solved(problem).at())}


def decide(document: Any, claim: str) -> Answer:
    r"""The verdicts on a claim; one with \ or $ is read as LaTeX."""
    from pgsym.claims import decide as decided

    problem = problem_of(document)
    if "\\" not in claim and "$" not in claim:
        verdict = decided(problem, claim)
        return {"verdicts": [_verdict(verdict.status, [verdict.claim.latex()], verdict.text())]}
    from pgsym.errors import ClaimError
    from pgsym.notes.audit import audit_note
    from pgsym.notes.documents import NoteDocument

    note = claim if "$" in claim else f"$${claim}$$"
    found = audit_note(NoteDocument.of(note, "formula.md"), problem, general=False).relations
    if not found:
        raise ClaimError("found no relation between two sides. Write one, as in \\nabla J = ...", where="formula")
    return {"verdicts": [_verdict(r.status, [r.relation.latex], "\n".join(r.lines(1))) for r in found]}


def theorem(document: Any, name: str) -> Answer:
    """The verdict on an entry of the catalogue."""
    from pgsym.claims.catalogue import theorem as named

    found = named(name).decide(problem_of(document))
    text = found.text() + "\nfalse in general, true on this model" * found.by_accident
    return {"verdicts": [_verdict(found.status, [c.latex() for c in found.theorem.claims], text)]}


def derive(document: Any) -> Answer:
    """The proof of the policy gradient theorem for the objective, each line decided on the model."""
    from pgsym.claims.derivation import general
    from pgsym.model.structure import Structure

    problem = problem_of(document)
    Structure(problem.mdp, problem.policy).require(problem.objective)
    found = general(problem.objective).checked(problem)
    assert found.audit is not None
    verdicts = iter([step.verdict for step in found.audit.steps])
    return {"html": body((*found.blocks, *found.audit.conclusion()), verdicts, found.bindings)}


def _verdict(status: str, claims: Iterable[str], text: str) -> Answer:
    return {"status": str(status), "html": "".join(f"<div>{mathml(claim)}</div>" for claim in claims), "text": text}


_ASKED: dict[str, Callable[..., Answer]] = EDITING | {
    f.__name__: f for f in (start, model, solve, decide, theorem, derive)
}

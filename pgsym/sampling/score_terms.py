"""An estimator's text as a sum of terms, each with the one score in it: what a sampler can add up by pairs (s, a).

g = sum over terms of c * (functions of one step, at times) * grad log pi(a_t|s_t)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from pgsym.claims.language import tree as t
from pgsym.claims.language.scope import Scope
from pgsym.claims.trajectories.stages import Stages
from pgsym.claims.trajectories.terms import Expansion, StepFactor, Term
from pgsym.errors import SamplingError
from pgsym.estimators.estimator import Estimator
from pgsym.expression.complaint import short

PI = t.Quantity("pi", ("a_0", "s_0"))
SCORE = t.Grad(t.Log(PI))
_AXES = ("i",)


@dataclass(frozen=True)
class ScoreTerm:
    """A term without its score, and the time of that score."""

    term: Term
    time: str
    stages: Stages


def score_terms(estimator: Estimator) -> list[ScoreTerm]:
    """The terms of an estimator.

    Raises
    ------
    SamplingError
        A term is no scalar times one score.

    Examples
    --------
    >>> from pgsym.estimators.estimator import find_estimator
    >>> for found in score_terms(find_estimator("sum[t] grad pi(a_t|s_t) / pi(a_t|s_t) * G")):
    ...     print(found.time, {time: [str(f.node) for f in factors] for time, factors in found.term.steps.items()})
    w1 {'w1': ['1 / pi(a_0|s_0)', 'pi(a_0|s_0)'], 'w2': ['r_0']}
    """
    scope = Scope(estimator.bindings, estimator.source)
    found = []
    for term in Expansion(scope).terms(estimator.tree, _AXES):
        for node in (n for factor in _all(term) for n in factor.node.walk()):
            if isinstance(node, t.Quantity) and node.primed:
                raise refusal(estimator, f"found {node}; rollouts are of one policy. Leave pi' out")
        vectors = [(time, f) for time, factors in term.steps.items() for f in factors if f.axes]
        for factor in term.constants:
            if factor.axes:
                raise _no_score(estimator, factor.node)
        if len(vectors) > 1:
            raise refusal(
                estimator,
                f"found a product of {' and '.join(str(f.node) for _, f in vectors)}; a rollout adds up scores. Leave "
                "one in each product",
            )
        ((time, vector),) = vectors
        for scalars in _beside_score(scope, vector.node, estimator):
            kept = (*(f for f in term.steps[time] if f is not vector), *map(StepFactor, scalars))
            scalar = replace(term, steps={**term.steps, time: kept})
            stages = Stages(scalar, lambda message: scope.error(message, estimator.tree))
            found.append(ScoreTerm(scalar, time, stages))
    return found


def _all(term: Term) -> list[StepFactor]:
    running = [StepFactor(r.node) for r in term.running]
    return [*term.constants, *running, *(f for factors in term.steps.values() for f in factors)]


def _beside_score(scope: Scope, node: t.Node, estimator: Estimator) -> list[tuple[t.Node, ...]]:
    """Products of scalars: times the score they add up to the vector."""
    minus = t.Number(Fraction(-1))

    def times(scalar: t.Node, vector: t.Node) -> list[tuple[t.Node, ...]]:
        return [(scalar, *rest) for rest in _beside_score(scope, vector, estimator)]

    if node == SCORE:
        return [()]
    match node:
        case t.Grad(body) if body == PI:
            return [(PI,)]
        case t.Call(name, indices) if name in scope.lets:
            let = scope.lets[name]
            return _beside_score(scope, _renamed(let.body, dict(zip(let.indices, indices, strict=True))), estimator)
        case t.Neg(x):
            return times(minus, x)
        case t.Add(x, y):
            return _beside_score(scope, x, estimator) + _beside_score(scope, y, estimator)
        case t.Sub(x, y):
            return _beside_score(scope, x, estimator) + times(minus, y)
        case t.Mul(x, y):
            return times(y, x) if scope.rank(x) else times(x, y)
        case t.Div(x, y):
            return times(t.Div(t.Number(Fraction(1)), y), x)
    raise _no_score(estimator, node)


def _renamed(node: t.Node, names: dict[str, t.Index]) -> t.Node:
    """The body of a definition at these indices."""

    def change(part: t.Node) -> t.Node | None:
        if not isinstance(part, t.Quantity | t.Call):
            return None
        return replace(part, indices=tuple(names.get(i, i) if isinstance(i, str) else i for i in part.indices))

    return t.rewrite(node, change)


def called(estimator: Estimator) -> str:
    """What messages and results call it: its name, or its text."""
    return estimator.name or str(estimator)


def refusal(estimator: Estimator, message: str) -> SamplingError:
    """An error about one estimator."""
    return SamplingError(message, where=short(called(estimator)))


def _no_score(estimator: Estimator, node: t.Node) -> SamplingError:
    return refusal(
        estimator,
        f"found {node}, which is no score; a rollout adds up scores. Write it with grad log pi(a_t|s_t), or ask for "
        "its exact law (moments)",
    )

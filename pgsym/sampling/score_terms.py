"""An estimator's text as a sum of terms, each with one vector in it, most often a score: what a sampler can add up.

    g = sum over terms of c * (functions of one step, at times) * grad log pi(a_t|s_t)

Almost every estimator has the `Form`

    g = sum_t w^t z_t (U_t - b_t),    U_t = sum over u >= t, in a window or not, of k^(u-t) f_u

or the whole return R = sum_u gamma^u r_u for every U_t; f and b are functions of one step.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import sympy as sp

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.rewriting import rewrite
from pgsym.claims.language.scope import Scope
from pgsym.claims.trajectories.stages import Stages
from pgsym.claims.trajectories.terms import ORIGIN, Expansion, Gap, StepFactor, Term
from pgsym.errors import SamplingError
from pgsym.estimators.estimator import Estimator
from pgsym.expression.complaint import short
from pgsym.limits import SAMPLED_MOVES

PI = t.Quantity("pi", ("a_0", "s_0"))
SCORE = t.Grad(t.Log(PI))
_AXES = ("i",)


@dataclass(frozen=True)
class Entry(t.Node):
    """One coordinate of a vector, or of a matrix one coordinate or one column."""

    body: t.Node
    places: tuple[sp.Symbol | None, ...]
    """A parameter for each axis; None for the one that is left."""

    @property
    def children(self) -> tuple[t.Node, ...]:
        return (self.body,)

    def __str__(self) -> str:
        shown = ",".join(":" if p is None else p.name for p in self.places)
        return f"({self.body})[{shown}]"


@dataclass(frozen=True)
class ScoreTerm:
    """A term without its score, and the time of that score."""

    term: Term
    time: str
    """Empty where the term is a constant."""
    stages: Stages
    vector: t.Node | None = None
    """A function of the step that stands in the score's place."""


def score_terms(estimator: Estimator, parameters: Sequence[sp.Symbol] = ()) -> list[ScoreTerm]:
    """The terms of an estimator; a product over the parameters becomes one term for each of them.

    SamplingError where these are too many.

    >>> from pgsym.estimators.estimator import find_estimator
    >>> for found in score_terms(find_estimator("sum[t] grad pi(a_t|s_t) / pi(a_t|s_t) * G")):
    ...     print(found.time, {time: [str(f.node) for f in factors] for time, factors in found.term.steps.items()})
    w1 {'w1': ['1 / pi(a_0|s_0)', 'pi(a_0|s_0)'], 'w2': ['r_0']}
    """
    scope = Scope(estimator.bindings, estimator.source)
    found = []
    for term in Expansion(scope).terms(estimator.tree, _AXES):
        for node in (n for factor in _all(term) for n in t.written_out(factor.node)):
            if isinstance(node, t.Quantity) and node.primed:
                raise refusal(estimator, f"found {node}; rollouts are of one policy. Leave pi' out")
        for one in _by_coordinate(estimator, term, parameters):
            vectors = [(time, f) for time, factors in one.steps.items() for f in factors if f.axes]
            vectors += [(next(iter(one.steps), ""), f) for f in one.constants if f.axes]
            if not vectors:
                continue  # the gradient of what no gradient sees
            ((time, vector),) = vectors
            for scalars, other in _beside_score(scope, vector.node):
                constants = tuple(f for f in one.constants if f is not vector)
                kept = (*(f for f in one.steps.get(time, ()) if f is not vector), *map(StepFactor, scalars))
                if time:
                    scalar = replace(one, constants=constants, steps={**one.steps, time: kept})
                else:
                    scalar = replace(one, constants=(*constants, *kept))
                stages = Stages(scalar, lambda message: scope.error(message, estimator.tree))
                found.append(ScoreTerm(scalar, time, stages, other))
    return found


def _by_coordinate(estimator: Estimator, term: Term, parameters: Sequence[sp.Symbol]) -> Iterator[Term]:
    """Terms that add up to this one, each with one vector and no sum over the parameters."""
    labels = sorted({label for f in _all(term) for label in f.axes} - {*_AXES})
    if len(parameters) ** len(labels) > SAMPLED_MOVES:
        shown = " and ".join(str(f.node) for f in _all(term) if f.axes)
        raise refusal(
            estimator,
            f"found a product of {shown} over {len(parameters)} parameters, which is {len(parameters)}^{len(labels)} "
            f"products of numbers; a sampler follows at most {SAMPLED_MOVES}. Use fewer parameters, or the exact law "
            "alone (n = 0)",
        )
    for chosen in itertools.product(parameters, repeat=len(labels)):
        at = dict(zip(labels, chosen, strict=True))

        def entries(factors: Sequence[StepFactor], at: dict[str, sp.Symbol] = at) -> tuple[StepFactor, ...]:
            return tuple(
                f
                if not at.keys() & {*f.axes}
                else StepFactor(Entry(f.node, tuple(map(at.get, f.axes))), _AXES if {*_AXES} & {*f.axes} else ())
                for f in factors
            )

        yield replace(
            term,
            constants=entries(term.constants),
            steps={time: entries(factors) for time, factors in term.steps.items()},
        )


def _all(term: Term) -> list[StepFactor]:
    running = [StepFactor(r.node) for r in term.running]
    return [*term.constants, *running, *(f for factors in term.steps.values() for f in factors)]


def _beside_score(scope: Scope, node: t.Node) -> list[tuple[tuple[t.Node, ...], t.Node | None]]:
    """Products of scalars, each times the score or another vector: they add up to this one."""
    minus = t.Number(Fraction(-1))

    def times(scalar: t.Node, vector: t.Node) -> list[tuple[tuple[t.Node, ...], t.Node | None]]:
        return [((scalar, *rest), other) for rest, other in _beside_score(scope, vector)]

    if node == SCORE:
        return [((), None)]
    match node:
        case t.Grad(body) if body == PI:
            return [((PI,), None)]
        case t.Call(name, indices) if name in scope.lets:
            let = scope.lets[name]
            return _beside_score(scope, _renamed(let.body, dict(zip(let.indices, indices, strict=True))))
        case t.Neg(x):
            return times(minus, x)
        case t.Add(x, y):
            return _beside_score(scope, x) + _beside_score(scope, y)
        case t.Sub(x, y):
            return _beside_score(scope, x) + times(minus, y)
        case t.Mul(x, y):
            return times(y, x) if scope.rank(x) else times(x, y)
        case t.Div(x, y):
            return times(t.Div(t.Number(Fraction(1)), y), x)
    return [((), node)]


def _renamed(node: t.Node, names: dict[str, t.Index]) -> t.Node:
    """The body of a definition at these indices."""

    def change(part: t.Node) -> t.Node | None:
        if not isinstance(part, t.Quantity | t.Call):
            return None
        return replace(part, indices=tuple(names.get(i, i) if isinstance(i, str) else i for i in part.indices))

    return rewrite(node, change)


def refusal(estimator: Estimator, message: str) -> SamplingError:
    """An error about one estimator."""
    return SamplingError(message, where=short(estimator.label))


GAMMA = t.Quantity("gamma")
REWARD = runs.RewardAt(runs.Time("", 0))

Nodes = tuple[t.Node, ...]
"""A product."""


class Product(NamedTuple):
    """Numbers times functions of one step."""

    constants: Nodes
    functions: Nodes


@dataclass(frozen=True)
class Form:
    """One estimator in this form."""

    start: Nodes
    """w."""
    here: tuple[Product, ...]
    """What adds up to -b."""
    ahead: Nodes = ()
    """k."""
    gains: tuple[Product, ...] = ()
    """What adds up to f; the whole return has the reward."""
    window: int | None = None
    """Terms of U_t; None: to the end of the run."""
    whole: bool = False
    """Every U_t is the whole return."""

    @property
    def reward_alone(self) -> bool:
        """Whether f is the reward, times a number."""
        return len(self.gains) == 1 and self.gains[0].functions == (REWARD,)


def find_form(terms: Sequence[ScoreTerm]) -> Form | None:
    """The form, or None where the terms have another.

    >>> from pgsym.estimators.estimator import find_estimator
    >>> form = find_form(score_terms(find_estimator("n-step", {"n": 3})))
    >>> form.window, [str(f) for f in form.gains[0].functions]
    (3, ['r_0 + gamma * v(s_1) - v(s_0)'])
    >>> find_form(score_terms(find_estimator("sum[t] grad log pi(a_t|s_t) * G^2"))) is None
    True
    """
    parts = [_form_of(term) for term in terms]
    found = [part for part in parts if part is not None]
    ahead = [part for part in found if part.gains]
    if len(found) < len(parts) or (ahead and ahead[0].whole and len(ahead) > 1):
        return None
    for one, others in ((found[0], found), (ahead[0] if ahead else None, ahead)):
        for other in others:
            if one is None or Counter(one.start) != Counter(other.start):
                return None
            if others is ahead and (Counter(one.ahead), one.window) != (Counter(other.ahead), other.window):
                return None
    here = tuple(p for part in found for p in part.here)
    if not ahead:
        return Form(found[0].start, here)
    return replace(ahead[0], here=here, gains=tuple(p for part in ahead for p in part.gains))


def _form_of(term: ScoreTerm) -> Form | None:
    """One term in this form."""
    times, score = term.term.steps, term.time
    others = [time for time in times if time != score]
    constants = tuple(f.node for f in term.term.constants)
    start = tuple(p.base for p in term.term.powers if (p.since, p.to) == (ORIGIN, score))
    rest = [p for p in term.term.powers if (p.since, p.to) != (ORIGIN, score)]
    here = tuple(f.node for f in times[score])
    if term.vector is not None or term.term.running or (others and (len(others) > 1 or here)):
        return None
    if not others:
        return None if rest or term.term.gaps else Form(start, (Product(constants, here),))
    (other,) = others
    gain = Product(constants, tuple(f.node for f in times[other]))
    if not term.term.gaps:
        whole = [(p.since, p.base) for p in rest] == [(ORIGIN, GAMMA)] and gain.functions == (REWARD,)
        return Form(start, (), (), (gain,), None, True) if whole else None
    least, most = _distance(term.term.gaps, score, other)
    if least != 0 or any(ORIGIN in (gap.earlier, gap.later) for gap in term.term.gaps):
        return None
    both = tuple(p.base for p in rest if p.since == ORIGIN)  # base^u is base^t base^(u-t)
    ahead = (*both, *(p.base for p in rest if p.since == score))
    return Form((*start, *both), (), ahead, (gain,), None if most is None else most + 1)


def _distance(gaps: Sequence[Gap], score: str, other: str) -> tuple[int | None, int | None]:
    """The least and the largest number of steps from the score to the other time."""
    least: list[int] = []
    most: list[int] = []
    for gap in gaps:
        sign = 1 if (gap.earlier, gap.later) == (score, other) else -1
        if gap.least is not None:
            (least if sign == 1 else most).append(sign * gap.least)
        if gap.most is not None:
            (most if sign == 1 else least).append(sign * gap.most)
    return max(least, default=None), min(most, default=None)

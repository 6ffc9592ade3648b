"""A random variable on a run as a sum of terms: products of functions of one step, at times that obey conditions.

    sum[t] gamma^t * z(a_t, s_t) * sum[u>=t] gamma^(u-t) * r_u

is one term: z at a time w1, r at a time w2 >= w1, with the powers gamma^w1 and gamma^(w2 - w1).  Vectors over the
parameters carry labels: factors with the same label are multiplied coordinate by coordinate, as in Einstein's sums.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from fractions import Fraction

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.scope import Scope
from pgsym.claims.trajectories.rewriting import OF_SECOND, derivative, discount, discounted, log_probability, moved
from pgsym.errors import ClaimError
from pgsym.limits import RUN_TERMS, RUN_TIMES

ORIGIN = ""
"""The first step, as a time from which others are counted."""


@dataclass(frozen=True)
class StepFactor:
    """A function of one step, whose times are 0 and 1, or of none; with a label for each of its axes."""

    node: t.Node
    axes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gap:
    """later >= earlier + `least`, or later <= earlier + `most`."""

    earlier: str
    later: str
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Power:
    """base^(to - since)."""

    base: t.Node
    since: str
    to: str


@dataclass(frozen=True)
class Running:
    """The product of a factor over the steps between two times, each of them counted or not."""

    node: t.Node
    since: str
    to: str
    from_next: bool
    before: bool


@dataclass(frozen=True)
class Term:
    """A product of constants, of factors by time, of powers and of products over time."""

    constants: tuple[StepFactor, ...] = ()
    steps: Mapping[str, tuple[StepFactor, ...]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    powers: tuple[Power, ...] = ()
    running: tuple[Running, ...] = ()

    def times(self, other: Term) -> Term:
        """The product of two terms."""
        steps = dict(self.steps)
        for time, factors in other.steps.items():
            steps[time] = (*steps.get(time, ()), *factors)
        return Term(
            (*self.constants, *other.constants),
            steps,
            tuple(dict.fromkeys((*self.gaps, *other.gaps))),
            (*self.powers, *other.powers),
            (*self.running, *other.running),
        )


@dataclass(eq=False)
class Expansion:
    """Takes random variables of one claim apart.

    >>> from pgsym.claims import parse
    >>> claim = parse("E[tau] sum[t] gamma^t * r_t * (V(s_t) + sum[u>t] r_u) = 0").claims[0]
    >>> for term in Expansion(Scope(())).terms(claim.left.body):
    ...     print({time: [str(f.node) for f in factors] for time, factors in term.steps.items()}, len(term.gaps))
    {'w1': ['r_0', 'V(s_0)']} 0
    {'w1': ['r_0'], 'w2': ['r_0']} 1
    """

    scope: Scope
    _: KW_ONLY
    unlike: str = ""
    """How the runs differ from those of pi, for which alone P(tau) is meant."""
    _count: itertools.count[int] = field(default_factory=lambda: itertools.count(1), init=False)

    @classmethod
    def of_runs(cls, scope: Scope, node: runs.RunExpect | runs.Covariance) -> Expansion:
        """For what is averaged over these runs."""
        return cls(scope, unlike=OF_SECOND if node.primed else "with a given action" if len(node.indices) == 2 else "")

    def terms(self, node: t.Node, axes: tuple[str, ...] = ()) -> list[Term]:
        """The terms of an expression with these labels.

        ClaimError where a part is no sum of products of functions of one step each, or there are too many terms.
        """
        found = self._terms(node, axes)
        if len(found) > RUN_TERMS:
            raise self._error(f"found {len(found)} products; at most {RUN_TERMS} are added up. Use lower powers", node)
        for term in found:
            if len(term.steps) > RUN_TIMES:
                raise self._error(
                    f"found a product over {len(term.steps)} times; at most {RUN_TIMES} are taken together. Use lower "
                    "powers",
                    node,
                )
        return found

    def label(self) -> str:
        """A label that nothing has yet."""
        return f"x{next(self._count)}"

    def _fresh(self) -> str:
        return f"{runs.FRESH}{next(self._count)}"

    def _error(self, message: str, node: t.Node) -> ClaimError:
        return self.scope.error(message, node)

    def _terms(self, node: t.Node, axes: tuple[str, ...]) -> list[Term]:
        if not self.scope.is_random(node):
            return [Term(constants=(self._factor(node, axes),))]
        if (step := self._one_step(node)) is not None:
            time, shift, name = step
            term = Term(steps={name: (self._factor(moved(node, {time: runs.Time("", -shift)}), axes),)})
            return [replace(term, gaps=_exactly(time, name, shift)) if name != time else term]
        match node:
            case t.Neg(body):
                return [x.times(_constant(t.Number(Fraction(-1)))) for x in self._terms(body, axes)]
            case t.Add(left, right):
                return self._terms(left, axes) + self._terms(right, axes)
            case t.Sub(left, right):
                return self._terms(left, axes) + self._terms(t.Neg(right), axes)
            case t.Mul(left, right):
                first = axes if self.scope.rank(left) else ()
                return self._product(node, (left, first), (right, () if first else axes))
            case t.Div(left, right) if not self.scope.is_random(right) or self._one_step(right):
                return self._product(node, (left, axes), (t.Div(t.Number(Fraction(1)), right, at=node.at), ()))
            case t.Div(_, right):
                if len({i for i, _ in self.scope.free_uses(right)} - {runs.RUN}) == 1:
                    raise self._error(
                        "found a division by what depends on a step that the run may not reach, and is not 0 then. "
                        "Divide by a function of a step of the sum, as in sum[t] 1 / (1 + r_t^2)",
                        node,
                    )
                raise self._error(
                    f"found a division by {right}, which has a value only once the run is over; the mean of such a "
                    "quotient is no rational function. Divide by a number of steps, or where runs are cut off add up "
                    "what each length gives, as mean-over-own-steps does in pgsym theorems",
                    node,
                )
            case t.Pow(body, power) if power >= 0:
                return self._product(node, *[(body, ())] * power)
            case t.Dot(left, right):
                inner = self.label()
                rows, columns = self.scope.rank(left) or 1, self.scope.rank(right) or 1
                return self._product(
                    node, (left, (*axes[: rows - 1], inner)), (right, (inner, *axes[rows - 1 :][: columns - 1]))
                )
            case t.Outer(left, right):
                return self._product(node, (left, axes[:1]), (right, axes[1:]))
            case t.Transpose(body):
                return self._terms(body, axes[::-1])
            case runs.Trace(body):
                return self._terms(body, (self.label(),) * 2)
            case t.StopGradient(body):
                return [_stopped(term) for term in self._terms(body, axes)]
            case runs.TimeSum():
                return self._sum(node, axes)
            case runs.TimeProduct():
                return self._product_over_time(node)
            case runs.TimePower(base, to, since) if not self.scope.is_random(base):
                term = Term(powers=(Power(base, ORIGIN if since is None else since.name, to.name),))
                return [term if not to.shift else term.times(_constant(t.Pow(base, to.shift)))]
            case t.Log(runs.RunProbability()) if not self.unlike:
                return self._terms(log_probability(node.at), axes)
            case runs.Return():
                return self._terms(discounted(runs.Time(), discount(self.scope, self.unlike)), axes)
            case runs.ReturnFrom(since):
                return self._terms(discounted(since, discount(self.scope, self.unlike)), axes)
            case t.Grad():
                inside = derivative(node, self.scope, self.unlike)
                return [] if inside is None else self._terms(inside, axes)
            case t.Call(name, indices):
                let = self.scope.lets[name]
                actual = {k: runs.read_time(i) for k, i in zip(let.indices, indices, strict=True) if isinstance(i, str)}
                if len(actual) != len(let.indices) or None in actual.values():
                    raise self._error(f"{name} is about a run; its indices are times, as in let {name}(t)", node)
                return self._terms(moved(let.body, actual), axes)  # type: ignore[arg-type]
        raise self._error(
            "found a function of several steps of a run; sums and products of functions of one step each are averaged. "
            "Write it as such",
            node,
        )

    def _factor(self, node: t.Node, axes: tuple[str, ...]) -> StepFactor:
        return StepFactor(node, axes if self.scope.rank(node) else ())

    def _product(self, node: t.Node, *parts: tuple[t.Node, tuple[str, ...]]) -> list[Term]:
        found = [Term()]
        for part, axes in parts:
            factors = self._terms(part, axes)
            if len(found) * len(factors) > RUN_TERMS:
                raise self._error(f"found more than {RUN_TERMS} products; so many are added up. Use lower powers", node)
            found = [x.times(y) for x in found for y in factors]
        return found

    def _sum(self, node: runs.TimeSum, axes: tuple[str, ...]) -> list[Term]:
        name = self._fresh()
        gaps = _gaps(name, node.bounds)
        if gaps is None:
            return []
        own = Term(steps={name: ()}, gaps=gaps)
        return [own.times(x) for x in self._terms(moved(node.body, {node.index: runs.Time(name)}), axes)]

    def _product_over_time(self, node: runs.TimeProduct) -> list[Term]:
        """One that ends at a time that is bound has happened then; else it is 1 and what each of its steps adds."""
        name = self._fresh()
        body = moved(node.body, {node.index: runs.Time(name)})
        if self.scope.is_random(body) and self._one_step(body) != (name, 0, name):
            raise self._error(f"a product over time is of a function of step {node.index} alone", node)
        step = moved(body, {name: runs.Time("", 0)})
        low = [b for b in node.bounds if b.op in (">=", ">")]
        high = [b for b in node.bounds if b.op in ("<=", "<")]
        start = low[0].time if low else runs.Time()
        after, own = bool(low) and low[0].op == ">", Term(steps={name: ()})
        if start.name and start.shift:
            raise self._error("a product over time begins at a time that is bound, as in prod[t<u]", node)
        since = start.name
        if not since and (first := start.shift + after):
            since, after = f"{first:+d}", False
            own = own.times(Term(steps={since: ()}, gaps=_exactly(ORIGIN, since, first)))
        if len(high) == 1 and high[0].time.name and not high[0].time.shift and since == start.name:
            return [Term(running=(Running(step, since, high[0].time.name, after, high[0].op == "<"),))]
        gaps = _gaps(name, node.bounds)
        if gaps is None:
            return [Term()]
        own = replace(own, gaps=(*own.gaps, *gaps))
        with_it, without = (Term(running=(Running(step, since, name, after, before),)) for before in (False, True))
        return [Term(), own.times(with_it), own.times(without).times(_constant(t.Number(Fraction(-1))))]

    def _one_step(self, node: t.Node) -> tuple[str, int, str] | None:
        """(time, shift, name of the step) where all that is random belongs to one step; s_{t+1} is what t leads to."""
        letters: dict[str, set[int]] = {"s": set(), "a": set(), "r": set()}
        names = set()
        if any(isinstance(part, runs.ReturnFrom) for part in _own_parts(node)):
            return None
        for index, _ in self.scope.free_uses(node):
            if index == runs.RUN:
                return None
            if (found := runs.read_timed(index)) is not None:
                letters[found[0]].add(found[1].shift)
                names.add(found[1].name)
        if any(isinstance(part, runs.TimePower) for part in _own_parts(node)) or len(names) != 1:
            return None
        acts, states = letters["a"] | letters["r"], letters["s"]
        shift = next(iter(acts)) if acts else min(states) - (min(states) > 0 and len(states) == 1)
        if acts > {shift} or not states <= {shift, shift + 1}:
            return None
        (time,) = names
        inverse = (
            isinstance(node, t.Div) and not self.scope.is_random(node.left) and not isinstance(node.right, _COMPOSED)
        )
        if (shift or not time) and isinstance(node, _COMPOSED) and not inverse:
            return None  # a part that is not at that step counts without it
        return time, shift, time if time and not shift else f"{time}{shift:+d}"


_COMPOSED = t.Neg | t.StopGradient | t.Add | t.Sub | t.Mul | t.Div | t.Pow | t.Dot | t.Outer | t.Transpose | runs.Trace


def looks_at_start_alone(node: t.Node) -> bool:
    """Whether a function of one step is one of its state alone, so that it has a value where a run ends too."""
    names = {i for part in _own_parts(node) for i in getattr(part, "indices", ()) if isinstance(i, str)}
    acts = any(isinstance(part, runs.RewardAt) for part in _own_parts(node))
    return not acts and {i for i in names if runs.read_timed(i)} == {"s_0"}


def _own_parts(node: t.Node) -> Iterator[t.Node]:
    """The node and all below it outside of inner runs."""
    yield node
    if not isinstance(node, runs.Runs):
        for child in node.children:
            yield from _own_parts(child)


def _constant(node: t.Node) -> Term:
    return Term(constants=(StepFactor(node),))


def _stopped(term: Term) -> Term:
    """The term with all its factors in sg: what sg of a function of several steps is."""

    def sg(factors: Sequence[StepFactor]) -> tuple[StepFactor, ...]:
        return tuple(StepFactor(t.StopGradient(f.node), f.axes) for f in factors)

    return replace(
        term,
        constants=sg(term.constants),
        steps={time: sg(factors) for time, factors in term.steps.items()},
        powers=tuple(replace(p, base=t.StopGradient(p.base)) for p in term.powers),
        running=tuple(replace(p, node=t.StopGradient(p.node)) for p in term.running),
    )


def _exactly(earlier: str, later: str, steps: int) -> tuple[Gap, ...]:
    if steps < 0:
        earlier, later, steps = later, earlier, -steps
    return Gap(earlier, later, least=steps), Gap(earlier, later, most=steps)


def _gaps(name: str, bounds: Sequence[runs.TimeBound]) -> tuple[Gap, ...] | None:
    """Conditions on a time as gaps; None where no step meets them."""
    found = []
    for bound in bounds:
        other, shift = bound.time.name, bound.time.shift
        if bound.op in (">", ">="):
            least = shift + (bound.op == ">")
            if least >= 0:
                found.append(Gap(other, name, least=least))
            elif other:
                found.append(Gap(name, other, most=-least))
            continue
        most = shift - (bound.op == "<")
        if most < 0 and not other:
            return None
        found.append(Gap(other, name, most=most) if most > 0 or not other else Gap(name, other, least=-most))
    return tuple(found)

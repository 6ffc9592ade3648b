"""Random variables on a run in other words: returns written out, other times put in, gradients taken inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.rewriting import rewrite
from pgsym.claims.language.scope import Scope

OF_SECOND = "of pi'"
"""How runs of the second world differ from those of pi."""


def discounted(since: runs.Time, gamma: t.Quantity) -> t.Node:
    """The rewards from a time on, discounted; the whole return from the start.

    >>> print(discounted(runs.Time("t"), t.Quantity("gamma")), "and", discounted(runs.Time(), t.Quantity("gamma")))
    sum[u>=t] gamma^(u-t) * r_u and sum[u] gamma^u * r_u
    """
    u = runs.Time("u")
    bounds = () if since == runs.Time() else (runs.TimeBound(">=", since),)
    weight = runs.TimePower(gamma, u + -since.shift, runs.Time(since.name) if since.name else None)
    return runs.TimeSum("u", bounds, weight * runs.RewardAt(u))


def discount(scope: Scope, unlike: str) -> t.Quantity:
    """The discount of returns: in a transformed model its own."""
    return t.Quantity("gamma", primed=bool(scope.worlds) and unlike == OF_SECOND)


def log_probability(at: int | None = None) -> t.Node:
    """The logarithm of the probability of a run as a sum over its steps.

    >>> print(log_probability())
    log mu0(s_0) + sum[t] (log pi(a_t|s_t) + log P(s_{t+1}|s_t,a_t))
    """
    start, *steps = (t.Log(t.Quantity(*q, at=at), at=at) for q in (
        ("mu0", ("s_0",)), ("pi", ("a_t", "s_t")), ("P", ("s_{t+1}", "s_t", "a_t"))))  # fmt: skip
    return start + runs.TimeSum("t", (), steps[0] + steps[1], at=at)


def moved(node: t.Node, times: Mapping[str, runs.Time]) -> t.Node:
    """The expression with times put in for times; the shifts add up.  Inner runs keep their own times.

    >>> print(moved(t.Quantity("V", ("s_{t+1}",)), {"t": runs.Time("u", 1)}))
    V(s_{u+2})
    """

    def at(time: runs.Time) -> runs.Time:
        return times[time.name] + time.shift if time.name in times else time

    def index(i: t.Index) -> t.Index:
        if not isinstance(i, str):
            return i
        if (found := runs.read_timed(i)) is not None:
            return runs.timed(found[0], at(found[1]))
        time = runs.read_time(i)
        return i if time is None else str(at(time))

    def change(part: t.Node) -> t.Node | None:
        match part:
            case t.Quantity() | t.Call() | t.Indicator() | runs.RunExpect() | runs.Covariance():
                return replace(part, indices=tuple(map(index, part.indices)))
            case runs.RewardAt(time) | runs.ReturnFrom(time):
                return type(part)(at(time), at=part.at)
            case runs.TimePower(body, to, since):
                new = at(to) + (0 if since is None else -at(since).shift)
                base, begin = rewrite(body, change), None if since is None else runs.Time(at(since).name)
                if not new.name and not (begin and begin.name):
                    return t.Pow(base, new.shift, at=part.at)
                return runs.TimePower(base, new, begin, at=part.at)
            case runs.OverTime(name, bounds, body):
                found = tuple(runs.TimeBound(b.op, at(b.time)) for b in bounds)
                return type(part)(name, found, rewrite(body, change), at=part.at)
        return None

    return rewrite(node, change)


def derivative(node: t.Grad, scope: Scope, unlike: str = "") -> t.Node | None:
    """The gradient of a function of several steps, taken one level inside; that of log P(tau) is the sum of the scores.

    That of a power of a number is 0, None.  `unlike` says how the runs differ from those of pi, for which alone P(tau)
    is meant.  ClaimError where it is not made of sums, products and powers.

    >>> from pgsym.claims import parse
    >>> claim = parse("E[tau] sum[t] grad (prod[u<=t] pi(a_u|s_u)) = 0").claims[0]
    >>> print(derivative(claim.left.body.body, Scope(())))
    sum[u<=t] (prod[v<u] pi(a_v|s_v)) * grad pi(a_u|s_u) * prod[u<v<=t] pi(a_v|s_v)
    """

    def grad(part: t.Node) -> t.Node:
        return t.Grad(part, at=node.at)

    match node.body:
        case t.Log(runs.RunProbability()) if unlike:
            raise scope.error(
                f"found P(tau) over runs {unlike}; it could be meant with or without that. Write the sum of "
                "scores instead, as in sum[t] grad log pi(a_t|s_t)",
                node,
            )
        case t.Log(runs.RunProbability()):
            pi = t.Quantity("pi", ("a_t", "s_t"), at=node.body.at)
            return runs.TimeSum("t", (), grad(t.Log(pi)), at=node.at)
        case t.StopGradient(x):
            return 0 * x  # which has to be defined
        case t.Neg(x):
            return -grad(x)
        case t.Add(x, y) | t.Sub(x, y):
            return type(node.body)(grad(x), grad(y))
        case t.Mul(x, y):
            x, y = (y, x) if scope.rank(x) else (x, y)
            return (t.Outer(y, grad(x)) if scope.rank(y) else y * grad(x)) + x * grad(y)
        case t.Div(x, y):
            return grad(x * t.Div(t.Number(Fraction(1)), y, at=node.at))
        case t.Pow(x, power) if power > 0:
            return power * x ** (power - 1) * grad(x)
        case t.Grad() as inner:
            first = derivative(inner, scope, unlike)
            return None if first is None else grad(first)
        case runs.Return():
            return grad(discounted(runs.Time(), discount(scope, unlike)))
        case runs.ReturnFrom(since):
            return grad(discounted(since, discount(scope, unlike)))
        case runs.TimeSum(index, bounds, x):
            return runs.TimeSum(index, bounds, grad(x), at=node.at)
        case runs.TimeProduct(index, bounds, x):
            low = tuple(b for b in bounds if b.op in (">=", ">"))
            high = tuple(b for b in bounds if b.op in ("<=", "<"))
            here = runs.Time(index)
            other = next(v for v in "uvijkl" if v != index and all(v != b.time.name for b in bounds))
            factor = moved(x, {index: runs.Time(other)})
            before = runs.TimeProduct(other, (*low, runs.TimeBound("<", here)), factor)
            behind = runs.TimeProduct(other, (runs.TimeBound(">", here), *high), factor)
            return runs.TimeSum(index, bounds, before * grad(x) * behind, at=node.at)
        case runs.TimePower(base) if all(_is_constant(part, scope) for part in scope.parts(base)):
            return None
    raise scope.error(
        "found the gradient of a function of several steps; it is taken of sums, products and powers of numbers. Write "
        "its terms out",
        node,
    )


def _is_constant(node: t.Node, scope: Scope) -> bool:
    """Whether one part of an expression does not move with theta for certain."""
    match node:
        case t.Quantity():
            return node.name == "gamma"
        case t.Call(name):
            return name in scope.free or name in scope.lets
    return not isinstance(node, (t.Symbol, *runs.Runs))

"""Relations of single runs, and of means at one time: what they say of every run, and of every time."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import replace

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.parse import parse_expression
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import Claim
from pgsym.errors import NotReadError
from pgsym.notes.names import Names
from pgsym.notes.sums import depth

ANY = "z"
"""The arbitrary number whose powers tell the times apart."""


def _free_times(node: t.Node, scope: Scope) -> Set[str]:
    """The times that nothing binds."""
    return {time[1].name for i, _ in scope.free_uses(node) if (time := runs.read_timed(i)) and time[1].name}


def at_every_time(claim: Claim, names: Names) -> str:
    """A relation between means over runs at one time that nothing binds, as one of their series; else nothing.

    >>> from pgsym.claims import parse
    >>> at_every_time(parse("E[tau] grad log pi(a_t|s_t) = 0").claims[0], Names())
    'for all z: E[tau] sum[t] z^t * grad log pi(a_t|s_t) = 0'
    """
    scope = Scope(claim.bindings, claim.source)
    times = _free_times(claim.left, scope) | _free_times(claim.right, scope)
    if len(times) != 1:
        return ""
    (time,) = times
    sides = [side if isinstance(side, t.Number) else _series(side, time, scope) for side in (claim.left, claim.right)]
    if None in sides:
        return ""
    names.arbitrary.setdefault(ANY, ANY)
    names.tell(time, f"a relation at one time is one at every time: that of the series with the weights {ANY}^{time}")
    text = " {} ".format("=" if claim.relation == "==" else claim.relation).join(map(str, sides))
    return names.bindings(text) + text


def _series(node: t.Node, time: str, scope: Scope) -> t.Node | None:
    """The sum over a time of z^t times a mean, or a multiple of one; None of anything else."""

    def inner(x: t.Node) -> t.Node | None:
        return _series(x, time, scope)

    match node:
        case runs.RunExpect(body, "E") if time in _free_times(body, scope):
            weight = runs.TimePower(t.Call(ANY, ()), runs.Time(time))
            return replace(node, body=runs.TimeSum(time, (), weight * body))
        case t.Neg(x) | t.Grad(x) | t.Sum(_, x):
            found = inner(x)
            return None if found is None else replace(node, body=found)
        case t.Mul(x, y) if time not in _free_times(x, scope):
            found = inner(y)
            return None if found is None else replace(node, right=found)
        case t.Mul(x, y) | t.Div(x, y) if time not in _free_times(y, scope):
            found = inner(x)
            return None if found is None else replace(node, left=found)
    return None


def of_every_run(names: Names, bindings: str, left: str, right: str) -> str:
    """For every run: the mean square of the defect is 0."""
    left, right = chance_of_run(left), chance_of_run(right)
    if (over := _without_chance(left)) and (under := _without_chance(right)):
        left, right = over, under  # a run that can happen has a positive probability
        names.tell("P(\\tau)", "a factor of both sides of an equation of single runs is left away")
    node, held = parse_expression(f"{bindings}({left}) - ({right})")
    scope = Scope(held)
    rank = scope.rank(node)
    times = _free_times(node, scope)
    if len(times) > 1:
        raise NotReadError(f"found the times {' and '.join(sorted(times))}, which nothing binds. Sum over one", 0)
    if bound := [time for time in times if re.search(rf"\b(sum|prod)\[[^]]*\b{time}\b", left + right)]:
        why = f"found {bound[0]} both in a sum over it and behind that: how far does the sum go? Write brackets"
        raise NotReadError(why, 0)
    weight = "".join(f"sum[{time}] (1/2)^{time} * " for time in times)  # every time counts, and the sum is finite
    body = f"dot({left} - ({right}), {left} - ({right}))" if rank == 1 else f"({left} - ({right}))^2"
    return f"{bindings}E[tau] {weight}{body} = 0"


_ACTION, _STEP = r"pi\(a_\{t\}\|s_\{t\}\)", r"P\(s_\{t\+1\}\|s_\{t\},a_\{t\}\)"
_RUN = re.compile(rf"mu0\(s_\{{0\}}\) \* \(prod\[t\] ({_ACTION} \* {_STEP}|{_STEP} \* {_ACTION})\)")


def chance_of_run(text: str) -> str:
    """With P(tau) for what it is."""
    return _RUN.sub("P(tau)", text)


def _without_chance(text: str) -> str:
    """What is left of a product with the factor P(tau), or its gradient; nothing where it is none."""
    factors: list[str] = []
    for part in text.split(" * "):
        if factors and depth(factors[-1]):
            factors[-1] += " * " + part
        else:
            factors.append(part)
    outside, count = text, 1
    while count:
        outside, count = re.subn(r"\([^()]*\)|\[[^\[\]]*\]", "", outside)
    found = [f for f in factors if f in ("P(tau)", "(grad P(tau))")]
    if len(found) != 1 or re.search(r"[-+/]", outside):
        return ""
    factors[factors.index(found[0])] = "1" if found[0] == "P(tau)" else "(grad log P(tau))"
    return " * ".join(f for f in factors if f != "1") or "1"

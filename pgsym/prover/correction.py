"""What is missing of a false equation, in few words: one or two of the expressions that textbooks would name."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from pgsym.claims.language import tree as t
from pgsym.claims.language.parse import parse_expression
from pgsym.errors import ClaimError
from pgsym.prover.equations import Equation
from pgsym.prover.reading import Reading
from pgsym.prover.rewriting import normal_form
from pgsym.prover.tensors import Total
from pgsym.prover.vocabulary import coefficient_node, in_words, plus

_SUM = "sum[s] {w}(s) * sum[a] grad pi(a|s) * {f}(s,a)"
_TEXTS = {
    0: (
        *("V(s)", "h(s)", "r_pi(s)", "sum[s'] P_pi(s,s') * V(s')", "sum[s'] P_pi(s,s') * h(s')"),
        *("J", "rbar", "sum[s] mu(s) * V(s)", "sum[s] mu0(s) * V(s)"),
    ),
    1: (
        "grad V(s)",
        "sum[s'] P_pi(s,s') * grad V(s')",
        "sum[a] grad pi(a|s) * Q(s,a)",
        "grad J",
        "grad rbar",
        *(_SUM.format(w=w, f=f) for w in ("eta", "mu", "mu0") for f in ("Q", "r")),
        *(f"sum[s] grad {w}(s) * V(s)" for w in ("mu", "eta")),
        *(f"sum[s] {w}(s) * grad V(s)" for w in ("mu", "eta")),
    ),
}
"""By rank, what is often forgotten."""


def missing(left: Total, reading: Reading, equations: list[Equation]) -> t.Node | None:
    """What is left of a false equation as an expression; None where there is none but the left side itself.

    One that has a name is taken before the normal form in words, and that before two of them unless it is longer.
    """
    claim = reading.claim
    own, _ = normal_form(reading.total(claim.left), equations)
    known: list[tuple[t.Node, Total]] = []
    for text in _TEXTS.get(reading.scope.rank(claim.left) or reading.scope.rank(claim.right) or 0, ()):
        node = parse_expression(text)[0]
        try:
            total, _ = normal_form(reading.total(node), equations)
        except ClaimError:  # not defined for this objective
            continue
        if total and not _solved(own, [total]) and all(total != other for _, other in known):
            known.append((node, total))
    plain = in_words(left, reading)
    for size in (1, 2):
        if size == 2 and plain is not None and len(left) <= 2:
            break
        for chosen in combinations(known, size):
            coefficients = _solved(left, [total for _, total in chosen])
            if coefficients is not None:
                return plus([coefficient_node(c, node) for c, (node, _) in zip(coefficients, chosen, strict=True)])
    own_terms = set(summands(claim.left))
    return None if plain is None or own_terms <= set(summands(plain)) else plain


def summands(node: t.Node) -> list[t.Node]:
    """The terms of a sum."""
    match node:
        case t.Add(x, y):
            return summands(x) + summands(y)
        case t.Sub(x, y):
            return summands(x) + [t.Neg(part) for part in summands(y)]
        case t.Neg(t.Neg(x)):
            return summands(x)
    return [node]


def _solved(left: Total, parts: list[Total]) -> list[Any] | None:
    """The coefficients with which one or two totals add up to another; None where there are none."""
    if len(parts) == 1:
        product, c = next(iter(parts[0].items()))
        factor = left.get(product, 0) / c
        return [factor] if factor and _sum(parts, [factor]) == dict(left) else None
    first, second = parts
    for p in first:
        for q in second:
            a, b, c, d = first[p], second.get(p, 0), first.get(q, 0), second[q]
            determinant = a * d - b * c
            if determinant:
                x, y = left.get(p, 0), left.get(q, 0)
                found = [(x * d - b * y) / determinant, (a * y - c * x) / determinant]
                return found if _sum(parts, found) == dict(left) else None
    return None


def _sum(parts: list[Total], coefficients: list[Any]) -> Mapping[Any, Any]:
    found: Total = {}
    for part, c in zip(parts, coefficients, strict=True):
        for product, e in part.items():
            found[product] = found.get(product, 0) + c * e
    return {product: e for product, e in found.items() if e}

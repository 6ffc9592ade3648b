"""Goals that follow from assumptions by the equations alone: Farkas' lemma with multipliers in closed form.

Bellman's equations are linear in values and rewards.  If the goal is a combination of them and of assumptions whose
multipliers, rational in the other variables, are nonnegative, nothing has to be eliminated.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import sympy as sp

from pgsym.algebra import RationalField
from pgsym.errors import TooLargeError
from pgsym.order.certificates import Combined, SignCertificate
from pgsym.order.checker import check_system
from pgsym.order.decide import SignStatus, decide_sign
from pgsym.order.kinds import Kind
from pgsym.order.polynomials import Polynomial, context, of_terms, read, terms
from pgsym.order.question import SignQuestion


def combine(question: SignQuestion, equations: Sequence[Polynomial], deadline: float) -> Combined | None:
    """A certificate, if all polynomials are linear in the real variables and the multipliers are nonnegative."""
    domain = question.domain
    unknowns = [k for k, kind in enumerate(domain.kinds) if kind is Kind.REAL]
    polynomials = [*equations, *question.assumptions, question.numerator]
    if any(sum(m[k] for k in unknowns) > 1 for p in polynomials for m in terms(p)):
        return None
    if any(m[k] for m in terms(question.denominator) for k in unknowns):
        return None
    symbols = sp.symbols(f"g:{domain.n}")
    field = RationalField([], [], symbols, seconds=max(deadline - time.monotonic(), 0.1))
    order = [field.generators.index(v) for v in symbols]

    def element(found: dict[Any, int]) -> Any:
        """Terms without unknowns as an element of the field."""
        total = field.zero
        for m, c in found.items():
            product = field.one * c
            for k, e in enumerate(m):
                if e:
                    product = product * field.symbol(symbols[k]) ** e
            total = total + product
        return total

    def coefficient(p: Polynomial, k: int | None) -> Any:
        """That of the unknown k, or what has no unknown."""
        wanted = [j == k for j in unknowns]
        found = {m: c for m, c in terms(p).items() if [m[j] == 1 for j in unknowns] == wanted}
        return element({tuple(0 if j in unknowns else e for j, e in enumerate(m)): c for m, c in found.items()})

    rows = [[coefficient(p, k) for p in polynomials] for k in unknowns]
    try:
        multipliers = solved(rows, field)
    except TooLargeError:
        return None
    if multipliers is None:
        return None
    *others, goal = (coefficient(p, None) for p in polynomials)
    constant = goal - sum((m * c for m, c in zip(multipliers, others, strict=True)), field.zero)
    values = [*multipliers, constant]

    def polynomial(p: Any) -> Polynomial:
        own = terms(read(p, domain.n))
        return of_terms({tuple(m[k] for k in order): c for m, c in own.items()}, domain.n)

    scale = context(domain.n).constant(1)
    for value in values:
        below = polynomial(value.denominator())
        scale = scale * (below // scale.gcd(below))
    scaled = [polynomial(v.numerator) * (scale // polynomial(v.denominator())) for v in values]

    kinds = dict(zip(domain.variables, domain.kinds, strict=True))

    def sign(p: Polynomial, q: Polynomial, strict: bool) -> SignCertificate | None:
        seconds = max(deadline - time.monotonic(), 0.1) / 2
        found = decide_sign(p, q, kinds, strict=strict, seconds=seconds)
        return found.certificate if found.status is SignStatus.PROVED else None

    directions = ((s, sign(s * scale, context(domain.n).constant(1), True)) for s in (1, -1))
    found, nonzero = next(((s, c) for s, c in directions if c is not None), (0, None))
    if nonzero is None:
        return None
    count = len(equations)
    signs = []
    for k, part in enumerate(scaled[count:]):
        last = question.strict and k == len(question.assumptions)
        shown = sign(part, scale * question.denominator, last)
        if shown is None:
            return None
        signs.append(shown)
    certificate = Combined(
        scale, found, nonzero, tuple(scaled[:count]), tuple(scaled[count:-1]), scaled[-1], tuple(signs)
    )
    return certificate if check_system(certificate, question, equations) else None


def solved(rows: Sequence[Sequence[Any]], field: RationalField) -> list[Any] | None:
    """A solution of the linear system whose rows end in their right sides, free unknowns 0; None if there is none."""
    left, n = [list(row) for row in rows], len(rows[0]) - 1 if rows else 0
    pivots: list[tuple[int, list[Any]]] = []
    while left:
        entries = [(field.terms(row[j]), i, j) for i, row in enumerate(left) for j in range(n) if row[j]]
        if not entries:
            break
        _, i, j = min(entries)
        pivot = left.pop(i)
        pivot = [entry / pivot[j] for entry in pivot]
        for row in (*left, *(done for _, done in pivots)):
            if factor := row[j]:
                row[:] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
        pivots.append((j, pivot))
    if any(row[n] for row in left):
        return None
    found = [field.zero] * n
    for j, pivot in pivots:
        found[j] = pivot[n]
    return found

"""An inequality under equations that are kept: Bellman's for every MDP of a size.

Bellman's equations are linear in values and rewards.  If the goal is a combination of them and of assumptions whose
multipliers, rational in the other variables, are nonnegative, nothing has to be eliminated: Farkas' lemma with
multipliers in closed form.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import prod
from typing import Any

import sympy as sp

from pgsym.algebra import RationalField
from pgsym.errors import MissingExtraError, TooLargeError
from pgsym.limits import ORDER_SECONDS
from pgsym.order.certificates import Combined, SignCertificate, SolverUnsat
from pgsym.order.checker import check_system
from pgsym.order.decide import SignStatus, SignVerdict, decide_sign, refuted
from pgsym.order.kinds import Kind, Kinds
from pgsym.order.polynomials import Polynomial, context, read, terms, variables_of
from pgsym.order.question import SignQuestion
from pgsym.order.solver import completed, counterexample


def decide_system(
    goal: tuple[Any, Any],
    equations: Sequence[Any],
    kinds: Kinds,
    *,
    strict: bool,
    assumptions: Sequence[Any] = (),
    seconds: float = ORDER_SECONDS,
) -> SignVerdict:
    """Whether a fraction is >= 0 (> 0 if strict) wherever the equations hold.

    Parameters
    ----------
    goal : pair of polynomials
        Numerator and denominator; variable k is the k-th key of `kinds`.
    equations : sequence of polynomials
        Each is zero.
    kinds, strict, assumptions, seconds
        As for `decide_sign`.

    Returns
    -------
    A verdict.  A combination of assumptions is looked for first; what that does not prove is asked of z3, and then
    rests on its word.  A witness solves the equations exactly.

    Examples
    --------
    >>> import sympy as sp
    >>> from pgsym.order import fraction_of
    >>> v, g = sp.symbols("v gamma")
    >>> kinds = {v: Kind.REAL, g: Kind.UNIT_HALF_OPEN}
    >>> bellman, _ = fraction_of(1 + g * v - v, list(kinds))
    >>> print(decide_system(fraction_of(v - 1, list(kinds)), [bellman], kinds, strict=False))
    proved by combination of assumptions: by the equations it is a nonnegative number
    """
    question = SignQuestion.of(*goal, kinds, strict=strict, assumptions=assumptions)
    domain = question.domain
    held = [read(e, domain.n) for e in equations]
    deadline = time.monotonic() + seconds
    try:
        combined = combine(question, held, time.monotonic() + seconds / 2)
    except TooLargeError:
        combined = None
    if combined is not None:
        return SignVerdict(SignStatus.PROVED, certificate=combined, tried=(Combined.rung,))
    try:
        found = counterexample(
            question.numerator * question.denominator,
            domain.ranges,
            strict=strict,
            seconds=deadline - time.monotonic(),
            rows=domain.rows,
            assumptions=question.assumptions,
            equations=held,
            nonzero=[question.denominator],
        )
    except MissingExtraError:
        tried = (Combined.rung, "solver: z3 is not installed, see pgsym[order]")
        return SignVerdict(SignStatus.UNDECIDED, tried=tried)
    if isinstance(found, SolverUnsat):
        return SignVerdict(SignStatus.PROVED, certificate=found, tried=(Combined.rung, "solver"))
    if found is not None:
        used = {k for e in held for k in variables_of(e)}
        unknowns = [v for k, v in enumerate(domain.variables) if domain.kinds[k] is Kind.REAL and k in used]
        point = completed(dict(zip(domain.variables, found, strict=True)), held, unknowns)
        if point is not None and question.refuted_at(list(point.values())):
            return refuted(question, list(point.values()), (Combined.rung, "solver"))
    return SignVerdict(SignStatus.UNDECIDED, tried=(Combined.rung, "solver"), margin=question.margin)


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
    field = RationalField.with_derivation(symbols, {}, seconds=max(deadline - time.monotonic(), 0.1))
    known = [(k, field.symbol(v)) for k, v in enumerate(symbols) if k not in unknowns]

    def coefficient(p: Polynomial, k: int | None) -> Any:
        """That of the unknown k, or what has no unknown, as an element of the field."""
        wanted = [j == k for j in unknowns]
        products = (
            prod((g ** m[j] for j, g in known if m[j]), start=field.one * c)
            for m, c in terms(p).items()
            if [m[j] == 1 for j in unknowns] == wanted
        )
        return sum(products, field.zero)

    rows = [[coefficient(p, k) for p in polynomials] for k in unknowns]
    multipliers = solved(rows, field)
    if multipliers is None:
        return None
    *others, goal = (coefficient(p, None) for p in polynomials)
    constant = goal - sum((m * c for m, c in zip(multipliers, others, strict=True)), field.zero)
    values = [*multipliers, constant]
    below = [read(v.denominator(), domain.n) for v in values]
    scale = one = context(domain.n).constant(1)
    for p in below:
        scale = scale * (p // scale.gcd(p))
    scaled = [read(v.numerator, domain.n) * (scale // p) for v, p in zip(values, below, strict=True)]
    kinds = dict(zip(domain.variables, domain.kinds, strict=True))

    def sign(p: Polynomial, q: Polynomial, strict: bool) -> SignCertificate | None:
        seconds = max(deadline - time.monotonic(), 0.1) / 2
        found = decide_sign(p, q, kinds, strict=strict, seconds=seconds)
        return found.certificate if found.status is SignStatus.PROVED else None

    directions = ((s, sign(s * scale, one, True)) for s in (1, -1))
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

"""An inequality under equations that are kept: Bellman's for every MDP of a size."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from pgsym.errors import MissingExtraError
from pgsym.limits import ORDER_SECONDS
from pgsym.order.certificates import Combined, SolverUnsat
from pgsym.order.combination import combine
from pgsym.order.decide import SignStatus, SignVerdict, refuted
from pgsym.order.kinds import Kind, Kinds
from pgsym.order.polynomials import read, variables_of
from pgsym.order.question import SignQuestion
from pgsym.order.solver import SolverQuestion, completed


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
    combined = combine(question, held, time.monotonic() + seconds / 2)
    if combined is not None:
        return SignVerdict(SignStatus.PROVED, certificate=combined, tried=(Combined.rung,))
    try:
        search = SolverQuestion(domain.n)
    except MissingExtraError:
        return SignVerdict(
            SignStatus.UNDECIDED,
            tried=(
                Combined.rung,
                "solver: z3 is not installed, see pgsym[order]",
            ),
        )
    search.in_domain(domain)
    found = search.search(
        question.numerator * question.denominator,
        strict=strict,
        assumptions=question.assumptions,
        equations=held,
        nonzero=[question.denominator],
        seconds=deadline - time.monotonic(),
    )
    if isinstance(found, SolverUnsat):
        return SignVerdict(SignStatus.PROVED, certificate=found, tried=(Combined.rung, "solver"))
    if found is not None:
        used = {k for e in held for k in variables_of(e)}
        unknowns = [v for k, v in enumerate(domain.variables) if domain.kinds[k] is Kind.REAL and k in used]
        point = completed(dict(zip(domain.variables, found, strict=True)), held, unknowns)
        if point is not None and question.refuted_at(list(point.values())):
            return refuted(question, list(point.values()), (Combined.rung, "solver"))
    return SignVerdict(SignStatus.UNDECIDED, tried=(Combined.rung, "solver"), margin=question.margin)

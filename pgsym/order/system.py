"""An inequality under equations that are kept: Bellman's for every MDP of a size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgsym.errors import MissingExtraError
from pgsym.limits import ORDER_SECONDS
from pgsym.order.certificates import SolverUnsat
from pgsym.order.decide import SignStatus, SignVerdict, refuted
from pgsym.order.kinds import Kind, Kinds
from pgsym.order.polynomials import read, variables_of
from pgsym.order.question import SignQuestion
from pgsym.order.solver import Counterexample, completed


def decide_system(
    goal: tuple[Any, Any],
    equations: Sequence[Any],
    kinds: Kinds,
    *,
    strict: bool,
    assumptions: Sequence[Any] = (),
    seconds: float = ORDER_SECONDS,
) -> SignVerdict:
    """Whether a fraction is >= 0 (> 0 if strict) wherever the equations hold, by z3.

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
    A verdict; what is proved rests on z3's word, and a witness solves the equations exactly.

    Examples
    --------
    >>> import sympy as sp
    >>> from pgsym.order import fraction_of
    >>> v, g = sp.symbols("v gamma")
    >>> kinds = {v: Kind.REAL, g: Kind.UNIT_HALF_OPEN}
    >>> bellman, _ = fraction_of(1 + g * v - v, list(kinds))
    >>> verdict = decide_system(fraction_of(v - 2, list(kinds)), [bellman], kinds, strict=False)
    >>> verdict.value if verdict.witness else verdict.status  # doctest: +SKIP
    Fraction(-1, 1)
    """
    question = SignQuestion.of(*goal, kinds, strict=strict, assumptions=assumptions)
    domain = question.domain
    held = [read(e, domain.n) for e in equations]
    try:
        search = Counterexample(domain.n)
    except MissingExtraError:
        return SignVerdict(SignStatus.UNDECIDED, tried=("solver: z3 is not installed, see pgsym[order]",))
    search.in_domain(domain)
    found = search.search(
        question.numerator * question.denominator,
        strict=strict,
        assumptions=question.assumptions,
        equations=held,
        nonzero=[question.denominator],
        seconds=seconds,
    )
    if isinstance(found, SolverUnsat):
        return SignVerdict(SignStatus.PROVED, certificate=found, tried=("solver",))
    if found is not None:
        used = {k for e in held for k in variables_of(e)}
        unknowns = [v for k, v in enumerate(domain.variables) if domain.kinds[k] is Kind.REAL and k in used]
        point = completed(dict(zip(domain.variables, found, strict=True)), held, unknowns)
        if point is not None and question.refuted_at(list(point.values())):
            return refuted(question, list(point.values()), ("solver",))
    return SignVerdict(SignStatus.UNDECIDED, tried=("solver",), margin=question.margin)

"""`sharpen`: the sharpest constant of an inequality.

Both sides are affine in the constant, and what it multiplies has one sign, so that each point of the domain allows all
constants up to a bound, and the sharpest one is the least of these.  Where every coordinate is about one variable x,
bounds are a fraction of x, and their infimum is a critical value, or a limit at an end: all these are roots of
resultants, and verdicts between them say which one it is.  Otherwise verdicts bisect.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy as sp

from pgsym.algebra.realline import IntegerPolynomial, Piece, pieces
from pgsym.claims.coefficient import coefficient
from pgsym.claims.decide import Decision
from pgsym.claims.domain import Place
from pgsym.claims.inequalities import Inequality
from pgsym.claims.language import parse
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import ABOVE, AT_LEAST, AT_MOST, BELOW, RELATIONS
from pgsym.claims.language.rewriting import rewrite
from pgsym.claims.language.statement import Claim, ForAll
from pgsym.claims.order_domain import OrderDomain
from pgsym.claims.verdict import Status, Verdict
from pgsym.claims.witness import witness_at
from pgsym.display.result import TableResult, data_frame
from pgsym.errors import AlgebraError, ClaimError, HypothesisError
from pgsym.exact.region_table import exactly
from pgsym.exact.tables import leaf
from pgsym.expression.latex import align, latex
from pgsym.limits import SHARPEN_SECONDS
from pgsym.model.problem import Problem, ProblemLike
from pgsym.order.sharpest import bracket, critical
from pgsym.trust import Trust, weakest


@dataclass(frozen=True, eq=False, repr=False)
class SharpestConstant(TableResult):
    """The largest, or least, constant with which an inequality holds; made by `sharpen`.

    Attributes
    ----------
    claim : Claim
        The inequality, with the constant as a name.
    name : str
        Of the constant.
    extreme : str
        ``largest`` or ``least``.
    exact : sympy.Expr or None
        The constant, where it is known exactly; infinite where every constant will do, or none.
    proved, refuted : Fraction or None
        A constant with which it holds, and one with which it does not.
    verdicts : tuple of Verdict
        On these.
    how : str
        By which method.

    See Also
    --------
    pgsym.decide : Whether an inequality holds.

    Examples
    --------
    >>> found = sharpen("short-corridor", "J <= c")
    >>> found.exact, found.trust.level.value
    (-6 - 4*sqrt(2), 'exact at a point')
    """

    problem: Problem
    claim: Claim
    name: str
    extreme: str
    exact: sp.Expr | None
    proved: Fraction | None
    refuted: Fraction | None
    verdicts: tuple[Verdict, ...]
    how: str

    LEFT = (0, 1, 2)

    @property
    def assumption(self) -> str:
        """What nobody chose of the problem, in one line."""
        return self.problem.assumption

    @property
    def above(self) -> list[str]:
        """The constant."""
        head = f"the {self.extreme} {self.name} with {self.claim}:"
        if self.exact is None:
            ends = [f"{x}, {word}" for x, word in ((self.proved, "proved"), (self.refuted, "refuted")) if x is not None]
            return [
                f"{head} between {' and '.join(ends)}" if len(ends) == 2 else f"{head} not found; {', '.join(ends)}"
            ]
        if self.exact.is_infinite:
            return [f"{head} none, {f'every {self.name} will do' if self.refuted is None else f'no {self.name} does'}"]
        symbol = sp.Symbol(self.name)
        return [f"{head} {self.exact if self.exact.is_Rational else exactly(self.exact, symbol)}"]

    def cells(self) -> list[tuple[str, ...]]:
        """A row for each constant that was decided."""
        constants = [str(x) for x in (self.proved, self.refuted) if x is not None]
        rows = [(c, str(v.status), v.ground) for c, v in zip(constants, self.verdicts, strict=True)]
        return [(self.name, "verdict", "by"), *rows]

    @property
    def below(self) -> list[str]:
        """How it was found."""
        return [f"found by {self.how}"]

    @property
    def trust(self) -> Trust | None:
        """Of the verdicts, and of the argument between them, which is exact."""
        return weakest(v.trust for v in self.verdicts if v.trust is not None)

    def frame(self) -> Any:
        """A pandas frame with a row for each constant that was decided."""
        header, *rows = self.cells()
        return data_frame(header, rows)

    def latex(self) -> str:
        """The inequality and its constant as an ``align*``."""
        name = latex(sp.Symbol(self.name))
        ends = [(x, told) for x, told in ((self.proved, "proved"), (self.refuted, "refuted")) if x is not None]
        bracket = [(name, rf"{latex(sp.Rational(x))} \quad \text{{({told})}}") for x, told in ends]
        found = bracket if self.exact is None else [(name, self.exact)]
        return "\n".join([rf"\[ {self.claim.latex()} \]", align(found)])

    def to_json(self) -> dict[str, Any]:
        """Plain data in the schema of docs/results.md."""
        return {
            "model": self.problem.name,
            "objective": str(self.problem.objective),
            "claim": str(self.claim),
            "symbol": self.name,
            "extreme": self.extreme,
            "exact": None if self.exact is None else leaf(self.exact),
            "proved": None if self.proved is None else str(self.proved),
            "refuted": None if self.refuted is None else str(self.refuted),
            "how": self.how,
            "verdicts": [v.to_json() for v in self.verdicts],
            "trust": None if self.trust is None else self.trust.to_json(),
        }


def sharpen(
    problem: ProblemLike, claim: str | Claim, name: str = "c", *, seconds: float = SHARPEN_SECONDS, seed: int = 0
) -> SharpestConstant:
    """The sharpest constant with which an inequality holds for every parameter and symbol.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.
    claim
        One inequality in which the constant stands as a name of its own, in sums and products.
    name
        Of the constant.
    seconds
        No further constant is tried after this time.
    seed
        Of the points at which claims are looked at.

    Returns
    -------
    The constant: exactly where it is about one parameter or symbol, or is attained at a point; otherwise one that is
    proved and one that is refuted.

    Raises
    ------
    ClaimError
        The claim is no inequality, or the constant stands elsewhere.
    HypothesisError
        What the constant multiplies is not known to have one sign, or the claim is inapplicable.

    See Also
    --------
    decide : Whether an inequality holds.

    Examples
    --------
    >>> print(sharpen("short-corridor", "J <= c"))
    the least c with J <= c: -11.6569 is -6 - 4*sqrt(2), the root of c**2 + 12*c + 4 between -11.6569 and -11.6568
    c      verdict  by
    -6     proved   signs of coefficients (trust: normal form)
    -95/8  refuted  exact values
    found by critical values and limits in one variable
    """
    problem = Problem.of(problem)
    statement = parse(claim) if isinstance(claim, str) else claim.statement
    if statement.relations not in ((AT_MOST,), (AT_LEAST,)):
        raise ClaimError(
            f"found {' '.join(statement.relations)}; a sharpest constant is that of one <= or >=. Write it so",
            where=str(statement),
        )
    return _Search(problem, statement.claims[0], name, seconds, seed).result()


class _Search:
    """One constant that is looked for."""

    def __init__(self, problem: Problem, claim: Claim, name: str, seconds: float, seed: int) -> None:
        self.problem, self.claim, self.name = problem, claim, name
        self.decision = Decision(problem, seed=seed)
        self.deadline = time.monotonic() + seconds
        self.verdicts: dict[Fraction, Verdict] = {}
        self.open = self.decision.bound(replace(self._with(t.Call(name)), bindings=(*claim.bindings, ForAll(name))))
        self.extreme = self._extreme()

    def _with(self, constant: t.Node) -> Claim:
        """The claim with something for the constant."""

        def change(node: t.Node) -> t.Node | None:
            return constant if node == t.Symbol(self.name) else None

        left, right = (rewrite(side, change) for side in (self.claim.left, self.claim.right))
        return replace(self.claim, left=left, right=right)

    def _at(self, constant: Fraction) -> Claim:
        number = t.Number(abs(constant))
        return self._with(number if constant >= 0 else t.Neg(number))

    def _extreme(self) -> str:
        """Whether small constants are the ones that do, or large ones: by the sign of what the constant multiplies."""
        left, right = (coefficient(side, self.name) for side in (self.claim.left, self.claim.right))
        if left is None and right is None:
            known = {s.name for s in (*self.problem.policy.params, *self.problem.mdp.symbols)}
            named = {
                n.name for side in (self.claim.left, self.claim.right) for n in side.walk() if isinstance(n, t.Symbol)
            }
            other = sorted(named - known)
            remedy = f"Is it {other[0]}? Name it, with --for {other[0]}" if other else "Write it there"
            raise ClaimError(
                f"the constant {self.name} is not in it; it stands on one side or both. {remedy}", where=str(self.claim)
            )
        zero = t.Number(Fraction(0))
        slope = left if right is None else right if left is None else t.Sub(right, left)
        assert slope is not None
        growing = (right is None) == (RELATIONS[self.claim.relation].larger == "left")
        for relation, grows in ((AT_LEAST, growing), (AT_MOST, not growing)):
            found = self.decision.decide(replace(self.claim, left=slope, relation=relation, right=zero))
            if found.status is Status.INAPPLICABLE:
                raise HypothesisError(found.reason, where=str(self.claim))
            if found.proved:
                return "least" if grows else "largest"
        raise HypothesisError(
            f"what {self.name} multiplies, {slope}, is not shown to have one sign, so none need be the sharpest. "
            "Multiply it by what is nowhere negative",
            where=str(self.claim),
        )

    def _holds(self, constant: Fraction) -> bool | None:
        found = self.verdicts[constant] = self.decision.decide(self._at(constant))
        if found.status is Status.INAPPLICABLE:
            raise HypothesisError(found.reason, where=str(self.claim))
        return found.proved if found.decided else None

    def result(self) -> SharpestConstant:
        """The constant of one variable, or by bisection."""
        candidates = self._candidates()
        found = None if candidates is None else self._among(pieces(candidates))
        return found or self._bisected()

    # -- one variable ----------------------------------------------------------------------------------------

    def _candidates(self) -> list[IntegerPolynomial] | None:
        """Polynomials, of one of which the constant is a root if it is finite; None if that is not known."""
        inequality = Inequality(self.open, self.decision.rng, None)
        try:
            clauses = [clause for _, clause in inequality.clauses()]
            if any(len(clause) > 1 for clause in clauses):
                return None
            found = [self._ends(inequality.domain, form) for (form,) in clauses]
        except AlgebraError:
            return None
        return None if None in found else [f for ends in found for f in ends or ()]

    def _ends(self, domain: OrderDomain, form: Any) -> list[IntegerPolynomial] | None:
        """Those of a closed form; none where it is a number."""
        if domain.field.number_in(form) is not None:
            return []
        k = domain.generators.index(self.open.functions[self.name][()])
        return critical(domain.moved(form.numerator), k, domain.assumptions, domain.numbers)

    def _among(self, line: list[Piece]) -> SharpestConstant | None:
        """The constant among the cuts; the intervals between them are in turn halved."""
        intervals = line[::2] if self.extreme == "largest" else line[::-2]
        held, failed = -1, len(intervals)
        while failed - held > 1:
            middle = (held + failed) // 2
            inside = intervals[middle].rational
            assert inside is not None
            found = self._holds(inside)
            if found is None:
                return None
            held, failed = (middle, failed) if found else (held, middle)
        proved, refuted = (intervals[i].rational if 0 <= i < len(intervals) else None for i in (held, failed))
        if proved is None or refuted is None:
            larger = (refuted is None) == (self.extreme == "largest")
            return self._made(sp.oo if larger else -sp.oo, proved, refuted, BY_ENDS)
        cut = line[2 * held + 1] if self.extreme == "largest" else line[-2 * held - 2]
        if cut.rational is not None and self._holds(cut.rational):
            proved = cut.rational
        return self._made(cut.number(sp.Symbol(self.name)), proved, refuted, BY_ENDS)

    # -- bisection -------------------------------------------------------------------------------------------

    def _bisected(self) -> SharpestConstant:
        sign = 1 if self.extreme == "largest" else -1
        low, high, attained = bracket(
            lambda number: self._holds(sign * number), lambda number: self._is_attained(sign * number), self.deadline
        )
        proved, refuted = (None if end is None else sign * end for end in (low, high))
        if attained:
            assert proved is not None
            return self._made(sp.Rational(proved), proved, None, "a point at which both sides are equal")
        return self._made(None, proved, refuted, "bisection")

    def _is_attained(self, constant: Fraction) -> bool:
        """Whether some coordinate is an equation at a point, and fails there with the next integer.

        There it is affine in the constant, so it fails with all constants beyond.
        """
        strict = {AT_MOST: BELOW, AT_LEAST: ABOVE}[self.claim.relation]
        if self.open.rank == 2:
            return False
        equal = self.decision.decide(replace(self._at(constant), relation=strict)).witness
        if equal is None:
            return False
        symbols = {s: v for s, v in equal.symbols.items() if s not in self.open.pinned}
        beyond = self.decision.bound(self._at(constant + (1 if self.extreme == "largest" else -1)))
        next_one = witness_at(beyond, Place(dict(equal.theta), symbols, dict(equal.values)), self.decision.rng)
        return next_one is not None and not set(equal.differing).isdisjoint(next_one.differing)

    def _made(
        self, exact: sp.Expr | None, proved: Fraction | None, refuted: Fraction | None, how: str
    ) -> SharpestConstant:
        verdicts = tuple(self.verdicts[x] for x in (proved, refuted) if x is not None)
        return SharpestConstant(
            self.problem, self.claim, self.name, self.extreme, exact, proved, refuted, verdicts, how
        )


BY_ENDS = "critical values and limits in one variable"

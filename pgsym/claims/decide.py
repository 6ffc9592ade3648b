"""Deciding a claim: normal form in the field of rational functions, or identity testing modulo primes.

An identity holds for all parameters iff its difference is zero in the field.  Where the closed form is too
large, the difference is evaluated at random points modulo random primes (Schwartz 1980, Zippel 1979): a
nonzero numerator of total degree B vanishes at a random point with probability at most B / p, and a prime of
61 bits divides all its coefficients with probability at most (bits / 61) / (number of such primes).
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

import sympy as sp

from pgsym.algebra import DualField
from pgsym.algebra.prime import PRIME_BITS
from pgsym.algebra.size import SizeField
from pgsym.claims.meaning import Meaning
from pgsym.claims.tree import Equal
from pgsym.claims.verdict import Status, Verdict, Witness
from pgsym.errors import AlgebraError, HypothesisError, SingularMatrixError, StructureError, TooLargeError
from pgsym.exact.fields import exact_field, prime_field, rational_field
from pgsym.exact.quantities import Quantities
from pgsym.expression.linear import common_denominators
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy
from pgsym.model.structure import Structure
from pgsym.model.validate import witness as domain_witness

ERROR_BITS = 100
"""Default: a false claim is called proved with probability at most 2^-100."""

NORMAL_FORM_GENERATORS = 14
"""Above this many generators a closed form is not even tried by ``method="auto"``."""

NORMAL_FORM_TERMS = 200_000
NORMAL_FORM_SECONDS = 3.0
"""With ``method="auto"``, the closed form is given up beyond these, for an identity test."""

_ATTEMPTS = 50


class Decision:
    """One model on which claims are decided.

    Parameters
    ----------
    theta
        Where a witness is looked for first.
    method
        ``normal form``, ``identity test``, or ``auto``: the first where it is affordable, else the second.
    error_bits
        Identity tests are repeated until the error bound is at most 2^-error_bits.
    """

    def __init__(
        self,
        mdp: MDP,
        policy: Policy,
        objective: Objective,
        *,
        theta: Mapping[sp.Symbol, sp.Expr] | None = None,
        method: str = "auto",
        error_bits: int = ERROR_BITS,
        seed: int = 0,
    ) -> None:
        self.mdp = mdp
        self.policy = policy
        self.objective = objective
        self.structure = Structure(mdp, policy)
        self.theta = theta
        self.method = method
        self.error_bits = error_bits
        self.rng = random.Random(seed)

    def decide(self, claim: Equal) -> Verdict:
        """The verdict on one claim."""
        try:
            self.structure.require(self.objective)
        except (HypothesisError, StructureError) as error:
            return Verdict(Status.INAPPLICABLE, claim, reason=str(error))
        if self.method != "identity test" and (self.method == "normal form" or self._is_small()):
            try:
                return self._normal_form(claim)
            except TooLargeError:
                if self.method == "normal form":
                    raise
        return self._identity_test(claim)

    # -- normal form -------------------------------------------------------------------------------------

    def _is_small(self) -> bool:
        return len(self.policy.params) + len(self.mdp.symbols) <= NORMAL_FORM_GENERATORS

    def _normal_form(self, claim: Equal) -> Verdict:
        if self.method == "normal form":
            field = rational_field(self.mdp, self.policy)
        else:
            field = rational_field(self.mdp, self.policy, budget=NORMAL_FORM_TERMS, seconds=NORMAL_FORM_SECONDS)
        found = self._meaning(field).difference(claim.left, claim.right)
        wrong = {p: e for p, e in found.items() if not field.is_zero(e)}
        if not wrong:
            return Verdict(Status.PROVED, claim, "normal form")
        difference = {p: field.to_sympy(e) for p, e in found.items()}
        return Verdict(Status.REFUTED, claim, "normal form", difference=difference, witness=self._witness(claim))

    # -- identity test -----------------------------------------------------------------------------------

    def _identity_test(self, claim: Equal) -> Verdict:
        degree, bits = self.size(claim)
        bound = 0.0
        while bound < self.error_bits:
            if not self._holds_at_random_point(claim):
                return Verdict(Status.REFUTED, claim, "identity test", witness=self._witness(claim))
            bound += trial_bits(degree, bits)
        return Verdict(Status.PROVED, claim, "identity test", error_bits=math.floor(bound))

    def size(self, claim: Equal) -> tuple[int, float]:
        """Bounds on the difference's numerator: its total degree, and the bits of its coefficients."""
        field = SizeField(*common_denominators(self.policy.forms()))
        found = self._meaning(field).difference(claim.left, claim.right)
        return max(e.degree for e in found.values()), max(e.bits for e in found.values())

    def _holds_at_random_point(self, claim: Equal) -> bool:
        """Evaluate both sides at a random point modulo a random prime, differentiating in a random direction."""
        for _ in range(_ATTEMPTS):
            field = prime_field(self.mdp, self.policy, self.rng)
            direction = {p: self.rng.randrange(1, 2**PRIME_BITS) for p in self.policy.params}
            try:
                found = self._meaning(DualField(field, direction=direction)).difference(claim.left, claim.right)
            except (ZeroDivisionError, SingularMatrixError):
                continue  # a denominator vanishes at this point: it says nothing, draw another
            return all(field.is_zero(e) for e in found.values())
        raise AlgebraError(
            f"{_ATTEMPTS} random points in a row lie on a pole; some denominator of the claim is identically zero. "
            "Check the claim's divisions",
            where=str(claim),
        )

    # -- refutation --------------------------------------------------------------------------------------

    def _witness(self, claim: Equal) -> Witness:
        """A point with rational odds, in the model's domain, at which the two sides differ."""
        denominators, _ = common_denominators(self.policy.forms())
        for attempt in range(_ATTEMPTS):
            symbols = domain_witness(self.mdp, seed=attempt)
            theta = self.theta if attempt == 0 and self.theta else self._random_theta(denominators)
            mdp = self.mdp.subs(symbols) if symbols else self.mdp
            dual = DualField(exact_field(mdp, self.policy, theta), self.policy.params)
            meaning = Meaning(Quantities(mdp, self.policy, self.objective, dual))
            try:
                left, right = (self._vector(meaning.value(side, {}), dual) for side in (claim.left, claim.right))
            except (ZeroDivisionError, AlgebraError):
                continue
            if left != right:
                return Witness(theta, symbols, left, right)
        raise AlgebraError(
            f"refuted by a nonzero difference, but none of {_ATTEMPTS} points of the model's domain shows it. "
            "Declare narrower assumptions for its symbols",
            where=str(claim),
        )

    def _random_theta(self, denominators: Mapping[sp.Symbol, int]) -> dict[sp.Symbol, sp.Expr]:
        """theta_i = q_i log(x_i) for small rational odds x_i; a probability for parameters that are not logits."""
        theta = {}
        for p in self.policy.params:
            odds = sp.Rational(self.rng.randint(1, 5), self.rng.randint(1, 5))
            probability = sp.Rational(self.rng.randint(1, 9), 10 * len(self.policy.params))
            theta[p] = denominators[p] * sp.log(odds) if p in denominators else probability
        return theta

    def _vector(self, value: Any, dual: DualField) -> dict[sp.Symbol, sp.Expr]:
        """A side's value by parameter; a scalar under the name ``value``."""
        if not isinstance(value, dict):
            return {sp.Symbol("value"): dual.to_sympy(value)}
        return {p: dual.base.to_sympy(value.get(p, dual.base.zero)) for p in self.policy.params}

    def _meaning(self, field: Any) -> Meaning:
        return Meaning(Quantities(self.mdp, self.policy, self.objective, field, self.structure))


def trial_bits(degree: int, bits: float) -> float:
    """-log2 of one trial's error: degree / p for the point, (bits / 61) / (number of primes) for the prime.

    There are more than 2^PRIME_BITS / (2 * 43) primes between 2^(PRIME_BITS-1) and 2^PRIME_BITS
    (Rosser & Schoenfeld 1962), and at most bits / (PRIME_BITS - 1) of them divide a number of that many bits.
    One bit is given away because points on a pole, fewer than half of all, are drawn again.
    """
    point = degree / 2.0 ** (PRIME_BITS - 1)
    primes = 2.0**PRIME_BITS / (2 * 43)
    return -math.log2(point + bits / (PRIME_BITS - 1) / primes) - 1

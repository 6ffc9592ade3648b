"""Deciding a claim: normal form in the field of rational functions, or identity testing modulo primes.

An identity holds for all parameters iff its difference is zero in the field.  Where the closed form is too
large, the difference is evaluated at random points modulo random primes (Schwartz 1980, Zippel 1979): a
nonzero numerator of total degree B vanishes at a random point with probability at most B / p, and a prime of
k bits divides all its coefficients with probability at most (bits / (k - 1)) / (number of such primes).
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from pgsym.algebra.prime import PRIME_BITS
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.compiler import Meaning
from pgsym.claims.counterexample import Coordinate
from pgsym.claims.difference import proof_bits, residues, size, trial_bits
from pgsym.claims.domain import require_discounts, require_policy
from pgsym.claims.language import parse
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import EQUAL, RELATIONS
from pgsym.claims.language.statement import Claim
from pgsym.claims.verdict import Status, Verdict
from pgsym.claims.witness import find_witness, repairing_factor
from pgsym.errors import AlgebraError, ClaimError, HypothesisError, SingularMatrixError, StructureError, TooLargeError
from pgsym.expression.complaint import listed
from pgsym.limits import CLAIM_EVALUATIONS, NORMAL_FORM_GENERATORS, NORMAL_FORM_SECONDS, NORMAL_FORM_TERMS
from pgsym.model.problem import Problem, ProblemLike
from pgsym.model.structure import Structure
from pgsym.model.validate import without_choice

ERROR_BITS = 100
"""Default: a false claim is called proved with probability at most 2^-100."""


METHODS = ("auto", "normal form", "identity test")
"""How a claim may be decided."""

DIFFERENCES = 24
DIFFERENCE_TERMS = 1000
"""Coordinates whose difference is given in closed form, and the largest numerator that is."""

_ATTEMPTS = 50


def decide(
    problem: ProblemLike, claim: Claim | str, *, method: str = "auto", error_bits: int = ERROR_BITS, seed: int = 0
) -> Verdict:
    """Whether a claim holds for every value of the parameters and symbols.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.  A witness of a refutation is looked for at its theta first.
    claim
        A tree, or its text.  A chain ``x = y = z`` has one verdict, with those of its relations in `links`.
    method
        ``normal form``, ``identity test`` or ``auto``: the first where it is affordable, else the second.
    error_bits
        An identity test errs with probability at most 2^-error_bits.
    seed
        Of the random points.

    Returns
    -------
    Verdict
        Proved, refuted with a witness, or inapplicable with the hypothesis that fails.

    Raises
    ------
    ClaimError
        The claim makes no sense for this model.

    See Also
    --------
    verify : The policy gradient theorem.
    Script : A file of claims.
    theorem : Claims that have a name.

    References
    ----------
    Schwartz, Fast probabilistic algorithms for verification of polynomial identities, JACM 27, 1980.

    Examples
    --------
    >>> print(decide("two-state", "sum[s] mu(s) * V(s) = rbar / (1 - gamma)"))
    proved: sum[s] mu(s) * V(s) == rbar / (1 - gamma)
      by normal form
    """
    problem = Problem.of(problem)
    decision = Decision(problem, method=method, error_bits=error_bits, seed=seed)
    statement = parse(claim) if isinstance(claim, str) else claim.statement
    verdict = Verdict.of_chain(statement, [decision.decide(c) for c in statement.claims])
    return replace(verdict, assumption=problem.assumption)


class Decision:
    """One model on which claims are decided; parameters as for `decide`, and the length of random primes."""

    def __init__(
        self,
        problem: Problem,
        *,
        method: str = "auto",
        error_bits: int = ERROR_BITS,
        seed: int = 0,
        prime_bits: int = PRIME_BITS,
    ) -> None:
        if method not in METHODS:
            raise AlgebraError(f"found {method!r}; must be one of {', '.join(METHODS)}", where="method")
        self.mdp, self.pinned = without_choice(problem.mdp)
        self.policy = problem.policy
        self.objective = problem.objective
        self.structure = Structure(self.mdp, self.policy)
        self.theta = problem.exact_point
        self.method = method
        self.error_bits = error_bits
        self.prime_bits = prime_bits
        self.rng = random.Random(seed)
        self._policy_is_one = False

    def bound(self, claim: Claim) -> BoundClaim:
        """A claim on this model."""
        return BoundClaim(claim, self.mdp, self.policy, self.objective, self.structure, self.pinned)

    def decide(self, claim: Claim) -> Verdict:
        """The verdict on one claim."""
        setting = self.bound(claim)
        require_affordable(setting)
        try:
            if not self._policy_is_one:
                require_policy(setting)
                self._policy_is_one = True
            require_discounts(setting, self.rng)
            decided = self._order if setting.is_ordered else self._equality
            denied = RELATIONS[claim.relation].denies
            if denied is not None:
                return _negated(claim, decided(replace(setting, claim=replace(claim, relation=denied))))
            return decided(setting)
        except (HypothesisError, StructureError) as error:
            return Verdict(Status.INAPPLICABLE, claim, reason=str(error))

    def _order(self, setting: BoundClaim) -> Verdict:
        from pgsym.claims.inequalities import Inequality  # it loads numpy, which equations need not

        found = Inequality(setting, self.rng, self.theta)
        verdict = found.verdict()
        return replace(verdict, notes=_notes(found.meaning, setting, {})) if verdict.proved else verdict

    def fails_at_random(self, claim: Claim) -> bool:
        """Whether an equation fails at one random point: then it is false; else it may still be.

        HypothesisError, StructureError or ClaimError where it says nothing about this model.
        """
        return not self._holds_at_random_point(self.bound(claim))[0]

    def _equality(self, setting: BoundClaim) -> Verdict:
        wanted = self.method
        if setting.has_limit and wanted == "auto":
            wanted = "normal form"
        if wanted == "normal form":
            return self._normal_form(setting)
        if wanted == "auto" and setting.generators <= NORMAL_FORM_GENERATORS:
            try:
                return self._normal_form(setting, budget=NORMAL_FORM_TERMS, seconds=NORMAL_FORM_SECONDS)
            except TooLargeError:
                pass  # the identity test decides it
        return self._identity_test(setting)

    def _normal_form(self, setting: BoundClaim, **limits: Any) -> Verdict:
        claim, meaning = setting.claim, setting.closed(**limits)
        field = meaning.tower.field(0)
        try:
            found = dict(residues(meaning, setting))
        except ClaimError:
            with suppress(ClaimError):  # a hypothesis that fails besides is the better answer, by either method
                size(setting)
            raise
        wrong, notes = {c: e for c, e in found.items() if not field.is_zero(e)}, _notes(meaning, setting, found)
        if not wrong:
            return Verdict(Status.PROVED, claim, "normal form", notes=notes)
        difference = None
        if claim.relation == EQUAL and max(map(field.terms, wrong.values())) <= DIFFERENCE_TERMS:
            difference = {_named(c): field.to_sympy(e) for c, e in islice(wrong.items(), DIFFERENCES)}
        return self._refuted(setting, "normal form", meaning, difference=difference, notes=notes)

    def _identity_test(self, setting: BoundClaim) -> Verdict:
        trials, poles = 0, 0
        notes: tuple[str, ...] = ()
        degree, bits = size(setting)
        each = trial_bits(degree, bits, self.prime_bits)
        if each < 1:
            raise TooLargeError(
                f"a difference of degree {degree} with coefficients of {bits:.0f} bits; random primes of "
                f"{self.prime_bits} bits cannot tell it from 0. Take a smaller model, or method='normal form'",
                where=str(setting.claim),
            )
        while (bound := proof_bits(each, trials, poles)) < self.error_bits:
            holds, redrawn, notes = self._holds_at_random_point(setting)
            trials, poles = trials + 1, poles + redrawn
            if not holds:
                return self._refuted(setting, "identity test", None, notes=notes)
        return Verdict(Status.PROVED, setting.claim, "identity test", error_bits=math.floor(bound), notes=notes)

    def _refuted(self, setting: BoundClaim, method: str, closed: Meaning | None, **found: Any) -> Verdict:
        witness = find_witness(setting, self.rng, self.theta)
        factor = repairing_factor(setting, self.rng, closed)
        return Verdict(Status.REFUTED, setting.claim, method, witness=witness, factor=factor, **found)

    def _holds_at_random_point(self, setting: BoundClaim) -> tuple[bool, int, tuple[str, ...]]:
        """Evaluate both sides at a random point modulo a random prime; also how many points lay on a pole before.

        All of both sides is evaluated: a claim with a pole in one place is not refuted by a difference in another.
        """
        divided = False
        for redrawn in range(_ATTEMPTS):
            meaning = setting.at_random(self.rng, self.prime_bits)
            field = meaning.tower.field(0)
            try:
                found = dict(residues(meaning, setting))
            except ZeroDivisionError:
                divided = True  # a denominator vanishes at this point: it says nothing, draw another
            except SingularMatrixError:
                divided = False  # so does a determinant
            else:
                return all(map(field.is_zero, found.values())), redrawn, _notes(meaning, setting, found)
        if divided:
            raise ClaimError(
                f"found a division by an expression that is zero at {_ATTEMPTS} random points in a row, so "
                "identically; a divisor must differ from 0. Check its divisions",
                where=str(setting.claim),
            )
        raise HypothesisError(
            f"a determinant is zero at {_ATTEMPTS} random points in a row, so identically; an inverse is required. "
            "Check its inverses",
            where=str(setting.claim),
        )


def _notes(meaning: Meaning, setting: BoundClaim, found: Mapping[Any, Any]) -> tuple[str, ...]:
    """What a reader may take the claim to say, and it does not."""
    notes = []
    if meaning.world.left_out:
        states = listed(meaning.world.left_out)
        notes.append(f"at gamma = 1 sums and free indices leave out {states}, from which a run need not end")
    for name in setting.unprimed:
        declared = f"; for all {name}': before the claim makes it another" * (name in ("P", "r"))
        notes.append(f"{name}' is {name}: the second policy acts in the same model{declared}")
    if setting.may_jump:
        where = "= 0, where runs end elsewhere; it is decided there once the symbol has its number"
        notes += [f"not about {g} {where}" for g in setting.structure.faces]
    one_number = len({place for place, _ in found}) <= 1 and (not setting.rank or len(setting.policy.params) <= 1)
    if RELATIONS[setting.claim.relation].whole and one_number:
        what = "parameter" if setting.rank else "number"
        notes.append(f"for one {what} this says only that the right side is not 0 where the left is not")
    return tuple(notes)


def _negated(claim: Claim, verdict: Verdict) -> Verdict:
    """left != right is proved by a point where they differ, and refuted by a proof of equality."""
    other = {Status.PROVED: Status.REFUTED, Status.REFUTED: Status.PROVED}
    return replace(verdict, status=other.get(verdict.status, verdict.status), claim=claim, factor=None)


def _named(key: tuple[Any, Any]) -> Coordinate:
    place, parameters = key
    if parameters is None:
        return Coordinate(place)
    return Coordinate(place, parameters if isinstance(parameters, tuple) else (parameters,))


def require_affordable(setting: BoundClaim) -> None:
    """Refuse a claim whose sums run over too many combinations of states and actions.

    >>> import pgsym
    >>> model = pgsym.zoo("random-walk", n=100)
    >>> pgsym.decide(model, "sum[s,s1,s2,s3] V(s) * V(s1) * V(s2) * V(s3) = 1")
    Traceback (most recent call last):
      ...
    pgsym.errors.ClaimError: sum[s,s1,s2,s3] V(s) * V(s1) * V(s2) * V(s3) == 1: about 8e+08 evaluations on a model \
with 102 states; at most 20000000 are made. Sum over fewer indices at once
    """
    found = evaluations(setting)
    if found > CLAIM_EVALUATIONS:
        raise ClaimError(
            f"about {found:.0e} evaluations on a model with {len(setting.mdp.states)} states; at most "
            f"{CLAIM_EVALUATIONS} are made. Sum over fewer indices at once",
            where=str(setting.claim),
        )


def evaluations(setting: BoundClaim) -> float:
    """A bound: parts without free indices are evaluated once, definitions once for each place."""
    counter = _Counter(setting)
    free = tuple(r.index for r in setting.ranges)
    total = sum(counter.count(side, counter.times(free)) for side in (setting.claim.left, setting.claim.right))
    return total + sum(counter.count(let.body, counter.times(let.indices)) for let in setting.scope.lets.values())


class _Counter:
    def __init__(self, setting: BoundClaim) -> None:
        mdp, self.scope = setting.mdp, setting.scope
        self.states = float(len(mdp.states))
        self.actions = float(max((len(mdp.actions(s)) for s in mdp.nonterminal), default=0))

    def times(self, indices: tuple[str, ...]) -> float:
        found = 1.0
        for i in indices:
            found *= self.actions if t.is_action(i) else self.states
        return found

    def count(self, node: t.Node, times: float) -> float:
        """Evaluations of the node and of all below it."""
        if isinstance(node, t.Expect):
            node = node.expanded()
        if not any(self.scope.free_uses(node)):
            times = 1.0  # and kept
        inner = times * self.times(node.indices) if isinstance(node, t.OverIndices) else times
        return times + sum(self.count(child, inner) for child in node.children)

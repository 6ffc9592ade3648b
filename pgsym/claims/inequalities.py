"""Deciding an inequality, or an equation with abs, max or min.

Exact points come first: a false inequality mostly fails at one of the first.  Then the larger side less the smaller one
is taken in closed form, and its sign decided by `pgsym.order`; each point that it names is evaluated again, exactly, by
what evaluates the claim, before anything is called refuted.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.algebra.polynomial import REMEDY
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.compiler import Meaning
from pgsym.claims.counterexample import Coordinate, Witness
from pgsym.claims.difference import nothing_to_be
from pgsym.claims.extremes import ExtremesOfForms, MinMax, UnknownSignError
from pgsym.claims.gaps import gaps
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import EQUAL, RELATIONS
from pgsym.claims.order_domain import QUICK, OrderDomain
from pgsym.claims.verdict import Status, Verdict
from pgsym.claims.witness import first_witness, side, witness_at
from pgsym.errors import ClaimError, TooLargeError
from pgsym.limits import (
    INEQUALITY_POINTS,
    INEQUALITY_POINTS_SECONDS,
    INEQUALITY_SECONDS,
    INEQUALITY_SIGN_SECONDS,
    INEQUALITY_TERMS,
    ORDER_SECONDS,
)
from pgsym.order import SignStatus, SignVerdict

Clause = tuple[Any, ...]
"""Closed forms of which one has to be nonnegative at each point."""

Signed = tuple[Coordinate, Clause, SignVerdict]
"""A clause of a coordinate, with what is found of it."""


class Inequality:
    """One claim about order on one model."""

    whole = False
    """Whether logarithms are bounded as they are written."""

    def __init__(self, setting: BoundClaim, rng: random.Random, theta: Mapping[sp.Symbol, sp.Expr] | None) -> None:
        self.setting = setting
        self.claim = setting.claim
        self.rng = rng
        self.theta = theta
        relation = RELATIONS[self.claim.relation]
        if relation.larger is None and relation.name != EQUAL:
            raise ClaimError(
                f"found {relation.spellings[0]} with abs, max or min; these are compared by =, !=, <=, >=, < and >. "
                "Choose one of them", where=str(self.claim),
            )  # fmt: skip
        if setting.has_limit and setting.uses(*t.EXTREMES):
            raise ClaimError(
                "found a limit beside abs, max or min; limits are taken of closed forms, which these have not. Compare "
                "without one of them", where=str(self.claim),
            )  # fmt: skip
        self.strict = relation.strict

    # -- closed forms ----------------------------------------------------------------------------------------

    @cached_property
    def meaning(self) -> Meaning:
        """Both sides in closed form."""
        meaning = self.setting.closed(whole=self.whole, budget=INEQUALITY_TERMS, seconds=INEQUALITY_SECONDS)
        meaning.extremes = ExtremesOfForms(meaning.tower.field(0), lambda element: self.domain.sign(element))
        return meaning

    @property
    def extremes(self) -> ExtremesOfForms:
        """Minima of maxima of its closed forms."""
        assert isinstance(self.meaning.extremes, ExtremesOfForms)
        return self.meaning.extremes

    @cached_property
    def domain(self) -> OrderDomain:
        """Where the generators lie."""
        return OrderDomain(self.setting, self.meaning)

    def clauses(self) -> Iterator[tuple[Coordinate, Clause]]:
        """What has to hold, by coordinate; an equation says that both differences are nonnegative."""
        params = self.setting.policy.params
        if not any(True for _ in self.meaning.assignments(self.setting.ranges)):
            raise nothing_to_be(self.setting)
        left, right = (side(self.meaning, self.setting, node, params) for node in (self.claim.left, self.claim.right))
        field = self.meaning.tower.field(0)
        if self.claim.relation == EQUAL:
            found = [(c, e) for c in left for e in (left[c] - right[c], right[c] - left[c])]
        else:
            entries = (*left.values(), *right.values())
            if self.setting.rank == 2 and len(params) > 1 and any(isinstance(e, MinMax) for e in entries):
                raise UnknownSignError(
                    "found abs, max or min in matrices, whose order is looked at in points alone. Compare their entries"
                )
            found = list(gaps(self.setting, left, right, field).items())
        for coordinate, gap in found:
            for clause in self.extremes.clauses(gap):
                yield coordinate, clause

    def signs(self) -> Iterator[Signed]:
        """Each clause with what is found of it; where several forms have to be looked at, each takes less time."""
        clauses, seconds = list(self.clauses()), ORDER_SECONDS
        until = time.monotonic() + INEQUALITY_SIGN_SECONDS
        for coordinate, clause in clauses:
            self.domain.seconds = seconds if len(clause) == 1 else QUICK
            if time.monotonic() < until:
                found = self.decided(clause)
            else:
                found = SignVerdict(SignStatus.UNDECIDED, tried=("anything, since no time was left",))
            seconds = QUICK if found.status is SignStatus.UNDECIDED else seconds
            yield coordinate, clause, found

    def decided(self, clause: Clause) -> SignVerdict:
        """Whether one of some closed forms is nonnegative at each point.

        That is so if one is everywhere, or the sum of all is, or one is wherever no other is positive.
        """
        found = SignVerdict(SignStatus.UNDECIDED)
        if len(clause) > 1 and not self.strict:
            found = self.domain.largest(clause)
            if found.status is SignStatus.PROVED:
                return found
        for form in clause if len(clause) == 1 else (*clause, sum(clause[1:], clause[0])):
            found = self.domain.decide(form, self.strict)
            if found.status is SignStatus.PROVED:
                return found
        for k, form in enumerate(clause if len(clause) > 1 else ()):
            found = self.domain.decide(form, self.strict, [*clause[:k], *clause[k + 1 :]])
            if found.status is SignStatus.PROVED:
                return found
        return found

    # -- verdicts --------------------------------------------------------------------------------------------

    def verdict(self) -> Verdict:
        """Proved with certificates, refuted by a point, or undecided."""
        witness = first_witness(self.setting, self.rng, self.theta, INEQUALITY_POINTS, INEQUALITY_POINTS_SECONDS)
        if witness is not None and self.setting.generators != 1:
            return self._refuted(witness)
        try:
            found = list(self.signs())
        except (UnknownSignError, TooLargeError) as error:
            if witness is not None:
                return self._refuted(witness)
            if isinstance(error, UnknownSignError):
                return self._undecided(error.message)
            what = error.message.removesuffix(f". {REMEDY}")
            return self._undecided(
                f"its closed form does not fit: {what}. Decide it on a smaller model, or at numbers for its symbols"
            )
        open_ones = [(c, clause, v) for c, clause, v in found if v.status is not SignStatus.PROVED]
        if open_ones and self.setting.basis is not None and witness is None:
            found, open_ones = self._with_bounds(found, open_ones)
        if not open_ones:
            if witness is not None:
                raise AssertionError(f"a point refutes what is proved: {self.claim}\n{witness}")
            certificates = {c: v.certificate for c, _, v in found if v.certificate is not None}
            rungs = dict.fromkeys(certificate.rung for certificate in certificates.values())
            return Verdict(Status.PROVED, self.claim, ", ".join(rungs) or "normal form", certificates=certificates)
        named = (self.domain.place(v.witness) for _, _, v in open_ones if v.witness is not None)
        seen = (witness_at(self.setting, place, self.rng) for place in named if place is not None)
        witness = next((w for w in seen if w is not None), witness)
        if witness is not None:
            found_open = [(clause, v) for _, clause, v in open_ones]
            region = self._region(found_open)
            # Of several relations at once, what holds of all is not drawn.
            bands = self.domain.bands(found_open[0][0][0], found_open[0][1]) if region and len(found_open) == 1 else ()
            return replace(self._refuted(witness, region), bands=bands)
        coordinate, _, verdict = next((o for o in open_ones if o[2].status is SignStatus.UNDECIDED), open_ones[0])
        return self._undecided(f"{coordinate}: {_tried(verdict)}")

    def _with_bounds(self, found: list[Signed], open_ones: list[Signed]) -> tuple[list[Signed], list[Signed]]:
        """The same where bounds of logarithms show coordinates that were open."""
        try:
            bounded = list(WithBoundedLogarithms(self.setting, self.rng, self.theta).signs())
        except (UnknownSignError, TooLargeError):
            return found, open_ones
        left = {c: v for c, _, v in reversed(bounded) if v.status is not SignStatus.PROVED}
        shown = {c for c, _, _ in bounded} - left.keys()
        kept = [f for f in found if f[0] not in shown] + [f for f in bounded if f[0] in shown]
        return kept, [(c, clause, _after(v, left.get(c))) for c, clause, v in open_ones if c not in shown]

    def _refuted(self, witness: Witness, region: str = "") -> Verdict:
        return Verdict(Status.REFUTED, self.claim, "exact values", witness=witness, region=region)

    def _region(self, found: Sequence[tuple[Clause, SignVerdict]]) -> str:
        """Where exactly all of these hold, if each is about one variable."""
        if any(v.status is not SignStatus.EXACTLY_WHERE or len(clause) > 1 for clause, v in found):
            return ""
        return " and ".join(dict.fromkeys(self.domain.region(form, v, self.strict) for (form,), v in found))

    def _undecided(self, reason: str) -> Verdict:
        return Verdict(
            Status.UNDECIDED, self.claim, reason=f"no point of the domain was found where it fails; {reason}"
        )


class WithBoundedLogarithms(Inequality):
    """The same where each logarithm stands as it is written, so that log t - log u >= 1 - u/t may be used."""

    whole = True

    def decided(self, clause: Clause) -> SignVerdict:
        """One of the forms is nonnegative everywhere."""
        found = SignVerdict(SignStatus.UNDECIDED)
        for form in clause:
            found = self.domain.bounded(form, self.strict)
            if found.status is SignStatus.PROVED:
                break
        return found


def _after(first: SignVerdict, second: SignVerdict | None) -> SignVerdict:
    """What is undecided by two."""
    if first.status is not SignStatus.UNDECIDED or second is None:
        return first
    return replace(first, tried=(*first.tried, *second.tried))


def _tried(verdict: SignVerdict) -> str:
    seen = (
        "" if verdict.margin is None else f"; the least larger - smaller that was seen is {float(verdict.margin):.3g}"
    )
    return f"not decided by {', '.join(verdict.tried)}{seen}"

"""The quantities of a model at one rational point, as lemmas: each value is what its equations force."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

import sympy as sp

from pgsym.algebra import DualField
from pgsym.certificates.families import OF_OBJECTIVE, WRITERS, rational
from pgsym.certificates.instance import CertifiedModel, table
from pgsym.certificates.sections import UNFOLD, probability_lemma, rewriting, weight_lemma
from pgsym.certificates.terms import number
from pgsym.errors import CertificateError
from pgsym.exact.fields import exact_field
from pgsym.exact.quantities import Quantities
from pgsym.expression.exact import to_expr
from pgsym.model.mdp import State

COMPUTE = f"MDP.Q Q_diff P_pi r_pi dP dr {UNFOLD}"
"""What turns an equation at the point into one between rational numbers."""


class Point:
    """A model without symbols at a point where every exp(theta_i/q_i) is rational: theta_i = q_i log(rational)."""

    def __init__(self, at: CertifiedModel, theta: Mapping[sp.Symbol, sp.Expr]) -> None:
        self.at = at
        self.theta = theta
        q, _ = at.denominators
        if any(at.logit(s, a).constant for s, a in at.pairs):
            raise CertificateError("a logit has a constant, so that probabilities are irrational; a refutation has "
                                   "rational ones. Use logits without constants", where="policy")  # fmt: skip
        self.odds = {p: rational_odds(theta[p], q.get(p, 1)) for p in at.params}
        self.names = {p: f"{name}_0" for p, name in at.params.items()}
        self._families: dict[str, list[str]] = {}

    @property
    def needed(self) -> Iterable[str]:
        """Families of lemmas asked for so far, in order: ``V``, ``dV_theta``, ..."""
        return self._families

    @property
    def compute(self) -> str:
        """`COMPUTE`, with the start distribution where there is one."""
        return f"start {COMPUTE}" if self.at.mdp.start else COMPUTE

    @property
    def args(self) -> str:
        """The point, as arguments."""
        return " ".join(self.names.values())

    def along(self, param: sp.Symbol) -> str:
        """The point with one coordinate replaced by t."""
        return " ".join("t" if p == param else name for p, name in self.names.items())

    # -- numbers --------------------------------------------------------------------------------------------

    @cached_property
    def field(self) -> DualField:
        """Rational numbers with their derivatives by every parameter."""
        at = self.at
        return DualField(exact_field(at.mdp, at.policy, dict(self.theta)), at.policy.params)

    @cached_property
    def quantities(self) -> Quantities:
        """mu, eta, V, h, ... over that field."""
        at = self.at
        return Quantities(at.mdp, at.policy, at.objective, self.field, at.structure)

    def value(self, element: Any) -> Fraction:
        """An element's value."""
        field = self.field
        return rational(field.base.to_sympy(field.value(element)))

    def derivative(self, element: Any, param: sp.Symbol) -> Fraction:
        """Its derivative by one parameter."""
        field = self.field
        found = field.gradient(element)
        return rational(field.base.to_sympy(found[param])) if param in found else Fraction(0)

    def element(self, family: str, state: State) -> Any:
        """V(s), eta(s), mu(s) or h(s) as an element with derivatives; values after the end are 0."""
        q = self.quantities
        if family in ("V", "eta") and state in self.at.ended:
            if family == "V":
                return q.field.zero
            return self._arrivals(state)
        return getattr(q, family)[state]

    def _arrivals(self, state: State) -> Any:
        """eta at a terminal state, which the balance equation there defines."""
        q, zero = self.quantities, self.quantities.field.zero
        total = q.mu0.get(state, zero)
        for s in self.at.acting:
            total = total + q.gamma * q.eta[s] * q.P_pi[s].get(state, zero)
        return total

    # -- lemmas ---------------------------------------------------------------------------------------------

    def need(self, family: str) -> None:
        """Ask for the lemmas of a family: V, eta, mu, h, rbar, or dV_theta, ... for a derivative."""
        if family in self._families:
            return
        kind, _, name = family.partition("_")
        write, before = WRITERS[kind]
        for other in before or OF_OBJECTIVE.get((kind, self.at.objective), ()):
            self.need(f"{other}_{name}" if other.startswith("d") else other)
        self._families[family] = write(self, *(p for p, found in self.at.params.items() if found == name))

    def text(self) -> str:
        """All lemmas asked for."""
        return "\n\n".join("\n".join(self._families[family]) for family in self.needed)

    def entries(self, family: str, values: Callable[[State], Fraction]) -> list[str]:
        """A table of numbers, by state."""
        rows = [((self.at.state(s),), number(values(s)) if values(s) else "0") for s in self.at.order]
        return [f"Definition {family}_number (s : nat) : R :=", table(rows, ["s"]) + "."]

    def places(self, family: str) -> Iterator[str]:
        """One equation for each state, for rewriting."""
        for k, s in enumerate(map(self.at.state, self.at.order)):
            yield f"Lemma {family}_at_{s} : ({family}_at {self.args}) {s} = {family}_number {s}."
            yield f"Proof. exact ({family}_point {k}%nat ltac:(cbn; lia)). Qed."

    def numbers(self, family: str) -> str:
        """The tactic that puts numbers for a family's values."""
        listed = ", ".join(f"?{family}_at_{self.at.state(s)}" for s in self.at.order)
        return f"rewrite {listed}; cbv beta iota delta [{family}_number]"


def rational_odds(value: sp.Expr, q: int) -> Fraction:
    """exp(theta/q) as a rational number.

    >>> rational_odds(2 * sp.log(3), 1), rational_odds(-sp.log(3), 1), rational_odds(sp.Integer(0), 2)
    (Fraction(9, 1), Fraction(1, 3), Fraction(1, 1))
    """
    found = sp.exp(sp.expand_log(to_expr(value) / q, force=True))
    found = sp.simplify(found)
    if not isinstance(found, sp.Rational):
        raise CertificateError(
            f"found exp({value}/{q}), which is not rational; a refutation has rational numbers. Give logarithms of "
            "rational numbers",
            where="theta",
        )
    return Fraction(int(found.p), int(found.q))


def policy_lemmas(point: Point) -> str:
    """The point, and the probabilities there."""
    at, args = point.at, point.args
    q, _ = at.denominators
    parts = [f"Definition {name} : R := {q.get(p, 1)} * ln {number(point.odds[p])}." for p, name in point.names.items()]
    unfold = " ".join(["logit", *point.names.values()])
    for s, a in at.pairs:
        powers = [(point.odds[p], int(c * q[p])) for p, c in at.logit(s, a).coefficients]
        value = number(prod((odds**n for odds, n in powers), start=Fraction(1)))
        logs = [f"IZR {number(Fraction(n))} * ln {number(odds)}" for odds, n in powers]
        step = "rewrite ?exp_plus, !power_of_ln by lra. simpl. field."
        parts += weight_lemma(f"weight_{at.action(s, a)}", f"logit {args} {at.pair(s, a)}", value, logs, unfold, step)
    for s, a in at.pairs:
        value = number(point.value(point.quantities.pi[s][a]))
        weights = [f"weight_{at.action(s, b)}" for b in at.actions(s)]
        parts += probability_lemma(f"pi_{at.action(s, a)}", f"pi_at {args} {at.pair(s, a)}", value, weights, ". field.")
    return "\n".join([*parts, "", rewriting("policy_numbers", "pi", at)])

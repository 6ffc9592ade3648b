"""Certificates of inequalities: the claim about a model's quantities, for every theta, by what decided its signs."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product
from typing import Any

import sympy as sp

from pgsym.certificates.closed import CoqForms
from pgsym.certificates.instance import CertifiedModel, total
from pgsym.certificates.sections import UNFOLD
from pgsym.certificates.sides import InequalityTranslation, derivative_of_J, of_the_model
from pgsym.certificates.signs import MATRICES, TACTICS, SignLemmas, power, refusal
from pgsym.certificates.terms import comment, number, tight
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.counterexample import Coordinate
from pgsym.claims.inequalities import Inequality
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import RELATIONS
from pgsym.claims.order_domain import OrderDomain
from pgsym.claims.witness import side
from pgsym.expression.linear import Linear
from pgsym.model.validate import assumed
from pgsym.order import SignStatus
from pgsym.order.certificates import FactoredSign
from pgsym.order.kinds import Extent
from pgsym.order.polynomials import Polynomial, context, read, substitute


class InequalityTheorems:
    """One theorem for each coordinate of a claim that is proved, and the lemmas about signs that it rests on."""

    def __init__(self, at: CertifiedModel, setting: BoundClaim, forms: CoqForms) -> None:
        self.at, self.setting, self.forms = at, setting, forms
        self.relation = RELATIONS[setting.claim.relation]
        self.order = 0 if not setting.uses(t.Grad) else max(setting.rank, 1)
        """Up to which order derivatives of J are needed."""
        self.inequality = Inequality(setting, random.Random(0), None)
        self.domain: OrderDomain = self.inequality.domain
        self.gamma: int | None = None
        values = [s for table in setting.functions.values() for s in table.values()]
        self.functions = {s: at.names.give("f_", s.name, f"{s}, a value of an arbitrary function") for s in values}
        """Names of the values of arbitrary functions."""
        self.positive: list[sp.Symbol] = []
        """Symbols of the model that are assumed to be positive."""
        self.extents: list[Extent] = []
        self.names = [self._name(k, g) for k, g in enumerate(self.domain.generators)]
        if left := at.symbols.keys() - at.mdp.gamma.free_symbols - set(self.domain.generators):
            raise refusal(f"the symbol {min(map(str, left))}, which stands in no closed form")
        self.signs = SignLemmas(self.extents)
        self.theorems: list[str] = []

    def _name(self, k: int, g: sp.Expr) -> str:
        """What a generator of closed forms is called in the proof, and where it ranges."""
        moved = list(self.domain.kinds)[k] != g
        if g in self.functions and not moved:
            self.extents.append(Extent.LINE)
            return self.functions[g]
        if isinstance(g, sp.exp) and len(form := Linear.from_sympy(g.args[0]).coefficients) == 1:
            ((p, c),) = form
            if c == Fraction(1, self.forms.q.get(p, 1)):
                self.extents.append(Extent.OPEN)
                return self.forms.generators[p].name
        if g == self.at.mdp.gamma and not moved:
            self.gamma = k
            self.extents.append(Extent.CLOSED)
            return self.at.symbols[g]
        positive = g.is_positive or any((g, True) in a.inequalities for a in assumed(self.at.mdp))
        in_moves = any(p.has(g) for p in self.at.probabilities)
        if positive and g in self.at.symbols and not moved and not in_moves:
            self.extents.append(Extent.OPEN)
            self.positive.append(g)
            return self.at.symbols[g]
        raise refusal(f"{g} in a closed form")

    def section(self) -> str:
        """The closed forms of J and V, or mu, and the claim."""
        return self.forms.section(self._claimed, order=self.order)

    def _claimed(self) -> list[str]:
        """The lemmas and theorems, within the section of closed forms."""
        differences: dict[Coordinate, list[tuple[str, str]]] = {}
        for coordinate, clause in self.inequality.clauses():
            found = differences.setdefault(coordinate, [])
            shown = [e for e in clause if len(clause) == 1 or self.domain.sign(e) == 1]
            if not shown:
                raise refusal("the largest of several values")
            found += (self._difference(element) for element in shown)
        statement = InequalityTranslation(self.forms, self.setting, self.functions)
        if self.setting.rank == 2:
            self._matrices(statement, {c: found for c, (found,) in differences.items()})
        for coordinate, found in differences.items() if self.setting.rank < 2 else ():
            self._theorem(statement, coordinate, found)
        strictly = "<" if self.relation.strict else "<="
        rule = f"Lemma ordered a b d : 0 {strictly} d -> b - a = d -> a {strictly} b.\nProof. lra. Qed."
        rule += f"\n\n{MATRICES}" if self.setting.rank == 2 else ""
        variables = [f"Variables {' '.join(self.functions.values())} : R."] if self.functions else []
        given = [f"Hypothesis {self.at.symbols[s]}_positive : 0 < {self.at.symbols[s]}." for s in self.positive]
        return [*variables, *given, "", TACTICS, "", rule, *(f"\n{lemma}" for lemma in self.signs.lemmas), "",
                self._numbers(), *(f"\n{theorem}" for theorem in self.theorems)]  # fmt: skip

    def _difference(self, element: Any) -> tuple[str, str]:
        """Larger less smaller side, as a product of what has a sign, and the tactics that show these signs."""
        strict, field = self.relation.strict, self.inequality.meaning.tower.field(0)
        value = field.number_in(element)
        if value is not None:
            return number(Fraction(int(value.p), int(value.q)) if hasattr(value, "p") else Fraction(value)), ""
        verdict = self.domain.decide(element, strict)
        if verdict.status is not SignStatus.PROVED or not isinstance(verdict.certificate, FactoredSign):
            raise refusal("a sign that holds only under the assumptions on the symbols")
        n = len(self.names)
        above, below = read(element.numerator, n), read(element.denominator(), n)
        one = context(n).constant(1)
        products, shown = {False: one, True: one}, {False: list[str](), True: list[str]()}
        known: list[str] = []
        for f in map(self.signs.below_a_square, verdict.certificate.factors):
            u = f.sign * f.polynomial
            q = self._homogeneous(u)
            text = self.signs.text(q, self.names)
            products[f.below] = products[f.below] * q**f.power
            shown[f.below].append(power(text, f.power, even=f.certificate is None))
            if f.certificate is not None:
                positive = strict or f.below
                known.append(self._sign(text, u, self.signs.show(f.certificate, u, positive), positive))
        if self.gamma is not None:
            rest = 1 - context(n).gens()[self.gamma]
            k = (_degree(above, self.gamma) - _degree(products[False], self.gamma)) - (
                _degree(below, self.gamma) - _degree(products[True], self.gamma)
            )
            if k:
                products[k < 0] = products[k < 0] * rest ** abs(k)
                shown[k < 0].append(power(f"1 - {self.names[self.gamma]}", abs(k)))
        left, right = above * products[True], below * products[False]
        constant = Fraction(int(left.leading_coefficient()), int(right.leading_coefficient()))
        if left * constant.denominator != right * constant.numerator:
            raise refusal("a factor of both numerator and denominator")
        text = " * ".join([number(constant), *shown[False]])
        return (f"{text} / ({' * '.join(shown[True])})" if shown[True] else text), " ".join(known)

    def _homogeneous(self, p: Polynomial) -> Polynomial:
        """A polynomial in u = gamma/(1 - gamma) as one in gamma, times a power of 1 - gamma."""
        if self.gamma is None:
            return p
        gamma = p.context().gens()[self.gamma]
        return substitute(p, self.gamma, gamma, 1 - gamma)

    def _sign(self, text: str, p: Polynomial, lemma: str, positive: bool) -> str:
        """The sign of a factor, by its lemma at u = gamma/(1 - gamma)."""
        head = f"assert (0 {'<' if positive else '<='} {text})"
        if self.gamma is None:
            return f"{head} by (apply ({lemma} {' '.join(self.names)}); assumption)."
        gamma, known = self.names[self.gamma], f"{lemma}_holds"
        values = [f"({gamma} / (1 - {gamma}))" if k == self.gamma else name for k, name in enumerate(self.names)]
        bounded = [side for side in self.extents if side is not Extent.LINE]
        k = max(_degree(p, self.gamma), 0)
        signs = " ".join(["ltac:(at_signs)"] * len(bounded))
        return (
            f"{head} by (pose proof ({lemma} {' '.join(values)} {signs}) as {known}; "
            f"replace ({text}) with ((1 - {gamma}) ^ {k} * ({self.signs.text(p, values)})) by (field; lra); signs)."
        )

    def _numbers(self) -> str:
        """The tactic that puts closed forms, in the exponentials, for what the claim is about."""
        at, family = self.at, self.forms.family
        place = f"closed_form_{family} {at.args}".strip()
        rules = ["?closed_form_J", *(f"?({place} {k}%nat ltac:(lia))" for k in range(len(at.order)))]
        used = at.params if self.order else {}
        derivatives = [
            f"Lemma value_{name} : {derivative_of_J(at, p)} = {self.forms.applied(f'closed_gradient_{name}')}.\n"
            f"Proof. exact (is_derive_unique _ _ _ (closed_form_gradient_{name} {at.args})). Qed.\n\n"
            for p, name in used.items()
        ]
        second = [f"{p}_{q}" for p, q in product(used.values(), repeat=2)] if self.order > 1 else []
        rules = (
            [f"?closed_form_hessian_{pair}" for pair in second] + [f"?value_{name}" for name in used.values()] + rules
        )
        forms = " ".join(["closed_J", f"closed_{family}", *(f"closed_gradient_{name}" for name in used.values()),
                          *(f"closed_hessian_{pair}" for pair in second)])  # fmt: skip
        return "".join(derivatives) + (
            f"Ltac claim_numbers := cbv beta iota delta [MDP.Q {UNFOLD}]; rewrite {', '.join(rules)};\n"
            f"  cbv beta iota delta [{forms}]; extremes; closed_policy; {self.forms.positivity()}.\n"
            "Ltac identity := field; repeat split; first [apply Rgt_not_eq; assumption | nonzero].\n"
            "Ltac at_signs := first [assumption | apply Rdiv_le_0_compat; lra]."
        )

    def _matrices(self, statement: InequalityTranslation, minors: dict[Coordinate, tuple[str, str]]) -> None:
        """One theorem about quadratic forms for each assignment of the free indices, by blocks of one or two."""
        if self.relation.strict or self.gamma is not None:
            raise refusal("a strict order of matrices, or one for every gamma")
        claim, params = self.setting.claim, self.setting.policy.params
        left, right = (side(self.inequality.meaning, self.setting, n, params) for n in (claim.left, claim.right))
        larger, smaller = (left, right) if self.relation.larger == "left" else (right, left)
        vector = {p: f"direction_{k}" for k, p in enumerate(params, 1)}
        for places in dict.fromkeys(c.places for c in minors):
            forms, steps = [], [f"intros {' '.join(vector.values())}. claim_numbers."]
            for block in dict.fromkeys(c.parameters for c in minors if c.places == places):
                if len(block) > 2:
                    raise refusal("a matrix with more than two parameters that zeros do not separate")
                entry = {
                    (p, q): self._written(larger[c] - smaller[c])
                    for p, q in product(block, repeat=2) for c in [Coordinate(places, (p, q))]
                }  # fmt: skip
                signs = [minors[Coordinate(places, block, k)] for k in range(1, len(block) + 1)]
                p, q = block[0], block[-1]
                x, y = vector[p], vector[q]
                shown = [f"{_chained(known)}apply (shown _ ({d})); [signs | identity]" for d, known in signs]
                if p == q:
                    forms.append(f"{entry[p, p]} * {x} ^ 2")
                    rule = f"apply Rmult_le_pos; [{shown[0]} | apply pow2_ge_0]"
                else:
                    forms.append(f"({entry[p, p]} * {x} ^ 2 + 2 * {entry[p, q]} * {x} * {y} + {entry[q, q]} * {y} ^ 2)")
                    rule = f"apply semidefinite; [{shown[0]} | {shown[1]}]"
                steps.append(f"assert (0 <= {forms[-1]}) by ({rule}).")
            steps.append(f"apply (ordered _ _ ({' + '.join(forms)})); [lra | identity].")
            if self.relation.larger == "left":
                steps.insert(1, "apply Rle_ge.")
            texts: list[list[str]] = [[], []]
            for p, q in product(params, repeat=2):
                for text, written in zip(texts, statement.sides(claim, Coordinate(places, (p, q))), strict=True):
                    text.append(f"{vector[p]} * {tight(written)} * {vector[q]}")
            body = "\n".join(f"  {step}" for step in steps)
            self.theorems.append(
                f"Theorem claim_{len(self.theorems) + 1} : forall {' '.join(vector.values())} : R,\n"
                f"  {total(texts[0])} {claim.relation} {total(texts[1])}.\nProof.\n{body}\nQed."
            )

    def _written(self, element: Any) -> str:
        """A closed form in the generators."""
        n = len(self.names)
        above, below = (self.signs.text(read(p, n), self.names) for p in (element.numerator, element.denominator()))
        return f"(({above}) / ({below}))"

    def _theorem(self, statement: InequalityTranslation, coordinate: Coordinate, found: list[tuple[str, str]]) -> None:
        claim = self.setting.claim
        left, right = statement.sides(claim, coordinate)
        strict, turned = self.relation.strict, self.relation.larger == "left"
        larger, smaller = (claim.left, claim.right) if turned else (claim.right, claim.left)
        if isinstance(larger, t.Abs) and not of_the_model(larger):
            raise refusal("abs(..) inside a side")
        steps = ["pose proof discount_range as range. unfold discount in range."]
        if turned:
            steps.append(f"apply {'Rlt_gt' if strict else 'Rle_ge'}.")
        if isinstance(smaller, t.Abs):
            steps.append("apply Rabs_def1." if strict else "apply Rabs_le; split.")
        cases = [f"solve [claim_numbers; {_chained(known)}apply (ordered _ _ ({d})); [signs | identity]]"
                 for d, known in found]  # fmt: skip
        steps.append(f"all: first [{' | '.join(cases)}].")
        name = f"claim_{len(self.theorems) + 1}"
        about = f"(* {comment(str(coordinate))} *)\n" if coordinate.places or coordinate.parameters else ""
        body = "\n".join(f"  {step}" for step in steps)
        self.theorems.append(f"{about}Theorem {name} : {left} {claim.relation} {right}.\nProof.\n{body}\nQed.")


def _degree(p: Polynomial, k: int) -> int:
    return max(int(p.degrees()[k]), 0)


def _chained(steps: str) -> str:
    """Sentences as one tactic."""
    return steps.replace(").", ");") + " " if steps else ""

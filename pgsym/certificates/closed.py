"""pgsym's own closed forms in a certificate: of J, of its derivatives, and of V or mu, from which J follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property
from itertools import product

import sympy as sp

from pgsym.certificates.instance import CertifiedModel, table
from pgsym.certificates.positive import Shown, Simplex, visibly_positive
from pgsym.certificates.sections import UNFOLD, expressions, probability_lemma, rewriting, weight_lemma
from pgsym.certificates.terms import Terms, number
from pgsym.errors import TooLargeError
from pgsym.exact import solve
from pgsym.exact.solution import Solution
from pgsym.expression.linear import Linear
from pgsym.limits import CLOSED_FORM_TERMS
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem

CHARACTERS = 7000
"""Closed forms are certified if they are no longer than this together; of two states, always."""

TERMS = 300
"""Polynomials of closed forms that are tried have no more terms."""


def closed_section(at: CertifiedModel, wanted: bool | None) -> str | None:
    """Theorems that J, its derivatives, and V or mu are pgsym's closed forms; None where they are too large, or a
    denominator is not seen to be positive.  By default (`wanted` None) they are written where they are short.
    """
    if wanted is False or any(e.has(sp.exp, sp.E) for e in expressions(at)):
        return None
    always = wanted or len(at.acting) <= 2
    try:
        solution = solve(Problem(at.mdp, at.policy, at.objective), budget=CLOSED_FORM_TERMS if always else TERMS)
        forms = CoqForms(at, solution)
    except TooLargeError:
        return None
    if not (always or forms.length <= CHARACTERS) or not forms.shown:
        return None
    return forms.section()


class CoqForms:
    """The closed forms of one solution, in the generators x_i = exp(theta_i/q_i), and exp(1/q_0) where logits have
    constants.
    """

    def __init__(self, at: CertifiedModel, solution: Solution) -> None:
        self.at = at
        powers, root = at.denominators
        self.q: dict[sp.Expr, int] = {**powers, sp.E: root}
        self.generators: dict[sp.Expr, sp.Symbol] = {p: sp.Symbol(f"x_{name}") for p, name in at.params.items()}
        if any(at.logit(s, a).constant for s, a in at.pairs):
            self.generators[sp.E] = sp.Symbol("x_0")
        self.terms = Terms(at.symbols | {x: x.name for x in self.generators.values()})
        self.names = " ".join(x.name for x in self.generators.values())
        self.denominators: list[str] = []
        """Lemmas that a denominator is not 0."""
        self.average = at.objective is Objective.AVERAGE_REWARD
        self.family = "mu" if self.average else "V"
        values = solution.mu if self.average else solution.V
        self.values = {s: self._in_generators(values[s]) if s in values else sp.Integer(0) for s in at.order}
        self.J = self._in_generators(solution.J)
        self.gradient = {p: self._in_generators(solution.grad[p]) for p in at.params}

    @cached_property
    def positive(self) -> dict[sp.Expr, Shown | None]:
        """Every factor of a denominator, as a sum of terms that are not negative."""
        simplices = self._simplices()
        return {f: visibly_positive(f, set(self.generators.values()), simplices) for f in self._factors()}

    @property
    def shown(self) -> bool:
        """Whether every denominator is seen not to vanish."""
        return all(shown is not None for shown in self.positive.values())

    @property
    def length(self) -> int:
        """Characters of all formulas."""
        return sum(len(str(e)) for e in (*self.values.values(), self.J, *self.gradient.values()))

    def _in_generators(self, expr: sp.Expr) -> sp.Expr:
        """exp(sum c_i theta_i) as a product of powers of the generators."""
        found = expr.replace(sp.exp, lambda form: self._monomial(Linear.from_sympy(form)))
        return found.subs(sp.E, self._monomial(Linear.of({}, Fraction(1)))) if found.has(sp.E) else found

    def _monomial(self, form: Linear) -> sp.Expr:
        return sp.Mul(*(self.generators[p] ** n for p, n in self._powers(form)))

    def _powers(self, form: Linear) -> list[tuple[sp.Expr, int]]:
        """The powers of the generators in exp(form), by what each is the exponential of."""
        constant = [(sp.E, int(form.constant * self.q[sp.E]))] if form.constant else []
        return [(p, int(c * self.q.get(p, 1))) for p, c in form.coefficients] + constant

    # -- text -----------------------------------------------------------------------------------------------

    @property
    def binders(self) -> str:
        """As bound variables."""
        return f" ({self.names} : R)" if self.generators else ""

    def exponentials(self, renamed: Mapping[sp.Symbol, str] | None = None) -> list[str]:
        """exp(theta_i/q_i), for every parameter."""
        return [f"(exp {self._scaled(p, renamed)})" for p in self.generators]

    def _scaled(self, p: sp.Expr, renamed: Mapping[sp.Symbol, str] | None = None) -> str:
        """theta_i/q_i, or 1/q_0."""
        name = (self.at.params | dict(renamed or {})).get(p, "1")
        return name if self.q.get(p, 1) == 1 else f"({name} / {self.q[p]})"

    def applied(self, function: str, renamed: Mapping[sp.Symbol, str] | None = None) -> str:
        """A function of the exponentials."""
        return " ".join([function, *self.exponentials(renamed)])

    def section(self, claimed: Callable[[], list[str]] | None = None, *, order: int = 1) -> str:
        """The definitions and theorems, derivatives of J up to an order, and what is claimed."""
        at, family = self.at, self.family
        rows = [((at.state(s),), self.terms.write(e)) for s, e in self.values.items()]
        parts = [
            "(* -- 5. The closed forms that pgsym prints, in x = exp(theta) " + "-" * 39 + " *)",
            "",
            f"Definition closed_{family}{self.binders} (s : nat) : R :=",
            table(rows, ["s"]) + ".",
            "",
            f"Definition closed_J{self.binders} : R :=",
            f"  {self.terms.write(self.J)}.",
        ]
        for p, name in at.params.items() if order else ():
            parts += ["", f"Definition closed_gradient_{name}{self.binders} : R :=",
                      f"  {self.terms.write(self.gradient[p])}."]  # fmt: skip
        parts += ["", *self._denominators(), "", "Section Closed.",
                  *([f"Variables {at.args} : R."] if at.params else [])]  # fmt: skip
        parts += [
            *self._policy(),
            "",
            *self._solved(),
            "",
            *self._objective(),
            "",
            "End Closed.",
        ]
        for p in at.params if order else ():
            parts += ["", *self._derivative(p)]
        for p, q in product(at.params, repeat=2) if order > 1 else ():
            parts += ["", *self._second_derivative(p, q)]
        if claimed is not None:
            parts += ["", "Section Claims.", *([f"Variables {at.args} : R."] if at.params else []),
                      rewriting("closed_policy", "closed_pi", at), *claimed(), "", "End Claims."]  # fmt: skip
        return "\n".join(parts)

    def _denominators(self) -> list[str]:
        """That no denominator vanishes."""
        found: list[str] = []
        names: list[str] = []
        bound = f"forall {self.names} : R, " if self.generators else ""
        positive = "".join(f"0 < {x.name} -> " for x in self.generators.values())
        for factor in self._factors():
            names.append(f"denominator_{len(names) + 1}")
            shown = self.positive[factor]
            assert shown is not None
            polynomial = self.terms.write(factor)
            made = " + ".join(self.terms.factor(term) for term in shown.terms)
            found += [
                f"Lemma {names[-1]} : {bound}{positive}{polynomial} <> 0.",
                "Proof.",
                "  intros. pose proof discount_range. unfold discount in *. intro Z.",
                f"  assert (0 < {made}) by positive.",
                f"  assert (E : {made} = {'- ' if shown.sign < 0 else ''}({self.terms.write(shown.multiplier)})"
                f" * ({polynomial})) by ring.",
                "  rewrite Z in E. lra.",
                "Qed.",
            ]
        self.denominators = names
        tactic = [
            "(* A denominator is positive, a product, or one of those above up to its sign. *)",
            "Ltac nonzero := repeat split; try exact I; first [assumption | apply not_eq_sym, Rlt_not_eq; positive |",
            "  match goal with H : ?d <> 0 |- _ => let Z := fresh in intro Z; apply H;",
            "    first [rewrite <- Z; ring | rewrite <- Ropp_0, <- Z; ring] end |",
            "  apply Rmult_integral_contrapositive_currified; nonzero | apply pow_nonzero; nonzero].",
        ]
        return [*found, *tactic]

    def _factors(self) -> list[sp.Expr]:
        found: dict[sp.Expr, None] = {}
        for e in (*self.values.values(), self.J, *self.gradient.values()):
            _, below = sp.fraction(sp.together(e))
            for factor, _ in sp.factor_list(below)[1]:
                if not factor.is_Symbol:
                    found[factor] = None
        return list(found)

    def _simplices(self) -> list[Simplex]:
        """The discount factor and 1 minus it; rows of probabilities; each symbol in one of them."""
        at, found = self.at, []
        taken: set[sp.Symbol] = set()
        if at.mdp.gamma.is_Symbol:
            found.append(Simplex((at.mdp.gamma,), (False, not self.average)))
            taken.add(at.mdp.gamma)
        rows = [tuple(p for p in at.row(s, a).values() if p.is_Symbol) for s, a in at.pairs]
        full = [row for row, (s, a) in zip(rows, at.pairs, strict=True) if len(row) == len(at.row(s, a)) - 1]
        for row in (*full, *((p,) for p in at.probabilities if p.is_Symbol)):
            if row and not taken & set(row):
                found.append(Simplex(row, tuple(p in at.strict for p in (*row, 1 - sp.Add(*row)))))
                taken |= set(row)
        return found

    def positivity(self) -> str:
        """Facts about the exponentials, which become variables."""
        steps = []
        for x, e in zip(self.generators.values(), self.exponentials(), strict=True):
            inner = e[len("(exp ") : -1]
            steps.append(f"pose proof (exp_pos {inner}); set ({x.name} := exp {inner}) in *; clearbody {x.name}")
        if self.denominators:
            facts = " ".join(["ltac:(assumption)"] * len(self.generators))
            steps += [f"pose proof ({name} {self.names} {facts})" for name in self.denominators]
        return "; ".join(steps) or "idtac"

    def _policy(self) -> list[str]:
        at = self.at
        value = {p: sp.Symbol(e) for p, e in zip(self.generators, self.exponentials(), strict=True)}
        terms = Terms({s: s.name for s in value.values()})
        powers = {(s, a): self._powers(at.logit(s, a)) for s, a in at.pairs}
        weights = {pair: terms.write(sp.Mul(*(value[p] ** n for p, n in found))) for pair, found in powers.items()}
        steps = [
            "rewrite ?exp_plus, !exp_IZR_mult. simpl powerRZ. cbn [Pos.to_nat Pos.iter_op Nat.add pow].",
            f"{self.positivity()}. field; repeat split; apply Rgt_not_eq; assumption.",
        ]
        found: list[str] = []
        for (s, a), weight in weights.items():
            logs = [f"IZR {number(Fraction(n))} * {self._scaled(p)}" for p, n in powers[s, a]]
            name, logit = f"closed_weight_{at.action(s, a)}", f"logit {at.args} {at.pair(s, a)}"
            found += weight_lemma(name, logit, weight, logs, "logit", *steps)
        shown = {pair: f"({weight})" if "/" in weight else weight for pair, weight in weights.items()}
        for s, a in at.pairs:
            ratio = f"({shown[s, a]}) / ({' + '.join(shown[s, b] for b in at.actions(s))})"
            rules = [f"closed_weight_{at.action(s, b)}" for b in at.actions(s)]
            name, probability = f"closed_pi_{at.action(s, a)}", f"pi_at {at.args} {at.pair(s, a)}"
            found += probability_lemma(name, probability, ratio, rules, ", Rplus_0_l. reflexivity.")
        return [*found, "", rewriting("closed_policy", "closed_pi", at)]

    def _solved(self) -> list[str]:
        at, n, family = self.at, len(self.at.order), self.family
        closed = f"({self.applied(f'closed_{family}')})"
        head = [
            f"Theorem closed_form_{family} : forall s, (s < {n})%nat -> {family}_at {at.args} s = "
            f"{self.applied(f'closed_{family}')} s.",
            "Proof.",
            "  intros s Hs. symmetry. revert s Hs.",
        ]
        finish = f"closed_policy; {self.positivity()}; (field; nonzero)"
        if self.average:
            facts = f"model {n - 1}%nat eq_refl acts (pi_at {at.args}) (pi_policy {at.args}) (pi_returns {at.args})"
            return [
                *head,
                f"  apply (stationary_unique {facts} {closed}). split.",
                f"  - cbv beta iota delta [{UNFOLD} closed_mu]. {self.positivity()}. field; nonzero.",
                f"  - intros s Hs. change (s < {n})%nat in Hs.",
                f"    each s; cbv beta iota delta [P_pi {UNFOLD} closed_mu]; {finish}.",
                "Qed.",
            ]
        return [
            *head,
            f"  apply (Bellman_unique model (pi_at {at.args}) {closed} (pi_policy {at.args}) (pi_ends {at.args})).",
            f"  intros s Hs. change (s < {n})%nat in Hs.",
            f"  each s; cbv beta iota delta [MDP.Q {UNFOLD} closed_V]; {finish}.",
            "Qed.",
        ]

    def _objective(self) -> list[str]:
        at = self.at
        values = [f"rewrite (closed_form_{self.family} {k}%nat ltac:(lia))" for k, s in enumerate(at.order)
                  if self.average or s in at.mdp.start]  # fmt: skip
        name = "rbar" if self.average else "J"
        unfolded = (
            f"unfold rbar, average. change (stationary _ _ (pi_at {at.args})) with (mu_at {at.args}).\n"
            f"  cbv beta iota delta [r_pi {UNFOLD}]." if self.average else "unfold J."
        )  # fmt: skip
        return [
            f"Theorem closed_form_J : {name} {at.args} = {self.applied('closed_J')}.",
            "Proof.",
            f"  {unfolded}",
            f"  {'. '.join(values)}.",
            f"  cbv beta iota delta [closed_{self.family} closed_J]. closed_policy. {self.positivity()}.",
            "  field; nonzero.",
            "Qed.",
        ]

    def _derivative(self, param: sp.Symbol) -> list[str]:
        at = self.at
        name, along = at.params[param], at.along(param)
        function = "rbar" if self.average else "J"
        moved = self.applied("closed_J", {param: "t"})
        return [
            f"Theorem closed_form_gradient_{name}{at.binders} : is_derive (fun t => {function} {along}) {name}",
            f"  ({self.applied(f'closed_gradient_{name}')}).",
            "Proof.",
            f"  apply (is_derive_ext (fun t => {moved})).",
            f"  {{ intro t. symmetry. exact (closed_form_J {along}). }}",
            *self._differentiated("closed_J", f"closed_gradient_{name}"),
            "Qed.",
        ]

    def _second_derivative(self, p: sp.Symbol, q: sp.Symbol) -> list[str]:
        """The derivative along p of the one along q."""
        at, x = self.at, self.generators[p]
        name, inner = f"closed_hessian_{at.params[p]}_{at.params[q]}", f"closed_form_gradient_{at.params[q]}"
        value = sp.factor(x * sp.diff(self.gradient[q], x) / self.q.get(p, 1))
        moved = self.applied(f"closed_gradient_{at.params[q]}", {p: "t"})
        return [
            f"Definition {name}{self.binders} : R :=",
            f"  {self.terms.write(value)}.",
            "",
            f"Theorem closed_form_{name.removeprefix('closed_')}{at.binders} :",
            f"  {self.second_derivative(p, q)} = {self.applied(name)}.",
            "Proof.",
            f"  apply is_derive_unique, (is_derive_ext (fun t => {moved})).",
            f"  {{ intro t. symmetry. exact (is_derive_unique _ _ _ ({inner} {at.along(p)})). }}",
            *self._differentiated(f"closed_gradient_{at.params[q]}", name),
            "Qed.",
        ]

    def second_derivative(self, p: sp.Symbol, q: sp.Symbol) -> str:
        """The derivative along p of the derivative of J or rbar along q."""
        at, function = self.at, "rbar" if self.average else "J"
        inner = " ".join("t'" if r == q else "t" if r == p else name for r, name in at.params.items())
        return (
            f"Derive (fun t => Derive (fun t' => {function} {inner}) {'t' if p == q else at.params[q]}) {at.params[p]}"
        )

    def _differentiated(self, form: str, derivative: str) -> list[str]:
        """That one closed form is the derivative of another."""
        clear = self.positivity().replace(" / ", " * / ")
        return [f"  unfold {form}, {derivative}. auto_derive; unfold Rdiv; {clear}; [nonzero | field; nonzero]."]

"""The certificates of both forms of the theorem: values, occupancies, Q, and the derivative of J by every parameter.

For the start-state form these are V, eta and J; for the average-reward form h, mu and rbar.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from pgsym.certificates.instance import CertifiedModel, total, weighted
from pgsym.certificates.sections import bellman_lemma, definition, proper_lemma
from pgsym.model.mdp import Action, State
from pgsym.model.objective import Objective


def solution_section(at: CertifiedModel) -> str:
    """Values and occupancies by elimination; their equations, written out; the theorem."""
    return "\n".join(_average(at) if at.objective is Objective.AVERAGE_REWARD else _start_state(at))


def _start_state(at: CertifiedModel) -> list[str]:
    """V and eta by elimination; Bellman's and the balance equations, written out."""
    n, args = len(at.order), at.args
    j = total(weighted(p, at.factor(p), f"V_at {args} {at.state(s)}") for s, p in at.mdp.start.items())
    parts = [
        "(* -- 3. Values and visits " + "-" * 74 + " *)",
        "",
        proper_lemma(at, "ends"),
        "",
        "(* Defined by elimination (Elimination.v); the theorems below say that they are what they should be. *)",
        *(definition(at, family) for family in ("V", "eta")),
        f"Definition J{at.binders} : R := {j}.",
        "",
        *bellman_lemma(at),
        "",
        f"Lemma eta_Balance{at.binders} : Balance model start (pi_at {args}) (eta_at {args}).",
        f"Proof. exact (occupancy_solves_Balance model start _ (pi_policy {args}) (pi_ends {args})). Qed.",
        "",
        f"Lemma J_sum{at.binders} : Σ s < {n}, start s * V_at {args} s = J {args}.".replace("J .", "J."),
        "Proof. unfold J. cbv beta iota delta [sum start]. first [ring | field]. Qed.",
        "",
        "Section Point.",
        *([f"Variables {args} : R."] if at.params else []),
        f"Notation pi := (pi_at {args}).",
        f"Notation V := (V_at {args}).",
        f"Notation eta := (eta_at {args}).",
        f"Notation Q := (MDP.Q model (V_at {args})).",
    ]
    for s, a in at.pairs:
        value = f"{_plus_reward(at, s, a)}{_discounted(at, _next_values(at, s, a, 'V'))}"
        parts += _action_value(at, s, a, value, "by_numbers.")
    parts += _means(at, "Bellman", "V", f"V_Bellman {args}")
    for t in at.order:
        first = [at.factor(at.mdp.start[t])] if t in at.mdp.start else []
        arrivals = _arrivals(at, t, "eta")
        value = total([*first, *([_discounted(at, total(arrivals))] if arrivals else [])])
        parts += _balance(at, "balance", "eta", t, value, f"eta_Balance {args}", "unfold start. by_numbers.")

    def proof(p: sp.Symbol, name: str) -> list[str]:
        along = at.along(p)
        return [
            f"  apply (is_derive_ext (fun t => Σ s < {n}, start s * V_at {along} s)).",
            f"  {{ intro t. exact (J_sum {along}). }}",
            f"  exact (policy_gradient model (fun t => pi_at {along}) (dpi_{name} {args}) {name}",
            f"    (fun t => pi_policy {along}) (fun t => pi_ends {along}) (pi_derive_{name} {args})",
            f"    (fun t => V_at {along}) (fun t => V_Bellman {along})",
            f"    start (eta_at {args}) (eta_Balance {args})).",
        ]

    return [*parts, *_gradients(at, "J", "eta", proof)]


def _average(at: CertifiedModel) -> list[str]:
    """mu, rbar and h by elimination; their equations, written out; the theorem."""
    args = at.args
    base, facts = at.pinned, f"{at.pinned} eq_refl acts"
    parts = [
        "(* -- 3. The stationary distribution and differential values " + "-" * 39 + " *)",
        "",
        proper_lemma(at, "returns"),
        "",
        "(* Defined by elimination (Elimination.v); the theorems below say that they are what they should be. *)",
        *(definition(at, family) for family in ("mu", "rbar", "h")),
        f"Definition Q_at{at.binders} : nat -> nat -> R := Q_diff model (rbar {args}) (h_at {args}).",
        "",
        f"Lemma mu_Stationary{at.binders} : Stationary model (pi_at {args}) (mu_at {args}).",
        f"Proof. exact (stationary_solves {facts} _ (pi_policy {args}) (pi_returns {args})). Qed.",
        "",
        f"Lemma h_Poisson{at.binders} : Poisson model (pi_at {args}) (rbar {args}) (h_at {args}).",
        f"Proof. exact (differential_solves {facts} _ (pi_policy {args}) (pi_returns {args})). Qed.",
        "",
        "Section Point.",
        *([f"Variables {args} : R."] if at.params else []),
        f"Notation pi := (pi_at {args}).",
        f"Notation mu := (mu_at {args}).",
        f"Notation h := (h_at {args}).",
        f"Notation Q := (Q_at {args}).",
    ]
    for t in at.order:
        value = total(_arrivals(at, t, "mu"))
        parts += _balance(at, "stationary", "mu", t, value, f"proj2 (mu_Stationary {args})", "by_numbers.")
    parts += [
        "",
        f"Theorem stationary_one : {total(f'mu {at.state(s)}' for s in at.order)} = 1.",
        "Proof.",
        f"  etransitivity; [|exact (proj1 (mu_Stationary {args}))]. cbv beta iota delta [sum MDP.states model]. ring.",
        "Qed.",
        "",
        "Theorem average_reward :",
        f"  rbar {args} = {_mean_reward(at)}.",
        "Proof.",
        f"  unfold rbar, average. change (stationary {base} pi) with mu.",
        "  by_numbers.",
        "Qed.",
        "",
        f"Theorem h_centred : {total(f'mu {at.state(s)} * h {at.state(s)}' for s in at.order)} = 0.",
        "Proof.",
        f"  etransitivity; [|exact (differential_centred {facts} _ (pi_policy {args}) (pi_returns {args}))].",
        f"  change (differential {base} pi) with h. change (stationary {base} pi) with mu.",
        "  cbv beta iota delta [sum MDP.states model]. ring.",
        "Qed.",
    ]
    for s, a in at.pairs:
        value = f"{_plus_reward(at, s, a)}({_next_values(at, s, a, 'h')}) - rbar {args}"
        parts += _action_value(at, s, a, value, "unfold Q_at. by_numbers.")
    parts += _means(at, "Poisson", "h", f"h_Poisson {args}", f"  change (Q_diff model (rbar {args}) h) with Q.")

    def proof(p: sp.Symbol, name: str) -> list[str]:
        along = at.along(p)
        return [
            f"  exact (policy_gradient_average {facts} (fun t => pi_at {along}) (dpi_{name} {args}) {name}",
            f"    (fun t => pi_policy {along}) (fun t => pi_returns {along}) (pi_derive_{name} {args})",
            f"    (mu_at {args}) (mu_Stationary {args})).",
        ]

    return [*parts, *_gradients(at, "rbar", "mu", proof)]


# -- what both have ------------------------------------------------------------------------------------------


def _action_value(at: CertifiedModel, s: State, a: Action, value: str, proof: str) -> list[str]:
    return ["", f"Theorem Q_{at.action(s, a)} : Q {at.pair(s, a)} =", f"  {value}.", f"Proof. {proof} Qed."]


def _means(at: CertifiedModel, equation: str, family: str, lemma: str, *steps: str) -> list[str]:
    """The value of each state as the mean of its action values."""
    parts = []
    for s in at.order:
        mean = total(f"pi {at.pair(s, a)} * Q {at.pair(s, a)}" for a in at.actions(s))
        parts += [
            "",
            f"Theorem {equation}_{at.state(s)} : {family} {at.state(s)} = {mean}.",
            "Proof.",
            f"  etransitivity; [exact ({lemma} {at.index[s]}%nat ltac:(cbn; lia))|].",
            *steps,
            "  cbv beta iota delta [sum MDP.actions model actions]. ring.",
            "Qed.",
        ]
    return parts


def _balance(
    at: CertifiedModel, equation: str, family: str, target: State, value: str, lemma: str, proof: str
) -> list[str]:
    """The occupancy of a state by what arrives there."""
    return [
        "",
        f"Theorem {equation}_{at.state(target)} : {family} {at.state(target)} =",
        f"  {value}.",
        "Proof.",
        f"  etransitivity; [exact ({lemma} {at.index[target]}%nat ltac:(cbn; lia))|].",
        f"  {proof}",
        "Qed.",
    ]


def _gradients(at: CertifiedModel, J: str, weight: str, proof: Callable[[sp.Symbol, str], list[str]]) -> list[str]:
    """The theorem for each parameter, and the same written out; the end of the section."""
    n, args = len(at.order), at.args
    parts = ["", "(* -- 4. The policy gradient theorem for this model " + "-" * 50 + " *)"]
    for p, name in at.params.items():
        parts += [
            "",
            f"Theorem gradient_{name} : is_derive (fun t => {J} {at.along(p)}) {name}",
            f"  (Σ s < {n}, {weight} s * Σ a < actions s, dpi_{name} {args} s a * Q s a).",
            "Proof.",
            *proof(p, name),
            "Qed.",
            "",
            "(* The same, written out. *)",
            f"Theorem explicit_gradient_{name} : is_derive (fun t => {J} {at.along(p)}) {name}",
            f"  ({_gradient_sum(at, p, weight, 'Q')}).",
            "Proof.",
            f"  evar_last; [exact gradient_{name}|].",
            f"  unfold dpi_{name}, dsoftmax. change (softmax actions (logit {args})) with pi.",
            f"  cbv beta iota delta [sum actions dlogit_{name}]. first [ring | field].",
            "Qed.",
        ]
    return [*parts, "", "End Point."]


def _arrivals(at: CertifiedModel, target: State, family: str) -> list[str]:
    found = []
    for s in at.acting:
        moves = [(a, at.row(s, a)[target]) for a in at.actions(s) if target in at.row(s, a)]
        if moves:
            chance = total(weighted(p, at.factor(p), f"pi {at.pair(s, a)}") for a, p in moves)
            found.append(f"{family} {at.state(s)} * ({chance})")
    return found


def _discounted(at: CertifiedModel, text: str) -> str:
    gamma = at.mdp.gamma
    return text if gamma == 1 else f"{at.factor(gamma)} * ({text})"


def _mean_reward(at: CertifiedModel) -> str:
    found = []
    for s in at.acting:
        earned = [(a, at.reward(s, a)) for a in at.actions(s) if at.reward(s, a) != 0]
        if earned:
            mean = total(weighted(r, at.factor(r), f"pi {at.pair(s, a)}") for a, r in earned)
            found.append(f"mu {at.state(s)} * ({mean})")
    return total(found)


def _next_values(at: CertifiedModel, s: object, a: object, value: str) -> str:
    """sum_s' P(s'|s,a) value(s'), written out."""
    return total(weighted(p, at.factor(p), f"{value} {at.state(t)}") for t, p in at.row(s, a).items())


def _plus_reward(at: CertifiedModel, s: object, a: object) -> str:
    """r(s,a) and a plus sign, unless it is 0."""
    r = at.reward(s, a)
    return "" if r == 0 else f"{at.factor(r)} + "


def _gradient_sum(at: CertifiedModel, param: sp.Symbol, weight: str, quality: str) -> str:
    """The theorem's sum, written out: weights, derivatives of the policy, action values."""
    lines = []
    for s in at.acting:
        slopes = {a: at.slope(s, a, param) for a in at.actions(s)}
        if not any(slopes.values()):
            continue
        mean = total(weighted(c, at.factor(c), f"pi {at.pair(s, a)}") for a, c in slopes.items() if c)
        inner = "\n       + ".join(
            f"pi {at.pair(s, a)} * ({at.write(c)} - ({mean})) * {quality} {at.pair(s, a)}" for a, c in slopes.items()
        )
        lines.append(f"{weight} {at.state(s)} *\n      ({inner})")
    return "\n    + ".join(lines) or "0"

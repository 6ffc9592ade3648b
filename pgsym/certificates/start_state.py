"""The certificate of the start-state form: V, Q, eta, and the derivative of J by every parameter."""

from __future__ import annotations

from pgsym.certificates.instance import CertifiedModel, total, weighted
from pgsym.certificates.sections import gradient_sum, next_values, plus_reward, proper_lemma


def solution_section(at: CertifiedModel) -> str:
    """V and eta by elimination; Bellman's and the balance equations, written out."""
    n, args = len(at.order), at.args
    j = total(weighted(p, at.factor(p), f"V_at {args} {at.state(s)}") for s, p in at.start.items())
    parts = [
        "(* -- 3. Values and visits " + "-" * 74 + " *)",
        "",
        proper_lemma(at, "ends"),
        "",
        "(* Defined by elimination (Elimination.v); the theorems below say that they are what they should be. *)",
        f"Definition V_at{at.binders} : nat -> R := value model (pi_at {args}).",
        f"Definition eta_at{at.binders} : nat -> R := occupancy model start (pi_at {args}).",
        f"Definition J{at.binders} : R := {j}.",
        "",
        f"Lemma V_Bellman{at.binders} : Bellman model (pi_at {args}) (V_at {args}).",
        f"Proof. exact (value_solves_Bellman model _ (pi_policy {args}) (pi_ends {args})). Qed.",
        "",
        f"Lemma eta_Balance{at.binders} : Balance model start (pi_at {args}) (eta_at {args}).",
        f"Proof. exact (occupancy_solves_Balance model start _ (pi_policy {args}) (pi_ends {args})). Qed.",
        "",
        f"Lemma J_sum{at.binders} : Σ s < {n}, start s * V_at {args} s = J {args}.".replace("J .", "J."),
        "Proof. unfold J. cbv beta iota delta [sum start]. first [ring | field]. Qed.",
        "",
        "Section Point.",
        *([f"Variables {args} : R."] if at.params else []),
        *_notations(at),
    ]
    for s in at.acting:
        for a in at.actions(s):
            parts += [
                "",
                f"Theorem Q_{at.label(s, a)} : Q {at.pair(s, a)} =",
                f"  {plus_reward(at, s, a)}{_discounted(at, next_values(at, s, a, 'V'))}.",
                "Proof. by_numbers. Qed.",
            ]
    for s in at.order:
        mean = total(f"pi {at.pair(s, a)} * Q {at.pair(s, a)}" for a in at.actions(s))
        parts += [
            "",
            f"Theorem Bellman_{at.label(s)} : V {at.state(s)} = {mean}.",
            "Proof.",
            f"  etransitivity; [exact (V_Bellman {args} {at.index[s]}%nat ltac:(cbn; lia))|].",
            "  cbv beta iota delta [sum MDP.actions model actions]. ring.",
            "Qed.",
        ]
    for t in at.order:
        parts += [
            "",
            f"Theorem balance_{at.label(t)} : eta {at.state(t)} =",
            f"  {_arrivals(at, t)}.",
            "Proof.",
            f"  etransitivity; [exact (eta_Balance {args} {at.index[t]}%nat ltac:(cbn; lia))|].",
            "  unfold start. by_numbers.",
            "Qed.",
        ]
    parts += [
        "",
        "(* -- 4. The policy gradient theorem for this model " + "-" * 50 + " *)",
    ]
    for p, name in at.params.items():
        parts += [
            "",
            f"Theorem gradient_{name} : is_derive (fun t => J {at.along(p)}) {name}",
            f"  (Σ s < {n}, eta s * Σ a < actions s, dpi_{name} {args} s a * Q s a).",
            "Proof.",
            f"  apply (is_derive_ext (fun t => Σ s < {n}, start s * V_at {at.along(p)} s)).",
            f"  {{ intro t. exact (J_sum {at.along(p)}). }}",
            f"  exact (policy_gradient model (fun t => pi_at {at.along(p)}) (dpi_{name} {args}) {name}",
            f"    (fun t => pi_policy {at.along(p)}) (fun t => pi_ends {at.along(p)}) (pi_derive_{name} {args})",
            f"    (fun t => V_at {at.along(p)}) (fun t => V_Bellman {at.along(p)})",
            f"    start (eta_at {args}) (eta_Balance {args})).",
            "Qed.",
            "",
            "(* The same, written out. *)",
            f"Theorem explicit_gradient_{name} : is_derive (fun t => J {at.along(p)}) {name}",
            f"  ({gradient_sum(at, p, 'eta', 'Q')}).",
            "Proof.",
            f"  evar_last; [exact gradient_{name}|].",
            f"  unfold dpi_{name}, dsoftmax. change (softmax actions (logit {args})) with pi.",
            f"  cbv beta iota delta [sum actions dlogit_{name}]. first [ring | field].",
            "Qed.",
        ]
    parts += ["", "End Point."]
    return "\n".join(parts)


def theorems(at: CertifiedModel) -> list[str]:
    """The names of what is proved."""
    found = [f"Bellman_{at.label(s)}" for s in at.order] + [f"balance_{at.label(s)}" for s in at.order]
    found += [f"Q_{at.label(s, a)}" for s, a in at.pairs]
    for name in at.params.values():
        found += [f"gradient_{name}", f"explicit_gradient_{name}"]
    return found


def _notations(at: CertifiedModel) -> list[str]:
    args = at.args
    return [
        f"Notation pi := (pi_at {args}).",
        f"Notation V := (V_at {args}).",
        f"Notation eta := (eta_at {args}).",
        f"Notation Q := (MDP.Q model (V_at {args})).",
    ]


def _discounted(at: CertifiedModel, text: str) -> str:
    gamma = at.mdp.gamma
    return text if gamma == 1 else f"{at.factor(gamma)} * ({text})"


def _arrivals(at: CertifiedModel, target: object) -> str:
    found = []
    for s in at.acting:
        moves = [(a, at.row(s, a)[target]) for a in at.actions(s) if target in at.row(s, a)]
        if moves:
            chance = total(weighted(p, at.factor(p), f"pi {at.pair(s, a)}") for a, p in moves)
            found.append(f"eta {at.state(s)} * ({chance})")
    first = [at.factor(at.start[target])] if target in at.start else []
    rest = [_discounted(at, total(found))] if found else []
    return total(first + rest)

"""The certificate of the average-reward form: mu, rbar, h, Q, and the derivative of rbar by every parameter."""

from __future__ import annotations

from pgsym.certificates.instance import CertifiedModel, total, weighted
from pgsym.certificates.sections import gradient_sum, next_values, plus_reward, proper_lemma


def solution_section(at: CertifiedModel) -> str:
    """mu, rbar and h by elimination; their equations, written out; the theorem."""
    n, args = len(at.order), at.args
    base = f"model {n - 1}%nat"
    facts = f"{base} eq_refl acts"
    parts = [
        "(* -- 3. The stationary distribution and differential values " + "-" * 39 + " *)",
        "",
        "Lemma acts : forall s, (s < MDP.states model)%nat -> (0 < MDP.actions model s)%nat.",
        f"Proof. intros s Hs. change (s < {n})%nat in Hs. each s; cbn; lia. Qed.",
        "",
        proper_lemma(at, "returns"),
        "",
        "(* Defined by elimination (Elimination.v); the theorems below say that they are what they should be. *)",
        f"Definition mu_at{at.binders} : nat -> R := stationary {base} (pi_at {args}).",
        f"Definition rbar{at.binders} : R := average {base} (pi_at {args}).",
        f"Definition h_at{at.binders} : nat -> R := differential {base} (pi_at {args}).",
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
        parts += [
            "",
            f"Theorem stationary_{at.label(t)} : mu {at.state(t)} =",
            f"  {_arrivals(at, t)}.",
            "Proof.",
            f"  etransitivity; [exact (proj2 (mu_Stationary {args}) {at.index[t]}%nat ltac:(cbn; lia))|].",
            "  by_numbers.",
            "Qed.",
        ]
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
    for s in at.acting:
        for a in at.actions(s):
            parts += [
                "",
                f"Theorem Q_{at.label(s, a)} : Q {at.pair(s, a)} =",
                f"  {plus_reward(at, s, a)}({next_values(at, s, a, 'h')}) - rbar {args}.",
                "Proof. unfold Q_at. by_numbers. Qed.",
            ]
    for s in at.order:
        mean = total(f"pi {at.pair(s, a)} * Q {at.pair(s, a)}" for a in at.actions(s))
        parts += [
            "",
            f"Theorem Poisson_{at.label(s)} : h {at.state(s)} = {mean}.",
            "Proof.",
            f"  etransitivity; [exact (h_Poisson {args} {at.index[s]}%nat ltac:(cbn; lia))|].",
            f"  change (Q_diff model (rbar {args}) h) with Q.",
            "  cbv beta iota delta [sum MDP.actions model actions]. ring.",
            "Qed.",
        ]
    parts += ["", "(* -- 4. The policy gradient theorem for this model " + "-" * 50 + " *)"]
    for p, name in at.params.items():
        parts += [
            "",
            f"Theorem gradient_{name} : is_derive (fun t => rbar {at.along(p)}) {name}",
            f"  (Σ s < {n}, mu s * Σ a < actions s, dpi_{name} {args} s a * Q s a).",
            "Proof.",
            f"  exact (policy_gradient_average {facts} (fun t => pi_at {at.along(p)}) (dpi_{name} {args}) {name}",
            f"    (fun t => pi_policy {at.along(p)}) (fun t => pi_returns {at.along(p)}) (pi_derive_{name} {args})",
            f"    (mu_at {args}) (mu_Stationary {args})).",
            "Qed.",
            "",
            "(* The same, written out. *)",
            f"Theorem explicit_gradient_{name} : is_derive (fun t => rbar {at.along(p)}) {name}",
            f"  ({gradient_sum(at, p, 'mu', 'Q')}).",
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
    found = [f"stationary_{at.label(s)}" for s in at.order] + [f"Poisson_{at.label(s)}" for s in at.order]
    found += [f"Q_{at.label(s, a)}" for s, a in at.pairs]
    found += ["stationary_one", "average_reward", "h_centred"]
    for name in at.params.values():
        found += [f"gradient_{name}", f"explicit_gradient_{name}"]
    return found


def _arrivals(at: CertifiedModel, target: object) -> str:
    found = []
    for s in at.acting:
        moves = [(a, at.row(s, a)[target]) for a in at.actions(s) if target in at.row(s, a)]
        if moves:
            chance = total(weighted(p, at.factor(p), f"pi {at.pair(s, a)}") for a, p in moves)
            found.append(f"mu {at.state(s)} * ({chance})")
    return total(found)


def _mean_reward(at: CertifiedModel) -> str:
    found = []
    for s in at.acting:
        earned = [(a, at.reward(s, a)) for a in at.actions(s) if at.reward(s, a) != 0]
        if earned:
            mean = total(weighted(r, at.factor(r), f"pi {at.pair(s, a)}") for a, r in earned)
            found.append(f"mu {at.state(s)} * ({mean})")
    return total(found)

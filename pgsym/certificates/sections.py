"""The parts that certificates share: the model, its policy, and the first theorems."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sympy as sp

from pgsym.certificates.instance import CertifiedModel, table
from pgsym.certificates.terms import Terms
from pgsym.model.objective import Objective

UNFOLD = "sum MDP.states MDP.actions MDP.P MDP.r MDP.gamma model actions transition reward discount"
"""What computes with the tables of the model."""

IMPORTS = """\
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Pgsym Require Import Sums Elimination MDP Softmax PerformanceDifference PolicyGradient AverageReward Refutation.
Open Scope R_scope.
"""


def model_section(at: CertifiedModel) -> str:
    """States, actions, P, r, mu0 and gamma, and that they are a Markov decision process."""
    parts = ["(* -- 1. The model " + "-" * 82 + " *)", ""]
    parts += [f"Notation {at.state(s)} := {k}%nat (only parsing)." for k, s in enumerate(at.order)]
    for s in at.acting:
        parts += [f"Notation {at.action(s, a)} := {k}%nat (only parsing)." for k, a in enumerate(at.actions(s))]
    parts += ["", "Section Model."]
    if at.symbols:
        parts += [f"Variables {' '.join(at.symbols.values())} : R."]
    parts += [f"Definition discount : R := {at.write(at.mdp.gamma)}."]
    parts += _assumptions(at)
    counts = [((at.state(s),), f"{len(at.actions(s))}%nat") for s in at.acting]
    moves = [
        ((at.state(s), at.action(s, a), at.state(t)), at.write(p)) for s, a in at.pairs for t, p in at.row(s, a).items()
    ]
    earned = [((at.state(s), at.action(s, a)), at.write(at.reward(s, a))) for s, a in at.pairs]
    parts += [
        "",
        "Definition actions (s : nat) : nat :=",
        table(counts, ["s"], "0%nat") + ".",
        "",
        "(* transition s a s' = P(s'|s,a) *)",
        "Definition transition (s a s' : nat) : R :=",
        table(moves, ["s", "a", "s'"]) + ".",
        "",
        "(* reward s a = sum_s' P(s'|s,a) r(s,a,s') *)",
        "Definition reward (s a : nat) : R :=",
        table(earned, ["s", "a"]) + ".",
        "",
        _mdp(at),
    ]
    if at.mdp.start:
        starts = [((at.state(s),), at.write(p)) for s, p in at.mdp.start.items()]
        parts += ["", "Definition start (s : nat) : R :=", table(starts, ["s"]) + "."]
    return "\n".join(parts)


def _assumptions(at: CertifiedModel) -> list[str]:
    found = []
    if at.mdp.gamma.free_symbols:
        upper = "<" if at.objective is not Objective.AVERAGE_REWARD else "<="
        found.append(f"Hypothesis discount_range : 0 <= discount {upper} 1.")
    else:
        upper = "<=" if at.undiscounted else "<"
        found.append(f"Lemma discount_range : 0 <= discount {upper} 1. Proof. unfold discount. lra. Qed.")
    for k, d in enumerate(divisors(at), 1):
        found.append(f"Hypothesis divisor_{k} : {at.write(d)} <> 0.")
    strict = at.strict
    for k, p in enumerate(at.probabilities, 1):
        found.append(f"Hypothesis probability_{k} : 0 {'<' if p in strict else '<='} {at.write(p)}.")
    return found


def divisors(at: CertifiedModel) -> list[sp.Expr]:
    """Expressions in the model's symbols by which it divides; they are assumed not to be 0."""
    powers = (p for e in expressions(at) for p in e.atoms(sp.Pow))
    return sorted({p.base for p in powers if p.exp.is_negative and p.base.free_symbols}, key=sp.default_sort_key)


def expressions(at: CertifiedModel) -> list[sp.Expr]:
    """Every probability and reward of the model, and the discount factor."""
    found = [p for s, a in at.pairs for p in at.row(s, a).values()]
    found += [at.reward(s, a) for s, a in at.pairs] + [at.mdp.gamma, *at.mdp.start.values()]
    return found


def _mdp(at: CertifiedModel) -> str:
    n = len(at.order)
    return f"""\
Lemma transition_nonneg : forall s a s', (s < {n})%nat -> (a < actions s)%nat -> (s' < {n})%nat ->
  0 <= transition s a s'.
Proof.
  intros s a s' Hs Ha Hs'. each s; cbv beta iota delta [actions] in Ha; each a; each s';
    cbv beta iota delta [transition]; lra.
Qed.

Lemma transition_sum : forall s a, (s < {n})%nat -> (a < actions s)%nat -> Σ s' < {n}, transition s a s' = 1.
Proof.
  intros s a Hs Ha. each s; cbv beta iota delta [actions] in Ha; each a;
    cbv beta iota delta [transition sum]; first [lra | field; repeat split; assumption].
Qed.

Lemma discount_closed : 0 <= discount <= 1.
Proof. pose proof discount_range. lra. Qed.

Definition model : MDP := {{|
  MDP.states := {n}%nat;
  MDP.actions := actions;
  MDP.P := transition;
  MDP.r := reward;
  MDP.gamma := discount;
  MDP.P_nonneg := transition_nonneg;
  MDP.P_sum := transition_sum;
  MDP.gamma_range := discount_closed |}}.

(* Puts the numbers of the model into an equation, and compares both sides. *)
Ltac by_numbers := cbv beta iota delta
  [Q_diff MDP.Q P_pi r_pi {UNFOLD}];
  first [ring | field]."""


def policy_section(at: CertifiedModel) -> str:
    """The logits, the softmax policy and its derivatives."""
    terms = Terms({**at.symbols, **at.params})
    rows = [((at.state(s), at.action(s, a)), terms.write(at.logit(s, a).to_sympy())) for s, a in at.pairs]
    parts = [
        "(* -- 2. The policy " + "-" * 81 + " *)",
        "",
        f"Definition logit{at.binders} (s a : nat) : R :=",
        table(rows, ["s", "a"]) + ".",
        "",
        f"Definition pi_at{at.binders} : nat -> nat -> R := softmax actions (logit {at.args}).".replace(" )", ")"),
        "",
        f"Lemma pi_policy{at.binders} : policy model (pi_at {at.args}).",
        f"Proof. exact (softmax_policy model (logit {at.args})). Qed.",
    ]
    for p, name in at.params.items():
        slopes = [((at.state(s), at.action(s, a)), at.write(at.slope(s, a, p))) for s, a in at.pairs]
        parts += [
            "",
            f"Definition dlogit_{name} (s a : nat) : R :=",
            table(slopes, ["s", "a"]) + ".",
            "",
            f"Definition dpi_{name}{at.binders} : nat -> nat -> R := dsoftmax actions (logit {at.args}) dlogit_{name}.",
            "",
            f"Lemma pi_derive_{name}{at.binders} : forall s a, (s < {len(at.order)})%nat -> (a < actions s)%nat ->",
            f"  is_derive (fun t => pi_at {at.along(p)} s a) {name} (dpi_{name} {at.args} s a).",
            "Proof.",
            "  intros s a Hs Ha.",
            f"  apply (softmax_is_derive actions (fun t => logit {at.along(p)}) dlogit_{name} s {name}); [|exact Ha].",
            "  intros b Hb. clear a Ha.",
            "  each s; cbv beta iota delta [actions] in Hb; each b;",
            f"    cbv beta iota delta [logit dlogit_{name}]; auto_derive; (exact I || field).",
            "Qed.",
        ]
    return "\n".join(parts)


def proper_lemma(at: CertifiedModel, property_name: str) -> str:
    """That every run ends, or returns to the first state: by the discount, or state by state."""
    n, policy, ends = len(at.order), f"(pi_policy {at.args})", property_name == "ends"
    head = f"Lemma pi_{property_name}{at.binders} : "
    if ends and not at.undiscounted:
        return (
            f"{head}ends model (pi_at {at.args}).\nProof.\n  apply (discounted_ends model _ {policy}). "
            "exact (proj2 discount_range).\nQed."
        )
    bound, conclusion = n, "ends model"
    if not ends:
        bound, conclusion = n - 1, f"returns {at.pinned}"
        head = (
            "Lemma acts : forall s, (s < MDP.states model)%nat -> (0 < MDP.actions model s)%nat.\n"
            f"Proof. intros s Hs. change (s < {n})%nat in Hs. each s; cbn; lia. Qed.\n\n{head}"
        )
    cases = []
    for s in at.order if ends else at.order[1:]:
        if not at.actions(s):
            cases.append(f"  - apply stop_ends; [exact {policy} | cbn; lia | reflexivity].")
            continue
        a, t = at.descent(s)
        move, discount = f"{at.action(s, a)} {at.state(t)} {policy}", ""
        lemma = f"move_returns {at.pinned} eq_refl _ {at.index[s] - 1} {move}"
        if ends:
            lemma, discount = f"move_ends model _ {at.state(s)} {move}", " | cbn; unfold discount; lra"
        cases.append(
            f"  - apply ({lemma}); [cbn; lia | cbn; lia | cbn; lia{discount} "
            "| apply softmax_pos; cbn; lia | cbn; assumption || lra]."
        )
    start = f"{head}{conclusion} (pi_at {at.args}).\nProof.\n  intros s Hs. change (s < {bound})%nat in Hs. each s."
    return "\n".join([start, *cases, "Qed."])


def _meaning(at: CertifiedModel, family: str, args: str) -> str:
    """What elimination (Elimination.v) gives for it."""
    solved = {
        "V": "value model",
        "eta": "occupancy model start",
        "mu": f"stationary {at.pinned}",
        "rbar": f"average {at.pinned}",
        "h": f"differential {at.pinned}",
    }
    return f"{solved[family]} (pi_at {args})"


def definition(at: CertifiedModel, family: str) -> str:
    """The definition of a quantity by elimination."""
    name, kind = ("rbar", "R") if family == "rbar" else (f"{family}_at", "nat -> R")
    return f"Definition {name}{at.binders} : {kind} := {_meaning(at, family, at.args)}."


def folded(at: CertifiedModel, args: str, *families: str) -> str:
    """Tactics that put quantities by their names for what elimination gives."""
    names = {f: f if f == "rbar" else f"{f}_at" for f in families}
    return " ".join(f"change ({_meaning(at, f, args)}) with ({name} {args})." for f, name in names.items())


def bellman_lemma(at: CertifiedModel) -> list[str]:
    """That V solves Bellman's equations."""
    args = at.args
    return [
        f"Lemma V_Bellman{at.binders} : Bellman model (pi_at {args}) (V_at {args}).",
        f"Proof. exact (value_solves_Bellman model _ (pi_policy {args}) (pi_ends {args})). Qed.",
    ]


def rewriting(name: str, lemma: str, at: CertifiedModel) -> str:
    """The tactic that rewrites with a lemma about each pair of state and action."""
    return f"Ltac {name} := rewrite {', '.join(f'?{lemma}_{at.action(s, a)}' for s, a in at.pairs)}."


def weight_lemma(name: str, logit: str, value: str, powers: Sequence[str], unfold: str, *steps: str) -> list[str]:
    """That exp of a logit is a value; powers are the logarithms whose sum the logit is."""
    head = f"Lemma {name} : exp ({logit}) = {value}."
    if not powers:
        return ["", head, "Proof. cbv beta iota delta [logit]. apply exp_0. Qed."]
    replaced = f"  replace ({logit}) with ({' + '.join(powers)})"
    by = f"    by (cbv beta iota delta [{unfold}]; field)."
    return ["", head, "Proof.", replaced, by, *(f"  {step}" for step in steps), "Qed."]


def probability_lemma(name: str, probability: str, value: str, weights: Iterable[str], step: str) -> list[str]:
    """That pi(a|s) is a value, by the lemmas about the weights of the state's actions."""
    return [
        "",
        f"Lemma {name} : {probability} = {value}.",
        "Proof.",
        "  unfold pi_at, softmax. cbv beta iota delta [sum actions].",
        f"  rewrite {', '.join(weights)}{step}",
        "Qed.",
    ]

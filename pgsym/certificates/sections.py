"""The parts that certificates share: what they say of themselves, the model, its policy, and the first theorems."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from importlib.metadata import version

import sympy as sp

from pgsym.certificates.instance import CertifiedModel, table
from pgsym.certificates.terms import Terms, comment
from pgsym.claims.language.tree import Claim
from pgsym.expression.naming import spelt
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


WIDTH = 100

_THEOREM = {
    Objective.START_STATE: r"\nabla J(\theta) = \sum_s \eta(s) \sum_a \nabla \pi(a \mid s)\, Q(s,a)",
    Objective.AVERAGE_REWARD: r"\nabla \bar r(\theta) = \sum_s \mu(s) \sum_a \nabla \pi(a \mid s)\, Q(s,a)",
}

_PROVED = {
    Objective.START_STATE: """\
For every theta, with V, Q and eta of this model: V solves Bellman's equations, eta solves the balance equations
(a theorem Bellman and a theorem balance for each state, a theorem Q for each action), both are the only solutions
(MDP.v), and for each parameter the derivative of J = sum_s mu0(s) V(s) exists and is the sum of the policy gradient
theorem (two theorems called gradient: as a sum over states and actions, and written out with the numbers of the
model).""",
    Objective.AVERAGE_REWARD: """\
For every theta, with mu, rbar, h and the differential Q of this model: mu is a stationary distribution, h solves
Poisson's equation with mean 0 under mu (theorems called stationary, Poisson and Q, for each state and action), both
are the only solutions (AverageReward.v), and for each parameter the derivative of rbar exists and is the sum of the
policy gradient theorem (two theorems called gradient: as a sum over states and actions, and written out with the
numbers of the model).""",
}

_HOW = {
    Objective.START_STATE: """\
V and eta are defined by elimination without subtractions; that no pivot is 0 follows from P >= 0, rows that sum to 1,
pi > 0, and {ending}. That V can be differentiated is proved, not assumed.""",
    Objective.AVERAGE_REWARD: """\
mu and h are defined by elimination without subtractions, state 0 pinned; that no pivot is 0 follows from P >= 0, rows
that sum to 1, pi > 0, and from each other state some action leads to a state with a lower number. That mu and h can be
differentiated is proved, not assumed.""",
}


def theorem_header(at: CertifiedModel, name: str, closed: bool) -> str:
    """The header of a certificate of the policy gradient theorem."""
    ending = "gamma < 1" if not at.undiscounted else "every state ends the run or may move to one with a lower number"
    paragraphs = [
        f"The policy gradient theorem ({at.objective}) for the model {name}, for Coq's kernel to check.",
        _PROVED[at.objective],
    ]
    if closed:
        paragraphs.append("The closed forms of J and of its derivatives that pgsym prints equal these (section 5).")
    paragraphs += [
        r"\[ " + _THEOREM[at.objective] + r" \]",
        _HOW[at.objective].format(ending=ending),
        *_assumed(at),
        *_left_out(at),
    ]
    return boxed([*paragraphs, *legend(at)])


def inequality_header(at: CertifiedModel, name: str, claim: Claim) -> str:
    """The header of a certificate of an inequality."""
    quantities = "mu and rbar" if at.objective is Objective.AVERAGE_REWARD else "V and J"
    return boxed([
        f"The inequality {claim} ({at.objective}) for the model {name}, for Coq's kernel to check.",
        r"\[ " + claim.latex() + r" \]",
        f"For every theta, about {quantities} of this model, which are the only solutions of their equations: one "
        "theorem claim_k for each assignment of the free indices. The larger side less the smaller one is proved to be "
        "a product of factors, each of which a lemma sign_k shows to be positive or not negative.",
        *_assumed(at), *_left_out(at), *legend(at),
    ])  # fmt: skip


def boxed(paragraphs: Iterable[str]) -> str:
    """Paragraphs as one comment; lines that are indented are kept as they are."""
    blocks = []
    for text in paragraphs:
        if text.startswith(("  ", r"\[")):
            blocks.append("\n".join("   " + line.rstrip() for line in text.splitlines()))
        else:
            blocks.append(textwrap.fill(text, WIDTH, initial_indent="   ", subsequent_indent="   "))
    made = f"Written by pgsym {version('pgsym')}. Check it with: pgsym certify --check, or coqc with pgsym's library."
    return "(* " + comment("\n\n".join([*blocks, "   " + made]).lstrip()) + " *)"


def legend(at: CertifiedModel) -> list[str]:
    """What the identifiers stand for, where that is not plain."""
    rows = [(name, " ".join(about.split())) for name, about in at.names.legend if name != about]
    if not rows:
        return []
    width = max(len(name) for name, _ in rows)
    return ["Names:", "\n".join(f"  {name.ljust(width)}  {about}" for name, about in rows)]


def _assumed(at: CertifiedModel) -> list[str]:
    if not at.symbols:
        return ["Nothing is assumed of the model: all its numbers are below."]
    parts = [] if not at.mdp.gamma.free_symbols else ["the discount factor lies in its range"]
    if at.probabilities:
        parts.append("every probability is nonnegative" + (", those of marked moves positive" if at.strict else ""))
    if divisors(at):
        parts.append("no divisor is 0")
    listed = f"; assumed is only that {'; '.join(parts)}" if parts else ""
    return [f"It holds for all real values of {', '.join(s.name for s in at.symbols)}{listed}."]


def _left_out(at: CertifiedModel) -> list[str]:
    found = []
    gone = [s for s in at.mdp.states if s not in at.index]
    if gone:
        found.append(f"Left out, since the start does not reach them and runs from them do not end: {_names(gone)}.")
    idle = [s for s in at.order if s in at.ended and s not in at.mdp.terminal]
    if idle:
        found.append(f"Taken as terminal, since nothing is earned after them: {_names(idle)}.")
    return found


def _names(states: Iterable[object]) -> str:
    return ", ".join(map(spelt, states))

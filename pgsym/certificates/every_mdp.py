"""A claim that is proved for every finite MDP, as a theorem that Coq's kernel checks.

The statement is the claim: V, Q, eta and the rest are defined as sums over all states and actions, gradients are
derivatives along one parameter, and what is assumed stands before it.  The proof is the certificate of
`pgsym.prover`: each of its steps is a hypothesis or a theorem of Chains.v times something, and Tensors.v multiplies
out their sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pgsym.certificates.certificate import Certificate
from pgsym.certificates.every_mdp_steps import CoqSteps
from pgsym.certificates.every_mdp_words import ClaimWords
from pgsym.certificates.tensor_operations import TensorTable, flat, operations
from pgsym.certificates.tensor_terms import (
    DERIVATIVE,
    INVERSE,
    LOG,
    Minus,
    Named,
    Plus,
    Slope,
    Tensor,
    Term,
    Total,
    expanded,
    is_moving,
    parts,
    renamed,
    text,
)
from pgsym.claims.language import tree as t
from pgsym.claims.language.statement import Claim
from pgsym.claims.same_policy import merged
from pgsym.errors import CertificateError
from pgsym.prover import GeneralVerdict, prove
from pgsym.prover.tensors import unused

HEAD = """\
From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From Pgsym Require Import Sums Tensors Chains.
Import ListNotations.
Open Scope R_scope.
"""


def certify_every_mdp(claim: GeneralVerdict | Claim | str, **options: Any) -> Certificate:
    """A Coq file whose theorem is the claim itself, for any number of states and actions.

    Parameters
    ----------
    claim
        What `pgsym.prove` answered, or a claim for it; `options` are those of `pgsym.prove`.

    Returns
    -------
    Certificate
        The text of a Coq file; ``.check()`` runs Coq on it.

    Raises
    ------
    CertificateError
        It is not proved, or its quantities are not among those that are written in Coq; the message says which.

    See Also
    --------
    pgsym.prove : The proof.
    pgsym.certify : A certificate about one model.

    Examples
    --------
    >>> found = certify_every_mdp("V(s) = sum[a] pi(a|s) * Q(s,a)")
    >>> print(found.text.partition("Theorem ")[2].partition(".")[0])
    claim : forall s, (s < states)%nat -> V theta s = Σ a < actions s, pi theta s a * Q theta s a
    """
    verdict = claim if isinstance(claim, GeneralVerdict) else prove(claim, **{"refute": False, **options})
    if verdict.links:
        raise CertificateError(
            f"found {len(verdict.links)} relations; a certificate is about one. Take one of .links", where="claim"
        )
    if not verdict.proved:
        raise CertificateError(f"found {verdict.standing}: {verdict.claim}; a proof is required. Prove it first",
                               where="claim")  # fmt: skip
    return _File(ClaimWords(verdict)).certificate()


S, A = "(s < states)%nat -> ", "(a < actions s)%nat -> "
"""That a state, and an action of it, are in range."""

Free = list[tuple[str, str]]
"""Indices that no sum binds, states first, each with the state whose action it is."""


@dataclass
class _File:
    words: ClaimWords
    table: TensorTable = field(default_factory=TensorTable)

    def certificate(self) -> Certificate:
        words, claim = self.words, self.words.verdict.claim
        if max(words.scope.rank(side) or 0 for side in (claim.left, claim.right)) > 1:
            raise words.refuse("a matrix over the parameters")
        left, right = (words.term(merged(side, words.scope), {}) for side in (claim.left, claim.right))
        both = t.Sub(claim.left, claim.right)
        names = sorted({i for i, _ in words.scope.free_uses(both)}, key=lambda i: (i[0] == "a", i))
        free = [(i, str(words.scope.range(both, i).partner) if t.is_action(i) else "") for i in names]
        theorem = self.theorem(left, right, free)  # first: it says what is assumed
        slopes = [line for k, slope in enumerate(words.slopes) for line in _slope_lemma(k, slope)]
        known = [f"apply gradient_{k}; assumption" for k in range(len(words.slopes))]
        body = [*self.setting(), *slopes, f"Ltac gradients := {_first(known)}.", "", *self.table.lines(), "", *theorem]
        said = str(claim).replace("(*", "( *").replace("*)", "* )")
        return Certificate(
            text=f"(* For every finite MDP, with any number of states and actions:\n\n   {said}\n\n   The proof is the "
            f"certificate of pgsym.prove. *)\n{HEAD}\n"
            + "\n".join(body)
            + "\n\nEnd Claim.\n\nPrint Assumptions claim.\n",
            kind="general theorem",
            statement=str(claim),
            legend=tuple((name, own) for name, own in words.functions.items() if name != own),
            theorems=("claim",),
        )

    # -- what is assumed ------------------------------------------------------------------------------------------

    def setting(self) -> list[str]:
        """Variables, hypotheses, definitions, and the derivatives of pi, N, mu and D."""
        words, letter = self.words, self.words.e.letter
        pis, Ps, rs = (list(dict.fromkeys(letter(x, mark) for mark in words.e.marks)) for x in ("pi", "P", "r"))
        found = [
            "Section Claim.",
            "Variable states : nat.  (* those that are not terminal *)",
            "Variable actions : nat -> nat.  (* actions s: of state s *)",
            f"Variables {' '.join(Ps)} : nat -> nat -> nat -> R.  (* P s a s' = P(s'|s,a) *)",
            f"Variables {' '.join(rs)} : nat -> nat -> R.  (* r s a = r(s,a) *)",
            "Variable mu0 : nat -> R.",
            f"Variables {' '.join(map(str, words.reading.field.symbols))} : R.",
            "Variable theta : R.  (* one parameter of the policy *)",
            "Variable pi : R -> nat -> nat -> R.  (* pi theta s a = pi(a|s) *)",
            f"Hypothesis pi_sum : forall u s, {S}Σ a < actions s, pi u s a = 1.",
            f"Hypothesis pi_derive : forall s a, {S}{A}ex_derive (fun u => pi u s a) theta.",
        ]
        if "pi'" in pis:
            found += [
                "Variable pi' : nat -> nat -> R.",
                f"Hypothesis pi'_sum : forall s, {S}Σ a < actions s, pi' s a = 1.",
            ]
        given = {
            **{f"{x}_positive": f"forall s a, {S}{A}0 < {x}{' theta' * (x == 'pi')} s a" for x in pis},
            **{f"{x}_sum": f"forall s a, {S}{A}Σ s' < states, {x} s a s' = 1" for x in Ps},
            "mu0_sum": "Σ s < states, mu0 s = 1",
        }
        found += [f"Hypothesis {name} : {what}." for name, what in given.items() if name in words.known]
        found += [f"Hypothesis not_zero_{k} : {what} <> 0." for k, what in enumerate(words.denominators)]
        for name, own in words.functions.items():
            found.append(f"Variable {name} : {'nat -> ' * len(words.scope.free[own].indices)}R.")
        lemmas, leaves = self.policy_lemmas()
        used = {mark for mark, _, _ in words.matrices.values()} | {mark for mark, _ in words.chains}
        for mark in words.e.marks:
            if mark in used:
                chain, more, leaf = self.chain(mark)
                found, lemmas, leaves = found + chain, lemmas + more, leaves + leaf
        found += [self.definition(name) for name in words.definitions if name not in {f"P_pi{mark}" for mark in used}]
        other = [f"intro Z; apply not_zero_{k}; lra" for k in range(len(words.denominators))]
        tactics = [
            f"Ltac tensors := {_first([f'{leaf}; assumption' for leaf in leaves])}.",
            f"Ltac nonzero := repeat split; {_first(['assumption', *other])}.",
            "",
        ]
        return [*found, "", *lemmas, *tactics]

    def definition(self, name: str) -> str:
        found = self.words.definitions[name]
        params = [*(["(theta : R)"] if is_moving(found.body) else []), *(f"({p} : nat)" for p in found.params)]
        return f"Definition {' '.join([name, *params])} : R := {text(found.body, found.params)}."

    def policy_lemmas(self) -> tuple[list[str], list[str]]:
        pi = Tensor("pi", ("s", "a"), True)
        lemmas = [
            f"Lemma dpi_sum : forall s, {S}Σ a < actions s, Derive (fun u => pi u s a) theta = 0.",
            "Proof. intros. apply (derivatives_sum_to_0 theta _ (fun u a => pi u s a)); auto. Qed.",
        ]
        cases = [("pi", "{}", "now apply Derive_correct, pi_derive")]
        if "pi_positive" in self.words.known:
            rule = "(theta) (fun u => pi u s a)); [|now apply pi_is_derive]"
            cases += [
                ("inverse", INVERSE, f"apply (derive_inverse {rule}. now apply Rgt_not_eq, pi_positive"),
                ("log", LOG, f"apply (derive_ln {rule}. now apply pi_positive"),
            ]
        for name, form, proof in cases:
            body = Tensor(pi.name, pi.at, True, form)
            slope = Tensor(pi.name, pi.at, True, DERIVATIVE) if form == "{}" else self.words.slope_of(body)
            lemmas += _derive_lemma(f"{name}_is_derive", [("s", ""), ("a", "s")], body, slope, f"intros. {proof}.")
        return lemmas, [f"apply {name}_is_derive" for name, _, _ in cases]

    def chain(self, mark: str) -> tuple[list[str], list[str], list[str]]:
        """P_pi, its resolvents, mu and D; their derivatives where the policy moves; the names of these lemmas."""
        words = self.words
        pi, P = words.e.letter("pi", mark), words.e.letter("P", mark)
        moving = pi == "pi"
        every, u, kind, theta = ("forall u, ", " u", "R -> ", " theta") if moving else ("", "", "", "")
        W = f"P_pi{mark}"
        words.step(mark, "s", "s'")
        found, lemmas, leaves = [self.definition(W)], [], []
        dW = f"(fun s s' => Σ a < actions s, Derive (fun u => pi u s a) theta * {P} s a s')"
        given = f"theta states {W} {dW} (chain_is_derive theta states actions pi {P} pi_derive)"

        def matrix(name: str, arity: int, property_: str, what: str, proof: str) -> None:
            property_name = property_.split()[0].removeprefix("is_")
            found.append(f"Variable {name} : {kind}{'nat -> ' * arity}R.  (* {what} *)")
            of = f"({W}{u}) ({name}{u})" if property_name != "deviation" else f"({W}{u}) (mu{mark}{u}) ({name}{u})"
            found.append(f"Hypothesis {name}_{property_name} : {every}{property_} {of}.")
            if moving and proof:
                at = ("s", "s'")[:arity]
                slope = words.slope(Tensor(name, at, True))
                lemmas.extend(_derive_lemma(f"{name}_is_derive", [(i, "") for i in at], Tensor(name, at, True), slope,
                                            f"exact ({proof})."))  # fmt: skip
                leaves.append(f"apply {name}_is_derive")

        for name, (own, k, _) in words.matrices.items():
            if own == mark:
                proof = f"resolvent_is_derive {given} ({k}) {name} {name}_resolvent"
                matrix(name, 2, f"is_resolvent states ({k})", f"(I - {k} {W})^-1", proof)
        speaks = {base for own, base in words.chains if own == mark}
        both = f"{given} mu{mark} D{mark} mu{mark}_stationary D{mark}_deviation"
        if "mu" in speaks:
            proof = f"distribution_is_derive {both}" if "D" in speaks else ""
            matrix(f"mu{mark}", 1, "is_stationary states", "the stationary distribution", proof)
        if "D" in speaks:
            matrix(f"D{mark}", 2, "is_deviation states", "the deviation matrix", f"deviation_is_derive {both}")
        if f"{W}_rows" in words.known:
            lemmas += [
                f"Lemma {W}_rows : rows_sum_to_1 states ({W}{theta}).",
                f"Proof. exact (chain_rows states actions ({pi}{theta}) {P} ({pi}_sum{theta}) {P}_sum). Qed.",
            ]
        return found, lemmas, leaves

    # -- what is proved -------------------------------------------------------------------------------------------

    def theorem(self, left: Term, right: Term, free: Free) -> list[str]:
        names = [i for i, _ in free]
        swapped = isinstance(right, Slope) and not isinstance(left, Slope)
        first, second = (right, left) if swapped else (left, right)
        made = [CoqSteps(self.words).step_of(step, swapped, names) for step in self.words.verdict.certificate]
        claim, steps = Plus(expanded(first), Minus(expanded(second))), [expanded(term) for term, _ in made]
        whole: Term = claim
        for step in steps:
            whole = Plus(whole, Minus(step))
        levels = {i: k for k, i in enumerate(names)}
        data = [self.table.deep(step, levels) for step in steps]
        context = "; ".join(f"Ac {levels[of]}" if of else "St" for _, of in free)
        opened = "transitivity ({}); [{}|{}]."
        to_right = opened.format(text(expanded(second, slopes=False), names), "", "symmetry; written_out gradients")
        if isinstance(first, Slope):
            statement = f"is_derive (fun u => {text(first.body, names, 'u')}) theta ({text(second, names)})"
            start = f"replace ({text(second, names)}) with ({text(first.value, names, minus='+ -')}); [gradients|]."
        else:
            statement = f"{text(first, names)} = {text(second, names)}"
            start = opened.format(text(expanded(first, slopes=False), names), "written_out gradients", "")
        return [
            f"Theorem claim : {_quantified(free)}{statement}.",
            "Proof.",
            f"  {_introduced(free)}{start}",
            f"  {to_right}",
            f"  apply Rminus_diag_uniq. change (den states actions tensor [{'; '.join(names)}]",
            f"    {self.table.deep(claim, levels)}%nat = 0).",
            f"  eapply (by_certificate states actions tensor (fun _ _ => eq_refl) eq_refl [{context}]%nat",
            f"    [{'; '.join(names)}] _ [{'; '.join(data)}]%nat",
            f"    [{'; '.join(operations(flat(whole), names))}]%nat);",
            f"    [variables_are_valid | refine {'(conj _ ' * len(made)}I{')' * len(made)}",
            "    | vm_compute; reflexivity |].",
            *(f"  - {proof}" for _, proof in made),
            f"  {'- ' if made else ''}cbv [cancels coefficient numbers prod factor_den fst snd map tensor].",
            "    repeat (apply conj; [first [ring | field; nonzero]|]); exact I.",
            "Qed.",
        ]


def _slope_lemma(k: int, slope: Slope) -> list[str]:
    """The derivative of one expression of the claim."""
    names: dict[str, str] = {}
    for i, _ in _free(slope.body):
        names[i] = unused(i[0], names.values())
    body, value = renamed(slope.body, names), renamed(slope.value, names)
    free, used = _free(body), list(names.values())
    left, right = text(expanded(body), used, "u", minus="+ -"), text(value, used, minus="+ -")
    proof = f"{_introduced(free)}change (is_derive (fun u => {left}) theta ({right})). derives tensors."
    return _derive_lemma(f"gradient_{k}", free, body, value, proof)


def _derive_lemma(name: str, free: Free, body: Term, value: Term, proof: str) -> list[str]:
    names = [i for i, _ in free]
    return [
        f"Lemma {name} : {_quantified(free)}is_derive (fun u => {text(body, names, 'u')}) theta",
        f"  ({text(value, names, minus='+ -')}).",
        f"Proof. {proof} Qed.",
    ]


def _free(term: Term) -> Free:
    """Indices of a term that no sum binds."""
    inner = list(parts(expanded(term)))
    bound = {part.index for part in inner if isinstance(part, Total)}
    open_ = [part for part in [*inner, *parts(term)] if isinstance(part, Tensor | Named)]
    found = dict.fromkeys(i for part in open_ for i in part.at if i not in bound)
    owner = {a: s for part in open_ for s, a in zip(part.at, part.at[1:], strict=False) if a[0] == "a"}
    return sorted(((i, owner[i] if i[0] == "a" else "") for i in found), key=lambda pair: bool(pair[1]))


def _quantified(free: Free) -> str:
    ranges = "".join(f"({i} < {f'actions {of}' if of else 'states'})%nat -> " for i, of in free)
    return f"forall {' '.join(i for i, _ in free)}, {ranges}" if free else ""


def _introduced(free: Free) -> str:
    names = [i for i, _ in free]
    return f"intros {' '.join(names)} {' '.join(f'H{i}' for i in names)}. " if free else ""


def _first(tactics: Sequence[str]) -> str:
    return f"first [{' | '.join(tactics)}]" if tactics else "fail"

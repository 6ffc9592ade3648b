"""The steps of a prover's certificate, each as a term that is 0 and the reason that Coq is given for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pgsym.certificates.every_mdp_words import ClaimWords, in_words
from pgsym.certificates.tensor_terms import Minus, Numeral, Plus, Tensor, Term, Times, Total
from pgsym.prover.equations import Equation, instance
from pgsym.prover.rewriting import CertificateStep
from pgsym.prover.tensors import Factor, is_summed, kind_of, new_index


@dataclass
class CoqSteps:
    """Steps for the file of one claim; they add to what it assumes."""

    words: ClaimWords

    def law(self, equation: Equation, place: Mapping[str, str]) -> tuple[Term, Term, Any, str]:
        """An equation as Coq has it: left, right, its left - right by that of the prover, and its proof.

        In the proof, ``{S}`` is an index and ``{HS}`` says that it is in range.  Chains.v multiplies the equations of
        resolvents by what the prover divides by.
        """
        words, at = self.words, self.words.tensor
        names = [f[0] for f in equation.left]
        base = tuple(name.split("[")[0].rstrip("'") for name in names)
        first, mark = names[0], "'" if "'" in "".join(names) else ""
        theta = " theta" if words.e.letter("pi", mark) == "pi" else ""
        W, mu, D = f"(P_pi{mark}{theta})", f"mu{mark}", f"D{mark}"
        stationary, deviation = f"({mu}_stationary{theta})", f"({D}_deviation{theta})"
        full = f"states {W} ({mu}{theta}) ({D}{theta}) {deviation}"
        proofs = {
            ("pi",): f"({first}_sum{theta} {{S}} {{HS}})",
            ("dpi",): "(dpi_sum {S} {HS})",
            ("pi", "ipi"): f"(Rinv_r _ (Rgt_not_eq _ _ ({first}_positive {{S}} {{A}} {{HS}} {{HA}})))",
            ("mu",): f"(proj1 {stationary})",
            ("mu", "pi", "P"): f"(proj2 {stationary} {{T}} {{HT}})",
            ("mu", "D"): f"(deviation_mean {full} {{T}} {{HT}})",
            ("D",): f"(deviation_rows {full} {{S}} {{HS}})",
            ("pi", "P", "D"): f"(deviation_after {full} {{S}} {{T}} {{HS}} {{HT}})",
            ("D", "pi", "P"): f"(deviation_before {full} {{S}} {{T}} {{HS}} {{HT}})",
            ("P",): f"({first}_sum {{S}} {{A}} {{HS}} {{HA}})",
            ("mu0",): "mu0_sum",
        }
        if "N" not in base and base not in proofs:
            raise words.refuse(f"a step with {equation.name!r}")
        if base in (("P",), ("mu0",)):
            words.known.add(f"{first}_sum")
        one, bound = words.reading.field.one, list(place.values())
        S, T = (place.get(letter, "") for letter in "ST")
        sides = [
            (c, [(f[0], *(i for i in f[1:] if kind_of(i) != "i")) for f in factors])
            for c, factors in instance(equation, place, (), one)
        ]
        if base[:2] == ("pi", "P"):
            y = new_index("s")
            left: Term = Total(y, "", Times(words.step(mark, S, y), at(names[2], y, T)))
        else:
            left = words.sum_of(sides[:1], bound)
        if base in proofs:
            right = words.sum_of([(-c, fs) for c, fs in sides[1:]], bound) if sides[1:] else Numeral("0")
            return left, right, one, proofs[base]
        N = next(name for name in names if name.startswith("N"))
        n = at(N, "", "").name
        _, text, k = words.matrices[n]
        kappa, less = Numeral(f"({text})"), Numeral(f"(1 - ({text}))")
        known, resolvent = f"({n}_resolvent{theta})", f"states ({text}) {W} ({n}{theta})"
        rows = f"P_pi{mark}_rows"
        if base in (("N",), ("N", "D"), ("D", "N")):
            words.known |= {rows, f"{words.e.letter('P', mark)}_sum"}
        match base:
            case ("pi", "P", "N") | ("N", "pi", "P"):
                proof = f"(proj{1 + (base[0] == 'N')} {known} {{S}} {{T}} {{HS}} {{HT}})"
                return at(N, S, T), Plus(at("id", S, T), Times(kappa, left)), -k, proof
            case ("N",):
                return (
                    Times(less, left),
                    Numeral("1"),
                    1 - k,
                    f"(resolvent_rows {resolvent} {{S}} {known} {rows} {{HS}})",
                )
            case ("mu", "N"):
                proof = f"(stationary_resolvent {resolvent} ({mu}{theta}) {{T}} {known} {stationary} {{HT}})"
                return Times(less, left), at(mu, T), 1 - k, proof
            case ("N", "D") | ("D", "N"):
                apart = Plus(at(D, S, T), Minus(Times(kappa, at(N, S, T))))
                right = Plus(Times(less, apart), Times(kappa, at(mu, T)))
                lemma = "resolvent_deviation" if base[0] == "N" else "deviation_resolvent"
                given = f"({mu}{theta}) ({D}{theta}) {{S}} {{T}} {known} {rows} {stationary} {deviation} {{HS}} {{HT}}"
                return Times(less, Times(less, left)), right, (1 - k) ** 2, f"({lemma} {resolvent} {given})"
            case ("N", "N"):
                other = at(names[1], "", "").name
                _, text2, k2 = words.matrices[other]
                right = Plus(Times(kappa, at(N, S, T)), Minus(Times(Numeral(f"({text2})"), at(names[1], S, T))))
                given = f"({n}{theta}) ({other}{theta}) {{S}} {{T}} {known} ({other}_resolvent{theta}) {{HS}} {{HT}}"
                proof = f"(two_resolvents states ({text}) ({text2}) {W} {given})"
                return Times(Numeral(f"(({text}) - ({text2}))"), left), right, k - k2, proof
        raise words.refuse(f"a step with {equation.name!r}")

    def step_of(self, step: CertificateStep, negative: bool, free: Sequence[str]) -> tuple[Term, str]:
        """A step of the certificate, or its negative, as a term that is 0, and the proof of that."""
        place = {letter: i for letter, i in step.place.items() if i[0] != "i"}
        factors = [self.factor(f) for f in step.multiplier if f[0] != "one"]
        left, right, scale, proof = self.law(step.equation, place)
        coefficient = (-step.coefficient if negative else step.coefficient) / scale
        self.words.not_zero(coefficient.denom)
        spoken = [*step.multiplier, *((f[0], *(place.get(i, i) for i in f[1:])) for f in step.equation.left)]
        owner = {a: s for f in spoken for s, a in pairwise(f[1:]) if a[0] == "a"}
        bound = sorted({i for f in factors for i in f.at if is_summed(i)} | {*filter(is_summed, place.values())})
        bound.sort(key=lambda i: i[0] == "a")
        body: Term = Plus(left, Minus(right))
        for factor in reversed(factors):
            body = Times(factor, body)
        for i in reversed(bound):
            body = Total(i, owner.get(i, ""), body)
        coq = {i: i for i in free} | {i: f"i{k}" for k, i in enumerate(bound)}
        found = proof.format(**{letter: coq[i] for letter, i in place.items()},
                             **{f"H{letter}": f"H{coq[i]}" for letter, i in place.items()})  # fmt: skip
        opened = [f"apply zero_sum; intros {coq[i]} H{coq[i]}." for i in bound]
        script = [
            "apply zero_mul.",
            *opened,
            *["apply zero_mul."] * len(factors),
            f"apply zero_equation. exact {found}.",
        ]
        return Times(Numeral(in_words(coefficient.as_expr())), body), " ".join(script)

    def factor(self, factor: Factor) -> Tensor:
        name, *at = factor
        if [i for i in at if i[0] == "i"] not in ([], ["i0"]):
            raise self.words.refuse("a product over the parameters")
        return self.words.tensor(name, *(i for i in at if i[0] != "i"))

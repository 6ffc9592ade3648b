"""The steps of a prover's certificate, each as a term that is 0 and the reason that Coq is given for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pgsym.certificates.every_mdp_words import ClaimWords, in_words
from pgsym.certificates.tensor_terms import Minus, Numeral, Plus, Tensor, Term, Times, Total
from pgsym.prover.equations import Equation
from pgsym.prover.rewriting import CertificateStep
from pgsym.prover.tensors import Factor, is_summed, new_index


@dataclass
class CoqSteps:
    """Steps for the file of one claim; they add to what it assumes."""

    words: ClaimWords

    def law(self, equation: Equation, place: Mapping[str, str]) -> tuple[Term, Term, Any, str]:
        """An equation as Coq has it: left, right, its left - right by that of the prover, and its proof.

        In the proof, ``{S}`` is an index and ``{HS}`` says that it is in range.
        """
        words, at = self.words, self.words.tensor
        zero, unit, one = Numeral("0"), Numeral("1"), self.words.reading.field.one
        names = [f[0] for f in equation.left]
        first, last = names[0], names[-1]
        mark = "'" if "'" in "".join(names) else ""
        theta = " theta" if words.e.letter("pi", mark) == "pi" else ""
        S, A, T = (place.get(letter, "") for letter in "SAT")
        base = tuple(name.split("[")[0].rstrip("'") for name in names)

        def total(*factors: Callable[[str], Term]) -> Term:
            """The sum of a product over the states in between."""
            y = new_index("s")
            made = [f(y) for f in factors]
            return Total(y, "", made[0] if len(made) == 1 else Times(*made))

        def mean(y: str) -> Tensor:
            return at(mu, y)

        def row(y: str) -> Tensor:
            return at(first, S, y)

        def column(y: str) -> Tensor:
            return at(last, y, T)

        def after(y: str) -> Term:
            return words.step(mark, S, y)

        def before(y: str) -> Term:
            return words.step(mark, y, T)

        def actions(name: str) -> Term:
            a = new_index("a")
            return Total(a, S, at(name, S, a))

        W, mu, D = f"(P_pi{mark}{theta})", f"mu{mark}", f"D{mark}"
        deviation, stationary = f"({D}_deviation{theta})", f"({mu}_stationary{theta})"
        full = f"states {W} ({mu}{theta}) ({D}{theta})"
        if base[0] in ("mu", "D") or "D" in base:
            words.chains |= {(mark, "mu")} | ({(mark, "D")} if "D" in base else set())
        if "N" in base:
            N = next(name for name in names if name.startswith("N"))
            n = at(N, "", "").name
            _, text, k = words.matrices[n]
            kappa, less = Numeral(f"({text})"), Numeral(f"(1 - ({text}))")
            words.step(mark, "s", "s'")
            known, resolvent = f"({n}_resolvent{theta})", f"states ({text}) {W} ({n}{theta})"
            rows = f"P_pi{mark}_rows"
            if base in (("N",), ("N", "D"), ("D", "N")):
                words.known |= {rows, f"{words.e.letter('P', mark)}_sum"}
        match base:
            case ("pi",):
                return actions(first), unit, one, f"({first}_sum{theta} {{S}} {{HS}})"
            case ("dpi",):
                return actions(first), zero, one, "(dpi_sum {S} {HS})"
            case ("pi", "ipi"):
                positive = f"({first}_positive {{S}} {{A}} {{HS}} {{HA}})"
                return (
                    Times(at(first, S, A), at("i" + first, S, A)),
                    unit,
                    one,
                    f"(Rinv_r _ (Rgt_not_eq _ _ {positive}))",
                )
            case ("mu",):
                return total(mean), unit, one, f"(proj1 {stationary})"
            case ("mu", "pi", "P"):
                return total(mean, before), at(mu, T), one, f"(proj2 {stationary} {{T}} {{HT}})"
            case ("mu", "D"):
                return total(mean, column), zero, one, f"(deviation_mean {full} {deviation} {{T}} {{HT}})"
            case ("D",):
                return total(row), zero, one, f"(deviation_rows {full} {deviation} {{S}} {{HS}})"
            case ("pi", "P", "D") | ("D", "pi", "P"):
                right = Plus(Plus(at(D, S, T), Minus(at("id", S, T))), at(mu, T))
                left, side = (total(row, before), "before") if base[0] == "D" else (total(after, column), "after")
                return left, right, one, f"(deviation_{side} {full} {deviation} {{S}} {{T}} {{HS}} {{HT}})"
            case ("pi", "P", "N") | ("N", "pi", "P"):
                left, side = (total(row, before), "2") if base[0] == "N" else (total(after, column), "1")
                right = Plus(at("id", S, T), Times(kappa, left))
                return at(N, S, T), right, -k, f"(proj{side} {known} {{S}} {{T}} {{HS}} {{HT}})"
            case ("N",):
                proof = f"(resolvent_rows {resolvent} {{S}} {known} {rows} {{HS}})"
                return Times(less, total(row)), unit, 1 - k, proof
            case ("mu", "N"):
                proof = f"(stationary_resolvent {resolvent} ({mu}{theta}) {{T}} {known} {stationary} {{HT}})"
                return Times(less, total(mean, column)), at(mu, T), 1 - k, proof
            case ("N", "D") | ("D", "N"):
                apart = Plus(at(D, S, T), Minus(Times(kappa, at(N, S, T))))
                right = Plus(Times(less, apart), Times(kappa, at(mu, T)))
                lemma = "resolvent_deviation" if base[0] == "N" else "deviation_resolvent"
                given = f"({mu}{theta}) ({D}{theta}) {{S}} {{T}} {known} {rows} {stationary} {deviation} {{HS}} {{HT}}"
                return (
                    Times(less, Times(less, total(row, column))),
                    right,
                    (1 - k) ** 2,
                    f"({lemma} {resolvent} {given})",
                )
            case ("N", "N"):
                other = at(last, "", "").name
                _, text2, k2 = words.matrices[other]
                left = Times(Numeral(f"(({text}) - ({text2}))"), total(row, column))
                right = Plus(Times(kappa, row(T)), Minus(Times(Numeral(f"({text2})"), at(last, S, T))))
                given = f"({n}{theta}) ({other}{theta}) {{S}} {{T}} {known} ({other}_resolvent{theta}) {{HS}} {{HT}}"
                return left, right, k - k2, f"(two_resolvents states ({text}) ({text2}) {W} {given})"
            case ("P",):
                words.known.add(f"{first}_sum")
                return total(lambda y: at(first, S, A, y)), unit, one, f"({first}_sum {{S}} {{A}} {{HS}} {{HA}})"
            case ("mu0",):
                words.known.add("mu0_sum")
                return total(lambda y: at("mu0", y)), unit, one, "mu0_sum"
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

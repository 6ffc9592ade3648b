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
        left: Term
        one = self.words.reading.field.one
        names = [f[0] for f in equation.left]
        first = names[0]
        mark = "'" if "'" in "".join(names) else ""
        theta = " theta" if self.words.e.letter("pi", mark) == "pi" else ""
        S, A, T = (place.get(letter, "") for letter in "SAT")
        base = tuple(name.split("[")[0].rstrip("'") for name in names)

        def sum_of(*factors: Callable[[str], Term]) -> Term:
            y = new_index("s")
            made = [f(y) for f in factors]
            return Total(y, "", made[0] if len(made) == 1 else Times(*made))

        def at(name: str, *indices: str) -> Tensor:
            return self.words.tensor(name, *indices)

        def needs(name: str) -> str:
            self.words.known.add(name)
            return name

        W, mu, D = f"(P_pi{mark}{theta})", f"mu{mark}", f"D{mark}"
        N = next((name for name in names if name.startswith("N")), "")
        n, k, words = "", one, ""
        if N:
            n = at(N, "", "").name
            _, words, k = self.words.matrices[n]
            words = f"({words})"
            self.words.step(mark, "s", "s'")
        if base[0] in ("mu", "D") or "D" in base:
            self.words.chains |= {(mark, "mu")} | ({(mark, "D")} if "D" in base else set())
        known = f"({n}_resolvent{theta})"
        deviation, stationary = f"({D}_deviation{theta})", f"({mu}_stationary{theta})"
        full = f"states {W} ({mu}{theta}) ({D}{theta})"
        rows = f"{needs(f'P_pi{mark}_rows')}" if base in (("N",), ("N", "D"), ("D", "N")) else ""
        if rows:
            needs(f"{self.words.e.letter('P', mark)}_sum")
        match base:
            case ("pi",):
                a = new_index("a")
                return Total(a, S, at(first, S, a)), Numeral("1"), one, f"({first}_sum{theta} {{S}} {{HS}})"
            case ("dpi",):
                a = new_index("a")
                return Total(a, S, at(first, S, a)), Numeral("0"), one, "(dpi_sum {S} {HS})"
            case ("pi", "ipi"):
                left = Times(at(first, S, A), at("i" + first, S, A))
                return (
                    left,
                    Numeral("1"),
                    one,
                    f"(Rinv_r _ (Rgt_not_eq _ _ ({first}_positive {{S}} {{A}} {{HS}} {{HA}})))",
                )
            case ("mu",):
                return sum_of(lambda y: at(mu, y)), Numeral("1"), one, f"(proj1 {stationary})"
            case ("mu", "pi", "P"):
                left = sum_of(lambda y: at(mu, y), lambda y: self.words.step(mark, y, T))
                return left, at(mu, T), one, f"(proj2 {stationary} {{T}} {{HT}})"
            case ("mu", "D"):
                left = sum_of(lambda y: at(mu, y), lambda y: at(D, y, T))
                return left, Numeral("0"), one, f"(deviation_mean {full} {deviation} {{T}} {{HT}})"
            case ("D",):
                left = sum_of(lambda y: at(D, S, y))
                return left, Numeral("0"), one, f"(deviation_rows {full} {deviation} {{S}} {{HS}})"
            case ("pi", "P", "D") | ("D", "pi", "P"):
                right = Plus(Plus(at(D, S, T), Minus(at("id", S, T))), at(mu, T))
                if base[0] == "D":
                    left = sum_of(lambda y: at(D, S, y), lambda y: self.words.step(mark, y, T))
                    return left, right, one, f"(deviation_before {full} {deviation} {{S}} {{T}} {{HS}} {{HT}})"
                left = sum_of(lambda y: self.words.step(mark, S, y), lambda y: at(D, y, T))
                return left, right, one, f"(deviation_after {full} {deviation} {{S}} {{T}} {{HS}} {{HT}})"
            case ("pi", "P", "N") | ("N", "pi", "P"):
                if base[0] == "N":
                    inner = sum_of(lambda y: at(N, S, y), lambda y: self.words.step(mark, y, T))
                else:
                    inner = sum_of(lambda y: self.words.step(mark, S, y), lambda y: at(N, y, T))
                right = Plus(at("id", S, T), Times(Numeral(words), inner))
                return at(N, S, T), right, -k, f"(proj{1 + (base[0] == 'N')} {known} {{S}} {{T}} {{HS}} {{HT}})"
            case ("N",):
                left = Times(Numeral(f"(1 - {words})"), sum_of(lambda y: at(N, S, y)))
                proof = f"(resolvent_rows states {words} {W} ({n}{theta}) {{S}} {known} {rows} {{HS}})"
                return left, Numeral("1"), 1 - k, proof
            case ("mu", "N"):
                left = Times(Numeral(f"(1 - {words})"), sum_of(lambda y: at(mu, y), lambda y: at(N, y, T)))
                given = f"states {words} {W} ({n}{theta}) ({mu}{theta}) {{T}} {known} {stationary} {{HT}}"
                proof = f"(stationary_resolvent {given})"
                return left, at(mu, T), 1 - k, proof
            case ("N", "D") | ("D", "N"):
                less = Numeral(f"(1 - {words})")
                both = sum_of(lambda y: at(names[0], S, y), lambda y: at(names[1], y, T))
                right = Plus(Times(less, Plus(at(D, S, T), Minus(Times(Numeral(words), at(N, S, T))))),
                             Times(Numeral(words), at(mu, T)))  # fmt: skip
                lemma = "resolvent_deviation" if base[0] == "N" else "deviation_resolvent"
                proof = (f"({lemma} states {words} {W} ({n}{theta}) ({mu}{theta}) ({D}{theta}) {{S}} {{T}} "
                         f"{known} {rows} {stationary} {deviation} {{HS}} {{HT}})")  # fmt: skip
                return Times(less, Times(less, both)), right, (1 - k) ** 2, proof
            case ("N", "N"):
                other = at(names[1], "", "").name
                _, words2, k2 = self.words.matrices[other]
                left = Times(
                    Numeral(f"({words} - ({words2}))"), sum_of(lambda y: at(N, S, y), lambda y: at(names[1], y, T))
                )
                right = Plus(Times(Numeral(words), at(N, S, T)), Minus(Times(Numeral(words2), at(names[1], S, T))))
                proof = (f"(two_resolvents states {words} ({words2}) {W} ({n}{theta}) ({other}{theta}) {{S}} {{T}} "
                         f"{known} ({other}_resolvent{theta}) {{HS}} {{HT}})")  # fmt: skip
                return left, right, k - k2, proof
            case ("P",):
                y = new_index("s")
                return (
                    Total(y, "", at(first, S, A, y)),
                    Numeral("1"),
                    one,
                    f"({needs(f'{first}_sum')} {{S}} {{A}} {{HS}} {{HA}})",
                )
            case ("mu0",):
                return sum_of(lambda y: at("mu0", y)), Numeral("1"), one, needs("mu0_sum")
        raise self.words.refuse(f"a step with {equation.name!r}")

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

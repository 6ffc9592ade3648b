"""Verdicts on random inequalities with logarithms, each proof against 10^4 evaluations.

    python benchmarks/order_logarithms.py [--seconds 300] [--seed 0] [--points 10000]
    python benchmarks/order_logarithms.py --seed 0 --first 123 --count 1      # one question again

Entropies, divergences, and bounds of the logarithm of random fractions on random domains, multiplied by fractions and
added, the constants at, below and above those with which they are true.  A proof fails if the function is negative at
one point, or 0 if it is said to be positive: in floats where rounding cannot change the sign, elsewhere in balls of
200 bits; where a ball holds 0 nothing is said.  Exit code 1 if a proof is wrong; it is printed with its number.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, ctx
from order_soundness import KINDS, drawn

from pgsym.order import Kind, SignStatus, SignVerdict, SimplexRow, decide_sign
from pgsym.order.polynomials import Polynomial, context, lowest_terms, terms
from pgsym.order.question import SignQuestion
from pgsym.order.taylor import decide_affine

LOGARITHMS = 6
"""Variables that stand for logarithms, at most."""

SECONDS = 2.0
"""For a question."""


@dataclass(frozen=True)
class Ratio:
    """A fraction of polynomials."""

    above: Polynomial
    below: Polynomial

    @classmethod
    def of(cls, value: Any, n: int) -> Ratio:
        x = Fraction(value)
        one = context(n).constant(1)
        return cls(one * x.numerator, one * x.denominator)

    def _with(self, other: Any) -> Ratio:
        return other if isinstance(other, Ratio) else Ratio.of(other, self.above.context().nvars())

    def __add__(self, other: Any) -> Ratio:
        o = self._with(other)
        return Ratio(*lowest_terms(self.above * o.below + o.above * self.below, self.below * o.below))

    def __mul__(self, other: Any) -> Ratio:
        o = self._with(other)
        return Ratio(*lowest_terms(self.above * o.above, self.below * o.below))

    def __sub__(self, other: Any) -> Ratio:
        return self + self._with(other) * -1

    def __truediv__(self, other: Any) -> Ratio:
        o = self._with(other)
        return self * Ratio(o.below, o.above)


class Random:
    """A random function that is affine in logarithms."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        names = sp.symbols("x y z")[: rng.choice([1, 2, 2, 3])]
        self.kinds: dict[sp.Expr, Kind | SimplexRow] = {v: rng.choice(KINDS[:3]) for v in names}
        if len(names) > 1 and rng.random() < 0.25:
            self.kinds = dict.fromkeys(names, SimplexRow("row"))
        self.own = len(names)
        self.kinds |= dict.fromkeys(sp.symbols(f"L0:{LOGARITHMS}"), Kind.REAL)
        self.arguments: dict[int, tuple[Polynomial, Polynomial]] = {}
        self.variables = [Ratio.of(1, len(self.kinds)) * Ratio(g, g**0) for g in context(len(self.kinds)).gens()]
        self.found = self.part() * self.weight()
        if rng.random() < 0.3:
            self.found = self.found + self.part() * self.weight()
        shift = Fraction(rng.choice([0, 0, 0, -1, 1]), rng.choice([20, 1000]))
        self.found = self.found + self.positive() * shift

    def positive(self) -> Ratio:
        """A fraction that is mostly positive in the domain."""
        rng, x = self.rng, self.rng.choice(self.variables[: self.own])
        shape = rng.randrange(6)
        if shape == 0:
            return x + rng.randint(1, 3)
        if shape == 1:
            return x * rng.choice(self.variables[: self.own]) + rng.choice([1, Fraction(1, 2)])
        if shape == 2:
            return x / (rng.choice(self.variables[: self.own]) + rng.randint(1, 2))
        if shape == 3 and rng.random() < 0.5:
            return Ratio.of(rng.choice([2, 3, Fraction(1, 2)]), len(self.kinds))
        return x if rng.random() < 0.6 else x * -1 + 1

    def weight(self) -> Ratio:
        """What a part is multiplied by."""
        return self.positive() if self.rng.random() < 0.5 else Ratio.of(1, len(self.kinds))

    def log(self, t: Ratio) -> Ratio:
        """The variable that stands for a logarithm."""
        pair = (t.above, t.below)
        k = next((k for k, other in self.arguments.items() if other == pair), self.own + len(self.arguments))
        if k == len(self.kinds):
            return t - 1  # no variable is left
        self.arguments[k] = pair
        return self.variables[k]

    def part(self) -> Ratio:
        """What is nonnegative with the right constant, and mostly has it."""
        rng, t, u = self.rng, self.positive(), self.positive()
        a, b = (v / (v + 1) if rng.random() < 0.5 else v for v in (t, u))
        nearly = rng.choice([1, 1, 1, Fraction(99, 100), Fraction(101, 100)])
        match rng.randrange(8):
            case 0:
                return self.log(t) - self.log(u) - (u / t * -1 + 1) * nearly
            case 1:
                return t / u * nearly - 1 - self.log(t) + self.log(u)
            case 2:
                return (t - u) * (self.log(t) - self.log(u)) - (t - u) * (t - u) / (t + u) * 2 * nearly
            case 3:
                return self.log(t + 1) - t / (t + 2) * 2 * nearly
            case 4:
                apart = t - u
                return t * (self.log(t) - self.log(u)) - apart - apart * apart / (u * 2 + t) * Fraction(3, 2) * nearly
            case 5:
                return self.divergence(a, b) - (a - b) * (a - b) * 2 * nearly
            case 6:
                half = Ratio.of(Fraction(1, 2), len(self.kinds))
                return self.divergence(a, half) - (a - half) * (a - half) * 2 * nearly
            case _:
                return self.divergence(a, b) * rng.choice([1, -1]) + rng.choice([0, 1, self.log(t + 1)])

    def divergence(self, a: Ratio, b: Ratio) -> Ratio:
        """KL of two distributions on two actions."""
        pairs = ((a, b), (a * -1 + 1, b * -1 + 1))
        return sum((p * (self.log(p) - self.log(q)) for p, q in pairs), Ratio.of(0, len(self.kinds)))

    def verdict(self, strict: bool) -> SignVerdict:
        """What the ladder says."""

        def sign(above: Polynomial, below: Polynomial, strict: bool) -> SignVerdict:
            return decide_sign(above, below, self.kinds, strict=strict, seconds=SECONDS / 4)

        question = SignQuestion.of(self.found.above, self.found.below, self.kinds, strict=strict)
        return decide_affine(question, self.arguments, sign, sign, seconds=SECONDS)

    def points(self, count: int) -> list[tuple[Any, Any]]:
        """Of the domain, exact and in floats."""
        kinds = [*self.kinds.values()][: self.own]
        drawn_ones = [drawn(Kind.POSITIVE if isinstance(k, SimplexRow) else k, self.rng, count) for k in kinds]
        if isinstance(kinds[0], SimplexRow):
            total = sum(x for x, _ in drawn_ones)
            drawn_ones = [(x, x.astype(float)) for x in (x / total for x, _ in drawn_ones)]
        return drawn_ones

    def failing(self, strict: bool, count: int) -> list[Any]:
        """A point at which the function is negative, or 0 if strict, if there is one."""
        points, (above, below) = self.points(count), (self.found.above, self.found.below)
        floats = [x for _, x in points]
        with np.errstate(all="ignore"):
            sizes = [_value(p, floats)[0] / _value(q, floats)[0] for p, q in self.arguments.values()]
            values = [*floats, *map(np.log, sizes)]
            (n, n_size), (d, d_size) = _value(above, values), _value(below, values)
            near = ~((np.abs(n) > 1e-9 * n_size) & (np.abs(d) > 1e-9 * d_size))
        false = np.flatnonzero(~near & (n * d < 0))
        if len(false):
            return [x[false[0]] for x, _ in points]
        for k in np.flatnonzero(near):
            with ctx.workprec(200):
                at = [arb(x[k]) for x, _ in points]
                parts = [(_ball(p, at), _ball(q, at)) for p, q in self.arguments.values()]
                if not all(p * q > 0 for p, q in parts):
                    continue
                at += [(p / q).log() for p, q in parts]
                value = _ball(above, at) * _ball(below, at)
                if value < 0 or (strict and value.is_zero() and not _ball(below, at).contains(0)):
                    return [x[k] for x, _ in points]
        return []


def _value(p: Polynomial, x: list[Any]) -> tuple[Any, Any]:
    """At points, and how large its terms are together."""
    zero = np.zeros(len(x[0]))
    found = [float(c) * prod((v**e for v, e in zip(x, m, strict=False) if e), start=zero + 1)
             for m, c in terms(p).items()]  # fmt: skip
    return sum(found, zero), sum(map(np.abs, found), zero)


def _ball(p: Polynomial, x: list[Any]) -> Any:
    return sum((c * prod((v**e for v, e in zip(x, m, strict=False) if e), start=arb(1))
                for m, c in terms(p).items()), arb(0))  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0, help="no question is begun after this time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first question")
    parser.add_argument("--count", type=int, default=10**9, help="questions")
    parser.add_argument("--points", type=int, default=10_000, help="evaluations of each proof")
    options = parser.parse_args()
    until, met, wrong, mutants = time.monotonic() + options.seconds, Counter[str](), 0, 0
    for number in range(options.first, options.first + options.count):
        if time.monotonic() > until:
            break
        rng = random.Random(f"{options.seed} {number}")
        asked, strict = Random(rng), rng.random() < 0.3
        if not asked.arguments:
            continue
        verdict = asked.verdict(strict)
        proved = verdict.status is SignStatus.PROVED
        met[verdict.certificate.rung if verdict.certificate else str(verdict.status)] += 1
        at = asked.failing(strict, options.points) if proved else []
        if proved and not at:
            asked.found = asked.found - 1
            mutants += bool(asked.failing(strict, options.points))
        if at:
            wrong += 1
            print(f"WRONG {number}: {asked.found}, {asked.arguments}, {asked.kinds}, {strict}: {verdict} at {at}",
                  flush=True)  # fmt: skip
    print("| verdict | count |\n|---|---|")
    for name, times in sorted(met.items()):
        print(f"| {name} | {times:,} |")
    print(f"\n{met.total():,} questions; of what is proved, less 1, {mutants:,} are seen to be false\n{wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())

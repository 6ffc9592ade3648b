"""The chains of the literature against what is known of them without a chain: formulas, counts, sums by hand."""

import runpy
from fractions import Fraction
from math import comb
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import pgsym
from pgsym.model.reductions import no_choice

FAMILIES = runpy.run_path(str(Path(__file__).parent.parent / "benchmarks" / "chain_families.py"))["FAMILIES"]
VALUES = {
    "pK": "9/10",
    "pL": "7/10",
    "perr": "1/50",
    "prob1": "9/10",
    "PF": "4/5",
    "badC": "1/6",
    "p": "1/3",
    "q": "1/5",
}
pK, pL, perr, prob1, PF, badC, p, q = (Fraction(v) for v in VALUES.values())


def give_up(n: int, most: int) -> Fraction:
    """Some frame fails most + 1 times; one try needs both channels."""
    return 1 - (1 - (1 - pK * pL) ** (most + 1)) ** n


def seen_twice(size: int, runs: int) -> Fraction:
    """A run shows the sender with one probability, so the number of such runs is binomial."""
    later = badC / size / (1 - (1 - badC) * PF)
    shown = badC + (1 - badC) * PF * later
    return 1 - (1 - shown) ** runs - runs * shown * (1 - shown) ** (runs - 1)


def few_ones(n: int, k: int) -> Fraction:
    """From stage to stage: pairs of ones are hypergeometric, at first binomial, and so are errors."""

    def binomial(m: int, chance: Fraction, i: int) -> Fraction:
        return comb(m, i) * chance**i * (1 - chance) ** (m - i)

    def after(pairs: int, ones: int) -> Fraction:
        terms = ((i, ones - i) for i in range(ones + 1) if i <= n - pairs and ones - i <= pairs)
        return sum((binomial(n - pairs, 1 - perr, i) * binomial(pairs, perr, j) for i, j in terms), Fraction(0))

    def paired(z: int, h: int) -> Fraction:
        return Fraction(comb(z, h) * comb(n - z, z - h), comb(n, z)) if h <= z else Fraction(0)

    both = [binomial(n, prob1**2, h) for h in range(n + 1)]
    for _ in range(2 * k + 1):
        law = [sum((both[h] * after(h, z) for h in range(n + 1)), Fraction(0)) for z in range(n + 1)]
        both = [sum((law[z] * paired(z, h) for z in range(n + 1)), Fraction(0)) for h in range(n + 1)]
    return sum((law[z] for z in range(n + 1) if 10 * z < n), Fraction(0))


def collision(n: int) -> Fraction:
    return q * p**n / (1 - q * (1 - p**n))


@pytest.mark.parametrize(
    ("name", "sizes", "states", "expected"),
    [
        ("brp", (5, 2), None, give_up),
        ("brp", (3, 4), None, give_up),
        ("crowds", (3, 3), None, seen_twice),
        ("crowds", (4, 2), None, seen_twice),
        ("nand", (2, 4), 326, few_ones),
        ("nand", (3, 1), None, few_ones),
        ("zeroconf", (4,), 7, collision),
    ],
)
def test_value_is_the_known_one(name, sizes, states, expected):
    mdp = FAMILIES[name](*sizes)
    assert states in (None, len(mdp.states))
    values = {s.name: VALUES[s.name] for s in mdp.symbols}
    problem = pgsym.Problem(mdp, no_choice(mdp))
    in_closed_form = pgsym.solve(problem).J.subs({sp.Symbol(s): sp.Rational(v) for s, v in values.items()})
    assert in_closed_form == sp.Rational(expected(*sizes)) == pgsym.solve(problem).at(**values).J


def test_herman_is_the_float_solution():
    mdp = FAMILIES["herman"](5)
    P, index = np.zeros((33, 33)), {s: i for i, s in enumerate(mdp.states)}
    for s, _, t, chance, _ in mdp.rows:
        if t not in mdp.terminal:
            P[index[s], index[t]] += float(chance.subs("p", sp.Rational(1, 3)))
    steps = [float(s not in mdp.terminal and s != 0) for s in mdp.states]
    expected = np.linalg.solve(np.eye(33) - P, steps)[0]
    assert float(pgsym.solve(pgsym.Problem(mdp, no_choice(mdp))).J.subs("p", sp.Rational(1, 3))) == pytest.approx(
        expected
    )

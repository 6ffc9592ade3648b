"""Sharpest constants against suprema by hand, and against values on a grid."""

import random
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

import pgsym
from pgsym.claims import sharp_constant
from pgsym.errors import ClaimError, HypothesisError
from pgsym.model import MDP, Problem

p = sp.Symbol("p")


def paid(reward, domain="0 <= p <= 1"):
    """One step that pays a function of p."""
    return Problem(pgsym.MDP.from_transitions([("s", "a", "end", 1, reward)], start="s", terminal=["end"],
                                              symbols={"p": domain}))  # fmt: skip


CONSTANTS = {
    "a critical value": ("p*(1-p)", "0 <= p <= 1", "J <= c", "1/4"),
    "a bound": ("p*(1-p)", "0 <= p <= 1/3", "J <= c", "2/9"),
    "a bound that is not attained": ("p*(1-p)", "0 < p < 1/3", "J <= c", "2/9"),
    "an irrational bound": ("p", "0 <= p <= 1, p^2 <= 1/2", "J <= c", "sqrt(2)/2"),
    "an irrational critical value": ("p/(p^2+2)", "0 <= p", "J <= c", "sqrt(2)/4"),
    "from below": ("p^2-p", "0 <= p <= 1", "c <= J", "-1/4"),
    "on both sides": ("p*(1-p)", "0 <= p <= 1", "2*J + c <= 3*c - c/2", "1/3"),
    "of a product": ("p^2+2*p+9", "0 < p", "c * p <= J", "8"),
    "where what it multiplies is negative": ("p^2+2*p+9", "0 < p", "-J <= c * (0-p)", "8"),
    "a limit at infinity": ("(3*p+1)/(p+1)", "0 <= p", "J <= c", "3"),
    "no bound": ("p^2", "0 <= p", "J <= c", "oo"),
    "of a square that vanishes": ("2*(p-1)^2", "0 <= p", "c * (p-1)^2 <= J", "2"),
    "a number": ("p", "0 <= p <= 1", "sum[a] pi(a|s) <= 2 * c", "1/2"),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_by_hand(name):
    reward, domain, claim, constant = CONSTANTS[name]
    found = pgsym.sharpen(paid(reward, domain), claim)
    assert sp.simplify(found.exact - sp.sympify(constant)) == 0 or found.exact == sp.sympify(constant)
    assert all(v.decided for v in found.verdicts)


@pytest.mark.parametrize("seed", range(12))
def test_constants_of_random_fractions_are_those_of_a_grid(seed):
    rng = random.Random(seed)
    above = [rng.randint(-5, 5) for _ in range(rng.randint(2, 5))]
    below = [rng.randint(1, 4), *(rng.randint(0, 3) for _ in range(rng.randint(0, 3)))]
    reward = f"({sp.Poly(above, p).as_expr() if any(above) else p})/({sp.Poly(below, p).as_expr()} + 1)"
    found = pgsym.sharpen(paid(reward), "J <= c").exact
    values = sp.lambdify(p, sp.sympify(reward))(np.linspace(0, 1, 20_001))
    assert abs(float(np.max(values)) - float(found)) < 1e-6


def test_a_critical_value_that_is_left_out_is_missed(monkeypatch):
    """A mutant: ends alone give 0, but for the verdicts, which refute it."""
    whole = sharp_constant._Search._ends
    monkeypatch.setattr(sharp_constant._Search, "_ends", lambda self, domain, form: whole(self, domain, form)[:1])
    assert pgsym.sharpen(paid("p*(1-p)"), "J <= c").exact != sp.Rational(1, 4)


def test_two_parameters_attain_a_rational_constant():
    """sum_a pi(a|s)^2 is least at even odds: 1/2 in each of two states."""
    found = pgsym.sharpen("two-state", "sum[s] sum[a] pi(a|s)^2 >= c")
    assert (found.extreme, found.exact, found.proved, found.refuted) == ("largest", 1, 1, None)
    assert found.verdicts[0].proved


def test_two_parameters_that_attain_nothing_enclose_the_constant():
    """It is 2 in the limit."""
    found = pgsym.sharpen("two-state", "sum[s] sum[a] pi(a|s)^2 <= c")
    assert found.exact is None
    assert found.refuted < 2 <= found.proved < 2 + Fraction(1, 10**5)


@pytest.mark.parametrize(
    ("claim", "error", "message"),
    [
        ("J = c", ClaimError, "J == c: found ==; a sharpest constant is that of one <= or >=. Write it so"),
        ("J < c", ClaimError, "J < c: found <; a sharpest constant is that of one <= or >=. Write it so"),
        ("J <= 1 <= c", ClaimError,
         "J <= 1 <= c: found <= <=; a sharpest constant is that of one <= or >=. Write it so"),
        ("J <= 1", ClaimError,
         "J <= 1: the constant c is not in it; it stands on one side or both. Write it there"),
        ("J <= k + p", ClaimError,
         "J <= k + p: the constant c is not in it; it stands on one side or both. Is it k? Name it, with --for k"),
        ("J <= c^2", ClaimError,
         "c: found the constant c in c^2; it stands in sums and products, as in A <= c * B. Write it so"),
        ("J <= c * (p - 1/2)", HypothesisError,
         "J <= c * (p - 1/2): what c multiplies, p - 1/2, is not shown to have one sign, so none need be the "
         "sharpest. Multiply it by what is nowhere negative"),
        ("rbar <= c * rbar", HypothesisError, None),
    ],
)  # fmt: skip
def test_what_has_no_sharpest_constant_is_refused(claim, error, message):
    with pytest.raises(error) as raised:
        pgsym.sharpen(paid("p*(1-p)"), claim)
    assert message is None or str(raised.value) == message


def test_a_symbol_of_the_model_is_no_constant():
    with pytest.raises(ClaimError, match="p is a symbol of the model; an arbitrary number needs a name of its own"):
        pgsym.sharpen(paid("p*(1-p)"), "J <= p", "p")


def test_no_constant_is_said_to_be_proved_where_none_is():
    """J grows without bound as g -> 1."""
    rows = [("x", "a", "x", 1, 1), ("x", "b", "x", 1, 0)]
    mdp = MDP.from_transitions(rows, start="x", gamma="g", symbols={"g": "0 <= g < 1"})
    assert "the least c with J <= c: not found; 2199023255552, refuted\n" in str(pgsym.sharpen(mdp, "J <= c"))

"""Balls contain exact numbers of random models, found in closed forms and by FLINT; balls that are too small do not."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx, fmpq, fmpq_mat

import pgsym
from pgsym import FloatMDP
from pgsym.algebra.ball_system import BallSystem
from pgsym.errors import NotStochasticError, SchemaError, SingularMatrixError
from pgsym.exact.certified import Bounded, MarkovSystem
from pgsym.model.validate import RationalisedWarning

S, A = 4, 2
OBJECTIVES = ["start-state", "average-reward"]


@pytest.fixture(autouse=True)
def precise():
    """In which rationals are compared with balls."""
    with ctx.workprec(2_000):
        yield


def model(seed, objective="start-state", gamma=Fraction(6, 7)):
    """Random rationals; the last state is terminal but for the average reward, and the last action missing in it."""
    draw = np.random.default_rng(seed)
    rows = []
    for s, a in np.ndindex(S, A):
        if s == S - 1 and (a or objective == "start-state"):
            continue
        weights = draw.integers(1, 10**12, size=S).tolist()
        rows += [(s, a, t, Fraction(w, sum(weights)), Fraction(int(draw.integers(-99, 99)), 7)) for t, w in
                 enumerate(weights)]  # fmt: skip
    mu0 = [Fraction(k + 1, S * (S + 1) // 2) for k in range(S)]
    return FloatMDP.from_rows(rows, start=mu0, gamma=gamma)


def exact(found, objective, theta):
    """By name, the numbers of `FloatSolution.balls` in closed forms, flat and in order."""
    mdp = found.exact()
    problem = pgsym.Problem(mdp, objective=objective)
    at = pgsym.solve(problem).at([theta[pair] for pair in mdp.pairs])
    zero = sp.Integer(0)
    value, weight = ("V", "eta") if objective == "start-state" else ("h", "mu")
    pairs = list(np.ndindex(S, A))
    slopes = dict(zip(mdp.pairs, (at.grad[p] for p in problem.policy.params), strict=True))
    tables = {name: dict(getattr(at, name).items()) for name in (value, weight)}
    return {
        "J": [at.J],
        value: [tables[value].get(s, zero) for s in range(S)],
        weight: [tables[weight].get(s, zero) for s in range(S)],
        "Q": [at.Q[pair] if pair in slopes else zero for pair in pairs],
        "grad": [slopes.get(pair, zero) for pair in pairs],
    }


def flat(balls):
    """By name, balls in the same order."""
    return {name: list(np.array(found, object).ravel()) for name, found in balls.items()}


def missed(balls, numbers):
    """How many of the numbers are not in their balls."""
    rational = [(ball, fmpq(int(x.p), int(x.q))) for name in numbers for ball, x in
                zip(balls[name], numbers[name], strict=True)]  # fmt: skip
    return sum(not ball.contains(x) for ball, x in rational)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("bits", [24, 64, 300])
def test_balls_contain_the_exact_numbers_and_smaller_ones_do_not(objective, bits):
    mutants = 0
    for seed in range(4):
        found = model(seed, objective)
        balls = flat(found.at(objective=objective).balls(bits))
        numbers = exact(found, objective, dict.fromkeys(np.ndindex(S, A), 0))
        assert missed(balls, numbers) == 0
        assert all(ball.rad() < 2.0 ** (18 - bits) for balls_ in balls.values() for ball in balls_)
        smaller = {name: [arb(b.mid(), b.rad() / 1000) for b in bs] for name, bs in balls.items()}
        mutants += missed(smaller, numbers)
    assert mutants > 0


def test_bounds_of_a_wrong_solution_hold_and_forgetting_the_inverse_is_seen(monkeypatch):
    found = model(0, gamma=Fraction(99, 100))
    numbers = exact(found, "start-state", dict.fromkeys(np.ndindex(S, A), 0))
    nothing = Bounded(np.zeros(S), 0.0)
    for name in ("solve", "solve_transposed"):
        monkeypatch.setattr(MarkovSystem, name, lambda self, b: nothing)
    assert missed(flat(found.at().balls()), numbers) == 0
    monkeypatch.setattr(BallSystem, "_radii", lambda self, left, transposed: [max(left)] * S)
    assert missed(flat(found.at().balls()), numbers) > 0


def test_floats_are_the_numbers_that_they_are():
    draw = np.random.default_rng(3)
    P, r = draw.dirichlet(np.ones(S), size=S), draw.normal(size=S)
    found = FloatMDP(P, r[:, None], start=1, gamma=0.9)
    rows = [list(map(Fraction, row)) for row in found.P.toarray().tolist()]
    M = [[(s == t) - Fraction(0.9) * p / sum(row) for t, p in enumerate(row)] for s, row in enumerate(rows)]
    b = fmpq_mat(S, 1, [fmpq(*x.as_integer_ratio()) for x in r.tolist()])
    V = fmpq_mat(S, S, [fmpq(*x.as_integer_ratio()) for row in M for x in row]).solve(b)
    J = found.at().balls(300)["J"]
    assert J.contains(V[1, 0])
    assert J.rad() < 1e-80
    assert not (J + 1e-70).contains(V[1, 0])


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_exact_logits_not_those_that_floats_make_of_them(objective):
    found, logits = model(5, objective), np.arange(S * A).reshape(S, A) / 4
    balls = flat(found.at(logits, objective).balls(100))
    theta = {pair: sp.Rational(x) for pair, x in np.ndenumerate(logits)}
    for name, numbers in exact(found, objective, theta).items():
        for ball, number in zip(balls[name], numbers, strict=True):
            assert (ball + arb(0, "1e-40")).contains(arb(str(sp.N(number, 60))))
            assert ball.rad() < 1e-25


def test_rationals_are_kept_where_they_are_given():
    tiny = Fraction(1, 10**30 + 57)
    given = [
        (0, 0, 0, tiny, Fraction(1, 3)),
        (0, 0, 1, 1 - tiny, 2),
        (2, 1, 0, 1, sp.Rational(1, 7)),
        (2, 0, 2, 0.5, 1 / 3),
    ]
    found = FloatMDP.from_rows([*given, (2, 0, 1, 0.5, 1 / 3)], start=[0, 0, fmpq(1)], gamma=Fraction(1, 3))
    with pytest.warns(RationalisedWarning):
        mdp = found.exact()
    assert {(s, a, t): p for s, a, t, p, _ in mdp.rows} == {
        (0, 0, 0): sp.Rational(tiny),
        (0, 0, 1): 1 - sp.Rational(tiny),
        (2, 1, 0): 1,
        (2, 0, 2): sp.Rational(1, 2),
        (2, 0, 1): sp.Rational(1, 2),
    }
    assert sorted({r for *_, r in mdp.rows}) == [sp.Rational(1, 7), sp.Rational(1, 3), 2]
    assert (mdp.gamma, mdp.start, mdp.terminal) == (sp.Rational(1, 3), {2: 1}, {1})
    again = FloatMDP.of(mdp)
    assert again.exact().rows == mdp.rows
    J = pgsym.solve(mdp).at().J
    assert again.at().J == pytest.approx(float(J), rel=1e-12)
    assert again.at().balls()["J"].contains(fmpq(int(J.p), int(J.q)))
    corridor = FloatMDP.of(pgsym.zoo("short-corridor").mdp)  # the last state is terminal
    assert corridor.at().balls()["J"].contains(-12)


def test_wrong_columns_and_too_few_bits_are_refused():
    with pytest.raises(
        SchemaError, match=r"columns: could not convert string to float: .*; floats and rational numbers"
    ):
        FloatMDP.from_rows([(0, 0, 1, "x", 1.0)], start=0)
    with pytest.raises(NotStochasticError, match="P: rows are off 1 by up to 0, or have negative entries"):
        FloatMDP.from_rows([(0, 0, 1, 1, 0), (0, 0, 0, Fraction(-1, 10**400), 0)], start=0)
    slow = [(0, 0, 0, 1 - Fraction(1, 10**6), 0), (0, 0, 1, Fraction(1, 10**6), 1)]
    with pytest.raises(SingularMatrixError, match=r"bits: balls of 8 bits do not show that there is one"):
        FloatMDP.from_rows(slow, start=0).at().balls(8)
    with pytest.raises(SchemaError, match=r"bits: found 1; at least 2 are required"):
        FloatMDP.from_rows(slow, start=0).at().balls(1)

"""z3 on the last rung: what it says is marked as its word, and what it finds is evaluated."""

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from plain_signs import decided
from skips import needs

from pgsym.errors import MissingExtraError
from pgsym.order import Kind, SignStatus, decide_system, fraction_of, solver
from pgsym.order.certificates import Coefficients, FactoredSign
from pgsym.order.checker import check_system
from pgsym.order.question import SignQuestion

x, y, z, gamma = sp.symbols("x y z gamma")
POSITIVE = {x: Kind.POSITIVE, y: Kind.POSITIVE, z: Kind.POSITIVE}
# zero on a curve whose points are irrational, of degree three in each variable
HARD = (x**3 - 2 * y - 1) ** 2 + (x * y**3 - 3) ** 2 * (1 + z**3)


def test_unsat_is_the_solvers_word():
    needs("z3")
    verdict = decided(HARD, POSITIVE, seconds=16)
    assert verdict.status is SignStatus.PROVED
    assert str(verdict.trust) == "solver's word"
    assert not verdict.trust.certain
    assert "this rests on the solver's word" in str(verdict)


def test_without_z3_the_rung_is_skipped_and_said_so(monkeypatch):
    def missing(*_):
        raise MissingExtraError("it is not installed", where="z3")

    monkeypatch.setattr(solver, "optional", missing)
    verdict = decided(HARD, POSITIVE, seconds=20)
    assert verdict.status is SignStatus.UNDECIDED
    assert verdict.tried[-1] == "solver: z3 is not installed, see pgsym[order]"
    verdict = decide_system(fraction_of(x - y, POSITIVE), [], POSITIVE, strict=True)
    assert verdict.tried == (
        "combination of assumptions",
        "solver: z3 is not installed, see pgsym[order]",
    )


def two_states(goal, *, improved=True, seconds=60):
    """A goal about V and V' = W on every MDP with two states; p, r and q, t are what two policies induce."""
    p, q, r, t, V, W = (sp.symbols(f"{name}0:2") for name in ("p", "q", "r", "t", "V", "W"))
    kinds = {gamma: Kind.UNIT_HALF_OPEN, **dict.fromkeys([*p, *q], Kind.UNIT_OPEN)}
    kinds |= dict.fromkeys([*r, *t, *V, *W], Kind.REAL)

    def backup(reward, to, U, s):
        return reward[s] + gamma * (to[s] * U[1] + (1 - to[s]) * U[0]) - U[s]

    def polynomial(e):
        return fraction_of(e, list(kinds))[0]

    equations = [polynomial(backup(r, p, V, s)) for s in (0, 1)] + [polynomial(backup(t, q, W, s)) for s in (0, 1)]
    better = [polynomial(backup(t, q, V, s)) for s in (0, 1)] if improved else []
    goal = goal(V, W, r)
    verdict = decide_system(
        fraction_of(goal, list(kinds)), equations, kinds, strict=False, assumptions=better, seconds=seconds
    )
    return verdict, goal, kinds, backup, (p, q, r, t, V, W)


def test_policy_improvement_holds_on_every_mdp_with_two_states():
    """As the textbooks do it: W - V is (I - gamma P')^-1 times the gain of one step; z3 is not asked."""
    verdict, *_ = two_states(lambda V, W, r: W[0] - V[0])
    assert verdict.status is SignStatus.PROVED
    assert str(verdict.trust) == "normal form"
    assert verdict.certificate.rung == "combination of assumptions"


def test_system_that_is_not_linear_is_asked_of_z3():
    needs("z3")
    kinds = {x: Kind.REAL, y: Kind.REAL}
    circle = fraction_of(x**2 + y**2 - 1, [x, y])[0]
    verdict = decide_system(fraction_of(2 - x - y, [x, y]), [circle], kinds, strict=True)
    assert str(verdict.trust) == "solver's word"
    verdict = decide_system(fraction_of(1 - x - y, [x, y]), [circle], kinds, strict=False)
    assert verdict.status is not SignStatus.PROVED


def combined():
    """v = 1 + gamma v and w = v + g with g >= 0: w >= 1."""
    v, w = sp.symbols("v w")
    kinds = {v: Kind.REAL, w: Kind.REAL, gamma: Kind.UNIT_HALF_OPEN}
    polynomials = [fraction_of(e, list(kinds))[0] for e in (1 + gamma * v - v, w - v)]
    goal = fraction_of(w - 1, list(kinds))
    verdict = decide_system(goal, polynomials[:1], kinds, strict=False, assumptions=polynomials[1:])
    return verdict.certificate, goal, polynomials, kinds


def test_combination_is_of_its_equations_alone():
    certificate, goal, (equation, assumption), kinds = combined()
    question = SignQuestion.of(*goal, kinds, strict=False, assumptions=[assumption])
    assert check_system(certificate, question, [equation])
    assert not check_system(certificate, question, [equation + 1])
    assert not check_system(certificate, question, [])
    strict = SignQuestion.of(*goal, kinds, strict=True, assumptions=[assumption])
    assert not check_system(certificate, strict, [equation])  # gamma = 0 and w = v is equality
    one = certificate.scale**0
    for damaged in (
        {"scale": certificate.scale + 1},
        {"scale": -certificate.scale},
        {"sign": -certificate.sign},
        {"sign": 2},
        {"equations": (-certificate.equations[0],)},
        {"assumptions": (-certificate.assumptions[0],)},
        {"constant": certificate.constant + one},
        {"nonzero": Coefficients()},
        {"signs": (certificate.signs[0], FactoredSign(()))},
    ):
        assert not check_system(replace(certificate, **damaged), question, [equation])
    turned = replace(certificate, equations=(certificate.equations[0] * 0,), constant=certificate.scale * goal[0])
    assert not check_system(turned, question, [equation])


FALSE = [(lambda V, W, r: W[0] - V[0], False), (lambda V, W, r: V[0] - r[0], True)]


@pytest.mark.parametrize(("goal", "improved"), FALSE)
def test_false_goal_has_a_witness_that_solves_bellmans_equations(goal, improved):
    needs("z3")
    verdict, claim, _, backup, (p, q, r, t, V, W) = two_states(goal, improved=improved)
    assert verdict.status is SignStatus.REFUTED
    at = {k: sp.Rational(v.numerator, v.denominator) for k, v in verdict.witness.items()}
    assert claim.subs(at) == sp.Rational(verdict.value.numerator, verdict.value.denominator) < 0
    for s in (0, 1):
        assert backup(r, p, V, s).subs(at) == backup(t, q, W, s).subs(at) == 0
        assert not improved or backup(t, q, V, s).subs(at) >= 0


def test_completed_refuses_equations_that_are_not_linear():
    square = fraction_of(x**2 - 2, [x])[0]
    assert solver.completed({x: Fraction(1)}, [square], [x]) is None
    assert solver.completed({x: Fraction(1), y: Fraction(3)}, [fraction_of(x * y - 2, [x, y])[0]], [x]) == {
        x: Fraction(2, 3),
        y: Fraction(3),
    }

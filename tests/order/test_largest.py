"""The largest of some fractions: what is proved is nowhere contradicted, and the checker refuses what was damaged."""

import random
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

import pgsym
from pgsym.order import Kind, SignStatus, decide_largest, fraction_of
from pgsym.order.certificates import Coefficients, Halving, Largest, Weighted
from pgsym.order.checker import check_largest
from pgsym.order.kinds import Extent, Orthant
from pgsym.order.largest import along
from pgsym.order.polynomials import context, value
from pgsym.order.regions import Cut

x, y, p, r, r2 = sp.symbols("x y p r r2")
OPEN, LINE = Extent.OPEN, Extent.LINE
KINDS = {x: Kind.POSITIVE, y: Kind.POSITIVE}
U, V = context(2).gens()


def asked(forms, kinds):
    return decide_largest([fraction_of(f, list(kinds)) for f in forms], kinds, seconds=1)


@pytest.mark.parametrize(
    ("forms", "kinds"),
    [
        ([x - y, y - x], KINDS),
        ([x / y - 1, (y - x) / (1 + x)], KINDS),
        ([x - 2 * y, y - x / 3], KINDS),
        ([x**2 - y, y**2 - x, x * (2 - y)], KINDS),
        ([x**2 - x * y + y**2], KINDS),
        ([p - sp.Rational(1, 3), 1 - 2 * p], {p: Kind.UNIT_OPEN}),
        ([p - sp.Rational(1, 3), sp.Rational(1, 3) - p], {p: Kind.UNIT_HALF_OPEN}),
        ([r, -r], {r: Kind.REAL}),
        ([r * x, -r * x + x], {r: Kind.REAL, x: Kind.POSITIVE}),
        ([(1 + x) * r - x, y - (2 + y) * r, r], {r: Kind.REAL, **KINDS}),
        ([x * r + r2, y * r - r2, -r], {r: Kind.REAL, r2: Kind.REAL, **KINDS}),
    ],
)
def test_one_of_them_is_nonnegative_everywhere(forms, kinds):
    found = asked(forms, kinds)
    assert found.status is SignStatus.PROVED
    assert found.trust.certain
    assert "combination of the" in str(found)


@pytest.mark.parametrize(
    ("forms", "kinds"),
    [
        ([x - 2 * y, y - x], KINDS),
        ([x - y - sp.Rational(1, 100), y - x - sp.Rational(1, 100)], KINDS),
        ([p - sp.Rational(2, 3), sp.Rational(1, 3) - p], {p: Kind.UNIT_OPEN}),
        ([r - 1, -r - 1], {r: Kind.REAL}),
        ([(1 + x) * r - x, -(2 + y) * r], {r: Kind.REAL, **KINDS}),
        ([x * r + r2, y * r - r2], {r: Kind.REAL, r2: Kind.REAL, **KINDS}),
        ([x * r + r2, y * r - r2, -r - sp.Rational(1, 100)], {r: Kind.REAL, r2: Kind.REAL, **KINDS}),
    ],
)
def test_largest_rejects_what_is_negative_somewhere(forms, kinds):
    assert asked(forms, kinds).status is SignStatus.UNDECIDED


def test_nothing_proved_is_negative_at_a_point():
    rng = random.Random(5)
    proved = 0
    for _ in range(40):
        monomials = [x**i * y**j for i in range(3) for j in range(3)]
        forms = [sum(rng.randint(-3, 3) * m for m in rng.sample(monomials, 3)) for _ in range(3)]
        if any(f == 0 for f in forms):
            continue
        forms[2] = rng.choice([forms[2], -forms[0] - forms[1], -x * forms[0]])
        if asked(forms, KINDS).status is not SignStatus.PROVED:
            continue
        proved += 1
        parts = [fraction_of(f, [x, y])[0] for f in forms]
        for _ in range(200):
            at = [Fraction(rng.randint(1, 40), rng.randint(1, 40)) for _ in KINDS]
            assert max(value(q, at) for q in parts) >= 0
    assert proved >= 12


ONE = context(2).constant(1)
FORMS = [(U - V, ONE), (V - U, ONE)]
HALVES = Halving(Cut(0, Fraction(1), 1), (Weighted((ONE, 0 * ONE)), Weighted((0 * ONE, ONE))))
SUM = Largest(((U - V, ONE), (V - U, ONE)), Weighted((ONE, ONE)), (0, 1))


def test_checker_accepts():
    assert check_largest(SUM, FORMS, Orthant(KINDS))
    turned = Halving(HALVES.cut, HALVES.parts[::-1])
    assert check_largest(replace(SUM, tree=HALVES), FORMS, Orthant(KINDS)) != check_largest(
        replace(SUM, tree=turned), FORMS, Orthant(KINDS)
    )


@pytest.mark.parametrize(
    "damaged",
    [
        replace(SUM, tree=Weighted((ONE, 2 * ONE))),
        replace(SUM, tree=Weighted((0 * ONE, 0 * ONE))),
        replace(SUM, tree=Weighted((-ONE, -ONE))),
        replace(SUM, tree=Weighted((ONE,))),
        replace(SUM, tree=Coefficients()),
        replace(SUM, pairs=SUM.pairs[:1]),
        replace(SUM, pairs=((V - U, -ONE), (V - U, ONE))),
        replace(SUM, pairs=((U, ONE), (V - U, ONE))),
        replace(SUM, tree=replace(HALVES, cut=Cut(0, Fraction(2), 1))),
    ],
)
def test_checker_rejects_damage(damaged):
    assert not check_largest(damaged, FORMS, Orthant(KINDS))


def test_seams_are_cut_where_they_are_binomials():
    assert along(U - 3 * V, (OPEN, OPEN)) == Cut(0, Fraction(3), 1, 1)
    assert along(2 * U * V - 1, (OPEN, OPEN)) == Cut(0, Fraction(1, 2), 1, -1)
    assert along(2 * V - 5, (OPEN, OPEN)) == Cut(1, Fraction(5, 2))
    for none in (U + V, U**2 - V, U - V + 1, U):
        assert along(none, (OPEN, OPEN)) is None
    assert along(U - 1, (LINE, OPEN)) is None


# -- published inequalities, with mutants ------------------------------------------------------------------

MEI = ('4 * dot(grad J, grad J) * (max[s] (1[s="x"] * 220/31 + 1[s="y"] * 90/31) / eta(s))^2 >= {c} * '
       '(min[s] (1[s="x"] * pi("a"|"x") + 1[s="y"] * pi("a"|"y")))^2 * (J* - J)^2')  # fmt: skip
IMPROVEMENT = "V'(s) - V(s) >= {c} * min[s1] (sum[a] pi'(a|s1) * A(s1,a)) / (1 - gamma)"
TRUST_REGION = (
    "J' >= J + sum[s] eta(s) * sum[a] pi'(a|s) * A(s,a) - {c} * (max[s1] abs(sum[a1] pi'(a1|s1) * A(s1,a1))) "
    "* sum[s2] eta(s2) * 1/2 * sum[a2] abs(pi'(a2|s2) - pi(a2|s2))"
)


@pytest.mark.parametrize(
    ("claim", "true", "false"),
    [(MEI, 1, 100), (IMPROVEMENT, 1, "1/2"), (TRUST_REGION, "2 * gamma / (1 - gamma)", "0")],
)
def test_published_bounds_are_proved_and_their_mutants_refuted(claim, true, false):
    verdict = pgsym.decide("two-state", claim.format(c=true))
    assert verdict.proved, str(verdict)
    assert verdict.trust.certain
    assert verdict.method == "combination of cases"
    assert pgsym.decide("two-state", claim.format(c=false)).refuted


def test_published_bounds_hold_at_random_policies_by_linear_algebra():
    """The model written down again in floats; c = 1 is enough for the bound that is published with 18."""
    rng, gamma = np.random.default_rng(15), 0.9
    P = np.array([[[3 / 4, 1 / 4], [1 / 4, 3 / 4]], [[1 / 2, 1 / 2], [1 / 5, 4 / 5]]])  # P[s, a, s']
    r = np.array([[1.0, 0.0], [2.0, -1.0]])

    def solved(pi):
        inverse = np.linalg.inv(np.eye(2) - gamma * np.einsum("sa,sat->st", pi, P))
        V = inverse @ (pi * r).sum(axis=1)
        return V, r + gamma * P @ V - V[:, None], inverse[0]

    best, advantage, visits = solved(np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert np.allclose([*visits, best[0]], [220 / 31, 90 / 31, 400 / 31])
    assert (advantage < 1e-12).all()  # it is the best policy
    for _ in range(2000):
        old, new = (np.stack([p, 1 - p], axis=1) for p in rng.beta(0.4, 0.4, size=(2, 2)))
        (V, A, eta), (W, _, _) = solved(old), solved(new)
        means = (new * A).sum(axis=1)
        apart = np.abs(new - old).sum(axis=1) / 2
        assert (W - V >= means.min() / (1 - gamma) - 1e-9).all()
        assert W[0] - V[0] >= eta @ means - np.abs(means).max() * (eta @ apart) - 1e-9
        slopes = eta[:, None] * old * A  # by the logits of tabular softmax
        assert 2 * (slopes**2).sum() * ((visits / eta).max()) ** 2 >= (old[:, 0].min() * (best[0] - V[0])) ** 2 - 1e-9


def test_what_needs_no_numpy_is_decided_without_it(monkeypatch):
    """As in a browser."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert asked([r, -r, -2 - r**2], {r: Kind.REAL}).status is SignStatus.PROVED

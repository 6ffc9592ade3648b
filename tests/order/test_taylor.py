"""Taylor's formula with logarithms: Pinsker's inequality and its kin, near misses, and damaged certificates."""

import math
from dataclasses import replace

import pytest
import sympy as sp
from plain_logarithms import BINARY, HALF, POSITIVE, ROW, ROWS, UNIT, P, Q, log, numbers, p, posed, q, x, y

import pgsym
from pgsym.order import SignStatus, decide_sign
from pgsym.order.affine import Affine
from pgsym.order.affine_checker import check_taylor
from pgsym.order.polynomials import terms
from pgsym.order.taylor import decide_affine


def asked(expr, kinds, strict=False):
    question, of, wide = posed(expr, kinds, strict)

    def sign(above, below, strict):
        return decide_sign(above, below, wide, strict=strict, seconds=2)

    return decide_affine(question, of, sign, sign, seconds=10)


@pytest.mark.parametrize(
    ("expr", "kinds"),
    [
        (BINARY - 2 * (p - q) ** 2, UNIT),
        (ROWS - 2 * (P[0] - Q[0]) ** 2, ROW),
        (log(sp.Integer(2)) + p * log(p) + (1 - p) * log(1 - p) - 2 * (p - HALF) ** 2, UNIT),
        (log((1 + p) / (1 - p)) - 2 * p, UNIT),
        (log(1 + x) - 2 * x / (2 + x), POSITIVE),
        (x * log(x / y) - x + y - (x - y) ** 2 / (2 * (y + (x - y) / 3)), POSITIVE),
        ((x - y) * (log(x) - log(y)) * (x + y) - 2 * (x - y) ** 2, POSITIVE),
    ],
)
def test_proved_and_nowhere_contradicted(expr, kinds):
    found = asked(expr, kinds)
    assert found.status is SignStatus.PROVED, str(found)
    assert found.certificate.rung == "Taylor's formula"
    assert found.trust.certain
    assert min(numbers(expr, kinds)) > -1e-12


@pytest.mark.parametrize(
    ("expr", "kinds", "strict"),
    [
        (BINARY - 2 * (p - q) ** 2, UNIT, True),
        (BINARY - 2 * (p - q) ** 2 - (p - q) ** 4 * sp.Rational(3, 2), UNIT, False),
        (BINARY - sp.Rational(201, 100) * (p - q) ** 2, UNIT, False),
        (log(sp.Rational(199, 100)) + p * log(p) + (1 - p) * log(1 - p) - 2 * (p - HALF) ** 2, UNIT, False),
        (log(1 + x) - 2 * x / (2 + x) - x**3 / 1000, POSITIVE, False),
        (log(x) - (x - 1) + (x - 1) ** 2 / 2, POSITIVE, False),
        ((x**2 - 1) / (2 * x) - log(x), POSITIVE, False),
    ],
)
def test_near_misses_stay_open(expr, kinds, strict):
    assert asked(expr, kinds, strict).status is SignStatus.UNDECIDED


@pytest.mark.parametrize("k", [0, 1])
def test_derivatives_and_values_are_those_of_sympy(k):
    """On x, y > 0, where the coordinates are the variables themselves."""
    expr = x / (1 + y) * log((x + y**2) / (3 * x)) - y**2 * log(x * y / 2) + x / (x + y)
    form, ring = Affine.of(*posed(expr, POSITIVE)[:2]), (x, y)
    wanted, point = expr.subs({log(u): sp.log(u) for u in [e.args[0] for e in expr.atoms(log)]}), {x: 1.7, y: 0.6}
    scale = float(wanted.subs(point)) / number(form, point)
    for order in (1, 2):
        form = form.derivative(k)
        assert number(form, point) * scale == pytest.approx(float(sp.diff(wanted, ring[k], order).subs(point)))


def number(form, point):
    """The form in floats."""
    u = [*point.values()]
    u += [1.0] * (form.space.n - len(u))
    values = [*u, *(math.log(abs(valued(p, u))) for p in form.atoms)]
    return valued(form.above, values) / valued(form.below, values)


def valued(polynomial, point):
    return sum(c * math.prod(v**e for v, e in zip(point, m, strict=True)) for m, c in terms(polynomial).items())


def test_a_logarithm_of_one_is_none():
    assert asked(log(sp.Integer(1)) + x - 1, POSITIVE).status is SignStatus.UNDECIDED


def test_a_pole_on_the_way_is_no_proof():
    """The derivative of -log((x - 1)^2) has the sign of 1 - x, and it is 0 at 0; it is negative where x > 2."""
    assert asked(-log((x - 1) ** 2), POSITIVE).status is SignStatus.UNDECIDED
    assert asked(log((x - 2) ** 2 / 4) + x / (x - 2) ** 2, POSITIVE).status is SignStatus.UNDECIDED


def test_checker_refuses_what_was_damaged():
    question, of, _ = posed(BINARY - 2 * (p - q) ** 2, UNIT)
    certificate = asked(BINARY - 2 * (p - q) ** 2, UNIT).certificate
    assert check_taylor(certificate, question, of)
    above, below = certificate.point
    scale, (first, *others) = certificate.scale, certificate.conditions
    damaged = [
        replace(certificate, index=1 - certificate.index),
        replace(certificate, index=7),
        replace(certificate, point=(2 * above, below)),
        replace(certificate, point=(-above, below)),
        replace(certificate, scale=(-scale[0], scale[1])),
        replace(certificate, scale=(scale[0] * above, scale[1])),
        replace(certificate, conditions=certificate.conditions[1:]),
        replace(certificate, conditions=((-first[0], first[1]), *others)),
        replace(certificate, parts=certificate.parts[:1]),
    ]
    assert not any(check_taylor(c, question, of) for c in damaged)
    for expr in (BINARY - sp.Rational(201, 100) * (p - q) ** 2, -BINARY, BINARY - 2 * (p - q) ** 2 - HALF):
        assert not check_taylor(certificate, *posed(expr, UNIT)[:2])
    assert not check_taylor(certificate, posed(BINARY - 2 * (p - q) ** 2, UNIT, strict=True)[0], of)


PINSKER = "{kl} >= {c} * (1/2 * sum[a1] abs(pi'(a1|s) - pi(a1|s)))^2"
KL = "sum[a] pi(a|s) * (log pi(a|s) - log pi'(a|s))"


@pytest.mark.parametrize("model", ["two-state", "short-corridor"])
def test_pinsker_for_two_actions(model):
    found = pgsym.decide(model, PINSKER.format(kl=KL, c=2))
    assert found.proved, str(found)
    assert found.trust.certain
    assert "Taylor's formula" in found.method
    assert not pgsym.decide(model, PINSKER.format(kl=KL, c="201/100")).proved

"""Bounds of logarithms: Gibbs, Jensen and their near misses; the checker refuses what was damaged."""

from dataclasses import replace

import pytest
import sympy as sp
from plain_logarithms import BINARY, HALF, MEAN, POSITIVE, ROW, ROWS, UNIT, P, log, numbers, p, posed, q, x, y

import pgsym
from pgsym.order import SignStatus, decide_sign
from pgsym.order.affine_checker import check_logarithms
from pgsym.order.certificates import Coefficients
from pgsym.order.logarithms import decide_logarithms
from pgsym.order.polynomials import context


def asked(expr, kinds, strict=False):
    question, of, wide = posed(expr, kinds, strict)

    def sign(above, below, strict):
        return decide_sign(above, below, wide, strict=strict, seconds=2)

    return decide_logarithms(question, of, sign, sign)


@pytest.mark.parametrize(
    ("expr", "kinds", "strict"),
    [
        (BINARY, UNIT, False),
        (ROWS, ROW, False),
        (BINARY + p * q, UNIT, True),
        (-p * log(p) - (1 - p) * log(1 - p), UNIT, True),
        (p * log(p) + (1 - p) * log(1 - p) - log(HALF), UNIT, False),
        (sum(a * log(a) for a in P) - log(sp.Rational(1, 3)), ROW, False),
        (log(p * x + (1 - p) * y) - MEAN, {**UNIT, **POSITIVE}, False),
        (MEAN - log(1 / (p / x + (1 - p) / y)), {**UNIT, **POSITIVE}, False),
        (x - 1 - log(x), POSITIVE, False),
        (log(1 + x) - x / (1 + x), POSITIVE, False),
        (x * log(x) + y * log(y) - (x + y) * log((x + y) / 2), POSITIVE, False),
    ],
)
def test_proved_and_nowhere_contradicted(expr, kinds, strict):
    found = asked(expr, kinds, strict)
    assert found.status is SignStatus.PROVED, str(found)
    assert found.trust.certain
    assert "bounds of logarithms" in str(found)
    lowest = min(numbers(expr, kinds))
    assert lowest > (0 if strict else -1e-12)


@pytest.mark.parametrize(
    ("expr", "kinds", "strict"),
    [
        (BINARY, UNIT, True),
        (BINARY - (p - q) ** 2 * sp.Rational(201, 100), UNIT, False),
        (ROWS - sp.Rational(1, 1000), ROW, False),
        (-p * log(p) - (1 - p) * log(1 - p) - sp.Rational(1, 1000), UNIT, False),
        (p * log(p) + (1 - p) * log(1 - p) - log(sp.Rational(50, 99)), UNIT, False),
        (sum(a * log(a) for a in P) - log(sp.Rational(1, 2)), ROW, False),
        (MEAN - log(p * x + (1 - p) * y), {**UNIT, **POSITIVE}, False),
        (x - sp.Rational(1001, 1000) - log(x), POSITIVE, False),
        (log(x) * (x - y), POSITIVE, False),
        (log(x) ** 2 - log(x), POSITIVE, False),
    ],
)
def test_near_misses_stay_open(expr, kinds, strict):
    found = asked(expr, kinds, strict)
    assert found.status is SignStatus.UNDECIDED
    assert "bounds of logarithms, since " in str(found)


def test_checker_refuses_what_was_damaged():
    question, of, _ = posed(BINARY, UNIT)
    certificate = asked(BINARY, UNIT).certificate
    assert check_logarithms(certificate, question, of)
    first, *rest = certificate.transfers
    one = context(question.domain.n).constant(1)
    damaged = [
        replace(certificate, transfers=certificate.transfers[1:]),
        replace(certificate, transfers=(replace(first, weight=first.weight + one), *rest)),
        replace(certificate, transfers=(replace(first, larger=first.smaller, smaller=first.larger), *rest)),
        replace(certificate, transfers=(replace(first, larger=None), *rest)),
        replace(certificate, positive=certificate.positive[1:]),
        replace(certificate, rest=Coefficients()),
    ]
    assert not any(check_logarithms(c, question, of) for c in damaged)
    turned = posed(-BINARY, UNIT)[0]
    assert not check_logarithms(certificate, turned, of)
    swapped = dict(zip(of, [*list(of.values())[1:], of[2]], strict=True))
    assert not check_logarithms(certificate, question, swapped)
    shifted = posed(BINARY - 1, UNIT)[0]
    assert not check_logarithms(certificate, shifted, of)
    strict = posed(BINARY, UNIT, strict=True)[0]
    assert not check_logarithms(certificate, strict, of)


KL = "sum[a] pi(a|s) * log (pi(a|s) / pi'(a|s))"


@pytest.mark.parametrize("model", ["two-state", "short-corridor"])
@pytest.mark.parametrize(
    "claim",
    [
        f"{KL} >= 0",
        "sum[a] pi'(a|s) * (log pi'(a|s) - log pi(a|s)) >= 0",
        "-sum[a] pi(a|s) * log pi(a|s) >= 0",
        "-sum[a] pi(a|s) * log pi(a|s) <= log 2",
        f"sum[s] d(s) * {KL} >= 0",
    ],
)
def test_claims_about_a_model(model, claim):
    found = pgsym.decide(model, claim)
    assert found.proved, str(found)
    assert found.trust.certain
    assert found.method == "bounds of logarithms"


@pytest.mark.parametrize(
    "claim",
    [
        f"{KL} > 0",
        f"{KL} <= 1/10",
        "-sum[a] pi(a|s) * log pi(a|s) < log 2",
        "-sum[a] pi(a|s) * log pi(a|s) <= log (199/100)",
        f"{KL} >= log (1001/1000) * sum[a] pi(a|s)",
    ],
)
def test_false_ones_are_refuted_by_exact_points(claim):
    found = pgsym.decide("two-state", claim)
    assert found.refuted, str(found)
    assert found.trust.certain


@pytest.mark.parametrize("claim", ["log 2 <= 7/10", "log 2 >= 69/100", "log 2 * log 3 < 77/100", "log 3 > 1"])
def test_numbers_have_the_sign_of_a_ball_around_them(claim):
    found = pgsym.decide("two-state", claim)
    assert found.proved
    assert found.method == "ball arithmetic"
    turned = pgsym.decide("two-state", claim.translate(str.maketrans("<>", "><")))
    assert turned.refuted


@pytest.mark.parametrize(
    "claim",
    [
        "log pi'(a|s) < 0",  # pi' may take one action always
        "-sum[a] pi'(a|s) * log pi'(a|s) > 0",
        "-sum[a] pi(a|s) * log pi(a|s) <= 69/100",
        "log 8 > 3 * log 2",
    ],
)
def test_what_fails_at_a_bound_is_not_proved(claim):
    assert not pgsym.decide("two-state", claim).proved


def test_a_size_of_logarithms_is_proved_too():
    assert pgsym.decide("two-state", "abs(sum[a] pi(a|s) * log pi(a|s)) <= log 2").proved

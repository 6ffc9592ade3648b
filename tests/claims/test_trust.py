"""One scale of trust, and where each answer stands on it."""

import pgsym
from pgsym.auditing.cross_check import cross_check
from pgsym.claims import Level, Trust, decide
from pgsym.trust import ORDER, weakest

MODEL = pgsym.zoo("two-state")


def test_verdicts_say_their_level():
    claim = "V(s) = sum[a] pi(a|s) * Q(s,a)"
    exact = decide(MODEL, claim, method="normal form")
    assert exact.trust == Trust(Level.NORMAL_FORM)
    tested = decide(MODEL, claim, method="identity test")
    assert tested.trust.level is Level.IDENTITY_TEST
    assert tested.trust.error_bits >= 100
    assert tested.ground == str(tested.trust)
    assert tested.to_json()["trust"] == {"level": "identity test", "error_bits": tested.trust.error_bits}


def test_a_refutation_does_not_rest_on_chance():
    found = decide(MODEL, "V(s) = r_pi(s)", method="identity test")
    assert found.trust == Trust(Level.EXACT_POINT)
    assert found.trust.certain


def test_inapplicable_has_no_level():
    corridor = pgsym.zoo("short-corridor")
    found = decide(corridor, "mu(s) = mu(s)")
    assert found.trust is None
    assert "trust" not in found.to_json()


def test_samples_say_their_rate():
    check = cross_check(MODEL, n=2000)
    assert check.trust == Trust(Level.SAMPLED, false_alarm=check.false_alarm)
    assert "sampled, false-alarm rate 0.001)" in check.summary
    assert check.to_json()["trust"] == {"level": "sampled", "false_alarm": 0.001}


def test_a_chain_is_as_good_as_its_weakest_line():
    strong, weak = Trust(Level.IDENTITY_TEST, error_bits=100), Trust(Level.IDENTITY_TEST, error_bits=50)
    assert weakest([Trust(Level.KERNEL), strong, weak]) == weak
    assert weakest([Trust(level) for level in ORDER]) == Trust(Level.FLOAT)
    assert weakest([]) is None

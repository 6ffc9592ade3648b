"""Descriptions of estimators: exact numbers, checked."""

import pytest
import sympy as sp

from pgsym.errors import FormulaError, SchemaError
from pgsym.model.estimator import (
    ESTIMATORS,
    GAE,
    UNENDING,
    ActorCritic,
    EligibilityTrace,
    NStep,
    Reinforce,
    RewardToGo,
)


def test_numbers_are_exact_and_symbols_are_found():
    gae = GAE(0.95, {"s": "v/2", 1: 3})
    assert gae.lam == sp.Rational(19, 20)
    assert gae.critic == {"s": sp.Symbol("v") / 2, 1: 3}
    assert gae.symbols == {sp.Symbol("v")}
    assert gae.subs({sp.Symbol("v"): sp.Integer(4)}).critic["s"] == 2
    assert GAE("lambda").symbols == {sp.Symbol("lambda")}
    assert ActorCritic().critic == "exact"


def test_cut_off_is_the_number_of_steps():
    assert RewardToGo().cut_off is None
    assert RewardToGo(horizon=UNENDING).cut_off is None
    assert RewardToGo(horizon=7).cut_off == 7
    assert EligibilityTrace("1/2", 9).cut_off == 9
    assert RewardToGo(horizon=UNENDING).symbols == frozenset()


def test_substitution_keeps_the_horizon():
    assert Reinforce("b", horizon=UNENDING).subs({sp.Symbol("b"): sp.Integer(1)}) == Reinforce(1, horizon=UNENDING)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GAE(2), r"gae\.lam: found 2; must lie in \[0, 1\]"),
        (lambda: EligibilityTrace(-1, 5), r"eligibility-trace\.beta: found -1; must lie in \[0, 1\]"),
        (lambda: NStep(0), r"n-step\.n: found 0; a whole number of at least 1 is required"),
        (lambda: EligibilityTrace(0, 2.5), r"eligibility-trace\.T: found 2\.5; a whole number"),
        (lambda: RewardToGo(horizon=0), r"reward-to-go\.horizon: found 0; a whole number"),
        (lambda: EligibilityTrace(0, 5, horizon=3), r"eligibility-trace\.horizon: found 3; T is its length"),
    ],
)
def test_description_raises_on_wrong_numbers(make, message):
    with pytest.raises(SchemaError, match=message):
        make()


def test_description_raises_on_text_that_is_no_formula():
    with pytest.raises(FormulaError, match=r"reward-to-go\.baseline"):
        RewardToGo("1 +")


def test_every_description_has_its_name():
    assert {kind.name for kind in ESTIMATORS.values()} == set(ESTIMATORS)

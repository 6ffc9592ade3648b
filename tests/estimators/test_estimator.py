"""Estimators as texts with what their names stand for."""

import pytest
import sympy as sp

from pgsym.errors import ClaimError, PgsymError, SchemaError
from pgsym.estimators.estimator import Estimator, find_estimator
from pgsym.estimators.named import ESTIMATORS, NAMES

NEEDED = {"gae": {"lambda": "1/2"}, "n-step": {"n": 2}}


def test_numbers_are_exact_and_symbols_are_found():
    gae = find_estimator("gae", {"lambda": 0.95, "v": {"s": "v/2", 1: 3}})
    assert gae.let["lambda"] == sp.Rational(19, 20)
    assert gae.let["v(s)"] == {"s": sp.Symbol("v") / 2, 1: 3}
    assert gae.symbols == {sp.Symbol("v")}
    assert gae.subs({sp.Symbol("v"): sp.Integer(4)}).let["v(s)"]["s"] == 2
    assert find_estimator("actor-critic").let == {"v(s)": "V(s)"}


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_a_text_that_reads_as_itself(name):
    found = find_estimator(name, NEEDED.get(name.removesuffix("-undiscounted")))
    assert find_estimator(found.text, found.let).tree == found.tree
    assert find_estimator(str(found), found.let).tree == found.tree
    assert Estimator.from_json(found.to_json()) == found
    assert ("gamma^t" in found.text) == (name in ESTIMATORS and "gamma^t" in ESTIMATORS[name].text)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: find_estimator("n-step", {"n": 0}), SchemaError, "n: found 0; a whole number of at least 1"),
        (lambda: find_estimator("reinforce", horizon=0), SchemaError, "horizon: found 0; a whole number"),
        (lambda: find_estimator("reinforce", horizon=2.5), SchemaError, "horizon: found 2.5; a whole number"),
        (lambda: find_estimator("gae"), SchemaError, "lambda: gae needs it. Give it with let"),
        (lambda: find_estimator("gae", {"lamda": 1}), SchemaError, "let lamda: gae has no such name"),
        (lambda: find_estimator("reinforc"), SchemaError, "Did you mean 'reinforce'?"),
        (lambda: find_estimator("reward-to-go", {"b": "1 +"}), ClaimError, "found ';'"),
        (lambda: find_estimator("sum[t] G_t"), ClaimError, "found a scalar; an estimator of grad J is a vector"),
        (
            lambda: find_estimator("sum[t] grad log pi(a_u|s_u) * G_t"),
            ClaimError,
            "the time u is not bound; sum over it, as in sum[u]",
        ),
        (
            lambda: find_estimator("sum[t] grad log pi(a_t|s_t) * G_t", {"b(s)": 1}),
            SchemaError,
            "let b(s): the text has no b(s). Rename it or leave it out",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(make, error, message):
    with pytest.raises(PgsymError) as refused:
        make()
    assert isinstance(refused.value, error)
    assert message in str(refused.value)


def test_whole_number_by_name_in_a_window():
    text = "sum[t] gamma^t * grad log pi(a_t|s_t) * sum[t<=u<t+N] gamma^(u-t) * (r_u + gamma * v(s_{u+1}) - v(s_u))"
    assert str(find_estimator(text, {"N": "3", "v(s)": "V(s)"})) == str(find_estimator("n-step", {"n": 3}))
    with pytest.raises(SchemaError, match=r"^let M: the text has no M\. Rename it or leave it out$"):
        find_estimator(text, {"N": "3", "v(s)": "V(s)", "M": "3"})

"""What is no MDP is refused, and the message says where, what and how to mend it."""

import re
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from pgsym.errors import (
    DiscountError,
    FormulaError,
    NameCollisionError,
    NotStochasticError,
    PgsymError,
    ProbabilityRangeError,
    SchemaError,
)
from pgsym.model import MDP
from pgsym.model.validate import AssumptionWarning, RationalisedWarning, check_distinct, check_row, witness


def mdp(*outcomes, **options):
    """An MDP whose one pair (s, a) has the outcomes (p, r), the first of which ends the episode."""
    rows = [("s", "a", "T" if i == 0 else "s", p, r) for i, (p, r) in enumerate(outcomes)]
    return MDP.from_transitions(rows, **{"terminal": ["T"], "start": "s", **options})


def refused(kind, message, *outcomes, **options):
    with pytest.raises(kind, match=re.escape(message)) as caught:
        mdp(*outcomes, **options)
    return caught.value


# -- sums and ranges -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["1/2", "2/5"], "outgoing probabilities sum to 9/10; must be exactly 1. Add the missing 1/10."),
        (["1/2", "3/5"], "outgoing probabilities sum to 11/10; must be exactly 1. Remove the excess 1/10."),
        ([0], "outgoing probabilities sum to 0; must be exactly 1. Add the missing 1."),
        (["p", "q"], "outgoing probabilities sum to p + q; must be exactly 1. Add the missing -p - q + 1."),
        (["p", "1 - p", "1/10"], "outgoing probabilities sum to 11/10; must be exactly 1. Remove the excess 1/10."),
        (["p", "1 - p^2"], "outgoing probabilities sum to -p**2 + p + 1; must be exactly 1. Add the missing p**2 - p."),
        (["p/(p+q)", "p/(p+q)"], "outgoing probabilities sum to 2*p/(p + q)"),
        (
            ["0.99999999999"],
            "outgoing probabilities sum to 99999999999/100000000000; must be exactly 1. Add the missing 1/1",
        ),
    ],
)
def test_row_sum_raises_unless_exactly_one(row, message):
    error = refused(NotStochasticError, f"('s', 'a'): {message}", *((p, 0) for p in row))
    assert error.where == ("s", "a")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["3/2", "-1/2"], "outgoing probabilities include 3/2, -1/2; each lies in [0, 1]. Correct them"),
        (["1", "1/2", "-1/2"], "outgoing probabilities include -1/2; each lies in [0, 1]. Correct it"),
        (["p", "1 - p", "2", "-2"], "outgoing probabilities include 2, -2"),
        ([2], "outgoing probabilities include 2; each lies in [0, 1]. Correct it"),
    ],
)
def test_probability_raises_outside_the_unit_interval(row, message):
    refused(ProbabilityRangeError, f"('s', 'a'): {message}", *((p, 0) for p in row))


@pytest.mark.parametrize(
    ("start", "kind", "message"),
    [
        (
            {"s": "1/2"},
            NotStochasticError,
            "start: initial probabilities sum to 1/2; must be exactly 1. Add the missing",
        ),
        ({"s": 2, "T": -1}, ProbabilityRangeError, "start: initial probabilities include 2, -1; each lies in [0, 1]"),
        ({"s": float("nan")}, FormulaError, "('start', 's'): found nan; a number must be finite"),
        ({"s": "q", "T": "q"}, NotStochasticError, "start: initial probabilities sum to 2*q"),
    ],
)
def test_start_raises_unless_a_distribution(start, kind, message):
    refused(kind, message, (1, 0), start=start)


@pytest.mark.parametrize(
    ("p", "r", "message"),
    [
        (float("nan"), 0, "found nan; a number must be finite"),
        (1, float("inf"), "found inf; a number must be finite"),
        (1, np.float64("nan"), "found nan; a number must be finite"),
        ("nan", 0, "found nan; a number must be finite"),
        (None, 0, "found None; a number or a formula is required"),
        (1, True, "found True; a number or a formula is required"),
        (1, "2x", "found 'x' without an operator"),
        (1, 1j, "found 1j; a number or a formula is required"),
        (
            "exp(p)",
            0,
            "found exp(p); a probability is a rational function of symbols. Write it with + - * / and integer",
        ),
        ("sqrt(2)/2", 0, "found sqrt(2)/2; a probability is a rational function of symbols"),
        (1, "log(2)", "found log(2); a reward is a rational function of symbols"),
        (1, sp.pi, "found pi; a reward is a rational function of symbols"),
        (1, sp.sqrt(sp.Symbol("x")), "found sqrt(x); a reward is a rational function of symbols"),
        (1, sp.exp(sp.Symbol("x") ** 2), "found exp(x**2); x**2 is not a rational multiple of one parameter"),
    ],
)
def test_entry_raises_on_what_is_no_rational_number(p, r, message):
    refused(FormulaError, f"('s', 'a'): {message}", (p, r))


def test_division_by_a_disguised_zero_raises():
    zero = "((x+1)^2 - x^2 - 2*x - 1)"
    with pytest.raises(PgsymError):
        mdp((f"1/{zero}", 0), (f"1 - x/{zero}", 0))


def test_row_sum_of_hopeless_size_raises():
    message = "the sum of probabilities would expand to about 348881878 terms; at most 5000 are checked"
    refused(FormulaError, message, ("(x + y + z + w + 1)^300/7^400", 0), ("1 - x", 0))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(0, 5), st.integers(-3, 3))
def test_check_row_accepts_exactly_the_distributions(weights, position, error):
    total = sum(weights)
    row = [sp.Rational(w, total) for w in weights]
    row[position % len(row)] += sp.Rational(error, 10**9)
    if error == 0:
        check_row(row, where="row")
    else:
        with pytest.raises((NotStochasticError, ProbabilityRangeError)):
            check_row(row, where="row")


# -- number types ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("third", [Fraction(1, 3), sp.Rational(1, 3), "1/3"])
def test_exact_numbers_of_every_type_make_one_model(third):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = mdp((third, np.int64(2)), (1 - sp.Rational(1, 3), Decimal("0.5")))
    assert model == mdp(("1/3", 2), ("2/3", "1/2"))


def test_floats_are_read_as_rationals_with_one_warning():
    with pytest.warns(RationalisedWarning) as caught:
        model = mdp((0.1, 0.5), (0.2, 1.0), (0.7000000000000001, -3), gamma=0.95)
    assert len(caught) == 1
    assert str(caught[0].message) == (
        "1 float read as the simplest rational nearby (0.7000000000000001 as 7/10); "
        'an exact model has exact numbers. Write text such as "1/3", or Fractions'
    )
    assert caught[0].filename == __file__
    assert [o.p for o in model.outcomes("s", "a")] == [sp.Rational(n, 10) for n in (1, 2, 7)]


def test_floats_that_are_exact_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mdp((0.5, 1.0), (0.25, np.float32(0.5)), (0.25, 1e3), gamma=0.5)


@pytest.mark.filterwarnings("ignore::pgsym.model.validate.RationalisedWarning")
@pytest.mark.parametrize("kind", [np.float64, np.float32, sp.Float, float])
def test_float_types_read_alike(kind):
    assert mdp((kind(0.1), 0), (kind(0.9), 0)) == mdp(("1/10", 0), ("9/10", 0))


# -- the discount factor ---------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", ["11/10", -1, "-1/100", 2, 1.0000001])
@pytest.mark.filterwarnings("ignore::pgsym.model.validate.RationalisedWarning")
def test_gamma_raises_outside_the_unit_interval(gamma):
    error = refused(DiscountError, "; a discount factor lies in [0, 1]. Choose one there", (1, 0), gamma=gamma)
    assert error.where == "gamma"


@pytest.mark.parametrize("gamma", ["sqrt(2)/2", "exp(-1)", "log(2)"])
def test_gamma_raises_unless_rational(gamma):
    refused(FormulaError, "; a discount factor is a rational function of symbols", (1, 0), gamma=gamma)


def test_gamma_raises_where_assumptions_forbid_every_value():
    message = "gamma: found no values of its symbols for which gamma lies in [0, 1]; there must be some."
    refused(DiscountError, message, (1, 0), gamma="gamma", symbols={"gamma": "gamma > 1"})


@pytest.mark.parametrize("gamma", [0, 1, "gamma", "1 - delta", "1/(1 + rate)"])
def test_gamma_accepts(gamma):
    assert mdp((1, 0), gamma=gamma).gamma == sp.sympify(gamma, locals={"gamma": sp.Symbol("gamma")})


# -- domains ---------------------------------------------------------------------------------------------


def test_undeclared_symbol_warns_once_and_says_what_is_assumed():
    message = "symbol p has no declared assumption; taken so that every probability lies in [0, 1]"
    with pytest.warns(AssumptionWarning) as caught:
        model = mdp(("p", "r"), ("1 - p", 0), gamma="gamma")
    assert [str(w.message) for w in caught] == [message]
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert MDP(model.to_graph()) == model
        assert model.replace(gamma="1/2").assumptions == {"p": "real"}
    with pytest.warns(AssumptionWarning, match="symbols p, q have no declared assumption"):
        mdp(("p*q", 0), ("1 - p*q", 0))


@pytest.mark.parametrize("symbols", [{"p": "0 < p < 1"}, {"p": "real"}, {sp.Symbol("p"): "p > 1/2"}])
def test_declared_symbol_does_not_warn(symbols):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mdp(("p", "r"), ("1 - p", 0), symbols=symbols)


@pytest.mark.parametrize(
    ("row", "symbols"),
    [
        (["p", "1 - p"], {"p": "p > 1"}),
        (["p", "1 - p"], {"p": "p < 0"}),
        (["1 + p^2", "-p^2"], {"p": "p > 0"}),
        (["p", "q", "1 - p - q"], {"p": "p > 2/3", "q": "q > 2/3"}),
    ],
)
def test_empty_domain_raises(row, symbols):
    message = "for which the assumptions hold and every probability lies in [0, 1]; there must be some. Correct"
    error = refused(ProbabilityRangeError, message, *((p, 0) for p in row), symbols=symbols)
    assert error.where == "symbols"
    assert error.message.startswith("found no values of p")


def test_contradictory_assumptions_of_a_reward_raise():
    refused(ProbabilityRangeError, "found no values of r", (1, "r"), symbols={"r": "1 < r < 0"})


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_witness_is_a_model_without_symbols(seed):
    rows = [
        ("s", a, t, f"p_{a}{t}" if t < 3 else f"1 - p_{a}0 - p_{a}1 - p_{a}2", f"r{t}") for a in "ab" for t in range(4)
    ]
    rows += [(t, "c", t, 1, 0) for t in range(4)]
    with pytest.warns(AssumptionWarning):
        model = MDP.from_transitions(rows, start={"s": "m", 0: "1 - m"}, gamma="gamma", symbols={"r0": "r0 > 100"})
    point = witness(model, seed)
    assert set(point) == model.symbols
    assert point[sp.Symbol("r0")] > 100
    assert 0 < point[sp.Symbol("gamma")] < 1
    numeric = model.subs(point)
    assert not numeric.symbols
    assert all(o.p > 0 for s, a in numeric.pairs for o in numeric.outcomes(s, a))


def test_witness_of_a_model_without_symbols_is_empty():
    assert witness(mdp((1, 0))) == {}


# -- names -----------------------------------------------------------------------------------------------


def test_two_symbols_with_one_name_raise():
    p = sp.Symbol("p", positive=True)
    message = (
        "symbols: p names two different SymPy symbols, with assumptions positive and (none); a name stands for one"
    )
    refused(NameCollisionError, message, ("p", 0), (1 - p, 0))
    refused(NameCollisionError, "p names two different SymPy symbols", ("p", sp.Dummy("p")), ("1 - p", 0))


def test_two_symbols_that_look_alike_raise():
    message = r"symbols: the names 'p' and '\u0440' look alike; a reader must tell them apart. Rename one"
    refused(NameCollisionError, message, ("p", "\u0440"), ("1 - p", 0))
    check_distinct(sp.symbols("p ρ theta θ"))


@pytest.mark.parametrize(
    ("symbols", "kind", "message"),
    [
        ({"q": "0 < q < 1"}, SchemaError, "symbols[q]: the model has no symbol 'q'; its symbols are p. Check the name"),
        (
            {"p": "0 < q < 1"},
            SchemaError,
            "symbols[p]: the assumption '0 < q < 1' mentions q, which the model does not",
        ),
        ({"p": "p"}, FormulaError, "symbols[p]: found 'p'; an assumption compares"),
        ({"p": "p = 1/2"}, FormulaError, "symbols[p]: found the equation"),
        ({"p": None}, FormulaError, "symbols[p]: found None; an assumption is text"),
        ({"p": "0 < p < "}, FormulaError, "symbols[p]: found no text"),
        ({1: "real"}, SchemaError, "symbols[1]: the model has no symbol '1'"),
    ],
)
def test_assumption_raises_on(symbols, kind, message):
    refused(kind, message, ("p", 0), ("1 - p", 0), symbols=symbols)


def test_assumption_about_another_symbol_raises():
    message = (
        "symbols[p]: the assumption 'q > 0' does not mention p; an assumption is about its symbol. List it under q"
    )
    refused(SchemaError, message, ("p", "q"), ("1 - p", 0), symbols={"p": "q > 0"})

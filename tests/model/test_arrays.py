"""NumPy arrays in either order of axes, with rewards in any of three shapes, and back."""

import re
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from strategies import continuing_mdps, episodic_mdps

from pgsym.errors import DiscountError, FormulaError, NotStochasticError, SchemaError, StructureError
from pgsym.model import MDP
from pgsym.model.arrays import from_arrays, to_arrays
from pgsym.model.validate import RationalisedWarning

# S = 2, A = 3, P[a,s,s'] with rows that differ between actions and states.
P = np.array([[[1, 0], [0.5, 0.5]], [[0.25, 0.75], [0, 1]], [[0, 1], [1, 0]]])


def rewards(mdp):
    return {(s, a, o.state): int(o.r) for s, a in mdp.pairs for o in mdp.outcomes(s, a)}


def test_both_orders_of_axes_give_one_model():
    r = np.arange(12).reshape(3, 2, 2)
    one = from_arrays(P, r, gamma="1/2", start=[1, 0])
    other = from_arrays(P.swapaxes(0, 1), r.swapaxes(0, 1), gamma="1/2", start=0)
    assert one == other == from_arrays(P, r, gamma="1/2", start={0: 1}, axes="asn")
    assert rewards(one)[1, 0, 0] == r[0, 1, 0]
    assert one.outcomes(0, 1)[0].p == sp.Rational(1, 4)


@pytest.mark.parametrize("axes", ["asn", "san"])
def test_rewards_of_every_shape(axes):
    table = P if axes == "asn" else P.swapaxes(0, 1)
    per_state = from_arrays(table, [10, 20], gamma="1/2")
    assert all(r == 10 * (s + 1) for (s, _, _), r in rewards(per_state).items())
    per_pair = from_arrays(table, [[0, 1, 2], [10, 11, 12]], gamma="1/2")
    assert all(r == 10 * s + a for (s, a, _), r in rewards(per_pair).items())
    if axes == "asn":
        assert from_arrays(table, [[0, 10], [1, 11], [2, 12]], gamma="1/2") == per_pair
    else:
        with pytest.raises(
            SchemaError, match=re.escape("r: found shape (3, 2); (2,), (2, 3) or (2, 3, 2) is required")
        ):
            from_arrays(table, [[0, 10], [1, 11], [2, 12]], gamma="1/2")


def test_equal_numbers_of_states_and_actions_need_the_axes():
    message = (
        "P: shape (2, 2, 2) fits both P[a,s,s'] and P[s,a,s']; the order must be known. Give axes='asn' or axes='san'"
    )
    with pytest.raises(SchemaError, match=re.escape(message)):
        from_arrays(P[:2], np.zeros(2), gamma="1/2")
    r = [[1, 2], [3, 4]]
    asn = from_arrays(P[:2], r, gamma="1/2", axes="asn")
    san = from_arrays(P[:2].swapaxes(0, 1), np.transpose(r), gamma="1/2", axes="san")
    assert asn == san
    assert rewards(asn)[1, 0, 0] == 2  # r[a, s], as P


def test_one_state_and_one_action_need_no_axes():
    assert from_arrays([[[1]]], [3], gamma=0).pairs == ((0, 0),)


def test_rows_of_zeros_are_unavailable_actions():
    table = P.copy()
    table[1, 0] = 0
    mdp = from_arrays(table, np.full((3, 2), np.nan_to_num(-np.inf)), gamma="1/2")
    assert mdp.actions(0) == (0, 2)
    assert mdp.actions(1) == (0, 1, 2)


def test_terminal_states_have_zero_rows_or_stay():
    table = np.zeros((1, 3, 3))
    table[0, 0] = [0, 0.5, 0.5]
    table[0, 2] = [0, 0, 1]
    mdp = from_arrays(
        table, [1, 0, 0], terminal=["lost", "won"], states=["s", "lost", "won"], actions=["go"], start="s"
    )
    assert mdp.terminal == {"lost", "won"}
    assert mdp.pairs == (("s", "go"),)
    with pytest.raises(StructureError, match="lost: a reward of a terminal state, for action 'go'; nothing happens"):
        from_arrays(table, [1, 5, 0], terminal=["lost", "won"], states=["s", "lost", "won"], actions=["go"])
    with pytest.raises(StructureError, match="won: a terminal state has action 0 to 'won' with reward 5"):
        from_arrays(table, [1, 0, 5], terminal=["lost", "won"], states=["s", "lost", "won"])
    with pytest.raises(StructureError, match="1: 0 actions; a state that is not terminal needs at least one"):
        from_arrays(table, [1, 0, 0])


def test_entries_may_be_exact_or_symbolic():
    third = Fraction(1, 3)
    table = [[["p", "1 - p"], [third, 1 - third]]]
    mdp = from_arrays(table, ["r", 0], gamma="g", symbols={"p": "0 < p < 1"})
    assert mdp.symbols == set(sp.symbols("p r g"))
    assert mdp.outcomes(1, 0)[0].p == sp.Rational(1, 3)


def test_floats_become_rationals_with_one_warning():
    with pytest.warns(RationalisedWarning) as caught:
        mdp = from_arrays([[[0.1, 0.9], [1 / 3, 2 / 3]]], [0.3, 1], gamma="1/2")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert mdp.outcomes(1, 0)[1].p == sp.Rational(2, 3)
    with pytest.warns(RationalisedWarning):
        assert from_arrays(np.float32([[[0.1, 0.9], [1 / 3, 2 / 3]]]), ["3/10", 1], gamma="1/2") == mdp


def test_ordinary_float_rows_are_divided_by_their_sums_and_it_is_said():
    rng = np.random.default_rng(0)
    table = rng.dirichlet(np.ones(4), size=(2, 4))
    with pytest.warns(RationalisedWarning) as caught:
        mdp = from_arrays(table, np.zeros(4), gamma="1/2", start=rng.dirichlet(np.ones(4)))
    (said,) = caught
    count = int(str(said.message).split()[0])
    assert count >= 7
    assert re.match(
        r"\d rows of floats did not sum to 1 as the simplest rationals, and were divided by their sums "
        r"\(\(0, \d\), .*, \.\.\.\); an exact model has exact numbers\. Write text such as",
        str(said.message),
    )
    assert said.filename == __file__
    for s, a in mdp.pairs:
        row = [o.p for o in mdp.outcomes(s, a)]
        assert sum(row) == 1
        assert max(abs(float(p) - x) for p, x in zip(row, table[a, s], strict=True)) < 1e-15


def test_a_row_that_is_rounded_by_hand_is_divided_by_its_sum():
    with pytest.warns(RationalisedWarning, match=r"^1 row of floats .* was divided by its sum \(\(0, 0\)\)"):
        mdp = from_arrays([[[0.3333333333] * 3, [1, 0, 0], [1, 0, 0]]], [0, 0, 0], gamma="1/2", axes="asn")
    assert [o.p for o in mdp.outcomes(0, 0)] == [sp.Rational(1, 3)] * 3


def test_a_difference_of_floats_is_read_as_in_a_table():
    """Off by an ulp of 1, which is some thousand ulps of its own."""
    slip = (1 - 0.9998) / 2
    mdp = from_arrays([[[slip, 0.9998, slip], [1, 0, 0], [1, 0, 0]]], [0, 0, 0], gamma="1/2", axes="asn")
    assert [o.p * 10**4 for o in mdp.outcomes(0, 0)] == [1, 9998, 1]


@pytest.mark.parametrize("excess", [1e-8, -2e-9])
def test_a_row_farther_from_1_is_refused(excess):
    message = r"^\(0, 0\): outgoing probabilities sum to [01]\.\d+; must be exactly 1, floats to within 1e-9\. Correct"
    with pytest.raises(NotStochasticError, match=message):
        from_arrays([[[0.25, 0.75 + excess], [0, 1]]], [0, 0], gamma="1/2")


@pytest.mark.parametrize(
    ("P", "r", "options", "kind", "message"),
    [
        (np.ones((2, 2)), [0], {}, SchemaError, "P: found shape (2, 2); (A, S, S) or (S, A, S) is required"),
        (np.ones((2, 3, 4)), [0], {}, SchemaError, "P: found shape (2, 3, 4); (A, S, S) or (S, A, S) is required"),
        (np.zeros((0, 2, 2)), [0], {}, SchemaError, "P: found shape (0, 2, 2)"),
        (P, [0, 0], {"axes": "san"}, SchemaError, "P: found shape (3, 2, 2); (S, A, S) is required. Reorder the axes"),
        (
            P,
            [0, 0],
            {"axes": "sas"},
            SchemaError,
            "axes: found 'sas'; must be 'asn' for P[a,s,s'] or 'san' for P[s,a,s']",
        ),
        (P, [0, 0, 0], {}, SchemaError, "r: found shape (3,); (2,), (2, 3) or (3, 2) or (3, 2, 2) is required"),
        (P, 1, {}, SchemaError, "r: found shape ()"),
        ([[[1, 0], [1]]], [0, 0], {}, SchemaError, "P: rows have different lengths; an array is rectangular"),
        (P, [0, 0], {"states": ["s"]}, SchemaError, "states: found 1 names; the arrays have 2. Give one for each"),
        (P, [0, 0], {"actions": ["a", "a", "b"]}, SchemaError, "actions: a name is listed twice"),
        (P, [0, 0], {"start": [1, 0, 0]}, SchemaError, "start: found shape (3,); (2,) is required"),
        (P, [0, 0], {"start": 7}, StructureError, "start: state 7 is unknown"),
        (P / 2, [0, 0], {}, NotStochasticError, "(0, 0): outgoing probabilities sum to 1/2; must be exactly 1"),
        (P * np.nan, [0, 0], {}, FormulaError, "(0, 0): found nan; a number must be finite"),
        (P, [np.inf, 0], {}, FormulaError, "(0, 0): found inf; a number must be finite"),
        (P, [0, 0], {"gamma": 2}, DiscountError, "gamma: found 2; a discount factor lies in [0, 1]"),
    ],
)
def test_from_arrays_raises_on(P, r, options, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        from_arrays(P, r, **{"gamma": "1/2", **options})


# -- back ------------------------------------------------------------------------------------------------


def rows(mdp):
    """{(s, a): {s': p}}, {(s, a, s'): mean reward}."""
    probability, mean = {}, {}
    for s, a in mdp.pairs:
        for o in mdp.outcomes(s, a):
            row = probability.setdefault((s, a), {})
            row[o.state] = row.get(o.state, 0) + o.p
            mean[s, a, o.state] = mean.get((s, a, o.state), 0) + o.p * o.r
    return probability, {key: total / probability[key[:2]][key[2]] for key, total in mean.items()}


@pytest.mark.filterwarnings("ignore::pgsym.model.validate.RationalisedWarning")
@given(episodic_mdps())
def test_to_arrays_inverts_from_arrays_episodic(mdp):
    _check_round_trip(mdp)


@pytest.mark.filterwarnings("ignore::pgsym.model.validate.RationalisedWarning")
@given(continuing_mdps())
def test_to_arrays_inverts_from_arrays_continuing(mdp):
    _check_round_trip(mdp)


def _check_round_trip(mdp):
    arrays = to_arrays(mdp, average=True)
    n, m = len(mdp.states), len(arrays.actions)
    assert arrays.P.shape == arrays.r.shape == (n, m, n)
    np.testing.assert_array_equal(arrays.available.sum(axis=1), [len(mdp.actions(s)) for s in mdp.states])
    terminal = [s for s, ended in zip(arrays.states, arrays.terminal, strict=True) if ended]
    back = from_arrays(
        arrays.P, arrays.r, start=arrays.start, gamma=arrays.gamma, axes="san",
        terminal=terminal, states=arrays.states, actions=arrays.actions,
    )  # fmt: skip
    assert rows(back) == rows(mdp)
    assert (back.states, back.terminal, back.start, back.gamma) == (mdp.states, mdp.terminal, mdp.start, mdp.gamma)


def test_to_arrays_raises_where_an_array_would_lose_something():
    parallel = MDP.from_transitions([("s", "a", "s", "1/4", 4), ("s", "a", "s", "3/4", 0)], gamma="1/2")
    message = "('s', 'a'): outcomes to 's' have different rewards; an array r[s,a,s'] holds one. Use average=True"
    with pytest.raises(StructureError, match=re.escape(message)):
        to_arrays(parallel)
    assert to_arrays(parallel, average=True).r.tolist() == [[[1.0]]]
    message = "arrays: found symbols g; arrays hold numbers. Give them values: problem.at(NAME=VALUE)"
    with pytest.raises(FormulaError, match=re.escape(message)):
        to_arrays(parallel.replace(gamma="g"))


def test_to_arrays_merges_outcomes_that_agree():
    twice = MDP.from_transitions([("s", "a", "s", "1/4", 4), ("s", "a", "s", "3/4", 4)], gamma="1/2")
    arrays = to_arrays(twice)
    assert (arrays.P.tolist(), arrays.r.tolist(), arrays.gamma) == ([[[1.0]]], [[[4.0]]], 0.5)

"""gymnasium's tables: rows that are off by an ulp, repeated states, `done`, versions, and what has no table."""

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import sympy as sp
from skips import needs

from pgsym.errors import FormulaError, MissingExtraError, NotStochasticError, StructureError
from pgsym.model import MDP, Outcome
from pgsym.model.gym import from_gymnasium
from pgsym.model.validate import RationalisedWarning

gymnasium = needs("gymnasium")

THIRD = sp.Rational(1, 3)


def env(table, start=(1.0,), **attributes):
    """An environment with a table, as far as the reader looks."""
    core = SimpleNamespace(P=table, initial_state_distrib=list(start), **attributes)
    return SimpleNamespace(unwrapped=core, spec=SimpleNamespace(id="Test-v0"))


# -- the three environments ------------------------------------------------------------------------------


def test_frozen_lake():
    mdp = MDP.from_gymnasium("FrozenLake-v1")
    assert mdp.states == tuple(range(16))
    assert mdp.terminal == {5, 7, 11, 12, 15}
    assert (mdp.start, mdp.gamma) == ({0: 1}, 1)
    # In the corner two of three directions stay: one outcome.
    assert mdp.outcomes(0, 0) == (Outcome(0, 2 * THIRD, 0), Outcome(4, THIRD, 0))
    assert mdp.outcomes(14, 2) == (Outcome(14, THIRD, 0), Outcome(15, THIRD, 1), Outcome(10, THIRD, 0))
    assert not mdp.assumptions


def test_frozen_lake_takes_options():
    still = MDP.from_gymnasium("FrozenLake-v1", is_slippery=False, gamma="99/100")
    assert still.outcomes(14, 2) == (Outcome(15, 1, 1),)
    assert len(MDP.from_gymnasium("FrozenLake-v1", map_name="8x8").states) == 64


@pytest.mark.parametrize("rate", ["0.998", "0.9", "0.7"])
def test_frozen_lake_with_a_success_rate_has_exact_rows(rate):
    # (1 - 0.998)/2 is 44 ulps away from 1/1000.
    mdp = MDP.from_gymnasium("FrozenLake-v1", success_rate=float(rate))
    success = sp.Rational(rate)
    assert mdp.outcomes(14, 2) == tuple(
        Outcome(s, p, r) for s, p, r in ((14, (1 - success) / 2, 0), (15, success, 1), (10, (1 - success) / 2, 0))
    )


def test_cliff_walking_trusts_done():
    mdp = MDP.from_gymnasium("CliffWalking-v1")
    assert mdp.terminal == {47}
    assert mdp.start == {36: 1}
    assert mdp.outcomes(36, 1) == (Outcome(36, 1, -100),)
    assert mdp.outcomes(35, 2) == (Outcome(47, 1, -1),)
    assert not set(mdp.states) & set(range(37, 47))  # nobody stands on the cliff
    assert len(MDP.from_gymnasium("CliffWalking-v1", unreachable=True).states) == 48


def test_taxi_ends_with_the_ride():
    mdp = MDP.from_gymnasium("Taxi-v4")
    assert len(mdp.states) == 404
    assert mdp.terminal == {0, 85, 410, 475}
    assert len(mdp.start) == 300
    assert set(mdp.start.values()) == {sp.Rational(1, 300)}
    assert all(len(mdp.actions(s)) == 6 for s in mdp.nonterminal)


def test_taxi_with_unreachable_states_has_terminal_copies():
    mdp = MDP.from_gymnasium("Taxi-v4", unreachable=True)
    assert len(mdp.states) == 504
    assert mdp.terminal == {("done", s) for s in (0, 85, 410, 475)}
    assert 0 in mdp.nonterminal


def test_rainy_taxi_has_exact_rows():
    mdp = MDP.from_gymnasium("Taxi-v4", is_rainy=True)
    assert {o.p for s, a in mdp.pairs for o in mdp.outcomes(s, a)} == {sp.Rational(n, 10) for n in (1, 2, 8, 10)}


def test_environment_objects_are_read_through_their_wrappers():
    made = gymnasium.make("FrozenLake-v1", is_slippery=False)
    assert from_gymnasium(made) == from_gymnasium(made.unwrapped) == from_gymnasium("FrozenLake-v1", is_slippery=False)
    made.reset(seed=0)  # still open
    made.close()


@pytest.mark.parametrize("name", ["FrozenLake-v1", "CliffWalking-v1", "Taxi-v4"])
def test_steps_of_the_environment_are_outcomes_of_the_model(name):
    mdp = from_gymnasium(name)
    made = gymnasium.make(name, max_episode_steps=10**6)
    state, _ = made.reset(seed=1)
    made.action_space.seed(1)
    for _ in range(500):
        assert state in mdp.states
        action = int(made.action_space.sample())
        after, reward, done, _, _ = made.step(action)
        assert any(o.state == after and o.r == reward for o in mdp.outcomes(int(state), action))
        assert done == (after in mdp.terminal)
        state = made.reset()[0] if done else after
    made.close()


# -- tables in general -----------------------------------------------------------------------------------


def test_state_that_is_ended_in_and_passed_through_has_a_copy():
    table = {0: {0: [(0.5, 1, 1.0, True), (0.5, 1, 0.0, False)]}, 1: {0: [(1.0, 0, 0, False)]}}
    mdp = from_gymnasium(env(table, (1.0, 0.0)), gamma="1/2")
    assert mdp.states == (0, 1, ("done", 1))
    half = sp.Rational(1, 2)
    assert mdp.outcomes(0, 0) == (Outcome(("done", 1), half, 1), Outcome(1, half, 0))
    assert mdp.terminal == {("done", 1)}


def test_ending_where_one_started_has_a_copy():
    mdp = from_gymnasium(env({0: {0: [(1.0, 0, 1, True)]}}))
    assert mdp.states == (0, ("done", 0))
    assert mdp.outcomes(0, 0) == (Outcome(("done", 0), 1, 1),)


def test_outcomes_with_different_rewards_stay_apart():
    mdp = from_gymnasium(env({0: {0: [(0.25, 0, 1, False), (0.5, 0, 2, False), (0.25, 0, 1, False)]}}), gamma="1/2")
    assert mdp.outcomes(0, 0) == (Outcome(0, sp.Rational(1, 2), 1), Outcome(0, sp.Rational(1, 2), 2))


def test_a_row_that_is_rounded_by_hand_is_divided_by_its_sum():
    third = 0.3333333333
    table = {0: {0: [(third, 0, 0, False), (third, 1, 1, True), (third, 2, 2, True)]}}
    with pytest.warns(RationalisedWarning, match=r"^1 row of floats .* divided by its sum \(\('Test-v0', 0, 0\)\)"):
        mdp = from_gymnasium(env(table), gamma="1/2")
    assert [o.p for o in mdp.outcomes(0, 0)] == [THIRD] * 3


def test_impossible_lines_are_dropped():
    table = {0: {0: [(1.0, 0, 0, False), (0.0, 1, 9, True)]}, 1: {0: [(1.0, 1, 0, False)]}}
    assert from_gymnasium(env(table), gamma="1/2").states == (0,)


def test_start_may_be_given():
    made = gymnasium.make("FrozenLake-v1")
    assert from_gymnasium(made, start=14).start == {14: 1}
    assert from_gymnasium(made, start={13: "1/3", 14: "2/3"}).start == {13: THIRD, 14: 2 * THIRD}
    with pytest.raises(
        StructureError, match=re.escape("FrozenLake-v1: found the start 99; the table has no such state")
    ):
        from_gymnasium(made, start=99)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("Taxi-v3", {}, "Taxi-v3: the version v3 has another table; v4 is required. Use 'Taxi-v4'"),
        ("CartPole-v1", {}, "CartPole-v1: the environment has no transition table P; pgsym reads"),
        (
            "Blackjack-v1",
            {},
            "FrozenLake-v1, CliffWalking-v1 and Taxi-v4 have one; give others with MDP.from_transitions",
        ),
        (
            "Nowhere-v0",
            {},
            "Nowhere-v0: gymnasium cannot make it (Environment `Nowhere` doesn't exist); an environment's",
        ),
        ("FrozenLake-v99", {}, "FrozenLake-v99: gymnasium cannot make it"),
        ("FrozenLake-v1", {"slippery": 1}, "FrozenLake-v1: gymnasium cannot make it"),
        ("Taxi-v4", {"fickle_passenger": True}, "Taxi-v4: a fickle passenger changes the destination, which the table"),
        ("", {}, "gymnasium cannot make it"),
    ],
)
def test_from_gymnasium_raises_on(name, options, message):
    with pytest.raises(StructureError, match=re.escape(message)):
        from_gymnasium(name, **options)


def test_options_beside_an_environment_raise():
    message = "env: found the options is_slippery beside an environment; they are for making one from its id"
    with pytest.raises(StructureError, match=re.escape(message)):
        from_gymnasium(gymnasium.make("FrozenLake-v1"), is_slippery=False)


def test_version_is_refused_on_objects_too():
    old = env({0: {0: [(1.0, 0, 0, True)]}})
    old.spec.id = "Taxi-v3"
    with pytest.raises(StructureError, match="the version v3 has another table; v4 is required"):
        from_gymnasium(old)


@pytest.mark.parametrize(
    ("row", "kind", "message"),
    [
        (
            [(0.5, 0, 0, False)],
            NotStochasticError,
            "('Test-v0', 0, 0): the table's probabilities sum to 1/2; must be exactly",
        ),
        (
            [(float("nan"), 0, 0, False)],
            FormulaError,
            "('Test-v0', 0, 0): found the probability nan; a number must be finite",
        ),
        ([(1.0, 0, float("inf"), False)], FormulaError, "('Test-v0', 0, 0): found inf; a number must be finite"),
        ([(1.0, 0, 0)], StructureError, "('Test-v0', 0, 0): found 3 entries in a line of the table"),
        ([(1.0, 7, 0, False)], StructureError, "('Test-v0', 0, 0): the table leads to 7, for which it has no rows"),
        ([], NotStochasticError, "the table's probabilities sum to 0; must be exactly 1"),
    ],
)
def test_table_raises_on(row, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        from_gymnasium(env({0: {0: row}}))


def test_environment_without_start_raises():
    bare = env({0: {0: [(1.0, 0, 0, True)]}})
    del bare.unwrapped.initial_state_distrib
    message = "Test-v0: the environment has no initial_state_distrib; an initial distribution is required. Give start"
    with pytest.raises(StructureError, match=re.escape(message)):
        from_gymnasium(bare)
    assert from_gymnasium(bare, start=0).start == {0: 1}


def test_missing_gymnasium_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    message = "gymnasium: it is not installed; environments need it. Install pgsym[gym]"
    with pytest.raises(MissingExtraError, match=re.escape(message)):
        from_gymnasium("FrozenLake-v1")


def test_the_module_loads_without_gymnasium():
    code = "import sys; sys.modules['gymnasium'] = None; import pgsym.model.gym"
    subprocess.run([sys.executable, "-c", code], check=True)

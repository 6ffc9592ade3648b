"""stormvogel's models both ways, where stormvogel can be imported."""

import re
import sys
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings
from laws import law, parametric_mdps
from skips import needs
from strategies import episodic_mdps

from pgsym.errors import DiscountError, FormulaError, MissingExtraError, SchemaError, StructureError
from pgsym.model import MDP
from pgsym.model.files.storm import from_stormvogel, to_stormvogel
from pgsym.model.reductions import averaged


@pytest.fixture
def stormvogel():
    return needs("stormvogel.model")


def text(mdp):
    """The law with names as text."""
    table, start, terminal, gamma = law(mdp)
    named = {(str(s), a): {(str(t), r): p for (t, r), p in row.items()} for (s, a), row in table.items()}
    return named, {str(s): p for s, p in start.items()}, {str(s) for s in terminal}, gamma


def rests(mdp):
    return any(
        all(o.state == s and o.r == 0 for a in mdp.actions(s) for o in mdp.outcomes(s, a)) for s in mdp.nonterminal
    )


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mdp=episodic_mdps(gamma="1"))
def test_round_trip_is_exact(stormvogel, mdp):
    back = from_stormvogel(to_stormvogel(mdp, average=True))
    assert text(back) == text(averaged(mdp)) or rests(averaged(mdp))


@pytest.mark.filterwarnings("ignore::pgsym.model.validate.AssumptionWarning")
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mdp=parametric_mdps())
def test_formulas_are_sympys(stormvogel, mdp):
    back = from_stormvogel(to_stormvogel(mdp, average=True))
    assert text(back) == text(averaged(mdp)) or rests(averaged(mdp))


def test_a_model_built_there(stormvogel):
    model = stormvogel.new_dtmc()
    init = model.initial_state
    end = model.new_state("done", friendly_name="end")
    init.set_choices([(0.25, end), (Fraction(3, 4), init)])
    model.add_self_loops()
    rewards = model.new_reward_model("cost")
    rewards.set_state_reward(init, 0.1)
    rewards.set_unset_rewards(0)
    tenth = sp.Rational(1, 10)
    expected = [("0", "a0", "end", sp.Rational(1, 4), tenth), ("0", "a0", "0", sp.Rational(3, 4), tenth)]
    assert from_stormvogel(model) == MDP.from_transitions(expected, start="0", terminal=["end"], states=["0", "end"])
    model.new_reward_model("time")
    with pytest.raises(SchemaError, match=r"^rewards: the model has 2 reward models; they are cost, time\. Name one"):
        from_stormvogel(model)
    assert from_stormvogel(model, rewards="time").terminal == {"end"}
    with pytest.raises(SchemaError, match=r"^rewards: found 'cots'; the nearest is 'cost'"):
        from_stormvogel(model, rewards="cots")


def test_wrong_models_are_refused(stormvogel):
    with pytest.raises(
        SchemaError, match=r"^model: found a CTMC; MDP or DTMC is required\. Make a discrete-time model$"
    ):
        from_stormvogel(stormvogel.new_ctmc())
    model = stormvogel.new_mdp()
    with pytest.raises(
        StructureError, match=r"^0: the state has no transition; each state leads on\. Call add_self_loops"
    ):
        from_stormvogel(model)


def test_rewards_of_transitions_are_read(stormvogel):
    model = stormvogel.new_mdp()
    init, end = model.initial_state, model.new_state(friendly_name="end")
    go = model.new_action("go")
    model.set_choices(init, {go: [(Fraction(1, 3), init), (Fraction(2, 3), end)]})
    model.add_self_loops()
    model.new_reward_model("toll").set_transition_reward(init, go, end, 7)
    rows = [("0", "go", "0", sp.Rational(1, 3), 0), ("0", "go", "end", sp.Rational(2, 3), 7)]
    assert from_stormvogel(model) == MDP.from_transitions(rows, start="0", terminal=["end"], states=["0", "end"])
    # Names are the caller's: two states may share one there.
    init.set_friendly_name("end")
    with pytest.raises(StructureError, match=r"^states: two states are called alike; names must be distinct\. Rename"):
        from_stormvogel(model)


LOOP = MDP.from_transitions([("s", "go", "s", 1, 1)], start="s", gamma="9/10")


@pytest.mark.parametrize(
    ("mdp", "kind", "message"),
    [
        (LOOP, DiscountError, "gamma: found 9/10; a stormvogel model has no discount factor."),
        (
            MDP.from_transitions([(1, "a", "1", 1, 0), ("1", "a", 1, 1, 0)]), StructureError,
            "states: two names are written alike; names are text there. Rename one",
        ),
        (
            MDP.from_transitions([("s", 1, "s", 1, 0), ("s", "1", "s", 1, 0)]), StructureError,
            "s: two actions are written alike; names are text there. Rename one",
        ),
        (
            MDP.from_transitions([("s", "a", "s", 1, "exp(u)")]), FormulaError,
            "reward: found exp(u); stormvogel has rational functions. Put a symbol in place of the exponential",
        ),
    ],
)  # fmt: skip
def test_to_stormvogel_raises_on(stormvogel, mdp, kind, message):
    with pytest.raises(kind, match=f"^{re.escape(message)}"):
        to_stormvogel(mdp)


def test_missing_stormvogel_names_the_extra(monkeypatch):
    for module in ("stormvogel", "stormvogel.model"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"^stormvogel: it is not installed; stormvogel models need it"):
        to_stormvogel(LOOP)

"""DRN text: round trips, what Storm writes, what cannot be carried, and wrong input."""

import json
import re

import pytest
import sympy as sp
from hypothesis import given, settings
from laws import law, parametric_mdps
from strategies import continuing_mdps, episodic_mdps

from pgsym.errors import DiscountError, FormulaError, ModelError, SchemaError, StructureError
from pgsym.exact import solve
from pgsym.model import MDP, Problem, tabular
from pgsym.model.files import drn
from pgsym.model.reductions import averaged, merged, terminating

FROM_STORM = """\
// Exported by storm
// Original model type: MDP
@type: MDP
@value_type: parametric
@parameters
q 
@placeholders
$1 : (-1 * (q+(-1)))/(1)
$0 : (q)/(1)
@reward_models
cost 
@nr_states
3
@nr_choices
4
@model
state 0 [0] init
//[x=0]
	action go [3/7]
		0 : $1
		1 : $0
	action stop [0]
		2 : 1
state 1 [$0]
//[x=1]
	action __NOLABEL__ [0]
		1 : 2/3
		2 : 1/3
state 2 [0] deadlock fin
//[x=2]
	action __NOLABEL__ [0]
		2 : 1
"""  # noqa: W291
SMALL = """\
@type: MDP
@nr_states
2
@model
state 0 init
	action go [1]
		0 : 1/3
		1 : 2/3
state 1
	action stay
		1 : 1
"""


# -- round trips -----------------------------------------------------------------------------------------


@given(episodic_mdps(gamma="1"))
def test_round_trip_is_exact(mdp):
    mdp = averaged(mdp)
    back = drn.loads(drn.dumps(mdp))
    assert law(back) == law(mdp)
    assert (back.states, back.pairs, back.assumptions) == (mdp.states, mdp.pairs, mdp.assumptions)


@settings(max_examples=15)
@given(parametric_mdps())
def test_round_trip_with_symbols_is_exact(mdp):
    mdp = averaged(mdp)
    back = drn.loads(drn.dumps(mdp))
    assert law(back) == law(mdp)
    assert back.assumptions == merged(mdp).assumptions


@given(continuing_mdps())
def test_discount_as_an_exit_is_exact(mdp):
    mdp = mdp.replace(start={0: 1})
    back = drn.loads(drn.dumps(mdp, discount="exit", average=True))
    assert law(back) == law(averaged(terminating(averaged(mdp))))
    policy = tabular(mdp)
    pulled = policy.pullback(back, lambda s: s)
    theta = dict.fromkeys(policy.params, 0)
    assert solve(Problem(back, pulled)).at(theta).J == solve(Problem(mdp, policy)).at(theta).J


@given(episodic_mdps(gamma="1"))
def test_random_rewards_are_refused_exactly_where_there_are_some(mdp):
    random = any(len({o.r for o in mdp.outcomes(s, a)}) > 1 for s, a in mdp.pairs)
    if not random:
        drn.dumps(mdp)
        return
    with pytest.raises(StructureError, match="a DRN file has one for each state and action"):
        drn.dumps(mdp)


def test_names_of_every_kind_come_back():
    names = ["init", "terminal", "two words", (0, 1), 1, "1", "été", 'say "x"', "__NOLABEL__"]
    actions = ["go on", "__NOLABEL__", 1, "1", ("a", 2), "a0", "x:y", "[", ""]
    rows = [(s, a, t, 1, 0) for s, a, t in zip(names, actions, [*names[1:], "end"], strict=True)]
    mdp = MDP.from_transitions(rows, start="two words", terminal=["end"])
    assert drn.loads(drn.dumps(mdp)) == mdp


def test_text_is_as_documented():
    rows = [
        ("s", "go", "t", "p", 2),
        ("s", "go", "s", "1 - p", 2),
        ("t", "wait", "end", 1, "-p^2/3"),
        ("t", "go", "end", 1, 0),
    ]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"], symbols={"p": "0 < p < 1"})
    assert (
        drn.dumps(mdp)
        == """\
// Written by pgsym
//pgsym {"states": ["s", "t", "end"], "terminal": [2], "symbols": {"p": "0 < p < 1"}}
@type: MDP
@value_type: parametric
@parameters
p
@reward_models
reward
@nr_states
3
@nr_choices
4
@model
state 0 [0] init s
	action go [2]
		0 : 1 - p
		1 : p
state 1 [0] t
	action wait [-(p^2)/3]
		2 : 1
	action go [0]
		2 : 1
state 2 [0] terminal end
	action __NOLABEL__ [0]
		2 : 1
"""
    )


# -- other people's files --------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::pgsym.model.validate.AssumptionWarning")
def test_what_storm_writes():
    mdp = drn.loads(FROM_STORM)
    q = sp.Symbol("q")
    assert (mdp.states, mdp.start, mdp.terminal) == (("x=0", "x=1", "x=2"), {"x=0": 1}, {"x=2"})
    assert mdp.pairs == (("x=0", "go"), ("x=0", "stop"), ("x=1", "a0"))
    assert law(mdp)[0]["x=0", "go"] == {("x=0", sp.Rational(3, 7)): 1 - q, ("x=1", sp.Rational(3, 7)): q}
    assert {o.r for o in mdp.outcomes("x=1", "a0")} == {q}


def test_decimals_are_read_as_the_simplest_rationals():
    text = SMALL.replace("1/3", "0.3333333333333333").replace("2/3", "0.6666666666666667")
    with pytest.warns(UserWarning, match="2 floats read as the simplest rational"):
        mdp = drn.loads(text)
    assert mdp == drn.loads(SMALL)


def test_state_and_action_rewards_are_added():
    text = SMALL.replace("state 0 init", "@here [5, 1/2] init").replace("@here", "state 0").replace("[1]", "[1, 7]")
    text = text.replace("@nr_states", "@reward_models\nfirst second\n@nr_states")
    assert {o.r for o in drn.loads(text, rewards="first").outcomes(0, "go")} == {6}
    assert {o.r for o in drn.loads(text, rewards="second").outcomes(0, "go")} == {sp.Rational(15, 2)}
    message = "DRN: the file has 2 reward models, such as first, second; one is required. Keep one there, or name it "
    with pytest.raises(SchemaError, match=f"^{re.escape(message)}with rewards= of load_prism or from_stormpy$"):
        drn.loads(text)
    with pytest.raises(SchemaError, match="rewards: found 'frist'; the nearest is 'first'"):
        drn.loads(text, rewards="frist")


def test_equal_action_names_stay_apart():
    text = SMALL.replace("state 1", "\taction go\n\t\t1 : 1\nstate 1")
    assert drn.loads(text).actions(0) == ("go", "go_1")


def test_several_starts_are_refused():
    message = "DRN: found 2 states labelled init, without probabilities; one start is required. Label one"
    with pytest.raises(StructureError, match=f"^{re.escape(message)}$"):
        drn.loads(SMALL.replace("state 1", "state 1 init"))


# -- what cannot be carried ------------------------------------------------------------------------------

LOOP = MDP.from_transitions([("s", "go", "s", 1, 1)], start="s", gamma="9/10")


@pytest.mark.parametrize(
    ("mdp", "options", "kind", "message"),
    [
        (
            LOOP, {}, DiscountError,
            "gamma: found 9/10; a DRN file has no discount factor. Use the option discount=exit, which ends each step "
            "with probability 1 - gamma, or set gamma to 1",
        ),
        (LOOP, {"discount": "tax"}, SchemaError, "discount: found 'tax'; 'exit' or None is required. Choose one"),
        (
            MDP.from_transitions([("s", "a", "t", 1, 0), ("t", "a", "s", 1, 0)], start={"s": "1/2", "t": "1/2"}),
            {}, StructureError,
            "start: found 2 start states; a DRN file marks one, without probabilities. "
            "Set one with mdp.replace(start={state: 1})",
        ),
        (
            MDP.from_transitions([("s", "a", "s", "1/2", 0), ("s", "a", "t", "1/2", 4)], terminal=["t"]),
            {}, StructureError,
            "('s', 'a'): found the rewards 0, 4; a DRN file has one for each state and action. "
            "Use the option average where variances do not matter",
        ),
        (
            MDP.from_transitions([("s", "a", "t", 1, sp.Symbol("pi(a|s)"))], terminal=["t"]),
            {}, FormulaError,
            "symbols: found the symbol 'pi(a|s)'; a parameter of Storm is one identifier. Rename it",
        ),
        (
            MDP.from_transitions([("s", "a", "t", 1, "exp(u)")], terminal=["t"]),
            {}, FormulaError,
            "('s', 'a'): found exp(u); Storm reads rational functions. Put a symbol in place of the exponential",
        ),
    ],
)  # fmt: skip
def test_dumps_raises_on_what_storm_has_no_place_for(mdp, options, kind, message):
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        drn.dumps(mdp, **options)


# -- wrong input -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("MDP", "CTMC", "m.drn: line 1: found @type: CTMC; MDP or DTMC is required."),
        ("@type: MDP\n", "", "m.drn: line 3: @model before @type: MDP; a file says it first. Add it"),
        ("@nr_states\n2\n", "", "m.drn: line 2: @model before @nr_states; a file says it first. Add it"),
        ("@model", "@modle", "m.drn: line 4: found @modle; the nearest is '@model'. Correct it"),
        ("\n2\n", "\nmany\n", "m.drn: line 3: found 'many'; a number of states is required. Correct it"),
        ("\n2\n", "\n3\n", "m.drn: found 2 states; @nr_states says 3. Correct one of them"),
        ("state 1", "state 2", "m.drn: line 9: found state 2; state 1 is next. Number them in order"),
        ("state 0 init\n", "", "m.drn: line 5: found 'action go [1]'; a state comes first: state 0. Correct it"),
        ("\t\t1 : 1\n", "\t\t9 : 1\n", "m.drn: line 11: found the target 9; the model has 2 states. Correct it"),
        ("1/3", "$0", "m.drn: line 7: the placeholder $0 is unknown; @placeholders defines them. Add it there"),
        ("1/3", "p", "m.drn: line 7: found p, which @parameters does not list; a symbol is declared. Add it there"),
        ("1/3", "[0.2, 0.4]", "m.drn: line 7: found the interval [0.2, 0.4]; a probability is one number or formula."),
        ("1/3", "1/4", "m.drn: (0, 'go'): outgoing probabilities sum to 11/12; must be exactly 1."),
        ("1/3", "1 - -p^2", "m.drn: line 7: found -p^, where Storm takes the minus first; brackets are required."),
        ("1/3", "9^9^9", "m.drn: line 7: found the exponent 387420489; at most 1000 is read."),
        ("1/3", "1e999", "m.drn: line 7: found 1e999, beyond the range of decimal numbers; a number lies within"),
        ("1/3", "1e-999", "m.drn: line 7: found 1e-999, beyond the range of decimal numbers; a number lies within"),
        ("action go", "acton go", "m.drn: line 6: found 'acton go [1]'; a state, an action or 'target : probability'"),
        ("@type", "//pgsym {}\n@type", "m.drn: line 1: the note after //pgsym is not one that pgsym writes"),
        (
            "@type", '//pgsym {"states": ["s"], "terminal": []}\n@type',
            "m.drn: the note after //pgsym names 1 states; the file has 2. Remove the line, and states are numbered",
        ),
        (
            "@type", '//pgsym {"states": ["s", "t"], "terminal": [0]}\n@type',
            "m.drn: line 6: state 0 is terminal by the note after //pgsym, but leads on or has a reward;",
        ),
    ],
)  # fmt: skip
def test_loads_raises_on_wrong_input(old, new, message):
    assert old in SMALL
    with pytest.raises(ModelError) as error:
        drn.loads(SMALL.replace(old, new, 1), where="m.drn")
    assert str(error.value).startswith(message)


def test_loads_raises_on_a_text_without_a_model():
    with pytest.raises(SchemaError, match=r"^DRN: the section @model is missing; a DRN file has one\. Add it$"):
        drn.loads("// nothing\n")


def parametric(*rewards, note=""):
    """A chain of one state that stays, with a reward of its own in each action."""
    actions = "".join(f"    action a{i} [{r}]\n        0 : 1\n" for i, r in enumerate(rewards))
    head = f"{note}@type: MDP\n@value_type: parametric\n@parameters\nx y\n@nr_states\n1\n@model\n"
    return f"{head}state 0 init\n{actions}"


def test_formulas_are_counted_before_they_are_read():
    found = drn.loads(parametric(*(f"x/{i}+y" for i in range(2, 700))))
    assert len(found.actions(0)) == 698
    with pytest.raises(SchemaError) as caught:
        drn.loads(parametric(*(f"1/((x+y+{i})^9+1)" for i in range(1000))), where="m.drn")
    assert str(caught.value) == (
        "m.drn: line 195: found 94 different formulas before the end, too many to read; together they have at most "
        "30000 characters, short ones counted as 40, functions, powers and divisors as more. "
        "If the file is your own, read it with load(..., trusted=True) or --trust-file"
    )


def test_assumptions_in_the_note_are_counted():
    note = {"states": ["s"], "terminal": [], "symbols": {f"p{i}": f"0 < p{i} < 1" for i in range(2000)}}
    with pytest.raises(SchemaError, match=r"^line 1: found 751 different formulas before the end"):
        drn.loads(parametric("x", note=f"//pgsym {json.dumps(note)}\n"))

"""The MDP is a lossless, immutable view of its graph, however it was built."""

import re

import networkx as nx
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps

from pgsym.errors import DiscountError, ModelError, StructureError
from pgsym.model import MDP, Outcome
from pgsym.model.validate import AssumptionWarning

ROWS = [("s", "a", "T", "1/4", 4), ("s", "a", "T", "1/4", 0), ("s", "a", "s", "1/2", -1), ("s", "b", "T", 1, 1)]


@pytest.fixture
def parallel():
    return MDP.from_transitions(ROWS, start="s", terminal=["T"], gamma="9/10")


@pytest.fixture
def symbolic():
    rows = [("s", "a", "T", "p", "r"), ("s", "a", "s", "1 - p", 0), ("s", "b", "u", 1, "q"), ("u", "b", "u", 1, 0)]
    symbols = {"p": "0 < p < 1", "q": "q > p"}
    return MDP.from_transitions(rows, start="s", terminal=["T"], gamma="gamma", symbols=symbols)


# -- construction ----------------------------------------------------------------------------------------


def test_two_outcomes_of_one_action_may_share_the_next_state(parallel):
    quarter, half = sp.Rational(1, 4), sp.Rational(1, 2)
    assert parallel.outcomes("s", "a") == (Outcome("T", quarter, 4), Outcome("T", quarter, 0), Outcome("s", half, -1))
    assert parallel.actions("s") == ("a", "b")
    assert parallel.actions("T") == ()
    assert parallel.pairs == (("s", "a"), ("s", "b"))
    assert parallel.states == ("s", "T")
    assert parallel.nonterminal == ("s",)
    assert parallel.terminal == {"T"}
    assert parallel.start == {"s": 1}


def test_graph_and_list_build_one_model(parallel):
    graph = nx.MultiDiGraph(gamma="9/10")
    graph.add_node("s", start="1")
    graph.add_node("T", terminal=True)
    for s, a, t, p, r in ROWS:
        graph.add_edge(s, t, action=a, p=p, r=r)
    model = MDP(graph)
    assert model == parallel
    graph.add_edge("T", "s", action="a", p=1, r=1)
    graph.nodes["s"]["start"] = 0
    assert model == parallel


@given(st.one_of(continuing_mdps(), episodic_mdps()))
def test_graph_round_trip_loses_nothing(mdp):
    graph = mdp.to_graph()
    assert MDP(graph) == mdp
    assert len(graph.edges) == sum(len(mdp.outcomes(s, a)) for s, a in mdp.pairs)


def test_absorbing_drawing_of_a_terminal_state_is_no_action():
    mdp = MDP.from_transitions([*ROWS, ("T", "a", "T", 1, 0), ("T", "b", "T", "1", "0")], start="s", terminal=["T"])
    assert mdp.actions("T") == ()


def test_outcomes_of_probability_zero_are_dropped():
    rows = [
        ("s", "a", "T", 1, 1),
        ("s", "a", "u", 0, 5),
        ("s", "b", "T", 1, 0),
        ("s", "b", "s", 0.0, 0),
        ("u", "a", "T", 1, 0),
    ]
    mdp = MDP.from_transitions(rows, start={"s": 1, "u": 0}, terminal=["T"])
    assert mdp.outcomes("s", "a") == (Outcome("T", 1, 1),)
    assert mdp.states == ("s", "T", "u")
    assert mdp.start == {"s": 1}
    assert MDP.from_transitions(ROWS, start={"s": "1", "T": "0"}, terminal=["T"]).start == {"s": 1}


@pytest.mark.parametrize("names", [(1, "1"), ("s 1", "s_1"), ((0, 1), "(0, 1)"), ("a", "A"), (0, "")])
def test_states_with_similar_names_stay_apart(names):
    one, other = names
    mdp = MDP.from_transitions([(one, "a", other, 1, 1), (other, "a", one, 1, 0)], gamma="1/2")
    assert mdp.states == (one, other)
    assert mdp.outcomes(one, "a")[0].state == other


def test_order_of_states_is_that_of_the_list():
    mdp = MDP.from_transitions(ROWS, start="s", terminal=["T"], states=["T", "s"])
    assert mdp.states == ("T", "s")


def test_numpy_integers_are_the_same_states():
    mdp = MDP.from_transitions([(np.int64(0), "a", 1, 1, 1), (1, "a", np.int64(0), 1, 0)], gamma="1/2", start=0)
    assert mdp.states == (0, 1)


# -- bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([("s", "a", "T", 1)], {}, "transitions[0]: found 4 entries; an outcome is [s, a, s', p, r]. Give all five"),
        ([*ROWS, ()], {}, "transitions[4]: found 0 entries"),
        ([("s", "a", "s", 1, 0)], {"start": "x"}, "start: state 'x' is unknown; it has no transition. Check its name"),
        (
            [("s", "a", "x", 1, 0)],
            {"states": ["s"]},
            "transitions[0]: state 'x' is unknown; every state must be listed",
        ),
        (
            [("s", "a", "s", 1, 0)],
            {"states": ["s"], "start": {"x": 1}},
            "start: state 'x' is unknown; every state must",
        ),
        ([("s", "a", "s", 1, 0)], {"states": ["s"], "terminal": ["x"]}, "terminal: state 'x' is unknown"),
        ([("s", "a", "s", 1, 0)], {"states": ["s", "s"]}, "states: state 's' is listed twice; names must be distinct"),
        (
            [("s", "a", "s", 1, 0)],
            {"states": ["s", "u"]},
            "u: 0 actions; a state that is not terminal needs at least one",
        ),
        (
            [("s", "a", "u", 1, 0)],
            {},
            "u: 0 actions; a state that is not terminal needs at least one. Add a transition or",
        ),
        (
            [*ROWS, ("T", "a", "s", 1, 0)],
            {},
            "T: a terminal state has action 'a' to 's' with reward 0; nothing happens",
        ),
        (
            [*ROWS, ("T", "a", "T", 1, 7)],
            {},
            "T: a terminal state has action 'a' to 'T' with reward 7; nothing happens",
        ),
        (
            [(["s"], "a", "s", 1, 0)],
            {},
            "transitions[0]: found the state ['s']; a name is hashable. Use text, a number or",
        ),
        ([("s", {}, "s", 1, 0)], {}, "transitions[0]: found the action {}; a name is hashable"),
        ([("s", None, "s", 1, 0)], {}, "transitions[0]: found the action None; a name is required"),
        ([(1, "a", 1, 1, 0), (True, "b", 1, 1, 0)], {}, "transitions[1]: the states 1 and True are equal in Python"),
    ],
)
def test_transitions_raise_on(rows, options, message):
    options = {"terminal": ["T"] if len(rows) > 3 else [], **options}
    with pytest.raises(StructureError, match=re.escape(message)):
        MDP.from_transitions(rows, **options)


def _graph(node=None, edge=None, **attributes):
    graph = nx.MultiDiGraph(**attributes)
    graph.add_node("s", **node or {})
    graph.add_edge("s", "s", **{"action": "a", "p": 1, "r": 2, **(edge or {})})
    return graph


@pytest.mark.parametrize(("key", "remedy"), [("action", "Add it"), ("p", "Add it"), ("r", "Write r=0 where there is")])
def test_graph_raises_on_an_edge_without(key, remedy):
    graph = _graph()
    del next(iter(graph.edges(data=True)))[2][key]
    message = f"('s', 's'): the edge has no attribute {key}; every edge needs action, p and r. {remedy}"
    with pytest.raises(StructureError, match=re.escape(message)):
        MDP(graph)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"edge": {"reward": 5}},
            "('s', 's'): found the edge attribute 'reward'; the nearest is 'r'. "
            "Rename it, or write '_reward' if it is not pgsym's",
        ),
        ({"edge": {"R": 5}}, "('s', 's'): found the edge attribute 'R'; the nearest is 'r'. Rename it, or write '_R'"),
        (
            {"edge": {"order": "last"}},
            "found order = 'last'; a number is required, which sorts outcomes. Write order=0",
        ),
        ({"edge": {"cost": 5}}, "found the edge attribute 'cost'; an edge has action, p, r, order. Rename it, or"),
        ({"node": {"done": True}}, "s: found the node attribute 'done'; the nearest is 'terminal'. Rename it, or"),
        ({"node": {"terminal": "no"}}, "s: found terminal = 'no'; True or False is required. Write terminal=True"),
        ({"discount": "1/2"}, "graph: found the graph attribute 'discount'; the nearest is 'gamma'. Rename it, or"),
        ({"gama": "1/2"}, "graph: found the graph attribute 'gama'; the nearest is 'gamma'. Rename it, or write"),
        ({"start": "s"}, "graph: found the graph attribute 'start'; start is an attribute of a node. Write it there"),
        ({"edge_default": {"r": 1}}, "graph: found the graph attribute 'edge_default'; a graph has gamma, symbols"),
        ({"objective": "average-reward"}, "graph: found the graph attribute 'objective'; a graph has gamma, symbols"),
    ],
)
def test_graph_raises_on_an_attribute_that_is_not_ours(parts, message):
    with pytest.raises(StructureError, match=re.escape(message)):
        MDP(_graph(**parts))


def test_graph_keeps_what_is_the_users_own():
    graph = _graph(
        {"_rank": 1, "label": "S", "pos": (0, 1)}, {"_seen": 3, "color": "red"}, name="m", _from="here", node_default={}
    )
    assert MDP(graph) == MDP(_graph())


@pytest.mark.parametrize("kind", [nx.DiGraph, nx.Graph, nx.MultiGraph])
def test_graph_raises_on_another_kind(kind):
    with pytest.raises(StructureError, match=re.escape("must be a networkx.MultiDiGraph. Convert it with")):
        MDP(kind())


# -- changed copies --------------------------------------------------------------------------------------


def test_replace_changes_gamma_and_start_only(symbolic):
    changed = symbolic.replace(gamma="1/2", start={"u": 1})
    assert (changed.gamma, changed.start) == (sp.Rational(1, 2), {"u": 1})
    assert changed.outcomes("s", "a") == symbolic.outcomes("s", "a")
    assert symbolic.replace() == symbolic
    with pytest.raises(DiscountError, match="gamma: found 3"):
        symbolic.replace(gamma=3)
    with pytest.raises(StructureError, match="start: state 'x' is unknown; a start is a state"):
        symbolic.replace(start={"x": 1})


def test_subs_carries_assumptions_along(symbolic):
    p, q, r = sp.symbols("p q r")
    assert symbolic.subs({p: "1/3"}).assumptions == {"q": "q > 1/3"}
    assert symbolic.subs({"p": "1/3", "q": 2, "gamma": "1/2", "r": 1}).symbols == frozenset()
    assert symbolic.subs({r: p + q}).outcomes("s", "a")[0].r == p + q
    renamed = symbolic.subs({p: "slip"})
    assert renamed.assumptions == {"slip": "0 < slip < 1", "q": "q > slip"}
    assert renamed.outcomes("s", "a")[0].p == sp.Symbol("slip")
    with pytest.raises(ModelError, match=re.escape("symbols[p]: found p = 2; the assumption '0 < p < 1' is required")):
        symbolic.subs({p: 2})


def test_subs_swaps_symbols_at_once():
    mdp = MDP.from_transitions([("s", "a", "s", 1, "x - 2*y")], gamma=0)
    assert mdp.subs({"x": "y", "y": "x"}).outcomes("s", "a")[0].r == sp.sympify("y - 2*x")


def test_subs_makes_impossible_outcomes_disappear(symbolic):
    with pytest.warns(AssumptionWarning):
        mdp = MDP.from_transitions([("s", "a", "T", "p", 1), ("s", "a", "s", "1 - p", 0)], terminal=["T"])
    assert mdp.subs({"p": 1}).outcomes("s", "a") == (Outcome("T", 1, 1),)


def test_unroll_is_the_time_expanded_model(parallel):
    unrolled = parallel.unroll(2)
    assert set(unrolled.states) == {("s", 0), ("s", 1), ("T", 1), ("s", 2), ("T", 2)}
    assert unrolled.terminal == {("T", 1), ("s", 2), ("T", 2)}
    assert unrolled.start == {("s", 0): 1}
    assert unrolled.gamma == parallel.gamma
    for t in range(2):
        expected = tuple(Outcome((o.state, t + 1), o.p, o.r) for o in parallel.outcomes("s", "a"))
        assert unrolled.outcomes(("s", t), "a") == expected
    with pytest.raises(StructureError, match="unroll: horizon 0; at least one step is required"):
        parallel.unroll(0)


def test_unroll_forgets_assumptions_of_symbols_out_of_reach(symbolic):
    assert symbolic.unroll(1).assumptions == symbolic.assumptions
    assert symbolic.replace(start={"u": 1}).unroll(3).assumptions == {}


@given(episodic_mdps(max_states=3), st.integers(1, 4))
def test_unroll_reaches_every_state_and_ends(mdp, T):
    unrolled = mdp.unroll(T)
    graph = nx.DiGraph(unrolled.to_graph())
    reached = {s for start in unrolled.start for s in nx.descendants(graph, start) | {start}}
    assert reached == set(unrolled.states)
    assert nx.is_directed_acyclic_graph(graph)
    assert all(t == T for s, t in unrolled.terminal if s != "end")


def test_equality_sees_every_part(symbolic):
    for changed in (
        symbolic.replace(gamma="1/2"),
        symbolic.replace(start={"u": 1}),
        symbolic.subs({"r": 1}),
        symbolic.subs({"p": "p2"}),
    ):
        assert changed != symbolic
    assert symbolic != "MDP"
    assert len({symbolic, MDP(symbolic.to_graph())}) == 2  # hashed by identity

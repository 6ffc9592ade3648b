"""All derivatives at a point in one pass are those of the closed form, by parameters and by symbols."""

import runpy
from pathlib import Path

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import episodic_mdps, policies

import pgsym
from pgsym.exact.partials import _Pass
from pgsym.model import MDP, Problem, direct_policy, mixture, sigmoid
from pgsym.model.reductions import no_choice

FAMILIES = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "chain_families.py"))["FAMILIES"]
POINT = {"pK": "9/10", "pL": "7/10", "perr": "1/50", "prob1": "8/9", "PF": "4/5", "badC": "1/6", "p": "1/3", "q": "1/5"}


def differences(problem, theta, **values):
    """By name, the derivatives that are not those of the closed form."""
    solution = pgsym.solve(problem)
    found = solution.partials(theta, **values)
    named = {**theta, **values}
    point = {s: sp.sympify(named[s.name], rational=True) for s in found}
    expected = {s: sp.diff(solution.J, s).subs(point) for s in found}
    return [s.name for s in found if sp.simplify(found[s] - expected[s]) != 0]


@pytest.mark.parametrize(
    ("name", "sizes"), [("brp", (4, 2)), ("nand", (2, 1)), ("crowds", (3, 2)), ("herman", (3,)), ("zeroconf", (5,))]
)
def test_partials_of_the_literature_s_chains(name, sizes):
    mdp = FAMILIES[name](*sizes)
    values = {s.name: POINT[s.name] for s in mdp.symbols}
    assert not differences(Problem(mdp, no_choice(mdp)), {}, **values)


ROWS = [("s", a, t, p, r) for a in "lr" for t, p, r in (("s", "p", "c"), ("t", "1 - p", int(a == "l")))]
ROWS += [("t", "l", "s", "p", 2), ("t", "l", "end", "1 - p", 0), ("t", "r", "end", 1, "c")]


@pytest.fixture
def model():
    assumed = {"p": "0 < p < 1", "g": "0 < g < 1"}
    return MDP.from_transitions(ROWS, start={"s": "p", "t": "1 - p"}, terminal=["end"], gamma="g", symbols=assumed)


def test_partials_by_parameters_symbols_discount_start_and_weight(model):
    values = {"p": "1/3", "c": "5", "g": "4/5"}
    policy = sigmoid(model, {"s": "u", "t": "2*u - v"})
    point = {"u": sp.log(2), "v": sp.log(3)}
    assert not differences(Problem(model, policy), point, **values)
    assert not differences(Problem(model, mixture(policy, "e")), point, **values, e="1/7")
    direct = direct_policy(model, {"s": {"l": "x", "r": "1 - x"}, "t": {"l": "x*y", "r": "1 - x*y"}}, ["x", "y"])
    assert not differences(Problem(model, direct), {"x": "1/2", "y": "1/3"}, **values)


def test_partials_reject_rewards_without_slopes(monkeypatch):
    """Equal states are one block, and their visits add up."""
    rows = [("in", "go", t, "1/2", 0) for t in "xy"] + [(t, "go", "end", 1, "c") for t in "xy"]
    mdp = MDP.from_transitions(rows, start="in", terminal=["end"])
    problem = Problem(mdp, no_choice(mdp))
    assert not differences(problem, {}, c="2")
    visited = _Pass._visited
    monkeypatch.setattr(
        _Pass, "_visited", lambda self: [x for x in visited(self) if any(x[1] is w for w in self.weight)]
    )
    assert differences(problem, {}, c="2") == ["c"]


@given(st.data())
@settings(max_examples=25)
def test_partials_are_the_gradient(data):
    mdp = data.draw(episodic_mdps(max_states=3))
    problem = Problem(mdp, data.draw(policies(mdp)))
    at = pgsym.solve(problem).at()
    found = pgsym.solve(problem).partials(problem.theta)
    assert [found[p] - at.grad[p] for p in problem.policy.params] == [0] * len(problem.policy.params)


def test_partials_need_every_symbol_and_the_start_state_objective(model):
    with pytest.raises(pgsym.errors.StructureError, match=r"partials: no value for c, g; every symbol needs one"):
        pgsym.solve(Problem(model)).partials(p="1/2")
    with pytest.raises(pgsym.errors.StructureError, match="found average-reward; derivatives by symbols are those of"):
        pgsym.solve(Problem.of("two-state").replace(objective="average-reward")).partials()

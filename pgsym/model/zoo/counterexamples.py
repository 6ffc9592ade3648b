"""Small models built to tell similar statements apart."""

from __future__ import annotations

from typing import Any

from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policies import sigmoid, softmax_policy
from pgsym.model.problem import Problem
from pgsym.model.zoo.registry import Outcomes, entry, problem


@entry(
    "two-state",
    "two states, one sigmoid each; the three objectives have three different gradients",
    "constructed for pgsym",
)
def two_state(gamma: Any = "9/10") -> Problem:
    """mu = (33, 50)/83 at pi(a|x) = 2/3, pi(a|y) = 1/4; stationary-value J = 95/83."""
    stay = {("x", "a"): "3/4", ("x", "b"): "1/4", ("y", "a"): "1/2", ("y", "b"): "1/5"}
    reward = {("x", "a"): 1, ("x", "b"): 0, ("y", "a"): 2, ("y", "b"): -1}
    rows: Outcomes = []
    for (s, a), p in stay.items():
        rows += [(s, a, "x", p, reward[s, a]), (s, a, "y", f"1 - {p}", reward[s, a])]
    mdp = MDP.from_transitions(rows, start="x", gamma=gamma, states=["x", "y"])
    policy = sigmoid(mdp, {"x": "theta_x", "y": "theta_y"})
    return problem(mdp, policy, Objective.START_STATE, {"theta_x": "log(2)", "theta_y": "-log(3)"})


@entry(
    "sign-flip",
    "sum_s mu(s) sum_a grad pi(a|s) Q(s,a) has the opposite sign of grad J for gamma < 4/7, at every theta",
    "constructed for pgsym",
)
def sign_flip(gamma: Any = "9/10") -> Problem:
    """J = (x + 2)/((1 - gamma)(x + 5)) with x = exp(theta)."""
    rows: Outcomes = [
        ("G", "grab", "B", 1, 2),
        ("G", "stay", "G", 1, 1),
        ("B", "wait", "G", "1/4", 0),
        ("B", "wait", "B", "3/4", 0),
    ]
    mdp = MDP.from_transitions(rows, start="G", gamma=gamma, states=["G", "B"])
    policy = softmax_policy(mdp, {"G": {"stay": "theta"}})
    return problem(mdp, policy, Objective.STATIONARY_VALUE, {"theta": "log(2)"})


@entry(
    "parallel-outcomes",
    "two outcomes of one action share the next state; J = 1 and grad J = 0, with variance",
    "constructed for pgsym",
)
def parallel_outcomes() -> Problem:
    """Q = 1 everywhere; averaging the rewards of the two outcomes would change every variance."""
    rows: Outcomes = [
        ("s", "a", "T", "1/4", 4),
        ("s", "a", "T", "1/4", 0),
        ("s", "a", "s", "1/2", -1),
        ("s", "b", "T", 1, 1),
    ]
    mdp = MDP.from_transitions(rows, start="s", terminal=["T"], states=["s", "T"])
    return problem(mdp, sigmoid(mdp, {"s": "theta"}), Objective.START_STATE, {"theta": "log(2)"})


@entry(
    "nota-thomas",
    "without gamma^t the update has a negative slope, though grad J is positive for gamma = 1/2 and for gamma = 1",
    "constructed in the spirit of C. Nota, P. S. Thomas, Is the policy gradient a gradient?, AAMAS (2020)",
)
def nota_thomas(gamma: Any = "1/2") -> Problem:
    """J = (16 gamma^4 x + 5 gamma + 2 x)/(2 (x + 1)) with x = exp(theta)."""
    rows: Outcomes = [
        ("s0", "R", "s1", 1, 1),
        ("s0", "L", "s1", 1, 0),
        ("s1", "R", "c1", 1, 0),
        ("s1", "L", "T", 1, "5/2"),
    ]
    for s, t, reward in (("c1", "c2", 0), ("c2", "c3", 0), ("c3", "T", 8)):
        rows += [(s, a, t, 1, reward) for a in ("R", "L")]
    states = ["s0", "s1", "c1", "c2", "c3", "T"]
    mdp = MDP.from_transitions(rows, start="s0", terminal=["T"], gamma=gamma, states=states)
    return problem(mdp, sigmoid(mdp, dict.fromkeys(mdp.nonterminal, "theta")), Objective.START_STATE)


@entry(
    "two-classes",
    "a transient start that chooses between two recurrent classes: the average-reward theorem misses its choice",
    "constructed for pgsym",
)
def two_classes(gamma: Any = "9/10") -> Problem:
    """g(start) = (2 p + (1 - p) rbar)/(1 + p) with p = pi(settle|start), rbar = 2 w/(2 - w), w = pi(work|on)."""
    rows: Outcomes = [
        ("start", "settle", "safe", 1, 0),
        ("start", "venture", "on", "1/2", 0),
        ("start", "venture", "start", "1/2", 0),
        ("safe", "stay", "safe", 1, 1),
        ("on", "work", "on", 1, 2),
        ("on", "rest", "off", 1, 0),
        ("off", "wake", "on", 1, 0),
    ]
    mdp = MDP.from_transitions(rows, start="start", gamma=gamma, states=["start", "safe", "on", "off"])
    policy = sigmoid(mdp, {"start": "theta_start", "on": "theta_on"})
    return problem(mdp, policy, Objective.START_STATE)

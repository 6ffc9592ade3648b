"""A suite of small problems, so that one line tests an estimator on everything that goes wrong in practice.

Episodes that terminate, that the time limit cuts, that discount, whose rewards are random given (s, a, s'), and whose
states share parameters because the policy cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pgsym.model.mdp import MDP, Action, State
from pgsym.model.policies import softmax_policy, tabular
from pgsym.model.problem import Problem


@dataclass(frozen=True)
class Case:
    """A problem of the suite.

    Examples
    --------
    >>> [case.name for case in standard_suite()]
    ['terminal', 'truncated', 'discounted', 'random-rewards', 'aliased']
    """

    name: str
    what: str
    problem: Problem
    behaviour: dict[str, str]
    """Another point, for off-policy data."""
    horizon: int


def _terminal() -> Case:
    """Undiscounted; every action leads on, so that T steps reach the end."""
    rows = [
        ("s0", "left", "s1", "1/2", 1),
        ("s0", "left", "end", "1/2", -1),
        ("s0", "right", "s2", 1, 0),
        ("s1", "left", "end", 1, 4),
        ("s1", "right", "s2", 1, -2),
        ("s2", "left", "end", "1/3", 3),
        ("s2", "left", "s3", "2/3", 1),
        ("s2", "right", "end", 1, 2),
        ("s3", "left", "end", 1, 1),
        ("s3", "right", "end", 1, -3),
    ]
    mdp = MDP.from_transitions(rows, start="s0", terminal=["end"])
    policy = softmax_policy(mdp, {s: {"left": f"t{i}"} for i, s in enumerate(mdp.nonterminal)})
    theta = {"t0": "log(2)", "t1": "0", "t2": "-log(2)", "t3": "log(3)"}
    behaviour = {"t0": "-log(2)", "t1": "log(2)", "t2": "0", "t3": "0"}
    return Case("terminal", "undiscounted, every episode terminates", Problem(mdp, policy, theta=theta), behaviour, 4)


def _truncated() -> Case:
    """Never terminates: every episode is cut."""
    rows = [
        ("x", "stay", "x", "3/4", 1),
        ("x", "stay", "y", "1/4", 0),
        ("x", "go", "y", 1, 2),
        ("y", "stay", "y", "1/2", -1),
        ("y", "stay", "x", "1/2", 3),
        ("y", "go", "x", "4/5", 0),
        ("y", "go", "z", "1/5", 1),
        ("z", "stay", "z", "1/2", 4),
        ("z", "stay", "x", "1/2", 1),
        ("z", "go", "y", 1, 0),
    ]
    start: dict[State, str] = {"x": "2/3", "z": "1/3"}
    mdp = MDP.from_transitions(rows, start=start, gamma="9/10")
    policy = softmax_policy(mdp, {s: {"stay": f"t{s}"} for s in mdp.nonterminal})
    theta = {"tx": "log(2)", "ty": "-log(3)", "tz": "0"}
    behaviour = {"tx": "0", "ty": "0", "tz": "log(2)"}
    return Case(
        "truncated",
        "discount 9/10, no terminal state: the time limit cuts",
        Problem(mdp, policy, theta=theta),
        behaviour,
        4,
    )


def _discounted() -> Case:
    """Terminates or is cut; gamma = 1/2 makes gamma^t matter."""
    rows = [
        ("a", "x", "b", "1/2", 1),
        ("a", "x", "c", "1/2", -1),
        ("a", "y", "c", 1, 2),
        ("b", "x", "end", "1/4", 4),
        ("b", "x", "c", "3/4", 0),
        ("b", "y", "a", 1, -1),
        ("c", "x", "end", "1/2", 1),
        ("c", "x", "b", "1/2", 3),
        ("c", "y", "c", "3/4", 1),
        ("c", "y", "end", "1/4", -4),
    ]
    mdp = MDP.from_transitions(rows, start="a", terminal=["end"], gamma="1/2")
    policy = softmax_policy(mdp, {s: {"x": f"t{s}"} for s in mdp.nonterminal})
    theta = {"ta": "0", "tb": "log(2)", "tc": "-log(2)"}
    behaviour = {"ta": "log(2)", "tb": "0", "tc": "0"}
    return Case("discounted", "discount 1/2, terminates or is cut", Problem(mdp, policy, theta=theta), behaviour, 5)


def _random_rewards() -> Case:
    """Two outcomes of one (s, a) share s' with different rewards."""
    rows = [
        ("s", "safe", "t", 1, 1),
        ("s", "risky", "t", "1/4", 8),
        ("s", "risky", "t", "3/4", -1),
        ("t", "safe", "end", "1/2", 2),
        ("t", "safe", "s", "1/2", 0),
        ("t", "risky", "end", "1/2", 5),
        ("t", "risky", "end", "1/2", -3),
    ]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"], gamma="4/5")
    policy = tabular(mdp)
    names = [p.name for p in policy.params]
    theta = dict(zip(names, ("log(2)", "0", "0", "log(3)"), strict=True))
    behaviour = dict.fromkeys(names, "0")
    return Case(
        "random-rewards",
        "rewards random given (s, a, s'); tabular softmax",
        Problem(mdp, policy, theta=theta),
        behaviour,
        4,
    )


def _aliased() -> Case:
    """The policy sees one of two observations in four states; the middle states look alike and want opposite things."""
    rows = [
        ("0", "right", "1", 1, -1),
        ("0", "left", "0", 1, -1),
        ("1", "right", "0", 1, -1),
        ("1", "left", "2", 1, -1),
        ("2", "right", "end", 1, 3),
        ("2", "left", "1", 1, -1),
    ]
    mdp = MDP.from_transitions(rows, start="0", terminal=["end"], gamma="19/20")
    logits: dict[State, dict[Action, str]] = {"0": {"right": "u + v"}, "1": {"right": "u"}, "2": {"right": "u"}}
    policy = softmax_policy(mdp, logits, ["u", "v"])
    theta, behaviour = {"u": "0", "v": "log(2)"}, {"u": "log(2)", "v": "0"}
    return Case("aliased", "states that share parameters; often cut", Problem(mdp, policy, theta=theta), behaviour, 6)


STANDARD: tuple[Callable[[], Case], ...] = (_terminal, _truncated, _discounted, _random_rewards, _aliased)


def standard_suite() -> Iterator[Case]:
    """The cases, built one by one."""
    for build in STANDARD:
        yield build()

"""The problems on which an estimator is audited where nobody gives one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgsym.model.mdp import MDP, Action, State
from pgsym.model.policies import softmax_policy, tabular
from pgsym.model.policy import Policy
from pgsym.model.problem import Problem
from pgsym.model.token_tree import Reward, token_tree


@dataclass(frozen=True)
class Case:
    """A problem of the suite.

    >>> [case.name for case in standard_suite()]
    ['terminal', 'truncated', 'discounted', 'random-rewards', 'aliased']
    """

    name: str
    problem: Problem
    behaviour: dict[str, str]
    """Another point, for off-policy data."""
    horizon: int
    group_size: int = 1
    """Episodes that share a start state."""

    @property
    def options(self) -> dict[str, int]:
        """What `audit` is given."""
        return {"horizon": self.horizon, "group_size": self.group_size}


def _case(name: str, mdp: MDP, policy: Policy, theta: Sequence[str], behaviour: Sequence[str], horizon: int) -> Case:
    point, other = (dict(zip((p.name for p in policy.params), values, strict=True)) for values in (theta, behaviour))
    return Case(name, Problem(mdp, policy, theta=point), other, horizon)


def _one_parameter_a_state(mdp: MDP, action: Action) -> Policy:
    return softmax_policy(mdp, {s: {action: f"t{s}"} for s in mdp.nonterminal})


def _terminal() -> Case:
    """Undiscounted; every action leads on, so that T steps reach the end."""
    rows = [
        ("0", "left", "1", "1/2", 1),
        ("0", "left", "end", "1/2", -1),
        ("0", "right", "2", 1, 0),
        ("1", "left", "end", 1, 4),
        ("1", "right", "2", 1, -2),
        ("2", "left", "end", "1/3", 3),
        ("2", "left", "3", "2/3", 1),
        ("2", "right", "end", 1, 2),
        ("3", "left", "end", 1, 1),
        ("3", "right", "end", 1, -3),
    ]
    mdp = MDP.from_transitions(rows, start="0", terminal=["end"])
    theta, behaviour = ("log(2)", "0", "-log(2)", "log(3)"), ("-log(2)", "log(2)", "0", "0")
    return _case("terminal", mdp, _one_parameter_a_state(mdp, "left"), theta, behaviour, 4)


def _truncated() -> Case:
    """Discount 9/10, no terminal state: the time limit cuts every episode."""
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
    theta, behaviour = ("log(2)", "-log(3)", "0"), ("0", "0", "log(2)")
    return _case("truncated", mdp, _one_parameter_a_state(mdp, "stay"), theta, behaviour, 4)


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
    theta, behaviour = ("0", "log(2)", "-log(2)"), ("log(2)", "0", "0")
    return _case("discounted", mdp, _one_parameter_a_state(mdp, "x"), theta, behaviour, 5)


def _random_rewards() -> Case:
    """Two outcomes of one (s, a) share s' with different rewards; tabular softmax."""
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
    return _case("random-rewards", mdp, tabular(mdp), ("log(2)", "0", "0", "log(3)"), ("0", "0", "0", "0"), 4)


def _aliased() -> Case:
    """The policy sees one of two observations in four states; the middle states look alike and want opposite things.

    Episodes are often cut.
    """
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
    return _case("aliased", mdp, policy, ("0", "log(2)"), ("log(2)", "0"), 6)


def standard_suite() -> Iterator[Case]:
    """Small problems with everything that goes wrong in practice, built one by one.

    Episodes that terminate, that the time limit cuts, that discount, whose rewards are random given (s, a, s'), and
    whose states share parameters because the policy cannot tell them apart.
    """
    for build in (_terminal, _truncated, _discounted, _random_rewards, _aliased):
        yield build()


GROUP_SIZE = 4
"""Sequences of a group in the token suite."""


def _tokens(
    name: str, prompts: Sequence[str], vocabulary: str, reward: Reward, theta: dict[str, str], per_token: bool = False
) -> Case:
    """Sequences of at most two tokens; x ends one early where it is in the vocabulary."""
    eos = "x" if "x" in vocabulary else None
    problem = token_tree(prompts, vocabulary, 2, reward, eos=eos, per_token=per_token).at(theta=theta)
    return Case(name, problem, {p.name: "0" for p in problem.policy.params}, 2, GROUP_SIZE)


def token_suite() -> Iterator[Case]:
    """What a language model is trained on, small: token trees with groups of `GROUP_SIZE` sequences a prompt.

    One prompt, whose sequences are equally long, or not; an easy and a hard prompt; rewards for single tokens.

    >>> [case.name for case in token_suite()]
    ['equal-lengths', 'end-of-sequence', 'two-prompts', 'token-rewards']
    """
    first = {"theta_q_a": "log(2)", "theta_q_a_a": "-log(2)"}
    yield _tokens("equal-lengths", ["q"], "ab", {"q a a", "q b b"}, first)
    yield _tokens("end-of-sequence", ["q"], "abx", {"q x", "q a b", "q a x"}, first)
    hard = {"theta_q_a": "log(2)", "theta_r_x": "log(3)", "theta_r_a_b": "-log(2)"}
    yield _tokens("two-prompts", ["q", "r"], "abx", {"q x", "q a b", "q a x", "q b a", "r b a", "r a b"}, hard)
    yield _tokens("token-rewards", ["q"], "abx", lambda _, tokens: len(tokens) - 3 * (tokens[-1] == "b"), first, True)

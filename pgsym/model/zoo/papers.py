"""Models from papers and monographs."""

from __future__ import annotations

from typing import Any

from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policies import sigmoid, softmax_policy
from pgsym.model.problem import Problem
from pgsym.model.zoo.registry import Logits, Outcomes, count, entry, problem


@entry(
    "kakade",
    "two states, stay or move, rewards 1 and 2 for staying; average reward, mu = (4/5, 1/5)",
    "S. Kakade, A natural policy gradient, NIPS 14 (2002), the two-state MDP; theta is ours",
)
def kakade() -> Problem:
    """rbar = (x + 2 y)/(x + y + 2) with x = exp(theta_i), y = exp(theta_j)."""
    rows: Outcomes = [
        ("i", "stay", "i", 1, 1),
        ("i", "move", "j", 1, 0),
        ("j", "stay", "j", 1, 2),
        ("j", "move", "i", 1, 0),
    ]
    mdp = MDP.from_transitions(rows, states=["i", "j"])
    policy = sigmoid(mdp, {"i": "theta_i", "j": "theta_j"})
    return problem(mdp, policy, Objective.AVERAGE_REWARD, {"theta_i": "log(4)", "theta_j": "-log(4)"})


@entry(
    "baxter-bartlett",
    "three states, two actions, four parameters on two features; average reward",
    "J. Baxter, P. L. Bartlett, L. Weaver, Experiments with infinite-horizon policy-gradient estimation, "
    "JAIR 15 (2001), after its three-state MDP; the numbers are not checked against the paper's table, and that the "
    "reward is paid on arrival is ours",
)
def baxter_bartlett() -> Problem:
    """Logit of a1: theta_1 phi_1(s) + theta_2 phi_2(s); of a2: theta_3 phi_1(s) + theta_4 phi_2(s)."""
    likely = {"A": ("B", "C"), "B": ("A", "C"), "C": ("B", "C")}  # where a1, and a2, go with probability 4/5
    features = {"A": ("2/3", "1/3"), "B": ("1/3", "2/3"), "C": ("5/18", "5/18")}
    rows: Outcomes = []
    for s, (first, second) in likely.items():
        for a, (t, other) in {"a1": (first, second), "a2": (second, first)}.items():
            rows += [(s, a, t, "4/5", int(t == "C")), (s, a, other, "1/5", int(other == "C"))]
    mdp = MDP.from_transitions(rows, states=list(likely))
    logits: Logits = {
        s: {"a1": f"{f1}*theta_1 + {f2}*theta_2", "a2": f"{f1}*theta_3 + {f2}*theta_4"}
        for s, (f1, f2) in features.items()
    }
    params = [f"theta_{i}" for i in (1, 2, 3, 4)]
    theta = dict(zip(params, (1, 1, -1, -1), strict=True))
    return problem(mdp, softmax_policy(mdp, logits, params), Objective.AVERAGE_REWARD, theta)


@entry(
    "boyan-chain",
    "n steps down to 0 by one or by two, -3 a step and -2 for the last; V(s) = -2 s at theta = 0",
    "J. A. Boyan, Technical update: least-squares temporal difference learning, Machine Learning 49 (2002), "
    "(n = 12); the choice of the step as an action, with one shared parameter, is ours",
)
def boyan_chain(n: int = 12) -> Problem:
    """States n, n-1, ..., 0; the actions are 1 and 2, the length of the step; 0 is terminal."""
    count(n, 2, "n")
    rows: Outcomes = [(s, a, s - a, 1, -3) for s in range(n, 1, -1) for a in (1, 2)]
    rows.append((1, 1, 0, 1, -2))
    mdp = MDP.from_transitions(rows, start=n, terminal=[0], states=range(n, -1, -1))
    return problem(mdp, sigmoid(mdp, dict.fromkeys(range(n, 1, -1), "theta")), Objective.START_STATE)


@entry(
    "machine-replacement",
    "a machine that wears out: operate at rising cost, or replace; average reward",
    "M. L. Puterman, Markov Decision Processes (1994), chapter 4, equipment replacement (its form); numbers are ours",
)
def machine_replacement(n: int = 3, gamma: Any = "9/10") -> Problem:
    """Wear 0..n; each period adds 0, 1 or 2 to it, with probabilities 1/2, 3/10 and 1/5, up to n.

    Income 10, running cost 3 s at wear s; a replacement costs 8 and starts the period at wear 0.
    """
    count(n, 1, "n")
    wear = {0: "1/2", 1: "3/10", 2: "1/5"}
    rows: Outcomes = [
        (s, a, min(origin + j, n), p, 10 - 3 * origin - cost)
        for s in range(n + 1)
        for a, origin, cost in (("operate", s, 0), ("replace", 0, 8))
        for j, p in wear.items()
    ]
    mdp = MDP.from_transitions(rows, start=0, gamma=gamma, states=range(n + 1))
    return problem(mdp, sigmoid(mdp), Objective.AVERAGE_REWARD)


@entry(
    "riverswim",
    "n places along a river: drift left for 1/200, or swim right against the current for 1; average reward",
    "A. Strehl, M. Littman, J. Computer and System Sciences 74 (2008); numbers of I. Osband, D. Russo, B. Van Roy, "
    "(More) efficient reinforcement learning via posterior sampling, NIPS 26 (2013)",
)
def riverswim(n: int = 6, gamma: Any = "9/10") -> Problem:
    """Places 1..n; theta_s is the logit of swimming right at s, against 0 for left."""
    count(n, 2, "n")
    rows: Outcomes = []
    for s in range(1, n + 1):
        rows.append((s, "left", max(s - 1, 1), 1, "1/200" if s == 1 else 0))
        if s == 1:
            swim = {1: "2/5", 2: "3/5"}
        elif s == n:
            swim = {n - 1: "2/5", n: "3/5"}
        else:
            swim = {s - 1: "1/20", s: "3/5", s + 1: "7/20"}
        rows += [(s, "right", t, p, int(s == n)) for t, p in swim.items()]
    mdp = MDP.from_transitions(rows, start=1, gamma=gamma, states=range(1, n + 1))
    logits: Logits = {s: {"right": f"theta_{s}"} for s in mdp.states}
    policy = softmax_policy(mdp, logits, [f"theta_{s}" for s in mdp.states])
    return problem(mdp, policy, Objective.AVERAGE_REWARD)

"""Models from textbooks, lectures, papers and monographs."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policies import sigmoid, softmax_policy, tabular
from pgsym.model.problem import Problem
from pgsym.model.validate import whole_number
from pgsym.model.zoo.registry import Logits, Outcomes, entry, inside

MOVES = {"up": (-1, 0), "right": (0, 1), "down": (1, 0), "left": (0, -1)}


@entry(
    "short-corridor",
    "three states that look alike, the actions reversed in the second; one shared parameter",
    "Sutton & Barto, Reinforcement Learning, 2nd ed. (2018), Example 13.1",
)
def short_corridor() -> Problem:
    """J = -2 (x + 1)(x + 2)/x with x = exp(theta) = p/(1 - p), p the probability of R; best at x = sqrt(2)."""
    moves = {"s1": ("s2", "s1"), "s2": ("s1", "s3"), "s3": ("T", "s2")}
    rows: Outcomes = [
        (s, a, t, 1, -1) for s, targets in moves.items() for a, t in zip(("R", "L"), targets, strict=True)
    ]
    mdp = MDP.from_transitions(rows, start="s1", terminal=["T"], states=["s1", "s2", "s3", "T"])
    return Problem(mdp, sigmoid(mdp, dict.fromkeys(moves, "theta")))


def _walk(n: int, gamma: Any) -> MDP:
    """States 1..n in a row, 0 and n+1 terminal, reward 1 on reaching n+1; starts in the middle."""
    whole_number(n, 1, "n")
    rows: Outcomes = [
        (k, a, k + step, 1, int(k + step == n + 1)) for k in range(1, n + 1) for a, step in (("right", 1), ("left", -1))
    ]
    return MDP.from_transitions(rows, start=(n + 1) // 2, terminal=[0, n + 1], gamma=gamma, states=range(n + 2))


@entry(
    "random-walk",
    "n states in a row, reward 1 at the right end; one parameter for each state. V(k) = k/(n+1) at theta = 0",
    "Sutton & Barto, Reinforcement Learning, 2nd ed. (2018), Example 6.2 (n = 5)",
)
def random_walk(n: int = 5, gamma: Any = 1) -> Problem:
    """theta_k is the logit of right in state k, against 0 for left."""
    mdp = _walk(n, gamma)
    return Problem(mdp, sigmoid(mdp))


@entry(
    "random-walk-shared",
    "the random walk with one parameter for all states",
    "Sutton & Barto, Reinforcement Learning, 2nd ed. (2018), Example 6.2; the shared parameter is ours",
)
def random_walk_shared(n: int = 5, gamma: Any = 1) -> Problem:
    """theta is the logit of right in every state, against 0 for left."""
    mdp = _walk(n, gamma)
    return Problem(mdp, sigmoid(mdp, dict.fromkeys(mdp.nonterminal, "theta")))


@entry(
    "student",
    "a student between classes, distraction, the pub and sleep; V = (-2.3, -1.3, 2.7, 7.4) at theta = 0",
    "D. Silver, UCL course on reinforcement learning (2015), lecture 2, the student MDP",
)
def student() -> Problem:
    """Values of (Facebook, Class 1, Class 2, Class 3); a parameter each, for the action listed first."""
    rows: Outcomes = [
        ("Facebook", "Facebook", "Facebook", 1, -1),
        ("Facebook", "Quit", "Class 1", 1, 0),
        ("Class 1", "Facebook", "Facebook", 1, -1),
        ("Class 1", "Study", "Class 2", 1, -2),
        ("Class 2", "Study", "Class 3", 1, -2),
        ("Class 2", "Sleep", "Sleep", 1, 0),
        ("Class 3", "Study", "Sleep", 1, 10),
        ("Class 3", "Pub", "Class 1", "1/5", 1),
        ("Class 3", "Pub", "Class 2", "2/5", 1),
        ("Class 3", "Pub", "Class 3", "2/5", 1),
    ]
    states = ["Facebook", "Class 1", "Class 2", "Class 3", "Sleep"]
    mdp = MDP.from_transitions(rows, start="Class 1", terminal=["Sleep"], states=states)
    return Problem(mdp, sigmoid(mdp))


@entry(
    "gridworld",
    "k x k grid, -1 a step to the far corner; the step slips to either side; three shared parameters",
    "Russell & Norvig, Artificial Intelligence, 3rd ed. (2010), section 17.1 (its motion); grid and policy are ours",
)
def gridworld(k: int = 3, slip: Any = "1/5", gamma: Any = "9/10") -> Problem:
    """A move goes where it aims with probability 1 - slip, to each side with slip/2; walls stop it.

    The logits of right, down and left are parameters, the same in every cell; that of up is 0.
    """
    whole_number(k, 2, "k")
    cells = [(i, j) for i in range(k) for j in range(k)]
    goal = (k - 1, k - 1)
    names = list(MOVES)
    rows: Outcomes = []
    for cell in cells:
        for m, move in enumerate(names):
            if cell != goal:
                sides = (names[(m + 1) % 4], names[(m - 1) % 4])
                aimed = [(move, f"1 - ({slip})"), *((side, f"({slip})/2") for side in sides)]
                rows += [(cell, move, _step(cell, way, k, k), p, -1) for way, p in aimed]
    mdp = MDP.from_transitions(rows, start=cells[0], terminal=[goal], gamma=gamma, symbols=inside(slip), states=cells)
    logits: dict[Hashable, Any] = {way: f"theta_{way}" for way in ("right", "down", "left")}
    policy = softmax_policy(mdp, dict.fromkeys(mdp.nonterminal, logits), list(logits.values()))
    return Problem(mdp, policy)


def _step(cell: tuple[int, int], move: str, height: int, width: int) -> tuple[int, int]:
    (i, j), (di, dj) = cell, MOVES[move]
    return (min(max(i + di, 0), height - 1), min(max(j + dj, 0), width - 1))


@entry(
    "cliff",
    "cliff walking: -1 a step, -100 and back to the start for a step off the edge; tabular softmax",
    "Sutton & Barto, Reinforcement Learning, 2nd ed. (2018), Example 6.6 (width 12, height 4)",
)
def cliff(width: int = 12, height: int = 4) -> Problem:
    """States (row, column), row 0 on top; the cliff is the bottom row between start and goal, and no state."""
    whole_number(width, 2, "width")
    whole_number(height, 2, "height")
    start, goal = (height - 1, 0), (height - 1, width - 1)
    edge = {(height - 1, j) for j in range(1, width - 1)}
    cells = [(i, j) for i in range(height) for j in range(width) if (i, j) not in edge]
    rows: Outcomes = []
    for cell in cells:
        for move in MOVES:
            if cell != goal:
                target = _step(cell, move, height, width)
                rows.append((cell, move, start, 1, -100) if target in edge else (cell, move, target, 1, -1))
    mdp = MDP.from_transitions(rows, start=start, terminal=[goal], states=cells)
    return Problem(mdp, tabular(mdp))


@entry(
    "recycling-robot",
    "a robot that collects cans on a battery; probabilities alpha, beta and rewards r_search, r_wait are symbols",
    "Sutton & Barto, Reinforcement Learning, 2nd ed. (2018), Example 3.3; gamma = 9/10 is ours",
)
def recycling_robot(
    alpha: Any = "alpha",
    beta: Any = "beta",
    r_search: Any = "r_search",
    r_wait: Any = "r_wait",
    gamma: Any = "9/10",
) -> Problem:
    """Tabular softmax; every option is a number, a formula or a symbol."""
    rows: Outcomes = [
        ("high", "search", "high", alpha, r_search),
        ("high", "search", "low", f"1 - ({alpha})", r_search),
        ("high", "wait", "high", 1, r_wait),
        ("low", "search", "low", beta, r_search),
        ("low", "search", "high", f"1 - ({beta})", -3),
        ("low", "wait", "low", 1, r_wait),
        ("low", "recharge", "high", 1, 0),
    ]
    mdp = MDP.from_transitions(rows, start="high", gamma=gamma, symbols=inside(alpha, beta), states=["high", "low"])
    return Problem(mdp, tabular(mdp))


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
    return Problem(mdp, policy, Objective.AVERAGE_REWARD, {"theta_i": "log(4)", "theta_j": "-log(4)"})


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
    return Problem(mdp, softmax_policy(mdp, logits, params), Objective.AVERAGE_REWARD, theta)


@entry(
    "boyan-chain",
    "n steps down to 0 by one or by two, -3 a step and -2 for the last; V(s) = -2 s at theta = 0",
    "J. A. Boyan, Technical update: least-squares temporal difference learning, Machine Learning 49 (2002), "
    "(n = 12); the choice of the step as an action, with one shared parameter, is ours",
)
def boyan_chain(n: int = 12) -> Problem:
    """States n, n-1, ..., 0; the actions are 1 and 2, the length of the step; 0 is terminal."""
    whole_number(n, 2, "n")
    rows: Outcomes = [(s, a, s - a, 1, -3) for s in range(n, 1, -1) for a in (1, 2)]
    rows.append((1, 1, 0, 1, -2))
    mdp = MDP.from_transitions(rows, start=n, terminal=[0], states=range(n, -1, -1))
    return Problem(mdp, sigmoid(mdp, dict.fromkeys(range(n, 1, -1), "theta")))


@entry(
    "machine-replacement",
    "a machine that wears out: operate at rising cost, or replace; average reward",
    "M. L. Puterman, Markov Decision Processes (1994), chapter 4, equipment replacement (its form); numbers are ours",
)
def machine_replacement(n: int = 3, gamma: Any = "9/10") -> Problem:
    """Wear 0..n; each period adds 0, 1 or 2 to it, with probabilities 1/2, 3/10 and 1/5, up to n.

    Income 10, running cost 3 s at wear s; a replacement costs 8 and starts the period at wear 0.
    """
    whole_number(n, 1, "n")
    wear = {0: "1/2", 1: "3/10", 2: "1/5"}
    rows: Outcomes = [
        (s, a, min(origin + j, n), p, 10 - 3 * origin - cost)
        for s in range(n + 1)
        for a, origin, cost in (("operate", s, 0), ("replace", 0, 8))
        for j, p in wear.items()
    ]
    mdp = MDP.from_transitions(rows, start=0, gamma=gamma, states=range(n + 1))
    return Problem(mdp, sigmoid(mdp), Objective.AVERAGE_REWARD)


@entry(
    "riverswim",
    "n places along a river: drift left for 1/200, or swim right against the current for 1; average reward",
    "A. Strehl, M. Littman, J. Computer and System Sciences 74 (2008); numbers of I. Osband, D. Russo, B. Van Roy, "
    "(More) efficient reinforcement learning via posterior sampling, NIPS 26 (2013)",
)
def riverswim(n: int = 6, gamma: Any = "9/10") -> Problem:
    """Places 1..n; theta_s is the logit of swimming right at s, against 0 for left."""
    whole_number(n, 2, "n")
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
    return Problem(mdp, policy, Objective.AVERAGE_REWARD)

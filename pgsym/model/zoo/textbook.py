"""Models from textbooks and lectures."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policies import sigmoid, softmax_policy, tabular
from pgsym.model.problem import Problem
from pgsym.model.zoo.registry import Outcomes, count, entry, inside, problem

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
    return problem(mdp, sigmoid(mdp, dict.fromkeys(moves, "theta")), Objective.START_STATE)


def _walk(n: int, gamma: Any) -> MDP:
    """States 1..n in a row, 0 and n+1 terminal, reward 1 on reaching n+1; starts in the middle."""
    count(n, 1, "n")
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
    return problem(mdp, sigmoid(mdp), Objective.START_STATE)


@entry(
    "random-walk-shared",
    "the random walk with one parameter for all states",
    "Sutton & Barto, Reinforcement Learning, 2nd ed. (2018), Example 6.2; the shared parameter is ours",
)
def random_walk_shared(n: int = 5, gamma: Any = 1) -> Problem:
    """theta is the logit of right in every state, against 0 for left."""
    mdp = _walk(n, gamma)
    return problem(mdp, sigmoid(mdp, dict.fromkeys(mdp.nonterminal, "theta")), Objective.START_STATE)


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
    return problem(mdp, sigmoid(mdp), Objective.START_STATE)


@entry(
    "gridworld",
    "k x k grid, -1 a step to the far corner; the step slips to either side; three shared parameters",
    "Russell & Norvig, Artificial Intelligence, 3rd ed. (2010), section 17.1 (its motion); grid and policy are ours",
)
def gridworld(k: int = 3, slip: Any = "1/5", gamma: Any = "9/10") -> Problem:
    """A move goes where it aims with probability 1 - slip, to each side with slip/2; walls stop it.

    The logits of right, down and left are parameters, the same in every cell; that of up is 0.
    """
    count(k, 2, "k")
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
    return problem(mdp, policy, Objective.START_STATE)


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
    count(width, 2, "width")
    count(height, 2, "height")
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
    return problem(mdp, tabular(mdp), Objective.START_STATE)


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
    return problem(mdp, tabular(mdp), Objective.START_STATE)

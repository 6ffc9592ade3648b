"""Small models built to tell similar statements apart; random models, and the one of which all others are cases."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Any

import sympy as sp

from pgsym.errors import SchemaError
from pgsym.limits import GENERIC_OUTCOMES
from pgsym.model.mdp import MDP, State
from pgsym.model.objective import Objective
from pgsym.model.policies import sigmoid, softmax_policy, tabular
from pgsym.model.policy import Policy
from pgsym.model.problem import Problem
from pgsym.model.validate import whole_number
from pgsym.model.zoo.registry import OWN, Outcomes, entry


@entry("two-state", "two states, one sigmoid each; the three objectives have three different gradients")
def two_state(gamma: Any = "9/10") -> Problem:
    """mu = (33, 50)/83 at pi(a|x) = 2/3, pi(a|y) = 1/4; stationary-value J = 95/83."""
    stay = {("x", "a"): "3/4", ("x", "b"): "1/4", ("y", "a"): "1/2", ("y", "b"): "1/5"}
    reward = {("x", "a"): 1, ("x", "b"): 0, ("y", "a"): 2, ("y", "b"): -1}
    rows: Outcomes = []
    for (s, a), p in stay.items():
        rows += [(s, a, "x", p, reward[s, a]), (s, a, "y", f"1 - {p}", reward[s, a])]
    mdp = MDP.from_transitions(rows, start="x", gamma=gamma, states=["x", "y"])
    policy = sigmoid(mdp, {"x": "theta_x", "y": "theta_y"})
    return Problem(mdp, policy, Objective.START_STATE, {"theta_x": "log(2)", "theta_y": "-log(3)"})


@entry(
    "sign-flip",
    "sum_s mu(s) sum_a grad pi(a|s) Q(s,a) has the opposite sign of grad J for gamma < 4/7, at every theta",
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
    return Problem(mdp, policy, Objective.STATIONARY_VALUE, {"theta": "log(2)"})


@entry("crossroads", "episodes with chance and without discount: two starts, random transitions; no probability is 1")
def crossroads() -> Problem:
    """V = (-69/164, 399/328) and J = 55/82 at theta = 0; what forgets the start or the transitions is false here."""
    rows: Outcomes = [
        ("p", "l", "p", "1/4", 1), ("p", "l", "q", "1/2", -1), ("p", "l", "end", "1/4", 2),
        ("p", "r", "q", "1/3", 0), ("p", "r", "end", "2/3", -3),
        ("q", "l", "p", "1/2", 3), ("q", "l", "end", "1/2", 1),
        ("q", "r", "q", "1/5", -2), ("q", "r", "end", "4/5", 1),
    ]  # fmt: skip
    start: dict[Any, str] = {"p": "1/3", "q": "2/3"}
    mdp = MDP.from_transitions(rows, start=start, terminal=["end"], gamma=1)
    policy = softmax_policy(mdp, {"p": {"l": "theta_p"}, "q": {"l": "theta_q"}})
    return Problem(mdp, policy, Objective.START_STATE, {"theta_p": "log(2)", "theta_q": "-log(3)"})


@entry("parallel-outcomes", "two outcomes of one action share the next state; J = 1 and grad J = 0, with variance")
def parallel_outcomes() -> Problem:
    """Q = 1 everywhere; averaging the rewards of the two outcomes would change every variance."""
    rows: Outcomes = [
        ("s", "a", "T", "1/4", 4),
        ("s", "a", "T", "1/4", 0),
        ("s", "a", "s", "1/2", -1),
        ("s", "b", "T", 1, 1),
    ]
    mdp = MDP.from_transitions(rows, start="s", terminal=["T"], states=["s", "T"])
    return Problem(mdp, sigmoid(mdp, {"s": "theta"}), Objective.START_STATE, {"theta": "log(2)"})


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
    return Problem(mdp, sigmoid(mdp, dict.fromkeys(mdp.nonterminal, "theta")))


@entry(
    "two-classes",
    "a transient start that chooses between two recurrent classes: the average-reward theorem misses its choice",
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
    return Problem(mdp, policy)


# Probabilities are multiples of 1/GRID, rewards of 1/10: random, yet short.
GRID = 100


@entry(
    "garnet",
    "a random MDP: each action leads to `branching` states; policy tabular, or shared (one parameter)",
    "T. W. Archibald, K. I. M. McKinnon, L. C. Thomas, On the generation of Markov decision processes, "
    "J. Operational Research Society 46 (1995); the grid of rational numbers is ours",
)
def garnet(
    states: int = 5,
    actions: int = 2,
    branching: int = 2,
    seed: int = 0,
    gamma: Any = "9/10",
    policy: str = "tabular",
) -> Problem:
    """The same seed gives the same model on every machine and Python.

    Next states are drawn without repetition; probabilities are the gaps between random cuts of [0, 1]; the
    reward of (s, a) is uniform on 0, 1/10, ..., 1.
    """
    whole_number(states, 1, "states")
    whole_number(actions, 1, "actions")
    whole_number(branching, 1, "branching")
    if branching > min(states, GRID):
        raise SchemaError(
            f"found {branching}; at most {min(states, GRID)} next states are possible. Lower it", where="branching"
        )
    # Only random() has the same sequence in every version of Python.
    rng = random.Random(whole_number(seed, 0, "seed"))
    rows: Outcomes = []
    for s in range(states):
        for a in range(actions):
            targets = _choose(rng, list(range(states)), branching)
            cuts = [0, *sorted(_choose(rng, list(range(1, GRID)), branching - 1)), GRID]
            reward = sp.Rational(int(rng.random() * 11), 10)
            rows += [
                (s, a, t, sp.Rational(high - low, GRID), reward)
                for t, low, high in zip(targets, cuts, cuts[1:], strict=False)
            ]
    mdp = MDP.from_transitions(rows, start=0, gamma=gamma, states=range(states))
    return Problem(mdp, _policy(mdp, policy))


def _choose(rng: random.Random, items: list[int], k: int) -> list[int]:
    """k of the items, without repetition, in random order."""
    return [items.pop(int(rng.random() * len(items))) for _ in range(k)]


def _policy(mdp: MDP, name: str) -> Policy:
    if name == "tabular":
        return tabular(mdp)
    if name == "shared":
        return softmax_policy(mdp, {s: {mdp.actions(s)[0]: "theta"} for s in mdp.nonterminal})
    raise SchemaError(f"found {name!r}; the policy is tabular or shared. Give one of these", where="policy")


END = "end"


def generic_mdp(states: int, actions: int, *, terminal: bool = False, rewards: int = 1) -> MDP:
    """Every probability, reward and start probability a symbol, and gamma: what is proved here holds for all MDPs.

    P(j|i,a) = p_i_a_j, r(i,a,j) = r_i_a_j and mu0(i) = m_i, numbered from 1; the last probability of a distribution
    is 1 minus the others.  0 < p < 1, 0 < m < 1 and 0 < gamma < 1; rewards are real.

    A claim about rational functions that holds on this model holds on every MDP with so many states and actions,
    those with zeros among their probabilities included, wherever both of its sides are defined: the identity is one
    of polynomials.  A model with fewer actions in some state has two that are equal.

    Parameters
    ----------
    states, actions
        Non-terminal states, and actions in each of them; both at least 1.
    terminal
        One terminal state, ``end``, that every action can reach; no start there.
    rewards
        How many a step from i to j under a can have: outcomes p_i_a_j_1, p_i_a_j_2, ... where there are several.

    Returns
    -------
    MDP

    See Also
    --------
    zoo : Models with numbers.

    Examples
    --------
    >>> mdp = generic_mdp(2, 1)
    >>> mdp.outcomes(1, 1)
    (Outcome(state=1, p=p_1_1_1, r=r_1_1_1), Outcome(state=2, p=1 - p_1_1_1, r=r_1_1_2))
    >>> mdp.start, mdp.gamma
    ({1: m_1, 2: 1 - m_1}, gamma)
    """
    whole_number(states, 1, "states")
    whole_number(actions, 1, "actions")
    whole_number(rewards, 1, "rewards")
    outcomes = states * actions * (states + terminal) * rewards
    if outcomes > GENERIC_OUTCOMES:
        raise SchemaError(
            f"found {outcomes} outcomes, with two symbols each; at most {GENERIC_OUTCOMES} are made. "
            "Choose a smaller size",
            where="generic",
        )
    inner: list[State] = list(range(1, states + 1))
    targets = [*inner, END] if terminal else inner
    symbols: dict[str, str] = {}
    rows = []
    for i in inner:
        for a in range(1, actions + 1):
            ways = [(j, f"{j}" if rewards == 1 else f"{j}_{k + 1}") for j in targets for k in range(rewards)]
            probabilities = _simplex(f"p_{i}_{a}", [name for _, name in ways], symbols)
            rows += [
                (i, a, j, p, sp.Symbol(f"r_{i}_{a}_{name}")) for (j, name), p in zip(ways, probabilities, strict=True)
            ]
    start = dict(zip(inner, _simplex("m", [str(i) for i in inner], symbols), strict=True))
    symbols["gamma"] = "0 < gamma < 1"
    return MDP.from_transitions(
        rows,
        start=start,
        terminal=[END] if terminal else [],
        gamma=sp.Symbol("gamma"),
        symbols=symbols,
        states=targets,
    )


def _simplex(stem: str, names: list[str], symbols: dict[str, str]) -> list[sp.Expr]:
    """A probability for each name: symbols, and for the last 1 minus their sum; the assumptions go to `symbols`."""
    free = [sp.Symbol(f"{stem}_{name}") for name in names[:-1]]
    symbols |= {symbol.name: f"0 < {symbol.name} < 1" for symbol in free}
    return [*free, 1 - sp.Add(*free)]


@entry(
    "generic",
    "every probability, reward and start probability a symbol, and gamma; what is proved here holds for all "
    "MDPs of the size",
)
def generic(states: int = 2, actions: int = 2, terminal: bool = False) -> Problem:
    """See `generic_mdp`."""
    return Problem(generic_mdp(states, actions, terminal=terminal))


def generic_problem(text: str) -> Problem:
    """The generic model of a size written ``SxA``, or ``SxA+end`` with a terminal state, under a tabular policy.

    >>> generic_problem("3x2+end").mdp
    MDP(4 states, 1 terminal, 24 outcomes, gamma=gamma)
    """
    found = re.fullmatch(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})(\+end)?", text)
    if found is None:
        raise SchemaError(
            f"found generic:{text}; a size is required. Write generic:3x2 for 3 states and 2 actions, "
            "generic:3x2+end with a terminal state besides",
            where="model",
        )
    problem = generic(int(found[1]), int(found[2]), terminal=found[3] is not None)
    return replace(problem, name=f"generic:{text}", source=OWN)

"""Random small models of each kind that a claim can meet, from a seeded generator."""

from __future__ import annotations

import random
from collections.abc import Callable

import sympy as sp

from pgsym.model import MDP, Objective, Problem, direct_policy, mixture, sigmoid, softmax_policy, tabular
from pgsym.model.policy import Policy

Row = tuple[object, str, object, object, object]

MODELS: dict[str, Callable[[random.Random], MDP]] = {}
"""Kinds of models."""

POLICIES = ("tabular", "shared", "features", "mixture", "soft", "direct")
"""Kinds of policies."""

BOTH = ("l", "r")


def model(make: Callable[[random.Random], MDP]) -> Callable[[random.Random], MDP]:
    MODELS[make.__name__.replace("_", " ")] = make
    return make


def reward(rng: random.Random) -> int:
    return rng.randint(-3, 3)


def outcomes(rng: random.Random, s: object, a: str, targets: list[object]) -> list[Row]:
    """One outcome for each target, with random weights; two may share a target and differ in reward."""
    weights = [rng.randint(1, 4) for _ in targets]
    return [(s, a, t, sp.Rational(w, sum(weights)), reward(rng)) for t, w in zip(targets, weights, strict=True)]


def some(rng: random.Random, states: list[object], last: object) -> list[object]:
    """A few of the states, and `last`."""
    return [*rng.choices(states, k=rng.randint(0, 2)), last]


def actions(rng: random.Random) -> tuple[str, ...]:
    return BOTH[: rng.choice([1, 2, 2, 2])]


def start(rng: random.Random, states: list[object]) -> dict[object, sp.Expr]:
    chosen = rng.sample(states, rng.randint(1, min(2, len(states))))
    weights = [rng.randint(1, 3) for _ in chosen]
    return {s: sp.Rational(w, sum(weights)) for s, w in zip(chosen, weights, strict=True)}


def discount(rng: random.Random) -> str:
    return rng.choice(["1/2", "2/3", "9/10"])


@model
def terminals(rng: random.Random) -> MDP:
    """Every action can end the run; gamma = 1 or less."""
    states = list(range(rng.randint(1, 3)))
    rows = [row for s in states for a in actions(rng) for row in outcomes(rng, s, a, some(rng, states, "end"))]
    gamma = rng.choice(["1", discount(rng)])
    return MDP.from_transitions(rows, start=start(rng, states), terminal=["end"], gamma=gamma)


@model
def continuing(rng: random.Random) -> MDP:
    """Unichain: every action can lead to state 0."""
    states = list(range(rng.randint(2, 3)))
    rows = [row for s in states for a in actions(rng) for row in outcomes(rng, s, a, some(rng, states, 0))]
    return MDP.from_transitions(rows, start=start(rng, states), gamma=discount(rng), states=states)


@model
def periodic(rng: random.Random) -> MDP:
    """A cycle whose length does not depend on the action."""
    states = list(range(rng.randint(2, 3)))
    rows = [row for s in states for a in BOTH for row in outcomes(rng, s, a, [(s + 1) % len(states)])]
    return MDP.from_transitions(rows, start=start(rng, states), gamma=discount(rng))


@model
def transient(rng: random.Random) -> MDP:
    """A start that is left for ever, then two states."""
    rows = [row for a in BOTH for row in outcomes(rng, "t", a, [rng.choice(["t", 0, 1]), rng.choice([0, 1])])]
    rows += [row for s in (0, 1) for a in BOTH for row in outcomes(rng, s, a, [1 - s, s])]
    return MDP.from_transitions(rows, start="t", gamma=discount(rng), states=["t", 0, 1])


@model
def noisy_rewards(rng: random.Random) -> MDP:
    """Outcomes of one action that share the next state and differ in reward."""
    rows = [row for s in (0, 1) for a in actions(rng) for row in outcomes(rng, s, a, [0, 0, 1 - s, 1 - s])]
    return MDP.from_transitions(rows, start=start(rng, [0, 1]), gamma=discount(rng), states=[0, 1])


@model
def two_classes(rng: random.Random) -> MDP:
    """A transient start that chooses between two recurrent classes."""
    rows = [
        *outcomes(rng, "s", "l", [0, "s"]),
        *outcomes(rng, "s", "r", [1]),
        *outcomes(rng, 0, "l", [0]),
        *outcomes(rng, 1, "l", [2]),
        *outcomes(rng, 1, "r", [1]),
        *outcomes(rng, 2, "l", [1]),
    ]
    return MDP.from_transitions(rows, start="s", gamma=discount(rng), states=["s", 0, 1, 2])


@model
def sink(rng: random.Random) -> MDP:
    """gamma = 1 and an absorbing state that earns nothing, not marked as terminal."""
    rows: list[Row] = [("z", a, "z", 1, 0) for a in BOTH]
    rows += [row for s in (0, 1) for a in actions(rng) for row in outcomes(rng, s, a, ["z", rng.choice([0, 1])])]
    return MDP.from_transitions(rows, start=start(rng, [0, 1]), gamma=1, states=[0, 1, "z"])


@model
def unreachable(rng: random.Random) -> MDP:
    """gamma = 1 and a state that the start does not reach and that earns for ever."""
    rows: list[Row] = [("u", a, "u", 1, r) for a, r in (("l", 2), ("r", -1))]
    rows += [row for s in (0, 1) for a in BOTH for row in outcomes(rng, s, a, ["end", 1 - s])]
    return MDP.from_transitions(
        rows, start=start(rng, [0, 1]), terminal=["end"], gamma=1, states=["u", 0, 1, "end"]
    )  # fmt: skip


@model
def endless(rng: random.Random) -> MDP:
    """gamma = 1 without an end: an average reward, no value."""
    return continuing(rng).replace(gamma=1)


@model
def silent(rng: random.Random) -> MDP:
    """gamma = 1, no end, and no reward: values are zero and visits infinite."""
    rows: list[Row] = [(s, a, t, "1/2", 0) for s in (0, 1) for a in BOTH for t in (0, 1)]
    return MDP.from_transitions(rows, start=start(rng, [0, 1]), gamma=1)


@model
def symbolic(rng: random.Random) -> MDP:
    """Symbols for gamma, a probability, a reward and the start."""
    rows: list[Row] = [
        (0, "l", 1, "p", "r"),
        (0, "l", 0, "1 - p", reward(rng)),
        (0, "r", 1, "1/2", reward(rng)),
        (0, "r", 0, "1/2", 1),
        (1, "l", 0, 1, reward(rng)),
        (1, "r", 0, "p", 0),
        (1, "r", 1, "1 - p", "2*r"),
    ]
    symbols = {"p": "0 < p < 1", "gamma": "0 < gamma < 1", "m": "0 < m < 1"}
    return MDP.from_transitions(rows, start={0: "m", 1: "1 - m"}, gamma="gamma", symbols=symbols, states=[0, 1])


@model
def symbolic_episode(rng: random.Random) -> MDP:
    """Symbols, and an end."""
    rows: list[Row] = [
        (0, "l", 1, "p", "r"),
        (0, "l", "end", "1 - p", reward(rng)),
        (0, "r", "end", "1/2", reward(rng)),
        (0, "r", 0, "1/2", 1),
        (1, "l", 0, "1/3", reward(rng)),
        (1, "l", "end", "2/3", "r"),
    ]
    gamma = rng.choice(["1", "g"])
    symbols = {"p": "0 < p < 1"} | ({"g": "0 < g < 1"} if gamma == "g" else {})
    return MDP.from_transitions(rows, start=0, terminal=["end"], gamma=gamma, symbols=symbols, states=[0, 1, "end"])


def policy(rng: random.Random, mdp: MDP, kind: str) -> Policy:
    """A policy of that kind, with parameters u and v unless it is tabular; a soft one has a symbol for its weight."""
    if kind == "tabular":
        return tabular(mdp)
    if kind == "shared":
        return sigmoid(mdp, dict.fromkeys(mdp.nonterminal, "u"))
    if kind == "mixture":
        return mixture(sigmoid(mdp, {s: rng.choice(["u", "v", "u - v"]) for s in mdp.nonterminal}), "1/5")
    if kind == "soft":
        return mixture(tabular(mdp), "epsilon")
    if kind == "features":
        forms = ["0", "u", "v", "2*u - v/2", "1 - u", "v/2"]
        logits = {s: {a: rng.choice(forms) for a in mdp.actions(s)} for s in mdp.nonterminal}
        return softmax_policy(mdp, logits, params=["u", "v"])
    rows = {}
    for s in mdp.nonterminal:
        p = rng.choice(["u", "v", "u*v", "(1 + u)/3"])
        row = [p, f"1 - ({p})"] if len(mdp.actions(s)) == 2 else ["1"]
        rows[s] = dict(zip(mdp.actions(s), row, strict=True))
    return direct_policy(mdp, rows, ["u", "v"])


def random_problem(rng: random.Random, kind: str | None = None, policies: tuple[str, ...] = POLICIES) -> Problem:
    """A model of that kind with a policy and an objective."""
    kind = kind or rng.choice(list(MODELS))
    mdp = MODELS[kind](rng)
    chosen = policy(rng, mdp, rng.choice(policies))
    return Problem(mdp, chosen, rng.choice(list(Objective)), {}, kind, "random")

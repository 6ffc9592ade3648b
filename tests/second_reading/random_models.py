"""Random small models of each kind that a claim can meet, from a seeded generator."""

from __future__ import annotations

import random
from collections.abc import Callable

import sympy as sp

from pgsym.model import MDP, Objective, Problem
from second_reading.random_policies import POLICIES

Row = tuple[object, str, object, object, object]

MODELS: dict[str, Callable[[random.Random], MDP]] = {}
"""Kinds of models."""

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


@model
def three_actions(rng: random.Random) -> MDP:
    """Rows with three actions beside rows with one."""
    rows = [row for a in ("l", "m", "r") for row in outcomes(rng, 0, a, some(rng, [0, 1], 0))]
    rows += [row for a in rng.choice([("m",), ("l", "m", "r")]) for row in outcomes(rng, 1, a, [0, 1])]
    return MDP.from_transitions(rows, start=start(rng, [0, 1]), gamma=discount(rng), states=[0, 1])


@model
def several_starts(rng: random.Random) -> MDP:
    """Every state is a start, one that is never seen again among them."""
    rows = [*outcomes(rng, "once", "l", [0, 1, 2]), *outcomes(rng, "once", "r", [2, "end"])]
    rows += [
        row for s in (0, 1, 2) for a in actions(rng) for row in outcomes(rng, s, a, ["end", rng.choice([0, 1, 2])])
    ]
    weights = {s: sp.Rational(w, 16) for s, w in zip(("once", 0, 1, 2), (1, 3, 5, 7), strict=True)}
    gamma = rng.choice(["1", discount(rng)])
    return MDP.from_transitions(
        rows, start=weights, terminal=["end"], gamma=gamma, states=["once", 0, 1, 2, "end"]
    )  # fmt: skip


@model
def start_on_the_end(rng: random.Random) -> MDP:
    """A run can begin where it ends; now and then it always does."""
    rows = [row for s in (0, 1) for a in actions(rng) for row in outcomes(rng, s, a, ["end", 1 - s])]
    begin = rng.choice([{"end": "1/3", 0: "2/3"}, {"end": "1/7", 0: "2/7", 1: "4/7"}, {"end": 1}])
    gamma = rng.choice(["1", discount(rng)])
    return MDP.from_transitions(rows, start=begin, terminal=["end"], gamma=gamma, states=["end", 0, 1])


@model
def parallel_edges(rng: random.Random) -> MDP:
    """Several outcomes of one action lead to the end, with different rewards."""
    rows = [row for s in (0, 1) for a in BOTH for row in outcomes(rng, s, a, ["end", "end", "end", 1 - s, 1 - s])]
    gamma = rng.choice(["1", discount(rng)])
    return MDP.from_transitions(rows, start=start(rng, [0, 1]), terminal=["end"], gamma=gamma, states=[0, 1, "end"])


@model
def several_ends(rng: random.Random) -> MDP:
    """Two terminal states that are reached, and one that is not."""
    rows = [row for s in (0, 1) for a in BOTH for row in outcomes(rng, s, a, [rng.choice(["won", "lost"]), 1 - s])]
    rows += outcomes(rng, 0, "m", ["won", "lost"])
    gamma = rng.choice(["1", discount(rng)])
    return MDP.from_transitions(
        rows, start=start(rng, [0, 1]), terminal=["won", "lost", "never"], gamma=gamma,
        states=["won", 0, "lost", 1, "never"],
    )  # fmt: skip


@model
def unreachable_loops(rng: random.Random) -> MDP:
    """Two loops that the start does not reach, one of them without reward, and gamma < 1."""
    rows: list[Row] = [("u", a, "u", 1, r) for a, r in (("l", 2), ("r", -1))]
    rows += [("z", "l", "y", 1, 0), ("y", "l", "z", 1, 0)]
    last = rng.choice([0, "end"])
    rows += [row for s in (0, 1) for a in BOTH for row in outcomes(rng, s, a, [last, 1 - s])]
    ends = ["end"] if last == "end" else []
    return MDP.from_transitions(
        rows, start=start(rng, [0, 1]), terminal=ends, gamma=discount(rng), states=["u", 0, 1, "z", "y", *ends]
    )  # fmt: skip


@model
def one_state(rng: random.Random) -> MDP:
    """A bandit: one state for ever, or one decision."""
    to = rng.choice(["s", "end"])
    rows = [
        row for a in ("l", "m", "r")[: rng.randint(1, 3)] for row in outcomes(rng, "s", a, [to] * rng.randint(1, 2))
    ]
    ends = ["end"] if to == "end" else []
    return MDP.from_transitions(rows, start="s", terminal=ends, gamma=discount(rng))


@model
def hostile_names(rng: random.Random) -> MDP:
    """States and actions whose texts are equal, or contain what separates names elsewhere."""
    sets: list[tuple[list[object], tuple[object, ...]]] = [
        ([1, "1"], ("l", "r")),
        (["x", "x,y", "y"], ("a|b", "b")),
        (["gamma", "pi", "E"], ("grad", "sum")),
        (["x,y", "y,z"], ("x", "y,z")),
        (["\N{GREEK SMALL LETTER THETA}", "'", 'say "s"'], ("a'", 'a"')),
        ([0, "0", "s'"], (1, "1")),
        (["s_1", "s 1"], ("a b", "a_b")),
    ]
    states, both = rng.choice(sets)
    last = rng.choice([states[0], "end", "s', end"])
    rows = [row for s in states for a in both for row in outcomes(rng, s, a, some(rng, states, last))]
    ends = [] if last == states[0] else [last]
    return MDP.from_transitions(
        rows, start=start(rng, states), terminal=ends, gamma=discount(rng), states=[*states, *ends]
    )


@model
def hostile_symbols(rng: random.Random) -> MDP:
    """Symbols that are called like names of the language, or like a function's value."""
    p, r, g = rng.choice([("pi", "E", "gamma"), ("d", "V", "lambda"), ("b(0)", "c(0,l)", "k"), ("S", "I", "sum")])
    p, r, g = sp.Symbol(p), sp.Symbol(r), sp.Symbol(g)
    last = rng.choice([0, "end"])
    rows: list[Row] = [
        (0, "l", 1, p, r),
        (0, "l", last, 1 - p, reward(rng)),
        (0, "r", last, "1/2", reward(rng)),
        (0, "r", 1, "1/2", 1),
        (1, "l", last, p**2, reward(rng)),
        (1, "l", 1, 1 - p**2, 2 * r),
    ]
    known = {x.name: f"0 < {x.name} < 1" if x.name.isidentifier() else "real" for x in (p, g)}
    ends = ["end"] if last == "end" else []
    return MDP.from_transitions(
        rows, start=0, terminal=ends, gamma=g, symbols=known, states=[0, 1, *ends]
    )  # fmt: skip


def random_problem(rng: random.Random, kind: str | None = None, policies: tuple[str, ...] | None = None) -> Problem:
    """A model of that kind with a policy and an objective; the source says which policy."""
    kind = kind or rng.choice(list(MODELS))
    mdp = MODELS[kind](rng)
    chosen = rng.choice(policies or tuple(POLICIES))
    return Problem(mdp, POLICIES[chosen](rng, mdp), rng.choice(list(Objective)), {}, kind, chosen)

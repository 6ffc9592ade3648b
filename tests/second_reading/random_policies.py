"""Random policies of each kind that a claim can meet, from a seeded generator; parameters u and v unless tabular."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import sympy as sp

from pgsym.model import MDP, direct_policy, mixture, softmax_policy, tabular
from pgsym.model.policy import Direct, Policy, Softmax

POLICIES: dict[str, Callable[[random.Random, MDP], Policy]] = {}
"""Kinds of policies."""


def kind(make: Callable[[random.Random, MDP], Policy]) -> Callable[[random.Random, MDP], Policy]:
    POLICIES[make.__name__.strip("_").replace("_", " ")] = make
    return make


def rows(mdp: MDP, row: Callable[[int], Sequence[str]], params: Sequence[str] = ("u", "v")) -> Direct:
    """Probabilities for every state, from those for a number of actions."""
    table = {}
    for s in mdp.nonterminal:
        actions = mdp.actions(s)
        table[s] = dict(zip(actions, row(len(actions)) if len(actions) > 1 else ["1"], strict=True))
    return direct_policy(mdp, table, list(params))


def complete(first: Sequence[str], count: int) -> list[str]:
    """The probabilities, and the one that is left."""
    chosen = list(first[: count - 1])
    return [*chosen, "1" + "".join(f" - ({p})" for p in chosen)]


def logits(rng: random.Random, mdp: MDP, forms: Sequence[str]) -> Softmax:
    table = {s: {a: rng.choice(forms) for a in mdp.actions(s)} for s in mdp.nonterminal}
    return softmax_policy(mdp, table, params=["u", "v"])


# -- softmax ---------------------------------------------------------------------------------------------


@kind
def tabular_(rng: random.Random, mdp: MDP) -> Policy:
    return tabular(mdp)


@kind
def shared(rng: random.Random, mdp: MDP) -> Policy:
    """One parameter for all states."""
    return softmax_policy(mdp, {s: {mdp.actions(s)[0]: "u"} for s in mdp.nonterminal}, params=["u"])


@kind
def features(rng: random.Random, mdp: MDP) -> Policy:
    return logits(rng, mdp, ["0", "u", "v", "2*u - v/2", "1 - u", "v/2"])


@kind
def constants(rng: random.Random, mdp: MDP) -> Policy:
    """Rational constants in the logits, some of them alone."""
    return logits(rng, mdp, ["1/3", "-2", "u + 1/2", "u - 2/3", "1/2", "v/3 + 1/3"])


@kind
def groups(rng: random.Random, mdp: MDP) -> Policy:
    """Several groups of states, each with one row."""
    first = ["u", "v", "u", "u - v"]
    return softmax_policy(
        mdp, {s: {mdp.actions(s)[0]: first[k % 4]} for k, s in enumerate(mdp.nonterminal)}, params=["u", "v"]
    )


@kind
def partly_uniform(rng: random.Random, mdp: MDP) -> Policy:
    """Uniform rows beside a parametrised one."""
    chosen = rng.choice(mdp.nonterminal)
    return softmax_policy(mdp, {chosen: {mdp.actions(chosen)[0]: "u"}}, params=["u"], default="uniform")


@kind
def hostile_parameters(rng: random.Random, mdp: MDP) -> Policy:
    """Parameters that are called like names of the language, or like a value of a function."""
    taken = {symbol.name for symbol in mdp.symbols}
    pairs = [("E", "pi"), ("gamma", "S"), ("b(1)", "pi'(l|0)"), ("J", "V(0)"), ("log pi(l|0)", "exp")]
    names = rng.choice([pair for pair in pairs if not taken & set(pair)])
    x, y = map(sp.Symbol, names)
    table = {s: {mdp.actions(s)[0]: rng.choice([x, y, x - y, 2 * x])} for s in mdp.nonterminal}
    return softmax_policy(mdp, table, params=[x, y])


# -- probabilities ---------------------------------------------------------------------------------------


@kind
def direct(rng: random.Random, mdp: MDP) -> Policy:
    return rows(mdp, lambda n: complete([rng.choice(["u", "v", "u*v", "(1 + u)/3"]), "(1 - u)*(1 - v)/9"], n))


@kind
def odd_domain(rng: random.Random, mdp: MDP) -> Policy:
    """Parameters that are no probabilities: u in [1, 2], or negative."""
    chosen = rng.choice([["u - 1", "2*(2 - u)/5"], ["2 - u", "(u - 1)/4"], ["-u", "-v/3"], ["1/u", "1/(2*u)*0"]])
    return rows(mdp, lambda n: complete(chosen, n))


@kind
def exponential(rng: random.Random, mdp: MDP) -> Policy:
    """Given directly, with exponentials."""
    one, two = ["exp(u)/(2 + exp(u))", "1/(2 + exp(u))"], ["1/(1 + exp(2*u - v))", "exp(2*u - v)/(3 + 3*exp(2*u - v))"]
    chosen = rng.choice([one, two])
    return rows(mdp, lambda n: complete(chosen, n))


@kind
def groups_of_rows(rng: random.Random, mdp: MDP) -> Policy:
    """Several groups of states, each with one row of probabilities, some without a parameter."""
    kinds = [["u", "(1 - u)/2"], ["v", "1/8 - v/8"], ["1/3", "1/3"]]
    found = {n: [complete(k, n) for k in kinds] for n in range(2, 5)}
    turn = iter(range(10**6))
    return rows(mdp, lambda n: found[n][next(turn) % 3])


@kind
def impossible(rng: random.Random, mdp: MDP) -> Policy:
    """An action of probability 0."""
    return rows(mdp, lambda n: rng.choice([["0", *complete(["u"], n - 1)], complete(["u", "0"], n)]))


# -- mixtures --------------------------------------------------------------------------------------------


@kind
def mixed(rng: random.Random, mdp: MDP) -> Policy:
    base = {s: {mdp.actions(s)[0]: rng.choice(["u", "v", "u - v"])} for s in mdp.nonterminal}
    return mixture(softmax_policy(mdp, base, params=["u", "v"]), "1/5")


@kind
def soft(rng: random.Random, mdp: MDP) -> Policy:
    """A symbol for the weight."""
    return mixture(tabular(mdp), "epsilon")


@kind
def soft_features(rng: random.Random, mdp: MDP) -> Policy:
    base = POLICIES[rng.choice(["shared", "features", "groups"])](rng, mdp)
    return mixture(base, rng.choice(["epsilon", "w/2", "1 - w"]))


@kind
def soft_direct(rng: random.Random, mdp: MDP) -> Policy:
    return mixture(POLICIES[rng.choice(["direct", "odd domain", "impossible"])](rng, mdp), "epsilon")

"""Named estimators as calls, for tests: a name for a value is a symbol, "V" is the true value."""

import re

import sympy as sp

from pgsym.estimators.estimator import find_estimator


def value(given):
    if given == "V":
        return "V(s)"
    if isinstance(given, str) and re.fullmatch("[a-z]+", given):
        return sp.Symbol(given)
    if isinstance(given, dict):
        return {s: sp.Symbol(e) if isinstance(e, str) and e.isalpha() else e for s, e in given.items()}
    return given


def named(name, let, discounted=True, **run):
    """The estimator of that name; without gamma^t where it is not discounted."""
    suffix = "" if discounted else "-undiscounted"
    return find_estimator(name + suffix, {key: value(e) for key, e in let.items()}, **run)


def reinforce(b=0, **run):
    return named("reinforce", {"b": b}, **run)


def reward_to_go(b=0, **run):
    return named("reward-to-go", {"b": b}, **run)


def actor_critic(v="V", **run):
    return named("actor-critic", {"v": v}, **run)


def n_step(n, v="V", **run):
    return named("n-step", {"n": n, "v": v}, **run)


def gae(lam, v="V", **run):
    return named("gae", {"lambda": lam, "v": v}, **run)


def all_knowing(b=0, **run):
    return named("all-knowing", {"b": b}, **run)


def trace(beta, T, **run):
    return named("eligibility-trace", {"beta": beta}, horizon=T, **run)

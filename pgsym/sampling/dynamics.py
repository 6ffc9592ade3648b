"""Float64 iteration of the chain that a policy induces: how long to run, and what truncation costs.

Nothing here solves a linear system: distributions are pushed forward and values pulled back one step at a
time, so these numbers share no code with the exact route that sampling is checked against.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pgsym.errors import SamplingError
from pgsym.expression.complaint import steepest
from pgsym.sampling.tables import Floats, Ints, Tables

TRUNCATION = 1e-4
"""Share of the total discounted time (or, in a long run, of h's range) that a default horizon leaves out."""
MAX_STEPS = 100_000
"""Longest horizon chosen by default."""
MAX_MIXING = 20_000
"""Longest burn-in and window of a long run."""
CONVERGED = 1e-13
"""Change under which an iterated distribution or value counts as its limit."""


def _sum_at(index: Ints, weights: Floats, size: int) -> Floats:
    """[size] the sums of the weights at each index."""
    return np.bincount(index, weights=weights, minlength=size).astype(np.float64, copy=False)


def forward(tables: Tables, d: Floats) -> Floats:
    """The distribution [S+1] one step later."""
    moved = _sum_at(tables.outcome_next, d[tables.outcome_state] * tables.joint, tables.S + 1)
    moved[tables.S] += d[tables.S]
    return moved


def backward(tables: Tables, v: Floats) -> Floats:
    """[S+1] expected v at the next state; `v` is 0 in the absorbing state, and so is the result."""
    return _sum_at(tables.outcome_state, tables.joint * v[tables.outcome_next], tables.S + 1)


def mean_reward(tables: Tables) -> Floats:
    """[S+1] r_pi(s)."""
    return _sum_at(tables.outcome_state, tables.joint * tables.outcome_reward, tables.S + 1)


def action_values(tables: Tables, centre: float, discount: float, v: Floats) -> Floats:
    """[N] E[r - centre + discount v(s') | s, a]."""
    gain = tables.outcome_reward - centre + discount * v[tables.outcome_next]
    return _sum_at(tables.outcome_pair, tables.outcome_p * gain, tables.N)


def score_sum(tables: Tables, weight: Floats) -> Floats:
    """[k] sum over pairs of ``weight[n] grad log pi``."""
    return _sum_at(tables.score_index.reshape(-1), (weight[:, None] * tables.score_value).reshape(-1), tables.k)


def default_horizon(tables: Tables) -> int:
    """The least T that leaves out at most `TRUNCATION` of the expected discounted time before the end.

    A run counts as ended when it can earn no more.  The gradient and the value of a T-step rollout are those
    of the T-step problem, ``problem.unroll(T)``, exactly: compare with that.
    """
    running = _can_earn(tables)
    d, discount, masses, total = tables.start, 1.0, [], 0.0
    for _ in range(MAX_STEPS):
        mass = discount * float(d[running].sum())
        total += mass
        if mass <= TRUNCATION * CONVERGED * total:
            break
        masses.append(mass)
        d, discount = forward(tables, d), discount * tables.gamma
    remaining = np.cumsum(masses[::-1])[::-1]
    long_enough = np.flatnonzero(remaining <= TRUNCATION * total)
    if len(masses) == MAX_STEPS and (not long_enough.size or masses[-1] * MAX_STEPS > TRUNCATION * total):
        far = steepest(dict(zip(tables.params, tables.theta, strict=True)))
        raise SamplingError(
            f"gamma^t P(still running) is {masses[-1]:.3g} after {MAX_STEPS} steps; a rollout must end. "
            f"Give horizon=T, or {'choose theta nearer to 0' if far else 'check that the policy terminates'}",
            where=far or "horizon",
        )
    return max(1, int(long_enough[0]) if long_enough.size else len(masses))


def _can_earn(tables: Tables) -> NDArray[np.bool_]:
    """[S+1] whether a nonzero reward can still come."""
    possible = tables.joint > 0
    earning = np.zeros(tables.S + 1, bool)
    earning[tables.outcome_state[possible & (tables.outcome_reward != 0)]] = True
    while True:
        reached = tables.outcome_state[possible & earning[tables.outcome_next]]
        if earning[reached].all():
            return earning
        earning[reached] = True


def stationary(tables: Tables) -> Floats:
    """[S+1] mu, by iterating the lazy chain (I + P)/2, which has the same mu and no period."""
    d = start_or_uniform(tables)
    for _ in range(MAX_MIXING):
        moved = (d + forward(tables, d)) / 2
        if np.abs(moved - d).sum() <= CONVERGED:
            return moved
        d = moved
    raise _slow()


def start_or_uniform(tables: Tables) -> Floats:
    """[S+1] mu0, or the uniform distribution where the model has none."""
    if tables.start.sum():
        return tables.start
    return np.append(np.full(tables.S, 1 / tables.S), 0.0)


def differential_values(tables: Tables, rbar: float) -> Floats:
    """[S+1] h up to a constant: half the lazy chain's sum of expected centred rewards."""
    v = _centred(tables, rbar)
    h = np.zeros(tables.S + 1)
    scale = max(float(np.abs(v).max()), 1e-300)
    for _ in range(MAX_MIXING):
        if span(v[:-1]) <= CONVERGED * scale:
            return h
        h = h + v / 2
        v = (v + backward(tables, v)) / 2
    raise _slow()


def span(v: Floats) -> float:
    """max - min."""
    return float(v.max() - v.min())


def reward_memory(tables: Tables, rbar: float) -> int | None:
    """The window K that leaves out at most `TRUNCATION` of sum_j span(P^j r_pi); None if it never fades.

    K rewards from (s, a) on are r(s, a) and the first K - 1 terms of h at the next state.
    """
    v = _centred(tables, rbar)
    spans = [span(v[:-1])]
    while spans[-1] > CONVERGED * spans[0]:
        if len(spans) > MAX_MIXING:
            return None
        v = backward(tables, v)
        spans.append(span(v[:-1]))
    remaining = np.cumsum(spans[::-1])[::-1]
    return 1 + int(np.flatnonzero(remaining <= TRUNCATION * remaining[0])[0])


def burn_in(tables: Tables, mu: Floats) -> int | None:
    """Steps from the start until the total variation distance to mu is at most `TRUNCATION`; None if never."""
    d = start_or_uniform(tables)
    for t in range(MAX_MIXING):
        if np.abs(d - mu).sum() / 2 <= TRUNCATION:
            return t
        d = forward(tables, d)
    return None


def mean_occupancy(tables: Tables, first: int, length: int) -> Floats:
    """[S+1] the average of the distributions of steps first, ..., first + length - 1."""
    d = start_or_uniform(tables)
    for _ in range(first):
        d = forward(tables, d)
    total = np.zeros(tables.S + 1)
    for _ in range(length):
        total += d
        d = forward(tables, d)
    return total / length


def truncated_values(tables: Tables, T: int, centre: float = 0.0, discount: float | None = None) -> Floats:
    """[S+1] E[sum_{j < T} discount^j (r_j - centre)] from each state, with the model's discount by default.

    >>> from pgsym.model import MDP, Problem, tabular
    >>> from pgsym.sampling.tables import build_tables
    >>> mdp = MDP.from_transitions([("s", "go", "s", 1, 1)], gamma="1/2")
    >>> truncated_values(build_tables(Problem(mdp)), 2).tolist()
    [1.5, 0.0]
    """
    r, v = _centred(tables, centre), np.zeros(tables.S + 1)
    gamma = tables.gamma if discount is None else discount
    for _ in range(T):
        previous, v = v, r + gamma * backward(tables, v)
        if np.array_equal(previous, v):
            break
    return v


def _centred(tables: Tables, centre: float) -> Floats:
    r = mean_reward(tables) - centre
    r[tables.S] = 0.0
    return r


def _slow() -> SamplingError:
    return SamplingError(
        f"the chain has not mixed after {MAX_MIXING} steps; a long run would not forget its start. "
        "Choose a theta with a faster chain, or use the exact solution",
        where="average-reward",
    )

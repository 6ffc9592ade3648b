"""The usual ways to simulate a finite MDP, re-created: each returns the mean and variance of the return."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from sampling_problems import STEPS, Problem

from pgsym.sampling import Tables
from pgsym.sampling.layout import step_table
from pgsym.sampling.random import build_alias

CHUNK = 4096
"""Environments that the vectorised peers step at once."""


class Run(NamedTuple):
    """A sampler ready to go."""

    trajectories: int
    """Drawn by each run."""
    run: Callable[[int], tuple[float, float]]
    """seed -> mean and variance of the discounted return."""


class Rectangular(NamedTuple):
    """Padded tables, with the absorbing state as the last row."""

    pi: Any
    """[S+1, A]"""
    p: Any
    """[S+1, A, K]"""
    successor: Any
    """[S+1, A, K]"""
    reward: Any
    """[S+1, A, K]"""
    start: Any
    """[S+1]"""


def rectangular(tables: Tables) -> Rectangular:
    within = np.arange(tables.N) - np.searchsorted(tables.pair_state, tables.pair_state)
    place = np.arange(tables.O) - np.searchsorted(tables.outcome_pair, tables.outcome_pair)
    size = (tables.S + 1, int(within.max()) + 1, int(place.max()) + 1)
    pi, p = np.zeros(size[:2], np.float32), np.zeros(size, np.float32)
    successor, reward = np.full(size, tables.S, np.int32), np.zeros(size, np.float32)
    pi[tables.S, 0], p[tables.S, 0, 0] = 1, 1
    pi[tables.pair_state, within] = tables.pi
    at = (tables.outcome_state, within[tables.outcome_pair], place)
    p[at], successor[at], reward[at] = tables.outcome_p, tables.outcome_next, tables.outcome_reward
    return Rectangular(*map(jnp.asarray, (pi, p, successor, reward, tables.start.astype(np.float32))))


def scanned(step: Callable[..., Any], table: Rectangular, gamma: float) -> Run:
    """vmap over environments, scan over time, a fresh split of the key for every step."""

    @jax.jit
    def program(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        def one(key: jax.Array) -> jax.Array:
            first, key = jax.random.split(key)
            s = jax.random.categorical(first, jnp.log(table.start))

            def body(carry: Any, _: None) -> tuple[Any, None]:
                s, key, total, discount = carry
                key, used = jax.random.split(key)
                s, r = step(used, s)
                return (s, key, total + discount * r, discount * gamma), None

            return jax.lax.scan(body, (s, key, jnp.float32(0), jnp.float32(1)), None, length=STEPS)[0][2]

        found = jax.vmap(one)(jax.random.split(key, CHUNK))
        return found.mean(), found.var()

    return Run(CHUNK, lambda seed: tuple(map(float, program(jax.random.key(seed)))))  # type: ignore[arg-type]


def stepped(problem: Problem) -> Run:
    """An environment's step function in the manner of gymnax: cumulative sums, one uniform for each choice."""
    table = rectangular(problem.tables)
    acting, moving = jnp.cumsum(table.pi, -1), jnp.cumsum(table.p, -1)

    def env_step(key: jax.Array, s: jax.Array, a: jax.Array) -> tuple[jax.Array, jax.Array]:
        o = jnp.minimum((jax.random.uniform(key) >= moving[s, a]).sum(), moving.shape[-1] - 1)
        return table.successor[s, a, o], table.reward[s, a, o]

    def step(key: jax.Array, s: jax.Array) -> tuple[jax.Array, jax.Array]:
        choose, move = jax.random.split(key)
        a = jnp.minimum((jax.random.uniform(choose) >= acting[s]).sum(), acting.shape[-1] - 1)
        return env_step(move, s, a)

    return scanned(step, table, problem.tables.gamma)


def categorical(problem: Problem) -> Run:
    """`jax.random.categorical` for the action and for the outcome: a Gumbel variable for each of them."""
    table = rectangular(problem.tables)
    acting, moving = jnp.log(table.pi), jnp.log(table.p)

    def step(key: jax.Array, s: jax.Array) -> tuple[jax.Array, jax.Array]:
        choose, move = jax.random.split(key)
        a = jax.random.categorical(choose, acting[s])
        o = jax.random.categorical(move, moving[s, a])
        return table.successor[s, a, o], table.reward[s, a, o]

    return scanned(step, table, problem.tables.gamma)


def gymnasium_loop(problem: Problem) -> Run:
    """A Python loop over an environment: gymnasium's own, or one that steps a table of the same form."""
    tables, episodes = problem.tables, 20
    table = jax.device_get(rectangular(tables))
    acting = np.cumsum(table.pi, -1)
    env = None
    if problem.env is not None:
        import gymnasium

        env = gymnasium.make(problem.env).unwrapped
    moving = np.cumsum(table.p, -1)
    number = {state: i for i, state in enumerate(tables.states)}

    def episode(rng: np.random.Generator, seed: int) -> float:
        total, discount = 0.0, 1.0
        if env is not None:
            s = number[env.reset(seed=seed)[0]]
        else:
            s = int(rng.choice(tables.S + 1, p=tables.start))
        for _ in range(STEPS):
            a = int(np.searchsorted(acting[s], rng.random() * acting[s, -1], side="right"))
            if env is not None:
                state, r, done, _, _ = env.step(a)
                s = number.get(state, tables.S)
            else:
                o = int(np.searchsorted(moving[s, a], rng.random() * moving[s, a, -1], side="right"))
                s, r, done = int(table.successor[s, a, o]), float(table.reward[s, a, o]), False
            total += discount * r
            discount *= tables.gamma
            if done:
                break
        return total

    def run(seed: int) -> tuple[float, float]:
        rng = np.random.default_rng(seed)
        found = [episode(rng, 10**6 * seed + i) for i in range(episodes)]
        return float(np.mean(found)), float(np.var(found, ddof=1))

    return Run(episodes, run)


def numba_alias(problem: Problem) -> Run:
    """Compiled loops over an alias table, one thread a core, one 32-bit word (xoshiro128+) a step."""
    import numba

    tables = problem.tables
    step, start = step_table(tables), build_alias([tables.start])
    first = np.searchsorted(tables.outcome_state, np.arange(tables.S + 1))
    row = np.repeat(np.arange(tables.S + 1), 2 * step.width)
    outcome = np.minimum(first[row] + step.outcome, tables.O - 1)
    over = row == tables.S
    successor = np.where(over, tables.S, tables.outcome_next[outcome]).astype(np.int32) * np.int32(step.width)
    reward = np.where(over, 0, tables.outcome_reward[outcome]).astype(np.float32)
    source = partial(_numba_program, numba)
    trajectories = 2**17
    program = source()

    def run(seed: int) -> tuple[float, float]:
        found = np.empty(trajectories, np.float32)
        program(
            found, seed, STEPS, np.float32(tables.gamma), step.threshold, successor, reward, np.uint32(step.bits),
            start.threshold, start.outcome, np.uint32(start.bits), np.int32(step.width),
        )  # fmt: skip
        return float(found.mean(dtype=np.float64)), float(found.var(dtype=np.float64))

    return Run(trajectories, run)


def _numba_program(numba: Any) -> Callable[..., None]:
    u32, u64 = numba.uint32, numba.uint64

    @numba.njit(inline="always")
    def rotl(x: int, k: int) -> int:
        return u32(u32(x << u32(k)) | u32(x >> u32(32 - k)))

    @numba.njit(inline="always")
    def splitmix(x: int) -> int:
        x = u64(x + u64(0x9E3779B97F4A7C15))
        x = u64((x ^ (x >> u64(30))) * u64(0xBF58476D1CE4E5B9))
        x = u64((x ^ (x >> u64(27))) * u64(0x94D049BB133111EB))
        return u64(x ^ (x >> u64(31)))

    @numba.njit(parallel=True, fastmath=True)
    def program(
        found, seed, steps, gamma, threshold, successor, reward, bits, start_threshold, start_outcome, start_bits, width
    ):  # type: ignore[no-untyped-def]
        low_mask, start_mask = u32((u64(1) << u64(bits)) - u64(1)), u32((u64(1) << u64(start_bits)) - u64(1))
        for i in numba.prange(len(found)):
            a = splitmix(u64(seed) * u64(1 << 40) + u64(2 * i))
            b = splitmix(u64(seed) * u64(1 << 40) + u64(2 * i + 1))
            s0, s1, s2, s3 = u32(a), u32(a >> u64(32)), u32(b), u32(b >> u64(32))
            base, total, discount = 0, np.float32(0), np.float32(1)
            for t in range(steps + 1):
                word = u32(s0 + s3)
                shifted = u32(s1 << u32(9))
                s2 ^= s0
                s3 ^= s1
                s1 ^= s2
                s0 ^= s3
                s2 ^= shifted
                s3 = rotl(s3, 11)
                if t == 0:
                    column = word >> start_bits
                    kept = (word & start_mask) < start_threshold[column]
                    base = start_outcome[2 * column + kept] * width
                else:
                    column = base + (word >> bits)
                    entry = 2 * column + ((word & low_mask) < threshold[column])
                    total += discount * reward[entry]
                    discount *= gamma
                    base = successor[entry]
            found[i] = total

    return program  # type: ignore[no-any-return]


NUMBA, GYMNASIUM = "numba, alias table", "gymnasium loop"
PEERS: dict[str, Callable[[Problem], Run]] = {
    NUMBA: numba_alias,
    "step function, vmap and scan (gymnax style)": stepped,
    "jax.random.categorical, vmap and scan": categorical,
    GYMNASIUM: gymnasium_loop,
}


def missing(name: str) -> str | None:
    """The package that a sampler needs and that is not installed."""
    package = {NUMBA: "numba", GYMNASIUM: "gymnasium"}.get(name)
    return package if package and find_spec(package) is None else None

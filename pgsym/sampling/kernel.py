r"""The fast sampler: rollouts on an alias table, one 32-bit word a step, reduced to moments on the device.

A rollout is carried as *entries* of the alias table: an entry says which outcome (s, a, s') happened and
where the row of s' begins, so a step is two small gathers.  A backward pass turns entries into
:math:`W[n] = \sum_t w_t (U_t - b(s_t)) 1[(s_t,a_t) = n]`, and :math:`g = W Z` with Z the scores.

Trajectories come in blocks whose size depends on the model alone; float32 inside a trajectory, float64 for a
block's mean and second moments.  Blocks are merged in order, so chunks and devices change no result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

from pgsym.sampling.alias import AliasTable, build_alias
from pgsym.sampling.dynamics import start_or_uniform
from pgsym.sampling.estimators import Plan
from pgsym.sampling.moments import FULL
from pgsym.sampling.random import START, threefry
from pgsym.sampling.tables import Tables

BLOCK_BYTES = 2**25
"""Memory that one block of trajectories may take."""
SMALLEST_BLOCK, LARGEST_BLOCK = 64, 8192
SCATTER_COST = 32
"""Multiplications in a matrix product that take as long as one addition at a computed place."""
LARGEST_MATRIX = 2**24
"""Most entries of a dense score matrix."""


class Arrays(NamedTuple):
    """The model as device arrays; E = 2 R width entries of the step table, then one entry for each state."""

    threshold: Any
    """[(S+1) width] uint32"""
    base: Any
    """[E + S + 1] first column of the next state's row."""
    pair: Any
    """[E + S + 1] (s, a); N when absorbed."""
    reward: Any
    """[E + S + 1] r(s,a,s')."""
    baseline: Any
    """[E + S + 1] b(s)."""
    start_threshold: Any
    """[start width] uint32"""
    start_entry: Any
    """[2 start width] the entry that stands for the drawn start state."""
    score: Any
    """[N, k] scores, or [0, 0] when rows are added one by one."""
    score_index: Any
    """[N + 1, m] the columns of every pair's scores; padding lies beyond k."""
    score_value: Any
    """[N + 1, m] the scores; the last row, of the absorbed pair, is 0."""
    score_weight: Any
    """[T] w_t."""
    return_weight: Any
    """[T] v_t."""
    discount: Any
    """Of U."""
    centre: Any
    """Of U."""
    beyond: Any
    """discount**window: weight of the reward that leaves the window."""


@dataclass(frozen=True)
class Shape:
    """Everything that fixes the compiled program."""

    T: int
    N: int
    k: int
    width: int
    bits: int
    start_width: int
    start_bits: int
    window: int | None
    whole_return: bool
    dense: bool
    """Whether g = W Z is one matrix product at the end; otherwise each step adds its row of Z."""
    block: int
    """Trajectories of a block."""

    @property
    def full(self) -> bool:
        """Whether the whole covariance is kept."""
        return self.k <= FULL


class Blocks(NamedTuple):
    """Moments of (g, J) over blocks of trajectories; d = k + 1, the last coordinate is J."""

    n: Any
    """[B] trajectories."""
    mean: Any
    """[B, d]"""
    M2: Any
    """[B, d, d], or [B, d] the diagonal."""
    steps: Any
    """[B] transitions before absorption."""
    touched: Any
    """[B, k] trajectories whose g has a nonzero coordinate."""


def prepare(tables: Tables, plan: Plan, n: int | None = None) -> tuple[Arrays, Shape]:
    """The device arrays and the shape of a plan; with `n`, no block is larger than n trajectories need."""
    step, start = step_table(tables), build_alias([start_or_uniform(tables)])
    outcome, row = _entry_outcomes(tables, step)
    S, N = tables.S, tables.N
    absorbed = outcome < 0
    successor = np.append(np.where(absorbed, S, tables.outcome_next[outcome]), np.arange(S + 1))
    pair = np.append(np.where(absorbed, N, tables.outcome_pair[outcome]), np.full(S + 1, N))
    reward = np.append(np.where(absorbed, plan.centre, tables.outcome_reward[outcome]), np.zeros(S + 1))
    baseline = np.append(plan.baseline[row], np.zeros(S + 1))
    score_index, score_value = _score_rows(tables)
    m = score_index.shape[1]
    dense = N * tables.k <= min(SCATTER_COST * plan.T * m, LARGEST_MATRIX)
    block = _block(tables, plan.T, n)
    f32, i32 = partial(np.asarray, dtype=np.float32), partial(np.asarray, dtype=np.int32)
    arrays = Arrays(
        threshold=step.threshold,
        base=i32(successor * step.width),
        pair=i32(pair),
        reward=f32(reward),
        baseline=f32(baseline),
        start_threshold=start.threshold,
        start_entry=i32(len(outcome) + start.outcome),
        score=f32(tables.scores() if dense else np.zeros((0, 0))),
        score_index=i32(score_index),
        score_value=f32(score_value),
        score_weight=f32(plan.score_weight),
        return_weight=f32(plan.return_weight),
        discount=f32(plan.discount),
        centre=f32(plan.centre),
        beyond=f32(plan.discount**plan.window if plan.window is not None else 0.0),
    )
    shape = Shape(
        plan.T,
        N,
        tables.k,
        step.width,
        step.bits,
        start.width,
        start.bits,
        plan.window,
        plan.whole_return,
        dense,
        block,
    )
    return arrays, shape


def step_table(tables: Tables) -> AliasTable:
    """One row a state over its outcomes, pi(a|s) P(s'|s,a); the absorbing row has a single outcome."""
    rows = np.split(tables.joint, _first_outcomes(tables)[1:-1])
    return build_alias([*rows, np.ones(1)])


def _first_outcomes(tables: Tables) -> np.ndarray:
    """[S+1] the first outcome of each state, and O at the end."""
    return np.searchsorted(tables.outcome_state, np.arange(tables.S + 1))


def _entry_outcomes(tables: Tables, step: AliasTable) -> tuple[np.ndarray, np.ndarray]:
    """For every entry its outcome's number (-1 when absorbed) and its row."""
    row = np.repeat(np.arange(tables.S + 1), 2 * step.width)
    return np.where(row == tables.S, -1, _first_outcomes(tables)[row] + step.outcome), row


def _score_rows(tables: Tables) -> tuple[np.ndarray, np.ndarray]:
    """[N+1, m] parameters and scores of every pair; padding goes to columns of its own beyond k."""
    m = tables.score_index.shape[1]
    index = np.tile(tables.k + np.arange(m), (tables.N + 1, 1))
    value = np.zeros((tables.N + 1, m))
    used = tables.score_value != 0
    index[:-1][used], value[:-1][used] = tables.score_index[used], tables.score_value[used]
    return index, value


def _block(tables: Tables, T: int, n: int | None) -> int:
    """Trajectories of a block: a power of two, a function of the model, the horizon and n."""
    bytes_each = 4 * (T + 1) + 4 * (tables.N + 1) + 24 * tables.k
    fitting = max(BLOCK_BYTES // bytes_each, 1)
    block = min(max(1 << (fitting.bit_length() - 1), SMALLEST_BLOCK), LARGEST_BLOCK)
    if n is not None:
        block = min(block, max(1 << (n - 1).bit_length(), SMALLEST_BLOCK))
    return block


# -- on the device -----------------------------------------------------------------------------------------


def rollout(arrays: Arrays, shape: Shape, key: jax.Array, ids: jax.Array) -> jax.Array:
    """Entries [T, B] of the trajectories `ids` [B] (uint32)."""
    _, entries = _walk(arrays, shape, key, ids, lambda carry, entry, t: (carry, entry), ())
    return entries.reshape(-1, ids.shape[0])[: shape.T]


def returns(arrays: Arrays, shape: Shape, key: jax.Array, ids: jax.Array) -> jax.Array:
    """J [B] of the trajectories `ids`, without keeping their entries."""
    weight = jnp.append(arrays.return_weight, jnp.zeros(1, jnp.float32))  # the last word of an odd T is not used

    def earn(total: jax.Array, entry: jax.Array, t: jax.Array) -> tuple[jax.Array, None]:
        return total + weight[t] * arrays.reward.at[entry].get(mode="promise_in_bounds"), None

    total, _ = _walk(arrays, shape, key, ids, earn, jnp.zeros(ids.shape, jnp.float32))
    return total


def _walk(
    arrays: Arrays, shape: Shape, key: jax.Array, ids: jax.Array, visit: Callable[..., tuple[Any, Any]], carry: Any
) -> tuple[Any, Any]:
    """Step trajectories through an even number of steps; ``visit(carry, entry, t)`` sees every step."""

    def draw(threshold: jax.Array, bits: int, base: jax.Array, word: jax.Array) -> jax.Array:
        column = base + (word >> jnp.uint32(bits)).astype(jnp.int32)
        low = word & jnp.uint32((1 << bits) - 1)
        keep = low < threshold.at[column].get(mode="promise_in_bounds")
        return 2 * column + keep.astype(jnp.int32)

    def step(state: Any, at: Any) -> tuple[Any, Any]:
        entry, carry = state
        word, t = at
        base = arrays.base.at[entry].get(mode="promise_in_bounds")
        entry = draw(arrays.threshold, shape.bits, base, word)
        carry, seen = visit(carry, entry, t)
        return (entry, carry), seen

    def two_steps(state: Any, half: jax.Array) -> tuple[Any, Any]:
        # A loop of its own for the second word keeps the compiler from computing the cipher once a consumer.
        words = jnp.stack(threefry(key, ids, jnp.broadcast_to(half, ids.shape)))
        return lax.scan(step, state, (words, 2 * half.astype(jnp.int32) + jnp.arange(2, dtype=jnp.int32)))

    first, _ = threefry(key, ids, jnp.broadcast_to(jnp.uint32(START), ids.shape))
    column = draw(arrays.start_threshold, shape.start_bits, jnp.zeros(ids.shape, jnp.int32), first)
    entry = arrays.start_entry.at[column].get(mode="promise_in_bounds")
    (_, carry), seen = lax.scan(two_steps, (entry, carry), jnp.arange((shape.T + 1) // 2, dtype=jnp.uint32))
    return carry, seen


def gradients(arrays: Arrays, shape: Shape, entries: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """g [B, k], J [B] and the transitions before absorption [B], from entries [T, B]."""
    B = entries.shape[1]
    columns = shape.N + 1 if shape.dense else shape.k + arrays.score_index.shape[1]
    offset = jnp.arange(B, dtype=jnp.int32) * jnp.int32(columns)

    def look(table: jax.Array, entry: jax.Array) -> jax.Array:
        return table.at[entry].get(mode="promise_in_bounds")

    def back(carry: Any, at: Any) -> tuple[Any, None]:
        U, J, W, steps = carry
        entry, w, v, *late = at
        r, pair = look(arrays.reward, entry), look(arrays.pair, entry)
        alive = pair < shape.N
        J = J + v * jnp.where(alive, r, jnp.float32(0))
        if shape.whole_return:
            added = jnp.broadcast_to(w, r.shape)
        else:
            U = r - arrays.centre + arrays.discount * U
            if late:
                U = U - arrays.beyond * look(arrays.reward, late[0]) + arrays.beyond * arrays.centre
            added = w * (U - look(arrays.baseline, entry))
        if shape.dense:
            place = offset + pair
        else:
            place = offset[:, None] + look(arrays.score_index, pair)
            added = added[:, None] * look(arrays.score_value, pair)
        W = W.at[place].add(added, mode="promise_in_bounds", unique_indices=True)
        return (U, J, W, steps + alive.astype(jnp.int32)), None

    zero = jnp.zeros(B, jnp.float32) * entries[0].astype(jnp.float32)  # varies over devices as entries do
    steps = jnp.zeros(B, jnp.int32) * entries[0]
    W = jnp.repeat(zero, columns)
    along: tuple[jax.Array, ...] = (entries, arrays.score_weight, arrays.return_weight)
    if shape.window is not None:
        # Past the end, the last entry stands in: those U carry weight 0.
        padding = jnp.broadcast_to(entries[-1:], (shape.window, B))
        along = (*along, jnp.concatenate([entries, padding])[shape.window :])
    (_, J, W, steps), _ = lax.scan(back, (zero, zero, W, steps), along, reverse=True)
    W = W.reshape(B, columns)
    if shape.whole_return:
        W = W * J[:, None]
    if shape.dense:
        return jnp.matmul(W[:, : shape.N], arrays.score, precision=lax.Precision.HIGHEST), J, steps
    return W[:, : shape.k], J, steps


def block_moments(shape: Shape, arrays: Arrays, key: jax.Array, n: jax.Array, firsts: jax.Array) -> Blocks:
    """Moments of the blocks that begin at trajectories `firsts` [B] (uint32); only ids below n count."""

    def one(first: jax.Array) -> Blocks:
        ids = first + jnp.arange(shape.block, dtype=jnp.uint32)
        g, J, steps = gradients(arrays, shape, rollout(arrays, shape, key, ids))
        x = jnp.concatenate([g, J[:, None]], axis=1).astype(jnp.float64)
        valid = ids < n
        count = valid.sum(dtype=jnp.int64)
        mean = jnp.where(valid[:, None], x, 0.0).sum(0) / jnp.maximum(count, 1)
        centred = jnp.where(valid[:, None], x - mean[None, :], 0.0)
        M2 = centred.T @ centred if shape.full else (centred**2).sum(0)
        touched = (valid[:, None] & (g != 0)).sum(0, dtype=jnp.int64)
        return Blocks(count, mean, M2, jnp.where(valid, steps, 0).sum(dtype=jnp.int64), touched)

    return lax.map(one, firsts)


@lru_cache(maxsize=64)
def compiled(shape: Shape, specs: Arrays, blocks: int, mesh: Mesh) -> Any:
    """The program for `blocks` blocks, split over the mesh; nothing is summed across devices."""
    body = partial(block_moments, shape)
    # Each device returns its own blocks, and the host merges: no psum, whose transpose under grad would count
    # every device once more, and no order of summation that depends on the number of devices.
    spread = jax.shard_map(body, mesh=mesh, in_specs=(P(), P(), P(), P("devices")), out_specs=P("devices"))
    u32 = partial(jax.ShapeDtypeStruct, dtype=jnp.uint32)
    with jax.enable_x64(True):
        return jax.jit(spread).lower(specs, u32((2,)), u32(()), u32((blocks,))).compile()


def specifications(arrays: Arrays) -> Arrays:
    """Shapes and types of the arrays, hashable."""
    return Arrays(*(jax.ShapeDtypeStruct(np.shape(a), np.asarray(a).dtype) for a in arrays))

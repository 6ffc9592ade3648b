r"""The fast sampler: rollouts on an alias table, one 32-bit word a step, reduced to moments on the device.

A rollout steps through *entries* (see `layout`): a threshold and a packed record are gathered for each step.
A backward pass turns entries into :math:`W[n] = \sum_t w_t (U_t - b(s_t)) 1[(s_t,a_t) = n]`, and
:math:`g = W Z` with Z the scores.

Trajectories come in blocks whose size depends on the request alone; float32 inside a trajectory, float64 for a
block's mean and second moments.  Blocks are merged in order, so chunks and devices change no result.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

from pgsym.sampling.layout import Arrays, Shape
from pgsym.sampling.random import next_word, streams


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


# All of it is traced with 64-bit types on (`jax.enable_x64`): packed table entries and sums need them.


def rollout(arrays: Arrays, shape: Shape, key: jax.Array, ids: jax.Array) -> jax.Array:
    """Entries [T, B] of the trajectories `ids` [B] (uint32)."""
    _, entries = _walk(arrays, shape, key, ids, lambda carry, entry, reward, v: (carry, entry), ())
    return entries


def returns(arrays: Arrays, shape: Shape, key: jax.Array, ids: jax.Array) -> jax.Array:
    """J [B] of the trajectories `ids`, without keeping their entries."""

    def earn(total: jax.Array, entry: jax.Array, reward: jax.Array, v: jax.Array) -> tuple[jax.Array, None]:
        return total + v * reward, None

    total, _ = _walk(arrays, shape, key, ids, earn, jnp.zeros_like(ids, jnp.float32))
    return total


def _walk(
    arrays: Arrays, shape: Shape, key: jax.Array, ids: jax.Array, visit: Callable[..., tuple[Any, Any]], carry: Any
) -> tuple[Any, Any]:
    """T steps of every trajectory; ``visit(carry, entry, reward, v_t)`` sees each."""

    def draw(threshold: jax.Array, bits: int, base: jax.Array, word: jax.Array) -> jax.Array:
        column = base + (word >> jnp.uint32(bits)).astype(jnp.int32)
        keep = (word & jnp.uint32((1 << bits) - 1)) < _look(threshold, column)
        return 2 * column + keep.astype(jnp.int32)

    def step(state: Any, v: jax.Array) -> tuple[Any, Any]:
        stream, record, carry = state
        word, stream = next_word(stream)
        entry = draw(arrays.threshold, shape.bits, _low(record), word)
        record = _look(arrays.step, entry)
        carry, seen = visit(carry, entry, _high(record), v)
        return (stream, record, carry), seen

    word, stream = next_word(streams(key, ids))
    column = draw(arrays.start_threshold, shape.start_bits, jnp.zeros_like(ids, jnp.int32), word)
    record = _look(arrays.step, _look(arrays.start_entry, column))
    (_, _, carry), seen = lax.scan(step, (stream, record, carry), arrays.return_weight)
    return carry, seen


def _look(table: jax.Array, index: jax.Array) -> jax.Array:
    return table.at[index].get(mode="promise_in_bounds")


def _low(record: jax.Array) -> jax.Array:
    """The integer of a packed entry."""
    return record.astype(jnp.uint32).astype(jnp.int32)


def _high(record: jax.Array) -> jax.Array:
    """The float32 of a packed entry."""
    return lax.bitcast_convert_type((record >> jnp.uint64(32)).astype(jnp.uint32), jnp.float32)


def gradients(arrays: Arrays, shape: Shape, entries: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """g [B, k], J [B] and the transitions before absorption [B], from entries [T, B]."""
    B = entries.shape[1]
    columns = shape.N + 1 if shape.dense else shape.k + arrays.score_index.shape[1]
    offset = jnp.arange(B, dtype=jnp.int32) * jnp.int32(columns)

    def back(carry: Any, at: Any) -> tuple[Any, None]:
        U, J, W, steps = carry
        entry, w, v, *late = at
        record = _look(arrays.visit, entry)
        r, pair = _high(record), _low(record)
        alive = pair < shape.N
        J = J + v * r
        if shape.whole_return:
            added = jnp.broadcast_to(w, r.shape)
        else:
            U = r - arrays.centre + arrays.discount * U
            if late:
                U = U - arrays.beyond * _high(_look(arrays.visit, late[0])) + arrays.beyond * arrays.centre
            added = w * (U - _look(arrays.baseline, entry))
        if shape.dense:
            place = offset + pair
        else:
            place = offset[:, None] + _look(arrays.score_index, pair)
            added = added[:, None] * _look(arrays.score_value, pair)
        W = W.at[place].add(added, mode="promise_in_bounds", unique_indices=True)
        return (U, J, W, steps + alive.astype(jnp.int32)), None

    zero, steps = jnp.zeros_like(entries[0], jnp.float32), jnp.zeros_like(entries[0])
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


def block_moments(
    shape: Shape, parallel: bool, arrays: Arrays, key: jax.Array, n: jax.Array, firsts: jax.Array
) -> Blocks:
    """Moments of the blocks that begin at trajectories `firsts` [B] (uint32); only ids below n count.

    Blocks are taken one after another, which keeps them in a processor's cache, or all at once.
    """

    def one(first: jax.Array) -> Blocks:
        ids = first + jnp.arange(shape.block, dtype=jnp.uint32)
        g, J, steps = gradients(arrays, shape, rollout(arrays, shape, key, ids))
        x = jnp.concatenate([g, J[:, None]], axis=1).astype(jnp.float64)
        valid = ids < n
        count = valid.sum(dtype=jnp.int64)
        mean = jnp.where(valid[:, None], x, 0.0).sum(0) / jnp.maximum(count, 1).astype(jnp.float64)
        centred = jnp.where(valid[:, None], x - mean[None, :], 0.0)
        M2 = centred.T @ centred if shape.full else (centred**2).sum(0)
        touched = (valid[:, None] & (g != 0)).sum(0, dtype=jnp.int64)
        return Blocks(count, mean, M2, jnp.where(valid, steps, 0).sum(dtype=jnp.int64), touched)

    return jax.vmap(one)(firsts) if parallel else lax.map(one, firsts)


@lru_cache(maxsize=64)
def compiled(shape: Shape, specs: Arrays, blocks: int, mesh: Mesh) -> Any:
    """The program for `blocks` blocks, split over the mesh; nothing is summed across devices."""
    body = partial(block_moments, shape, mesh.devices.flat[0].platform != "cpu")
    # Each device returns its own blocks, and the host merges: no psum, whose transpose under grad would count
    # every device once more, and no order of summation that depends on the number of devices.
    spread = jax.shard_map(body, mesh=mesh, in_specs=(P(), P(), P(), P("devices")), out_specs=P("devices"))
    u32 = partial(jax.ShapeDtypeStruct, dtype=jnp.uint32)
    with jax.enable_x64(True):
        return jax.jit(spread).lower(specs, u32((2,)), u32(()), u32((blocks,))).compile()

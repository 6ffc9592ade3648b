r"""The fast sampler: rollouts on an alias table, one 32-bit word a step, reduced to moments on the device.

A rollout steps through *entries* (see `layout`): a threshold and a packed record are gathered for each step.
A backward pass turns entries into :math:`W[n] = \sum_t w_t (U_t - b(s_t)) 1[(s_t,a_t) = n]`, and
:math:`g = Z^T W` with Z the scores; `layout.Summation` names the two other ways, for few and for many parameters.

Trajectories come in blocks whose size depends on the request alone; float32 inside a trajectory, float64 for a
block's mean and second moments.  Blocks are merged in order, so chunks and devices change no result.
The trajectories of a block are the last axis of every array: sums over them run along memory.
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

from pgsym.sampling.layout import Arrays, Shape, Summation
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
    """Entries [T, B] of the trajectories `ids` [B] (uint32), in the smallest type that holds them."""
    return _rollout(arrays, shape, key, ids)[1]


def _rollout(arrays: Arrays, shape: Shape, key: jax.Array, ids: jax.Array) -> tuple[jax.Array, jax.Array]:
    """J [B] and entries [T, B]."""
    kept = jnp.uint16 if len(arrays.step) <= 2**16 else jnp.int32

    def visit(total: jax.Array, entry: jax.Array, reward: jax.Array, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        return total + v * reward, entry.astype(kept)

    found: tuple[jax.Array, jax.Array] = _walk(arrays, shape, key, ids, visit, jnp.zeros_like(ids, jnp.float32))
    return found


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


def gradients(arrays: Arrays, shape: Shape, key: jax.Array, ids: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """g [k, B], J [B] and the transitions before absorption [B] of the trajectories `ids`."""
    J, entries = _rollout(arrays, shape, key, ids)
    B = len(ids)
    trajectory = jnp.arange(B, dtype=jnp.int32)

    def add(W: Any, pair: jax.Array, weight: jax.Array) -> Any:
        """W with the visit of a pair, whose `weight` is w_t (U_t - b(s_t))."""
        if shape.summation is Summation.DIRECT:
            return tuple(g + weight * _look(z, pair) for g, z in zip(W, arrays.score.T, strict=True))
        if shape.summation is Summation.PAIRS:
            return W.at[pair * B + trajectory].add(weight, mode="promise_in_bounds", unique_indices=True)
        place = _look(arrays.score_index, pair).T * B + trajectory[None, :]
        added = weight[None, :] * _look(arrays.score_value, pair).T
        return W.at[place].add(added, mode="promise_in_bounds", unique_indices=True)

    def gain(entry: jax.Array) -> jax.Array:
        return _look(arrays.gain, entry) if shape.gain else _high(_look(arrays.visit, entry))

    def back(carry: Any, at: Any) -> tuple[Any, None]:
        U, W = carry
        entry, w, *late = at
        pair = _low(_look(arrays.visit, entry))
        if shape.whole_return:
            weight = jnp.broadcast_to(w, U.shape)
        else:
            U = gain(entry) - arrays.centre + arrays.discount * U
            if late:
                U = U - arrays.beyond * gain(late[0]) + arrays.beyond * arrays.centre
            weight = w * (U - _look(arrays.baseline, entry) if shape.baseline else U)
        return (U, add(W, pair, weight)), None

    zero = jnp.zeros_like(J)
    rows = {Summation.PAIRS: shape.N + 1, Summation.ROWS: shape.k + arrays.score_index.shape[1]}
    direct = shape.summation is Summation.DIRECT
    W: Any = (zero,) * shape.k if direct else jnp.repeat(zero, rows[shape.summation])
    along: tuple[jax.Array, ...] = (entries, arrays.score_weight)
    if shape.window is not None:
        # Past the end stands the last entry of the table, which is absorbed and gains nothing.
        padding = jnp.full((shape.window, B), len(arrays.visit) - 1, entries.dtype)
        along = (*along, jnp.concatenate([entries, padding])[shape.window :])
    (_, W), _ = lax.scan(back, (zero, W), along, reverse=True)
    # The absorbing row is the last.
    steps = (entries < 2 * (len(arrays.threshold) - shape.width)).sum(0, dtype=jnp.int32)
    if direct:
        g = jnp.stack(W) if W else jnp.zeros((0, B), jnp.float32)
    elif shape.summation is Summation.PAIRS:
        g = jnp.matmul(arrays.score[: shape.N].T, W.reshape(-1, B)[: shape.N], precision=lax.Precision.HIGHEST)
    else:
        g = W.reshape(-1, B)[: shape.k]
    return (g * J[None, :] if shape.whole_return else g), J, steps


def block_moments(
    shape: Shape, parallel: bool, arrays: Arrays, key: jax.Array, ends: jax.Array, firsts: jax.Array
) -> Blocks:
    """Moments of the blocks that begin at trajectories `firsts` [B] (uint32); only ids below `ends` [B] count.

    Blocks are taken one after another, which keeps them in a processor's cache, or all at once.
    """

    def one(span: tuple[jax.Array, jax.Array]) -> Blocks:
        first, end = span
        ids = first + jnp.arange(shape.block, dtype=jnp.uint32)
        g, J, steps = gradients(arrays, shape, key, ids)
        x = jnp.concatenate([g, J[None, :]]).astype(jnp.float64)
        valid = ids < end
        count = valid.sum(dtype=jnp.int64)
        mean = jnp.where(valid[None, :], x, 0.0).sum(1) / jnp.maximum(count, 1).astype(jnp.float64)
        centred = jnp.where(valid[None, :], x - mean[:, None], 0.0)
        M2 = centred @ centred.T if shape.full else (centred**2).sum(1)
        touched = (valid[None, :] & (g != 0)).sum(1, dtype=jnp.int64)
        return Blocks(count, mean, M2, jnp.where(valid, steps, 0).sum(dtype=jnp.int64), touched)

    def unless_empty(span: tuple[jax.Array, jax.Array]) -> Blocks:
        def empty(span: tuple[jax.Array, jax.Array]) -> Blocks:
            # 0 on the block's own device: under shard_map both branches must vary over the devices.
            zero = span[0] - span[0]
            return jax.tree.map(lambda a: jnp.broadcast_to(zero.astype(a.dtype), a.shape), jax.eval_shape(one, span))

        return lax.cond(span[0] < span[1], one, empty, span)

    spans = (firsts, ends)
    return jax.vmap(one)(spans) if parallel else lax.map(unless_empty, spans)


@lru_cache(maxsize=64)
def compiled(shape: Shape, specs: Arrays, blocks: int, mesh: Mesh) -> Any:
    """The program for `blocks` blocks, split over the mesh; nothing is summed across devices."""
    body = partial(block_moments, shape, mesh.devices.flat[0].platform != "cpu")
    # Each device returns its own blocks, and the host merges: no psum, whose transpose under grad would count
    # every device once more, and no order of summation that depends on the number of devices.
    spread = jax.shard_map(body, mesh=mesh, in_specs=(P(), P(), P("devices"), P("devices")), out_specs=P("devices"))
    u32 = partial(jax.ShapeDtypeStruct, dtype=jnp.uint32)
    with jax.enable_x64(True):
        return jax.jit(spread).lower(specs, u32((2,)), u32((blocks,)), u32((blocks,))).compile()

"""Trajectories on the step table: one 32-bit word, one threshold and one packed record for each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from pgsym.sampling.layout import KernelArrays, Shape
from pgsym.sampling.random import next_word, streams

UNROLL = 2
"""Steps in one turn of the loop: between them the streams need not go through memory."""


# All of it is traced with 64-bit types on (`jax.enable_x64`): packed records need them.


def rollout(arrays: KernelArrays, shape: Shape, key: jax.Array, ids: jax.Array) -> tuple[jax.Array, jax.Array]:
    """J [B] and entries [T, B] of the trajectories `ids` [B] (uint32), in the smallest type that holds them."""
    kept = jnp.uint16 if len(arrays.step) <= 2**16 else jnp.int32

    def visit(total: jax.Array, entry: jax.Array, record: jax.Array, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        return total + v * reward_of(record), entry.astype(kept)

    total = jnp.zeros_like(ids, jnp.float32)
    found: tuple[jax.Array, jax.Array] = walk(arrays, shape, key, ids, visit, total, arrays.return_weight)
    return found


def returns(arrays: KernelArrays, shape: Shape, key: jax.Array, ids: jax.Array) -> jax.Array:
    """J [B] of the trajectories `ids`, without keeping their entries."""

    def earn(total: jax.Array, entry: jax.Array, record: jax.Array, v: jax.Array) -> tuple[jax.Array, None]:
        return total + v * reward_of(record), None

    total, _ = walk(arrays, shape, key, ids, earn, jnp.zeros_like(ids, jnp.float32), arrays.return_weight)
    return total


def walk(
    arrays: KernelArrays,
    shape: Shape,
    key: jax.Array,
    ids: jax.Array,
    visit: Callable[..., tuple[Any, Any]],
    carry: Any,
    along: Any,
) -> tuple[Any, Any]:
    """T steps of every trajectory; ``visit(carry, entry, record, along[t])`` sees each."""

    def draw(threshold: jax.Array, bits: int, base: jax.Array, word: jax.Array) -> jax.Array:
        column = base + (word >> jnp.uint32(bits)).astype(jnp.int32)
        keep = (word & jnp.uint32((1 << bits) - 1)) < look(threshold, column)
        return 2 * column + keep.astype(jnp.int32)

    def step(state: Any, at: Any) -> tuple[Any, Any]:
        stream, record, carry = state
        word, stream = next_word(stream)
        entry = draw(arrays.threshold, shape.bits, _base(shape, record), word)
        record = look(arrays.step, entry)
        carry, seen = visit(carry, entry, record, at)
        return (stream, record, carry), seen

    word, stream = next_word(streams(key, ids))
    column = draw(arrays.start_threshold, shape.start_bits, jnp.zeros_like(ids, jnp.int32), word)
    record = look(arrays.step, look(arrays.start_entry, column))
    (_, _, carry), seen = lax.scan(step, (stream, record, carry), along, unroll=UNROLL)
    return carry, seen


def look(table: jax.Array, index: jax.Array) -> jax.Array:
    """The table's values at indices that lie in it."""
    return table.at[index].get(mode="promise_in_bounds")


def _base(shape: Shape, record: jax.Array) -> jax.Array:
    """The first column of the next state's row."""
    return (record & jnp.uint64((1 << shape.base_bits) - 1)).astype(jnp.int32)


def reward_of(record: jax.Array) -> jax.Array:
    """r(s,a,s')."""
    return lax.bitcast_convert_type((record >> jnp.uint64(32)).astype(jnp.uint32), jnp.float32)


def pair_of(arrays: KernelArrays, shape: Shape, record: jax.Array, entry: jax.Array) -> jax.Array:
    """The pair (s, a) of a step; N when absorbed."""
    if len(arrays.pair):
        return look(arrays.pair, entry)
    return (record.astype(jnp.uint32) >> jnp.uint32(32 - shape.pair_bits)).astype(jnp.int32)

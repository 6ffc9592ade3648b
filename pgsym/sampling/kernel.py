r"""The fast sampler: trajectories on an alias table, reduced to moments on the device.

`walk` draws them and sums their scores, and a block of trajectories becomes a mean and centred second
moments here.  Both are linear or quadratic in g, so what is linear in the scores Z can wait: for
:math:`g = Z^\top W`, a block has :math:`\mathrm{Cov}\,g = Z^\top\, \mathrm{Cov}\,W\, Z`.

Blocks' size depends on the request alone; float32 inside a trajectory, float64 for the moments.  Blocks are merged
in order, so chunks and devices change no result.  Trajectories are the last axis of every array.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial, reduce
from operator import add
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import AxisType, Mesh
from jax.sharding import PartitionSpec as P

from pgsym.errors import SamplingError
from pgsym.sampling.layout import KernelArrays, Shape, Summation
from pgsym.sampling.walk import gradients, look, sums, weights

LANES = 16
"""Partial sums of a long sum: a processor adds so many at once, where one after another would wait for each."""


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


def block_moments(
    shape: Shape, parallel: bool, arrays: KernelArrays, key: jax.Array, ends: jax.Array, firsts: jax.Array
) -> Blocks:
    """Moments of the blocks that begin at trajectories `firsts` [B] (uint32); only ids below `ends` [B] count.

    Blocks are taken one after another, which keeps them in a processor's cache, or all at once.
    """
    in_parts = shape.summation in (Summation.ROWS, Summation.TABULAR) and not shape.full and not parallel
    reduced = _moments_in_parts if in_parts else _moments

    def one(span: tuple[jax.Array, jax.Array]) -> Blocks:
        first, end = span
        ids = first + jnp.arange(shape.block, dtype=jnp.uint32)
        valid = ids < end
        mean, M2, steps = reduced(arrays, shape, key, ids, valid)
        count = valid.sum(dtype=jnp.int64)
        return Blocks(count, mean, M2, jnp.where(valid, steps, 0).sum(dtype=jnp.int64))

    def unless_empty(span: tuple[jax.Array, jax.Array]) -> Blocks:
        def empty(span: tuple[jax.Array, jax.Array]) -> Blocks:
            # 0 on the block's own device: under shard_map both branches must vary over the devices.
            zero = span[0] - span[0]
            return jax.tree.map(lambda a: jnp.broadcast_to(zero.astype(a.dtype), a.shape), jax.eval_shape(one, span))

        return lax.cond(span[0] < span[1], one, empty, span)

    spans = (firsts, ends)
    return jax.vmap(one)(spans) if parallel else lax.map(unless_empty, spans)


def _moments(
    arrays: KernelArrays, shape: Shape, key: jax.Array, ids: jax.Array, valid: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Mean and centred second moments of (g, J) over the valid trajectories, and every trajectory's steps."""
    rows, J, steps = (sums if shape.late else gradients)(arrays, shape, key, ids)
    x = jnp.concatenate([rows.astype(jnp.float64), J[None, :].astype(jnp.float64)])
    count = jnp.maximum(valid.sum(dtype=jnp.int64), 1).astype(jnp.float64)
    mean = _sum(jnp.where(valid[None, :], x, 0.0)) / count
    centred = jnp.where(valid[None, :], x - mean[:, None], 0.0)
    M2 = centred @ centred.T if shape.full else _sum(centred**2)
    if shape.late:
        one = jnp.ones((1, 1), jnp.float64)
        scores = jax.scipy.linalg.block_diag(arrays.score, one)
        mean, M2 = mean @ scores, scores.T @ M2 @ scores
    return mean, M2, steps


def _sum(x: jax.Array) -> jax.Array:
    """Over the last axis."""
    return x.reshape(len(x), -1, LANES).sum(1).sum(1)


def _moments_in_parts(
    arrays: KernelArrays, shape: Shape, key: jax.Array, ids: jax.Array, valid: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The same for many parameters: only `LANES` trajectories at a time have a row of k coordinates, in the cache.

    Squares need no centring first: they are float64, and a float32 g has a larger error than theirs.
    """
    pairs, weighing, J, steps = weights(arrays, shape, key, ids)
    weighing = jnp.where(valid[None, :], weighing, 0.0)
    tabular = shape.summation is Summation.TABULAR
    # Beyond the coordinates lies what absorbed steps and padding are added to.
    size, spare = (shape.N, 1) if tabular else (shape.k, arrays.score_index.shape[1])
    lane = jnp.uint32(size + spare) * jnp.arange(LANES, dtype=jnp.uint32)

    def rows(start: jax.Array) -> jax.Array:
        pair = lax.dynamic_slice_in_dim(pairs, start, LANES, 1).astype(jnp.uint32)
        added = lax.dynamic_slice_in_dim(weighing, start, LANES, 1)
        place = pair + lane[None, :]
        if not tabular:
            place = look(arrays.score_index, pair).astype(jnp.uint32) + lane[None, :, None]
            added = look(arrays.score_value, pair) * added[:, :, None]
        empty = jnp.zeros(LANES * (size + spare), jnp.float32)
        found = empty.at[place.reshape(-1)].add(added.reshape(-1), mode="promise_in_bounds")
        return found.reshape(LANES, -1)[:, :size]

    def part(total: Any, start: jax.Array) -> tuple[Any, None]:
        # Added row by row: coordinates lie side by side, and no sum waits for another.
        W = rows(start).reshape(LANES, *total[0].shape)
        g = list(W)
        if tabular:
            by_state = reduce(add, [W[:, a] for a in range(W.shape[1])])
            g = [w + arrays.score * of_state[None, :] for w, of_state in zip(W, by_state, strict=True)]
        return (
            total[0] + reduce(add, list(W)),
            total[1] + reduce(add, (jnp.square(x.astype(jnp.float64)) for x in g)),
        ), None

    zero = jnp.repeat(jnp.zeros_like(J[:1], jnp.float64), size).reshape(arrays.score.shape if tabular else -1)
    (first, second), _ = lax.scan(part, (zero, zero), LANES * jnp.arange(len(ids) // LANES))
    if tabular:
        first, second = (
            x.reshape(-1)[arrays.score_index] for x in (first + arrays.score * first.sum(0)[None, :], second)
        )
    earned = jnp.where(valid, J, 0.0).astype(jnp.float64)
    first, second = jnp.append(first, earned.sum()), jnp.append(second, (earned**2).sum())
    count = jnp.maximum(valid.sum(dtype=jnp.int64), 1).astype(jnp.float64)
    return first / count, jnp.maximum(second - first**2 / count, 0.0), steps


@lru_cache(maxsize=64)
def compiled(shape: Shape, specs: KernelArrays, blocks: int, mesh: Mesh) -> Any:
    """The program for `blocks` blocks, split over the mesh; nothing is summed across devices."""
    body = partial(block_moments, shape, mesh.devices.flat[0].platform != "cpu")
    # Each device returns its own blocks, and the host merges: no psum, whose transpose under grad would count
    # every device once more, and no order of summation that depends on the number of devices.
    spread = jax.shard_map(body, mesh=mesh, in_specs=(P(), P(), P("devices"), P("devices")), out_specs=P("devices"))
    u32 = partial(jax.ShapeDtypeStruct, dtype=jnp.uint32)
    with jax.enable_x64(True):
        return jax.jit(spread).lower(specs, u32((2,)), u32((blocks,)), u32((blocks,))).compile()


def describe_devices() -> tuple[str, bool]:
    """The devices in words, and whether they are accelerators.

    >>> name, accelerated = describe_devices()
    >>> accelerated == ("cpu" not in name)
    True
    """
    devices = jax.devices()
    kinds = sorted({d.device_kind for d in devices})
    return f"{len(devices)} x {', '.join(kinds)}", devices[0].platform != "cpu"


def device_mesh(devices: int | Sequence[jax.Device] | None) -> Mesh:
    """The devices as a mesh with the one axis ``devices``; None: all that JAX has."""
    available = jax.devices()
    if devices is None:
        chosen: Sequence[jax.Device] = available
    elif isinstance(devices, int):
        if not 1 <= devices <= len(available):
            raise SamplingError(
                f"found {devices}; JAX has {len(available)} of kind {available[0].platform}. "
                f"Give 1 ... {len(available)}",
                where="devices",
            )
        chosen = available[:devices]
    else:
        chosen = devices
    return jax.make_mesh((len(chosen),), ("devices",), axis_types=(AxisType.Auto,), devices=list(chosen))

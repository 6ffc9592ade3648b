r"""Trajectories on the step table, and the gradient of each, g = sum_t w_t z_t (U_t - b_t) or by stages.

A step takes one 32-bit word, one threshold and one packed record.  One pass over time where that is enough, and
nothing is kept of a trajectory but its sums:

- `Summation.DIRECT`: a trace :math:`e_t = \kappa e_{t-1} + w_t z_t` of scores meets every gain,
  :math:`g = \sum_t (u_t - c)\, e_t - w_t b_t z_t`.
- `Summation.PAIRS` with :math:`w_t U_t = R_T - R_t` (`Plan.telescopes`): the number of visits of each pair and the
  sum of :math:`R_t + w_t b_t` over them are enough, and one double holds both.  R_T - R_t loses what a double loses of
  R_T, so this is for plans whose last weights are not too small for it (`pgsym.sampling.layout.countable`).

Otherwise the entries are kept, and a second pass from the last step to the first knows U_t.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from pgsym.sampling.layout import KernelArrays, Shape, Summation
from pgsym.sampling.random import next_word, streams
from pgsym.sampling.sums import Paths, StageStep

UNROLL = 2
"""Steps in one turn of the loop: between them the streams need not go through memory."""

# All of it is traced with 64-bit types on (`jax.enable_x64`): packed records need them.


def rollout(
    arrays: KernelArrays, shape: Shape, key: jax.Array, ids: jax.Array, *, keep: bool = True
) -> tuple[jax.Array, jax.Array]:
    """J [B] and entries [T, B] of the trajectories `ids` [B] (uint32), in the smallest type; None without `keep`."""
    kept = jnp.uint16 if len(arrays.step) <= 2**16 else jnp.int32

    def visit(total: jax.Array, entry: jax.Array, record: jax.Array, v: jax.Array) -> tuple[jax.Array, Any]:
        return total + v * reward_of(record), entry.astype(kept) if keep else None

    total = jnp.zeros_like(ids, jnp.float32)
    found: tuple[jax.Array, jax.Array] = walk(arrays, shape, key, ids, visit, total, arrays.return_weight)
    return found


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
        # the first column of the next state's row
        base = (record & jnp.uint64((1 << shape.base_bits) - 1)).astype(jnp.int32)
        entry = draw(arrays.threshold, shape.bits, base, word)
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


def reward_of(record: jax.Array) -> jax.Array:
    """r(s,a,s')."""
    return lax.bitcast_convert_type((record >> jnp.uint64(32)).astype(jnp.uint32), jnp.float32)


def pair_of(arrays: KernelArrays, shape: Shape, record: jax.Array, entry: jax.Array) -> jax.Array:
    """The pair (s, a) of a step; N when absorbed."""
    if len(arrays.pair):
        return look(arrays.pair, entry)
    return (record.astype(jnp.uint32) >> jnp.uint32(32 - shape.pair_bits)).astype(jnp.int32)


def _pair_at(arrays: KernelArrays, shape: Shape, entry: jax.Array) -> jax.Array:
    return pair_of(arrays, shape, look(arrays.step, entry), entry)


Found = tuple[jax.Array, jax.Array, jax.Array]
"""Sums [R, B], J [B] and the transitions before absorption [B]."""


def gradients(arrays: KernelArrays, shape: Shape, key: jax.Array, ids: jax.Array) -> Found:
    """g [k, B], J [B] and the transitions before absorption [B] of the trajectories `ids`."""
    W, J, steps = sums(arrays, shape, key, ids)
    if shape.summation is Summation.PAIRS:
        W = jnp.matmul(arrays.score.T, W.astype(arrays.score.dtype), precision=lax.Precision.HIGHEST)
    elif shape.summation is Summation.TABULAR:
        W = W.reshape(*arrays.score.shape, -1)
        W = (W + arrays.score[:, :, None] * W.sum(0)[None]).reshape(shape.N, -1)[arrays.score_index]
    return W, J, steps


def sums(arrays: KernelArrays, shape: Shape, key: jax.Array, ids: jax.Array) -> Found:
    """The same before the scores are multiplied in: W [N, B] when summed by pairs or tabular, else g."""
    if not shape.forward:
        J, entries = rollout(arrays, shape, key, ids)
        return _scattered(arrays, shape, J, entries), J, lengths(arrays, shape, entries)
    return (_traced if shape.summation is Summation.DIRECT else _counted)(arrays, shape, key, ids)


def _traced(arrays: KernelArrays, shape: Shape, key: jax.Array, ids: jax.Array) -> Found:
    """g from the traces of the scores."""

    def visit(carry: Any, entry: jax.Array, record: jax.Array, at: Any) -> tuple[Any, None]:
        J, steps, traces, g = carry
        v, w = at
        pair = pair_of(arrays, shape, record, entry)
        scores = [look(z, pair) for z in arrays.score.T]
        if shape.telescopes:
            # w_t = v_t = kappa^t: the traces, divided by kappa^t, are plain sums.
            traces, u = tuple(e + z for e, z in zip(traces, scores, strict=True)), v * reward_of(record)
        else:
            fade = 1.0 if shape.whole_return else arrays.discount
            traces = tuple(fade * e + w * z for e, z in zip(traces, scores, strict=True))
            u = (look(arrays.gain, entry) if shape.gain else reward_of(record)) - arrays.centre
        if not shape.whole_return:
            g = tuple(total + u * e for total, e in zip(g, traces, strict=True))
        if shape.baseline:
            b = w * look(arrays.baseline, entry)
            g = tuple(total - b * z for total, z in zip(g, scores, strict=True))
        return (J + v * reward_of(record), _count(shape, steps, pair), traces, g), None

    zero = jnp.zeros_like(ids, jnp.float32)
    carry = (zero, _no_steps(shape, ids), (zero,) * shape.k, (zero,) * shape.k)
    (J, steps, traces, g), _ = walk(arrays, shape, key, ids, visit, carry, (arrays.return_weight, arrays.score_weight))
    if shape.whole_return:
        g = tuple(total + J * e for total, e in zip(g, traces, strict=True))
    return jnp.stack(g) if g else jnp.zeros((0, len(ids)), jnp.float32), J, steps


def _counted(arrays: KernelArrays, shape: Shape, key: jax.Array, ids: jax.Array) -> Found:
    """W from visits and what was earned before them: units and remainder of one double for each pair."""
    B = len(ids)
    trajectory = jnp.arange(B, dtype=jnp.int32)

    def visit(carry: Any, entry: jax.Array, record: jax.Array, w: jax.Array) -> tuple[Any, None]:
        J, steps, W = carry
        pair = pair_of(arrays, shape, record, entry)
        added = jnp.full_like(J, arrays.unit) if shape.whole_return else J + arrays.unit
        if shape.baseline:
            added = added + w * look(arrays.baseline, entry)
        W = W.at[pair * B + trajectory].add(added, mode="promise_in_bounds", unique_indices=True)
        return (J + w * reward_of(record), _count(shape, steps, pair), W), None

    zero = jnp.zeros_like(ids, jnp.float64)
    carry = (zero, _no_steps(shape, ids), jnp.repeat(zero, shape.N + 1))
    (J, steps, W), _ = walk(arrays, shape, key, ids, visit, carry, arrays.return_weight)
    W = W.reshape(shape.N + 1, B)[: shape.N]
    visits = jnp.round(W / arrays.unit)
    return visits * J[None, :] - (W - visits * arrays.unit), J, steps


def _no_steps(shape: Shape, ids: jax.Array) -> jax.Array:
    return jnp.full_like(ids, 0 if shape.ends else shape.T, jnp.int32)


def _count(shape: Shape, steps: jax.Array, pair: jax.Array) -> jax.Array:
    return steps + (pair < shape.N).astype(jnp.int32) if shape.ends else steps


def weights(
    arrays: KernelArrays, shape: Shape, key: jax.Array, ids: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Pairs and weights [T, B] of the steps of one score each, J [B] and the transitions before absorption [B]."""
    kept = jnp.uint16 if shape.N < 2**16 else jnp.int32
    if not shape.telescopes or shape.whole_return or shape.baseline:

        def keep(_: None, pair: jax.Array, weight: jax.Array) -> tuple[None, tuple[jax.Array, jax.Array]]:
            return None, (pair.astype(kept), weight)

        J, entries = rollout(arrays, shape, key, ids)
        _, (pairs, found) = weighed(arrays, shape, J, entries, keep, None)
        return pairs, found, J, lengths(arrays, shape, entries)

    def visit(carry: Any, entry: jax.Array, record: jax.Array, v: jax.Array) -> tuple[Any, Any]:
        J, steps = carry
        pair, earned = pair_of(arrays, shape, record, entry), v * reward_of(record)
        return (J + earned, _count(shape, steps, pair)), (pair.astype(kept), earned)

    def back(later: jax.Array, earned: jax.Array) -> tuple[jax.Array, jax.Array]:
        return later + earned, later + earned

    zero = jnp.zeros_like(ids, jnp.float32)
    start = (zero, _no_steps(shape, ids))
    (J, steps), (pairs, earned) = walk(arrays, shape, key, ids, visit, start, arrays.return_weight)
    # Summed from the last step on, no small weight is lost in a large return.
    _, found = lax.scan(back, zero, earned, reverse=True, unroll=UNROLL)
    return pairs, found, J, steps


def weighed(
    arrays: KernelArrays,
    shape: Shape,
    J: jax.Array,
    entries: jax.Array,
    add: Callable[[Any, jax.Array, jax.Array], tuple[Any, Any]],
    carry: Any,
) -> tuple[Any, Any]:
    """``add(carry, pair, weight)`` for every step, from the last to the first; the weight is w_t (U_t - b_t)."""
    if shape.paths is not None:
        return _weighed_by_stages(arrays, shape, shape.paths, entries, add, carry)

    def gain(entry: jax.Array) -> jax.Array:
        return look(arrays.gain, entry) if shape.gain else reward_of(look(arrays.step, entry))

    def back(state: Any, at: Any) -> tuple[Any, Any]:
        U, carry = state
        entry, w, *late = at
        pair = _pair_at(arrays, shape, entry)
        if not shape.whole_return:
            U = gain(entry) - arrays.centre + arrays.discount * U
            if late:
                U = U - arrays.beyond * gain(late[0]) + arrays.beyond * arrays.centre
        carry, seen = add(carry, pair, w * (U - look(arrays.baseline, entry) if shape.baseline else U))
        return (U, carry), seen

    along: tuple[jax.Array, ...] = (entries, arrays.score_weight)
    if shape.window is not None:
        # Past the end stands the last entry of the table, which is absorbed and gains nothing.
        padding = jnp.full((shape.window, len(J)), len(arrays.step) - 1, entries.dtype)
        along = (*along, jnp.concatenate([entries, padding])[shape.window :])
    U = J if shape.whole_return else jnp.zeros_like(J)
    (_, carry), seen = lax.scan(back, (U, carry), along, reverse=True)
    return carry, seen


def _weighed_by_stages(
    arrays: KernelArrays, shape: Shape, paths: Paths, entries: jax.Array, add: Callable[..., Any], carry: Any
) -> tuple[Any, Any]:
    """`weighed` with the weights W_t of `pgsym.sampling.sums`: F in a pass forward, B in one backward."""
    table, others = arrays.functions, (shape.kinds - 1) // (2 if shape.cut else 1)
    places = entries.astype(jnp.int32)
    if shape.cut:  # the last step has functions of its own: the second half of the table
        places = places.at[-1].add(table.shape[1] // 2)
    zero = jnp.zeros_like(entries[0], jnp.float32)

    def factor(move: StageStep, place: jax.Array) -> jax.Array:
        return arrays.powers[move.power] * look(table[move.function], place)

    def forward(F: tuple[jax.Array, ...], place: jax.Array) -> tuple[Any, Any]:
        moved = [zero] * paths.before
        for move in paths.earlier:
            moved[move.target] = moved[move.target] + F[move.source] * factor(move, place)
        return tuple(moved), F

    def back(state: Any, at: Any) -> tuple[Any, Any]:
        after, carry = state
        entry, place, F = at
        ended = (*after, jnp.ones_like(zero))
        weights = [zero] * (1 + others)
        for move in paths.scoring:
            added = F[move.source] * factor(move, place) * ended[move.target]
            weights[move.vector] = weights[move.vector] + added
        moved = [zero] * paths.after
        for move in paths.later:
            moved[move.source] = moved[move.source] + factor(move, place) * ended[move.target]
        pair, seen = _pair_at(arrays, shape, entry), None
        for kind, weight in enumerate(weights):
            row = pair + kind * (shape.N + 1)
            if kind and shape.cut:
                row = row + (place != entry) * (others * (shape.N + 1))
            carry, seen = add(carry, row, weight)
        return (tuple(moved), carry), seen

    start = [zero] * paths.before
    for k, stage in enumerate(paths.first):
        start[stage] = start[stage] + arrays.constants[k]
    _, before = lax.scan(forward, tuple(start), places)
    (_, carry), seen = lax.scan(back, ((zero,) * paths.after, carry), (entries, places, before), reverse=True)
    return carry, seen


def _scattered(arrays: KernelArrays, shape: Shape, J: jax.Array, entries: jax.Array) -> jax.Array:
    """W [N, B] or g [k, B]."""
    B = len(J)
    trajectory = jnp.arange(B, dtype=jnp.int32)
    by_pair = shape.summation in (Summation.PAIRS, Summation.TABULAR)

    def add(W: Any, pair: jax.Array, weight: jax.Array) -> tuple[Any, None]:
        if shape.summation is Summation.DIRECT:
            return tuple(g + weight * look(z, pair) for g, z in zip(W, arrays.score.T, strict=True)), None
        if by_pair:
            return W.at[pair * B + trajectory].add(weight, mode="promise_in_bounds", unique_indices=True), None
        place = look(arrays.score_index, pair).T * B + trajectory[None, :]
        added = weight[None, :] * look(arrays.score_value, pair).T
        return W.at[place].add(added, mode="promise_in_bounds", unique_indices=True), None

    zero = jnp.zeros_like(J)
    if shape.summation is Summation.DIRECT:
        g, _ = weighed(arrays, shape, J, entries, add, (zero,) * shape.k)
        return jnp.stack(g)
    rows = shape.N + 1 if by_pair else shape.k + arrays.score_index.shape[1]
    W, _ = weighed(arrays, shape, J, entries, add, jnp.repeat(zero, shape.kinds * rows))
    W = W.reshape(shape.kinds, rows, B)[:, : shape.N if by_pair else shape.k]
    return W.reshape(-1, B)


def lengths(arrays: KernelArrays, shape: Shape, entries: jax.Array) -> jax.Array:
    """[B] transitions before absorption; the absorbing row is the last."""
    return (entries < 2 * (len(arrays.threshold) - shape.width)).sum(0, dtype=jnp.int32)

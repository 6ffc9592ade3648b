r"""The weight of each step's score in any sum of products over time, from two passes over a trajectory.

Before each step a term is in a *stage*: which of its times have happened (`pgsym.claims.trajectories.stages`).
With :math:`F_t` what the steps before t multiply to, and :math:`B_t` what those from t on do, by stage,

.. math:: W_t = \sum_{\text{moves}} F_t(\text{stage})\, f(s_t,a_t,s_{t+1})\, B_{t+1}(\text{next stage}),
   \qquad g = \sum_t W_t\, z_t

where the moves are those at which the time of the score happens.  F runs forward and B backward.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from pgsym.sampling.tables import Floats


class StageStep(NamedTuple):
    """A move between two stages, by number."""

    source: int
    target: int
    """Of what follows the score, the stage after the last is the end."""
    function: int
    """Row of what it is multiplied by."""
    power: int
    """Number of the weight that grows until the next step."""


@dataclass(frozen=True)
class Paths:
    """The stages of all terms and the moves between them: what fixes the program."""

    before: int
    """Stages before the score."""
    after: int
    """Stages after it."""
    first: tuple[int, ...]
    """In which stage each term begins."""
    earlier: tuple[StageStep, ...]
    scoring: tuple[StageStep, ...]
    later: tuple[StageStep, ...]


@dataclass(frozen=True)
class Staged:
    """What a general plan multiplies and adds."""

    paths: Paths
    functions: Floats
    """[K, O] what a move is multiplied by; 0 once a run has ended."""
    cut: Floats | None
    """[K, O] the same at the last step, where that counts as the end of the run; None: as at any other."""
    powers: Floats
    """[M] weights that grow from one step to the next."""
    constants: Floats
    """[terms]"""


def weigh_by_stages(
    arrays: Any,
    paths: Paths,
    cut: bool,
    entries: jax.Array,
    pair: Callable[[jax.Array], jax.Array],
    add: Callable[[Any, jax.Array, jax.Array], tuple[Any, Any]],
    carry: Any,
) -> tuple[Any, Any]:
    """``add(carry, pair, weight)`` for every step, from the last to the first.

    Parameters
    ----------
    cut
        Whether the last step has functions of its own: the second half of the table.
    pair
        The pair (s, a) of an entry.
    """
    table = arrays.functions
    places = entries.astype(jnp.int32)
    if cut:
        places = places.at[-1].add(table.shape[1] // 2)
    zero = jnp.zeros_like(entries[0], jnp.float32)

    def factor(move: StageStep, place: jax.Array) -> jax.Array:
        return arrays.powers[move.power] * table[move.function].at[place].get(mode="promise_in_bounds")

    def forward(F: tuple[jax.Array, ...], place: jax.Array) -> tuple[Any, Any]:
        moved = [zero] * paths.before
        for move in paths.earlier:
            moved[move.target] = moved[move.target] + F[move.source] * factor(move, place)
        return tuple(moved), F

    def back(state: Any, at: Any) -> tuple[Any, Any]:
        after, carry = state
        entry, place, F = at
        ended = (*after, jnp.ones_like(zero))
        weight = zero
        for move in paths.scoring:
            weight = weight + F[move.source] * factor(move, place) * ended[move.target]
        moved = [zero] * paths.after
        for move in paths.later:
            moved[move.source] = moved[move.source] + factor(move, place) * ended[move.target]
        carry, seen = add(carry, pair(entry), weight)
        return (tuple(moved), carry), seen

    start = [zero] * paths.before
    for k, stage in enumerate(paths.first):
        start[stage] = start[stage] + arrays.constants[k]
    _, before = lax.scan(forward, tuple(start), places)
    (_, carry), seen = lax.scan(back, ((zero,) * paths.after, carry), (entries, places, before), reverse=True)
    return carry, seen

r"""The weight of each step's score in any sum of products over time, from two passes over a trajectory.

Before each step a term is in a *stage*: which of its times have happened (`pgsym.claims.trajectories.stages`).
With :math:`F_t` what the steps before t multiply to, and :math:`B_t` what those from t on do, by stage,

.. math:: W_t = \sum_{\text{moves}} F_t(\text{stage})\, f(s_t,a_t,s_{t+1})\, B_{t+1}(\text{next stage}),
   \qquad g = \sum_t W_t\, z_t

where the moves are those at which the time of the score happens.  F runs forward and B backward.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from pgsym.claims.language import tree as t
from pgsym.claims.trajectories.stages import Stage, StageMove
from pgsym.errors import SamplingError
from pgsym.limits import SAMPLED_MOVES
from pgsym.sampling.factors import StepFunctions
from pgsym.sampling.score_terms import ScoreTerm
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


def stage_plan(terms: Sequence[ScoreTerm], functions: StepFunctions, bootstrap: bool) -> Staged:
    """All moves of all terms, with their numbers.

    Raises
    ------
    SamplingError
        There are too many.

    Examples
    --------
    >>> from pgsym.estimators.estimator import find_estimator
    >>> from pgsym.model import Objective, Problem
    >>> from pgsym.sampling.score_terms import score_terms
    >>> from pgsym.sampling.tables import build_tables
    >>> estimator = find_estimator("sum[t] sum[u<t] r_u * grad log pi(a_t|s_t) * r_t")
    >>> functions = StepFunctions(build_tables(Problem.of("two-state").at()), Objective.START_STATE, estimator)
    >>> paths = stage_plan(score_terms(estimator), functions, True).paths
    >>> paths.before, paths.after, len(paths.earlier), len(paths.scoring)
    (2, 0, 3, 1)
    """
    return _Numbering(functions).plan(terms, bootstrap)


@dataclass
class _Numbering:
    functions: StepFunctions
    products: dict[Hashable, tuple[int, tuple[t.Node, ...]]] = field(default_factory=dict)
    powers: dict[tuple[t.Node, ...], int] = field(default_factory=dict)
    nodes: dict[Hashable, int] = field(default_factory=dict)
    before: dict[Hashable, int] = field(default_factory=dict)
    after: dict[Hashable, int] = field(default_factory=dict)

    def plan(self, terms: Sequence[ScoreTerm], bootstrap: bool) -> Staged:
        found: dict[str, list[StageStep]] = {"earlier": [], "scoring": [], "later": []}
        first, known = [], set[int]()
        for k, term in enumerate(terms):
            stages = term.stages
            ordered = stages.backwards()[::-1]
            first.append(self.before.setdefault((k, stages.first), len(self.before)))
            for stage in ordered:
                scored = term.time in stage.happened
                source = self._number(k, term, stage)
                if scored and source in known:
                    continue  # another term has the same future
                if scored:
                    known.add(source)
                for move in stages.moves(stage):
                    kind = "later" if scored else "scoring" if term.time in move.to.happened else "earlier"
                    found[kind].append(self._step(k, term, source, move))
            if (count := sum(map(len, found.values()))) > SAMPLED_MOVES:
                raise SamplingError(
                    f"found more than {count} moves between the stages of its terms; a sampler follows at most "
                    f"{SAMPLED_MOVES}. Use smaller windows or fewer terms",
                    where="estimator",
                )
        end = len(self.after)
        paths = Paths(
            len(self.before),
            end,
            tuple(first),
            tuple(found["earlier"]),
            *(tuple(m if m.target >= 0 else m._replace(target=end) for m in found[k]) for k in ("scoring", "later")),
        )
        products = [nodes for _, nodes in self.products.values()]
        return Staged(
            paths,
            np.stack([self.functions.by_outcome(nodes) for nodes in products]),
            None if bootstrap else np.stack([self.functions.by_outcome(nodes, cut=True) for nodes in products]),
            np.array([self.functions.number(nodes) for nodes in self.powers]),
            np.array([self.functions.number(f.node for f in term.term.constants) for term in terms]),
        )

    def _number(self, k: int, term: ScoreTerm, stage: Stage) -> int:
        """Of a stage; -1 for the end."""
        if stage.happened == term.stages.end:
            return -1
        if term.time not in stage.happened:
            return self.before.setdefault((k, stage), len(self.before))
        future = term.stages.future(stage, lambda node: self.nodes.setdefault(node, len(self.nodes)))
        return self.after.setdefault(future, len(self.after))

    def _step(self, k: int, term: ScoreTerm, source: int, move: StageMove) -> StageStep:
        nodes = tuple(f.node for f in (*move.factors, *move.running))
        function, _ = self.products.setdefault(frozenset(Counter(nodes).items()), (len(self.products), nodes))
        power = self.powers.setdefault(tuple(p.base for p in move.powers), len(self.powers))
        return StageStep(source, self._number(k, term, move.to), function, power)


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

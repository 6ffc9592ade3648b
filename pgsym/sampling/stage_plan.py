"""The stages of an estimator's terms, numbered, with what stands at each move: what `pgsym.sampling.staged` follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pgsym.claims.language import tree as t
from pgsym.claims.trajectories.stages import Stage, StageMove
from pgsym.errors import SamplingError
from pgsym.limits import SAMPLED_MOVES
from pgsym.sampling.factors import StepFunctions
from pgsym.sampling.score_terms import ScoreTerm
from pgsym.sampling.staged import Paths, Staged, StageStep


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

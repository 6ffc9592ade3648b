"""Means over runs in tensors: between two times of a product lies a resolvent, with the powers that grow there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.trajectories.stages import Stage, StageMove, Stages
from pgsym.claims.trajectories.terms import Expansion, StepFactor, Term
from pgsym.prover.tensors import Factor, Names, Terms, new_index, product, renamed

if TYPE_CHECKING:
    from pgsym.prover.reading import Reading

ENDING = "every run ends"
"""What a sum over time without a weight needs."""

REWARD = "R"
"""The reward of a step, until all of its powers are together."""


class RunTensors:
    """E, Var and Cov of a claim; parameters as for `pgsym.claims.trajectories.means.RunMeans`."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def terms(self, node: t.Node, names: Names, *, trace: bool = False) -> Terms:
        """The value of E, Var or Cov as a sum of products; of a matrix the whole, or its trace."""
        assert isinstance(node, runs.RunExpect | runs.Covariance)
        rank = self.reading.scope.rank
        if isinstance(node, runs.RunExpect) and node.operator == "E":
            return self._mean(node, names, (node.body, ("i0", "i1")[: rank(node.body) or 0]))
        left, right = (node.body, node.body) if isinstance(node, runs.RunExpect) else (node.left, node.right)
        labels = (new_index("i"),) * 2 if trace else ("i0", "i1")
        first, second = (left, labels[: rank(left) or 0]), (right, labels[1:][: rank(right) or 0])
        apart = product(self._mean(node, names, first), self._mean(node, names, second))
        return self._mean(node, names, first, second) + [(-c, fs) for c, fs in apart]

    def _mean(self, node: Any, names: Names, *sides: tuple[t.Node, tuple[str, ...]]) -> Terms:
        expand = Expansion.of_runs(self.reading.scope, node)
        products = [Term()]
        for side, axes in sides:
            products = [x.times(y) for x in products for y in expand.terms(side, axes)]
        given = [self.reading.index(i, names, node) for i in node.indices]
        return [part for term in products for part in _TermMean(self.reading, node, names, term).mean(given)]


class _TermMean:
    """The mean of one term."""

    def __init__(self, reading: Reading, node: Any, names: Names, term: Term) -> None:
        self.reading = reading
        self.node = node
        self.names = names
        self.term = term
        letter = reading.equations.letter
        self.mark = "'" if node.primed else ""
        self.pi, self.P = letter("pi", self.mark), letter("P", self.mark)
        self.stages = Stages(term, lambda message: reading.scope.error(message, node))
        self.labels: dict[str, str] = {}

    def mean(self, given: Sequence[str]) -> Terms:
        """From these, or from the start distribution."""
        found = self._factors(self.term.constants, {})
        if not self.term.steps:
            return found
        if len(given) == 2:
            moves = self.stages.moves(self.stages.first)
            return product(found, [part for m in moves for part in self._move(m, *given)])
        if given:
            return product(found, self._from(self.stages.first, given[0]))
        s = new_index("s")
        return product(found, product([(1, [("mu0", s)])], self._from(self.stages.first, s)))

    def _from(self, stage: Stage, s: str) -> Terms:
        """The mean of what is to come, before a step from a state."""
        moves = self.stages.moves(stage)
        stay = next((m for m in moves if m.to == stage), None)
        x = s if stay is None else new_index("s")
        found: Terms = []
        for m in moves:
            if m.to != stage:
                a = new_index("a")
                found += product([(1, [(self.pi, x, a)])], self._move(m, x, a))
        return found if stay is None or not found else product(self._resolvent(stay, s, x), found)

    def _move(self, move: StageMove, s: str, a: str) -> Terms:
        """One step, and what comes after it."""
        y = new_index("s")
        here = self._factors((*move.factors, *move.running), {"s_0": s, "a_0": a, "s_1": y})
        weight = self._weight(move)
        if move.to.happened == self.stages.end:
            step = [(c * weight, [*fs, (self.P, s, a, y)] if any(y in f for f in fs) else fs) for c, fs in here]
            return [(c, self._rewards(fs)) for c, fs in step]
        step = [(c * weight, self._rewards([*fs, (self.P, s, a, y)])) for c, fs in here]
        return product(step, self._from(move.to, y))

    def _resolvent(self, stay: StageMove, s: str, x: str) -> Terms:
        """All steps at which nothing happens; products over them may change the policy."""
        policy = self.pi
        if stay.running:
            here, a, y = new_index("s"), new_index("a"), new_index("s")
            terms = self._factors(stay.running, {"s_0": here, "a_0": a, "s_1": y})
            names = Counter([self.pi, *(f[0] for _, fs in terms for f in fs)])
            for pi in ("pi", "pi'"):
                names[pi] -= names.pop(f"i{pi}", 0)
            left = sorted(names.elements()) if min(names.values()) >= 0 else []
            elsewhere = any(f[1:] != (here, a) for _, fs in terms for f in fs)
            if elsewhere or len(terms) != 1 or terms[0][0] != 1 or left not in (["pi"], ["pi'"]):
                raise self.reading.outside(self.node, "found a product over time of other than ratios of policies")
            (policy,) = left
        mark = self.reading.mark_of(policy, self.P)
        return self.reading.resolvent(self._weight(stay), mark, s, x)

    def _weight(self, move: StageMove) -> Any:
        weight = self.reading.field.one
        for power in move.powers:
            weight = weight * self.reading.number(power.base)
        return weight

    def _factors(self, factors: Sequence[StepFactor], step: dict[str, str]) -> Terms:
        found: Terms = [(self.reading.field.one, [])]
        for factor in factors:
            axes = {f"i{k}": self._label(axis) for k, axis in enumerate(factor.axes)}
            own = self.reading.terms(factor.node, {**self.names, **step})
            found = product(found, [(c, renamed(fs, axes)) for c, fs in own])
        return found

    def _label(self, axis: str) -> str:
        """The index of a label: those of the result are free."""
        if axis.startswith("i"):
            return axis
        return self.labels.setdefault(axis, new_index("i"))

    def _rewards(self, factors: list[Factor]) -> list[Factor]:
        """k times the reward of one step as its k-th moment, given where the step leads."""
        powers = Counter(f for f in factors if f[0] == REWARD)
        rest = [f for f in factors if f[0] != REWARD]
        letter = self.reading.equations.letter
        return rest + [(letter("r3" if k == 1 else f"r^{k}", self.mark), *f[1:]) for f, k in powers.items()]

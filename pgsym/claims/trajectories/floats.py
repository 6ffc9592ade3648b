"""The runs of a policy in float64, for hundreds of states and thousands of parameters: arrays, not dictionaries.

A tensor {labels: array} has an axis for the states and one over the parameters for each open label.  A vector factor
is sparse, [M, k] by outcome; two of them in one step are multiplied row by row, [M, k k].
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pgsym.algebra.floating import sparse_lu, sparse_of
from pgsym.claims.evaluation import CUT_OFF
from pgsym.claims.trajectories.chain import AXES, Key, Move, RunChain, Tensor
from pgsym.claims.trajectories.resolvent import END, Resolvent
from pgsym.claims.trajectories.terms import StepFactor

Array = NDArray[Any]

Labels = tuple[str, ...]


class FloatRunChain(RunChain):
    """`RunChain` over float64."""

    def __init__(self, *given: Any, parameters: Sequence[Hashable], **options: Any) -> None:
        super().__init__(*given, **options)
        self.parameters = list(parameters)
        """What a label stands for, in the order of the columns."""
        self._column = {p: k for k, p in enumerate(self.parameters)}
        pi = self.quantities.pi
        rows = [
            (i, self.index.get(target, END), s, a, target, float(pi[s][a] * chance), reward)
            for i, s in enumerate(self.states)
            for a in self.world.policy.actions(s)
            if not self._never(s, a)
            for target, chance, reward in self.world.mdp.outcomes(s, a)
        ]
        self.outcomes = [(s, a, target, reward) for _, _, s, a, target, _, reward in rows]
        self.source = np.array([row[0] for row in rows], dtype=int)
        self.target = np.array([row[1] for row in rows], dtype=int)
        self.probability = np.array([row[5] for row in rows])
        self.inside = self.target != END
        self._factors: dict[tuple[StepFactor, bool, bool], Array | sparse.csr_array] = {}
        self._steps: dict[tuple[tuple[StepFactor, ...], bool, bool], _Step] = {}
        self._systems: dict[tuple[tuple[StepFactor, ...], float], FloatResolvent] = {}

    def factor(self, factor: StepFactor, cut: bool, first: bool) -> Array | sparse.csr_array:
        """[M] a function of the step, or [M, k] a vector, [M, k k] a matrix; 0 where a run cannot take the step."""
        if (factor, cut, first) not in self._factors:
            compiled, k = self.compile(factor.node), len(self.parameters)
            values = [
                compiled({**self.env, "s_0": s, "a_0": a, "s_1": CUT_OFF if cut else target, "r_0": reward})
                if not first or self.start[i]
                else {}
                if factor.axes
                else 0.0
                for i, (s, a, target, reward) in zip(self.source, self.outcomes, strict=True)
            ]
            if not factor.axes:
                self._factors[factor, cut, first] = np.array(values, dtype=float)
            else:
                whole = (
                    self._column
                    if len(factor.axes) == 1
                    else {(p, q): i * k + j for p, i in self._column.items() for q, j in self._column.items()}
                )
                entries = [(m, whole[p], float(e)) for m, v in enumerate(values) for p, e in v.items()]
                row, column, value = zip(*entries, strict=True) if entries else ((), (), ())
                shape = len(values), k ** len(factor.axes)
                self._factors[factor, cut, first] = sparse.csr_array((value, (row, column)), shape=shape)
        return self._factors[factor, cut, first]

    def stepped(self, factors: tuple[StepFactor, ...], cut: bool = False, first: bool = False) -> _Step:
        """What stands at a step with these factors."""
        if (factors, cut, first) not in self._steps:
            made = _Step(self.probability, None, ())
            for factor in factors:
                made = made.times(self.factor(factor, cut, first), factor.axes, len(self.parameters))
            self._steps[factors, cut, first] = made
        return self._steps[factors, cut, first]

    # -- steps -----------------------------------------------------------------------------------------------

    def step(self, moves: Sequence[Move], *, first: bool = False) -> Tensor:
        return self._summed(moves, None)

    def weighed(self, weights: Any, moves: Sequence[Move]) -> Tensor:
        return self._summed(moves, weights)

    def finished(self, total: Any) -> dict[Key, Any]:
        return self._keyed(total)

    def forward(self, weights: Any, move: Move) -> Any:
        step = self.stepped(move.factors, move.cut)
        chance = (weights[self.source] * step.scalar * move.weight)[self.inside]
        return np.bincount(self.target[self.inside], chance, minlength=len(self.states))

    @cached_property
    def start(self) -> Any:
        return np.array([float(self.mu0.get(s, 0.0)) for s in self.states])

    def started(self, moves: Sequence[Move], again: Any) -> dict[Key, Any]:
        if again is None:
            return self.finished(self.weighed(self.start, moves))
        return self.finished(self.weighed(again.visits(self.start), moves))

    def at(self, tensor: Tensor, state: Any) -> dict[Key, Any]:
        return self._keyed({labels: x[self.index[state]] for labels, x in tensor.items()})

    def _summed(self, moves: Sequence[Move], weights: Array | None) -> dict[Labels, Array]:
        total: dict[Labels, Array] = {}
        for move in moves:
            step = self.stepped(move.factors, move.cut, weights is self.start)
            scalar = step.scalar * move.weight
            if weights is not None:
                scalar = scalar * weights[self.source]
            whole = weights is not None
            if move.last:
                parts = [(step.labels, self._landed(step, scalar, whole=whole))]
            else:
                parts = [self._together(step, scalar, labels, x, whole=whole) for labels, x in move.after.items()]
            for labels, x in parts:
                if labels in total:
                    total[labels] += x
                else:
                    total[labels] = x
        return total

    def _landed(self, step: _Step, scalar: Array, *, whole: bool) -> Array:
        """What stands at a step, summed over the outcomes of each state, or over all."""
        if step.vector is None:
            return np.asarray(scalar.sum()) if whole else np.bincount(self.source, scalar, minlength=len(self.states))
        found = (scalar if whole else self._collect(scalar)) @ step.vector
        dense: Array = found.toarray() if isinstance(found, sparse.csr_array) else np.asarray(found)
        return dense.reshape(*dense.shape[:-1], *[len(self.parameters)] * len(step.labels))

    def _collect(self, scalar: Array) -> sparse.csr_array:
        """[S, M] by which the outcomes of each state are added up."""
        shape = (len(self.states), len(scalar))
        return sparse.csr_array((scalar, (self.source, np.arange(len(scalar)))), shape=shape)

    def _together(self, step: _Step, scalar: Array, labels: Labels, x: Array, *, whole: bool) -> tuple[Labels, Array]:
        """One step times what follows, summed over the outcomes of each state, or over all."""
        S, k = len(self.states), len(self.parameters)
        inside, target, source = self.inside, self.target, self.source
        if step.vector is None:
            flat = x.reshape(S, -1)
            if whole:
                found = np.bincount(target[inside], scalar[inside], minlength=S) @ flat
            else:
                matrix = sparse.csr_array((scalar[inside], (source[inside], target[inside])), shape=(S, S))
                found = matrix @ flat
            return labels, np.reshape(found, (*np.shape(found)[:-1], *x.shape[1:]))
        own = step.labels
        if not labels:
            return own, self._landed(step, np.where(inside, scalar * x[target], 0.0), whole=whole)
        if own == labels and len({label in AXES for label in own}) == 1:
            row, column, value = step.entries
            keep = inside[row]
            row, column, value = row[keep], column[keep], value[keep]
            products = scalar[row] * value * x.reshape(S, -1)[target[row], column]
            if not any(label in AXES for label in own):
                return (), np.asarray(products.sum()) if whole else np.bincount(source[row], products, minlength=S)
            width = k ** len(own)
            if whole:
                return own, np.bincount(column, products, minlength=width).reshape([k] * len(own))
            found = np.bincount(source[row] * width + column, products, minlength=S * width)
            return own, found.reshape(S, *[k] * len(own))
        if shared := {*own} & {*labels}:
            kept = tuple(sorted({*own, *labels} - (shared - {*AXES})))
            places = {label: i for i, label in enumerate({*own, *labels}, 1)}
            here = step.vector.toarray().reshape(-1, *[k] * len(own))
            first, second, third = ([0, *(places[label] for label in part)] for part in (own, labels, kept))
            each = np.einsum(np.where(inside, scalar, 0.0), [0], here, first, x[target], second, third)
            each = each.reshape(len(source), -1)
            found = each.sum(0) if whole else self._collect(np.ones(len(source))) @ each
            return kept, np.reshape(found, (*found.shape[:-1], *[k] * len(kept)))
        flat = np.where(inside[:, None], x.reshape(S, -1)[target], 0.0)
        if whole:
            found = np.asarray((sparse.diags_array(scalar) @ step.vector).T @ flat)
        else:
            blocks = [np.flatnonzero(source == i) for i in range(S)]
            found = np.stack([np.asarray((sparse.diags_array(scalar[o]) @ step.vector[o]).T @ flat[o]) for o in blocks])
        lead = found.shape[:-2]
        found = found.reshape(*lead, *[k] * (len(own) + len(labels)))
        order = tuple(sorted((*own, *labels)))
        axes = [len(lead) + (*own, *labels).index(label) for label in order]
        return order, np.transpose(found, [*range(len(lead)), *axes])

    def _keyed(self, tensor: Mapping[Labels, Array]) -> dict[Key, Any]:
        """By parameter, zeros left out."""
        found: dict[Key, Any] = {}
        for labels, x in tensor.items():
            for place in zip(*np.nonzero(x), strict=True) if labels else [()]:
                key = tuple((label, self.parameters[j]) for label, j in zip(labels, place, strict=True))
                found[key] = float(x[place])
        return found

    def system(self, running: tuple[StepFactor, ...], weight: float) -> FloatResolvent:
        if (running, weight) not in self._systems:
            self._systems[running, weight] = FloatResolvent(self, running, weight)
        return self._systems[running, weight]


class _Step:
    """What stands at a step, by outcome: a number [M], and with labels a sparse row of parameters [M, k...]."""

    def __init__(self, scalar: Array, vector: sparse.csr_array | None, labels: Labels) -> None:
        self.scalar = scalar
        self.vector = vector
        self.labels = labels

    @cached_property
    def entries(self) -> tuple[Array, Array, Array]:
        """Outcome, column and value of what is not 0."""
        assert self.vector is not None
        found = self.vector.tocoo()
        return found.coords[0], found.coords[1], found.data

    def times(self, factor: Array | sparse.csr_array, axes: Labels, k: int) -> _Step:
        """With one more factor, over k parameters; a label that stands twice is summed over, or kept if it is open."""
        if not axes:
            return _Step(self.scalar * factor, self.vector, self.labels)
        added = sparse.csr_array(factor)
        if self.vector is None and len(axes) == 1:
            return _Step(self.scalar, added, axes)
        before = sparse.csr_array(np.ones((len(self.scalar), 1))) if self.vector is None else self.vector
        if self.labels == axes and len(axes) == 1:
            product = sparse.csr_array(before * added)
            if any(x in AXES for x in axes):
                return _Step(self.scalar, product, axes)
            return _Step(self.scalar * np.asarray(product.sum(axis=1)).reshape(-1), None, ())
        labels, made = (*self.labels, *axes), _rowwise(before, added).tocoo()
        places = np.unravel_index(made.coords[1], [k] * len(labels))
        kept = tuple(sorted({x for x in labels if x in AXES or labels.count(x) == 1}))
        meet = np.all([place == places[labels.index(x)] for x, place in zip(labels, places, strict=True)], axis=0)
        row, value = made.coords[0][meet], made.data[meet]
        if not kept:
            return _Step(self.scalar * np.bincount(row, value, minlength=len(self.scalar)), None, ())
        column = np.ravel_multi_index([places[labels.index(x)][meet] for x in kept], [k] * len(kept))
        return _Step(self.scalar, sparse.csr_array((value, (row, column)), (len(self.scalar), k ** len(kept))), kept)


def _rowwise(x: sparse.csr_array, y: sparse.csr_array) -> sparse.csr_array:
    """[M, k l] the outer product of each row of [M, k] with that of [M, l]."""
    counts = np.diff(y.indptr)[np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))]
    row = np.repeat(np.repeat(np.arange(x.shape[0]), np.diff(x.indptr)), counts)
    left, value = np.repeat(x.indices, counts), np.repeat(x.data, counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    place = y.indptr[row] + np.arange(len(row)) - before
    column = left.astype(np.int64) * y.shape[1] + y.indices[place]
    return sparse.csr_array((value * y.data[place], (row, column)), shape=(x.shape[0], x.shape[1] * y.shape[1]))


class FloatResolvent(Resolvent):
    """(I - weight P)^-1 by SuperLU, for right-hand sides of any number of columns."""

    chain: FloatRunChain

    def __init__(self, chain: FloatRunChain, running: tuple[StepFactor, ...], weight: float) -> None:
        rows: list[dict[int, float]] = [{} for _ in chain.states]
        chance = chain.stepped(running).scalar
        for i, j, p in zip(chain.source.tolist(), chain.target.tolist(), chance.tolist(), strict=True):
            rows[i][j] = rows[i].get(j, 0.0) + p
        super().__init__(chain, rows, weight, running)

    def _factor(self, rows: list[dict[int, Any]]) -> Any:
        entries = [(i, j, e) for i, row in enumerate(rows) for j, e in row.items()]
        return sparse_lu(sparse_of(entries, (len(rows), len(rows))), where="E[tau]")

    def solve(self, tensor: Tensor) -> Tensor:
        found: dict[Labels, Array] = {}
        for labels, x in tensor.items():
            flat = x.reshape(len(x), -1)
            full = np.zeros_like(flat)
            if self.kept:
                full[self.kept] = self.factored.solve(np.ascontiguousarray(flat[self.kept]))
            found[labels] = full.reshape(x.shape)
        return found

    def visits(self, start: Array) -> Array:
        """How often each state is passed, weighted; 0 where runs may stay for ever."""
        full = np.zeros_like(start)
        if self.kept:
            full[self.kept] = self.factored.solve(start[self.kept], trans="T")
        return full

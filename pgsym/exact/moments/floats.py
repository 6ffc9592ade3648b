"""The moment recursions in float64, for hundreds of states and thousands of parameters: sparse SciPy matrices."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from pgsym.algebra.floating import sparse_lu
from pgsym.exact.moments.space import Array, Form, Indexed
from pgsym.exact.moments.transitions import Steps


class FloatSpace(Indexed):
    """What `FieldSpace` does, on arrays of float64.

    The diagonal and the trace of second moments take time and memory of the order of the scores that are not zero
    times the outcomes of a pair, and of S k for functions of the state; the full form takes k^2 more.
    """

    zero, one = 0.0, 1.0

    def __init__(self, steps: Steps) -> None:
        super().__init__(steps)
        self.pi = self.array(steps.pi)
        self.probability = self.array(steps.probability)
        self.reward = self.array(steps.reward)
        self.start = self.array(steps.start)
        outcomes, pairs = np.arange(self.M), np.arange(self.N)
        self._average = sparse.csr_array((self.probability, (self.outcome_pair, outcomes)), shape=(self.N, self.M))
        self._mix = sparse.csr_array((self.pi, (self.pair_state, pairs)), shape=(self.S, self.N))
        self._of_state = sparse.csr_array((np.ones(self.N), (self.pair_state, pairs)), shape=(self.S, self.N))
        entries = [(n, i, float(e)) for n, z in enumerate(steps.scores) for i, e in z.items()]
        self.entry_pair = np.array([n for n, _, _ in entries], dtype=int)
        self.entry_column = np.array([i for _, i, _ in entries], dtype=int)
        self.entry_value = np.array([e for _, _, e in entries])
        self._z = sparse.csr_array((self.entry_value, (self.entry_pair, self.entry_column)), shape=(self.N, self.k))
        self._inside = self.outcome_next < self.S
        self._systems: dict[float, _FloatSystem] = {}

    def zeros(self, *shape: int) -> Array:
        return np.zeros(shape)

    def array(self, values: list[Any]) -> Array:
        """[n] floats."""
        return np.array([float(e) for e in values])

    def average(self, Y: Array) -> Array:
        """[N, ...] sum over the outcomes of each pair of p Y."""
        return np.asarray(self._average @ Y)

    def mix(self, Y: Array) -> Array:
        """[S, ...] sum_a pi(a|s) Y(s, a)."""
        return np.asarray(self._mix @ Y)

    def move(self, f: Array) -> FloatMove:
        """The map X -> sum_a pi sum_o p f X(s')."""
        weight = self.pi[self.outcome_pair] * self.probability * f
        keep = self._inside
        matrix = sparse.csr_array(
            (weight[keep], (self.outcome_state[keep], self.outcome_next[keep])), shape=(self.S, self.S)
        )
        return FloatMove(matrix)

    @cached_property
    def _P(self) -> sparse.csr_array:
        return self.move(np.ones(self.M)).matrix

    def system(self, c: float) -> _FloatSystem:
        """I - c P_pi; each c is factored once."""
        if c not in self._systems:
            self._systems[c] = _FloatSystem(sparse.csc_array(sparse.eye_array(self.S) - c * self._P))
        return self._systems[c]

    # -- scores ------------------------------------------------------------------------------------------

    def scatter(self, q: Array) -> Array:
        """[S, k] sum_a pi(a|s) q(s, a) z(s, a)."""
        return (self._mix @ sparse.diags_array(q) @ self._z).toarray()

    def landing(self, weight: Array) -> Array:
        """[S, k] sum over s, a of weight(s) pi(a|s) z(s, a) P(s'|s, a): the last score, by where it led."""
        chance = (weight[self.pair_state] * self.pi)[self.outcome_pair] * self.probability
        keep = self._inside
        matrix = sparse.csr_array(
            (chance[keep], (self.outcome_next[keep], self.outcome_pair[keep])), shape=(self.S, self.N)
        )
        return (matrix @ self._z).toarray()

    @cached_property
    def _products(self) -> dict[Form, sparse.csr_array]:
        return {}

    def _outer(self, form: Form) -> sparse.csr_array:
        """[N, m] z z^T of each pair."""
        if form not in self._products:
            if form is Form.FULL:
                i, j = np.triu_indices(self.k)
                dense = self._z.toarray()
                self._products[form] = sparse.csr_array(dense[:, i] * dense[:, j])
            elif form is Form.DIAGONAL:
                self._products[form] = sparse.csr_array(self._z * self._z)
            else:
                self._products[form] = sparse.csr_array((self._z * self._z).sum(axis=1).reshape(-1, 1))
        return self._products[form]

    def outer(self, form: Form, q: Array) -> Array:
        """[S, m] sum_a pi q z z^T."""
        return (self._mix @ sparse.diags_array(q) @ self._outer(form)).toarray()

    def outer_total(self, form: Form, weight: Array, q: Array) -> Array:
        """[m] sum_s weight(s) outer(s)."""
        chance = weight[self.pair_state] * self.pi * q
        if form is Form.FULL:
            square = (self._z.T @ sparse.diags_array(chance) @ self._z).toarray()
            return square[np.triu_indices(self.k)]
        return np.asarray(chance @ self._outer(form)).reshape(-1)

    @cached_property
    def _spread(self) -> tuple[Array, Array]:
        """Each nonzero score with each outcome of its pair that does not end the run: (entry, outcome)."""
        first = np.searchsorted(self.outcome_pair, np.arange(self.N + 1))
        count = np.diff(first)[self.entry_pair]
        entry = np.repeat(np.arange(len(self.entry_pair)), count)
        before = np.repeat(np.cumsum(count) - count, count)
        outcome = first[self.entry_pair[entry]] + np.arange(len(entry)) - before
        inside = self._inside[outcome]
        return entry[inside], outcome[inside]

    def _crossed(self, f: Array, X: Array) -> Array:
        """Of each `_spread` term: pi p f 2 z_i X_i(s')."""
        entry, outcome = self._spread
        pair, column = self.entry_pair[entry], self.entry_column[entry]
        z = 2 * self.entry_value[entry] * self.pi[pair] * (self.probability * f)[outcome]
        return z * X[self.outcome_next[outcome], column]

    def cross(self, form: Form, f: Array, X: Array) -> Array:
        """[S, m] sum_a pi sum_o p f (z X(s')^T + X(s') z^T)."""
        if form is not Form.FULL:
            entry, outcome = self._spread
            m = form.components(self.k)
            place = self.outcome_state[outcome] * m
            if form is Form.DIAGONAL:
                place = place + self.entry_column[entry]
            return np.bincount(place, self._crossed(f, X), minlength=self.S * m).reshape(self.S, m)
        Y = self.average(f[:, None] * self.ahead(X))
        z = self._z.toarray()
        i, j = np.triu_indices(self.k)
        return self.mix(z[:, i] * Y[:, j] + z[:, j] * Y[:, i])

    def cross_total(self, form: Form, weight: Array, f: Array, X: Array) -> Array:
        """[m] sum_s weight(s) cross(s)."""
        if form is not Form.FULL:
            entry, outcome = self._spread
            terms = weight[self.outcome_state[outcome]] * self._crossed(f, X)
            if form is Form.TRACE:
                return terms.sum(keepdims=True)
            return np.bincount(self.entry_column[entry], terms, minlength=self.k)
        Y = self.average(f[:, None] * self.ahead(X)) * (weight[self.pair_state] * self.pi)[:, None]
        square = np.asarray(self._z.T @ Y)
        return (square + square.T)[np.triu_indices(self.k)]


class FloatMove:
    """A sparse S x S matrix."""

    def __init__(self, matrix: sparse.csr_array) -> None:
        self.matrix = matrix

    def forward(self, X: Array) -> Array:
        return np.asarray(self.matrix @ X)

    def back(self, Y: Array) -> Array:
        return np.asarray(self.matrix.T @ Y)


class _FloatSystem:
    """SuperLU, for right-hand sides of any number of columns."""

    def __init__(self, matrix: sparse.csc_array) -> None:
        self._lu: Any = sparse_lu(matrix, where="moments") if matrix.shape[0] else None

    def solve(self, B: Array) -> Array:
        return B.copy() if self._lu is None else np.asarray(self._lu.solve(np.ascontiguousarray(B)))

    def transposed(self, B: Array) -> Array:
        return B.copy() if self._lu is None else np.asarray(self._lu.solve(np.ascontiguousarray(B), trans="T"))

r"""The arithmetic of the moment recursions: expectations over one step, linear systems, and products of scores.

Values are NumPy arrays: of field elements (dtype object) in `FieldSpace`, of float64 in `FloatSpace`
(`pgsym.exact.moments.floats`).  Both follow one interface, so each recursion is written once; the first is the
reference for the second.

Functions of a run's future are indexed by the present state; a terminal state has no future, and stands as one more
row of zeros.  For an outcome (s, a, s') with its own reward,

* `average`    Y of outcomes -> sum over the outcomes of (s, a) of p Y,
* `mix`        Y of pairs -> sum_a pi(a|s) Y(s, a),
* `move`       f, X -> sum_a pi sum_o p f X(s'),
* `scatter`    q -> sum_a pi(a|s) q(s, a) z(s, a), a vector over parameters for each state.

The second moments of vectors over parameters are kept in one of three `Form`s: every pair of coordinates i <= j, the
squares only, or their sum.
"""

from __future__ import annotations

from enum import Enum
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pgsym.algebra.field import Factorization
from pgsym.exact.moments.transitions import Steps

Array = NDArray[Any]


class Form(Enum):
    """Which entries of a symmetric k x k matrix are kept, as one row of components."""

    FULL = "full"
    """i <= j, in the order of `np.triu_indices`."""
    DIAGONAL = "diagonal"
    """i = j."""
    TRACE = "trace"
    """The sum of the diagonal: one component."""

    def components(self, k: int) -> int:
        """Length of a row.

        >>> [form.components(3) for form in Form]
        [6, 3, 1]
        """
        return {Form.FULL: k * (k + 1) // 2, Form.DIAGONAL: k, Form.TRACE: 1}[self]

    def outer(self, x: Array) -> Array:
        """x x^T as a row."""
        if self is Form.FULL:
            i, j = np.triu_indices(len(x))
            return x[i] * x[j]
        squares = x * x
        return squares if self is Form.DIAGONAL else squares.sum(keepdims=True)


class Move(Protocol):
    """The linear map X -> sum_a pi sum_o p f X(s') for one f, on functions of the state."""

    def forward(self, X: Array) -> Array:
        """X of the next state -> its expectation at the present one; shape (S, ...)."""

    def back(self, Y: Array) -> Array:
        """The transpose: a measure on present states -> a measure on next ones; shape (S, ...)."""


class System(Protocol):
    """I - c P_pi, factored."""

    def solve(self, B: Array) -> Array:
        """X with (I - c P_pi) X = B; shape (S, ...)."""

    def transposed(self, B: Array) -> Array:
        """Y with (I - c P_pi)^T Y = B; shape (S, ...)."""


class Space(Protocol):
    """One step of a run, as arithmetic on arrays."""

    steps: Steps
    S: int
    k: int
    zero: Any
    one: Any
    pair_state: Array
    reward: Array
    start: Array

    def zeros(self, *shape: int) -> Array: ...
    def array(self, values: list[Any]) -> Array: ...
    def ahead(self, X: Array) -> Array: ...
    def here(self, X: Array) -> Array: ...
    def average(self, Y: Array) -> Array: ...
    def mix(self, Y: Array) -> Array: ...
    def move(self, f: Array) -> Move: ...
    def system(self, c: Any) -> System: ...
    def scatter(self, q: Array) -> Array: ...
    def landing(self, weight: Array) -> Array: ...
    def outer(self, form: Form, q: Array) -> Array: ...
    def cross(self, form: Form, f: Array, X: Array) -> Array: ...
    def outer_total(self, form: Form, weight: Array, q: Array) -> Array: ...
    def cross_total(self, form: Form, weight: Array, f: Array, X: Array) -> Array: ...


def expected(space: Space, X: Array) -> Any:
    """sum_s mu0(s) X(s)."""
    found = None
    for p, row in zip(space.start, X, strict=True):
        found = row * p if found is None else found + row * p
    return space.zeros(*X.shape[1:]) if found is None else found


class Indexed:
    """What both spaces read off the steps."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.S, self.N, self.M = len(steps.states), len(steps.pairs), len(steps.reward)
        self.k = len(steps.params)
        self.pair_state = np.array(steps.pair_state, dtype=int)
        self.outcome_pair = np.array(steps.outcome_pair, dtype=int)
        self.outcome_next = np.array(steps.outcome_next, dtype=int)
        self.outcome_state = self.pair_state[self.outcome_pair]

    def ahead(self, X: Array) -> Array:
        """[M, ...] X at the next state of each outcome; 0 where the run has ended."""
        return np.concatenate([X, self.zeros(1, *X.shape[1:])])[self.outcome_next]

    def here(self, X: Array) -> Array:
        """[M, ...] X at the present state of each outcome."""
        return X[self.outcome_state]

    def zeros(self, *shape: int) -> Array:
        raise NotImplementedError


class FieldSpace(Indexed):
    """Over any field: arrays of elements.

    Examples
    --------
    >>> import sympy as sp
    >>> from pgsym.exact.fields import exact_field
    >>> from pgsym.model import MDP, sigmoid
    >>> from pgsym.model.structure import Structure
    >>> mdp = MDP.from_transitions(
    ...     [("s", "go", "end", "1/2", 4), ("s", "go", "s", "1/2", -1), ("s", "stop", "end", 1, 1)],
    ...     start="s", terminal=["end"],
    ... )
    >>> policy = sigmoid(mdp, {"s": "t"})
    >>> field = exact_field(mdp, policy, {policy.params[0]: sp.log(2)})
    >>> space = FieldSpace(Steps.of(Structure(mdp, policy), field))
    >>> space.system(field.one).solve(space.mix(space.average(space.reward)))
    array([2], dtype=object)
    """

    def __init__(self, steps: Steps) -> None:
        super().__init__(steps)
        self.field = steps.field
        self.zero, self.one = self.field.zero, self.field.one
        self.pi = self.array(steps.pi)
        self.probability = self.array(steps.probability)
        self.reward = self.array(steps.reward)
        self.start = self.array(steps.start)
        self._systems: list[tuple[Any, System]] = []

    def zeros(self, *shape: int) -> Array:
        found = np.empty(shape, dtype=object)
        found.fill(self.zero)
        return found

    def array(self, values: list[Any]) -> Array:
        """[n] elements."""
        found = np.empty(len(values), dtype=object)
        for i, e in enumerate(values):
            found[i] = e
        return found

    def average(self, Y: Array) -> Array:
        """[N, ...] sum over the outcomes of each pair of p Y."""
        return self._grouped(self.N, self.outcome_pair, self._times(self.probability, Y))

    def mix(self, Y: Array) -> Array:
        """[S, ...] sum_a pi(a|s) Y(s, a)."""
        return self._grouped(self.S, self.pair_state, self._times(self.pi, Y))

    def _times(self, weight: Array, Y: Array) -> Array:
        return Y * weight.reshape(-1, *[1] * (Y.ndim - 1))

    def _grouped(self, n: int, group: Array, Y: Array) -> Array:
        found = self.zeros(n, *Y.shape[1:])
        seen = [False] * n
        for i, row in zip(group.tolist(), Y, strict=True):
            found[i] = found[i] + row if seen[i] else row
            seen[i] = True
        return found

    def move(self, f: Array) -> Move:
        """The map X -> sum_a pi sum_o p f X(s')."""
        weight = self.pi[self.outcome_pair] * self.probability * f
        rows: list[dict[int, Any]] = [{} for _ in range(self.S)]
        for s, t, e in zip(self.outcome_state.tolist(), self.outcome_next.tolist(), weight, strict=True):
            if t < self.S and not self.field.is_zero(e):
                rows[s][t] = rows[s][t] + e if t in rows[s] else e
        return _Rows(self, rows)

    @cached_property
    def _P(self) -> _Rows:
        found = self.move(self.zeros(self.M) + self.one)
        assert isinstance(found, _Rows)
        return found

    def system(self, c: Any) -> System:
        """I - c P_pi; each c is factored once."""
        for known, system in self._systems:
            if self.field.is_zero(known - c):
                return system
        rows = []
        for s, row in enumerate(self._P.rows):
            entries = {t: -(c * e) for t, e in row.items()}
            entries[s] = entries[s] + self.one if s in entries else self.one
            rows.append(entries)
        found = _FieldSystem(self, self.field.factor(rows))
        self._systems.append((c, found))
        return found

    # -- scores ------------------------------------------------------------------------------------------

    def scatter(self, q: Array) -> Array:
        """[S, k] sum_a pi(a|s) q(s, a) z(s, a)."""
        found = self.zeros(self.S, self.k)
        for s, p, e, z in zip(self.pair_state.tolist(), self.pi, q, self.steps.scores, strict=True):
            scale = p * e
            for i, slope in z.items():
                found[s, i] = found[s, i] + scale * slope
        return found

    def landing(self, weight: Array) -> Array:
        """[S, k] sum over s, a of weight(s) pi(a|s) z(s, a) P(s'|s, a): the last score, by where it led."""
        found = self.zeros(self.S, self.k)
        for n, t, p in zip(self.outcome_pair.tolist(), self.outcome_next.tolist(), self.probability, strict=True):
            if t < self.S:
                scale = weight[self.pair_state[n]] * self.pi[n] * p
                for i, slope in self.steps.scores[n].items():
                    found[t, i] = found[t, i] + scale * slope
        return found

    def outer(self, form: Form, q: Array) -> Array:
        """[S, m] sum_a pi q z z^T."""
        found = self.zeros(self.S, form.components(self.k))
        for s, p, e, z in zip(self.pair_state.tolist(), self.pi, q, self.steps.scores, strict=True):
            scale = p * e
            for i, x in z.items():
                for j, y in z.items():
                    place = self._place(form, i, j)
                    if place is not None and i <= j:
                        found[s, place] = found[s, place] + scale * (x * y)
        return found

    def cross(self, form: Form, f: Array, X: Array) -> Array:
        """[S, m] sum_a pi sum_o p f (z X(s')^T + X(s') z^T)."""
        Y = self.average(self._times(f, self.ahead(X)))
        found = self.zeros(self.S, form.components(self.k))
        for s, p, y, z in zip(self.pair_state.tolist(), self.pi, Y, self.steps.scores, strict=True):
            for i, x in z.items():
                scale = p * x
                for j in range(self.k) if form is Form.FULL else (i,):
                    place = self._place(form, min(i, j), max(i, j))
                    term = scale * y[j]
                    found[s, place] = found[s, place] + (term + term if i == j else term)
        return found

    def outer_total(self, form: Form, weight: Array, q: Array) -> Array:
        """[m] sum_s weight(s) outer(s)."""
        return self._weighted(weight, self.outer(form, q))

    def cross_total(self, form: Form, weight: Array, f: Array, X: Array) -> Array:
        """[m] sum_s weight(s) cross(s)."""
        return self._weighted(weight, self.cross(form, f, X))

    def _weighted(self, weight: Array, Y: Array) -> Array:
        return self._grouped(1, np.zeros(self.S, dtype=int), self._times(weight, Y))[0]

    def _place(self, form: Form, i: int, j: int) -> int | None:
        """The component of entry (i, j), i <= j."""
        if form is Form.FULL:
            return i * self.k - i * (i - 1) // 2 + j - i
        if i != j:
            return None
        return i if form is Form.DIAGONAL else 0


class _Rows:
    """A sparse S x S matrix of elements."""

    def __init__(self, space: FieldSpace, rows: list[dict[int, Any]]) -> None:
        self._space = space
        self.rows = rows

    def forward(self, X: Array) -> Array:
        found = self._space.zeros(*X.shape)
        for s, row in enumerate(self.rows):
            for t, e in row.items():
                found[s] = found[s] + X[t] * e
        return found

    def back(self, Y: Array) -> Array:
        found = self._space.zeros(*Y.shape)
        for s, row in enumerate(self.rows):
            for t, e in row.items():
                found[t] = found[t] + Y[s] * e
        return found


class _FieldSystem:
    """A factored matrix of elements, for right-hand sides of any number of columns."""

    def __init__(self, space: FieldSpace, factors: Factorization) -> None:
        self._space = space
        self._factors = factors

    def solve(self, B: Array) -> Array:
        return self._columns(B, self._factors.solve)

    def transposed(self, B: Array) -> Array:
        return self._columns(B, self._factors.solve_transposed)

    def _columns(self, B: Array, solve: Any) -> Array:
        flat = B.reshape(len(B), -1)
        found = self._space.zeros(*flat.shape)
        is_zero = self._space.field.is_zero
        for j in range(flat.shape[1]):
            if all(is_zero(e) for e in flat[:, j]):
                continue
            for i, e in enumerate(solve(list(flat[:, j]))):
                found[i, j] = e
        return found.reshape(B.shape)

r"""`FloatSolution`: values and derivatives of a `FloatMDP`, products with F and the Hessian, with bounds of errors.

With w the visits (eta, or mu), A the advantages and :math:`D = d\pi` along a direction of the logits, differentiating
the linear systems gives :math:`dV = M^{-1} \sum_a D Q` and :math:`dw = M^{-\top} \gamma P^\top (w D)`, so the gradient,
:math:`w \pi A`, costs one system more than J, and a product with the Hessian two more.

For the average reward a recurrent state c is pinned: :math:`I - P_\pi` without the row and column of c is a system
whose runs end at c.  Visits between two returns give mu, rewards until c is reached give h.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from pgsym.display.result import TableResult, data_frame
from pgsym.errors import SchemaError, UndefinedQuantityError
from pgsym.exact.certified import DOT, SLACK, UNIT, Bounded, MarkovSystem
from pgsym.exact.float_mdp import FloatMDP, real_numbers
from pgsym.exact.tables import LazyMap
from pgsym.model.objective import Objective
from pgsym.trust import Level, Trust

Floats = NDArray[np.float64]

LISTED = 1_000
"""Up to so many states, `to_json` lists them."""


class FloatSolution(TableResult):
    """A `FloatMDP` at its logits; each quantity is computed when it is first asked for, and `errors` bounds it.

    Attributes
    ----------
    J, V, Q, eta, mu, h, A, grad
        As of `pgsym.Solution`; arrays [S] or [S, A].  V and eta belong to the start-state objective, mu and h, with
        mu.h = 0, to the average reward.  What is not available has Q = A = 0.
    pi : ndarray
        [S, A] The policy.  Bounds are those of the model with exactly these probabilities.
    errors : mapping
        Bounds, found when looked up: of the largest entry of V, h, Q; of the sum of all errors of eta, mu, grad; of J.

    See Also
    --------
    pgsym.FloatMDP : Makes it.

    References
    ----------
    Berman and Plemmons, Nonnegative matrices in the mathematical sciences, 1994, chapter 6: the bound of the inverse.
    Kakade, A natural policy gradient (NIPS 2001).

    Examples
    --------
    >>> from pgsym.exact.float_mdp import FloatMDP
    >>> model = FloatMDP.from_columns([0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 1, 1], [1, 0, 0], start=0)
    >>> solution = model.at([[0, 0], [0, 0]], "average-reward")
    >>> round(solution.J, 12), solution.mu.round(12).tolist(), solution.natural_gradient()[0].round(12).tolist()
    (0.333333333333, [0.666666666667, 0.333333333333], [0.333333333333, -0.333333333333])
    """

    LEFT = (0, 4)
    trust = Trust(Level.FLOAT)
    assumption = ""

    def __init__(self, model: FloatMDP, logits: Floats, objective: Objective, assumption: str) -> None:
        if objective is Objective.STATIONARY_VALUE:
            raise UndefinedQuantityError(
                "found stationary-value; start-state and average-reward are known here. J is that of the average "
                "reward divided by 1 - gamma",
                where="objective",
            )
        self.model, self.logits, self.objective, self.assumption = model, logits, objective, assumption
        self.pi = model.softmax(logits)
        self._long_run = objective is Objective.AVERAGE_REWARD
        self.by_state = ("h", "mu") if self._long_run else ("V", "eta")
        self._gamma, self._choose = 1.0 if self._long_run else model.gamma, model.mean_over_actions(self.pi)
        self._rounding = float(model.r.shape[1] + np.diff(model.P.indptr).max() + 8) * UNIT
        """Of a sum over actions or outcomes, relative to the sum of its terms' sizes."""

    # -- the linear systems ------------------------------------------------------------------------------

    def _mean(self, x: Floats) -> Floats:
        """[S] Of x [S, A] under pi."""
        return np.asarray(self._choose @ x.ravel())

    @cached_property
    def _P_pi(self) -> Any:
        return self._choose @ self.model.P

    @cached_property
    def pinned(self) -> int | None:
        """A recurrent state, for the average reward."""
        return self.model.recurrent_state(self._P_pi) if self._long_run else None

    @cached_property
    def system(self) -> MarkovSystem:
        """I - gamma P_pi; without the pinned state's row and column."""
        moves = self._gamma * self._P_pi
        if self._long_run:
            rest = sparse.diags_array(self._unpinned(np.ones(self.model.S)))
            moves = sparse.csr_array(rest @ moves @ rest)
        return MarkovSystem(moves, round(self._rounding / UNIT))

    def _unpinned(self, x: Floats) -> Floats:
        return np.where(np.arange(len(x)) == self.pinned, 0.0, x) if self._long_run else x

    # -- quantities, each with the bound of its error ------------------------------------------------------

    @cached_property
    def _reward(self) -> Bounded:
        return Bounded(self._mean(self.model.r), self._rounding * _most(self._mean(abs(self.model.r))))

    @cached_property
    def _weight(self) -> Bounded:
        """eta or mu."""
        if not self._long_run:
            eta, error = self.system.solve_transposed(self.model.mu0)
            return Bounded(np.where(self.model.live, eta, 0.0), error)
        back = self._unpinned(self._P_pi[[self.pinned]].toarray()[0])
        visits, error = self.system.solve_transposed(back, self._rounding * float(back.sum()))
        visits[self.pinned] = 1.0
        total = float(visits.sum())
        return Bounded(visits / total, 2 * error / (total - error) + 4 * UNIT)

    @cached_property
    def _mean_reward(self) -> tuple[float, float]:
        (mu, error_mu), (r_pi, error_r) = self._weight, self._reward
        largest = float(abs(r_pi).max())
        return _dot(mu, r_pi), error_mu * largest + error_r + DOT * largest

    @cached_property
    def _value(self) -> Bounded:
        """V or h."""
        r_pi, error_r = self._reward
        if not self._long_run:
            return self.system.solve(r_pi, error_r)
        rbar, error = self._mean_reward
        h, error_h = self.system.solve(self._unpinned(r_pi - rbar), error + error_r + 2 * UNIT * abs(rbar))
        (mu, error_mu), largest = self._weight, float(abs(h).max())
        return Bounded(h - _dot(mu, h), 2 * error_h + (error_mu + DOT + 4 * UNIT) * largest)

    @cached_property
    def _objective(self) -> tuple[float, float]:
        """J."""
        if self._long_run:
            return self._mean_reward
        return _dot(self.model.mu0, self._value.value), self._value.error + DOT * _most(self._value.value)

    @cached_property
    def _action_value(self) -> Bounded:
        model, (V, error_V) = self.model, self._value
        rbar, error = self._mean_reward if self._long_run else (0.0, 0.0)
        ahead = self._gamma * (model.P @ V).reshape(model.r.shape)
        sizes = float(abs(model.r).max() + abs(V).max()) + abs(rbar)
        Q = np.where(model.available, model.r - rbar + ahead, 0.0)
        return Bounded(Q, self._gamma * error_V * SLACK + error + self._rounding * sizes)

    @cached_property
    def _advantage(self) -> Bounded:
        (V, error_V), (Q, error_Q) = self._value, self._action_value
        return Bounded(np.where(self.model.available, Q - V[:, None], 0.0), error_V + error_Q + UNIT * 2 * _most(Q))

    @cached_property
    def _gradient(self) -> Bounded:
        """w pi A; a state's value may be subtracted from Q, since its dpi sum to 0."""
        (w, error_w), (A, error_A) = self._weight, self._advantage
        each = _most(self._mean(abs(A)))
        total = float(w.sum()) + error_w
        return Bounded(w[:, None] * self.pi * A, (error_w * each + total * (error_A + 4 * UNIT * each)) * SLACK)

    # -- what is shown -----------------------------------------------------------------------------------

    J = property(lambda self: self._objective[0], doc="The objective.")
    V = property(lambda self: self._of("V", "_value"), doc="[S] Values.")
    h = property(lambda self: self._of("h", "_value"), doc="[S] Differential values, with mu.h = 0.")
    eta = property(lambda self: self._of("eta", "_weight"), doc="[S] Expected discounted visits; 0 in terminal states.")
    mu = property(lambda self: self._of("mu", "_weight"), doc="[S] The stationary distribution.")
    Q = property(lambda self: self._action_value.value, doc="[S, A] Action values.")
    A = property(lambda self: self._advantage.value, doc="[S, A] Advantages.")
    grad = property(lambda self: self._gradient.value, doc="[S, A] dJ / d logits.")

    @property
    def condition(self) -> float:
        """A bound of the largest row sum of (I - gamma P_pi)^-1; of the pinned one for the average reward."""
        return float(self.system.condition)

    @cached_property
    def errors(self) -> Mapping[str, float]:
        """By name, in the order of the table."""
        value, weight = self.by_state
        of = {"J": "_objective", value: "_value", "Q": "_action_value", weight: "_weight", "grad": "_gradient"}
        return LazyMap(of, lambda name: float(getattr(self, of[name])[1]))

    def _of(self, name: str, found: str) -> Floats:
        if name not in self.by_state:
            instead = Objective.START_STATE if self._long_run else Objective.AVERAGE_REWARD
            raise UndefinedQuantityError(
                f"{name} is not defined for the {self.objective} objective; it belongs to {instead}. Solve with that",
                where=name,
            )
        return np.asarray(getattr(self, found).value)

    # -- products ----------------------------------------------------------------------------------------

    def fisher_product(self, direction: ArrayLike) -> Floats:
        """F x [S, A], with F = sum_s w(s) sum_a pi(a|s) grad log pi(a|s) grad log pi(a|s)^T."""
        return self._weight.value[:, None] * self._slope(self._direction(direction))

    def natural_gradient(self, damping: float = 0.0) -> Floats:
        """(F + damping I)^-1 grad [S, A]; without damping F^+ grad, the advantages less their plain mean."""
        w, available = self._weight.value[:, None], self.model.available
        if not damping >= 0:
            raise SchemaError(f"found {damping}; at least 0 is required. Correct it", where="damping")
        if damping == 0:
            mean = self.A.sum(axis=1, keepdims=True) / np.maximum(available.sum(axis=1, keepdims=True), 1)
            return np.where(available & (w > 0), self.A - mean, 0.0)
        # F + damping I = D - w pi pi^T in each state, D diagonal (Sherman and Morrison).
        D = w * self.pi + damping
        y, z = self.grad / D, self.pi / D
        return y + z * w * self._mean(y)[:, None] / (1 - w * self._mean(z)[:, None])

    def hessian_product(self, direction: ArrayLike) -> Bounded:
        """(H x [S, A], the bound of the sum of its entries' errors), H the Hessian of J in the logits; two systems."""
        D, P, gamma = self._slope(self._direction(direction)), self.model.P, self._gamma
        (w, error_w), (Q, error_Q), (A, error_A) = self._weight, self._action_value, self._advantage
        size, rounding = float(abs(D).sum(axis=1).max()), self._rounding
        change = (D * Q).sum(axis=1)
        error = size * error_Q + rounding * float(abs(D * Q).sum(axis=1).max())
        moved = gamma * (P.T @ (w[:, None] * D).ravel())
        error_moved = gamma * (size * error_w + rounding * float((w[:, None] * abs(D)).sum()))
        slope, error_slope = 0.0, 0.0
        if self._long_run:  # the derivative of rbar
            slope = _dot(w, change)
            error_slope = error + (error_w + DOT + 4 * UNIT) * _most(change)
            change, moved = self._unpinned(change - slope), self._unpinned(moved)
        dV, error_dV = self.system.solve(change, error + error_slope)
        dw, error_dw = self.system.solve_transposed(moved, error_moved)
        if self._long_run:  # mu stays a distribution
            total = float(dw.sum())
            error_dw = 2 * error_dw + abs(total) * (error_w + 4 * UNIT) + DOT * float(abs(dw).sum())
            dw = dw - total * w
        else:
            dw = np.where(self.model.live, dw, 0.0)
        ahead = gamma * (P @ dV).reshape(Q.shape)
        dA = np.where(self.model.available, ahead - slope - dV[:, None], 0.0)
        error_dA = (1 + gamma) * error_dV + error_slope + rounding * (2 * _most(dV) + abs(slope))
        pi, w, dw = self.pi, w[:, None], dw[:, None]
        found = dw * pi * A + w * D * A + w * pi * dA
        total_w, total_dw = float(w.sum()) + error_w, float(abs(dw).sum()) + error_dw
        each, along = _most(self._mean(abs(A))), float((abs(D) * abs(A)).sum(axis=1).max())
        bound = error_dw * each + total_dw * error_A + error_w * along + total_w * size * error_A
        bound += error_w * _most(dA) + total_w * error_dA
        bound += rounding * (total_dw * each + total_w * (along + _most(dA)))
        return Bounded(found, bound * SLACK)

    def balls(self, bits: int = 64) -> dict[str, Any]:
        """Balls (`flint.arb`) that contain the exact J, V or h, Q, eta or mu, and grad: by name, in lists by s and a.

        The model has exactly these logits; floats are what they are, rationals what they were given as, and P and mu0
        are divided by their exact sums.  More `bits` make the balls smaller.

        Raises
        ------
        SchemaError, SingularMatrixError
            Fewer than two bits; so many do not show that there is one solution.

        Examples
        --------
        >>> from pgsym.exact.float_mdp import FloatMDP, Fraction
        >>> rows = [(0, 0, 0, Fraction(1, 3), 2), (0, 0, 1, Fraction(2, 3), 0)]
        >>> J = FloatMDP.from_rows(rows, start=0).at().balls(100)["J"]
        >>> 1 in J, J.rad() < 1e-28
        (True, True)
        """
        from pgsym.exact.float_balls import enclosures

        return enclosures(self, bits)

    def _direction(self, direction: ArrayLike) -> Floats:
        x = real_numbers(direction, "direction").astype(float, copy=False)
        if x.shape != self.pi.shape:
            raise SchemaError(f"found shape {x.shape}; {self.pi.shape} is required. Reshape it", where="direction")
        return np.where(self.model.available, x, 0.0)

    def _slope(self, x: Floats) -> Floats:
        """dpi along x."""
        return self.pi * (x - self._mean(x)[:, None])

    # -- the protocol of results -------------------------------------------------------------------------

    @property
    def above(self) -> list[str]:
        """The size of the model, and the objective."""
        size = f"{self.model.S} states, {int(self.model.available.sum())} pairs, {self.model.P.nnz} transitions"
        return [f"{self.objective}, gamma = {self.model.gamma:g}, {size}"]

    def cells(self) -> list[tuple[str, ...]]:
        """Each quantity with its range and its bound."""
        units = {"J": "", "eta": "sum", "mu": "sum", "grad": "sum"}
        rows: list[tuple[str, ...]] = [("", "least", "largest", "error", "of")]
        for name, error in self.errors.items():
            x = np.asarray(getattr(self, name))
            rows.append((name, f"{x.min():.12g}", f"{x.max():.12g}", f"{error:.1e}", units.get(name, "each")))
        return rows

    def to_json(self) -> dict[str, Any]:
        """Schema FloatSolution; arrays up to 1,000 states."""
        model, names = self.model, list(self.errors)
        found = {
            "objective": str(self.objective),
            "gamma": model.gamma,
            "states": model.S,
            "pairs": int(model.available.sum()),
            "transitions": int(model.P.nnz),
            "J": self.J,
            "errors": dict(self.errors),
            "condition": self.condition,
            "trust": self.trust.to_json(),
        }
        return found | ({name: getattr(self, name).tolist() for name in names[1:]} if model.S <= LISTED else {})

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write pi, values, visits and the gradient to an .npz file."""
        from pgsym.model.files.atomic import write_arrays

        return write_arrays(Path(path), pi=self.pi, **{name: np.asarray(getattr(self, name)) for name in self.errors})

    def frame(self) -> Any:
        """A row for each state: its value, its visits, and pi, Q and grad of each action by number."""
        columns = {name: getattr(self, name) for name in self.by_state}
        for name in ("pi", "Q", "grad"):
            columns |= {f"{name}_{a}": getattr(self, name)[:, a] for a in range(self.pi.shape[1])}
        return data_frame(list(columns), list(zip(*(x.tolist() for x in columns.values()), strict=True)))


def _dot(weights: Floats, x: Floats) -> float:
    return float((weights * x).sum())


def _most(x: Any) -> float:
    return float(abs(x).max(initial=0.0))

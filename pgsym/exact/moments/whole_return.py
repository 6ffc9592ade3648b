r"""Moments of REINFORCE: g = sum_t z_t (R - b(s_t)) with the whole return R = sum_t gamma^t r_t.

With Z = sum_t z_t and C = sum_t b(s_t) z_t it is g = R Z - C, so

.. math::  E[g g^T] = E[R^2 Z Z^T] - E[R (Z C^T + C Z^T)] + E[C C^T].

Primes denote the run from s' on: R = r + gamma R', Z = z + Z', C = b z + C'.  Given s' the future is independent of
the present step, so for l = 0, 1, 2

.. math::
    G_l = E[R^l]       &= \sum_j \binom{l}{j} \gamma^j E[r^{l-j}\, G_j(s')] \\
    X_l = E[R^l Z]     &= E[z\, R^l] + \sum_j \binom{l}{j} \gamma^j E[r^{l-j}\, X_j(s')] \\
    M_l = E[R^l Z Z^T] &= E[z z^T R^l] + \sum_j \binom{l}{j} \gamma^j
                          E[r^{l-j} (z X_j(s')^T + X_j(s') z^T + M_j(s'))]

and alike for the products with C.  E[Z] = E[C] = 0, for sum_a pi z = grad sum_a pi = 0.  To the end of the episode
these are systems with I - gamma^l P; cut off after T steps they are run backwards T times from G_0 = 1 and zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import comb
from typing import Any

from pgsym.exact.moments.space import Array, Form, Space, expected


@dataclass(frozen=True)
class WholeReturn:
    """gamma and b.

    Attributes
    ----------
    gamma
        Element.
    b : array, shape (S,)
    has_baseline : bool
        Whether b is not 0; if not, C is left out.
    """

    gamma: Any
    b: Array
    has_baseline: bool


@dataclass
class Products:
    """Moments of the run from each state on, by the power l of R."""

    G: dict[int, Array] = field(default_factory=dict)
    """[S] E[R^l], l = 1, 2"""
    X: dict[int, Array] = field(default_factory=dict)
    """[S, k] E[R^l Z], l = 1, 2"""
    M: dict[int, Array] = field(default_factory=dict)
    """[S, m] E[R^l Z Z^T], l = 0, 1, 2"""
    XC: Array | None = None
    """[S, k] E[R C]"""
    N: dict[int, Array] = field(default_factory=dict)
    """[S, m] E[R^l (Z C^T + C Z^T)], l = 0, 1"""
    K: Array | None = None
    """[S, m] E[C C^T]"""


Close = Callable[[Any, Array], Array]
"""(c, source) -> X: either solves X = source + c P X, or adds nothing, where source already holds the future."""


class ReturnRecursion:
    """One step back, or the fixed point of it."""

    def __init__(self, space: Space, spec: WholeReturn, form: Form) -> None:
        self.space = space
        self.spec = spec
        self.form = form
        ones = space.zeros(len(space.reward)) + space.one
        self.powers = [ones, space.reward, space.reward * space.reward]
        self.moves = [space.move(f) for f in self.powers]
        self.gammas = [space.one, spec.gamma, spec.gamma * spec.gamma]
        self.b_here = space.here(spec.b)

    def coefficient(self, power: int, j: int) -> Any:
        """binomial(l, j) gamma^j."""
        return self.gammas[j] + self.gammas[j] if comb(power, j) == 2 else self.gammas[j]

    def return_of_pair(self, power: int, G: dict[int, Array]) -> Array:
        """[N] E[R^l | s, a], with what is known of the next state's G_j."""
        found = self.powers[power]
        for j in range(1, power + 1):
            if j in G:
                found = found + self.powers[power - j] * self.space.ahead(G[j]) * self.coefficient(power, j)
        return self.space.average(found)

    def moved(self, power: int, values: dict[int, Array]) -> Array | None:
        """sum_j binomial(l, j) gamma^j E[r^(l-j) Y_j(s')] over the j that are known."""
        found = None
        for j in range(power + 1):
            if j in values:
                term = self.moves[power - j].forward(values[j]) * self.coefficient(power, j)
                found = term if found is None else found + term
        return found

    def crossed(self, power: int, X: dict[int, Array]) -> Array | None:
        """sum_j binomial(l, j) gamma^j E[r^(l-j) (z X_j(s')^T + X_j(s') z^T)]."""
        found = None
        for j in range(1, power + 1):
            if j in X:
                term = self.space.cross(self.form, self.powers[power - j], X[j]) * self.coefficient(power, j)
                found = term if found is None else found + term
        return found

    def step(self, next_: Products, close: Close) -> Products:
        """The moments, given those of the next state in `next_`; `close` adds what they owe to themselves.

        For the fixed point `next_` is filled while it is found: an entry is used as soon as it is there.
        """
        space, form, b = self.space, self.form, self.spec.b
        found = next_ if close is not _open else Products()
        for power in (1, 2):
            found.G[power] = close(self.gammas[power], space.mix(self.return_of_pair(power, next_.G)))
        returns = [self.return_of_pair(power, next_.G) for power in range(3)]
        for power in (1, 2):
            source = _plus(space.scatter(returns[power]), self.moved(power, next_.X))
            found.X[power] = close(self.gammas[power], source)
        for power in range(3):
            source = _plus(space.outer(form, returns[power]), self.crossed(power, next_.X))
            found.M[power] = close(self.gammas[power], _plus(source, self.moved(power, next_.M)))
        if not self.spec.has_baseline:
            return found
        b_pair = b[space.pair_state]
        source = space.scatter(b_pair * returns[1])
        if next_.XC is not None:
            source = source + self.moves[0].forward(next_.XC) * self.gammas[1]
        found.XC = close(self.gammas[1], source)
        for power in (0, 1):
            source = space.outer(form, b_pair * (returns[power] + returns[power]))
            if power == 1 and next_.XC is not None:
                source = source + space.cross(form, self.powers[0], next_.XC) * self.gammas[1]
                source = source + space.cross(form, self.b_here, next_.X[1]) * self.gammas[1]
            found.N[power] = close(self.gammas[power], _plus(source, self.moved(power, next_.N)))
        source = space.outer(form, b_pair * b_pair)
        found.K = close(self.gammas[0], source if next_.K is None else source + self.moves[0].forward(next_.K))
        return found

    def stationary(self) -> Products:
        """The fixed point: runs to the end of the episode."""
        return self.step(Products(), lambda c, source: self.space.system(c).solve(source))

    def truncated(self, T: int) -> Products:
        """T steps back from the cut-off."""
        found = Products()
        for _ in range(T):
            found = self.step(found, _open)
        return found


def _open(_: Any, source: Array) -> Array:
    """Runs that are cut off: the future stands in the source."""
    return source


def _plus(a: Array, b: Array | None) -> Array:
    return a if b is None else a + b


def moments(space: Space, spec: WholeReturn, T: int | None, form: Form) -> tuple[Array, Array]:
    """E[g], shape (k,), and E[g g^T] in the given form."""
    recursion = ReturnRecursion(space, spec, form)
    found = recursion.stationary() if T is None else recursion.truncated(T)
    second = found.M[2]
    if spec.has_baseline:
        assert found.K is not None
        second = second - found.N[1] + found.K
    return expected(space, found.X[1]), expected(space, second)


def return_moments(space: Space, gamma: Any, T: int | None) -> tuple[Any, Any]:
    """E[R] and E[R^2] from the start."""
    recursion = ReturnRecursion(space, WholeReturn(gamma, space.zeros(space.S), False), Form.TRACE)
    G: dict[int, Array] = {}
    for _ in range(1 if T is None else T):
        known = {} if T is None else G
        G = {}
        for power in (1, 2):
            source = space.mix(recursion.return_of_pair(power, G if T is None else known))
            G[power] = space.system(recursion.gammas[power]).solve(source) if T is None else source
    return expected(space, G[1]), expected(space, G[2])

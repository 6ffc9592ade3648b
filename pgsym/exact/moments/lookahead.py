r"""Moments of g = sum_t w^t z_t (U_t - b(s_t)) where U_t looks ahead: U_t = u_t + k U_{t+1}.

Write U', g' for the same quantities of the run from s' on.  Then U = u + k U' and g = z (U - b) + w g', and given s'
the future is independent of the present step (Sobel 1982).  So the moments of a run from s satisfy, with the
expectation over a ~ pi, then over the outcome,

.. math::
    e = E[U]      &= E[u] + k P e \\
    B = E[U^2]    &= E[u^2] + 2 k E[u\, e(s')] + k^2 P B \\
    X = E[g]      &= E[z (U - b)] + w P X \\
    H = E[U g]    &= E[z\, U (U - b)] + w E[u\, X(s')] + w k P H \\
    E[g g^T]      &= E[z z^T (U - b)^2] + w E[z (u - b) X(s')^T + w k z H(s')^T + \ldots^T] + w^2 P E[g g^T]

The last is summed over the states with weights (I - w^2 P^T)^{-1} mu_0, so that no matrix is kept for a state.  To the
end of the episode these are linear systems with I - kP, I - k^2 P, I - wP, I - wkP and I - w^2 P; cut off after T
steps, they are run backwards T times from zero, with the last step's own u.

n-step returns are U^{(n)} with U^{(m)} = u + k U'^{(m-1)} and U^{(0)} = 0: the same recursions in n components, each
of which needs the one before it; E[U^{(m)} U^{(l)}] is found for the pairs that lead to (m, n).

References: M. J. Sobel, The variance of discounted Markov decision processes (1982); J. Schulman et al.,
High-dimensional continuous control using generalized advantage estimation (2016).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pgsym.exact.moments.space import Array, Form, Space, expected


@dataclass(frozen=True)
class LookAhead:
    """w, k, u and b as arrays.

    Attributes
    ----------
    w, k
        Elements.
    u, u_last : arrays, shape (M,)
        u of each outcome; the same in the last step of a run that is cut off.
    b : array, shape (S,)
    memory : int or None
        Terms of U; None: all to come.
    """

    w: Any
    k: Any
    u: Array
    u_last: Array
    b: Array
    memory: int | None = None


@dataclass
class Futures:
    """What is known of U and g from each state on.

    Components are numbered 1, ..., n for n-step returns, the last being U itself, and 0 alone otherwise.
    """

    e: dict[int, Array]
    """{component: [S] E[U]}"""
    B: dict[tuple[int, int], Array]
    """{components: [S] E[U U]}"""
    X: Array
    """[S, k] E[g]"""
    H: dict[int, Array]
    """{component: [S, k] E[U g]}"""


class Recursion:
    """One step back: the moments from s on, from those from s' on.

    Parameters
    ----------
    space
        Arithmetic of the chain.
    spec
        The estimator.
    """

    def __init__(self, space: Space, spec: LookAhead) -> None:
        self.space = space
        self.spec = spec
        self.top = spec.memory or 0
        self.components = range(1, self.top + 1) if spec.memory else range(1)
        self.loops = spec.memory is None
        self.P = space.move(space.zeros(len(space.reward)) + space.one)
        self._moves: dict[bool, Any] = {}

    def before(self, component: int) -> int | None:
        """The component of U' in U; None: U = u."""
        if self.loops:
            return 0
        return component - 1 if component > 1 else None

    def couples(self) -> list[tuple[int, int]]:
        """The pairs of components whose product is needed, each after the one that it needs."""
        if self.loops:
            return [(0, 0)]
        return [(m, m + gap) for gap in range(self.top) for m in range(1, self.top - gap + 1)]

    def move_u(self, last: bool) -> Any:
        """X -> E[u X(s')]."""
        if last not in self._moves:
            self._moves[last] = self.space.move(self.spec.u_last if last else self.spec.u)
        return self._moves[last]

    def mean_of_pair(self, u: Array, e: Array | None) -> Array:
        """[N] E[U | s, a], with e of the next state."""
        space = self.space
        return space.average(u if e is None else u + space.ahead(e) * self.spec.k)

    def square_of_pair(self, u: Array, e: Array | None, f: Array | None, B: Array | None) -> Array:
        """[N] E[U_c U_d | s, a], with the means e, f and the product B of the next state."""
        space, k = self.space, self.spec.k
        ahead = None if e is None else space.ahead(e)
        if f is not None:
            ahead = space.ahead(f) if ahead is None else ahead + space.ahead(f)
        found = u * u
        if ahead is not None:
            found = found + u * ahead * k
        if B is not None:
            found = found + space.ahead(B) * (k * k)
        return space.average(found)

    def residual(self, q: Array, mean: Array) -> Array:
        """[N] q - b(s) mean, for a product q with U and the mean of the other factor."""
        return q - self.spec.b[self.space.pair_state] * mean

    def centred_mean(self, mean: Array) -> Array:
        """[N] E[U - b | s, a]."""
        return mean - self.spec.b[self.space.pair_state]

    def second(self, form: Form, weight: Array, last: bool, next_: Futures | None) -> Array:
        """[m] sum_s weight(s) of what one step adds to E[g g^T]."""
        space, spec, top = self.space, self.spec, self.top
        u = spec.u_last if last else spec.u
        before = self.before(top)
        e = next_.e[before] if next_ and before is not None else None
        B = next_.B[before, before] if next_ and before is not None else None
        mean, square = self.mean_of_pair(u, e), self.square_of_pair(u, e, e, B)
        centred = self.residual(self.residual(square, mean), self.centred_mean(mean))
        found = space.outer_total(form, weight, centred)
        if next_ is None:
            return found
        found = found + space.cross_total(form, weight, u - space.here(spec.b), next_.X) * spec.w
        if before is not None:
            ones = space.zeros(len(u)) + space.one
            found = found + space.cross_total(form, weight, ones, next_.H[before]) * (spec.w * spec.k)
        return found

    # -- to the end --------------------------------------------------------------------------------------

    def stationary(self) -> Futures:
        """The solution of the linear systems: runs that are not cut off."""
        space, spec = self.space, self.spec
        k, w, u = spec.k, spec.w, spec.u
        e: dict[int, Array] = {}
        B: dict[tuple[int, int], Array] = {}
        for c in self.components:
            e[c] = (
                space.system(k).solve(space.mix(space.average(u)))
                if self.loops
                else space.mix(self.mean_of_pair(u, e.get(c - 1)))
            )
        products = {}
        for c, d in self.couples():
            if self.loops:
                B[0, 0] = space.system(k * k).solve(space.mix(self.square_of_pair(u, e[0], e[0], None)))
                products[0, 0] = self.square_of_pair(u, e[0], e[0], B[0, 0])
            else:
                products[c, d] = self.square_of_pair(u, e.get(c - 1), e.get(d - 1), B.get((c - 1, d - 1)))
                B[c, d] = space.mix(products[c, d])
        means = {c: self.mean_of_pair(u, e.get(0 if self.loops else c - 1)) for c in self.components}
        X = space.system(w).solve(space.scatter(self.centred_mean(means[self.top])))
        found = Futures(e, B, X, {})
        shift = self.move_u(False).forward(X) * w
        for c in self.components:
            source = space.scatter(self.residual(products[c, self.top], means[c])) + shift
            if self.loops:
                found.H[c] = space.system(w * k).solve(source)
            else:
                found.H[c] = source + self.P.forward(found.H[c - 1]) * (w * k) if c > 1 else source
        return found

    # -- cut off -----------------------------------------------------------------------------------------

    def back(self, last: bool, next_: Futures | None) -> Futures:
        """One step back from `next_`, or from the cut-off."""
        space, spec = self.space, self.spec
        u = spec.u_last if last else spec.u
        e_next = next_.e if next_ else {}
        B_next = next_.B if next_ else {}

        def before(c: int) -> int:
            return 0 if self.loops else c - 1

        means = {c: self.mean_of_pair(u, e_next.get(before(c))) for c in self.components}
        products = {
            (c, d): self.square_of_pair(
                u, e_next.get(before(c)), e_next.get(before(d)), B_next.get((before(c), before(d)))
            )
            for c, d in self.couples()
        }
        X = space.scatter(self.centred_mean(means[self.top]))
        shift = None
        if next_ is not None:
            X = X + self.P.forward(next_.X) * spec.w
            shift = self.move_u(last).forward(next_.X) * spec.w
        found = Futures({c: space.mix(q) for c, q in means.items()}, {}, X, {})
        found.B = {couple: space.mix(q) for couple, q in products.items()}
        for c in self.components:
            source = space.scatter(self.residual(products[c, self.top], means[c]))
            if shift is not None:
                source = source + shift
            if next_ is not None and before(c) in next_.H:
                source = source + self.P.forward(next_.H[before(c)]) * (spec.w * spec.k)
            found.H[c] = source
        return found


def visits(space: Space, c: Any, T: int | None) -> Array | list[Array]:
    """sum_t c^t Pr(s_t = s); cut off after T steps, the list of its T terms instead."""
    if T is None:
        return space.system(c).transposed(space.start)
    P = space.move(space.zeros(len(space.reward)) + space.one)
    found = [space.start]
    for _ in range(T - 1):
        found.append(P.back(found[-1]) * c)
    return found


def moments(space: Space, spec: LookAhead, T: int | None, form: Form) -> tuple[Array, Array]:
    """E[g], shape (k,), and E[g g^T] in the given form."""
    recursion = Recursion(space, spec)
    square = spec.w * spec.w
    if T is None:
        futures = recursion.stationary()
        second = recursion.second(form, visits(space, square, None), False, futures)  # type: ignore[arg-type]
        return expected(space, futures.X), second
    weights = visits(space, square, T)
    futures_: Futures | None = None
    total: Array | None = None
    for t in reversed(range(T)):
        last = t == T - 1
        term = recursion.second(form, weights[t], last, futures_)
        total = term if total is None else total + term
        futures_ = recursion.back(last, futures_)
    assert futures_ is not None
    assert total is not None
    return expected(space, futures_.X), total

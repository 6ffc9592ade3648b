r"""The best constant and the best function of the state to subtract from U, by the trace of the covariance.

With a baseline b, g_b = g - sum_s b(s) C_s with C_s = sum_t w^t z_t 1{s_t = s}.  The scores z_t are martingale
differences, so E[C_s] = 0, and C_s, C_s' are uncorrelated for s != s'.  The trace is therefore

.. math::  tr Cov(g_b) = tr Cov(g_0) - 2 \sum_s b(s) c(s) + \sum_s b(s)^2 q(s), \qquad
           c(s) = E[g_0 \cdot C_s], \quad q(s) = E[C_s \cdot C_s] = E_{w^2}(s) \sum_a \pi |z|^2,

with E_c(s) = sum_t c^t Pr(s_t = s), least for b(s) = c(s)/q(s), or for the constant sum c / sum q (Greensmith,
Bartlett & Baxter 2004, for the average reward of one long run; here the products of all times of an episode are kept,
so these are true minima).

Looking ahead (`lookahead`), z_t w^t meets in g_0 the present, the later and the earlier terms:

.. math::  c(s) = E_{w^2}(s) \left( E[|z|^2 U | s] + w E[z \cdot X(s')] \right) + \sum_j Y_j(s) \cdot E[z U^{(n-j)} | s]

where Y_j(s) = sum_t w^t E[w^{t-j} k^j z_{t-j} 1{s_t = s}] carries the scores of j steps ago.  Without a limit n on the
memory all U^{(n-j)} are U, and Y = sum_j Y_j solves Y = w k (P^T Y + ...).  In REINFORCE the present return consists
of past rewards, whose measure is rho(s) = sum_t E[(sum_{i<t} gamma^i r_i) 1{s_t = s}], and of what is to come:

.. math::  c(s) = \rho(s) E|z|^2 + E_\gamma(s) \left( E[|z|^2 R | s] + \gamma E[z \cdot X(s')] \right)
           + Y(s) \cdot E[z R | s].

Reference: E. Greensmith, P. L. Bartlett, J. Baxter, Variance reduction techniques for gradient estimates in
reinforcement learning (2004).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgsym.exact.moments import lookahead, whole_return
from pgsym.exact.moments.lookahead import LookAhead
from pgsym.exact.moments.space import Array, Form, Space
from pgsym.exact.moments.whole_return import WholeReturn


def quadratic(space: Space, spec: LookAhead | WholeReturn, T: int | None) -> tuple[Array, Array]:
    """c(s) and q(s), shape (S,), of the estimator without its baseline b."""
    if isinstance(spec, WholeReturn):
        return _whole_return(space, spec, T)
    plain = replace(spec, b=space.zeros(space.S))
    return _look_ahead(space, plain) if T is None else _look_ahead_truncated(space, plain, T)


def _squares(space: Space, q: Array) -> Array:
    """[S] E[|z|^2 q | s]."""
    return space.outer(Form.TRACE, q)[:, 0]


def _later(space: Space, X: Array) -> Array:
    """[S] E[z . X(s')]."""
    ones = space.zeros(len(space.reward)) + space.one
    return space.cross(Form.TRACE, ones, X)[:, 0] / (space.one + space.one)


def _ones(space: Space) -> Array:
    return space.zeros(len(space.pair_state)) + space.one


def _rows(X: Array, Y: Array) -> Array:
    """[S] X(s) . Y(s)."""
    product = X * Y
    found = product[:, 0]
    for j in range(1, product.shape[1]):
        found = found + product[:, j]
    return found


def _look_ahead(space: Space, spec: LookAhead) -> tuple[Array, Array]:
    w, k = spec.w, spec.k
    recursion = lookahead.Recursion(space, spec)
    futures = recursion.stationary()
    seen: Any = lookahead.visits(space, w * w, None)

    def mean(component: int) -> Array:
        before = recursion.before(component)
        return recursion.mean_of_pair(spec.u, None if before is None else futures.e[before])

    c = seen * (_squares(space, mean(recursion.top)) + _later(space, futures.X) * w)
    Y = space.landing(seen) * (w * k)
    if recursion.loops:
        c = c + _rows(space.system(w * k).transposed(Y), space.scatter(mean(0)))
    for component in range(recursion.top - 1, 0, -1):
        c = c + _rows(Y, space.scatter(mean(component)))
        Y = recursion.P.back(Y) * (w * k)
    return c, seen * _squares(space, _ones(space))


def _look_ahead_truncated(space: Space, spec: LookAhead, T: int) -> tuple[Array, Array]:
    w, k = spec.w, spec.k
    recursion = lookahead.Recursion(space, spec)
    weights: Any = lookahead.visits(space, w * w, T)
    futures: lookahead.Futures | None = None
    means: list[dict[int, Array]] = [{} for _ in range(T)]
    c = space.zeros(space.S)
    for t in reversed(range(T)):
        last = t == T - 1
        u = spec.u_last if last else spec.u
        for component in recursion.components:
            before = recursion.before(component)
            known = None if futures is None or before is None else futures.e[before]
            means[t][component] = recursion.mean_of_pair(u, known)
        now = _squares(space, means[t][recursion.top])
        if futures is not None:
            now = now + _later(space, futures.X) * w
        c = c + weights[t] * now
        futures = recursion.back(last, futures)
    # Y_j at time t by age j, all ages in one where the memory has no limit.
    ages: dict[int, Array] = {}
    for t in range(T):
        for age, Y in ages.items():
            component = recursion.top - age if not recursion.loops else 0
            c = c + _rows(Y, space.scatter(means[t][component]))
        landed = space.landing(weights[t]) * (w * k)
        moved = {age: recursion.P.back(Y) * (w * k) for age, Y in ages.items()}
        if recursion.loops:
            ages = {0: landed + moved[0] if 0 in moved else landed}
        else:
            ages = {age + 1: Y for age, Y in moved.items() if age + 1 < recursion.top}
            if recursion.top > 1:
                ages[1] = landed
    return c, _sum(weights) * _squares(space, _ones(space))


def _sum(terms: list[Array]) -> Array:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _whole_return(space: Space, spec: WholeReturn, T: int | None) -> tuple[Array, Array]:
    gamma = spec.gamma
    recursion = whole_return.ReturnRecursion(space, replace(spec, has_baseline=False), Form.TRACE)
    P, move_r = recursion.moves[0], recursion.moves[1]
    single = _squares(space, _ones(space))

    def ahead(products: whole_return.Products) -> tuple[Array, Array]:
        """[N] E[R | s, a] and [S] E[|z|^2 R | s] + gamma E[z . X(s')]."""
        returns = recursion.return_of_pair(1, products.G)
        now = _squares(space, returns)
        return returns, now + _later(space, products.X[1]) * gamma if 1 in products.X else now

    if T is None:
        returns, now = ahead(recursion.stationary())
        seen: Any = lookahead.visits(space, gamma, None)
        past = space.system(space.one).transposed(move_r.back(seen))
        Y = space.system(gamma).transposed(space.landing(seen) * gamma)
        c = past * single + seen * now + _rows(Y, space.scatter(returns))
        every: Any = lookahead.visits(space, space.one, None)
        return c, every * single
    later = [whole_return.Products()]
    for _ in range(T - 1):
        later.append(recursion.step(later[-1], whole_return._open))
    seen = lookahead.visits(space, gamma, T)
    past, Y, c = space.zeros(space.S), space.zeros(space.S, space.k), space.zeros(space.S)
    for t in range(T):
        returns, now = ahead(later[T - 1 - t])
        c = c + past * single + seen[t] * now + _rows(Y, space.scatter(returns))
        past = P.back(past) + move_r.back(seen[t])
        Y = (P.back(Y) + space.landing(seen[t])) * gamma
    every = lookahead.visits(space, space.one, T)
    return c, _sum(every) * single

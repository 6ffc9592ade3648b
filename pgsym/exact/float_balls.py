"""A `FloatSolution` in balls, which are proved to contain the exact numbers (`pgsym.algebra.ball_system`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pgsym.algebra.ball_system import BallSystem, ball, distribution, dot, precision, softmax

if TYPE_CHECKING:
    from pgsym.exact.float_mdp import FloatMDP
    from pgsym.exact.float_solution import FloatSolution


def enclosures(solution: FloatSolution, bits: int) -> dict[str, Any]:
    """As `FloatSolution.balls`."""
    model, pinned = solution.model, solution.pinned
    (S, A), value_name, weight_name = model.r.shape, *solution.by_state
    zero, one = ball(0), ball(1)

    def system(moves: list[dict[int, Any]]) -> BallSystem:
        def floats(b: Sequence[float], transposed: bool) -> Any:
            known = solution.system
            return (known.solve_transposed if transposed else known.solve)(np.array(b)).value

        return BallSystem(moves, floats, solution.system.weights.tolist())

    with precision(bits):
        P, r = _outcomes(model)
        pi = [[zero] * A for _ in range(S)]
        for s, row in enumerate(model.available):
            for a, p in zip(np.flatnonzero(row).tolist(), softmax(solution.logits[s, row].tolist()), strict=True):
                pi[s][a] = p
        r_pi = [dot(pi[s], r[s * A : s * A + A]) for s in range(S)]
        P_pi: list[dict[int, Any]] = [{} for _ in range(S)]
        for s, a in np.argwhere(model.available).tolist():
            for t, p in P[s * A + a].items():
                P_pi[s][t] = P_pi[s].get(t, 0) + pi[s][a] * p
        if pinned is None:
            gamma, rbar = ball(model.given["gamma"]), zero
            solve = system([{t: gamma * p for t, p in row.items()} for row in P_pi]).solve
            value, mu0 = solve(r_pi), _start(model)
            J = dot(mu0, value)
            weight = [x if live else zero for x, live in zip(solve(mu0, True), model.live, strict=True)]
        else:
            gamma, others = one, [{t: p for t, p in row.items() if t != pinned} for row in P_pi]
            back, others[pinned] = others[pinned], {}
            solve = system(others).solve
            visits = solve([back.get(s, zero) for s in range(S)], True)
            visits[pinned] = one
            weight = distribution(visits)
            J = rbar = dot(weight, r_pi)
            value = solve([x - rbar if s != pinned else zero for s, x in enumerate(r_pi)])
            offset = dot(weight, value)
            value = [x - offset for x in value]
        ahead = [gamma * dot(row.values(), [value[t] for t in row]) for row in P]
        Q = [[zero] * A for _ in range(S)]
        grad = [[zero] * A for _ in range(S)]
        for s, a in np.argwhere(model.available).tolist():
            Q[s][a] = r[s * A + a] - rbar + ahead[s * A + a]
            grad[s][a] = weight[s] * pi[s][a] * (Q[s][a] - value[s])
        return {"J": J, value_name: value, "Q": Q, weight_name: weight, "grad": grad}


def _outcomes(model: FloatMDP) -> tuple[list[dict[int, Any]], list[Any]]:
    """P(. | s, a) and r(s, a) by s A + a, each row divided by its sum."""
    P: list[dict[int, Any]] = [{} for _ in range(model.r.size)]
    r = [ball(0)] * model.r.size
    for k, t, p, reward in zip(*model.outcomes(), strict=True):
        step = ball(p)
        P[k][t] = P[k].get(t, 0) + step
        r[k] += step * ball(reward)
    for k, row in enumerate(P):
        if row:
            r[k] /= sum(row.values())
            P[k] = dict(zip(row, distribution(row.values()), strict=True))
    return P, r


def _start(model: FloatMDP) -> list[Any]:
    given = model.given["start"]
    return distribution([ball(p) for p in (given if given.ndim else model.mu0).tolist()])

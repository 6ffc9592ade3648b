"""The arrays of planning libraries: pymdptoolbox's P[a,s,s'], and QuantEcon's `DiscreteDP`.

Neither knows terminal states, so one is written as a state that stays for no reward, and such a state is read as
terminal.  Names become numbers, in the order of ``mdp.states`` and of the actions' first appearance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pgsym.errors import SchemaError, StructureError, optional
from pgsym.expression.exact import to_expr
from pgsym.model.arrays import FloatRows, ModelArrays, from_arrays, to_arrays
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.problem import Problem, ProblemLike
from pgsym.model.reductions import averaged, pair_reward

Floats = npt.NDArray[np.float64]


class ToolboxArrays(NamedTuple):
    """What the solvers of pymdptoolbox take: ``ValueIteration(*arrays)``."""

    transitions: Floats
    """P[a,s,s'], shape (A, S, S); every row sums to 1."""
    reward: Floats
    """R[a,s,s'], shape (A, S, S)."""
    discount: float


def to_pymdptoolbox(problem: ProblemLike, *, average: bool = False, unavailable: str = "error") -> ToolboxArrays:
    """The arrays of an MDP without symbols.

    Parameters
    ----------
    average
        Where outcomes of (s, a) share s' with different rewards, take their mean.
    unavailable
        What stands for an action in a state that does not have it: ``error`` refuses such a model, ``copy`` takes the
        state's first action, which leaves the optimal values as they are.

    Returns
    -------
    ToolboxArrays
        (P, R, discount).

    Raises
    ------
    FormulaError
        The model has symbols.
    StructureError
        An action that some state does not have; rewards that differ for one (s, a, s').

    See Also
    --------
    from_pymdptoolbox : The way back.

    Examples
    --------
    >>> mdp = MDP.from_transitions([("s", "go", "end", 1, 3)], start="s", terminal=["end"], gamma="1/2")
    >>> P, R, discount = to_pymdptoolbox(mdp)
    >>> P.tolist(), R.tolist(), discount
    ([[[0.0, 1.0], [0.0, 1.0]]], [[[0.0, 3.0], [0.0, 0.0]]], 0.5)
    """
    if unavailable not in ("error", "copy"):
        raise SchemaError(f"found {unavailable!r}; 'error' or 'copy' is required. Choose one", where="unavailable")
    mdp = Problem.of(problem).mdp
    arrays = to_arrays(mdp, average=average)
    P, r = arrays.P, arrays.r
    for i in np.flatnonzero(arrays.terminal):
        P[i, :, i] = 1
    for i, k in np.argwhere(~arrays.available & ~arrays.terminal[:, None]):
        if unavailable == "error":
            raise StructureError(
                f"action {arrays.actions[k]!r} is not available; these arrays have every action in every state. "
                "Use unavailable='copy', or QuantEcon's form",
                where=arrays.states[i],
            )
        first = int(np.flatnonzero(arrays.available[i])[0])
        P[i, k], r[i, k] = P[i, first], r[i, first]
    return ToolboxArrays(P.swapaxes(0, 1), r.swapaxes(0, 1), arrays.gamma)


def from_pymdptoolbox(
    transitions: Any,
    reward: Any,
    discount: Any = 1,
    *,
    start: Any = None,
    terminal: Iterable[State] | None = None,
    states: Sequence[State] | None = None,
    actions: Sequence[Action] | None = None,
) -> MDP:
    """The MDP of pymdptoolbox's arrays, dense or a sparse matrix for each action.

    Parameters
    ----------
    transitions
        Shape (A, S, S), or A matrices of shape (S, S).
    reward
        Shape (S,), (S, A) or (A, S, S), or A matrices.
    terminal
        By default the states that stay, for no reward, whatever the action.
    start, states, actions
        As for `MDP.from_arrays`.

    Returns
    -------
    MDP
        States and actions are numbers unless names are given.

    See Also
    --------
    to_pymdptoolbox : The way back.

    Examples
    --------
    >>> mdp = from_pymdptoolbox([[[0.5, 0.5], [0, 1]]], [[1], [0]], 0.9)
    >>> mdp, mdp.outcomes(0, 0)[1]
    (MDP(2 states, 1 terminal, 2 outcomes, gamma=9/10), Outcome(state=1, p=1/2, r=1))
    """
    P, r = _dense(transitions), _dense(reward)
    if r.ndim == 2 and P.ndim == 3 and r.shape == (P.shape[1], P.shape[0]):
        r = r.T
    if terminal is None and P.ndim == 3:
        names = range(P.shape[1]) if states is None else states
        terminal = [s for i, s in enumerate(names) if _rests(P, r, i)]
    return _read(P, r, discount, axes="asn", start=start, terminal=terminal or (), states=states, actions=actions)


def _dense(values: Any) -> npt.NDArray[Any]:
    """Numbers as an array; one matrix for each action may be sparse."""
    if isinstance(values, np.ndarray) and values.dtype != object:
        return values
    return np.array([part.toarray() if hasattr(part, "toarray") else part for part in values])


def _rests(P: npt.NDArray[Any], r: npt.NDArray[Any], i: int) -> bool:
    """Whether every action stays in state i, for no reward; r by state, (action, state) or (action, s, s')."""
    paid = r[i] if r.ndim == 1 else r[:, i] if r.ndim == 2 else r[:, i, i]
    return bool((P[:, i, i] == 1).all()) and not np.any(paid)


def _exact(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Rationals for floats, without a warning: these arrays cannot be written in exact numbers."""
    found = values.astype(object)
    for at in np.argwhere(values != 0):
        found[tuple(at)] = to_expr(values[tuple(at)].item())
    return found


def _exact_rows(P: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same for distributions over the last axis."""
    rows = FloatRows("probabilities")
    found = P.astype(object)
    for at in np.ndindex(P.shape[:-1]):
        inside = np.flatnonzero(P[at])
        if inside.size:
            found[at][inside] = rows.read([P[at][j].item() for j in inside], at)
    rows.warn()
    return found


def _read(P: npt.NDArray[Any], r: npt.NDArray[Any], discount: Any, **shape: Any) -> MDP:
    """The MDP of float arrays, read as rationals."""
    gamma = to_expr(discount if isinstance(discount, str) else float(discount), where="gamma")
    return from_arrays(_exact_rows(P), _exact(r), gamma=gamma, **shape)


def to_quantecon(problem: ProblemLike, *, average: bool = False) -> Any:
    """The MDP as `quantecon.markov.DiscreteDP`, one row for each state-action pair.

    Parameters
    ----------
    average
        QuantEcon's rewards are r(s,a): where the outcomes of (s, a) differ in r, take their mean.

    Returns
    -------
    quantecon.markov.DiscreteDP
        In its state-action pair form.

    Raises
    ------
    StructureError
        Rewards that differ within (s, a), without `average`.

    See Also
    --------
    from_quantecon : The way back.
    """
    quantecon = optional("quantecon", "neighbours", "QuantEcon models")
    mdp = Problem.of(problem).mdp
    mdp = averaged(mdp) if average else mdp
    for s, a in mdp.pairs:
        pair_reward(mdp, s, a, "a DiscreteDP")
    arrays = to_arrays(mdp)
    R, Q, s_indices, a_indices = _pairs(arrays)
    return quantecon.markov.DiscreteDP(R, Q, arrays.gamma, s_indices, a_indices)


def _pairs(arrays: ModelArrays) -> tuple[Floats, Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """R (L,), Q (L, S), and the pairs' numbers; a terminal state has one action, which stays."""
    for i in np.flatnonzero(arrays.terminal):
        arrays.P[i, 0, i], arrays.available[i, 0] = 1, True
    s_indices, a_indices = np.nonzero(arrays.available)
    Q = arrays.P[s_indices, a_indices]
    return (Q * arrays.r[s_indices, a_indices]).sum(axis=1), Q, s_indices, a_indices


def from_quantecon(
    ddp: Any,
    *,
    start: Any = None,
    terminal: Iterable[State] | None = None,
    states: Sequence[State] | None = None,
    actions: Sequence[Action] | None = None,
) -> MDP:
    """The MDP of a `quantecon.markov.DiscreteDP` in either of its forms; an action of reward -inf is not available.

    Parameters
    ----------
    terminal
        By default the states whose every action stays, for no reward.
    start, states, actions
        As for `MDP.from_arrays`.

    Returns
    -------
    MDP
        States and actions are numbers unless names are given.

    See Also
    --------
    to_quantecon : The way back.
    """
    R = np.asarray(ddp.R, dtype=float)
    Q = ddp.Q.toarray() if hasattr(ddp.Q, "toarray") else np.asarray(ddp.Q)
    if R.ndim == 2:
        s_indices, a_indices = np.nonzero(R > -np.inf)
        R, Q = R[s_indices, a_indices], Q[s_indices, a_indices]
    else:
        s_indices, a_indices = np.asarray(ddp.s_indices), np.asarray(ddp.a_indices)
    n, m = Q.shape[1], int(a_indices.max()) + 1
    P, r = np.zeros((n, m, n)), np.zeros((n, m))
    P[s_indices, a_indices], r[s_indices, a_indices] = Q, R
    if terminal is None:
        names = range(n) if states is None else states
        moves = {int(s) for s, row, paid in zip(s_indices, Q, R, strict=True) if row[s] != 1 or paid != 0}
        terminal = [s for i, s in enumerate(names) if i not in moves]
    return _read(P, r, ddp.beta, axes="san", start=start, terminal=terminal, states=states, actions=actions)

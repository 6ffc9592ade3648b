"""A numeric MDP as padded tables of outcomes, which keep rewards random: what a simulator draws from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pgsym.errors import FormulaError, SchemaError, StructureError
from pgsym.model.mdp import MDP, Action, State

UNAVAILABLE = ("error", "stay")


class OutcomeTables(NamedTuple):
    """S states, A actions over all states, at most K outcomes of one (s, a); padded with probability 0."""

    next: npt.NDArray[np.int64]
    """Number of s', shape (S, A, K)."""
    p: npt.NDArray[np.float64]
    """Shape (S, A, K)."""
    r: npt.NDArray[np.float64]
    """In reward units, shape (S, A, K)."""
    start: npt.NDArray[np.float64]
    """mu0, shape (S,)."""
    terminal: npt.NDArray[np.bool_]
    """Shape (S,)."""
    available: npt.NDArray[np.bool_]
    """Shape (S, A); every action is available in a terminal state, and stays there."""
    states: tuple[State, ...]
    actions: tuple[Action, ...]
    gamma: float


def outcome_tables(mdp: MDP, unavailable: str = "error") -> OutcomeTables:
    """The tables of an MDP without symbols and with a start distribution.

    Parameters
    ----------
    unavailable
        What an action does in a state that does not have it: ``error`` refuses such a model, ``stay`` lets it do
        nothing, for no reward.

    Raises
    ------
    FormulaError
        The model has symbols.
    StructureError
        No start distribution; an action that some state does not have.

    Examples
    --------
    >>> rows = [("s", "go", "end", "1/4", 4), ("s", "go", "end", "3/4", 0)]
    >>> tables = outcome_tables(MDP.from_transitions(rows, start="s", terminal=["end"]))
    >>> tables.next[0, 0].tolist(), tables.p[0, 0].tolist(), tables.r[0, 0].tolist()
    ([1, 1], [0.25, 0.75], [4.0, 0.0])
    """
    if unavailable not in UNAVAILABLE:
        raise SchemaError(f"found {unavailable!r}; 'error' or 'stay' is required. Choose one", where="unavailable")
    if mdp.symbols:
        names = ", ".join(sorted(s.name for s in mdp.symbols))
        raise FormulaError(
            f"found symbols {names}; an environment has numbers. Give them values with mdp.subs", where="environment"
        )
    if not mdp.start:
        raise StructureError(
            "the model has none; an environment begins somewhere. Set one with mdp.replace(start={state: 1})",
            where="start",
        )
    states = mdp.states
    actions = tuple(dict.fromkeys(a for _, a in mdp.pairs))
    index, column = {s: i for i, s in enumerate(states)}, {a: k for k, a in enumerate(actions)}
    width = max((len(mdp.outcomes(s, a)) for s, a in mdp.pairs), default=1)
    shape = (len(states), max(len(actions), 1), width)
    p, r = np.zeros(shape), np.zeros(shape)
    stay = np.broadcast_to(np.arange(len(states))[:, None, None], shape).copy()
    available = np.zeros(shape[:2], dtype=bool)
    for s, a in mdp.pairs:
        i, k = index[s], column[a]
        available[i, k] = True
        for j, outcome in enumerate(mdp.outcomes(s, a)):
            stay[i, k, j], p[i, k, j], r[i, k, j] = index[outcome.state], float(outcome.p), float(outcome.r)
    terminal = np.array([s in mdp.terminal for s in states])
    available[terminal] = True
    if unavailable == "error" and not available.all():
        i, k = (int(x) for x in np.argwhere(~available)[0])
        raise StructureError(
            f"action {actions[k]!r} is not available; an environment offers every action in every state. "
            "Use unavailable='stay', which lets it do nothing, and the mask of each state's own actions",
            where=states[i],
        )
    p[p.sum(axis=2) == 0, 0] = 1
    start = np.array([float(mdp.start.get(s, 0)) for s in states])
    return OutcomeTables(stay, p, r, start, terminal, available, states, actions, float(mdp.gamma))

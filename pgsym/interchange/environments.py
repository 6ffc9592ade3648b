"""MDPs as environments: for gymnasium, and as pure functions for JAX; both draw from padded tables of outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from pgsym.errors import SchemaError, StructureError, optional
from pgsym.model.arrays import require_numbers
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.problem import Problem, ProblemLike
from pgsym.model.validate import whole_number

if TYPE_CHECKING:
    from pgsym.interchange.functional import FunctionalEnv
    from pgsym.interchange.gymnasium_env import MDPEnv


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

    >>> rows = [("s", "go", "end", "1/4", 4), ("s", "go", "end", "3/4", 0)]
    >>> tables = outcome_tables(MDP.from_transitions(rows, start="s", terminal=["end"]))
    >>> tables.next[0, 0].tolist(), tables.p[0, 0].tolist(), tables.r[0, 0].tolist()
    ([1, 1], [0.25, 0.75], [4.0, 0.0])
    """
    if unavailable not in ("error", "stay"):
        raise SchemaError(f"found {unavailable!r}; 'error' or 'stay' is required. Choose one", where="unavailable")
    require_numbers(mdp.symbols, "an environment has numbers", "environment")
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


def to_gymnasium(
    problem: ProblemLike, *, unavailable: str = "error", time_limit: int | None = None, render_mode: str | None = None
) -> MDPEnv:
    """The MDP as a gymnasium environment with Discrete spaces; it passes gymnasium's own `check_env`.

    Observations are numbers of states, whose names ``env.states`` has, and rewards stay random where the model's are.
    ``info["action_mask"]`` marks the state's own actions; ``env.gamma`` is the discount factor.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.  Where it has a policy that somebody chose, ``env.pi`` and ``info["policy"]`` hold
        pi(.|s) at its theta.
    unavailable
        What an action does in a state that does not have it: ``error`` refuses such a model, ``stay`` lets it do
        nothing, for no reward.
    time_limit
        Steps after which an episode is truncated.
    render_mode
        None or ``ansi``.

    Returns
    -------
    MDPEnv
        A `gymnasium.Env`.

    Raises
    ------
    FormulaError
        The model has symbols.
    StructureError
        No start distribution, or an action that some state does not have.

    See Also
    --------
    to_jax : Pure functions instead.
    MDP.from_gymnasium : The way back.

    References
    ----------
    Towers et al., Gymnasium: a standard interface for reinforcement learning environments, 2024.

    Examples
    --------
    >>> env = to_gymnasium("short-corridor", render_mode="ansi")
    >>> _ = env.reset(seed=0)
    >>> env.step(env.actions.index("R"))[:4], env.render()
    ((1, -1.0, False, False), 's1 -- R, -1 --> s2')
    """
    optional("gymnasium", "gym", "environments")
    from pgsym.interchange.gymnasium_env import MDPEnv

    if time_limit is not None:
        whole_number(time_limit, 1, "time_limit")
    return MDPEnv(Problem.of(problem), unavailable=unavailable, time_limit=time_limit, render_mode=render_mode)


def to_jax(problem: ProblemLike, *, unavailable: str = "error", time_limit: int | None = None) -> FunctionalEnv:
    """The MDP as pure functions in the manner of gymnax: ``reset(key, params)``, ``step(key, state, action, params)``.

    The parameters hold the tables of P and r, so that they can be changed, batched and differentiated.

    Parameters
    ----------
    unavailable
        As for `to_gymnasium`.
    time_limit
        Steps after which an episode ends; none by default.

    Returns
    -------
    FunctionalEnv
        With ``default_params``, ``reset`` and ``step``.

    See Also
    --------
    to_gymnasium : An object with a state instead; it raises the same.

    Examples
    --------
    >>> import jax
    >>> env = to_jax("short-corridor")
    >>> obs, state = env.reset(jax.random.key(0), env.default_params)
    >>> obs, state, reward, done, info = jax.jit(env.step)(jax.random.key(1), state, 0, env.default_params)
    >>> int(obs), float(reward), bool(done)
    (1, -1.0, False)
    """
    from pgsym.interchange.functional import FunctionalEnv

    if time_limit is not None:
        whole_number(time_limit, 1, "time_limit")
    return FunctionalEnv(Problem.of(problem).mdp, unavailable=unavailable, time_limit=time_limit)

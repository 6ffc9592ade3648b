"""MDPs as environments: for gymnasium, and as pure functions for JAX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sympy as sp

from pgsym.errors import SchemaError
from pgsym.model.extras import optional
from pgsym.model.mdp import MDP
from pgsym.model.policy import Policy

if TYPE_CHECKING:
    from pgsym.interchange.functional import FunctionalEnv
    from pgsym.interchange.gymnasium_env import MDPEnv


def to_gymnasium(
    mdp: MDP,
    policy: Policy | None = None,
    theta: Mapping[sp.Symbol | str, Any] | None = None,
    *,
    unavailable: str = "error",
    time_limit: int | None = None,
    render_mode: str | None = None,
) -> MDPEnv:
    """The MDP as a gymnasium environment with Discrete spaces; it passes gymnasium's own `check_env`.

    Observations are numbers of states (``env.states`` has the names), an episode is terminated in a terminal state,
    and rewards stay random where the model's are.  ``info["action_mask"]`` marks the state's own actions.  The
    discount factor is no part of an environment; it is kept as ``env.gamma``.

    Parameters
    ----------
    policy, theta
        With them, ``env.pi`` and ``info["policy"]`` hold pi(.|s) at theta.
    unavailable
        What an action does in a state that does not have it: ``error`` refuses such a model, ``stay`` lets it do
        nothing, for no reward.
    time_limit
        Steps after which an episode is truncated.
    render_mode
        None or ``ansi``.

    Raises
    ------
    MissingExtraError
        gymnasium is not installed.
    FormulaError
        The model has symbols.
    StructureError
        No start distribution, or an action that some state does not have.

    Examples
    --------
    >>> from pgsym.model.zoo import zoo
    >>> env = to_gymnasium(zoo("short-corridor").mdp, render_mode="ansi")
    >>> _ = env.reset(seed=0)
    >>> env.step(env.actions.index("R"))[:4], env.render()
    ((1, -1.0, False, False), 's1 -- R, -1 --> s2')
    """
    optional("gymnasium", "gym", "environments")
    from pgsym.interchange.gymnasium_env import MDPEnv

    _check_limit(time_limit)
    return MDPEnv(mdp, policy, theta, unavailable=unavailable, time_limit=time_limit, render_mode=render_mode)


def to_jax(mdp: MDP, *, unavailable: str = "error", time_limit: int | None = None) -> FunctionalEnv:
    """The MDP as pure functions in the manner of gymnax: ``reset(key, params)``, ``step(key, state, action, params)``.

    The parameters hold the tables of P and r, so that they can be changed, batched and differentiated.

    Parameters
    ----------
    unavailable
        As for `to_gymnasium`.
    time_limit
        Steps after which an episode ends; none by default.

    Raises
    ------
    FormulaError
        The model has symbols.
    StructureError
        No start distribution, or an action that some state does not have.

    Examples
    --------
    >>> import jax
    >>> from pgsym.model.zoo import zoo
    >>> env = to_jax(zoo("short-corridor").mdp)
    >>> obs, state = env.reset(jax.random.key(0), env.default_params)
    >>> obs, state, reward, done, info = jax.jit(env.step)(jax.random.key(1), state, 0, env.default_params)
    >>> int(obs), float(reward), bool(done)
    (1, -1.0, False)
    """
    from pgsym.interchange.functional import FunctionalEnv

    _check_limit(time_limit)
    return FunctionalEnv(mdp, unavailable=unavailable, time_limit=time_limit)


def _check_limit(time_limit: int | None) -> None:
    if time_limit is not None and (isinstance(time_limit, bool) or not isinstance(time_limit, int) or time_limit < 1):
        raise SchemaError(
            f"found {time_limit!r}; a whole number of at least 1, or None, is required. Change it", where="time_limit"
        )

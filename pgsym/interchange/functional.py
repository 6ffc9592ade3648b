"""The class behind `to_jax`: an environment without a state of its own; importing it loads jax."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pgsym.interchange.environments import outcome_tables
from pgsym.model.mdp import MDP

FOREVER = np.iinfo(np.int32).max
"""Steps of an episode without a time limit."""


class Params(NamedTuple):
    """The environment's `OutcomeTables`, all leaves of a pytree: change them with ``params._replace(r=...)``."""

    p: jax.Array
    r: jax.Array
    next: jax.Array
    start: jax.Array
    terminal: jax.Array
    max_steps_in_episode: jax.Array
    """Time limit."""


class State(NamedTuple):
    """Number of the MDP's state, and steps since the reset."""

    s: jax.Array
    time: jax.Array


class FunctionalEnv:
    """Pure functions of keys, states and parameters, which `jit` and `vmap` take; made by `to_jax`.

    The names behind the numbers are `states` and `actions`; `available`, shape (S, A), says which actions a state has
    of its own, and `gamma` is the model's discount factor, for the learner.
    """

    def __init__(self, mdp: MDP, *, unavailable: str = "error", time_limit: int | None = None) -> None:
        tables = outcome_tables(mdp, unavailable)
        self.states, self.actions, self.gamma = tables.states, tables.actions, tables.gamma
        self.available = tables.available
        self.num_states, self.num_actions = tables.p.shape[:2]
        # the model's own tables, in JAX's default float type
        self.default_params = Params(
            jnp.asarray(tables.p),
            jnp.asarray(tables.r),
            jnp.asarray(tables.next, jnp.int32),
            jnp.asarray(tables.start),
            jnp.asarray(tables.terminal),
            jnp.asarray(FOREVER if time_limit is None else time_limit, jnp.int32),
        )

    name = "pgsym/MDP-v0"

    def reset(self, key: jax.Array, params: Params) -> tuple[jax.Array, State]:
        """(obs, state): obs is the number of a state drawn from mu0."""
        s = _draw(key, params.start)
        return s, State(s, jnp.zeros_like(s))

    def step(
        self, key: jax.Array, state: State, action: Any, params: Params
    ) -> tuple[jax.Array, State, jax.Array, jax.Array, dict[str, jax.Array]]:
        """(obs, state, reward, done, info) of one step; a finished episode begins anew, as in gymnax.

        ``info["terminal_obs"]`` is the state before that, see `step_env` for the rest.
        """
        key_step, key_reset = jax.random.split(key)
        obs, after, reward, done, info = self.step_env(key_step, state, action, params)
        fresh_obs, fresh = self.reset(key_reset, params)
        chosen = State(*(jnp.where(done, new, old) for new, old in zip(fresh, after, strict=True)))
        return jnp.where(done, fresh_obs, obs), chosen, reward, done, {**info, "terminal_obs": obs}

    def step_env(
        self, key: jax.Array, state: State, action: Any, params: Params
    ) -> tuple[jax.Array, State, jax.Array, jax.Array, dict[str, jax.Array]]:
        """(obs, state, reward, done, info) of one step, without a reset.

        In `info`, ``outcome`` is the number k of the outcome: the reward is ``params.r[s, a, k]``, which `grad` sees,
        and ``log(params.p[s, a, k])`` is its log-likelihood; ``discount`` is 0 at a terminal state and 1 else.
        """
        action = jnp.asarray(action)
        k = _draw(key, params.p[state.s, action])
        s, time = params.next[state.s, action, k], state.time + 1
        terminated = params.terminal[s]
        truncated = ~terminated & (time >= params.max_steps_in_episode)
        reward = params.r[state.s, action, k]
        info = {
            "outcome": k,
            "terminated": terminated,
            "truncated": truncated,
            "discount": jnp.where(terminated, jnp.zeros_like(reward), jnp.ones_like(reward)),
        }
        return s, State(s, time), reward, terminated | truncated, info


def _draw(key: jax.Array, p: jax.Array) -> jax.Array:
    """The first k whose cumulative probability exceeds a uniform number: never one of probability 0."""
    total = jnp.cumsum(p)
    # rounded up, the product could reach the total, which no entry exceeds
    u = jnp.minimum(
        jax.random.uniform(key, dtype=p.dtype) * total[-1], jnp.nextafter(total[-1], jnp.zeros_like(total[-1]))
    )
    return jnp.argmax(total > u).astype(jnp.int32)

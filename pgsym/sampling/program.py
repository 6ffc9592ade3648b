r"""The trajectory as a NumPyro program: the readable definition of what the kernel samples.

The sites are ``start`` [n], ``action`` [T, n] (numbered within the state), ``outcome`` [T, n] (numbered within
the pair), and, deterministic, ``state``, ``pair`` and ``reward`` [T, n].  The dynamics carry no theta, so the gradient
of the program's log-density is the sum of the scores, :math:`\sum_t \nabla\log\pi(a_t|s_t)`.
"""

from __future__ import annotations

import warnings
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np

with warnings.catch_warnings():
    # Of its progress bar, which is not used here, when a notebook has no widgets.
    warnings.filterwarnings("ignore", message="IProgress not found")
    import numpyro
    from numpyro.contrib.control_flow import scan
    from numpyro.distributions import Categorical

from pgsym.sampling.dynamics import start_or_uniform
from pgsym.sampling.policy import log_policy
from pgsym.sampling.tables import Tables


class Program(Protocol):
    """A NumPyro program of theta [k]: `n` trajectories of `T` steps; returns the rewards [T, n]."""

    def __call__(self, theta: jax.Array, T: int, n: int = 1) -> jax.Array: ...


def trajectory_program(tables: Tables) -> Program:
    """The program that draws trajectories of the tables' MDP under its policy, at any theta.

    >>> from numpyro import handlers
    >>> from pgsym.model import MDP, Problem, sigmoid
    >>> from pgsym.sampling.tables import build_tables
    >>> mdp = MDP.from_transitions([("s", a, "end", 1, 1) for a in ("go", "no")], start="s", terminal=["end"])
    >>> program = trajectory_program(build_tables(Problem(mdp, sigmoid(mdp, {"s": "t"}))))
    >>> trace = handlers.trace(handlers.seed(program, 0)).get_trace(jnp.zeros(1), 2, 3)
    >>> trace["reward"]["value"].tolist()
    [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
    """
    S, N = tables.S, tables.N
    log_pi = log_policy(tables.problem.policy)
    within = np.arange(N) - np.searchsorted(tables.pair_state, tables.pair_state)
    place = np.arange(tables.O) - np.searchsorted(tables.outcome_pair, tables.outcome_pair)
    A, K = int(within.max()) + 1, int(place.max()) + 1
    # The absorbing state has one action with one outcome: itself, for no reward.
    pair = np.full((S + 1, A), N, np.int32)
    pair[tables.pair_state, within] = np.arange(N)
    probability = np.zeros((N + 1, K), np.float32)
    probability[:, 0] = 1.0
    probability[tables.outcome_pair, place] = tables.outcome_p
    successor = np.full((N + 1, K), S, np.int32)
    successor[tables.outcome_pair, place] = tables.outcome_next
    reward = np.zeros((N + 1, K), np.float32)
    reward[tables.outcome_pair, place] = tables.outcome_reward
    mu0 = jnp.asarray(start_or_uniform(tables), jnp.float32)
    pairs, p, successors, r = (jnp.asarray(a) for a in (pair, probability, successor, reward))

    def program(theta: jax.Array, T: int, n: int = 1) -> jax.Array:
        pi = jnp.zeros((S + 1, A), theta.dtype).at[S, 0].set(1.0)
        pi = pi.at[tables.pair_state, within].set(jnp.exp(log_pi(theta)))
        with numpyro.plate("trajectory", n):
            start = numpyro.sample("start", Categorical(probs=jnp.broadcast_to(mu0, (n, S + 1))))

        def step(s: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
            with numpyro.plate("trajectory", n):
                a = numpyro.sample("action", Categorical(probs=pi[s]))
                sa = pairs[s, a]
                o = numpyro.sample("outcome", Categorical(probs=p[sa]))
                numpyro.deterministic("state", s)
                numpyro.deterministic("pair", sa)
                gained = numpyro.deterministic("reward", r[sa, o])
            return successors[sa, o], gained

        _, rewards = scan(step, start, None, length=T)
        return rewards

    return program

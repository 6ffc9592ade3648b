"""The NumPyro program says what the kernel samples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro import handlers
from numpyro.infer.util import log_density
from scipy.special import chdtri

from pgsym.sampling import build_tables, estimate, trajectory_program

# The program computes in float32; a log-density is a sum of T terms.
SINGLE = 2.0**-18


def traced(case, T, n, seed=0):
    tables = build_tables(case)
    program = trajectory_program(tables)
    theta = jnp.asarray(tables.theta, jnp.float32)
    trace = handlers.trace(handlers.seed(program, jax.random.key(seed))).get_trace(theta, T, n)
    return tables, program, theta, {name: site["value"] for name, site in trace.items() if "value" in site}


@pytest.mark.parametrize("name", ["dag", "garnet", "corridor"])
def test_gradient_of_the_log_density_is_the_sum_of_scores(request, name):
    tables, program, theta, sites = traced(request.getfixturevalue(name), 6, 5)
    drawn = {site: sites[site] for site in ("start", "action", "outcome")}
    density = lambda x: log_density(program, (x, 6, 5), {}, drawn)[0]  # noqa: E731
    scores = np.append(tables.scores(), np.zeros((1, tables.k)), axis=0)
    expected = scores[np.asarray(sites["pair"])].sum((0, 1))
    np.testing.assert_allclose(jax.grad(density)(theta), expected, atol=30 * SINGLE)
    # Uncentred scores, without - sum_b pi(b|s) grad l(s,b), are rejected.
    uncentred = np.where(scores > 0, 1.0, 0.0)[np.asarray(sites["pair"])].sum((0, 1))
    assert np.abs(jax.grad(density)(theta) - uncentred).max() > 0.1


def test_log_density_is_the_probability_of_the_trajectory(dag):
    tables, program, theta, sites = traced(dag, 3, 1)
    drawn = {site: sites[site] for site in ("start", "action", "outcome")}
    pair, state, reward = (np.asarray(sites[x])[:, 0] for x in ("pair", "state", "reward"))
    expected = np.log(tables.start[state[0]])
    for t in range(3):
        if pair[t] < tables.N:
            match = (tables.outcome_pair == pair[t]) & (tables.outcome_reward == reward[t])
            if t < 2:
                match &= tables.outcome_next == state[t + 1]
            expected += np.log(tables.pi[pair[t]] * tables.outcome_p[match].sum())
    found, _ = log_density(program, (theta, 3, 1), {}, drawn)
    np.testing.assert_allclose(found, expected, atol=SINGLE)


def test_program_and_kernel_draw_the_same_pairs(garnet, statistics, draw):
    n, T = 4000, 6
    _, _, _, sites = traced(garnet, T, n)
    drawn = draw(garnet, T, n).pair
    for t in (0, 1, T - 1):
        a = np.bincount(np.asarray(sites["pair"])[t], minlength=20)
        b = np.bincount(drawn[t], minlength=20)
        # Two samples of one distribution: Pearson's homogeneity statistic.
        statistic = ((a - b) ** 2 / (a + b)).sum()
        assert statistic <= chdtri(19, statistics.FALSE_ALARM)
        # One pair in twenty taken for its neighbour is rejected.
        mutant = a + np.where(np.arange(20) == 0, -a[0], np.where(np.arange(20) == 1, a[0], 0))
        assert ((mutant - b) ** 2 / (mutant + b)).sum() > chdtri(19, statistics.FALSE_ALARM)


def test_program_estimates_the_kernels_gradient(dag, statistics):
    # REINFORCE by automatic differentiation of the program against the kernel's closed-form scores.
    n = 4000
    _, program, theta, sites = traced(dag, 3, n)
    drawn = {site: sites[site] for site in ("start", "action", "outcome")}

    def one(x, sample):
        return log_density(program, (x, 3, 1), {}, sample)[0]

    split = jax.tree.map(lambda a: jnp.moveaxis(a, -1, 0)[..., None], drawn)
    scores = jax.vmap(jax.grad(one), in_axes=(None, 0))(theta, split)
    returns = (0.5 ** np.arange(3)) @ np.asarray(sites["reward"], np.float64)
    g = np.asarray(scores, np.float64) * returns[:, None]
    found = estimate(dag, "reinforce", n=n)
    both = np.sqrt(g.var(0) / n + found.standard_error**2)
    assert statistics.agree(g.mean(0), found.mean, both)


def test_program_conditions_on_actions(dag):
    _, program, theta, _ = traced(dag, 2, 1)
    fixed = handlers.substitute(program, {"action": jnp.ones((2, 4), jnp.int32)})
    trace = handlers.trace(handlers.seed(fixed, jax.random.key(3))).get_trace(theta, 2, 4)
    # s0, b leads to v for 2; v, b ends for 1.
    assert trace["reward"]["value"].tolist() == [[2.0] * 4, [1.0] * 4]

"""Four routes to one gradient: differentiated closed form, floats, finite differences, and jax.grad."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps, points, policies

import pgsym
from pgsym.sampling.policy import log_policy

STEP = 1e-5
"""Of central differences: truncation O(STEP^2), rounding O(eps / STEP), both near 1e-10."""


def jax_objective(mdp, policy):
    """J(theta) = mu0 (I - gamma P_pi)^-1 r_pi with dense arrays, written once more, for jax.grad."""
    index = {s: i for i, s in enumerate(mdp.nonterminal)}
    owner = np.array([index[s] for s, _ in mdp.pairs])
    P = np.zeros((len(mdp.pairs), len(index)))
    r = np.zeros(len(mdp.pairs))
    for k, (s, a) in enumerate(mdp.pairs):
        for o in mdp.outcomes(s, a):
            r[k] += float(o.p * o.r)
            if o.state in index:
                P[k, index[o.state]] += float(o.p)
    mu0 = np.array([float(mdp.start.get(s, 0)) for s in mdp.nonterminal])
    choose = np.zeros((len(index), len(mdp.pairs)))
    choose[owner, np.arange(len(mdp.pairs))] = 1
    log_pi = log_policy(policy)

    def J(theta):
        pi = jnp.exp(log_pi(theta))
        P_pi, r_pi = (choose * pi[None, :]) @ P, choose @ (pi * r)
        return mu0 @ jnp.linalg.solve(jnp.eye(len(index)) - float(mdp.gamma) * P_pi, r_pi)

    return J


@given(st.data())
@settings(max_examples=10)
def test_gradients_agree_on_every_route(data):
    mdp = data.draw(st.one_of(continuing_mdps(max_states=3), episodic_mdps(max_states=3)))
    policy = data.draw(policies(mdp))
    exact_point = data.draw(points(policy))
    theta = np.array([float(exact_point[p]) for p in policy.params])
    solution = pgsym.solve(pgsym.Problem(mdp, policy))
    exact = np.array([float(solution.at(exact_point).grad[p]) for p in policy.params])

    floats = solution.at(dict(zip(policy.params, theta.tolist(), strict=True)))
    np.testing.assert_allclose([float(floats.grad[p]) for p in policy.params], exact, rtol=1e-9, atol=1e-11)

    with jax.enable_x64(True):
        by_jax = jax.grad(jax_objective(mdp, policy))(jnp.asarray(theta))
    np.testing.assert_allclose(by_jax, exact, rtol=1e-8, atol=1e-10)

    def J(values):
        return float(solution.at(dict(zip(policy.params, map(float, values), strict=True))).J)

    for i, p in enumerate(policy.params):
        e = np.eye(len(theta))[i] * STEP
        difference = (J(theta + e) - J(theta - e)) / (2 * STEP)
        assert difference == pytest.approx(exact[i], rel=1e-6, abs=1e-7), p

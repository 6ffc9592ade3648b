"""Closed forms as array functions: equal to the exact values, and jit, grad and vmap work on JAX."""

import re

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from skips import needs
from strategies import continuing_mdps, episodic_mdps, points, policies

import pgsym
from pgsym.errors import PolicyError, SchemaError, TooLargeError
from pgsym.exact import solve
from pgsym.interchange.functions import function

ROUNDING = 2.0**-40
"""Relative error of some hundred float64 operations without cancellation."""


@pytest.fixture
def two_state():
    problem = pgsym.zoo("two-state")
    return solve(problem.replace(objective="stationary-value"))


@settings(max_examples=10)
@given(st.data())
def test_numpy_values_are_the_exact_ones(data):
    mdp = data.draw(st.one_of(episodic_mdps(max_states=3), continuing_mdps(max_states=3)))
    policy = data.draw(policies(mdp))
    theta = data.draw(points(policy))
    solution = solve(pgsym.Problem(mdp, policy))
    exact = solution.at(theta)
    values = np.array([float(theta[p]) for p in policy.params])
    for quantity in ("J", "grad", "V", "Q"):
        found = function(solution, quantity=quantity)
        table = getattr(exact, quantity)
        expected = [float(x) for x in (table.values() if quantity != "J" else [table])]
        scale = max(map(abs, expected), default=0)
        # terms of both signs cancel: the bound is on the largest entry and on the rewards, which are at most 3
        np.testing.assert_allclose(np.atleast_1d(found(values)), expected, rtol=0, atol=(scale + 3) * ROUNDING)


def test_batches_keep_their_shape_and_order(two_state):
    theta = np.linspace(-1, 1, 24).reshape(3, 4, 2)
    Q = function(two_state, quantity="Q")
    assert Q.keys == tuple(two_state.Q)
    assert Q(theta).shape == (3, 4, 4)
    np.testing.assert_array_equal(Q(theta)[1, 2], Q(theta[1, 2]))
    assert function(two_state)(theta.astype(np.float32)).dtype == np.float32
    assert function(two_state)([0, 0]) == pytest.approx(float(two_state.at({"theta_x": 0, "theta_y": 0}).J))


def test_jax_jit_grad_and_vmap(two_state):
    jax = needs("jax")
    with jax.enable_x64(True):
        J = function(two_state, "jax")
        grad_J = function(two_state, "jax", quantity="grad")
        theta = jax.numpy.asarray([[0.25, -1.0], [0.0, 2.0], [-3.0, 0.5]])
        expected = grad_J(theta)
        np.testing.assert_allclose(jax.vmap(jax.grad(J))(theta), expected, rtol=ROUNDING)
        np.testing.assert_allclose(jax.jit(jax.vmap(grad_J))(theta), expected, rtol=ROUNDING)
        np.testing.assert_allclose(
            function(two_state, "numpy", quantity="grad")(np.asarray(theta)), expected, rtol=ROUNDING
        )


def test_symbols_are_the_second_argument():
    mdp = pgsym.MDP.from_transitions(
        [("s", "go", "end", 1, "r"), ("s", "wait", "s", 1, 0)], start="s", terminal=["end"], gamma="gamma"
    )
    solution = solve(pgsym.Problem(mdp, pgsym.sigmoid(mdp, {"s": "t"})))
    J = function(solution)
    assert [s.name for s in J.symbols] == ["gamma", "r"]
    gammas = np.array([0.0, 0.5, 0.9])
    expected = [float(solution.at({"t": 0}, gamma=g, r=3).J) for g in ("0", "1/2", "9/10")]
    np.testing.assert_allclose(J(np.zeros((3, 1)), {"gamma": gammas, "r": 3.0}), expected)
    with pytest.raises(SchemaError, match=r"^symbols: no value for r; every symbol needs one"):
        J([0.0], {"gamma": 0.5})
    with pytest.raises(SchemaError, match=r"^symbols: 'gama' is not a symbol of it; the nearest is 'gamma'"):
        J([0.0], {"gama": 0.5, "r": 1})


def test_expressions_and_lists():
    a, b = sp.symbols("a b")
    assert function(a - b)([3.0, 1.0]) == 2.0
    assert function([a, a * b, 7], params=["b", "a"])([3.0, 2.0]).tolist() == [2.0, 6.0, 7.0]
    assert function(sp.exp(a / 2 + 1) / b)([2.0, 4.0]) == pytest.approx(np.exp(2) / 4)


def test_function_raises(two_state):
    with pytest.raises(SchemaError, match=r"^backend: found 'nump'; the nearest is 'numpy'\. Choose one$"):
        function(two_state, "nump")
    with pytest.raises(SchemaError, match=r"^quantity: found 'grd'; the nearest is 'grad'\. Check the name$"):
        function(two_state, quantity="grd")
    message = "function: the solution is at a point; a function needs the closed form. Use the solution before at()"
    with pytest.raises(SchemaError, match=f"^{re.escape(message)}$"):
        function(two_state.at({"theta_x": 0, "theta_y": 0}))
    message = "theta: found shape (3,); (..., 2) is required: theta_x, theta_y. Reshape it"
    with pytest.raises(PolicyError, match=f"^{re.escape(message)}$"):
        function(two_state)([1.0, 2.0, 3.0])
    with pytest.raises(TooLargeError, match=r"^function: a coefficient has 2001 bits; a float holds 1024\."):
        function(sp.Symbol("a") + 2**2000)([1.0])

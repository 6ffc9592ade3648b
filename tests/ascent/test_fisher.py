"""The natural gradient: what it is, and what it does not depend on."""

import numpy as np
import pytest
import sympy as sp
from scipy import sparse

import pgsym
from pgsym.ascent import ascend
from pgsym.exact.landscape import Landscape, natural_direction
from pgsym.model import MDP, direct_policy, sigmoid, softmax_policy, tabular

ROUNDING = 1e-12


@pytest.fixture
def model():
    """Two states with two actions each; no symmetry, discounted."""
    rows = [
        ("x", "a", "x", "3/4", 1),
        ("x", "a", "y", "1/4", 1),
        ("x", "b", "y", 1, 0),
        ("y", "a", "x", "1/2", 2),
        ("y", "a", "y", "1/2", 2),
        ("y", "b", "x", "1/5", -1),
        ("y", "b", "y", "4/5", -1),
    ]
    return MDP.from_transitions(rows, start={"x": "1/3", "y": "2/3"}, gamma="9/10")


@pytest.mark.parametrize("name", ["two-state", "kakade", "machine-replacement", "random-walk", "student"])
def test_natural_gradient_is_the_exact_one(name):
    p = pgsym.zoo(name)
    place = Landscape(p).at(np.array([float(p.theta[x]) for x in p.policy.params]))
    exact = pgsym.solve(p).at(p.theta).natural_gradient
    np.testing.assert_allclose(place.natural_gradient(), [float(exact[x]) for x in p.policy.params], rtol=1e-10)


def test_step_does_not_depend_on_linear_parameters(model):
    """theta = M phi gives F_phi = M^T F M and grad_phi J = M^T grad J, so M (F_phi^-1 grad_phi J) = F^-1 grad J.

    A step of plain ascent moves theta by M M^T grad J instead.
    """
    M = np.array([[2.0, 1.0], [-1.0, 3.0]])
    theta_policy = sigmoid(model, {"x": "t", "y": "u"})
    phi_policy = softmax_policy(model, {"x": {"a": "2*v + w"}, "y": {"a": "-v + 3*w"}}, ["v", "w"])
    phi = np.array([0.3, -0.2])
    options = {"methods": ["exact", "natural"], "steps": 20, "step_size": 0.3}
    by_theta = ascend(pgsym.Problem(model, theta_policy, theta=(M @ phi).tolist()), **options)
    by_phi = ascend(pgsym.Problem(model, phi_policy, theta=phi.tolist()), **options)
    natural, moved = by_theta["natural"][0], by_phi["natural"][0]
    np.testing.assert_allclose(moved.theta @ M.T, natural.theta, rtol=1e-10)
    np.testing.assert_allclose(moved.J, natural.J, rtol=1e-11)
    gradient = Landscape(pgsym.Problem(model, theta_policy)).at(M @ phi).gradient
    np.testing.assert_allclose(M @ by_phi["exact"][0].theta[1], M @ phi + 0.3 * M @ M.T @ gradient, rtol=1e-12)
    assert abs(by_phi["exact"][0].J[1] - by_theta["exact"][0].J[1]) > 0.01


def test_direction_does_not_depend_on_nonlinear_parameters(model):
    """With p = sigmoid(theta), dp = sigmoid'(theta) F_theta^-1 grad_theta J = F_p^-1 grad_p J: to first order."""
    p = np.array([0.7, 0.4])
    theta = np.log(p / (1 - p))
    direct = direct_policy(model, {"x": {"a": "p", "b": "1 - p"}, "y": {"a": "q", "b": "1 - q"}}, ["p", "q"])
    by_p = Landscape(pgsym.Problem(model, direct)).at(p).natural_gradient()
    by_theta = Landscape(pgsym.Problem(model, sigmoid(model))).at(theta).natural_gradient()
    np.testing.assert_allclose(by_p, p * (1 - p) * by_theta, rtol=ROUNDING)


def test_pseudo_inverse_changes_the_policy_as_the_inverse_does(model):
    """A logit for every action makes F singular; the policy's own change is that of one logit per state."""
    full = Landscape(pgsym.Problem(model, tabular(model))).at(np.array([0.5, -0.25, 1.0, 0.75]))
    fixed = Landscape(pgsym.Problem(model, sigmoid(model))).at(np.array([0.75, 0.25]))
    direction = full.natural_gradient()
    change = full.policy.slope @ direction
    np.testing.assert_allclose(change, fixed.policy.slope @ fixed.natural_gradient(), rtol=ROUNDING)
    # The shortest of all solutions has no part along (1, 1), which moves no probability.
    np.testing.assert_allclose(direction[::2] + direction[1::2], 0, atol=1e-12)


def test_blocks_are_the_dense_pseudo_inverse():
    rng = np.random.default_rng(5)
    Z = np.zeros((12, 7))
    Z[:4, [0, 3]], Z[4:9, [1, 2, 6]], Z[9:, [4]] = rng.normal(size=(4, 2)), rng.normal(size=(5, 3)), 1.0
    Z[:4, 3] = 2 * Z[:4, 0]
    weight, advantage = rng.uniform(size=12), rng.normal(size=12)
    found = natural_direction(sparse.csr_array(Z), weight, advantage)
    F, g = Z.T @ np.diag(weight) @ Z, Z.T @ (weight * advantage)
    np.testing.assert_allclose(found, np.linalg.pinv(F) @ g, rtol=1e-10)
    assert found[5] == 0


def test_tabular_direction_is_the_centred_advantage():
    """F^+ grad J = A(s,.) minus its plain mean, in each state; also where the policy is all but deterministic."""
    mdp = MDP.from_transitions(
        [("s", a, "end", 1, r) for a, r in (("a", 1), ("b", 0), ("c", -3))], start="s", terminal=["end"]
    )
    place = Landscape(pgsym.Problem(mdp, tabular(mdp))).at(np.array([12.0, -13.0, 4.0]))
    assert place.policy.pi.min() < 1e-10
    # Rounding is magnified by sqrt(pi(a)/pi(b)), about 3e5.
    np.testing.assert_allclose(place.natural_gradient(), [5 / 3, 2 / 3, -7 / 3], rtol=1e-9)


def test_damping_leads_from_the_inverse_to_the_gradient(model):
    place = Landscape(pgsym.Problem(model, sigmoid(model))).at(np.array([0.5, 0.25]))
    Z = place.policy.score.toarray()
    F = Z.T @ np.diag(place.weight) @ Z
    damped = place.natural_gradient(0.5)
    np.testing.assert_allclose(damped, np.linalg.solve(F + 0.5 * np.eye(2), place.gradient), rtol=ROUNDING)
    np.testing.assert_allclose(1e9 * place.natural_gradient(1e9), place.gradient, rtol=1e-7)


def test_kakade_plateau():
    """Kakade (2002): where the gradient all but vanishes, the natural gradient does not.

    Both states prefer to stay, so the better state 2 is left out of sight: mu is nearly (1, 0).
    """
    p = pgsym.zoo("kakade")
    place = Landscape(p).at(np.array([float(p.theta[x]) for x in p.policy.params]))
    F = pgsym.solve(p).at(p.theta).fisher
    direction = sp.Matrix(place.natural_gradient().tolist())
    np.testing.assert_allclose(np.array(F * direction, float).ravel(), place.gradient, rtol=ROUNDING)

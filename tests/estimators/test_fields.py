"""One law over every field: closed forms, exact points, residues, floats by the generic route and by SciPy."""

import random

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from named import actor_critic, all_knowing, gae, n_step, reinforce, reward_to_go, trace
from strategies import continuing_mdps, episodic_mdps, points, policies

from pgsym.estimators.estimator import find_estimator
from pgsym.estimators.moments import moments
from pgsym.exact.fields import prime_field
from pgsym.model import MDP, Problem, sigmoid
from pgsym.model.zoo import zoo

WHOLE = [
    reinforce(),
    reinforce("V"),
    reward_to_go(),
    reward_to_go("V", discounted=False),
    actor_critic({0: 2}),
    n_step(3, 1),
    gae("1/3", {0: "1/2"}, discounted=False),
    all_knowing("V"),
]
CUT = [
    reinforce(1, horizon=4),
    reward_to_go("1/2", horizon=4),
    n_step(2, {0: 1}, horizon=4),
    gae("1/2", {0: 1}, horizon=4, bootstrap=False),
    trace("9/10", 4),
]
UNENDED = [
    reward_to_go(),
    gae("1/2"),
    n_step(2),
    all_knowing(),
]


def every_number(law):
    """All that a law computes, as one vector of floats."""
    core = law.core
    found = [*core.mean.values(), *core.variance.values(), core.trace, *core.returns]
    found += [e for row in core.covariance for e in row]
    along = law.project([[1] * len(law.params)])
    return np.array(
        [*(float(law.field.to_sympy(e)) for e in found), float(along.mean[0]), float(along.covariance[0, 0])]
    )


def check_floats(mdp, policy, theta, estimator):
    exact = every_number(moments(Problem(mdp, policy), estimator).at(theta))
    point = {p: float(v) for p, v in theta.items()}
    scale = 1 + np.abs(exact).max()
    for reference in (True, False):
        found = every_number(moments(Problem(mdp, policy), estimator, reference=reference).at(point))
        # Rounding of some thousand operations on numbers of this size.
        assert np.abs(found - exact).max() <= 2.0**-36 * scale


@settings(max_examples=40)
@given(st.data())
def test_scipy_equals_generic_floats_equals_exact_numbers(data):
    unended = data.draw(st.booleans())
    mdp = data.draw(continuing_mdps(max_states=3) if unended else episodic_mdps(max_states=3))
    policy = data.draw(policies(mdp))
    theta = data.draw(points(policy))
    estimator = data.draw(st.sampled_from([*CUT, *(UNENDED if unended else WHOLE)]))
    check_floats(mdp, policy, theta, estimator)


Z, ZU = "grad log pi(a_t|s_t)", "grad log pi(a_u|s_u)"
SEVERAL = [
    f"sum[t] {Z} * dot({Z}, sum[u] {ZU})",
    f"sum[t] {Z} * dot({Z}, sum[u] {ZU}) * dot(grad V(s_t), {Z})",
    f"sum[t] dot(outer({Z}, grad V(s_t)), sum[u] {ZU}) * G_t",
    f"sum[t] dot(grad {Z}, sum[u>=t] {ZU} * r_u)",
    f"sum[t] {Z} * G_t / mu0(s_0)",
]
"""Products of several vectors, in one step and over steps."""


@pytest.mark.parametrize("text", SEVERAL)
@pytest.mark.parametrize("horizon", [None, 3])
def test_products_of_vectors_are_one_number_in_every_field(text, horizon):
    """What is summed over the parameters cannot be seen along one direction: v^T Cov v is taken of the whole."""
    for model, theta in (("two-state", (sp.Rational(1, 2), -1)), ("short-corridor", (sp.Rational(1, 2),))):
        if horizon or model == "short-corridor":
            problem = zoo(model)
            estimator = find_estimator(text, horizon=horizon)
            at = dict(zip(problem.policy.params, theta, strict=True))
            check_floats(problem.mdp, problem.policy, at, estimator)
            law = moments(problem, estimator).at(at)
            assert law.project([[1] * len(at)]).covariance[0, 0].equals(sum(law.covariance))


@pytest.fixture(scope="module")
def small():
    mdp = MDP.from_transitions(
        [
            ("s", "go", "t", "1/3", 1),
            ("s", "go", "end", "2/3", 3),
            ("s", "stay", "end", 1, -1),
            ("t", "go", "end", 1, "r"),
            ("t", "back", "end", 1, 0),
        ],
        start="s",
        terminal=["end"],
        gamma="gamma",
        symbols={"r": "real", "gamma": "0 <= gamma < 1"},
    )
    return mdp, sigmoid(mdp, {"s": "x", "t": "y"})


SYMBOLIC = [
    reinforce("b"),
    reward_to_go({"s": "b"}),
    gae("lambda", {"s": "v", "t": 1}),
    n_step(2, {"s": "v"}),
    gae("lambda", {"s": "v"}, horizon=2, bootstrap=False),
]
VALUES = {"r": "2", "gamma": "1/2", "b": "3/4", "lambda": "1/5", "v": "-1"}


@pytest.mark.parametrize("estimator", SYMBOLIC, ids=lambda e: e.name)
def test_closed_form_at_a_point_is_the_law_at_that_point(small, estimator):
    """theta, gamma, lambda, critic and baseline are symbols of one formula."""
    mdp, policy = small
    closed = moments(Problem(mdp, policy), estimator)
    theta = {"x": "log(2)", "y": "-log(3)"}
    known = {s.name for s in mdp.symbols | estimator.symbols}
    symbols = {name: v for name, v in VALUES.items() if name in known}
    here = closed.at({**theta, **symbols})
    values = {**policy.point(theta), **{sp.Symbol(k): sp.Rational(v) for k, v in symbols.items()}}
    pairs = [(closed.covariance_trace, here.covariance_trace), (closed.mse, here.mse)]
    pairs += zip([*closed.mean.values(), *closed.covariance], [*here.mean.values(), *here.covariance], strict=True)
    for form, value in pairs:
        assert form.subs(values) == value


@pytest.mark.parametrize("estimator", SYMBOLIC, ids=lambda e: e.name)
def test_residues_agree_with_the_closed_form(small, estimator):
    mdp, policy = small
    extra = sorted(estimator.symbols, key=str)
    field = prime_field(mdp, policy, random.Random(7), extra=extra)
    residue = moments(Problem(mdp, policy), estimator, field=field)
    closed = moments(Problem(mdp, policy), estimator)
    assert field.is_zero(residue.core.trace - field.convert(closed.covariance_trace))
    for found, form in zip(residue.core.mean.values(), closed.mean.values(), strict=True):
        assert field.is_zero(found - field.convert(form))


def test_short_corridor_in_closed_form():
    corridor = zoo("short-corridor")
    (theta,) = corridor.policy.params
    x = sp.exp(theta)
    law = moments(corridor, "reward-to-go")
    assert sp.cancel(law.covariance_trace - (28 * x**4 + 108 * x**3 + 205 * x**2 + 256 * x + 136) / x**2) == 0
    assert law.at({"theta": 0}).covariance_trace == 733
    assert law.at({"theta": 0.0}).covariance_trace == pytest.approx(733)
    assert moments(corridor, "reinforce").at([0]).covariance_trace == 1959


REGULARISED = "(sum[t] gamma^t * grad log pi(a_t|s_t) * G_t) - k * vec(theta)"
SQUARES = "sum[t] gamma^t * grad log pi(a_t|s_t) * E[r^2|s_t,a_t]"


def test_a_text_with_the_parameters_and_moments_of_the_reward():
    """Weight decay: its bias is -k theta, in closed form, at a point and in floats."""
    two, k = zoo("two-state"), sp.Symbol("k")
    params = two.policy.params
    law = moments(two, REGULARISED, let={"k": k})
    assert [sp.expand(law.bias[p] + k * p) for p in params] == [0, 0]
    theta = {params[0]: sp.log(2), params[1]: sp.Rational(1, 3)}
    assert law.at(theta, k=1).bias[params[0]] == -sp.log(2)
    assert float(law.at({p: float(v) for p, v in theta.items()}, k=1).bias[params[1]]) == pytest.approx(-1 / 3)
    squared = MDP.from_transitions([(s, a, t, p, r**2) for s, a, t, p, r in two.mdp.rows], start="x", gamma="9/10")
    other = Problem(squared, two.policy)
    start = two.replace(mdp=two.mdp.replace(start={"x": 1}))
    assert moments(start, SQUARES).mean == moments(other, "sum[t] gamma^t * grad log pi(a_t|s_t) * r_t").mean


def test_long_runs_tend_to_the_unending_one():
    two = zoo("two-state")
    theta = dict.fromkeys(two.policy.params, 0.3)
    for kind in (reward_to_go, all_knowing):
        limit = moments(two, kind()).at(theta)
        long = moments(two, kind(horizon=600)).at(theta)
        assert float(long.covariance_trace) == pytest.approx(float(limit.covariance_trace), rel=1e-12)
        assert float(limit.covariance_trace) > 0


def test_hundreds_of_states_and_thousands_of_parameters():
    """Diagonal, trace and projections agree with each other; no k x k matrix is formed."""
    big = zoo("garnet", states=120, actions=10, seed=3)
    k = len(big.policy.params)
    theta = {p: 0.1 * (i % 7 - 3) for i, p in enumerate(big.policy.params)}
    law = moments(big, gae("9/10")).at(theta)
    assert k == 1200
    variance = np.array([float(e) for e in law.core.variance.values()])
    assert variance.sum() == pytest.approx(float(law.covariance_trace), rel=1e-10)
    first, last = [1, *[0] * (k - 1)], [*[0] * (k - 1), 1]
    both = law.project([first, last])
    assert [float(both.covariance[i, i]) for i in range(2)] == pytest.approx([variance[0], variance[-1]], rel=1e-9)
    with pytest.raises(Exception, match="1200 parameters; the covariance is formed up to 256"):
        _ = law.covariance

"""What a law says besides its moments: bias, accuracy, baselines, batches, text; and when there is none."""

import json
import math

import numpy as np
import pytest
import sympy as sp
from named import actor_critic, all_knowing, gae, n_step, reinforce, reward_to_go, trace

from pgsym.errors import (
    ClaimError,
    HypothesisError,
    PolicyError,
    SchemaError,
    StructureError,
    UndefinedQuantityError,
    ZeroProbabilityError,
)
from pgsym.estimators.moments import moments
from pgsym.estimators.sample_size import for_accuracy, for_bias_test
from pgsym.model import MDP, Problem, direct_policy, sigmoid, tabular
from pgsym.model.zoo import zoo


@pytest.fixture(scope="module")
def chain():
    """Two decisions, gamma a symbol."""
    mdp = MDP.from_transitions(
        [
            ("s", "a", "t", 1, 1),
            ("s", "b", "end", 1, 0),
            ("t", "a", "end", 1, 2),
            ("t", "b", "t", "1/2", 0),
            ("t", "b", "end", "1/2", 1),
        ],
        start="s",
        terminal=["end"],
        gamma="gamma",
        symbols={"gamma": "0 <= gamma < 1"},
    )
    return mdp, sigmoid(mdp, {"s": "x", "t": "y"})


UNBIASED = [
    reinforce("b"),
    reward_to_go({"s": "b", "t": "c"}),
    actor_critic(),
    n_step(2),
    gae("lambda"),
    gae(1, {"s": "v", "t": "u"}),
    all_knowing("V"),
]


@pytest.mark.parametrize("estimator", UNBIASED, ids=lambda e: e.name)
def test_bias_is_zero_for_every_theta_gamma_lambda_and_baseline(chain, estimator):
    law = moments(Problem(*chain), estimator)
    assert [law.bias[p] for p in law.params] == [0, 0]


def test_closed_form_of_a_stopped_gradient():
    """The gradient of the DiCE loss is reward-to-go (Foerster et al. 2018); where no gradient stops it is 0."""
    loss = "sum[t] gamma^t * (prod[u<=t] pi(a_u|s_u) / {}) * r_t"
    law = moments("short-corridor", "grad (" + loss.format("sg(pi(a_u|s_u))") + ")")
    assert all(law.bias[p] == 0 for p in law.params)
    assert law.covariance == moments("short-corridor", "reward-to-go").covariance
    seen = moments("short-corridor", "grad (" + loss.format("pi(a_u|s_u)") + ")")
    assert all(seen.mean[p] == 0 for p in seen.params)


def test_bias_of_leaving_out_the_discount_is_exact(chain):
    """The terms of t come late, and weigh 1 for a power of gamma; at gamma = 1 nothing is lost."""
    law = moments(Problem(*chain), reward_to_go(discounted=False))
    x, y = law.params
    gamma = sp.Symbol("gamma")
    assert law.bias[x] == 0
    assert law.bias[y] != 0
    assert sp.cancel(law.bias[y].subs(gamma, 1)) == 0


def test_truncated_estimator_is_unbiased_for_the_truncated_objective(chain):
    for estimator in (reward_to_go("b", horizon=3), reinforce(horizon=2), gae(1, "v", horizon=3, bootstrap=False)):
        law = moments(Problem(*chain), estimator, target="truncated")
        assert [law.bias[p] for p in law.params] == [0, 0]
        assert any(e != 0 for e in law.bias_against("start-state").values())


def test_truncation_with_the_exact_critic_is_unbiased_up_to_the_cut_off(chain):
    """Bootstrapping with V makes every term's expectation that of the whole episode."""
    mdp, policy = chain
    point = {"x": 0, "y": 0}
    kept = moments(Problem(mdp, policy), gae("1/2", horizon=3)).at(point, gamma="1/2")
    dropped = moments(Problem(mdp, policy), gae("1/2", horizon=3, bootstrap=False)).at(point, gamma="1/2")
    assert sum(abs(e) for e in kept.bias.values()) < sum(abs(e) for e in dropped.bias.values())


def test_eligibility_trace_tends_to_the_gradient_as_beta_and_T_grow():
    two = zoo("two-state")
    theta = dict.fromkeys(two.policy.params, 0.2)
    sizes = []
    for beta, T in (("1/2", 20), ("3/4", 80), ("15/16", 320)):
        law = moments(two.replace(objective="average-reward"), trace(beta, T, stationary=True)).at(theta)
        assert law.target == "average-reward"
        sizes.append(max(abs(float(e)) for e in law.bias.values()))
    assert sizes[0] > 1.5 * sizes[1] > 3 * sizes[2]


def test_variance_of_the_eligibility_trace_grows_with_beta():
    """Baxter & Bartlett 2001: beta trades bias for variance."""
    two = zoo("two-state")
    traces = [
        float(moments(two.replace(objective="average-reward"), trace(b, 60)).at([0.0, 0.0]).covariance_trace)
        for b in ("0", "1/2", "9/10", "99/100")
    ]
    assert traces == sorted(traces)


def test_batch_divides_the_covariance():
    corridor = zoo("short-corridor")
    law = moments(corridor, "reinforce").at()
    ten = law.batch(10)
    assert dict(ten.mean) == dict(law.mean)
    assert ten.covariance_trace == ten.mse == sp.Rational(1959, 10)
    assert ten.covariance == law.covariance / 10
    assert ten.signal_to_noise == 10 * law.signal_to_noise == sp.Rational(40, 1959)
    assert ten.optimal_constant_baseline.trace == law.optimal_constant_baseline.trace / 10
    with pytest.raises(StructureError, match="found 0; a batch has at least one sample"):
        law.batch(0)


def test_mean_square_error_adds_the_squared_bias(chain):
    law = moments(Problem(*chain), reward_to_go(discounted=False)).at([0, 0], gamma="1/2")
    assert law.mse == law.covariance_trace + sum(e**2 for e in law.bias.values())


def test_optimal_baselines_are_reached_by_the_estimator_with_them():
    """The estimator with the best baseline has the stated trace, and any other one a larger trace."""
    corridor = zoo("short-corridor")
    common = (corridor.mdp, corridor.policy)
    for kind in (reinforce, reward_to_go, all_knowing):
        law = moments(Problem(*common), kind()).at(corridor.theta)
        best, by_state = law.optimal_constant_baseline, law.optimal_state_baseline
        assert moments(Problem(*common), kind(best.value)).at(corridor.theta).covariance_trace == best.trace
        assert (
            moments(Problem(*common), kind(dict(by_state.value))).at(corridor.theta).covariance_trace == by_state.trace
        )
        assert by_state.trace <= best.trace <= law.covariance_trace
        for step in (sp.Rational(-1, 7), sp.Rational(1, 7)):
            assert moments(Problem(*common), kind(best.value + step)).at(corridor.theta).covariance_trace > best.trace
            nudged = {**by_state.value, "s2": by_state.value["s2"] + step}
            assert moments(Problem(*common), kind(nudged)).at(corridor.theta).covariance_trace > by_state.trace


def test_sample_size_reaches_the_accuracy():
    corridor = zoo("short-corridor")
    law = moments(corridor, "reinforce").at()
    n = law.sample_size(0.1)
    assert n == 48975  # 1959 / (0.1 * 2)^2
    assert law.batch(n).mse <= sp.Rational(4, 100) < law.batch(n - 1).mse
    assert law.sample_size(0.5, relative=False) == 1959 * 4
    assert for_accuracy(1.0, np.array([2.0]), 1.0) == math.inf
    assert law.bias_test_size() == math.inf


def test_bias_test_has_the_stated_power(rng):
    """At the stated n, Hotelling's test rejects with probability 0.9, up to Monte Carlo error of 4 sigma."""
    from scipy import stats

    bias, covariance = np.array([0.3, -0.1]), np.array([[2.0, 0.5], [0.5, 1.0]])
    n = for_bias_test(bias, covariance, 0.01, 0.9)
    means = rng.multivariate_normal(bias, covariance / n, size=20_000)
    statistic = n * np.einsum("ni,ij,nj->n", means, np.linalg.inv(covariance), means)
    rate = (statistic > stats.chi2.isf(0.01, 2)).mean()
    assert abs(rate - 0.9) < 4 * np.sqrt(0.9 * 0.1 / 20_000) + 1 / n
    assert for_bias_test(np.zeros(2), covariance, 0.01, 0.9) == math.inf
    assert for_bias_test(np.array([1.0, 0.0]), np.diag([0.0, 1.0]), 0.01, 0.9) == 1


def test_projection_is_the_covariance_seen_from_a_direction(chain):
    mdp, policy = chain
    law = moments(Problem(mdp, policy), gae("1/2")).at([0, 0], gamma="1/2")
    v = sp.Matrix([[2, -1], [0, 3]])
    found = law.project([{"x": 2, "y": -1}, {"y": 3}])
    assert found.covariance == v * law.covariance * v.T
    assert sp.Matrix(found.mean) == v * sp.Matrix(list(law.mean.values()))
    with pytest.raises(StructureError, match=r"project: found 1 numbers; a direction has 2\. Give one for each"):
        law.project([[1]])


# -- no law ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def continuing():
    mdp = MDP.from_transitions(
        [("s", "a", "s", 1, 1), ("s", "b", "t", 1, 0), ("t", "a", "s", 1, 2)], start="s", gamma="1/2"
    )
    return mdp, tabular(mdp)


@pytest.mark.parametrize("estimator", [reinforce(), reward_to_go(discounted=False)], ids=lambda e: e.name)
def test_moments_raises_where_the_variance_grows_for_ever(continuing, estimator):
    law = moments(Problem(*continuing), estimator).at([0, 0, 0])
    with pytest.raises(UndefinedQuantityError, match="may stay in s, t for ever, where the sum over time does not"):
        _ = law.covariance_trace
    assert moments(Problem(*continuing), estimator, horizon=4).at([0, 0, 0]).covariance_trace > 0


def test_moments_raises_on_an_improper_policy():
    mdp = MDP.from_transitions(
        [("s", "a", "end", 1, 1), ("s", "b", "u", 1, 0), ("u", "a", "u", 1, -1)], start="s", terminal=["end"]
    )
    policy = tabular(mdp)
    with pytest.raises(UndefinedQuantityError, match="a run may stay in u for ever"):
        _ = moments(Problem(mdp, policy), reward_to_go()).mean
    cut = moments(Problem(mdp, policy), reward_to_go(horizon=3)).at([0, 0, 0])
    assert not cut.has_bias
    assert "undefined" in str(cut)
    assert cut.to_json()["bias"] is None


def test_unreached_states_do_not_matter():
    mdp = MDP.from_transitions(
        [("s", "a", "end", 1, 1), ("s", "b", "end", 1, 0), ("u", "a", "u", 1, -1)], start="s", terminal=["end"]
    )
    assert moments(Problem(mdp, tabular(mdp)), reward_to_go()).at([0, 0, 0]).mean.elements


def test_moments_raises_on_a_score_that_does_not_exist():
    mdp = MDP.from_transitions([("s", a, "end", 1, 1) for a in ("go", "stay")], start="s", terminal=["end"])
    policy = direct_policy(mdp, {"s": {"go": "p", "stay": "1 - p"}}, ["p"])
    with pytest.raises(ZeroProbabilityError, match="the score grad log pi needs"):
        moments(Problem(mdp, policy), reward_to_go()).at({"p": 1})
    (p,) = policy.params
    assert sp.cancel(moments(Problem(mdp, policy), reward_to_go()).covariance_trace - 1 / (p * (1 - p))) == 0


def test_moments_raises_on_wrong_input(chain):
    mdp, policy = chain
    with pytest.raises(SchemaError, match="estimator: found 'ppo'; must be one of reinforce, reward-to-go"):
        moments(Problem(mdp, policy), "ppo")
    with pytest.raises(SchemaError, match=r"^lambda: gae needs it\. Give it with let"):
        moments(Problem(mdp, policy), "gae")
    with pytest.raises(SchemaError, match="objective: found 'best'; must be one of start-state"):
        moments(Problem(mdp, policy, "best"), "reinforce")
    with pytest.raises(ClaimError, match="state z: 0 of that name; the model has s, t, end"):
        moments(Problem(mdp, policy), actor_critic({"z": 1})).mean  # noqa: B018
    with pytest.raises(StructureError, match="x is a policy parameter; a baseline or critic must not depend on theta"):
        moments(Problem(mdp, policy), reward_to_go("x"))
    with pytest.raises(StructureError, match="no value for gamma; floats need every symbol"):
        moments(Problem(mdp, policy), reward_to_go()).at([0.0, 0.0])
    with pytest.raises(PolicyError, match="1 values; the policy has 2 parameters"):
        moments(Problem(mdp, policy), reward_to_go()).at([0])
    with pytest.raises(StructureError, match="the estimator's horizon is None; the truncated objective has T steps"):
        _ = moments(Problem(mdp, policy), reward_to_go(), target="truncated").bias
    with pytest.raises(StructureError, match=r"depends on .*; a number is required\. Ask at a point"):
        moments(Problem(mdp, policy), reward_to_go()).sample_size(0.1)


def test_bias_against_an_objective_that_is_not_defined(chain):
    law = moments(Problem(*chain), reward_to_go())
    with pytest.raises(UndefinedQuantityError, match="1 terminal state"):
        law.bias_against("average-reward")


def test_policy_without_a_choice_has_no_best_baseline():
    mdp = MDP.from_transitions([("s", "go", "end", 1, 1)], start="s", terminal=["end"])
    law = moments(Problem(mdp, tabular(mdp)), "reinforce").at([0])
    assert law.covariance_trace == 0
    assert law.signal_to_noise == sp.oo
    with pytest.raises(HypothesisError, match="every score is 0; a baseline changes nothing"):
        _ = law.optimal_constant_baseline


# -- output ----------------------------------------------------------------------------------------------


def test_law_as_text_latex_html_and_json(chain):
    mdp, policy = chain
    law = moments(Problem(mdp, policy), gae("1/2", {"s": 1})).at([0, 0], gamma="1/2")
    assert str(law).splitlines()[0] == "gae, v(s) by state, lambda = 1/2"
    assert str(law.batch(4)).splitlines()[0].endswith("mean of 4 samples")
    assert law._repr_html_().startswith("<p>gae")
    assert r"\operatorname{Var}[g_{1}]" in law.latex()
    assert repr(law).startswith("EstimatorLaw(gae, at {x: 0, y: 0}, 2 parameters)")
    data = json.loads(json.dumps(law.to_json(), allow_nan=False))
    assert data["covariance_trace"]["float"] == pytest.approx(float(law.covariance_trace))
    assert sp.Rational(data["covariance"][0][1]["exact"]) == law.covariance[0, 1]
    assert set(data) >= {"mean", "bias", "variance", "covariance", "covariance_trace", "mse"}
    floats = moments(Problem(mdp, policy), gae("1/2", {"s": 1})).at([0.0, 0.0], gamma=0.5).to_json()
    assert floats["mean"]["x"]["exact"] is None
    assert floats["mean"]["x"]["float"] == pytest.approx(data["mean"]["x"]["float"])

"""Every estimator against known means and covariances, and the mutants that these tests reject."""

import numpy as np
import pytest
import sympy as sp

from pgsym.errors import HypothesisError, SamplingError
from pgsym.estimators.estimator import find_estimator
from pgsym.model import MDP, Objective, Problem, sigmoid
from pgsym.sampling import build_tables, dynamics, estimate

N = 200_000
START = Objective.START_STATE
CASE_KEY = {"reinforce": "reinforce", "reward-to-go": "reward_to_go"}


def covariance_of(case, key):
    table = case.expected["estimators_single_episode"][key]["cov"]
    return np.array([[float(x["float"]) for x in row] for row in table])


@pytest.mark.parametrize("name", ["dag", "chain", "edges"])
@pytest.mark.parametrize("estimator", ["reinforce", "reward-to-go", "advantage"])
def test_gradient_and_value_are_unbiased(request, statistics, true_gradient, name, estimator):
    case = request.getfixturevalue(name)
    found = estimate(case.replace(objective=START), estimator, n=N, horizon=60)
    assert statistics.agree(found.mean, true_gradient(case), found.standard_error)
    assert statistics.agree(found.J, float(case.expected["J"]["float"]), found.J_standard_error)


@pytest.mark.parametrize("name", ["dag", "chain"])
@pytest.mark.parametrize("estimator", ["reinforce", "reward-to-go"])
def test_covariance_is_exact(request, statistics, name, estimator):
    # The spread of sample covariances over 24 seeds is their own standard error.
    case = request.getfixturevalue(name)
    runs = [
        estimate(case.replace(objective=START), estimator, n=20_000, horizon=6, seed=s).covariance for s in range(24)
    ]
    se = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs))
    # A quantile of Student's t with 23 degrees of freedom lies within a factor 1.6 of the normal one here.
    truth = covariance_of(case, CASE_KEY[estimator])
    assert statistics.agree(np.mean(runs, 0).reshape(-1), truth.reshape(-1), 1.6 * se.reshape(-1))
    assert not statistics.agree(np.mean(runs, 0).reshape(-1), 1.1 * truth.reshape(-1), 1.6 * se.reshape(-1))


@pytest.mark.parametrize(("estimator", "trace"), [("reinforce", 1959), ("reward-to-go", 733)])
def test_corridor_has_its_published_variance(corridor, statistics, estimator, trace):
    # Sutton & Barto, Example 13.1, p = 1/2, gamma = 1: J = -12, dJ/dtheta = 2.
    runs = [
        estimate(corridor.replace(objective=START).at([0]), estimator, n=30_000, horizon=600, seed=s) for s in range(16)
    ]
    mean = np.mean([run.mean[0] for run in runs])
    se = np.sqrt(np.mean([run.variance[0] for run in runs]) / (16 * 30_000))
    assert statistics.agree(mean, 2.0, se)
    assert statistics.agree(np.mean([run.J for run in runs]), -12.0, np.sqrt(92 / (16 * 30_000)))
    variances = [run.variance[0] for run in runs]
    # Student's t with 15 degrees of freedom: its quantile is 1.9 times the normal one.
    assert statistics.agree(np.mean(variances), trace, 1.9 * np.std(variances, ddof=1) / 4)
    other = {1959: 733, 733: 1959}[trace]
    assert not statistics.agree(np.mean(variances), other, 1.9 * np.std(variances, ddof=1) / 4)


def test_rewards_are_not_averaged(edges, statistics):
    # Averaging r(s,a,s') to r(s,a) keeps the mean and turns the variance 4/3 into 5/12.
    runs = [estimate(edges.replace(objective="start-state"), n=20_000, horizon=40, seed=s) for s in range(16)]
    variances = [run.variance[0] for run in runs]
    se = 1.9 * np.std(variances, ddof=1) / 4
    assert statistics.agree(np.mean(variances), 4 / 3, se)
    assert not statistics.agree(np.mean(variances), 5 / 12, se)


def test_gradient_rejects_a_wrong_power_of_gamma(chain, statistics):
    # Without gamma^t the mean is -1/8, not 1/16: the sign turns (Nota & Thomas 2020).
    right = estimate(chain.replace(objective="start-state"), n=N)
    wrong = estimate(chain.replace(objective=START), "reward-to-go-undiscounted", n=N)
    assert statistics.agree(right.mean, 1 / 16, right.standard_error)
    assert not statistics.agree(wrong.mean, 1 / 16, wrong.standard_error)
    assert statistics.agree(wrong.mean, -1 / 8, wrong.standard_error)
    # The power that n gives: the gap 3/16 is far above what would be found 99 times in 100.
    assert statistics.detectable(wrong.standard_error) < 3 / 16 / 3


def test_gradient_rejects_a_shifted_reward(dag, statistics, true_gradient):
    # A reward read one outcome too far.
    rows = [(s, a, o.state, o.p, o.r) for s, a in dag.mdp.pairs for o in dag.mdp.outcomes(s, a)]
    shifted = [(*row[:4], rows[i - 1][4]) for i, row in enumerate(rows)]
    mutant = MDP.from_transitions(
        shifted, start=dag.mdp.start, terminal=dag.mdp.terminal, gamma=dag.mdp.gamma, states=dag.mdp.states
    )
    found = estimate(Problem(mutant, dag.policy, theta=dag.theta), n=N)
    assert not statistics.agree(found.mean, true_gradient(dag), found.standard_error)


@pytest.mark.parametrize("critic", [{"s0": 5, "u": -3, "v": sp.Rational(1, 2)}, -3])
def test_any_baseline_keeps_the_mean(dag, statistics, true_gradient, critic):
    found = estimate(dag.replace(objective=START), "advantage", let={"b": critic}, n=N)
    plain = estimate(dag, n=N)
    assert statistics.agree(found.mean, true_gradient(dag), found.standard_error)
    assert (found.variance != plain.variance).all()


@pytest.mark.parametrize("name", ["dag", "chain"])
def test_own_critic_lowers_the_variance(request, name):
    case = request.getfixturevalue(name)
    plain, better = (
        estimate(case.replace(objective=START), e, n=20_000).variance.sum() for e in ("reward-to-go", "advantage")
    )
    assert better < plain / 2


# -- the long run ------------------------------------------------------------------------------------------


def test_average_reward_gradient_of_kakade(kakade, statistics, true_gradient):
    found = estimate(kakade.replace(objective="average-reward"), n=20_000)
    assert np.abs(found.bias).max() < 1e-3 * np.abs(true_gradient(kakade)).max()
    assert statistics.agree(found.mean - found.bias, true_gradient(kakade), found.standard_error)
    assert statistics.agree(found.J - found.bias_of_J, float(kakade.expected["J"]["float"]), found.J_standard_error)


def two_states():
    """Two states, two actions, one sigmoid parameter each: pi(a|x) = 2/3, pi(a|y) = 1/4."""
    rows = [
        ("x", "a", "x", "3/4", 1),
        ("x", "a", "y", "1/4", 1),
        ("x", "b", "x", "1/4", 0),
        ("x", "b", "y", "3/4", 0),
        ("y", "a", "x", "1/2", 2),
        ("y", "a", "y", "1/2", 2),
        ("y", "b", "x", "1/5", -1),
        ("y", "b", "y", "4/5", -1),
    ]
    mdp = MDP.from_transitions(rows, start="x", gamma="9/10")
    return mdp, sigmoid(mdp), [np.log(2), -np.log(3)]


# Of the stationary value, whose J is 95/83; those of the average reward are 1 - gamma = 1/10 of them.
TRUE_GRADIENT = np.array([10120 / 6889, 52875 / 13778])


@pytest.mark.parametrize("estimator", ["reward-to-go", "advantage", find_estimator("eligibility-trace", {"beta": 0.9})])
def test_stationary_value_gradient(statistics, estimator):
    mdp, policy, theta = two_states()
    found = estimate(Problem(mdp, policy, "stationary-value", theta=theta), estimator, n=100_000)
    assert statistics.agree(found.mean - found.bias, TRUE_GRADIENT, found.standard_error)
    assert statistics.agree(found.J - found.bias_of_J, 95 / 83, found.J_standard_error)
    # The note's line 2, (9988/71961, 36225/95948) times 1/(1 - gamma), is rejected.
    line_2 = 10 * np.array([9988 / 71961, 36225 / 95948])
    assert not statistics.agree(found.mean - found.bias, line_2, found.standard_error)


def test_average_reward_is_a_tenth_of_the_stationary_value(statistics):
    mdp, policy, theta = two_states()
    found = estimate(Problem(mdp, policy, "average-reward", theta=theta), n=20_000)
    assert statistics.agree(found.mean, TRUE_GRADIENT / 10, found.standard_error)
    assert statistics.agree(found.J, 9.5 / 83, found.J_standard_error)


def test_bias_of_the_trace_is_the_one_it_states(statistics):
    # beta = 1/2 forgets too fast: the bias is many standard errors, and is the number that is stated.
    mdp, policy, theta = two_states()
    found = estimate(
        Problem(mdp, policy, "average-reward", theta=theta), "eligibility-trace", let={"beta": 0.5}, n=50_000
    )
    assert not statistics.agree(found.mean, TRUE_GRADIENT / 10, found.standard_error)
    assert statistics.agree(found.mean - found.bias, TRUE_GRADIENT / 10, found.standard_error)


def test_periodic_chain_needs_a_trace(statistics):
    # A cycle of period 2 whose first state chooses between rewards 1 and 0: rbar = p/2.
    mdp = MDP.from_transitions([("s", "a", "t", 1, 1), ("s", "b", "t", 1, 0), ("t", "go", "s", 1, 0)], start="s")
    policy = sigmoid(mdp, {"s": "u"})
    with pytest.raises(
        SamplingError, match=r"^average-reward: expected rewards still depend on the start after 20000 steps"
    ):
        estimate(Problem(mdp, policy, "average-reward", theta=[0]), n=10)
    found = estimate(Problem(mdp, policy, "average-reward", theta=[0]), "eligibility-trace", let={"beta": 0.9}, n=2000)
    assert statistics.agree(found.mean - found.bias, 1 / 8, found.standard_error)


def test_long_run_starts_anywhere_without_a_start_distribution(kakade):
    rows = [(s, a, *o) for s, a in kakade.mdp.pairs for o in kakade.mdp.outcomes(s, a)]
    mdp = MDP.from_transitions(rows, gamma=kakade.mdp.gamma)
    tables = build_tables(Problem(mdp, kakade.policy, theta=kakade.theta))
    assert dynamics.start_or_uniform(tables).tolist() == [0.5, 0.5, 0.0]
    assert estimate(Problem(mdp, kakade.policy, "average-reward", theta=kakade.theta), n=64).n == 64


def test_given_horizon_is_the_length_of_the_run(kakade):
    found = estimate(kakade.replace(objective="average-reward"), n=64, horizon=500)
    assert found.horizon == 500
    assert 0 <= found.burn_in < found.burn_in + found.window < 500
    with pytest.raises(SamplingError, match=r"^horizon: found 3; a long run needs \d+ steps of burn-in, \d+ of window"):
        estimate(kakade.replace(objective="average-reward"), n=64, horizon=3)


def test_own_text_of_rewards_to_come_is_the_named_one(kakade):
    problem = kakade.replace(objective="average-reward")
    named = estimate(problem, "eligibility-trace", let={"beta": "1/2"}, n=500)
    own = estimate(problem, "sum[t] grad log pi(a_t|s_t) * sum[u>=t] x^(u-t) * r_u", let={"x": "1/2"}, n=500)
    assert (own.mean == named.mean).all()
    # A critic of one's own takes variance away and moves no mean; "advantage" has h.
    h, less = (estimate(problem, "advantage", let=let, n=500) for let in ({}, {"b": "h(s)"}))
    np.testing.assert_allclose(h.mean, less.mean, rtol=0, atol=1e-5)


def test_steps_from_the_start_are_no_long_run(kakade, statistics):
    """Cut off after T steps, an estimator is what it says: here the mean of the second reward, along a score."""
    problem = kakade.replace(objective="average-reward")
    found = estimate(problem, find_estimator("sum[t] grad log pi(a_t|s_t) * r_t / T", horizon=3), n=20_000)
    assert (found.horizon, found.bias) == (3, None)
    tables = build_tables(problem)
    mean = dynamics.mean_occupancy(tables, 0, 3)[tables.pair_state] * tables.pi
    truth = dynamics.score_sum(tables, mean * dynamics.action_values(tables, 0.0, 0.0, np.zeros(tables.S + 1)))
    assert statistics.agree(found.mean, truth, found.standard_error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "sum[t] grad log pi(a_t|s_t) * G^2",
            r"the objective is average-reward; a long run averages over rewards",
        ),
        (
            "2 * sum[t] grad log pi(a_t|s_t) * G_t",
            r"rewards to come are multiplied by 2; a long run averages",
        ),
    ],
)
def test_long_run_raises_on_other_texts(kakade, text, message):
    with pytest.raises(SamplingError, match=message):
        estimate(kakade.replace(objective="average-reward"), text, n=10)


# -- requests that make no sense ---------------------------------------------------------------------------


def test_reinforce_raises_on_a_long_run(kakade):
    with pytest.raises(SamplingError, match=r"^reinforce: the objective is average-reward; .*\. Use 'reward-to-go'"):
        estimate(kakade.replace(objective="average-reward"), "reinforce")


def test_trace_raises_on_episodes(dag):
    with pytest.raises(HypothesisError, match=r"^eligibility-trace: found no horizon; T is the number of steps"):
        estimate(dag, "eligibility-trace")


def test_long_run_raises_on_a_trace_that_does_not_fade(kakade):
    with pytest.raises(SamplingError, match=r"^beta: found 1; must lie in \[0, 1\)\. Use 'reward-to-go' for 1"):
        estimate(kakade.replace(objective="average-reward"), "eligibility-trace", let={"beta": 1})


@pytest.mark.parametrize("horizon", [0, -3])
def test_horizon_raises_below_one(dag, horizon):
    with pytest.raises(SamplingError, match=rf"^horizon: found {horizon}; at least one step is required"):
        estimate(dag, horizon=horizon)

"""Exact means of estimators, by enumerating every episode, against the targets: no sampling."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps, points, policies

from pgsym.auditing.enumeration import all_episodes
from pgsym.auditing.episodes import Sampler, arrange, cumulative, visits
from pgsym.auditing.problem_arrays import build_arrays
from pgsym.auditing.recipes import Recipe
from pgsym.auditing.targets import AuditTarget, target_gradient
from pgsym.exact.float_chain import truncated
from pgsym.model import MDP, Problem

ROUNDING = 1e-9
"""Sums of at most 10^5 products in float64, with values up to 10^3."""


def mean(recipe, arrays, horizon):
    episodes = all_episodes(arrays, horizon, limit=100_000)
    return episodes.weights @ recipe.batch_means(arrange(arrays, episodes.outcome, 1), 1)


@given(st.data())
@settings(max_examples=15)
def test_correct_recipes_have_the_target_as_exact_mean(data):
    mdp = data.draw(st.one_of(continuing_mdps(max_states=3), episodic_mdps(max_states=3)))
    policy = data.draw(policies(mdp))
    theta = data.draw(points(policy))
    behaviour = data.draw(st.one_of(st.none(), points(policy)))
    arrays = build_arrays(Problem(mdp, policy, theta=theta), behaviour=behaviour)
    horizon, bootstrap = (
        target_gradient(arrays, 3, target) for target in (AuditTarget.TRUNCATED, AuditTarget.BOOTSTRAP)
    )
    np.testing.assert_allclose(horizon, truncated(Problem(mdp, policy, theta=arrays.theta), 3).grad, atol=ROUNDING)
    for recipe in (Recipe(), Recipe(baseline="none")):
        np.testing.assert_allclose(mean(recipe, arrays, 3), horizon, atol=ROUNDING)
    for lam in (0.0, 0.5, 1.0):
        for baseline in ("V", "none"):
            recipe = Recipe(bootstrap=True, lam=lam, baseline=baseline)
            np.testing.assert_allclose(mean(recipe, arrays, 3), bootstrap, atol=ROUNDING)
    np.testing.assert_allclose(mean(Recipe(all_knowing=True), arrays, 3), bootstrap, atol=ROUNDING)
    if arrays.on_policy:
        np.testing.assert_allclose(mean(Recipe(whole_return=True), arrays, 3), horizon, atol=ROUNDING)


@given(st.data())
@settings(max_examples=10)
def test_long_runs_have_the_average_reward_gradient_for_every_horizon(data):
    mdp = data.draw(continuing_mdps(max_states=3))
    policy = data.draw(policies(mdp))
    arrays = build_arrays(Problem(mdp, policy, "average-reward", theta=data.draw(points(policy))))
    exact = target_gradient(arrays, 3, AuditTarget.OBJECTIVE)
    for lam in (0.0, 0.5, 1.0):
        found = mean(Recipe(bootstrap=True, lam=lam, average="steps"), arrays, 3)
        np.testing.assert_allclose(found, exact, atol=ROUNDING)


@given(st.data())
@settings(max_examples=15)
def test_episode_probabilities_sum_to_exactly_one(data):
    mdp = data.draw(st.one_of(continuing_mdps(max_states=3), episodic_mdps(max_states=3)))
    policy = data.draw(policies(mdp))
    found = all_episodes(build_arrays(Problem(mdp, policy, theta=data.draw(points(policy)))), 3)
    assert all(isinstance(p, Fraction) for p in found.p)
    assert sum(found.p) == 1


def test_start_in_a_terminal_state_is_an_empty_episode():
    rows = [("s", "go", "end", 1, 4), ("s", "no", "end", 1, 0)]
    mdp = MDP.from_transitions(rows, start={"s": "1/4", "end": "3/4"}, terminal=["end"])
    from pgsym.model import sigmoid

    arrays = build_arrays(Problem(mdp, sigmoid(mdp, {"s": "t"}), theta={"t": 0}))
    assert sum(all_episodes(arrays, 2).p) == 1
    np.testing.assert_allclose(mean(Recipe(), arrays, 2), [0.25])
    drawn = Sampler(arrays, 2, 0).chunk(0, 4_000)
    assert abs((drawn[:, 0] == arrays.O).mean() - 0.75) < 6 * np.sqrt(0.75 * 0.25 / 4_000)  # rate 2e-9


@given(st.data())
@settings(max_examples=20)
def test_cumulative_probabilities_are_those_of_the_outcomes(data):
    mdp = data.draw(continuing_mdps())
    policy = data.draw(policies(mdp))
    arrays = build_arrays(Problem(mdp, policy, theta=data.draw(points(policy))))
    found = np.diff(np.concatenate([[0.0], cumulative(arrays)]))
    np.testing.assert_allclose(found[:-1], arrays.outcome_p, atol=1e-12)


def test_sampled_outcomes_have_their_expected_frequencies(cases):
    """Chi-square by outcome at the first step and in all; false-alarm rate 1e-9 each, a fixed seed."""
    case = cases["aliased"]
    arrays = build_arrays(case.problem)
    n = 20_000
    outcome = Sampler(arrays, case.horizon, 3).chunk(0, n)
    seen = np.bincount(outcome.reshape(-1), minlength=arrays.O + 1)[:-1] / n
    expected = visits(arrays, case.horizon)
    assert np.abs(seen - expected).max() < 6.1 * case.horizon / np.sqrt(n)
    first = np.bincount(outcome[:, 0], minlength=arrays.O + 1)[:-1] / n
    p = arrays.start[arrays.outcome_state[:-1]] * arrays.outcome_p
    assert (np.abs(first - p) <= 6.1 * np.sqrt(p * (1 - p) / n)).all()


def test_chunks_depend_on_seed_and_number_only(cases):
    case = cases["truncated"]
    arrays = build_arrays(case.problem)
    first, again, second = Sampler(arrays, 4, 1), Sampler(arrays, 4, 1), Sampler(arrays, 4, 1)
    second.chunk(5, 10)
    assert first.chunk(2, 50).tolist() == again.chunk(2, 50).tolist() == second.chunk(2, 50).tolist()
    assert first.chunk(3, 50).tolist() != first.chunk(2, 50).tolist()


@pytest.mark.parametrize("per_row", [2, 4])
def test_rows_of_several_episodes_leave_the_mean_unchanged(cases, per_row):
    case = cases["discounted"]
    arrays = build_arrays(case.problem)
    outcome = Sampler(arrays, case.horizon, 0).chunk(0, 40)
    for recipe in (Recipe(), Recipe(bootstrap=True, lam=0.9), Recipe(centre="mean-std"), Recipe(average="steps")):
        one = recipe.batch_means(arrange(arrays, outcome, 1), 8)
        np.testing.assert_allclose(recipe.batch_means(arrange(arrays, outcome, per_row), 8), one, atol=1e-12)

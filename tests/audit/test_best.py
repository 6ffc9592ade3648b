"""The best correct estimator's spread: by its exact law where there is one, else from the sample."""

import numpy as np
import pytest

from pgsym.auditing import audit, standard_suite
from pgsym.auditing.batch import Rollouts
from pgsym.auditing.controls import Best
from pgsym.auditing.episodes import Sampler, arrange
from pgsym.auditing.problem_arrays import build_arrays
from pgsym.auditing.recipes import Recipe

CASES = {case.name: case for case in standard_suite()}
RECIPES = (Recipe(baseline="none"), Recipe(), Recipe(whole_return=True), Recipe(bootstrap=True, lam=0.95))
BATCHES = 4_096


@pytest.mark.parametrize("name", ["truncated", "aliased"])
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_exact_traces_are_those_of_samples(name, recipe):
    """A sampled trace has a relative standard error of about sqrt(2/n); 12 of them, as batch means are not normal."""
    case = CASES[name]
    arrays = build_arrays(case.problem)
    streams = arrange(arrays, Sampler(arrays, case.horizon, 0).chunk(0, 32 * BATCHES), 1)
    sampled = float(recipe.batch_means(streams, 32).var(axis=0, ddof=1).sum())
    spread = Best(Rollouts(arrays, horizon=case.horizon), (recipe,), None).spread
    assert spread.exact
    assert spread.trace == pytest.approx(sampled, rel=12 * (2 / BATCHES) ** 0.5)


def reward_to_go(theta, batch):
    """Correct, also for data of another policy."""
    rho = np.exp(batch.log_probs) / batch.behaviour_probs
    weight = np.cumprod(rho, axis=1)
    discounted = weight * batch.gamma**batch.steps * batch.rewards
    returns = np.cumsum(discounted[:, ::-1], axis=1)[:, ::-1]
    return (returns[..., None] * batch.scores).sum((0, 1)) / batch.episodes


def test_result_names_what_it_compares_with():
    case = CASES["truncated"]
    found = audit(case.problem, reward_to_go, horizon=case.horizon, max_samples=20_000)
    assert found.best.spread.exact
    assert found.best.spread.name == "reward-to-go"
    assert found.variance_ratio == pytest.approx(1, rel=0.25)
    assert "times that of reward-to-go (by its exact law), the best correct one" in str(found)
    assert found.to_json()["variance_compared_with"] == {"estimator": "reward-to-go", "exact": True}


def test_off_policy_data_have_no_law_and_are_compared_with_samples():
    case = CASES["truncated"]
    options = {"behaviour": case.behaviour, "horizon": case.horizon, "max_samples": 20_000}
    found = audit(case.problem, reward_to_go, **options)
    assert not found.best.spread.exact
    assert "(on the same batches), the best correct one" in str(found)


def test_exact_mode_compares_exactly():
    case = CASES["terminal"]
    options = {"horizon": case.horizon, "mode": "exact"}
    plain = audit(case.problem, reward_to_go, **options)
    assert plain.best.spread.exact
    assert plain.variance_ratio >= 1

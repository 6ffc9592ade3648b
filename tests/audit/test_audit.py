"""Every correct estimator passes; every known mistake is found and named.

False-alarm rate of one audit 1e-6 (conftest), fixed seeds; the mistakes are the mutants.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from audit import user_code as u

from pgsym.auditing import AuditTarget, BiasVerdict, audit, standard_suite
from pgsym.auditing.enumeration import all_episodes
from pgsym.auditing.problem_arrays import build_arrays
from pgsym.auditing.sequential import ratio_skewness
from pgsym.errors import SamplingError, TooLargeError

SUITE = [case.name for case in standard_suite()]


@pytest.mark.parametrize("name", SUITE)
@pytest.mark.parametrize("layout", ["episodes", "vector", "flat"])
def test_correct_estimators_pass(audited, name, layout):
    for estimator in u.HORIZON:
        found = audited(estimator, name, layout=layout)
        assert found.verdict is BiasVerdict.UNBIASED, f"{estimator.__name__}: {found}"
    for estimator in u.BOOTSTRAP:
        found = audited(estimator, name, layout=layout, target="bootstrap")
        assert found.verdict is BiasVerdict.UNBIASED, f"{estimator.__name__}: {found}"


@pytest.mark.parametrize("name", SUITE)
def test_importance_sampling_passes(audited, name):
    found = audited(u.importance_sampling, name, off_policy=True)
    assert found.verdict is BiasVerdict.UNBIASED, str(found)


MISTAKEN = [
    (u.truncation_as_termination, "aliased", "bootstrap", "truncation-as-termination"),
    (u.done_of_next_row, "aliased", "bootstrap", "done-shifted"),
    (u.value_of_next_episode, "aliased", "bootstrap", "next-episode-value"),
    (u.sum_into_next_episode, "aliased", "bootstrap", "next-episode-sum"),
    (u.truncated_delta_dropped, "aliased", "bootstrap", "truncated-delta-dropped"),
    (u.bootstrap_from_current, "aliased", "bootstrap", "bootstrap-from-current-state"),
    (u.missing_gamma_t, "discounted", "truncated", "missing-gamma-t"),
    (u.mean_over_steps, "aliased", "truncated", "mean-over-steps"),
    (u.normalised, "discounted", "truncated", "batch-normalised"),
    (u.grad_pi, "terminal", "truncated", "grad-pi"),
    (u.reward_of_next_step, "truncated", "truncated", "reward-off-by-one"),
    (u.reward_of_previous_step, "truncated", "truncated", "reward-off-by-one"),
    (u.wrong_sign, "random-rewards", "truncated", "sign"),
    (u.gae_95, "aliased", "truncated", "bootstrap-at-time-limit"),
]


@pytest.mark.parametrize(("estimator", "name", "target", "key"), MISTAKEN, ids=lambda v: getattr(v, "__name__", v))
def test_known_mistake_is_named(audited, estimator, name, target, key):
    found = audited(estimator, name, target=target, delta=0.02)
    assert found.verdict is BiasVerdict.BIASED, str(found)
    assert key in found.diagnosis.keys, str(found)
    assert not found.diagnosis.others
    assert key in str(found.diagnosis)


def test_flag_of_the_previous_row_reads_what_a_terminal_state_is_worth(audited):
    """Which is poisoned; without the poison it is the shifted flag that shows."""
    found = audited(u.done_of_previous_row, "aliased", target="bootstrap")
    assert found.diagnosis.key == "padding-read"
    found = audited(u.done_of_previous_row, "aliased", target="bootstrap", poison=False)
    assert found.diagnosis.key == "done-shifted"


def without_mask(theta, batch):
    """The mistake: it relies on padding that is 0."""
    returns = np.cumsum((batch.gamma**batch.steps * batch.rewards)[:, ::-1], axis=1)[:, ::-1]
    return (returns[..., None] * batch.scores).sum((0, 1)) / batch.episodes


def without_terminated(theta, batch):
    """The mistake: it relies on a critic that is 0 in terminal states."""
    delta = batch.rewards + batch.gamma * batch.next_values - batch.values
    return ((batch.gamma**batch.steps * delta * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@pytest.mark.parametrize("estimator", [without_mask, without_terminated], ids=lambda f: f.__name__)
def test_forgotten_mask_or_flag_is_found_and_named(audited, estimator):
    found = audited(estimator, "terminal", layout="episodes", target="bootstrap")
    assert found.verdict is BiasVerdict.BIASED
    assert found.diagnosis.key == "padding-read"
    assert audited(estimator, "terminal", layout="episodes", target="bootstrap", poison=False).unbiased


def test_small_bias_that_shows_is_said(audited):
    """Low variance: 0.05 of the gradient is seen at the first look, and lies below delta."""
    found = audited(
        lambda theta, batch: 1.05 * u.actor_critic(theta, batch), "discounted", target="bootstrap", delta=0.2
    )
    assert found.verdict is BiasVerdict.BELOW_DELTA, str(found)
    assert not found.unbiased
    assert found.tolerated
    assert found.headline.startswith("biased, below delta = 0.2, as an estimator of grad")
    assert found.across < 0.02 < found.factor - 1
    exact = audit(
        standard("discounted"),
        lambda theta, batch: 1.05 * u.reward_to_go(theta, batch),
        horizon=2,
        mode="exact",
        delta=0.1,
    )
    assert exact.verdict is BiasVerdict.BELOW_DELTA, str(exact)
    assert exact.relative_bias == pytest.approx(0.05)


def test_stabiliser_is_rounding_and_no_bias():
    def stabilised(theta, batch):
        return u.reward_to_go(theta, batch) * (1 - 1e-8)

    assert audit(standard("discounted"), stabilised, horizon=2, mode="exact").unbiased


def standard(name):
    return next(case.problem for case in standard_suite() if case.name == name)


def half_the_gradient_here_and_double_there(theta, batch):
    """A bias that no re-creation makes: no name is given, though some mean may lie near."""
    return u.reward_to_go(theta, batch) * np.linspace(0.9, 1.3, len(theta))


@pytest.mark.parametrize("mode", ["sample", "exact"])
def test_name_is_given_only_if_it_is_confirmed(mode):
    found = audit(standard("discounted"), half_the_gradient_here_and_double_there, horizon=2, mode=mode, seed=3)
    assert found.verdict is BiasVerdict.BIASED
    assert found.diagnosis.key == "none of the known ones"


@pytest.mark.parametrize(
    ("estimator", "key"),
    [
        (u.ratio_missing, "importance-ratio-missing"),
        (u.ratio_inverted, "importance-ratio-inverted"),
        (u.ratio_of_one_step, "importance-ratio-of-one-step"),
    ],
)
def test_off_policy_mistake_is_named(audited, estimator, key):
    found = audited(estimator, "discounted", off_policy=True)
    assert found.verdict is BiasVerdict.BIASED
    assert found.diagnosis.key == key


def test_combined_departures_are_named_together(audited):
    found = audited(u.ppo_style, "aliased", target="bootstrap")
    assert found.diagnosis.keys == {"missing-gamma-t", "mean-over-steps", "batch-normalised"}


def test_batch_mean_baseline_is_named_in_small_batches(audited):
    """The mean shrinks by about 1/(episodes x steps): found where batches are small."""
    found = audited(u.batch_mean, "terminal", batch_size=2, delta=0.02)
    assert found.diagnosis.key == "batch-mean-baseline"


ENTROPY = "grad J + 1/10 * grad sum[s] eta(s) * sum[a] pi(a|s) * log pi(a|s)"


@pytest.mark.parametrize(
    ("estimator", "name", "options", "key"),
    [
        (u.reward_to_go, "terminal", {"truth": ENTROPY}, "another-target"),
        (u.leave_one_out, "terminal", {"truth": ENTROPY}, "another-target"),
        (u.gae_95, "discounted", {"target": "objective", "horizon": 2}, "horizon-too-short"),
        (u.gae_95, "discounted", {"target": "bootstrap", "critic": [1, 2, -1]}, "inexact-critic"),
        (u.actor_critic, "discounted", {"target": "bootstrap", "critic": [1, 2, -1]}, "inexact-critic"),
        (u.value_of_next_episode, "truncated", {"target": "bootstrap", "critic": [1, 2, -1]},
         "inexact-critic + next-episode-value"),
        (u.gae_95, "discounted", {"target": "truncated", "horizon": 2}, "bootstrap-at-time-limit"),
        (u.truncation_as_termination, "discounted", {"target": "truncated", "horizon": 2}, "inexact-critic"),
    ],
)  # fmt: skip
def test_correct_estimator_of_something_else_is_given_no_departure(audited, estimator, name, options, key):
    found = audited(estimator, name, delta=0.01, **options)
    assert found.verdict is not BiasVerdict.UNBIASED
    assert found.diagnosis.key == key, str(found)
    assert found.diagnosis.reproduced


def test_value_of_a_critic_that_is_exact_is_no_mistake(audited, cases):
    V = build_arrays(cases["truncated"].problem).V[:-1]
    found = audited(u.value_of_next_episode, "truncated", target="bootstrap", critic=V, delta=0.01)
    assert found.diagnosis.key == "next-episode-value", str(found)


# -- mistakes of automatic differentiation ---------------------------------------------------------------------


def _advantages(batch, values):
    """Returns to the time limit minus values, [B, T]."""

    def step(carry, row):
        reward, keep = row
        carry = reward + batch.gamma * carry
        return carry, carry * keep

    rows = ((batch.rewards * batch.mask).T, batch.mask.T)
    _, returns = jax.lax.scan(step, jnp.zeros(batch.rewards.shape[0]), rows, reverse=True)
    return returns.T - values


@jax.jit
def by_autodiff(theta, batch):
    def objective(theta):
        log_pi = batch.policy.log_prob(theta, batch.states, batch.actions)
        A = jax.lax.stop_gradient(_advantages(batch, batch.policy.values(theta)[batch.states]))
        return (batch.gamma**batch.steps * log_pi * A * batch.mask).sum() / batch.episodes

    return jax.grad(objective)(theta)


@jax.jit
def gradient_through_advantage(theta, batch):
    def objective(theta):
        log_pi = batch.policy.log_prob(theta, batch.states, batch.actions)
        A = _advantages(batch, batch.policy.values(theta)[batch.states])
        return (batch.gamma**batch.steps * log_pi * A * batch.mask).sum() / batch.episodes

    return jax.grad(objective)(theta)


def action_dependent_baseline(theta, batch, *, table):
    def objective(theta):
        log_pi = batch.policy.log_prob(theta, batch.states, batch.actions)
        A = _advantages(batch, table[batch.states, batch.actions])
        return (batch.gamma**batch.steps * log_pi * A * batch.mask).sum() / batch.episodes

    return jax.grad(objective)(theta)


def test_autodiff_in_float32_passes(audited):
    found = audited(by_autodiff, "discounted", layout="episodes", framework="jax")
    assert found.verdict is BiasVerdict.UNBIASED, str(found)


def test_missing_stop_gradient_is_named(audited):
    found = audited(gradient_through_advantage, "discounted", layout="episodes", framework="jax")
    assert found.diagnosis.key == "gradient-through-advantage", str(found)


def test_action_dependent_baseline_is_named(audited, cases):
    case = cases["discounted"]
    arrays = build_arrays(case.problem)
    table = np.zeros((arrays.S + 1, arrays.actions))
    table[arrays.tables.pair_state, arrays.pair_action[:-1]] = arrays.Q[:-1]

    @jax.jit
    def estimator(theta, batch):
        return action_dependent_baseline(theta, batch, table=jnp.asarray(table))

    found = audited(estimator, "discounted", layout="episodes", framework="jax")
    assert found.diagnosis.key == "action-dependent-baseline", str(found)


# -- answers -----------------------------------------------------------------------------------------------


def unknown(theta, batch):
    """Each coordinate on a scale of its own: no known mistake."""
    return u.reward_to_go(theta, batch) * np.linspace(0.5, 2, len(theta))


def test_unknown_mistake_is_none_of_the_known_ones(audited):
    found = audited(unknown, "discounted")
    assert found.verdict is BiasVerdict.BIASED
    assert found.diagnosis.key == "none of the known ones"
    assert str(found.diagnosis).startswith("diagnosis: none of the known ones; the observed mean is about 0.83 times")


def test_mistake_of_an_unusual_estimator_is_named_by_its_mean(audited):
    """A baseline that no re-creation has: only the means agree."""

    def estimator(theta, batch):
        baseline = np.cos(batch.states.reshape(-1) + 1.0)
        return u.combine(batch, u.returns(batch) - baseline, discount=False)

    found = audited(estimator, "discounted")
    assert found.diagnosis.key == "missing-gamma-t"
    assert not found.diagnosis.reproduced
    assert found.diagnosis.intended
    assert "Its cost here: relative bias 1.1" in str(found.diagnosis)


def half_of_the_batch(theta, batch):
    """Every other episode, twice: no control variate removes that noise."""
    G, Z = u.whole_returns(theta, batch)
    return (2 * G * (np.arange(len(G)) % 2))[:, None] * Z


def test_undecided_says_how_many_episodes_decide(audited):
    few = audited(half_of_the_batch, "random-rewards", max_samples=8_192, delta=0.25)
    assert few.verdict is BiasVerdict.UNDECIDED
    assert few.needed > 8_192
    assert f"{few.needed} episodes would decide" in few.headline
    assert audited(half_of_the_batch, "random-rewards", max_samples=few.needed, delta=0.25).unbiased


def test_direction_alone_may_be_judged(audited):
    assert audited(lambda theta, batch: 3 * u.reward_to_go(theta, batch), "aliased", up_to_scale=True).unbiased
    found = audited(u.wrong_sign, "aliased", up_to_scale=True)
    assert found.verdict is BiasVerdict.BIASED
    assert found.factor == pytest.approx(-1)


def test_same_seed_gives_the_same_answer(audited):
    first, second, other = (audited(u.leave_one_out, "aliased", seed=seed) for seed in (5, 5, 6))
    assert first.bias.tolist() == second.bias.tolist() != other.bias.tolist()


def test_average_reward_estimator_passes_and_its_sum_does_not(cases):
    case = cases["truncated"]

    def differential(theta, batch):
        rewards = (batch.rewards - batch.mean_reward)[:, ::-1]
        future = np.cumsum(rewards, axis=1)[:, ::-1] + batch.next_values[:, -1:] - batch.values
        return (future[..., None] * batch.scores).sum((0, 1)) / batch.states.size

    options = {"horizon": 6, "alpha": 1e-6}
    found = audit(case.problem.replace(objective="average-reward"), differential, **options)
    assert found.unbiased, str(found)
    assert found.target is AuditTarget.OBJECTIVE
    summed = audit(case.problem.replace(objective="average-reward"), lambda t, b: 6 * differential(t, b), **options)
    assert summed.diagnosis.key == "sum-over-steps"
    assert audit(case.problem.replace(objective="stationary-value"), differential, **options).unbiased


# -- exact mode --------------------------------------------------------------------------------------------


def test_exact_mode_finds_the_bias_of_normalised_advantages(cases):
    case = cases["random-rewards"]
    options = {"horizon": 2, "mode": "exact"}
    assert audit(case.problem, u.reward_to_go, **options).relative_bias < 1e-14
    found = audit(case.problem, u.normalised, **options)
    assert found.verdict is BiasVerdict.BIASED
    assert found.diagnosis.key == "batch-normalised"
    sampled = audit(case.problem, u.normalised, batch_size=2, seed=3, delta=0.01, **options | {"mode": "sample"})
    np.testing.assert_array_less(np.abs(sampled.bias - found.bias), sampled.intervals[:, 1] - sampled.bias)


def test_exact_mode_finds_the_bias_of_clipped_ratios(cases):
    """min(rho, 1) z_t G_t: nonlinear in each sample."""
    case = cases["random-rewards"]

    def clipped(theta, batch):
        rho = np.minimum(np.exp(batch.log_probs) / batch.behaviour_probs, 1.0)
        return u.combine(batch, u.returns(batch) * rho.reshape(-1))

    options = {"behaviour": case.behaviour, "horizon": 2, "mode": "exact"}
    assert audit(case.problem, u.importance_sampling, **options).unbiased
    assert audit(case.problem, clipped, **options).relative_bias > 0.1


def test_exact_batch_mean_shrinks_by_one_over_the_batch(cases):
    """REINFORCE minus the batch's mean return has mean (1 - 1/B) grad J_T, exactly."""
    case = cases["random-rewards"]

    def estimator(theta, batch):
        G, Z = u.whole_returns(theta, batch)
        return (G - G.mean())[:, None] * Z

    found = audit(case.problem, estimator, horizon=2, mode="exact", batch_size=3)
    assert found.factor == pytest.approx(2 / 3, abs=1e-12)
    assert found.diagnosis.key == "batch-mean-baseline"


# -- errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "guess"}, "mode: found 'guess'; must be sample or exact"),
        ({"alpha": 2}, r"alpha: found 2; a probability in \(0, 1\) is required"),
        ({"delta": 0}, r"delta: found 0; a sample needs a positive tolerance\. Give delta > 0"),
        ({"layout": "rows"}, "layout: found 'rows'; must be one of episodes, vector, flat"),
        ({"framework": "tf"}, "framework: found 'tf'; must be one of numpy, jax, torch"),
        ({"target": "J"}, "target: found 'J'; must be one of truncated, bootstrap, objective"),
        ({"batch_size": 3}, "batch_size: found 3; an even number is required"),
        ({"horizon": 0}, r"horizon: found 0; at least one step is required\. Give horizon >= 1"),
        ({"max_samples": 64}, "max_samples: found 64; the pilot and the first look take 2048 episodes"),
    ],
)
def test_options_out_of_range_raise(audited, options, message):
    with pytest.raises(SamplingError, match=message):
        audited(u.reward_to_go, "truncated", **options)


def test_wrong_shape_and_nan_raise(audited):
    with pytest.raises(SamplingError, match=r"estimator: the result has shape \(2,\); a gradient has shape \(3,\), or"):
        audited(lambda theta, batch: np.zeros(2), "truncated")
    with pytest.raises(SamplingError, match=r"estimator: 3 of 3 entries are not finite"):
        audited(lambda theta, batch: np.full(3, np.nan), "truncated")


def test_too_many_batches_raise(audited):
    with pytest.raises(TooLargeError, match=r"enumeration: \d+ episodes make \d+ batches of 4"):
        audited(u.reward_to_go, "truncated", mode="exact", batch_size=4)


# -- what is no observation, or no normal mean -------------------------------------------------------------------


def ratio_of_the_episode(theta, batch):
    """Correct, with the weight of the whole episode."""
    rho = np.where(batch.mask, np.exp(batch.log_probs) / batch.behaviour_probs, 1.0).prod(1)
    G = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    return ((rho * G)[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)


@pytest.mark.parametrize("horizon", [10, 30])
def test_skewed_importance_ratios_raise_no_alarm(audited, horizon):
    """The mean of weights whose skewness is large for so few episodes is not normal: no bias is believed."""
    for seed in range(4):
        found = audited(
            ratio_of_the_episode, "truncated", off_policy=True, horizon=horizon, layout="episodes", seed=seed,
            alpha=0.01, max_samples=20_000, explain=False,
        )  # fmt: skip
        assert found.verdict is not BiasVerdict.BIASED


def test_ratio_skewness_is_that_of_all_episodes(cases):
    case = cases["discounted"]
    arrays = build_arrays(case.problem, behaviour=case.behaviour)
    episodes = all_episodes(arrays, 3)
    pair = arrays.outcome_pair[episodes.outcome]
    w = (arrays.pi[pair] / arrays.outcome_b[episodes.outcome]).prod(1)
    assert episodes.weights @ w == pytest.approx(1)
    expected = (episodes.weights @ w**3) / (episodes.weights @ w**2) ** 1.5
    assert ratio_skewness(arrays, 3) == pytest.approx(expected)


def test_random_mask_of_coordinates_raises_no_alarm(audited):
    rng = np.random.default_rng(0)

    def masked(theta, batch):
        kept = np.zeros(len(theta))
        kept[rng.integers(len(theta))] = len(theta)
        return kept * u.reward_to_go(theta, batch)

    for seed in range(4):
        found = audited(masked, "discounted", seed=seed, alpha=0.01, max_samples=30_000, explain=False)
        assert found.verdict is not BiasVerdict.BIASED


@pytest.mark.parametrize("seed", [1, 7, 25, 29, 38])
def test_coordinates_that_are_seldom_kept_raise_no_alarm(audited, seed):
    """Controls fill the zeros of the mask, and two that are kept one after the other look like state."""
    rng = np.random.default_rng(seed)

    def masked(theta, batch):
        return 32 * u.reward_to_go(theta, batch) * (rng.random(len(theta)) < 1 / 32)

    found = audited(masked, "discounted", seed=seed, alpha=0.01, delta=0.01, max_samples=2**13, explain=False)
    assert found.verdict is BiasVerdict.UNDECIDED


def test_state_across_calls_is_found(audited):
    last = []

    def averaged(theta, batch):
        last.append(u.reward_to_go(theta, batch))
        return np.mean(last[-8:], axis=0)

    with pytest.raises(SamplingError, match=r"estimator: estimates of successive batches are correlated \(\d"):
        audited(averaged, "discounted", alpha=0.01, delta=0.01)
    with pytest.raises(SamplingError) as error:
        audit(standard("discounted"), averaged, horizon=2, mode="exact")
    assert str(error.value) == (
        "estimator: two calls on the same batch gave different estimates; an enumeration needs a function of the batch "
        "alone. Use mode='sample'"
    )

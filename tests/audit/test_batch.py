"""What a user's estimator is given, in every layout and framework."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgsym.auditing import Rollouts
from pgsym.auditing.episodes import Sampler
from pgsym.auditing.problem_arrays import build_arrays
from pgsym.errors import EstimateError, SamplingError


def rollouts(case, **options):
    given = {"horizon": case.horizon, "batch_size": 6, **options}
    return Rollouts(case.problem, **given)


def steps_of(batch):
    """The transitions of a batch, in order, whatever its layout."""
    keep = np.asarray(batch.mask)
    names = ("episode", "steps", "states", "actions", "rewards", "next_states", "terminated", "truncated")
    return list(zip(*(np.asarray(getattr(batch, name))[keep].tolist() for name in names), strict=True))


@pytest.mark.parametrize("framework", ["numpy", "jax"])
def test_layouts_hold_the_same_transitions(cases, framework):
    for case in cases.values():
        found = [
            steps_of(rollouts(case, layout=layout, framework=framework).batch(seed=4))
            for layout in ("episodes", "vector", "flat")
        ]
        assert found[0] == found[1] == found[2]


def test_transitions_are_those_of_the_model(cases):
    for case in cases.values():
        batch = rollouts(case, batch_size=40, layout="flat").batch(seed=0)
        states = case.problem.mdp.nonterminal
        rows = steps_of(batch)
        for (episode, step, s, a, r, s2, terminated, truncated), following in zip(rows, [*rows[1:], None], strict=True):
            action = case.problem.mdp.actions(states[s])[a]
            seen = [
                (o.state in case.problem.mdp.terminal if s2 == len(states) else o.state == states[s2], float(o.r))
                for o in case.problem.mdp.outcomes(states[s], action)
            ]
            assert (True, r) in seen
            assert terminated == (s2 == len(states))
            assert truncated == (step == case.horizon - 1 and not terminated)
            if following is not None:
                ended = terminated or truncated
                assert following[0] == episode + ended
                assert following[1] == (0 if ended else step + 1)
                assert ended or following[2] == s2


def test_shapes_and_padding(cases):
    case = cases["terminal"]
    T = case.horizon
    assert rollouts(case).batch(seed=0).states.shape == (6, T)
    vector = rollouts(case, layout="vector").batch(seed=0)
    assert vector.scores.shape == (3, 2 * T, 4)
    flat = rollouts(case, layout="flat").batch(seed=0)
    assert flat.states.shape == (int(vector.mask.sum()),)
    padding = ~vector.mask
    assert padding.any()
    plain = rollouts(case, layout="vector").clean().batch(seed=0)
    for name, value in {"rewards": 0, "values": 0, "next_values": 0, "log_probs": 0, "behaviour_probs": 1}.items():
        assert (getattr(plain, name)[padding] == value).all()
    worst = max(np.abs(plain.rewards).max(), np.abs(plain.values).max())
    for name in ("rewards", "values", "next_values", "scores"):
        assert (getattr(vector, name)[padding] > 3 * worst).all()
    assert (vector.next_values[vector.terminated] > 3 * worst).all()
    assert not vector.done[padding].any()
    assert (plain.scores[padding] == 0).all()


def test_scores_are_the_derivative_of_log_prob(cases):
    for case in (cases["aliased"], cases["random-rewards"]):
        with jax.enable_x64(True):
            batch = rollouts(case, framework="jax").clean().batch(seed=2)
            theta = jnp.asarray(rollouts(case).theta)
            log_prob = batch.policy.log_prob(theta, batch.states, batch.actions)
            np.testing.assert_allclose(log_prob, batch.log_probs, atol=1e-12)
            found = jax.jacobian(lambda x: batch.policy.log_prob(x, batch.states, batch.actions))(theta)  # noqa: B023
            np.testing.assert_allclose(found, batch.scores, atol=1e-12)


def test_values_as_functions_of_theta_have_the_exact_derivative(cases):
    for case in (cases["aliased"], cases["random-rewards"]):
        given = rollouts(case, framework="jax").clean()
        with jax.enable_x64(True):
            theta = jnp.asarray(given.arrays.tables.theta)
            np.testing.assert_allclose(given.policy.values(theta), given.arrays.V, atol=1e-12)
            np.testing.assert_allclose(jax.jacobian(given.policy.values)(theta), given.arrays.grad_V, atol=1e-11)
            elsewhere = np.asarray(given.policy.values(theta + 0.5))
        plain = rollouts(case).clean()
        np.testing.assert_allclose(plain.policy.values(plain.theta), given.arrays.V, atol=1e-12)
        np.testing.assert_allclose(plain.policy.values(plain.theta + 0.5), elsewhere, atol=1e-12)


def test_batch_is_an_argument_of_a_jitted_function(cases):
    given = rollouts(cases["aliased"], framework="jax")
    compiled = jax.jit(lambda theta, batch: (batch.scores * batch.gamma).sum((0, 1)))
    np.testing.assert_allclose(
        compiled(given.theta, given.batch(seed=0)), (given.batch(seed=0).scores * 19 / 20).sum((0, 1)), atol=1e-6
    )


def test_given_critic_is_shown(cases):
    case = cases["discounted"]
    arrays = build_arrays(case.problem, critic={"a": 1, "b": 2, "c": 3})
    batch = Rollouts(arrays, horizon=case.horizon, batch_size=6).batch(seed=0)
    assert set(np.unique(batch.values[batch.mask])) <= {1.0, 2.0, 3.0}
    with pytest.raises(SamplingError) as error:
        build_arrays(case.problem, critic={"a": 1, "b": 2, "c": 3, "end": 5})
    assert str(error.value) == (
        "critic: found 5 for the terminal state 'end'; nothing is earned there, and what a batch shows there is no "
        "code's to use. Leave it out"
    )


def test_what_the_code_writes_into_a_batch_is_its_own(cases):
    """In-place arithmetic changes this batch alone: neither the next one, nor what the audit compares with."""
    given = rollouts(cases["discounted"])
    before = [b.rewards.copy() for b in (given.batch(seed=0), given.batch(seed=1))]

    def destroys(theta, batch):
        for name in ("rewards", "values", "next_values", "scores", "states", "mask"):
            getattr(batch, name)[...] = 0
        theta += 1
        return theta * 0

    streams = given.streams(np.array([given.arrays.tables.start.argmax() * np.ones(given.horizon, int)] * 6))
    kept = streams.reward.copy()
    given.estimates(destroys, streams)
    assert (streams.reward == kept).all()
    assert (given.theta == given.arrays.tables.theta).all()
    assert all((b.rewards == x).all() for b, x in zip((given.batch(seed=0), given.batch(seed=1)), before, strict=True))


def test_gradient_by_parameter_or_in_pieces(cases):
    given = rollouts(cases["discounted"])
    names = [p.name for p in given.arrays.tables.params]
    streams = given.streams(Sampler(given.arrays, given.horizon, 0).chunk(0, 6))
    plain = given.estimates(lambda theta, batch: batch.scores.sum((0, 1)), streams)

    def by_name(theta, batch):
        return dict(zip(reversed(names), reversed(batch.scores.sum((0, 1))), strict=True))

    def in_pieces(theta, batch):
        found = batch.scores.sum((0, 1))
        return found[:1], found[1:]

    def nested(theta, batch):
        return {"actor": {"network": by_name(theta, batch)}}

    def in_a_list(theta, batch):
        found = batch.scores.sum((0, 1))
        return [found[:1], (found[1], found[2:])]

    def in_place(theta, batch):
        batch.scores *= batch.episodes
        return batch.scores.sum((0, 1)) / batch.episodes

    def rows(theta, batch):
        return {name: batch.episodes * batch.scores.sum(1)[:, i] for i, name in enumerate(names)}

    for other in (by_name, in_pieces, nested, in_a_list, in_place, rows):
        np.testing.assert_allclose(given.estimates(other, streams), plain, rtol=1e-12)
    with pytest.raises(EstimateError) as error:
        given.estimates(lambda theta, batch: {"typo": 1.0}, streams)
    assert str(error.value) == (
        "estimator: the result has the keys typo; a gradient by parameter has ta, tb, tc. Return these"
    )
    assert error.value.batch.episodes == 6
    with pytest.raises(EstimateError, match=r"^estimator: the result is no array of numbers: could not convert string"):
        given.estimates(lambda theta, batch: "abc", streams)


def test_exception_shows_the_batch_as_it_was_given(cases):
    given = rollouts(cases["discounted"])

    def clears(theta, batch):
        batch.actions[...] = 7
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as error:
        given.estimates(clears, given.streams(Sampler(given.arrays, given.horizon, 0).chunk(0, 6)))
    assert "7" not in error.value.__notes__[0].partition("actions")[2].partition("rewards")[0]


def test_exception_of_the_code_is_its_own_and_shows_the_batch(cases):
    given = rollouts(cases["discounted"])
    with pytest.raises(ZeroDivisionError) as error:
        given.estimates(lambda theta, batch: 1 // 0, given.streams(Sampler(given.arrays, given.horizon, 0).chunk(0, 6)))
    assert error.value.__notes__[0].startswith("raised by the estimator that is audited, on this batch:\n  states = [[")

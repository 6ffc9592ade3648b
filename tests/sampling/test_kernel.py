"""The kernel against enumeration: what it draws, and that nothing but the seed decides it."""

import subprocess
import sys
import textwrap
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import chdtri

from pgsym.errors import SamplingError
from pgsym.estimators.estimator import find_estimator
from pgsym.model import MDP, Objective, Problem, softmax_policy, tabular
from pgsym.sampling import build_tables, dynamics, estimate
from pgsym.sampling.estimate import random_signs
from pgsym.sampling.kernel import block_moments
from pgsym.sampling.layout import Summation, _own_logits, prepare, step_table
from pgsym.sampling.plan import make_plan
from pgsym.sampling.random import seed_key
from pgsym.sampling.walk import gradients, rollout

N = 2**16


def chi_square_accepts(observed, p, false_alarm):
    n = observed.sum()
    statistic = ((observed - n * p) ** 2 / (n * p)).sum()
    return statistic <= chdtri(len(p) - 1, false_alarm)


def step_distribution(tables, t):
    """P(outcome at step t), [O]."""
    d = tables.start
    for _ in range(t):
        d = dynamics.forward(tables, d)
    return d[tables.outcome_state] * tables.joint


@pytest.mark.parametrize("t", [0, 1, 2, 7])
def test_outcomes_have_their_exact_distribution(garnet, statistics, draw, t):
    drawn = draw(garnet, 8, N)
    tables = drawn.tables
    kinds = zip(tables.outcome_pair, tables.outcome_next, tables.outcome_reward.astype(np.float32), strict=True)
    observed = np.array(
        [((drawn.pair[t] == n) & (drawn.successor[t] == s) & (drawn.reward[t] == r)).sum() for n, s, r in kinds]
    )
    assert observed.sum() == N
    expected = step_distribution(tables, t)
    assert chi_square_accepts(observed, expected, statistics.FALSE_ALARM)
    # A mutant that takes the policy of another state is rejected.
    assert not chi_square_accepts(observed, np.roll(expected, tables.O // 2), statistics.FALSE_ALARM)


def test_successive_steps_are_independent_given_the_state(garnet, statistics, draw):
    drawn = draw(garnet, 4, N)
    tables = drawn.tables
    moved = np.zeros((tables.N, tables.S + 1))
    np.add.at(moved, (tables.outcome_pair, tables.outcome_next), tables.outcome_p)
    for t in (0, 1, 2):
        occupancy = np.add.reduceat(step_distribution(tables, t), np.arange(0, tables.O, 3))
        joint = (occupancy[:, None] * moved[:, tables.pair_state] * tables.pi[None, :]).reshape(-1)
        observed = np.bincount(drawn.pair[t] * tables.N + drawn.pair[t + 1], minlength=tables.N**2)
        assert observed[joint == 0].sum() == 0
        assert chi_square_accepts(observed[joint > 0], joint[joint > 0], statistics.FALSE_ALARM)


def test_neighbouring_trajectories_are_independent(garnet, statistics, draw):
    # Streams of consecutive numbers differ by one counter of the cipher.
    drawn = draw(garnet, 3, N)
    for t in (0, 2):
        p = np.bincount(drawn.tables.outcome_pair, step_distribution(drawn.tables, t))
        observed = np.bincount(drawn.pair[t, 0::2] * 20 + drawn.pair[t, 1::2], minlength=400)
        assert chi_square_accepts(observed, np.outer(p, p).reshape(-1), statistics.FALSE_ALARM)


def test_parallel_edges_keep_their_own_rewards(edges, statistics, draw):
    rewards = draw(edges, 1, N).reward[0]
    observed = np.array([(rewards == r).sum() for r in (4, 0, -1, 1)])
    p = np.array([1 / 6, 1 / 6, 1 / 3, 1 / 3])
    assert chi_square_accepts(observed, p, statistics.FALSE_ALARM)
    # Averaged rewards, (4 + 0 - 2)/4 for action a, would never show a 4.
    assert not chi_square_accepts(np.array([0, 0, 0, N]), p, statistics.FALSE_ALARM)


def test_absorbed_trajectories_stay_and_earn_nothing(dag, draw):
    drawn = draw(dag, 6, 1000)
    ended = drawn.pair == drawn.tables.N
    assert (ended[1:] | ~ended[:-1]).all()
    assert ended[3:].all()
    assert not drawn.reward[ended].any()


def test_gradient_of_a_trajectory_is_its_formula(garnet, draw):
    drawn = draw(garnet, 9, 64)
    with jax.enable_x64(True):
        arrays = jax.tree.map(jnp.asarray, drawn.arrays)
        key, ids = jnp.asarray(seed_key(0)), jnp.asarray(drawn.ids)
        g, J, steps = (np.asarray(a) for a in gradients(arrays, drawn.shape, key, ids))
        alone = np.asarray(rollout(arrays, drawn.shape, key, ids, keep=False)[0])
    scores, discounts = drawn.tables.scores(), 0.9 ** np.arange(9)
    g, expected = g.T, np.zeros((64, 20))
    for i in range(64):
        for t in range(9):
            future = (discounts[: 9 - t] * drawn.reward[t:, i]).sum()
            expected[i] += discounts[t] * scores[drawn.pair[t, i]] * future
    # float32 sums of 9 terms of size at most 20.
    np.testing.assert_allclose(g, expected, atol=9 * 20 * 2.0**-23)
    np.testing.assert_allclose(J, discounts @ drawn.reward, atol=9 * 20 * 2.0**-23)
    np.testing.assert_allclose(alone, J, atol=9 * 20 * 2.0**-23)
    assert (steps == 9).all()


@pytest.mark.parametrize("estimator", ["reinforce", "advantage"])
def test_all_ways_of_summing_scores_give_the_same_gradient(garnet, monkeypatch, estimator):
    found = []
    for way in Summation:
        monkeypatch.setattr("pgsym.sampling.layout._cheapest", lambda tables, T, way=way: way)
        found.append(estimate(garnet.replace(objective="start-state"), estimator, n=4096, horizon=20))
    for other in found[1:]:
        np.testing.assert_allclose(found[0].mean, other.mean, rtol=0, atol=1e-4 * other.standard_error.max())
        np.testing.assert_allclose(found[0].covariance, other.covariance, rtol=1e-4, atol=1e-4)
        assert (found[0].touched == other.touched).all()


def test_summation_is_chosen_by_its_work(garnet, corridor):
    tables = build_tables(garnet)
    plan = partial(make_plan, find_estimator("reward-to-go"))
    # 20 gathers cost 160, two scattered scores 64, one scattered weight and 20 x 28 products over 100 steps 37.
    assert prepare(tables, plan(tables, Objective.START_STATE, 100))[1].summation is Summation.PAIRS
    assert prepare(tables, plan(tables, Objective.START_STATE, 2))[1].summation is Summation.ROWS
    tables = build_tables(corridor.at([0]))
    assert prepare(tables, plan(tables, Objective.START_STATE, 100))[1].summation is Summation.DIRECT


def test_blocks_at_once_and_in_turn_agree(garnet):
    tables = build_tables(garnet)
    arrays, shape = prepare(tables, make_plan(find_estimator("reward-to-go"), tables, Objective.START_STATE, 12), 64)
    firsts = 64 * np.arange(4, dtype=np.uint32)
    with jax.enable_x64(True):
        turn, once = (
            jax.jit(partial(block_moments, shape, parallel))(arrays, seed_key(0), np.full(4, 200, np.uint32), firsts)
            for parallel in (False, True)
        )
    assert np.asarray(once.n).tolist() == np.asarray(turn.n).tolist() == [64, 64, 64, 8]
    for a, b in zip(turn, once, strict=True):
        # The order of 64 float64 additions.
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


def test_many_parameters_in_parts_and_in_rows_agree(monkeypatch):
    """Above 256 parameters a processor sums squares of 16 trajectories at a time; an accelerator has whole rows.

    A logit for every pair is summed by pairs and states; other scores one by one.
    """
    rows = [(s, a, (3 * s + a) % 150, 1, s % 3 + a) for s in range(149) for a in range(2)]
    mdp = MDP.from_transitions([*rows, (149, 0, "end", 1, 5)], start=0, terminal=["end"], gamma="9/10")
    tables = build_tables(Problem(mdp, tabular(mdp), theta=[(i % 7) / 3 for i in range(299)]))
    plan = make_plan(find_estimator("reward-to-go"), tables, Objective.START_STATE, 12)
    found = []
    for way in (Summation.TABULAR, Summation.ROWS):
        arrays, shape = prepare(tables, plan, 64)
        assert (shape.summation, shape.full, shape.ends) == (way, False, True)
        with jax.enable_x64(True):
            for parallel in (False, True):
                run = jax.jit(partial(block_moments, shape, parallel))
                found.append(run(arrays, seed_key(0), np.full(2, 100, np.uint32), 64 * np.arange(2, dtype=np.uint32)))
        monkeypatch.setattr("pgsym.sampling.layout._own_logits", lambda tables: False)
    assert np.asarray(found[0].n).tolist() == [64, 36]
    assert np.asarray(found[0].mean).any()
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            # float32 sums of at most 12 terms each, in two orders.
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_only_a_logit_for_every_pair_is_tabular(garnet):
    tables = build_tables(garnet)
    assert _own_logits(tables)
    # Shared parameters, and directions in place of parameters, have scores of another form.
    shared = softmax_policy(garnet.mdp, {s: {0: "w", 1: "2*w"} for s in range(10)})
    assert not _own_logits(build_tables(Problem(garnet.mdp, shared, theta=[0])))
    assert not _own_logits(tables.along(np.ones((1, 20))))


@pytest.mark.parametrize("way", list(Summation))
def test_pairs_in_the_record_or_in_a_table_change_no_bit(garnet, monkeypatch, way):
    monkeypatch.setattr("pgsym.sampling.layout._cheapest", lambda tables, T: way)
    run = partial(estimate, garnet, n=500, horizon=12)
    packed = run()
    monkeypatch.setattr("pgsym.sampling.layout.RECORD_BITS", 0)
    apart = run()
    assert (packed.moments.mean == apart.moments.mean).all()
    assert (packed.moments.M2 == apart.moments.M2).all()


@pytest.mark.parametrize("estimator", ["reinforce", "advantage"])
def test_counted_visits_and_a_second_pass_agree(garnet, monkeypatch, estimator):
    monkeypatch.setattr("pgsym.sampling.layout._cheapest", lambda tables, T: Summation.PAIRS)
    run = partial(estimate, garnet, estimator, n=2000, horizon=40)
    counted = run()
    monkeypatch.setattr("pgsym.sampling.layout.COUNTED_ERROR", 0.0)
    twice = run()
    np.testing.assert_allclose(counted.mean, twice.mean, rtol=0, atol=1e-4 * counted.standard_error.max())
    np.testing.assert_allclose(counted.covariance, twice.covariance, rtol=1e-4, atol=1e-4)


def test_counted_visits_are_not_trusted_where_weights_become_small(monkeypatch):
    """Each state of a chain is seen at one step: its gradient is as small as that step's weight, 100^-s."""
    rows = [(s, a, min(s + 1, 9), 1, reward) for s in range(10) for a, reward in enumerate(("3/7", "5/7"))]
    mdp = MDP.from_transitions(rows, start=0, gamma="1/100")
    monkeypatch.setattr("pgsym.sampling.layout._cheapest", lambda tables, T: Summation.PAIRS)

    def gradient():
        return estimate(Problem(mdp, tabular(mdp), theta=[0] * 20), n=1024, horizon=30).mean

    found = gradient()
    monkeypatch.setattr("pgsym.sampling.layout.countable", lambda tables, plan: True)
    counted = gradient()
    monkeypatch.setattr("pgsym.sampling.layout._cheapest", lambda tables, T: Summation.ROWS)
    by_rows = gradient()
    # float32 sums of a few terms; the mutant has lost the last states.
    np.testing.assert_allclose(found, by_rows, rtol=1e-5)
    assert not np.allclose(counted, by_rows, rtol=1e-3, atol=0)


def test_total_variation_of_a_step_is_within_the_stated_bound(garnet):
    tables = build_tables(garnet)
    table = step_table(tables)
    for s in range(tables.S):
        exact = tables.joint[tables.outcome_state == s]
        assert np.abs(np.array(table.probabilities(s)) - exact / exact.sum()).sum() / 2 <= len(exact) / 2.0**33


def test_trajectories_do_not_depend_on_how_they_are_grouped(garnet, draw):
    whole, late = draw(garnet, 5, 512), draw(garnet, 5, 128, first=256)
    assert (whole.entries[:, 256:384] == late.entries).all()


@pytest.mark.parametrize("estimator", ["reinforce", "reward-to-go"])
def test_chunks_change_no_bit(garnet, monkeypatch, estimator):
    monkeypatch.setattr("pgsym.sampling.layout.LARGEST_BLOCK", 256)
    run = partial(estimate, garnet, estimator, n=3000, horizon=15, seed=9)
    whole = run()
    for chunk in (1, 700, 10**9):
        part = run(chunk=chunk)
        assert (part.moments.mean == whole.moments.mean).all()
        assert (part.moments.M2 == whole.moments.M2).all()
        assert part.transitions == whole.transitions == 45_000


def test_seeds_change_the_sample(corridor):
    a, b = (estimate(corridor.at([0]), n=256, horizon=20, seed=s) for s in (0, 1))
    assert a.mean != b.mean


DEVICES = """
import sys
import jax
jax.config.update("jax_num_cpu_devices", 4)
from pgsym.model import MDP, Problem, sigmoid
from pgsym.sampling import estimate
from pgsym.sampling.estimate import BatchSampler
import pgsym.sampling.layout as layout
layout.LARGEST_BLOCK = 128
mdp = MDP.from_transitions(
    [("s", "a", "t", "1/3", 1), ("s", "a", "s", "2/3", -1), ("s", "b", "t", "1/2", 2), ("s", "b", "s", "1/2", 0),
     ("t", "a", "s", 1, 3)], start="s", gamma="9/10")
for devices in (1, 3, None):
    problem = Problem(mdp, sigmoid(mdp), theta=[0.5])
    found = estimate(problem, n=1500, horizon=12, devices=devices)
    batches = BatchSampler(problem, largest=700, horizon=12, devices=devices).draw(3, [700, 5])
    moments = [found.moments, *(batch.moments for batch in batches)]
    print(found.device[0], *((m.n, m.mean.tobytes().hex(), m.M2.tobytes().hex()) for m in moments))
"""


def test_devices_change_no_bit():
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(DEVICES)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    lines = [line.split(maxsplit=1) for line in run.stdout.splitlines()]
    assert [count for count, _ in lines] == ["1", "3", "4"]
    assert len({rest for _, rest in lines}) == 1


def test_precision_of_the_caller_is_left_alone(corridor):
    before = jax.config.jax_enable_x64
    first = estimate(corridor.at([0]), n=128, horizon=9)
    assert jax.config.jax_enable_x64 == before
    assert jnp.zeros(1).dtype == (jnp.float64 if before else jnp.float32)
    with jax.enable_x64(not before):
        second = estimate(corridor.at([0]), n=128, horizon=9)
    assert (first.moments.mean == second.moments.mean).all()
    assert first.moments.mean.dtype == np.float64


@pytest.mark.parametrize("estimator", ["reinforce", "reward-to-go"])
def test_directions_are_projections_of_the_same_sample(garnet, estimator):
    run = partial(estimate, garnet, estimator, n=2000, horizon=15, seed=3)
    whole, v = run(), np.random.default_rng(0).normal(size=(3, 20))
    along = run(directions=v)
    assert [x.name for x in along.params] == ["direction_1", "direction_2", "direction_3"]
    np.testing.assert_allclose(along.mean, v @ whole.mean, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(along.covariance, v @ whole.covariance @ v.T, rtol=1e-3)
    assert along.J == whole.J


def test_random_directions_estimate_the_trace(garnet):
    run = partial(estimate, garnet, n=2000, horizon=15, seed=3)
    whole, along = run(), run(directions=64)
    signs = random_signs(64, 20, 3)
    assert set(signs.ravel()) == {1.0, -1.0}
    # Given the sample, v^T C v has mean tr C and variance 2 (|C|^2 - sum C_ii^2) over random signs; P(|z| > 5) = 6e-7.
    C = whole.covariance
    error = np.sqrt(2 * ((C**2).sum() - (np.diagonal(C) ** 2).sum()) / 64)
    assert abs(along.variance.mean() - np.trace(C)) < 5 * error
    # The mutant: directions of length 1 would give the trace over k.
    assert abs(along.variance.mean() / 20 - np.trace(C)) > 5 * error


def test_directions_raise_on_another_shape(garnet):
    run = partial(estimate, garnet, n=10)
    with pytest.raises(SamplingError, match=r"^directions: shape \(3, 7\); must be \(D, 20\), one row a direction"):
        run(directions=np.ones((3, 7)))
    with pytest.raises(SamplingError, match=r"^directions: found 0; at least one direction is required"):
        run(directions=0)


def test_empty_blocks_draw_nothing(garnet):
    tables = build_tables(garnet)
    arrays, shape = prepare(tables, make_plan(find_estimator("reward-to-go"), tables, Objective.START_STATE, 12), 64)
    firsts, ends = np.array([0, 64, 0], np.uint32), np.array([40, 128, 0], np.uint32)
    with jax.enable_x64(True):
        found = jax.jit(partial(block_moments, shape, False))(arrays, seed_key(0), ends, firsts)
    assert np.asarray(found.n).tolist() == [40, 64, 0]
    assert not np.asarray(found.M2)[2].any()

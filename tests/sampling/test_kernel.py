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

from pgsym.sampling import build_tables, dynamics, estimate
from pgsym.sampling.kernel import gradients, step_table

N = 2**16


def outcome_counts(tables, arrays, entries):
    """How often each (s, a, s', r) occurred: [O]."""
    found = np.stack([np.asarray(table)[entries] for table in (arrays.pair, arrays.base, arrays.reward)], -1)
    kinds, counts = np.unique(found.reshape(-1, 3), axis=0, return_counts=True)
    return {tuple(kind): count for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True)}


def chi_square_accepts(observed, p, false_alarm):
    n = observed.sum()
    statistic = ((observed - n * p) ** 2 / (n * p)).sum()
    return statistic <= chdtri(len(p) - 1, false_alarm)


def step_distribution(tables, t):
    """P(outcome at step t), [O], then the probability of being absorbed."""
    d = tables.start
    for _ in range(t):
        d = dynamics.forward(tables, d)
    return np.append(d[tables.outcome_state] * tables.joint, d[tables.S])


@pytest.mark.parametrize("t", [0, 1, 2, 7])
def test_outcomes_have_their_exact_distribution(garnet, statistics, draw, t):
    tables, arrays, shape, entries = draw(garnet, 8, N)
    counts = outcome_counts(tables, arrays, entries[t])
    expected = step_distribution(tables, t)[:-1]
    observed = np.zeros(tables.O)
    for o in range(tables.O):
        key = (tables.outcome_pair[o], tables.outcome_next[o] * shape.width, np.float32(tables.outcome_reward[o]))
        observed[o] = counts[tuple(float(x) for x in key)]
    assert chi_square_accepts(observed, expected, statistics.FALSE_ALARM)
    # A mutant that takes the policy of the next state over is rejected.
    assert not chi_square_accepts(observed, np.roll(expected, tables.O // 2), statistics.FALSE_ALARM)


def test_successive_steps_are_independent_given_the_state(garnet, statistics, draw):
    # The two words of one cipher call serve steps 2j and 2j + 1; so pairs across both kinds of boundary are tested.
    tables, arrays, _, entries = draw(garnet, 4, N)
    for t in (0, 1, 2):
        pairs = np.asarray(arrays.pair)[entries[t]] * tables.N + np.asarray(arrays.pair)[entries[t + 1]]
        moved = np.zeros((tables.N, tables.S + 1))
        np.add.at(moved, (tables.outcome_pair, tables.outcome_next), tables.outcome_p)
        occupancy = np.add.reduceat(step_distribution(tables, t)[:-1], np.arange(0, tables.O, 3))
        joint = occupancy[:, None] * moved[:, tables.pair_state] * tables.pi[None, :]
        observed = np.bincount(pairs, minlength=tables.N**2)
        possible = joint.reshape(-1) > 0
        assert observed[~possible].sum() == 0
        assert chi_square_accepts(observed[possible], joint.reshape(-1)[possible], statistics.FALSE_ALARM)


def test_parallel_edges_keep_their_own_rewards(edges, statistics, draw):
    _, arrays, _, entries = draw(edges, 1, N)
    rewards = np.asarray(arrays.reward)[entries[0]]
    observed = np.array([(rewards == r).sum() for r in (4, 0, -1, 1)])
    p = np.array([1 / 6, 1 / 6, 1 / 3, 1 / 3])
    assert chi_square_accepts(observed, p, statistics.FALSE_ALARM)
    # Averaged rewards, (4 + 0 - 2)/4 for action a, would never show a 4.
    assert not chi_square_accepts(np.array([0, 0, 0, N]), p, statistics.FALSE_ALARM)


def test_absorbed_trajectories_stay_and_earn_nothing(dag, draw):
    tables, arrays, _, entries = draw(dag, 6, 1000)
    pair, reward = np.asarray(arrays.pair)[entries], np.asarray(arrays.reward)[entries]
    ended = pair == tables.N
    assert (ended[1:] | ~ended[:-1]).all()
    assert ended[3:].all()
    assert not reward[ended].any()


def test_gradient_of_a_trajectory_is_its_formula(garnet, draw):
    tables, arrays, shape, entries = draw(garnet, 9, n=64)
    g, J, steps = (np.asarray(a) for a in gradients(arrays, shape, jnp.asarray(entries)))
    pair, reward = np.asarray(arrays.pair)[entries], np.asarray(arrays.reward, np.float64)[entries]
    scores, discounts = tables.scores(), 0.9 ** np.arange(9)
    expected = np.zeros_like(g, np.float64)
    for i in range(64):
        for t in range(9):
            future = (discounts[: 9 - t] * reward[t:, i]).sum()
            expected[i] += discounts[t] * scores[pair[t, i]] * future
    # float32 sums of 9 terms of size at most 20.
    np.testing.assert_allclose(g, expected, atol=9 * 20 * 2.0**-23)
    np.testing.assert_allclose(J, discounts @ reward, atol=9 * 20 * 2.0**-23)
    assert (steps == 9).all()


def test_scattered_and_dense_scores_give_the_same_gradient(garnet, monkeypatch):
    found = {}
    for cost in (0, 32):
        monkeypatch.setattr("pgsym.sampling.kernel.SCATTER_COST", cost)
        found[cost] = estimate(garnet.mdp, garnet.policy, theta=garnet.theta, n=4096, horizon=20)
    np.testing.assert_allclose(found[0].mean, found[32].mean, rtol=0, atol=1e-4 * found[0].standard_error.max())
    np.testing.assert_allclose(found[0].covariance, found[32].covariance, rtol=1e-4, atol=1e-4)


def test_total_variation_of_a_step_is_within_the_stated_bound(garnet):
    tables = build_tables(garnet.mdp, garnet.policy, garnet.theta)
    table = step_table(tables)
    for s in range(tables.S):
        exact = tables.joint[tables.outcome_state == s]
        assert np.abs(np.array(table.probabilities(s)) - exact / exact.sum()).sum() / 2 <= len(exact) / 2.0**33


def test_trajectories_do_not_depend_on_how_they_are_grouped(garnet, draw):
    _, _, _, whole = draw(garnet, 5, n=512)
    _, _, _, late = draw(garnet, 5, n=128, first=256)
    assert (whole[:, 256:384] == late).all()


@pytest.mark.parametrize("estimator", ["reinforce", "reward-to-go"])
def test_chunks_change_no_bit(garnet, monkeypatch, estimator):
    monkeypatch.setattr("pgsym.sampling.kernel.LARGEST_BLOCK", 256)
    run = partial(
        estimate, garnet.mdp, garnet.policy, "start-state", estimator, theta=garnet.theta, n=3000, horizon=15, seed=9
    )
    whole = run()
    for chunk in (1, 700, 10**9):
        part = run(chunk=chunk)
        assert (part.moments.mean == whole.moments.mean).all()
        assert (part.moments.M2 == whole.moments.M2).all()
        assert part.transitions == whole.transitions == 45_000


def test_seeds_change_the_sample(corridor):
    a, b = (estimate(corridor.mdp, corridor.policy, theta=[0], n=256, horizon=20, seed=s) for s in (0, 1))
    assert a.mean != b.mean


DEVICES = """
import sys
import jax
jax.config.update("jax_num_cpu_devices", 4)
from pgsym.model import MDP, sigmoid
from pgsym.sampling import estimate
import pgsym.sampling.kernel as kernel
kernel.LARGEST_BLOCK = 128
mdp = MDP.from_transitions(
    [("s", "a", "t", "1/3", 1), ("s", "a", "s", "2/3", -1), ("s", "b", "t", "1/2", 2), ("s", "b", "s", "1/2", 0),
     ("t", "a", "s", 1, 3)], start="s", gamma="9/10")
for devices in (1, 3, None):
    found = estimate(mdp, sigmoid(mdp), theta=[0.5], n=1500, horizon=12, devices=devices)
    print(found.device[0], found.moments.n, found.moments.mean.tobytes().hex(), found.moments.M2.tobytes().hex())
"""


def test_devices_change_no_bit():
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(DEVICES)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    lines = [line.split(maxsplit=1) for line in run.stdout.splitlines()]
    assert [count for count, _ in lines] == ["1", "3", "4"]
    assert len({rest for _, rest in lines}) == 1


def test_precision_of_the_caller_is_left_alone(corridor):
    before = jax.config.jax_enable_x64
    first = estimate(corridor.mdp, corridor.policy, theta=[0], n=128, horizon=9)
    assert jax.config.jax_enable_x64 == before
    assert jnp.zeros(1).dtype == (jnp.float64 if before else jnp.float32)
    with jax.enable_x64(not before):
        second = estimate(corridor.mdp, corridor.policy, theta=[0], n=128, horizon=9)
    assert (first.moments.mean == second.moments.mean).all()
    assert first.moments.mean.dtype == np.float64

"""The confidence sequence: joint coverage over looks, and a mutant without spending that fails."""

import numpy as np
import pytest

from pgsym.auditing.sequential import Region, batches_needed, detectable, first_look, looks, share
from pgsym.sampling.moments import Moments

ALPHA = 0.05
RUNS = 2_000
FALSE_ALARM = 1e-9
"""Of each count below: a binomial above ALPHA by 6 standard errors."""
BOUND = ALPHA + 6 * np.sqrt(ALPHA * (1 - ALPHA) / RUNS)


def misses(level, rng, k=2):
    """Runs in which the region misses the true mean at some look."""
    missed, schedule = 0, list(looks(first_look(k), 2_048))
    mixing = rng.normal(size=(k, k))
    for _ in range(RUNS):
        x = rng.normal(size=(schedule[-1], k)) @ mixing
        zero = np.zeros(k)
        missed += any(not Region(Moments.of(x[:m]), level(look), 0.0).contains(zero) for look, m in enumerate(schedule))
    return missed / RUNS


def test_regions_hold_jointly_over_all_looks():
    assert misses(lambda look: share(ALPHA, look), np.random.default_rng(1)) <= BOUND


def test_spending_alpha_at_every_look_is_rejected():
    """The mutant: the whole of alpha at each of seven looks misses about three times as often."""
    assert misses(lambda look: ALPHA, np.random.default_rng(1)) > BOUND


def test_intervals_are_the_shadow_of_the_ellipsoid():
    x = np.random.default_rng(0).normal(size=(500, 3)) @ np.diag([1.0, 2.0, 3.0])
    region = Region(Moments.of(x), 0.01, 0.0)
    half = (region.intervals[:, 1] - region.intervals[:, 0]) / 2
    for i in range(3):
        # The point where the ellipsoid is furthest along axis i.
        direction = region.covariance[:, i] / np.sqrt(region.covariance[i, i])
        edge = region.centre + np.sqrt(region.squared_radius) * direction
        assert edge[i] - region.centre[i] == pytest.approx(half[i])
        assert region.statistic(edge) == pytest.approx(region.squared_radius)
    assert region.reach >= half.max()


def test_redundant_coordinates_do_not_break_the_region():
    x = np.random.default_rng(0).normal(size=(400, 1))
    region = Region(Moments.of(np.hstack([x, -x])), 0.01, 0.0)
    assert region.contains(np.zeros(2))
    assert not region.contains(np.array([1.0, 1.0]))


def test_constant_estimates_are_known_to_rounding():
    region = Region(Moments.of(np.full((64, 1), 0.25)), 0.01, 1e-9)
    assert region.contains(np.array([0.25 + 1e-10]))
    assert not region.contains(np.array([0.25 + 1e-6]))


def test_detectable_bias_is_found_with_the_stated_power():
    rng, found, n = np.random.default_rng(2), 0, 400
    level, power = 0.01, 0.9
    direction = np.array([1.0, 1.0])
    shift = detectable(Region(Moments.of(rng.normal(size=(n, 2))), level, 0.0), direction, power)
    runs = 1_000
    for _ in range(runs):
        x = rng.normal(size=(n, 2)) + shift * direction
        found += not Region(Moments.of(x), level, 0.0).contains(np.zeros(2))
    # The covariance that `shift` was computed from is itself estimated: 400 samples know it within a few per cent.
    assert abs(found / runs - power) < 6 * np.sqrt(power * (1 - power) / runs) + 0.03


def test_needed_batches_shrink_the_region_enough():
    rng = np.random.default_rng(3)
    region = Region(Moments.of(rng.normal(size=(200, 2))), 0.01, 0.0)
    m = batches_needed(region, 0.01, 32, 0.1)
    look = int(np.log2(m / 32))
    assert Region(Moments.of(rng.normal(size=(m, 2))), share(0.01, look), 0.0).reach < 0.12
    assert Region(Moments.of(rng.normal(size=(m // 2, 2))), share(0.01, look - 1), 0.0).reach > 0.1
    assert batches_needed(Region(region.moments, 0.01, 1.0), 0.01, 32, 0.1) is None

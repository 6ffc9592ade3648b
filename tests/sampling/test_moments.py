import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgsym.sampling.moments import Moments


@pytest.mark.parametrize("full", [True, False])
@given(cuts=st.lists(st.integers(1, 49), min_size=1, max_size=6, unique=True), shift=st.sampled_from([0.0, 1e6]))
def test_merged_parts_are_the_whole(full, cuts, shift):
    x = np.random.default_rng(0).normal(size=(50, 3)) + shift
    parts = [Moments.of(part, full=full) for part in np.split(x, sorted(cuts))]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part)
    covariance = np.cov(x.T)
    assert merged.n == 50
    np.testing.assert_allclose(merged.mean, x.mean(0), rtol=1e-14)
    # Deviations of size 1 around `shift` are known to shift * 2^-52.
    slack = 1e-12 + shift * 2.0**-50
    np.testing.assert_allclose(merged.covariance, covariance if full else np.diagonal(covariance), atol=slack)


def test_centred_moments_reject_the_textbook_formula():
    # E[x^2] - E[x]^2 loses all digits where the merge keeps them.
    x = np.random.default_rng(0).normal(size=(1000, 1)) + 1e9
    textbook = float((x**2).mean() - x.mean() ** 2)
    assert abs(textbook - 1) > 0.5
    assert abs(float(Moments.of(x[:500]).merge(Moments.of(x[500:])).covariance[0, 0]) - 1) < 0.2

import numpy as np
import pytest

from pgsym.errors import SamplingError
from pgsym.sampling import estimate
from pgsym.sampling.estimate import BatchSampler


@pytest.fixture(scope="module")
def sampler(garnet):
    return BatchSampler(garnet, largest=700, horizon=10)


def test_first_batch_is_what_estimate_finds(garnet, sampler, monkeypatch):
    (batch,) = sampler.draw(5, [700])
    # The same trajectories, in blocks of the same size.
    monkeypatch.setattr("pgsym.sampling.layout.LARGEST_BLOCK", 256)
    whole = estimate(garnet, n=700, horizon=10, seed=5)
    assert (batch.moments.mean == whole.moments.mean).all()
    assert (batch.moments.M2 == whole.moments.M2).all()
    assert batch.transitions == whole.transitions == 7000


def test_batches_of_one_seed_are_different_trajectories(sampler):
    a, b, c = sampler.draw(5, [100, 100, 300])
    assert [batch.moments.n for batch in (a, b, c)] == [100, 100, 300]
    assert (a.moments.mean != b.moments.mean).all()
    # A prefix of the counts gives a prefix of the batches.
    (alone,) = sampler.draw(5, [100])
    assert (alone.moments.mean == a.moments.mean).all()
    assert not np.array_equal(sampler.draw(6, [100])[0].moments.mean, a.moments.mean)


def test_more_blocks_than_one_dispatch(sampler, monkeypatch):
    monkeypatch.setattr(sampler, "_blocks", 256)
    counts = [10] * 300
    found = sampler.draw(1, counts)
    assert [batch.moments.n for batch in found] == counts
    assert (found[299].moments.mean == sampler.draw(1, counts)[299].moments.mean).all()


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([3, 0], r"^counts: found 0; a batch has at least one trajectory"),
        ([2**30, 2**30, 5], r"^counts: found 2147483653 trajectories; one seed numbers 2\*\*31"),
    ],
)
def test_draw_raises_on(sampler, counts, message):
    with pytest.raises(SamplingError, match=message):
        sampler.draw(0, counts)

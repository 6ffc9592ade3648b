from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgsym.errors import SamplingError
from pgsym.sampling.moments import ExactMoments, Moments, to_units

finite = st.floats(allow_nan=False, allow_infinity=False)


def bits(moments):
    return moments.n, moments.mean.tobytes(), moments.M2.tobytes()


def parts_of(seed, full, sizes=(1, 5, 2, 9, 1)):
    rng = np.random.default_rng(seed)
    # Magnitudes from 1e-12 to 1e12: any rounding of a partial sum would show.
    return [Moments.of(rng.normal(size=(n, 3)) * 10.0 ** rng.integers(-12, 12, (n, 3)), full=full) for n in sizes]


@given(finite)
def test_units_are_exact(x):
    assert Fraction(to_units(x), 2**1074) == Fraction(x)


@pytest.mark.parametrize("full", [True, False])
@given(seed=st.integers(0, 2**32), order=st.permutations(range(5)))
def test_order_changes_no_bit(full, seed, order):
    parts = parts_of(seed, full)
    assert bits(ExactMoments.of(parts).rounded()) == bits(ExactMoments.of([parts[i] for i in order]).rounded())


def test_running_merge_depends_on_the_order():
    # The mutant: Chan's merge, correct to rounding, gives different bits for some order.
    parts = parts_of(0, False)

    def merged(order):
        total = parts[order[0]]
        for i in order[1:]:
            total = total.merge(parts[i])
        return bits(total)

    assert len({merged(np.random.default_rng(i).permutation(5)) for i in range(20)}) > 1


def test_sum_is_correctly_rounded():
    parts = parts_of(3, True)
    found = ExactMoments.of(parts).rounded()
    n = sum(p.n for p in parts)
    A = [sum(p.n * Fraction(p.mean[i]) for p in parts) for i in range(3)]
    assert found.mean.tolist() == [float(a / n) for a in A]
    for i in range(3):
        for j in range(3):
            # The lower triangle counts: the kernel's two halves may differ in the last bit.
            low = (max(i, j), min(i, j))
            B = sum(Fraction(p.M2[low]) + p.n * Fraction(p.mean[i]) * Fraction(p.mean[j]) for p in parts)
            assert found.M2[i, j] == float(B - A[i] * A[j] / n)


def test_one_part_comes_back_as_it_is():
    (part,) = parts_of(1, False, sizes=(7,))
    assert bits(ExactMoments.of([part]).rounded()) == bits(part)


def test_sum_raises_on_other_coordinates():
    total = ExactMoments.of(parts_of(0, True))
    with pytest.raises(SamplingError, match=r"found 2 coordinates; the sum so far has 3\. Merge moments of one kind"):
        total.add(Moments.of(np.ones((4, 2))))
    with pytest.raises(SamplingError, match="a moment is not finite"):
        total.add(Moments(2, np.array([np.nan, 0, 0]), np.zeros((3, 3))))

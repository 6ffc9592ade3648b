import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgsym.sampling.random import WORD, build_alias, round_to_words

weights = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=70).filter(lambda w: sum(w) > 0)


@given(weights)
def test_words_are_the_nearest_and_sum_to_one(found):
    p = np.array(found) / np.sum(found)
    counts = round_to_words(p)
    assert counts.sum() == 2**WORD
    assert (counts >= 0).all()
    assert (np.abs(counts - p * 2.0**WORD) < 1).all()


@given(weights)
def test_table_realises_the_rounded_distribution_exactly(found):
    p = np.array(found)
    table = build_alias([p])
    drawn = np.array(table.probabilities(0))
    exact = np.zeros(max(len(drawn), len(p)))
    exact[: len(p)] = round_to_words(p) / 2.0**WORD
    assert (drawn == exact[: len(drawn)]).all()
    assert not exact[len(drawn) :].any()


@given(weights)
def test_total_variation_is_within_the_stated_bound(found):
    p = np.array(found) / np.sum(found)
    drawn = np.zeros(len(p))
    implied = build_alias([p]).probabilities(0)
    drawn[: len(implied)] = implied
    assert np.abs(drawn - p).sum() / 2 <= len(p) / 2.0 ** (WORD + 1) + 1e-15


def test_bound_rejects_thresholds_of_16_bits():
    # What the bound is worth: columns cut to 16 bits break it by four orders of magnitude.
    p = np.array([1, 2, 4]) / 7
    cut = np.round(p * 2**16) / 2**16
    assert np.abs(cut - p).sum() / 2 > 1e3 * len(p) / 2.0 ** (WORD + 1)


def test_rows_of_different_lengths_share_a_width():
    table = build_alias([np.array([1.0]), np.array([0.5, 0.25, 0.25])])
    assert (len(table.threshold), table.width, table.bits) == (2 * 4, 4, 30)
    assert table.probabilities(0) == [1.0]
    assert table.probabilities(1) == [0.5, 0.25, 0.25]


@pytest.mark.parametrize("word", [0, 1, 2**31, 2**32 - 1])
def test_every_word_draws_a_possible_outcome(word):
    table = build_alias([np.array([0.0, 0.3, 0.0, 0.7, 0.0])])
    column, low = word >> table.bits, word & ((1 << table.bits) - 1)
    kept = low < int(table.threshold[column])
    assert table.outcome[2 * column + kept] in (1, 3)

"""Sums of products while a claim is written out; indices that are summed over stand in one product each."""

from __future__ import annotations

from typing import Any

from pgsym.prover.tensors import Factor, renamed

Terms = list[tuple[Any, list[Factor]]]
"""A sum of products, each with its coefficient."""

Names = dict[str, str]
"""What the indices of a claim stand for."""


def scaled(terms: Terms, by: Any) -> Terms:
    """Times a number."""
    return [(c * by, fs) for c, fs in terms]


def moved(terms: Terms, names: Names) -> Terms:
    """With other indices."""
    return [(c, renamed(fs, names)) for c, fs in terms]


def product(first: Terms, second: Terms) -> Terms:
    """The product of two sums, which may share indices."""
    return [(c * d, [*fs, *gs]) for c, fs in first for d, gs in second]

"""Losses of sequences on many batches at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from pgsym.auditing.episodes import Streams
from pgsym.auditing.problem_arrays import Floats, ProblemArrays
from pgsym.errors import SamplingError
from pgsym.estimators.token_losses import TokenLoss, Tokens


def token_means(loss: TokenLoss, streams: Streams, batch_size: int) -> Floats:
    """The estimates [D, k] of D batches of `batch_size` consecutive episodes.

    SamplingError where the loss needs what is not there, or is none of this problem.
    """
    arrays, B, n = streams.arrays, batch_size, len(streams.outcome)
    alpha, beta, reference = _penalty(loss, arrays)
    if n != streams.episodes:
        raise SamplingError("a loss by name takes one sequence a row. Use layout='episodes'", where="layout")
    mask = streams.mask.astype(float)
    reward = np.power(arrays.gamma, streams.step) * (streams.reward - np.where(streams.mask, arrays.centre, 0.0))
    with np.errstate(divide="ignore"):
        logs = np.log(arrays.pi)
    found = Tokens(
        streams.per_episode(reward),
        logs[streams.pair] - np.log(arrays.outcome_b[streams.outcome]),
        (logs - reference)[streams.pair],
        mask,
        beta,
        streams.group_size,
        B,
    )
    weights = loss.weights(found) / _divisor(loss, mask, streams, B)
    batch, D = np.arange(n)[:, None] // B, n // B
    sums = _spread(batch, streams.pair, weights, D, arrays.N + 1) @ arrays.scores
    if loss.entropy:
        shares = alpha * mask / _divisor(loss, mask, streams, B)
        sums += _spread(batch, streams.state, shares, D, arrays.S + 1) @ entropy_slopes(arrays)
    return np.asarray(arrays.scale * sums)


def _penalty(loss: TokenLoss, arrays: ProblemArrays) -> tuple[float, float, Any]:
    """(weight of the entropy, that of the divergence, log ref [N+1])."""
    known, reference = arrays.penalty, arrays.log_reference
    if loss.estimator != "none" and reference is None:
        raise SamplingError(
            f"the loss has the divergence by {loss.estimator}, and nothing says from what. Give kl_to and beta",
            where="kl_to",
        )
    if loss.entropy and (known is None or not known.alpha):
        raise SamplingError("the loss has a bonus of entropy, and nothing says how much. Give entropy", where="entropy")
    if arrays.gamma != 1 and (loss.entropy or loss.estimator != "none"):
        raise SamplingError("the loss does not discount divergence or entropy. Use gamma = 1", where="gamma")
    return (0.0, 0.0, 0.0) if known is None else (known.alpha, known.beta, 0.0 if reference is None else reference)


def _divisor(loss: TokenLoss, mask: Floats, streams: Streams, B: int) -> Any:
    """[n, 1] what the sum of each sequence is divided by, so that those of a batch add up."""
    own = mask.sum(1)
    if loss.average == "own steps":
        return B * np.maximum(own, 1.0)[:, None]
    if loss.average in ("steps", "group's steps"):
        size = B if loss.average == "steps" else streams.group_size
        return (B // size) * np.repeat(np.maximum(own.reshape(-1, size).sum(1), 1.0), size)[:, None]
    return float(B * streams.horizon if loss.average == "slots" else B)


def _spread(batch: Any, place: Any, weight: Floats, D: int, width: int) -> Floats:
    """[D, width] the weights of each batch, summed by place."""
    index = (batch * width + place).reshape(-1)
    return np.asarray(np.bincount(index, weight.reshape(-1), D * width), np.float64).reshape(D, width)


def entropy_slopes(arrays: ProblemArrays) -> Floats:
    """[S+1, k] the gradient of the entropy of pi(.|s)."""
    pi, out = arrays.tables.pi, np.zeros((arrays.S + 1, arrays.k))
    weight = -pi * np.log(np.where(pi > 0, pi, 1.0))
    np.add.at(out, arrays.tables.pair_state, weight[:, None] * arrays.scores[:-1])
    return out

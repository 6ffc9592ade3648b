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
    arrays, B = streams.arrays, batch_size
    alpha, beta, reference = _penalty(loss, arrays)
    if len(streams.outcome) != streams.episodes:
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
    divisor = streams.divisor(loss.average, B)
    sums = streams.per_batch(loss.weights(found) / divisor, streams.pair, arrays.N + 1, B) @ arrays.scores
    if loss.entropy:
        sums += streams.per_batch(alpha * mask / divisor, streams.state, arrays.S + 1, B) @ arrays.entropy_slopes
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

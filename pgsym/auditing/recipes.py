r"""Policy-gradient estimators by their choices, correct and mistaken ones, for many batches at once.

.. math::  g = \sum_t w^t \rho_{0:t}\, z_t\, U_t, \qquad U_t = A_t \,(+\, V(s_t)), \qquad
           A_t = r_t + \gamma V(s_{t+1}) - V(s_t) + \gamma\lambda\rho_{t+1} A_{t+1}

These are the known means to which an observed mean is compared, and the control variates of a sampled audit: they
share no code with a user's estimator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pgsym.auditing.episodes import Bools, Streams
from pgsym.auditing.problem_arrays import Floats, Ints
from pgsym.estimators.token_losses import DIVERGENCES, STABILISER, Among, Average, Clip, Compared, compare_among


@dataclass(frozen=True)
class Recipe:
    """One way to turn a batch into a gradient; correct with the default choices.

    >>> Recipe(bootstrap=True, lam=0.95).name
    'GAE(0.95), baseline V'
    """

    lam: float = 1.0
    """lambda of the advantages."""
    baseline: Literal["none", "V", "Q", "r"] = "V"
    """Subtracted from the return; Q and r depend on the action, which is a mistake."""
    bootstrap: bool = False
    """The critic is paid at the time limit; else truncation counts as the end."""
    discount: bool = True
    """w = gamma; else w = 1."""
    average: Average | Literal["part's steps"] = "episodes"
    """What the sum over the batch is divided by: episodes, steps taken, or T for each episode; or the sum over each
    episode by its own steps and the episodes then, or that over each group or part by its steps and their number."""
    parts: int = 1
    """Micro-batches of a batch, for ``part's steps``."""
    whole_return: bool = False
    """U_t = the whole return (REINFORCE), for data of the target policy."""
    all_knowing: bool = False
    """A_t = Q(s_t,a_t) - V(s_t)."""
    compared: Compared = "none"
    """What whole returns are compared with: see `compare_returns`."""
    among: Among = "group"
    """Where the others stand; mixed: the mean is the group's, the deviation the batch's."""
    stabiliser: float = STABILISER
    """Added to a standard deviation of returns before dividing by it."""
    drop_last: bool = False
    """The last step of each episode is left out."""
    centre: Literal["none", "mean", "mean-std", "mean-sample-std"] = "none"
    """Statistics of the batch's steps, the own one included, by which advantages are normalised."""
    next_value: Literal["next", "buffer", "current", "current if cut"] = "next"
    """V(s_{t+1}): where the step led, whatever state is next in the buffer, or V(s_t) itself, perhaps only where the
    time limit cuts."""
    masked: Literal["terminated", "all"] = "terminated"
    """``all``: delta is 0 at truncation."""
    done: Literal["this", "next", "previous"] = "this"
    """Whose flag stops bootstrap and sum."""
    leak: bool = False
    """The sum runs on through truncation into the next episode."""
    score: Literal["log", "plain"] = "log"
    """grad log pi, or grad pi."""
    through: bool = False
    """The gradient flows through the advantage."""
    reward: Literal["this", "next", "previous"] = "this"
    """Which row of the reward buffer."""
    ratio: Literal["product", "none", "inverted", "step", "trace", "geometric"] = "product"
    """Importance ratios of off-policy data: of all steps so far, or of the episode for whole returns; of the step;
    of the step and, as in V-trace, of those summed up later; or the episode's to the power 1/|o|."""
    clip: Clip | None = None
    """Of these ratios."""
    penalty: Literal["none", "reward", "k1", "k2", "k3"] = "none"
    """Of the objective: left out, taken from the rewards as a number, or differentiated in the loss step by step, the
    divergence by one of these estimators."""

    @property
    def name(self) -> str:
        """The estimator that is meant."""
        if self.whole_return:
            among = " of the batch" if self.among == "batch" else ""
            return f"leave-one-out{among}" if self.compared == "leave-one-out" else "REINFORCE"
        if self.all_knowing:
            return "all-knowing critic"
        tail = "" if self.baseline == "none" else f", baseline {self.baseline}"
        return (f"GAE({self.lam:g})" if self.bootstrap or self.lam < 1 else "reward-to-go") + tail

    def batch_means(self, streams: Streams, batch_size: int) -> Floats:
        """The estimates [D, k] of D batches of `batch_size` consecutive episodes."""
        arrays, B, keep = streams.arrays, batch_size, streams.mask
        A = self._advantages(streams, B)
        if self.centre != "none":
            A = _normalised(A, streams.episode // B, keep, streams.episodes // B, self.centre)
        # REINFORCE's return is discounted from the start of the episode already.
        discounted = self.discount and not self.whole_return
        share = np.power(arrays.gamma, streams.step) if discounted else np.ones(A.shape)
        share = share / streams.divisor(self.average, B, B // self.parts)
        w = share * self._weights(streams, A)
        if self.score == "plain":
            w = w * arrays.pi[streams.pair]
        U = np.where(keep & ~(self.drop_last & streams.done), w * A, 0.0)
        sums = streams.per_batch(U, streams.pair, arrays.N + 1, B) @ arrays.scores
        if self.through:
            sums += self._through(streams, np.where(keep, w * np.log(arrays.pi[streams.pair]), 0.0), B)
        if self.penalty in DIVERGENCES:
            sums += self._in_the_loss(streams, np.where(keep, share, 0.0), B)
        return arrays.scale * sums

    def _in_the_loss(self, streams: Streams, share: Floats, B: int) -> Floats:
        """[D, k] what a penalty adds that is differentiated where it stands."""
        arrays = streams.arrays
        assert arrays.penalty is not None
        sums = streams.per_batch(arrays.penalty.alpha * share, streams.state, arrays.S + 1, B) @ arrays.entropy_slopes
        if arrays.log_reference is not None:
            d = (np.log(arrays.pi) - arrays.log_reference)[streams.pair]
            slope = -arrays.penalty.beta * DIVERGENCES[self.penalty].slope(d, np.exp)
            sums += streams.per_batch(share * slope, streams.pair, arrays.N + 1, B) @ arrays.scores
        return sums

    def _weights(self, streams: Streams, A: Floats) -> Floats:
        """[R, L] the importance ratio of each step, as far as it counts."""
        rho, clip = self._ratios(streams), self.clip or (lambda ratio, advantage=None: ratio)
        if self.ratio in ("step", "trace"):
            return clip(rho, A)
        if not self.whole_return:
            return _running_product(streams, clip(rho))
        with np.errstate(divide="ignore"):
            whole = streams.per_episode(np.log(rho))
        if self.ratio == "geometric":
            whole = whole / np.maximum(streams.per_episode(streams.mask), 1.0)
        return clip(np.exp(whole)[streams.episode], A)

    def _ratios(self, streams: Streams) -> Floats:
        """[R, L] pi(a|s)/b(a|s), or what the code takes for it."""
        arrays = streams.arrays
        if self.ratio == "none" or arrays.on_policy:
            return np.ones(streams.outcome.shape)
        ratio = arrays.pi[streams.pair] / arrays.outcome_b[streams.outcome]
        return 1 / ratio if self.ratio == "inverted" else ratio

    def _advantages(self, streams: Streams, B: int) -> Floats:
        """[R, L] U_t - b(s_t)."""
        arrays = streams.arrays
        reward = _moved(streams.reward, self.reward) - np.where(streams.mask, arrays.centre, 0.0)
        if self.penalty == "reward":
            reward = reward + arrays.charge[streams.pair]
        if self.all_knowing:
            return arrays.Q[streams.pair] - arrays.V[streams.state]
        if self.whole_return:
            discounted = np.power(arrays.gamma, streams.step) * reward
            returns = streams.per_episode(discounted)
            returns = compare_among(returns, self.compared, self.among, streams.group_size, B, self.stabiliser)
            return np.where(streams.mask, returns[streams.episode], 0.0)
        A = self._sum(streams, reward, arrays.values)
        if self.baseline != "V" and not self._plain:
            A = A + arrays.values[streams.state]
        if self.baseline in ("Q", "r"):
            A = A - (arrays.Q if self.baseline == "Q" else arrays.r)[streams.pair]
        return np.where(streams.mask, A, 0.0)

    @property
    def _plain(self) -> bool:
        """The return is the discounted sum of rewards, with the critic at most at its end."""
        ordinary = self.masked == "terminated" and self.next_value != "current"
        return self.baseline == "none" and self.lam == 1 and ordinary

    def _sum(self, streams: Streams, reward: Floats, v: Floats) -> Floats:
        """A_t by the backward recursion along each row, for values v [S+1] or their derivatives [S+1, k]."""
        trailing = (None,) * (v.ndim - 1)
        gamma, L = streams.arrays.gamma, streams.outcome.shape[1]
        go, run = (x.astype(float) for x in self._flags(streams))
        rho = self._ratios(streams) if self.ratio != "step" else np.ones(reward.shape)
        if self.clip is not None:
            rho = self.clip(rho)
        here, there = v[streams.state], v[streams.next_state]
        if self.next_value == "current":
            there = np.where(streams.next_state[(..., *trailing)] == streams.arrays.S, 0.0, here)
        elif self.next_value == "current if cut":
            there = np.where(streams.truncated[(..., *trailing)], here, there)
        elif self.next_value == "buffer":
            following = streams.mask & np.roll(streams.mask, -1, axis=1)
            following[:, -1] = False
            there = np.where(following[(..., *trailing)], np.roll(here, -1, axis=1), there)
        first = reward if v.ndim == 1 else np.zeros(here.shape)
        if self._plain:
            delta = first + gamma * (go * (1 - run))[(..., *trailing)] * there
        else:
            delta = first + gamma * go[(..., *trailing)] * there - here
        if self.masked == "all":
            delta = np.where(streams.truncated[(..., *trailing)], 0.0, delta)
        A, ahead = np.zeros(delta.shape), np.zeros(delta[:, 0].shape)
        for t in range(L - 1, -1, -1):
            taken = streams.mask[:, t][(..., *trailing)]
            later = rho[:, t + 1][(..., *trailing)] * ahead if t + 1 < L else ahead
            found = delta[:, t] + gamma * self.lam * run[:, t][(..., *trailing)] * later
            A[:, t] = ahead = np.where(taken, found, ahead)
        return A

    def _flags(self, streams: Streams) -> tuple[Bools, Bools]:
        """(the critic counts after this step, the sum goes on after this step), both [R, L]."""
        done, ended = streams.done, streams.terminated
        if self.done != "this":
            shifted = _moved(done, self.done)
            # The last row of a buffer has no next flag: its own is used.
            last = streams.mask & ~_moved(streams.mask, "next")
            flag = np.where(last, done, shifted) if self.done == "next" else shifted
            return ~flag, ~flag
        stop = ended if self.leak else done
        return (~ended if self.bootstrap else ~done), ~stop

    def _through(self, streams: Streams, weight: Floats, B: int) -> Floats:
        """[D, k] sum of w log pi(a|s) grad A: what a missing stop-gradient adds."""
        arrays = streams.arrays
        slope = self._sum(streams, np.zeros(weight.shape), arrays.grad_V)
        if self.baseline == "none" and not self._plain:
            slope = slope + arrays.grad_V[streams.state]
        nowhere = np.zeros_like(streams.pair)
        each = [streams.per_batch(weight * slope[..., i], nowhere, 1, B) for i in range(arrays.k)]
        return np.concatenate(each, axis=1)


def whole_returns(group_size: int, groups: int) -> list[Recipe]:
    """The correct estimators by whole returns: compared with nothing, or with the others of the group or the batch.

    >>> [recipe.name for recipe in whole_returns(1, 32)]
    ['REINFORCE', 'leave-one-out of the batch']
    """
    among = [name for name, n in (("group", group_size), ("batch", groups)) if n > 1]
    found = [Recipe(whole_return=True)]
    return found + [Recipe(whole_return=True, compared="leave-one-out", among=name) for name in among]  # type: ignore[arg-type]


def _moved(row: Any, where: str) -> Any:
    """What this, the next or the previous step of the row has; 0 or False past its ends."""
    if where == "this":
        return row
    out = np.roll(row, -1 if where == "next" else 1, axis=1)
    out[:, -1 if where == "next" else 0] = 0
    return out


def _running_product(streams: Streams, rho: Floats) -> Floats:
    """[R, L] the product of the ratios since the episode began."""
    if (rho == 1).all():
        return rho
    out = rho.copy()
    for t in range(1, rho.shape[1]):
        out[:, t] = np.where(streams.step[:, t] > 0, out[:, t - 1] * rho[:, t], rho[:, t])
    return out


def _normalised(A: Floats, inside: Ints, keep: Bools, D: int, how: str) -> Floats:
    """A minus its mean over the batch's steps, and divided by its standard deviation."""
    number, x = inside[keep], A[keep]
    n = np.bincount(number, minlength=D)
    mean = np.bincount(number, x, D) / n
    x = x - mean[number]
    if how != "mean":
        spread = np.sqrt(np.bincount(number, x * x, D) / (n if how == "mean-std" else np.maximum(n - 1, 1)))
        x = x / (spread[number] + STABILISER)
    out = np.zeros_like(A)
    out[keep] = x
    return out

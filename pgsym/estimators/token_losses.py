r"""Losses of language-model training by their choices: what each token's score is multiplied by.

.. math::  g = \frac1B \sum_i \frac1{n_i} \sum_t w_{it}\,\nabla\log\pi(o_{it}),
           \qquad w_{it} = \rho_{it} A_i - \beta\,\kappa_{it}

with an advantage A, a ratio :math:`\rho` to the policy that collected the data, clipped or not, and the slope
:math:`\kappa` of an estimator of the divergence.  The same lines run over NumPy's floats, many groups at once, and
over SymPy's expressions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import sympy as sp

STABILISER = 1e-8
"""Added to a standard deviation before dividing by it, as implementations do."""

Average = Literal["episodes", "steps", "slots", "own steps", "group's steps"]
Compared = Literal["none", "mean", "leave-one-out", "std", "sample-std"]
Among = Literal["group", "batch", "mixed"]


class Divergence(NamedTuple):
    """An estimator of KL(pi || ref) from one sample, by d = log pi - log ref and the exponential of such numbers."""

    value: Callable[[Any, Any], Any]
    slope: Callable[[Any, Any], Any]
    """Of `value`, by d."""

    def text(self, d: str) -> str:
        """The value as text.

        >>> DIVERGENCES["k2"].text("d_it"), DIVERGENCES["k3"].text("d_i")
        ('d_it^2/2', '(d_i - 1 + exp(-d_i))')
        """
        found = self.value(sp.Symbol(d), sp.exp)
        return f"({found})" if found.is_Add else str(found).replace("**", "^")


DIVERGENCES = {
    "k1": Divergence(lambda d, exp: d, lambda d, exp: 1 + 0 * d),
    "k2": Divergence(lambda d, exp: d * d / 2, lambda d, exp: d),
    "k3": Divergence(lambda d, exp: exp(-d) + d - 1, lambda d, exp: 1 - exp(-d)),
}


class Floating:
    """Functions of arrays of floats."""

    stabiliser: Any = STABILISER
    half: Any = 0.5
    exp: Any = np.exp
    least: Any = np.minimum
    most: Any = np.maximum

    @staticmethod
    def positive(x: Any) -> Any:
        """1 where x > 0, else 0."""
        return np.where(x > 0, 1.0, 0.0)


class Symbolic:
    """The same of arrays of SymPy's expressions."""

    stabiliser = sp.Integer(0)
    half = sp.Rational(1, 2)
    exp = np.frompyfunc(sp.exp, 1, 1)
    least = np.frompyfunc(sp.Min, 2, 1)
    most = np.frompyfunc(sp.Max, 2, 1)
    positive = np.frompyfunc(lambda x: sp.Piecewise((1, sp.sympify(x, strict=True) > 0), (0, True)), 1, 1)


class Clip(NamedTuple):
    """Bounds of importance ratios."""

    low: float
    high: float
    by_advantage: bool = False
    """As in PPO: beyond a bound that the advantage pushes it over, a sample has no gradient."""

    def __call__(self, ratio: Any, advantage: Any = None, f: Any = Floating) -> Any:
        """What the ratio counts.

        >>> Clip(0.8, 1.2)(np.array([0.5, 2.0])).tolist(), Clip(0.8, 1.2, True)(np.array([0.5, 2.0]), 1.0).tolist()
        ([0.8, 1.2], [0.5, 0.0])
        """
        if not self.by_advantage or advantage is None:
            return f.least(f.most(ratio, self.low), self.high)
        above, below = f.positive(ratio - self.high), f.positive(self.low - ratio)
        return ratio * (1 - f.positive(advantage) * above - f.positive(-advantage) * below)


class Tokens(NamedTuple):
    """Sequences [n] of at most T tokens, in groups; arrays are [n, T], and 0 in the padding."""

    rewards: Any
    """[n] of sequences."""
    log_ratio: Any
    """log pi - log b, b being what collected the data."""
    divergence: Any
    """log pi - log ref."""
    mask: Any
    beta: Any
    group_size: int
    batch_size: int


@dataclass(frozen=True)
class TokenLoss:
    """One way to make a gradient of sequences; REINFORCE with the default choices.

    >>> print(TokenLoss(compared="std", average="own steps", ratio="token", clip="surrogate"))
    mean[i] 1/|o_i| sum[t] min(rho_it A_i, clip(rho_it, 0.8, 1.2) A_i), A = (R - mean)/std of the group
    """

    compared: Compared = "none"
    """What rewards are compared with: see `compare_returns`."""
    among: Among = "group"
    """Where the others stand; mixed: the mean is the group's, the deviation the batch's."""
    average: Average = "episodes"
    """What sums are divided by: see `Recipe.average`."""
    ratio: Literal["none", "token", "sequence", "sequence mean"] = "none"
    """pi/b of the token, of the whole sequence, or its root of the sequence's length."""
    clip: Literal["none", "surrogate", "weight"] = "none"
    """surrogate: min(rho A, clip(rho) A) is differentiated; weight: clip(rho) A is a constant factor of the score."""
    low: Any = 0.2
    high: Any = 0.2
    """rho is clipped to [1 - low, 1 + high]."""
    estimator: Literal["none", "k1", "k2", "k3"] = "none"
    """Of the divergence from ``kl_to``: d, d^2/2 or exp(-d) + d - 1, with d = log pi - log ref."""
    place: Literal["reward", "loss", "loss * ratio"] = "reward"
    """Subtracted from rewards as a number, or differentiated as a part of the loss."""
    per: Literal["token", "sequence"] = "token"
    """d is a token's, or summed over the sequence.  A token's penalty in the reward counts for tokens up to it."""
    entropy: bool = False
    """The entropy of the policy in the states visited is a part of the loss."""

    def __str__(self) -> str:
        over = {"steps": "1/tokens sum[i]", "group's steps": "mean[groups] 1/tokens sum[i]"}.get(
            self.average, "mean[i]"
        )
        inner = {"own steps": " 1/|o_i|", "slots": " 1/T"}.get(self.average, "") + " sum[t]"
        rho = {"token": "rho_it", "sequence": "rho_i", "sequence mean": "rho_i^(1/|o_i|)"}.get(self.ratio, "")
        clipped = f"clip({rho}, {1 - self.low}, {1 + self.high})"
        term = {
            "none": f"{rho} A_i" if rho else "A_i log pi_it",
            "surrogate": f"min({rho} A_i, {clipped} A_i)",
            "weight": f"stop({clipped}) A_i log pi_it",
        }[self.clip]
        whole = self.ratio.startswith("sequence") and self.clip != "weight"
        text = f"{over}{'' if whole else inner} {term}"
        d = "d_it" if self.per == "token" else "d_i"
        k = "" if self.estimator == "none" else DIVERGENCES[self.estimator].text(d)
        if k and self.place != "reward":
            weight = "" if self.place == "loss" else "rho_it " if self.per == "token" else "rho_i "
            text += f" - beta {over}{inner if self.per == 'token' else ''} {weight}{k}"
        text += f" + alpha {over}{inner} H(pi(.|s_it))" if self.entropy else ""
        others = {"group": "of the group", "batch": "of the batch", "mixed": "of the group, std of the batch"}
        how = {
            "none": "R",
            "mean": "R - mean",
            "leave-one-out": "R - mean of the others",
            "std": "(R - mean)/std",
            "sample-std": "(R - mean)/std (ddof 1)",
        }[self.compared] + ("" if self.compared == "none" else f" {others[self.among]}")
        return f"{text}, A = {how}" + (f", R less beta {k}" if k and self.place == "reward" else "")

    @property
    def in_groups(self) -> bool:
        """Whether rewards are compared with others of the same group."""
        return self.compared != "none" and self.among != "batch"

    # -- weights -----------------------------------------------------------------------------------------------

    def weights(self, x: Tokens, f: Any = Floating) -> Any:
        """[n, T] what the scores are multiplied by, before anything is divided by lengths."""
        whole = x.divergence.sum(1, keepdims=True)
        d = x.divergence if self.per == "token" else whole + 0 * x.mask
        rewards, divergence = x.rewards, DIVERGENCES.get(self.estimator)
        if divergence is not None and self.place == "reward" and self.per == "sequence":
            rewards = rewards - x.beta * divergence.value(whole, f.exp)[:, 0]
        A = compare_among(rewards, self.compared, self.among, x.group_size, x.batch_size, f.stabiliser, f.half)
        A = A.reshape(-1, 1) + 0 * x.mask
        if divergence is not None and self.place == "reward" and self.per == "token":
            charged = divergence.value(d, f.exp) * x.mask
            A = A - x.beta * np.cumsum(charged[:, ::-1], axis=1)[:, ::-1]
        w = A * self._factor(A, x, f)
        if divergence is not None and self.place != "reward":
            slope = divergence.slope(d, f.exp)
            if self.place == "loss * ratio":
                logs = x.log_ratio if self.per == "token" else x.log_ratio.sum(1, keepdims=True)
                slope = f.exp(logs) * (divergence.value(d, f.exp) + slope)
            w = w - x.beta * slope
        return w * x.mask

    def _factor(self, A: Any, x: Tokens, f: Any) -> Any:
        """rho, clipped: 0 where the surrogate does not move."""
        if self.ratio == "none":
            return 1
        logs = x.log_ratio if self.ratio == "token" else x.log_ratio.sum(1, keepdims=True)
        if self.ratio == "sequence mean":
            logs = logs / x.mask.sum(1, keepdims=True)
        rho = f.exp(logs)
        clip = Clip(1 - self.low, 1 + self.high, by_advantage=self.clip == "surrogate")
        return rho if self.clip == "none" else clip(rho, A, f)


def compare_returns(R: Any, how: Compared, stabiliser: Any = 0, half: Any = 0.5) -> Any:
    """Advantages of the returns [n, G] of n groups: minus the mean, or that of the others, or over the spread.

    Where all are equal, they are 0.  `half` is the exponent of a root: SymPy's numbers have theirs.

    >>> compare_returns(np.array([[0.0, 0.0, 1.0]]), "leave-one-out").tolist()
    [[-0.5, -0.5, 1.0]]
    """
    if how == "none":
        return R
    G = R.shape[1]
    A = R - R.sum(1, keepdims=True) / G
    if how == "leave-one-out":
        return A * G / (G - 1)
    if how == "mean":
        return A
    spread = deviation(R, how, half) + stabiliser
    return A / np.where(spread == 0, 1, spread)


def compare_among(R: Any, how: Compared, among: Among, G: int, B: int, stabiliser: Any = 0, half: Any = 0.5) -> Any:
    """[n] advantages of the returns [n] of batches of B episodes in groups of G; see `compare_returns`."""
    if among != "mixed":
        return compare_returns(R.reshape(-1, B if among == "batch" else G), how, stabiliser, half).reshape(-1)
    centred = compare_returns(R.reshape(-1, G), "mean").reshape(-1, B)
    return (centred / (deviation(R.reshape(-1, B), how, half) + stabiliser)).reshape(-1)


def deviation(R: Any, how: Compared, half: Any = 0.5) -> Any:
    """[n, 1] the standard deviation of each row, with ddof 1 for that of the sample."""
    G = R.shape[1]
    A = R - R.sum(1, keepdims=True) / G
    return ((A * A).sum(1, keepdims=True) / (G if how == "std" else G - 1)) ** half

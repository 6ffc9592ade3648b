r"""Estimators of language-model training by name, and their means as closed forms.

Sequences of a group are independent given their prompt.  So whatever the group makes of its rewards, with rewards 0
and 1 a sequence gets in the mean one of two advantages, :math:`c_1(p)` or :math:`c_0(p)`, where p is the chance of 1;
and as scores sum to gradients,

.. math::  E[g] = c_1(p)\,\nabla E[w r] + c_0(p)\,\nabla E[w (1 - r)]

with the weight w of a sequence.  For w = 1 this is :math:`(c_1 - c_0)\nabla p`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from pgsym.errors import SamplingError
from pgsym.estimators.token_losses import Clip, Symbolic, TokenLoss, Tokens, compare_returns
from pgsym.expression.complaint import nearest
from pgsym.expression.exact import to_expr

P = sp.Symbol("p", positive=True)
"""Probability of the reward 1."""


class NamedLoss(NamedTuple):
    """What a name stands for; its text is that of the loss."""

    loss: TokenLoss | Mapping[str, Any]
    """Or the choices of an audit's `Recipe`: those that need a critic."""
    source: str
    caption: str


def _surrogate(**choices: Any) -> TokenLoss:
    return TokenLoss(**{"ratio": "token", "clip": "surrogate"} | choices)


SHAO = "Shao et al. 2024, arXiv 2402.03300"
ZIEGLER = "Ziegler et al. 2019, arXiv 1909.08593"
GROUP_ESTIMATORS: dict[str, NamedLoss] = {
    "reinforce": NamedLoss(TokenLoss(), "Williams 1992", "the reward of the sequence"),
    "reinforce-batch-mean": NamedLoss(
        TokenLoss(compared="mean", among="batch"), "practice", "less the mean of the batch, the own one included"
    ),
    "reinforce++": NamedLoss(
        TokenLoss(compared="std", among="batch"), "Hu 2025, arXiv 2501.03262", "normalised over the batch"
    ),
    "rloo": NamedLoss(
        TokenLoss(compared="leave-one-out"), "Ahmadian et al. 2024, arXiv 2402.14740", "less the mean of the others"
    ),
    "grpo": NamedLoss(_surrogate(compared="std", average="own steps"), SHAO, "with std and 1/|o|"),
    "grpo-sample-std": NamedLoss(
        _surrogate(compared="sample-std", average="own steps"), "trl GRPOTrainer", "GRPO with ddof = 1"
    ),
    "grpo-no-std": NamedLoss(
        _surrogate(compared="mean", average="own steps"), 'trl, scale_rewards="none"', "GRPO without std"
    ),
    "grpo-sum": NamedLoss(_surrogate(compared="std"), "trl pull request 4988", "GRPO without 1/|o|"),
    "grpo-batch-std": NamedLoss(
        _surrogate(compared="sample-std", among="mixed", average="own steps"),
        'trl, scale_rewards="batch"',
        "GRPO with the std of the batch",
    ),
    "dr-grpo": NamedLoss(
        _surrogate(compared="mean"), "Liu et al. 2025, arXiv 2503.20783", "GRPO without std and 1/|o|"
    ),
    "dapo": NamedLoss(
        _surrogate(compared="std", average="steps", high=0.28),
        "Yu et al. 2025, arXiv 2503.14476",
        "mean over the tokens of the batch, clipped higher above",
    ),
    "gspo": NamedLoss(
        _surrogate(compared="std", ratio="sequence mean", low=3e-4, high=4e-4, average="own steps"),
        "Zheng et al. 2025, arXiv 2507.18071",
        "one ratio a sequence, its root of the length",
    ),
    "cispo": NamedLoss(
        _surrogate(compared="std", clip="weight", low=1, average="steps"),
        "MiniMax 2025, arXiv 2506.13585",
        "the clipped ratio is a weight, no token is left out",
    ),
    "ppo-clip": NamedLoss(
        _surrogate(compared="sample-std", among="batch", average="steps"),
        "Schulman et al. 2017, arXiv 1707.06347",
        "whole returns, normalised over the batch; `behaviour` is the policy before the first epoch",
    ),
    "tis": NamedLoss(
        TokenLoss(compared="leave-one-out", ratio="token", clip="weight", low=1, high=1),
        "Yao et al. 2025; verl pull request 2953",
        "leave-one-out, with each token's ratio truncated at 2",
    ),
    "tis-of-sequences": NamedLoss(
        TokenLoss(compared="leave-one-out", ratio="sequence", clip="weight", low=1, high=1),
        "trl issue 4493",
        "leave-one-out, with the ratio of the sequence truncated at 2",
    ),
    "rloo-ratio": NamedLoss(
        TokenLoss(compared="leave-one-out", ratio="sequence"),
        "importance sampling",
        "leave-one-out with the ratio of the sequence: unbiased",
    ),
    "v-trace": NamedLoss(
        {"bootstrap": True, "ratio": "trace", "clip": Clip(0.0, 1.0)},
        "Espeholt et al. 2018, arXiv 1802.01561",
        "ratios truncated at 1, with the critic at the time limit",
    ),
    "entropy-in-loss": NamedLoss(
        TokenLoss(entropy=True), "Mnih et al. 2016, arXiv 1602.01783", "the entropy in each state is differentiated"
    ),
}
"""Without data from elsewhere a ratio is 1, as in the first epoch: there nothing is clipped."""


def _divergences() -> Iterator[tuple[str, NamedLoss]]:
    """k1, k2 and k3 in the reward, in the loss, and in the loss times the ratio; of tokens, and of sequences."""
    sources = {
        "k1-in-reward": ZIEGLER,
        "k1-in-loss": "open-instruct issue 534",
        "k3-in-reward": "trl issue 5889",
        "k3-in-loss": SHAO,
        "k3-in-loss * ratio": "DeepSeek-V3.2; trl issue 4637",
    }
    for k in ("k1", "k2", "k3"):
        for place in ("reward", "loss", "loss * ratio"):
            for per in ("token", "sequence"):
                loss = TokenLoss(estimator=k, place=place, per=per)
                name = f"{k}-in-{place}"
                source = sources.get(name, "Schulman 2020, joschu.net/blog/kl-approx.html")
                caption = f"REINFORCE and {k} of each {per} {'in the reward' if place == 'reward' else 'in the loss'}"
                tail = "-of-sequences" if per == "sequence" else ""
                yield name.replace(" * ", "-times-") + tail, NamedLoss(loss, source, caption)


GROUP_ESTIMATORS |= dict(_divergences())


def named_loss(name: str) -> NamedLoss:
    """What that name stands for; SamplingError where there is none.

    >>> named_loss("rloo").loss.compared
    'leave-one-out'
    """
    if name not in GROUP_ESTIMATORS:
        known = nearest(name, GROUP_ESTIMATORS, "the names are")
        raise SamplingError(f"found {name!r}; {known}. Check the name", where="estimator")
    return GROUP_ESTIMATORS[name]


def _loss_of_sequences(name: str) -> TokenLoss:
    loss = named_loss(name).loss
    if not isinstance(loss, TokenLoss) or loss.entropy:
        raise SamplingError(
            f"{name} has more than a weight for each sequence, so that there is no closed form in p. "
            "Use audit(..., mode='exact')",
            where="estimator",
        )
    return loss


def mean_advantages(name: str, group_size: int) -> tuple[sp.Expr, sp.Expr]:
    """(c_1, c_0): the mean advantage of a sequence with reward 1, and of one with 0, in p.

    Of estimators ``among`` the batch, the group is the whole batch, of one prompt.

    >>> mean_advantages("rloo", 5)
    (1 - p, -p)
    """
    how, G = _loss_of_sequences(name).compared, group_size
    if G < 1 or (G < 2 and how in ("leave-one-out", "sample-std")):
        raise SamplingError(f"found {G}; {name} compares sequences. Give at least two", where="group_size")
    rewards: Any = np.array([[sp.Integer(i < k) for i in range(G)] for k in range(G + 1)], dtype=object)
    A = compare_returns(rewards, how, half=sp.Rational(1, 2))
    chance = [sp.binomial(G - 1, k) * P**k * (1 - P) ** (G - 1 - k) for k in range(G)]
    one = sum((chance[k] * A[k + 1][0] for k in range(G)), sp.Integer(0))
    zero = sum((chance[k] * A[k][-1] for k in range(G)), sp.Integer(0))
    return sp.expand(one), sp.expand(zero)


def binary_scale(name: str, group_size: int) -> sp.Expr:
    """E[g] divided by grad p, for one prompt and rewards 0 and 1: c_1 - c_0.

    SamplingError where the mean is no multiple of grad p, because lengths count.

    >>> binary_scale("grpo-sum", 4)
    -3*p**2 + 2*sqrt(3)*p**2 - 2*sqrt(3)*p + 3*p + sqrt(3)
    """
    if _loss_of_sequences(name).average != "episodes":
        raise SamplingError(
            f"{name} divides by lengths, so that its mean is no multiple of grad p. "
            "Use mean_advantages, or audit(..., mode='exact')",
            where="estimator",
        )
    one, zero = mean_advantages(name, group_size)
    return sp.expand(one - zero)


def answer_scale(
    name: str, group_size: int = 1, *, behaviour: Any = P, reference: Any = None, beta: Any = 0, **choices: Any
) -> sp.Expr:
    """E[g] divided by grad p, where each sequence is one of two answers: of reward 1, with chance p, or of reward 0.

    Parameters
    ----------
    behaviour, reference
        The chance of the reward 1 under what collected the data, and under the policy from which the divergence is
        taken: numbers or symbols.
    beta
        Weight of the divergence.
    choices
        Other fields of the `TokenLoss`, which may be symbols: ``low``, ``high``.

    Examples
    --------
    >>> p, q, r, beta = sp.symbols("p q r beta", positive=True)
    >>> answer_scale("tis", 2, behaviour=q).subs({p: sp.Rational(1, 2), q: sp.Rational(1, 8)})
    9/16
    >>> answer_scale("k3-in-loss", reference=r, beta=beta)
    (beta*p - beta*r + p**2 - p)/(p*(p - 1))
    """
    loss, G = replace(_loss_of_sequences(name), **choices), group_size
    q, r = to_expr(behaviour, where="behaviour"), P if reference is None else to_expr(reference, where="reference")
    logs = [sp.log(x) - sp.log(y) for x, y in ((P, q), (1 - P, 1 - q), (P, r), (1 - P, 1 - r))]
    total = sp.Integer(0)
    for k in range(G + 1):
        rewards, ones = _column(k, G, sp.Integer(1), sp.Integer(0)), _column(k, G, sp.Integer(1), sp.Integer(1))
        ratio, divergence = _column(k, G, *logs[:2]), _column(k, G, *logs[2:])
        found = Tokens(rewards[:, 0], ratio, divergence, ones, to_expr(beta, where="beta"), G, G)
        weighted = loss.weights(found, Symbolic) * _column(k, G, 1 / P, -1 / (1 - P))
        total += sp.binomial(G, k) * q**k * (1 - q) ** (G - k) * weighted.sum() / G
    if not total.has(sp.Piecewise):
        return sp.factor(total)
    return sp.Piecewise(*((sp.factor(e), where) for e, where in sp.piecewise_fold(total).args))


def _column(right: int, G: int, one: sp.Expr, zero: sp.Expr) -> Any:
    """[G, 1] an entry for each answer, of which so many are right."""
    return np.array([[one if i < right else zero] for i in range(G)], dtype=object)

r"""Estimators of language-model training by name, and their scale for rewards 0 and 1 as a closed form.

Sequences of a group are independent given their prompt.  So whatever the group makes of its rewards, with rewards 0
and 1 a sequence gets in the mean one of two advantages, :math:`c_1(p)` or :math:`c_0(p)`, where p is the chance of 1;
and as scores sum to gradients,

.. math::  E[g] = c_1(p)\,\nabla E[w r] + c_0(p)\,\nabla E[w (1 - r)]

with the weight w of a sequence.  For w = 1 this is :math:`(c_1 - c_0)\nabla p`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from pgsym.auditing.recipes import Recipe, compare_returns
from pgsym.errors import SamplingError
from pgsym.expression.complaint import nearest

P = sp.Symbol("p", positive=True)
"""Probability of the reward 1."""

GROUP_ESTIMATORS: dict[str, Recipe] = {
    "reinforce": Recipe(whole_return=True),
    "reinforce-batch-mean": Recipe(whole_return=True, compared="mean", among="batch"),
    "reinforce++": Recipe(whole_return=True, compared="std", among="batch"),
    "rloo": Recipe(whole_return=True, compared="leave-one-out"),
    "grpo": Recipe(whole_return=True, compared="std", average="own steps"),
    "grpo-sample-std": Recipe(whole_return=True, compared="sample-std", average="own steps"),
    "grpo-no-std": Recipe(whole_return=True, compared="mean", average="own steps"),
    "grpo-sum": Recipe(whole_return=True, compared="std"),
    "grpo-batch-std": Recipe(whole_return=True, compared="sample-std", among="mixed", average="own steps"),
    "dr-grpo": Recipe(whole_return=True, compared="mean"),
    "dapo": Recipe(whole_return=True, compared="std", average="steps"),
    "ppo-clip": Recipe(whole_return=True, compared="sample-std", among="batch", average="steps"),
}
"""Those whose ratio is one, as in the first epoch: there nothing is clipped."""


def group_estimator(name: str) -> Recipe:
    """The estimator of that name; SamplingError where there is none.

    >>> group_estimator("rloo").compared
    'leave-one-out'
    """
    if name not in GROUP_ESTIMATORS:
        known = nearest(name, GROUP_ESTIMATORS, "the names are")
        raise SamplingError(f"found {name!r}; {known}. Check the name", where="estimator")
    return GROUP_ESTIMATORS[name]


def mean_advantages(name: str, group_size: int) -> tuple[sp.Expr, sp.Expr]:
    """(c_1, c_0): the mean advantage of a sequence with reward 1, and of one with 0, in p.

    Of estimators ``among`` the batch, the group is the whole batch, of one prompt.

    >>> mean_advantages("rloo", 5)
    (1 - p, -p)
    """
    how, G = group_estimator(name).compared, group_size
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
    if group_estimator(name).average != "episodes":
        raise SamplingError(
            f"{name} divides by lengths, so that its mean is no multiple of grad p. "
            "Use mean_advantages, or audit(..., mode='exact')",
            where="estimator",
        )
    one, zero = mean_advantages(name, group_size)
    return sp.expand(one - zero)

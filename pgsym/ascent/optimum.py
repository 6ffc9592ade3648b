r"""The best that any policy can do, as a line to measure paths by: the linear program of expected visits.

.. math::  \max_{x \ge 0} \sum_{s,a} x(s,a)\, r(s,a), \qquad
           \sum_a x(s',a) - \gamma \sum_{s,a} x(s,a) P(s'|s,a) = \mu_0(s')

(Puterman 1994, sections 6.9 and 8.8).  Its solutions at corners are deterministic policies, so the value is that of
the best deterministic policy.  A parametrised policy need not reach it: states that share parameters cannot be told
apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from pgsym.ascent.landscape import Landscape
from pgsym.model.objective import Objective

LARGEST = 20_000
"""State-action pairs up to which the optimum is looked for; seconds on one core."""


def best_value(landscape: Landscape) -> float | None:
    """J of the best policy of any kind, to the solver's 1e-7 relative accuracy.

    Returns
    -------
    None for a model of more than `LARGEST` pairs, and where J has no upper bound (gamma = 1 and a loop that earns).

    Examples
    --------
    >>> from pgsym.model import Problem
    >>> import pgsym
    >>> corridor = pgsym.zoo("short-corridor")
    >>> best_value(Landscape(Problem.of("short-corridor")))
    -3.0
    """
    N, S = len(landscape.pairs), landscape.S
    if N > LARGEST:
        return None
    leaving = sparse.csr_array((np.ones(N), (landscape.owner, np.arange(N))), shape=(S, N))
    long_run = landscape.objective is not Objective.START_STATE
    flow: Any = sparse.csr_array(leaving - (1.0 if long_run else landscape.gamma) * landscape.P.T)
    right = np.zeros(S) if long_run else landscape.mu0
    if long_run:
        # Full support makes the chain unichain, so every state reaches the recurrent class: one gain for all.
        flow = sparse.csr_array(sparse.vstack([flow, sparse.csr_array(np.ones((1, N)))]))
        right = np.append(right, 1.0)
    found: Any = linprog(-landscape.r, A_eq=flow, b_eq=right, bounds=(0, None), method="highs")
    if found.status != 0:
        return None
    value = -float(found.fun)
    return value / (1 - landscape.gamma) if landscape.objective is Objective.STATIONARY_VALUE else value

"""The model of which all others of its size are cases."""

from __future__ import annotations

import re

import sympy as sp

from pgsym.errors import SchemaError
from pgsym.limits import GENERIC_OUTCOMES
from pgsym.model.mdp import MDP, State
from pgsym.model.objective import Objective
from pgsym.model.policies import tabular
from pgsym.model.problem import Problem

END = "end"


def generic_mdp(states: int, actions: int, *, terminal: bool = False) -> MDP:
    """Every probability, reward and start probability a symbol, and gamma: what is proved here holds for all MDPs.

    P(j|i,a) = p_i_a_j, r(i,a,j) = r_i_a_j and mu0(i) = m_i, numbered from 1; the last probability of a distribution
    is 1 minus the others.  0 < p < 1, 0 < m < 1 and 0 < gamma < 1; rewards are real.

    A claim about rational functions that holds on this model holds on every MDP with so many states and actions,
    those with zeros among their probabilities included, wherever both of its sides are defined: the identity is one
    of polynomials.  A model with fewer actions in some state has two that are equal.

    Parameters
    ----------
    states, actions
        Non-terminal states, and actions in each of them; both at least 1.
    terminal
        One terminal state, ``end``, that every action can reach; no start there.

    Returns
    -------
    MDP
        Its probabilities, rewards and discount are symbols.

    Raises
    ------
    SchemaError
        A size that is not a whole number of at least 1.

    See Also
    --------
    zoo : Models with numbers.

    Examples
    --------
    >>> mdp = generic_mdp(2, 1)
    >>> mdp.outcomes(1, 1)
    (Outcome(state=1, p=p_1_1_1, r=r_1_1_1), Outcome(state=2, p=1 - p_1_1_1, r=r_1_1_2))
    >>> mdp.start, mdp.gamma
    ({1: m_1, 2: 1 - m_1}, gamma)
    """
    for size, name in ((states, "states"), (actions, "actions")):
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise SchemaError(f"found {size!r}; a whole number of at least 1 is required. Change it", where=name)
    outcomes = states * actions * (states + terminal)
    if outcomes > GENERIC_OUTCOMES:
        raise SchemaError(
            f"found {outcomes} outcomes, with two symbols each; at most {GENERIC_OUTCOMES} are made. "
            "Choose a smaller size",
            where="generic",
        )
    inner: list[State] = list(range(1, states + 1))
    targets = [*inner, END] if terminal else inner
    symbols: dict[str, str] = {}
    rows = []
    for i in inner:
        for a in range(1, actions + 1):
            probabilities = _simplex(f"p_{i}_{a}", targets, symbols)
            rows += [(i, a, j, p, sp.Symbol(f"r_{i}_{a}_{j}")) for j, p in zip(targets, probabilities, strict=True)]
    start = dict(zip(inner, _simplex("m", inner, symbols), strict=True))
    symbols["gamma"] = "0 < gamma < 1"
    return MDP.from_transitions(
        rows,
        start=start,
        terminal=[END] if terminal else [],
        gamma=sp.Symbol("gamma"),
        symbols=symbols,
        states=targets,
    )


def _simplex(stem: str, names: list[State], symbols: dict[str, str]) -> list[sp.Expr]:
    """A probability for each name: symbols, and for the last 1 minus their sum; the assumptions go to `symbols`."""
    free = [sp.Symbol(f"{stem}_{name}") for name in names[:-1]]
    symbols |= {symbol.name: f"0 < {symbol.name} < 1" for symbol in free}
    return [*free, 1 - sp.Add(*free)]


def generic_problem(text: str) -> Problem:
    """The generic model of a size written ``SxA``, or ``SxA+end`` with a terminal state, under a tabular policy.

    Raises
    ------
    SchemaError
        The text is not of this form.

    Examples
    --------
    >>> generic_problem("3x2+end").mdp
    MDP(4 states, 1 terminal, 24 outcomes, gamma=gamma)
    """
    found = re.fullmatch(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})(\+end)?", text)
    if found is None:
        raise SchemaError(
            f"found generic:{text}; a size is required. Write generic:3x2 for 3 states and 2 actions, "
            "generic:3x2+end with a terminal state besides",
            where="model",
        )
    mdp = generic_mdp(int(found[1]), int(found[2]), terminal=found[3] is not None)
    policy = tabular(mdp)
    theta = dict.fromkeys(policy.params, sp.Integer(0))
    return Problem(mdp, policy, Objective.START_STATE, theta, f"generic:{text}", "constructed for pgsym")

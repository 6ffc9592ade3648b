"""The policy that collects the data: the audited one at other parameters, or any table of probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from pgsym.errors import SamplingError
from pgsym.expression.complaint import nearest, short
from pgsym.expression.exact import to_expr
from pgsym.model.problem import Problem
from pgsym.sampling.policy import policy_tables
from pgsym.sampling.tables import Floats

Behaviour = Mapping[Any, Any] | Sequence[Any]
"""Parameters by name or in order, {state: {action: probability}}, or several of them with their shares."""

SAMPLING = ("temperature", "top-k", "top-p")
"""How a policy is sampled from, beside or instead of its parameters."""

ROUNDING = sp.Rational(1, 10**9)
"""By so much a row of probabilities may miss 1; it is normalised."""
TIE = 1e-12
"""Probabilities that are so close, relatively, are equal."""


def mixture(problem: Problem, behaviour: Behaviour) -> tuple[Floats, Floats]:
    """([C] shares, [C, N] tables): several policies, one of which makes each episode from its start to its end.

    They are a sequence of what `collecting` reads, or of pairs (share, that): without shares each is as likely.

    >>> problem = Problem.of("short-corridor")
    >>> shares, tables = mixture(problem, [("3/4", {"theta": 0}), ("1/4", {"temperature": 2})])
    >>> shares.tolist(), tables.shape
    ([0.75, 0.25], (2, 6))
    """
    parts = list(behaviour) if isinstance(behaviour, Sequence) else []
    pairs = [p if isinstance(p, tuple) and len(p) == 2 and isinstance(p[1], Mapping) else (1, p) for p in parts]
    if not pairs or not all(isinstance(one, Mapping) for _, one in pairs):
        return np.ones(1), collecting(problem, behaviour)[None]
    weights = [to_expr(w, where="behaviour") for w, _ in pairs]
    if not all(w.is_number and w.is_positive for w in weights):
        raise SamplingError(
            f"the shares are {', '.join(map(str, weights))}; positive numbers are required. Correct them",
            where="behaviour",
        )
    shares = np.array([float(w) for w in weights])
    return shares / shares.sum(), np.stack([collecting(problem, one) for _, one in pairs])


def collecting(problem: Problem, behaviour: Behaviour) -> Floats:
    """[N] b(a|s) of each pair.

    Parameters
    ----------
    behaviour
        A mapping from states to mappings is a table: each non-terminal state's actions with their probabilities; an
        action that is left out is never taken.  Anything else is a value for each parameter of the policy; with, or
        by itself, ``temperature``, ``top-k`` or ``top-p``, applied in this order.  Where actions tie with the last one
        that is kept, they are kept.

    Raises
    ------
    SamplingError
        A state or an action that the model has not, a state without row, or a row that is no distribution.

    Examples
    --------
    >>> rows = {s: {"R": "3/4", "L": "1/4"} for s in ("s1", "s2", "s3")}
    >>> collecting(Problem.of("short-corridor"), rows).tolist()
    [0.75, 0.25, 0.75, 0.25, 0.75, 0.25]
    """
    mdp, policy = problem.mdp, problem.policy
    if not (isinstance(behaviour, Mapping) and any(isinstance(row, Mapping) for row in behaviour.values())):
        sampled, own = {}, behaviour
        if isinstance(behaviour, Mapping):
            names = {p.name for p in policy.params}
            sampled = {key: x for key, x in behaviour.items() if key in SAMPLING and key not in names}
            own = {key: x for key, x in behaviour.items() if key not in sampled}
        point = problem.point if sampled and not own else policy.point(own)
        pi = policy_tables(policy, {p: float(v) for p, v in point.items()}).pi
        return _sampled(problem, pi, sampled) if sampled else pi
    for s in behaviour:
        if s not in mdp.nonterminal:
            help = nearest(str(s), map(str, mdp.nonterminal), "those that act are")
            raise SamplingError(f"state {short(repr(s))} is unknown; {help}. Rename or remove it", where="behaviour")
    found = {(s, a): p for s in mdp.nonterminal for a, p in _row(behaviour, s, mdp.actions(s)).items()}
    return np.array([found[pair] for pair in mdp.pairs])


def _row(table: Mapping[Any, Any], s: Any, actions: Sequence[Any]) -> dict[Any, float]:
    """The probabilities in one state."""
    row = table.get(s)
    if not isinstance(row, Mapping):
        raise SamplingError(
            f"found {short(repr(row))} for state {s!r}; its actions with their probabilities are required. Add them",
            where="behaviour",
        )
    for a in row:
        if a not in actions:
            help = nearest(str(a), map(str, actions), "it has")
            raise SamplingError(f"state {s!r} has no action {short(repr(a))}; {help}. Rename it", where="behaviour")
    exact = {a: to_expr(row.get(a, 0), where=f"behaviour[{s!r}]") for a in actions}
    total = sum(exact.values(), sp.Integer(0))
    if not all(p.is_number and bool(p >= 0) for p in exact.values()) or not abs(total - 1) <= ROUNDING:
        raise SamplingError(
            f"the probabilities in state {s!r} are {', '.join(map(str, exact.values()))}; they must be nonnegative and "
            "sum to 1. Correct them",
            where="behaviour",
        )
    return {a: float(p / total) for a, p in exact.items()}


def _sampled(problem: Problem, pi: Floats, how: Mapping[str, Any]) -> Floats:
    """[N] pi by temperature, top-k and top-p."""
    number = {key: to_expr(x, where=f"behaviour[{key!r}]") for key, x in how.items()}
    for key, x in number.items():
        right = x.is_number and x.is_positive and (key != "top-k" or x.is_integer) and (key != "top-p" or x <= 1)
        if not right:
            need = {"top-k": "a positive whole number", "top-p": "a number in (0, 1]"}.get(key, "a positive number")
            raise SamplingError(f"found {key} = {x}; {need} is required. Correct it", where="behaviour")
    out, owner = pi.copy(), [s for s, _ in problem.mdp.pairs]
    for s in problem.mdp.nonterminal:
        at = [n for n, state in enumerate(owner) if state == s]
        with np.errstate(divide="ignore"):
            logs = np.log(out[at])
        row = np.exp((logs - logs.max()) / float(number.get("temperature", 1)))
        least = np.sort(row)[::-1][min(int(number.get("top-k", len(row))), len(row)) - 1]
        row = np.where(row >= least * (1 - TIE), row, 0.0) / row.sum()
        order = np.sort(row / row.sum())[::-1]
        enough = int(np.searchsorted(np.cumsum(order), float(number.get("top-p", 1)) * (1 - TIE)))
        row = np.where(row / row.sum() >= order[min(enough, len(row) - 1)] * (1 - TIE), row, 0.0)
        out[at] = row / row.sum()
    return out

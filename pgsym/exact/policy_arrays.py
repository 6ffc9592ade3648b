r"""A policy as arrays: pi(a|s) and the scores grad log pi(a|s) of every pair at once, for one theta after another.

For softmax logits :math:`l = C\theta + c`, the scores are :math:`C` minus its mean under pi in each state; what does
not depend on theta is built once.  Policies of other kinds carry tangents through ``policy.row``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pgsym.algebra import DualField
from pgsym.algebra.floating import sparse_of
from pgsym.errors import PolicyError, ProbabilityRangeError, ZeroProbabilityError
from pgsym.exact.fields import float_field
from pgsym.model.mdp import Action, State
from pgsym.model.policy import Mixture, Policy, Softmax

Floats = NDArray[np.float64]
Pairs = tuple[tuple[State, Action], ...]


@dataclass(frozen=True)
class PolicyPoint:
    """The policy at one theta, over N pairs (s, a)."""

    pairs: Pairs
    pi: Floats
    """[N] pi(a|s)."""
    slope: sparse.csr_array
    """[N, k] d pi(a|s) / d theta, sparse."""
    softmax_score: sparse.csr_array | None = None
    """[N, k] Of a softmax policy, whose scores exist where pi has rounded to zero, too."""

    @cached_property
    def score(self) -> sparse.csr_array:
        """grad log pi(a|s), shape (N, k); ZeroProbabilityError where pi(a|s) = 0 although its derivative is not."""
        if self.softmax_score is not None:
            return self.softmax_score
        bare = np.flatnonzero((self.pi == 0) & (abs(self.slope).sum(axis=1) > 0))
        if bare.size:
            raise ZeroProbabilityError(
                "pi(a|s) = 0 at this theta although its derivative is not; the score needs pi(a|s) > 0. "
                "Move theta to the interior, or give the policy as logits",
                where=self.pairs[bare[0]],
            )
        return _scaled(1 / np.where(self.pi == 0, 1.0, self.pi), self.slope)


PolicyAt = Callable[[Floats], PolicyPoint]
"""The policy at theta, shape (k,); PolicyError where it gives no probabilities."""


def policy_arrays(policy: Policy, pairs: Pairs) -> PolicyAt:
    """The policy over `pairs`, which stand together state by state.

    >>> from pgsym.model import MDP, sigmoid
    >>> mdp = MDP.from_transitions([("s", a, "end", 1, 0) for a in ("go", "no")], terminal=["end"])
    >>> point = policy_arrays(sigmoid(mdp, {"s": "t"}), mdp.pairs)(np.zeros(1))
    >>> point.pi.tolist(), point.slope.toarray().tolist()
    ([0.5, 0.5], [[0.25], [-0.25]])
    """
    stray = {x for e in policy.expressions() for x in e.free_symbols} - set(policy.params)
    if stray:
        names = ", ".join(sorted(x.name for x in stray))
        raise PolicyError(
            f"{names} has no value; floats need every symbol. Build the policy with a number in its place",
            where="policy",
        )
    if isinstance(policy, Softmax):
        return _softmax(policy, pairs)
    if isinstance(policy, Mixture):
        return _mixture(policy, pairs)
    return _row_by_row(policy, pairs)


def _softmax(policy: Softmax, pairs: Pairs) -> PolicyAt:
    """pi = exp(l - max l) / sum, with l = C theta + c."""
    forms = [policy.logits[s][a] for s, a in pairs]
    column = {symbol: i for i, symbol in enumerate(policy.params)}
    entries = [(n, column[x], float(c)) for n, form in enumerate(forms) for x, c in form.coefficients]
    C = sparse_of(entries, (len(pairs), len(column)))
    constant = np.array([float(form.constant) for form in forms])
    first = np.array([n for n, (s, _) in enumerate(pairs) if n == 0 or pairs[n - 1][0] != s], np.int64)
    bounds = np.append(first, len(pairs))
    state = np.repeat(np.arange(len(first)), np.diff(bounds))

    def at(theta: Floats) -> PolicyPoint:
        logits = C @ theta + constant
        if not np.isfinite(logits).all():
            raise PolicyError("a logit is not finite; theta must be finite. Take smaller steps", where="theta")
        weights = np.exp(logits - np.maximum.reduceat(logits, first)[state])
        pi = weights / np.add.reduceat(weights, first)[state]
        choose = sparse.csr_array((pi, np.arange(len(pi)), bounds), shape=(len(first), len(pi)))
        # Measured from the likeliest action's, the mean is a sum of small terms: 1 - pi(a|s) keeps its digits.
        likeliest: Any = first + [int(row.argmax()) for row in np.split(logits, first[1:])]
        differences = sparse.csr_array(C - C[likeliest][state])
        score = sparse.csr_array(differences - sparse.csr_array(choose @ differences)[state])
        return PolicyPoint(pairs, pi, _scaled(pi, score), score)

    return at


def _mixture(policy: Mixture, pairs: Pairs) -> PolicyAt:
    """(1 - epsilon) base + epsilon / |A(s)|."""
    base_at = policy_arrays(policy.base, pairs)
    keep = float(1 - policy.epsilon)
    uniform = np.array([float(policy.epsilon) / len(policy.actions(s)) for s, _ in pairs])

    def at(theta: Floats) -> PolicyPoint:
        base = base_at(theta)
        return PolicyPoint(pairs, keep * base.pi + uniform, keep * base.slope)

    return at


def _row_by_row(policy: Policy, pairs: Pairs) -> PolicyAt:
    """Any policy, with dual numbers through ``policy.row``."""
    number = {pair: n for n, pair in enumerate(pairs)}
    column = {symbol: i for i, symbol in enumerate(policy.params)}

    def at(theta: Floats) -> PolicyPoint:
        field = DualField(float_field(policy, dict(zip(policy.params, theta.tolist(), strict=True)), {}), policy.params)
        pi = np.zeros(len(pairs))
        slopes = []
        for s in dict.fromkeys(s for s, _ in pairs):
            try:
                row = policy.row(s, field)
            except ZeroDivisionError:
                raise PolicyError(
                    "pi(.|s) has a pole at this theta; every probability must be a number. Take smaller steps", where=s
                ) from None
            for a, p in zip(policy.actions(s), row, strict=True):
                value = float(field.value(p))
                if not 0 <= value <= 1:
                    raise ProbabilityRangeError(
                        f"pi(a|s) = {value:.6g} at this theta; must lie in [0, 1]. Take smaller steps, or give the "
                        "policy as logits",
                        where=(s, a),
                    )
                n = number[s, a]
                pi[n] = value
                slopes += [(n, column[x], float(d)) for x, d in field.gradient(p).items()]
        return PolicyPoint(pairs, pi, sparse_of(slopes, (len(pi), len(column))))

    return at


def _scaled(rows: Floats, matrix: sparse.csr_array) -> sparse.csr_array:
    """diag(rows) matrix."""
    return sparse.csr_array(sparse.diags_array(rows) @ matrix)

r"""A policy as arrays: pi(a|s) and the scores grad log pi(a|s) of every pair at once, for one theta after another.

For softmax logits :math:`l = C\theta + c`, the scores are :math:`C` minus its mean under pi in each state; what does
not depend on theta is built once.  Policies of other kinds carry tangents through ``policy.row``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pgsym.algebra import DualField
from pgsym.errors import PolicyError, ProbabilityRangeError, ZeroProbabilityError
from pgsym.exact.fields import float_field
from pgsym.model.mdp import Action, State
from pgsym.model.policy import Mixture, Policy, Softmax

Floats = NDArray[np.float64]
Pairs = tuple[tuple[State, Action], ...]


@dataclass(frozen=True)
class PolicyPoint:
    """The policy at one theta, over N pairs (s, a).

    Attributes
    ----------
    pi : array, shape (N,)
        pi(a|s).
    slope : sparse, shape (N, k)
        d pi(a|s) / d theta.
    """

    pairs: Pairs
    pi: Floats
    slope: sparse.csr_array

    @cached_property
    def score(self) -> sparse.csr_array:
        """grad log pi(a|s), shape (N, k).

        Raises
        ------
        ZeroProbabilityError
            pi(a|s) = 0 although its derivative is not.
        """
        bare = np.flatnonzero((self.pi == 0) & (abs(self.slope).sum(axis=1) > 0))
        if bare.size:
            raise ZeroProbabilityError(
                "pi(a|s) = 0 at this theta although its derivative is not; the score needs pi(a|s) > 0. "
                "Move theta to the interior, or give the policy as logits",
                where=self.pairs[bare[0]],
            )
        return _scaled(1 / np.where(self.pi == 0, 1.0, self.pi), self.slope)


@dataclass(frozen=True)
class SoftmaxPoint(PolicyPoint):
    """A softmax policy: its scores exist where pi has rounded to zero, too."""

    scores: sparse.csr_array

    @property
    def score(self) -> sparse.csr_array:
        return self.scores


class PolicyArrays(Protocol):
    """theta -> `PolicyPoint`."""

    def at(self, theta: Floats) -> PolicyPoint:
        """The policy at `theta`, shape (k,).

        Raises
        ------
        PolicyError
            `theta` gives no probabilities.
        """
        ...


def policy_arrays(policy: Policy, pairs: Pairs) -> PolicyArrays:
    """The policy over `pairs`, which stand together state by state.

    Raises
    ------
    PolicyError
        A symbol other than the parameters is left in the policy.

    Examples
    --------
    >>> from pgsym.model import MDP, sigmoid
    >>> mdp = MDP.from_transitions([("s", a, "end", 1, 0) for a in ("go", "no")], terminal=["end"])
    >>> point = policy_arrays(sigmoid(mdp, {"s": "t"}), mdp.pairs).at(np.zeros(1))
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
        return _SoftmaxArrays(policy, pairs)
    if isinstance(policy, Mixture):
        return _MixtureArrays(policy, pairs)
    return _RowByRow(policy, pairs)


class _SoftmaxArrays:
    """pi = exp(l - max l) / sum, with l = C theta + c."""

    def __init__(self, policy: Softmax, pairs: Pairs) -> None:
        self.pairs = pairs
        forms = [policy.logits[s][a] for s, a in pairs]
        column = {symbol: i for i, symbol in enumerate(policy.params)}
        entries = [(n, column[x], float(c)) for n, form in enumerate(forms) for x, c in form.coefficients]
        self.C = sparse_of(entries, (len(pairs), len(column)))
        self.c = np.array([float(form.constant) for form in forms])
        self.first = _first_of_state(pairs)
        self.state = np.repeat(np.arange(len(self.first)), np.diff([*self.first, len(pairs)]))
        self.numbers = np.arange(len(pairs))

    def at(self, theta: Floats) -> PolicyPoint:
        logits = self.C @ theta + self.c
        if not np.isfinite(logits).all():
            raise PolicyError("a logit is not finite; theta must be finite. Take smaller steps", where="theta")
        weights = np.exp(logits - np.maximum.reduceat(logits, self.first)[self.state])
        pi = weights / np.add.reduceat(weights, self.first)[self.state]
        shape = (len(self.first), len(pi))
        choose = sparse.csr_array((pi, self.numbers, np.append(self.first, len(pi))), shape=shape)
        # Measured from the likeliest action's, the mean is a sum of small terms: 1 - pi(a|s) keeps its digits.
        likeliest: Any = self.first + [int(row.argmax()) for row in np.split(logits, self.first[1:])]
        C = sparse.csr_array(self.C - self.C[likeliest][self.state])
        score = sparse.csr_array(C - sparse.csr_array(choose @ C)[self.state])
        return SoftmaxPoint(self.pairs, pi, _scaled(pi, score), score)


class _MixtureArrays:
    """(1 - epsilon) base + epsilon / |A(s)|."""

    def __init__(self, policy: Mixture, pairs: Pairs) -> None:
        self.base = policy_arrays(policy.base, pairs)
        self.pairs = pairs
        self.keep = float(1 - policy.epsilon)
        self.uniform = np.array([float(policy.epsilon) / len(policy.actions(s)) for s, _ in pairs])

    def at(self, theta: Floats) -> PolicyPoint:
        base = self.base.at(theta)
        return PolicyPoint(self.pairs, self.keep * base.pi + self.uniform, self.keep * base.slope)


class _RowByRow:
    """Any policy, with dual numbers through ``policy.row``."""

    def __init__(self, policy: Policy, pairs: Pairs) -> None:
        self.policy = policy
        self.pairs = pairs
        self.number = {pair: n for n, pair in enumerate(pairs)}
        self.states = list(dict.fromkeys(s for s, _ in pairs))

    def at(self, theta: Floats) -> PolicyPoint:
        policy = self.policy
        column = {symbol: i for i, symbol in enumerate(policy.params)}
        field = DualField(float_field(policy, dict(zip(policy.params, theta.tolist(), strict=True)), {}), policy.params)
        pi = np.zeros(len(self.pairs))
        slopes = []
        for s in self.states:
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
                n = self.number[s, a]
                pi[n] = value
                slopes += [(n, column[x], float(d)) for x, d in field.gradient(p).items()]
        return PolicyPoint(self.pairs, pi, sparse_of(slopes, (len(pi), len(column))))


def sparse_of(entries: list[tuple[int, int, float]], shape: tuple[int, int]) -> sparse.csr_array:
    """The matrix with these (row, column, value)."""
    rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
    return sparse.csr_array((np.array(values, float), (np.array(rows, int), np.array(columns, int))), shape=shape)


def _scaled(rows: Floats, matrix: sparse.csr_array) -> sparse.csr_array:
    """diag(rows) matrix."""
    return sparse.csr_array(sparse.diags_array(rows) @ matrix)


def _first_of_state(pairs: Pairs) -> NDArray[np.int64]:
    """The number of each state's first pair."""
    return np.array([n for n, (s, _) in enumerate(pairs) if n == 0 or pairs[n - 1][0] != s], np.int64)

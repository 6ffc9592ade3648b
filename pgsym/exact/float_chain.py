r"""Policy and chain as arrays of float64, at one theta after another; J and grad J of a run of T steps.

For softmax logits :math:`l = C\theta + c`, the scores are :math:`C` minus its mean under pi in each state; what does
not depend on theta is built once.  Policies of other kinds carry tangents through ``policy.row``.

The backward recursion V_t = r_pi + gamma P_pi V_{t+1} is differentiated step by step, for all parameters at once;
`problem.unroll(T)` gives the same numbers in closed form on small models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pgsym.algebra import DualField, FloatField
from pgsym.algebra.floating import sparse_lu, sparse_of
from pgsym.errors import PolicyError, ProbabilityRangeError, StructureError, ZeroProbabilityError
from pgsym.exact.elimination_plan import Constants, EliminationPlan
from pgsym.model.mdp import Action, State
from pgsym.model.policy import Mixture, Policy, Softmax
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure

Floats = NDArray[np.float64]
Pairs = tuple[tuple[State, Action], ...]

ROUNDED = 1e-11
"""Relative differences below this may be rounding."""


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
    if stray := policy.mentioned - set(policy.params):
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
        likeliest = _first_largest(logits, first, state)
        weights = np.exp(logits - logits[likeliest][state])
        pi = weights / np.add.reduceat(weights, first)[state]
        choose = sparse.csr_array((pi, np.arange(len(pi)), bounds), shape=(len(first), len(pi)))
        # Measured from the likeliest action's, the mean is a sum of small terms: 1 - pi(a|s) keeps its digits.
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
        field = DualField(FloatField(dict(zip(policy.params, theta.tolist(), strict=True))), policy.params)
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


def _first_largest(values: Floats, first: Any, group: Any) -> NDArray[np.int64]:
    """The place of the first largest value of each group; groups stand together, and begin at `first`."""
    largest = np.maximum.reduceat(values, first)[group]
    return np.minimum.reduceat(np.where(values == largest, np.arange(len(values)), len(values)), first)


def _scaled(rows: Floats, matrix: sparse.csr_array) -> sparse.csr_array:
    """diag(rows) matrix."""
    return sparse.csr_array(sparse.diags_array(rows) @ matrix)


class Truncated(NamedTuple):
    """Of E[sum_{t<T} gamma^t r_t]."""

    J: float
    """In reward units."""
    grad: Floats
    """[k] in the order of ``policy.params``."""


class FloatChain:
    """P, r, gamma and mu0 as arrays over S states that act and their N pairs (s, a), and the policy at any theta."""

    def __init__(
        self, problem: Problem, structure: Structure | None = None, states: Sequence[State] | None = None
    ) -> None:
        mdp, policy = problem.mdp, problem.policy
        if mdp.symbols:
            names = ", ".join(sorted(s.name for s in mdp.symbols))
            raise StructureError(
                f"no value for {names}; floats need every symbol. Give them: problem.at(NAME=VALUE), or --set",
                where="symbols",
            )
        plan = EliminationPlan.of(structure or Structure(mdp, policy))
        constants = Constants(plan, FloatField(dict.fromkeys(policy.params, 0.0)))
        index = {s: i for i, s in enumerate(mdp.nonterminal if states is None else states)}
        self.problem = problem
        self.S, self.k = len(index), len(policy.params)
        self.pairs = tuple((s, a) for s, a in mdp.pairs if s in index)
        self.policy_at = policy_arrays(policy, self.pairs)
        self.owner = np.array([index[s] for s, _ in self.pairs], int)
        """[N] the state of each pair."""
        moves = [
            (n, index[t], float(p))
            for n, pair in enumerate(self.pairs)
            for t, p in constants.P[pair].items()
            if t in index
        ]
        self.P = sparse_of(moves, (len(self.pairs), self.S))
        """[N, S] What is missing from a row has terminated."""
        self.r = np.array([float(constants.r[pair]) for pair in self.pairs])
        self.gamma = float(constants.gamma)
        self.mu0 = np.array([float(constants.mu0.get(s, 0.0)) for s in index])

    def by_state(self, values: Floats) -> sparse.csr_array:
        """Values of the pairs as a sparse matrix (S, N): times a vector, it sums over the actions of each state."""
        return sparse.csr_array((values, (self.owner, np.arange(len(self.pairs)))), shape=(self.S, len(self.pairs)))

    def best(self) -> Floats:
        """[S] V* in floats, by policy iteration; for a discount below 1.

        The last policy's values, where no action seems better by more than `ROUNDED` times the largest value.
        """
        first = np.unique(self.owner, return_index=True)[1]
        chosen = first
        while True:
            V = sparse_lu(sparse.eye_array(self.S) - self.gamma * self.P[chosen], where="V*").solve(self.r[chosen])
            Q = self.r + self.gamma * (self.P @ V)
            best = _first_largest(Q, first, self.owner)
            better = Q[best] > V + ROUNDED * abs(V).max()
            if not better.any():
                return V
            chosen = np.where(better, best, chosen)

    def steps(self, T: int, last: Floats | None = None) -> Truncated:
        """E[sum_{t<T} gamma^t r_t + gamma^T last(s_T)] and its gradient at the problem's theta; `last` [S] is fixed."""
        place: PolicyPoint = self.policy_at(np.array([float(value) for value in self.problem.point.values()]))
        choose = self.by_state(place.pi)
        P_pi = sparse.csr_array(choose @ self.P)
        V = np.zeros(self.S) if last is None else last
        dV: Floats = np.zeros((self.S, self.k))
        for _ in range(T):
            Q = self.r + self.gamma * (self.P @ V)
            dV = self.gamma * (P_pi @ dV) + (self.by_state(Q) @ place.slope).toarray()
            V = choose @ Q
        return Truncated(float(self.mu0 @ V), self.mu0 @ dV)


def truncated(problem: Problem, T: int) -> Truncated:
    """J and grad J of the first T steps from the start distribution, at the problem's theta; T is at least 1.

    Time O(T (nnz(P) k + nnz(d pi))), memory O(S k), for S states and k parameters.
    """
    if T < 1:
        raise StructureError(f"horizon {T}; at least one step is required. Give T >= 1", where="truncated")
    return FloatChain(problem).steps(T)

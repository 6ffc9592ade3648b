r"""The policy as numbers: log pi for JAX, and closed-form scores for the kernel.

Two independent routes to the score :math:`z(s,a) = \nabla\log\pi(a|s)`: `policy_tables` carries sparse
tangents through ``policy.row`` in float64 (for a softmax, :math:`f_{sa} - \sum_b\pi(b|s)f_{sb}`), and
`log_policy` is a JAX function that `jax.grad` differentiates.  Tests compare them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from pgsym.errors import PolicyError, ProbabilityRangeError, SamplingError, ZeroProbabilityError
from pgsym.expression.complaint import brief
from pgsym.expression.evaluate import Tangent, Tangents, evaluate
from pgsym.expression.linear import Linear
from pgsym.model.policy import Mixture, Policy, Softmax

# Slack of a probability computed in float64 from a handful of operations.
PROBABILITY_SLACK = 2.0**-40


@dataclass(frozen=True)
class PolicyTables:
    """pi and its scores at one theta, over the pairs (s, a) of the non-terminal states, in order."""

    pi: NDArray[np.float64]
    """[N] pi(a|s)."""
    score_index: NDArray[np.int32]
    """[N, m] parameters on which log pi(a|s) depends; padded with 0."""
    score_value: NDArray[np.float64]
    """[N, m] the derivatives of log pi(a|s) by them; padded with 0."""


def policy_tables(policy: Policy, theta: Mapping[sp.Symbol, float]) -> PolicyTables:
    """pi(a|s) and grad log pi(a|s) in float64, for every pair.

    >>> from pgsym.model import MDP, sigmoid
    >>> mdp = MDP.from_transitions([("s", a, "end", 1, 0) for a in ("go", "no")], terminal=["end"])
    >>> policy = sigmoid(mdp, {"s": "t"})
    >>> policy_tables(policy, {policy.params[0]: 0.0}).score_value.tolist()
    [[0.5], [-0.5]]
    """
    require_numeric(policy)
    numbers = Tangents(theta)
    position = {symbol: i for i, symbol in enumerate(policy.params)}
    probabilities: list[float] = []
    rows: list[list[tuple[int, float]]] = []
    for s in policy.states:
        try:
            row = policy.row(s, numbers)
        except (OverflowError, ZeroDivisionError) as error:
            raise PolicyError(
                f"pi(.|s) is not finite at this theta ({error}); every probability must be a number. "
                "Choose another theta",
                where=s,
            ) from None
        for a, p in zip(policy.actions(s), row, strict=True):
            probabilities.append(_checked(p, s, a))
            rows.append([(position[x], d / p.value) for x, d in p.slope.items() if d != 0.0])
    width = min(max(1, *map(len, rows)), len(policy.params))
    index = np.zeros((len(rows), width), np.int32)
    value = np.zeros((len(rows), width))
    for i, row in enumerate(rows):
        for j, (x, z) in enumerate(sorted(row)):
            index[i, j], value[i, j] = x, z
    return PolicyTables(np.array(probabilities), index, value)


def _checked(p: Tangent, s: Any, a: Any) -> float:
    if not -PROBABILITY_SLACK <= p.value <= 1 + PROBABILITY_SLACK:
        raise ProbabilityRangeError(
            f"pi(a|s) = {p.value:.6g} at this theta; must lie in [0, 1]. Choose another theta", where=(s, a)
        )
    if p.value <= 0 and any(d != 0.0 for d in p.slope.values()):
        raise ZeroProbabilityError(
            "pi(a|s) = 0 at this theta, although its derivative is not; the score form needs pi(a|s) > 0. "
            "Choose theta inside the simplex",
            where=(s, a),
        )
    return min(max(p.value, 0.0), 1.0)


def require_numeric(policy: Policy) -> None:
    """Refuse a policy with symbols other than its parameters."""
    if stray := policy.mentioned - set(policy.params):
        names = ", ".join(sorted(x.name for x in stray))
        raise SamplingError(
            f"{names} has no value; sampling needs numbers. Build the policy with a number in its place",
            where="policy",
        )


class ArrayNumbers:
    """Scalars of JAX or PyTorch as a number system: an expression becomes a computation of theta [k], for autodiff."""

    def __init__(self, xp: Any, theta: Any, params: Sequence[sp.Symbol]) -> None:
        self.xp, self.theta = xp, theta
        self.position = {symbol: i for i, symbol in enumerate(params)}

    def number(self, value: Fraction) -> Any:
        return self.xp.asarray(value.numerator / value.denominator, dtype=self.theta.dtype)

    def symbol(self, symbol: sp.Symbol) -> Any:
        return self.theta[self.position[symbol]]

    def exp(self, form: Linear) -> Any:
        return self.xp.exp(form.value(self))

    def softmax(self, forms: Sequence[Linear]) -> list[Any]:
        logits = self.xp.stack([form.value(self) for form in forms])
        weights = self.xp.exp(logits - logits.max())
        return list(weights / weights.sum())


def log_policy(policy: Policy) -> Callable[[jax.Array], jax.Array]:
    """theta of shape [k] -> log pi(a|s) of shape [N], over the pairs (s, a) in order.

    The function can be jitted and differentiated; it computes in theta's own precision.  Softmax logits are
    one gather and one segmented log-sum-exp; other policies are evaluated state by state while tracing.

    >>> from pgsym.model import MDP, sigmoid
    >>> mdp = MDP.from_transitions([("s", a, "end", 1, 0) for a in ("go", "no")], terminal=["end"])
    >>> logs = log_policy(sigmoid(mdp, {"s": "t"}))
    >>> jax.jacobian(logs)(jnp.zeros(1)).tolist()
    [[0.5], [-0.5]]
    """
    require_numeric(policy)
    if isinstance(policy, Softmax):
        return _log_softmax(policy)
    if isinstance(policy, Mixture):
        base = log_policy(policy.base)
        keep = float(1 - policy.epsilon)
        counts = [len(policy.actions(s)) for s in policy.states]
        uniform = np.repeat([float(policy.epsilon) / count for count in counts], counts)

        def log_mixture(theta: jax.Array) -> jax.Array:
            return jnp.log(keep * jnp.exp(base(theta)) + jnp.asarray(uniform, theta.dtype))

        return log_mixture

    def log_rows(theta: jax.Array) -> jax.Array:
        numbers = ArrayNumbers(jnp, theta, policy.params)
        return jnp.log(jnp.stack([p for s in policy.states for p in policy.row(s, numbers)]))

    return log_rows


def _log_softmax(policy: Softmax) -> Callable[[jax.Array], jax.Array]:
    position = {symbol: i for i, symbol in enumerate(policy.params)}
    forms = [form for s in policy.states for form in policy.logits[s].values()]
    state = np.repeat(np.arange(len(policy.states)), [len(policy.actions(s)) for s in policy.states])
    terms = [(n, position[x], float(c)) for n, form in enumerate(forms) for x, c in form.coefficients]
    row = np.array([n for n, _, _ in terms], np.int32)
    column = np.array([i for _, i, _ in terms], np.int32)
    coefficient = np.array([c for _, _, c in terms])
    constant = np.array([float(form.constant) for form in forms])
    states = len(policy.states)

    def log_softmax(theta: jax.Array) -> jax.Array:
        scaled = jnp.asarray(coefficient, theta.dtype) * theta[column]
        logits = jnp.asarray(constant, theta.dtype).at[row].add(scaled)
        top = jax.lax.stop_gradient(jax.ops.segment_max(logits, state, states))
        shifted = logits - top[state]
        return shifted - jnp.log(jax.ops.segment_sum(jnp.exp(shifted), state, states))[state]

    return log_softmax


def direct_value(expr: sp.Expr) -> float:
    """A numeric expression as a float.

    >>> direct_value(sp.Rational(1, 4)), round(direct_value(sp.log(2)), 3)
    (0.25, 0.693)
    """
    if isinstance(expr, sp.Rational):
        try:
            return int(expr.p) / int(expr.q)
        except OverflowError:
            raise SamplingError(
                f"found {brief(expr)}; floats end at about 1.8e308, and sampling needs them. Scale the rewards",
                where="floats",
            ) from None
    if expr.is_number:
        return float(expr)
    return float(evaluate(expr, Tangents({})).value)

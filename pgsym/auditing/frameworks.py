"""NumPy, JAX and PyTorch: arrays of each, and log pi and the critic as functions that its autodiff knows."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pgsym.auditing.problem_arrays import Floats, ProblemArrays
from pgsym.errors import MissingExtraError, SamplingError
from pgsym.sampling.policy import ArrayNumbers, log_policy, policy_tables

UNAVAILABLE = -1e9
"""Logit of an action that the state does not have: its probability is exactly 0 in float32 and float64."""

LogPolicy = Callable[[Any], Any]
"""theta [k] -> log pi(a|s) [N]"""


class Numpy:
    """float64 and int64; values only, ``batch.scores`` has the derivatives."""

    name = "numpy"
    xp: Any = np

    def put(self, array: NDArray[Any]) -> Any:
        """A copy: whatever the user's code writes into it, the audit reads its own."""
        return array.copy()

    def get(self, array: Any) -> Floats:
        return np.asarray(array, np.float64)

    def log_policy(self, arrays: ProblemArrays) -> LogPolicy:
        policy, tables = arrays.policy, arrays.tables

        def log_pi(theta: Any) -> Any:
            pi = tables.pi
            if not np.array_equal(theta, tables.theta):
                pi = policy_tables(policy, dict(zip(policy.params, map(float, theta), strict=True))).pi
            with np.errstate(divide="ignore"):
                return np.log(pi)

        return log_pi


class Jax(Numpy):
    """In its default precision: float32 and int32 unless ``jax_enable_x64`` is set."""

    name = "jax"

    def __init__(self) -> None:
        self.xp = import_module("jax.numpy")

    def put(self, array: NDArray[Any]) -> Any:
        from jax.dtypes import canonicalize_dtype

        return self.xp.asarray(array.astype(canonicalize_dtype(array.dtype)))

    def log_policy(self, arrays: ProblemArrays) -> LogPolicy:
        return log_policy(arrays.policy)


class Torch(Numpy):
    """Floats in its default precision, int64.  PyTorch is not a dependency."""

    name = "torch"

    def __init__(self) -> None:
        try:
            self.xp = import_module("torch")
        except ModuleNotFoundError:
            raise MissingExtraError(
                "PyTorch is not installed; torch tensors need it. pip install torch, or use framework='numpy'",
                where="framework",
            ) from None

    def put(self, array: NDArray[Any]) -> Any:
        found = self.xp.from_numpy(array.copy())
        return found.to(self.xp.get_default_dtype()) if found.is_floating_point() else found

    def get(self, array: Any) -> Floats:
        return super().get(array.detach().cpu().numpy() if hasattr(array, "detach") else array)

    def log_policy(self, arrays: ProblemArrays) -> LogPolicy:
        torch, policy = self.xp, arrays.policy

        def log_pi(theta: Any) -> Any:
            numbers = ArrayNumbers(torch, theta, policy.params)
            return torch.log(torch.stack([p for s in policy.states for p in policy.row(s, numbers)]))

        return log_pi


FRAMEWORKS: dict[str, type[Numpy]] = {kind.name: kind for kind in (Numpy, Jax, Torch)}


def framework_of(name: str) -> Numpy:
    """A framework by name.

    >>> framework_of("numpy").put(np.zeros(2)).tolist()
    [0.0, 0.0]
    """
    if name not in FRAMEWORKS:
        raise SamplingError(f"found {name!r}; must be one of {', '.join(FRAMEWORKS)}", where="framework")
    return FRAMEWORKS[name]()


class DifferentiablePolicy:
    """pi(a|s; theta) and V(s; theta) in one framework.

    Padding has state S, where action 0 has log-probability 0 whatever theta is: its score is 0.

    >>> from pgsym.auditing.problem_arrays import build_arrays
    >>> from pgsym.model import MDP, Problem, sigmoid
    >>> mdp = MDP.from_transitions([("s", a, "end", 1, 3) for a in ("go", "no")], start="s", terminal=["end"])
    >>> found = DifferentiablePolicy(build_arrays(Problem(mdp, sigmoid(mdp, {"s": "t"}))), framework_of("numpy"))
    >>> found.values(np.zeros(1)).tolist(), round(float(found.log_prob(np.zeros(1), 0, 1)), 4)
    ([3.0, 0.0], -0.6931)
    """

    def __init__(self, arrays: ProblemArrays, framework: Numpy, terminal: float = 0.0) -> None:
        self.arrays, self._xp, self._terminal = arrays, framework.xp, terminal
        self._log_pi = framework.log_policy(arrays)
        S, N, t = arrays.S, arrays.N, arrays.tables
        # [S+1, A] where a logit stands in log pi, followed by UNAVAILABLE and 0
        self._place = np.full((S + 1, arrays.actions), N)
        self._place[t.pair_state, arrays.pair_action[:-1]] = np.arange(N)
        self._place[S, 0] = N + 1
        self._move = np.zeros((N, S))
        inside = t.outcome_next < S
        np.add.at(self._move, (t.outcome_pair[inside], t.outcome_next[inside]), t.outcome_p[inside])
        self._owner = np.equal.outer(np.arange(S), t.pair_state)

    def logits(self, theta: Any) -> Any:
        """[S+1, A] log pi(a|s); actions that a state does not have get `UNAVAILABLE`."""
        xp = self._xp
        others = xp.asarray([UNAVAILABLE, 0.0], dtype=theta.dtype)
        return xp.concatenate([self._log_pi(theta), others])[xp.asarray(self._place)]

    def log_prob(self, theta: Any, states: Any, actions: Any) -> Any:
        """log pi(a|s) for arrays of states and actions."""
        return self.logits(theta)[states, actions]

    def values(self, theta: Any) -> Any:
        """[S+1] the exact V as a function of theta: what a critic that shares parameters with the policy would be.

        Terminal states, number S, are worth 0; what stands there is `Batch`'s poison.
        """
        xp, arrays, pi = self._xp, self.arrays, self._xp.exp(self._log_pi(theta))
        tables = (self._move, self._owner, arrays.r[:-1] - arrays.centre)
        move, owner, r = (xp.asarray(x, dtype=theta.dtype) for x in tables)
        system = xp.eye(arrays.S, dtype=theta.dtype) - arrays.gamma * ((owner * pi) @ move)
        V = xp.linalg.solve(system, owner @ (pi * r))
        return xp.concatenate([V, xp.asarray([self._terminal], dtype=theta.dtype)])

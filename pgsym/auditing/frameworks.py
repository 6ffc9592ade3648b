"""NumPy, JAX and PyTorch: arrays of each, and log pi and the critic as functions that its autodiff knows.

The same tables by three routes: NumPy (values only), `jax.grad`, and PyTorch's autograd.
"""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from pgsym.auditing.problem_arrays import ProblemArrays
from pgsym.errors import MissingExtraError, SamplingError
from pgsym.expression.linear import Linear
from pgsym.sampling.policy import log_policy, policy_tables

UNAVAILABLE = -1e9
"""Logit of an action that the state does not have: its probability is exactly 0 in float32 and float64."""


class DifferentiablePolicy(Protocol):
    """pi(a|s; theta) and V(s; theta) in one framework.

    Padding has state S, where action 0 has log-probability 0 whatever theta is: its score is 0.
    """

    def logits(self, theta: Any) -> Any:
        """[S+1, A] log pi(a|s); actions that a state does not have get `UNAVAILABLE`."""
        ...

    def log_prob(self, theta: Any, states: Any, actions: Any) -> Any:
        """log pi(a|s) for arrays of states and actions."""
        ...

    def values(self, theta: Any) -> Any:
        """[S+1] the exact V as a function of theta: what a critic that shares parameters with the policy would be."""
        ...


class _Tables:
    """Where each pair stands in a table [S+1, A], and the linear system of V."""

    def __init__(self, arrays: ProblemArrays) -> None:
        self.arrays = arrays
        self.place = arrays.pair_state[:-1] * arrays.actions + arrays.pair_action[:-1]
        self.shape = (arrays.S + 1, arrays.actions)
        t = arrays.tables
        self.move = np.zeros((arrays.N, arrays.S))
        inside = t.outcome_next < arrays.S
        np.add.at(self.move, (t.outcome_pair[inside], t.outcome_next[inside]), t.outcome_p[inside])
        self.owner = np.zeros((arrays.S, arrays.N))
        self.owner[t.pair_state, np.arange(arrays.N)] = 1.0

    def background(self) -> Any:
        """[(S+1) A] logits where no pair stands."""
        found = np.full(self.shape, UNAVAILABLE)
        found[-1, 0] = 0.0
        return found.reshape(-1)


class NumpyPolicy(_Tables):
    """Values only; batch.scores has the derivatives."""

    def logits(self, theta: Any) -> Any:
        flat = self.background()
        with np.errstate(divide="ignore"):
            flat[self.place] = np.log(self._pi(theta))
        return flat.reshape(self.shape)

    def log_prob(self, theta: Any, states: Any, actions: Any) -> Any:
        return self.logits(theta)[states, actions]

    def values(self, theta: Any) -> Any:
        arrays, pi = self.arrays, self._pi(theta)
        P = (self.owner * pi) @ self.move
        r = self.owner @ (pi * (arrays.r[:-1] - arrays.centre))
        return np.append(np.linalg.solve(np.eye(arrays.S) - arrays.gamma * P, r), 0.0)

    def _pi(self, theta: Any) -> Any:
        arrays = self.arrays
        if np.array_equal(theta, arrays.tables.theta):
            return arrays.tables.pi
        point = dict(zip(arrays.policy.params, map(float, theta), strict=True))
        return policy_tables(arrays.policy, point).pi


class JaxPolicy(_Tables):
    """Traced functions of theta."""

    def __init__(self, arrays: ProblemArrays) -> None:
        super().__init__(arrays)
        self.log_pi = log_policy(arrays.policy)

    def logits(self, theta: Any) -> Any:
        import jax.numpy as jnp

        flat = jnp.asarray(self.background(), theta.dtype)
        return flat.at[self.place].set(self.log_pi(theta)).reshape(self.shape)

    def log_prob(self, theta: Any, states: Any, actions: Any) -> Any:
        return self.logits(theta)[states, actions]

    def values(self, theta: Any) -> Any:
        import jax.numpy as jnp

        arrays, pi = self.arrays, jnp.exp(self.log_pi(theta))
        move, owner = (jnp.asarray(x, theta.dtype) for x in (self.move, self.owner))
        r = owner @ (pi * jnp.asarray(arrays.r[:-1] - arrays.centre, theta.dtype))
        P = (owner * pi[None, :]) @ move
        return jnp.append(jnp.linalg.solve(jnp.eye(arrays.S, dtype=theta.dtype) - arrays.gamma * P, r), 0.0)


class TorchPolicy(_Tables):
    """Functions of theta that autograd differentiates."""

    def __init__(self, arrays: ProblemArrays) -> None:
        super().__init__(arrays)
        self.torch: Any = import_torch()

    def _log_pi(self, theta: Any) -> Any:
        numbers = TorchNumbers(self.torch, theta, self.arrays.policy.params)
        policy = self.arrays.policy
        return self.torch.log(self.torch.stack([p for s in policy.states for p in policy.row(s, numbers)]))

    def logits(self, theta: Any) -> Any:
        flat = self.torch.as_tensor(self.background(), dtype=theta.dtype)
        place = self.torch.as_tensor(self.place)
        return flat.index_put((place,), self._log_pi(theta)).reshape(self.shape)

    def log_prob(self, theta: Any, states: Any, actions: Any) -> Any:
        return self.logits(theta)[states, actions]

    def values(self, theta: Any) -> Any:
        torch, arrays = self.torch, self.arrays
        pi = torch.exp(self._log_pi(theta))
        move, owner = (torch.as_tensor(x, dtype=theta.dtype) for x in (self.move, self.owner))
        r = owner @ (pi * torch.as_tensor(arrays.r[:-1] - arrays.centre, dtype=theta.dtype))
        system = torch.eye(arrays.S, dtype=theta.dtype) - arrays.gamma * ((owner * pi) @ move)
        return torch.cat([torch.linalg.solve(system, r), torch.zeros(1, dtype=theta.dtype)])


class TorchNumbers:
    """PyTorch scalars as a number system: a policy's row becomes a computation that autograd follows."""

    def __init__(self, torch: Any, theta: Any, params: tuple[sp.Symbol, ...]) -> None:
        self.torch, self.theta = torch, theta
        self.position = {symbol: i for i, symbol in enumerate(params)}

    def number(self, value: Fraction) -> Any:
        return self.torch.as_tensor(value.numerator / value.denominator, dtype=self.theta.dtype)

    def symbol(self, symbol: sp.Symbol) -> Any:
        return self.theta[self.position[symbol]]

    def _form(self, form: Linear) -> Any:
        total = self.number(form.constant)
        for symbol, c in form.coefficients:
            total = total + self.number(c) * self.symbol(symbol)
        return total

    def exp(self, form: Linear) -> Any:
        return self.torch.exp(self._form(form))

    def softmax(self, forms: list[Linear]) -> list[Any]:
        return list(self.torch.softmax(self.torch.stack([self._form(form) for form in forms]), dim=0))


def policy_functions(arrays: ProblemArrays, framework: str) -> DifferentiablePolicy:
    """The policy's functions in one framework.

    >>> from pgsym.auditing.problem_arrays import build_arrays
    >>> from pgsym.model import MDP, Problem, sigmoid
    >>> mdp = MDP.from_transitions([("s", a, "end", 1, 3) for a in ("go", "no")], start="s", terminal=["end"])
    >>> arrays = build_arrays(Problem(mdp, sigmoid(mdp, {"s": "t"})))
    >>> found = policy_functions(arrays, "numpy")
    >>> found.values(np.zeros(1)).tolist(), round(float(found.log_prob(np.zeros(1), 0, 1)), 4)
    ([3.0, 0.0], -0.6931)
    """
    kinds: dict[str, type[Any]] = {"numpy": NumpyPolicy, "jax": JaxPolicy, "torch": TorchPolicy}
    found: DifferentiablePolicy = kinds[framework](arrays)
    return found


FRAMEWORKS = ("numpy", "jax", "torch")


class Framework(Protocol):
    """One framework's arrays."""

    name: str

    def put(self, array: NDArray[Any]) -> Any:
        """A NumPy array as one of this framework."""
        ...

    def get(self, array: Any) -> NDArray[np.float64]:
        """A result as float64 NumPy."""
        ...


class NumpyArrays:
    """NumPy itself: float64, int64."""

    name = "numpy"

    def put(self, array: NDArray[Any]) -> Any:
        return array

    def get(self, array: Any) -> NDArray[np.float64]:
        return np.asarray(array, np.float64)


class JaxArrays:
    """JAX, in its default precision: float32 and int32 unless ``jax_enable_x64`` is set."""

    name = "jax"

    def put(self, array: NDArray[Any]) -> Any:
        import jax
        import jax.numpy as jnp

        return jnp.asarray(array.astype(jax.dtypes.canonicalize_dtype(array.dtype)))

    def get(self, array: Any) -> NDArray[np.float64]:
        return np.asarray(array, np.float64)


class TorchArrays:
    """PyTorch: floats in its default precision, int64."""

    name = "torch"

    def __init__(self) -> None:
        self.torch: Any = import_torch()

    def put(self, array: NDArray[Any]) -> Any:
        found = self.torch.from_numpy(np.ascontiguousarray(array))
        return found.to(self.torch.get_default_dtype()) if found.is_floating_point() else found

    def get(self, array: Any) -> NDArray[np.float64]:
        found = array.detach().cpu().numpy() if hasattr(array, "detach") else array
        return np.asarray(found, np.float64)


def import_torch() -> Any:
    """PyTorch, which is not a dependency.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return import_module("torch")
    except ModuleNotFoundError:
        raise MissingExtraError(
            "PyTorch is not installed; torch tensors need it. pip install torch, or use framework='numpy'",
            where="framework",
        ) from None


def framework_of(framework: str) -> Framework:
    """The arrays of a framework, by name.

    >>> framework_of("numpy").put(np.zeros(2)).tolist()
    [0.0, 0.0]
    """
    if framework == "numpy":
        return NumpyArrays()
    if framework == "jax":
        return JaxArrays()
    if framework == "torch":
        return TorchArrays()
    raise SamplingError(f"found {framework!r}; must be one of {', '.join(FRAMEWORKS)}", where="framework")

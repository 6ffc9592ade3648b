"""What makes a step of a direction: plain ascent, or a transformation of optax."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pgsym.ascent.policy_arrays import Floats
from pgsym.errors import AscentError, MissingExtraError

OPTIMISERS = ("sgd", "momentum", "adam", "rmsprop")
"""Those that are known by name."""

MOMENTUM = 0.9
"""Of 'momentum'."""

Step = Callable[[Floats, Floats], Floats]
"""(theta, direction of ascent) -> the next theta; it remembers what its optimiser remembers."""


class Optimiser:
    """An optimiser from which every path starts afresh.

    Parameters
    ----------
    kind
        A name, or a ``GradientTransformation`` of optax; the latter has its own step size, and minimises:
        it is given minus the direction.
    step_size
        For a name; positive.

    Raises
    ------
    AscentError
        Neither a known name nor a transformation; a step size that is not positive.
    MissingExtraError
        optax is not installed and something other than 'sgd' is asked for.

    Examples
    --------
    >>> step = Optimiser("sgd", 0.5).start(np.zeros(1))
    >>> step(np.zeros(1), np.array([2.0])).tolist()
    [1.0]
    """

    def __init__(self, kind: Any, step_size: float) -> None:
        if isinstance(kind, str) and kind not in OPTIMISERS:
            raise AscentError(
                f"found {kind!r}; must be one of {', '.join(OPTIMISERS)}, or a GradientTransformation of optax. "
                "Check the name",
                where="optimizer",
            )
        if not isinstance(kind, str) and not (hasattr(kind, "init") and hasattr(kind, "update")):
            raise AscentError(
                f"found {type(kind).__name__}; an optimiser has init and update. Give a name or a "
                "GradientTransformation of optax",
                where="optimizer",
            )
        if not (step_size > 0 and math.isfinite(step_size)):
            raise AscentError(f"found {step_size:g}; must be positive. Give one such as 0.1", where="step_size")
        self.name: str = kind if isinstance(kind, str) else type(kind).__name__
        self.step_size: float | None = step_size if isinstance(kind, str) else None
        self._transformation = None if kind == "sgd" else _named(kind, step_size) if isinstance(kind, str) else kind
        self._update: Any = None

    def start(self, theta: Floats) -> Step:
        """The step function of a new path that starts at `theta`."""
        size = self.step_size
        if self._transformation is None and size is not None:
            return lambda theta, direction: theta + size * direction
        return self._start_optax(theta)

    def _start_optax(self, theta: Floats) -> Step:
        import jax

        transformation: Any = self._transformation
        if self._update is None:

            def update(state: Any, theta: Any, direction: Any) -> tuple[Any, Any]:
                change, state = transformation.update(-direction, state, theta)
                return state, theta + change

            self._update = jax.jit(update)
        with jax.enable_x64(True):
            state = transformation.init(jax.numpy.asarray(theta))

        def step(theta: Floats, direction: Floats) -> Floats:
            nonlocal state
            with jax.enable_x64(True):
                state, moved = self._update(state, theta, direction)
                return np.asarray(moved, float)

        return step


def _named(name: str, step_size: float) -> Any:
    try:
        import optax
    except ImportError:
        raise MissingExtraError(
            f"the optimiser {name!r} comes from optax, which is not installed; 'sgd' needs no package. "
            "Run pip install 'pgsym[ascent]'",
            where="optimizer",
        ) from None
    if name == "momentum":
        return optax.sgd(step_size, momentum=MOMENTUM)
    return {"adam": optax.adam, "rmsprop": optax.rmsprop}[name](step_size)

"""What makes a step of a direction: plain ascent, or a transformation of optax."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pgsym.errors import AscentError, MissingExtraError
from pgsym.estimators.estimator import Estimator, find_estimator
from pgsym.estimators.named import ESTIMATORS
from pgsym.estimators.named import NAMES as ESTIMATOR_NAMES
from pgsym.estimators.shares import shares
from pgsym.exact.float_chain import Floats

OPTIMISERS = ("sgd", "momentum", "adam", "rmsprop")
"""Those that are known by name."""

MOMENTUM = 0.9
"""Of 'momentum'."""

Step = Callable[[Floats, Floats], Floats]
"""(theta, direction of ascent) -> the next theta; it remembers what its optimiser remembers."""


class Optimiser:
    """An optimiser from which every path starts afresh.

    It is known by name, with a positive step size, or is a ``GradientTransformation`` of optax; the latter has its own
    step size, and minimises: it is given minus the direction.

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


EXACT, NATURAL = "exact", "natural"

NAMES = (EXACT, NATURAL, *ESTIMATORS)
"""Everything that is known by name; an estimator's may have ``-undiscounted`` behind it."""


@dataclass(frozen=True)
class Method:
    """A direction to follow, with the label under which it is shown."""

    label: str
    kind: str
    """'exact', 'natural' or 'sampled'."""
    estimator: Estimator | None = None
    """For 'sampled'."""


def find_methods(
    methods: str | Iterable[Any] | Mapping[str, Any], let: Mapping[str, Any] | None = None
) -> tuple[Method, ...]:
    """Methods by name, text, estimator or {label: any of them}; a `let` goes to each estimator that has such a name.

    >>> find_methods(["exact"])
    (Method(label='exact', kind='exact', estimator=None),)
    >>> find_methods(["natrual"])
    Traceback (most recent call last):
      ...
    pgsym.errors.AscentError: methods: found 'natrual'; must be one of exact, natural, reinforce, \
reward-to-go, advantage, actor-critic, n-step, gae, all-knowing, eligibility-trace, or an estimator. Did you mean \
'natural'?
    """
    if isinstance(methods, Mapping):
        given = list(methods.items())
    else:
        listed = [methods] if isinstance(methods, str) or not isinstance(methods, Iterable) else list(methods)
        given = [(m.label if isinstance(m, Estimator) else str(m), m) for m in listed]
    own = shares([method for _, method in given], let or {})
    found = tuple(_method(label, method, names) for (label, method), names in zip(given, own, strict=True))
    if not found:
        raise AscentError("found none; at least one is required. Give 'exact'", where="methods")
    labels = [m.label for m in found]
    twice = next((label for i, label in enumerate(labels) if label in labels[:i]), None)
    if twice is not None:
        raise AscentError(
            f"{twice!r} stands twice; each path needs a label of its own. Give {{label: method}}", where="methods"
        )
    return found


def _method(label: str, method: Any, let: Mapping[str, Any]) -> Method:
    if method in (EXACT, NATURAL):
        return Method(label, method)
    text = isinstance(method, str) and not re.fullmatch(r"[\w-]*", method)
    if not text and not isinstance(method, Estimator) and method not in ESTIMATOR_NAMES:
        near = difflib.get_close_matches(str(method), NAMES, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "Choose one of them"
        raise AscentError(
            f"found {method!r}; must be one of {', '.join(NAMES)}, or an estimator. {hint}", where="methods"
        )
    return Method(label, "sampled", find_estimator(method, let))

"""Ways to choose a direction: the exact gradient, the natural gradient, or an estimate from samples."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pgsym.errors import AscentError
from pgsym.model.estimator import ESTIMATORS, UNDISCOUNTED, Estimator, find_estimator

EXACT, NATURAL = "exact", "natural"

NAMES = (EXACT, NATURAL, *ESTIMATORS)
"""Everything that is known by name; an estimator's may have `UNDISCOUNTED` behind it."""


@dataclass(frozen=True)
class Method:
    """A direction to follow, with the label under which it is shown."""

    label: str
    kind: str
    """'exact', 'natural' or 'sampled'."""
    estimator: Estimator | None = None
    """For 'sampled'."""


def find_methods(methods: str | Iterable[Any] | Mapping[str, Any]) -> tuple[Method, ...]:
    """Methods by name, estimator or {label: either}.

    Raises
    ------
    AscentError
        An unknown name, none at all, or one label twice.

    Examples
    --------
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
        found = tuple(_method(label, method) for label, method in methods.items())
    else:
        given = [methods] if isinstance(methods, str) or not isinstance(methods, Iterable) else list(methods)
        found = tuple(_method(m if isinstance(m, str) else getattr(m, "name", repr(m)), m) for m in given)
    if not found:
        raise AscentError("found none; at least one is required. Give 'exact'", where="methods")
    labels = [m.label for m in found]
    twice = next((label for i, label in enumerate(labels) if label in labels[:i]), None)
    if twice is not None:
        raise AscentError(
            f"{twice!r} stands twice; each path needs a label of its own. Give {{label: method}}", where="methods"
        )
    return found


def _method(label: str, method: Any) -> Method:
    if method in (EXACT, NATURAL):
        return Method(label, method)
    if isinstance(method, Estimator):
        return Method(label, "sampled", method)
    if not isinstance(method, str) or method.removesuffix(UNDISCOUNTED) not in ESTIMATORS:
        near = difflib.get_close_matches(str(method), NAMES, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "Choose one of them"
        raise AscentError(
            f"found {method!r}; must be one of {', '.join(NAMES)}, or an estimator. {hint}", where="methods"
        )
    return Method(label, "sampled", find_estimator(method))

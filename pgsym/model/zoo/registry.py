"""The list of named models, and the look-up by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

from pgsym.errors import SchemaError
from pgsym.expression.complaint import nearest
from pgsym.expression.exact import to_expr
from pgsym.model.problem import Problem


@dataclass(frozen=True)
class ZooEntry:
    """One model, or one family of models, of the zoo."""

    name: str
    description: str
    source: str
    build: Callable[..., Problem]

    @property
    def options(self) -> dict[str, Any]:
        """The options with their defaults."""
        return {name: p.default for name, p in inspect.signature(self.build).parameters.items()}


OWN = "constructed for pgsym"
_ENTRIES: dict[str, ZooEntry] = {}


def entry(name: str, description: str, source: str = OWN) -> Callable[[Callable[..., Problem]], Callable[..., Problem]]:
    """Adds the function that follows to the zoo."""

    def add(build: Callable[..., Problem]) -> Callable[..., Problem]:
        _ENTRIES[name] = ZooEntry(name, description, source, build)
        return build

    return add


def zoo(name: str, **options: Any) -> Problem:
    """The model of that name, with its usual policy, objective and theta.

    Parameters
    ----------
    options
        Sizes, numbers or symbols of a family; ``zoo_entries()`` lists them with their defaults.

    Returns
    -------
    Problem

    Raises
    ------
    SchemaError
        No model has that name, or the model has no such option.

    See Also
    --------
    zoo_names : The names.

    Examples
    --------
    >>> zoo("random-walk", n=3).mdp
    MDP(5 states, 2 terminal, 6 outcomes, gamma=1)
    >>> zoo("random-wlak")
    Traceback (most recent call last):
      ...
    pgsym.errors.SchemaError: zoo: no model is called 'random-wlak'; the nearest is 'random-walk'. Check the name
    """
    if name not in _ENTRIES:
        raise SchemaError(
            f"no model is called {name!r}; {nearest(name, zoo_names(), 'the models are')}. Check the name", where="zoo"
        )
    found = _ENTRIES[name]
    for option in options:
        if option not in found.options:
            raise SchemaError(
                f"no option is called {option!r}; {nearest(option, found.options, 'the options are')}. Check the name",
                where=name,
            )
    return replace(found.build(**options), name=name, source=found.source)


def zoo_names() -> tuple[str, ...]:
    """The names, in alphabetical order.

    Returns
    -------
    tuple of str

    See Also
    --------
    zoo : The model of a name.

    Examples
    --------
    >>> zoo_names()[:2]
    ('baxter-bartlett', 'boyan-chain')
    """
    return tuple(sorted(_ENTRIES))


def zoo_entries() -> tuple[ZooEntry, ...]:
    """Every model, in the order of the names."""
    return tuple(_ENTRIES[name] for name in zoo_names())


def inside(*probabilities: Any) -> dict[str, str]:
    """The assumption 0 < p < 1 for each of the options that is a symbol."""
    symbols = [expr for p in probabilities if (expr := to_expr(p)).is_Symbol]
    return {symbol.name: f"0 < {symbol.name} < 1" for symbol in symbols}


Outcomes = list[tuple[Hashable, Hashable, Hashable, Any, Any]]
"""Rows (s, a, s', p, r)."""

Logits = dict[Hashable, dict[Hashable, Any]]
"""{s: {a: formula}}."""

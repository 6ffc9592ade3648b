"""Tables of a quantity, with values that are found when they are asked for; how numbers of any result are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import sympy as sp

from pgsym.algebra import FloatField
from pgsym.algebra.field import Field
from pgsym.display.result import data_frame, notebook_formulas
from pgsym.errors import StructureError, TooLargeError
from pgsym.expression.exact import to_float, written
from pgsym.expression.latex import align, quantity_latex
from pgsym.expression.quantity import ACTION, QUANTITIES
from pgsym.trust import Level, Trust

T = TypeVar("T")

SHOWN = 12
"""Parameters that a text shows."""
WIDTH = 60
"""Characters of a number in a text; a longer one is shown as a float, or by its beginning."""


class LazyMap(Mapping[Any, Any]):
    """A mapping whose values are computed once, when they are asked for.

    >>> squares = LazyMap([1, 2], lambda k: k * k)
    >>> squares[2], len(squares), 3 in squares
    (4, 2, False)
    """

    def __init__(self, keys: Iterable[Any], compute: Callable[[Any], Any]) -> None:
        self._keys, self._compute = dict.fromkeys(keys), compute
        self._known: dict[Any, Any] = {}

    def __getitem__(self, key: Any) -> Any:
        if key not in self._known:
            self._known[key] = self._compute(key)
        return self._known[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys


class Constant:
    """A table with the same value for every key.

    >>> Constant(2)["t"], Constant(2).get("t", 0)
    (2, 2)
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getitem__(self, key: Any) -> Any:
        return self.value

    def get(self, key: Any, default: Any = None) -> Any:
        """The value."""
        return self.value


@dataclass(eq=False, repr=False)
class Table(Mapping[Any, sp.Expr]):
    """A quantity by state, (state, action) or parameter: ``V["s"]``, ``Q["s", "a"]``, ``grad["theta"]``.

    A parameter may also be given as its symbol.
    """

    name: str
    elements: Mapping[Any, Any]
    to_sympy: Callable[[Any], sp.Expr]
    names: Mapping[sp.Symbol | str, str] | None = None
    """LaTeX of symbols."""
    spelt: Mapping[Any, str] | None = None
    """LaTeX of states and actions."""

    def __post_init__(self) -> None:
        self._value = cache(lambda key: self.to_sympy(self.elements[key]))

    def __getitem__(self, key: Any) -> sp.Expr:
        if key not in self.elements and isinstance(key, str):
            key = next((s for s in self.elements if isinstance(s, sp.Symbol) and s.name == key), key)
        if key not in self.elements:
            raise StructureError(
                f"{self.name} has no entry {key!r}; it has {len(self.elements)} entries, such as "
                f"{next(iter(self.elements), None)!r}. Check the name",
                where=self.name,
            )
        return self._value(key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.elements)

    def __len__(self) -> int:
        return len(self.elements)

    def __repr__(self) -> str:
        entries = ", ".join(f"{key!r}: {self[key]}" for key in self)
        return f"{self.name}({{{entries}}})"

    def lines(self) -> list[tuple[str, sp.Expr]]:
        """(LaTeX name, value) for every entry."""
        return [
            (quantity_latex(self.name, *(key if self.arity == 2 else (key,)), spelt=self.spelt), self[key])
            for key in self
        ]

    @property
    def arity(self) -> int:
        """How many names a key has: 2 of a state and an action, or of two states."""
        known = QUANTITIES.get(self.name)
        return 1 if known is None else len(known.kinds)

    def nested(self, told: Mapping[Any, str], entry: Callable[[Any], Any]) -> dict[str, Any]:
        """Plain data by label of the state, then of the action; or by the one label of a key.

        >>> Table("Q", {("s", "go"): 1}, sp.Integer).nested({"s": "s", "go": "go"}, str)
        {'s': {'go': "('s', 'go')"}}
        """
        found: dict[str, Any] = {}
        for key in self:
            if self.arity == 2:
                found.setdefault(told[key[0]], {})[told[key[1]]] = entry(key)
            else:
                found[told.get(key, str(key))] = entry(key)
        return found

    def frame(self) -> Any:
        """A pandas frame: a column for the state (and action), or the parameter, and one for the value.

        >>> V = Table("V", {"s": 1, "t": 2}, sp.Integer)
        >>> V.frame()
          state  V
        0     s  1
        1     t  2
        """
        if self.arity == 2:
            second = "action" if ACTION in QUANTITIES[self.name].kinds else "next state"
            return data_frame(["state", second, self.name], [(*key, self[key]) for key in self])
        by_parameter = any(isinstance(key, sp.Symbol) for key in self)
        rows = [(key.name if isinstance(key, sp.Symbol) else key, self[key]) for key in self]
        return data_frame(["parameter" if by_parameter else "state", self.name], rows)

    def _repr_latex_(self) -> str:
        return notebook_formulas(align(self.lines(), names=self.names))


def field_trust(field: Field, theta: Mapping[sp.Symbol, Any] | None) -> Trust:
    """What numbers of a field are worth: closed forms, exact ones at theta, or floats."""
    if isinstance(field, FloatField):
        return Trust(Level.FLOAT)
    return Trust(Level.NORMAL_FORM if theta is None else Level.EXACT_POINT)


def unless_too_large(get: Callable[[], T]) -> T | None:
    """What is asked for; None where its closed form is too large."""
    try:
        return get()
    except TooLargeError:
        return None


def short(e: sp.Expr) -> str:
    """One number for a text.

    >>> short(sp.Float(1) / 3), short(sp.Rational(1, 3)), short(sp.Symbol("x") ** sp.Symbol("y" * 99))
    ('0.333333', '1/3', 'x**yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy...')
    """
    if isinstance(e, sp.Float):
        return f"{float(e):.6g}"
    shown = str(e)
    if len(shown) <= WIDTH:
        return shown
    return f"{shown[: WIDTH - 3]}..." if e.free_symbols else f"{float(e):.6g}"


def leaf(e: sp.Expr) -> dict[str, Any]:
    """One number: exactly, where it is not a float, and as a float, where it has no free symbol.

    >>> leaf(sp.Rational(1, 2)), leaf(sp.Float(0.5)), leaf(sp.Symbol("t"))
    ({'exact': '1/2', 'float': 0.5}, {'exact': None, 'float': 0.5}, {'exact': 't', 'float': None})
    """
    if e == sp.oo:
        return {"exact": "oo", "float": None}
    return {"exact": None if isinstance(e, sp.Float) else written(e), "float": None if e.free_symbols else to_float(e)}

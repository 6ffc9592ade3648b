"""abs, max and min: the value itself at a point, and in a field of functions all values that it may be.

Which of its values a maximum is may depend on the parameters, so it has no closed form.  A sum of maxima and minima of
closed forms is a minimum of maxima of closed forms, and that is what is kept: it is not negative exactly if, in each of
the maxima, some form is not negative at each point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import product
from typing import Any

from pgsym.algebra import RationalField
from pgsym.algebra.balls import sign_of
from pgsym.algebra.field import Field
from pgsym.errors import AlgebraError, TooLargeError
from pgsym.limits import INEQUALITY_CASES


def sign_at(field: Field, element: Any) -> int:
    """-1, 0 or 1: the sign of an exact number; AlgebraError where it holds a symbol, or the sign is too hard to see."""
    if field.is_zero(element):
        return 0
    return sign_of(field.to_sympy(element))


@dataclass(frozen=True)
class ExtremesAtPoint:
    """The largest and the smallest of exact numbers."""

    field: Field

    def greatest(self, values: Sequence[Any]) -> Any:
        return reduce(lambda a, b: b if sign_at(self.field, b - a) > 0 else a, values)

    def least(self, values: Sequence[Any]) -> Any:
        return reduce(lambda a, b: b if sign_at(self.field, b - a) < 0 else a, values)


class UnknownSignError(AlgebraError):
    """What a maximum is multiplied by, or divided by, has no known sign."""


@dataclass(frozen=True)
class ExtremesOfForms:
    """Minima of maxima of closed forms."""

    field: RationalField
    sign: Callable[[Any], int | None]
    """1 or -1 for an element that is nowhere below or above 0, None where that is not known."""

    def greatest(self, values: Sequence[Any]) -> Any:
        joined = (tuple(x for clause in some for x in clause) for some in _products([self.clauses(v) for v in values]))
        return self.made(joined)

    def least(self, values: Sequence[Any]) -> Any:
        return self.made(clause for value in values for clause in self.clauses(value))

    def clauses(self, value: Any) -> tuple[tuple[Any, ...], ...]:
        """Of a minimum of maxima; an element is one of one."""
        return value.clauses if isinstance(value, MinMax) else ((value,),)

    def made(self, clauses: Iterable[tuple[Any, ...]]) -> Any:
        """The minimum of these maxima; the element where it is only one."""
        kept = tuple(self._without_smaller(clause) for clause in clauses)
        if len(kept) == len(kept[0]) == 1:
            return kept[0][0]
        _require_few(sum(map(len, kept)))
        return MinMax(self, kept)

    def _without_smaller(self, clause: Sequence[Any]) -> tuple[Any, ...]:
        """Forms that another one exceeds by a number are left out."""
        kept: list[Any] = []
        for form in clause:
            gaps = [self.field.number_in(form - other) for other in kept]
            if any(gap is not None and gap <= 0 for gap in gaps):
                continue
            kept = [other for other, gap in zip(kept, gaps, strict=True) if gap is None]
            kept.append(form)
        return tuple(kept)


Extremes = ExtremesAtPoint | ExtremesOfForms
"""How the largest and the smallest of some values are taken."""


@dataclass(frozen=True, eq=False)
class MinMax:
    """The minimum of `clauses`, each the maximum of its elements; with Python's operators."""

    of: ExtremesOfForms
    clauses: tuple[tuple[Any, ...], ...]

    def _each(self, changed: Callable[[Any], Any]) -> MinMax:
        """Every form changed in a way that keeps their order."""
        return MinMax(self.of, tuple(tuple(map(changed, clause)) for clause in self.clauses))

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, MinMax):
            return self._each(lambda x: x + other)
        pairs = product(self.clauses, self.of.clauses(other))
        return self.of.made(tuple(x + y for x in a for y in b) for a, b in pairs)

    __radd__ = __add__

    def __neg__(self) -> Any:
        found = (tuple(-x for x in some) for some in _products(self.clauses))
        if len(self.clauses) == 1 or all(len(clause) == 1 for clause in self.clauses):
            return MinMax(self.of, tuple(found))  # with the same forms
        return self.of.made(found)

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, MinMax):
            if not (self.sizes and other.sizes):
                raise UnknownSignError(
                    "found a product of two of abs, max and min; each is a sum or an extreme of absolute values or of "
                    "what is nowhere negative, or one factor has a closed form"
                )
            pairs = product(self.clauses, other.clauses)
            return self.of.made(tuple(x * y for x in a for y in b) for a, b in pairs)
        if self.of.field.is_zero(other):
            return other
        sign = self.of.sign(other)
        if sign is None:
            raise UnknownSignError("the sign of what abs, max or min is multiplied by is not known")
        if sign < 0:
            return -self * -other
        return self._each(lambda x: x * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, MinMax):
            raise UnknownSignError("found a division by abs, max or min; a divisor has a closed form")
        return self * (self.of.field.one / other)

    def __rtruediv__(self, other: Any) -> Any:
        raise UnknownSignError("found a division by abs, max or min; a divisor has a closed form")

    def __pow__(self, power: int) -> Any:
        """A clause of sizes to a power is the largest of the powers of its forms."""
        if power == 1:
            return self
        if power < 1 or not self.sizes:
            raise UnknownSignError(
                "found a power of abs, max or min; what is raised to a power is a sum or an extreme of absolute values "
                "or of what is nowhere negative, or has a closed form"
            )
        return self.of.made(tuple(x**power for x in clause) for clause in self.clauses)

    @cached_property
    def sizes(self) -> bool:
        """Whether each clause has with every form its negative, if the form may be negative somewhere.

        Such a clause is the largest absolute value of its forms, and a product of two is that of the products.
        """
        return all(self._is_size(x, clause) for clause in self.clauses for x in clause)

    def _is_size(self, form: Any, clause: Sequence[Any]) -> bool:
        return any(self.of.field.is_zero(form + x) for x in clause) or self.of.sign(form) == 1


def _products(sets: Sequence[Sequence[Any]]) -> Iterable[tuple[Any, ...]]:
    """One of each, in all ways."""
    _require_few(reduce(lambda n, some: n * len(some), sets, 1))
    return product(*sets)


def _require_few(count: int) -> None:
    if count > INEQUALITY_CASES:
        raise TooLargeError(
            f"abs, max and min make {count} cases; at most {INEQUALITY_CASES} are told apart. Split the claim"
        )

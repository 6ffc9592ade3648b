"""Polynomials that are seen to be positive: sums of products of what is positive or not negative."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import product
from math import factorial, prod

import sympy as sp

from pgsym.expression.naming import in_order

POWERS = 6
"""Powers of a positive factor that are tried."""

SIZE = 20_000
"""Coefficients that are looked at, over all monomials."""

Powers = tuple[int, ...]
Table = dict[tuple[Powers, ...], sp.Rational]
"""Coefficients by the powers of the parts of each simplex, without their multinomial factors."""


@dataclass(frozen=True)
class Simplex:
    """Expressions that are not negative and sum to 1: symbols, and 1 minus their sum, the last of `positive`."""

    symbols: tuple[sp.Symbol, ...]
    positive: tuple[bool, ...]

    @property
    def parts(self) -> tuple[sp.Expr, ...]:
        """The symbols, and what is left of 1."""
        return (*self.symbols, 1 - sp.Add(*self.symbols))


@dataclass(frozen=True)
class Shown:
    """sign * multiplier * polynomial as a sum of terms that are not negative, the first of which is positive."""

    sign: int
    multiplier: sp.Expr
    """A power of the sum of the positive symbols (and 1, if degrees differ); 1 where none is needed."""
    terms: tuple[sp.Expr, ...]


def visibly_positive(polynomial: sp.Expr, positive: Set[sp.Symbol], simplices: Sequence[Simplex] = ()) -> Shown | None:
    """The polynomial, up to its sign, as a sum of products with positive coefficients; None where it does not show.

    In the symbols of a simplex it is written as a homogeneous polynomial of the simplex's parts (Bernstein's form).
    A polynomial that is positive for all positive symbols may have negative coefficients; multiplied by a power of
    their sum (and 1, unless it is homogeneous) it loses them (Polya 1928).  Simplices have no common symbols.

    >>> x, gamma, p, q = sp.symbols("x gamma p q")
    >>> discount, row = Simplex((gamma,), (False, True)), Simplex((p, q), (False, False, False))
    >>> visibly_positive(1 + x - gamma, {x}, [discount]).terms
    (x, 1 - gamma)
    >>> visibly_positive(1 - gamma * (p + q), set(), [discount, row]).terms
    (1 - gamma, gamma*(-p - q + 1))
    >>> visibly_positive(x**2 - x + 1, {x})
    Shown(sign=1, multiplier=x + 1, terms=(x**3, 1))
    >>> visibly_positive(1 + x - 2 * gamma, {x}, [discount]) is None
    True
    """
    found = polynomial.free_symbols
    # first the simplices with no part that is known to be positive: what is free of them is positive by the others
    inside = sorted((s for s in simplices if found & set(s.symbols)), key=lambda s: any(s.positive))
    within = [y for s in inside for y in s.symbols]
    others = in_order(found - set(within))
    if any(s not in positive for s in others):
        return None
    homogeneous = bool(others) and sp.Poly(polynomial, *others).is_homogeneous
    factor = sp.Add(*others) if homogeneous else 1 + sp.Add(*others)
    for power in range(POWERS + 1 if others else 1):
        poly = sp.Poly(sp.expand(polynomial * factor**power), *others, *within)
        tables = _tables(poly, len(others), inside)
        if tables is None:
            return None
        for sign in (1, -1):
            terms = list(_terms(sign, tables, others, inside))
            if all(c > 0 for c, _, _ in terms) and any(strict for _, strict, _ in terms):
                terms.sort(key=lambda term: not term[1])
                return Shown(sign, factor**power, tuple(c * rest for c, _, rest in terms))
    return None


def _tables(poly: sp.Poly, count: int, simplices: Sequence[Simplex]) -> dict[Powers, Table] | None:
    """For each monomial in the first symbols, the coefficients in the parts of the simplices; None if too many."""
    split, places = [], []
    start = count
    for s in simplices:
        places.append(slice(start, start + len(s.symbols)))
        start += len(s.symbols)
    for powers, c in poly.terms():
        split.append((powers[:count], [(*powers[p], 0) for p in places], c))
    degrees = [max(sum(inner[k]) for _, inner, _ in split) for k in range(len(simplices))]
    grids = [list(_compositions(d, len(s.parts))) for d, s in zip(degrees, simplices, strict=True)]
    if prod(map(len, grids)) * len({rest for rest, _, _ in split}) > SIZE:
        return None
    found: dict[Powers, Table] = {}
    for rest, inner, c in split:
        table = found.setdefault(rest, dict.fromkeys(product(*grids), sp.Integer(0)))
        for key in table:
            table[key] += c * sp.prod([_share(low, high) for low, high in zip(inner, key, strict=True)])
    return found


def _compositions(total: int, parts: int) -> Iterator[Powers]:
    if parts == 1:
        yield (total,)
        return
    for k in range(total + 1):
        yield from ((k, *rest) for rest in _compositions(total - k, parts - 1))


def _share(low: Powers, high: Powers) -> sp.Rational:
    """The coefficient of the parts' product with powers `high` in that with powers `low`, over its multinomial.

    >>> _share((1, 0), (1, 1)), _share((0, 0), (1, 1)), _share((0, 1), (2, 0))
    (1/2, 1, 0)
    """
    if any(i > k for i, k in zip(low, high, strict=True)):
        return sp.Integer(0)
    left = tuple(k - i for i, k in zip(low, high, strict=True))
    return sp.Rational(_multinomial(left), _multinomial(high))


def _multinomial(powers: Powers) -> int:
    return factorial(sum(powers)) // prod(map(factorial, powers))


def _terms(
    sign: int, tables: dict[Powers, Table], others: Sequence[sp.Symbol], simplices: Sequence[Simplex]
) -> Iterator[tuple[sp.Rational, bool, sp.Expr]]:
    """Coefficient, whether the term is positive for sure, and the product of powers."""
    for rest, table in sorted(tables.items(), reverse=True):
        monomial = [s**k for s, k in zip(others, rest, strict=True)]
        for key, c in _peeled({k: sign * c for k, c in table.items()}, len(simplices)):
            factors, strict = list(monomial), True
            for s, powers in zip(simplices, key, strict=True):
                for part, known, k in zip(s.parts, s.positive, powers or (), strict=powers is not None):
                    factors.append(part**k)
                    strict = strict and (known or k == 0)
            yield c, strict, sp.prod(factors)


def _peeled(table: Table, count: int) -> Iterator[tuple[tuple[Powers | None, ...], sp.Rational]]:
    """The same sum in fewer terms: what all powers of a simplex share is free of it, since they sum to 1."""
    if not any(table.values()):
        return
    if not count:
        yield (), table[()]
        return
    slices: dict[Powers, Table] = {}
    for key, c in table.items():
        slices.setdefault(key[0], {})[key[1:]] = c
    shared = {key: min(s[key] for s in slices.values()) for key in next(iter(slices.values()))}
    yield from (((None, *rest), c) for rest, c in _peeled(shared, count - 1))
    for powers, s in slices.items():
        left = {key: _multinomial(powers) * (c - shared[key]) for key, c in s.items()}
        yield from (((powers, *rest), c) for rest, c in _peeled(left, count - 1))

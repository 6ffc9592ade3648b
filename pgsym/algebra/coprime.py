"""Denominators as products over a coprime base that refines itself.

Expanding a denominator is what makes exact gradients large.  Here it is a product of powers of primitive polynomials
(parts), pairwise coprime but not necessarily irreducible.  Where two parts turn out to share a factor both are split,
for all elements that mention them.

Reference: D. J. Bernstein, Factoring into coprimes in essentially linear time (2005).
"""

from __future__ import annotations

from typing import Any

from pgsym.algebra.polynomial import Polynomial, Ring

DIVISION_TERMS = 200
"""Shorter polynomials have fast gcds."""


class CoprimePart:
    """A primitive non-constant polynomial with positive leading coefficient."""

    __slots__ = ("key", "pieces", "poly", "special")

    def __init__(self, key: int, poly: Polynomial) -> None:
        self.key, self.poly = key, poly
        self.pieces: Factors | None = None
        """Its coprime factorization, once it was split."""
        self.special: dict[Any, bool] = {}
        """For each derivation met so far, whether the part divides its own derivative."""

    def __repr__(self) -> str:
        return f"Part({self.poly})"


Factors = tuple[tuple[CoprimePart, int], ...]
"""A product of powers, sorted by key; exponents are positive."""


class CoprimeBase:
    """The parts that the elements of one field mention.

    >>> ring = Ring(2)
    >>> x, y = ring.generators
    >>> base = CoprimeBase(ring)
    >>> a, b = base.factors((x - y) * (x + y)), base.factors((x - y) ** 2)
    >>> base.refine(a, b)
    (((Part(g0 + g1), 1), (Part(g0 - g1), 1)), ((Part(g0 - g1), 2),))
    """

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self._buckets: dict[Any, list[CoprimePart]] = {}
        self._count = 0
        self._coprime: set[tuple[int, int]] = set()

    def part(self, poly: Polynomial) -> CoprimePart:
        bucket = self._buckets.setdefault((len(poly), poly.leading_coefficient()), [])
        for known in bucket:
            if known.poly == poly:
                return known
        part = CoprimePart(self._count, poly)
        self._count += 1
        bucket.append(part)
        return part

    def factors(self, poly: Polynomial) -> Factors:
        """A primitive polynomial with positive leading coefficient as generators times one part."""
        found: list[tuple[CoprimePart, int]] = []
        monomial = self.ring.one
        for generator, power in zip(self.ring.generators, self.ring.monomial_exponents(poly), strict=True):
            if power:
                found.append((self.part(generator), power))
                monomial = monomial * generator**power
        if found:
            poly = poly // monomial
        if not poly.is_one():
            found.append((self.part(poly), 1))
        return self.live(tuple(sorted(found, key=_by_key)))

    def quotient(self, poly: Polynomial, part: CoprimePart) -> Polynomial | None:
        """poly / part if that is a polynomial and cheaper to find than their gcd, else None.

        In an elimination the divisor is usually known (Bareiss), and values at one integer point tell.
        """
        if len(poly) < DIVISION_TERMS or len(part.poly) < 2:
            return None
        at = self.ring.evaluate(part.poly)
        if at == 0 or self.ring.evaluate(poly) % at != 0:
            return None
        self.ring.check_time()
        quotient = poly // part.poly
        return quotient if quotient * part.poly == poly else None

    def live(self, factors: Factors) -> Factors:
        """The same product without parts that were split."""
        for part, _ in factors:
            if part.pieces is not None:
                break
        else:
            return factors
        exponents: dict[CoprimePart, int] = {}
        stack = list(factors)
        while stack:
            part, power = stack.pop()
            if part.pieces is None:
                exponents[part] = exponents.get(part, 0) + power
            else:
                stack.extend((piece, power * k) for piece, k in part.pieces)
        return tuple(sorted(exponents.items(), key=_by_key))

    def refine(self, a: Factors, b: Factors) -> tuple[Factors, Factors]:
        """Both products over common parts: afterwards two parts are either the same or coprime."""
        a, b = self.live(a), self.live(b)
        while pair := self._common(a, b):
            p, q, g = pair
            self._split((p, q), [g, p.poly // g, q.poly // g])
            a, b = self.live(a), self.live(b)
        return a, b

    def split(self, part: CoprimePart, divisor: Polynomial) -> None:
        self._split((part,), [divisor, part.poly // divisor])

    def times(self, a: Factors, b: Factors) -> Factors:
        """The product; both must be refined against each other."""
        exponents = dict(a)
        for part, power in b:
            exponents[part] = exponents.get(part, 0) + power
        return tuple(sorted(exponents.items(), key=_by_key))

    def expand(self, factors: Factors) -> Polynomial:
        if len(factors) == 1 and factors[0][1] == 1:
            return factors[0][0].poly
        return self.ring.product((part.poly, power) for part, power in factors)

    def _common(self, a: Factors, b: Factors) -> tuple[CoprimePart, CoprimePart, Polynomial] | None:
        """Two different parts with a common divisor, unless there are none."""
        for p, _ in a:
            for q, _ in b:
                if p is q:
                    continue
                pair = (p.key, q.key) if p.key < q.key else (q.key, p.key)
                if pair in self._coprime:
                    continue
                g = self.ring.gcd(p.poly, q.poly)
                if not g.is_one():
                    return p, q, g
                self._coprime.add(pair)
        return None

    def _split(self, parts: tuple[CoprimePart, ...], divisors: list[Polynomial]) -> None:
        base = [self.part(f) for f in _coprime_base(self.ring, divisors)]
        for part in parts:
            rest, pieces = part.poly, []
            for piece in base:
                power = 0
                while not rest.is_one():
                    g = self.ring.gcd(rest, piece.poly)
                    if g.is_one():
                        break
                    rest, power = rest // piece.poly, power + 1
                if power:
                    pieces.append((piece, power))
            if pieces != [(part, 1)]:
                part.pieces = tuple(sorted(pieces, key=_by_key))


def beyond(a: Factors, b: Factors) -> Factors:
    """What a has and b has not: lcm(a, b) / b."""
    known = dict(b)
    return tuple((part, power - known.get(part, 0)) for part, power in a if power > known.get(part, 0))


def _by_key(item: tuple[CoprimePart, int]) -> int:
    return item[0].key


def _coprime_base(ring: Ring, polynomials: list[Polynomial]) -> list[Polynomial]:
    """Pairwise coprime polynomials whose products give all of `polynomials`."""
    base: list[Polynomial] = []
    stack = [p for p in polynomials if not p.is_one()]
    while stack:
        p = stack.pop()
        for k, b in enumerate(base):
            g = ring.gcd(p, b)
            if not g.is_one():
                del base[k]
                stack.extend(f for f in (g, p // g, b // g) if not f.is_one())
                break
        else:
            base.append(p)
    return base

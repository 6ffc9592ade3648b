"""Another route to signs: random exact points of a domain, and values by SymPy."""

import random
from fractions import Fraction

import sympy as sp

from pgsym.order import Kind, SimplexRow, decide_sign, fraction_of


def decided(expr, kinds, strict=False, assumptions=(), **options):
    """The verdict on expr >= 0, or > 0, for SymPy expressions."""
    given = [fraction_of(sp.sympify(a), kinds)[0] for a in assumptions]
    return decide_sign(*fraction_of(sp.sympify(expr), kinds), kinds, strict=strict, assumptions=given, **options)


def points(kinds, count, seed):
    """Random points of the domain, corners and small denominators among them."""
    rng = random.Random(seed)

    def positive():
        return Fraction(rng.choice([1, 2, 3, rng.randint(1, 10**4)]), rng.choice([1, 2, 3, rng.randint(1, 10**4)]))

    for _ in range(count):
        x = []
        for kind in kinds.values():
            u = positive()
            if kind is Kind.UNIT_HALF_OPEN and rng.random() < 0.2:
                u = Fraction(0)
            if kind is Kind.REAL:
                u = rng.choice([u, -u, Fraction(0)])
            x.append(u / (1 + u) if kind in (Kind.UNIT_OPEN, Kind.UNIT_HALF_OPEN) else u)
        rows = {}
        for k, kind in enumerate(kinds.values()):
            if isinstance(kind, SimplexRow):
                rows.setdefault(kind, []).append(k)
        for row in rows.values():
            total = sum(x[k] for k in row)
            for k in row:
                x[k] = x[k] / total
        yield x


def values(expr, kinds, count, seed=0):
    """The expression at random points, exactly."""
    found = sp.lambdify(list(kinds), sp.sympify(expr), modules=[])
    for x in points(kinds, count, seed):
        try:
            yield Fraction(found(*x))
        except ZeroDivisionError:
            continue

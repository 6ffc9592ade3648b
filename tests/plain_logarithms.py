"""Questions with logarithms, and their values in floats."""

import math
import random

import sympy as sp

from pgsym.order import Kind, SimplexRow, fraction_of
from pgsym.order.question import SignQuestion

p, q, x, y = sp.symbols("p q x y")
UNIT = {p: Kind.UNIT_OPEN, q: Kind.UNIT_OPEN}
ROW = {**dict.fromkeys(sp.symbols("p1:4"), SimplexRow("p")), **dict.fromkeys(sp.symbols("q1:4"), SimplexRow("q"))}
POSITIVE = {x: Kind.POSITIVE, y: Kind.POSITIVE}
P, Q = sp.symbols("p1:4"), sp.symbols("q1:4")
log = sp.Function("log")  # stays as it is written

BINARY = p * (log(p) - log(q)) + (1 - p) * (log(1 - p) - log(1 - q))
ROWS = sum(a * (log(a) - log(b)) for a, b in zip(P, Q, strict=True))
MEAN = p * log(x) + (1 - p) * log(y)
HALF = sp.Rational(1, 2)


def posed(expr, kinds, strict=False):
    """The question with a real variable for each logarithm, and what these are of."""
    arguments = list(dict.fromkeys(e.args[0] for e in sp.preorder_traversal(expr) if e.func == log))
    names = [sp.Symbol(f"L{k}") for k in range(len(arguments))]
    expr = expr.xreplace({log(u): name for u, name in zip(arguments, names, strict=True)})
    wide = {**kinds, **dict.fromkeys(names, Kind.REAL)}
    of = {len(kinds) + k: fraction_of(u, list(wide)) for k, u in enumerate(arguments)}
    return SignQuestion.of(*fraction_of(expr, list(wide)), wide, strict=strict), of, wide


def numbers(expr, kinds):
    """Its values at random points, in floats."""
    rng, names = random.Random(0), list(kinds)
    value = sp.lambdify(names, expr, modules=[{"log": math.log}, "math"])
    for _ in range(2000):
        u = [math.exp(rng.gauss(0, rng.choice([0.1, 1, 3]))) for _ in names]
        point = []
        for k, kind in enumerate(kinds.values()):
            row = sum(v for v, other in zip(u, kinds.values(), strict=True) if other == kind)
            point.append(
                u[k] / row if isinstance(kind, SimplexRow) else u[k] / (1 + u[k]) if kind is Kind.UNIT_OPEN else u[k]
            )
        yield value(*point)

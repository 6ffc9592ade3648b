"""Points of a model's domain: where every assumption holds and every probability lies in [0, 1]."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from pgsym.expression.assumptions import Assumption, Point, true, value_at
from pgsym.expression.evaluate import Tangents, evaluate
from pgsym.expression.linear import Linear, implied
from pgsym.expression.naming import in_order


def witness(
    probabilities: Iterable[sp.Expr], assumptions: Iterable[Assumption], symbols: Iterable[sp.Symbol], seed: int = 0
) -> dict[sp.Symbol, sp.Rational] | None:
    """A rational point at which the assumptions hold and every probability, rational in the symbols, lies in [0, 1].

    Probabilities strictly inside (0, 1) are preferred.  Candidates are drawn at several scales; those that miss are
    pulled towards the violated constraints (relaxation of Agmon and of Motzkin & Schoenberg, 1954), rounded to a small
    denominator, and checked exactly.  The search is complete for no class of domains: None means that none was found.

    >>> p, q = sp.symbols("p q")
    >>> witness([p, q, 1 - p - q], [Assumption.parse("q > 2*p")], [p, q])
    {p: 1/6, q: 6/11}
    """
    assumptions, probabilities, order = list(assumptions), list(dict.fromkeys(probabilities)), in_order(symbols)
    tied = implied([g for p in probabilities for g in (p, 1 - p)] + [g for a in assumptions for g in a.weak])
    if tied:
        rest = [p.subs(tied) for p in probabilities], [a.replace(tied) for a in assumptions]
        free = witness(*rest, [s for s in order if s not in tied], seed)
        return None if free is None else {s: free[s] if s in free else sp.Rational(tied[s].subs(free)) for s in order}
    weak = [g for a in assumptions for g in a.inequalities] + [g for s in order for g in signs(s)]
    unequal = [left - right for a in assumptions for left, r, right in a.comparisons if r == "!="]
    inside = [g for p in probabilities for g in (p, 1 - p)]
    bounded = {s for g in inside for s in g.free_symbols}
    rng = random.Random(seed)
    effort = _Effort()
    for strict in (True, False):
        wanted = list(dict.fromkeys(weak + [(g, strict and bool(g.free_symbols)) for g in inside]))
        accept = _acceptor(wanted, unequal, effort)
        boxes = _boxes(wanted, order, bounded)
        if boxes is None:
            continue
        rows = simplices(inside, boxes)
        constraints: list[tuple[Slopes, int]] = []
        for attempt in range(_ATTEMPTS):
            point = {s: _draw(*boxes[s], attempt, rng, corners=not strict) for s in order}
            if attempt % 2 == 0:
                for row in rows:  # positive numbers that sum to less than 1
                    weights = [rng.randint(1, 9) for _ in range(len(row) + 1)]
                    point.update((s, Fraction(w, sum(weights))) for s, w in zip(row, weights, strict=False))
            if effort.is_spent:
                return None
            found: dict[sp.Symbol, Fraction] | None = point
            if not accept(point):
                constraints = constraints or [_slopes_of(g) for g, _ in wanted]
                found = _relax(constraints, point, accept, rng, effort)
            if found is not None:
                return {s: sp.Rational(found[s].numerator, found[s].denominator) for s in order}
    return None


_ATTEMPTS = 16
_SWEEPS = 40
MAX_EFFORT = 250_000
"""Operations on numbers after which the search is given up: about a second."""
_DENOMINATORS = (12, 60, 840, 27720, 10**6)
Box = tuple[Fraction | None, Fraction | None]


def _boxes(
    wanted: Sequence[tuple[sp.Expr, bool]], order: Sequence[sp.Symbol], bounded: set[sp.Symbol]
) -> dict[sp.Symbol, Box] | None:
    """Bounds on single symbols, from the constraints that are affine in one; None if they contradict each other.

    Symbols of probabilities without a bound of their own are looked for in [0, 1] first.
    """
    low: dict[sp.Symbol, Fraction] = {}
    high: dict[sp.Symbol, Fraction] = {}
    for g, strict in wanted:
        if not g.free_symbols and not true(">" if strict else ">=", value_at(g, {})):
            return None
        found = affine(g)
        if found is None:
            continue
        s, slope, bound = found
        if slope > 0:
            low[s] = max(low.get(s, bound), bound)
        else:
            high[s] = min(high.get(s, bound), bound)
        if s in low and s in high and (low[s] > high[s] or (strict and low[s] == high[s])):
            return None
    boxes: dict[sp.Symbol, Box] = {}
    for s in order:
        default: Box = (Fraction(0), Fraction(1)) if s in bounded and s not in low and s not in high else (None, None)
        boxes[s] = (low.get(s, default[0]), high.get(s, default[1]))
    return boxes


def affine(g: sp.Expr) -> tuple[sp.Symbol, Fraction, Fraction] | None:
    """The symbol, the slope and the root of a function that is affine in one symbol and has no other."""
    form = Linear.read(g)
    if form is None or len(form.coefficients) != 1:
        return None
    ((s, slope),) = form.coefficients
    return s, slope, -form.constant / slope


def simplices(inside: Sequence[sp.Expr], boxes: Mapping[sp.Symbol, Box]) -> list[list[sp.Symbol]]:
    """Rows of symbols in (0, 1) that sum to at most 1, without a symbol in common: drawn one by one, they would miss.

    A row shows as the remainder c (1 - s_1 - ... - s_n), alone or as a factor.
    """
    unit: Box = (Fraction(0), Fraction(1))
    taken: set[sp.Symbol] = set()
    rows = []
    for g in dict.fromkeys(factor for p in inside for factor in sp.Mul.make_args(p)):
        if not g.is_Add or len(g.args) < 3 or not g.args[0].is_Rational:
            continue
        row = [-arg / g.args[0] for arg in g.args[1:]]
        if all(s.is_Symbol and boxes[s] == unit for s in row) and taken.isdisjoint(row):
            taken.update(row)
            rows.append(in_order(row))
    return rows


def _draw(low: Fraction | None, high: Fraction | None, attempt: int, rng: random.Random, *, corners: bool) -> Fraction:
    """A number in [low, high]: ever nearer to a finite interval's lower end, ever farther out in an infinite one."""
    n = rng.choice((3, 4, 5, 7, 9, 10))
    part = Fraction(rng.randint(1, n - 1), n)
    if low is not None and high is not None:
        if corners and rng.random() < 0.5:
            return rng.choice((low, high, (low + high) / 2))
        return low + (high - low) * part / 2 ** (attempt % 8)
    far = 2 ** (attempt // 8) * Fraction(rng.randint(0 if corners else 1, 12), rng.choice((1, 2, 3)))
    if low is not None or high is not None:
        return low + far if low is not None else high - far
    return far * rng.choice((-1, 1))


Slopes = Callable[[Mapping[sp.Symbol, float]], tuple[float, dict[sp.Symbol, float]]]
"""A function's value and gradient at a point."""


@dataclass
class _Effort:
    """What the search has cost so far."""

    spent: int = 0

    @property
    def is_spent(self) -> bool:
        return self.spent > MAX_EFFORT


def _relax(
    constraints: Sequence[tuple[Slopes, int]],
    point: Mapping[sp.Symbol, Fraction],
    accept: Callable[[Point], bool],
    rng: random.Random,
    effort: _Effort,
) -> dict[sp.Symbol, Fraction] | None:
    """Project on one violated constraint after another, in floating point, with a margin; then round and check."""
    try:
        here = {s: float(v) for s, v in point.items()}
    except OverflowError:
        return None
    margin = 0.5 / (1 + len(here))
    for sweep in range(_SWEEPS):
        worst = 0.0
        for value_and_slopes, cost in constraints:
            effort.spent += cost
            try:
                value, steep = value_and_slopes(here)
            except (ZeroDivisionError, OverflowError):
                continue
            lack = margin - value
            square = sum(c * c for c in steep.values())
            if lack <= 0 or square == 0 or square != square:
                continue
            worst = max(worst, lack)
            for s, c in steep.items():
                here[s] += (1 + 0.5 * rng.random()) * lack * c / square
        if effort.is_spent:
            return None
        if worst <= margin and all(abs(v) < 1e9 for v in here.values()):
            for limit in _DENOMINATORS:
                rounded = {s: Fraction(v).limit_denominator(limit) for s, v in here.items()}
                if accept(rounded):
                    return rounded
        if sweep % 10 == 9:
            margin /= 4
    return None


def _slopes_of(expr: sp.Expr) -> tuple[Slopes, int]:
    """Value and gradient of a function, and how many operations they take."""
    form = Linear.read(expr)
    if form is not None:
        try:
            constant, slopes = float(form.constant), {s: float(c) for s, c in form.coefficients}
        except OverflowError:
            pass  # it has no value in floats, which the evaluation finds out at each point
        else:
            return lambda point: (constant + sum(c * point[s] for s, c in slopes.items()), slopes), 1 + len(slopes)

    def value_and_slopes(point: Mapping[sp.Symbol, float]) -> tuple[float, dict[sp.Symbol, float]]:
        found = evaluate(expr, Tangents(point))
        return found.value, found.slope

    return value_and_slopes, 4 * _operations(expr)


def _acceptor(
    wanted: Sequence[tuple[sp.Expr, bool]], unequal: Sequence[sp.Expr], effort: _Effort
) -> Callable[[Point], bool]:
    """Exact check of ``g > 0`` (strict) or ``g >= 0`` for every wanted g, and of the inequations."""
    relations = [(g, ">" if strict else ">=") for g, strict in wanted] + [(g, "!=") for g in unequal]
    costs = [_operations(g) for g, _ in relations]

    def accept(point: Point) -> bool:
        for (g, relation), cost in zip(relations, costs, strict=True):
            effort.spent += cost
            if not true(relation, value_at(g, point)):
                return False
        return True

    return accept


def _operations(expr: sp.Expr) -> int:
    return 1 + sum(map(_operations, expr.args))


def signs(symbol: sp.Symbol) -> list[tuple[sp.Expr, bool]]:
    """What SymPy's own assumptions say of the symbol's sign."""
    if symbol.is_positive or symbol.is_negative:
        return [(symbol if symbol.is_positive else -symbol, True)]
    if symbol.is_nonnegative or symbol.is_nonpositive:
        return [(symbol if symbol.is_nonnegative else -symbol, False)]
    return []

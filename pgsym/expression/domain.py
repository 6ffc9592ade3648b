"""Points of a model's domain: where every assumption holds and every probability lies in [0, 1]."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from pgsym.expression.assumptions import Assumption, Fractions, Point, to_fraction, true, value_at
from pgsym.expression.evaluate import evaluate


def witness(
    probabilities: Iterable[sp.Expr],
    assumptions: Iterable[Assumption],
    symbols: Iterable[sp.Symbol],
    seed: int = 0,
) -> dict[sp.Symbol, sp.Rational] | None:
    """A rational point at which the assumptions hold and every probability lies in [0, 1].

    Probabilities strictly inside (0, 1) are preferred.  Candidates are drawn at several scales; those that miss are
    pulled towards the violated constraints (relaxation of Agmon and of Motzkin & Schoenberg, 1954), rounded to a small
    denominator, and checked exactly.  The search is complete for no class of domains: None means that none was found.

    Parameters
    ----------
    probabilities
        Rational functions of the symbols, in any order.
    symbols
        What the point must give a value to.
    seed
        Equal seeds give equal points, others usually different ones.

    Examples
    --------
    >>> p, q = sp.symbols("p q")
    >>> witness([p, q, 1 - p - q], [Assumption.parse("q > 2*p")], [p, q])
    {p: 1/6, q: 6/11}
    """
    assumptions = list(assumptions)
    order = in_order(symbols)
    weak = [g for a in assumptions for g in _inequalities(a)] + [g for s in order for g in _signs(s)]
    unequal = [left - right for a in assumptions for left, r, right in a.comparisons if r == "!="]
    inside = [g for p in dict.fromkeys(probabilities) for g in (p, 1 - p)]
    bounded = {s for g in inside for s in g.free_symbols}
    rng = random.Random(seed)
    for strict in (True, False):
        wanted = list(dict.fromkeys(weak + [(g, strict) for g in inside]))
        accept = _acceptor(wanted, unequal)
        boxes = _boxes(wanted, order, bounded)
        if boxes is None:
            continue
        simplices = _simplices(inside, boxes)
        for attempt in range(_ATTEMPTS):
            point = {s: _draw(*boxes[s], attempt, rng, corners=not strict) for s in order}
            if attempt % 2 == 0:
                for row in simplices:
                    point.update(_draw_simplex(row, rng))
            found = point if accept(point) else _relax(wanted, point, accept, rng)
            if found is not None:
                return {s: sp.Rational(found[s].numerator, found[s].denominator) for s in order}
    return None


def in_order(symbols: Iterable[sp.Symbol]) -> list[sp.Symbol]:
    """Sorted by name; symbols of one name by their SymPy assumptions."""
    distinct = set(symbols)
    named = Counter(s.name for s in distinct)
    return sorted(distinct, key=lambda s: (s.name, str(s.assumptions0) if named[s.name] > 1 else ""))


_ATTEMPTS = 16
_SWEEPS = 40
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
        found = _affine(g)
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


def _affine(g: sp.Expr) -> tuple[sp.Symbol, sp.Rational, Fraction] | None:
    """The symbol, the slope and the root of a function that is affine in one symbol and has no other."""
    if g.is_Symbol:
        return g, sp.Integer(1), Fraction(0)
    if g.is_Add and len(g.args) == 2 and g.args[0].is_Rational:
        slope, s = g.args[1].as_coeff_Mul()
        if s.is_Symbol and slope.is_Rational:
            return s, slope, to_fraction(-g.args[0] / slope)
    if len(g.free_symbols) != 1:
        return None
    (s,) = g.free_symbols
    slope = sp.diff(g, s)
    if not slope.is_Rational or slope == 0:
        return None
    return s, slope, to_fraction(-g.xreplace({s: sp.Integer(0)}) / slope)


def _simplices(inside: Sequence[sp.Expr], boxes: Mapping[sp.Symbol, Box]) -> list[list[sp.Symbol]]:
    """Rows of symbols in (0, 1) that sum to at most 1, without a symbol in common.

    A row of n free probabilities fills 1/n! of its box: drawn one by one, they would miss it.  It shows as the
    remainder c (1 - s_1 - ... - s_n), alone or as a factor.
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
            rows.append(sorted(row, key=lambda s: s.name))
    return rows


def _draw_simplex(row: Sequence[sp.Symbol], rng: random.Random) -> dict[sp.Symbol, Fraction]:
    """Positive numbers that sum to less than 1."""
    weights = [rng.randint(1, 9) for _ in range(len(row) + 1)]
    return {s: Fraction(w, sum(weights)) for s, w in zip(row, weights, strict=False)}


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


def _relax(
    wanted: Sequence[tuple[sp.Expr, bool]],
    point: Mapping[sp.Symbol, Fraction],
    accept: Callable[[Point], bool],
    rng: random.Random,
) -> dict[sp.Symbol, Fraction] | None:
    """Project on one violated constraint after another, in floating point, with a margin; then round and check."""
    constraints = [_gradient_of(g) for g, _ in wanted]
    here = {s: float(v) for s, v in point.items()}
    margin = 0.5 / (1 + len(here))
    for sweep in range(_SWEEPS):
        worst = 0.0
        for value, slopes in constraints:
            try:
                lack = margin - value(here)
                if lack <= 0:
                    continue
                steep = {s: slope(here) for s, slope in slopes.items()}
            except (ZeroDivisionError, OverflowError):
                continue
            square = sum(c * c for c in steep.values())
            if square == 0 or square != square:
                continue
            worst = max(worst, lack)
            for s, c in steep.items():
                here[s] += (1 + 0.5 * rng.random()) * lack * c / square
        if worst <= margin and all(abs(v) < 1e9 for v in here.values()):
            for limit in _DENOMINATORS:
                rounded = {s: Fraction(v).limit_denominator(limit) for s, v in here.items()}
                if accept(rounded):
                    return rounded
        if sweep % 10 == 9:
            margin /= 4
    return None


def _gradient_of(
    expr: sp.Expr,
) -> tuple[Callable[[Mapping[sp.Symbol, float]], float], dict[sp.Symbol, Callable[[Mapping[sp.Symbol, float]], float]]]:
    terms = expr.as_coefficients_dict()
    if all(term == 1 or term.is_Symbol for term in terms):
        affine = {s: float(c) for s, c in terms.items() if s != 1}
        constant = float(terms.get(sp.Integer(1), 0))
        return (
            lambda point: constant + sum(c * point[s] for s, c in affine.items()),
            {s: lambda _, c=c: c for s, c in affine.items()},  # type: ignore[misc]
        )
    symbols = sorted(expr.free_symbols, key=lambda s: s.name)
    return _float_function(expr), {s: _float_function(sp.diff(expr, s)) for s in symbols}


def _float_function(expr: sp.Expr) -> Callable[[Mapping[sp.Symbol, float]], float]:
    return lambda point: evaluate(expr, _Floats(point))


def _acceptor(wanted: Sequence[tuple[sp.Expr, bool]], unequal: Sequence[sp.Expr]) -> Callable[[Point], bool]:
    """Exact check of ``g > 0`` (strict) or ``g >= 0`` for every wanted g, and of the inequations."""

    def accept(point: Point) -> bool:
        relations = [(g, ">" if strict else ">=") for g, strict in wanted] + [(g, "!=") for g in unequal]
        return all(true(relation, value_at(g, point)) for g, relation in relations)

    return accept


def _inequalities(assumption: Assumption) -> list[tuple[sp.Expr, bool]]:
    """Every comparison as ``g > 0`` (True) or ``g >= 0`` (False)."""
    found = []
    for left, relation, right in assumption.comparisons:
        if relation != "!=":
            found.append((right - left if relation.startswith("<") else left - right, "=" not in relation))
    return found


def _signs(symbol: sp.Symbol) -> list[tuple[sp.Expr, bool]]:
    """What SymPy's own assumptions say of the symbol's sign."""
    if symbol.is_positive or symbol.is_negative:
        return [(symbol if symbol.is_positive else -symbol, True)]
    if symbol.is_nonnegative or symbol.is_nonpositive:
        return [(symbol if symbol.is_nonnegative else -symbol, False)]
    return []


class _Floats(Fractions):
    """The same in floating point."""

    def __init__(self, point: Mapping[sp.Symbol, float]) -> None:
        self.point = point  # type: ignore[assignment]

    def number(self, value: Fraction) -> Any:
        return float(value)

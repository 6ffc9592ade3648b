"""The largest of some fractions: nonnegative where a combination of them with nonnegative multipliers is.

Linear programming in floats proposes multipliers such that no coefficient of the combination is negative (Handelman
1988; for one fraction, Polya's multipliers); rounded, they are kept if that holds exactly.  Where there are none the
domain is halved, and each half may take other ones: first where two of the fractions are equal, so that another one is
the largest, then as in `differences`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from itertools import combinations, islice, product
from math import lcm, prod
from typing import Any

from pgsym.limits import ORDER_FACTORED_TERMS, ORDER_PARTS, ORDER_SECONDS
from pgsym.order.binomials import binomial_squares
from pgsym.order.certificates import Halving, Largest, SignCertificate, Weighted
from pgsym.order.checker import check_largest, check_weighted, total
from pgsym.order.decide import SignStatus, SignVerdict
from pgsym.order.differences import DEPTHS, cuts, negative_share
from pgsym.order.kinds import Extent, Kinds, Orthant
from pgsym.order.polynomials import Polynomial, by_power, context, factors, of_terms, read, terms, value, variables_of
from pgsym.order.regions import Cut, halves, without_negative_terms

MONOMIALS = 27
"""Of the multiplier of one polynomial, at most; beyond, it is a number."""

LARGEST_PROGRAM = 40_000
"""Entries of a linear program."""

POINTS = 100
"""At which it is looked which of the fractions is the largest."""

PAIRS = 400
"""Pairs of fractions whose differences are factored."""

CUT_ALONG = 3
"""Polynomials, those with the least of negative coefficients, through whose lowest points the domain is cut."""


def decide_largest(forms: Sequence[tuple[Any, Any]], kinds: Kinds, *, seconds: float = ORDER_SECONDS) -> SignVerdict:
    """Whether at each point of the domain at which all are defined one of the fractions is >= 0.

    Parameters
    ----------
    forms : sequence of pairs of polynomials
        Numerators and denominators; variable k is the k-th key of `kinds`.
    kinds, seconds
        As for `decide_sign`.

    Returns
    -------
    A verdict: proved, with a certificate that has passed the checker, or undecided.

    Examples
    --------
    >>> import sympy as sp
    >>> from pgsym.order import Kind, fraction_of
    >>> x, y = sp.symbols("x y")
    >>> forms = [fraction_of(f, [x, y]) for f in (x - y, y - x)]
    >>> print(decide_largest(forms, {x: Kind.POSITIVE, y: Kind.POSITIVE}))
    proved by combination of cases: a combination of the cases has no negative coefficient
    """
    domain = Orthant(kinds)
    read_forms = [(read(n, domain.n), read(d, domain.n)) for n, d in forms]
    chosen = [leading(read_forms, domain), tuple(range(len(forms)))]
    for last, among in enumerate(chosen if len(chosen[0]) < len(forms) else chosen[1:]):
        certificate = _among(read_forms, among, domain, seconds if last else seconds / 2)
        if certificate is not None and check_largest(certificate, read_forms, domain):
            return SignVerdict(SignStatus.PROVED, certificate=certificate, tried=(Largest.rung,))
    return SignVerdict(SignStatus.UNDECIDED, tried=(Largest.rung,))


def _among(
    forms: Sequence[tuple[Polynomial, Polynomial]], among: tuple[int, ...], domain: Orthant, seconds: float
) -> Largest | None:
    """A certificate that the largest of some of the fractions is nonnegative."""
    deadline = time.monotonic() + seconds
    used = [forms[k] for k in among]
    pairs = islice(combinations(used, 2), PAIRS)
    apart = (domain.pull_back(n * (e // d.gcd(e)) - m * (d // d.gcd(e))) for (n, d), (m, e) in pairs)
    seams = {str(f): f for p in apart for f, _ in factors(p, ORDER_FACTORED_TERMS)[1] if len(f) == 2}
    if len(used) > 1 and len((whole := total(used))[0]) <= ORDER_FACTORED_TERMS:
        used.append(whole)
    extents = tuple(Extent.OPEN if e is Extent.CLOSED else e for e in domain.extents)
    split = tuple(_split((domain.pull_back(n), domain.pull_back(d)), extents) for n, d in used)
    rests = [rest for rest, _ in split]
    linear = without_lines(rests, extents, time.monotonic() + seconds / 2)
    tree = linear or _Search(deadline).find(rests, sorted(seams.values(), key=lambda q: -len(variables_of(q))), extents)
    return None if tree is None else Largest(split, tree, among)


def leading(forms: Sequence[tuple[Polynomial, Polynomial]], domain: Orthant) -> tuple[int, ...]:
    """Which of the fractions are the largest at one of some points, by floats; all of them without NumPy.

    >>> import sympy as sp
    >>> from pgsym.order import Kind
    >>> domain = Orthant(dict.fromkeys(sp.symbols("x y"), Kind.POSITIVE))
    >>> x, y = context(2).gens()
    >>> leading([(x - y, 1 + 0 * x), (y - x, 1 + 0 * x), (-x - y, 1 + 0 * x)], domain)
    (0, 1)
    """
    try:
        import numpy as np
    except ModuleNotFoundError:  # in a browser
        return tuple(range(len(forms)))
    rng, n = random.Random(0), domain.n
    sides = [(1, -1) if e is Extent.LINE else (1,) for e in domain.extents]
    us = (
        [Fraction(rng.choice(s) * rng.randint(1, 9) ** 2, rng.randint(1, 9) ** 2) for s in sides] for _ in range(POINTS)
    )
    x = np.array([[float(v) for v in domain.image(u)] for u in us])

    def values(p: Polynomial) -> Any:
        found = terms(p)
        powers, numbers = np.array([*found]).reshape(-1, n), np.array([*map(float, found.values())])
        return np.prod(x[:, None, :] ** powers, axis=2) @ numbers

    with np.errstate(all="ignore"):
        sizes = np.nan_to_num([values(p) / values(q) for p, q in forms], nan=-np.inf)
    return tuple(sorted({int(k) for k in np.argmax(sizes, axis=0)}))


def _split(pair: tuple[Polynomial, Polynomial], extents: tuple[Extent, ...]) -> tuple[Polynomial, Polynomial]:
    """The product of two, as a factor and the product of those whose coefficients show them to be positive."""
    rest = positive = context(len(extents)).constant(1)
    for p in pair:
        content, found = factors(p, ORDER_FACTORED_TERMS)
        rest, positive = rest * (1 if content > 0 else -1), positive * abs(content)
        for f, power in found:
            sign = next((s for s in (1, -1) if without_negative_terms(s * f, extents, strict=True)), None)
            if sign is not None:
                rest, positive = rest * sign**power, positive * (sign * f) ** power
            else:
                rest = rest * f**power
    return rest, positive


class _Search:
    """A tree of halves whose leaves are multipliers."""

    def __init__(self, deadline: float) -> None:
        self.deadline, self._parts = deadline, 0

    def find(
        self, forms: Sequence[Polynomial], seams: Sequence[Polynomial], extents: tuple[Extent, ...]
    ) -> SignCertificate | None:
        """A certificate that the largest is nonnegative; on a seam two of the forms are equal."""
        for depth in (0, *DEPTHS):
            self._parts = 0
            found = self._part(forms, seams, extents, depth)
            if found is not None or time.monotonic() > self.deadline:
                return found
        return None

    def _part(
        self, forms: Sequence[Polynomial], seams: Sequence[Polynomial], extents: tuple[Extent, ...], depth: int
    ) -> SignCertificate | None:
        self._parts += 1
        seam = next(filter(None, (along(q, extents) for q in seams)), None)
        found = multipliers(forms, extents, 1) or (None if seam else multipliers(forms, extents, MONOMIALS))
        if found is None and seam is None:
            squares = binomial_squares(forms[-1], extents, False)
            alone = (*(0 * forms[-1] for _ in forms[1:]), 0 * forms[-1] + 1)
            found = Weighted(alone, squares) if squares else None
        if found is not None:
            return found
        if self._parts > ORDER_PARTS or time.monotonic() > self.deadline:
            return None
        cut = seam or (self._through(forms, extents) if depth else None)
        if cut is None:
            return None
        parts = []
        for half in halves(extents, cut, Extent.OPEN):
            here, left = ([half.polynomial(f) for f in some] for some in (forms, seams))
            part = self._part(here, left, half.extents, depth if seam else depth - 1)
            if part is None:
                return None
            parts.append(part)
        return Halving(cut, (parts[0], parts[1]))

    def _through(self, forms: Sequence[Polynomial], extents: tuple[Extent, ...]) -> Cut | None:
        """Through the lowest point of one of the best forms, such that least of the best is negative in both halves."""
        near = sorted((f for f in forms if not f.is_zero()), key=lambda f: negative_share(f, extents))[:CUT_ALONG]

        def negative(cut: Cut) -> float:
            pair = halves(extents, cut, Extent.OPEN)
            return sum(min(negative_share(h.polynomial(f), h.extents) for f in near) for h in pair)

        return min(dict.fromkeys(cut for f in near for cut in cuts(f, extents)), key=negative, default=None)


def without_lines(forms: Sequence[Polynomial], extents: tuple[Extent, ...], deadline: float) -> Weighted | None:
    """Multipliers of a few forms, linear in variables on lines, with which these cancel: Farkas' lemma by minors.

    >>> x, r = context(2).gens()
    >>> print(without_lines([x * r - x, 1 - r], (Extent.OPEN, Extent.LINE), float("inf")).multipliers)
    (1, g0)
    """
    lines = [k for k, e in enumerate(extents) if e is Extent.LINE and any(f.degrees()[k] > 0 for f in forms)]
    split = [[by_power(f, k) for k in lines] for f in forms]
    if not lines or any(len(p) > 2 for parts in split for p in parts):
        return None
    zero = context(len(extents)).constant(0)
    slopes = [[p[1] if len(p) == 2 else zero for p in parts] for parts in split]
    if any(q.degrees()[k] > 0 for row in slopes for q in row for k in lines):
        return None
    point = [Fraction(k + 2, k + 1) for k in range(len(extents))]
    numbers = [[value(q, point) for q in row] for row in slopes]
    for size in range(2, len(lines) + 2):
        for some in combinations(range(len(forms)), size):
            for rows in combinations(range(len(lines)), size - 1):
                if time.monotonic() > deadline:
                    return None
                if len({x > 0 for x in _minors([[numbers[j][k] for j in some] for k in rows]) if x != 0}) != 1:
                    continue
                found = _minors([[slopes[j][k] for j in some] for k in rows])
                common = reduce(lambda a, b: a.gcd(b), found)
                sign = 1 if all(without_negative_terms(m, extents, strict=False) for m in found) else -1
                chosen = dict(zip(some, (sign * (m // common) for m in found), strict=True))
                certificate = Weighted(tuple(chosen.get(j, zero) for j in range(len(forms))))
                if check_weighted(certificate, forms, extents):
                    return certificate
    return None


def _minors(rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Of a matrix with one column more than rows, with alternating signs: its product with them is 0."""

    def determinant(rows: Sequence[Sequence[Any]]) -> Any:
        if not rows:
            return 1
        first, *rest = rows
        return sum(
            (-1) ** j * x * determinant([[*row[:j], *row[j + 1 :]] for row in rest]) for j, x in enumerate(first)
        )

    return [(-1) ** j * determinant([[*row[:j], *row[j + 1 :]] for row in rows]) for j in range(len(rows) + 1)]


def along(q: Polynomial, extents: Sequence[Extent]) -> Cut | None:
    """The cut where a polynomial of two terms changes its sign, if there is one.

    >>> x, y = context(2).gens()
    >>> along(2 * x - 3 * y, (Extent.OPEN, Extent.OPEN))
    Cut(index=0, ratio=Fraction(3, 2), other=1, power=1)
    """
    (m, a), (k, b) = sorted(terms(q).items(), reverse=True) if len(q) == 2 else (((), 1), ((), 1))
    powers = [(i, e - d) for i, (e, d) in enumerate(zip(m, k, strict=True)) if e != d]
    if a * b > 0 or any(extents[i] is not Extent.OPEN for i, _ in powers):
        return None
    match powers:
        case [(i, 1)]:
            return Cut(i, Fraction(-b, a))
        case [(i, 1), (j, -1 | 1 as power)]:
            return Cut(i, Fraction(-b, a), j, -power)
    return None


def multipliers(forms: Sequence[Polynomial], extents: tuple[Extent, ...], most: int) -> Weighted | None:
    """Multipliers of at most so many terms, without negative coefficients, with which the sum of the forms has none."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    n, zero = len(extents), context(len(extents)).constant(0)
    for k, f in enumerate(forms):
        if without_negative_terms(f, extents, strict=False):
            return Weighted(tuple(zero + 1 if k == j else zero for j in range(len(forms))))
    top = [max(max(f.degrees()[k], 0) for f in forms) for k in range(n)]
    columns: list[tuple[int, tuple[int, ...]]] = []
    for j, f in enumerate(forms):
        gaps = [1 if e is Extent.LINE else t - max(d, 0) + 1 for t, d, e in zip(top, f.degrees(), extents, strict=True)]
        shapes = product(*(range(g) for g in gaps)) if prod(gaps) <= most else [(0,) * n]
        columns += [(j, shape) for shape in shapes]
    found = [terms(f) for f in forms]
    if sum(len(found[j]) for j, _ in columns) > LARGEST_PROGRAM:
        return None
    sizes = [sum(map(abs, f.values())) or 1 for f in found]
    rows: dict[tuple[int, ...], int] = {}
    entries = []
    for column, (j, shape) in enumerate(columns):
        for m, c in found[j].items():
            row = rows.setdefault(tuple(a + b for a, b in zip(m, shape, strict=True)), len(rows))
            entries.append((-float(Fraction(c, sizes[j])), row, column))
    odd = {row for m, row in rows.items() if any(e is Extent.LINE and m[k] % 2 for k, e in enumerate(extents))}
    entries += [(-value, len(rows) + row, column) for value, row, column in entries if row in odd]
    values, above, across = zip(*entries, strict=True)
    shape = (2 * len(rows) if odd else len(rows), len(columns))
    below: Any = coo_array((values, (above, across)), shape=shape).tocsr()
    one: Any = [[1.0] * len(columns)]
    answer = linprog([0.0] * len(columns), A_ub=below, b_ub=[0.0] * shape[0], A_eq=one, b_eq=[1.0], method="highs")
    if answer.status != 0 or answer.x is None:
        return None
    for digits in (12, 360, 10**4, 10**7):
        weights = [Fraction(x / max(answer.x)).limit_denominator(digits) for x in answer.x]
        exact = [max(w, Fraction(0)) / sizes[j] for w, (j, _) in zip(weights, columns, strict=True)]
        common = lcm(*(w.denominator for w in exact))
        products: list[dict[tuple[int, ...], int]] = [{} for _ in forms]
        for w, (j, m) in zip(exact, columns, strict=True):
            if w:
                products[j][m] = int(w * common)
        chosen = [of_terms(p, n) for p in products]
        total = sum((m * f for m, f in zip(chosen, forms, strict=True)), zero)
        if without_negative_terms(total, extents, strict=False):
            return Weighted(tuple(chosen))
    return None

"""Verdicts on random inequalities, each against 10^4 exact evaluations.

    python benchmarks/order_soundness.py [--seconds 300] [--seed 0] [--points 10000]
    python benchmarks/order_soundness.py --seed 0 --first 123 --count 1      # one question again

Four kinds of questions take turns: signs of random fractions on random domains, in up to three variables, and small
ones in mostly one; inequalities about a random model of two states, two actions and up to four unknowns; sharpest
constants of such inequalities in one unknown.  Models are solved a second time here, by Cramer's rule on arrays of
rationals, at rational values of exp(theta), p and gamma, ends of ranges among them.  A proof fails if one evaluation is
false, a refutation if its witness is true here, a region if it is wrong at one point, a constant if one evaluation
passes it.

Prints how often each verdict was met.  Exit code 1 if one is wrong; each wrong one is printed with its number.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import prod
from typing import Any

import numpy as np
import sympy as sp
from flint import fmpq

import pgsym
from pgsym.claims.verdict import Status
from pgsym.order import Kind, SignInterval, SignStatus, SimplexRow, decide_sign
from pgsym.order.polynomials import context, terms

Array = Any
"""Of rationals, one for each point."""

KINDS = (Kind.POSITIVE, Kind.UNIT_OPEN, Kind.UNIT_HALF_OPEN, Kind.REAL)
SECONDS = 2.0
"""For a sign."""


@cache
def pool(kind: Kind = Kind.POSITIVE) -> tuple[Array, Array]:
    """Values of a variable, exact and as floats, small and large: drawing them anew would take most of the time."""
    rng, sizes = random.Random("pool"), [1, 2, 3, 10, 1000]
    x = np.array([fmpq(*(rng.randint(1, rng.choice(sizes)) for _ in range(2))) for _ in range(50_000)])
    if kind is Kind.REAL:
        x = x * np.array([rng.choice([1, -1, 0]) for _ in x], dtype=object)
    if kind in (Kind.UNIT_OPEN, Kind.UNIT_HALF_OPEN):
        x = x / (1 + x)
    if kind is Kind.UNIT_HALF_OPEN:
        x = x * np.array([rng.choice([1, 1, 1, 0]) for _ in x], dtype=object)
    return x, x.astype(float)


def rng_of(rng: random.Random) -> np.random.Generator:
    """NumPy's generator, from the next number of Python's."""
    return np.random.default_rng(rng.getrandbits(64))


def drawn(kind: Kind, rng: random.Random, count: int) -> tuple[Array, Array]:
    """Some of the pool."""
    exact, floats = pool(kind)
    at = rng_of(rng).integers(0, len(exact), count)
    return exact[at], floats[at]


def ranged(kind: Kind, rng: random.Random, count: int) -> Array:
    """Values of a variable, 0 among them where it may be."""
    return drawn(kind, rng, count)[0]


def ratios(rng: random.Random, count: int) -> Array:
    """Positive ones."""
    return ranged(Kind.POSITIVE, rng, count)


def rational(x: Any) -> fmpq:
    """A number of Python or SymPy."""
    return fmpq(int(x.numerator), int(x.denominator)) if isinstance(x, Fraction) else fmpq(int(x.p), int(x.q))


def evaluated(expr: sp.Expr, at: dict[str, Array], count: int) -> tuple[Array, Array]:
    """Numerator and denominator at points."""
    parts = (sp.lambdify(list(map(sp.Symbol, at)), part, modules=[]) for part in sp.fraction(sp.together(expr)))
    above, below = (np.broadcast_to(part(*at.values()), count) * fmpq(1) for part in parts)
    return above, below


# -- signs ---------------------------------------------------------------------------------------------------------


def random_fraction(n: int, rng: random.Random) -> tuple[Any, Any]:
    """Products and squares of small polynomials, with a shift that may spoil the sign: numerator and denominator."""
    x, one = context(n).gens(), context(n).constant(1)

    def polynomial() -> Any:
        return sum((rng.randint(-3, 3) * prod((v ** rng.randint(0, 2) for v in x), start=one)
                    for _ in range(rng.randint(1, 4))), start=0 * one)  # fmt: skip

    shape = rng.randrange(4)
    found = polynomial() if shape == 0 else polynomial() ** 2 + (0 if shape == 1 else polynomial() ** 2)
    squares = sum((v**2 for v in x), start=0 * one)
    if shape == 3:
        found = found * squares + 1
    below = rng.choice([one, 1 + squares, polynomial() ** 2 + 1])
    return 100 * found + rng.choice([0, 0, 0, -1, 1]) * below, 100 * below


def signs(polynomial: Any, points: list[tuple[Array, Array]]) -> Array:
    """Of a polynomial at points: in floats where rounding cannot change them, exactly elsewhere."""
    found = terms(polynomial)
    count = len(points[0][0])
    products = [float(c) * prod((x**e for (_, x), e in zip(points, m, strict=True) if e), start=np.ones(count))
                for m, c in found.items()]  # fmt: skip
    total, size = sum(products), sum(map(abs, products))
    result = np.sign(total) if found else np.zeros(count)
    for k in np.flatnonzero(~(np.abs(total) > 1e-9 * size)) if found else ():
        exact = sum(c * prod((x[k] ** e for (x, _), e in zip(points, m, strict=True)), start=fmpq(1))
                    for m, c in found.items())  # fmt: skip
        result[k] = (exact > 0) - (exact < 0)
    return result


def inside(points: tuple[Array, Array], interval: SignInterval) -> Array:
    """Which points lie in an interval; a point is never inside of an isolating interval."""
    result = np.ones(len(points[0]), bool)
    for end, included, sign in ((interval.low, interval.low_included, 1), (interval.high, interval.high_included, -1)):
        if end is None:
            continue
        low, high = rational(end.low), rational(end.high)
        edge = high if sign > 0 else low
        far = float(edge.p) / float(edge.q)
        ahead = sign * (points[1] - far)
        near = np.abs(ahead) <= 1e-9 * (1 + abs(far))
        result &= ahead > 0
        for k in np.flatnonzero(near):
            x = points[0][k]
            result[k] = sign * x > sign * edge or (included and end.exact is not None and x == low)
    return result


def sign(
    rng: random.Random, count: int, numbers: tuple[int, ...] = (1, 1, 2, 2, 3), seconds: float = SECONDS
) -> tuple[str, str]:
    """One question about a sign: the verdict, and what is wrong with it."""
    n = rng.choice(numbers)
    variables = sp.symbols("x y z")[:n]
    kinds: dict[sp.Expr, Kind | SimplexRow] = {v: rng.choice(KINDS) for v in variables}
    if n > 1 and rng.random() < 0.25:
        kinds = dict.fromkeys(variables, SimplexRow("row"))
    (above, below), strict = random_fraction(n, rng), rng.random() < 0.5
    verdict = decide_sign(above, below, kinds, strict=strict, seconds=seconds)
    points = [drawn(Kind.POSITIVE if isinstance(k, SimplexRow) else k, rng, count) for k in kinds.values()]
    if any(isinstance(k, SimplexRow) for k in kinds.values()):
        total = sum(x for x, _ in points)
        points = [(x, x.astype(float)) for x in (x / total for x, _ in points)]
    defined = signs(below, points)
    values = signs(above, points) * defined
    true = (values > 0) | ((values == 0) & (not strict))
    told = f"({above}) / ({below}) {'>' if strict else '>='} 0, {', '.join(map(str, kinds.values()))}: {verdict}"
    if verdict.status is SignStatus.PROVED and not true[defined != 0].all():
        return str(verdict.status), told
    if verdict.status is SignStatus.EXACTLY_WHERE:
        used = {k for p in (above, below) for m in terms(p) for k, e in enumerate(m) if e}
        (k,) = used
        where = np.any([inside(points[k], i) for i in verdict.where], axis=0)
        if (where != true)[defined != 0].any():
            return str(verdict.status), told
    if verdict.witness is not None:
        at = [np.array([rational(verdict.witness[v])]) for v in variables]
        one = [(x, x.astype(float)) for x in at]
        a, b = signs(above, one)[0], signs(below, one)[0]
        if not (a * b < 0 or (strict and a == 0 != b)):
            return str(verdict.status), told
    return str(verdict.status), ""


def small(rng: random.Random, count: int) -> tuple[str, str]:
    """The same in one variable, or now and then in two."""
    return sign(rng, count, (1, 1, 1, 1, 2), SECONDS / 10)


# -- models --------------------------------------------------------------------------------------------------------


class RandomModel:
    """Two states and an end, two actions; some probabilities in p, perhaps a discount of its own."""

    def __init__(self, rng: random.Random, unknowns: int) -> None:
        self.moves: dict[tuple[int, int], list[str]] = {}
        self.rewards: dict[tuple[int, int], int] = {}
        self.symbols: list[str] = ["p"] if unknowns > 1 else []
        self.gamma = "g" if unknowns > 3 else rng.choice(["1/2", "2/3", "9/10"])
        self.free = range(2) if unknowns > 2 else range(1)
        rows = []
        for s in (0, 1):
            for a in (0, 1):
                first = rng.choice(["1/3", "1/2", "1/4", *("p/2", "p", "1-p") * ("p" in self.symbols)])
                second = rng.choice([f"(1-({first}))/2", f"1-({first})", "0"])
                self.moves[s, a] = [first, second]
                self.rewards[s, a] = rng.randint(-3, 3)
                ends = {"u": first, "v": second, "end": f"1-({first})-({second})"}
                rows += [("uv"[s], "ab"[a], t, q, self.rewards[s, a]) for t, q in ends.items() if sp.sympify(q) != 0]
        used = {str(x) for *_, q, _ in rows for x in sp.sympify(q).free_symbols}
        self.symbols = [s for s in self.symbols if s in used]
        given = {"p": "0 <= p <= 1"} if self.symbols else {}
        given |= {"g": "0 <= g < 1"} if self.gamma == "g" else {}
        mdp = pgsym.MDP.from_transitions(rows, start="u", terminal=["end"], gamma=self.gamma, symbols=given)
        logits = {"u": {"a": "t0", "b": 0}, "v": {"a": "t1" if len(self.free) > 1 else 0, "b": 0}}
        self.problem = pgsym.Problem(mdp, pgsym.softmax_policy(mdp, logits, [f"t{k}" for k in self.free]))
        self.unknowns = len(self.symbols) + (self.gamma == "g") + len(self.free)

    def points(self, rng: random.Random, count: int) -> dict[str, Array]:
        """Values of p, g and exp(theta)."""
        found = {f"t{k}": ratios(rng, count) for k in self.free}
        if self.symbols:
            ends = np.array([rng.choice([None, None, None, fmpq(0), fmpq(1)]) for _ in range(count)])
            found["p"] = np.where(ends == None, ranged(Kind.UNIT_OPEN, rng, count), ends)  # noqa: E711
        if self.gamma == "g":
            found["g"] = ranged(Kind.UNIT_HALF_OPEN, rng, count)
        return found

    def values(self, at: dict[str, Array]) -> dict[str, Array]:
        """V, Q and J at points, by Cramer's rule."""
        one, count = fmpq(1), len(next(iter(at.values())))

        def number(text: str) -> Array:
            above, below = evaluated(sp.sympify(text), at, count)
            return above / below

        gamma = number(self.gamma)
        odds = [at.get("t0"), at.get("t1", np.broadcast_to(one, count))]
        pi = [(x / (1 + x), 1 / (1 + x)) for x in odds]
        P = {pair: [number(q) for q in moves] for pair, moves in self.moves.items()}
        r = {(s, a): number(str(x)) for (s, a), x in self.rewards.items()}
        M = [[(s == t) - gamma * sum(pi[s][a] * P[s, a][t] for a in (0, 1)) for t in (0, 1)] for s in (0, 1)]
        b = [sum(pi[s][a] * r[s, a] for a in (0, 1)) for s in (0, 1)]
        det = M[0][0] * M[1][1] - M[0][1] * M[1][0]
        V = [(b[0] * M[1][1] - M[0][1] * b[1]) / det, (M[0][0] * b[1] - b[0] * M[1][0]) / det]
        found = {f'V("{"uv"[s]}")': V[s] for s in (0, 1)}
        for s, a in P:
            q = r[s, a] + gamma * sum(P[s, a][t] * V[t] for t in (0, 1))
            found[f'Q("{"uv"[s]}","{"ab"[a]}")'] = q
        return found | {f'pi("a"|"{"uv"[s]}")': pi[s][0] for s in (0, 1)}


def random_side(names: list[str], rng: random.Random) -> tuple[str, Callable[[dict[str, Array]], Array]]:
    """A sum of products of values, as text and as a function."""
    terms = [
        (rng.choice([-2, -1, 1, 2]), rng.choices(names, k=rng.choice([1, 1, 2]))) for _ in range(rng.randint(1, 2))
    ]
    text = " + ".join(f"({c} * {' * '.join(factors)})" for c, factors in terms)

    def total(known: dict[str, Array]) -> Array:
        return sum(c * prod((known[name] for name in factors), start=fmpq(1)) for c, factors in terms)

    shape = rng.choice(["sum", "sum", "sum", "abs", "square"])
    if shape == "abs":
        return f"abs({text})", lambda known: abs(total(known))
    return (text, total) if shape == "sum" else (f"({text})^2", lambda known: total(known) * total(known))


def claim(rng: random.Random, count: int) -> tuple[str, str]:
    """One inequality about a random model, with a constant near the extreme of what was seen, or away from it."""
    model = RandomModel(rng, rng.choice([1, 2, 2, 3, 4]))
    at = model.points(rng, count)
    known = model.values(at)
    side, evaluate = random_side(list(known), rng)
    values = evaluate(known)
    low, high = min(values), max(values)
    near = rng.choice([low, high, (low + high) / 2, fmpq(0)])
    c = fmpq(int(near * 8), 8) + fmpq(rng.choice([-1, 0, 0, 1]), 8)
    relation = rng.choice(["<=", ">=", "<", ">"])
    text = f"{side} {relation} {c}" if c >= 0 else f"{side} + {-c} {relation} 0"
    holds = {"<=": lambda v: v <= c, ">=": lambda v: v >= c, "<": lambda v: v < c, ">": lambda v: v > c}[relation]
    verdict = pgsym.decide(model.problem, text)
    told = f"{text} with gamma = {model.gamma}, {model.moves}, {model.rewards}: {verdict}"
    if verdict.status is Status.INAPPLICABLE or (verdict.status is Status.PROVED and not all(map(holds, values))):
        return str(verdict.status), told
    if verdict.witness is not None:
        point = {s.name: v for s, v in verdict.witness.point.items()}
        there = {n: np.array([rational(sp.exp(point[n]) if n.startswith("t") else point[n])]) for n in at}
        left, right = (next(iter(s.values())) for s in (verdict.witness.left, verdict.witness.right))
        (value,) = evaluate(model.values(there))
        if value - rational(left) != c - rational(right) or holds(value):
            return str(verdict.status), told
    return str(verdict.status), ""


def constant(rng: random.Random, count: int) -> tuple[str, str]:
    """The sharpest constant of an inequality in one unknown."""
    model = RandomModel(rng, 1)
    known = model.values(model.points(rng, count))
    side, evaluate = random_side(list(known), rng)
    values = evaluate(known)
    relation = rng.choice(["<=", ">="])
    found = pgsym.sharpen(model.problem, f"{side} {relation} c", seconds=3 * SECONDS)
    told = f"{side} {relation} c with gamma = {model.gamma}, {model.moves}, {model.rewards}: {found}"
    extreme = max(values) if relation == "<=" else min(values)
    if found.exact is None:
        beyond = found.proved is not None and (extreme > rational(found.proved)) == (relation == "<=")
        return "constant between two", told if beyond and extreme != rational(found.proved) else ""
    seen, exact = float(extreme.p) / float(extreme.q), float(found.exact)
    slack = 1e-9 * (1 + abs(exact))
    beyond, far = (seen > exact + slack, seen < exact - 1e-2 * (1 + abs(exact)))
    if relation == ">=":
        beyond, far = (seen < exact - slack, seen > exact + 1e-2 * (1 + abs(exact)))
    return "exact constant", told if beyond or far else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0, help="no question is begun after this time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first question")
    parser.add_argument("--count", type=int, default=10**9, help="questions")
    parser.add_argument("--points", type=int, default=10_000, help="evaluations of each")
    parser.add_argument("--only", default="", help="of these questions: small, sign, claim or constant")
    options = parser.parse_args()
    until, met, wrong, spent = time.monotonic() + options.seconds, Counter[tuple[str, str]](), 0, Counter[str]()
    asked = [f for f in (small, claim, sign, claim, small, claim, sign, constant) if options.only in f.__name__]
    for number in range(options.first, options.first + options.count):
        ask = asked[number % len(asked)]
        begun = time.monotonic()
        if begun > until:
            break
        verdict, fault = ask(random.Random(f"{options.seed} {number}"), options.points)
        met[ask.__name__, verdict] += 1
        spent[ask.__name__] += time.monotonic() - begun
        if fault:
            wrong += 1
            print(f"WRONG {number}: {fault}", flush=True)
    print("| question | verdict | count |\n|---|---|---|")
    for (question, verdict), times in sorted(met.items()):
        print(f"| {question} | {verdict} | {times:,} |")
    print(f"\n{met.total():,} questions, {met.total() * options.points:,} evaluations, {sum(spent.values()):.0f} s")
    print(f"{wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())

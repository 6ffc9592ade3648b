"""Tensors of the prover as exact numbers on one small MDP: nothing here knows how pgsym solves MDPs."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp


class Numbers:
    """A random MDP with rational numbers, and the value of each letter there.

    pi(s, last action) is 1 minus the others, which are the parameters: the first derivatives are 1 or -1.  `ending`
    gives each transition a chance to end, so that rows of P sum to less than 1.
    """

    def __init__(
        self, seed: int, states: int = 2, actions: int = 2, *, ending: bool = False, gamma: Any = None
    ) -> None:
        rng = random.Random(seed)
        self.S, self.A = range(states), range(actions)
        self.I = range(states * (actions - 1))
        self.numbers = {"gamma": Fraction(rng.randint(1, 8), 9) if gamma is None else Fraction(gamma)}
        self.rng = rng
        self._known: dict[tuple[str, ...], Fraction] = {}
        row = lambda n: [Fraction(x) for x in (rng.randint(1, 5) for _ in range(n))]  # noqa: E731

        def distribution(n: int, total: Fraction = Fraction(1)) -> list[Fraction]:
            weights = row(n)
            return [total * w / sum(weights) for w in weights]

        self.pi = {m: [distribution(actions) for _ in self.S] for m in ("", "'")}
        self.P = {
            m: [[distribution(states, Fraction(4, 5) if ending else Fraction(1)) for _ in self.A] for _ in self.S]
            for m in ("", "'")
        }
        self.r3 = {m: [[[x - 3 for x in row(states)] for _ in self.A] for _ in self.S] for m in ("", "'")}
        self.mu0 = distribution(states)
        self.ending = ending
        self._chains: dict[Any, Any] = {}

    # -- letters -------------------------------------------------------------------------------------------

    def letter(self, name: str, at: tuple[int, ...], second: frozenset[str]) -> Fraction:
        """The value of a factor; `second` is what of the second chain is its own."""
        mark = "'" if name.split("[")[0].endswith("'") else ""
        base = name.replace("'", "")
        if base == "dpi":
            return self._slope(at)
        if base in ("pi", "ipi", "ddpi"):
            p = self.pi[mark][at[0]][at[1]]
            return {"pi": p, "ipi": 1 / p, "ddpi": Fraction(0)}[base]
        if base == "P":
            return self.P[mark][at[0]][at[1]][at[2]]
        if base == "r3":
            return self.r3[mark][at[0]][at[1]][at[2]]
        if base.startswith("r^"):
            return self.r3[mark][at[0]][at[1]][at[2]] ** int(base[2:])
        if base.startswith("ilen"):
            visits = [self.mu0[x] * self._chain("", "", f"N{base[4:]}")[x, y] for x in self.S for y in self.S]
            return 1 / sum(visits)
        if base == "r":
            rows = zip(self.P[mark][at[0]][at[1]], self.r3[mark][at[0]][at[1]], strict=True)
            return sum((p * r for p, r in rows), Fraction(0))
        if base == "mu0":
            return self.mu0[at[0]]
        if base == "id":
            return Fraction(at[0] == at[1])
        if base == "one":
            return Fraction(1)
        if base == "mu" or base == "D" or base.startswith("N["):
            own = [m if mark and f"{x}'" in second else "" for x, m in (("pi", mark), ("P", mark))]
            return self._chain(own[0], own[1], base)[at if len(at) > 1 else (0, at[0])]
        if (name, *map(str, at)) not in self._known:
            self._known[(name, *map(str, at))] = Fraction(self.rng.randint(-5, 5), 3)
        return self._known[(name, *map(str, at))]

    def _slope(self, at: tuple[int, ...]) -> Fraction:
        """Parameter i is the probability of action i mod (A - 1) in state i div (A - 1)."""
        s, a, i = at
        state, action = divmod(i, len(self.A) - 1)
        return Fraction(0 if state != s else 1 if action == a else -1 if a == len(self.A) - 1 else 0)

    def _chain(self, pi: str, P: str, name: str) -> Any:
        if (pi, P, name) not in self._chains:
            n = len(self.S)
            step = sp.Matrix(n, n, lambda s, y: sum(self._q(self.pi[pi][s][a] * self.P[P][s][a][y]) for a in self.A))
            one = sp.eye(n)
            if name.startswith("N["):
                k = self.number(name[2:-1])
                found = (one - self._q(k) * step).inv()
            else:
                mu = sp.Matrix((one - step).T.col_join(sp.ones(1, n))).gauss_jordan_solve(sp.Matrix([0] * n + [1]))[0].T
                found = mu if name == "mu" else (one - step + sp.ones(n, 1) * mu).inv() - sp.ones(n, 1) * mu
            self._chains[pi, P, name] = {
                (i, j): Fraction(int(found[i, j].p), int(found[i, j].q))
                for i in range(found.rows)
                for j in range(found.cols)
            }
        return self._chains[pi, P, name]

    def _q(self, x: Fraction) -> sp.Rational:
        return sp.Rational(x.numerator, x.denominator)

    def number(self, expression: Any) -> Fraction:
        """A coefficient; its own names have random values."""
        expr = sp.sympify(str(expression), {"gamma": sp.Symbol("gamma"), "lambda_": sp.Symbol("lambda")})
        for x in sorted(expr.free_symbols, key=str):
            self.numbers.setdefault(str(x), Fraction(self.rng.randint(1, 8), 9))
        value = expr.subs({x: self._q(self.numbers[str(x)]) for x in expr.free_symbols})
        return Fraction(int(value.p), int(value.q))

    # -- sums ----------------------------------------------------------------------------------------------

    def value(
        self, terms: Sequence[tuple[Any, Sequence[tuple[str, ...]]]], place: Mapping[str, int], second: frozenset[str]
    ) -> Fraction:
        """A sum of products, its free indices at a place."""
        total = Fraction(0)
        for c, factors in terms:
            inner = list(dict.fromkeys(i for f in factors for i in f[1:] if i not in place))
            ranges = [{"s": self.S, "a": self.A, "i": self.I}[i[0]] for i in inner]
            for where in itertools.product(*ranges):
                at = dict(place) | dict(zip(inner, where, strict=True))
                found = Fraction(1)
                for f in sorted(factors, key=lambda f: f[0][0] != "d"):
                    found *= self.letter(f[0], tuple(at[i] for i in f[1:]), second)
                    if not found:
                        break
                if found:
                    total += found * self.number(c)
        return total

    def places(self, free: Sequence[str]) -> list[dict[str, int]]:
        """Every value of free indices; the first letter is the kind."""
        kinds = {"s": self.S, "a": self.A, "i": self.I}
        return [dict(zip(free, where, strict=True)) for where in itertools.product(*(kinds[i[0]] for i in free))]

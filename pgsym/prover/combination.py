"""The fewest equations that add up to a claim.

Every product of the claim is looked up in the equations, on their left and right sides alike; what an equation adds is
looked up in turn.  Each find, an equation times what stands beside it, gets an unknown coefficient.  A linear program
in floats proposes few of them that suffice, and their coefficients are then solved for exactly.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array
from sympy import QQ

from pgsym.prover.equations import Equation, instance
from pgsym.prover.letters import TRICK
from pgsym.prover.rewriting import CertificateStep, matches, normal_form
from pgsym.prover.tensors import Factor, Product, Total, add, is_summed, solved

PRODUCTS = 300
"""Products that are looked up."""

LONGER = 2
"""Factors by which they may be longer than the longest product of the claim."""

WRITTEN_OUT = 5.0
"""What an equation with a resolvent or a deviation matrix costs; others cost 1."""

SHORTER = (
    TRICK,
    "`r(s,a)` is the mean of `r(s,a,s')`",
    "`pi` times its inverse is 1",
    "the probabilities of actions sum to 1",
)
"""Equations that always help."""

ROUNDS = 4
"""Linear programs; each makes the coefficients that the one before left small more expensive."""


def fold(
    total: Total, definitions: Sequence[Equation], known: Sequence[Equation]
) -> tuple[Total, list[CertificateStep]]:
    """A sum with visits and values by their names and without what always cancels, and the steps there."""
    back = {
        replace(e, left=e.right[0][1], right=((1 / e.right[0][0], e.left),)): e
        for e in definitions
        if _is_written_out(e) and len(e.right) == 1
    }
    left, steps = normal_form(total, [*(e for e in known if e.name in SHORTER), *back])
    return left, [_turned(s, back[s.equation]) if s.equation in back else s for s in steps]


def _turned(step: CertificateStep, equation: Equation) -> CertificateStep:
    """The step with the equation the right way round."""
    return replace(step, equation=equation, coefficient=-step.coefficient * step.equation.right[0][0])


def combine(
    difference: Total, definitions: Sequence[Equation], laws: Sequence[Equation], table: Sequence[Equation], one: Any
) -> list[CertificateStep]:
    """Steps that add up to a difference.

    By `definitions` letters are written out; `laws` are what else is known of them, `table` that of what they are
    written out to.  `one` is that of the field of the coefficients.  AssertionError where definitions and table do not
    prove it.
    """
    if not difference:
        return []
    left, steps = normal_form(difference, [*definitions, *table])
    if left:
        raise AssertionError(f"no proof in letters: {left}")
    found = _Candidates(one)
    for step in steps:
        found.take(step.equation, step.place, step.multiplier)
    patterns = list(_patterns(definitions, laws, table))
    longest, seen, todo = max(map(len, difference)) + LONGER, set(difference), deque(difference)
    while todo:
        product = todo.popleft()
        names = Counter(f[0] for f in product)
        for equation, pattern in patterns:
            if not all(names[f[0]] for f in pattern.left):
                continue
            for place, used in matches(product, pattern):
                rest = tuple(f for k, f in enumerate(product) if k not in used)
                for other in found.take(equation, place, rest):
                    if other not in seen and len(other) <= longest and len(seen) < PRODUCTS:
                        seen.add(other)
                        todo.append(other)
    return found.solved(difference)


def _patterns(
    definitions: Sequence[Equation], laws: Sequence[Equation], table: Sequence[Equation]
) -> Iterator[tuple[Equation, Equation]]:
    """Each equation with what is looked up of it: one term that says what all of its free indices are."""
    for equation in [*definitions, *laws]:
        sides = equation.products
        free = {i for fs in sides for f in fs for i in f[1:] if not is_summed(i)}
        for fs in sides[1:] if _is_written_out(equation) else sides:
            if fs and free <= {i for f in fs for i in f[1:]} and all(f[0] != "one" for f in fs):
                yield equation, replace(equation, left=tuple(fs))
    yield from ((equation, equation) for equation in table)


def _is_written_out(equation: Equation) -> bool:
    return any(f[0].startswith(("N", "D")) for fs in equation.products for f in fs)


class _Candidates:
    """Equations at their places, and the products that each of them has."""

    def __init__(self, one: Any) -> None:
        self.one = one
        self.steps: list[CertificateStep] = []
        self.totals: list[Total] = []
        self._known: set[Any] = set()

    def take(self, equation: Equation, place: Mapping[str, str], rest: tuple[Factor, ...]) -> list[Product]:
        """Take an equation up, and say which products it has."""
        total: Total = {}
        for c, factors in instance(equation, place, rest, self.one):
            add(total, factors, c)
        key = (equation.name, frozenset(total.items()))
        if total and key not in self._known:
            self._known.add(key)
            self.steps.append(CertificateStep(self.one, rest, equation, place))
            self.totals.append(total)
        return list(total)

    def solved(self, difference: Total) -> list[CertificateStep]:
        """Few of them, with the coefficients by which they add up to a difference."""
        found = self._adding_up(difference, self._proposed(difference))
        # Floats may mislead; all of them together suffice.
        return found or self._adding_up(difference, range(len(self.steps)))

    def _adding_up(self, difference: Total, chosen: Sequence[int]) -> list[CertificateStep]:
        """Those with their coefficients; none where they do not add up."""
        found = solved(difference, [self.totals[k] for k in chosen], self.one.field) or {}
        return [replace(self.steps[chosen[k]], coefficient=c) for k, c in found.items()]

    def _proposed(self, difference: Total) -> list[int]:
        """Those that the linear programs keep."""
        products = {p: k for k, p in enumerate(dict.fromkeys([*difference, *(p for t in self.totals for p in t)]))}
        point = [(x, QQ(70 + 11 * k, 100)) for k, x in enumerate(self.one.field.ring.gens)]
        entries = [(products[p], k, _value(c, point)) for k, total in enumerate(self.totals) for p, c in total.items()]
        i, j, x = (np.array(part) for part in zip(*entries, strict=True))
        n = len(self.steps)
        matrix: Any = coo_array((np.r_[x, -x], (np.r_[i, i], np.r_[j, j + n])), shape=(len(products), 2 * n)).tocsr()
        target = np.zeros(len(products))
        for p, c in difference.items():
            target[products[p]] = _value(c, point)
        costs = np.array([_cost(step) for step in self.steps])
        weights, size = costs, np.zeros(n)
        for _ in range(ROUNDS):
            found = linprog(np.r_[weights, weights], A_eq=matrix, b_eq=target, method="highs-ds").x
            if found is None:
                break
            size = np.abs(found[:n] - found[n:])
            weights = costs / (size + 0.05)
        return [int(k) for k in np.flatnonzero(size > 1e-7)]


def _cost(step: CertificateStep) -> float:
    return (WRITTEN_OUT if _is_written_out(step.equation) else 1.0) + 0.1 * len(step.multiplier)


def _value(element: Any, point: Sequence[tuple[Any, Any]]) -> float:
    """A coefficient at one choice of gamma and the claim's own numbers."""
    return float(element.numer.evaluate(point) / element.denom.evaluate(point))

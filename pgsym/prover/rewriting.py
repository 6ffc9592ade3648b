"""Normal forms: the left sides of the equations are replaced by their right sides until none is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgsym.errors import TooLargeError
from pgsym.prover.equations import Equation, instance
from pgsym.prover.tensors import OWN, Factor, Product, Total, add, is_summed, is_symmetric

STEPS = 20_000
"""Replacements after which a claim counts as too large."""


@dataclass(frozen=True)
class CertificateStep:
    """One line of a certificate: coefficient * multiplier * (left - right) of an equation at a place."""

    coefficient: Any
    """Of the field of rational functions in gamma and the claim's own numbers."""
    multiplier: tuple[Factor, ...]
    equation: Equation
    place: Mapping[str, str]
    """What its free indices stand for."""


def normal_form(total: Total, equations: Sequence[Equation]) -> tuple[Total, list[CertificateStep]]:
    """What is left of a sum, and the steps whose sum is the difference; TooLargeError above `STEPS` steps."""
    todo, left, steps = dict(total), Total(), list[CertificateStep]()
    while todo:
        product = max(todo, key=lambda fs: (len(fs), fs))
        coefficient = todo.pop(product)
        found = _first_match(product, equations)
        if found is None:
            add(left, product, coefficient)
            continue
        equation, place, rest = found
        steps.append(CertificateStep(coefficient, rest, equation, place))
        if len(steps) > STEPS:
            raise TooLargeError(f"more than {STEPS} steps; a shorter claim is required. Split it", where="prove")
        for c, factors in instance(equation, place, rest, coefficient)[1:]:
            add(todo, factors, -c)
    return left, steps


def _first_match(
    product: Product, equations: Sequence[Equation]
) -> tuple[Equation, dict[str, str], tuple[Factor, ...]] | None:
    names = Counter(f[0] for f in product)
    for equation in equations:
        if all(names[f[0]] for f in equation.left):
            for place, used in matches(product, equation):
                rest = tuple(f for k, f in enumerate(product) if k not in used)
                return equation, place, rest
    return None


def matches(product: Product, equation: Equation) -> Iterator[tuple[dict[str, str], frozenset[int]]]:
    """Places where the left side stands in a product, its summed indices being nowhere else."""
    uses = Counter(i for f in product for i in set(f[1:]) if is_summed(i))

    def extend(k: int, place: dict[str, str], used: frozenset[int]) -> Iterator[tuple[dict[str, str], frozenset[int]]]:
        if k == len(equation.left):
            if _is_closed(product, equation, place, used, uses):
                yield {i: j for i, j in place.items() if not is_summed(i)}, used
            return
        wanted = equation.left[k]
        for n, factor in enumerate(product):
            if n in used or factor[0] != wanted[0]:
                continue
            for order in _orders(factor):
                found = dict(place)
                if all(found.setdefault(i, j) == j for i, j in zip(wanted[1:], order, strict=True)):
                    yield from extend(k + 1, found, used | {n})

    yield from extend(0, {}, frozenset())


def _orders(factor: Factor) -> list[tuple[str, ...]]:
    """Its indices; in both orders where the last two may change places."""
    at = factor[1:]
    swapped = (*at[:-2], *at[:-3:-1])
    return [at, swapped] if is_symmetric(factor[0]) else [at]


def _is_closed(
    product: Product, equation: Equation, place: Mapping[str, str], used: frozenset[int], uses: Counter[str]
) -> bool:
    inner = [j for i, j in place.items() if is_summed(i)]
    outer = {j for i, j in place.items() if not is_summed(i)}
    if len(set(inner)) < len(inner) or any(not is_summed(j) or j in outer for j in inner):
        return False
    within = Counter(i for n in used for i in set(product[n][1:]))
    if any(uses[j] != within[j] for j in inner):
        return False
    carried = place.get(equation.carried, "")
    rest = [f for n, f in enumerate(product) if n not in used]
    return not is_summed(carried) or _is_carried(carried, rest)


_ENDING = {"r", "dpi", "ddpi", *(d + name for d in ("", "d", "dd") for name in ("V", "Q", "A", "eta"))}
"""What is 0 where a state of it is terminal."""


def _is_carried(state: str, factors: Sequence[Factor]) -> bool:
    """Whether a product is 0 where this state is terminal: by a value, a visit, a reward or an own function there.

    A terminal state leads to itself, so P is no such factor unless what it leads to is carried.
    """
    for k, (name, *at) in enumerate(factors):
        base = name.split("[")[0].rstrip("'")
        if state in at and (name.startswith((OWN, "N")) or base in _ENDING):
            return True
        if at[:1] == [state] and base.startswith("r"):
            return True
        if at[:1] == [state] and base == "P" and _is_carried(at[2], [*factors[:k], *factors[k + 1 :]]):
            return True
    return False

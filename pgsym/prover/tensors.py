"""Sums of products of tensors, for any number of states and actions.

A factor is a name with its indices, as ("pi", "s", "a"); an index with a ``#`` is summed over, any other one is free.
The first letter of an index is its kind: s a state, a an action, i a parameter.  Products that differ in the names of
summed indices are one, so they are kept in a canonical form.

>>> canonical([("pi", "s#7", "a#3"), ("mu", "s#7"), ("r", "s#7", "a#3")])
(('mu', 's#0'), ('pi', 's#0', 'a#0'), ('r', 's#0', 'a#0'))
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

from sympy.polys.matrices import DomainMatrix

Factor = tuple[str, ...]
"""A name with its indices."""

Product = tuple[Factor, ...]
"""In canonical form."""

Total = dict[Product, Any]
"""Products with their coefficients, none of which is 0."""

Terms = list[tuple[Any, list[Factor]]]
"""A sum of products, each with its coefficient, while a claim is written out: a summed index is in one product."""

Names = dict[str, str]
"""What the indices of a claim stand for."""

OWN = ":"
"""Before the name of an arbitrary function of the claim's own, which may be called as a tensor is."""

_fresh = count()


def is_summed(index: str) -> bool:
    """Whether it is summed over."""
    return "#" in index


def new_index(kind: str) -> str:
    """A summed index that stands nowhere else."""
    return f"{kind[0]}#{next(_fresh)}"


def unused(kind: str, taken: Container[str]) -> str:
    """A name for an index that is not taken: s, s', s'', ..."""
    return next(name for k in count() if (name := kind + "'" * k) not in taken)


def indices_of(factors: Iterable[Factor]) -> list[str]:
    """All summed indices, in the order of their first place."""
    return list(dict.fromkeys(i for f in factors for i in f[1:] if is_summed(i)))


def renamed(factors: Iterable[Factor], names: Mapping[str, str]) -> list[Factor]:
    """The factors with other indices."""
    return [(f[0], *(names.get(i, i) for i in f[1:])) for f in factors]


def scaled(terms: Terms, by: Any) -> Terms:
    """Times a number."""
    return [(c * by, fs) for c, fs in terms]


def moved(terms: Terms, names: Names) -> Terms:
    """With other indices."""
    return [(c, renamed(fs, names)) for c, fs in terms]


def product(first: Terms, second: Terms) -> Terms:
    """The product of two sums, which may share indices."""
    return [(c * d, [*fs, *gs]) for c, fs in first for d, gs in second]


def tidy(factors: Sequence[Factor]) -> list[Factor]:
    """Without ``one`` where its index stands elsewhere or is free, and without ``id`` where it identifies indices."""
    found = list(factors)
    while True:
        equal = next((f for f in found if f[0] == "id" and (f[1] == f[2] or any(map(is_summed, f[1:])))), None)
        if equal is None:
            break
        found.remove(equal)
        old, new = equal[1:] if is_summed(equal[1]) else (equal[2], equal[1])
        found = [*renamed(found, {old: new}), ("one", new)]
    uses = Counter(i for f in found if f[0] != "one" for i in f[1:])
    ones = dict.fromkeys(f for f in found if f[0] == "one" and is_summed(f[1]) and not uses[f[1]])
    return [*(f for f in found if f[0] != "one"), *ones]


def canonical(factors: Sequence[Factor]) -> Product:
    """The least of all that differ from these factors in the names of summed indices."""
    return _canonical(tuple(sorted(tidy(factors))))


@lru_cache(maxsize=100_000)
def _canonical(factors: Product) -> Product:
    return _least(factors, {i: i[0] for i in indices_of(factors)})


def _least(factors: Product, colours: dict[str, str]) -> Product:
    """Colours are refined until each index has its own; where symmetry is left, each choice is tried."""
    places = defaultdict(list)
    for f in factors:
        for k, i in enumerate(f[1:]):
            if i in colours:
                places[i].append((f, 0 if is_symmetric(f[0]) and k >= len(f) - 3 else k))
    while True:
        signs = {
            i: (colours[i], sorted((f[0], k, [colours.get(j, j) for j in f[1:]]) for f, k in places[i]))
            for i in colours
        }
        ranks = {sign: k for k, sign in enumerate(sorted({repr(sign) for sign in signs.values()}))}
        finer = {i: f"{i[0]}{ranks[repr(sign)]:03}" for i, sign in signs.items()}
        if len(set(finer.values())) == len(set(colours.values())):
            break
        colours = finer
    groups = defaultdict(list)
    for i, colour in finer.items():
        groups[colour].append(i)
    tied = next((groups[c] for c in sorted(groups) if len(groups[c]) > 1), None)
    if tied is not None:
        return min(_least(factors, {**finer, i: finer[i] + "!"}) for i in tied)
    numbers, names = Counter[str](), {}
    for colour in sorted(groups):
        (i,) = groups[colour]
        names[i] = f"{i[0]}#{numbers[i[0]]}"
        numbers[i[0]] += 1
    return tuple(sorted(_ordered(f) for f in renamed(factors, names)))


def is_symmetric(name: str) -> bool:
    """Whether the last two indices may change places."""
    return name.startswith(("dd", "iF"))


def _ordered(factor: Factor) -> Factor:
    return (*factor[:-2], *sorted(factor[-2:])) if is_symmetric(factor[0]) else factor


def add(total: Total, factors: Sequence[Factor], coefficient: Any) -> None:
    """Add a product to a total."""
    increase(total, canonical(factors), coefficient)


def increase(total: Total, product: Product, by: Any) -> None:
    """Add to the coefficient of one product."""
    value = total.get(product, 0) + by
    if value:
        total[product] = value
    else:
        total.pop(product, None)


def combined(*parts: tuple[Any, Total]) -> Total:
    """The sum of totals, each times its coefficient."""
    found: Total = {}
    for c, total in parts:
        for factors, e in total.items():
            increase(found, factors, c * e)
    return found


def solved(total: Total, parts: Sequence[Total], field: Any) -> dict[int, Any] | None:
    """The coefficients of the parts that add up to a total, by their place, zeros left out; None where none do."""
    columns = [*parts, total]
    rows = [[column.get(p, field.zero) for column in columns] for p in dict.fromkeys(p for c in columns for p in c)]
    reduced, pivots = DomainMatrix(rows, (len(rows), len(columns)), field.to_domain()).rref()
    if len(parts) in pivots:
        return None
    found = {k: reduced[row, len(parts)].element for row, k in enumerate(pivots)}
    return {k: c for k, c in found.items() if c}


def product_text(factors: Iterable[Factor]) -> str:
    """One line, in the order of the claim language.

    >>> product_text([("mu", "s#0"), ("pi", "s#0", "a#0"), ("dpi", "s#0", "a#0", "i0")])
    'sum[s1,a1] mu(s1) * pi(a1|s1) * grad pi(a1|s1)'
    """
    factors = list(factors)
    numbers, summed = Counter[str](), dict[str, str]()
    for i in indices_of(factors):
        numbers[i[0]] += 1
        summed[i] = f"{i[0]}{numbers[i[0]]}"
    bound = [name for name in summed.values() if name[0] != "i"]
    return (f"sum[{','.join(bound)}] " if bound else "") + (" * ".join(_factor_text(f, summed) for f in factors) or "1")


_WORDS = {"dd": "grad grad ", "d": "grad ", "i": "1/", "l": "log "}


def _factor_text(factor: Factor, summed: Mapping[str, str]) -> str:
    name, at = factor[0].removeprefix(OWN), [summed.get(i, i).lower() for i in factor[1:] if kind_of(i) != "i"]
    for start, words in _WORDS.items():
        if name.startswith((f"{start}pi", f"{start}logit")):
            name = words + name.removeprefix(start)
            break
    if name.rstrip("'").endswith("pi"):
        return f"{name}({at[1]}|{at[0]})"
    if name.rstrip("'") == "P":
        return f"{name}({at[2]}|{at[0]},{at[1]})"
    return name + (f"({','.join(at)})" if at else "")


_KINDS = {"A": "a", "B": "a", "I": "i", "J": "i", "K": "i"}


def kind_of(index: str) -> str:
    """The kind of an index, or of a free one of an equation: s, a or i.

    >>> kind_of("a#1"), kind_of("s'"), kind_of("S"), kind_of("I")
    ('a', 's', 's', 'i')
    """
    return _KINDS.get(index, "s") if index.isupper() else index[0]

"""`conjecture`: identities between products of given quantities that hold for every finite MDP.

All products up to a size are written out and brought to normal form.  One whose normal form depends linearly on those
of smaller ones gives an identity.  Its product is then replaced wherever it stands in a larger one, so consequences are
not found again.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pgsym.claims.language import parse
from pgsym.claims.language import tree as t
from pgsym.claims.language.statement import Claim, equal
from pgsym.errors import ClaimError, SchemaError
from pgsym.expression.complaint import nearest
from pgsym.expression.quantity import STATE, VOCABULARY
from pgsym.limits import CONJECTURE_PRODUCTS
from pgsym.model.objective import Objective
from pgsym.prover.equations import Equation
from pgsym.prover.general import prove
from pgsym.prover.reading import Reading
from pgsym.prover.rewriting import matches, normal_form
from pgsym.prover.tensors import Product, Total, canonical, increase
from pgsym.prover.verdict import GeneralVerdict, Standing
from pgsym.prover.vocabulary import ProductWriter, coefficient_node, plus

WEIGHTS = {"eta": 0, "mu": 0, "mu0": 0, "D": 1, "P": 2, "P_pi": 1}
"""Distributions over a state, with the place of the index that they are over."""

STATES = ("s", "s'", "s''")


@dataclass(frozen=True)
class Template:
    """A quantity with the kinds of its indices, as factors of the prover have them."""

    letter: str
    kinds: str

    @property
    def base(self) -> str:
        """Without its gradient."""
        return self.letter.removeprefix("d") if self.kinds.endswith("i") else self.letter

    def over(self, at: Sequence[str]) -> set[str]:
        """The indices over which it is a distribution, or the gradient of one."""
        if self.base == "pi":
            return {at[1]}
        return {at[WEIGHTS[self.base]]} if self.base in WEIGHTS else set()


def conjecture(
    quantities: Collection[str], *, size: int = 3, objective: Objective | str = Objective.START_STATE
) -> GeneralVerdict:
    """Identities between products of these quantities, each with its proof for every finite MDP.

    Parameters
    ----------
    quantities
        Names of the vocabulary, with ``grad`` before them for gradients: ``["eta", "V", "grad pi"]``.
    size
        Factors of a product at most.
    objective
        What J is, and what Q and A are taken with.

    Returns
    -------
    GeneralVerdict
        Its links are the identities, those of few factors first.

    Raises
    ------
    SchemaError
        A quantity is unknown, or there are too many products.

    See Also
    --------
    prove : A claim of one's own.

    References
    ----------
    Colton, Automated Theory Formation in Pure Mathematics (2002).

    Examples
    --------
    >>> for found in conjecture(["mu0", "eta", "V", "r_pi", "J"], size=2).links:
    ...     print(found.claim)
    sum[s] mu0(s) == 1
    sum[s] eta(s) == 1 / (1 - gamma)
    sum[s] mu0(s) * V(s) == J
    sum[s] eta(s) * r_pi(s) == J
    """
    which = Objective.parse(objective) if isinstance(objective, str) else objective
    reading = Reading(parse("J = J").claims[0], which)
    templates = [_template(name.strip()) for name in quantities]
    products = list(itertools.islice(_products(templates, size), CONJECTURE_PRODUCTS + 1))
    if len(products) > CONJECTURE_PRODUCTS:
        raise SchemaError(
            f"found more than {CONJECTURE_PRODUCTS} products; so many are written out. Give fewer quantities, or a "
            "smaller size",
            where="quantities",
        )
    links = []
    for identity in _Search(reading).identities(products):
        found = prove(identity, objective=which, refute=False)
        if found.proved:
            links.append(found)
    claim = links[0].claim if links else parse("J = J").claims[0]
    return GeneralVerdict(claim, which, Standing.PROVED, links=tuple(links))


def _template(name: str) -> Template:
    grad, base = name.startswith("grad "), name.removeprefix("grad ").strip()
    known = [q for q in VOCABULARY if q.isidentifier() and q not in ("F", "I", "logit", "gamma", "d")]
    if base not in known:
        raise SchemaError(f"found {name!r}; {nearest(base, known, 'there are')}. Choose one", where="quantities")
    kinds = {"pi": "sa", "P": "sas"}.get(base, "".join("s" if k == STATE else "a" for k in VOCABULARY[base].kinds))
    return Template("d" + base, kinds + "i") if grad else Template(base, kinds)


def _products(templates: Sequence[Template], size: int) -> Iterator[Product]:
    """Products that are connected and make sense: what is summed over has one distribution, one factor a gradient."""
    seen: set[Product] = set()
    for count in range(1, size + 1):
        for chosen in itertools.combinations_with_replacement(templates, count):
            if sum(x.kinds.endswith("i") for x in chosen) > 1:
                continue
            for places in itertools.product(*map(_places, chosen)):
                yield from _summed(chosen, places, seen)


def _places(template: Template) -> list[tuple[str, ...]]:
    """Indices for one factor: an action is named after its state."""
    found = []
    for states in itertools.permutations(STATES, template.kinds.count("s")):
        rest = iter(states)
        at: list[str] = []
        for kind in template.kinds:
            at.append(next(rest) if kind == "s" else "a" + at[0][1:] if kind == "a" else "i0")
        found.append(tuple(at))
    return found


def _summed(chosen: Sequence[Template], places: Sequence[tuple[str, ...]], seen: set[Product]) -> Iterator[Product]:
    """With each choice of what is summed over; the free indices are s, a and s' in the order of their names."""
    indices = list(dict.fromkeys(i for at in places for i in at if i != "i0"))
    if len(chosen) > 1 and not _connected(places):
        return
    over = [i for x, at in zip(chosen, places, strict=True) for i in x.over(at)]
    for free in ((), ("s",), ("s", "a"), ("s", "s'")):
        inner = [i for i in indices if i not in free]
        if (
            not set(free) <= set(indices)
            or any(over.count(i) != 1 for i in inner)
            or any(over.count(i) > 1 for i in free)
        ):
            continue
        names = {i: f"{i[0]}#{i}" for i in inner}
        factors = [(x.letter, *(names.get(i, i) for i in at)) for x, at in zip(chosen, places, strict=True)]
        product = canonical(factors)
        if product not in seen:
            seen.add(product)
            yield product


def _connected(places: Sequence[tuple[str, ...]]) -> bool:
    reached, rest = set(places[0]) - {"i0"}, list(places[1:])
    while rest:
        near = next((at for at in rest if reached & set(at)), None)
        if near is None:
            return False
        reached |= set(near) - {"i0"}
        rest.remove(near)
    return True


class _Search:
    """Linear relations between normal forms."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.equations = reading.equations.table()
        self._known: dict[Product, Total] = {}

    def identities(self, products: Sequence[Product]) -> Iterator[Claim]:
        """Each product that earlier ones add up to, as an equation."""
        pivots: dict[Product, tuple[Total, dict[Product, Any]]] = {}
        found: list[Equation] = []
        for product in ((), *sorted(products, key=_generality)):
            if any(next(matches(product, equation), None) for equation in found):
                continue
            try:
                rest = dict(self.total(product))
            except ClaimError:  # not defined for this objective
                continue
            parts = {product: self.reading.field.one}
            while (lead := next((p for p in sorted(rest) if p in pivots), None)) is not None:
                vector, made = pivots[lead]
                factor = rest[lead] / vector[lead]
                for p, c in vector.items():
                    increase(rest, p, -factor * c)
                for p, c in made.items():
                    increase(parts, p, -factor * c)
            if rest:
                pivots[max(rest)] = rest, parts
            else:
                found.append(Equation("", product, ()))
                yield self._claim(product, parts)

    def total(self, product: Product) -> Total:
        """The normal form of a product."""
        if not product:
            return {(): self.reading.field.one}
        if product not in self._known:
            self._known[product], _ = normal_form(self.reading.total(self._node(product)), self.equations)
        return self._known[product]

    def _node(self, product: Product) -> t.Node:
        node = ProductWriter(self.reading, product).node(self.reading.field.one)
        assert node is not None
        return node

    def _claim(self, product: Product, parts: dict[Product, Any]) -> Claim:
        others = [coefficient_node(-c, self._node(p) if p else None) for p, c in parts.items() if p != product]
        return equal(self._node(product), plus(others) if others else t.Number(Fraction(0)))


def _generality(product: Product) -> tuple[int, int]:
    """Of few factors first, and of these such with many indices, of which others are special cases."""
    return len(product), -len({i for f in product for i in f[1:]}) if len(product) > 1 else 0

"""What `Tensors.v` is told of an expression: the same as data, and how its products become alike.

It computes a list of products under sums by itself.  Given are the places where neighbouring sums change order, and
where a sum over a delta is carried out, so that products that differ in the names of what is summed become one.

>>> y, z = Total("s#1", "", Tensor("mu", ("s#1",))), Total("s#2", "", Tensor("V", ("s#2",)))
>>> operations(flat(Plus(Times(y, z), Times(z, y))), [])
['[]', '[Swap 0]']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pgsym.certificates.tensor_terms import (
    DELTA,
    MINUS,
    Minus,
    Numeral,
    Over,
    Plus,
    Tensor,
    Term,
    Times,
    Total,
    inverse,
    text,
)
from pgsym.prover.tensors import canonical

Binder = tuple[str, str]
"""An index, and the state whose action it is."""

Flat = tuple[list[Binder], list[Tensor | Numeral]]
"""A product under its sums."""


class TensorTable:
    """The tensors and numbers of one file, numbered as its table `tensor` numbers them."""

    def __init__(self) -> None:
        self.known: list[Tensor | Numeral] = [Tensor(DELTA, ("i", "j")), Numeral(MINUS)]
        self.places = {_nowhere(term): k for k, term in enumerate(self.known)}

    def number(self, term: Tensor | Numeral) -> int:
        """Of a tensor, whatever its place."""
        if _nowhere(term) not in self.places:
            self.places[_nowhere(term)] = len(self.known)
            self.known.append(term)
        return self.places[_nowhere(term)]

    def deep(self, term: Term, levels: Mapping[str, int]) -> str:
        """The expression as data; `levels` are the numbers of its variables."""
        match term:
            case Numeral():
                return f"(Fac {self.number(term)} [])"
            case Tensor(_, at):
                return f"(Fac {self.number(term)} [{'; '.join(str(levels[i]) for i in at)}])"
            case Plus(x, y):
                return f"(Add {self.deep(x, levels)} {self.deep(y, levels)})"
            case Minus(x):
                return f"(Neg {self.deep(x, levels)})"
            case Times(x, y):
                return f"(Mul {self.deep(x, levels)} {self.deep(y, levels)})"
            case Over(x, y):
                return f"(Mul {self.deep(x, levels)} {self.deep(inverse(y), levels)})"
            case Total(index, of, x):
                kind = f"(Ac {levels[of]})" if of else "St"
                return f"(Sum {kind} {self.deep(x, {**levels, index: len(levels)})})"
        raise TypeError(type(term).__name__)

    def lines(self) -> list[str]:
        """Its definition."""
        found = ["Definition tensor (f : nat) (at_ : list nat) : R :=", "  match f, at_ with"]
        for number, term in enumerate(self.known):
            names = ["i", "j", "k"][: len(term.at)] if isinstance(term, Tensor) else []
            value = term.words if isinstance(term, Numeral) else text(replace(term, at=tuple(names)), names)
            found.append(f"  | {number}%nat, [{'; '.join(names)}] => {value}")
        return [*found, "  | _, _ => 0", "  end."]


def _nowhere(term: Tensor | Numeral) -> Tensor | Numeral:
    return replace(term, at=()) if isinstance(term, Tensor) else term


def flat(term: Term) -> list[Flat]:
    """The products in the order in which `norm` of Tensors.v has them."""
    match term:
        case Numeral() | Tensor():
            return [([], [term])]
        case Plus(x, y):
            return flat(x) + flat(y)
        case Minus(x):
            return [(b, [Numeral(MINUS), *fs]) for b, fs in flat(x)]
        case Times(x, y):
            second = flat(y)
            return [([*b, *c], [*fs, *gs]) for b, fs in flat(x) for c, gs in second]
        case Over(x, y):
            return flat(Times(x, inverse(y)))
        case Total(index, of, x):
            return [([(index, of), *b], fs) for b, fs in flat(x)]
    raise TypeError(type(term).__name__)


def operations(flats: Sequence[Flat], free: Sequence[str]) -> list[str]:
    """What is done to each product so that like ones become the same, in the words of Tensors.v."""
    first: dict[object, Flat] = {}
    found = []
    for flat_ in flats:
        (binders, factors), steps = _contracted(flat_, free)
        key = canonical([_plain(f) for f in factors if isinstance(f, Tensor)] + [("one", i) for i, _ in binders])
        model = first.setdefault(key, (binders, factors))
        names = _matched(factors, model[1], free)
        order = [i for i, _ in model[0]]
        rank = {i: order.index(names.get(i, i)) if names.get(i, i) in order else len(order) for i, _ in binders}
        found.append(f"[{'; '.join([*steps, *_sorting([rank[i] for i, _ in binders])])}]")
    return found


def _plain(factor: Tensor) -> tuple[str, ...]:
    return (f"!{factor.name} {factor.form}", *factor.at)


def _contracted(product: Flat, free: Sequence[str]) -> tuple[Flat, list[str]]:
    binders, factors = list(product[0]), list(product[1])
    steps: list[str] = []
    while True:
        order = [*free, *(i for i, _ in binders)]
        deltas = [f for f in factors if isinstance(f, Tensor) and f.name == DELTA and f.at[0] != f.at[1]]
        place = next((f for f in deltas if max(map(order.index, f.at)) >= len(free)), None)
        if place is None:
            return (binders, factors), steps
        kept, gone = sorted(place.at, key=order.index)
        factors.remove(place)
        position = [i for i, _ in binders].index(gone)
        steps.append(f"Contract {position}")
        del binders[position]
        binders = [(i, kept if of == gone else of) for i, of in binders]
        factors = [
            replace(f, at=tuple(kept if i == gone else i for i in f.at)) if isinstance(f, Tensor) else f
            for f in factors
        ]


def _matched(
    factors: Sequence[Tensor | Numeral], model: Sequence[Tensor | Numeral], free: Sequence[str]
) -> dict[str, str]:
    """Indices of one product by those of another that differs in their names only."""
    todo = [f for f in factors if isinstance(f, Tensor)]
    pool = [f for f in model if isinstance(f, Tensor)]

    def extend(k: int, names: dict[str, str], left: list[Tensor]) -> dict[str, str] | None:
        if k == len(todo):
            return names
        for n, other in enumerate(left):
            if (other.name, other.form) != (todo[k].name, todo[k].form):
                continue
            new = dict(names)
            if all(new.setdefault(i, j) == j for i, j in zip(todo[k].at, other.at, strict=True)) and len(
                set(new.values())
            ) == len(new):
                found = extend(k + 1, new, left[:n] + left[n + 1 :])
                if found is not None:
                    return found
        return None

    found = extend(0, {i: i for i in free}, pool)
    if found is None:
        raise AssertionError("products with one canonical form are alike")
    return found


def _sorting(ranks: list[int]) -> list[str]:
    """Exchanges of neighbours that sort."""
    ranks, found = list(ranks), []
    for _ in ranks:
        for p in range(len(ranks) - 1):
            if ranks[p] > ranks[p + 1]:
                ranks[p], ranks[p + 1] = ranks[p + 1], ranks[p]
                found.append(f"Swap {p}")
    return found

"""Expressions over any number of states and actions, as they stand in Coq, and the steps that bring them to normal form.

`Tensors.v` computes the normal form; what it is told are the places where sums change order, and where a sum over a
delta is carried out, so that like products become one.

>>> V = Total("s#1", "", Product(Tensor("N", ("s", "s#1"), True), Tensor("r", ("s#1", "a"))))
>>> text(V, ["s", "a"])
"Σ s' < states, N theta s s' * r s' a"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from pgsym.errors import CertificateError
from pgsym.prover.tensors import canonical

DELTA, MINUS = "delta", "-1"
"""Tensor 0 and number 1 of `Tensors.v`."""


@dataclass(frozen=True)
class Number:
    """A number, in Coq's words."""

    words: str


@dataclass(frozen=True)
class Tensor:
    """A function at a place.

    Attributes
    ----------
    name : str
        As Coq knows it; for ``1/pi``, ``log pi`` and ``d pi`` that of pi, with `form`.
    moving : bool
        Whether it depends on theta.
    form : str
        What is taken of it, with ``{}`` for its text.
    """

    name: str
    at: tuple[str, ...] = ()
    moving: bool = False
    form: str = "{}"


@dataclass(frozen=True)
class Plus:
    """left + right."""

    left: Term
    right: Term


@dataclass(frozen=True)
class Minus:
    """-body."""

    body: Term


@dataclass(frozen=True)
class Product:
    """left * right."""

    left: Term
    right: Term


@dataclass(frozen=True)
class Over:
    """left / right, of a number or a probability."""

    left: Term
    right: Number | Tensor


@dataclass(frozen=True)
class Total:
    """The sum over states, or over the actions `of` a state."""

    index: str
    of: str
    body: Term


@dataclass(frozen=True)
class Named:
    """A defined function at a place, and what it stands for there."""

    name: str
    at: tuple[str, ...]
    body: Term


@dataclass(frozen=True)
class Slope:
    """The derivative of a body along theta, and its value."""

    body: Term
    value: Term


Term = Number | Tensor | Plus | Minus | Product | Over | Total | Named | Slope

INVERSE, LOG, DERIVATIVE = "/ {}", "ln ({})", "Derive (fun u => {}) theta"

_fresh = count()


def fresh(kind: str) -> str:
    """An index that stands nowhere else."""
    return f"{kind}#{next(_fresh)}"


def parts(term: Term) -> Iterator[Term]:
    """The term and all below it."""
    yield term
    for name in ("left", "right", "body"):
        if hasattr(term, name):
            yield from parts(getattr(term, name))


def is_moving(term: Term) -> bool:
    """Whether it depends on theta."""
    return any(isinstance(part, Tensor) and part.moving for part in parts(term))


def inverse(term: Number | Tensor) -> Number | Tensor:
    """1 / term."""
    if isinstance(term, Number):
        return Number(f"/ ({term.words})")
    return replace(term, form=INVERSE)


def expanded(term: Term, *, slopes: bool = True) -> Term:
    """With the values of derivatives, and with names written out; or with the values only."""
    match term:
        case Slope(_, value):
            return expanded(value) if slopes else value
        case Named(body=body):
            return expanded(body) if slopes else term
        case Minus(x):
            return Minus(expanded(x, slopes=slopes))
        case Total(index, of, x):
            return Total(index, of, expanded(x, slopes=slopes))
        case Plus(x, y):
            return Plus(expanded(x, slopes=slopes), expanded(y, slopes=slopes))
        case Product(x, y):
            return Product(expanded(x, slopes=slopes), expanded(y, slopes=slopes))
        case Over(x, y):
            return Product(expanded(x), inverse(y)) if slopes else Over(expanded(x, slopes=False), y)
    return term


# -- Coq's text --------------------------------------------------------------------------------------------------


def text(term: Term, used: Sequence[str], theta: str = "theta", *, minus: str = "-") -> str:
    """The term; `used` are the indices that have their names already.  Subtraction may be written ``+ -``."""
    return _Writer(theta, minus).text(term, dict.fromkeys(used))


class _Writer:
    def __init__(self, theta: str, minus: str) -> None:
        self.theta = theta
        self.minus = minus

    def text(self, term: Term, names: Mapping[str, str | None], level: int = 0) -> str:
        """As an operand of + (level 1), of * on its right (2) or left (3)."""

        def name(index: str) -> str:
            return names.get(index) or index

        match term:
            case Number(words):
                return words if words.isalnum() or words.startswith("(") else f"({words})"
            case Tensor(known, at, moving, form):
                theta = ("u" if form == DERIVATIVE else self.theta,) if moving else ()
                inner = form.format(" ".join([known, *theta, *map(name, at)]))
                return inner
            case Named(known, at, body):
                theta = (self.theta,) if is_moving(body) else ()
                return " ".join([known, *theta, *map(name, at)])
            case Plus(x, Minus(y)):
                return _wrapped(f"{self.text(x, names)} {self.minus} {self.text(y, names, 2)}", level > 0)
            case Plus(x, y):
                return _wrapped(f"{self.text(x, names)} + {self.text(y, names, 1)}", level > 0)
            case Minus(x):
                return _wrapped(f"- {self.text(x, names, 2)}", level > 0)
            case Product(x, y):
                left = _wrapped(self.text(x, names, 3), not isinstance(x, Total) and _is_open(x))
                return _wrapped(f"{left} * {self.text(y, names, 4)}", level == 4)
            case Over(x, y):
                left = _wrapped(self.text(x, names, 3), not isinstance(x, Total) and _is_open(x))
                return _wrapped(f"{left} / {self.text(y, names, 4)}", level == 4)
            case Total(index, of, body):
                new = next(n for n in _names(index[0]) if n not in names and n not in names.values())
                size = f"actions {name(of)}" if of else "states"
                inner = self.text(body, {**names, index: new}, 2)
                return _wrapped(f"Σ {new} < {size}, {inner}", level == 3)
            case Slope(body):
                return f"Derive (fun u => {_Writer('u', self.minus).text(body, names)}) theta"


def _is_open(term: Term) -> bool:
    """Whether it ends in a sum, which would take in what is written behind it."""
    match term:
        case Total():
            return True
        case Product(_, y) | Minus(y):
            return _is_open(y) and not isinstance(y, Product)
    return False


def _wrapped(inner: str, needed: bool) -> str:
    return f"({inner})" if needed else inner


def _names(kind: str) -> Iterator[str]:
    return (kind + ("'" * k if k < 3 else str(k)) for k in count())


# -- derivatives ---------------------------------------------------------------------------------------------------


def derivative(term: Term, slope: Callable[[Tensor], Term]) -> Term:
    """Along theta, of an expanded term that depends on it, as the rules of Chains.v give it."""
    match term:
        case Tensor(form="{}"):
            return slope(term)
        case Tensor():
            plain, inner = replace(term, form=INVERSE), replace(term, form=DERIVATIVE)
            return Product(plain, inner) if term.form == LOG else Minus(Product(Product(plain, plain), inner))
        case Minus(x):
            return Minus(derivative(x, slope))
        case Total(index, of, x):
            return Total(index, of, derivative(x, slope))
        case Product(x, y):
            if not is_moving(x):
                return Product(x, derivative(y, slope))
            if not is_moving(y):
                return Product(derivative(x, slope), y)
            return Plus(Product(derivative(x, slope), y), Product(x, derivative(y, slope)))
        case Plus(x, y):
            moving = [part for part in (x, y) if is_moving(part)]
            slopes = [derivative(part, slope) for part in moving]
            return slopes[0] if len(slopes) == 1 else Plus(*slopes)
    raise TypeError(type(term).__name__)


# -- the same expression for `Tensors.v` ---------------------------------------------------------------------------


class TensorTable:
    """The tensors and numbers of one file, numbered as its table `tensor` numbers them."""

    def __init__(self) -> None:
        self.known: list[Tensor | Number] = [Tensor(DELTA, ("i", "j")), Number(MINUS)]
        self.places = {_nowhere(term): k for k, term in enumerate(self.known)}

    def number(self, term: Tensor | Number) -> int:
        """Of a tensor, whatever its place."""
        if _nowhere(term) not in self.places:
            self.places[_nowhere(term)] = len(self.known)
            self.known.append(term)
        return self.places[_nowhere(term)]

    def deep(self, term: Term, levels: Mapping[str, int]) -> str:
        """The expression as data; `levels` are the numbers of its variables."""
        match term:
            case Number():
                return f"(Fac {self.number(term)} [])"
            case Tensor(_, at):
                return f"(Fac {self.number(term)} [{'; '.join(str(levels[i]) for i in at)}])"
            case Plus(x, y):
                return f"(Add {self.deep(x, levels)} {self.deep(y, levels)})"
            case Minus(x):
                return f"(Neg {self.deep(x, levels)})"
            case Product(x, y):
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
            value = term.words if isinstance(term, Number) else text(replace(term, at=tuple(names)), names)
            found.append(f"  | {number}%nat, [{'; '.join(names)}] => {value}")
        return [*found, "  | _, _ => 0", "  end."]


def _nowhere(term: Tensor | Number) -> Tensor | Number:
    return replace(term, at=()) if isinstance(term, Tensor) else term


# -- normal forms --------------------------------------------------------------------------------------------------

Binder = tuple[str, str]
"""An index, and the state whose action it is."""

Flat = tuple[list[Binder], list[Tensor | Number]]
"""A product under its sums."""


def flat(term: Term) -> list[Flat]:
    """The products in the order in which `norm` of Tensors.v has them."""
    match term:
        case Number() | Tensor():
            return [([], [term])]
        case Plus(x, y):
            return flat(x) + flat(y)
        case Minus(x):
            return [(b, [Number(MINUS), *fs]) for b, fs in flat(x)]
        case Product(x, y):
            second = flat(y)
            return [([*b, *c], [*fs, *gs]) for b, fs in flat(x) for c, gs in second]
        case Over(x, y):
            return flat(Product(x, inverse(y)))
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
    steps = []
    while True:
        order = [*free, *(i for i, _ in binders)]
        place = next(
            (f for f in factors if isinstance(f, Tensor) and f.name == DELTA and max(map(order.index, f.at)) >= len(free)
             and f.at[0] != f.at[1]),
            None,
        )  # fmt: skip
        if place is None:
            return (binders, factors), steps
        kept, gone = sorted(place.at, key=order.index)
        factors.remove(place)
        position = [i for i, _ in binders].index(gone)
        steps.append(f"Contract {position}")
        del binders[position]
        binders = [(i, kept if of == gone else of) for i, of in binders]
        factors = [
            replace(f, at=tuple(kept if i == gone else i for i in f.at)) if isinstance(f, Tensor) else f for f in factors
        ]


def _matched(factors: Sequence[Tensor | Number], model: Sequence[Tensor | Number], free: Sequence[str]) -> dict[str, str]:
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
        raise CertificateError("found two products that should be alike; report this", where="claim")
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

"""Expressions over any number of states and actions, as they stand in Coq.

>>> V = Total("s#1", "", Times(Tensor("N", ("s", "s#1"), True), Tensor("r", ("s#1", "a"))))
>>> text(V, ["s", "a"])
"Σ s' < states, N theta s s' * r s' a"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

DELTA, MINUS = "delta", "-1"
"""Tensor 0 and number 1 of `Tensors.v`."""


@dataclass(frozen=True)
class Numeral:
    """A number, in Coq's words."""

    words: str


@dataclass(frozen=True)
class Tensor:
    """A function at a place."""

    name: str
    """As Coq knows it; for ``1/pi``, ``log pi`` and ``d pi`` that of pi, with `form`."""
    at: tuple[str, ...] = ()
    moving: bool = False
    """Whether it depends on theta."""
    form: str = "{}"
    """What is taken of it, with ``{}`` for its text."""


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
class Times:
    """left * right."""

    left: Term
    right: Term


@dataclass(frozen=True)
class Over:
    """left / right, of a number or a probability."""

    left: Term
    right: Numeral | Tensor


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


Term = Numeral | Tensor | Plus | Minus | Times | Over | Total | Named | Slope

INVERSE, LOG, DERIVATIVE = "/ {}", "ln ({})", "Derive (fun u => {}) theta"


def below(term: Term) -> dict[str, Term]:
    """The terms directly below, by the names of their fields."""
    return {name: getattr(term, name) for name in ("left", "right", "body") if hasattr(term, name)}


def parts(term: Term) -> Iterator[Term]:
    """The term and all below it."""
    yield term
    for part in below(term).values():
        yield from parts(part)


def is_moving(term: Term) -> bool:
    """Whether it depends on theta."""
    return any(isinstance(part, Tensor) and part.moving for part in parts(term))


def renamed(term: Term, names: Mapping[str, str]) -> Term:
    """With other indices."""
    changed: dict[str, object] = {name: renamed(part, names) for name, part in below(term).items()}
    if isinstance(term, Tensor | Named):
        changed["at"] = tuple(names.get(i, i) for i in term.at)
    elif isinstance(term, Total):
        changed["of"] = names.get(term.of, term.of)
    return replace(term, **changed)  # type: ignore[arg-type]


def inverse(term: Numeral | Tensor) -> Numeral | Tensor:
    """1 / term."""
    if isinstance(term, Numeral):
        return Numeral(f"/ ({term.words})")
    return replace(term, form=INVERSE)


def expanded(term: Term, *, slopes: bool = True) -> Term:
    """With the values of derivatives, and with names written out; or with the values only."""
    match term:
        case Slope(_, value):
            return expanded(value) if slopes else value
        case Named(body=body):
            return expanded(body) if slopes else term
        case Over(x, y) if slopes:
            return Times(expanded(x), inverse(y))
    return replace(term, **{name: expanded(part, slopes=slopes) for name, part in below(term).items()})  # type: ignore[arg-type]


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
            case Numeral(words):
                return words if words.isalnum() or words.startswith("(") else f"({words})"
            case Tensor(known, at, moving, form):
                theta = ("u" if form == DERIVATIVE else self.theta,) if moving else ()
                return form.format(" ".join([known, *theta, *map(name, at)]))
            case Named(known, at, body):
                theta = (self.theta,) if is_moving(body) else ()
                return " ".join([known, *theta, *map(name, at)])
            case Plus(x, Minus(y)):
                return _wrapped(
                    f"{self.text(x, names)} {self.minus} {self.text(y, names, 2 if self.minus == '-' else 4)}",
                    level > 0,
                )
            case Plus(x, y):
                return _wrapped(f"{self.text(x, names)} + {self.text(y, names, 1)}", level > 0)
            case Minus(x):
                return _wrapped(f"- {self.text(x, names, 4)}", level > 0)
            case Times(x, y):
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
        case Times(_, y) | Minus(y):
            return _is_open(y) and not isinstance(y, Times)
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
            return Times(plain, inner) if term.form == LOG else Minus(Times(Times(plain, plain), inner))
        case Minus(x):
            return Minus(derivative(x, slope))
        case Total(index, of, x):
            return Total(index, of, derivative(x, slope))
        case Times(x, y):
            if not is_moving(x):
                return Times(x, derivative(y, slope))
            if not is_moving(y):
                return Times(derivative(x, slope), y)
            return Plus(Times(derivative(x, slope), y), Times(x, derivative(y, slope)))
        case Plus(x, y):
            moving = [part for part in (x, y) if is_moving(part)]
            slopes = [derivative(part, slope) for part in moving]
            return slopes[0] if len(slopes) == 1 else Plus(*slopes)
    raise TypeError(type(term).__name__)

"""What is known while one side of a relation is read, and the states, actions and times that it names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pgsym.claims.language.parse import parse_expression
from pgsym.claims.language.scope import Scope
from pgsym.errors import ClaimError, NotReadError
from pgsym.notes import times
from pgsym.notes.names import Names, plain
from pgsym.notes.parts import Pieces, placed, scripts, text_of
from pgsym.notes.tokens import Token
from pgsym.notes.vectors import applied_to

TRANSPOSED = ("\\top", "\\intercal")
"""Powers that are none; T may be one."""


class OutsideRunError(Exception):
    """A part of a run stands outside of an expectation: the relation speaks of every single run."""


class FormulaSide(ABC):
    """One side of one relation in one reading."""

    @abstractmethod
    def side(self, given: Sequence[Token], at: int) -> Pieces:
        """A whole expression."""

    @abstractmethod
    def product(self, found: Sequence[Token]) -> Pieces:
        """Factors side by side."""

    def __init__(self, names: Names, introduced: frozenset[str] = frozenset(), *, every_run: bool = False) -> None:
        self.names = names
        self.introduced = introduced
        """The states and actions that the chain is about: those that are free in its first term."""
        self.bound: list[str] = []
        """Those that sums and means around have bound."""
        self.seen: set[str] = set()
        """Those that were named."""
        self.taken: set[str] = set()
        """Those of maxima before, which must not stand behind them."""
        self.letters: dict[str, str] = {}
        self.clock = times.Clock(names.origin)
        self.run = int(every_run)
        """How many expectations over runs are around."""
        self.timed = False
        self.collect: list[str] | None = None
        """The means inside of a sum over time that is read as the mean of a sum."""
        self.transposed = False
        """Whether the factor that was read last is transposed."""
        self.everywhere = False
        """Whether a divergence of policies without a state stands in it."""
        self.graded = self.of_policy = False
        """Whether it stands under a gradient, or in a mean over the policy."""
        self.joint: tuple[list[Token], list[Token]] | None = None
        """The arguments of P(s',r|s,a), where rewards are summed over."""

    def run_part(self, at: int) -> None:
        """Something that has a value on each run."""
        if not self.run:
            raise OutsideRunError
        self.timed = True

    def plain_index(self, part: Sequence[Token], at: int) -> str:
        """A state or an action outside of the run."""
        run, self.run = self.run, 0
        try:
            return self.index(part, at)
        finally:
            self.run = run

    def index(self, part: Sequence[Token], at: int) -> str:
        """s, s', s_t, s_{t+1}, a_0, or a letter that a sum over states or actions binds."""
        if not part:
            raise NotReadError("found an empty argument. Complete it", at)
        head = part[0]
        letter = self.letters.get(head.text, self.names.letters.get(head.text, head.text))
        sub, sup, primes, after = scripts(part, 1)
        if (
            head.kind != "symbol"
            or letter[0] not in "sa"
            or (len(letter) > 1 and head.text not in self.letters)
            or after < len(part)
        ):
            if head.text == "\\tau" and sub and ":" in plain(sub):
                raise NotReadError(
                    f"found {plain(part)}, a segment of a run; means over the steps up to a time, and from a time on "
                    "given its state, are read",
                    head.at,
                )
            why = f"found {plain(part)} where a state or an action should stand; they are called s and a"
            raise NotReadError(why, head.at)
        if sup is not None:
            raise NotReadError(f"found {plain(part)}, one of several samples; means are read, samples are not", head.at)
        if sub is None:
            if head.text in ("S", "A"):
                raise NotReadError(f"found {head.text}, a set or a random state, where a state should stand", head.at)
            name = letter + "'" * primes
            self.seen.add(name)
            return name
        if len(sub) > 1 and any(t.text == "," for t in sub):
            raise NotReadError(f"found {plain(part)}, one of several samples; means are read, samples are not", head.at)
        if primes:
            raise NotReadError(f"found {plain(part)}; a state has a prime or a time, not both", head.at)
        if self.run:
            self.timed = True
            return f"{letter}_{{{self.clock.time(sub, head.at)}}}"
        name = times.outside(letter, sub, head.at)
        self.clock.outer |= {t.text for t in sub if t.kind == "symbol"}
        if len(self.clock.outer) > 1 or self.clock.outer & set("ijmn"):
            raise NotReadError(f"found {plain(part)}, a state or an action by its number, or two times", head.at)
        self.names.tell(
            "s_t", "outside of a mean over runs s_t, a_t and s_{t+1} are any state, its action and the next state"
        )
        self.seen.add(name)
        return name

    @contextmanager
    def binding(self) -> Iterator[None]:
        """What is bound inside is forgotten outside."""
        before, letters = list(self.bound), dict(self.letters)
        try:
            yield
        finally:
            self.seen -= set(self.bound) - set(before)
            self.bound, self.letters = before, letters

    @contextmanager
    def running(self) -> Iterator[None]:
        self.run += 1
        try:
            yield
        finally:
            self.run -= 1

    def exponent(self, sup: Sequence[Token], at: int) -> Pieces:
        if len(sup) == 1 and sup[0].kind == "number":
            return [(f"^{sup[0].text}", at)]
        return [(f"^({self.clock.power(sup, at)})", at)]

    def powered(self, base: Pieces, found: Sequence[Token], k: int) -> tuple[Pieces, int]:
        """A bracket or number with its exponent."""
        sub, sup, primes, after = scripts(found, k)
        if sub is not None or primes:
            why = "found a bracket with an index; quantities have indices, brackets have powers"
            raise NotReadError(why, found[k].at)
        if sup is None:
            return base, after
        return self.raised(base, sup, found[k].at), after

    def raised(self, base: Pieces, sup: Sequence[Token], at: int) -> Pieces:
        """With an exponent: a power, a transpose, an inverse."""
        text = plain(sup)
        if text in TRANSPOSED or (text == "T" and (self.graded or "grad" in text_of(base))):
            self.transposed = True
            return base
        if text == "-1":
            return applied_to("inv", at, base) if self.rank(base, at) == 2 else placed(at, "(1 / ", base, ")")
        return [*base, *self.exponent(sup, at)]

    def rank(self, pieces: Pieces, at: int) -> int:
        """0 of a number, 1 of a vector over the parameters, 2 of a matrix."""
        text = text_of(pieces)
        try:
            node, held = parse_expression(self.names.bindings(text) + text)
            return Scope(held).rank(node) or 0
        except ClaimError as error:
            raise NotReadError(error.message.partition("\n")[0], at) from None

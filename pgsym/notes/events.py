"""Probabilities of what happens in a run: that it is in a state at a time, or some steps later."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pgsym.errors import NotReadError
from pgsym.notes.names import POLICIES, decoration, plain
from pgsym.notes.parts import Pieces, WrittenSymbol, commas, parted, scripts, until
from pgsym.notes.side import FormulaSide
from pgsym.notes.tokens import Token


class FormulaEvents(FormulaSide):
    """Events and steps of the chain."""

    def start_given(self, given: Sequence[Token], at: int) -> tuple[str, list[Token]]:
        """What s_0 is, among what an event is given, and the rest."""
        parts = commas(given)
        start = [p for p in parts if p and p[0].text in ("s", "S")]
        rest = [t for p in parts if p not in start for t in p]
        if not start:
            return "", rest
        left, right = parted(start[0], "=")
        if len(start) > 1 or plain(left[1:]) != f"_{self.clock.origin}":
            raise NotReadError("found an event that is given another state than the first", at)
        return f" | s_0={self.plain_index(right or left, at)}", rest

    def event(self, token: Token, inside: list[Token], found: Sequence[Token], after: int) -> tuple[Pieces, int]:
        """The probability that s_t = s."""
        asked, given = parted(inside, "|")
        if self.collect is None:
            raise NotReadError("found the probability of an event; sums over time of it are read", token.at)
        begin, rest = self.start_given(given or (), token.at)
        above = [t for s in scripts(found, found.index(token) + 1)[:2] for t in s or ()]
        primed = decoration("the probability", rest or above, token.at)
        pairs = []
        for part in commas(asked):
            left, right = parted(part, "=")
            if right is None:
                raise NotReadError("found an event that is not s_t = s or a_t = a", token.at)
            pairs.append(f"1[{self.index(left, token.at)}={self.plain_index(right, token.at)}]")
        self.collect.append(f"E[tau{chr(126) + 'pi' + chr(39) if primed else ''}{begin}]")
        return [(" * ".join(pairs), token.at)], after

    def number_of_steps(self, symbol: WrittenSymbol, ends: list[Token]) -> Sequence[Token]:
        r"""The k of P^k(s \to x), and of \rho^\pi(s \to x, k, \pi); nothing where it is not said."""
        named = [part for part in commas(ends)[1:] if plain(part) not in POLICIES]
        power = [] if symbol.sup is None or plain(symbol.sup) in POLICIES else [symbol.sup]
        deco = [*(symbol.sub or ()), *(() if power else symbol.sup or ())]
        if decoration(symbol.token.text, deco, symbol.token.at) or symbol.primes or len(named) + len(power) > 1:
            why = "found steps of the chain with more than one number, or of a second policy"
            raise NotReadError(why, symbol.token.at)
        return (*named, *power, ())[0]

    def next_given(self, at: int, what: str) -> str:
        """The next state and what it is given, of P(s',r|s,a) under a sum over r."""
        assert self.joint is not None
        before, given = self.joint
        return what.format(self.index(until(before, ","), at), ",".join(self.index(p, at) for p in commas(given)))

    def steps(self, power: Sequence[Token], start: list[Token], end: list[Token], at: int) -> Pieces:
        """A number of steps of the chain; where it is summed over, the mean over runs is taken of all of the sum."""
        since, until = self.plain_index(start, at), self.plain_index(end, at)
        number = plain(power)
        if number == "0":
            return [(f"1[{since}={until}]", at)]
        if number.isdigit() and int(number) < 10:
            places = [since, *(f"s9{k}" for k in range(1, int(number))), until]
            sums = f"sum[{','.join(places[1:-1])}] " if places[2:] else ""
            steps = " * ".join(f"P_pi({x},{y})" for x, y in pairwise(places))
            return [(f"({sums}{steps})", at)]
        if self.collect is None or self.clock.origin:
            raise NotReadError(f"found {number} steps; a number, or a sum over them from 0, is read", at)
        self.collect.append(f"E[tau | s_0={since}]")
        return [(f"1[s_{{{self.clock.time(power, at)}}}={until}]", at)]

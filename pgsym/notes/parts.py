"""Parts of formulas: scripts, arguments of commands, what stands between commas and bars."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pgsym.errors import NotReadError
from pgsym.notes import times
from pgsym.notes.names import SECOND, WEIGHTS, decoration, plain
from pgsym.notes.times import everything
from pgsym.notes.tokens import Rewritten, Token, rewritten

Pieces = list[tuple[str, int]]
"""Text of the claim language with the places in the formula that it was read from."""


def placed(at: int, *parts: str | Pieces) -> Pieces:
    """Parts side by side as pieces; those that are words were read from one place."""
    return [piece for part in parts for piece in ([(part, at)] if isinstance(part, str) else part)]


def text_of(pieces: Pieces) -> str:
    """What pieces say."""
    return "".join(piece for piece, _ in pieces)


_OF_POLICY = ("\\theta", "\\pi", "\\pi_\\theta")
EXTREMES = ("\\max", "\\min")
OPEN = ("\\sum", "\\int", "\\prod", *EXTREMES)
"""What extends to the right over products."""


def is_expectation(token: Token) -> bool:
    """Whether a symbol is the E of a mean."""
    return token.text in ("\\mathbb{E}", "\\E") or (token.kind == "symbol" and token.text == "E")


def scripts(found: Sequence[Token], k: int) -> tuple[Sequence[Token] | None, Sequence[Token] | None, int, int]:
    """What stands below and above, how many primes, and where the next token is."""
    sub: Sequence[Token] | None = None
    sup: Sequence[Token] | None = None
    primes = 0
    while k < len(found) and found[k].kind == "operator" and found[k].text in ("_", "^", "'"):
        mark = found[k]
        if mark.text == "'":
            primes, k = primes + 1, k + 1
            continue
        value = argument(found, k + 1)
        if mark.text == "^" and value and all(t.text == "'" for t in value):
            primes += len(value)
        elif (sub if mark.text == "_" else sup) is not None:
            raise NotReadError("found two indices in one place. Correct the formula", mark.at)
        elif mark.text == "_":
            sub = value
        else:
            sup = value
        k += 2
    return sub, sup, primes, k


def with_bars(found: Sequence[Token], bar: str = "|") -> list[Token]:
    """Each |x| as one token, where it is clear which bar opens: after every second one comes the end or a sign."""
    bars = [k for k, t in enumerate(found) if t.text == bar]
    if not bars or len(bars) % 2:
        return list(found)
    kept, done = list(found[: bars[0]]), bars[0]
    for opens, closes in zip(bars[::2], bars[1::2], strict=True):
        after = found[closes + 1 : closes + 2]
        if len(bars) > 2 and bar == "|" and after and after[0].text not in ("+", "-", "*", "/"):
            why = "found several bars, of which it is not clear which opens. Write brackets"
            raise NotReadError(why, found[opens].at)
        kept += [*found[done:opens], Token(bar * 2, bar * 2, found[opens].at, tuple(found[opens + 1 : closes]))]
        done = closes + 1
    return [*kept, *found[done:]]


def argument(found: Sequence[Token], k: int) -> Sequence[Token]:
    """What a command or an index takes: what a group holds, or one token."""
    if k >= len(found):
        why = "found the end where a command or an index needs something. Complete the formula"
        raise NotReadError(why, found[-1].at)
    return found[k].held


def closes(found: Sequence[Token], k: int) -> bool:
    """Whether an expectation has its body in brackets."""
    after = scripts(found, k + 1)[3]
    return after < len(found) and found[after].kind in ("()", "[]", "\\{\\}")


def levels(found: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """What stands side by side, at every depth."""
    yield found
    yield from (t.inside for t in everything(found) if t.inside)


class WrittenSymbol(NamedTuple):
    """A symbol with what stands below and above, its primes, what it is called with, and where the next token is."""

    token: Token
    sub: Sequence[Token] | None
    sup: Sequence[Token] | None
    primes: int
    call: Token | None
    after: int

    @classmethod
    def at(cls, found: Sequence[Token], k: int) -> WrittenSymbol:
        """The symbol at a place."""
        sub, sup, primes, after = scripts(found, k + 1)
        call = found[after] if after < len(found) and found[after].kind == "()" else None
        return cls(found[k], sub, sup, primes, call, after + (call is not None))

    @property
    def scripts(self) -> list[Token]:
        """What stands below and above."""
        return [*(self.sub or ()), *(self.sup or ())]

    @property
    def parameters(self) -> Sequence[Token]:
        """What stands behind a semicolon among the arguments."""
        return () if self.call is None else parted(self.call.inside, ";")[1] or ()

    def is_second(self) -> bool:
        """Whether its scripts or parameters are those of the second policy.

        Raises
        ------
        NotReadError
            They are those of anything but a policy.
        """
        text, at = self.token.text, self.token.at
        return decoration(text, self.scripts, at) | decoration(text, self.parameters, at)

    def is_second_policy(self) -> bool:
        """Whether a policy is the second one; raises as `is_second` does."""
        text, at = self.token.text, self.token.at
        both = [Token("operator", "^", at)] if self.sub and self.sup else []
        index = [*(self.sub or ()), *both, *(self.sup or ())]
        if index and text != "\\pi" and plain(index) != "\\theta":
            raise NotReadError("found a second policy with an index. Leave it away", at)
        name = [Token("symbol", "\\pi", at), Token("operator", "_", at), *index] if index else ()
        primed = decoration("\\pi" + "'" * self.primes, name, at) | decoration("\\pi", self.parameters, at)
        return primed or bool(self.primes) or text != "\\pi"

    @property
    def key(self) -> str:
        """How a defined name is recognised: with its scripts, but for a time or a policy; x(.) with arguments."""
        below, above = ("" if s is None or plain(s) in _OF_POLICY else plain(s) for s in (self.sub, self.sup))
        if self.sub is not None and self.call is None and times.is_timed(self.sub):
            below = "t"
        called = "" if self.call is None else "(')" if plain(self.call.inside) in SECOND else "(.)"
        called += "" if plain(self.parameters) in ("", *_OF_POLICY) else ";" + plain(self.parameters)
        marks = "'" * self.primes + ("_" + below if below else "") + ("^" + above if above else "")
        return self.token.text + marks + called


def is_run(found: Sequence[Token], origin: int) -> bool:
    r"""Whether it is a whole run: \tau, or s_0, a_0, ..., s_T, a_T from the first step on."""
    first = rf"[sSx]_{origin},[aAu]_{origin},"
    return (
        re.fullmatch(rf"\\tau|{first}.*\\dots,?([sSx]_[TH],[aAu]_[TH])?(,?[sSx]_([TH]\+1|[TH]))?", plain(found))
        is not None
    )


def is_power(sup: Sequence[Token]) -> bool:
    """Whether what stands above a defined name is an exponent, and no part of the name."""
    return plain(sup) in ("\\top", "-1", "2", "3")


def given_below(found: Sequence[Token]) -> list[Token]:
    """Weights from a state below the letter, d_{s_0}(s), as those given it, d(s | s_0)."""

    def rule(found: Sequence[Token], k: int) -> Rewritten | None:
        if found[k].text not in WEIGHTS or found[k].kind != "symbol":
            return None
        try:
            token, sub, sup, primes, call, after = WrittenSymbol.at(found, k)
        except NotReadError:
            return None
        if sub is None or primes or not re.fullmatch(r"s(_\d|'*)", plain(sub)):
            return None
        at, state = token.at, call.inside if call is not None else ()
        above = [Token("operator", "^", at), Token("{}", "{}", at, tuple(sup))] if sup else []
        inside = (*(state or (Token("symbol", "s", at),)), Token("operator", "|", at), *sub)
        return [token, *above, Token("()", "()", at, inside)], after - k

    return rewritten(found, rule)


def is_count(found: Sequence[Token]) -> bool:
    """Whether it is how many samples there are."""
    return plain(found)[:1] in ("N", "M", "m", "n", "K", "B", "|")


def parted(found: Sequence[Token], mark: str) -> tuple[list[Token], list[Token] | None]:
    """What stands before and after the first such token."""
    for k, token in enumerate(found):
        if token.text == mark:
            return list(found[:k]), list(found[k + 1 :])
    return list(found), None


def until(found: Sequence[Token], mark: str) -> list[Token]:
    """What stands before the first such token."""
    return parted(found, mark)[0]


def before_bar(inside: Sequence[Token]) -> list[Token]:
    """The first arguments, without conditions and parameters."""
    return until(until(inside, "|"), ";")


def commas(found: Sequence[Token]) -> list[list[Token]]:
    """What stands between commas."""
    parts: list[list[Token]] = [[]]
    for token in found:
        if token.text == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts if found else []


def join_bars(inside: list[Token]) -> list[Token]:
    """Arguments with commas between all; what comes after a semicolon is a parameter."""
    return [Token("operator", ",", t.at) if t.text in ("|", "\\rightarrow") else t for t in until(inside, ";")]


def draws_of(sub: Sequence[Token]) -> list[tuple[list[Token], list[Token]]]:
    """Pairs of an index and what it is drawn from; s, a ~ pi draws both."""
    if not any(t.text == "\\sim" for t in sub):
        return []
    found: list[tuple[list[Token], list[Token]]] = []
    waiting: list[list[Token]] = []
    for part in commas(sub):
        left, right = parted(part, "\\sim")
        if right is None:
            waiting.append(left)
            continue
        found += [(w, right) for w in (*waiting, left)]
        waiting = []
    if waiting:
        raise NotReadError("found an index that is not drawn from anything. Say what it is drawn from", sub[0].at)
    return found


def one_by_one(head: list[Token], law: list[Token]) -> list[tuple[list[Token], list[Token]]]:
    r"""(s_t,a_t) \sim p(s_t,a_t) as s_t \sim p(s_t), a_t \sim \pi(a_t|s_t)."""
    if len(head) != 1 or head[0].kind != "()":
        return [(head, law)]
    pair, at = commas(head[0].inside), head[0].at
    if len(pair) != 2 or not law or law[-1].kind != "()" or plain(law[-1].inside) != plain(head[0].inside):
        raise NotReadError(f"found {plain(head)} drawn together from {plain(law)}. Draw one after the other", at)
    given = (*pair[1], Token("operator", "|", at), *pair[0])
    return [
        (pair[0], [*law[:-1], Token("()", "()", at, tuple(pair[0]))]),
        (pair[1], [Token("symbol", "\\pi", at), Token("()", "()", at, given)]),
    ]


def conditional(content: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token]]:
    """The body of a mean, and what it is given."""
    bars = [k for k, t in enumerate(content) if t.text == "|" and t.kind == "operator"]
    if not bars:
        return content, ()
    if len(bars) > 1:
        why = "found several bars in one bracket. Write the condition as in E[x | s_0 = s]"
        raise NotReadError(why, content[bars[1]].at)
    return content[: bars[0]], content[bars[0] + 1 :]

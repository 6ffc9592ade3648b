"""Names that a note gives a meaning of its own, and what a chain of expressions is made of."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from pgsym.claims.language.check import check
from pgsym.claims.language.parse import parse
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import Claim
from pgsym.errors import ClaimError, NotReadError
from pgsym.expression.quantity import VOCABULARY
from pgsym.notes import chains
from pgsym.notes.documents import NoteDocument
from pgsym.notes.formats import Source
from pgsym.notes.formula import Formula
from pgsym.notes.names import SECOND, WEIGHTS, Names, Own, plain
from pgsym.notes.parts import WrittenSymbol, before_bar, commas, join_bars, levels, scripts, text_of
from pgsym.notes.quantities import CHANCES, VALUES
from pgsym.notes.side import OutsideRunError
from pgsym.notes.times import is_timed, is_word
from pgsym.notes.tokens import Token, tokens


@dataclass(frozen=True)
class WrittenRelation:
    """One relation of a note."""

    at: int
    """Where its right side begins in the document."""
    end: int
    """Where the formula ends in it."""
    latex: str
    claim: Claim | None = None
    """What it says; None where it is not read."""
    reason: str = ""
    """Why it is not read."""
    first: bool = False
    """Whether a chain begins with it."""
    finding: str = ""
    """What is wrong with it besides its truth: a sum that is lost."""
    defines: str = ""
    """The name that it defines, for what follows; then there is nothing to decide."""
    of_objective: bool = False
    """Whether it says what J is."""

    @classmethod
    def of(cls, source: Source, at: int, latex: str = "", **given: Any) -> WrittenRelation:
        """One in a formula, from a place in that on."""
        end = source.at + len(source.latex)
        return cls(min(source.at + at, end), end, latex or source.latex.strip(), **given)


@dataclass
class ChainSide:
    """An expression of a chain: its tokens, where it begins, and its formula."""

    found: list[Token]
    source: Source
    at: int

    @classmethod
    def of(cls, term: Sequence[Token], source: Source, relation: Token) -> ChainSide:
        """What stands behind a relation."""
        return cls(list(term), source, term[0].at if term else relation.at)


class Definitions(ABC):
    """Finds definitions while a note is read."""

    def __init__(self, document: NoteDocument, names: Names) -> None:
        self.document = document
        self.names = names
        self.last: ChainSide | None = None
        self.again: dict[str, Own] = {}

    @abstractmethod
    def relation(self, left: ChainSide, relation: Token, right: ChainSide, first: bool) -> WrittenRelation:
        """One relation of a chain."""

    def in_sentence(self, source: Source) -> list[WrittenRelation]:
        r"""A definition in a line of text: \delta_t = r_t - V(s_t), or x := ..."""
        try:
            given = chains.statements(self.names.spelled_out(tokens(source.latex, self.document.macros)))
            if len(given) != 1 or len(given[0]) != 2 or not given[0][0][1]:
                return []
            (_, left), (relation, right) = given[0]
            sub = scripts(left, 1)[0]
        except NotReadError:
            return []
        of_step = sub is not None and plain(sub) == "t" and left[0].text not in self.names.letters
        if relation.text != ":=" and not (of_step and re.search(r"_t|\(s", plain(right))):
            return []
        last = self.last
        rows = self.definition(ChainSide(left, source, left[0].at), given[0][1:], source)
        self.names.own |= self.again
        self.last, self.again = last, {}
        return [row for row in rows or () if not row.reason]

    def definition(self, left: ChainSide, statement: chains.Statement, source: Source) -> list[WrittenRelation] | None:
        """A name of the note's own, where the left side is one that has no meaning yet."""
        found = left.found
        if not found or found[0].kind != "symbol" or statement[0][0].text not in ("=", ":="):
            return None
        token = found[0]
        if plain(found) == "\\tau" and len(statement) == 1 and _is_run(statement[0][1]):
            self.names.tell("\\tau", "a run: its states, actions and rewards")
            return [WrittenRelation.of(source, statement[0][0].at, first=True, defines="\\tau")]
        try:
            symbol = WrittenSymbol.at(found, 0)
        except NotReadError:
            return None
        _, sub, _, primes, call, after = symbol
        if after < len(found):
            return None
        key = symbol.key
        base = token.text
        if base == "e" and symbol.sup is not None:  # an exponential
            return None
        line = self.document.line(source.at + left.at)
        known = self.names.own.get(key)
        arguments = [] if call is None else [plain(p) for p in commas(join_bars(list(call.inside)))]
        arguments = [a for a in arguments if a not in ("\\theta", "\\pi", "\\pi_\\theta", *SECOND)]
        timed = call is None and sub is not None and is_timed(sub)
        relation, term = statement[0]
        right = ChainSide.of(term, source, relation)
        sure = relation.text == ":="
        if known is not None and known.text and known.at != source.at + left.at and (sure or not known.sure):
            again = self.define(key, sub if timed else None, arguments, right, line)
            names = {own.name for own in self.names.own.values()}
            if again.text not in ("", known.text) and not names & set(re.findall(r"\w+", again.text.partition("=")[2])):
                self.again[key] = replace(known, text="", why=f"line {line} defines it otherwise")
        limit = self.names.limits.get(base)
        if (
            (known is not None and known.at != source.at + left.at)
            or (limit is not None and limit[1] != source.at + left.at and key == base + "(.)")
            or len(self.names.told.get(base, ())) == 1
            or base in ("\\pi", "\\tilde{\\pi}", "\\gamma", "\\theta", "\\tau")
            or (base == "J" and not (sub is not None and re.fullmatch("[A-Za-z]{2,}|[0-9]", plain(sub))))
        ):
            return None
        is_plain = base in CHANCES or (base == "r" and arguments != ["\\tau"])
        if call is not None and ((is_plain and not primes) or (base in VALUES and arguments != ["\\tau"])):
            return None
        if base in WEIGHTS and call is not None and arguments and arguments[0] not in ("s", "s'"):
            return None
        if call is not None and plain(call.inside) in SECOND and base in WEIGHTS:
            return None
        is_word_below = sub is not None and is_word(sub)
        if base in ("r", "s", "a") and call is None and not is_word_below and not (primes and base == "r"):
            return None
        if base in WEIGHTS and arguments == ["s"] and _is_limit(term):
            self.names.limits[base] = ("mu", source.at + left.at)
            self.names.tell(
                base + "(s)", f"the stationary distribution: in line {line} the limit of the distribution of s_t"
            )
            return [WrittenRelation.of(source, relation.at, first=True, defines=key)]
        recursion = _names(key, base, term)
        if recursion and (base == "G" or base in WEIGHTS):  # an equation for what is usual
            return None
        own = self.define(key, sub if timed else None, arguments, right, line)
        if recursion:
            own = replace(own, text="", why="found a definition by itself, a recursion. Write it out as a sum")
        self.names.own[key] = replace(own, at=source.at + left.at, sure=sure)
        if own.text:
            self.names.tell(key, f"defined in line {line}")
        rows = [WrittenRelation.of(source, relation.at, reason=own.why, first=True, defines=key)]
        for (mark, before), (later, behind) in pairwise(statement):
            sides = ChainSide.of(before, source, mark), ChainSide.of(behind, source, later)
            rows.append(self.relation(sides[0], later, sides[1], False))
        self.last = ChainSide(statement[-1][1], source, statement[-1][0].at)
        return rows

    def define(self, key: str, time: Sequence[Token] | None, arguments: list[str], right: ChainSide, line: int) -> Own:
        """The definition in the claim language; without text where its right side is not read."""
        over_run = arguments == ["\\tau"]
        indices = () if over_run else tuple(re.sub(r"_(?=\d+$)", "", a) for a in arguments)
        if any(not re.fullmatch(r"[sa](\d+|'*)", i) for i in indices):
            return Own("", (), "", line, "its arguments are no states and actions")
        if time is not None and plain(time) != "t":
            return Own("", (), "", line, f"it is defined at the time {plain(time)}; t is required")
        name = _word(key)
        random = time is not None or over_run
        for every_run in (random, True):
            formula = Formula(self.names, frozenset(indices), every_run=every_run)
            if time is not None:
                formula.clock.letters.append("t")
            try:
                body = text_of(formula.side(right.found, right.at))
            except OutsideRunError:
                random = True
                continue
            except NotReadError as error:
                return Own(name, indices, "", line, error.message.partition("\n")[0])
            heads = ("t",) if time is not None else indices
            text = f"let {name}{'(' + ','.join(heads) + ')' if heads else ''} = {body};"
            try:
                second = self.names.require_one_second(plain(right.found), body, right.at)
                bindings = self.names.bindings(body)
                statement = parse(f"{bindings}{text} 0 = 0")
                loose = {i for i, _ in Scope(statement.bindings).free_uses(statement.bindings[-1].body)}  # type: ignore[union-attr]
                if any(re.fullmatch(r"[sa]\d*'*", i) and i not in indices for i in loose):
                    return Own(name, indices, "", line, f"its right side is about {min(loose)}, its left side is not")
                check(statement.claims[0])
            except ClaimError as error:
                return Own(name, indices, "", line, error.message.partition("\n")[0])
            return Own(name, heads, text, line, random=random, second=second)
        return Own(name, indices, "", line, "it mixes runs and means over runs")


def _word(key: str) -> str:
    """A name of the claim language for one of the note's."""
    word = "".join(re.findall(r"[A-Za-z0-9]+", key.removesuffix("(.)").removesuffix("(')").removesuffix("_t")))
    reserved = {"sum", "prod", "grad", "log", "trace", "tau", "let", "for", "all", "at", "E", "I", "G", "R"}
    return word + "_note" if len(word) < 2 or word in VOCABULARY or word in reserved else word


def _names(key: str, base: str, term: Sequence[Token]) -> bool:
    """Whether a definition names what it defines."""
    places = ((level, k) for level in levels(term) for k, t in enumerate(level) if t.text == base)
    return any(WrittenSymbol.at(level, k).key == key for level, k in places)


def _is_run(term: Sequence[Token]) -> bool:
    """Whether it is (s_0, a_0, ...), with whatever brackets."""
    inside = term[0].inside if len(term) == 1 and term[0].kind in ("()", "\\{\\}", "[]") else ()
    return re.match(r"\(?[sSx]_[01],\(?[aAu]_[01],", plain(inside)) is not None


def _is_limit(term: Sequence[Token]) -> bool:
    r"""Whether it is \lim_{t\to\infty} P(s_t = s | ...), and nothing else."""
    if len(term) < 4 or term[0].text != "\\lim" or term[1].text != "_":
        return False
    sub, _, _, after = scripts(term, 1)
    if plain(sub or ()) != "t\\rightarrow\\infty" or term[after].text not in CHANCES or after + 2 != len(term):
        return False
    return term[after + 1].kind == "()" and plain(before_bar(term[after + 1].inside)) == "s_t=s"

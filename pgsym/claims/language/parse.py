"""From text to statements.  The text is never evaluated, and its size is bounded before it is read.

>>> statement = parse("let b(s) = V(s); grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * (Q(s,a) - b(s))")
>>> print(statement)
let b(s) = V(s); grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * (Q(s,a) - b(s))
>>> parse(str(statement)) == statement
True
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from lark import Lark, Token, UnexpectedInput, UnexpectedToken, v_args
from lark.exceptions import VisitError

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.characters import ascii_text
from pgsym.claims.language.check import checked_extent
from pgsym.claims.language.habits import habit
from pgsym.claims.language.parse_names import NameRules
from pgsym.claims.language.parse_runs import is_index, outside_runs
from pgsym.claims.language.relation import LISTED, PATTERN, SPELLINGS
from pgsym.claims.language.statement import ARBITRARY, Arbitrary, Binding, ForAll, ForEach, Let, Statement, World
from pgsym.errors import ClaimError
from pgsym.expression.complaint import caret, short
from pgsym.expression.quantity import VOCABULARY
from pgsym.limits import CLAIM_CHARACTERS, CLAIM_DEPTH, CLAIM_DIGITS


def parse(text: str, bindings: Iterable[Binding] = ()) -> Statement:
    """The statement that a text stands for.

    Parameters
    ----------
    bindings
        Definitions and declarations that hold already; the text's own come after them.

    Raises
    ------
    ClaimError
        The text is no statement; the message points at the character.

    Examples
    --------
    >>> parse("sum[a] pi(a|s) * Q(s,a) = Vv(s)")
    Traceback (most recent call last):
      ...
    pgsym.errors.ClaimError: Vv is not a name of the language, nor defined here; did you mean V?
        sum[a] pi(a|s) * Q(s,a) = Vv(s)
                                  ^
    """
    found: Statement = _parsed(text, tuple(bindings), "start")
    return found


def parse_expression(text: str, bindings: Iterable[Binding] = ()) -> tuple[t.Node, tuple[Binding, ...]]:
    """The expression that a text stands for, and all definitions and declarations that hold for it.

    It may have a free time or a free part of a run, as an estimator has.  ClaimError as for `parse`.

    >>> node, _ = parse_expression("sum[t] gamma^t * r_t")
    >>> print(node)
    sum[t] gamma^t * r_t
    """
    found: tuple[t.Node, tuple[Binding, ...]] = _parsed(text, tuple(bindings), "expression")
    return found


def _parsed(text: str, bindings: tuple[Binding, ...], start: str) -> Any:
    if not isinstance(text, str):
        raise ClaimError(f"found {short(repr(text))}; text is required. Write the claim as text")
    text = unicodedata.normalize("NFC", text)
    if len(text) > CLAIM_CHARACTERS:
        raise ClaimError(f"found {len(text)} characters; at most {CLAIM_CHARACTERS} are read. Split the claim")
    written, back = ascii_text(text)
    try:
        raw = _parser(bool(back)).parse(written, start=start)
        for token in (part for tree in raw.iter_subtrees() for part in tree.children if isinstance(part, Token)):
            token.start_pos = back[token.start_pos or 0] if back else token.start_pos
        return _Builder(text, bindings).transform(raw)
    except UnexpectedInput as error:
        message, position = _complaint(written, error, claim=start == "start")
        position = back[position] if back else position
        raise ClaimError(message + caret(text, position), at=position) from None
    except VisitError as error:
        if isinstance(error.orig_exc, ClaimError):
            raise error.orig_exc from None
        if isinstance(error.orig_exc, RecursionError):
            raise ClaimError(f"nested too deeply; at most {CLAIM_DEPTH} levels are read. Use let") from None
        raise
    except RecursionError:
        raise ClaimError(f"nested too deeply; at most {CLAIM_DEPTH} levels are read. Use let") from None


WORLDS: dict[str, str] = {"terminating": "discount as random termination: gamma = 1, every step ends with 1 - gamma"}
"""What the primed quantities may be about besides an arbitrary second policy."""


@cache
def _parser(mathematics: bool) -> Lark:
    """The parser; with signs of mathematics a product needs no sign of its own."""
    grammar = resources.files("pgsym.claims.language").joinpath("claims.lark").read_text(encoding="utf-8")
    grammar += f"\nRELATION.3: /{PATTERN}/\nFUNCTION.3: /(?:{'|'.join(t.FUNCTIONS)})(?=\\s*\\()/\n"
    grammar += "%extend factor: unary -> beside\n" * mathematics
    options = {"propagate_positions": True, "maybe_placeholders": True}
    return Lark(grammar, parser="lalr", start=["start", "expression"], **options)


def _complaint(text: str, error: UnexpectedInput, *, claim: bool) -> tuple[str, int]:
    """What is wrong with a text that is no statement, and where."""
    position = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        position = len(text)
    if found := habit(text, position):
        return found
    if not isinstance(error, UnexpectedToken):
        return f"found {short(repr(text[position]))}; it has no meaning in a claim. Remove it", position
    if error.token.type == "$END":
        end = len(text.rstrip())
        if claim and error.accepts and not any(spelling in text for spelling in SPELLINGS):
            return f"found no relation; a claim has {LISTED} between two sides. Add one", end
        return f"found the end; the {'claim' if claim else 'expression'} is not complete. Complete it", end
    before = text[:position].rstrip()
    if re.search(r"argmax\s*\[\s*\S+$", before):
        message = "found argmax as an expression; it is a set. Write x in argmax[a] f(a), with an index or a name as x"
        return message, before.rindex("argmax")
    kind, names = error.token.type, ("NAME", "NUMBER")
    begins = kind in (*names, "STRING", "GRAD", "PRIMED_GRAD", "LOG", "FUNCTION")
    if (begins and before[-1:] in ')]"') or (kind in names and before[-1:].isalnum()):
        return f"found {short(str(error.token))!r} without an operator before it. Write * for a product", position
    return f"found {short(str(error.token))!r}, which cannot stand here. Correct the claim", position


@v_args(inline=True)
class _Builder(NameRules):
    """Trees from the parser's; names are resolved on the way, in the order of the text."""

    def __init__(self, source: str, bindings: tuple[Binding, ...]) -> None:
        super().__init__()
        self.source = source
        self.given = bindings
        self.declared = {b.name: b.indices for b in bindings if isinstance(b, Let | ForAll)}
        self.added: list[Binding] = []
        self.counts = {}
        for binding in bindings:
            self.count(binding)

    # -- statements ------------------------------------------------------------------------------------------

    def start(self, *parts: Any) -> Statement:
        terms, relations = parts[-1]
        bindings = self.checked(terms)
        return Statement(tuple(map(outside_runs, terms)), relations, bindings, (), self.source)

    def expression(self, *parts: Any) -> tuple[t.Node, tuple[Binding, ...]]:
        return parts[-1], self.checked(parts[-1:])

    def checked(self, terms: Iterable[t.Node]) -> tuple[Binding, ...]:
        """All bindings, where neither they nor the terms are nested too deeply."""
        bindings = (*self.given, *self.added)
        below: dict[str, tuple[int, int]] = {}
        for binding in bindings:
            if isinstance(binding, Let):
                below[binding.name] = checked_extent(binding.body, below)
        for term in terms:
            checked_extent(term, below)
        return bindings

    def chain(self, first: t.Node, *rest: Any) -> tuple[tuple[t.Node, ...], tuple[str, ...]]:
        relations = [SPELLINGS[token] for token in rest[0::2]]
        ordered = [k for k, relation in enumerate(relations) if relation.larger is not None]
        for k in ordered:
            if relations[k].larger != relations[ordered[0]].larger:
                raise self.refuse(
                    f"found {rest[2 * k]} after {rest[2 * ordered[0]]}; a chain grows or falls, so that its first and "
                    "last sides are compared. Write two chains", rest[2 * k].start_pos,
                )  # fmt: skip
        return (first, *rest[1::2]), tuple(relation.name for relation in relations)

    def relation(self, spelling: Token) -> Token:
        return spelling

    def head(self, name: Token, *indices: Token | None) -> tuple[Token, tuple[str, ...]]:
        return name, tuple(str(self.index_name(i)) for i in indices if i is not None)

    def let(self, head: tuple[Token, tuple[str, ...]], body: t.Node) -> None:
        name, indices = head
        self.declare(name, indices)
        self.added.append(Let(str(name), indices, body))
        self.count(self.added[-1])

    def count(self, binding: Binding) -> None:
        """A definition as a whole number may stand in times."""
        match binding:
            case Let(name, (), t.Number(value)) if value.denominator == 1 and value >= 0 and not runs.is_time(name):
                self.counts[name] = int(value)

    def for_all(self, *heads: tuple[Token, tuple[str, ...]]) -> None:
        for name, indices in heads:
            if not indices and is_index(name):
                self.added.append(ForEach(str(name)))
            elif not indices and name in ARBITRARY:
                if Arbitrary(str(name)) in (*self.given, *self.added):
                    raise self.refuse(f"{name} is declared twice; once is enough. Remove one", name.start_pos)
                self.added.append(Arbitrary(str(name)))
            elif times := [i for i in indices if runs.is_time(i)]:
                raise self.refuse(
                    f"found the time {times[0]}; an arbitrary function is one of states and actions. Write for all "
                    f"{name}(s), and take it as {name}(s_{times[0]})", name.start_pos,
                )  # fmt: skip
            else:
                self.declare(name, indices)
                self.added.append(ForAll(str(name), indices))

    def world(self, name: Token, what: Token) -> None:
        if name != "M'":
            raise self.refuse(f"found {name}; the second model is called M'. Write with M' = {what}:", name.start_pos)
        if what not in WORLDS:
            raise self.refuse(f"{what} is not a transformation; there is {', '.join(WORLDS)}", what.start_pos)
        self.added.append(World(str(what)))

    def declare(self, name: Token, indices: tuple[str, ...]) -> None:
        if name in VOCABULARY or name.rstrip("'") in VOCABULARY:
            raise self.refuse(f"{name} is a name of the language; choose another for your own", name.start_pos)
        if name in self.declared:
            raise self.refuse(f"{name} is defined twice; once is enough. Choose another name", name.start_pos)
        if len(set(indices)) != len(indices):
            raise self.refuse(f"{name} has one index twice; they must differ", name.start_pos)
        self.declared[str(name)] = indices

    # -- expressions -----------------------------------------------------------------------------------------

    def total(self, sign: Token | None, first: t.Node, *rest: Any) -> t.Node:
        result = first if sign is None else t.Neg(first, at=sign.start_pos)
        for operator, term in zip(rest[0::2], rest[1::2], strict=True):
            kind = t.Add if operator == "+" else t.Sub
            result = kind(result, term, at=operator.start_pos)
        return result

    def factor(self, node: t.Node, operator: Token) -> tuple[t.Node, Token]:
        return node, operator

    def beside(self, node: t.Node) -> tuple[t.Node, Token]:
        """A factor before another without a sign, as in γ V(s')."""
        return node, Token("BESIDE", "*")

    def product(self, *parts: Any) -> t.Node:
        result: t.Node = t.Number(Fraction(1))
        operator: Token | None = None
        for part in parts:
            node, following = part if isinstance(part, tuple) else (part, None)
            if operator is None:
                result = node
            elif operator == "*":
                result = t.Mul(result, node, at=node.at if operator.start_pos is None else operator.start_pos)
            elif isinstance(following, Token) and following.type == "BESIDE":
                raise self.refuse(
                    "found a factor beside a divisor: does it stand below the line? Write * or brackets",
                    operator.start_pos,
                )
            else:
                result = self.quotient(result, node, operator)
            operator = following
        return result

    def quotient(self, left: t.Node, right: t.Node, operator: Token) -> t.Node:
        if isinstance(right, t.Number):
            if right.value == 0:
                raise self.refuse("found a division by zero; a divisor must differ from 0", operator.start_pos)
            if isinstance(left, t.Number):
                return t.Number(left.value / right.value, at=left.at)
        return t.Div(left, right, at=operator.start_pos)

    def expect(self, token: Token, *parts: Any) -> t.Node:
        *draws, body = parts
        return t.Expect(tuple(draws), body, at=token.start_pos)

    def limit(self, token: Token, symbol: Token, arrow: Token, value: Token, body: t.Node) -> t.Node:
        if (symbol, value) != ("gamma", "1"):
            raise self.refuse(f"found the limit {symbol}->{value}; only gamma->1 is taken", symbol.start_pos)
        return t.Limit(body, at=token.start_pos)

    def grad(self, token: Token, body: t.Node) -> t.Node:
        return (t.Grad if token == "grad" else t.PrimedGrad)(body, at=token.start_pos)

    def same_policy(self, token: Token, second: Token, first: Token, body: t.Node) -> t.Node:
        if (second, first) != ("pi'", "pi"):
            raise self.refuse(f"found at[{second}={first}]; only at[pi'=pi] is taken", second.start_pos)
        return t.SamePolicy(body, at=token.start_pos)

    def log(self, token: Token, body: t.Node) -> t.Node:
        return t.Log(body, at=token.start_pos)

    def power(self, base: t.Node, _: Token, exponent: Token) -> t.Node:
        return t.Pow(base, self.whole(exponent), at=base.at)

    def number(self, token: Token) -> t.Node:
        if len(token) > CLAIM_DIGITS:
            raise self.refuse(f"found {len(token)} digits; at most {CLAIM_DIGITS} are read", token.start_pos)
        return t.Number(Fraction(str(token)), at=token.start_pos)

    def constant(self, token: Token) -> t.Node:
        return t.Quantity(str(token), at=token.start_pos)

    def call(self, token: Token, *arguments: t.Node) -> t.Node:
        kind = t.FUNCTIONS[token]
        wanted = 2 if issubclass(kind, t.Binary) else 1
        if len(arguments) != wanted:
            raise self.refuse(f"{token} has {len(arguments)} arguments; it takes {wanted}", token.start_pos)
        return kind(*arguments, at=token.start_pos)

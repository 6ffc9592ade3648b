r"""A note in one reading: each relation as a claim, or with the reason why it is none.

>>> from pgsym.notes.documents import NoteDocument
>>> found = read(NoteDocument.of(r"$$V^\pi(s) = \sum_a \pi(a|s) Q^\pi(s,a)$$", "note.md"), Names())
>>> print(found[0].claim)
V(s) == sum[a] pi(a|s) * Q(s,a)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pgsym.claims.language.check import check
from pgsym.claims.language.parse import parse
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import Claim
from pgsym.claims.language.tree import EXTREMES, Div, Log, Node, Number, Pow
from pgsym.errors import ClaimError, NotReadError
from pgsym.notes import chains
from pgsym.notes.definitions import ChainSide, Definitions, WrittenRelation
from pgsym.notes.divergences import entropies_at
from pgsym.notes.documents import NoteDocument
from pgsym.notes.formats import Source
from pgsym.notes.formula import Formula
from pgsym.notes.names import Names, plain, second_policies
from pgsym.notes.parts import Pieces, given_below, text_of
from pgsym.notes.samples import OTHERS, OWN, SIZE, SampleGroup, averaged, without_coordinate, without_sample
from pgsym.notes.side import OutsideRunError
from pgsym.notes.single_runs import at_every_time, chance_of_run, of_every_run
from pgsym.notes.tokens import Token, tokens

_OPERATOR = re.compile(r"\\nabla|\\sum|\\int|\\max|\\mathbb\s*\{?E|∇|∑")
_QUANTITY = re.compile(r"(?<![A-Za-z\\])[JVQA](?![A-Za-z])")
_RELATED = r"=|\\propto|\\[lg]eq?\b|≤|≥"


def read(document: NoteDocument, names: Names) -> list[WrittenRelation]:
    """Every relation of a note, in order."""
    return _Reader(document, names).relations()


def asks(source: Source) -> bool:
    """Whether a formula in a line of text is read: it states something, and is more than a symbol with a value."""
    sides = re.split(_RELATED, source.latex)
    return source.display or (
        len(sides) > 1 and (_OPERATOR.search(source.latex) is not None or all(map(_QUANTITY.search, sides)))
    )


class _Reader(Definitions):
    def __init__(self, document: NoteDocument, names: Names) -> None:
        super().__init__(document, names)
        self.introduced: frozenset[str] = frozenset()
        self.group: SampleGroup | None = None
        self.coordinate = ""

    def relations(self) -> list[WrittenRelation]:
        found: list[WrittenRelation] = []
        for source in self.document.formulas:
            if not (asks(source) or self.document.without_words):
                found += self.in_sentence(source)
                continue
            try:
                given = chains.statements(self.names.spelled_out(tokens(source.latex, self.document.macros)))
            except NotReadError as error:
                if re.search(_RELATED + r"|\\approx|\\neq?\b|[<>∈]|\\(in|[lg]t)\b", source.latex):
                    reason = error.message.partition("\n")[0]
                    found.append(WrittenRelation.of(source, error.at or 0, reason=reason, first=True))
                self.last = None
                continue
            for statement in given:
                found += self.statement(statement, source)
        return found

    def statement(self, statement: chains.Statement, source: Source) -> list[WrittenRelation]:
        """A chain, or the rest of one."""
        found: list[WrittenRelation] = []
        statement = [(relation, given_below(entropies_at(term))) for relation, term in self.of_group(statement)]
        statement = self.of_coordinate(statement)
        goes_on = bool(statement[0][0].text)
        if goes_on:
            left = self.last
        else:
            relation, term = statement.pop(0)
            left = ChainSide(term, source, relation.at)
            if term:
                left.at = term[0].at
            own = self.definition(left, statement, source)
            if own is not None:
                self.last = left
                return own
            self.introduced = self.free(left)
        for k, (relation, term) in enumerate(statement):
            right = ChainSide.of(term, source, relation)
            first = k == 0 and not goes_on
            if left is None:
                why = "found a relation with nothing before it. Write its left side"
                found.append(WrittenRelation.of(source, relation.at, reason=why, first=first))
            else:
                found.append(self.relation(left, relation, right, first))
            left = right
        self.names.own |= self.again  # what is defined twice has no meaning from here on
        self.again = {}
        self.last = left
        return found

    def of_group(self, statement: chains.Statement) -> chains.Statement:
        """In the numbers of one sample and of the others, where it is about a sample of a group."""
        every = [token for _, term in statement for token in term]
        group = SampleGroup.of(every) or (self.group if self.group is not None and self.group.about(every) else None)
        if group is None:
            return statement
        self.group = group
        what = f"{OWN}; the others add up to {OTHERS}, and {group.size} is {SIZE}: any numbers"
        self.names.tell(f"{group.letter}_{group.index}", what)
        return [(relation, group.read(term)) for relation, term in statement]

    def of_coordinate(self, statement: chains.Statement) -> chains.Statement:
        r"""In gradients, where it is about \partial/\partial\theta_i for every i."""
        goes_on = bool(statement[0][0].text)
        terms, letter = without_coordinate([term for _, term in statement])
        is_equation = {relation.text for relation, _ in statement} <= {"", "=", ":=", "\\propto"}
        if not letter or not is_equation or (goes_on and letter != self.coordinate):
            self.coordinate = self.coordinate if goes_on else ""
            return statement
        self.coordinate = letter
        self.names.tell(
            f"\\theta_{letter}", f"any coordinate of theta: an equation for every {letter} is one of gradients"
        )
        return [(relation, term) for (relation, _), term in zip(statement, terms, strict=True)]

    def free(self, side: ChainSide) -> frozenset[str]:
        """The states and actions that a chain is about."""
        for every_run in (False, True):
            formula = Formula(self.names, frozenset(), every_run=every_run)
            try:
                formula.side(side.found, side.at)
            except OutsideRunError:
                continue
            except NotReadError:
                pass
            return frozenset(i for i in formula.seen if i not in formula.bound)
        return frozenset()

    # -- relations ---------------------------------------------------------------------------------------------

    def relation(self, left: ChainSide, relation: Token, right: ChainSide, first: bool) -> WrittenRelation:
        source = right.source
        spelling = chains.RELATIONS.get(relation.text)
        latex = source.latex[right.at : (right.found[-1].at if right.found else right.at) + 40].strip()
        base = WrittenRelation.of(source, relation.at, latex, first=first)
        if relation.text == chains.APPROXIMATE and any(averaged(s.found) != s.found for s in (left, right)):
            self.names.tell(chains.APPROXIMATE, "beside an average over samples: its mean is what it approximates")
            spelling = "="
        is_choice = relation.text == "\\in" and right.found and right.found[0].text in chains.ARGMAX
        if spelling is None and not is_choice:
            return replace(base, reason=chains.WHY[relation.text])
        try:
            if spelling is None:
                return replace(base, claim=self.choice(left, right))
            sides, every_run = self.sides(left, right)
            if every_run and all(chance_of_run(text_of(side)) == "P(tau)" for side in sides):
                self.names.tell("P(\\tau)", "the probability of the start, of each action and of each transition")
                return replace(base, defines="P(\\tau)")
            claim, finding = self.claim(sides, spelling, every_run, left, right)
        except NotReadError as error:
            return replace(
                base, at=base.at if error.place is None else error.place, reason=error.message.partition("\n")[0]
            )
        is_j = text_of(sides[0]) == "J"
        return replace(base, claim=claim, finding=finding, of_objective=is_j and relation.text in ("=", ":="))

    def choice(self, left: ChainSide, right: ChainSide) -> Claim:
        """A member of an argmax; of one that is chosen nothing is said."""
        text, member = Formula(self.names, self.introduced).choice(left.found, right.found, right.at)
        if not re.search(rf"\\forall[^$]*?(?<![A-Za-z\\]){member}(?![A-Za-z'])", right.source.latex):
            why = (
                f"found a choice of {member}, and no statement about every {member}. Write \\forall {member} behind it"
            )
            raise NotReadError(why, right.at)
        try:
            text = self.names.bindings(text) + text
            self.names.require_one_second(plain([*left.found, *right.found]), text, right.at)
            claim = parse(text).claims[0]
            check(claim)
        except ClaimError as error:
            raise NotReadError(error.message.partition("\n")[0], right.at) from None
        return claim

    def sides(self, left: ChainSide, right: ChainSide) -> tuple[list[Pieces], bool]:
        """Both sides; where one speaks of a run outside of a mean, both are about every run."""
        terms, letter = without_sample((left.found, right.found))
        if letter:
            self.names.tell(f"({letter})", "a relation about one sample is one about every run")
        else:
            terms = [averaged(term) for term in terms]
            if terms != [left.found, right.found]:
                if self.names.second or second_policies(plain([*left.found, *right.found])):
                    why = (
                        "found an average over samples beside a second policy: from which one are they? Write the mean"
                    )
                    raise NotReadError(why, right.at)
                self.names.tell("\\frac{1}{N}\\sum_{i=1}^N", "an average over samples stands for its mean")
        for every_run in (False, True):
            found: list[Pieces] = []
            clock = None
            for side, term in zip((left, right), terms, strict=True):
                formula = Formula(self.names, self.introduced, every_run=every_run)
                formula.clock.from_zero = any(_names_zero(s.found) for s in (left, right))
                if clock is not None:
                    formula.clock.ends, formula.clock.outer = clock.ends, clock.outer
                    formula.clock.averaged = clock.averaged
                clock = formula.clock
                try:
                    found.append(formula.side(term, side.at))
                    if formula.everywhere and (len(found[-1]) > 1 or "0" not in map(plain, terms)):
                        why = "found a divergence of policies without a state beside others. Write pi(.|s)"
                        raise NotReadError(why, term[0].at)
                    if formula.everywhere:
                        self.names.tell("D_{KL}(\\pi \\| \\pi')", "without a state it is that of every state")
                except OutsideRunError:
                    break
                except NotReadError as error:
                    error.place = side.source.at + min(error.at or 0, len(side.source.latex))
                    raise
            else:
                for t in sorted(formula.clock.averaged & formula.clock.outer):
                    why = (
                        f"found a mean over pi of step {t} beside s_{t} outside of it: is it given s_{t}? Write | s_{t}"
                    )
                    raise NotReadError(why, right.at)
                return found, every_run
        mixed = NotReadError("found a part of a run together with a mean over runs. Take them apart", left.at)
        mixed.place = right.source.at + right.at
        raise mixed

    def claim(
        self, sides: list[Pieces], spelling: str, every_run: bool, left: ChainSide, right: ChainSide
    ) -> tuple[Claim, str]:
        """The parsed claim, and what was found besides."""
        texts = [text_of(side) for side in sides]
        self.names.require_one_second(plain([*left.found, *right.found]), " ".join(texts), right.at)
        bindings = self.names.bindings(" ".join(texts))
        finding = ""
        is_order = spelling in chains.ORDERS

        def refuse(message: str, at: int | None) -> NotReadError:
            place = _located(sides, texts, bindings, at)
            side = (left, right)[place[0]]
            error = NotReadError(message.partition("\n")[0], place[1])
            error.place = side.source.at + min(place[1], len(side.source.latex))
            return error

        try:
            if every_run:
                if spelling != "=":
                    raise refuse("found a relation between single runs that is no equation", None)
                self.names.tell(
                    "\\tau",
                    "a relation of single runs is one for every run that can happen: the mean square of its "
                    "defect is 0",
                )
                text = of_every_run(self.names, bindings, *texts)
            else:
                text = f"{bindings}{texts[0]} {spelling} {texts[1]}"
            claim = parse(text).claims[0]
            if not every_run and (series := at_every_time(claim, self.names)):
                claim = parse(series).claims[0]
            scope = Scope(claim.bindings, claim.source)
            loose = [{i for i, _ in scope.free_uses(side)} for side in (claim.left, claim.right)]
            start = f"s{self.names.origin}"
            constant = isinstance(claim.left, Number) or isinstance(claim.right, Number)
            if start in loose[0] ^ loose[1] and not (every_run or is_order or constant):
                k = 0 if start in loose[0] else 1
                if _is_linear((claim.left, claim.right)[k], start, scope):
                    self.names.tell(f"s_{self.names.origin}", "on one side only, the state in which runs begin")
                    texts[k] = f"sum[{start}] mu0({start}) * ({texts[k]})"
                    text = f"{bindings}{texts[0]} {spelling} {texts[1]}"
                    claim = parse(text).claims[0]
                    loose[k] -= {start}
            if constant:
                loose = [loose[0] | loose[1]] * 2
            if is_order:
                self.require_known(texts, right)
            alone = sorted(i for i in loose[0] ^ loose[1] if re.fullmatch(r"[sa]\d*'*", i))
            numbered = next((i for i in alone if i[1:2].isdigit()), None)
            if numbered is not None and not every_run:
                raise refuse(
                    f"found {numbered[0]}_{numbered[1:]}, on one side only: nothing says what it is drawn from",
                    None,
                )
            if alone and not every_run and not is_order:
                what = "the state" if alone[0][0] == "s" else "the action"
                finding = f"{what} {alone[0]} stands on one side only: a sum or mean over it is missing"
                head = f"for all {', '.join(alone)}: "
                claim = parse(head + text).claims[0]
            check(claim)
        except ClaimError as error:
            if isinstance(error, NotReadError):
                raise
            said = error.message
            if lost := re.match(r"(a\S*) is an action of (s\S*), which is bound further inside", said):
                said = f"found {lost[1]} without a sum over it, inside of a sum over {lost[2]}: a sum is missing"
            raise refuse(said, None if every_run or finding else error.at) from None
        return claim, finding

    def require_known(self, texts: list[str], right: ChainSide) -> None:
        """An order says nothing of arbitrary numbers, and one of numbers alone is a condition."""
        words = set(re.findall(r"[A-Za-z_]\w*", " ".join(texts)))
        for word in sorted(words & set(self.names.arbitrary)):
            why = f"found {word} in an order, which the note does not define. Define it, as in x := ..."
            raise NotReadError(why, right.at)
        if words <= {"gamma"}:
            raise NotReadError("found an order of numbers, a condition and no statement", right.at)


def _is_linear(node: Node, index: str, scope: Scope) -> bool:
    """Whether a mean over an index may be taken of all of an expression: no power, quotient or extreme is of it."""
    inner = (n for n in node.walk() if isinstance(n, (Pow, Div, Log, *EXTREMES)))
    of = (n.right if isinstance(n, Div) else n for n in inner)
    return not any(i == index for n in of for i, _ in scope.free_uses(n))


def _names_zero(found: Sequence[Token]) -> bool:
    """Whether the step 0 is named: r_0, s_0."""
    return any(
        (token.text == "_" and after.text == "0")
        or (token.text == "_" and plain(after.inside) == "0")
        or _names_zero(after.inside)
        for token, after in zip([Token("", "", 0), *found], found, strict=False)
    )


def _located(sides: list[Pieces], texts: list[str], bindings: str, at: int | None) -> tuple[int, int]:
    """Which side of the relation, and where in its formula, a place of the claim's text comes from."""
    if at is None:
        return 1, sides[1][0][1]
    place = at - len(bindings)
    for k, side in enumerate(sides):
        for piece, where in side:
            if place < len(piece):
                return k, where
            place -= len(piece)
        place -= 3
    return 1, sides[1][-1][1]

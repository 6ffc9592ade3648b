"""Text files of claims: one line for each step, a comment for its reason.

    # prose, when it stands on a line of its own      ## heading, ### below it
    objective NAME                                    from here on; the problem's own before
    let b(s) = V(s);                                  holds for the rest of the file
    for all c(s):                                     so does this
    grad J = sum[s] eta(s) * ...      # reason        a chain begins
           = ...                      # reason        a line that begins with a relation continues it
           + ...                                      one that begins with + - * / ) continues the line above

A blank line ends a chain.  A comment alone on a line inside a chain continues the reason above it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pgsym.claims.blocks import Block, Chain, Definition, Heading, Prose, used
from pgsym.claims.checking import Checked, audit
from pgsym.claims.language.characters import CHARACTERS
from pgsym.claims.language.check import check
from pgsym.claims.language.parse import parse
from pgsym.claims.language.relation import PATTERN, SPELLINGS
from pgsym.claims.language.statement import Binding, Claim, Statement
from pgsym.errors import ClaimError, SchemaError
from pgsym.expression.complaint import caret, counted
from pgsym.limits import CLAIM_LINES
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, ProblemLike

_COMMENT = re.compile(r'(?P<code>(?:"(?:[^"\\]|\\.)*"|[^"#])*)(?:#(?P<comment>.*))?')
_RELATION = re.compile(rf"\s*(?:{PATTERN}|[≤≥≠∝])")
_CONTINUES = re.compile(r"\s*[-+*/)−·×]")
_BINDS = re.compile(r"\s*(?:let|for\s+all|with)\b")
_TOKEN = re.compile(rf"\"(?:[^\"\\\n]|\\.)*\"|[(\[{{)\]}};:]|{PATTERN}|[\w']+|.", re.DOTALL)


@dataclass(frozen=True)
class Script:
    """A file of claims, read: its headings, prose, definitions and chains in order.

    See Also
    --------
    decide : One claim.
    derive : A derivation that pgsym writes.

    Examples
    --------
    >>> script = Script.parse('''
    ... # A value is a mean.
    ... V(s) = sum[a] pi(a|s) * Q(s,a)     # definition of V
    ...      = E[a~pi] Q(s,a)              # the same
    ... ''')
    >>> [(line, claim.reason) for line, claim in script.relations]
    [(3, 'definition of V'), (4, 'the same')]
    """

    blocks: tuple[Block, ...]
    name: str = ""

    def __repr__(self) -> str:
        return f"Script({self.name or 'text'}, {counted(len(self.relations), 'relation')})"

    @classmethod
    def parse(cls, text: str, name: str = "") -> Script:
        """Read a text; `name` stands before the line in messages.

        ClaimError, with file, line and column, where a line is no claim, or makes no sense.
        """
        lines = unicodedata.normalize("NFC", text).splitlines()
        if len(lines) > CLAIM_LINES:
            raise ClaimError(f"found {len(lines)} lines; at most {CLAIM_LINES} are read. Split the file", where=name)
        return cls(tuple(_Reader(lines, name).blocks()), name)

    @classmethod
    def load(cls, path: str | Path) -> Script:
        """Read a file, in UTF-8."""
        from pgsym.model.files.atomic import contents

        return cls.parse(contents(Path(path), "claims are"), Path(path).name)

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The chains, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Chain))

    @property
    def relations(self) -> tuple[tuple[int, Claim], ...]:
        """Each relation as a claim, with its line."""
        return tuple(pair for chain in self.chains for pair in zip(chain.lines, chain.claims, strict=True))

    def check(
        self,
        problem: ProblemLike,
        *,
        method: str = "auto",
        error_bits: int = 100,
        seed: int = 0,
        progress: Callable[[int, int], object] | None = None,
    ) -> Checked:
        """Decide every relation on one problem.

        Parameters
        ----------
        method, error_bits
            As for `pgsym.claims.decide`.
        progress
            Called before each relation with its number and how many there are.

        Returns
        -------
        Checked
            One verdict for each relation; `Checked.derivation` is the page.

        Raises
        ------
        ClaimError
            A name or a state that the model does not have.
        """
        return audit(
            Problem.of(problem),
            self.blocks,
            title=self.name or "Claims",
            method=method,
            error_bits=error_bits,
            seed=seed,
            name=self.name,
            progress=progress,
        )


@dataclass
class _Part:
    """One line of a chain: its number, its code, and its comment."""

    line: int
    code: str
    comment: str


@dataclass
class _Reader:
    """Groups lines into blocks."""

    lines: list[str]
    name: str
    objective: Objective | None = None
    bindings: tuple[Binding, ...] = ()
    chain: list[_Part] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)

    def blocks(self) -> Iterator[Block]:
        for number, line in enumerate(self.lines, 1):
            match = _COMMENT.match(line)
            assert match is not None
            if match.end() < len(line):
                raise self.error("found a quote without its end. Close it", number, line, match.end())
            code, comment = match["code"].rstrip(), (match["comment"] or "").rstrip()
            if not code and match["comment"] is None:
                yield from self.finish()
            elif not code and comment.startswith("#"):
                yield from self.finish()
                title = comment.lstrip("#")
                yield Heading(title.strip(), max(1, min(2, len(comment) - len(title))))
            elif not code and self.chain:
                self.chain.append(_Part(number, "", comment.strip()))
            elif not code and comment.strip():
                self.prose.append(comment.strip())
            elif not code:  # an empty comment ends the paragraph
                yield from self.finish()
            else:
                yield from self.read(_Part(number, code, comment.strip()))
        yield from self.finish()

    def read(self, part: _Part) -> Iterator[Block]:
        """One line of code."""
        if objective := re.fullmatch(r"\s*objective\s+(\S+)", part.code):
            yield from self.finish()
            self.objective = self.named(objective[1], part, objective.start(1))
            return
        if self.chain and (self._is_open or _RELATION.match(part.code) or _CONTINUES.match(part.code)):
            self.chain.append(part)
        elif _RELATION.match(part.code):
            message = "found a relation with nothing before it; a chain begins with an expression. "
            place = len(part.code) - len(part.code.lstrip())
            raise self.error(message + "Remove the blank line above, or write it", part.line, part.code, place)
        else:
            yield from self.finish()
            self.chain.append(part)

    @property
    def _is_open(self) -> bool:
        """Whether the lines so far end inside parentheses, or in a definition."""
        text = "\n".join(part.code for part in self.chain)
        tokens = _TOKEN.findall(text)
        depth = sum((token in ("(", "[")) - (token in (")", "]")) for token in tokens)
        return depth > 0 or (bool(_BINDS.match(text)) and not {";", ":"} & set(tokens))

    def named(self, name: str, part: _Part, place: int) -> Objective:
        try:
            return Objective.parse(name)
        except SchemaError as error:
            raise self.error(error.message, part.line, part.code, place) from None

    def finish(self) -> Iterator[Block]:
        """The blocks that end here."""
        if self.prose:
            yield Prose(" ".join(self.prose))
            self.prose = []
        if self.chain:
            parts, self.chain = self.chain, []
            yield from self.assemble(parts)

    def assemble(self, parts: list[_Part]) -> Iterator[Block]:
        """A definition or a chain, from its lines."""
        text = "\n".join(part.code for part in parts)
        places = _relations(text)
        binds = bool(_BINDS.match(text)) and text.rstrip()[-1] in ";:"
        try:
            statement = parse(text + " 0 = 0" if binds else text, self.bindings)
            for claim in statement.claims:
                check(claim)
        except ClaimError as error:
            raise self.located(error, parts) from None
        if binds:
            added = statement.bindings[len(self.bindings) :]
            self.bindings = statement.bindings
            yield Definition(added)
            remarks = " ".join(part.comment for part in parts if part.comment)
            if remarks:
                yield Prose(remarks)
            return
        rows = [text.count("\n", 0, place) for place in places]
        reasons = _reasons(parts, rows)
        found = Statement(statement.terms, statement.relations, statement.bindings, reasons, text)
        bindings = used(found.bindings, found.terms)
        own = tuple(b for b in statement.bindings[len(self.bindings) :] if b in bindings)
        found = Statement(found.terms, found.relations, bindings, reasons, text)
        yield Chain(found, self.objective, tuple(parts[row].line for row in rows), own)

    def located(self, error: ClaimError, parts: list[_Part]) -> ClaimError:
        """The complaint with file, line and column."""
        message = error.message.partition("\n")[0]
        if error.at is None:
            return self.error(message, parts[0].line)
        before = "\n".join(part.code for part in parts)[: error.at]
        row = before.count("\n")
        part = parts[row]
        return self.error(message, part.line, part.code, len(before) - (before.rfind("\n") + 1))

    def error(self, message: str, line: int, code: str = "", column: int | None = None) -> ClaimError:
        place = [self.name, *([str(line)] if self.name or len(self.lines) > 1 else [])]
        if column is None:
            return ClaimError(message, where=":".join(filter(None, place)) or None)
        if len(place) > 1:
            place.append(str(column + 1))
        return ClaimError(message + caret(code, column), where=":".join(filter(None, place)) or None, at=column)


def _relations(text: str) -> list[int]:
    """Where the relations of a chain stand: outside parentheses, after the last definition.

    >>> _relations("let b = 1; J[r=c] = b == 1")
    [18, 22]
    """
    found: list[int] = []
    depth = 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in ("(", "[", "{"):
            depth += 1
        elif token in (")", "]", "}"):
            depth -= 1
        elif token in (";", ":"):
            found = []
        elif depth == 0 and (token == "argmax" or CHARACTERS.get(token, (token,))[0] in SPELLINGS):
            found.append(match.start())
    return found


def _reasons(parts: list[_Part], rows: list[int]) -> tuple[str, ...]:
    """The comments, each with the relations of its line; later lines continue the reason above them."""
    reasons: list[list[str]] = [[] for _ in rows]
    for k, part in enumerate(parts):
        if not part.comment:
            continue
        here = [i for i, row in enumerate(rows) if row == k]
        above = [i for i, row in enumerate(rows) if row < k]
        for i in here or above[-1:] or [0]:
            reasons[i].append(part.comment)
    return tuple(" ".join(r) for r in reasons)

"""Untrusted YAML or JSON text as plain Python values: bounded, without duplicates, tags, aliases or code.

A YAML scalar is read by the core schema of YAML 1.2, so that ``no``, ``on``, ``1:30`` and ``2020-01-01`` are text and
``010`` is ten.  Nothing here recurses: nesting is counted, not followed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, NoReturn

import yaml

from pgsym.errors import SchemaError
from pgsym.expression.complaint import short
from pgsym.expression.grammar import is_plain
from pgsym.expression.sums import IF_YOUR_OWN, Sums
from pgsym.expression.sums import MAX_WORK as MAX_SUMS
from pgsym.limits import FORMULA_CHARACTERS

# Larger than any model whose transitions a person or a program of ours would write as text.
MAX_CHARACTERS = 2**25
MAX_DEPTH = 16
MAX_DIGITS = 4000
MAX_WORK = 30_000
"""Characters of all different formulas of a file, read and checked in a second."""
SHORT = 40
"""What a shorter formula counts as."""
_COSTLY = ((re.compile(r"exp|log|sqrt"), 100), (re.compile(r"\^|\*\*"), 80), (re.compile(r"/\s*\("), 200))
"""What a function, a power and a division by more than a name or a number add."""

SCALARS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)\Z"), "~nN\0"),
    ("tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), "tTfF"),
    ("tag:yaml.org,2002:int", re.compile(r"[-+]?[0-9]+\Z"), "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z"),
        "-+.0123456789",
    ),
)
"""The plain scalars that are not text: tag, pattern, possible first characters."""


def read_text(text: str, format: str, *, where: str | None = None) -> Any:
    """The value that `text` stands for; `format` is ``yaml`` or ``json``.

    >>> read_text("start: {s1: 1/2, on: 0.5}", "yaml")
    {'start': {'s1': '1/2', 'on': 0.5}}
    """
    check_size(len(text), where=where)
    require_unicode(text, where=where)
    return _read_json(text, where) if format == "json" else _read_yaml(text, where)


def require_unicode(text: str, *, where: str | None) -> None:
    """Refuse halves of characters (surrogates): they have no form in a file."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SchemaError(
            f"found half a character, U+{ord(text[error.start]):04X}; text is Unicode. Remove it", where=where
        ) from None


def check_size(characters: int, *, where: str | None) -> None:
    """Refuse a text that no reasonable model needs."""
    if characters > MAX_CHARACTERS:
        what = f"found {characters} characters or more; a model file has at most {MAX_CHARACTERS}"
        raise SchemaError(f"{what}. Build the model in Python with MDP.from_arrays", where=where)


# -- JSON ------------------------------------------------------------------------------------------------

# A text without its closing quote is taken to the end, so that no part of it is looked at twice.
_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|([\[{])|([\]}])', re.DOTALL)
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Part of a character beyond U+FFFF, as JSON escapes it; or half of one, alone."""


def _read_json(text: str, where: str | None) -> Any:
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += bool(match[1]) - bool(match[2])
        if depth > MAX_DEPTH:
            _too_deep(where, text.count("\n", 0, match.start()) + 1)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if key in found:
                raise SchemaError(
                    f"key {short(key)!r} occurs twice in one object; keys must be distinct. Remove one", where=where
                )
            found[key] = value
        return found

    def constant(name: str) -> NoReturn:
        raise SchemaError(f"found {name}; a number must be finite. Give a number or a formula", where=where)

    try:
        value = json.loads(
            text,
            object_pairs_hook=pairs,
            parse_constant=constant,
            parse_int=lambda digits: _integer(digits, where),
            parse_float=lambda digits: decimal(digits, where),
        )
        if _HALF.search(text):
            require_unicode(json.dumps(value, ensure_ascii=False), where=where)
        return value
    except json.JSONDecodeError as error:
        raise SchemaError(
            f"line {error.lineno}, column {error.colno}: not JSON ({error.msg}). Correct it there", where=where
        ) from None


# -- YAML ------------------------------------------------------------------------------------------------

_TAG_DIRECTIVE = re.compile("(?:\\A\ufeff?|[\r\n\x85\u2028\u2029])%TAG")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read_yaml(text: str, where: str | None) -> Any:
    if match := _TAG_DIRECTIVE.search(text):  # thousands of them would cost the square of their number
        line = len(text[: match.end()].splitlines())
        raise SchemaError(
            f"line {line}: found the directive %TAG; a model file holds plain values. Remove the tag", where=where
        )
    try:
        return _YamlReader(where).read(_Loader(text).get_event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark:
            _refuse_depth(text[: mark.index], where)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        if mark and "\t" in text[mark.index - mark.column : mark.index + 1]:
            message = f"line {mark.line + 1}: found a tab; YAML is indented with spaces. Write spaces for it"
            raise SchemaError(message, where=where) from None
        raise SchemaError(f"{place}not YAML ({error.problem}). Correct it there", where=where) from None
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise SchemaError(f"not YAML ({' '.join(str(error).split())}). Correct it there", where=where) from None


def _refuse_depth(text: str, where: str | None) -> None:
    """Refuse a text before an error for its own nesting.

    The library scans up to 1024 characters ahead of its events, so a bound of its own on nesting (1000 since
    PyYAML 6.0.4) can be met before ours is counted to.
    """
    next_event = _Loader(text).get_event
    depth = 0
    with suppress(yaml.YAMLError):  # the text ends early
        while (event := next_event()) is not None:
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                _too_deep(where, _line(event))


class _YamlReader:
    """Builds the value from the parser's events."""

    def __init__(self, where: str | None) -> None:
        self.where = where
        self.known: dict[str, Any] = {}
        """What the plain scalars so far stood for."""

    def read(self, next_event: Callable[[], Any]) -> Any:
        """The value of the one document; a single loop, because a file of 1 MB has half a million events."""
        known = self.known
        documents = 0
        top: Any = None
        inside: Any = None  # the innermost open collection
        key: Any = _NO_KEY  # of an open mapping, the key that waits for its value
        stack: list[tuple[Any, Any]] = []  # the collections around it, with their keys
        while (event := next_event()) is not None:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                if event.anchor is not None or event.tag is not None:
                    self.refuse_extras(event)
                value = event.value
                if event.implicit[0]:
                    # A model repeats its names and numbers on every row.
                    try:
                        value = known[value]
                    except KeyError:
                        value = known.setdefault(value, scalar(value, self.where))
            elif kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
                value = inside
                inside, key = stack.pop()
            elif kind is yaml.SequenceStartEvent or kind is yaml.MappingStartEvent:
                self.refuse_extras(event)
                stack.append((inside, key))
                inside, key = ([] if kind is yaml.SequenceStartEvent else {}), _NO_KEY
                if len(stack) > MAX_DEPTH:
                    _too_deep(self.where, _line(event))
                continue
            else:
                if kind is yaml.AliasEvent:
                    self.refuse_extras(event)
                elif kind is yaml.DocumentStartEvent:
                    documents += 1
                    if documents > 1:
                        self.refuse(event, "a second document starts", "a model file holds one. Split the file")
                continue
            if type(inside) is list:
                inside.append(value)
            elif inside is None:
                top = value
            elif key is _NO_KEY:
                key = self.key(value, inside, event)
            else:
                inside[key], key = value, _NO_KEY
        return top

    def refuse_extras(self, event: Any) -> None:
        """What gives a node another meaning than its text."""
        if event.anchor is not None:
            self.refuse(event, "an anchor or alias", "a model file has none. Write the value out")
        if event.tag is not None:
            self.refuse(event, f"tag {event.tag!r}", "a model file holds plain values. Remove the tag")

    def key(self, value: Any, parent: dict[Any, Any], event: Any) -> Any:
        if isinstance(value, dict):
            self.refuse(event, "a mapping as a key", "a key is a name. Give a name")
        key = _frozen(value)
        if key in parent:
            self.refuse(
                event, f"key {short(repr(key))} occurs twice in one mapping", "keys must be distinct. Remove one"
            )
        return key

    def refuse(self, event: Any, found: str, required: str) -> NoReturn:
        raise SchemaError(f"line {_line(event)}: {found}; {required}", where=self.where)


def scalar(text: str, where: str | None) -> Any:
    """What a scalar without quotes stands for.

    >>> scalar("010", None), scalar("1.5", None), scalar("True", None), scalar("1_0", None)
    (10, 1.5, True, '1_0')
    """
    for tag, pattern, first in SCALARS:
        if (text[:1] or "\0") in first and pattern.match(text):
            kind = tag.rpartition(":")[2]
            if kind in ("null", "bool"):
                return None if kind == "null" else text.lower() == "true"
            return _integer(text, where) if kind == "int" else decimal(text, where)
    return text


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


_NO_KEY = object()


def _frozen(value: Any) -> Any:
    """A YAML sequence used as a key, as a tuple; depth is bounded already."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _integer(digits: str, where: str | None) -> int:
    if len(digits) > MAX_DIGITS:
        raise SchemaError(
            f"found an integer of {len(digits)} digits; at most {MAX_DIGITS} are read. Use a shorter number",
            where=where,
        )
    return int(digits)


def decimal(digits: str, where: str | None) -> float:
    """A decimal number; one that no float can hold is refused, not taken for infinity or 0."""
    value = float(digits)
    if not math.isfinite(value) or (value == 0 and _NONZERO.match(digits)):
        raise SchemaError(
            f"found {short(digits)}, beyond the range of decimal numbers; a number lies within about 1e-308 and 1e308. "
            'Write it as text, such as "1/10^400"',
            where=where,
        )
    return value


_NONZERO = re.compile(r"[-+]?[0.]*[1-9]")


def _too_deep(where: str | None, line: int) -> NoReturn:
    raise SchemaError(
        f"line {line}: nested more than {MAX_DEPTH} deep; a model file is flatter. Check the brackets", where=where
    )


_TRUSTED: ContextVar[bool] = ContextVar("trusted", default=False)
"""Whether what is being read may take as long as it takes."""


@contextmanager
def trusting(trusted: bool = True) -> Iterator[None]:
    """A file of the user's own may hold any number of formulas and of sums; everything else is checked as ever."""
    token = _TRUSTED.set(trusted)
    try:
        yield
    finally:
        _TRUSTED.reset(token)


def sums() -> Sums:
    """What decides the sums of one file."""
    return Sums(math.inf if _TRUSTED.get() else MAX_SUMS)


class Work:
    """The formulas of one file so far.  Numbers and names cost next to nothing, and a repeated formula nothing.

    >>> work = Work()
    >>> for text in ["1/2", "p", "1 - p"] * 10**5:
    ...     work.add(text, "r")
    >>> work.done
    40
    """

    def __init__(self) -> None:
        self.limit = math.inf if _TRUSTED.get() else MAX_WORK
        self.done = 0
        self.formulas = 0
        self._seen: set[str] = set()

    def add(self, value: Any, where: str) -> None:
        """Refuse the number or formula with which the file exceeds `MAX_WORK`, before it is read."""
        if not isinstance(value, str) or value in self._seen:
            return
        self._seen.add(value)
        if is_plain(value) or len(value) > FORMULA_CHARACTERS:
            return  # the latter is refused on its own
        self.formulas += 1
        self.done += max(len(value), SHORT) + sum(cost * len(part.findall(value)) for part, cost in _COSTLY)
        if self.done > self.limit:
            raise SchemaError(
                f"found {self.formulas} different formulas before the end, too many to read; together they have at "
                f"most {MAX_WORK} characters, short ones counted as {SHORT}, functions, powers and divisors as more. "
                f"{IF_YOUR_OWN}",
                where=where,
            )

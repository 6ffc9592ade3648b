r"""Formulas as tokens, by a tokenizer that executes nothing: what only changes how a formula looks is dropped.

Groups in braces and in parentheses are tokens with others inside, so that what belongs together is one thing:

>>> [str(t) for t in tokens(r"V^{\pi}(s) &= \left[ 2 \right]")]
['V', '^', '{}', '()', '=', '[]']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, cast

from pylatexenc.latexwalker import LatexWalker, LatexWalkerError
from pylatexenc.macrospec import EnvironmentSpec, LatexContextDb, MacroSpec

from pgsym.errors import NotReadError
from pgsym.limits import NOTE_DEPTH, NOTE_FORMULA
from pgsym.notes.macros import Macros, replaced
from pgsym.notes.spellings import FONTS, GREEK, LOOKS, LOOKS_OF_ONE, NAMES, OPERATORS, ROWS, SAME, WORDS, WRAPS

NEWLINE, GAP, TEXT, NAME = "\\\\", "gap", "text", "name"
"""Kinds of tokens: the end of a row, a wide space, words in a formula, a name of the claim language."""


_CLOSES = {"(": ")", "[": "]", "\\{": "\\}"}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Token:
    """One symbol, command, number or group."""

    kind: str
    """``symbol``, ``number``, ``operator``, ``command``, ``environment``, ``text``, ``gap``, or a pair of brackets."""
    text: str
    at: int
    """Its place in the text of the formula."""
    inside: tuple[Token, ...] = ()
    """What a group holds."""

    def __str__(self) -> str:
        return self.text

    @property
    def held(self) -> tuple[Token, ...]:
        """What braces hold, or the one token."""
        return self.inside if self.kind == "{}" else (self,)

    def written(self) -> str:
        """Token and what is inside, without spaces."""
        if self.kind in ("()", "[]", "\\{\\}"):
            return self.kind[: len(self.kind) // 2] + spelled(self.inside) + self.kind[len(self.kind) // 2 :]
        return "{" + spelled(self.inside) + "}" if self.kind == "{}" else self.text


def spelled(found: Sequence[Token]) -> str:
    """Tokens as a text that does not depend on spaces and sizes."""
    return "".join(t.written() + (" " if t.text[-1:].isalpha() and len(t.text) > 1 else "") for t in found)


@cache
def _no_arguments() -> LatexContextDb:
    """Every command and every environment is a token; what belongs to it is found here."""
    known = LatexContextDb()
    known.set_unknown_macro_spec(MacroSpec(""))
    known.set_unknown_environment_spec(EnvironmentSpec(""))
    return known


def tokens(latex: str, macros: Macros = MappingProxyType({})) -> list[Token]:
    """The tokens of a formula, in rows, with the note's own commands replaced.

    Raises
    ------
    NotReadError
        Braces, brackets or environments that do not match; a formula longer or deeper than is read.
    """
    require_small(latex)
    written, places = replaced(latex, macros)
    try:
        found = _grouped(_flat(latex_nodes(written)))
    except NotReadError as error:
        error.at = places[min(error.at or 0, len(written))]
        raise
    return found if written == latex else _placed(found, places)


def _placed(found: Sequence[Token], places: Sequence[int]) -> list[Token]:
    """Tokens at their places in the text before commands were replaced."""
    return [replace(t, at=places[t.at], inside=tuple(_placed(t.inside, places))) for t in found]


Rewritten = tuple[Sequence[Token], int]
"""What stands for the tokens from a place on, and for how many of them."""


def rewritten(found: Sequence[Token], rule: Callable[[Sequence[Token], int], Rewritten | None]) -> list[Token]:
    """Tokens with those replaced for which a rule gives something, at every depth.

    >>> "".join(map(str, rewritten(tokens("a+b'"), lambda found, k: ((), 2) if found[k].text == "+" else None)))
    "a'"
    """
    kept: list[Token] = []
    k = 0
    while k < len(found):
        token, made = found[k], rule(found, k)
        new = [replace(token, inside=tuple(rewritten(token.inside, rule)))] if made is None else made[0]
        kept += new
        k += 1 if made is None else made[1]
    return kept


def require_small(latex: str) -> None:
    """Refuse a formula that is longer or deeper than is read."""
    if len(latex) > NOTE_FORMULA:
        why = f"found {len(latex)} characters in one formula; at most {NOTE_FORMULA} are read. Split it"
        raise NotReadError(why, 0)
    depth = 0
    for k, character in enumerate(latex):
        depth += (character in "{([") - (character in "})]") + latex.startswith("\\begin", k)
        if depth > NOTE_DEPTH:
            raise NotReadError(f"found brackets nested more than {NOTE_DEPTH} deep; so many are read. Simplify it", k)


def latex_nodes(latex: str) -> Sequence[Any]:
    """The tokenizer's nodes of a text.

    Raises
    ------
    NotReadError
        Braces or environments that do not match.
    """
    try:
        walker = LatexWalker(latex, latex_context=_no_arguments(), tolerant_parsing=False)
        return cast("Sequence[Any]", walker.get_latex_nodes(pos=0)[0])
    except (LatexWalkerError, RecursionError, IndexError) as error:
        said = str(getattr(error, "msg", error)).partition("\n")[0][:100]
        at = getattr(error, "pos", 0) or 0
        raise NotReadError(f"found LaTeX that does not close ({said}). Correct it", at) from None


def _flat(nodes: Sequence[Any]) -> list[Token]:
    """The tokenizer's nodes as tokens."""
    found: list[Token] = []
    for node in nodes:
        kind = type(node).__name__
        if kind == "LatexCharsNode":
            found += _characters(node.chars, node.pos)
        elif kind == "LatexMacroNode":
            found.append(same(Token("command", "\\" + node.macroname, node.pos)))
        elif kind == "LatexGroupNode":
            found.append(Token("{}", "{}", node.pos, tuple(_flat(node.nodelist))))
        elif kind == "LatexEnvironmentNode":
            name = node.environmentname.rstrip("*")
            inside = _flat(node.nodelist)
            if name in ROWS:
                found += inside[1:] if name == "alignat" else inside
            else:
                found.append(Token("environment", name, node.pos, tuple(inside)))
        elif kind == "LatexMathNode":
            found.append(Token(TEXT, "", node.pos))
    return _dressed(_digits(found))


def _digits(found: Sequence[Token]) -> list[Token]:
    r"""As TeX reads numbers without braces: \frac12 is 1/2; x^12 would be x^1 2, which nobody means.

    >>> [token.text for token in tokens(r"\frac12 V")]
    ['\\frac', '1', '2', 'V']
    """
    kept: list[Token] = []
    wanted = 0  # arguments of a fraction that are still to come
    for token in found:
        text, at = token.text, token.at
        if token.kind == "number" and len(text) > 1:
            if kept and kept[-1].text in ("^", "_"):
                why = f"found {kept[-1].text}{text} without braces: is it {kept[-1].text}{{{text}}}? Write braces"
                raise NotReadError(why, at)
            if wanted and "." in text:
                raise NotReadError(f"found \\frac before {text}, a number without braces. Write braces", at)
            single = min(wanted, len(text))
            kept += [Token("number", text[k], at + k) for k in range(single)]
            wanted -= single
            text, at = text[single:], at + single
            if not text:
                continue
            token = replace(token, text=text, at=at)
        kept.append(token)
        wanted = 2 if text == "\\frac" else max(wanted - 1, 0)
    return kept


def _characters(text: str, at: int) -> list[Token]:
    found: list[Token] = []
    k = 0
    while k < len(text):
        character, size = text[k], 1
        word = next((w for w in NAMES if text.startswith(w, k) and not text[k - 1 : k].isalpha()), None)
        number = _NUMBER.match(text, k)
        if character.isspace() or character in "~&":
            pass
        elif word is not None:
            size = len(word)
            found.append(same(Token("command", "\\" + word, at + k)))
        elif number is not None or text.startswith((":=", "<=", ">="), k):
            token = Token("number", number[0], at + k) if number else Token("operator", text[k : k + 2], at + k)
            size = len(token.text)
            found.append(same(token))
        else:
            found.append(same(Token("symbol" if character.isalpha() else "operator", character, at + k)))
        k += size
    return found


def _dressed(found: list[Token]) -> list[Token]:
    """Without what only changes the look; fonts and accents with their letter."""
    kept: list[Token] = []
    k = 0
    while k < len(found):
        token = found[k]
        after = found[k + 1] if k + 1 < len(found) else None
        k += 1
        if token.kind != "command":
            kept.append(token)
        elif token.text in LOOKS:
            if token.text in ("\\left", "\\right") and after is not None and after.text == ".":
                why = f"found {token.text}. without a bracket; they come in pairs. Write both"
                raise NotReadError(why, token.at)
        elif token.text in LOOKS_OF_ONE:
            k += after is not None
        elif token.text == NEWLINE:
            kept.append(Token(NEWLINE, NEWLINE, token.at))
            k += _skipped(found[k:])
        elif token.text in WORDS and after is not None:
            words = _spaced(after.held)
            is_name = words.strip("\\") in NAMES
            name = Token("command", words, token.at)
            kept.append(same(name) if is_name else Token(TEXT, f"\\text{{{words}}}", token.at))
            k += 1
        elif token.text in WRAPS and after is not None:
            k += after.text == "*" and k + 1 < len(found)  # \operatorname*
            kept += _unwrapped(token, found[k])
            k += 1
        elif token.text in FONTS and after is not None:
            kept.append(Token("symbol", f"{token.text}{{{spelled(after.held).strip()}}}", token.at))
            k += 1
        elif token.text in ("\\underset", "\\overset", "\\stackrel") and k + 1 < len(found) and after is not None:
            body = found[k + 1]
            is_sign = all(t.kind == "operator" for t in body.held)  # a label of a relation says nothing
            mark = Token("operator", "_" if token.text == "\\underset" else "^", token.at)
            kept += body.held if is_sign else (*body.held, mark, after)
            k += 2
        elif token.text in ("\\underbrace", "\\overbrace") and after is not None:
            kept.append(after)
            k += 3 if k + 2 < len(found) and found[k + 1].text in "_^" else 1
        else:
            kept.append(token)
    return _primed(kept)


def _spaced(found: Sequence[Token]) -> str:
    """Words with the spaces between them."""
    text = ""
    for before, token in zip([None, *found], found, strict=False):
        text += " " * (before is not None and token.at > before.at + len(before.text)) + token.written()
    return text


def _unwrapped(token: Token, after: Token) -> Sequence[Token]:
    r"""What \mathrm and the like hold; several letters are one name."""
    word = "".join(t.text for t in after.inside if t.kind == "symbol")
    if after.kind == "{}" and len(after.inside) == len(word) > 1:
        return (same(Token("command", "\\" + word, token.at)),)
    return after.held


def same(token: Token) -> Token:
    """The token in its one spelling, and what it is."""
    text, kind = SAME.get(token.text, token.text), token.kind
    if text == GAP:
        kind = GAP
    elif text in GREEK or text == "\\mathbb{E}":
        kind = "symbol"
    elif text in OPERATORS and kind != "number":
        kind = "operator"
    elif kind != "command" and text.startswith("\\"):
        kind = "command"
    return Token(kind, text, token.at)


def _primed(found: list[Token]) -> list[Token]:
    r"""x^\prime and x^{\prime\prime} as x' and x''."""
    kept: list[Token] = []
    for token in found:
        if kept and kept[-1].text == "^" and token.held and all(t.text == "'" for t in token.held):
            kept.pop()
            kept += token.held
        else:
            kept.append(token)
    return kept


def _skipped(rest: list[Token]) -> int:
    """How many tokens the space after a row takes: [2pt]."""
    if not rest or rest[0].text != "[":
        return 0
    inside = [token.text for token in rest[1:6]]
    return inside.index("]") + 2 if "]" in inside and any(len(t) == 1 and t.isalpha() for t in inside) else 0


def _grouped(found: Sequence[Token]) -> list[Token]:
    """What stands in brackets as one token, at every depth."""
    stack: list[tuple[Token | None, list[Token]]] = [(None, [])]
    for token in found:
        if token.inside:
            token = Token(token.kind, token.text, token.at, tuple(_grouped(token.inside)))
        opener = stack[-1][0]
        if token.text in _CLOSES and token.kind == "operator":
            stack.append((token, []))
        elif opener is not None and token.text == _CLOSES[opener.text]:
            _, inside = stack.pop()
            kind = opener.text + token.text
            stack[-1][1].append(Token(kind, kind, opener.at, tuple(inside)))
        elif token.text in _CLOSES.values() and token.kind == "operator":
            what = f" for {opener.text}" if opener else ""
            raise NotReadError(f"found {token.text}{what}; brackets come in pairs. Correct it", token.at)
        else:
            stack[-1][1].append(token)
    opened = stack[-1][0]
    if opened is not None:
        why = f"found {opened.text} without its other bracket; brackets come in pairs. Correct it"
        raise NotReadError(why, opened.at)
    return stack[0][1]

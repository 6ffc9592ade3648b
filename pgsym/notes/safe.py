r"""The note's own LaTeX, written again from its tokens: only commands of a list, each with its arguments in braces.

What is not in the list, and what TeX would complain about, is refused; nothing of it reaches TeX.

>>> safe_formula(r"\frac12 \sum_a \pi(a|s)^\text{x} \label{one}")
'\\frac{1}{2} \\sum _{a} \\pi (a|s)^{\\text{x}}'
>>> safe_formula(r"\input{/etc/passwd}")
Traceback (most recent call last):
pgsym.errors.NotReadError: found \input, which is not typeset. Write it otherwise
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeGuard

from pgsym.claims.language.characters import TEX
from pgsym.errors import NotReadError
from pgsym.expression.notation import escape_text
from pgsym.notes.macros import Macros, replaced
from pgsym.notes.spellings import FONTS, GREEK, LOOKS_OF_ONE, OPERATORS, ROWS, SIZES, WORDS, split_words
from pgsym.notes.tokens import latex_nodes, require_small

_SYMBOLS = {"\\ "} | GREEK | {o for o in OPERATORS if o[0] == "\\"} | split_words(
    r"\sum \prod \int \iint \oint \max \min \sup \inf \lim \log \ln \exp \arg \Pr \det \dim \sin \cos \tanh \nabla \ni "
    r"\partial \infty \cdot \times \ast \star \circ \pm \mp \div \oplus \otimes \odot \wedge \vee \neg \cap \cup \iff "
    r"\subset \subseteq \setminus \to \mapsto \implies \leq \geq \leqslant \geqslant \ne \equiv \doteq \triangleq \top "
    r"\coloneqq \lesssim \gtrsim \succ \prec \succeq \preceq \perp \parallel \mid \vert \lvert \rvert \notin \exists "
    r"\emptyset \varnothing \bot \prime \dots \ldots \cdots \dotsc \vdots \ddots \langle \rangle \lceil \rceil \lfloor "
    r"\rfloor \lbrace \rbrace \lbrack \rbrack \Longrightarrow \Leftrightarrow \longrightarrow \uparrow \downarrow \not "
    r"\therefore \because \varphi \varepsilon \varpi \varsigma \upsilon \Upsilon \hbar \imath \quad \qquad \, \; \: \! "
    r"\> \_ \% \& \# \$ \rm \bf \displaystyle \textstyle \scriptstyle \square \blacksquare \triangle \bullet \dagger "
    r"\checkmark \colon \mathstrut"
)  # fmt: skip
_FENCES = {"\\left": 1, "\\right": -1, **dict.fromkeys((*split_words(SIZES), "\\middle"), 0)}
_DELIMITERS = set("()[]|./<>") | split_words(
    r"\{ \} \| \langle \rangle \lvert \rvert \lVert \rVert \vert \Vert \lfloor \rfloor \lceil \rceil \lbrace \rbrace"
)
_OF_ONE = FONTS | split_words(
    r"\mathrm \mathbf \boldsymbol \mathit \operatorname \operatorname* \mathsf \mathtt \mathop \boxed \sqrt \underline "
    r"\underbrace \overbrace \ddot \check \phantom \substack \overrightarrow \cancel"
)
_TAKES = dict.fromkeys(_OF_ONE, 1) | dict.fromkeys(
    split_words(r"\frac \dfrac \tfrac \binom \underset \overset \stackrel"), 2
)
_AS = {"\\bm": "\\boldsymbol", "\\mathscr": "\\mathcal"}
_DROPPED = split_words(
    r"\nonumber \notag \hfill \noindent \nolimits \small \tiny \scriptsize \footnotesize \scriptscriptstyle \centering"
)
_LIMITS = split_words(r"\sum \prod \int \max \min \sup \inf \lim")
_COLUMNS = {"cases": 1, **dict.fromkeys(("matrix", "pmatrix", "bmatrix", "vmatrix", "Bmatrix", "Vmatrix"), 9)}
"""How many & a row has at most."""


def safe_formula(latex: str, macros: Macros = MappingProxyType({})) -> str:
    """The formula in math mode, its rows as ``aligned``, the note's own commands replaced.

    Raises
    ------
    NotReadError
        A command that is not in the list, or LaTeX that TeX would not take.
    """
    latex, _ = replaced(latex, macros)
    require_small(latex)
    return re.sub(r"(?<!\\)\s+$", "", _rows(items(latex_nodes(latex)))).lstrip()  # a space of its own stays


def typeset_formula(latex: str, macros: Macros = MappingProxyType({}), *, display: bool = False) -> str:
    """The formula for a document, no wider than its text; where that is refused, as it is written."""
    try:
        found = safe_formula(latex, macros)
    except NotReadError:
        return typeset_code(latex.strip(), display=display)
    return rf"\[\fitted{{{found}}}\]" if display else f"${found}$" if found else ""


def typeset_text(text: str) -> str:
    """Words, with the signs of formulas that stand between them."""
    return "".join(f"${TEX[c]}$" if c in TEX else c if c in " \n\t" else escape_text(c) for c in text)


def typeset_code(text: str, *, display: bool = False) -> str:
    """Text as it is written, in the letters of a typewriter."""
    lines = [typeset_text(line).replace("  ", r"\ \ ") for line in text.strip("\n").split("\n")]
    if not display:
        return rf"\texttt{{{' '.join(lines)}}}"
    rows = r"\newline{}".join(r"\mbox{}" + line for line in lines)
    return rf"\par{{\raggedright\footnotesize\ttfamily {rows}\par}}"


def _refused(what: str) -> NotReadError:
    return NotReadError(f"found {what}, which is not typeset. Write it otherwise", 0)


@dataclass(frozen=True)
class Held:
    """What a group in braces, a formula in words or an environment holds; the formula's text, or the name."""

    kind: str
    inside: tuple[str | Held, ...]
    name: str = ""


Item = str | Held
"""A character, a command, or what holds others."""
_KINDS = {"LatexGroupNode": "group", "LatexMathNode": "math", "LatexEnvironmentNode": "environment"}


def items(nodes: Sequence[Any]) -> tuple[Item, ...]:
    """Nodes with their characters and commands one by one, without comments."""
    found: list[Item] = []
    for node in nodes:
        kind = type(node).__name__
        if kind == "LatexCharsNode":
            found += node.chars
        elif kind == "LatexMacroNode":
            found.append("\\" + node.macroname)
        elif kind in _KINDS:
            name = node.latex_verbatim() if kind == "LatexMathNode" else getattr(node, "environmentname", "")
            found.append(Held(_KINDS[kind], items(node.nodelist), name))
    return tuple(found)


def _is(item: Item, kind: str) -> TypeGuard[Held]:
    return isinstance(item, Held) and item.kind == kind


def _rows(found: Sequence[Item]) -> str:
    """Items at the top, or in an environment of rows."""
    if "&" in found:
        return rf"\begin{{aligned}}{{}}{_math(found, 99)}\end{{aligned}}"
    return rf"\begin{{gathered}}{{}}{_math(found, 0)}\end{{gathered}}" if "\\\\" in found else _math(found)


def _math(found: Sequence[Item], columns: int = -1) -> str:
    """Items in math mode; `columns` is how many & a row may have, or -1 where there are no rows."""
    out: list[str] = []
    k = open_ = used = 0
    scripts, last = "", ""
    while k < len(found):
        item = found[k]
        if isinstance(item, str) and item.isspace() and item != "\\ ":
            out.append(" " * (out[-1:] != [" "]))
            k += 1
            continue
        if isinstance(item, str) and item in "^_'":
            if (item in scripts and not item == "'" == last) or (item == "'" and "^" in scripts):
                raise _refused(f"a second {item}")
            scripts += item
            script, k = ("", k + 1) if item == "'" else _argument(found, k + 1)
            out.append(item + script)
            last = item
            continue
        if item in ("&", "\\\\"):
            used = used + 1 if item == "&" else 0
            if open_ or used > max(columns, 0):
                raise _refused(f"{item} where there are no rows" if not open_ else f"{item} between \\left and \\right")
            k += 1
            if item == "\\\\":
                space = re.match(
                    r"\*?\[-?[\d.]+ ?(pt|em|ex|mm|cm|in)\]",
                    "".join(i if isinstance(i, str) else "{" for i in found[k : k + 12]),
                )
                k += space.end() if space else 0
            out.append(item if item == "&" else r"\\{}" if columns >= 0 else r"\ ")
        elif item == "\\limits":
            out += [item + " "] if last in _LIMITS else []
            k += 1
        elif isinstance(item, str) and item in _FENCES:
            k = _behind_spaces(found, k + 1)
            mark = str(found[k]) if k < len(found) else ""
            open_ += _FENCES[item]
            if mark not in _DELIMITERS or open_ < 0 or (item == "\\middle" and not open_):
                raise _refused(item)
            out.append(item + mark + " " * mark[-1].isalpha())
            k += 1
        else:
            piece, k = _atom(found, k)
            out.append(piece)
        scripts, last = "", item if isinstance(item, str) else "{}"
    if open_:
        raise _refused("\\left without \\right")
    return "".join(out)


def _behind_spaces(found: Sequence[Item], k: int) -> int:
    return next((i for i in range(k, len(found)) if not str(found[i]).isspace()), len(found))


def _argument(found: Sequence[Item], k: int) -> tuple[str, int]:
    k = _behind_spaces(found, k)
    if k == len(found) or found[k] in (*"^_'&", "\\\\"):
        raise _refused("a command without its argument")
    piece, k = _atom(found, k)
    return piece if piece[:1] == "{" else f"{{{piece}}}", k


def _atom(found: Sequence[Item], k: int) -> tuple[str, int]:
    """The item there, with its arguments, and where the next one is."""
    item, k = found[k], k + 1
    if _is(item, "group"):
        rows = 0 if found[k - 2 : k - 1] == ("\\substack",) else -1
        return f"{{{_math(item.inside, rows)}}}", k
    if _is(item, "environment"):
        return _environment(item), k
    if not isinstance(item, str) or item in "#$%\\" or not item.isprintable():
        raise _refused(item if isinstance(item, str) else "a formula in a formula")
    if len(item) == 1:
        return (TEX[item] + " " if item in TEX else item if item.isascii() else rf"\text{{{escape_text(item)}}}"), k
    if item in ("\\operatorname", "\\tag") and found[k : k + 1] == ("*",):
        item, k = "\\operatorname*" if item == "\\operatorname" else item, k + 1
    if item in WORDS or item == "\\tag":
        k = _behind_spaces(found, k)
        group = found[k] if k < len(found) else ""
        inside = group.inside if _is(group, "group") else found[k : k + 1]
        return (rf"\quad\text{{({_words(inside)})}}" if item == "\\tag" else rf"\text{{{_words(inside)}}}"), k + 1
    if item in LOOKS_OF_ONE:
        _, k = _argument(found, k) if item == "\\phantom" else ("", _behind_spaces(found, k) + 1)
        return "", k
    if item in _DROPPED:
        return "", k
    item = _AS.get(item, item)
    if item in _TAKES:
        given = ""
        if item == "\\sqrt" and found[k : k + 1] == ("[",):
            end = found.index("]", k) if "]" in found[k:] else len(found)
            given, k = f"[{{{_math(found[k + 1 : end])}}}]", end + 1
        for _ in range(_TAKES[item]):
            piece, k = _argument(found, k)
            given += piece
        return item + given, k
    if item not in _SYMBOLS:
        raise _refused(item)
    return item + " " * item[-1].isalpha(), k


def _environment(held: Held) -> str:
    name, inside = held.name, held.inside
    if name.rstrip("*") in ROWS:
        start = (
            1 if name.startswith("alignat") else 3 if re.fullmatch(r"\[[tbc]\]", "".join(map(str, inside[:3]))) else 0
        )
        return _rows(inside[start:])
    if name == "array" and inside and _is(inside[0], "group"):
        shape = "".join(map(str, inside[0].inside))
        if re.fullmatch(r"[lcr| ]+", shape):
            return rf"\begin{{array}}{{{shape}}}{_math(inside[1:], len(re.findall('[lcr]', shape)) - 1)}\end{{array}}"
    if name not in _COLUMNS:
        raise _refused(f"the environment {name}")
    return rf"\begin{{{name}}}{{}}{_math(inside, _COLUMNS[name])}\end{{{name}}}"


def _words(found: Sequence[Item]) -> str:
    r"""What \text holds."""
    out = ""
    for item in found:
        if _is(item, "math"):
            out += f"${_math(item.inside)}$"
        elif _is(item, "group"):
            out += f"{{{_words(item.inside)}}}"
        elif isinstance(item, str) and len(item) == 1:
            out += " " if item == "~" else typeset_text(item)
        elif item in ("\\ ", "\\,", "\\%", "\\&", "\\_", "\\$", "\\#", "\\quad"):
            out += item + "{}"
        else:
            raise _refused(item if isinstance(item, str) else "an environment in words")
    return out

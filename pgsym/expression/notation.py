"""How names become LaTeX: of quantities, symbols, states and actions; whole documents, and how wide a formula will be.

Names come from files and from other people's code: every character that means something to LaTeX is
escaped, in a way that LaTeX, MathJax and KaTeX all read in math mode.
"""

from __future__ import annotations

import numbers
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import sympy as sp

from pgsym.errors import FormulaError
from pgsym.expression.naming import in_order, unused
from pgsym.expression.notations import current
from pgsym.expression.quantity import QUANTITIES

_TEMPLATES: dict[str, str] = {
    **{name: quantity.latex for name, quantity in QUANTITIES.items()},
    "mu_0": QUANTITIES["mu0"].latex,
    "b": "b({0})",
    "theta": r"\theta",
    "hessian": r"\nabla^{{2}} J",
    "fisher": "F",
    "natural_gradient": r"F^{{-1}} \nabla J",
}
"""LaTeX by name, with {0}, {1}... for what a quantity is taken at."""

GREEK: dict[str, str] = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ",
    "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
"""The Greek letters that LaTeX has a command for; the others look like Latin ones."""

_COMMANDS = {letter: f"\\{name}" for name, letter in GREEK.items()}
_ESCAPES = {
    "\\": r"{\backslash}", "{": r"\{", "}": r"\}", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "_": r"\_",
    "~": r"{\sim}", "^": r"{\wedge}", "-": r"\text{-}", "−": r"\text{-}",
    "←": r"{\leftarrow}", "→": r"{\rightarrow}", "↑": r"{\uparrow}", "↓": r"{\downarrow}",
    "≤": r"{\le}", "≥": r"{\ge}", "∞": r"{\infty}", "×": r"{\times}", "·": r"{\cdot}",
}  # fmt: skip
_PLAIN_SYMBOL = re.compile(r"([^\W\d_]+)(\d*)((?:_[^\W_]+)*)(?:__(\d+))?")


def quantity_latex(name: str, *where: Any, spelt: Mapping[Any, str] | None = None) -> str:
    r"""A quantity of the glossary at states and actions, in the order in which it is written.

    ``("V", s)``, ``("Q", s, a)``, ``("pi", a, s)``, ``("P", s2, s, a)``; without states and actions, the bare letter.
    ``("grad", theta_i)`` and ``("hessian", theta_i, theta_j)`` are partial derivatives.  `spelt` is LaTeX of states
    and actions, as `name_table` makes it for all of a model.

    >>> quantity_latex("Q", "s1", "R"), quantity_latex("pi", "R", 3), quantity_latex("V")
    ('Q(\\mathrm{s1}, \\mathrm{R})', '\\pi(\\mathrm{R} \\mid 3)', 'V')
    >>> quantity_latex("grad", sp.Symbol("theta_1"))
    '\\frac{\\partial J}{\\partial \\theta_{1}}'
    """
    if name not in _TEMPLATES:
        raise FormulaError(f"found {name!r}; must be one of {', '.join(_TEMPLATES)}", where="quantity_latex")
    if where and name in ("grad", "hessian"):
        return derivative_latex("J", *where)
    template = current().templates.get(name, _TEMPLATES[name])
    arity = len(set(re.findall(r"\{(\d)\}", template.replace("{{", "").replace("}}", ""))))
    if not where:
        return re.sub(r"(\(|_\{\{)\{\d\}.*", "", template).replace("{{", "{").replace("}}", "}")
    if len(where) != arity:
        raise FormulaError(f"{len(where)} arguments; {name} takes {arity}", where="quantity_latex")
    known = spelt or {}
    return template.format(*(known[w] if w in known else name_latex(w) for w in where))


def derivative_latex(of: str, *params: sp.Symbol | str) -> str:
    r"""The partial derivative of a quantity, given as LaTeX, by one parameter or by several.

    >>> derivative_latex("J", "a", "b"), derivative_latex("J", "a", "a")
    ('\\frac{\\partial^{2} J}{\\partial a \\, \\partial b}', '\\frac{\\partial^{2} J}{\\partial a^{2}}')
    """
    texts = [symbol_latex(p if isinstance(p, str) else p.name) for p in params]
    order = f"^{{{len(texts)}}}" if len(texts) > 1 else ""
    counts = {text: texts.count(text) for text in texts}
    below = r" \, ".join(rf"\partial {text if n == 1 else powered(text, str(n))}" for text, n in counts.items())
    return rf"\frac{{\partial{order} {of}}}{{{below}}}"


def powered(base: str, exponent: str) -> str:
    """A name to a power; what already has a superscript, or is more than a letter, gets parentheses."""
    simple = "^" not in base and not re.search(r"[ /]|\\(nabla|partial)", base)
    return f"{base}^{{{exponent}}}" if simple else rf"\left({base}\right)^{{{exponent}}}"


def name_latex(name: Any) -> str:
    r"""A state, an action, a parameter, or a tuple of them: upright, every character kept.

    >>> name_latex("s1"), name_latex("s_1"), name_latex("s 1"), name_latex((0, 2)), name_latex("50%")
    ('\\mathrm{s1}', '\\mathrm{s\\_1}', '\\mathrm{s\\ 1}', '(0, 2)', '\\mathrm{50\\%}')
    """
    if isinstance(name, sp.Symbol):
        return symbol_latex(name.name)
    if not isinstance(name, bool) and isinstance(name, numbers.Integral):
        return str(int(name))
    if isinstance(name, tuple):
        return "(" + ", ".join(name_latex(part) for part in name) + ("," if len(name) == 1 else "") + ")"
    return rf"\mathrm{{{escape(str(name))}}}" if str(name) else r"\mathrm{''}"


def name_table(names: Iterable[Hashable]) -> dict[Hashable, str]:
    r"""LaTeX by name, all distinct: state 1 and state "1" of one model do not look alike.

    >>> name_table([1, "1", "a"])
    {1: '1', '1': "\\mathrm{{'}1{'}}", 'a': '\\mathrm{a}'}
    """
    names = list(dict.fromkeys(names))
    counts = Counter(map(str, names))
    table: dict[Hashable, str] = {}
    used: set[str] = set()
    for name in names:
        quoted = counts[str(name)] > 1 and isinstance(name, str)
        table[name] = _unlike(rf"\mathrm{{{escape(repr(name))}}}" if quoted else name_latex(name), used)
    return table


def _unlike(text: str, used: set[str]) -> str:
    """The text, or a copy of it with a number above that was not used before."""
    return unused(text, used, "{{{}}}^{{({})}}" if "^" in text else "{}^{{({})}}")


def escape(text: str) -> str:
    r"""Text for the inside of ``\mathrm``, in math mode.

    >>> escape("a_b {50%}")
    'a\\_b\\ \\{50\\%\\}'
    """
    return "".join(_escaped(c) for c in text)


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character in _COMMANDS:
        return f"{{{_COMMANDS[character]}}}"
    if character.isascii():
        if character.isalnum():
            return character
        # Braces keep the spacing of text: a comma or a colon is punctuation in math, < a relation.
        return f"{{{character}}}" if character.isprintable() and not character.isspace() else r"\ "
    return rf"\text{{{character}}}" if character.isprintable() else r"\ "


def escape_text(text: str) -> str:
    r"""Text for a title or a paragraph, outside math.

    >>> escape_text("50% of s_1 ~ pi")
    '50\\% of s\\_1 \\textasciitilde{} pi'
    """
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {c: f"\\{c}" for c in "#$%&_{}"} | {letter: f"${command}$" for letter, command in _COMMANDS.items()}
    special |= (
        {c: f"${_ESCAPES[c]}$" for c in "←→↑↓≤≥∞×·"} | {"−": "$-$"} | {"<": r"\textless{}", ">": r"\textgreater{}"}
    )
    return "".join(special.get(c, c if c.isprintable() else " ") for c in text)


def symbol_latex(name: str) -> str:
    r"""A symbol's name: Greek letters by name, digits and ``_parts`` as subscripts, ``__2`` as a second of that name.

    >>> symbol_latex("theta_s1_R"), symbol_latex("gamma"), symbol_latex("p1"), symbol_latex("slip")
    ('\\theta_{\\mathrm{s1},\\mathrm{R}}', '\\gamma', 'p_{1}', '\\mathrm{slip}')
    >>> symbol_latex("theta_s__2"), symbol_latex("a b")
    ('\\theta_{\\mathrm{s}}^{(2)}', '\\mathrm{a\\ b}')
    """
    match = _PLAIN_SYMBOL.fullmatch(name)
    if not match:
        return rf"\mathrm{{{escape(name)}}}"
    stem, digits, parts, copy = match.groups()
    known = stem in GREEK or stem in _COMMANDS
    if digits and not known and len(stem) > 1:
        stem, digits = stem + digits, ""
    if known:
        base = f"\\{stem}" if stem in GREEK else _COMMANDS[stem]
    else:
        base = stem if len(stem) == 1 and stem.isascii() else rf"\mathrm{{{escape(stem)}}}"
    below = [digits] if digits else []
    below += [
        part if part.isascii() and part.isdigit() else rf"\mathrm{{{escape(part)}}}" for part in parts.split("_")[1:]
    ]
    return base + (f"_{{{','.join(below)}}}" if below else "") + (f"^{{({copy})}}" if copy else "")


def symbol_names(
    symbols: Iterable[sp.Symbol], names: Mapping[sp.Symbol | str, str] | None = None
) -> dict[sp.Symbol, str]:
    r"""LaTeX by symbol, all distinct: p1 and p_1 of one model do not look alike; `names` is what the caller has chosen.

    >>> symbol_names(sp.symbols("p1 p_1"))
    {p1: 'p_{1}', p_1: 'p_{1}^{(2)}'}
    """
    chosen = names or {}
    table: dict[sp.Symbol, str] = {}
    used = set(chosen.values())
    for symbol in in_order(symbols):
        own = chosen.get(symbol, chosen.get(symbol.name))
        table[symbol] = _unlike(symbol_latex(symbol.name), used) if own is None else own
    return table


def document(body: str, title: str, packages: Iterable[str] = ()) -> str:
    r"""A LaTeX document that compiles on its own; the body is LaTeX, the title plain text.

    `packages` are further lines of its preamble.

    Letters that pdfLaTeX's standard fonts lack are shown by their code point there; LuaLaTeX and XeLaTeX
    take them from the font.

    >>> document("Hello.", "100% exact").splitlines()[-7:-1]
    ['\\title{100\\% exact}', '\\author{}', '\\date{}', '\\begin{document}', '\\maketitle', 'Hello.']
    """
    title = escape_text(title)
    preamble = [
        r"\documentclass{article}",
        *FONTS,
        r"\usepackage{amsmath}",
        r"\usepackage[margin=25mm]{geometry}",
        *packages,
        r"\allowdisplaybreaks",
        *unicode_fallback(title + body),
    ]
    opening = [rf"\title{{{title}}}", r"\author{}", r"\date{}", r"\begin{document}", r"\maketitle"]
    return "\n".join([*preamble, *opening, body, r"\end{document}"]) + "\n"


FONTS = (r"\ifdefined\Umathcode\else\usepackage[T1]{fontenc}\fi", r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}")
"""Lines of a preamble: an encoding with accented letters, and outlines for it where they are installed."""


def unicode_fallback(text: str) -> list[str]:
    r"""Preamble lines that let pdfLaTeX show letters beyond Latin as code points.

    >>> unicode_fallback("état"), unicode_fallback("状")[1]
    ([], '  \\DeclareUnicodeCharacter{72B6}{\\texttt{U+72B6}}')
    """
    # The T1 encoding covers Latin up to U+017F.
    foreign = sorted({c for c in text if ord(c) > 0x17F})
    declared = [rf"  \DeclareUnicodeCharacter{{{ord(c):04X}}}{{\texttt{{U+{ord(c):04X}}}}}" for c in foreign]
    return [r"\ifdefined\Umathcode\else", *declared, r"\fi"] if declared else []


_INVISIBLE = {
    "left", "right", "Bigl", "Bigr", "quad", "mathrm", "text", "bar", "backslash", ",", "-", "{", "}",
}  # fmt: skip


def tex_width(tex: str) -> int:
    r"""Width in characters, roughly: a fraction is as wide as its wider half.

    >>> tex_width(r"\frac{1 + x}{\gamma}")
    3
    """
    total, i = 0, 0
    while i < len(tex):
        if tex.startswith(r"\frac{", i):
            middle = _closing(tex, i + 5)
            end = _closing(tex, middle + 1)
            total += max(tex_width(tex[i + 6 : middle]), tex_width(tex[middle + 2 : end]))
            i = end + 1
        elif tex[i] == "\\":
            command = re.compile(r"[a-zA-Z]+|.").match(tex, i + 1)
            name = command.group() if command else ""
            total += (name not in _INVISIBLE) + 2 * (name == "quad")
            i += 1 + len(name)
        else:
            total += tex[i] not in "{}_^& \n"
            i += 1
    return total


def _closing(tex: str, opening: int) -> int:
    """Where the brace that opens there is closed; escaped braces do not count."""
    depth, i = 0, opening
    while True:
        if tex[i] == "\\":
            i += 1
        else:
            depth += (tex[i] == "{") - (tex[i] == "}")
            if depth == 0:
                return i
        i += 1

"""Formulas as plain Unicode text, for labels and tooltips: 1/3, −1, γ(1 − p), e^θ."""

from __future__ import annotations

import re

import sympy as sp

from pgsym.expression.notation import GREEK
from pgsym.expression.ordering import order_factors, order_terms, oriented, split

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def plain(expr: sp.Expr) -> str:
    """An expression on one line; minus signs are the mathematical ones.

    >>> p = sp.Symbol("p")
    >>> plain(sp.Rational(-1, 3)), plain((1 - p) / (2 * p)), plain(sp.Symbol("gamma") * p**2), plain(sp.exp(-p))
    ('−1/3', '(1 − p)/(2p)', 'γp²', 'e^(−p)')
    """
    if expr.is_Add:
        text = ""
        for i, term in enumerate(order_terms(expr)):
            shown = plain(term)
            text += shown if i == 0 else f" − {shown[1:]}" if shown.startswith("−") else f" + {shown}"
        return text
    if expr.is_Integer:
        return str(int(expr)).replace("-", "−")
    if expr.is_Mul or expr.is_Rational or (expr.is_Pow and expr.exp.is_Integer and expr.exp < 0):
        sign, numerator, denominator = oriented(*split(expr))
        above = _product(numerator, alone=not denominator)
        below = _product(denominator, alone=False) if denominator else ""
        below = f"({below})" if len(denominator) > 1 else below
        return ("−" if sign < 0 else "") + above + (f"/{below}" if below else "")
    if expr.is_Symbol:
        return plain_symbol(expr.name)
    if isinstance(expr, sp.exp):
        argument = plain(expr.args[0])
        return f"e^{argument}" if re.fullmatch(r"\w+", argument) else f"e^({argument})"
    if expr.is_Pow and expr.exp.is_Integer:
        return f"{_fenced(expr.base)}{str(expr.exp).translate(_SUPERSCRIPTS)}"
    return str(expr).replace("-", "−")


def plain_symbol(name: str) -> str:
    """Greek letters by name.

    >>> plain_symbol("theta_s1_R"), plain_symbol("slip")
    ('θ_s1_R', 'slip')
    """
    stem, *rest = re.split(r"(?=[\d_])", name, maxsplit=1)
    return GREEK.get(stem, stem) + "".join(rest)


def _product(factors: list[sp.Expr], *, alone: bool) -> str:
    if len(factors) == 1 and alone and not factors[0].is_Add:
        return plain(factors[0])
    text = ""
    for factor in order_factors(factors):
        shown = _fenced(factor)
        # γp and 2p can be read, slipp cannot.
        short = re.match(r"[^\W\d](?:[⁰¹²³⁴⁵⁶⁷⁸⁹]*$|\^)|\(", shown)
        close = short and re.search(r"(^|\W)(\d+|\w)$", text)
        text += shown if not text or close else f"·{shown}"
    return text or "1"


def _fenced(expr: sp.Expr) -> str:
    shown = plain(expr)
    simple = expr.is_Symbol or (expr.is_Integer and expr >= 0) or isinstance(expr, sp.exp) or expr.is_Pow
    return shown if simple else f"({shown})"

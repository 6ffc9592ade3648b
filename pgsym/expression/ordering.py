"""In which order a reader expects terms and factors; shared by every printer, of which the one of plain text is here.

Nothing is rewritten but signs: a product is only *listed* as sign, numerator and denominator, because building it
again would make SymPy distribute numbers over sums and lose a factored form.
"""

from __future__ import annotations

import re
from typing import Any

import sympy as sp

from pgsym.expression.notation import GREEK

# Ranks of factors, smallest first.
NUMBER, DISCOUNT, POLICY, SYMBOL, FUNCTION = -1, 0, 1, 2, 3


def split(expr: sp.Expr) -> tuple[int, list[sp.Expr], list[sp.Expr]]:
    """Sign, numerator factors and denominator factors of a product, none of them expanded.

    >>> x = sp.Symbol("x")
    >>> split(-2 * x * (x + 1) / (3 * x + 6))
    (-1, [2, x, x + 1], [3*x + 6])
    """
    sign, numerator, denominator = 1, [], []
    for factor in sp.Mul.make_args(expr):
        if factor.is_Rational:
            sign = -sign if factor.p < 0 else sign
            numerator += [sp.Integer(abs(factor.p))] if abs(factor.p) != 1 else []
            denominator += [sp.Integer(factor.q)] if factor.q != 1 else []
        elif factor.is_Float:
            sign = -sign if factor < 0 else sign
            numerator.append(abs(factor))
        elif factor.is_Pow and factor.exp == -1:
            inner, above, below = split(factor.base)
            sign, numerator, denominator = sign * inner, numerator + below, denominator + above
        elif factor.is_Pow and factor.exp.is_Rational and factor.exp < 0:
            denominator.append(sp.Pow(factor.base, -factor.exp, evaluate=False))
        elif factor.is_Mul:
            inner, above, below = split(factor)
            sign, numerator, denominator = sign * inner, numerator + above, denominator + below
        else:
            numerator.append(factor)
    return sign, numerator, denominator


def oriented(
    sign: int, numerator: list[sp.Expr], denominator: list[sp.Expr]
) -> tuple[int, list[sp.Expr], list[sp.Expr]]:
    """The same product with its sums turned to 1 - p rather than p - 1, and its sign accordingly.

    A sum below the line begins with a positive term; one above it has no more minus signs than plus signs, and
    begins with a positive term where there are as many.

    >>> p = sp.Symbol("p")
    >>> oriented(-1, [p - 2], [p, (p - 1) ** 3])
    (-1, [2 - p], [p, (1 - p)**3])
    """
    above: list[sp.Expr] = []
    below: list[sp.Expr] = []
    for factors, found, under in ((numerator, above, False), (denominator, below, True)):
        for factor in factors:
            base, power = (factor.base, factor.exp) if factor.is_Pow else (factor, sp.S.One)
            if base.is_Add and power.is_Integer and _is_turned(base, under):
                turned = sp.Add(*(-term for term in base.args))
                found.append(turned if power == 1 else sp.Pow(turned, power, evaluate=False))
                sign = -sign if power % 2 else sign
            else:
                found.append(factor)
    return sign, above, below


def _is_turned(sum_: sp.Add, under: bool) -> bool:
    """Whether a reader expects the sum with the opposite sign."""
    signs = [split(term)[0] for term in _by_degree(sum_)]
    return signs[0] < 0 if under or not sum(signs) else sum(signs) < 0


def order_factors(factors: list[sp.Expr]) -> list[sp.Expr]:
    """Numbers, gamma, exponentials, symbols, functions; sums after the factors of their rank."""
    return sorted(factors, key=lambda f: (_rank(f), _degree(f), _natural(f)))


def order_terms(expr: sp.Expr) -> list[sp.Expr]:
    """The terms of a sum: constants first, then by degree; never a minus sign in front if it can be helped.

    >>> p = sp.Symbol("p")
    >>> order_terms(1 - p), order_terms(p - 1), order_terms(p**2 - 3 * p + 2)
    ([1, -p], [p, -1], [2, -3*p, p**2])
    """
    terms = _by_degree(expr)
    first = next((i for i, term in enumerate(terms) if oriented(*split(term))[0] > 0), 0)
    return [terms[first], *terms[:first], *terms[first + 1 :]]


def _by_degree(expr: sp.Expr) -> list[sp.Expr]:
    """The terms of a sum, constants first, then by degree, whatever their signs."""
    return sorted(
        expr.args,
        key=lambda t: (
            not t.is_Rational,
            not t.is_number,
            _degree(t),
            sum(_rank(f) for f in split(t)[1]),
            _natural(t),
        ),
    )


def _rank(factor: sp.Expr) -> float:
    if factor.is_number and not factor.has(sp.exp):
        return NUMBER if factor.is_Rational else NUMBER + 0.5
    if factor.is_Pow:
        return _rank(factor.base)
    if factor.is_Symbol:
        return DISCOUNT if factor.name == "gamma" else SYMBOL
    if isinstance(factor, sp.exp):
        return POLICY
    if factor.is_Add:
        # Half a step: after the atoms of the same rank, before those of the next.
        return FUNCTION + 0.5 + max((_rank(s) for s in factor.free_symbols), default=0) / 100
    return FUNCTION


def _degree(expr: sp.Expr) -> Any:
    """Total degree, an exponential counting as the sum of its exponent's coefficients."""
    if expr.is_number and not expr.has(sp.exp):
        return sp.Integer(0)
    if expr.is_Symbol:
        return sp.Integer(1)
    if expr.is_Mul:
        return sum((_degree(f) for f in expr.args), sp.Integer(0))
    if expr.is_Add:
        return max(_degree(t) for t in expr.args)
    if expr.is_Pow and expr.exp.is_Rational:
        return _degree(expr.base) * expr.exp
    if isinstance(expr, sp.exp):
        terms = sp.Add.make_args(expr.args[0])
        return sum((abs(term.as_coeff_Mul(rational=True)[0]) for term in terms), sp.Integer(0))
    return sp.Integer(1)


def _natural(expr: sp.Expr) -> list[tuple[int, str]]:
    """theta_2 before theta_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", str(expr))]


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

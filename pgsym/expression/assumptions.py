"""What is assumed of symbols: comparisons of rational functions, decided exactly at rational points."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from operator import ge, gt, le, lt, ne
from typing import Any

import sympy as sp

from pgsym.errors import FormulaError, ModelError, NotInFieldError
from pgsym.expression.evaluate import evaluate
from pgsym.expression.grammar import parse, unparse
from pgsym.expression.linear import Linear

_RELATION = re.compile(r"(<=|>=|!=|==|<|>|=)")
_ASCII = str.maketrans({"≤": "<=", "≥": ">=", "≠": "!="})

Point = Mapping[sp.Symbol, Fraction]


@dataclass(frozen=True)
class Assumption:
    """Comparisons ``left relation right`` that all hold; none means any real number.

    >>> assumption = Assumption.parse("0 < p < 1")
    >>> assumption
    Assumption('0 < p < 1')
    >>> p = sp.Symbol("p")
    >>> assumption.holds({p: sp.Rational(1, 3)}), assumption.holds({p: 1})
    (True, False)
    """

    comparisons: tuple[tuple[sp.Expr, str, sp.Expr], ...]

    @classmethod
    def parse(cls, text: str, *, where: Any = None) -> Assumption:
        """Chains of comparisons by ``< <= > >= !=``, joined by commas or ``and``; or the word ``real``.

        FormulaError where the text is not of this form, or a side of a comparison is not rational in its symbols.
        """
        if not isinstance(text, str):
            raise FormulaError(f"found {text!r}; an assumption is text such as '0 < p < 1'. Write one", where=where)
        if text.strip() == "real":
            return cls(())
        try:
            return cls(_comparisons(text))
        except FormulaError as error:
            raise FormulaError(error.message, where=where) from None

    @property
    def symbols(self) -> frozenset[sp.Symbol]:
        return frozenset(s for left, _, right in self.comparisons for s in left.free_symbols | right.free_symbols)

    @property
    def inequalities(self) -> list[tuple[sp.Expr, bool]]:
        """Every comparison as ``g > 0`` (True) or ``g >= 0`` (False)."""
        ordered = [(left, r, right) for left, r, right in self.comparisons if r != "!="]
        return [(right - left if r.startswith("<") else left - right, "=" not in r) for left, r, right in ordered]

    @property
    def weak(self) -> list[sp.Expr]:
        """Functions that are at least 0 wherever the comparisons hold."""
        return [g for g, _ in self.inequalities]

    def holds(self, point: Mapping[sp.Symbol, Any]) -> bool:
        """Whether every comparison is true at a point that gives each symbol a rational number; exact."""
        rational = {s: to_fraction(v) for s, v in point.items()}
        return all(true(relation, value_at(left - right, rational)) for left, relation, right in self.comparisons)

    def replace(self, values: Mapping[sp.Symbol, sp.Expr]) -> Assumption:
        """The assumption after symbols are replaced by formulas."""
        values = dict(values)
        return Assumption(tuple((a.xreplace(values), r, b.xreplace(values)) for a, r, b in self.comparisons))

    def __str__(self) -> str:
        text = ""
        for k, (left, relation, right) in enumerate(self.comparisons):
            chained = k > 0 and self.comparisons[k - 1][2] == left
            text += "" if chained else f"{', ' if k else ''}{unparse(left)}"
            text += f" {relation} {unparse(right)}"
        return text or "real"

    def __repr__(self) -> str:
        return f"Assumption({str(self)!r})"


@lru_cache(maxsize=20_000)
def _comparisons(text: str) -> tuple[tuple[sp.Expr, str, sp.Expr], ...]:
    comparisons: list[tuple[sp.Expr, str, sp.Expr]] = []
    for chain in re.split(r",|\band\b", text.translate(_ASCII)):
        sides = _RELATION.split(chain)
        relations = sides[1::2]
        if not relations:
            raise FormulaError(
                f"found {chain.strip()!r}; an assumption compares, such as '0 < p < 1', or is 'real'. "
                "Write a comparison"
            )
        if any("=" in relation and relation not in ("<=", ">=", "!=") for relation in relations):
            raise FormulaError(
                f"found the equation {chain.strip()!r}; an assumption is an inequality. "
                "Write the value itself in place of the symbol"
            )
        formulas = [parse(side) for side in sides[::2]]
        for formula in formulas:
            if formula.is_Rational or formula.is_Symbol:
                continue
            if formula.atoms(sp.exp) or not formula.is_rational_function(*formula.free_symbols):
                raise FormulaError(f"found {formula}; an assumption compares rational functions of symbols. Rewrite it")
        comparisons += list(zip(formulas, relations, formulas[1:], strict=False))
    return tuple(comparisons)


# -- the assumptions of a changed model ------------------------------------------------------------------


def replaced_assumptions(declared: Mapping[str, str], values: Mapping[sp.Symbol, sp.Expr]) -> dict[str, str]:
    """Assumptions after symbols are replaced by numbers or formulas; ModelError where a value contradicts one.

    >>> p, q = sp.symbols("p q")
    >>> replaced_assumptions({"p": "0 < p < 1"}, {p: 1 - q})
    {'q': '0 < 1 - q < 1'}
    """
    by_name = {s.name: value for s, value in values.items()}
    found: dict[str, str] = {}
    for name, text in declared.items():
        before = Assumption.parse(text)
        after = before.replace({s: by_name[s.name] for s in before.symbols if s.name in by_name})
        varying = tuple(c for c in after.comparisons if c[0].free_symbols | c[2].free_symbols)
        constant = tuple(c for c in after.comparisons if c not in varying)
        if not Assumption(constant).holds({}):
            given = ", ".join(f"{s} = {by_name[s]}" for s in sorted(s.name for s in before.symbols) if s in by_name)
            raise ModelError(
                f"found {given}; the assumption {text!r} is required. Choose a value that meets it",
                where=f"symbols[{name}]",
            )
        kept = Assumption(varying)
        about = {name} if name not in by_name else {s.name for s in by_name[name].free_symbols}
        mentioned = sorted(s.name for s in kept.symbols)
        for key in [name] if name in mentioned else mentioned[:1] or sorted(about):
            both = [part for part in (found.get(key, "real"), str(kept)) if part != "real"]
            found[key] = ", ".join(both) or "real"
    return found


def remaining_assumptions(declared: Mapping[str, str], used: Collection[str]) -> dict[str, str]:
    """What the assumptions say of the symbols named in `used`, for a model that has no others.

    >>> remaining_assumptions({"p": "0 < p, p + q < 1", "q": "q > 0"}, {"p"})
    {'p': '0 < p'}
    """
    found = {}
    for name, text in declared.items():
        if name in used:
            assumption = Assumption.parse(text)
            kept = tuple(
                (left, relation, right)
                for left, relation, right in assumption.comparisons
                if {s.name for s in left.free_symbols | right.free_symbols} <= set(used)
            )
            found[name] = text if kept == assumption.comparisons else str(Assumption(kept))
    return found


# -- exact values ----------------------------------------------------------------------------------------


def true(relation: str, difference: Fraction | None) -> bool:
    """``difference relation 0``; nothing holds where the difference has a pole."""
    compare = {"<": lt, "<=": le, ">": gt, ">=": ge, "!=": ne}[relation]
    return difference is not None and compare(difference, 0)


def value_at(expr: sp.Expr, point: Point) -> Fraction | None:
    """The exact value, or None at a pole."""
    try:
        return evaluate(expr, Fractions(point))
    except ZeroDivisionError:
        return None


def to_fraction(value: Any) -> Fraction:
    """A rational number of Python or SymPy as a Fraction."""
    return Fraction(int(value.p), int(value.q)) if isinstance(value, sp.Rational) else Fraction(value)


class Fractions:
    """The rational numbers, with values for the symbols."""

    def __init__(self, point: Point) -> None:
        self.point = point

    def number(self, value: Fraction) -> Any:
        return value

    def symbol(self, symbol: sp.Symbol) -> Any:
        if symbol not in self.point:
            raise FormulaError(f"no value for {symbol}; a point gives every symbol a number. Add it", where="point")
        return self.point[symbol]

    def exp(self, form: Linear) -> Any:
        raise NotInFieldError(f"exp({form.to_sympy()}) is not rational; a rational function is required. Rewrite it")

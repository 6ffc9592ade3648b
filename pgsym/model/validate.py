"""Checks of an MDP: exact row sums, probabilities in [0, 1] somewhere in the domain, names that mean one thing."""

from __future__ import annotations

import math
import numbers
import sys
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sympy as sp

from pgsym.errors import (
    DiscountError,
    FormulaError,
    NameCollisionError,
    NotStochasticError,
    ProbabilityRangeError,
    SchemaError,
)
from pgsym.expression import domain
from pgsym.expression.assumptions import Assumption
from pgsym.expression.complaint import brief, expanded_terms, is_long, listed, short
from pgsym.expression.exact import floats_in, to_expr
from pgsym.expression.linear import Linear, implied
from pgsym.expression.naming import Generator, in_order, skeleton
from pgsym.expression.sums import Sums

if TYPE_CHECKING:
    from pgsym.model.mdp import MDP


class RationalisedWarning(UserWarning):
    """Floats were read as the simplest rationals that they can stand for."""


class AssumptionWarning(UserWarning):
    """Something is assumed of a symbol that the model does not declare."""


def warn_rationalised(values: Iterable[Any]) -> None:
    """Warn once if some float among `values` was not read as it is written: 0.9 is 9/10, 0.3333333333333333 is 1/3."""
    examples: dict[str, sp.Expr] = {}
    count = 0
    for value in values:
        if isinstance(value, int | sp.Rational | sp.Symbol):
            continue
        for number in floats_in(value) if isinstance(value, sp.Expr) else (value,):
            exact = not isinstance(number, numbers.Real) or isinstance(number, numbers.Rational)
            if exact or not math.isfinite(number) or float(number).is_integer():
                continue
            found = to_expr(number)
            if found != sp.Rational(repr(float(number))):
                count += 1
                examples.setdefault(repr(float(number)), found)
    if examples:
        shown = ", ".join(f"{text} as {found}" for text, found in list(examples.items())[:3])
        warn(
            f"{count} float{'s' if count > 1 else ''} read as the simplest rational nearby ({shown}"
            f"{', ...' if len(examples) > 3 else ''}); an exact model has exact numbers. "
            'Write text such as "1/3", or Fractions',
            RationalisedWarning,
        )


def whole_number(value: Any, least: int, where: str) -> int:
    """An option that is a whole number."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SchemaError(f"found {value!r}; a whole number of at least {least} is required. Change it", where=where)
    return value


def check_gamma(gamma: sp.Expr) -> None:
    """The discount factor is rational in its symbols, and in [0, 1] where it is a number."""
    check_rational(gamma, where="gamma", what="a discount factor")
    if gamma.is_Rational and not 0 <= gamma <= 1:
        raise DiscountError(f"found {brief(gamma)}; a discount factor lies in [0, 1]. Choose one there", where="gamma")


def check_names(mdp: MDP) -> None:
    """One name, one symbol; and every declared assumption is about the model."""
    check_distinct(mdp.symbols)
    known = {s.name: s for s in mdp.symbols}
    for name, text in mdp.assumptions.items():
        where = f"symbols[{name}]"
        if name not in known:
            raise SchemaError(
                f"the model has no symbol {short(name)!r}; its symbols are {listed(sorted(known)) or 'none'}. "
                "Check the name, or remove the assumption",
                where=where,
            )
        assumption = Assumption.parse(text, where=where)
        mentioned = {s.name for s in assumption.symbols}
        if unknown := sorted(mentioned - known.keys()):
            raise SchemaError(
                f"the assumption {short(text)!r} mentions {listed(unknown)}, which the model does not have; "
                f"its symbols are {listed(sorted(known)) or 'none'}. Check the name",
                where=where,
            )
        if mentioned and name not in mentioned:
            raise SchemaError(
                f"the assumption {short(text)!r} does not mention {short(name)}; an assumption is about its symbol. "
                f"List it under {sorted(mentioned)[0]}",
                where=where,
            )


def check_distinct(symbols: Iterable[sp.Symbol]) -> None:
    """No two symbols have names that are equal, or that a reader cannot tell apart; those of pgsym's own making may."""
    symbols = {symbol for symbol in symbols if not isinstance(symbol, Generator)}
    if len({skeleton(symbol.name) for symbol in symbols}) == len(symbols):
        return
    seen: dict[str, sp.Symbol] = {}
    for symbol in in_order(symbols):
        other = seen.setdefault(skeleton(symbol.name), symbol)
        if other == symbol:
            continue
        if other.name == symbol.name:
            raise NameCollisionError(
                f"{symbol.name} names two different SymPy symbols, with assumptions {_given(other)} and "
                f"{_given(symbol)}; a name stands for one. Use the same Symbol everywhere",
                where="symbols",
            )
        raise NameCollisionError(
            f"the names {other.name!a} and {symbol.name!a} look alike; a reader must tell them apart. Rename one",
            where="symbols",
        )


def _given(symbol: sp.Symbol) -> str:
    if isinstance(symbol, sp.Dummy):
        return "(Dummy)"
    signs = ("positive", "negative", "nonnegative", "nonpositive", "real", "complex")
    kinds = ("integer", "rational")
    named = [next((name for name in names if symbol.assumptions0.get(name)), "") for names in (signs, kinds)]
    return " ".join(filter(None, named)) or "(none)"


def check_probabilities(mdp: MDP, sums: Sums) -> None:
    """Every row and the initial distribution sum to exactly 1, and can lie in [0, 1].

    Rewards are checked on the way: they may hold exponentials of linear forms, probabilities may not.
    """
    for s, a in mdp.pairs:
        check_row([o.p for o in mdp.outcomes(s, a)], where=(s, a), noun="outgoing probabilities", sums=sums)
        for outcome in mdp.outcomes(s, a):
            check_rational(outcome.r, where=(s, a), what="a reward", exponentials=True)
    if mdp.start:
        check_row(list(mdp.start.values()), where="start", noun="initial probabilities", sums=sums)
    if mdp.symbols:
        _check_domain(mdp)


def _check_domain(mdp: MDP) -> None:
    """Some point of the domain exists; say what is assumed of the symbols that no assumption mentions."""
    symbolic, declared = symbolic_probabilities(mdp), assumed(mdp)
    present = {s.name for p in symbolic for s in p.free_symbols}
    undeclared = sorted(present - {s.name for a in declared for s in a.symbols} - set(mdp.assumptions))
    if domain.witness(bounded(mdp), declared, mdp.symbols) is None:
        if mdp.gamma.free_symbols and domain.witness(symbolic, declared, mdp.symbols) is not None:
            raise DiscountError(
                f"found no values of its symbols for which {brief(mdp.gamma)} lies in [0, 1]; there must be some. "
                "Correct the assumptions",
                where="gamma",
            )
        names = sorted(present | set(mdp.assumptions))
        raise ProbabilityRangeError(
            f"found no values of {listed(names)} for which the assumptions hold and every probability lies in [0, 1]; "
            f"there must be some. Correct {', '.join(map(brief, symbolic[:3])) or 'the assumptions'}",
            where="symbols",
        )
    if undeclared:
        warn(
            f"symbol{'s' if len(undeclared) > 1 else ''} {listed(undeclared)} "
            f"{'have' if len(undeclared) > 1 else 'has'} no declared assumption; "
            "taken so that every probability lies in [0, 1]",
            AssumptionWarning,
        )
        # Said once: copies and files of the model carry the choice.
        mdp.assumptions.update(dict.fromkeys(undeclared, "real"))


def symbolic_probabilities(mdp: MDP) -> list[sp.Expr]:
    """Every probability that is not a number, without repetitions, in order."""
    found = dict.fromkeys([*(row[3] for row in mdp.rows), *mdp.start.values()])
    return [p for p in found if not p.is_Rational]


def bounded(mdp: MDP) -> list[sp.Expr]:
    """What lies in [0, 1] at every point of the domain: the probabilities and the discount, where they hold symbols."""
    return symbolic_probabilities(mdp) + ([mdp.gamma] if mdp.gamma.free_symbols else [])


def assumed(mdp: MDP) -> list[Assumption]:
    """The declared assumptions, about the model's own symbols, which may carry SymPy assumptions."""
    by_name = {s.name: s for s in mdp.symbols}
    declared = map(Assumption.parse, mdp.assumptions.values())
    return [a.replace({s: by_name[s.name] for s in a.symbols}) for a in declared]


def without_choice(mdp: MDP) -> tuple[MDP, dict[sp.Symbol, sp.Expr]]:
    """The model with symbols replaced for which its domain leaves one value, and those values.

    >>> from pgsym.model import MDP
    >>> rows = [("s", "go", "end", "p", 1), ("s", "go", "s", "1 - p", 0)]
    >>> without_choice(MDP.from_transitions(rows, terminal=["end"], symbols={"p": "1/2 <= p <= 1/2"}))[1]
    {p: 1/2}
    """
    if not mdp.symbols:
        return mdp, {}
    values = implied([g for p in bounded(mdp) for g in (p, 1 - p)] + [g for a in assumed(mdp) for g in a.weak])
    return (mdp.subs(values), values) if values else (mdp, {})


def witness(mdp: MDP, seed: int = 0) -> dict[sp.Symbol, sp.Rational]:
    """A rational point of the model's domain: assumptions hold, probabilities and gamma lie in [0, 1], strictly if so.

    Equal seeds give equal points.

    >>> from pgsym.model import MDP
    >>> rows = [("s", "go", "end", "p", 1), ("s", "go", "s", "1 - p", 0)]
    >>> witness(MDP.from_transitions(rows, terminal=["end"], symbols={"p": "p > 9/10"}, gamma="gamma"))
    {gamma: 4/7, p: 29/30}
    """
    point = domain.witness(bounded(mdp), assumed(mdp), mdp.symbols, seed)
    if point is None:
        raise ProbabilityRangeError(
            f"found no point of the domain from seed {seed}; some point is required. Try another seed", where="symbols"
        )
    return point


def warn(message: str, category: type[Warning]) -> None:
    """A warning that points at the first caller outside this package."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "pgsym":
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


MAX_BITS = 2**14
"""Length of the common denominator of a row: some 4900 digits."""


def check_row(
    probabilities: list[sp.Expr],
    *,
    where: Any,
    noun: str = "probabilities",
    exponentials: bool = False,
    sums: Sums | None = None,
) -> None:
    """Probabilities that sum to exactly 1, numbers among them in [0, 1]; `sums` has what was found of other rows.

    >>> check_row([sp.Rational(1, 2), sp.Rational(2, 5)], where=("s", "a"))
    Traceback (most recent call last):
      ...
    pgsym.errors.NotStochasticError: ('s', 'a'): probabilities sum to 9/10; must be exactly 1. Add the missing 1/10.
    """
    if len(probabilities) == 1 and probabilities[0] is sp.S.One:
        return
    above: dict[int, int] = {}  # by denominator
    symbolic = []
    outside = []
    for p in probabilities:
        if p.is_Rational:
            numerator, denominator = int(p.p), int(p.q)
            above[denominator] = above.get(denominator, 0) + numerator
            if not 0 <= numerator <= denominator:
                outside.append(p)
        else:
            check_rational(p, where=where, what="a probability", exponentials=exponentials)
            symbolic.append(p)
    if outside:
        raise ProbabilityRangeError(
            f"{noun} include {listed(map(brief, outside))}; each lies in [0, 1]. "
            f"Correct {'it' if len(outside) == 1 else 'them'}",
            where=where,
        )
    numerator, denominator = _over_one(above, noun, where)
    if numerator == denominator and not symbolic:
        return
    total: sp.Expr = sp.Add(sp.Rational(numerator, denominator), *symbolic)
    if not total.is_Rational:
        try:
            total = sp.S.One if (sums or Sums()).is_one(total) else _reduced(total)
        except FormulaError as error:
            raise FormulaError(error.message, where=where) from None
    excess = total - 1
    if excess != 0:
        if excess.is_Rational and excess > 0:
            remedy = f"Remove the excess {brief(excess)}."
        else:
            remedy = "Correct one." if is_long(excess) else f"Add the missing {brief(_reduced(-excess))}."
        raise NotStochasticError(f"{noun} sum to {brief(total)}; must be exactly 1. {remedy}", where=where)


def _over_one(above: Mapping[int, int], noun: str, where: Any) -> tuple[int, int]:
    """The sum of numerators by denominator, as one fraction."""
    numerator, denominator = 0, 1
    for q, p in above.items():
        common = math.lcm(denominator, q)
        if common.bit_length() > MAX_BITS:
            raise FormulaError(
                f"{noun} have a common denominator of more than {MAX_BITS * 1000 // 3322} digits; at most so many are "
                "summed. Use fractions with fewer different denominators",
                where=where,
            )
        numerator, denominator = numerator * (common // denominator) + p * (common // q), common
    return numerator, denominator


def _reduced(expr: sp.Expr) -> sp.Expr:
    """Over one denominator, in lowest terms, where that is quick."""
    quick = expanded_terms(expr) * len(expr.free_symbols) <= 1000
    return sp.cancel(sp.together(expr)) if quick else expr


def check_rational(expr: sp.Expr, *, where: Any, what: str, exponentials: bool = False) -> None:
    """Rational in its symbols, and in exponentials of linear forms where these are allowed."""
    if expr.is_Rational:
        return
    try:
        rational = _is_rational(expr, exponentials)
    except FormulaError as error:
        raise FormulaError(f"found {brief(expr)}; {error.message}", where=where) from None
    if not rational:
        raise FormulaError(
            f"found {brief(expr)}; {what} is a rational function of symbols. Write it with + - * / and integer powers",
            where=where,
        )


@lru_cache(maxsize=2**12)
def _is_rational(expr: sp.Expr, exponentials: bool) -> bool:
    if expr.is_Rational or expr.is_Symbol:
        return True
    if expr.is_Add or expr.is_Mul:
        return all(_is_rational(arg, exponentials) for arg in expr.args)
    if isinstance(expr, sp.exp | sp.core.numbers.Exp1):
        return exponentials and Linear.from_sympy(expr.as_base_exp()[1]) is not None
    return bool(expr.is_Pow and expr.exp.is_Integer and _is_rational(expr.base, exponentials))

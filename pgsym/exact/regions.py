"""For which values of one symbol which actions are optimal, exactly.

The line of the symbol is cut where an assumption, a probability or a reward changes its sign.  In an interval, the
policy that is optimal at one rational point is solved in closed form; where the signs of its advantages change, the
line is cut again, and so on until an optimal policy is known in every interval of the domain.  There are finitely many
policies, so this ends.  At a cut, a policy of an adjacent interval is optimal where signs say so; where the chain's
graph changes, or gamma becomes 1, the model is solved at the point itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.algebra.realline import IntegerPolynomial, Piece, pieces, ratio, signs_of
from pgsym.errors import HypothesisError, NotInFieldError
from pgsym.exact.fields import exact_field
from pgsym.exact.policy_iteration import ChosenPolicy, best_policy
from pgsym.expression.complaint import brief
from pgsym.expression.domain import signs
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.policy import Direct
from pgsym.model.validate import assumed, bounded

Actions = Mapping[State, tuple[Action, ...]]


@dataclass(frozen=True, eq=False)
class OptimalRegion:
    """An interval of the symbol, or one value, in which the same actions are optimal."""

    low: sp.Expr
    high: sp.Expr
    """Exact ends; infinities where there is none."""
    closed: tuple[bool, bool]
    """Whether they belong to it."""
    actions: Actions
    """All that are optimal."""
    chosen: ChosenPolicy | None
    """An optimal policy, with values in closed form."""
    why: str = ""
    """Why there is none."""

    @property
    def is_point(self) -> bool:
        return bool(self.low == self.high)


@dataclass(eq=False)
class _Known:
    """A policy in closed form, with polynomials of the signs of its advantages."""

    chosen: ChosenPolicy
    x: sp.Symbol

    @cached_property
    def signs(self) -> dict[tuple[State, Action], tuple[IntegerPolynomial, ...]]:
        to_sympy, x = self.chosen.field.to_sympy, self.x
        return {pair: tuple(signs_of(to_sympy(e), x) for e in terms) for pair, terms in self.chosen.advantages.items()}

    def is_optimal(self, piece: Piece) -> bool:
        """No action is better: the first sign that is not 0, if any, is negative."""
        return all(next(filter(None, map(piece.sign, terms)), -1) < 0 for terms in self.signs.values())

    def ties(self, piece: Piece) -> Actions:
        return self.chosen.ties(lambda pair: not any(map(piece.sign, self.signs[pair][:2])))


@dataclass(frozen=True, eq=False)
class _Decided:
    """What is optimal in one piece of the line."""

    actions: Actions
    chosen: ChosenPolicy | None = None
    why: str = ""
    at: sp.Rational | None = None
    """Where the policy is solved, if that is one value only."""

    def continues(self, other: _Decided, x: sp.Symbol) -> bool:
        """Whether the same actions are optimal, with the same values: V can jump where the chain changes its graph."""
        if (self.actions, self.why) != (other.actions, other.why):
            return False
        if self.chosen is None or other.chosen is None or self.chosen is other.chosen:
            return True
        at = self.at if other.at is None else other.at

        def value(of: ChosenPolicy, element: Any) -> sp.Expr:
            found = of.field.to_sympy(element)
            return found if at is None else found.xreplace({x: at})

        mine, its = self.chosen, other.chosen
        if mine.differential and value(mine, mine.gain) != value(its, its.gain):
            return False
        same = mine.V.keys() == its.V.keys()
        return same and all(value(mine, mine.V[s]) == value(its, its.V[s]) for s in mine.V)


@dataclass(eq=False)
class Partition:
    """The regions of the symbol `x`, the only one of the model; `differential` asks for the average reward."""

    mdp: MDP
    x: sp.Symbol
    differential: bool
    _known: list[_Known] = field(default_factory=list)

    def __post_init__(self) -> None:
        mdp, x = self.mdp, self.x
        rows = [e for *_, p, r in mdp.rows for e in (p, r)]
        for expr in (*rows, *mdp.start.values(), mdp.gamma):
            if not expr.is_rational_function(x):
                raise NotInFieldError(
                    f"found {brief(expr)}; a rational function of {x} is required. Replace it", where=str(x)
                )
        self.undiscounted = self.differential or mdp.gamma == 1
        inside = [g for e in bounded(mdp) for g in (e, 1 - e)]
        conditions = [c for a in assumed(mdp) for c in a.inequalities] + [(g, False) for g in inside] + signs(x)
        self._conditions = [(signs_of(g, x), strict) for g, strict in conditions]
        unequal = [left - right for a in assumed(mdp) for left, relation, right in a.comparisons if relation == "!="]
        self._nonzero = [signs_of(e, x) for e in unequal]
        self._nonzero += [ratio(e, x)[1] for e in {*rows, *mdp.start.values(), mdp.gamma, *(g for g, _ in conditions)}]
        changing = {*rows, *mdp.start.values()} if self.undiscounted else {1 - mdp.gamma}
        self._field = exact_field(mdp, Direct({}, ()), {})
        self._changing = [signs_of(e, x) for e in changing if e != 0]
        """Where one of these vanishes, V, g and h need not be continuous."""

    def regions(self) -> list[OptimalRegion]:
        """From below; where a value of the symbol is in none of them, it is not in the model's domain."""
        line = self._line()
        found: list[tuple[int, int, _Decided]] = []
        for k, piece in enumerate(line):
            if self._contains(piece):
                here = self._decided(piece)
                last = found[-1] if found else None
                if last and last[1] == k - 1 and last[2].continues(here, self.x):
                    # The closed form is that of an interval.
                    found[-1] = (last[0], k, here if last[2].at is not None else last[2])
                else:
                    found.append((k, k, here))
        return [self._region(line, *part) for part in found]

    def _line(self) -> list[Piece]:
        """Pieces so small that in each interval of the domain one known policy is optimal."""
        while True:
            signs = [f for known in self._known for terms in known.signs.values() for f in terms]
            line = pieces([*(f for f, _ in self._conditions), *self._nonzero, *self._changing, *signs])
            missing = [piece for piece in line[::2] if self._contains(piece) and self._best(piece) is None]
            if not missing:
                return line
            choice = self._at(missing[0]).choice
            self._known.append(_Known(ChosenPolicy(self.mdp, choice, self.differential, self._field), self.x))

    def _contains(self, piece: Piece) -> bool:
        """Whether it lies in the model's domain."""
        signs = [(piece.sign(f), strict) for f, strict in self._conditions]
        return all(s > 0 or (s == 0 and not strict) for s, strict in signs) and all(map(piece.sign, self._nonzero))

    def _best(self, piece: Piece) -> _Known | None:
        return next((known for known in self._known if known.is_optimal(piece)), None)

    def _at(self, piece: Piece) -> ChosenPolicy:
        """The model solved at a rational point of the piece."""
        value = piece.rational
        assert value is not None
        return best_policy(self.mdp.subs({self.x: sp.Rational(value)}), self.differential)

    def _decided(self, piece: Piece) -> _Decided:
        changes = piece.minimal is not None and not all(map(piece.sign, self._changing))
        known = None if changes else self._best(piece)
        if known is None and piece.rational is None:
            return _Decided({}, why=f"the chain changes its graph at an irrational {self.x}, where it is not solved")
        chosen = self._at(piece) if known is None else known.chosen
        try:
            if self.mdp.start or self.differential:
                _ = chosen.J
        except HypothesisError as error:
            return _Decided({}, why=str(error))
        if known is None:
            return _Decided(chosen.ties(), chosen, at=sp.Rational(piece.rational))
        return _Decided(known.ties(piece), chosen)

    def _region(self, line: list[Piece], first: int, last: int, decided: _Decided) -> OptimalRegion:
        def end(k: int, otherwise: sp.Expr) -> sp.Expr:
            return line[k].number(self.x) if 0 <= k < len(line) else otherwise

        closed = line[first].minimal is not None, line[last].minimal is not None
        low, high = end(first - (not closed[0]), -sp.oo), end(last + (not closed[1]), sp.oo)
        return OptimalRegion(low, high, closed, decided.actions, decided.chosen, decided.why)

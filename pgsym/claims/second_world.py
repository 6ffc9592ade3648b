"""The second world of a claim: the model with an arbitrary policy pi', and where it says so an arbitrary P' and r'."""

from __future__ import annotations

import random
from collections.abc import Collection
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.errors import ClaimError
from pgsym.expression.naming import Alphabet, call, conditional
from pgsym.limits import GENERIC_OUTCOMES
from pgsym.model.mdp import MDP
from pgsym.model.policy import Direct, Policy


class SecondWorld:
    """The model and the policy that primed quantities are about, with a symbol for each number that is arbitrary.

    P'(.|s,a) has any next state, r' depends on it too; where only P' is arbitrary, a step pays r(s,a).  `arbitrary` has
    some of `pgsym.claims.language.statement.ARBITRARY`.

    >>> import pgsym
    >>> problem = pgsym.zoo("two-state")
    >>> world = SecondWorld(problem.mdp, problem.policy, ("P'",), Alphabet())
    >>> world.mdp.outcomes("x", "a")[0]
    Outcome(state='x', p=P'(x|x,a), r=1)
    """

    def __init__(self, mdp: MDP, policy: Policy, arbitrary: Collection[str], alphabet: Alphabet) -> None:
        self._first = mdp
        self._policy = policy
        self.arbitrary = arbitrary
        self.alphabet = alphabet

    @cached_property
    def policy(self) -> Policy:
        """pi', or pi itself."""
        return Direct(self._rows, ()) if "pi'" in self.arbitrary else self._policy

    @cached_property
    def _rows(self) -> dict[Any, dict[Any, sp.Expr]]:
        return {
            s: self._simplex({a: ("pi'", a, s, conditional("pi'", a, s)) for a in self._first.actions(s)})
            for s in self._first.nonterminal
        }

    @cached_property
    def mdp(self) -> MDP:
        """The model with P' and r'."""
        first = self._first
        if not {"P'", "r'"} & set(self.arbitrary):
            return first
        count = len(first.pairs) * len(first.states)
        if count > GENERIC_OUTCOMES:
            raise ClaimError(
                f"an arbitrary P' or r' has a symbol for each of {count} outcomes; at most {GENERIC_OUTCOMES} are "
                "made. Choose a smaller model",
                where="for all P'" if "P'" in self.arbitrary else "for all r'",
            )
        rows = [
            (s, a, target, p, self._reward(s, a, target))
            for s, a in first.pairs
            for target, p in self._kernel(s, a).items()
        ]
        made = {symbol.name: "real" for row in rows for e in row[3:] for symbol in e.free_symbols - first.symbols}
        return first.changed(transitions=rows, symbols={**first.assumptions, **made})

    def _kernel(self, s: Any, a: Any) -> dict[Any, sp.Expr]:
        if "P'" in self.arbitrary:
            return self._simplex({z: ("P'", z, s, a, f"P'({z}|{s},{a})") for z in self._first.states})
        row: dict[Any, sp.Expr] = {}
        for outcome in self._first.outcomes(s, a):
            row[outcome.state] = row.get(outcome.state, sp.S.Zero) + outcome.p
        return row

    def _reward(self, s: Any, a: Any, target: Any) -> sp.Expr:
        if "r'" in self.arbitrary:
            return self.alphabet.of("r'", s, a, target, name=call("r'", s, a, target))
        return sp.Add(*(outcome.p * outcome.r for outcome in self._first.outcomes(s, a)))

    def _simplex(self, names: dict[Any, tuple[Any, ...]]) -> dict[Any, sp.Expr]:
        """Probabilities that sum to 1: a symbol for each but the last."""
        *free, last = names
        row: dict[Any, sp.Expr] = {x: self.alphabet.of(*names[x][:-1], name=names[x][-1]) for x in free}
        return row | {last: 1 - sp.Add(*row.values())}

    @cached_property
    def _distributions(self) -> list[list[sp.Expr]]:
        found = [list(row.values()) for row in self._rows.values()] if "pi'" in self.arbitrary else []
        if "P'" in self.arbitrary:
            found += [[o.p for o in self.mdp.outcomes(s, a)] for s, a in self.mdp.pairs]
        return found

    @cached_property
    def _rewards(self) -> list[sp.Symbol]:
        return [row[4] for row in self.mdp.rows] if "r'" in self.arbitrary else []

    @property
    def symbols(self) -> list[sp.Symbol]:
        """One for each number that is arbitrary."""
        return [p for row in self._distributions for p in row if p.is_Symbol] + self._rewards

    def random_values(self, rng: random.Random, grain: int) -> dict[sp.Symbol, sp.Expr]:
        """Positive probabilities, and rewards that are small."""
        found: dict[sp.Symbol, sp.Expr] = {}
        for row in self._distributions:
            weights = [rng.randint(1, 5 * grain) for _ in row]
            found |= {p: sp.Rational(w, sum(weights)) for w, p in zip(weights, row, strict=True) if p.is_Symbol}
        return found | {r: sp.Rational(rng.randint(-5 * grain, 5 * grain), grain) for r in self._rewards}

"""The outcomes of a model by number, found from it once: equal expressions, sums and pairs have one number.

Every chain that a policy induces, and every field in which it is evaluated, begins here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

if TYPE_CHECKING:
    from pgsym.model.mdp import MDP, Action, State


class Numbering:
    """The distinct parts of P and r, and what each (s, a) is made of.

    >>> from pgsym.model import MDP
    >>> mdp = MDP.from_transitions([(s, "go", t, "1/2", 3) for s in "xy" for t in "xx"], gamma="1/2")
    >>> found = mdp.numbering
    >>> found.expressions, found.probabilities, found.rewards
    ([1/2, 3], [(0, 0)], [((0, 1), (0, 1))])
    >>> found.moves["y", "go"], found.choices[1]
    ((('x', 0),), {'go': (0, (0,))})
    """

    def __init__(self, mdp: MDP) -> None:
        self.number: dict[State, int] = {s: i for i, s in enumerate(mdp.states)}
        """The place of each state in ``mdp.states``."""
        self.one_reward_each = True
        """Outcomes of one (s, a) that share s' have the same reward."""
        expressions: dict[sp.Expr, int] = {}
        zero: set[int] = set()
        sums: dict[tuple[int, ...], int] = {}
        rewards: dict[tuple[tuple[int, int], ...], int] = {}
        kinds: dict[tuple[tuple[int, ...], int], int] = {}
        self.moves: dict[tuple[State, Action], tuple[tuple[State, int], ...]] = {}
        """{(s, a): ((s', position in `probabilities`), ...)}"""
        self.kind: dict[tuple[State, Action], int] = {}
        """{(s, a): position in `kinds`}"""
        self.choices: list[dict[Action, tuple[int, tuple[int, ...]]]] = [{} for _ in mdp.states]
        """By number of the state: for each action its kind and the numbers of the next states."""

        seen: dict[int, int] = {}  # by identity, which is found without a hash

        def position(expr: sp.Expr) -> int:
            known = seen.get(id(expr))
            if known is None:
                known = seen[id(expr)] = expressions.setdefault(expr, len(expressions))
                if expr == 0:
                    zero.add(known)
            return known

        for pair in mdp.pairs:
            row: dict[State, tuple[int, ...]] = {}
            terms: list[tuple[int, int]] = []
            rewards_to: dict[State, int] = {}
            for state, p, r in mdp.outcomes(*pair):
                i, earned = position(p), position(r)
                row[state] = (*row[state], i) if state in row else (i,)
                if earned not in zero:
                    terms.append((i, earned))
                if rewards_to.setdefault(state, earned) != earned:
                    self.one_reward_each = False
            moves = self.moves[pair] = tuple([(t, sums.setdefault(ids, len(sums))) for t, ids in row.items()])
            parts = (tuple([i for _, i in moves]), rewards.setdefault(tuple(terms), len(rewards)))
            kind = self.kind[pair] = kinds.setdefault(parts, len(kinds))
            self.choices[self.number[pair[0]]][pair[1]] = kind, tuple([self.number[t] for t in row])
        self.only = [next(iter(c.values()), (-1, ())) if len(c) < 2 else None for c in self.choices]
        """What `choices` has for the one action of a state; (-1, ()) for a terminal one, None where there are more."""
        self.expressions = list(expressions)
        """The distinct probabilities and rewards of the outcomes."""
        self.probabilities = list(sums)
        """The distinct P(s'|s,a), as sums of expressions."""
        self.rewards = list(rewards)
        """The distinct r(s,a), as sums of probability times reward."""
        self.means = [self._mean(terms) for terms in self.rewards]
        """The distinct r(s,a) that are rational numbers, None for the others."""
        self.kinds = list(kinds)
        """The distinct pairs of positions in `probabilities`, one for each s', and in `rewards`."""

    def _mean(self, terms: tuple[tuple[int, int], ...]) -> sp.Rational | None:
        factors = [(self.expressions[p], self.expressions[r]) for p, r in terms]
        return sp.Add(*[p * r for p, r in factors]) if all(e.is_Rational for pair in factors for e in pair) else None

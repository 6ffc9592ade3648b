"""One step of a run, outcome by outcome: where it leads, what it earns, and the score of the action.

Rewards stay those of the outcomes, r(s,a,s'): averaged to r(s,a) they would keep every mean and change every
variance.  Only states that a run can reach stand here, so that each linear system is as small as it can be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from pgsym.algebra import DualField
from pgsym.algebra.field import Field
from pgsym.errors import ZeroProbabilityError
from pgsym.exact.chain import InducedChain
from pgsym.model.mdp import Action, State
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy
from pgsym.model.structure import Structure


def differential(field: Field, policy: Policy) -> Any:
    """A field over `field` in which the policy's derivatives are elements of `field`."""
    if field.differential and field.ground is field:
        return field
    return DualField(field, policy.params)


@dataclass(frozen=True)
class Steps:
    """The reachable part of the chain as lists of field elements.

    Examples
    --------
    >>> from pgsym.exact.fields import exact_field
    >>> from pgsym.model import MDP, sigmoid
    >>> mdp = MDP.from_transitions(
    ...     [("s", "go", "end", "1/2", 4), ("s", "go", "s", "1/2", -1), ("s", "stop", "end", 1, 1)],
    ...     start="s", terminal=["end"],
    ... )
    >>> policy = sigmoid(mdp, {"s": "t"})
    >>> field = exact_field(mdp, policy, {policy.params[0]: sp.log(2)})
    >>> steps = Steps.of(Structure(mdp, policy), field)
    >>> steps.pi, steps.scores, steps.reward
    ([2/3, 1/3], [{0: 1/3}, {0: -2/3}], [4, -1, 1])
    >>> steps.outcome_pair, steps.outcome_next
    ([0, 0, 1], [1, 0, 1])
    """

    field: Field
    states: tuple[State, ...]
    """[S] reachable, not terminal."""
    params: tuple[sp.Symbol, ...]
    """[k] theta."""
    pairs: list[tuple[State, Action]]
    """[N] those with pi(a|s) not 0."""
    pair_state: list[int]
    """[N] position of s."""
    pi: list[Any]
    """[N] pi(a|s)."""
    scores: list[Mapping[int, Any]]
    """[N] z = grad log pi(a|s), sparse by parameter."""
    outcome_pair: list[int]
    """[M] position of (s, a)."""
    outcome_next: list[int]
    """[M] position of s', or S where the run has ended."""
    probability: list[Any]
    """[M] P of the outcome, given (s, a)."""
    reward: list[Any]
    """[M] r of the outcome."""
    start: list[Any]
    """[S] start distribution."""

    @classmethod
    def of(cls, structure: Structure, field: Field, start: Mapping[State, Any] | None = None) -> Steps:
        """The steps of a chain over one field.

        Parameters
        ----------
        start
            Instead of the model's start distribution: elements by state.

        Raises
        ------
        StructureError
            There is no start.
        ZeroProbabilityError
            pi(a|s) = 0 at this point although its derivative is not.
        """
        mdp, policy = structure.mdp, structure.policy
        tangent = differential(field, policy)
        chain = InducedChain(mdp, policy, Objective.START_STATE, tangent, structure)
        if start is None:
            structure.require_start()
            start = {s: field.convert(p) for s, p in mdp.start.items()}
        reached = structure.reach(start)
        states = tuple(s for s in mdp.nonterminal if s in reached)
        index = {s: i for i, s in enumerate(states)}
        column = {p: i for i, p in enumerate(policy.params)}
        found = cls(
            field, states, policy.params, [], [], [], [], [], [], [], [], [start.get(s, field.zero) for s in states]
        )
        for s in states:
            for a, element in chain.pi[s].items():
                p, slopes = tangent.value(element), tangent.gradient(element)
                if field.is_zero(p):
                    if slopes:
                        raise ZeroProbabilityError(
                            "pi(a|s) = 0 but its derivative is not; the score grad log pi needs pi(a|s) > 0. "
                            "Move theta to the interior, or give the policy as logits",
                            where=(s, a),
                        )
                    continue
                found.pairs.append((s, a))
                found.pair_state.append(index[s])
                found.pi.append(p)
                found.scores.append({column[theta]: slope / p for theta, slope in slopes.items()})
                for t, chance, r in mdp.outcomes(s, a):
                    found.outcome_pair.append(len(found.pairs) - 1)
                    found.outcome_next.append(index.get(t, len(states)))
                    found.probability.append(field.convert(chance))
                    found.reward.append(field.convert(r))
        return found

    def projected(self, directions: Sequence[Sequence[Any]]) -> Steps:
        """The same steps with the scores v.z for the given v, shape (q, k) of elements, instead of z."""
        scores: list[Mapping[int, Any]] = []
        for z in self.scores:
            row = {}
            for j, v in enumerate(directions):
                total = self.field.zero
                for i, e in z.items():
                    total = total + e * v[i]
                row[j] = total
            scores.append(row)
        names = tuple(sp.Symbol(f"v{j}") for j in range(len(directions)))
        return Steps(
            self.field, self.states, names, self.pairs, self.pair_state, self.pi, scores, self.outcome_pair,
            self.outcome_next, self.probability, self.reward, self.start,
        )  # fmt: skip

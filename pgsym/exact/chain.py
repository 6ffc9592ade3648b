"""The chain that a policy induces, over one field: pi, P, r, gamma, mu0, and the linear systems made of them.

Constants of the model lie in the *ground* field, which knows no derivatives, and are the same at every level of a
tower of dual numbers; so are the factorizations of the systems' values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

from pgsym.algebra.dual import Slopes
from pgsym.algebra.field import Factorization, Field
from pgsym.exact.elimination_plan import EliminationPlan
from pgsym.exact.tables import LazyMap
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy
from pgsym.model.structure import Structure

Row = dict[int, Any]


class Constants:
    """gamma, mu0, P and r as elements of a field without tangents; each distinct expression is converted once."""

    def __init__(self, plan: EliminationPlan, ground: Field) -> None:
        self._plan = plan
        self._ground = ground

    @cached_property
    def gamma(self) -> Any:
        """The discount factor."""
        return self._ground.convert(self._plan.mdp.gamma)

    @cached_property
    def mu0(self) -> Mapping[State, Any]:
        """The start distribution, without its zeros."""
        return {s: self._ground.convert(p) for s, p in self._plan.mdp.start.items()}

    @cached_property
    def P(self) -> dict[tuple[State, Action], dict[State, Any]]:
        """P(s'|s,a), sparse; outcomes that share s' are added."""
        values = []
        for first, *others in self._plan.probabilities:
            total = self._expressions[first]
            for i in others:
                total = total + self._expressions[i]
            values.append(total)
        return {pair: {t: values[i] for t, i in row} for pair, row in self._plan.moves.items()}

    @cached_property
    def r(self) -> dict[tuple[State, Action], Any]:
        """r(s,a)."""
        known = self._expressions
        values = [
            self._ground.dot([known[p] for p, _ in terms], [known[r] for _, r in terms]) for terms in self._plan.rewards
        ]
        by_kind = [values[earned] for _, earned in self._plan.kinds]
        return {pair: by_kind[kind] for pair, kind in self._plan.kind.items()}

    @cached_property
    def _expressions(self) -> list[Any]:
        return [self._ground.convert(e) for e in self._plan.expressions]


class InducedChain:
    """pi, P, r, P_pi and r_pi over one field, and the factored systems I - gamma P_pi and I - P_pi.

    Parameters
    ----------
    structure
        Shared between the fields in which one problem is evaluated.
    lower
        The same problem over ``field.base``, where `field` is a field of dual numbers: its constants and
        factorizations are used again.
    """

    def __init__(
        self,
        mdp: MDP,
        policy: Policy,
        objective: Objective,
        field: Field,
        structure: Structure | None = None,
        *,
        lower: Self | None = None,
    ) -> None:
        self.mdp = mdp
        self.policy = policy
        self.objective = objective
        self.field = field
        self.structure = structure if structure is not None and structure.mdp is mdp else Structure(mdp, policy)
        self.plan = EliminationPlan.of(self.structure)
        self.lower = lower
        self.constants: Constants = Constants(self.plan, field.ground) if lower is None else lower.constants

    @cached_property
    def pi(self) -> Mapping[State, Mapping[Action, Any]]:
        """pi(a|s), nested by state and action."""
        policy, field = self.policy, self.field
        return {s: dict(zip(policy.actions(s), policy.row(s, field), strict=True)) for s in self.mdp.nonterminal}

    @cached_property
    def gamma(self) -> Any:
        """The discount factor."""
        return self.field.lift(self.constants.gamma)

    @cached_property
    def mu0(self) -> Mapping[State, Any]:
        """The start distribution, without its zeros."""
        self.structure.require_start()
        return {s: self.field.lift(p) for s, p in self.constants.mu0.items()}

    @cached_property
    def r(self) -> Mapping[tuple[State, Action], Any]:
        """r(s,a) = sum_s' P(s'|s,a) r(s,a,s').  Enough for means; second moments need r(s,a,s')."""
        lift = self.field.lift
        return {pair: lift(e) for pair, e in self.constants.r.items()}

    @cached_property
    def P(self) -> Mapping[tuple[State, Action], Mapping[State, Any]]:
        """P(s'|s,a), sparse; outcomes that share s' are added."""
        if self.field.ground is self.field:
            return self.constants.P
        lift, rows = self.field.lift, self.constants.P
        return LazyMap(rows, lambda pair: {t: lift(p) for t, p in rows[pair].items()})

    @cached_property
    def P_pi(self) -> Mapping[State, Mapping[State, Any]]:
        """P_pi(s,s') = sum_a pi(a|s) P(s'|s,a), sparse; rows are the current, non-terminal state."""
        rows, mix = self.constants.P, self.field.mix
        return {s: mix(list(chosen.values()), [rows[s, a] for a in chosen]) for s, chosen in self.pi.items()}

    @cached_property
    def r_pi(self) -> Mapping[State, Any]:
        """r_pi(s) = sum_a pi(a|s) r(s,a)."""
        r, dot = self.r, self.field.dot
        return {s: dot(list(chosen.values()), [r[s, a] for a in chosen]) for s, chosen in self.pi.items()}

    # -- linear systems ----------------------------------------------------------------------------------

    @cached_property
    def live(self) -> tuple[State, ...]:
        """The states whose value has to be solved for; at gamma = 1 only those where it is finite."""
        return self.plan.live

    @cached_property
    def _system(self) -> Factorization:
        """I - gamma P_pi on the live states, the start states eliminated last: J then needs little of V."""
        self.structure.require_discounted_or_proper()
        index = self.plan.index
        if self.lower is not None:
            return self._differentiated(self.lower._system, index, self.lower.gamma)
        rows = [self._identity_minus(index, s, self.gamma) for s in self.live]
        return self.field.factor(rows, self.plan.last, ordering=self.plan.discounted)

    @cached_property
    def _recurrent(self) -> tuple[State, ...]:
        self.structure.require_unichain()
        return self.structure.recurrent_classes[0]

    @cached_property
    def _pinned(self) -> tuple[tuple[State, ...], Factorization]:
        """I - P_pi without the row and column of the last recurrent state: the rest, and the factors.

        One state is pinned instead of one equation replaced by a sum, so no dense row arises; nothing is
        iterated, so periods do not matter.
        """
        self.structure.require_unichain()
        rest = self.plan.rest
        index = {s: i for i, s in enumerate(rest)}
        if self.lower is not None:
            return rest, self._differentiated(self.lower._pinned[1], index, self.lower.field.one)
        rows = [self._identity_minus(index, s, self.field.one) for s in rest]
        return rest, self.field.factor(rows, ordering=self.plan.pinned)

    # -- helpers -----------------------------------------------------------------------------------------

    def _sum(self, terms: Iterable[Any]) -> Any:
        total = None
        for term in terms:
            total = term if total is None else total + term
        return self.field.zero if total is None else total

    def _dot(self, pairs: Sequence[tuple[Any, Any]]) -> Any:
        return self.field.dot([x for x, _ in pairs], [y for _, y in pairs])

    def _differentiated(self, values: Factorization, index: Mapping[State, int], scale: Any) -> Factorization:
        """I - scale P_pi over dual numbers, for a constant scale; what its values are has been factored already."""
        field: Any = self.field
        rows, minus = self.constants.P, -scale
        slopes: Slopes = {}
        for s, i in index.items():
            chosen = self.pi[s]
            for k, row in field.mix_slopes(list(chosen.values()), [rows[s, a] for a in chosen]):
                entries = slopes.setdefault(k, [])
                for t, slope in row.items():
                    j = index.get(t)
                    if j is not None:
                        entries.append((i, j, minus * slope))
        return field.differentiated(values, slopes)

    def _identity_minus(self, index: Mapping[State, int], s: State, scale: Any) -> Row:
        """Row s of I - scale P_pi, restricted to the indexed states."""
        i, minus = index[s], -scale
        row: Row = {i: self.field.one}
        for t, p in self.P_pi[s].items():
            j = index.get(t)
            if j is not None:
                row[j] = row[j] + minus * p if j == i else minus * p
        return row

"""From the description of an estimator to the arrays of its recursion, and when it has moments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from pgsym.errors import HypothesisError, StructureError
from pgsym.exact.moments.lookahead import LookAhead
from pgsym.exact.moments.space import Array, Space
from pgsym.exact.moments.whole_return import WholeReturn
from pgsym.exact.quantities import Quantities
from pgsym.model.estimator import EXACT, EligibilityTrace, Estimator, Reinforce
from pgsym.model.objective import Objective
from pgsym.model.structure import Structure

_SHOWN = 8


def require_moments(structure: Structure, estimator: Estimator) -> None:
    """The run is cut off, ends with probability 1, or is discounted all along.

    Raises
    ------
    HypothesisError
        None of these; the message names the states.
    """
    if isinstance(estimator, EligibilityTrace) and estimator.T is None:
        raise HypothesisError(
            "found no T; the exact law is that of a run of T steps. Give T (--horizon)",
            where=f"{estimator.name} moments",
        )
    stationary = getattr(estimator, "stationary", False)
    structure.require(Objective.AVERAGE_REWARD) if stationary else structure.require_start()
    if estimator.cut_off is not None:
        return
    mdp = structure.mdp
    reached = structure.reach(structure.recurrent_classes[0] if stationary else mdp.start)
    endless = [c for c in structure.recurrent_classes if reached.intersection(c)]
    if not endless:
        return
    where = f"{estimator.name} moments"
    shown = ", ".join(repr(s) for s in endless[0][:_SHOWN]) + (", ..." if len(endless[0]) > _SHOWN else "")
    if estimator.horizon is None:
        many = f"{len(endless)} recurrent classes are reached (the first: {shown})"
        limit = "" if mdp.gamma == 1 else ", or horizon=UNENDING for the limit of long runs, where the weights allow it"
        raise HypothesisError(
            f"an episode need not end: {many}, and gamma = {mdp.gamma}; one sample of the estimator is a whole "
            f"episode, so every run must end with probability 1. Give a horizon T{limit}, or mark an end as terminal",
            where=where,
        )
    why = None
    if mdp.gamma == 1:
        why = "gamma = 1"
    elif isinstance(estimator, Reinforce):
        why = "each score multiplies the whole return, and the sum of the scores has infinite variance"
    elif not getattr(estimator, "discount_weight", True):
        why = "w = 1"
    if why is not None:
        raise HypothesisError(
            f"{why}, and a run need not end (recurrent class {shown}); the variance grows with the length of the run, "
            "which must be finite. Give a horizon T, or mark an end as terminal",
            where=where,
        )


class Specification:
    """Reads descriptions over one space.

    Parameters
    ----------
    quantities
        Of the start-state objective over the space's field: V for an exact critic.
    actions
        The same for the objective whose Q an all-knowing critic knows.
    """

    def __init__(self, space: Space, quantities: Quantities, actions: Quantities) -> None:
        self.space = space
        self.quantities = quantities
        self.actions = actions
        self.field = space.steps.field
        self.gamma = quantities.gamma

    def whole_return(self, estimator: Reinforce) -> WholeReturn:
        """REINFORCE."""
        b = self.by_state(estimator.baseline, "baseline")
        return WholeReturn(self.gamma, b, not all(self.field.is_zero(e) for e in b))

    def look_ahead(self, estimator: Estimator) -> LookAhead:
        """Every other estimator."""
        space, field = self.space, self.field
        w = self.gamma if getattr(estimator, "discount_weight", False) else field.one
        if isinstance(estimator, EligibilityTrace):
            u = space.reward * (field.one / field.convert(sp.Integer(estimator.T)))
            return LookAhead(w, field.convert(estimator.beta), u, u, space.zeros(space.S))
        form = estimator.sum
        if form is None:
            raise StructureError(
                f"{type(estimator).__name__} does not say what it sums; an exact law needs that. Define its "
                "property sum",
                where="estimator",
            )
        u = last = space.reward
        if form.u == "action value":
            q = [self.actions.Q[pair] for pair in space.steps.pairs]
            u = last = space.array([q[n] for n in space.steps.outcome_pair])
        elif form.u == "temporal difference":
            v = self.by_state(form.critic, "critic")
            cut = space.reward - space.here(v)
            u = cut + space.ahead(v) * self.gamma
            last = u if getattr(estimator, "bootstrap", True) else cut
        b = self.by_state(form.baseline, "baseline")
        if form.decay == 0:
            return LookAhead(w, field.zero, u, last, b, 1)
        return LookAhead(w, self.gamma * field.convert(form.decay), u, last, b, form.window)

    def by_state(self, values: Any, where: str) -> Array:
        """[S] a function of the state as elements."""
        space, states = self.space, self.space.steps.states
        if isinstance(values, Mapping):
            unknown = [s for s in values if s not in self.quantities.mdp.states]
            if unknown:
                raise StructureError(
                    f"state {unknown[0]!r} is unknown; a {where} is by state. Check its name", where=where
                )
            return space.array([self.field.convert(values.get(s, sp.Integer(0))) for s in states])
        if isinstance(values, str) and values == EXACT:
            return space.array([self.quantities.V[s] for s in states])
        return space.zeros(space.S) + self.field.convert(values)

"""From the description of an estimator to the arrays of its recursion; when it has moments; what its bias is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import sympy as sp

from pgsym.errors import HypothesisError, SchemaError, StructureError
from pgsym.exact.moments.lookahead import LookAhead
from pgsym.exact.moments.space import Array, Space
from pgsym.exact.moments.transitions import differential
from pgsym.exact.moments.whole_return import WholeReturn
from pgsym.exact.quantities import Quantities
from pgsym.model.estimator import EXACT, EligibilityTrace, Estimator, Reinforce
from pgsym.model.objective import Objective
from pgsym.model.policy_checks import all_symbols
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure
from pgsym.model.validate import check_distinct

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


def require_estimator(problem: Problem, estimator: Estimator) -> None:
    """The estimator fits the problem, and a run of it has finite moments.

    Raises
    ------
    HypothesisError
        It has none.
    StructureError, NameCollisionError
        Its symbols are not its own, or it is about states that the model does not have.
    """
    clash = sorted({s.name for s in estimator.symbols} & {p.name for p in problem.policy.params})
    if clash:
        raise StructureError(
            f"{clash[0]} is a policy parameter; a baseline or critic must not depend on theta here, for its gradient "
            "would not be taken. Rename it",
            where="estimator",
        )
    check_distinct({*estimator.symbols, *all_symbols(problem.mdp, problem.policy)})
    require_moments(Structure(problem.mdp, problem.policy), estimator)


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


TRUNCATED: Final = "truncated"
"""E[sum_{t<T} gamma^t r_t] with the estimator's own T."""

BiasTarget: TypeAlias = Objective | Literal["truncated"]
"""The gradient from which the bias is measured: of an objective, or of the truncated one."""


def bias_target(name: str) -> BiasTarget:
    """The target of that name.

    >>> bias_target("average-reward")
    <Objective.AVERAGE_REWARD: 'average-reward'>
    """
    if name == TRUNCATED:
        return TRUNCATED
    try:
        return Objective(name)
    except ValueError:
        raise SchemaError(
            f"found {name!r}; must be one of {', '.join(Objective)}, {TRUNCATED}", where="objective"
        ) from None


def gradient(quantities: Quantities, target: BiasTarget, T: int | None) -> Mapping[sp.Symbol, Any]:
    """Every component of the gradient, as elements of the field of `quantities`.

    Parameters
    ----------
    quantities
        The problem over a field without its own need of derivatives.
    T
        The cut-off, for `TRUNCATED`.

    Raises
    ------
    HypothesisError
        The objective is not defined on this model.
    StructureError
        The estimator is not cut off.
    """
    mdp, policy, structure = quantities.mdp, quantities.policy, quantities.structure
    field = differential(quantities.field, policy)
    if target != TRUNCATED:
        return Quantities(mdp, policy, target, field, structure).gradient
    if T is None:
        raise StructureError(
            "the estimator's horizon is None; the truncated objective has T steps. Give the estimator a horizon, or "
            "measure the bias against start-state",
            where="objective",
        )
    chain = Quantities(mdp, policy, Objective.START_STATE, field, structure)
    states = [s for s in mdp.nonterminal if s in structure.reachable]
    V: dict[Any, Any] = {}
    for _ in range(T):
        V = {
            s: chain.r_pi[s] + chain.gamma * chain._dot([(p, V[t]) for t, p in chain.P_pi[s].items() if t in V])
            for s in states
        }
    J = chain._dot([(p, V[s]) for s, p in chain.mu0.items() if s in V])
    return chain._complete(field.gradient(J))

"""What the parts of an estimator are worth: the claim language over one field, with the estimator's own names."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import sympy as sp

from pgsym.algebra import DualField
from pgsym.algebra.field import Field
from pgsym.claims.compiler import Meaning
from pgsym.claims.evaluation import Evaluation, Functions, Tower, named, plain_parameters
from pgsym.claims.language import tree as t
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import ForAll, Let
from pgsym.errors import HypothesisError, StructureError
from pgsym.estimators.estimator import STEPS, Estimator
from pgsym.expression.naming import in_order
from pgsym.model.mdp import MDP
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure
from pgsym.model.symbols import all_symbols
from pgsym.model.validate import check_distinct


def meaning_of(problem: Problem, estimator: Estimator, field: Field, structure: Structure | None = None) -> Meaning:
    """Compiles trees with the estimator's names over a field.

    StructureError or NameCollisionError where its symbols are not its own, or it is about states that the model does
    not have; HypothesisError where its text mentions the horizon T, and it has none.

    >>> from pgsym.claims.language.parse import parse_expression
    >>> from pgsym.estimators.estimator import find_estimator
    >>> from pgsym.exact.fields import field_at
    >>> problem = Problem.of("short-corridor")
    >>> estimator = find_estimator("reinforce", {"b": {"s2": -3}})
    >>> found = meaning_of(problem, estimator, field_at(problem))
    >>> node, _ = parse_expression("b(s) + 1", estimator.bindings)
    >>> found.compile(node)({"s": "s2"}), found.compile(node)({"s": "s1"})
    (-2, 1)
    """
    mdp, policy = problem.mdp, problem.policy
    clash = sorted({s.name for s in estimator.symbols} & {p.name for p in policy.params})
    if clash:
        raise StructureError(
            f"{clash[0]} is a policy parameter; a baseline or critic must not depend on theta here, for its gradient "
            "would not be taken. Rename it",
            where="estimator",
        )
    check_distinct({*estimator.symbols, *all_symbols(mdp, policy)})
    closed = field.differential and field.ground is field
    bodies = (estimator.tree, *(b.body for b in estimator.bindings if isinstance(b, Let)))
    stopped = any(isinstance(node, t.StopGradient) for body in bodies for node in body.walk())
    above = None if closed and not stopped else lambda below: DualField(below, policy.params)
    tower = Tower(field, above, generic=closed)
    world = Evaluation(
        mdp,
        policy,
        problem.objective,
        tower,
        structure or Structure(mdp, policy),
        functions=values_on(mdp, estimator),
        symbols={s.name: s for s in all_symbols(mdp, policy)},
        cut_off=not estimator.bootstrap,
    )
    return Meaning(world, Scope(estimator.bindings, estimator.source))


def own_symbols(problem: Problem, estimator: Estimator) -> list[sp.Symbol]:
    """What its field needs besides the model's and the policy's: symbols of its numbers, and theta outside of exp."""
    bodies = (estimator.tree, *(b.body for b in estimator.bindings if isinstance(b, Let)))
    return in_order({*estimator.symbols, *plain_parameters((n for b in bodies for n in b.walk()), problem.policy)})


def values_on(mdp: MDP, estimator: Estimator) -> Functions:
    """The numbers that the estimator's names stand for, by what they are taken at."""
    found: dict[str, Mapping[tuple[Hashable, ...], sp.Expr]] = {}
    for binding in estimator.bindings:
        if not isinstance(binding, ForAll):
            continue
        if binding.name == STEPS:
            if estimator.horizon is None:
                raise HypothesisError(
                    "found no horizon; T is the number of steps after which a run is cut off. Give horizon=T "
                    "(--horizon)",
                    where=estimator.name or "estimator",
                )
            found[STEPS] = {(): sp.Integer(estimator.horizon)}
            continue
        head = next(h for h in estimator.values if h.partition("(")[0].strip() == binding.name)
        found[binding.name] = _by_place(mdp, binding, estimator.values[head])
    return found


def _by_place(mdp: MDP, binding: ForAll, value: Any) -> dict[tuple[Hashable, ...], sp.Expr]:
    acting = any(map(t.is_action, binding.indices))
    places = [()] if not binding.indices else mdp.pairs if acting else [(s,) for s in mdp.nonterminal]
    if not isinstance(value, Mapping):
        return dict.fromkeys(places, value)
    found = {}
    for place, e in value.items():
        if acting:
            if place not in places:
                raise StructureError(
                    f"{place!r} is no pair of the model; (state, action) is required. Check it", where=binding.name
                )
            found[tuple(place)] = e
        else:
            found[named(t.Literal(place), mdp.states, "state"),] = e
    return found

"""What the names of a claim are worth in one tower of fields: the model, the second world, the free functions.

Level k of the tower has elements that can be differentiated k times.  Fields that are closed under
differentiation are their own tower; over numbers at a point, level k is a field of dual numbers applied k times.
Over the field of sizes one state stands for all, and values are bounds (`SizeWorld`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.algebra import DualField
from pgsym.algebra.size import Size
from pgsym.claims.language import tree as t
from pgsym.claims.language.names import Range
from pgsym.claims.logarithms import ClosedLogarithms
from pgsym.errors import ClaimError, NotInFieldError, UndefinedQuantityError
from pgsym.exact.fields import LogBasis, log_policy
from pgsym.exact.quantities import Quantities
from pgsym.exact.sizes import SizeQuantities
from pgsym.expression.naming import Generator, spelt
from pgsym.expression.quantity import Role
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy, Softmax
from pgsym.model.structure import Structure


class _Mark:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


END = _Mark("(end)")
"""What happens in a terminal state: it stays, pays nothing, and is no action of any policy."""

CUT_OFF = _Mark("(cut off)")
"""The state in which a run is cut off, where that counts as its end."""

Functions = Mapping[str, Mapping[tuple[Hashable, ...], sp.Expr]]
"""What arbitrary functions stand for, symbols or numbers: by name, then by what the function is taken at."""


class Tower:
    """Fields by how often their elements can still be differentiated.

    Parameters
    ----------
    above
        From one level to the next; None for a field that is closed under differentiation.
    generic
        The elements are functions of the parameters, or bounds of them: what is zero is so identically.
    """

    def __init__(
        self, base: Any, above: Callable[[Any], DualField] | None = None, *, generic: bool | None = None
    ) -> None:
        self._fields = [base]
        self._above = above
        self.generic = above is None if generic is None else generic

    @property
    def closed(self) -> bool:
        """Whether one field serves all levels."""
        return self._above is None

    def field(self, level: int) -> Any:
        """The field of elements with `level` derivatives."""
        if self._above is None:
            return self._fields[0]
        while len(self._fields) <= level:
            self._fields.append(self._above(self._fields[-1]))
        return self._fields[level]

    def lift(self, level: int) -> Callable[[Any], Any]:
        """From the lowest level to this one: an element without derivatives."""
        return self.field(level).lift if level else lambda element: element


@dataclass(eq=False, repr=False)
class Evaluation:
    """One model with one policy, evaluated over a tower."""

    mdp: MDP
    policy: Policy
    objective: Objective
    tower: Tower
    structure: Structure
    _: KW_ONLY
    functions: Functions
    """Symbols of the claim's arbitrary functions and scalars."""
    symbols: Mapping[str, sp.Expr] = field(default_factory=dict)
    """Symbols and parameters of the model that the claim may mention, by name; a pinned one has its value."""
    primed: Evaluation | None = None
    """What primed quantities are about."""
    limit: tuple[Evaluation, sp.Symbol] | None = None
    """The same world with the discount factor as a symbol, and that symbol."""
    basis: LogBasis | None = None
    """The logarithms that policies need."""
    logarithms: ClosedLogarithms | None = None
    """Of what is no product of probabilities."""
    cut_off: bool = False
    """Whether runs may come to `CUT_OFF`."""
    left_out: dict[State, None] = field(default_factory=dict, init=False)
    """At gamma = 1, the states that some index does not run over, in order."""
    _quantities: dict[int, Any] = field(default_factory=dict, init=False)
    _log_pi: dict[int, Any] = field(default_factory=dict, init=False)

    representative = False
    """Whether one state and one action stand for all."""

    def quantities(self, level: int) -> Any:
        """V, Q, mu, ... with elements of that level."""
        level = 0 if self.tower.closed else level
        if level not in self._quantities:
            lower = self.quantities(level - 1) if level else None
            field = self.tower.field(level)
            self._quantities[level] = Quantities(
                self.mdp, self.policy, self.objective, field, self.structure, lower=lower
            )
        return self._quantities[level]

    def varied(self, quantities: Any, **overrides: Any) -> Any:
        """The quantities with another reward function, discount or start weight."""
        return quantities.varied(**overrides)

    def log_pi(self, level: int) -> Any:
        """log pi(a|s), by state and action."""
        level = 0 if self.tower.closed else level
        if level not in self._log_pi:
            if self.basis is None:
                raise NotInFieldError("no generators for log pi; the field needs them", where="log pi")
            self._log_pi[level] = log_policy(self.quantities(level), self.basis)
        return self._log_pi[level]

    def logit(self, state: State, action: Action, level: int) -> Any:
        """l(s,a) of a softmax policy."""
        if not isinstance(self.policy, Softmax):
            raise UndefinedQuantityError(
                f"the policy is a {type(self.policy).__name__}; only softmax policies have logits. Use softmax_policy",
                where="logit",
            )
        field, form = self.tower.field(level), self.policy.logits[state][action]
        total = field.number(form.constant)
        for symbol, coefficient in form.coefficients:
            total = total + field.number(coefficient) * field.symbol(symbol)
        return total

    def function(self, name: str, place: tuple[Hashable, ...], level: int) -> Any:
        """An arbitrary function at a place; 0 in terminal states."""
        field = self.tower.field(level)
        value = self.functions[name].get(place)
        return field.zero if value is None else field.convert(value)

    # -- what indices run over -------------------------------------------------------------------------------

    @cached_property
    def ends(self) -> frozenset[State]:
        """The terminal states, with those that only the second world has, and `CUT_OFF`."""
        cut_off: frozenset[State] = frozenset({CUT_OFF} if self.cut_off else ())
        return self.mdp.terminal | cut_off | (frozenset() if self.primed is None else self.primed.mdp.terminal)

    def states(self, found: Range) -> Sequence[State]:
        """The states that a state index runs over.

        At gamma = 1 only those in which what is taken there is finite; those left out are noted in `left_out`.
        HypothesisError where the start reaches a state without a value then, or no state at all has finite visits.
        """
        abroad = self.primed if Role.ABROAD in found.roles else None
        states = self.mdp.nonterminal if found.inner else (abroad or self).mdp.states
        excluded = self._infinite(found, Role.VALUED, Role.COUNTED)
        if self.primed is not None:
            excluded |= self.primed._infinite(found, Role.VALUED_ABROAD, Role.COUNTED_ABROAD)
        if not excluded:
            return states
        kept = [s for s in states if s not in excluded]
        if not kept:
            raise UndefinedQuantityError(
                "gamma = 1 and no run ever ends, so the visits are infinite in every state. Set gamma < 1 or mark an "
                "end as terminal",
                where="eta",
            )
        self.left_out.update(dict.fromkeys(s for s in states if s in excluded))
        return kept

    def _infinite(self, found: Range, valued: Role, counted: Role) -> frozenset[State]:
        """At gamma = 1, the states in which what is taken there is not finite."""
        wanted = found.roles & {valued, counted}
        if not wanted or self.mdp.gamma != 1 or self.objective.definition.differential:
            return frozenset()
        self.structure.require_discounted_or_proper()
        return self.structure.improper | (self.structure.rewardless if counted in wanted else frozenset())

    def actions(self, state: State) -> Sequence[Action]:
        """The actions of a state; in a terminal one, the only thing that can happen there."""
        return (END,) if state in self.ends else self.policy.actions(state)

    def state(self, literal: t.Literal) -> State:
        """The state of that name."""
        return named(literal, self.mdp.states, "state")

    def any_action(self, literal: t.Literal) -> Action:
        """The action of that name, of whatever state."""
        return named(literal, list(dict.fromkeys(a for _, a in self.mdp.pairs)), "action")

    def action(self, state: State, literal: t.Literal) -> Action:
        """The action of that name."""
        among, what = self.actions(state), f"action in {state!r}"
        if among == (END,):
            where = f"{what} {literal.name}"
            raise ClaimError("the state is terminal, where there is no action. Remove it", where=where)
        return named(literal, among, what)


def plain_parameters(nodes: Iterable[t.Node], policy: Policy) -> list[sp.Symbol]:
    """The parameters that stand outside of exponentials too: those by name, or all where a logit or vec(theta) does."""
    nodes = list(nodes)
    if any(isinstance(node, t.Quantity) and node.name in ("logit", "vec(theta)") for node in nodes):
        return list(policy.params)
    names = {node.name for node in nodes if isinstance(node, t.Symbol)}
    return [p for p in policy.params if p.name in names]


def named(literal: t.Literal, among: Sequence[Hashable], what: str) -> Hashable:
    """The state or action that a literal means: the one of its type and name, else the only one that reads like it.

    ClaimError where there is none, or more than one.

    >>> named(t.Literal("1"), [1, "1"], "state"), named(t.Literal("(0, 1)"), [(0, 1), 2], "state")
    ('1', (0, 1))
    """
    name = literal.name
    exact = [x for x in among if x == name and type(x) is type(name)]
    found = exact or [x for x in among if str(x) == str(name)]
    if len(found) != 1:
        listed = ", ".join(map(spelt, among[:8])) + (", ..." if len(among) > 8 else "")
        raise ClaimError(f"{len(found)} of that name; the model has {listed}. Check the name", where=f"{what} {name}")
    return found[0]


class SizeWorld(Evaluation):
    """Every table is constant: its one entry bounds all entries of the true one, over a common denominator."""

    representative = True

    def quantities(self, level: int) -> Any:
        if 0 not in self._quantities:
            self._quantities[0] = SizeQuantities(
                self.mdp, self.policy, self.objective, self.tower.field(0), self.structure
            )
        return self._quantities[0]

    def varied(self, quantities: Any, **overrides: Any) -> Any:
        """Mappings have one entry here, which bounds all."""
        field = self.tower.field(0)
        flat = {key: next(iter(v.values())) if isinstance(v, Mapping) else v for key, v in overrides.items()}
        return quantities.varied(**{key: v if isinstance(v, Size) else field.number(v) for key, v in flat.items()})

    def log_pi(self, level: int) -> Any:
        """One bound for all log pi(a|s)."""
        if 0 not in self._log_pi:
            self._log_pi[0] = self.quantities(0).log_pi(self.basis)
        return self._log_pi[0]

    def logit(self, state: State, action: Action, level: int) -> Any:
        super().logit(state, action, level)
        return self.quantities(0).logit[state, action]

    def states(self, found: Range) -> Sequence[State]:
        """The first one stands for all, so it is the one with the most actions."""
        return sorted(super().states(found), key=lambda s: (s in self.ends, -len(self.actions(s))))

    def function(self, name: str, place: tuple[Hashable, ...], level: int) -> Any:
        return self.tower.field(0).symbol(Generator(("for all", name), name))

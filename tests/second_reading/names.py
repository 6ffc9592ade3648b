"""What the names of a claim are worth at a point: quantities of the vocabulary, and the claim's own functions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.claims.language import tree as t
from pgsym.claims.language.runs import RUN, read_time, read_timed
from pgsym.claims.language.statement import Arbitrary, Claim, ForAll, Let, World
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policy import Direct, Policy
from second_reading.indices import COUNTED, MOMENTS, SOURCE, acts, derivatives, written_out
from second_reading.jets import Jet
from second_reading.model import TABLES, PlainModel
from second_reading.point import (
    END,
    STAY,
    InapplicableError,
    Numbers,
    UndefinedError,
    VisitedEndError,
    logit,
)
from second_reading.tensors import paired
from second_reading.trajectories import is_random

Env = dict[str, Hashable]
Point = Mapping[sp.Symbol, sp.Expr]


class Names(ABC):
    """One claim on one model at one point, as far as names go.

    Parameters
    ----------
    functions, second
        The values of arbitrary functions, by name and place, and the probabilities of pi'.
    second_model
        The model with P' and r', where the claim has them.
    """

    def __init__(
        self,
        claim: Claim,
        mdp: MDP,
        policy: Policy,
        objective: Objective,
        point: Point,
        functions: Mapping[str, Mapping[tuple[Hashable, ...], sp.Expr]],
        second: Mapping[Hashable, Mapping[Hashable, sp.Expr]] | None,
        second_model: MDP | None = None,
    ) -> None:
        self.second_model = second_model
        self.arbitrary = {b.name for b in claim.bindings if isinstance(b, Arbitrary)}
        self.mdp = mdp
        self.policy = policy
        self.objective = objective
        self.point = point
        self.functions = functions
        self.second = second
        self.ends = {*mdp.terminal, END}
        self.own: dict[str, Let | ForAll] = {}
        for b in claim.bindings:
            if isinstance(b, Let):
                self.own[b.name] = Let(b.name, b.indices, written_out(b.body))
            elif isinstance(b, ForAll):
                self.own[b.name] = b
        self.worlds = [b.name for b in claim.bindings if isinstance(b, World)]
        self.left, self.right = written_out(claim.left), written_out(claim.right)
        self.order = max(derivatives(side, self.own) for side in (self.left, self.right))

    @abstractmethod
    def value(self, node: t.Node, env: Env) -> Any:
        """A jet, a list of jets by parameter, or a list of such lists."""

    # -- the worlds ------------------------------------------------------------------------------------------

    def _fresh(self) -> None:
        """Forget what was found at another precision."""
        for name in ("numbers", "model", "primed", "_varied", "_values"):
            self.__dict__.pop(name, None)

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(self.point, self.policy.params, self.order)

    @cached_property
    def model(self) -> PlainModel:
        return PlainModel(self.mdp, self.policy, self.objective, self.numbers)

    twofold = False
    """Whether pi' is of the family of pi, with variables of its own."""

    @cached_property
    def primed(self) -> PlainModel:
        if self.twofold:
            numbers = Numbers(self.point, self.policy.params, self.order, len(self.policy.params))
            return PlainModel(self.mdp, self.policy, self.objective, numbers)
        if self.worlds:
            if self.mdp.gamma == 1:
                raise InapplicableError("nothing would ever end")
            return PlainModel(self.mdp, self.policy, self.objective, self.numbers, terminating=True)
        policy = self.policy
        if not self.arbitrary or "pi'" in self.arbitrary:
            assert self.second is not None
            policy = Direct(self.second, ())
        return PlainModel(self.second_model or self.mdp, policy, self.objective, self.numbers)

    @cached_property
    def _varied(self) -> dict[Any, PlainModel]:
        return {}

    @cached_property
    def _values(self) -> dict[Any, Any]:
        return {}

    # -- literals and places ---------------------------------------------------------------------------------

    def item(self, index: str, env: Env) -> Hashable:
        """What an index stands for: bound, at a time of a run, or a time."""
        if index in env:
            return env[index]
        if (found := read_timed(index)) is not None:
            letter, time = found
            return env[RUN].at(letter, (env[time.name] if time.name else 0) + time.shift)  # type: ignore[attr-defined]
        time = read_time(index)
        assert time is not None
        return (env[time.name] if time.name else 0) + time.shift  # type: ignore[operator]

    def _state(self, literal: t.Literal) -> Hashable:
        return _named(literal.name, self.mdp.states)

    def _actions(self, state: Hashable) -> tuple[Hashable, ...]:
        return (STAY,) if state in self.ends else self.mdp.actions(state)

    def _place(self, node: t.Quantity | t.Call, env: Env) -> tuple[Hashable, ...]:
        found = [self.item(i, env) if isinstance(i, str) else None for i in node.indices]
        is_action = acts(node, self.own)
        for k, i in enumerate(node.indices):
            if isinstance(i, t.Literal) and not is_action[k]:
                found[k] = self._state(i)
        for k, i in enumerate(node.indices):
            if isinstance(i, t.Literal) and is_action[k]:
                state = found[SOURCE[node.name] if isinstance(node, t.Quantity) else k - 1]
                found[k] = _named(i.name, self.mdp.actions(state))
        return tuple(found)

    def _compared(self, indices: tuple[t.Index, t.Index], env: Env) -> bool:
        """Whether both indices stand for one state, or for one action, of whatever states they are."""
        (index, *_) = (i for i in indices if isinstance(i, str))
        actions = tuple({a: None for s in self.mdp.nonterminal for a in self.mdp.actions(s)})
        among = actions if t.is_action(index) else self.mdp.states
        first, second = (self.item(i, env) if isinstance(i, str) else _named(i.name, among) for i in indices)
        return first == second

    # -- the claim's own functions ---------------------------------------------------------------------------

    def _call(self, node: t.Call, place: tuple[Hashable, ...], env: Env | None = None) -> Any:
        declared = self.own[node.name]
        if isinstance(declared, ForAll):  # 0 in terminal states
            given = self.functions[node.name].get(place)
            return self.numbers.number(0) if given is None else self.numbers(given)
        if env is not None and is_random(declared.body, self.own):
            return self.value(declared.body, {**env, **dict(zip(declared.indices, place, strict=True))})
        key = (node.name, place)
        if key not in self._values:
            try:
                self._values[key] = self.value(declared.body, dict(zip(declared.indices, place, strict=True)))
            except UndefinedError as error:
                self._values[key] = error
        found = self._values[key]
        if isinstance(found, UndefinedError):
            raise _undefined(node.indices[declared.indices.index(found.index)])
        return found

    # -- quantities ------------------------------------------------------------------------------------------

    def _quantity(self, node: t.Quantity, env: Env) -> Any:
        model = self.primed if node.primed else self.model
        if node.overrides:
            model = self._changed(model, node)
        match node.name:
            case "J":
                return model.J
            case "rbar":
                return model.rbar
            case "gamma":
                return model.gamma
            case "E[T]":
                return model.steps
            case "|S|":
                return self.numbers.number(len(self.mdp.nonterminal))
            case "I":
                one, zero, n = self.numbers.number(1), self.numbers.number(0), len(self.policy.params)
                return [[one if i == j else zero for j in range(n)] for i in range(n)]
            case "vec(theta)":
                return [self.numbers(p) for p in self.policy.params]
            case "F":
                return self._fisher(model)
        place = self._place(node, env)
        if node.name in COUNTED and self.ends.intersection(place):
            raise VisitedEndError
        if node.name in SOURCE and place[SOURCE[node.name]] in self.ends:
            return self._in_terminal_state(model, node.name, place)
        if node.name in TABLES:
            try:
                return TABLES[node.name](model, *place)
            except UndefinedError:
                raise _undefined(node.indices[0]) from None
        zero = self.numbers.number(0)
        if node.name == "mu0":
            return model.mu0.get(place[0], zero)
        if node.name == "pi":
            action, state = place
            return model.pi[state][action]
        if node.name == "P":
            target, state, action = place
            return model.P[state, action].get(target, zero)
        if node.name == "P_pi":
            return model.step(*place)
        if node.name == "logit":
            return logit(self.policy, *place, self.numbers)
        if power := MOMENTS.get(node.name):
            return model.reward_to(*place, power) if len(place) == 3 else model.reward_moment(power, *place)
        assert node.name == "r"
        return model.reward_to(*place) if len(place) == 3 else model.r[place]

    def _in_terminal_state(self, model: PlainModel, name: str, place: tuple[Hashable, ...]) -> Jet:
        """It leads to itself and pays nothing, by the one thing that can happen there."""
        if name in ("Q", "A"):
            model.base(place[0])  # what a quantity needs, it needs everywhere
        if name == "pi":
            return self.numbers.number(1)
        if name in ("P", "P_pi"):
            return self.numbers.number(int(place[0] == place[1]))
        return self.numbers.number(0)

    def _fisher(self, model: PlainModel) -> Any:
        n, found = len(self.policy.params), None
        first = model.numbers.offset
        for s in self.mdp.nonterminal:
            try:
                w = model.weight(s)
            except UndefinedError:
                continue
            for p in model.pi[s].values():
                score = [p.derivative(first + i) for i in range(n)]
                term = [[w * x * y / p for y in score] for x in score]
                found = term if found is None else paired(Jet.__add__, found, term)
        return found

    # -- other rewards, discounts, starts --------------------------------------------------------------------

    def _changed(self, model: PlainModel, node: t.Quantity) -> PlainModel:
        key = (node.primed, node.overrides)
        if key not in self._varied:
            own: dict[str, Any] = {}
            for o in node.overrides:
                if o.key == "gamma":
                    own["discount"] = self._discount(o.value)
                elif o.key == "r":
                    own["rewards"] = self._reward_table(o.value)
                else:
                    own["weight"] = {s: self._applied(o.value, (s,)) for s in self.mdp.nonterminal}
            self._varied[key] = model.varied(**own)
        return self._varied[key]

    def _discount(self, node: t.Node) -> Jet:
        """A number lies in [0, 1]; at 1 it is asked later whether every run ends."""
        found = self.value(node, {})
        constant = all(
            isinstance(n, t.Number | t.Neg | t.Pow | t.Binary) or (_is_gamma(n) and not self.mdp.gamma.free_symbols)
            for n in node.walk()
        )
        if constant and (found.value < 0 or found.value > 1):
            raise InapplicableError("a discount outside [0, 1]")
        return found

    def _reward_table(self, function: t.Node) -> dict[tuple[Hashable, Hashable], Jet]:
        assert isinstance(function, t.Call | t.Quantity)
        if isinstance(function, t.Call):
            arity = len(self.own[function.name].indices)
        else:
            arity = 2 if function.name in ("Q", "A", "r", "logit") else 1
        return {(s, a): self._applied(function, (s, a)[:arity]) for s, a in self.mdp.pairs}

    def _applied(self, function: t.Node, place: tuple[Hashable, ...]) -> Any:
        names = ("s", "a")[: len(place)]
        if isinstance(function, t.Call):
            return self._call(t.Call(function.name, names), place)
        assert isinstance(function, t.Quantity)
        if function.name == "pi":
            names, place = names[::-1], place[::-1]
        taken = t.Quantity(function.name, names, function.primed, function.overrides)
        return self._quantity(taken, dict(zip(names, place, strict=True)))


def _named(name: Hashable, among: tuple[Hashable, ...]) -> Hashable:
    """What has that name; what only looks like it, if it is the only one."""
    exact = [x for x in among if x == name and type(x) is type(name)]
    found = exact or [x for x in among if str(x) == str(name)]
    if len(found) != 1:
        raise InapplicableError("no such name, or several")
    return found[0]


def _is_gamma(node: t.Node) -> bool:
    return isinstance(node, t.Quantity) and node.name == "gamma" and not node.primed


def _undefined(index: t.Index) -> Exception:
    """A state by name that a quantity is not defined in is the author's business."""
    return UndefinedError(index) if isinstance(index, str) else InapplicableError("undefined in a state by name")

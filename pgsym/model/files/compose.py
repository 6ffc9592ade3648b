"""From a checked model document to MDP, policy, objective and theta; which state or action a key of it means."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import sympy as sp

from pgsym.errors import NameCollisionError, PolicyError, SchemaError, StructureError
from pgsym.expression.complaint import listed, nearest, short
from pgsym.expression.exact import to_expr
from pgsym.expression.naming import appearance
from pgsym.expression.sums import Sums
from pgsym.model.files import reading
from pgsym.model.files.reading import Work
from pgsym.model.files.schema import ModelDocument, PolicyDocument
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policies import direct_policy, mixture, softmax_policy, tabular
from pgsym.model.policy import Policy, check_policy_at
from pgsym.model.problem import ASSUMED, Problem

GAMMA = sp.Symbol("gamma")


def compose(document: ModelDocument, prefix: str = "") -> Problem:
    """The problem that the document describes; places in messages begin with `prefix`, such as ``model.``."""
    if not document.states:
        raise SchemaError("found 0 states; a model has at least one. List them", where=f"{prefix}states")
    _check_alike("state", document.states, f"{prefix}states")
    _check_alike("action", dict.fromkeys(row[1] for row in document.transitions), f"{prefix}transitions")
    policy_document = document.policy or PolicyDocument()
    params = policy_document.params
    gamma = to_expr(document.gamma, where=f"{prefix}gamma")
    work = Work()
    for name, table in (("symbols", document.symbols), ("policy.theta", policy_document.theta)):
        for _, (place,), value in _entries(table, prefix + name):
            work.add(value, place)
    discount = discount_name(gamma)
    in_dynamics = _Formulas(work, discount, params or ())
    in_policy = _Formulas(work, {} if "gamma" in (params or ()) else discount)
    sums = reading.sums()
    mdp = MDP.from_transitions(
        [
            (s, a, t, in_dynamics(p, f"{prefix}transitions[{i}].p"), in_dynamics(r, f"{prefix}transitions[{i}].r"))
            for i, (s, a, t, p, r) in enumerate(document.transitions)
        ],
        start=_start(document, in_dynamics, f"{prefix}start"),
        terminal=document.terminal,
        gamma=gamma,
        symbols=document.symbols,
        states=document.states,
        sums=sums,
    )
    policy = _policy(mdp, policy_document, in_policy, sums, f"{prefix}policy")
    theta = _theta(policy, policy_document, f"{prefix}policy.theta")
    check_policy_at(policy, theta)
    objective = Objective.parse(document.objective, f"{prefix}objective")
    assumed = tuple(key for key in ASSUMED if key not in document.model_fields_set) if document.policy is None else ()
    return Problem(mdp, policy, objective, theta, document.name, document.source, assumed)


def _check_alike(kind: str, names: Iterable[Hashable], where: str) -> None:
    """No two names are texts that a reader cannot tell apart."""
    seen: dict[str, str] = {}
    for name in names:
        if isinstance(name, str) and (other := seen.setdefault(appearance(name), name)) != name:
            raise NameCollisionError(
                f"the {kind}s {short(ascii(other))} and {short(ascii(name))} look alike; a reader must tell them "
                "apart. Rename one",
                where=where,
            )


def _entries(table: Any, where: str) -> Iterator[tuple[list[Any], list[str], Any]]:
    """Keys, the place of each, and value: of a mapping, of a mapping of mappings, or of rows that say the same."""
    if isinstance(table, list):
        for i, (*keys, value) in enumerate(table):
            yield keys, [f"{where}[{i}]"] * len(keys), value
        return
    for key, inner in (table or {}).items():
        place = f"{where}.{_shown(key)}"
        if isinstance(inner, dict):
            yield from (([key, *keys], [place, *places], value) for keys, places, value in _entries(inner, place))
        else:
            yield [key], [place], inner


def discount_name(gamma: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    """What the name ``gamma`` stands for in a file's formulas: the discount factor, unless that uses the name.

    >>> discount_name(sp.Rational(9, 10)), discount_name(sp.Symbol("gamma"))
    ({gamma: 9/10}, {})
    """
    return {} if GAMMA in gamma.free_symbols else {GAMMA: gamma}


class _Formulas:
    """Reads the formulas of one part of the file, where ``gamma`` means the discount factor.

    Numbers pass unchanged: the MDP reads floats itself, and warns of them.
    """

    def __init__(self, work: Work, discount: Mapping[sp.Symbol, sp.Expr], params: Any = ()) -> None:
        self.work = work
        self.discount = dict(discount)
        self.params = frozenset(params)
        self.known: dict[str, sp.Expr] = {}

    def __call__(self, value: Any, where: str) -> Any:
        if not isinstance(value, str):
            return value
        if value not in self.known:
            self.known[value] = self._read(value, where)
        return self.known[value]

    def _read(self, text: str, where: str) -> sp.Expr:
        self.work.add(text, where)
        expr = to_expr(text, where=where)
        if expr.is_Rational or GAMMA not in expr.free_symbols:
            return expr
        if GAMMA.name in self.params:
            raise NameCollisionError(
                "gamma names both a policy parameter and the discount factor; d/dtheta would silently "
                "differentiate the dynamics. Rename the parameter",
                where=where,
            )
        return expr.xreplace(self.discount)


def _start(document: ModelDocument, read: _Formulas, where: str) -> dict[Hashable, Any] | None:
    if document.start is None:
        return None
    names = FileNames("state", document.states)
    start: dict[Hashable, Any] = {}
    for (key,), (place,), p in _entries(document.start, where):
        state = names.find(key, place)
        _once(start, state, place)
        start[state] = read(p, place)
    return start


def _policy(mdp: MDP, document: PolicyDocument, read: _Formulas, sums: Sums, where: str) -> Policy:
    if document.logits is not None and document.probabilities is not None:
        raise SchemaError(
            "found both logits and probabilities; a policy has one of them. Remove the other", where=where
        )
    if document.default is not None and document.logits is None and document.probabilities is None:
        raise SchemaError(
            "found it without logits or probabilities; it is for the states that they leave out. "
            "Write logits: {} for a uniform policy, or remove it",
            where=f"{where}.default",
        )
    for i, name in enumerate(document.params or ()):
        place = f"{where}.params[{i}]"
        if to_expr(name, where=place) != sp.Symbol(name):
            raise SchemaError(f"{_shown(name)!r} is not a name; a parameter is one identifier. Rename it", where=place)
    if document.probabilities is not None:
        if document.params is None:
            raise SchemaError(
                "the key is missing; probabilities need the list of their parameters. Add it", where=f"{where}.params"
            )
        table = _table(mdp, document.probabilities, read, f"{where}.probabilities")
        policy: Policy = direct_policy(mdp, table, document.params, default=document.default, sums=sums)
    elif document.logits is not None:
        table = _table(mdp, document.logits, read, f"{where}.logits")
        policy = softmax_policy(mdp, table, document.params, default=document.default)
    else:
        policy = tabular(mdp)
        names = [symbol.name for symbol in policy.params]
        if document.params is not None and document.params != names:
            raise SchemaError(
                f"found {listed(document.params)} without logits; a tabular policy has {listed(names)}. "
                "Add logits, or remove params",
                where=f"{where}.params",
            )
    if document.epsilon is None:
        return policy
    return mixture(policy, read(document.epsilon, f"{where}.epsilon"))


def _table(mdp: MDP, table: Any, read: _Formulas, where: str) -> dict[Hashable, dict[Hashable, Any]]:
    """{state: {action: formula}} from either form, with names as the MDP has them."""
    states = FileNames("state", mdp.states)
    actions = {s: FileNames("action", mdp.actions(s)) for s in mdp.states}
    found: dict[Hashable, dict[Hashable, Any]] = {}
    for (state_key, action_key), (state_place, place), value in _entries(table, where):
        state = states.find(state_key, state_place)
        row = found.setdefault(state, {})
        action = actions[state].find(action_key, place)
        _once(row, action, place)
        row[action] = read(value, place)
    return found


def _shown(key: Any) -> str:
    return short(str(key))


def _once(table: Mapping[Hashable, Any], name: Hashable, where: str) -> None:
    if name in table:
        raise SchemaError(f"{short(repr(name))} occurs twice; one entry for each is required. Remove one", where=where)


def _theta(policy: Policy, document: PolicyDocument, where: str) -> dict[sp.Symbol, sp.Expr]:
    if document.theta is not None:
        known = dict.fromkeys(symbol.name for symbol in policy.params)
        for name in (name for name in document.theta if name not in known):
            raise PolicyError(
                f"{_shown(name)!r} is not a parameter; {nearest(name, known, 'the policy has')}. Check the name",
                where=f"{where}.{_shown(name)}",
            )
        return policy.point(document.theta)
    if document.probabilities is not None and policy.params:
        raise SchemaError(
            "the key is missing; probabilities have no default theta. Add a value for every parameter", where=where
        )
    return {symbol: sp.Integer(0) for symbol in policy.params}


class FileNames:
    """The names of one kind (state or action), to be looked up by the keys of a mapping.

    JSON's keys are always text, so a key stands for the name that equals it, else for the one name that is
    written like it: ``"1"`` for 1, ``"[0, 1]"`` for (0, 1).  ``1``, ``"1"`` and ``true`` are three names.

    >>> names = FileNames("state", [(0, 0), (0, 1), "1"])
    >>> names.find("[0, 1]", "start"), names.find(1, "start")
    ((0, 1), '1')
    """

    def __init__(self, kind: str, names: Iterable[Hashable]) -> None:
        self.kind = kind
        self._exact: dict[Any, Hashable] = {}
        self._written: dict[str, list[Hashable]] = {}
        for name in names:
            self._exact[_typed(name)] = name
            self._written.setdefault(_written(name), []).append(name)

    def find(self, key: Any, where: str) -> Hashable:
        """The name that `key` stands for."""
        typed = _typed(key)
        if typed in self._exact:
            return self._exact[typed]
        found = self._written.get(_written(key), [])
        if len(found) == 1:
            return found[0]
        if found:
            meanings = " or ".join(short(repr(name)) for name in found)
            raise StructureError(
                f"{short(repr(key))} can mean {meanings}; a key must mean one {self.kind}. "
                "Use the form with rows, which keeps types",
                where=where,
            )
        known = [_written(name) for name in self._exact.values()]
        help = nearest(_written(key), known, f"the {self.kind}s are")
        raise StructureError(f"{self.kind} {short(repr(key))} is unknown; {help}. Check its name", where=where)


def _typed(name: Any) -> Any:
    """Equal only for names of one type: in Python 1 == True == 1.0."""
    if isinstance(name, tuple):
        return tuple(map(_typed, name))
    return (type(name), name)


def _written(name: Any) -> str:
    return name if isinstance(name, str) else json.dumps(name)

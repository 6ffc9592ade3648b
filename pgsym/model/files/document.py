"""From a problem to the plain values that a model file holds, and which name a key of a file stands for."""

from __future__ import annotations

import json
import numbers
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import sympy as sp

from pgsym.errors import NameCollisionError, SchemaError, StructureError
from pgsym.expression.complaint import nearest, short
from pgsym.expression.grammar import unparse
from pgsym.expression.symbols import in_order
from pgsym.model.policy import Direct, Mixture, Policy, Softmax
from pgsym.model.problem import Problem


def discount_name(gamma: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    """What the name ``gamma`` stands for in a file's formulas: the discount factor, unless that uses the name.

    >>> discount_name(sp.Rational(9, 10)), discount_name(sp.Symbol("gamma"))
    ({gamma: 9/10}, {})
    """
    symbol = sp.Symbol("gamma")
    return {} if symbol in gamma.free_symbols else {symbol: gamma}


def to_document(problem: Problem) -> dict[str, Any]:
    """The problem as a model file's content: dicts, lists, text and numbers only.

    Raises
    ------
    SchemaError
        A name, a symbol or a kind of policy that a file cannot hold.
    NameCollisionError
        A symbol called gamma that is not the discount factor, as it would be in a file.

    Examples
    --------
    >>> from pgsym.model.zoo import zoo
    >>> document = to_document(zoo("short-corridor"))
    >>> document["transitions"][0], document["policy"]["theta"]
    (['s1', 'R', 's2', 1, -1], {'theta': 0})
    """
    mdp = problem.mdp
    _check_symbols(problem)
    document: dict[str, Any] = {}
    for key in ("name", "source"):
        if getattr(problem, key):
            document[key] = str(getattr(problem, key))
    document["states"] = [plain_name(s, "states") for s in mdp.states]
    if mdp.terminal:
        document["terminal"] = [plain_name(s, "terminal") for s in mdp.states if s in mdp.terminal]
    document["transitions"] = [
        [plain_name(s, "states"), plain_name(a, "actions"), plain_name(t, "states"), _plain(p), _plain(r)]
        for s, a, t, p, r in mdp.rows
    ]
    if mdp.start:
        if all(isinstance(s, str) for s in mdp.start):
            document["start"] = {str(s): _plain(p) for s, p in mdp.start.items()}
        else:
            document["start"] = [[plain_name(s, "start"), _plain(p)] for s, p in mdp.start.items()]
    document["gamma"] = _plain(mdp.gamma)
    document["objective"] = str(problem.objective)
    if mdp.assumptions:
        document["symbols"] = {str(name): str(text) for name, text in mdp.assumptions.items()}
    document["policy"] = _policy_document(problem.policy)
    document["policy"]["theta"] = {symbol.name: _plain(problem.theta[symbol]) for symbol in problem.policy.params}
    return document


def _policy_document(policy: Policy) -> dict[str, Any]:
    if isinstance(policy, Softmax):
        logits = {s: {a: form.to_sympy() for a, form in row.items()} for s, row in policy.logits.items()}
        return {"params": [symbol.name for symbol in policy.params], "logits": _table(logits)}
    if isinstance(policy, Direct):
        params = [symbol.name for symbol in policy.params]
        return {"params": params, "probabilities": _table(policy.probabilities)}
    if isinstance(policy, Mixture) and not isinstance(policy.base, Mixture):
        return {**_policy_document(policy.base), "epsilon": _plain(policy.epsilon)}
    kind = "mixture of a mixture" if isinstance(policy, Mixture) else type(policy).__name__
    raise SchemaError(
        f"the policy is a {kind}; a file holds logits, probabilities, or one mixture of these. "
        "Write it as probabilities",
        where="policy",
    )


def _table(rows: Mapping[Hashable, Mapping[Hashable, sp.Expr]]) -> Any:
    """A mapping where all names are text, else rows, which keep the types of names."""
    if all(isinstance(name, str) for s, row in rows.items() for name in (s, *row)):
        return {str(s): {str(a): _plain(value) for a, value in row.items()} for s, row in rows.items()}
    return [
        [plain_name(s, "policy"), plain_name(a, "policy"), _plain(value)]
        for s, row in rows.items()
        for a, value in row.items()
    ]


def _plain(value: sp.Expr) -> int | str:
    if isinstance(value, sp.Rational):
        return int(value) if isinstance(value, sp.Integer) else unparse(value)
    return unparse(value)


def _check_symbols(problem: Problem) -> None:
    """Symbols are written as bare names, so the bare name must say everything."""
    mdp, policy = problem.mdp, problem.policy
    in_policy: set[sp.Symbol] = {symbol for expr in policy.expressions() for symbol in expr.free_symbols}
    for symbol in in_order({*mdp.symbols, *policy.params, *in_policy}):
        if symbol != sp.Symbol(symbol.name):
            raise SchemaError(
                f"symbol {symbol} carries SymPy assumptions; a file holds plain symbols. "
                f"Build the model with Symbol({symbol.name!r}) and say what is assumed in symbols",
                where="symbols",
            )
    gamma = sp.Symbol("gamma")
    meaning = discount_name(mdp.gamma)
    if gamma in meaning and gamma in (mdp.symbols | in_policy) - set(policy.params):
        raise NameCollisionError(
            f"gamma names a symbol of the model whose discount factor is {mdp.gamma}; in a file it names the "
            "discount factor. Rename the symbol",
            where="symbols",
        )


# -- names ------------------------------------------------------------------------------------------------


class FileNames:
    """The names of one kind (state or action), to be looked up by the keys of a mapping.

    JSON's keys are always text, so a key stands for the name that equals it, else for the one name that is
    written like it: ``"1"`` for 1, ``"[0, 1]"`` for (0, 1).  ``1``, ``"1"`` and ``true`` are three names.

    Examples
    --------
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
        """The name that `key` stands for.

        Raises
        ------
        StructureError
            No name, or more than one, is written like the key.
        """
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
        raise StructureError(
            f"{self.kind} {short(repr(key))} is unknown; {help}. Check its name",
            where=where,
        )


def _typed(name: Any) -> Any:
    """Equal only for names of one type: in Python 1 == True == 1.0."""
    if isinstance(name, tuple):
        return tuple(map(_typed, name))
    return (type(name), name)


def _written(name: Any) -> str:
    return name if isinstance(name, str) else json.dumps(name)


def plain_name(name: Any, where: str) -> Any:
    """A name as YAML and JSON can hold it; tuples become lists.

    Raises
    ------
    SchemaError
        The name is of another type.

    Examples
    --------
    >>> plain_name((0, "a"), "states")
    [0, 'a']
    """
    if isinstance(name, tuple):
        return [plain_name(part, where) for part in name]
    if isinstance(name, bool):
        return name
    for kind, convert in ((str, str), (numbers.Integral, int), (float, float)):
        if isinstance(name, kind):
            return convert(name)
    raise SchemaError(
        f"{name!r} is of type {type(name).__name__}; a model file holds text, numbers, true, false "
        "and tuples of these as names. Rename it",
        where=where,
    )

"""Model files, YAML or JSON: ``loads``, ``dumps``, and the document between text and `Problem`.

A document is a dict of plain values with the keys ``states``, ``transitions``, ``terminal``, ``start``, ``gamma``,
``symbols``, ``objective``, ``policy``, ``name`` and ``source``; docs/model-files.md describes them.
"""

from __future__ import annotations

import gc
import json
import numbers
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import sympy as sp
import yaml

from pgsym.errors import NameCollisionError, PgsymError, SchemaError
from pgsym.expression.grammar import unparse
from pgsym.expression.naming import in_order
from pgsym.model.files.compose import compose, discount_name
from pgsym.model.files.reading import SCALARS, read_text, trusting
from pgsym.model.files.schema import read_document
from pgsym.model.policy import Direct, Mixture, Policy, Softmax
from pgsym.model.problem import Problem
from pgsym.model.symbols import all_symbols


def loads(text: str, format: str = "yaml", *, where: str | None = None) -> Problem:
    """The problem in a model file's text; `format` is ``yaml`` or ``json``, `where` begins every message.

    >>> problem = loads("{states: [s, end], terminal: [end], transitions: [[s, go, end, 1, 2]], start: {s: 1}}")
    >>> problem.mdp, problem.policy
    (MDP(2 states, 1 terminal, 1 outcome, gamma=1), Softmax(1 state, 1 parameter))
    """
    if format not in ("yaml", "json"):
        raise SchemaError(f"found {format!r}; the format is yaml or json. Give one of these", where="format")
    with _without_collector():
        return from_document(read_text(text, format, where=where), where=where)


def from_document(document: Any, *, where: str | None = None) -> Problem:
    """The problem that a document describes; `where` begins every message.

    >>> from_document({"states": ["s"], "transitions": [["s", "go", "s", 1, 1]], "gamma": "1/2"}).theta
    {theta_s: 0}
    """
    with inside(where):
        if not isinstance(document, dict):
            found = type(document).__name__
            raise SchemaError(f"found {found}; a model is a mapping of keys such as states. Write key: value")
        if "model" not in document:
            return compose(read_document(document))
        problem = compose(read_document(document["model"], "model."), "model.")
        title, source = (str(document.get(key, "")) for key in ("id", "source"))
        return replace(problem, name=problem.name or title, source=problem.source or source)


def dumps(problem: Problem, format: str = "yaml") -> str:
    """A model file's text, from which `loads` reads an equal problem.

    >>> problem = loads("{states: [s], transitions: [[s, go, s, 1, r]], gamma: 1/2, policy: {logits: {}}}")
    >>> print(dumps(problem), end="")
    states: [s]
    transitions:
    - [s, go, s, 1, r]
    gamma: 1/2
    objective: start-state
    policy:
      params: []
      logits:
        s: {go: 0}
      theta: {}
    """
    document = to_document(problem)
    if format == "json":
        text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    else:
        options: dict[str, Any] = {"sort_keys": False, "default_flow_style": None, "width": 2**16}
        text = yaml.dump(document, Dumper=_Dumper, **options)
    required = "every formula must be rational in plain symbols and exponentials. Simplify the formulas"
    return read_back(text, partial(loads, format=format), problem, required)


def read_back(text: str, loads: Callable[..., Problem], problem: Problem, required: str) -> str:
    """`text`, once it is known that it reads back."""
    with trusting():
        same = loads(text, where="read back") == problem
    if not same:
        raise SchemaError(f"the text does not read back to an equal problem; {required}", where=problem.name or "model")
    return text


# libyaml where PyYAML was built with it.
_BASE: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_BASE):
    """Quotes whatever YAML 1.1 or our reader would not take for text; a row is one line, without aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_list(dumper: _Dumper, data: list[Any]) -> yaml.Node:
    rows = bool(data) and all(isinstance(item, list) for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=not rows)


_Dumper.add_representer(list, _represent_list)
for _tag, _pattern, _first in SCALARS:
    _Dumper.add_implicit_resolver(_tag, _pattern, list(_first))


@contextmanager
def _without_collector() -> Iterator[None]:
    """What is read holds no reference cycles; looking for them among millions of values takes a third of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@contextmanager
def inside(where: str | None) -> Iterator[None]:
    """Every error names the file as well."""
    try:
        yield
    except PgsymError as error:
        if where is None:
            raise
        inner = error.where if isinstance(error.where, str) or error.where is None else repr(error.where)
        raise type(error)(error.message, where=where if inner is None else f"{where}: {inner}") from None


def to_document(problem: Problem) -> dict[str, Any]:
    """The problem as a model file's content: dicts, lists, text and numbers only.

    >>> from pgsym.model.zoo import zoo
    >>> document = to_document(zoo("short-corridor"))
    >>> document["transitions"][0], document["policy"]["theta"]
    (['s1', 'R', 's2', 1, -1], {'theta': 0})
    """
    mdp = problem.mdp
    _check_symbols(problem)
    document: dict[str, Any] = {"name": str(problem.name), "source": str(problem.source)}
    document = {key: text for key, text in document.items() if text}
    document["states"] = [plain_name(s, "states") for s in mdp.states]
    if mdp.terminal:
        document["terminal"] = [plain_name(s, "terminal") for s in mdp.states if s in mdp.terminal]
    document["transitions"] = [
        [plain_name(s, "states"), plain_name(a, "actions"), plain_name(t, "states"), plain_formula(p), plain_formula(r)]
        for s, a, t, p, r in mdp.rows
    ]
    if mdp.start:
        if all(isinstance(s, str) for s in mdp.start):
            document["start"] = {str(s): plain_formula(p) for s, p in mdp.start.items()}
        else:
            document["start"] = [[plain_name(s, "start"), plain_formula(p)] for s, p in mdp.start.items()]
    document["gamma"] = plain_formula(mdp.gamma)
    document["objective"] = str(problem.objective)
    if mdp.assumptions:
        document["symbols"] = {str(name): str(text) for name, text in mdp.assumptions.items()}
    document["policy"] = _policy_document(problem.policy)
    document["policy"]["theta"] = {
        symbol.name: plain_formula(problem.theta[symbol]) for symbol in problem.policy.params
    }
    return document


def _policy_document(policy: Policy) -> dict[str, Any]:
    params = [symbol.name for symbol in policy.params]
    if isinstance(policy, Softmax):
        logits = {s: {a: form.to_sympy() for a, form in row.items()} for s, row in policy.logits.items()}
        return {"params": params, "logits": _table(logits)}
    if isinstance(policy, Direct):
        return {"params": params, "probabilities": _table(policy.probabilities)}
    if isinstance(policy, Mixture) and not isinstance(policy.base, Mixture):
        return {**_policy_document(policy.base), "epsilon": plain_formula(policy.epsilon)}
    kind = "mixture of a mixture" if isinstance(policy, Mixture) else type(policy).__name__
    raise SchemaError(
        f"the policy is a {kind}; a file holds logits, probabilities, or one mixture of these. "
        "Write it as probabilities",
        where="policy",
    )


def _table(rows: Mapping[Hashable, Mapping[Hashable, sp.Expr]]) -> Any:
    """A mapping where all names are text, else rows, which keep the types of names."""
    if all(isinstance(name, str) for s, row in rows.items() for name in (s, *row)):
        return {str(s): {str(a): plain_formula(value) for a, value in row.items()} for s, row in rows.items()}
    return [
        [plain_name(s, "policy"), plain_name(a, "policy"), plain_formula(value)]
        for s, row in rows.items()
        for a, value in row.items()
    ]


def plain_formula(value: sp.Expr) -> int | str:
    """A number or a formula as a file holds it."""
    return int(value) if isinstance(value, sp.Integer) else unparse(value)


def _check_symbols(problem: Problem) -> None:
    """Symbols are written as bare names, so the bare name must say everything."""
    mdp, policy = problem.mdp, problem.policy
    for symbol in in_order(all_symbols(mdp, policy)):
        if symbol != sp.Symbol(symbol.name):
            raise SchemaError(
                f"symbol {symbol} carries SymPy assumptions; a file holds plain symbols. "
                f"Build the model with Symbol({symbol.name!r}) and say what is assumed in symbols",
                where="symbols",
            )
    gamma = sp.Symbol("gamma")
    meaning = discount_name(mdp.gamma)
    if gamma in meaning and gamma in (mdp.symbols | policy.mentioned) - set(policy.params):
        raise NameCollisionError(
            f"gamma names a symbol of the model whose discount factor is {mdp.gamma}; in a file it names the "
            "discount factor. Rename the symbol",
            where="symbols",
        )


def plain_name(name: Any, where: str) -> Any:
    """A name as YAML and JSON can hold it; tuples become lists.

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

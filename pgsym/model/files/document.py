"""From a problem to the plain values that a model file holds."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import sympy as sp

from pgsym.errors import NameCollisionError, SchemaError
from pgsym.expression.grammar import unparse
from pgsym.expression.symbols import in_order
from pgsym.model.files.names import plain_name
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
        for s, a in mdp.pairs
        for t, p, r in mdp.outcomes(s, a)
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

"""What ``--let`` gives: what the names of an estimator stand for."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from typing import Any

import sympy as sp

from pgsym.claims.evaluation import named
from pgsym.claims.language import tree as t
from pgsym.errors import SchemaError
from pgsym.estimators.numbers import base
from pgsym.expression.complaint import short
from pgsym.expression.exact import to_expr
from pgsym.expression.naming import call
from pgsym.model.mdp import MDP


def read_let(let: Sequence[str] | None, mdp: MDP) -> dict[str, Any]:
    """Texts in the claim language, numbers by state, and symbols where no value is given.

    Raises
    ------
    SchemaError
        A name is given twice, or it is no NAME=VALUE.
    ClaimError
        A state is unknown.

    Examples
    --------
    >>> from pgsym.model.zoo import zoo
    >>> mdp = zoo("short-corridor").mdp
    >>> read_let(["b(s)=V(s)/2", "lambda"], mdp)
    {'b(s)': 'V(s)/2', 'lambda': lambda}
    >>> read_let(["v(s1)=1", 'v("s2")=-1/2', "b(s)"], mdp)
    {'v(s)': {'s1': 1, 's2': -1/2}, 'b(s)': {'s1': b(s1), 's2': b(s2), 's3': b(s3)}}
    """
    found: dict[str, Any] = {}
    for text in let or ():
        head, equals, value = (part.strip() for part in text.partition("="))
        if not head or (equals and not value):
            raise SchemaError(f"found {short(repr(text))}; must read NAME=VALUE. Write --let 'b(s)=-3'", where="--let")
        name, where = base(head), f"let {head}"
        places: tuple[Any, ...] = () if _is_general(head) else (_state(head, mdp),)
        key = f"{name}(s)" if places else head
        before = found.get(key) if places else None
        if any(base(other) == name for other in found) and (not isinstance(before, dict) or places[0] in before):
            raise SchemaError(f"found {name} twice there; once is required. Leave one out", where=where)
        if places:
            found.setdefault(key, {})[places[0]] = to_expr(value, where=where) if equals else _symbol(name, places[0])
        elif equals:
            found[key] = value
        else:
            found[key] = {s: _symbol(name, s) for s in mdp.nonterminal} if "(" in head else sp.Symbol(name)
    return found


def _symbol(name: str, state: Hashable) -> sp.Symbol:
    return sp.Symbol(call(name, state))


def _inside(head: str) -> str:
    return head.partition("(")[2].removesuffix(")").strip()


def _is_general(head: str) -> bool:
    """Whether it stands for all states, as v, v(s) and v(s,a) do; a state called s is quoted."""
    return re.fullmatch(r"([sa]'*(\s*,\s*[sa]'*)*)?", _inside(head)) is not None


def _state(head: str, mdp: MDP) -> Hashable:
    """The state in a head such as v(s1) or v("s")."""
    name = _inside(head)
    quoted = len(name) > 1 and name[0] == name[-1] == '"'
    return named(t.Literal(name[1:-1] if quoted else int(name) if name.isdecimal() else name), mdp.states, "state")

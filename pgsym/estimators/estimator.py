r"""Estimators of grad J: random vectors on a run, written in the claim language.

A run lasts until it ends, or is cut off after T steps.  The exact law, the sampler and the printed formula all come
from the one tree; a name such as ``gae`` stands for a text with definitions that can be replaced.

>>> print(find_estimator("reward-to-go"))
sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - b(s_t))
>>> print(find_estimator("sum[t] grad log pi(a_t|s_t) * (G_t - b(s_t))", {"b(s)": -3}))
sum[t] grad log pi(a_t|s_t) * (G_t - b(s_t))
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.check import check
from pgsym.claims.language.parse import parse_expression
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import Binding, Let, equal
from pgsym.errors import SchemaError
from pgsym.estimators.named import COUNT, ESTIMATORS, NAMES, UNDISCOUNTED, named_text
from pgsym.estimators.numbers import base, given_value, require_count
from pgsym.expression.complaint import nearest, short, wrong_horizon
from pgsym.expression.exact import to_expr, written

STEPS = "T"
"""In the text of an estimator, how many steps a run has before it is cut off."""


@dataclass(frozen=True)
class Estimator:
    """A random vector on a run, whose mean is to be grad J.

    Raises
    ------
    ClaimError
        The text is no random vector on a run.
    SchemaError
        A number makes no sense, or the text has no such name.

    Examples
    --------
    >>> mine = Estimator("sum[t] grad log pi(a_t|s_t) * (G - b(s_t))", {"b(s)": sp.Symbol("x")}, horizon=5)
    >>> mine.description, sorted(map(str, mine.symbols))
    ('sum[t] grad log pi(a_t|s_t) * (G - b(s_t)), b(s) = x, cut off after 5 steps', ['x'])
    >>> Estimator("sum[t] G_t")
    Traceback (most recent call last):
      ...
    pgsym.errors.ClaimError: found a scalar; an estimator of grad J is a vector over the parameters. Multiply by a \
score, as in grad log pi(a_t|s_t)
        sum[t] G_t
        ^
    """

    text: str
    """In the claim language, as it would stand under E[tau]."""
    let: Mapping[str, Any] = field(default_factory=dict)
    """What the text's own names stand for: ``{"b(s)": "V(s)"}`` text in the language, ``{"v(s)": {"s": 3}}`` numbers by
    state, ``{"lambda": x}`` a number or a SymPy expression, which may have symbols.
    """
    horizon: int | None = None
    """Steps after which a run is cut off, at least 1; None: it is not."""
    bootstrap: bool = True
    """Where a run is cut off, what is taken in the state after its last step has its value there; False: it is 0, as if
    the cut-off were the end.
    """
    stationary: bool = False
    """Runs begin in the stationary distribution, not with mu0."""
    name: str = ""
    """What it is called."""

    def __post_init__(self) -> None:
        if self.horizon is not None:
            require_count(self.horizon, where="horizon")
            if wrong := wrong_horizon(self.horizon):
                raise SchemaError(wrong, where="horizon")
        object.__setattr__(self, "let", {head: given_value(value, f"let {head}") for head, value in self.let.items()})
        scope = Scope(self.bindings, self.source)
        if scope.rank(self.tree) != 1:
            raise scope.error(
                f"found {('a scalar', '', 'a matrix')[scope.rank(self.tree) or 0]}; an estimator of grad J is a vector "
                "over the parameters. Multiply by a score, as in grad log pi(a_t|s_t)",
                self.tree,
            )
        check(
            replace(
                equal(runs.RunExpect(self.tree, "E"), t.Grad(t.Quantity("J"))),
                bindings=self.bindings,
                source=self.source,
            )
        )
        bodies = (self.tree, *(b.body for b in scope.lets.values()))
        used = {node.name for body in bodies for node in body.walk() if isinstance(node, t.Call)}
        used |= {name for name in scope.lets if re.search(rf"(?<![^\W_]){name}(?![\w'])", self.text)}  # T in sum[t<T]
        for head in self.let:
            if base(head) not in used:
                raise SchemaError(f"the text has no {head}. Rename it or leave it out", where=f"let {head}")

    @cached_property
    def source(self) -> str:
        """The text behind what its names stand for."""
        given = [head for head, value in self.let.items() if not isinstance(value, str)]
        given += [STEPS] if re.search(rf"\b{STEPS}\b", self.text) else []
        lets = "".join(f"let {head} = {value}; " for head, value in self.let.items() if isinstance(value, str))
        return (f"for all {', '.join(given)}: " if given else "") + lets + self.text

    @cached_property
    def _read(self) -> tuple[t.Node, tuple[Binding, ...]]:
        return parse_expression(self.source)

    @property
    def tree(self) -> t.Node:
        """The random vector."""
        return self._read[0]

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """What its names stand for."""
        return self._read[1]

    @property
    def values(self) -> dict[str, Any]:
        """The names that stand for numbers: a number for all places, or by state."""
        return {head: value for head, value in self.let.items() if not isinstance(value, str)}

    @property
    def symbols(self) -> frozenset[sp.Symbol]:
        """The free symbols of its numbers.

        >>> sorted(find_estimator("gae", {"lambda": sp.Symbol("x"), "v": {"s": "y"}}).symbols, key=str)
        [x, y]
        """
        return frozenset(x for value in self.values.values() for e in _numbers(value) for x in e.free_symbols)

    @property
    def looks_ahead(self) -> bool:
        """Whether values stand in it for what comes after the last step of a run that is cut off.

        >>> find_estimator("all-knowing").looks_ahead, find_estimator("advantage").looks_ahead
        (True, False)
        """
        bodies = (self.tree, *(b.body for b in self.bindings if isinstance(b, Let)))
        values = [n for body in bodies for n in body.walk() if isinstance(n, t.Call | t.Quantity)]
        timed = [(n.name, runs.read_timed(i)) for n in values for i in n.indices if isinstance(i, str)]
        ahead = self.bootstrap
        return any(at and (name in ("Q", "A") or (ahead and at[0] == "s" and at[1].shift > 0)) for name, at in timed)

    def subs(self, point: Mapping[sp.Symbol, sp.Expr]) -> Estimator:
        """The same estimator with symbols replaced.

        >>> find_estimator("gae", {"lambda": sp.Symbol("x")}).subs({sp.Symbol("x"): sp.Rational(1, 2)}).let["lambda"]
        1/2
        """

        def put(value: Any) -> Any:
            if isinstance(value, Mapping):
                return {s: e.xreplace(dict(point)) for s, e in value.items()}
            return value if isinstance(value, str) else value.xreplace(dict(point))

        return replace(self, let={head: put(value) for head, value in self.let.items()})

    @property
    def label(self) -> str:
        """What messages and results call it: its name, or its text."""
        return self.name or str(self)

    @property
    def description(self) -> str:
        """One line: what it is called, or its text, what its names stand for, and how long a run is."""
        defaults: Mapping[str, str | None] = {}
        parts = [self.name or self.text]
        if self.name in NAMES:
            defaults, known = ESTIMATORS[self.name.removesuffix(UNDISCOUNTED)].let, named_text(self.name)
            counts = re.fullmatch(COUNT.sub(r"(?P<\1>\\d+)", re.escape(known)), self.text)
            parts += [f"{head} = {count}" for head, count in (counts.groupdict() if counts else {}).items()]
        for head, value in self.let.items():
            if isinstance(value, Mapping):
                parts.append(f"{head} by state")
            elif str(value) != defaults.get(head):
                parts.append(f"{head} = {value}")
        if self.stationary:
            parts.append("from the stationary distribution")
        if self.horizon is not None:
            parts.append(f"cut off after {self.horizon} steps" + ("" if self.bootstrap else ", no bootstrap"))
        return ", ".join(parts)

    def latex(self) -> str:
        """The random vector as LaTeX.

        >>> print(find_estimator("sum[t] grad log pi(a_t|s_t) * G").latex())
        \\sum_{t \\ge 0} \\nabla \\log \\pi(a_{t} \\mid s_{t}) \\, R(\\tau)
        """
        return self.tree.latex()

    def __str__(self) -> str:
        return str(self.tree)

    def to_json(self) -> dict[str, Any]:
        """Plain data, from which `from_json` makes it again."""
        let = {
            head: value
            if isinstance(value, str)
            else [[s, written(e)] for s, e in value.items()]
            if isinstance(value, Mapping)
            else {"number": written(value)}
            for head, value in self.let.items()
        }
        return {
            "name": self.name,
            "text": self.text,
            "let": let,
            "horizon": self.horizon,
            "bootstrap": self.bootstrap,
            "stationary": self.stationary,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Estimator:
        """The estimator of `to_json`.

        >>> one = find_estimator("gae", {"lambda": 0.9, "v(s)": {"s": 3}}, horizon=4)
        >>> Estimator.from_json(one.to_json()) == one
        True
        """
        let = {
            head: to_expr(value["number"], where=head) if isinstance(value, Mapping) else value
            for head, value in data["let"].items()
        }
        return cls(**{**data, "let": let})


def find_estimator(
    estimator: Estimator | str,
    let: Mapping[str, Any] | None = None,
    *,
    horizon: int | None = None,
    bootstrap: bool = True,
    stationary: bool = False,
) -> Estimator:
    """The estimator of that name or text, or the one given.

    Every entry point reads estimators with it: Python, the command line, study files.

    Parameters
    ----------
    estimator
        An estimator, a name of `ESTIMATORS`, with ``-undiscounted`` behind it without gamma^t, or a text.
    let, horizon, bootstrap, stationary
        As for `Estimator`; they replace what a name stands for.  ``b`` may be written for ``b(s)``.

    Raises
    ------
    SchemaError
        The name is unknown, it has no such name of its own, or one that it needs is missing.
    ClaimError
        The text is no estimator.

    Examples
    --------
    >>> find_estimator("gae", {"lambda": "1/2"}).description
    'gae, lambda = 1/2'
    >>> print(find_estimator("n-step-undiscounted", {"n": 3, "v": 0}))
    sum[t] grad log pi(a_t|s_t) * sum[t<=u<t+3] gamma^(u-t) * (r_u + gamma * v(s_{u+1}) - v(s_u))
    >>> find_estimator("gae")
    Traceback (most recent call last):
      ...
    pgsym.errors.SchemaError: lambda: gae needs it. Give it with let
    """
    run: dict[str, Any] = {"horizon": horizon, "bootstrap": bootstrap, "stationary": stationary}
    if isinstance(estimator, Estimator):
        changed = {key: value for key, value in run.items() if value != Estimator.__dataclass_fields__[key].default}
        given = _replaced(estimator.let, let or {}, estimator.name or "the text")
        return replace(estimator, let=given, **changed) if let or changed else estimator
    if not isinstance(estimator, str):
        raise SchemaError(
            f"found {short(repr(estimator))}; a name, a text or an Estimator is required. Give one", where="estimator"
        )
    name = estimator.strip()
    if name not in NAMES and re.fullmatch(r"[\w+-]+", name):
        from pgsym.estimators.groups import GROUP_ESTIMATORS

        if name in GROUP_ESTIMATORS:
            raise SchemaError(
                f"found {name!r}, a loss of whole batches; an audit has its exact mean, bias and covariance. Write "
                f"pgsym audit {name} MODEL --exact --group-size 4, or pgsym.audit(problem, {name!r}, mode='exact', "
                "group_size=4)",
                where="estimator",
            )
    if name not in NAMES and re.fullmatch(r"[\w-]*", name):
        near = difflib.get_close_matches(short(name), NAMES, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "Choose one of them, or write an expression"
        raise SchemaError(
            f"found {short(repr(name))}; must be one of {', '.join(ESTIMATORS)}, or an expression such as sum[t] "
            f"grad log pi(a_t|s_t) * G_t. {hint}",
            where="estimator",
        )
    if name not in NAMES:
        return Estimator(estimator, {_head_in(name, head): value for head, value in (let or {}).items()}, **run)
    definition = ESTIMATORS[name.removesuffix(UNDISCOUNTED)]
    given = _replaced(definition.let, let or {}, name)
    for head, value in given.items():
        if value is None:
            raise SchemaError(f"{name} needs it. Give it with let", where=head)
    text = named_text(name)
    for word in COUNT.findall(text):
        count = given.pop(word)
        count = int(count) if isinstance(count, str) and count.isdigit() else count
        require_count(count, where=word)
        text = text.replace(f"<{word}>", str(count))
    return Estimator(text, given, **run, name=name)


def _replaced(known: Mapping[str, Any], let: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What the names stand for, with some replaced."""
    found = dict(known)
    heads = {base(head): head for head in known}
    for head, value in let.items():
        own = base(head)
        if own not in heads:
            has = nearest(own, list(heads), "it has")
            raise SchemaError(f"{name} has no such name; {has}. Rename it or leave it out", where=f"let {head}")
        found[heads[own]] = value
    return found


def _head_in(text: str, head: str) -> str:
    """A bare b as the text uses it: b(s) for b(s_t)."""
    use = re.search(rf"\b{re.escape(head)}\(([^()]*)\)", text)
    letters = [] if use is None else [re.match(r"\s*([sa])_", index) for index in use[1].split(",")]
    return f"{head}({','.join(found[1] for found in letters if found)})" if letters and all(letters) else head


def _numbers(value: Any) -> list[sp.Expr]:
    return list(value.values()) if isinstance(value, Mapping) else [value]

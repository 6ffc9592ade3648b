"""The unit of study: a model with its policy, its objective and a point, and what can become one by itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeAlias

import networkx as nx
import sympy as sp

from pgsym.errors import SchemaError
from pgsym.expression.complaint import brief, nearest, short
from pgsym.expression.naming import conditional, spelt
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policies import tabular
from pgsym.model.policy import Direct, Mixture, Policy
from pgsym.model.symbols import all_symbols, check_collision

Point = Mapping[sp.Symbol | str, Any] | Sequence[Any]
"""theta by symbol, by name, or in the order of ``policy.params``."""

ROWS = 24
"""Rows of a table; of a larger model the first ones are shown."""

FEW = 12
"""With more parameters, theta is not spelt out."""


@dataclass(frozen=True, init=False)
class Problem:
    """An MDP with a policy, an objective and a point theta; the first argument of every verb.

    Parameters
    ----------
    mdp
        An MDP, or the graph of one.
    policy
        Tabular softmax by default.
    objective
        ``start-state`` (the default), ``average-reward`` or ``stationary-value``.
    theta
        The point.  Left out, it is 0 for logits; probabilities given directly have no point then, and verbs that need
        one say so.
    name, source
        What the model is called, and where it comes from: book section, paper, or how it was constructed.
    assumed
        Which of ``policy``, ``theta`` and ``objective`` nobody chose; results say so in their first line.

    Raises
    ------
    NameCollisionError, PolicyError
        The model and the policy mean different things by one name; theta is incomplete, or not real.

    See Also
    --------
    pgsym.zoo, pgsym.load : Problems that are there.

    Examples
    --------
    >>> mdp = MDP.from_transitions(
    ...     [("s", "go", "end", "p", 1), ("s", "go", "s", "1 - p", 0), ("s", "wait", "s", 1, 0)],
    ...     start="s", terminal=["end"], gamma="9/10", symbols={"p": "0 < p < 1"})
    >>> problem = Problem(mdp)
    >>> problem.at(p="1/2").mdp.outcomes("s", "go")[0].p
    1/2
    >>> problem.at(q="1/2")
    Traceback (most recent call last):
      ...
    pgsym.errors.SchemaError: at: 'q' is neither a parameter nor a symbol; there are theta_s_go, theta_s_wait, p. \
Check the name
    """

    mdp: MDP
    policy: Policy
    objective: Objective
    theta: Mapping[sp.Symbol, sp.Expr]
    name: str
    source: str
    assumed: tuple[str, ...] = field(compare=False)

    def __init__(
        self,
        mdp: MDP | nx.MultiDiGraph,
        policy: Policy | None = None,
        objective: Objective | str = Objective.START_STATE,
        theta: Point | None = None,
        name: str = "",
        source: str = "",
        assumed: tuple[str, ...] = (),
    ) -> None:
        mdp = mdp if isinstance(mdp, MDP) else MDP(mdp)
        policy = tabular(mdp) if policy is None else policy
        check_collision(mdp, policy)
        point = _point(policy, theta)
        values = (mdp, policy, Objective.parse(objective), point, name, source, tuple(assumed))
        for part, value in zip(fields(self), values, strict=True):
            object.__setattr__(self, part.name, value)

    @classmethod
    def of(cls, model: Any) -> Problem:
        """The problem that `model` is, or becomes by itself: a name of the zoo, a file, ``gym:ID`` or ``generic:3x2``.

        An MDP, its graph or a gymnasium environment gets a tabular softmax policy at theta = 0 and the
        start-state objective, and says so in `assumed`.

        >>> Problem.of("sign-flip").objective.value
        'stationary-value'
        >>> Problem.of(Problem.of("short-corridor").mdp).assumed
        ('policy', 'theta', 'objective')
        """
        if isinstance(model, Problem):
            return model
        if isinstance(model, MDP | nx.Graph):
            return cls(model, assumed=tuple(ASSUMED))
        if hasattr(model, "unwrapped"):  # of gymnasium
            return cls(MDP.from_gymnasium(model), name=model.spec.id if model.spec else "", assumed=tuple(ASSUMED))
        if isinstance(model, str | os.PathLike):
            from pgsym.model.formats import locate

            return locate(os.fspath(model))
        raise SchemaError(
            f"found {short(repr(model))}; a problem, an MDP, a graph, a file or a name is required. "
            "Give pgsym.zoo(NAME), pgsym.load(FILE), pgsym.MDP.from_transitions(ROWS, start=STATE) or "
            "pgsym.Problem(mdp, policy)",
            where="problem",
        )

    @property
    def point(self) -> dict[sp.Symbol, sp.Expr]:
        """theta, complete; PolicyError where the problem has no point."""
        return dict(self.theta) or self.policy.point({})

    @property
    def exact_point(self) -> Mapping[sp.Symbol, sp.Expr] | None:
        """theta, where it is there and holds no floats."""
        return None if not self.theta or any(isinstance(v, sp.Float) for v in self.theta.values()) else self.theta

    @property
    def assumption(self) -> str:
        """What nobody chose, as a line; empty where all was chosen.

        >>> Problem.of(Problem.of("short-corridor").mdp).assumption
        'assumed: tabular softmax, theta = 0, start-state objective'
        """
        return f"assumed: {', '.join(ASSUMED[a] for a in self.assumed)}" if self.assumed else ""

    def __repr__(self) -> str:
        parts = [self.name, str(self.objective), repr(self.mdp), repr(self.policy), point_text(self.theta)]
        return f"Problem({', '.join(filter(None, parts))})"

    def __str__(self) -> str:
        """Name, objective, model, policy and theta, a line for each."""
        facts = {
            "objective": str(self.objective),
            "model": repr(self.mdp),
            "policy": repr(self.policy),
            "theta": point_text(self.theta) if self.theta or not self.policy.params else "none",
        }
        head = self.name + (f" ({self.source})" if self.source else "")
        return "\n".join(filter(None, [head, self.assumption, *(f"{name}: {fact}" for name, fact in facts.items())]))

    def _repr_html_(self) -> str:
        """The text, the picture where the model is small enough for one, and two tables."""
        from pgsym.display.result import html_table, paragraph

        mdp, policy = self.mdp, self.policy
        transitions = [(spelt(s), spelt(a), spelt(t), brief(p), brief(r)) for s, a, t, p, r in mdp.rows[:ROWS]]
        chosen = [(s, a) for s, a in mdp.pairs if len(mdp.actions(s)) > 1]
        probabilities = [(conditional("pi", a, s), brief(policy(a, s))) for s, a in chosen[:ROWS]]
        head = ("state", "action", "next state", "probability", "reward")
        parts = [
            paragraph([str(self)]),
            mdp._repr_svg_(),
            paragraph([_of("Outcomes", len(mdp.rows))]),
            html_table(head, transitions, left=(0, 1, 2)),
            paragraph([_of("Policy", len(chosen))]),
            html_table(("policy", "probability"), probabilities, left=(0, 1)),
        ]
        return "\n".join(part for part in parts if part is not None)

    def edit(self) -> Any:
        """An editor of the model for a notebook: its picture and its fields, with errors at the fields.

        Show it, change the model, and go on with its ``problem``: the last one that it showed without an error.

        Raises
        ------
        MissingExtraError
            anywidget is not installed.
        SchemaError
            A name or the policy is nothing that a model file holds.

        Examples
        --------
        >>> editor = Problem.of("two-state").edit()  # doctest: +SKIP
        >>> editor  # doctest: +SKIP
        >>> editor.problem  # doctest: +SKIP
        """
        from pgsym.model.editor import editor

        return editor(self)

    def replace(self, **changes: Any) -> Problem:
        """The same problem with other parts; a new policy leaves theta behind.

        >>> Problem.of("two-state").replace(objective="average-reward").objective.value
        'average-reward'
        """
        if "policy" in changes:
            changes = {"theta": None, **changes}
        return replace(self, **{"assumed": tuple(a for a in self.assumed if a not in changes), **changes})

    def at(self, theta: Any = None, **values: Any) -> Problem:
        """The problem at another point: ``problem.at(theta={"t": "log(2)"}, p="1/2")``; what is left out stays.

        `theta` has values of parameters, and of symbols of the model and the policy, by symbol or by name; or those of
        the parameters in the order of ``policy.params``.

        Raises
        ------
        SchemaError, PolicyError, ModelError
            An unknown name; a value that is not a real number, or contradicts an assumption.
        """
        params = {p.name: p for p in self.policy.params}
        if _is_number(theta):
            theta = {"theta": theta}
        elif theta is not None and not isinstance(theta, Mapping):
            theta = list(theta)
            theta = dict(zip(self.policy.point(theta), theta, strict=True))
        pairs = [(getattr(key, "name", key), value) for key, value in [*(theta or {}).items(), *values.items()]]
        given = dict(pairs)
        if len(given) < len(pairs):
            twice = next(name for name in given if [key for key, _ in pairs].count(name) > 1)
            raise SchemaError(f"found {twice} twice; one value is required. Leave one out", where="at")
        symbols = {s.name: s for s in all_symbols(self.mdp, self.policy) if s.name not in params}
        for name in given:
            if name not in params and name not in symbols:
                raise SchemaError(
                    f"{name!r} is neither a parameter nor a symbol; "
                    f"{nearest(name, [*params, *sorted(symbols)], 'there are')}. Check the name",
                    where="at",
                )
        inside = {symbols[name]: value for name, value in given.items() if name in symbols}
        point: dict[Any, Any] = {p.name: v for p, v in self.theta.items()}
        point |= {name: value for name, value in given.items() if name in params}
        changes: dict[str, Any] = {"theta": point} if point else {}
        if params.keys() & given:
            changes["assumed"] = tuple(a for a in self.assumed if a != "theta")
        if inside:
            # Probabilities given directly may hold symbols of the model.
            changes["mdp"] = self.mdp.subs({s: v for s, v in inside.items() if s in self.mdp.symbols})
            mentioned = self.policy.mentioned
            changes["policy"] = self.policy.subs({s: v for s, v in inside.items() if s in mentioned})
        return replace(self, **changes)

    def unroll(self, T: int) -> Problem:
        """The first T steps as a problem of its own; see `MDP.unroll`.

        >>> Problem.of("two-state").replace(objective="start-state").unroll(2).mdp
        MDP(5 states, 2 terminal, 12 outcomes, gamma=9/10)
        """
        mdp = self.mdp.unroll(T)
        return replace(self, mdp=mdp, policy=self.policy.pullback(mdp, lambda s: s[0]))  # type: ignore[index]


def given_numbers(theta: Any, values: Mapping[str, Any]) -> list[Any]:
    """The numbers among the arguments of `Problem.at`.

    >>> given_numbers({"t": 0.5}, {"p": "1/2"}), given_numbers(None, {})
    ([0.5, '1/2'], [])
    """
    numbers = [theta] if _is_number(theta) else [] if theta is None else theta
    return [*(numbers.values() if isinstance(numbers, Mapping) else numbers), *values.values()]


def _is_number(theta: Any) -> bool:
    """One number, for the parameter that is called theta."""
    return theta is not None and (isinstance(theta, str) or not isinstance(theta, Iterable))


ProblemLike: TypeAlias = Problem | MDP | nx.MultiDiGraph | str | os.PathLike[str]
"""What every verb takes first; see `Problem.of`."""

ASSUMED = {"policy": "tabular softmax", "theta": "theta = 0", "objective": "start-state objective"}
"""What is chosen where nobody says it."""


def _point(policy: Policy, theta: Point | None) -> dict[sp.Symbol, sp.Expr]:
    """theta by symbol, floats as floats; left out, it is 0 where every policy is one there: of logits."""
    if theta is None or (isinstance(theta, Mapping) and not theta):
        base = policy
        while isinstance(base, Mixture):
            base = base.base
        return {} if isinstance(base, Direct) else {p: sp.Integer(0) for p in policy.params}
    point = policy.point(theta)
    items = theta.items() if isinstance(theta, Mapping) else zip(point, theta, strict=True)
    given = {getattr(k, "name", k): v for k, v in items}
    return {p: sp.Float(given[p.name]) if isinstance(given[p.name], float | sp.Float) else v for p, v in point.items()}


def point_text(point: Mapping[Any, Any]) -> str:
    """A point in one line.

    >>> point_text({"x": 0, "y": "log(2)"}), point_text(dict.fromkeys(range(100), 0)), point_text({})
    ('x = 0, y = log(2)', '0 for all 100 parameters', 'no parameters')
    """
    values = {str(value) for value in point.values()}
    if len(point) > 1 and len(values) == 1:
        return f"{values.pop()} for all {len(point)} parameters"
    shown = [f"{name} = {value}" for name, value in list(point.items())[:FEW]]
    left_out = len(point) - len(shown)
    return ", ".join([*shown, f"{left_out} more"] if left_out else shown) or "no parameters"


def _of(title: str, count: int) -> str:
    """The title of a table, with what it leaves out.

    >>> _of("Outcomes", 5), _of("Outcomes", 100)
    ('Outcomes', 'Outcomes: the first 24 of 100')
    """
    return title if count <= ROWS else f"{title}: the first {ROWS} of {count}"

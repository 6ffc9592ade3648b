"""What a page computes: every quantity of the problem, and both sides of the policy gradient theorem.

The quantities are compiled from their closed forms.  Where these would be too long, the equations of V, eta and mu
are compiled themselves, as the elimination that solves them; the numbers are the same.  The left side of the theorem
is the derivative of J, the right side the tree of the statement; neither is got from the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.algebra import DualField
from pgsym.claims.catalogue import theorem
from pgsym.claims.compiler import Meaning
from pgsym.claims.evaluation import Evaluation, Tower
from pgsym.claims.language import Claim
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.tree import Node
from pgsym.claims.verify import policy_gradient_theorem
from pgsym.errors import TooLargeError
from pgsym.exact.quantities import Quantities
from pgsym.exact.solution import Solution, Table, solve
from pgsym.exact.tables import LazyMap
from pgsym.expression.naming import labels
from pgsym.model.drawing.picture import Picture
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure
from pgsym.reports.live.controls import Condition
from pgsym.reports.live.javascript import OPERATIONS, Code, CodeField

CLOSED_OPERATIONS = 12_000
"""The most operations of closed forms; beyond, elimination takes fewer."""
CLOSED_TERMS = 600
"""The most terms of a polynomial in them; a limit in seconds would make equal runs differ."""

Vector = Mapping[sp.Symbol, Code]


@dataclass(frozen=True)
class Side:
    """A right side of the theorem: its tree, and its coordinates by parameter."""

    tree: Node
    values: Vector


@dataclass(frozen=True)
class LiveFormulas:
    """Operations by what they compute."""

    field: CodeField
    closed: bool
    """Whether the quantities come from closed forms."""
    J: Code
    left: Vector
    """grad J, by differentiating J."""
    sides: list[Side]
    """What is claimed to equal it; for stationary-value the claim of lecture notes, and then what is true."""
    pi: Mapping[State, Mapping[Action, Code]]
    P_pi: Mapping[State, Mapping[State, Code]]
    state_values: Mapping[State, Code]
    """V, or h for the average reward."""
    weights: Mapping[State, Code]
    """eta or mu: the weight of the theorem; `shares` are the same, summing to 1."""
    shares: Mapping[State, Code]
    action_values: Mapping[tuple[State, Action], Code]
    terms: Mapping[sp.Symbol, Mapping[tuple[State, Action], tuple[Code, Code]]]
    """By parameter {(s, a): (d pi(a|s)/d theta_i, w(s) (d pi(a|s)/d theta_i) Q(s,a))}, zeros left out."""


def formulas(mdp: MDP, policy: Policy, objective: Objective, inputs: list[sp.Symbol]) -> LiveFormulas:
    """Compile a problem from its closed forms, or else from its equations.

    >>> from pgsym.model.zoo import zoo
    >>> problem = zoo("short-corridor")
    >>> found = formulas(problem.mdp, problem.policy, problem.objective, list(problem.policy.params))
    >>> found.closed, len(found.terms[sp.Symbol("theta")])
    (True, 6)
    """
    structure = Structure(mdp, policy)
    structure.require(objective)
    try:
        solution = solve(Problem(mdp, policy, objective), budget=CLOSED_TERMS)
        code = CodeField(inputs, CLOSED_OPERATIONS)
        left = {p: code.convert(e) for p, e in solution.grad.items()}
        found = _compile(code, Closed(solution, structure, code), left)
        code.limit = OPERATIONS
        return found
    except TooLargeError:
        code = CodeField(inputs)
        return _compile(code, Quantities(mdp, policy, objective, code, structure))


def _compiled(name: str) -> cached_property[Any]:
    """A quantity of the solution, or each entry of its table when it is asked for, compiled."""

    def value(self: Closed) -> Any:
        convert, found = self.field.convert, getattr(self.solution, name)
        return LazyMap(found, lambda key: convert(found[key])) if isinstance(found, Table) else convert(found)

    return cached_property(value)


class Closed(Quantities):
    """Each quantity compiled from its closed form."""

    V = _compiled("V")
    eta = _compiled("eta")
    mu = _compiled("mu")
    h = _compiled("h")
    Q = _compiled("Q")
    rbar = _compiled("rbar")
    J = _compiled("J")

    def __init__(self, solution: Solution, structure: Structure, code: CodeField) -> None:
        super().__init__(solution.mdp, solution.policy, solution.objective, code, structure)
        self.solution = solution


class Compiled(Evaluation):
    """A claim's world over operations, with quantities that are compiled already."""

    def __init__(self, ground: Quantities) -> None:
        policy = ground.policy
        tower = Tower(ground.field, lambda below: DualField(below, policy.params))
        named = {s.name: s for s in (*policy.params, *ground.mdp.symbols)}
        super().__init__(ground.mdp, policy, ground.objective, tower, ground.structure, functions={}, symbols=named)
        self._ground = ground

    def quantities(self, level: int) -> Any:
        return super().quantities(level) if level else self._ground


def _compile(code: CodeField, q: Quantities, left: Vector | None = None) -> LiveFormulas:
    world = Compiled(q)
    zero, params = code.zero, q.policy.params
    terms: dict[sp.Symbol, dict[tuple[State, Action], tuple[Code, Code]]] = {p: {} for p in params}
    dual = world.tower.field(1)
    for s in q.weighted:
        for a, p in world.quantities(1).pi[s].items():
            for theta, slope in dual.gradient(p).items():
                terms[theta][s, a] = slope, q.weight[s] * slope * q.Q[s, a]
    claims = [policy_gradient_theorem(q.objective)]
    if q.objective is Objective.STATIONARY_VALUE:
        claims.append(theorem("stationary-value-gradient").claims[0])
    shares = getattr(q, q.objective.definition.share)
    # closed forms are found on demand: here, where one that is too long can still give way
    return LiveFormulas(
        code, isinstance(q, Closed), q.J, left or _vector(world, claims[0], claims[0].left, params, zero),
        [Side(c.right, _vector(world, c, c.right, params, zero)) for c in claims],
        q.pi, q.P_pi, dict(q.baseline), dict(q.weight), dict(shares), dict(q.Q), terms,
    )  # fmt: skip


def _vector(world: Evaluation, claim: Claim, node: Node, params: tuple[sp.Symbol, ...], zero: Code) -> Vector:
    """The value of one side by parameter."""
    value = Meaning(world, Scope(claim.bindings, claim.source)).compile(node)({})
    entries = value if isinstance(value, dict) else {}
    return {p: entries.get(p, zero) for p in params}


class Outputs:
    """The outputs of the compiled function: every operation that the page shows, once, in order in `codes`."""

    def __init__(self, formulas: LiveFormulas, conditions: list[Condition]) -> None:
        self.formulas = formulas
        self.codes: list[Code] = []
        self._places: dict[Code, int] = {}
        self._conditions = conditions

    def at(self, code: Code) -> int:
        """The position of an operation among the outputs."""
        if code not in self._places:
            self._places[code] = len(self.codes)
            self.codes.append(code)
        return self._places[code]

    def data(self, picture: Picture | None) -> dict[str, Any]:
        """Positions and names, for the page's script."""
        f = self.formulas
        names = labels([*f.pi, *(a for row in f.pi.values() for a in row)])
        pairs = list(f.action_values)
        index = {pair: k for k, pair in enumerate(pairs)}
        return {
            "J": self.at(f.J),
            "grad": [self.at(code) for code in f.left.values()],
            "total": [self.at(code) for code in f.sides[0].values.values()],
            "pairs": [
                {
                    "state": names[s],
                    "action": names[a],
                    "weight": self.at(f.weights[s]) if s in f.weights else None,
                    "q": self.at(f.action_values[s, a]),
                }
                for s, a in pairs
            ],
            "terms": [
                [
                    {"pair": index[pair], "slope": self.at(slope), "term": self.at(term)}
                    for pair, (slope, term) in terms.items()
                ]
                for terms in f.terms.values()
            ],
            "conditions": [
                {"out": self.at(f.field.convert(c.value)), "strict": c.strict, "text": c.text} for c in self._conditions
            ],
            "graph": self._graph(picture) if picture is not None else {"nodes": [], "groups": []},
        }

    def _graph(self, picture: Picture) -> dict[str, Any]:
        """In the order in which the picture is written: its discs, and its groups of arrows."""
        f = self.formulas
        nodes = [self.at(f.shares[d.state]) if d.state in f.shares else None for d in picture.discs]
        if not picture.petals:
            arrows = [self.at(f.P_pi[arrow.state][arrow.target]) for arrow in picture.arrows]
            return {"nodes": nodes, "groups": [{"pi": None, "arrows": arrows}]}
        groups: dict[tuple[State, Action], list[int]] = {(p.state, p.action): [] for p in picture.petals}
        for arrow in picture.arrows:
            moved = f.pi[arrow.state][arrow.action] * f.field.convert(arrow.p)
            groups[arrow.state, arrow.action].append(self.at(moved))
        return {
            "nodes": nodes,
            "groups": [{"pi": self.at(f.pi[s][a]), "arrows": arrows} for (s, a), arrows in groups.items()],
        }

"""The finite MDP: a validated, immutable view of a NetworkX multigraph.

Nodes are states, with attributes ``terminal`` (bool) and ``start`` (probability).  Edges are outcomes, with
attributes ``action``, ``p`` = P(s'|s,a) and ``r`` = r(s,a,s'); two outcomes of one (s, a) may share s'.
A number ``order`` on the edges fixes the order of a state's actions and outcomes, which networkx groups by s'.
The graph carries ``gamma`` and ``symbols`` (name to assumption).  Numbers are exact SymPy expressions.
Any other attribute is refused, unless its name begins with ``_`` or is one of a drawing, such as ``label``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import networkx as nx
import sympy as sp

from pgsym.errors import StructureError
from pgsym.expression.assumptions import remaining_assumptions, replaced_assumptions
from pgsym.expression.complaint import counted, nearest
from pgsym.expression.exact import to_expr
from pgsym.expression.sums import Sums
from pgsym.model.numbering import Numbering
from pgsym.model.outcomes import Action as Action
from pgsym.model.outcomes import Outcome as Outcome
from pgsym.model.outcomes import Row as Row
from pgsym.model.outcomes import State as State
from pgsym.model.outcomes import complaint, edge_rows, is_in, outcome_table, require_distinct, require_rows
from pgsym.model.validate import check_gamma, check_names, check_probabilities, warn_rationalised

if TYPE_CHECKING:
    from pgsym.display.figure import Figure


class MDP:
    """A finite Markov decision process.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        See the module's docstring for its attributes.  It is copied; later changes do not matter.

    Raises
    ------
    ModelError
        A row that does not sum to exactly 1, a probability outside [0, 1], a state without an action,
        a terminal state with one, colliding names, an attribute that means nothing here...

    See Also
    --------
    Problem : A model with its policy and objective.
    zoo, load : Models that are there.

    Examples
    --------
    >>> graph = nx.MultiDiGraph(gamma="9/10")
    >>> graph.add_node("s", start=1)
    >>> graph.add_node("end", terminal=True)
    >>> _ = graph.add_edge("s", "end", action="go", p="2/3", r=1)
    >>> _ = graph.add_edge("s", "s", action="go", p="1/3", r=0)
    >>> mdp = MDP(graph)
    >>> mdp
    MDP(2 states, 1 terminal, 2 outcomes, gamma=9/10)
    >>> mdp.outcomes("s", "go")[0]
    Outcome(state='end', p=2/3, r=1)
    """

    states: tuple[State, ...]
    """All states, terminal ones included, in the order of the graph's nodes."""
    terminal: frozenset[State]
    """States of value 0, without actions."""
    gamma: sp.Expr
    """The discount factor."""
    start: dict[State, sp.Expr]
    """The initial distribution mu0, without its zeros; empty when the model does not give one."""
    assumptions: dict[str, str]
    """What is assumed of each symbol, as text: ``{"p": "0 < p < 1"}``; ``real`` of undeclared probabilities."""
    _table: dict[State, dict[Action, tuple[Outcome, ...]]]

    def __init__(self, graph: nx.MultiDiGraph) -> None:
        rows, nodes = edge_rows(graph), graph.nodes
        for s, data in nodes(data=True):
            if wrong := complaint("node", data):
                raise StructureError(wrong, where=s)
        if wrong := complaint("graph", graph.graph, ("name",)):
            raise StructureError(wrong, where="graph")
        found = MDP.from_transitions(
            rows,
            start={s: p for s, p in nodes(data="start") if p is not None},
            terminal=[s for s, terminal in nodes(data="terminal") if terminal],
            gamma=graph.graph.get("gamma", 1),
            symbols=graph.graph.get("symbols", {}),
            states=nodes,
        )
        vars(self).update(vars(found))

    @classmethod
    def from_transitions(
        cls,
        transitions: Iterable[Sequence[Any]],
        *,
        start: Mapping[State, Any] | State | None = None,
        terminal: Iterable[State] = (),
        gamma: Any = 1,
        symbols: Mapping[Any, str] | None = None,
        states: Iterable[State] | None = None,
        sums: Sums | None = None,
    ) -> MDP:
        """From a list of ``(s, a, s', p, r)``: numbers, SymPy expressions or formulas as text.

        Parameters
        ----------
        start
            Initial distribution as a mapping, or the one start state.
        terminal
            States of value 0.
        symbols
            Name of a symbol to its assumption, e.g. ``{"p": "0 < p < 1"}``.
        states
            Fixes the order, and makes any other state name an error.
        sums
            Decides whether symbolic rows sum to 1, within its bound; by default there is none.

        Examples
        --------
        >>> MDP.from_transitions([("s", "go", "end", 1, 1)], start="s", terminal=["end"])
        MDP(2 states, 1 terminal, 1 outcome, gamma=1)
        """
        rows = [tuple(row) for row in transitions]
        terminal = list(terminal)
        require_rows(rows)
        mu0 = dict(start) if isinstance(start, Mapping) else {} if start is None else {start: 1}
        if states is None:
            known = dict.fromkeys(chain((s for row in rows for s in (row[0], row[2])), terminal))
        else:
            known = require_distinct(states)
            used = chain(
                ((s, i) for i, row in enumerate(rows) for s in (row[0], row[2])),
                ((s, "start") for s in mu0),
                ((s, "terminal") for s in terminal),
            )
            for s, place in used:
                if not is_in(known, s):
                    raise StructureError(
                        f"state {s!r} is unknown; every state must be listed in states. Add it there",
                        where=place if isinstance(place, str) else f"transitions[{place}]",
                    )
        for s in mu0:
            if s not in known:
                raise StructureError(f"state {s!r} is unknown; it has no transition. Check its name", where="start")
        warn_rationalised(chain((gamma,), mu0.values(), (value for row in rows for value in row[3:])))
        mdp = cls.__new__(cls)
        mdp.states, mdp.terminal = tuple(known), frozenset(terminal)
        mdp.gamma = to_expr(gamma, where="gamma")
        exact = {s: to_expr(mu0[s], where=("start", s)) for s in known if s in mu0}
        mdp.start = {s: p for s, p in exact.items() if p != 0}
        mdp.assumptions = {str(getattr(symbol, "name", symbol)): text for symbol, text in (symbols or {}).items()}
        mdp._table = outcome_table(rows, mdp.states, mdp.terminal)
        check_gamma(mdp.gamma)
        check_names(mdp)
        check_probabilities(mdp, sums or Sums())
        return mdp

    @classmethod
    def from_arrays(cls, P: Any, r: Any, **options: Any) -> MDP:
        """From NumPy arrays; see `pgsym.model.arrays.from_arrays`."""
        from pgsym.model.arrays import from_arrays

        return from_arrays(P, r, **options)

    @classmethod
    def from_gymnasium(cls, env: Any, **options: Any) -> MDP:
        """From a gymnasium environment with a transition table; see `pgsym.model.gym.from_gymnasium`."""
        from pgsym.model.gym import from_gymnasium

        return from_gymnasium(env, **options)

    def actions(self, state: State) -> tuple[Action, ...]:
        """The actions available in `state`, in order of first appearance; none in a terminal state."""
        return tuple(self._table.get(state, ()))

    def outcomes(self, state: State, action: Action) -> tuple[Outcome, ...]:
        """All outcomes of (s, a): next state, P(s'|s,a), r(s,a,s')."""
        return self._table[state][action]

    @cached_property
    def nonterminal(self) -> tuple[State, ...]:
        """The states that have actions, in order."""
        return tuple(s for s in self.states if s not in self.terminal)

    @cached_property
    def pairs(self) -> tuple[tuple[State, Action], ...]:
        """All (s, a), in order."""
        return tuple((s, a) for s in self.nonterminal for a in self.actions(s))

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All outcomes as (s, a, s', p, r), in order."""
        return tuple((s, a, *outcome) for s, a in self.pairs for outcome in self.outcomes(s, a))

    @cached_property
    def symbols(self) -> frozenset[sp.Symbol]:
        """Every symbol of P, r, mu0 and gamma."""
        different = {self.gamma, *self.start.values()}
        different.update(expr for *_, p, r in self.rows for expr in (p, r) if not expr.is_Rational)
        return frozenset(symbol for expr in different for symbol in expr.free_symbols)

    @cached_property
    def undiscounted(self) -> bool:
        """Whether gamma is 1, so that values are finite only where runs end."""
        return bool(self.gamma == 1)

    @cached_property
    def numbering(self) -> Numbering:
        """The outcomes by number."""
        return Numbering(self)

    def to_graph(self) -> nx.MultiDiGraph:
        """A graph that `MDP` reads back to an equal model; edges are keyed (action, outcome number)."""
        graph = nx.MultiDiGraph(gamma=self.gamma, symbols=dict(self.assumptions))
        for s in self.states:
            graph.add_node(s, terminal=s in self.terminal, start=self.start.get(s, sp.Integer(0)))
        numbers: Counter[tuple[State, Action]] = Counter()
        for order, (s, a, t, p, r) in enumerate(self.rows):
            graph.add_edge(s, t, key=(a, numbers[s, a]), action=a, p=p, r=r, order=order)
            numbers[s, a] += 1
        return graph

    def changed(self, **parts: Any) -> MDP:
        """A copy with other parts, as for `from_transitions`; assumptions go with the last use of their symbols."""
        old = {"transitions": self.rows, "symbols": self.assumptions}
        old |= {name: getattr(self, name) for name in ("start", "terminal", "gamma", "states")}
        new: dict[str, Any] = {**old, **parts}
        # An outcome whose probability is 0 is none.
        outcomes = (value for *_, p, r in new["transitions"] if p != 0 for value in (p, r))
        values = {new["gamma"], *new["start"].values(), *outcomes}
        used = {symbol.name for value in values for symbol in value.free_symbols}
        return MDP.from_transitions(**new | {"symbols": remaining_assumptions(new["symbols"], used)})

    def replace(self, *, gamma: Any = None, start: Mapping[State, Any] | None = None) -> MDP:
        """A copy with another discount factor or initial distribution."""
        warn_rationalised([*([] if gamma is None else [gamma]), *(start or {}).values()])
        known = frozenset(self.states)
        for s in start or ():
            if s not in known:
                raise StructureError(f"state {s!r} is unknown; a start is a state. Check its name", where="start")
        parts: dict[str, Any] = {} if gamma is None else {"gamma": to_expr(gamma, where="gamma")}
        if start is not None:
            parts["start"] = {s: to_expr(p, where=("start", s)) for s, p in start.items()}
        return self.changed(**parts)

    def subs(self, values: Mapping[sp.Symbol | str, Any]) -> MDP:
        """A copy with symbols of P, r, mu0 or gamma replaced by numbers or formulas, in the assumptions too.

        ModelError for a name that is no symbol of the model, or a value that contradicts a declared assumption.
        """
        by_name = {s.name: s for s in self.symbols}
        point: dict[sp.Symbol, sp.Expr] = {}
        for symbol, value in values.items():
            name = symbol if isinstance(symbol, str) else symbol.name
            if name not in by_name:
                raise StructureError(
                    f"{name!r} is no symbol of the model; {nearest(name, sorted(by_name), 'its symbols are')}. "
                    "Check the name",
                    where="subs",
                )
            point[by_name[name]] = to_expr(value, where=name)
        return self.changed(
            transitions=[(s, a, t, p.xreplace(point), r.xreplace(point)) for s, a, t, p, r in self.rows],
            start={s: p.xreplace(point) for s, p in self.start.items()},
            gamma=self.gamma.xreplace(point),
            symbols=replaced_assumptions(self.assumptions, point),
        )

    def unroll(self, T: int) -> MDP:
        """The time-expanded MDP of a finite horizon: states (s, t) for t < T, all ended at t = T.

        Every state of the result is reachable from the start.  Pull a policy back to it with
        ``policy.pullback(unrolled, lambda state: state[0])``: copies share their parameters.
        """
        if T < 1:
            raise StructureError(f"horizon {T}; at least one step is required. Give T >= 1", where="unroll")
        layer = list(self.start) or list(self.states)
        states, rows = [(s, 0) for s in layer], []
        for t in range(1, T + 1):
            steps = [(s, a, o) for s in layer for a in self.actions(s) for o in self.outcomes(s, a)]
            rows += [((s, t - 1), a, (o.state, t), o.p, o.r) for s, a, o in steps]
            layer = list(dict.fromkeys(o.state for _, _, o in steps))
            states += [(s, t) for s in layer]
        return self.changed(
            transitions=rows,
            start={(s, 0): p for s, p in self.start.items()},
            terminal=[(s, t) for s, t in states if t == T or s in self.terminal],
            states=states,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MDP):
            return NotImplemented
        parts = attrgetter("states", "terminal", "gamma", "start", "assumptions", "_table")
        return bool(parts(self) == parts(other))

    __hash__ = object.__hash__

    def _repr_svg_(self) -> str | None:
        """The picture in a notebook; nothing for a model too large to draw."""
        from pgsym.model.drawing import is_drawable, svg

        return svg(self) if is_drawable(self) else None

    def plot(self) -> Figure:
        """The picture as a matplotlib figure, whose ``savefig`` writes PNG and PDF; see `pgsym.svg`.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        StructureError
            Too large to draw.
        """
        from pgsym.model.drawing.geometry import geometry
        from pgsym.model.drawing.plot import plot

        return plot(self, geometry(self))

    def __repr__(self) -> str:
        states, outcomes = counted(len(self.states), "state"), counted(len(self.rows), "outcome")
        return f"MDP({states}, {len(self.terminal)} terminal, {outcomes}, gamma={self.gamma})"

"""What the graph alone decides: reachability, recurrent classes, periods, proper policies.

Everything is decided on the support: an outcome counts when its probability is not identically zero, so
with symbols the answer holds at every point of the model's domain where none of them vanishes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import gcd
from typing import Any

import networkx as nx
import sympy as sp

from pgsym.errors import DiscountError, ImproperPolicyError, NotUnichainError, StructureError, UndefinedQuantityError
from pgsym.model.mdp import MDP, State
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy
from pgsym.model.symbols import check_collision
from pgsym.model.validate import assumed, symbolic_probabilities

_SHOWN = 8


class Structure:
    """The support graph of the chain that a policy induces, and what follows from it.

    >>> from pgsym.model import MDP, tabular
    >>> mdp = MDP.from_transitions([("s", "go", "t", 1, 0), ("t", "go", "s", 1, 1)], gamma="1/2")
    >>> chain = Structure(mdp, tabular(mdp))
    >>> chain.recurrent_classes, chain.period(("s", "t"))
    ((('s', 't'),), 2)
    """

    def __init__(self, mdp: MDP, policy: Policy) -> None:
        check_collision(mdp, policy)
        self.mdp = mdp
        self.policy = policy
        self.elimination_plan: Any = None
        """What `pgsym.exact` finds from the support alone, once for all fields."""

    @cached_property
    def after(self) -> list[tuple[int, ...]]:
        """By number of the state, those of the states to which one step may lead; none from a terminal state."""
        numbering = self.mdp.numbering
        return [self._ahead(i) if only is None else only[1] for i, only in enumerate(numbering.only)]

    def _ahead(self, i: int) -> tuple[int, ...]:
        choices = self.mdp.numbering.choices[i]
        return tuple(dict.fromkeys([t for a in self.policy.support(self.mdp.states[i]) for t in choices[a][1]]))

    @cached_property
    def graph(self) -> nx.DiGraph:
        """The states, with an edge for every step that has positive probability."""
        states, graph = self.mdp.states, nx.DiGraph()
        graph.add_nodes_from(states)
        graph.add_edges_from((s, states[t]) for s, after in zip(states, self.after, strict=True) for t in after)
        return graph

    @cached_property
    def components(self) -> list[list[int]]:
        """The strongly connected components, as numbers of states, each after those that it leads to."""
        return components(self.after)

    @cached_property
    def recurrent_classes(self) -> tuple[tuple[State, ...], ...]:
        """Closed communicating classes of non-terminal states, each in the MDP's order."""
        states, after = self.mdp.states, self.after
        alone = [c for c in self.components if len(c) == 1 and after[c[0]] == (c[0],)]
        closed = [c for c in self.components if len(c) > 1 and {t for i in c for t in after[i]} <= {*c}]
        return tuple(tuple(states[i] for i in c) for c in sorted(map(sorted, alone + closed)))

    @cached_property
    def faces(self) -> tuple[sp.Expr, ...]:
        """What is 0 at a bound of the symbols that belongs to the domain, if runs end elsewhere there.

        >>> from pgsym.model import tabular
        >>> rows = [("s", "go", "s", "p", 0), ("s", "go", "end", "1 - p", 1)]
        >>> mdp = MDP.from_transitions(rows, terminal=["end"], symbols={"p": "0 <= p <= 1"})
        >>> Structure(mdp, tabular(mdp)).faces
        (1 - p,)
        """
        bounds = [bound for assumption in assumed(self.mdp) for bound in assumption.inequalities]
        free = self.mdp.symbols - {symbol for g, _ in bounds for symbol in g.free_symbols}
        zeros: dict[sp.Expr, set[sp.Expr]] = {}
        for p in symbolic_probabilities(self.mdp):
            for factor, _ in sp.factor_list(sp.fraction(sp.together(p))[0])[1]:
                ends = [g for g, strict in bounds if not strict and sp.cancel(factor / g).is_Rational]
                for g in ends or [factor] * bool(factor.free_symbols & free and not factor.is_positive):
                    zeros.setdefault(g, set()).add(p)
        closed = self._closed(set()) if zeros else set()
        return tuple(g for g, gone in zeros.items() if self._closed(gone) != closed)

    def _closed(self, gone: set[sp.Expr]) -> set[frozenset[State]]:
        """The sets of states that runs do not leave, terminal ones too, without the outcomes of some probabilities."""
        graph = nx.DiGraph()
        graph.add_nodes_from(self.mdp.states)
        for s in self.mdp.nonterminal:
            outcomes = (o for a in self.policy.support(s) for o in self.mdp.outcomes(s, a))
            graph.add_edges_from((s, o.state) for o in outcomes if o.p not in gone)
        return set(map(frozenset, nx.attracting_components(graph)))

    @cached_property
    def reachable(self) -> frozenset[State]:
        """The states that the start distribution can reach; all states when the model gives no start."""
        return self.reach(self.mdp.start or self.mdp.states)

    @cached_property
    def is_bounded(self) -> bool:
        """Whether every run from the start ends within as many steps as there are states."""
        return nx.is_directed_acyclic_graph(self.graph.subgraph(self.reachable))

    @cached_property
    def rewardless(self) -> frozenset[State]:
        """States of recurrent classes in which every reward is zero: their value is 0, at gamma = 1 too."""

        def earns(s: State) -> bool:
            return any(o.r != 0 for a in self.policy.support(s) for o in self.mdp.outcomes(s, a) if o.p != 0)

        return frozenset(s for c in self.recurrent_classes if not any(map(earns, c)) for s in c)

    @cached_property
    def improper(self) -> frozenset[State]:
        """States from which an unending run with rewards has positive probability."""
        return self.leading_to(s for c in self.recurrent_classes for s in c if s not in self.rewardless)

    def reach(self, sources: Iterable[State]) -> frozenset[State]:
        return reach(self.graph, sources)

    def leading_to(self, targets: Iterable[State]) -> frozenset[State]:
        """The states from which some target can be reached, the targets among them."""
        found = list(targets)
        return reach(self.graph.reverse(copy=False), found) if found else frozenset()

    def period(self, states: Iterable[State]) -> int:
        """The period of a recurrent class: gcd of the lengths of its cycles."""
        members = self.graph.subgraph(states)
        level = nx.single_source_shortest_path_length(members, next(iter(members)))
        period = 0
        for s, t in members.edges:
            period = gcd(period, level[s] + 1 - level[t])
        return period

    def require_discounted_or_proper(self) -> None:
        """gamma < 1, or every reachable state terminates with probability 1."""
        if self.mdp.undiscounted and self.improper:
            self.require_end(self.improper & self.reachable)

    def require_end(self, endless: frozenset[State]) -> None:
        """At gamma = 1: no state is left in `endless`, those that are reached and can run for ever."""
        if endless:
            bad = [s for s in self.mdp.states if s in endless]
            classes = [c for c in self.recurrent_classes if c[0] in endless]
            raise ImproperPolicyError(
                f"gamma = 1 and {len(bad)} reachable states can run for ever ({_names(bad)}; recurrent class "
                f"{_names(classes[0])}), so the value is infinite or undefined; every reachable state must end with "
                "probability 1. Set gamma < 1, mark an end as terminal, or use the average-reward objective",
                where="start-state",
            )

    def require_start(self) -> None:
        """An initial distribution."""
        if not self.mdp.start:
            raise StructureError(
                "the model has no start distribution; J = sum mu0(s) V(s) needs one. Give start=STATE, or start=1 to "
                "that node of a graph",
                where="start",
            )

    def require_unichain(self) -> None:
        """Exactly one recurrent class, and no terminal states."""
        if self.mdp.terminal:
            raise UndefinedQuantityError(
                f"{len(self.mdp.terminal)} terminal state{'s' * (len(self.mdp.terminal) > 1)} "
                f"({_names(self.mdp.terminal)}); a stationary distribution "
                "needs a continuing MDP. Let the last states return to the start, or use the start-state objective",
                where="mu",
            )
        if len(self.recurrent_classes) != 1:
            listed = "; ".join(_names(c) for c in self.recurrent_classes[:_SHOWN])
            raise NotUnichainError(
                f"{len(self.recurrent_classes)} recurrent classes ({listed}); the stationary distribution is unique "
                "only with one. Connect them, or study each class as a model of its own",
                where="mu",
            )

    def require_discounted(self, undiscounted: bool | None = None) -> None:
        """gamma < 1, for the model's discount or another one."""
        if self.mdp.undiscounted if undiscounted is None else undiscounted:
            raise DiscountError(
                "gamma = 1; sum_s mu(s) V(s) needs gamma < 1. Set a discount factor, or use average-reward",
                where="stationary-value",
            )

    def require(self, objective: Objective) -> None:
        """The hypotheses under which the objective is defined."""
        for name in objective.definition.needs:
            getattr(self, f"require_{name}")()


def components(after: Sequence[Sequence[int]]) -> list[list[int]]:
    """The strongly connected components of 0, 1, ... with edges from i to ``after[i]``, the last ones first.

    Tarjan, Depth-first search and linear graph algorithms (1972).

    >>> components([[1], [2, 3], [1], []])
    [[3], [2, 1], [0]]
    """
    turn, low = [0] * len(after), [0] * len(after)
    found: list[list[int]] = []
    done, turns = len(after) + 1, 0
    open_: list[int] = []
    for root in range(len(after)):
        stack = [] if low[root] else [root]
        while stack:
            i = stack[-1]
            if not low[i]:  # seen for the first time
                turns += 1
                turn[i] = low[i] = turns
                open_.append(i)
                stack += [t for t in after[i] if not low[t]]
                continue
            stack.pop()
            least = min([low[t] for t in after[i]], default=done)
            if least < low[i]:
                low[i] = least
            elif low[i] == turn[i]:  # it is the first of its component
                part = [open_.pop()]
                while part[-1] != i:
                    part.append(open_.pop())
                for t in part:
                    low[t] = done
                found.append(part)
    return found


def closed_classes(moves: Mapping[int, Iterable[int]], end: int) -> tuple[frozenset[int], bool]:
    """The nodes that lead to one another for ever, without the end, and whether anything leads back to itself.

    >>> closed_classes({0: [1], 1: [1], 2: [0, -1]}, -1)
    (frozenset({1}), True)
    """
    graph = nx.DiGraph({i: list(after) for i, after in moves.items()})
    closed = (c for c in nx.attracting_components(graph) if end not in c)
    return frozenset(i for c in closed for i in c), not nx.is_directed_acyclic_graph(graph)


def reach(graph: nx.DiGraph, sources: Iterable[State]) -> frozenset[State]:
    """The nodes that can be reached from some source, the sources among them."""
    return frozenset(s for layer in nx.bfs_layers(graph, list(sources)) for s in layer)


def _names(states: Iterable[State]) -> str:
    listed = [repr(s) for s in states]
    return ", ".join(listed[:_SHOWN]) + (", ..." if len(listed) > _SHOWN else "")

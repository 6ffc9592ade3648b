r"""The chain up to bisimulation: which states have one value, and the equations that are left.

    V(s) = r(s) + gamma sum_t P(s,t) V(t)

Strongly connected components are taken from the last to the first, so that the values to which one leads are named
already.  Equal systems have equal solutions: a component whose equations are those of another one shares its blocks.
Within a component, states stay together as long as their equations are the same (partition refinement).

At gamma = 1 a component in which nothing is earned, and which always leads to one block, has the value of that block.
So chains of states contract, and those that cannot reach a reward have the value 0, which is block 0.

Terms are compared by name, not by value: all of it holds in every field, and nothing is computed.

References: Larsen and Skou, Bisimulation through probabilistic testing (1991); Derisavi, Hermanns and Sanders, Optimal
state-space lumping in Markov chains (2003).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import count, repeat
from typing import Any

from pgsym.model.mdp import Action, State
from pgsym.model.structure import Structure

Term = tuple[int, int]
"""(coefficient, block)."""
Row = tuple[int, Sequence[int]]
"""A template, which says what a state earns and the coefficients of its next states; these, as they stand."""
Equation = tuple[tuple[Term, ...], tuple[Term, ...]]
"""The rewards, as terms (coefficient, reward), and the terms that are not 0, sorted."""


class Quotient:
    """Blocks of states of one value, in an order in which each component comes after those that it leads to.

    >>> from pgsym.model import MDP, tabular
    >>> rows = [("s", "go", t, "1/2", 0) for t in "xy"] + [(s, "go", "end", 1, 1) for s in "xy"]
    >>> mdp = MDP.from_transitions(rows, terminal=["end"])
    >>> mdp.states, Quotient(Structure(mdp, tabular(mdp))).block
    (('s', 'x', 'y', 'end'), [1, 1, 1, 0])
    """

    def __init__(self, structure: Structure) -> None:
        mdp = structure.mdp
        self._policy, self._states, self._numbering = structure.policy, mdp.states, mdp.numbering
        self.block: list[int] = [0] * len(mdp.states)
        """The block of every state, by number, where its value is defined; that of block 0 is 0."""
        self.equations: list[Equation] = [((), ())]
        """The equation of each block."""
        self.parts: list[range] = [range(1)]
        """For each block, the blocks of its component."""
        self.coefficients: dict[tuple[tuple[State, Action] | None, int], int] = {}
        """((s, a), i): pi(a|s) times the i-th probability, or alone for i = -1; None without a choice."""
        self._weights: dict[Any, tuple[State, Action]] = {}
        self._templates: list[tuple[tuple[Term, ...], list[int]]] = []
        self._template_of: dict[Hashable, int] = {}
        self._names: dict[tuple[int, int, Equation | None], int] = {}
        self._alike: dict[tuple[int, ...], int] = {}  # the block of a template and the blocks of its next states
        self._alone: dict[Equation, int] = {}  # for a state by itself, the block with its equation
        self._known: dict[frozenset[tuple[int, Equation]], dict[int, int]] = {}
        self._contracts = mdp.undiscounted
        for kind in range(len(self._numbering.kinds)):  # without a choice, a template has the number of its kind
            self._template(kind, [(None, kind)])
        only = self._numbering.only
        number, after, block = self._numbering.number, structure.after, self.block
        left_out = structure.rewardless | structure.improper if self._contracts else ()
        left = {number[s] for s in left_out}
        for component in structure.components:
            i = component[0]
            if i in left or not after[i]:
                continue
            if len(component) > 1 or i in after[i]:
                self._add({j: self._row(j) for j in component})
            else:
                template, targets = only[i] or self._row(i)
                key = (template, *[block[t] for t in targets])
                known = self._alike.get(key)
                block[i] = self._alike[key] = self._block(template, key[1:]) if known is None else known

    def _block(self, template: int, ahead: Sequence[int]) -> int:
        """The block of a component of one state that does not lead back to itself, by the blocks that it leads to."""
        reward, coefficients = self._templates[template]
        if not reward and (self._contracts or ahead[0] == 0) and len({*ahead}) == 1:
            return ahead[0]
        equation = reward, _sorted(coefficients, ahead)
        if equation not in self._alone:
            self._alone[equation] = len(self.equations)
            self.parts.append(range(len(self.equations), len(self.equations) + 1))
            self.equations.append(equation)
        return self._alone[equation]

    def _add(self, rows: Mapping[int, Row]) -> None:
        """A component that runs in circles."""
        block = self.block
        outside = {block[t] for _, targets in rows.values() for t in targets if t not in rows}
        earns = any(self._templates[template][0] for template, _ in rows.values())
        if len(outside) < 2 and (self._contracts or outside <= {0}) and not earns:
            only = outside.pop() if outside else 0
            for s in rows:
                block[s] = only
            return
        color = self._colors(rows) if len(rows) > 1 else dict.fromkeys(rows, -1)
        system: dict[int, Equation] = {}
        for s, c in color.items():
            if system.setdefault(c, equation := self._equation(rows[s], color)) != equation:
                raise AssertionError(f"state {s} is none of its block")  # pragma: no cover
        key = frozenset(system.items())
        number = self._known.get(key)
        if number is None:
            part = range(len(self.equations), len(self.equations) + len(system))
            number = self._known[key] = dict(zip(system, part, strict=True))
            for reward, terms in system.values():
                equation = (reward, tuple(sorted([(c, number.get(b, b)) for c, b in terms])))
                self._alone.setdefault(equation, len(self.equations))
                self.equations.append(equation)
            self.parts.extend(repeat(part, len(system)))
        for s, c in color.items():
            block[s] = number[c]

    def _colors(self, rows: Mapping[int, Row]) -> dict[int, int]:
        """Negative numbers for the states of a component; where two are the same, so are the equations in them.

        A class that splits keeps its color for the largest part, so that a state changes it log n times at most
        (Hopcroft).  New colors are named after what made them, so that components which are alike are colored alike.
        """
        color = dict.fromkeys(rows, -1)
        members = {-1: set(rows)}
        before: dict[int, list[int]] = {s: [] for s in rows}
        for s, (_, targets) in rows.items():
            for t in targets:
                if t in before:
                    before[t].append(s)
        stale = set(rows)
        for turn in count():
            found: dict[int, dict[Equation, set[int]]] = {}
            for s in stale:
                found.setdefault(color[s], {}).setdefault(self._equation(rows[s], color), set()).add(s)
            moved: list[tuple[int, int, set[int]]] = []
            for c, parts in found.items():
                largest = max(parts, key=lambda e: (len(parts[e]), e))
                rest = len(members[c]) - sum(map(len, parts.values()))
                if rest < len(parts[largest]):
                    if rest:
                        moved.append((c, self._name((turn, c, None)), members[c].difference(*parts.values())))
                    del parts[largest]
                moved += [(c, self._name((turn, c, e)), part) for e, part in parts.items()]
            for c, new, part in moved:
                members[c] -= part
                members[new] = part
                color.update(zip(part, repeat(new)))
            stale = {s for _, _, part in moved for t in part for s in before[t]}
            if not stale:
                return color
        raise AssertionError("integers end")  # pragma: no cover

    def _name(self, origin: tuple[int, int, Equation | None]) -> int:
        return -2 - self._names.setdefault(origin, len(self._names))

    def _equation(self, row: Row, color: Mapping[int, int]) -> Equation:
        block, (template, targets) = self.block, row
        reward, coefficients = self._templates[template]
        return reward, _sorted(coefficients, [color[t] if t in color else block[t] for t in targets])

    def _row(self, s: int) -> Row:
        only = self._numbering.only[s]
        if only is not None:
            return only
        choices, policy, state = self._numbering.choices[s], self._policy, self._states[s]
        actions = policy.support(state)
        if len(actions) == 1:
            return choices[actions[0]]
        chosen = [choices[a] for a in actions]
        row_key = policy.row_key(state)
        key = (row_key, tuple([kind for kind, _ in chosen]))
        if key not in self._template_of:
            order = policy.actions(state)
            weights = [self._weights.setdefault((row_key, order.index(a)), (state, a)) for a in actions]
            self._template(key, [(weight, kind) for weight, (kind, _) in zip(weights, chosen, strict=True)])
        return self._template_of[key], [t for _, targets in chosen for t in targets]

    def _template(self, key: Hashable, chosen: Sequence[tuple[tuple[State, Action] | None, int]]) -> int:
        """A new template, of what is chosen with which weight."""
        numbering, reward, coefficients = self._numbering, list[Term](), list[int]()
        for weight, kind in chosen:
            moves, earned = numbering.kinds[kind]
            coefficients += [self._coefficient(weight, i) for i in moves]
            reward += [(self._coefficient(weight, -1), earned)] if numbering.rewards[earned] else []
        self._template_of[key] = len(self._templates)
        self._templates.append((tuple(sorted(reward)), coefficients))
        return self._template_of[key]

    def _coefficient(self, weight: tuple[State, Action] | None, i: int) -> int:
        return self.coefficients.setdefault((weight, i), len(self.coefficients))


def _sorted(coefficients: Sequence[int], blocks: Sequence[int]) -> tuple[Term, ...]:
    return tuple(sorted([term for term in zip(coefficients, blocks, strict=True) if term[1]]))

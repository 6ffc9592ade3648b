"""Where each quantity stands among the numbers that the compiled function fills in."""

from __future__ import annotations

from typing import Any

from pgsym.expression.naming import labels
from pgsym.model.drawing.records import Picture
from pgsym.model.mdp import Action, State
from pgsym.reports.live.controls import Condition
from pgsym.reports.live.formulas import LiveFormulas
from pgsym.reports.live.javascript import Code


class Outputs:
    """The outputs of the compiled function: every operation that the page shows, once.

    Attributes
    ----------
    codes : list of Code
        In order.
    """

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

"""The vocabulary of the claim language in tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pgsym.claims.language import tree as t
from pgsym.claims.leaves import fisher
from pgsym.expression.quantity import ACTION, VOCABULARY
from pgsym.model.objective import Objective
from pgsym.prover.tensors import Terms, new_index, product, scaled

if TYPE_CHECKING:
    from pgsym.prover.reading import Reading


def places_of(name: str) -> str:
    """The free indices of the equation that says what a quantity is: states S and T, action A.

    >>> places_of("Q"), places_of("P_pi")
    ('SA', 'ST')
    """
    states = iter("ST")
    return "".join("A" if kind == ACTION else next(states) for kind in VOCABULARY[name].kinds)


@dataclass(frozen=True)
class TensorQuantities:
    """One node: its chain, and what it replaces."""

    reading: Reading
    node: t.Quantity

    @property
    def mark(self) -> str:
        return "'" if self.node.primed else ""

    def of(self, name: str, at: list[str]) -> Terms:
        """A quantity at a place."""
        e, mark = self.reading.equations, self.mark
        pi, P = e.letter("pi", mark), e.letter("P", mark)
        match name, at:
            case "gamma", []:
                return [(self.reading.numbers["gamma"], [])]
            case "pi", [a, s]:
                return [(1, [(pi, s, a)])]
            case "P", [y, s, a]:
                return [(1, [(P, s, a, y)])]
            case "r", [s, a, y]:
                return [(1, [(e.letter("r3", mark), s, a, y)])]
            case "r", [s, a]:
                return self.reward(s, a)
            case ("mu0", [s]) | ("logit", [s, _]):
                return [(1, [(name, *at)])]
            case ("mu", [s]) | ("D", [s, _]):
                return [(1, [(name + mark, *at)])]
            case "P_pi", [s, y]:
                a = new_index("a")
                return [(1, [(pi, s, a), (P, s, a, y)])]
            case "r_pi", [s]:
                a = new_index("a")
                return product([(1, [(pi, s, a)])], self.reward(s, a))
            case "rbar", []:
                return product([(1, [("mu" + mark, x := new_index("s"))])], self.of("r_pi", [x]))
            case "h", [s]:
                return product([(1, [("D" + mark, s, x := new_index("s"))])], self.of("r_pi", [x]))
            case "V", [s]:
                return product(self.resolvent(s, x := new_index("s")), self.of("r_pi", [x]))
            case "Q", [s, a]:
                return self.action_value(s, a)
            case "A", [s, a]:
                state = "h" if self.long_run else "V"
                return self.of("Q", [s, a]) + scaled(self.of(state, [s]), -1)
            case "eta", [s]:
                x = new_index("s")
                return product(self.start(x), self.resolvent(x, s))
            case "d", [s] if not self.overrides and not mark:
                return [(c, [*fs, ("ilen[gamma]",)]) for c, fs in self.of("eta", [s])]
            case "E[T]", []:
                x, y = new_index("s"), new_index("s")
                visits = self.reading.resolvent(self.reading.field.one, mark, x, y)
                return product([(1, [("mu0", x), ("one", y)])], visits)
            case "J", []:
                return self.objective()
            case "F", []:
                return self.reading.terms(fisher(self.reading.objective, self.node.primed), {})
            case "I", []:
                return [(1, [("id", "i0", "i1")])]
            case "|S|", []:
                return [(1, [("one", new_index("s"))])]
        if name.startswith("E[r^"):
            y = at[2] if len(at) == 3 else new_index("s")
            moment = (e.letter(name[2:-1], mark), *at[:2], y)
            return [(1, [moment] if len(at) == 3 else [moment, (P, *at, y)])]
        best = " of the best policy" * name.endswith("*")
        raise self.reading.outside(self.node, f"found {name}{best}, which is not read here")

    @property
    def overrides(self) -> dict[str, t.Node]:
        return {o.key: o.value for o in self.node.overrides}

    @property
    def long_run(self) -> bool:
        """Whether Q and A are differential."""
        return self.reading.objective is Objective.AVERAGE_REWARD and "gamma" not in self.overrides

    def discount(self) -> Any:
        value = self.overrides.get("gamma")
        if value is not None:
            return self.reading.number(value)
        if self.long_run:
            raise self.reading.outside(self.node, f"found {self.node.name}, which is not discounted here")
        return self.reading.numbers["gamma"]

    def resolvent(self, s: str, y: str) -> Terms:
        return self.reading.resolvent(self.discount(), self.mark, s, y)

    def reward(self, s: str, a: str) -> Terms:
        """The reward, or what replaces it."""
        instead = self.overrides.get("r")
        if instead is None:
            return [(1, [(self.reading.equations.letter("r", self.mark), s, a)])]
        return self._taken(instead, s, a)

    def start(self, s: str) -> Terms:
        """The start distribution, or what replaces it."""
        instead = self.overrides.get("mu0")
        return [(1, [("mu0", s)])] if instead is None else self._taken(instead, s, "")

    def _taken(self, node: t.Node, s: str, a: str) -> Terms:
        assert isinstance(node, t.Call | t.Quantity)
        places = tuple("s" if kind == "state" else "a" for kind in self.reading.scope.kinds(node))
        return self.reading.terms(replace(node, indices=places), {"s": s, "a": a})

    def action_value(self, s: str, a: str) -> Terms:
        y = new_index("s")
        step: Terms = [(1, [(self.reading.equations.letter("P", self.mark), s, a, y)])]
        if self.long_run:
            return self.reward(s, a) + scaled(self.of("rbar", []), -1) + product(step, self.of("h", [y]))
        return self.reward(s, a) + scaled(product(step, self.of("V", [y])), self.discount())

    def objective(self) -> Terms:
        which = self.reading.objective
        if which is Objective.AVERAGE_REWARD:
            return self.of("rbar", [])
        x = new_index("s")
        weight: Terms = [(1, [("mu" + self.mark, x)])] if which is Objective.STATIONARY_VALUE else self.start(x)
        return product(weight, self.of("V", [x]))

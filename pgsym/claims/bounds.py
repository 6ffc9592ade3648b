"""Bounds on the values of a claim: a world over the field of sizes, in which one state stands for all."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from pgsym.algebra.size import Size
from pgsym.claims.evaluation import Evaluation
from pgsym.claims.language.scope import Range
from pgsym.exact.sizes import SizeQuantities
from pgsym.expression.symbols import Generator
from pgsym.model.mdp import Action, State


class SizeWorld(Evaluation):
    """Every table is constant: its one entry bounds all entries of the true one, over a common denominator."""

    representative = True

    def quantities(self, level: int) -> Any:
        if 0 not in self._quantities:
            self._quantities[0] = SizeQuantities(
                self.mdp, self.policy, self.objective, self.tower.field(0), self.structure
            )
        return self._quantities[0]

    def varied(self, quantities: Any, **overrides: Any) -> Any:
        """Mappings have one entry here, which bounds all."""
        field = self.tower.field(0)
        flat = {key: next(iter(v.values())) if isinstance(v, Mapping) else v for key, v in overrides.items()}
        return quantities.varied(**{key: v if isinstance(v, Size) else field.number(v) for key, v in flat.items()})

    def log_pi(self, level: int) -> Any:
        """One bound for all log pi(a|s)."""
        if 0 not in self._log_pi:
            self._log_pi[0] = self.quantities(0).log_pi(self.basis)
        return self._log_pi[0]

    def logit(self, state: State, action: Action, level: int) -> Any:
        super().logit(state, action, level)
        return self.quantities(0).logit[state, action]

    def states(self, found: Range) -> Sequence[State]:
        """The first one stands for all, so it is the one with the most actions."""
        return sorted(super().states(found), key=lambda s: (s in self.ends, -len(self.actions(s))))

    def function(self, name: str, place: tuple[Hashable, ...], level: int) -> Any:
        return self.tower.field(0).symbol(Generator(("for all", name), name))

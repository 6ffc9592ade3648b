"""What is expected to be added up over all steps that may pass before something happens, on one chain of runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pgsym.algebra import FloatField
from pgsym.claims.language import tree as t
from pgsym.claims.trajectories.terms import StepFactor
from pgsym.errors import UndefinedQuantityError
from pgsym.expression.complaint import listed
from pgsym.model.structure import closed_classes

if TYPE_CHECKING:
    from pgsym.claims.trajectories.chain import Key, RunChain, Tensor

END = -1
"""Where a step leads that ends the run."""


class Resolvent:
    """(I - weight P)^-1, the expected sum over all steps that may pass before something happens.

    Where the weight is 1, a sum converges only if nothing is added in the states in which a run may stay for ever.
    """

    def __init__(
        self, chain: RunChain, matrix: Sequence[Mapping[int, Any]], weight: Any, running: tuple[StepFactor, ...]
    ) -> None:
        self.chain = chain
        field = chain.field
        self.kept = list(range(len(matrix)))
        self.stays: list[int] = []
        # A float that is 0 may be a small number: such a system is refused where it is solved.
        zero = (lambda e: False) if isinstance(field, FloatField) else field.is_zero
        moves = {i: [j for j, e in row.items() if not zero(e)] for i, row in enumerate(matrix)}
        closed, loops = closed_classes(moves, END)
        if running and loops:
            self._require_probabilities(matrix, running)
        if field.is_zero(weight - field.one):
            self.stays = sorted(closed)
            self.kept = [i for i in self.kept if i not in set(self.stays)]
        place = {i: k for k, i in enumerate(self.kept)}
        rows = []
        for i in self.kept:
            row = {place[i]: field.one}
            for j, e in matrix[i].items():
                if j in place:
                    k = place[j]
                    row[k] = row[k] - weight * e if k in row else -(weight * e)
            rows.append(row)
        self.factored: Any = self._factor(rows) if rows else None

    def _factor(self, rows: list[dict[int, Any]]) -> Any:
        return self.chain.field.factor(rows)

    def solve(self, tensor: Tensor) -> Tensor:
        """x with x = tensor + weight P x."""
        zero = self.chain.field.zero
        found: Tensor = {}
        for key, column in tensor.items():
            full = [zero] * len(column)
            if self.factored is not None:
                for i, e in zip(self.kept, self.factored.solve([column[i] for i in self.kept]), strict=True):
                    full[i] = e
            found[key] = full
        return found

    def started(self, tensor: Tensor) -> dict[Key, Any]:
        """mu0 x, for the x of `solve`."""
        field = self.chain.field
        if self.factored is None:
            return {}
        visits = self.factored.solve_transposed([self.chain.start[i] for i in self.kept])
        return {key: field.dot(list(visits), [column[i] for i in self.kept]) for key, column in tensor.items()}

    def require_rest(self, stirred: Collection[int]) -> None:
        """Wherever a run may stay for ever, nothing is added: these are the states from which something may be.

        Raises
        ------
        UndefinedQuantityError
            Something is, be its mean 0; the message names the states.
        """
        if earning := [i for i in self.stays if i in stirred]:
            names = listed([self.chain.states[i] for i in earning])
            raise UndefinedQuantityError(
                f"a run may stay in {names} for ever, where the sum over time does not converge. Give it a weight "
                "such as gamma^t, a horizon, or an end that is terminal",
                where="E[tau]",
            )

    def _require_probabilities(self, matrix: Sequence[Mapping[int, Any]], running: tuple[StepFactor, ...]) -> None:
        """The factor of a product over time is never negative and has mean 1, as a ratio of probabilities has."""
        field, shown = self.chain.field, " times ".join(str(f.node) for f in running)
        if not all(is_never_negative(f.node) for f in running):
            raise UndefinedQuantityError(
                f"the product over time of {shown} is not one of ratios of probabilities, so over unbounded runs it "
                "may grow without bound. Use a model whose runs are bounded, such as problem.unroll(T)",
                where="prod",
            )
        for i, row in enumerate(matrix):
            total = field.zero
            for e in row.values():
                total = total + e
            if not field.is_zero(total - field.one):
                raise UndefinedQuantityError(
                    f"the product over time of {shown} has no mean 1 in "
                    f"{self.chain.states[i]!r}, so over unbounded runs it may grow without bound. Use a model whose "
                    "runs are bounded, such as problem.unroll(T)",
                    where="prod",
                )


def is_never_negative(node: t.Node) -> bool:
    """Whether the form alone shows that an expression is at least 0: products and ratios of probabilities.

    >>> from pgsym.claims import parse
    >>> ratio, other = parse("pi(a|s) / pi'(a|s) = 1 - pi(a|s)").claims[0].left, parse("V(s) = 0").claims[0].left
    >>> is_never_negative(ratio), is_never_negative(other)
    (True, False)
    """
    match node:
        case t.Number(value):
            return value >= 0
        case t.Quantity(name):
            return name in ("pi", "P", "P_pi", "gamma")
        case t.Mul() | t.Div() | t.Add() | t.Pow() | t.StopGradient():
            return all(map(is_never_negative, node.children))
    return False

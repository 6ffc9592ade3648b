"""Products, traces and inverses over the parameters, of parts that a claim's compiler has compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pgsym.claims.language import tree as t
from pgsym.claims.leaves import Compiled, Env, PartCompiler
from pgsym.claims.vectors import Value, entrywise, inverse, product, rows_of, solution
from pgsym.errors import HypothesisError, SingularMatrixError


class Matrices(PartCompiler):
    """The linear algebra of one claim in one world."""

    def trace(self, body: t.Node, level: int) -> Compiled:
        matrix, field = self.compile(body, level), self.world.tower.field(level)

        def trace(env: Env) -> Value:
            diagonal = [e for (p, q), e in matrix(env).items() if p == q]
            if self.world.representative:
                return field.total(diagonal[0], self._terms) if diagonal else field.zero
            return sum(diagonal[1:], diagonal[0]) if diagonal else field.zero

        return trace

    @property
    def _terms(self) -> int:
        """How many terms a product over the parameters has."""
        return max(len(self.world.policy.params), 1)

    def dot(self, left: t.Node, right: t.Node, level: int) -> Compiled:
        x, y, field = self.compile(left, level), self.compile(right, level), self.world.tower.field(level)
        multiply = product((self.scope.rank(left) or 1, self.scope.rank(right) or 1), field.zero)
        if not self.world.representative:
            return lambda env: multiply(x(env), y(env))
        return lambda env: entrywise(lambda e: field.total(e, self._terms), multiply(x(env), y(env)))

    def _factored(self, matrix: t.Node, level: int) -> Callable[[Env], tuple[Any, list[Any]]]:
        """A factorization of the matrix, and the parameters in the order of its rows."""
        inner, field = self.compile(matrix, level), self.world.tower.field(level)
        parameters = list(self.world.tower.field(level + 1).parameters)

        def factored(env: Env) -> tuple[Any, list[Any]]:
            entries = inner(env)
            if self.world.representative:
                size = next(iter(entries.values()), field.one)
                return field.factor([dict.fromkeys(range(self._terms), size)] * self._terms), parameters * self._terms
            try:
                return field.factor(rows_of(entries, parameters)), parameters
            except SingularMatrixError as error:
                if not self.world.tower.generic:
                    raise
                raise HypothesisError(
                    f"{matrix} is singular ({error.message.split(';')[0]}); it must have an inverse. Use a policy "
                    "without redundant parameters",
                    where=f"inv({matrix})",
                ) from None

        return factored

    def solved(self, matrix: t.Node, right: t.Node, level: int) -> Compiled:
        """inv(M) x without the inverse."""
        factored, vector = self._factored(matrix, level), self.compile(right, level)
        zero = self.world.tower.field(level).zero
        return lambda env: solution(*factored(env), vector(env), zero)

    def inverse(self, matrix: t.Node, level: int) -> Compiled:
        factored, field = self._factored(matrix, level), self.world.tower.field(level)
        return lambda env: inverse(*factored(env), field.one, field.zero)

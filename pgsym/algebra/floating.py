"""Double precision at a point: values for plots, tables and checks against sampling."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from pgsym.algebra.field import Factorization, Field, Row
from pgsym.algebra.ordering import Ordering
from pgsym.errors import AlgebraError, NotInFieldError, SingularMatrixError
from pgsym.expression.complaint import brief, steepest
from pgsym.expression.linear import Linear

DENSE = 16
"""Up to so many equations are solved in plain Python."""


class FloatField(Field):
    """Python floats at given values of the symbols; {symbol: f} in `logarithms` stands for log|f|.

    >>> t = sp.Symbol("t")
    >>> field = FloatField({t: 1000.0})
    >>> field.softmax([Linear.from_sympy(t), Linear()])
    [1.0, 0.0]
    """

    element = "a float"
    zero = 0.0
    one = 1.0

    def __init__(
        self, values: Mapping[sp.Symbol, float], logarithms: Mapping[sp.Symbol, sp.Expr] | None = None
    ) -> None:
        self.logarithms = dict(logarithms or {})
        self._values = {symbol: float(value) for symbol, value in values.items()}

    def number(self, value: Fraction) -> float:
        try:
            return float(value)
        except OverflowError:
            raise AlgebraError(
                f"found {brief(sp.Rational(value.numerator, value.denominator))}; floats end at about 1.8e308. "
                "Scale the rewards, or compute exactly",
                where="floats",
            ) from None

    def symbol(self, symbol: sp.Symbol) -> float:
        if symbol in self.logarithms and symbol not in self._values:
            argument = self.logarithms[symbol]
            value = abs(self.convert(argument))
            if value == 0.0:
                raise AlgebraError(
                    f"found log({argument}), whose argument is 0 here; it must not vanish. Choose another point",
                    where="logarithm",
                )
            self._values[symbol] = math.log(value)
        if symbol not in self._values:
            raise NotInFieldError(
                f"no value; the field knows {', '.join(map(str, self._values)) or 'none'}. Give it one",
                where=str(symbol),
            )
        return self._values[symbol]

    def exp(self, form: Linear) -> float:
        exponent = self._logit(form)
        try:
            return math.exp(exponent)
        except OverflowError:
            raise AlgebraError(
                f"exp({exponent:g}) exceeds the range of floats; an exponent of at most 709 is required. "
                "Use a softmax policy, which is evaluated without overflow, or an exact field",
                where=f"exp({form.to_sympy()})",
            ) from None

    def softmax(self, forms: Sequence[Linear]) -> list[float]:
        logits = [self._logit(form) for form in forms]
        highest = max(logits)
        weights = [math.exp(logit - highest) for logit in logits]
        total = math.fsum(weights)
        return [weight / total for weight in weights]

    def _logit(self, form: Linear) -> float:
        return math.fsum([float(form.constant), *(float(c) * self.symbol(s) for s, c in form.coefficients)])

    def to_sympy(self, element: float) -> sp.Expr:
        return sp.Float(element)

    def factor(
        self, rows: Sequence[Row], last: Sequence[int] = (), *, ordering: Ordering | None = None
    ) -> Factorization:
        where = steepest(self._values) or "floats"
        return DenseLU(rows, where=where) if len(rows) <= DENSE else SuperLU(rows, where=where)


LOST = 2e-13
"""A pivot this small beside its column has lost all but three of its digits to rounding."""


def sparse_of(entries: Sequence[tuple[int, int, float]], shape: tuple[int, int]) -> Any:
    """The sparse matrix with these (row, column, value)."""
    import numpy as np
    from scipy.sparse import csr_array

    rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
    return csr_array((np.array(values, float), (np.array(rows, int), np.array(columns, int))), shape=shape)


def sparse_lu(matrix: Any, *, where: str) -> Any:
    """SuperLU's factors; SingularMatrixError where a pivot is 0, or `LOST`, and the solution would be noise."""
    # SciPy's sparse solvers take as long to import as SymPy.
    import numpy as np
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import MatrixRankWarning, splu

    matrix = csc_array(matrix)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", MatrixRankWarning)
            lu = splu(matrix)
    except (RuntimeError, MatrixRankWarning):
        raise _singular(matrix.shape[0], where) from None
    largest = abs(matrix).max(axis=0).toarray().ravel()[np.argsort(lu.perm_c)]
    if (abs(lu.U.diagonal()) <= LOST * largest).any():
        raise _singular(matrix.shape[0], where)
    return lu


def _singular(n: int, where: str) -> SingularMatrixError:
    return SingularMatrixError(
        f"in floats a system of {n} equations has no unique solution; a number below about 1e-13 is lost beside 1. "
        "Choose theta nearer to 0, or compute exactly",
        where=where,
    )


class DenseLU:
    """P A = L U with partial pivoting, for few equations: quicker than to import SciPy, and than to call it.

    >>> lu = DenseLU([{1: 2.0}, {0: 4.0, 1: 1.0}])
    >>> lu.solve([2.0, 9.0]), lu.solve_transposed([4.0, 5.0])
    ([2.0, 1.0], [2.0, 1.0])
    """

    def __init__(self, rows: Sequence[Row], *, where: str = "floats") -> None:
        n = len(rows)
        self._rows = [[float(row.get(j, 0)) for j in range(n)] for row in rows]
        """Row i of L below the diagonal, whose own diagonal is 1, and of U from the diagonal on."""
        self._order = list(range(n))
        """Row i of L U is this row of A."""
        largest = [max((abs(row[k]) for row in self._rows), default=0.0) for k in range(n)]
        for k in range(n):
            chosen = max(range(k, n), key=lambda i: abs(self._rows[i][k]))
            self._rows[k], self._rows[chosen] = self._rows[chosen], self._rows[k]
            self._order[k], self._order[chosen] = self._order[chosen], self._order[k]
            top = self._rows[k]
            if abs(top[k]) <= LOST * largest[k]:
                raise _singular(n, where)
            for row in self._rows[k + 1 :]:
                if row[k] != 0:
                    row[k] /= top[k]
                    for j in range(k + 1, n):
                        row[j] -= row[k] * top[j]

    def solve(self, b: Sequence[float]) -> list[float]:
        n = len(self._order)
        x = [float(b[i]) for i in self._order]
        for i in range(n):
            x[i] -= sum(self._rows[i][j] * x[j] for j in range(i))
        for i in reversed(range(n)):
            x[i] = (x[i] - sum(self._rows[i][j] * x[j] for j in range(i + 1, n))) / self._rows[i][i]
        return x

    def solve_transposed(self, c: Sequence[float]) -> list[float]:
        n = len(self._order)
        x = [float(e) for e in c]
        for i in range(n):
            x[i] = (x[i] - sum(self._rows[j][i] * x[j] for j in range(i))) / self._rows[i][i]
        for i in reversed(range(n)):
            x[i] -= sum(self._rows[j][i] * x[j] for j in range(i + 1, n))
        y = [0.0] * n
        for i, e in zip(self._order, x, strict=True):
            y[i] = e
        return y


class SuperLU:
    """Sparse LU with partial pivoting, by SciPy."""

    def __init__(self, rows: Sequence[Row], *, where: str = "floats") -> None:
        entries = [(i, j, float(e)) for i, row in enumerate(rows) for j, e in row.items()]
        self._lu: Any = sparse_lu(sparse_of(entries, (len(rows), len(rows))), where=where)

    def solve(self, b: Sequence[float], trans: str = "N") -> list[float]:
        import numpy as np

        found: list[float] = self._lu.solve(np.array(b, dtype=float), trans=trans).tolist()
        return found

    def solve_transposed(self, c: Sequence[float]) -> list[float]:
        return self.solve(c, "T")

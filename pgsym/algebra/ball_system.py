r"""Balls (arb) around the solutions of M x = b and M^T x = b, M = I - P an M-matrix, in any precision.

With w > 0 and u = M w > 0, the inverse of M has no negative entry, so residuals bound the errors:

    |M^-1 b - x|_i <= w_i max_j |b - M x|_j / u_j,      |M^-T b - x|_i <= sum_j w_j |b - M^T x|_j / u_i.

Floats solve for what is left of b, again and again; residuals alone are formed in balls, so the work grows with the
entries of P.  Where w came from does not matter, for u is found in balls.

Reference: Rump, Verification methods: rigorous results using floating-point arithmetic (Acta Numerica 2010).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flint import arb, ctx, fmpq

from pgsym.errors import SchemaError, SingularMatrixError

Solver = Callable[[Sequence[float], bool], Iterable[float]]
"""Approximate solutions of M x = b, or of M^T x = b."""


def precision(bits: int) -> Any:
    """A context in which balls have so many bits."""
    if bits < 2:
        raise SchemaError(f"found {bits}; at least 2 are required. Take more", where="bits")
    return ctx.workprec(bits)


class BallSystem:
    """M = I - P, for rows of balls that are not negative, a solver in floats, and w.

    >>> system = BallSystem([{1: ball(0.25)}, {}], lambda b, transposed: b, [1.0, 1.0])
    >>> [x.str(5) for x in system.solve([ball(1.0), ball(3.0)])]
    ['1.7500', '3.0000']
    """

    def __init__(self, P: Sequence[Mapping[int, Any]], floats: Solver, w: Sequence[float]) -> None:
        self._P, self._floats = P, floats
        self._w = [arb(x) for x in w]
        self._u = [x.lower() for x in self._residual([arb(0)] * len(P), [-x for x in self._w], transposed=False)]
        if not all(x > 0 for x in self._u):
            raise SingularMatrixError(
                f"balls of {ctx.prec} bits do not show that there is one solution. Take more bits", where="bits"
            )

    def solve(self, b: Sequence[Any], transposed: bool = False) -> list[Any]:
        """A ball for each entry of M^-1 b, or of M^-T b."""
        x, least, found = [arb(0)] * len(b), arb("inf"), [arb("nan")] * len(b)
        while True:
            left = self._residual(b, x, transposed)
            radii = self._radii([e.abs_upper() for e in left], transposed)
            largest = max(radii)
            if not largest < least / 2:
                return found
            least, found = largest, [e + arb(0, radius) for e, radius in zip(x, radii, strict=True)]
            if least == 0:
                return found
            unit = max(e.abs_upper() for e in left)
            more = self._floats([float((e / unit).mid()) for e in left], transposed)
            x = [(e + unit * arb(float(step))).mid() for e, step in zip(x, more, strict=True)]

    def _residual(self, b: Sequence[Any], x: Sequence[Any], transposed: bool) -> list[Any]:
        """b - M x, or b - M^T x."""
        found = [e - own for e, own in zip(b, x, strict=True)]
        for s, row in enumerate(self._P):
            for t, p in row.items():
                if transposed:
                    found[t] += p * x[s]
                else:
                    found[s] += p * x[t]
        return found

    def _radii(self, left: Sequence[Any], transposed: bool) -> list[Any]:
        """Bounds of the errors, by those of the residual."""
        if transposed:
            total = dot(self._w, left)
            return [(total / u).upper() for u in self._u]
        ratio = max((e / u).upper() for e, u in zip(left, self._u, strict=True))
        return [(w * ratio).upper() for w in self._w]


def ball(x: Any) -> Any:
    """Of a float, an integer or a fraction."""
    return arb(fmpq(*x.as_integer_ratio()))


def dot(x: Iterable[Any], y: Iterable[Any]) -> Any:
    """sum_i x_i y_i."""
    return sum((a * b for a, b in zip(x, y, strict=True)), arb(0))


def distribution(weights: Iterable[Any]) -> list[Any]:
    """The weights divided by their sum."""
    found = list(weights)
    total = sum(found)
    return [x / total for x in found]


def softmax(logits: Sequence[float]) -> list[Any]:
    """Of exactly these logits."""
    return distribution([(ball(x) - ball(max(logits))).exp() for x in logits])

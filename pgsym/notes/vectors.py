r"""Products of vectors and matrices over the parameters: x^\top y, x y^\top, M x, as the claim language says them.

>>> x, y = VectorFactor("*", [("grad J", 0)], 1, False), VectorFactor("*", [("grad J'", 5)], 1, True)
>>> "".join(piece for piece, _ in multiplied([x, y], 0))
"outer(grad J, grad J')"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pgsym.errors import NotReadError
from pgsym.notes.parts import Pieces, placed


class VectorFactor(NamedTuple):
    """One factor of a product: what stands before it, its text, its rank, and whether it is transposed."""

    operator: str
    pieces: Pieces
    rank: int
    transposed: bool

    @property
    def shape(self) -> str:
        """A number, a column, a row or a matrix."""
        return ("number", "row" if self.transposed else "column", "matrix")[self.rank]


_PRODUCTS: Mapping[tuple[str, ...], tuple[str, str]] = {
    ("column", "*", "column"): ("number", "dot"), ("column", "\\otimes", "column"): ("matrix", "outer"),
    ("row", "column"): ("number", "dot"), ("column", "row"): ("matrix", "outer"),
    ("matrix", "column"): ("column", "dot"), ("matrix", "matrix"): ("matrix", "dot"), ("row", "matrix"): ("row", "dot"),
}  # fmt: skip
"""By the shapes of two neighbours, and what stands between them where it matters: that of the product, and its name."""


def applied_to(name: str, at: int, *given: Pieces) -> Pieces:
    """A function of the claim language with its arguments."""
    first, *rest = given
    return placed(at, f"{name}(", first, *(part for pieces in rest for part in (", ", pieces)), ")")


def multiplied(factors: Sequence[VectorFactor], at: int) -> Pieces:
    """The product; numbers stand in front.

    Raises
    ------
    NotReadError
        Two columns or two rows side by side, a row that nothing follows, a division by a vector.
    """
    numbers: list[tuple[str, Pieces]] = []
    held: tuple[str, Pieces] | None = None
    after = ""
    for factor in reversed(factors):
        shape, pieces = factor.shape, factor.pieces
        if shape == "number" and not factor.transposed:
            numbers.insert(0, (factor.operator or "*", pieces))
            continue
        if shape == "number" or factor.operator == "/":
            raise NotReadError("found a transpose of a number, or a division by a vector. Correct it", at)
        if shape == "matrix" and factor.transposed:
            pieces = applied_to("transpose", at, pieces)
        if held is None:
            held, after = (shape, pieces), factor.operator
            continue
        made = _PRODUCTS.get((shape, held[0])) or _PRODUCTS.get((shape, after, held[0]))
        if made is None:
            raise NotReadError(f"found a {shape} times a {held[0]} over the parameters. Transpose one", at)
        first, second = pieces, held[1]
        if shape == "row" and held[0] == "matrix":
            first, second = applied_to("transpose", at, second), first
        held = made[0], applied_to(made[1], at, first, second)
        after = factor.operator
        if held[0] == "number":
            numbers.insert(0, ("*", held[1]))
            held = None
    if held is not None and held[0] == "row":
        raise NotReadError("found a transposed vector that nothing follows. Write the product, or no transpose", at)
    numbers += [("*", held[1])] if held is not None else []
    found: Pieces = [("1", at)] if numbers[0][0] == "/" else []
    for operator, pieces in numbers:
        found = placed(at, found, f" {operator} ", pieces) if found else pieces
    return found

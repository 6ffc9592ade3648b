"""A point at which a claim fails: where its sides have numbers, and both numbers there."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sympy as sp

from pgsym.claims.blocks import Cell, DataTable
from pgsym.expression.latex import latex
from pgsym.expression.naming import spelt, unused
from pgsym.expression.notation import derivative_latex, name_latex, symbol_latex, symbol_names

T = TypeVar("T")

SHOWN = 8
"""Coordinates of a witness that are printed."""
EVERYWHERE = "to_json(), and --json on the command line, have all of them"
"""Where the others are."""
ROWS = 30
"""Rows of one table of a witness; a page ends somewhere."""


@dataclass(frozen=True)
class Coordinate:
    """Where a side has one number: free indices with their states and actions, and parameters of a derivative.

    Where `minors` is not 0 it is the sum of the principal minors of that order, of a matrix over the parameters.

    >>> str(Coordinate((("s", "x"),), (sp.Symbol("theta"),)))
    'd/dtheta at s = x'
    """

    places: tuple[tuple[str, Hashable], ...] = ()
    parameters: tuple[sp.Symbol, ...] = ()
    minors: int = 0

    def __str__(self) -> str:
        derivative = "".join(f"d/d{p}" for p in self.parameters) or "value"
        if self.minors:
            derivative = f"principal minors of order {self.minors} in {', '.join(map(str, self.parameters))}"
        place = ", ".join(f"{index} = {spelt(name)}" for index, name in self.places)
        return f"{derivative} at {place}" if place else derivative

    def latex(self) -> str:
        """The same as LaTeX."""
        parts = [derivative_latex("", *self.parameters)] if self.parameters else []
        if self.minors:
            parts = [rf"\text{{principal minors of order {self.minors}}}"]
        return r",\ ".join(parts + [f"{symbol_latex(i)} = {name_latex(n)}" for i, n in self.places])


@dataclass(frozen=True)
class Witness:
    """A point of the model's domain at which the claim fails, with both exact values by coordinate."""

    theta: Mapping[sp.Symbol, sp.Expr]
    symbols: Mapping[sp.Symbol, sp.Expr]
    """The point: parameters of the policy, symbols of the dynamics."""
    left: Mapping[Coordinate, sp.Expr]
    right: Mapping[Coordinate, sp.Expr]
    values: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    """Values of what the claim itself declares: arbitrary functions, numbers, the second policy."""
    failing: tuple[Coordinate, ...] | None = None
    """Where the relation does not hold; None for where the sides differ."""

    @property
    def point(self) -> dict[sp.Symbol, sp.Expr]:
        """Every symbol's value."""
        return {**self.theta, **self.symbols, **self.values}

    @property
    def differing(self) -> list[Coordinate]:
        """Where the two sides differ, or do not stand in the relation."""
        if self.failing is not None:
            return list(self.failing)
        return [c for c in self.left if self.left[c] != self.right[c]]

    def __repr__(self) -> str:
        return f"Witness({str(self).splitlines()[0]})"

    def __str__(self) -> str:
        point = ", ".join(f"{s} = {v}" for s, v in self.point.items())
        differing = self.differing
        lines = [f"at {point}"] if point else []
        lines += [f"  {c}: left {self.left[c]}, right {self.right[c]}" for c in differing[:SHOWN]]
        if len(differing) > SHOWN:
            lines.append(f"  and {len(differing) - SHOWN} more: {EVERYWHERE}")
        return "\n".join(lines)

    def markdown(self) -> str:
        """The point, and a table of the coordinates that differ."""
        names = symbol_names(self.point)
        told = ", ".join(f"${latex(s, names=names)} = {latex(v)}$" for s, v in self.point.items())
        differing = self.differing
        cells = [(c.latex() or r"\text{value}", latex(self.left[c]), latex(self.right[c])) for c in differing[:SHOWN]]
        rows = ["| " + " | ".join(f"${x.replace('|', chr(92) + 'vert ')}$" for x in row) + " |" for row in cells]
        table = "\n".join(["| | left | right |", "|---|---|---|", *rows])
        if len(differing) > SHOWN:
            table += f"\n\n{len(differing) - SHOWN} more coordinates differ: {EVERYWHERE}."
        return f"At {told}:\n\n{table}" if told else table

    def to_json(self) -> dict[str, dict[str, str]]:
        """Plain data, exact numbers as text."""
        found = {name: as_text(getattr(self, name)) for name in ("theta", "symbols", "left", "right", "values")}
        return {name: table for name, table in found.items() if table or name != "values"}

    def tables(self) -> Iterator[DataTable]:
        """The whole point, and both sides in all coordinates that differ."""
        names = symbol_names(self.point)
        point = [(Cell(str(s), latex(s, names=names)), Cell(str(v), latex(v))) for s, v in self.point.items()]
        sides = [
            (
                Cell(str(c), c.latex() or r"\text{value}"),
                *(Cell(str(e), latex(e)) for e in (self.left[c], self.right[c])),
            )
            for c in self.differing
        ]
        at = "A counterexample: the point", ("symbol", "value"), point
        there = "Both sides there", ("coordinate", "left", "right"), sides
        for caption, header, rows in (at, there):
            numbers = tuple(range(1, len(header)))
            for k in range(0, len(rows), ROWS):
                yield DataTable(caption, header, tuple(rows[k : k + ROWS]), numbers)


def by_name(values: Mapping[Any, T]) -> dict[str, T]:
    """Values by what they belong to as text; what reads alike is numbered."""
    used: set[str] = set()
    return {unused(str(key), used): value for key, value in values.items()}


def as_text(values: Mapping[Any, sp.Expr]) -> dict[str, str]:
    """Exact numbers as text."""
    return {key: str(value) for key, value in by_name(values).items()}

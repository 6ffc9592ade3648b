"""What `decide` and `verify` answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sympy as sp

from pgsym.claims.tree import Equal


class Status(StrEnum):
    """The three possible answers."""

    PROVED = "proved"
    REFUTED = "refuted"
    INAPPLICABLE = "inapplicable"


@dataclass(frozen=True)
class Witness:
    """A point of the model's domain at which the two sides differ, with both exact values."""

    theta: Mapping[sp.Symbol, sp.Expr]
    symbols: Mapping[sp.Symbol, sp.Expr]
    left: Mapping[sp.Symbol, sp.Expr]
    right: Mapping[sp.Symbol, sp.Expr]


@dataclass(frozen=True)
class Verdict:
    """Proved, refuted or inapplicable, and on what ground.

    Attributes
    ----------
    claim : Equal
        The very tree that was evaluated.
    method : str
        ``normal form`` (zero in the field of rational functions) or ``identity test``.
    error_bits : int or None
        The probability that a false claim was called proved is at most 2^-error_bits; None when it is 0.
    reason : str
        The failed hypothesis of an inapplicable claim.
    difference : mapping or None
        left - right in closed form by parameter, where it was affordable.
    witness : Witness or None
        For refuted claims.
    corollaries : tuple of Verdict
        What was decided besides, e.g. the identity that holds instead.
    """

    status: Status
    claim: Equal
    method: str = ""
    error_bits: int | None = None
    reason: str = ""
    difference: Mapping[sp.Symbol, sp.Expr] | None = None
    witness: Witness | None = None
    corollaries: tuple[Verdict, ...] = field(default=())

    @property
    def proved(self) -> bool:
        """Whether the claim holds for every value of the parameters and symbols."""
        return self.status is Status.PROVED

    @property
    def ground(self) -> str:
        """How the answer was reached, in words."""
        if self.status is Status.INAPPLICABLE:
            return self.reason
        if self.error_bits is None:
            return self.method
        return f"{self.method}, error at most 2^-{self.error_bits}"

    def __str__(self) -> str:
        lines = [f"{self.status}: {self.claim}", f"  by {self.ground}" if self.method else f"  {self.reason}"]
        if self.witness is not None:
            lines.append(f"  at {_point({**self.witness.theta, **self.witness.symbols})}")
            for p in self.witness.left:
                lines.append(f"    d/d{p}: left {self.witness.left[p]}, right {self.witness.right[p]}")
        lines += [f"  {line}" for verdict in self.corollaries for line in str(verdict).splitlines()]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Plain data, with exact numbers as text."""
        found: dict[str, Any] = {"status": str(self.status), "claim": str(self.claim), "ground": self.ground}
        if self.error_bits is not None:
            found["error_bits"] = self.error_bits
        if self.difference is not None:
            found["difference"] = {p.name: str(e) for p, e in self.difference.items()}
        if self.witness is not None:
            w = self.witness
            found["witness"] = {
                key: {str(p): str(e) for p, e in values.items()}
                for key, values in (("theta", w.theta), ("symbols", w.symbols), ("left", w.left), ("right", w.right))
            }
        if self.corollaries:
            found["corollaries"] = [verdict.to_json() for verdict in self.corollaries]
        return found

    def latex(self) -> str:
        """The claim, with the answer as a margin note."""
        return rf"{self.claim.latex()} \qquad \text{{({self.status})}}"

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"


def _point(values: Mapping[sp.Symbol, sp.Expr]) -> str:
    return ", ".join(f"{s} = {v}" for s, v in values.items())

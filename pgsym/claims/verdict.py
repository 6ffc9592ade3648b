"""What `decide` answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from textwrap import indent
from typing import TYPE_CHECKING, Any

import sympy as sp

from pgsym.claims.counterexample import Coordinate, Witness, as_text, by_name
from pgsym.claims.language.relation import EQUAL
from pgsym.claims.language.statement import Claim, Statement, equal
from pgsym.claims.language.tree import Mul, Node
from pgsym.display.result import Result, assumed, data_frame
from pgsym.expression.complaint import listed
from pgsym.expression.latex import latex
from pgsym.trust import Level, Trust, weakest

if TYPE_CHECKING:
    from pgsym.order import SignCertificate


class Status(StrEnum):
    """The possible answers; an equation is never left undecided."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    INAPPLICABLE = "inapplicable"


@dataclass(frozen=True, repr=False)
class Verdict(Result):
    """Proved, refuted, undecided or inapplicable, and on what ground.

    Attributes
    ----------
    claim : Claim or Statement
        The very tree that was evaluated; a chain, whose relations have verdicts of their own in `links`.
    method : str
        ``normal form`` (zero in the field of rational functions), ``identity test``, or of an inequality the rungs of
        the ladder of `pgsym.order` on which it was proved; ``exact values`` where a point refutes it.
    error_bits : int or None
        The probability that a false claim was called proved is at most 2^-error_bits; None when it is 0.
    reason : str
        The failed hypothesis of an inapplicable claim; of an undecided one, what was tried.
    certificates : mapping
        Of a proved inequality, why larger - smaller has its sign, by coordinate.
    region : str
        Of a refuted inequality in one symbol or parameter, where exactly it is true.
    bands : tuple
        The same for one coordinate, to draw: the variable, such as exp(theta), and ends of an interval in floats.
    difference : mapping or None
        left - right in closed form, by coordinate, where it is not zero and was affordable.
    witness : Witness or None
        For refuted claims.
    factor : Node, expression or None
        For refuted equalities, a c free of theta (or E[T]) with left == c * right; it was decided too.
    notes : tuple of str
        What the claim does not say although it may seem to.
    corollaries : tuple of Verdict
        What was decided besides, e.g. the identity that holds instead.
    links : tuple of Verdict
        Of a chain, the verdict on each relation.

    See Also
    --------
    pgsym.decide, pgsym.verify : Make it.
    pgsym.certify : A proof of it for Coq's kernel.

    References
    ----------
    Schwartz, Fast probabilistic algorithms for verification of polynomial identities (1980), for identity tests.

    Examples
    --------
    >>> from pgsym.claims import decide
    >>> decide("short-corridor", "J = 1").status.value
    'refuted'
    """

    status: Status
    claim: Claim | Statement
    method: str = ""
    error_bits: int | None = None
    reason: str = ""
    certificates: Mapping[Coordinate, SignCertificate] = field(default_factory=dict)
    region: str = ""
    bands: tuple[tuple[sp.Symbol, float, float], ...] = field(default=(), compare=False)
    difference: Mapping[Coordinate, sp.Expr] | None = None
    witness: Witness | None = None
    factor: Node | sp.Expr | None = None
    notes: tuple[str, ...] = ()
    corollaries: tuple[Verdict, ...] = ()
    links: tuple[Verdict, ...] = ()
    assumption: str = field(default="", compare=False)

    @classmethod
    def of_chain(cls, statement: Statement, links: Sequence[Verdict]) -> Verdict:
        """The verdict on a whole chain: it is proved if every relation is, and refuted if one is.

        Method, witness and reason are those of the relation that decides; the errors of identity tests add up.
        """
        links = tuple(links)
        if len(links) == 1:
            return links[0]
        certificates = {Coordinate((("relation", k), *c.places), c.parameters, c.minors): certificate
                        for k, v in enumerate(links, 1) for c, certificate in v.certificates.items()}  # fmt: skip
        failing = [v for v in links if v.refuted] or [v for v in links if not v.proved]
        if failing:
            return replace(failing[0], claim=statement, factor=None, notes=(), links=links)
        tested = [v for v in links if v.error_bits is not None]
        if not tested:
            methods = ", ".join(dict.fromkeys(v.method for v in links))
            return cls(Status.PROVED, statement, methods, certificates=certificates, links=links)
        bits = min(v.error_bits or 0 for v in tested) - math.ceil(math.log2(len(tested)))
        return cls(Status.PROVED, statement, tested[0].method, bits, certificates=certificates, links=links)

    @property
    def proved(self) -> bool:
        """Whether the claim holds for every value of the parameters and symbols."""
        return self.status is Status.PROVED

    @property
    def refuted(self) -> bool:
        """Whether the claim fails at some point."""
        return self.status is Status.REFUTED

    @property
    def decided(self) -> bool:
        """Whether the claim is proved or refuted."""
        return self.proved or self.refuted

    @property
    def ground(self) -> str:
        """How the answer was reached, in words."""
        if not self.decided:
            return self.reason
        if self.certificates:
            return f"{self.method} (trust: {self.trust})"
        return self.method if self.error_bits is None else str(self.trust)

    @property
    def trust(self) -> Trust | None:
        """How far the answer can be relied on; None where there is none.

        A witness found after an identity test is exact: only proofs rest on chance.
        """
        if not self.decided:
            return None
        if self.error_bits is not None:
            own = Trust(Level.IDENTITY_TEST, error_bits=self.error_bits)
        else:
            formal = self.certificates or self.method == Level.NORMAL_FORM
            own = Trust(Level.NORMAL_FORM if formal else Level.EXACT_POINT)
        return weakest([own, *(certificate.trust for certificate in self.certificates.values())])

    def explanations(self) -> list[str]:
        """Why an inequality holds, coordinates with the same reason together."""
        where: dict[str, list[Coordinate]] = {}
        for coordinate, certificate in self.certificates.items():
            where.setdefault(certificate.explain(), []).append(coordinate)
        if len(where) == 1:
            return list(where)
        return [f"{listed(places)}: {reason}" for reason, places in where.items()]

    @property
    def repaired(self) -> Claim | None:
        """left == factor * right as a claim, where the factor is an expression of the language."""
        if not isinstance(self.factor, Node) or not isinstance(self.claim, Claim) or self.claim.relation != EQUAL:
            return None
        fixed = equal(self.claim.left, Mul(self.factor, self.claim.right))
        return Claim(fixed.left, EQUAL, fixed.right, self.claim.bindings)

    def text(self) -> str:
        """The answer, its ground, and the witness."""
        if self.links:
            parts = [link.text() for link in self.links]
        else:
            parts = [f"by {self.ground}" if self.method else self.reason, *self.explanations()]
            parts += [f"note: {note}" for note in self.notes]
            if self.witness is not None:
                parts.append(str(self.witness))
            if self.factor is not None:
                parts.append(f"true with the factor {self.factor} on the right")
            if self.region:
                parts.append(f"true exactly where {self.region}")
        parts += [verdict.text() for verdict in self.corollaries]
        return "\n".join([f"{self.status}: {self.claim}", *(indent(part, "  ") for part in parts)])

    def frame(self) -> Any:
        """A pandas frame with a row for each relation: the claim, the answer, its ground."""
        return data_frame(["claim", "status", "ground"], [v.row() for v in self.links or (self,)])

    def row(self) -> tuple[str, str, str]:
        """The claim, the answer and its ground as text."""
        return str(self.claim), str(self.status), self.ground

    def to_json(self) -> dict[str, Any]:
        """Plain data, exact numbers as text; a witness has all coordinates, and what does not apply is left out."""
        found = {
            "status": str(self.status),
            "claim": str(self.claim),
            "ground": self.ground,
            "trust": None if self.trust is None else self.trust.to_json(),
            "certificates": {
                place: {"rung": c.rung, "trust": c.trust.to_json(), "text": c.explain()}
                for place, c in by_name(self.certificates).items()
            }
            or None,
            "region": self.region or None,
            "reason": self.claim.reason or None if isinstance(self.claim, Claim) else None,
            "error_bits": self.error_bits,
            "difference": None if self.difference is None else as_text(self.difference),
            "witness": None if self.witness is None else self.witness.to_json(),
            "factor": None if self.factor is None else str(self.factor),
            "notes": list(self.notes) or None,
            "links": [verdict.to_json() for verdict in self.links] or None,
            "corollaries": [verdict.to_json() for verdict in self.corollaries] or None,
        }
        return {key: value for key, value in found.items() if value is not None}

    def latex(self) -> str:
        """The claim, with the answer as a margin note."""
        return rf"{self.claim.latex()} \qquad \text{{({self.status})}}"

    def markdown(self) -> str:
        """The claim as a formula, the answer with its ground, and the witness as a table."""
        if self.links:
            parts = [f"$${self.claim.latex()}$$", f"**{self.status}**, relation by relation:"]
            return "\n\n".join([*parts, *(verdict.markdown() for verdict in (*self.links, *self.corollaries))])
        parts = [f"$${self.claim.latex()}$$", f"**{self.status}**" + (f" by {self.ground}" if self.method else "")]
        if not self.method:
            parts[-1] += f": {self.reason}"
        parts += [f"{reason[:1].upper()}{reason[1:]}." for reason in self.explanations()]
        parts += [f"Note: {note}." for note in self.notes]
        if self.witness is not None:
            parts.append(self.witness.markdown())
        if self.factor is not None:
            factor = self.factor.latex() if isinstance(self.factor, Node) else latex(self.factor)
            parts.append(f"True with the factor ${factor}$ on the right.")
        if self.region:
            parts.append(f"True exactly where {self.region}.")
        return "\n\n".join([*parts, *(verdict.markdown() for verdict in self.corollaries)])

    def _repr_markdown_(self) -> str:
        return assumed(self.assumption and f"{self.assumption}\n", self.markdown())

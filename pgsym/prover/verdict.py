"""What is known of a claim about every finite MDP."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pgsym.claims.language import tree as t
from pgsym.display.result import Result, data_frame
from pgsym.model.objective import Objective
from pgsym.prover.counterexample import Counterexample
from pgsym.prover.rewriting import CertificateStep
from pgsym.prover.small_models import counted
from pgsym.trust import Level, Trust, weakest


class Standing(StrEnum):
    """What is known of a claim about every finite MDP.

    PROVED
        It holds for every finite MDP that meets the hypotheses; there is a certificate.
    REFUTED
        There is an MDP for which it is false.
    OPEN
        It holds on every MDP up to some size, and no proof was found.
    OUTSIDE
        The prover does not read it.
    """

    PROVED = "proved for every finite MDP"
    REFUTED = "refuted"
    OPEN = "open"
    OUTSIDE = "not read"


@dataclass(frozen=True)
class GeneralVerdict(Result):
    """What `prove` answers.

    Attributes
    ----------
    claim : Claim
        One relation; of several, the first.
    objective : Objective
    standing : Standing
    hypotheses : tuple of str
        What the claim or its proof needs of an MDP.
    certificate : tuple of CertificateStep
        Of a proof: their sum is the difference of the sides; empty where that is 0 once both are written out.
    multipliers : tuple of str
        In words, what each equation of the certificate is multiplied by.
    written_out : str
        Both sides, where they are the same once written out.
    counterexample : Counterexample or None
        The smallest MDP for which the claim is false.
    tested : tuple of int
        (states, actions) up to which an open claim holds on every MDP; (0, 0) where that is not known.
    missing : Node or None
        Of a refuted equation, left minus right in the words of the language, where it has them.
    corrected : GeneralVerdict or None
        The proof of the shortest true equation that was found with the same left side.
    reason : str
        Why a claim is not read; of a proved equation, what was asked and follows from it.
    links : tuple of GeneralVerdict
        Of several relations, the verdict of each.

    See Also
    --------
    pgsym.prove : Makes it.
    pgsym.Verdict : A verdict on one model.

    Examples
    --------
    >>> from pgsym.prover import prove
    >>> found = prove("J = sum[s] eta(s) * r_pi(s)")
    >>> str(found.standing), found.hypotheses
    ('proved for every finite MDP', ('gamma < 1, or every run ends',))
    """

    claim: t.Claim
    objective: Objective
    standing: Standing
    hypotheses: tuple[str, ...] = ()
    certificate: tuple[CertificateStep, ...] = ()
    multipliers: tuple[str, ...] = ()
    written_out: str = ""
    counterexample: Counterexample | None = None
    tested: tuple[int, int] = (0, 0)
    missing: t.Node | None = None
    corrected: GeneralVerdict | None = None
    reason: str = ""
    links: tuple[GeneralVerdict, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether it holds for every finite MDP."""
        return self.standing is Standing.PROVED

    @property
    def correction(self) -> t.Claim | None:
        """A true equation with the same left side; what it needs is in `corrected`."""
        return None if self.corrected is None else self.corrected.claim

    @property
    def assumption(self) -> str:
        """Nothing."""
        return ""

    @property
    def trust(self) -> Trust | None:
        """A normal form, or what its counterexample is worth."""
        if self.links:
            return weakest(link.trust for link in self.links if link.trust)
        if self.proved:
            return Trust(Level.NORMAL_FORM)
        return None if self.counterexample is None else self.counterexample.verdict.trust

    def rows(self) -> list[tuple[str, str]]:
        """(multiplier, equation) of each step of the certificate."""
        return [(multiplier, str(s.equation)) for multiplier, s in zip(self.multipliers, self.certificate, strict=True)]

    def text(self) -> str:
        """The verdict, what it needs, and the proof or the counterexample."""
        if self.links:
            return "\n".join(link.text() for link in self.links)
        lines = [f"{self.standing}: {self.claim}"]
        if self.hypotheses and self.proved:
            lines.append(f"  where {'; '.join(self.hypotheses)}")
        if self.proved:
            lines.append(
                f"  both sides are {self.written_out}" if not self.certificate else "  left - right is the sum of"
            )
            lines += [f"    {multiplier}, times: {equation}" for multiplier, equation in self.rows()]
        if self.counterexample is not None:
            lines += [f"  {line}" for line in str(self.counterexample).splitlines()]
        if self.corrected is not None:
            lines.append(f"  true is: {self.corrected.claim}")
            lines.append(f"    where {'; '.join(self.corrected.hypotheses)}")
        if self.standing is Standing.OPEN:
            states, actions = self.tested
            known = f"it holds on every MDP of up to {counted(states, 'state')} and {counted(actions, 'action')}"
            lines.append(f"  {known if states else 'no MDP was found for which it is false'}; no proof was found")
        if self.reason:
            lines.append(f"  {self.reason}")
        return "\n".join(lines)

    def latex(self) -> str:
        """The claim, and its correction, as display formulas."""
        if self.links:
            return "\n".join(link.latex() for link in self.links)
        found = [f"\\[ {self.claim.latex()} \\qquad \\text{{({self.standing})}} \\]"]
        if self.correction is not None:
            found.append(f"\\[ {self.correction.latex()} \\]")
        return "\n".join(found)

    def frame(self) -> Any:
        """A pandas frame with a row for each relation.

        Raises
        ------
        MissingExtraError
            pandas is not installed.
        """
        each = self.links or (self,)
        rows = [(str(v.claim), str(v.standing), "; ".join(v.hypotheses), str(v.correction or "")) for v in each]
        return data_frame(["claim", "standing", "hypotheses", "correction"], rows)

    def to_json(self) -> dict[str, Any]:
        """Plain data in the schema of docs/results.md."""
        return {
            "claim": None if self.links else str(self.claim),
            "objective": str(self.objective),
            "standing": str(self.standing),
            "hypotheses": list(self.hypotheses),
            "certificate": [{"multiplier": multiplier, "equation": equation} for multiplier, equation in self.rows()],
            "counterexample": None if self.counterexample is None else self.counterexample.to_json(),
            "tested": {"states": self.tested[0], "actions": self.tested[1]} if any(self.tested) else None,
            "corrected": None if self.corrected is None else self.corrected.to_json(),
            "reason": self.reason,
            "links": [link.to_json() for link in self.links],
            "trust": None if self.trust is None else self.trust.to_json(),
        }

    def _repr_latex_(self) -> str:
        return self.latex()

"""What is known of a claim about every finite MDP."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from pgsym.claims.derivation.record import Derivation
from pgsym.claims.language import tree as t
from pgsym.claims.language.statement import Claim
from pgsym.display.result import Result, data_frame
from pgsym.errors import ClaimError
from pgsym.expression.complaint import counted
from pgsym.model.objective import Objective
from pgsym.model.problem import ProblemLike
from pgsym.prover.counterexample import Counterexample
from pgsym.prover.equations import total_text
from pgsym.prover.rewriting import CertificateStep
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


@dataclass(frozen=True, repr=False)
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
    counterexample : Counterexample or None
        The smallest MDP for which the claim is false.
    tested : tuple of int, optional
        (states, actions) up to which an open claim holds on every MDP; (0, 0) where that is not known, None where
        no counterexample was looked for.
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

    claim: Claim
    objective: Objective
    standing: Standing
    hypotheses: tuple[str, ...] = ()
    certificate: tuple[CertificateStep, ...] = ()
    counterexample: Counterexample | None = None
    tested: tuple[int, int] | None = None
    missing: t.Node | None = None
    corrected: GeneralVerdict | None = None
    reason: str = ""
    links: tuple[GeneralVerdict, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether it holds for every finite MDP."""
        return self.standing is Standing.PROVED

    @property
    def correction(self) -> Claim | None:
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

    def derivation(self, problem: ProblemLike | None = None, *, level: str = "both") -> Derivation:
        """The proof for readers: what is used, and a chain from the left side to the right side.

        Parameters
        ----------
        problem
            A model, on which every line is decided once more, and written out in its states and actions.
        level
            With a model: ``general``, only decided there; ``model``, only written out; ``both``.

        Returns
        -------
        Derivation
            Text, LaTeX, HTML and Markdown.  Its lines were decided on every MDP of two states and two actions.

        Raises
        ------
        ClaimError
            There is no proof, or a line has no words in the language.
        SchemaError
            The level is unknown.
        TooLargeError
            ``level="model"`` for a model too large to be written out.

        Examples
        --------
        >>> from pgsym.prover import prove
        >>> found = prove("J = sum[s] eta(s) * r_pi(s)").derivation()
        >>> for relation in found.chains[-1].claims:
        ...     print(relation.right, "--", relation.reason.partition(" (")[0])
        sum[s] mu0(s) * V(s) -- definition of `J`
        sum[s] eta(s) * (V(s) - gamma * sum[s'] P_pi(s,s') * V(s')) -- balance of visits
        sum[s] eta(s) * (sum[a] pi(a|s) * Q(s,a) - gamma * sum[s'] P_pi(s,s') * V(s')) -- `V` is the mean of `Q`
        sum[s] eta(s) * r_pi(s) -- Bellman's equation
        """
        if problem is None:
            return self._proof
        from pgsym.prover.derivation import on_model

        return on_model(self._proof, problem, level)

    @cached_property
    def _lines(self) -> tuple[Claim, ...]:
        """Of the proof; none where a line has no words."""
        try:
            return self._proof.chains[-1].claims if self.proved else ()
        except ClaimError:
            return ()

    @cached_property
    def _proof(self) -> Derivation:
        if not self.proved:
            raise ClaimError(f"found a claim that is {self.standing}; a derivation needs a proof. See the verdict")
        # It loads scipy, which a verdict does without.
        from pgsym.prover.derivation import document

        return document([(v.claim, v.objective, v.hypotheses) for v in self.links or (self,)])

    def rows(self) -> list[tuple[str, str]]:
        """(multiplier, equation) of each step of the certificate."""
        return [(total_text([(s.coefficient, s.multiplier)]), str(s.equation)) for s in self.certificate]

    def text(self) -> str:
        """The verdict, what it needs, and the proof or the counterexample."""
        if self.links:
            return "\n".join(link.text() for link in self.links)
        lines = [f"{self.standing}: {self.claim}"]
        if self.hypotheses and self.proved:
            lines.append(f"  where {'; '.join(self.hypotheses)}")
        if self.proved:
            if self._lines:
                lines.append(f"  {self.claim.left}")
            else:
                lines.append("  left - right is the sum of")
                lines += [f"    {multiplier}, times: {equation}" for multiplier, equation in self.rows()]
            lines += [f"    = {step.right}   # {step.reason}" for step in self._lines]
        if self.counterexample is not None:
            lines += [f"  {line}" for line in str(self.counterexample).splitlines()]
        if self.corrected is not None:
            lines.append(f"  true is: {self.corrected.claim}")
            if self.corrected.hypotheses:
                lines.append(f"    where {'; '.join(self.corrected.hypotheses)}")
        if self.standing is Standing.OPEN:
            tried = "no counterexample was looked for"
            if self.tested is not None:
                states, actions = self.tested
                sizes = f"{counted(states, 'state')} and {counted(actions, 'action')}"
                tried = (
                    f"it holds on every MDP of up to {sizes}" if states else "no MDP was found for which it is false"
                )
            lines.append(f"  {tried}; no proof was found")
        if self.reason:
            lines.append(f"  {self.reason}")
        return "\n".join(lines)

    def latex(self) -> str:
        """The proof as the body of a document; else the claim, and its correction, as display formulas."""
        if self._lines:
            return self._proof.latex()
        if self.links:
            return "\n".join(link.latex() for link in self.links)
        found = [f"\\[ {self.claim.latex()} \\qquad \\text{{({self.standing})}} \\]"]
        if self.correction is not None:
            found.append(f"\\[ {self.correction.latex()} \\]")
        return "\n".join(found)

    def frame(self) -> Any:
        """A pandas frame with a row for each relation."""
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
            "proof": [{"claim": str(step), "reason": step.reason} for step in (() if self.links else self._lines)],
            "certificate": [{"multiplier": multiplier, "equation": equation} for multiplier, equation in self.rows()],
            "counterexample": None if self.counterexample is None else self.counterexample.to_json(),
            "tested": dict(zip(("states", "actions"), self.tested, strict=True))
            if self.tested and any(self.tested)
            else None,
            "corrected": None if self.corrected is None else self.corrected.to_json(),
            "reason": self.reason,
            "links": [link.to_json() for link in self.links],
            "trust": None if self.trust is None else self.trust.to_json(),
        }

    def _repr_markdown_(self) -> str:
        if self._lines:
            return self._proof._repr_markdown_()
        return self.latex().replace("\\[", "$$").replace("\\]", "$$")

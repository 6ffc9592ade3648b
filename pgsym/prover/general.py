"""`prove`: whether a claim holds for every finite MDP, of any number of states and actions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from pgsym.claims.catalogue import theorem, theorem_names
from pgsym.claims.catalogue.hypotheses import HYPOTHESES
from pgsym.claims.decide import decide
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import LISTED
from pgsym.claims.script import Script
from pgsym.claims.verdict import Status, Verdict
from pgsym.display.result import Result, data_frame
from pgsym.errors import ClaimError, HypothesisError, SchemaError, TooLargeError
from pgsym.model.objective import Objective
from pgsym.model.policies import tabular
from pgsym.model.problem import Problem
from pgsym.model.zoo.constructed import generic_mdp
from pgsym.prover import equations as eq
from pgsym.prover.checker import adds_up
from pgsym.prover.correction import missing
from pgsym.prover.reading import Reading, sum_text
from pgsym.prover.rewriting import CertificateStep, normal_form
from pgsym.prover.run_tensors import ENDING
from pgsym.prover.tensors import Total, canonical
from pgsym.prover.vocabulary import in_words, plus
from pgsym.trust import Level, Trust, weakest

SIZES = ((1, 1), (1, 2), (2, 1), (2, 2), (3, 2))
"""(states, actions) on which a claim without a proof is tested, smallest first: on every MDP of that size."""

UNDISCOUNTED = "gamma = 1"
DISCOUNTED = "gamma < 1, or every run ends"

ASSUMABLE = {"undiscounted": (UNDISCOUNTED, ENDING), "ending": (ENDING,)}
"""Hypotheses that change what a claim says, by name."""


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
    counterexample : Verdict or None
        On the smallest MDPs, in states and actions, for which the claim is false.
    size : tuple of int
        (states, actions) of the counterexample; of an open claim, the largest on which it was tested.
    missing : Node or None
        Of a refuted equation, left minus right in the words of the language, where it has them.
    reason : str
        Why a claim is not read.
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
    counterexample: Verdict | None = None
    size: tuple[int, int] = (0, 0)
    missing: t.Node | None = None
    reason: str = ""
    links: tuple[GeneralVerdict, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether it holds for every finite MDP."""
        return self.standing is Standing.PROVED

    @cached_property
    def correction(self) -> t.Claim | None:
        """The claim with what is missing on its right side."""
        if self.missing is None:
            return None
        zero = isinstance(self.claim.right, t.Number) and not self.claim.right.value
        right = self.missing if zero else plus([self.claim.right, self.missing])
        return replace(self.claim, right=right, source="")

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
        return None if self.counterexample is None else self.counterexample.trust

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
            states, actions = self.size
            lines.append(f"  by {_count(states, 'state')} and {_count(actions, 'action')}; no smaller MDP does it")
            lines += [f"  {line}" for line in str(self.counterexample.witness or "").splitlines()]
        if self.correction is not None:
            lines.append(f"  true is: {self.correction}")
        if self.standing is Standing.OPEN:
            lines.append(f"  it holds on every MDP of up to {_count(self.size[0], 'state')} and "
                         f"{_count(self.size[1], 'action')}; no proof was found")  # fmt: skip
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
            "size": {"states": self.size[0], "actions": self.size[1]} if any(self.size) else None,
            "correction": None if self.correction is None else str(self.correction),
            "reason": self.reason,
            "links": [link.to_json() for link in self.links],
            "trust": None if self.trust is None else self.trust.to_json(),
        }

    def _repr_latex_(self) -> str:
        return self.latex()


def prove(
    claim: t.Claim | Script | str,
    *,
    objective: Objective | str | None = None,
    hypotheses: Collection[str] = (),
    refute: bool = True,
) -> GeneralVerdict:
    """Whether a claim holds for every finite MDP, with any number of states and actions.

    Parameters
    ----------
    claim
        A tree, a text of claims, or the name of a theorem of the catalogue.  Of several relations, each has a verdict.
    objective
        What J is, and what Q and A are taken with; by default the text's or the theorem's own, else start-state.
    hypotheses
        Names of `ASSUMABLE`: ``undiscounted``, for claims about gamma = 1 where every run ends; ``ending``.
    refute
        Look for the smallest MDP that refutes a claim without a proof, and for what is missing.

    Returns
    -------
    GeneralVerdict
        Proved with a certificate, refuted by the smallest MDP that does it and with what is missing, or open.

    Raises
    ------
    ClaimError
        The text is no claim.
    SchemaError
        An objective or a hypothesis is unknown.

    See Also
    --------
    decide : On one model, for all of its parameters.
    certify : A proof on one model that Coq checks.

    References
    ----------
    Baader and Nipkow, Term Rewriting and All That (1998).

    Examples
    --------
    >>> print(prove("grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * (Q(s,a) - V(s))"))
    proved for every finite MDP: grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * (Q(s,a) - V(s))
      where gamma < 1, or every run ends
      left - right is the sum of
        sum[s] eta(s) * V(s), times: the probabilities of actions sum to 1, differentiated: sum[a1] grad pi(a1|s) = 0
    """
    assumed = set(hypotheses)
    for name in assumed - set(ASSUMABLE):
        raise SchemaError(f"found {name!r}; must be one of {', '.join(ASSUMABLE)}. Choose one", where="hypotheses")
    which = Objective.parse(objective) if isinstance(objective, str) else objective
    cases: list[tuple[t.Claim, Objective | None]]
    if isinstance(claim, str) and claim in theorem_names():
        entry = theorem(claim)
        cases = [(c, entry.objective) for c in entry.claims]
        assumed |= {name for name in ASSUMABLE if name in HYPOTHESES and HYPOTHESES[name] in entry.requires}
    elif isinstance(claim, t.Claim):
        cases = [(claim, None)]
    else:
        script = Script.parse(claim) if isinstance(claim, str) else claim
        cases = [(c, chain.objective) for chain in script.chains for c in chain.claims]
    if not cases:
        raise ClaimError(f"found no relation; a claim has {LISTED} between two sides. Write one", where="claims")
    links = tuple(_prove(c, which or own or Objective.START_STATE, frozenset(assumed), refute) for c, own in cases)
    if len(links) == 1:
        return links[0]
    order = (Standing.PROVED, Standing.OPEN, Standing.OUTSIDE, Standing.REFUTED)
    worst = max((v.standing for v in links), key=order.index)
    needs = tuple(dict.fromkeys(h for v in links for h in v.hypotheses))
    return GeneralVerdict(links[0].claim, links[0].objective, worst, needs, links=links)


def _prove(claim: t.Claim, objective: Objective, assumed: frozenset[str], refute: bool) -> GeneralVerdict:
    found = GeneralVerdict(claim, objective, Standing.OUTSIDE)
    try:
        reading = Reading(claim, objective, undiscounted="undiscounted" in assumed)
        difference = reading.difference()
    except ClaimError as error:
        found = replace(found, reason=str(error))
        return _tested(found, bool(assumed), assumed) if refute else found
    equations = reading.equations.table()
    ending = bool(assumed) or "1" in reading.equations.discounts
    tables = [[e for e in equations if e.needs != eq.CONTINUING], equations]
    for table in tables[:1] if ending else tables:
        left, steps = normal_form(difference, table)
        if not left:
            return _proof(found, reading, difference, steps, assumed)
    found = _tested(found, ending, assumed) if refute else replace(found, standing=Standing.OPEN)
    if found.standing is Standing.REFUTED:
        corrected = replace(found, missing=missing(left, reading, equations))
        if corrected.correction is not None and _prove(corrected.correction, objective, assumed, False).proved:
            return corrected
    return found


def _proof(
    found: GeneralVerdict, reading: Reading, difference: Total, steps: list[CertificateStep], assumed: frozenset[str]
) -> GeneralVerdict:
    """The verdict with its certificate, which is multiplied out once more."""
    if not adds_up(difference, steps):
        raise AssertionError(f"the certificate does not add up: {found.claim}")

    def shown(total: Total) -> str:
        words = in_words(total, reading, resolvents=True)
        return sum_text(total) if words is None else str(words)

    return replace(
        found,
        standing=Standing.PROVED,
        hypotheses=_hypotheses(difference, steps, reading, assumed),
        certificate=tuple(steps),
        multipliers=tuple(shown({canonical(s.multiplier): s.coefficient}) for s in steps),
        written_out="" if steps else shown(reading.total(found.claim.left)),
    )


def _hypotheses(
    total: Total, steps: Iterable[CertificateStep], reading: Reading, assumed: frozenset[str]
) -> tuple[str, ...]:
    """What the quantities of a claim and its proof need."""
    sides = (total, reading.total(reading.claim.left), reading.total(reading.claim.right))
    letters = {f[0].split("[")[0].rstrip("'") for side in sides for fs in side for f in fs}
    needs = {step.equation.needs for step in steps} - {""}
    if letters & {"mu", "D"} or reading.objective is not Objective.START_STATE:
        needs.add(eq.UNICHAIN)
    if letters & {"ipi", "lpi"}:
        needs.add(eq.POSITIVE)
    found = [text for name in ASSUMABLE if name in assumed for text in ASSUMABLE[name]]
    if "1" in reading.equations.discounts:
        found.append(ENDING)
    elif "N" in letters and not assumed:
        found.append("gamma < 1" if needs & {eq.CONTINUING, eq.UNICHAIN} else DISCOUNTED)
    found += [
        f"0 <= {text} < 1"
        for text, k in reading.equations.discounts.items()
        if text != "gamma" and k.as_expr().free_symbols
    ]
    if eq.UNICHAIN in needs:
        needs.discard(eq.CONTINUING)
    return tuple(dict.fromkeys([*found, *sorted(needs)]))


def _tested(found: GeneralVerdict, ending: bool, assumed: frozenset[str]) -> GeneralVerdict:
    """The claim on every MDP of each size."""
    for size in SIZES:
        mdp = generic_mdp(*size, terminal=ending)
        if "undiscounted" in assumed:
            mdp = mdp.replace(gamma=1)
        try:
            verdict = decide(Problem(mdp, tabular(mdp), found.objective), found.claim)
        except (HypothesisError, ClaimError, TooLargeError) as error:
            return replace(found, reason=found.reason or str(error))
        if verdict.status is Status.INAPPLICABLE:
            return replace(found, reason=verdict.reason)
        if not verdict.proved:
            return replace(found, standing=Standing.REFUTED, counterexample=verdict, size=size, reason="")
        found = replace(found, standing=Standing.OPEN, size=size)
    return found


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")

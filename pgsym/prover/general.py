"""`prove`: whether a claim holds for every finite MDP, of any number of states and actions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from pgsym.claims.catalogue import theorem, theorem_names
from pgsym.claims.catalogue.hypotheses import HYPOTHESES
from pgsym.claims.decide import decide
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import LISTED, RELATIONS
from pgsym.claims.script import Script
from pgsym.claims.verdict import Status
from pgsym.errors import ClaimError, HypothesisError, SchemaError, TooLargeError
from pgsym.model.objective import Objective
from pgsym.model.policies import tabular
from pgsym.model.problem import Problem
from pgsym.model.zoo.constructed import generic_mdp
from pgsym.prover import equations as eq
from pgsym.prover.checker import adds_up
from pgsym.prover.correction import missing
from pgsym.prover.reading import Reading
from pgsym.prover.rewriting import CertificateStep, normal_form
from pgsym.prover.run_tensors import ENDING
from pgsym.prover.tensors import Total
from pgsym.prover.verdict import GeneralVerdict, Standing

SIZES = ((1, 1), (1, 2), (2, 1), (2, 2), (3, 2))
"""(states, actions) on which a claim without a proof is tested, smallest first: on every MDP of that size."""

UNDISCOUNTED = "gamma = 1"
DISCOUNTED = "gamma < 1, or every run ends"

ASSUMABLE = {"undiscounted": (UNDISCOUNTED, ENDING), "ending": (ENDING,)}
"""Hypotheses that change what a claim says, by name."""


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
    >>> print(prove("sum[a] pi(a|s) * A(s,a) = 0"))
    proved for every finite MDP: sum[a] pi(a|s) * A(s,a) == 0
      where gamma < 1, or every run ends
      sum[a] pi(a|s) * A(s,a)
        = sum[a] pi(a|s) * (Q(s,a) - V(s))   # definition of `A` (times `pi(a|s)`, summed over `a`)
        = V(s) - sum[a] pi(a|s) * V(s)   # `V` is the mean of `Q`
        = 0   # the probabilities of actions sum to 1 (times `V(s)`)
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
        if RELATIONS[claim.relation].larger is not None:
            return found
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

    return replace(
        found,
        standing=Standing.PROVED,
        hypotheses=_hypotheses(difference, steps, reading, assumed),
        certificate=tuple(steps),
    )


def _hypotheses(
    total: Total, steps: Iterable[CertificateStep], reading: Reading, assumed: frozenset[str]
) -> tuple[str, ...]:
    """What the quantities of a claim and its proof need."""
    sides = (total, reading.total(reading.claim.left), reading.total(reading.claim.right))
    names = {f[0] for side in sides for fs in side for f in fs}
    letters = {name.split("[")[0].rstrip("'") for name in names}
    needs = {step.equation.needs for step in steps} - {""}
    if letters & {"mu", "D"} or reading.objective is not Objective.START_STATE:
        needs.add(eq.UNICHAIN)
    if letters & {"ipi", "lpi"}:
        needs.add(eq.POSITIVE)
    found = [text for name in ASSUMABLE if name in assumed for text in ASSUMABLE[name]]
    if "1" in reading.equations.discounts:
        found.append(ENDING)
    elif any(name.endswith("[gamma]") for name in names) and not assumed:
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
        if verdict.status in (Status.INAPPLICABLE, Status.UNDECIDED):
            return replace(found, reason=verdict.reason)
        if not verdict.proved:
            return replace(found, standing=Standing.REFUTED, counterexample=verdict, size=size, reason="")
        found = replace(found, standing=Standing.OPEN, size=size)
    return found

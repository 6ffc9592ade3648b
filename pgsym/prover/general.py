"""`prove`: whether a claim holds for every finite MDP, of any number of states and actions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import partial

import sympy as sp

from pgsym.claims.catalogue import theorem, theorem_names
from pgsym.claims.catalogue.hypotheses import HYPOTHESES, Hypothesis
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import EQUAL, LISTED, PROPORTIONAL, RELATIONS
from pgsym.claims.language.statement import Claim
from pgsym.claims.script import Script
from pgsym.claims.witness import candidates
from pgsym.errors import ClaimError, SchemaError
from pgsym.model.objective import Objective
from pgsym.prover import equations as eq
from pgsym.prover.checker import adds_up
from pgsym.prover.correction import Correction
from pgsym.prover.counterexample import MAX_STATES, Search
from pgsym.prover.reading import Reading
from pgsym.prover.rewriting import CertificateStep, normal_form
from pgsym.prover.run_tensors import ENDING
from pgsym.prover.tensors import Total
from pgsym.prover.verdict import GeneralVerdict, Standing

UNDISCOUNTED = "gamma = 1"
BELOW_ONE = "gamma < 1"
DISCOUNTED = "gamma < 1, or every run ends"

ASSUMABLE = {"undiscounted": (UNDISCOUNTED, ENDING), "ending": (ENDING,)}
"""Hypotheses that change what a claim says, by name."""


def prove(
    claim: Claim | Script | str,
    *,
    objective: Objective | str | None = None,
    hypotheses: Collection[str] = (),
    refute: bool = True,
    max_states: int = MAX_STATES,
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
    max_states
        Up to so many states, terminal ones counted.

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
    refute : The smallest MDP for which a claim is false.
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
    cases: list[tuple[Claim, Objective | None]]
    requires: tuple[Hypothesis, ...] = tuple(HYPOTHESES[name] for name in sorted(assumed))
    if isinstance(claim, str) and claim in theorem_names():
        entry = theorem(claim)
        cases = [(c, entry.objective) for c in entry.claims]
        requires = entry.requires
        assumed |= {name for name in ASSUMABLE if name in HYPOTHESES and HYPOTHESES[name] in entry.requires}
    elif isinstance(claim, Claim):
        cases = [(claim, None)]
    else:
        script = Script.parse(claim) if isinstance(claim, str) else claim
        cases = [(c, chain.objective) for chain in script.chains for c in chain.claims]
    if not cases:
        raise ClaimError(f"found no relation; a claim has {LISTED} between two sides. Write one", where="claims")
    search = partial(Search, requires=requires, max_states=max_states) if refute else None
    links = tuple(_under(which or own, c, frozenset(assumed), search) for c, own in cases)
    if len(links) == 1:
        return links[0]
    order = (Standing.PROVED, Standing.OPEN, Standing.OUTSIDE, Standing.REFUTED)
    worst = max((v.standing for v in links), key=order.index)
    needs = tuple(dict.fromkeys(h for v in links for h in v.hypotheses))
    return GeneralVerdict(links[0].claim, links[0].objective, worst, needs, links=links)


def refute(
    claim: Claim | Script | str,
    *,
    objective: Objective | str | None = None,
    hypotheses: Collection[str] = (),
    max_states: int = MAX_STATES,
) -> GeneralVerdict:
    """The smallest MDP for which a claim is false, as a problem to save, draw and run; and what is true instead.

    Parameters
    ----------
    claim, objective, hypotheses
        See `prove`.
    max_states
        How many states, terminal ones counted, an MDP may have.

    Returns
    -------
    GeneralVerdict
        Its `counterexample` has the problem, and the verdict there; None where the claim is proved, or nothing found.

    Raises
    ------
    ClaimError
        The text is no claim.
    SchemaError
        An objective or a hypothesis is unknown, or a size is too large.

    See Also
    --------
    prove : Looks for a proof, and refutes what has none.

    Examples
    --------
    >>> found = refute("grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)", objective="stationary-value")
    >>> found.counterexample.size.in_words()
    'one state and two actions'
    >>> found.counterexample.problem.mdp
    MDP(1 state, 0 terminal, 2 outcomes, gamma=1/2)
    >>> refute("J = sum[s] eta(s) * r_pi(s)").counterexample is None
    True
    """
    return prove(claim, objective=objective, hypotheses=hypotheses, max_states=max_states)


def _under(
    objective: Objective | None, claim: Claim, assumed: frozenset[str], search: Callable[..., Search] | None
) -> GeneralVerdict:
    """With the objective that somebody chose; else start-state, and under which other one the claim is true."""
    found = _prove(claim, objective or Objective.START_STATE, assumed, search)
    if objective is not None or found.standing not in (Standing.REFUTED, Standing.OPEN):
        return found
    others = [o for o in Objective if o is not found.objective and _prove(claim, o, assumed, None).proved]
    if not others:
        return found
    told = f"this is for the objective {found.objective}; for {others[0]} it is proved for every finite MDP"
    return replace(found, reason=f"{found.reason}; {told}" if found.reason else told)


def _prove(
    claim: Claim, objective: Objective, assumed: frozenset[str], search: Callable[..., Search] | None
) -> GeneralVerdict:
    found = GeneralVerdict(claim, objective, Standing.OUTSIDE)
    if claim.relation == PROPORTIONAL and (stronger := _with_factor(claim, objective, assumed)) is not None:
        return replace(stronger, reason=f"so {claim}")
    try:
        reading = Reading(claim, objective, undiscounted="undiscounted" in assumed)
        difference = reading.difference()
    except ClaimError as error:
        found = replace(found, reason=str(error))
        return found if RELATIONS[claim.relation].larger is not None else _refuted(found, assumed, search)
    equations = reading.equations.table()
    ending = bool(assumed) or "1" in reading.equations.discounts
    tables = [[e for e in equations if e.needs != eq.CONTINUING], equations]
    if ending:
        tables.pop()
    lefts: list[Total] = []
    for table in tables:
        left, steps = normal_form(difference, table)
        if not left:
            return _proof(found, reading, difference, steps, assumed)
        lefts.append(left)
    found = _refuted(replace(found, standing=Standing.OPEN), assumed | ({"ending"} if ending else set()), search)
    if found.standing is not Standing.REFUTED:
        return found
    endless = eq.UNICHAIN in _hypotheses((), reading, assumed)
    for left, table in list(zip(lefts, tables, strict=True))[-1 if endless else 0 :]:

        def proof(c: Claim, wanted: list[eq.Equation] = table) -> GeneralVerdict:
            verdict = _prove(c, objective, assumed, None)
            fits = wanted is equations or eq.CONTINUING not in verdict.hypotheses
            return verdict if fits else replace(verdict, standing=Standing.OPEN)

        missing, corrected = Correction(reading, left, table).shortest(proof)
        found = replace(found, missing=found.missing or missing, corrected=corrected)
        if corrected is not None:
            break
    return found


def _with_factor(claim: Claim, objective: Objective, assumed: frozenset[str]) -> GeneralVerdict | None:
    """A proof that the left side is a number times the right one; None where there is none with a usual factor."""
    for factor in (None, *candidates()):
        right = claim.right if factor is None else t.Mul(factor, claim.right)
        found = _prove(replace(claim, relation=EQUAL, right=right, source=""), objective, assumed, None)
        if found.proved:
            return found
    return None


def _proof(
    found: GeneralVerdict, reading: Reading, difference: Total, steps: list[CertificateStep], assumed: frozenset[str]
) -> GeneralVerdict:
    """The verdict with its certificate, which is multiplied out once more."""
    if not adds_up(difference, steps):
        raise AssertionError(f"the certificate does not add up: {found.claim}")

    return replace(
        found,
        standing=Standing.PROVED,
        hypotheses=_hypotheses(steps, reading, assumed),
        certificate=tuple(steps),
    )


def _hypotheses(steps: Iterable[CertificateStep], reading: Reading, assumed: frozenset[str]) -> tuple[str, ...]:
    """What the quantities of a claim and its proof need."""
    needs = {step.equation.needs for step in steps} - {""}
    if {name.rstrip("'") for name in reading.named} & {"mu", "D"} or reading.objective is not Objective.START_STATE:
        needs.add(eq.UNICHAIN)
    if "iF" in reading.named:
        needs.add(eq.INVERTIBLE)
    needs |= {eq.positive(name[1:]) for name in reading.named if name[:1] in "il" and name[1:] in ("pi", "pi'")}
    found = [text for name in ASSUMABLE if name in assumed for text in ASSUMABLE[name]]
    divisors = _nonzero(reading)
    if "1" in reading.equations.discounts:
        found.append(ENDING)
    elif any(name.endswith("[gamma]") for name in reading.named) and not assumed:
        smaller = needs & {eq.CONTINUING, eq.UNICHAIN} or BELOW_ONE in divisors
        found.append(BELOW_ONE if smaller else DISCOUNTED)
    for text, k in reading.equations.discounts.items():
        base, exponent = k.as_expr().as_base_exp()
        if str(base) == "gamma" != text and exponent.is_positive:
            found = [known for known in found if known != DISCOUNTED] + [BELOW_ONE]  # so is each power of it
        elif text != "gamma" and base.free_symbols:
            found.append(f"0 <= {eq.coefficient_text(k)[1]} < 1")
    if eq.UNICHAIN in needs:
        needs.discard(eq.CONTINUING)
    return tuple(dict.fromkeys([*found, *divisors, *sorted(needs)]))


def _nonzero(reading: Reading) -> list[str]:
    """That no number by which a claim divides is 0."""
    gamma, found = reading.field.symbols[0], []
    for factor in (factor for divisor in reading.divisors for factor, _ in divisor.numer.factor_list()[1]):
        number = factor.as_expr()
        if number.free_symbols == {gamma} and not sp.Poly(number, gamma).count_roots(0, 1):
            continue
        text = eq.coefficient_text(reading.field(factor))[1].removeprefix("(").removesuffix(")")
        found.append({"gamma": "gamma > 0", "1 - gamma": BELOW_ONE}.get(text, f"{text} is not 0"))
    return found


def _refuted(found: GeneralVerdict, assumed: frozenset[str], search: Callable[..., Search] | None) -> GeneralVerdict:
    """With the smallest counterexample, or with the size up to which there is none."""
    if search is None:
        return found
    looked = search(found.claim, found.objective, undiscounted="undiscounted" in assumed, ending=bool(assumed))
    counterexample = looked.smallest()
    if counterexample is not None:
        return replace(found, standing=Standing.REFUTED, counterexample=counterexample, reason="")
    standing = Standing.OPEN if looked.applied else Standing.OUTSIDE
    return replace(found, standing=standing, tested=looked.covered, reason=found.reason or looked.reason)

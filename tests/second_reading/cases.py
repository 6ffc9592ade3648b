"""Cases in blocks: one random model with a policy, and claims of every kind on it, all from one seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from pgsym.claims import Status, parse
from pgsym.claims.catalogue import Theorem, catalogue
from pgsym.claims.language.statement import Claim
from pgsym.errors import ClaimError
from pgsym.model import Objective, Problem
from second_reading.identities import STATEMENTS
from second_reading.mutations import KINDS, some_mutant
from second_reading.random_claims import SORTS, random_claim
from second_reading.random_models import MODELS, random_problem
from second_reading.random_policies import POLICIES
from second_reading.random_runs import are_about_runs, layered

THEOREM, FAMOUS, STATED = "theorem", "famous and false", "as stated"

Case = tuple[Problem, str, Claim]
"""A problem, the kind in which the verdict is counted, and the claim."""


_LIKELY = {"an end": (6, 1, 1), "gamma = 1": (2, 4, 1), "": (3, 2, 2)}
"""How often each objective is taken: most often one that is defined."""


@cache
def statements() -> tuple[Claim, ...]:
    """Every claim of `STATEMENTS`."""
    return tuple(claim for text in STATEMENTS for claim in parse(text).claims)


def block(seed: str, number: int, *, stated: int = 14, mutants: int = 14, made: int = 21, theorems: int = 1,
          kind: str | None = None) -> Iterator[Case]:  # fmt: skip
    """One block: the kinds of models come in turn, and for each the kinds of policies.

    Parameters
    ----------
    stated, mutants, made, theorems
        How many statements, mutants of them, random claims and entries of the catalogue.
    kind
        The kind of model; by default they come in turn.
    """
    rng = random.Random(f"{seed} {number}")
    turn, models, policies = number // len(MODELS), list(MODELS), list(POLICIES)
    model = kind or models[number % len(models)]
    drawn = random_problem(rng, model, (policies[(turn + number) % len(policies)],))

    likely = _LIKELY["an end" if drawn.mdp.terminal else "gamma = 1" if drawn.mdp.gamma == 1 else ""]

    def problem() -> Problem:
        return replace(drawn, objective=rng.choices(list(Objective), likely)[0])

    for claim in rng.sample(statements(), stated):
        yield problem(), STATED, claim
    names = list(KINDS)
    for k in range(mutants):
        name = names[(number * mutants + k) % len(names)]
        mutant = None
        while mutant is None:
            mutant = some_mutant(rng.choice(statements()), name, rng)
        yield problem(), name, mutant.claim
    for k in range(made):
        sort, chosen = SORTS[k % len(SORTS)], problem()
        yield chosen, f"random, {sort}", random_claim(chosen, sort, rng)
    for theorem in rng.sample(catalogue(), theorems):
        yield from of_theorem(layered(rng) if are_about_runs(theorem.claims) else drawn, theorem)


def of_theorem(drawn: Problem, theorem: Theorem) -> Iterator[Case]:
    """The claims of an entry of the catalogue, if its hypotheses hold."""
    problem = replace(drawn, objective=theorem.objective)
    try:
        if theorem.decide(problem).status is Status.INAPPLICABLE:
            return
    except ClaimError:
        pass  # the claims are refused one by one
    for claim in theorem.claims:
        yield problem, THEOREM if theorem.holds else FAMOUS, claim
    for claim in theorem.defects:
        yield problem, THEOREM, claim

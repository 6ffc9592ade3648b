"""Verdicts against a second reading of the same claims, by kind of mutation.

    python benchmarks/soundness.py [--models 40] [--mutants 2] [--method auto] [--seed 0] [--catalogue] [--kind KIND]

On every random model the statements of `tests/second_reading/identities.py` and mutants of each kind are decided, and
read a second time: by definitions written down again, with dense matrices of Taylor polynomials in ball arithmetic
(`tests/second_reading/meaning.py`), at random points.  A difference of 53 bits that excludes zero is a difference; one
that does not is looked at with up to 848 bits, until it excludes zero or is below 2^-200.  Everything else that a
refutation says (witness, difference, factor) is checked against the second reading too.

Prints how often each verdict met each reading.  Exit code 1 if any verdict is wrong.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from second_reading.identities import STATEMENTS
from second_reading.mutations import KINDS, some_mutant
from second_reading.random_models import MODELS, random_problem
from second_reading.soundness import Confusion, judge

from pgsym.claims import Status, parse
from pgsym.claims.catalogue import catalogue
from pgsym.claims.decide import METHODS
from pgsym.claims.language.tree import Claim
from pgsym.model import Objective, Problem

THEOREM = "theorem"
CLAIMS = tuple(claim for text in STATEMENTS for claim in parse(text).claims)


def main() -> int:
    """Print the confusion table."""
    options = _options()
    rng = random.Random(options.seed)
    found, begin = Confusion(), time.perf_counter()
    for problem, kind, claim in _cases(options, rng):
        judgement = judge(problem, claim, rng, method=options.method, kind=kind)
        if kind == THEOREM and judgement.status == Status.REFUTED:
            judgement = replace(judgement, complaints=(*judgement.complaints, "a theorem is refuted"))
        found.add(judgement)
        if judgement.complaints or (options.cautious and judgement.cautious):
            print(judgement, flush=True)
    seconds = time.perf_counter() - begin
    print(found.table())
    print(
        f"{len(found.wrong)} wrong in {sum(sum(c.values()) for c in found.counts.values())} verdicts, {seconds:.0f} s; "
        f"{found.closer} differences took more than 53 bits to see; {len(found.cautious)} claims that can be read were "
        "not decided (see --cautious)"
    )
    return 1 if found.wrong else 0


def _cases(options: argparse.Namespace, rng: random.Random) -> Iterator[tuple[Problem, str, Claim]]:
    """Each model with every statement under one objective, and mutants; or with the catalogue."""
    kinds = options.kind or list(MODELS)
    for k in range(options.models):
        drawn = random_problem(rng, kinds[k % len(kinds)])
        if options.catalogue:
            yield from _catalogue(drawn)
            continue
        for claim in CLAIMS:
            yield replace(drawn, objective=rng.choice(list(Objective))), "as stated", claim
        for _ in range(options.mutants):
            for name in KINDS:
                mutant = None
                while mutant is None:
                    mutant = some_mutant(rng.choice(CLAIMS), name, rng)
                yield replace(drawn, objective=rng.choice(list(Objective))), name, mutant.claim


def _catalogue(drawn: Problem) -> Iterator[tuple[Problem, str, Claim]]:
    """The claims of every entry whose hypotheses hold."""
    for theorem in catalogue():
        problem = replace(drawn, objective=theorem.objective)
        if theorem.decide(problem.mdp, problem.policy).status is Status.INAPPLICABLE:
            continue
        for claim in theorem.claims:
            yield problem, THEOREM if theorem.holds else "famous and false", claim
        for claim in theorem.defects:
            yield problem, THEOREM, claim


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", type=int, default=40, help="random models, kinds in turn")
    parser.add_argument("--mutants", type=int, default=2, help="mutants of each kind for each model")
    parser.add_argument("--method", choices=METHODS, default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=list(MODELS), action="append", help="kinds of models; all by default")
    parser.add_argument("--catalogue", action="store_true", help="the theorems instead of statements and mutants")
    parser.add_argument("--cautious", action="store_true", help="also print what can be read and was not decided")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

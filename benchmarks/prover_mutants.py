"""Whether the prover proves anything false: mutants of the catalogue, and what models say of those it proves.

    python benchmarks/prover_mutants.py [--sample 1000] [--seed 0]

Each relation of the catalogue is changed in one place, in every way of `tests/second_reading/mutations.py`.  A mutant
that is proved is decided on every MDP of two states and two actions at once (`generic:2x2`, and with a terminal state
where the proof allows one).  Prints a table by kind of mutation.  Exit code 1 if models refute one that is proved.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from second_reading.mutations import HARMLESS, Mutant, mutants

import pgsym
from pgsym.claims.catalogue import Theorem
from pgsym.claims.catalogue.hypotheses import HYPOTHESES
from pgsym.claims.verdict import Status
from pgsym.errors import HypothesisError, PgsymError
from pgsym.model import MDP, Problem, generic_mdp, tabular
from pgsym.prover import GeneralVerdict, prove
from pgsym.prover.equations import CONTINUING, UNICHAIN
from pgsym.prover.general import ENDING


@cache
def generic(terminal: bool, undiscounted: bool) -> MDP:
    mdp = generic_mdp(2, 2, terminal=terminal)
    return mdp.replace(gamma=1) if undiscounted else mdp


def contradicted(found: GeneralVerdict) -> bool:
    """Whether models disagree with a proof: a generic one, and where the proof allows it, one that ends."""
    needs = set(found.hypotheses)
    endless = needs & {CONTINUING, UNICHAIN}
    for terminal in [False] * (ENDING not in needs) + [True] * (not endless):
        mdp = generic(terminal, "gamma = 1" in needs)
        try:
            verdict = pgsym.decide(Problem(mdp, tabular(mdp), found.objective), found.claim)
        except HypothesisError:
            continue
        if verdict.status is Status.REFUTED:
            return True
    return False


def all_mutants() -> Iterator[tuple[Theorem, Mutant]]:
    for name in pgsym.theorem_names():
        entry = pgsym.theorem(name)
        for claim in entry.claims:
            for mutant in mutants(claim):
                yield entry, mutant


def judge(entry: Theorem, mutant: Mutant) -> str:
    """``proved``, ``WRONG`` where models refute that, or ``no proof``."""
    assumed = ["undiscounted"] if HYPOTHESES["undiscounted"] in entry.requires else []
    try:
        found = prove(mutant.claim, objective=entry.objective, hypotheses=assumed, refute=False)
        if found.proved:
            return "WRONG" if contradicted(found) else "proved"
    except PgsymError as error:
        print(f"{entry.name}, {mutant.kind}: {error}", file=sys.stderr)
    return "no proof"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sample", type=int, help="so many mutants, at random; all by default")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cases = list(all_mutants())
    if options.sample is not None:
        cases = random.Random(options.seed).sample(cases, options.sample)
    counts, began = Counter[tuple[str, str]](), time.perf_counter()
    for entry, mutant in cases:
        answer = judge(entry, mutant)
        if answer == "WRONG":
            print(f"WRONG {entry.name}, {mutant.kind}: {mutant.claim}")
        counts[mutant.kind, answer] += 1
    kinds = sorted({kind for kind, _ in counts}, key=lambda kind: (kind not in HARMLESS, kind))
    print("| mutation | tried | proved | of these refuted by models |\n|---|---|---|---|")
    total = Counter[str]()
    for kind in [*kinds, "all"]:
        row = total if kind == "all" else Counter({a: n for (k, a), n in counts.items() if k == kind})
        total += row if kind != "all" else Counter()
        name = f"{kind} (harmless)" if kind in HARMLESS else kind
        print(f"| {name} | {row.total()} | {row['proved'] + row['WRONG']} | {row['WRONG']} |")
    print(f"\n{time.perf_counter() - began:.0f} s")
    raise SystemExit(total["WRONG"] > 0)


if __name__ == "__main__":
    main()

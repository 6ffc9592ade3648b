"""Verdicts against a second reading of the same claims, by kind of claim, of model and of policy.

    python benchmarks/soundness.py [--claims 100000] [--jobs 2] [--seed 0] [--method auto] [--kind KIND] [--cautious]
    python benchmarks/soundness.py --seed 0 --block 123        # one block again

Blocks of claims are made from a seed: on a random model with a random policy, statements of every construct of the
language, mutants of them, random claims (`tests/second_reading/random_claims.py`) and theorems of the catalogue.  Each
is decided, and read a second time: by definitions written down again, with dense matrices of Taylor polynomials in ball
arithmetic (`tests/second_reading/meaning.py`), at random points.  A difference of 53 bits that excludes zero is a
difference; one that does not is looked at with up to 848 bits, until it excludes zero or is below 2^-200.  Everything
else that a refutation says (witness, difference, factor) is checked against the second reading too.

Prints how often each verdict met each reading.  Exit code 1 if any verdict is wrong; each wrong one is printed with the
block that makes it again.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from second_reading.cases import THEOREM, block
from second_reading.random_models import MODELS
from second_reading.soundness import Confusion, judge

from pgsym.claims.decide import METHODS


@dataclass
class Found:
    """What one block showed; counts and texts, so that it goes from one process to another."""

    number: int
    claims: Confusion = field(default_factory=Confusion)
    models: Confusion = field(default_factory=Confusion)
    policies: Confusion = field(default_factory=Confusion)
    lines: list[str] = field(default_factory=list)
    wrong: int = 0
    cautious: int = 0


def one_block(task: tuple[argparse.Namespace, int]) -> Found:
    """Judge the claims of a block."""
    options, number = task
    warnings.simplefilter("ignore")
    found = Found(number)
    rng = random.Random(f"{options.seed} points {number}")
    try:
        for problem, kind, claim in block(str(options.seed), number, kind=options.kind):
            judgement = judge(problem, claim, rng, method=options.method, kind=kind, theorem=kind == THEOREM)
            found.claims.count(kind, judgement)
            found.models.count(problem.name, judgement)
            found.policies.count(problem.source, judgement)
            found.wrong += bool(judgement.complaints)
            found.cautious += judgement.cautious
            if judgement.complaints or (options.cautious and judgement.cautious):
                found.lines.append(f"--block {number}: {judgement}")
    except Exception:  # the second reading itself: as bad as a wrong verdict
        found.wrong += 1
        found.lines.append(f"--block {number}: the second reading broke\n{traceback.format_exc()}")
    return found


def main() -> int:
    """Print the tables of counts."""
    options, console = _options(), Console(stderr=True)
    whole, begin = Found(-1), time.perf_counter()
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=console) as progress, suppress(KeyboardInterrupt):  # what was found is printed
        bar = progress.add_task("claims", total=options.claims)
        for found in _blocks(options):
            for mine, new in (
                (whole.claims, found.claims),
                (whole.models, found.models),
                (whole.policies, found.policies),
            ):
                mine.merge(new)
            whole.wrong += found.wrong
            whole.cautious += found.cautious
            for line in found.lines:
                print(line, flush=True)
            decided = whole.claims.number
            progress.update(bar, completed=decided, description=f"claims, {whole.wrong} wrong")
            if options.block is None and decided >= options.claims:
                break
    for confusion, title in ((whole.claims, "claims"), (whole.models, "models"), (whole.policies, "policies")):
        print(f"\nby kind of {title}\n{confusion.table()}")
    print(f"\n{whole.wrong} wrong in {whole.claims.number} verdicts")
    print(f"{time.perf_counter() - begin:.0f} s in {options.jobs} processes")
    print(f"{whole.claims.closer} differences took more than 53 bits to see")
    print(f"{whole.cautious} claims that can be read were not decided (see --cautious)")
    return 1 if whole.wrong else 0


def _blocks(options: argparse.Namespace) -> Iterator[Found]:
    """Block after block, in several processes; they end with this generator."""
    if options.block is not None:
        yield one_block((options, options.block))
        return
    tasks = ((options, number) for number in range(10**9))
    if options.jobs == 1:
        yield from map(one_block, tasks)
        return
    with get_context("spawn").Pool(options.jobs) as pool:
        ahead = [pool.apply_async(one_block, (next(tasks),)) for _ in range(4 * options.jobs)]
        while True:
            yield ahead.pop(0).get()
            ahead.append(pool.apply_async(one_block, (next(tasks),)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--claims", type=int, default=2000, help="how many are decided, up to the end of a block")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    parser.add_argument("--method", choices=METHODS, default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--block", type=int, help="only this block")
    parser.add_argument("--kind", choices=list(MODELS), help="one kind of model; by default they come in turn")
    parser.add_argument("--cautious", action="store_true", help="also print what can be read and was not decided")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

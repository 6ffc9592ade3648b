"""Deciding the policy gradient theorem on large models by identity testing: time, memory, and how both grow.

    python benchmarks/claims.py [--quick] [--family taxi|grid|garnet|generic]

Every instance is measured in a process of its own, in seconds of CPU time of its one thread.  Building the model is
not counted; everything from the model to the verdict is: bounds, pivots, and as many random points as an error of
2^-100 takes.
"false claim": the theorem with rewards in the place of action values is refuted, with an exact witness.
Exit code 1 if a verdict is wrong.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import platform
import resource
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

from claims_models import FAMILIES, Family
from rich.console import Console
from rich.table import Table

from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.decide import Decision
from pgsym.claims.difference import size
from pgsym.claims.language import parse
from pgsym.claims.verdict import Status
from pgsym.claims.verify import policy_gradient_theorem
from pgsym.model import Objective, Problem, tabular

FALSE = "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * r(s,a)"
SHORT, REPEATS = 2.0, 5
"""Below this many seconds the best of so many repetitions counts: other processes only ever slow one."""

REFUTED_UP_TO = 2500
"""Transitions up to which the false claim is tried: its witness is computed in exact rational numbers."""


@dataclass(frozen=True)
class Measurement:
    """One instance; seconds, and bytes of resident memory at the peak beyond what the model takes."""

    states: int
    transitions: int
    parameters: int
    degree: int
    error_bits: int
    seconds: float
    refuted: float | None
    memory: int
    right: bool


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes only")
    parser.add_argument("--family", action="append", choices=list(FAMILIES), help="only this family (repeatable)")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 130)
    console.print(
        f"CPU seconds from model to verdict (best of {REPEATS} below {SHORT:g} s), error at most 2^-100; "
        f"{os.cpu_count()} cores, Python {platform.python_version()}.",
        highlight=False,
    )
    wrong = 0
    for name in options.family or FAMILIES:
        family = FAMILIES[name]
        sizes = family.quick if options.quick else family.sizes
        if family.needs and importlib.util.find_spec(family.needs) is None:
            console.print(f"{family.title}: needs {family.needs}, which is not installed", highlight=False)
        elif sizes:
            wrong += _table(console, name, family, sizes)
    if wrong:
        console.print(f"[red]{wrong} verdicts are wrong[/red]")
    return 1 if wrong else 0


def _table(console: Console, name: str, family: Family, sizes: tuple[int, ...]) -> int:
    """One table; the number of wrong verdicts."""
    table = Table(title=family.title, title_justify="left")
    for column in ("size", "states", "transitions", "parameters", "degree", "error", "proved", "us a transition"):
        table.add_column(column, justify="right")
    for column in ("false claim", "MiB", "bytes a transition", "verdicts"):
        table.add_column(column, justify="right")
    wrong = 0
    for n in sizes:
        with console.status(f"{name} {n}"):
            found = measure(name, n)
        wrong += not found.right
        table.add_row(
            str(n),
            f"{found.states:,}",
            f"{found.transitions:,}",
            f"{found.parameters:,}",
            f"{found.degree:,}",
            f"2^-{found.error_bits}",
            f"{found.seconds:.3f}" if found.seconds < 10 else f"{found.seconds:.1f}",
            f"{found.seconds / found.transitions * 1e6:.0f}",
            "" if found.refuted is None else f"{found.refuted:.3f}",
            f"{found.memory / 2**20:.1f}",
            f"{found.memory / found.transitions:,.0f}",
            "right" if found.right else "[red]WRONG[/red]",
        )
    console.print(table)
    return wrong


def measure(family: str, n: int) -> Measurement:
    """One instance in a process of its own."""
    # The server imports once; its forks start in milliseconds and share nothing that a decision computed.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["claims_models", "pgsym.claims"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, family, n), daemon=True)
    process.start()
    theirs.close()
    found: Measurement = ours.recv()
    process.join()
    return found


def _work(pipe: Connection, family: str, n: int) -> None:
    """The measured process."""
    mdp = FAMILIES[family].make(n)
    policy, objective = tabular(mdp), Objective.START_STATE
    transitions = sum(len(mdp.outcomes(s, a)) for s, a in mdp.pairs)
    claim = policy_gradient_theorem(objective)
    decision = Decision(Problem(mdp, policy, objective), method="identity test")
    before = _peak()
    start = time.process_time()
    verdict = decision.decide(claim)
    seconds = [time.process_time() - start]
    memory = _peak() - before
    while seconds[0] < SHORT and len(seconds) < REPEATS:
        decision = Decision(Problem(mdp, policy, objective), method="identity test", seed=len(seconds))
        start = time.process_time()
        decision.decide(claim)
        seconds.append(time.process_time() - start)
    refuted, right = None, verdict.proved
    if transitions <= REFUTED_UP_TO:
        (false,) = parse(FALSE).claims
        start = time.process_time()
        right = decision.decide(false).status is Status.REFUTED and right
        refuted = time.process_time() - start
    degree, _ = size(BoundClaim(claim, mdp, policy, objective, decision.structure))
    counts = len(mdp.states), transitions, len(policy.params)
    pipe.send(Measurement(*counts, degree, verdict.error_bits or 0, min(seconds), refuted, memory, right))


def _peak() -> int:
    """Bytes of resident memory at the peak."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


if __name__ == "__main__":
    raise SystemExit(main())

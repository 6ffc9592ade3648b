"""Closed forms of J and its gradient, side by side with SymPy and Storm.

    python benchmarks/exact.py [--quick] [--family walk|tabular|grid|garnet] [--timeout 60] [--memory 8]

Every figure is taken in a process of its own, in this run and on this machine.  All solvers get the same
problem; imports and the conversion to a solver's own types are not counted.  Results are compared at a random
rational point.  Exit code 1 if any two of them differ.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys

from exact_families import FAMILIES
from exact_measure import REPEATS, SHORT, Measurement, measure
from exact_solvers import SOLVERS, installed
from rich.console import Console
from rich.table import Table

QUICK_TIMEOUT = 2.0


def main() -> int:
    """Print the tables."""
    options = _options()
    console = Console(width=None if sys.stdout.isatty() else 120)
    timeout = options.timeout or (QUICK_TIMEOUT if options.quick else 60.0)
    console.print(
        f"Seconds (median of {REPEATS} below {SHORT:g} s), J and J with the full gradient, limit {timeout:g} s and "
        f"{options.memory:g} GiB; {os.cpu_count()} cores, Python {platform.python_version()}.\n"
        "(n x): n times pgsym's time. pgsym starts from the MDP, the others from a ready matrix in the odds.",
        highlight=False,
    )
    different = 0
    for name in options.family or FAMILIES:
        different += _family(console, name, options.quick, timeout, options.memory, options.solver or list(SOLVERS))
    if different:
        console.print(f"[red]{different} results differ from pgsym's[/red]")
    return 1 if different else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one small size of each family")
    parser.add_argument("--family", action="append", choices=list(FAMILIES), help="only this family (repeatable)")
    parser.add_argument("--solver", action="append", choices=list(SOLVERS), help="only this solver (repeatable)")
    parser.add_argument("--timeout", type=float, help="seconds for J and gradient of one solver on one instance")
    parser.add_argument("--memory", type=float, default=8.0, help="GiB of address space of one measurement")
    return parser.parse_args()


def _family(console: Console, name: str, quick: bool, timeout: float, memory: float, solvers: list[str]) -> int:
    """One table; the number of results that differ from pgsym's."""
    family = FAMILIES[name]
    table = Table(title=family.title, title_justify="left")
    for column in ("size", "solver"):
        table.add_column(column)
    for column in ("J", "", "J and gradient", "", "terms of J", "value"):
        table.add_column(column, justify="right")
    failed: dict[str, tuple[int, str]] = {}
    different = 0
    for size in family.quick if quick else family.sizes:
        ours = Measurement()
        for solver in solvers:
            if not installed(solver):
                table.add_row(str(size), solver, "not installed")
                continue
            if solver in failed:
                table.add_row(str(size), solver, f"{failed[solver][1]} at {failed[solver][0]}")
                continue
            with console.status(f"{name} {size}: {solver}"):
                found = measure(solver, name, size, timeout, memory)
            if solver == "pgsym":
                ours = found
            if found.J is None:
                failed[solver] = (size, found.note)
            agrees = found.agrees(ours)
            different += agrees is False
            table.add_row(
                str(size),
                solver,
                _seconds(found.J, found.note),
                _ratio(found.J, ours.J),
                _seconds(found.both, found.note),
                _ratio(found.both, ours.both),
                f"{found.terms:,}" if found.terms else "",
                {None: "", True: "same", False: "[red]DIFFERENT[/red]"}[agrees] if found is not ours else "",
            )
        table.add_section()
    console.print(table)
    return different


def _seconds(value: float | None, note: str) -> str:
    if value is None:
        return note
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def _ratio(value: float | None, base: float | None) -> str:
    if value is None or base is None or value is base:
        return ""
    ratio = value / base
    return f"{ratio:.1f} x" if ratio < 10 else f"{ratio:,.0f} x"


if __name__ == "__main__":
    raise SystemExit(main())

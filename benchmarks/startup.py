"""Processor time of whole commands, from the start of Python to its end, beside `python -c "import sympy"`.

    python benchmarks/startup.py [--runs 5] [--imports COMMAND]

User and system time of the process and its children; the least of several runs, which take turns, since other
processes only ever slow one.  A machine's speed cancels in the ratio to SymPy's import, which every exact answer pays.
`--imports "check two-state 'J = J'"` shows instead which libraries a command imports, and the milliseconds of each.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import resource
import shlex
import subprocess
import sys
from collections import Counter

from rich.console import Console
from rich.table import Table

BOUNDS = {
    "--help": 0.3,
    "check --help": None,
    "check two-state 'J = J'": 1.0,
    "solve short-corridor": 1.0,
    "zoo two-state": None,
    "verify two-state -n 0": None,
    "moments short-corridor -n 0": None,
}
"""Commands, and how many seconds are meant to suffice on an idle core."""

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Installed packages are compiled; without this, a checkout's source would be compiled again in every run."""

SYMPY = "import sympy"
MAIN = "from pgsym.cli import main; main()"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="of each command")
    parser.add_argument("--imports", metavar="COMMAND", help="show what one command imports")
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    if arguments.imports is not None:
        console.print(imports(arguments.imports, arguments.runs))
        return 0
    pythons = {"python -c pass": ("-c", "pass"), f"python -c '{SYMPY}'": ("-c", SYMPY)}
    commands = {f"pgsym {command}": ("-c", MAIN, *shlex.split(command)) for command in BOUNDS}
    seconds = dict.fromkeys([*pythons, *commands], float("inf"))
    for _ in range(arguments.runs):
        for name, command in {**pythons, **commands}.items():
            seconds[name] = min(seconds[name], processor_time([sys.executable, *command]))
    unit = seconds[f"python -c '{SYMPY}'"]
    table = Table(title=f"Python {platform.python_version()}, least of {arguments.runs} runs", title_justify="left")
    for column in ("command", "processor time, s", "of SymPy's import", "meant to be under, s"):
        table.add_column(column, justify="left" if column == "command" else "right")
    for name, found in seconds.items():
        bound = BOUNDS.get(name.removeprefix("pgsym "))
        table.add_row(name, f"{found:.2f}", f"{found / unit:.2f}", "" if bound is None else f"{bound:.1f}")
    console.print(table)
    return 0


def processor_time(command: list[str]) -> float:
    """Seconds that the command and its children take of all cores together."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def imports(command: str, runs: int) -> Table:
    """Milliseconds by library, of each module the least of several runs, by Python's own account."""
    least: dict[str, int] = {}
    for _ in range(runs):
        told = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", MAIN, *shlex.split(command)],
            check=True, capture_output=True, text=True, env=ENVIRONMENT,
        ).stderr  # fmt: skip
        for microseconds, module in re.findall(r"^import time: +(\d+) \| +\d+ \| +(\S+)$", told, re.MULTILINE):
            least[module] = min(int(microseconds), least.get(module, int(microseconds)))
    by_library: Counter[str] = Counter()
    for module, microseconds in least.items():
        library = module.partition(".")[0]
        by_library["the standard library" if library.lstrip("_") in STANDARD else library] += microseconds
    table = Table(title=f"pgsym {command}: {sum(least.values()) / 1000:.0f} ms of imports", title_justify="left")
    table.add_column("library")
    table.add_column("ms", justify="right")
    for library, microseconds in by_library.most_common(20):
        table.add_row(library, f"{microseconds / 1000:.0f}")
    return table


STANDARD = {name.lstrip("_") for name in sys.stdlib_module_names}

if __name__ == "__main__":
    sys.exit(main())

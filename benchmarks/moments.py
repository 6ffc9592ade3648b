"""Exact laws of estimators, side by side: the rule for all texts, and the recursions for single estimators before it.

    python benchmarks/moments.py [--before PATH] [--turns 3] [--quick]

PATH is a checkout of a commit that still had a recursion for each class of estimators (69e88db was the last).  Each
figure is the wall clock of mean, variances and trace in a process of its own, imports and the building of the model
not counted; the two take turns, and the least of all turns counts.  Both traces have to agree, or the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Case:
    """One law, in today's Python and in that of before."""

    name: str
    model: str
    now: str
    before: str
    at: str | None = "{}"
    """The point as Python; None: closed forms in theta."""


CORRIDOR = 'zoo("short-corridor")'
GARNET = 'zoo("garnet", states=120, actions=10, seed=3)'
TAXI = 'Problem(MDP.from_gymnasium("Taxi-v4").replace(gamma="99/100"))'
SYMBOL = 'sympy.Symbol("lambda")'

CASES = (
    Case("short corridor, closed form: reinforce", CORRIDOR, '"reinforce"', "Reinforce()", None),
    Case("short corridor, closed form: reward-to-go", CORRIDOR, '"reward-to-go"', "RewardToGo()", None),
    Case(
        "short corridor, closed form: gae, any lambda",
        CORRIDOR,
        f'"gae", let={{"lambda": {SYMBOL}}}',
        f"GAE({SYMBOL})",
        None,
    ),
    Case("short corridor, exact point: n-step, n = 20", CORRIDOR, '"n-step", let={"n": 20}', "NStep(20)"),
    Case(
        "Garnet, 1,200 parameters, floats: actor-critic",
        GARNET,
        '"actor-critic"',
        "ActorCritic(horizon=UNENDING)",
        "FLOAT",
    ),
    Case(
        "Garnet, 1,200 parameters, floats: reward-to-go",
        GARNET,
        '"reward-to-go"',
        "RewardToGo(horizon=UNENDING)",
        "FLOAT",
    ),
    Case(
        "Garnet, 1,200 parameters, floats: gae",
        GARNET,
        '"gae", let={"lambda": "9/10"}',
        'GAE("9/10", horizon=UNENDING)',
        "FLOAT",
    ),
    Case(
        "Taxi, 2,400 parameters, 200 steps, floats: reward-to-go",
        TAXI,
        '"reward-to-go", horizon=200',
        "RewardToGo(horizon=200)",
        "FLOAT",
    ),
    Case(
        "Taxi, 2,400 parameters, 200 steps, floats: gae",
        TAXI,
        '"gae", let={"lambda": "9/10"}, horizon=200',
        'GAE("9/10", horizon=200)',
        "FLOAT",
    ),
)

WORKER = """
import json, sys, time
import sympy
import pgsym
from pgsym import MDP, Problem, zoo
try:
    from pgsym.estimators.estimator import find_estimator
except ImportError:
    from pgsym.model.estimator import *
problem = eval(sys.argv[1])
estimator = eval(sys.argv[2])
FLOAT = {x: 0.1 * (i % 7 - 3) for i, x in enumerate(problem.policy.params)}
point = None if sys.argv[3] == "None" else eval(sys.argv[3])
pgsym.moments(zoo("parallel-outcomes"), "reward-to-go").at().covariance_trace  # loads what is loaded when needed
start = time.perf_counter()
law = pgsym.moments(problem, estimator)
if point is not None:
    law = law.at(point or None)
found = [law.mean, law.variance, law.covariance_trace]
seconds = time.perf_counter() - start
trace = law.covariance_trace if point is not None else law.at().covariance_trace
print(json.dumps([seconds, float(sympy.sympify(trace).subs(sympy.Symbol("lambda"), 0.5))]))
"""


def main() -> int:
    """Print the table; exit code 1 where the two do not agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, help="a checkout with the recursions")
    parser.add_argument("--turns", type=int, default=3, help="processes for each figure")
    parser.add_argument("--quick", action="store_true", help="the short corridor alone, once")
    options = parser.parse_args()
    cases = [case for case in CASES if not options.quick or case.model == CORRIDOR]
    turns = 1 if options.quick else options.turns
    table = Table("law", "the rule, s", "recursion, s", "ratio", "trace", box=None)
    wrong = 0
    for case in cases:
        now: list[Any] = []
        before: list[Any] = []
        for _ in range(turns):
            now.append(measure(case, f"find_estimator({case.now})"))
            if options.before is not None:
                before.append(measure(case, case.before, options.before))
        wrong += len({f"{trace:.9g}" for _, trace in now + before}) > 1
        ours, theirs = (min((s for s, _ in found), default=math.nan) for found in (now, before))
        table.add_row(case.name, f"{ours:.3f}", f"{theirs:.3f}", f"{theirs / ours:.2f}", f"{now[0][1]:.9g}")
    Console().print(table)
    print(f"{wrong} of {len(cases)} laws differ")
    return 1 if wrong else 0


def measure(case: Case, estimator: str, checkout: Path = HERE) -> Any:
    """Seconds and trace."""
    command = [sys.executable, "-c", WORKER, case.model, estimator, str(case.at)]
    run = subprocess.run(command, cwd=checkout, env={**os.environ, "PYTHONPATH": str(checkout)}, capture_output=True)
    if run.returncode:
        raise SystemExit(f"{case.name}: {run.stderr.decode()[-2000:]}")
    return json.loads(run.stdout)


if __name__ == "__main__":
    sys.exit(main())

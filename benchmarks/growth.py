"""What each verb costs against the size of the work: processor time, memory, and the exponent of their growth.

    python benchmarks/growth.py            # prints the table
    python benchmarks/growth.py --write    # writes docs/growth.md and docs/growth.svg too
    python benchmarks/growth.py --kept F   # keeps figures in the file F, and goes on from there if interrupted
    python benchmarks/growth.py --quick    # the smallest size of each

Each figure is a process of its own: processor time of the call, of all threads, and what the peak of the resident set
grows by meanwhile.  The building of the model is not counted; what a first call loads and compiles is.  The exponent is
the slope of a line through the logarithms, of the larger half of the sizes at least.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DOCS = Path(__file__).resolve().parent.parent / "docs"
LIMIT = 150
"""Seconds for one figure."""
LEAST_SECONDS, LEAST_MEGABYTES = 0.02, 5.0
"""Smaller figures are mostly fixed costs, and are left out of the exponent."""


@dataclass(frozen=True)
class Verb:
    """A question of growing size; `prepare` gives what is then called and measured."""

    name: str
    what: str
    size: str
    sizes: tuple[int, ...]
    prepare: Callable[[int], Callable[[], Any]]


def solve(n: int) -> Callable[[], Any]:
    from exact_families import random_walk

    import pgsym

    it = random_walk(n)
    problem = pgsym.Problem(it.mdp, it.policy, it.objective)
    return lambda: list(pgsym.solve(problem).grad.items())


def grid_problem(n: int) -> Any:
    from claims_models import grid

    import pgsym

    return pgsym.Problem(grid(round(n**0.5)))


def verify(n: int) -> Callable[[], Any]:
    import pgsym

    problem = grid_problem(n)
    return lambda: _proved(pgsym.verify(problem))


def decide(n: int) -> Callable[[], Any]:
    import pgsym

    problem = grid_problem(n)
    return lambda: _proved(pgsym.decide(problem, "J = sum[s] eta(s) * sum[a] pi(a|s) * r(s,a)"))


def _proved(verdict: Any) -> None:
    assert verdict.proved, verdict


def prove(n: int) -> Callable[[], Any]:
    import pgsym

    pgsym.prove("V(s) = sum[a] pi(a|s) * Q(s,a)")  # imported
    value = f"V(s{n})"
    for k in reversed(range(n)):
        ahead = f"sum[s{k + 1}] P(s{k + 1}|s{k},a{k}) * {value}"
        value = f"sum[a{k}] pi(a{k}|s{k}) * (r(s{k},a{k}) + gamma * {ahead})"
    return lambda: _proved(pgsym.prove(f"V(s0) = {value}"))


def moments(n: int) -> Callable[[], Any]:
    import pgsym

    problem = pgsym.zoo("garnet", states=n, actions=4, seed=3)
    theta = [0.1] * len(problem.policy.params)
    return lambda: pgsym.moments(problem, "reward-to-go").at(theta).covariance_trace


def estimate(n: int) -> Callable[[], Any]:
    import pgsym

    pgsym.estimate("two-state", n=1000, horizon=50, progress=False)  # compiled
    return lambda: pgsym.estimate("two-state", n=n, horizon=50, progress=False)


def audit(n: int) -> Callable[[], Any]:
    import pgsym

    pgsym.audit("two-state", "reinforce", horizon=10, max_samples=4000)  # compiled
    return lambda: pgsym.audit("two-state", "reinforce", horizon=10, max_samples=n)


def floats(n: int) -> Callable[[], Any]:
    from floats import GAMMA, grid, logits

    import pgsym
    from pgsym.exact import float_solution  # noqa: F401 - imports are not counted

    k = round(n**0.5)
    P, r, start = grid(k)
    return lambda: pgsym.FloatMDP(P, r, start=start, gamma=GAMMA).at(logits(k)).grad


VERBS = (
    Verb("solve", "J and its gradient of a random walk, closed form", "states", (101, 201, 401, 801), solve),
    Verb("verify", "the policy gradient theorem on a grid", "states", (100, 225, 400, 900, 1600), verify),
    Verb("decide", "J = sum eta r on the same grid", "states", (100, 225, 400, 900, 1600), decide),
    Verb("prove", "Bellman's equation n times, in every MDP", "steps", (1, 2, 4, 8, 16), prove),
    Verb("moments", "the trace of reward-to-go's covariance, Garnet", "states", (20, 40, 80, 160), moments),
    Verb("estimate", "50 steps each, two-state", "trajectories", (10**5, 10**6, 4 * 10**6), estimate),
    Verb(
        "audit",
        "REINFORCE, two-state, which ends when it has seen enough",
        "samples at most",
        (4_000, 16_000, 64_000),
        audit,
    ),
    Verb("floats", "J and all derivatives of a grid", "states", (10**4, 40_000, 90_000, 250_000), floats),
)


def measure(name: str, size: int) -> None:
    """Print one figure as JSON."""
    (verb,) = (verb for verb in VERBS if verb.name == name)
    call = verb.prepare(size)
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    call()
    seconds = time.process_time() - begun
    print(json.dumps([seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3]))


def figure(verb: Verb, size: int) -> tuple[float, float] | None:
    """Seconds and MB; None where it takes longer than `LIMIT`."""
    command = [sys.executable, __file__, "--one", verb.name, str(size)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return None
    if run.returncode:
        raise SystemExit(run.stderr)
    seconds, megabytes = json.loads(run.stdout.splitlines()[-1])
    return seconds, megabytes


def exponent(sizes: list[int], figures: list[float], least: float) -> float | None:
    """The slope, over the larger sizes."""
    pairs = [(n, x) for n, x in zip(sizes, figures, strict=True) if x >= least][-max(3, (len(sizes) + 1) // 2) :]
    return float(np.polyfit(*np.log(np.array(pairs)).T, 1)[0]) if len(pairs) >= 2 else None


HEAD = """# Growth

Written by `python benchmarks/growth.py --write`: what each verb costs against the size of its work, in processor
seconds of all threads (two shared cores had other work), and in MB by which the peak of the resident set grows. Each
figure is a process of its own; the building of the model is not counted. What a first call loads and compiles is, 0.2
to 1.5 s except with prove, audit and floats, so an exponent below 1 says that this fixed cost still shows, not that
larger models cost less for each state. The exponent k is that of size^k, fitted to the larger sizes; figures below
0.02 s or 5 MB are left out of it. [Benchmarks](benchmarks.md) has larger models, and times without the fixed cost.

![Processor time and memory against size](growth.svg)
"""


def page(found: dict[str, list[tuple[int, float, float]]]) -> str:
    """The Markdown."""
    lines = [
        HEAD,
        "| verb | question | size | seconds | exponent | MB | exponent |",
        "|---|---|---|---|---|---|---|",
    ]
    for verb in VERBS:
        rows = found[verb.name]
        sizes, seconds, memory = ([row[k] for row in rows] for k in range(3))
        slopes = exponent(sizes, seconds, LEAST_SECONDS), exponent(sizes, memory, LEAST_MEGABYTES)
        shown = ["-" if slope is None else f"{slope:.1f}" for slope in slopes]
        cells = [
            verb.name,
            verb.what,
            ", ".join(f"{n:,}" for n in sizes) + " " + verb.size,
            ", ".join(f"{x:.2g}" for x in seconds),
            shown[0],
            ", ".join(f"{x:.0f}" for x in memory),
            shown[1],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def draw(found: dict[str, list[tuple[int, float, float]]], path: Path) -> None:
    """Two panels on logarithmic axes."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "growth", "svg.fonttype": "none"})
    from matplotlib import pyplot

    drawn, panels = pyplot.subplots(1, 2, figsize=(9, 3.6))
    for k, (panel, title) in enumerate(zip(panels, ("processor seconds", "MB"), strict=True), 1):
        for marker, (name, rows) in zip("osv^D<>P", found.items(), strict=False):
            kept = [(row[0], row[k]) for row in rows if row[k] > 0]
            panel.loglog(*zip(*kept, strict=True), marker=marker, markersize=4, linewidth=1, label=name)
        panel.set(title=title, xlabel="size")
        panel.grid(visible=True, linewidth=0.3)
    panels[0].legend(fontsize=7)
    drawn.tight_layout()
    drawn.savefig(path, metadata={"Date": None})


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the smallest size of each")
    parser.add_argument("--write", action="store_true", help="write docs/growth.md and docs/growth.svg")
    parser.add_argument("--kept", type=Path, metavar="FILE", help="figures so far, JSON")
    parser.add_argument("--one", nargs=2, metavar=("VERB", "SIZE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given.one[0], int(given.one[1]))
        return
    kept = json.loads(given.kept.read_text()) if given.kept and given.kept.exists() else {}
    found: dict[str, list[tuple[int, float, float]]] = {}
    for verb in VERBS:
        found[verb.name] = []
        for size in verb.sizes[:1] if given.quick else verb.sizes:
            one = kept.get(f"{verb.name} {size}") or figure(verb, size)
            if one is None:
                break
            kept[f"{verb.name} {size}"] = one
            if given.kept:
                given.kept.write_text(json.dumps(kept))
            print(f"{verb.name} {size}: {one[0]:.2f} s, {one[1]:.0f} MB", file=sys.stderr, flush=True)
            found[verb.name].append((size, *one))
    text = page(found)
    print(text)
    if given.write:
        (DOCS / "growth.md").write_text(text, encoding="utf-8")
        draw(found, DOCS / "growth.svg")


if __name__ == "__main__":
    main()

"""pgsym and Storm on the same models: equal solution functions, and the ratio of their times in one run.

    python benchmarks/storm.py            # zoo, the families of the exact benchmark, and chains of the literature
    python benchmarks/storm.py --quick    # small models
    python benchmarks/storm.py --large    # the largest chains too
    python benchmarks/storm.py --only brp

The chain of a policy goes to Storm as a DRN file, rational in the odds, with the discount factor as an exit; pgsym
solves the MDP with its policy.  Without Storm its columns stay empty.

Both clocks begin at a model that is there: Storm's covers model checking, pgsym's `solve(problem)` and J, as an element
of the field of rational functions.  What pgsym makes of the transitions before, the MDP, checked, with its outcomes
numbered, has a column of its own; Storm's reading of its file is in none.  The two take turns; processor time, medians.
Equality is decided in the field of rational functions: the difference is the zero element; where Storm's is too long
to be read as a formula, both are compared at one rational point, for which pgsym solves anew.  Each row is a process of
its own with a time limit.
"""

import argparse
import gc
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

import sympy as sp
from chain_families import FAMILIES, LARGE, MIDDLE, SMALL
from exact_families import gridworld, random_walk, tabular_chain

import pgsym
from pgsym import induced_chain, to_stormpy
from pgsym.errors import FormulaError
from pgsym.expression.grammar import parse
from pgsym.model import MDP, Policy
from pgsym.model.reductions import no_choice

FORK = multiprocessing.get_context("fork")
LIMIT = 150.0
"""Seconds for a row."""
LONG = 0.5
"""Seconds of repetitions, three at least, whose median counts; one is enough where it takes three times that."""


@dataclass
class Case:
    """One J for both."""

    mdp: MDP
    policy: Policy
    chain: MDP
    """What the policy makes of it."""
    meaning: dict[sp.Symbol, sp.Expr]
    """What Storm's parameters stand for."""


def expected_reward(mdp: MDP, policy: Policy) -> Case:
    """sum_t gamma^t r_t from the first start state."""
    mdp = mdp.replace(start={next(iter(mdp.start)): 1})
    return Case(mdp, policy, *induced_chain(pgsym.Problem(mdp, policy)))


def chain(mdp: MDP) -> Case:
    """A model without choice."""
    return Case(mdp, no_choice(mdp), mdp, {})


def cases(quick: bool, large: bool) -> Iterator[tuple[str, Callable[[], Case]]]:
    for name in ("short-corridor", "two-state", "machine-replacement", "random-walk-shared"):
        problem = pgsym.zoo(name)
        yield name, lambda p=problem: expected_reward(p.mdp, p.policy)
    families = [("random walk", random_walk, (11, 101)), ("tabular chain", tabular_chain, (4, 6))]
    families.append(("grid", gridworld, (2,)))
    for name, build, sizes in families:
        for n in sizes[:1] if quick else sizes:
            yield f"{name} {n}", lambda b=build, n=n: expected_reward(b(n).mdp, b(n).policy)
    for name, *sizes in [*SMALL, *([] if quick else MIDDLE), *(LARGE if large else [])]:
        yield f"{name} {', '.join(map(str, sizes))}", lambda f=FAMILIES[name], sizes=sizes: chain(f(*sizes))


def measure(build: Callable[[], Case], found: Connection) -> None:
    """Sends the number of states, seconds of pgsym and of Storm, and whether both agree, as they are known."""
    case = build()
    problem = pgsym.Problem(case.mdp, case.policy)
    began = time.process_time()
    _ = case.mdp.changed().numbering
    found.send({"states": len(case.mdp.states), "MDP": time.process_time() - began})
    _ = case.mdp.numbering  # of what is timed below

    runs: dict[str, Callable[[], Any]] = {"pgsym": lambda: _solved(problem)}
    began = time.process_time()
    _solved(problem)
    found.send({"pgsym": time.process_time() - began})
    if find_spec("stormpy") is not None:
        import stormpy

        model = to_stormpy(case.chain, discount=None if case.chain.gamma == 1 else "exit", average=True)
        (query,) = stormpy.parse_properties('R{"reward"}=? [F "terminal"]')
        runs["Storm"] = lambda: stormpy.model_checking(model, query).get_value(model.initial_states[0])
    results, seconds = {}, {name: [] for name in runs}
    gc.collect()
    gc.disable()  # as for `timeit`
    while sum(map(sum, seconds.values())) < LONG or len(seconds["pgsym"]) < 3:
        for name, run in runs.items():
            began = time.process_time()
            results[name] = run()
            seconds[name].append(time.process_time() - began)
            found.send({name: median(seconds[name])})
        if sum(map(sum, seconds.values())) > 3 * LONG:
            break
    gc.enable()
    if len(results) == 2:
        found.send({"equal": agree(results["pgsym"], results["Storm"], case.meaning)})


def agree(solution: Any, value: Any, meaning: dict[sp.Symbol, sp.Expr]) -> str:
    """Whether the two functions are the same, and how that is known."""
    field, J = solution.field, solution.quantities.J
    try:
        expected = field.convert(parse(str(value)).xreplace(meaning))
    except FormulaError:  # too long to be read as a formula
        from stormpy.numbers.developer.cln import Rational

        point = {x: sp.Rational(k, 7) for k, x in enumerate(sorted(field.generators, key=str), 2)}
        theirs = value.evaluate({x: Rational(str(point[sp.Symbol(x.name)])) for x in value.gather_variables()})
        ours = pgsym.solve(solution.problem.at(**{x.name: v for x, v in point.items()})).J
        return "at a point" if ours == sp.Rational(str(theirs)) else "NO"
    return "yes" if field.is_zero(expected - J) else "NO"


def _solved(problem: pgsym.Problem) -> Any:
    solution = pgsym.solve(problem)
    solution.quantities.J  # noqa: B018  (computed on first use)
    return solution


def row(build: Callable[[], Case]) -> dict[str, Any]:
    """What `measure` sent within the limit."""
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=measure, args=(build, sender))
    process.start()
    sender.close()
    deadline, found = time.monotonic() + LIMIT, dict[str, Any]()
    with suppress(EOFError):
        while receiver.poll(max(deadline - time.monotonic(), 0)):
            found |= receiver.recv()
    process.kill()
    process.join()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small models only")
    parser.add_argument("--large", action="store_true", help="chains of 100,000 states too")
    parser.add_argument("--only", default="", help="rows whose name begins so")
    given = parser.parse_args()
    print("| J | states | equal | MDP, s | pgsym, s | Storm, s | Storm / pgsym |")
    print("|---" * 7 + "|")
    different = 0
    for name, build in cases(given.quick, given.large):
        if not name.startswith(given.only):
            continue
        found = row(build)
        different += found.get("equal") == "NO"
        times = [f"{found[key]:.5f}" if key in found else "-" for key in ("MDP", "pgsym", "Storm")]
        ratio = f"{found['Storm'] / found['pgsym']:.2g}" if {"Storm", "pgsym"} <= found.keys() else "-"
        cells = [name, str(found.get("states", "-")), found.get("equal", "-"), *times, ratio]
        print(f"| {' | '.join(cells)} |", flush=True)
    print(f"{different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    raise SystemExit(main())

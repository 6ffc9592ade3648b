"""pgsym and Storm on the same models: equal solution functions, and the ratio of their times in one run.

    python benchmarks/storm.py            # zoo, the families of the exact benchmark, and chains of the literature
    python benchmarks/storm.py --quick    # small models
    python benchmarks/storm.py --large    # the largest chains too
    python benchmarks/storm.py --only brp

The chain of a policy goes to Storm as a DRN file, rational in the odds, with the discount factor as an exit; pgsym
solves the MDP with its policy.  Without Storm its columns stay empty.

Storm's clock covers model checking alone, pgsym's begins at the MDP; building and reading the model is in neither.
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


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """The result, and the median of its times; as for `timeit`, garbage is left for afterwards."""
    seconds: list[float] = []
    gc.collect()
    gc.disable()
    while sum(seconds) < LONG or (len(seconds) < 3 and seconds[0] < 3 * LONG):
        began = time.perf_counter()
        found = run()
        seconds.append(time.perf_counter() - began)
    gc.enable()
    return found, median(seconds)


def measure(build: Callable[[], Case], found: Connection) -> None:
    """Sends the number of states, the seconds of pgsym and of Storm, and whether both agree, as they are known."""
    case = build()
    found.send(len(case.mdp.states))
    solution, ours = timed(lambda: _solved(case))
    found.send(ours)
    if find_spec("stormpy") is None:
        return
    import stormpy

    model = to_stormpy(case.chain, discount=None if case.chain.gamma == 1 else "exit", average=True)
    (query,) = stormpy.parse_properties('R{"reward"}=? [F "terminal"]')
    value, theirs = timed(lambda: stormpy.model_checking(model, query).get_value(model.initial_states[0]))
    found.send(theirs)
    found.send(agree(solution, value, case.meaning))


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


def _solved(case: Case) -> Any:
    solution = pgsym.solve(pgsym.Problem(case.mdp, case.policy))
    solution.quantities.J  # noqa: B018  (computed on first use)
    return solution


def row(name: str, build: Callable[[], Case]) -> list[Any]:
    """What `measure` sent within the limit."""
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=measure, args=(build, sender))
    process.start()
    sender.close()
    deadline, found = time.monotonic() + LIMIT, []
    with suppress(EOFError):
        while receiver.poll(max(deadline - time.monotonic(), 0)):
            found.append(receiver.recv())
    process.kill()
    process.join()
    return [name, *found, *[None] * (4 - len(found))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small models only")
    parser.add_argument("--large", action="store_true", help="chains of 100,000 states too")
    parser.add_argument("--only", default="", help="rows whose name begins so")
    given = parser.parse_args()
    print("| J | states | equal | pgsym, s | Storm, s | Storm / pgsym |")
    print("|---" * 6 + "|")
    different = 0
    for name, build in cases(given.quick, given.large):
        if not name.startswith(given.only):
            continue
        name, states, ours, theirs, equal = row(name, build)
        different += equal == "NO"
        ratio = f"{theirs / ours:.2g}" if ours and theirs else "-"
        times = ["-" if t is None else f"{t:.4f}" for t in (ours, theirs)]
        print(f"| {' | '.join([name, str(states), equal or '-', *times, ratio])} |", flush=True)
    print(f"{different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    raise SystemExit(main())

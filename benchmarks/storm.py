"""pgsym and Storm on the same models: equal solution functions, and the ratio of their times in one run.

    python benchmarks/storm.py            # zoo, the families of the exact benchmark, and Storm's own PRISM programs
    python benchmarks/storm.py --quick

Expected rewards: the chain of a policy goes to Storm as a DRN file, rational in the odds, with the discount factor as
an exit; pgsym solves the MDP with its policy.  Reachability: Storm builds a PRISM program, and pgsym reads its model;
the probability of a label is the expected reward of entering it.

Storm's clock covers model checking alone, pgsym's begins at the MDP; building and reading the model is in neither.
Equality is decided in the field of rational functions: the difference is the zero element.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import sympy as sp
from exact_families import gridworld, random_walk, tabular_chain

import pgsym
from pgsym import from_stormpy, induced_chain, to_stormpy
from pgsym.expression.grammar import parse
from pgsym.model import MDP, Policy
from pgsym.model.policies import softmax_policy
from pgsym.model.validate import AssumptionWarning

REPEATS = 3
"""The median of so many runs counts, where one takes less than `LONG` seconds."""
LONG = 2.0


@dataclass
class Case:
    """One quantity for both."""

    name: str
    states: int
    mdp: MDP
    policy: Policy
    meaning: dict[sp.Symbol, sp.Expr]
    """What Storm's parameters stand for."""
    model: Any
    query: str


def expected_reward(name: str, mdp: MDP, policy: Policy) -> Case:
    """sum_t gamma^t r_t from the first start state."""
    mdp = mdp.replace(start={next(iter(mdp.start)): 1})
    chain, meaning = induced_chain(pgsym.Problem(mdp, policy))
    model = to_stormpy(chain, discount=None if chain.gamma == 1 else "exit", average=True)
    return Case(f"{name}: reward", len(mdp.states), mdp, policy, meaning, model, 'R{"reward"}=? [F "terminal"]')


def reachability(name: str, program: str, label: str) -> Case:
    """The probability to reach a label of a PRISM program."""
    import stormpy

    parsed = stormpy.parse_prism_program(program)
    options = stormpy.BuilderOptions(build_full=True)
    model = stormpy.build_model[stormpy.RationalFunction](parsed, options=options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssumptionWarning)
        built = from_stormpy(model, rewards=next(iter(model.reward_models), None) or None)
        targets = {built.states[i] for i in model.labeling.get_states(label)}
        rows = [
            (s, a, t, p, int(t in targets))
            for s, a in built.pairs
            if s not in targets
            for t, p, _ in built.outcomes(s, a)
        ]
        terminal = built.terminal | targets
        used = {symbol.name for *_, p, _ in rows for symbol in p.free_symbols}
        symbols = {name: text for name, text in built.assumptions.items() if name in used}
        mdp = MDP.from_transitions(rows, start=built.start, terminal=terminal, states=built.states, symbols=symbols)
    return Case(
        f"{name}: P[F {label}]",
        len(mdp.states),
        mdp,
        softmax_policy(mdp, {}, default="uniform"),
        {},
        model,
        f'P=? [F "{label}"]',
    )


def cases(quick: bool) -> Iterator[Callable[[], Case]]:
    for name in ("short-corridor", "two-state", "machine-replacement", "random-walk-shared"):
        problem = pgsym.zoo(name)
        yield lambda name=name, p=problem: expected_reward(name, p.mdp, p.policy)
    families = [("random walk", random_walk, (11, 101)), ("tabular chain", tabular_chain, (4, 6))]
    families.append(("grid", gridworld, (2,)))
    for name, build, sizes in families:
        for n in sizes[:1] if quick else sizes:
            instance = build(n)
            yield lambda name=f"{name} {n}", i=instance: expected_reward(name, i.mdp, i.policy)
    import stormpy.examples.files as files

    programs = [("parametric die", files.prism_pdtmc_die, "two")]
    if not quick:
        programs.append(("bounded retransmission", files.prism_pdtmc_brp, "error"))
    for name, program, label in programs:
        yield lambda name=name, program=program, label=label: reachability(name, program, label)


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """The result, and the median of its times."""
    seconds = []
    while len(seconds) < REPEATS and (not seconds or seconds[0] < LONG):
        began = time.perf_counter()
        found = run()
        seconds.append(time.perf_counter() - began)
    return found, median(seconds)


def measure(case: Case) -> tuple[bool, float, float]:
    """Whether both agree, and the seconds of pgsym and of Storm."""
    import stormpy

    (query,) = stormpy.parse_properties(case.query)
    solution, ours = timed(lambda: _solved(case))
    theirs_text, theirs = timed(
        lambda: stormpy.model_checking(case.model, query).get_value(case.model.initial_states[0])
    )
    found = parse(str(theirs_text)).xreplace(case.meaning)
    field = solution.field
    return field.is_zero(field.convert(found) - solution.quantities.J), ours, theirs


def _solved(case: Case) -> Any:
    solution = pgsym.solve(pgsym.Problem(case.mdp, case.policy))
    solution.quantities.J  # noqa: B018  (computed on first use)
    return solution


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small models only")
    quick = parser.parse_args().quick
    print("| quantity | states | equal | pgsym, s | Storm, s | Storm / pgsym |")
    print("|---" * 6 + "|")
    different = 0
    for build in cases(quick):
        case = build()
        equal, ours, theirs = measure(case)
        different += not equal
        row = (
            case.name,
            str(case.states),
            "yes" if equal else "NO",
            f"{ours:.4f}",
            f"{theirs:.4f}",
            f"{theirs / ours:.2g}",
        )
        print(f"| {' | '.join(row)} |", flush=True)
    return 1 if different else 0


if __name__ == "__main__":
    raise SystemExit(main())

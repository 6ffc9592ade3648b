"""How long Coq takes to check a certificate, against the numbers of states and actions.

    python benchmarks/certify.py            # random models, then all models of a size at once
    python benchmarks/certify.py --quick

Every certificate proves the policy gradient theorem (start-state) for tabular softmax; the last tables prove pgsym's
closed forms of J and of its derivatives too.
"""

import argparse
import resource
import time
from collections.abc import Callable

import pgsym
from pgsym.certificates import certify, coqc
from pgsym.certificates.kernel import library
from pgsym.model.problem import Problem
from pgsym.model.zoo.constructed import generic_problem

NUMBERS = ["2x2", "3x2", "4x2", "6x2", "8x2", "2x4", "4x4"]
SYMBOLS = ["2x2", "3x2", "4x2", "2x3", "3x3"]
NUMBERS_CLOSED = ["2x2", "3x2", "2x3", "2x4", "2x6"]
SYMBOLS_CLOSED = ["2x2", "2x2+end"]


def random_problem(size: str) -> Problem:
    states, actions = size.split("x")
    return pgsym.zoo("garnet", states=int(states), actions=int(actions), seed=1)


def table(kind: str, sizes: list[str], problem_of: Callable[[str], Problem], closed_forms: bool) -> None:
    title = f"models of {kind}" + (", with closed forms" if closed_forms else "")
    print(f"\n| {title} | parameters | lines | writing, s | checking, CPU s | wall s | answer |")
    print("|---" * 7 + "|")
    for size in sizes:
        problem = problem_of(size)
        began = time.perf_counter()
        certificate = certify(problem, closed_forms=closed_forms)
        written = time.perf_counter() - began
        assert ("closed_form_J" in certificate.theorems) == closed_forms
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        answer = certificate.check()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        lines = certificate.text.count("\n")
        cells = [size, len(problem.policy.params), lines, f"{written:.2f}", f"{seconds:.1f}", f"{answer.seconds:.1f}",
                 answer.answer]  # fmt: skip
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the smallest of each kind")
    count = 1 if parser.parse_args().quick else None
    if coqc() is None:
        raise SystemExit("coqc is not on the path; install Coq 8.16 or later with Coquelicot")
    began = time.perf_counter()
    library()
    print(f"library: {time.perf_counter() - began:.1f} s (0 where it was compiled before)")
    table("numbers", NUMBERS[:count], random_problem, closed_forms=False)
    table("symbols", SYMBOLS[:count], generic_problem, closed_forms=False)
    table("numbers", NUMBERS_CLOSED[:count], random_problem, closed_forms=True)
    table("symbols", SYMBOLS_CLOSED[:count], generic_problem, closed_forms=True)


if __name__ == "__main__":
    main()

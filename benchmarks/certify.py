"""How long Coq takes to check a certificate, against the numbers of states and actions.

    python benchmarks/certify.py            # random models, then all models of a size at once
    python benchmarks/certify.py --quick

Every certificate proves the policy gradient theorem (start-state) for tabular softmax; closed forms are left out, so
that the table shows what the theorem costs.
"""

import argparse
import resource
import time

import pgsym
from pgsym.certify import Certificate, certify, coqc
from pgsym.certify.kernel import library
from pgsym.model.generic import generic_problem

RANDOM = [(2, 2), (3, 2), (4, 2), (6, 2), (8, 2), (2, 4), (4, 4)]
GENERIC = [(2, 2), (3, 2), (4, 2), (2, 3), (3, 3)]


def row(kind: str, states: int, actions: int, certificate: Certificate, written: float) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = certificate.check()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    lines = certificate.text.count("\n")
    cells = [kind, states, actions, lines, f"{written:.2f}", f"{seconds:.1f}", f"{answer.seconds:.1f}", answer.answer]
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the two smallest of each kind")
    count = 2 if parser.parse_args().quick else None
    if coqc() is None:
        raise SystemExit("coqc is not on the path; install Coq 8.16 or later with Coquelicot")
    began = time.perf_counter()
    library()
    print(f"library: {time.perf_counter() - began:.1f} s (0 where it was compiled before)\n")
    print("| model | states | actions | lines | writing, s | checking, CPU s | wall s | answer |")
    print("|---|---|---|---|---|---|---|---|")
    for states, actions in RANDOM[:count]:
        problem = pgsym.zoo("garnet", states=states, actions=actions, seed=1)
        began = time.perf_counter()
        certificate = certify(problem.mdp, problem.policy, closed_forms=False)
        row("numbers", states, actions, certificate, time.perf_counter() - began)
    for states, actions in GENERIC[:count]:
        problem = generic_problem(f"{states}x{actions}")
        began = time.perf_counter()
        certificate = certify(problem.mdp, problem.policy, closed_forms=False)
        row("symbols", states, actions, certificate, time.perf_counter() - began)


if __name__ == "__main__":
    main()

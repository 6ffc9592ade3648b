"""How long Coq takes to check the catalogue's theorems for every finite MDP.

    python benchmarks/certify_every_mdp.py              # all that can be written in Coq, as a table
    python benchmarks/certify_every_mdp.py bellman flow # some of them

`KERNEL_CHECKED` in pgsym/prover/kernel_checked.py is the list of those of which every relation was accepted.
"""

import resource
import sys
import time

from pgsym.certificates import certify_every_mdp, coqc
from pgsym.certificates.kernel import library
from pgsym.claims.catalogue import theorem_names
from pgsym.errors import CertificateError
from pgsym.prover import prove


def main() -> None:
    if coqc() is None:
        raise SystemExit("coqc is not on the path; install Coq 8.16 or later with Coquelicot")
    began = time.perf_counter()
    library()
    print(f"library: {time.perf_counter() - began:.1f} s (0 where it was compiled before)\n")
    print("| theorem | relations | steps | lines | writing, s | checking, CPU s | answer |\n" + "|---" * 7 + "|")
    outside, total = [], 0
    for name in sys.argv[1:] or theorem_names():
        verdict = prove(name, refute=False)
        if not verdict.proved:
            continue
        links = verdict.links or (verdict,)
        began = time.perf_counter()
        try:
            certificates = [certify_every_mdp(link) for link in links]
        except CertificateError:
            outside.append(name)
            continue
        written = time.perf_counter() - began
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        answers = {str(certificate.check().answer) for certificate in certificates}
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        total += len(links)
        cells = [name, len(links), sum(len(link.certificate) for link in links),
                 sum(c.text.count("\n") for c in certificates), f"{written:.2f}", f"{seconds:.1f}",
                 ", ".join(sorted(answers))]  # fmt: skip
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
    print(f"\n{total} relations; outside of what is written in Coq: {', '.join(outside)}")


if __name__ == "__main__":
    main()

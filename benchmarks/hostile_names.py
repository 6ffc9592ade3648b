"""Models whose names read alike, against the same models under plain names.

    python benchmarks/hostile_names.py [--models 100000] [--first 0] [--jobs 1]

Every model of `tests/renamed_models.py` is solved and a claim about it decided, under plain names and under names with
commas, bars and quotes, numbers beside equal texts, Greek letters, and words of the claim language.  Verdicts and
closed forms must be the same once the names are mapped back.  The first 2,000 models are those of the test suite.

Prints how many claims were proved and refuted, by policy.  Exit code 1 if any answer depends on names.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from renamed_models import case, complaints, plain

BLOCK = 400
"""Models of one task; a multiple of the spellings of a shape, which share their plain form."""


def main() -> int:
    """Print the counts."""
    options = _options()
    begin, end = options.first, options.first + options.models
    blocks = [range(k, min(k + BLOCK, end)) for k in range(begin, end, BLOCK)]
    counts: Counter[tuple[str, str]] = Counter()
    wrong, started = 0, time.perf_counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        for done, (found, told) in enumerate(pool.map(_judged, blocks), start=1):
            counts += found
            wrong += len(told)
            print(*told, sep="\n", end="\n" if told else "", flush=True)
            if done % 25 == 0:
                print(f"{done * BLOCK} models, {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    for (kind, status), count in sorted(counts.items()):
        print(f"{kind:8} {status:12} {count:7}")
    print(f"{wrong} of {counts.total()} models depend on names; {time.perf_counter() - started:.0f} s")
    return 1 if wrong else 0


def _judged(numbers: range) -> tuple[Counter[tuple[str, str]], list[str]]:
    """How often each verdict was given, and what depends on names."""
    counts: Counter[tuple[str, str]] = Counter()
    told = []
    for number in numbers:
        shape, names, method = case(number)
        found = next(complaints(shape, names, method), None)
        counts[shape.kind, str(plain(shape, method).verdict.status)] += 1
        if found is not None:
            told.append(f"case {number}: {found}; {names}")
    return counts, told


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""Can the audit be trusted?  False alarms on random problems, and detection of mistakes in code as people write it.

    python benchmarks/audit.py                               both tables (about two hours of a core)
    python benchmarks/audit.py --audits 200 --skip-detection a sample of the first
    python benchmarks/audit.py --audits 0 --only grpo,dapo   some rows of the second
    python benchmarks/audit.py --log runs.jsonl              keep what is done; the same command goes on from there

Prints two tables, and exits with status 1 when either is outside its bound.

1. False alarms: audits of correct estimators (`audit_correct.KINDS`) on random problems with error rate `ALPHA`.
   Under that rate the number of alarms exceeds the bound with probability at most `BOUND_RATE` (binomial tail), so a
   failure means that the audit is anti-conservative.  An audit's rate holds at every look; `AUDITED` episodes and a
   tolerance of `DELTA` are chosen such that nearly every audit takes all its looks, which is where alarms can be
   raised.  The mutant in tests/audit/test_sequential.py shows that the bound can fail.
2. Detection: the estimators of `audit_estimators`, about a third of them correct, each on the standard suite or on that
   of token trees, with a budget of `BUDGET` episodes a problem.  A bias that is above `WORTH`, by at least 3 standard
   errors in `MEASURED` other episodes, must be called biased; a correct estimator must not.  Of the names that are
   given, at most `WRONG` may be wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from audit_correct import KINDS
from audit_estimators import ESTIMATORS, STATE, UNLISTED, Written
from scipy import stats

ALPHA = 0.01
"""Error rate of one audit of a correct estimator."""
BOUND_RATE = 1e-3
"""Probability that a valid audit exceeds the printed bound."""
AUDITED = 2**13
"""Most episodes of one audit of a correct estimator."""
DELTA = 0.01
"""Its tolerance: an audit that settles early cannot raise an alarm later."""
WORTH = 0.02
"""Relative bias from which a mistake must be found."""
BUDGET = 2**18
"""Episodes within which it must be found."""
MEASURED = 2**16
"""Episodes from which the bias is measured beside the audit."""
WRONG = 0.05
"""Share of the names given that may be wrong."""
RATE = 1e-3
"""Error rate of an audit of the second table, over the suite."""
BATCH = 32


def worth(bias: float, error: float) -> bool:
    """Whether a measured bias must be found."""
    return bias - 3 * error > WORTH


class Audited(NamedTuple):
    """One audit of a correct estimator."""

    estimator: str
    verdict: str
    n: int
    detectable: float
    """Relative bias that its last look finds with probability 0.9."""


class Detected(NamedTuple):
    """One estimator on its suite."""

    name: str
    suite: str
    cause: str
    biases: dict[str, tuple[float, float]]
    """By problem, the relative bias and its standard error; empty where the code was refused for its state."""
    verdicts: dict[str, str]
    """By problem."""
    named: str

    @property
    def bias(self) -> float:
        """The largest."""
        return max((bias for bias, _ in self.biases.values()), default=0.0)

    @property
    def missed(self) -> list[str]:
        """Problems on which a bias above `WORTH` was not found."""
        return [
            name
            for name, verdict in self.verdicts.items()
            if self.cause
            and self.biases[name][0] - 3 * self.biases[name][1] > WORTH
            and not verdict.startswith("biased")
        ]

    @property
    def alarm(self) -> bool:
        return not self.cause and any(verdict.startswith("biased") for verdict in self.verdicts.values())

    @property
    def found(self) -> bool:
        return self.named == STATE or any(verdict.startswith("biased") for verdict in self.verdicts.values())

    @property
    def answer(self) -> str:
        """yes, none (no name), or NO: another name."""
        if not self.found or (self.named == UNLISTED and self.cause != UNLISTED):
            return "none"
        return "yes" if set(self.named.split(" + ")) == set(self.cause.split(" + ")) else "NO"


# -- false alarms --------------------------------------------------------------------------------------------


def audit_correct(number: int) -> Audited:
    """Audit number `number`: of one kind in turn, on a random problem; refused for its state is an alarm too."""
    from pgsym.auditing import audit
    from pgsym.errors import SamplingError

    rng = np.random.default_rng([20_240_607, number])
    name, kind = list(KINDS.items())[number % len(KINDS)]
    while True:
        problem, estimator, options = kind(rng)
        try:
            found = audit(
                problem, estimator, batch_size=BATCH, delta=DELTA, alpha=ALPHA, max_samples=AUDITED, seed=number,
                explain=False, **options,
            )  # fmt: skip
        except SamplingError as error:
            if STATE in str(error):
                return Audited(name, "biased", 0, 0.0)
            if error.where != "theta":
                raise
            # A gradient of 0 has no relative bias: another problem is drawn.
            continue
        return Audited(name, found.verdict.value, found.n, found.detectable or 0.0)


def bound(audits: int) -> int:
    """Alarms that a valid audit exceeds with probability at most `BOUND_RATE`."""
    return int(stats.binom.isf(BOUND_RATE, audits, ALPHA))


def print_false_alarms(found: list[Audited]) -> bool:
    """The first table; whether it is within its bound."""
    print(f"False alarms at rate {ALPHA:g}: {len(found)} audits of correct estimators on random problems, "
          f"at most {AUDITED} episodes each, delta {DELTA:g}")  # fmt: skip
    print(f"{'estimator':30} {'audits':>7} {'alarms':>7} {'rate':>8} {'at most':>8} {'unbiased':>9} {'undecided':>10} "
          f"{'detectable':>11}")  # fmt: skip
    for name in [*KINDS, "all"]:
        mine = [one for one in found if name in ("all", one.estimator)]
        count, n = Counter(one.verdict for one in mine), len(mine)
        detectable = np.median([one.detectable for one in mine] or [0])
        most = stats.beta.isf(0.01, count["biased"] + 1, n - count["biased"]) if n > count["biased"] else 1.0
        print(f"{name:30} {n:7} {count['biased']:7} {count['biased'] / max(n, 1):8.4f} {most:8.4f} "
              f"{count['unbiased']:9} {count['undecided']:10} {detectable:11.2g}")  # fmt: skip
    alarms, limit = sum(one.verdict == "biased" for one in found), bound(len(found))
    print(
        "at most: of the rate, with confidence 0.99 (Clopper and Pearson); detectable: median relative bias, power 0.9"
    )
    print(f"bound: {limit} alarms (exceeded with probability {BOUND_RATE:g} at rate {ALPHA:g}): "
          f"{'within' if alarms <= limit else 'OUTSIDE'}")  # fmt: skip
    return alarms <= limit


# -- detection -----------------------------------------------------------------------------------------------


def measured(case: Any, written: Written) -> tuple[float, float]:
    """The relative bias on a problem and its standard error, from a sample of its own, with control variates."""
    from pgsym.auditing.batch import Rollouts
    from pgsym.auditing.controls import Controls
    from pgsym.auditing.problem_arrays import build_arrays
    from pgsym.auditing.targets import AuditTarget, target_gradient

    options = dict(written.options)
    off, target = options.pop("off_policy", False), AuditTarget(options.pop("target", "truncated"))
    arrays = build_arrays(case.problem, behaviour=case.behaviour if off else None)
    rollouts = Rollouts(arrays, **case.options, **options)
    truth, controls, sampler = target_gradient(arrays, case.horizon, target), Controls(rollouts), rollouts.sampler(99)
    given, known = [], []
    for i in range(16):
        streams = rollouts.streams(sampler.chunk(i, MEASURED // 16))
        given.append(rollouts.estimates(written.function, streams))
        known.append(controls.values(streams))
    controls.fit(given[0], known[0])
    gap = controls.adjust(np.concatenate(given[1:]), np.concatenate(known[1:])) - truth
    scale = np.linalg.norm(truth)
    error = np.sqrt(gap.var(axis=0, ddof=1).sum() / len(gap))
    return float(np.linalg.norm(gap.mean(0)) / scale), float(error / scale)


def detect(number: int) -> Detected:
    """The audits of one estimator."""
    from pgsym.auditing import AuditError, assert_unbiased, standard_suite, token_suite
    from pgsym.errors import SamplingError

    written = ESTIMATORS[number]
    cases = list(token_suite() if written.tokens else standard_suite())
    named, results = "", {}
    try:
        results = assert_unbiased(
            written.function, cases=cases, delta=WORTH, alpha=RATE, max_samples=BUDGET, seed=7, **written.options
        )
    except AuditError as error:
        results, named = error.results, "" if error.diagnosis is None else error.diagnosis.key
    except SamplingError as error:
        if STATE not in str(error):
            raise
        named = STATE
    return Detected(
        written.function.__name__,
        "tokens" if written.tokens else "standard",
        written.cause,
        {} if named == STATE else {case.name: measured(case, written) for case in cases},
        {name: result.verdict.value for name, result in results.items()},
        named,
    )


def print_detections(found: list[Detected]) -> bool:
    """The second table; whether it is within its bounds."""
    print(f"\nDetection: estimators as people write them, at most {BUDGET} episodes a problem, error rate {RATE:g}")
    print(f"{'suite':9} {'estimator':38} {'bias':>9} {'biased on':>10} {'right':5} name")
    for row in found:
        called = sum(verdict.startswith("biased") for verdict in row.verdicts.values())
        note = "ALARM" if row.alarm else "" if not row.cause else row.answer
        missed = f"; missed on {', '.join(row.missed)}" if row.missed else ""
        wanted = f"; it is {row.cause}" if row.answer != "yes" and row.cause else ""
        print(f"{row.suite:9} {row.name:38} {row.bias:9.3g} {called:6} of {len(row.biases)} {note:5} "
              f"{row.named}{wanted}{missed}")  # fmt: skip
    print(f"\n{'suite':9} {'correct':>8} {'alarms':>7} {'wrong':>6} {'above ' + format(WORTH, 'g'):>11} {'missed':>7} "
          f"{'named':>6} {'rightly':>8} {'unnamed':>8}")  # fmt: skip
    for suite in ("standard", "tokens", "all"):
        mine = [row for row in found if suite in ("all", row.suite)]
        wrong = [row for row in mine if row.cause]
        large = [row for row in wrong if any(worth(*x) for x in row.biases.values())]
        count = Counter(row.answer for row in wrong if row.found)
        print(f"{suite:9} {len(mine) - len(wrong):8} {sum(row.alarm for row in mine):7} {len(wrong):6} {len(large):11} "
              f"{sum(bool(row.missed) or not row.found for row in large):7} {count['yes'] + count['NO']:6} "
              f"{count['yes']:8} {count['none']:8}")  # fmt: skip
    answers = Counter(row.answer for row in found if row.cause and row.found)
    share = answers["NO"] / max(answers["yes"] + answers["NO"], 1)
    print(f"wrong names: {share:.3f} of those given (at most {WRONG:g})")
    return not any(row.missed or row.alarm for row in found) and share <= WRONG


# -- runs ----------------------------------------------------------------------------------------------------


class Log:
    """Results by key, one JSON line each: a run that was stopped goes on where it was."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.known: dict[str, Any] = {}
        if path is not None and path.exists():
            # A line that was cut off when the run was killed is computed again.
            whole = path.read_text(encoding="utf-8").rpartition("\n")[0]
            self.known = dict(json.loads(line) for line in whole.splitlines())
            path.write_text(whole + "\n" if whole else "", encoding="utf-8")

    def run(self, kind: str, work: Callable[[Any], Any], items: list[Any], workers: int) -> list[Any]:
        """work(item) for each item, in order, as plain data."""
        keys = {json.dumps([kind, item]): item for item in items}
        left = {key: item for key, item in keys.items() if key not in self.known}
        done = len(keys) - len(left)
        for key, found in zip(left, _mapped(work, list(left.values()), workers), strict=True):
            done += 1
            self.known[key] = found
            if self.path is not None:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([key, found]) + "\n")
            if sys.stderr.isatty():
                print(f"\r{kind} {done}/{len(keys)}", end="", file=sys.stderr)
        return [self.known[key] for key in keys]


def _mapped(work: Callable[[Any], Any], items: list[Any], workers: int) -> Iterator[Any]:
    if workers == 1:
        yield from map(work, items)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, items, chunksize=4)


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--audits", type=int, default=10_000, help="audits of correct estimators")
    parser.add_argument("--skip-detection", action="store_true", help="the table of false alarms only")
    parser.add_argument("--only", help="names of estimators of the second table, with commas between")
    parser.add_argument("--log", type=Path, help="file that keeps what is done")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    options = parser.parse_args()
    began, log = time.perf_counter(), Log(options.log)
    passed = True
    if options.audits:
        alarms = log.run("correct", audit_correct, list(range(options.audits)), options.workers)
        passed = print_false_alarms([Audited(*one) for one in alarms])
        print(f"{time.perf_counter() - began:.0f} s", flush=True)
    if not options.skip_detection:
        only = None if options.only is None else options.only.split(",")
        numbers = [i for i, one in enumerate(ESTIMATORS) if only is None or one.function.__name__ in only]
        rows = log.run("written", detect, numbers, options.workers)
        passed = print_detections([Detected(*row) for row in rows]) and passed
        print(f"{time.perf_counter() - began:.0f} s")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

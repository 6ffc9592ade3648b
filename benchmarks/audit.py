"""Can the audit be trusted?  False alarms on random problems, and detection of every known mistake.

    python benchmarks/audit.py                               both tables (about an hour of a busy core)
    python benchmarks/audit.py --audits 200 --skip-detection a sample of the first
    python benchmarks/audit.py --log runs.jsonl              keep what is done; the same command goes on from there

Prints two tables, and exits with status 1 when either is outside its bound.

1. False alarms: audits of correct estimators on random MDPs with error rate `ALPHA`.  Under that rate the number of
   alarms exceeds the bound with probability at most `BOUND_RATE` (binomial tail), so a failure means that the audit
   is anti-conservative.  An audit's rate holds at every look; `AUDITED` episodes and a tolerance of `DELTA` are
   chosen such that nearly every audit takes all its looks, which is where alarms can be raised.  The mutant in
   tests/audit/test_sequential.py shows that the bound can fail.
2. Detection: on the standard suite, every re-creation of a known mistake whose relative bias exceeds `WORTH` is audited
   with a budget of `BUDGET` episodes.  It must be called biased, and the mistake must be named, alone or among those
   that the data support as well.  The bias that decides whether it must be found is exact where the estimator is
   linear in the batch (every pair of episodes of a row, with its probability); for batch statistics and means over
   steps it is estimated from `ESTIMATED` episodes, with a correct estimator of known mean as control variate.
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
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from pgsym.model import Problem

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
BUDGET = 1_000_000
"""Episodes within which it must be found."""
ESTIMATED = 2**18
"""Episodes from which the bias of batch statistics is estimated."""
BATCH = 32
HORIZON = 4


class Audited(NamedTuple):
    """One audit of a correct estimator."""

    estimator: str
    verdict: str
    n: int
    detectable: float
    """Relative bias that its last look finds with probability 0.9."""


class Detected(NamedTuple):
    """One known mistake on one problem of the suite."""

    problem: str
    mistake: str
    variant: str
    bias: float
    exact: bool
    verdict: str
    n: int
    named: str
    """yes: the diagnosis; tied: among those as well supported; NO."""


class Task(NamedTuple):
    """A known mistake on a problem of the suite, by numbers."""

    problem: int
    off_policy: bool
    target: str
    base: int
    recipe: int


# -- false alarms --------------------------------------------------------------------------------------------


def random_problem(rng: np.random.Generator) -> tuple[Any, Any, list[float]]:
    """2-5 states, 2-3 actions, 1-3 outcomes each, ends or not; tabular softmax at a random theta."""
    from pgsym.model import MDP, tabular

    S, ending = int(rng.integers(2, 6)), bool(rng.integers(2))
    targets = [*range(S), *(["end"] if ending else [])]
    rows = []
    for s in range(S):
        for a in range(int(rng.integers(2, 4))):
            weights = rng.integers(1, 6, int(rng.integers(1, 4)))
            for w in weights.tolist():
                t = targets[int(rng.integers(len(targets)))]
                rows.append((s, a, t, f"{w}/{weights.sum()}", int(rng.integers(-3, 4))))
        if ending:
            rows.append((s, "stop", "end", 1, int(rng.integers(-3, 4))))
    gamma = ["1/2", "9/10", "99/100"][int(rng.integers(3))]
    mdp = MDP.from_transitions(rows, start=0, terminal=["end"] if ending else [], gamma=gamma, states=targets)
    policy = tabular(mdp)
    return mdp, policy, [round(x, 3) for x in rng.normal(size=len(policy.params)).tolist()]


def estimators() -> dict[str, Any]:
    """Correct estimators with noise that no control variate removes."""

    def returns(batch: Any) -> Any:
        out, running = np.zeros(batch.rewards.shape), np.zeros(len(batch.rewards))
        for t in range(batch.rewards.shape[1] - 1, -1, -1):
            running = batch.mask[:, t] * batch.rewards[:, t] + batch.gamma * running
            out[:, t] = running
        return out

    def combine(batch: Any, weight: Any) -> Any:
        w = batch.gamma**batch.steps * weight * batch.mask
        return np.einsum("bt,btk->k", w, batch.scores) / batch.episodes

    def baseline_of_time(theta: Any, batch: Any) -> Any:
        return combine(batch, returns(batch) - 3 * np.cos(1.0 + 2.0 * batch.states + batch.steps))

    def leave_one_out(theta: Any, batch: Any) -> Any:
        G = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
        others = (G.sum() - G) / (batch.episodes - 1)
        return ((G - others)[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)

    def baseline_of_the_past(theta: Any, batch: Any) -> Any:
        """The baseline is ten times the reward of the step before."""
        before = np.where(batch.steps > 0, np.roll(batch.rewards, 1, axis=1), 0.0)
        return combine(batch, returns(batch) - 10 * before)

    def half_of_the_batch(theta: Any, batch: Any) -> Any:
        """The gradient from every other episode, doubled."""
        keep = np.arange(batch.episodes) % 2 == 0
        return 2 * combine(batch, returns(batch) * keep[:, None])

    return {
        "baseline b(s, t)": baseline_of_time,
        "leave-one-out": leave_one_out,
        "baseline of the past": baseline_of_the_past,
        "half of the batch": half_of_the_batch,
    }


def audit_correct(number: int) -> Audited:
    """Audit number `number`: a random problem, one of the estimators."""
    from pgsym.auditing import audit
    from pgsym.errors import SamplingError

    rng = np.random.default_rng([20_240_607, number])
    name, estimator = list(estimators().items())[number % len(estimators())]
    while True:
        mdp, policy, theta = random_problem(rng)
        try:
            found = audit(
                Problem(mdp, policy, theta=theta), estimator, horizon=HORIZON, batch_size=BATCH, delta=DELTA,
                alpha=ALPHA, max_samples=AUDITED, seed=number, explain=False,
            )  # fmt: skip
        except SamplingError as error:
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
    print(f"False alarms at rate {ALPHA:g}: {len(found)} audits of correct estimators on random MDPs, "
          f"at most {AUDITED} episodes of {HORIZON} steps each, delta {DELTA:g}")  # fmt: skip
    print(f"{'estimator':24} {'audits':>7} {'alarms':>7} {'rate':>8} {'unbiased':>9} {'undecided':>10} "
          f"{'episodes':>9} {'detectable':>11}")  # fmt: skip
    for name in [*estimators(), "all"]:
        mine = [one for one in found if name in ("all", one.estimator)]
        count = Counter(one.verdict for one in mine)
        episodes, detectable = (np.median([getattr(one, x) for one in mine] or [0]) for x in ("n", "detectable"))
        print(
            f"{name:24} {len(mine):7} {count['biased']:7} {count['biased'] / max(len(mine), 1):8.4f} "
            f"{count['unbiased']:9} {count['undecided']:10} {episodes:9.0f} {detectable:11.2g}"
        )
    alarms, limit = sum(one.verdict == "biased" for one in found), bound(len(found))
    print("episodes, detectable (relative bias, power 0.9): medians")
    print(f"bound: {limit} alarms (exceeded with probability {BOUND_RATE:g} at rate {ALPHA:g}): "
          f"{'within' if alarms <= limit else 'OUTSIDE'}")  # fmt: skip
    return alarms <= limit


# -- detection -----------------------------------------------------------------------------------------------


@cache
def suite() -> list[Any]:
    """The standard problems."""
    from pgsym.auditing import standard_suite

    return list(standard_suite())


def settings(problem: int) -> Iterator[tuple[bool, str]]:
    """(data of another policy, target) for each way in which a problem is audited."""
    for off in (False, True):
        yield off, "truncated"
        yield off, "bootstrap"
    if not suite()[problem].problem.mdp.terminal:
        yield False, "objective"


@cache
def arrays_of(problem: int, off: bool, target: str) -> Any:
    from pgsym.auditing.problem_arrays import build_arrays

    case = suite()[problem]
    objective = "average-reward" if target == "objective" else "start-state"
    return build_arrays(case.problem.replace(objective=objective), behaviour=case.behaviour if off else None)


def recipes(problem: int, off: bool, target: str) -> Iterator[tuple[Task, Any, Any, Any]]:
    """(task, mistake, correct recipe, mistaken recipe) for every known mistake that can be made there."""
    from pgsym.auditing import AuditTarget
    from pgsym.auditing.mistakes import MISTAKES, Circumstances
    from pgsym.auditing.recipes import Recipe

    long_run = target == "objective"
    setting = Circumstances(AuditTarget(target), not off, 2, long_run, arrays_of(problem, off, target).gamma != 1)
    bases = [Recipe(bootstrap=True, lam=0.95, average="steps" if long_run else "episodes")]
    if target == "truncated":
        bases = [Recipe(baseline="none")] if off else [Recipe(), Recipe(whole_return=True)]
    for i, base in enumerate(bases):
        made = [(mistake, recipe) for mistake in MISTAKES for recipe in mistake.recipes(base, setting)]
        for j, (mistake, recipe) in enumerate(made):
            yield Task(problem, off, target, i, j), mistake, base, recipe


def tasks() -> list[Task]:
    """Every known mistake in every setting of every problem."""
    return [task for i in range(len(suite())) for off, target in settings(i) for task, *_ in recipes(i, off, target)]


@cache
def pairs(problem: int, off: bool, target: str) -> tuple[Any, Any]:
    """Every row of two episodes, and its probability [D]."""
    from pgsym.auditing.enumeration import all_episodes
    from pgsym.auditing.episodes import arrange

    arrays, horizon = arrays_of(problem, off, target), suite()[problem].horizon
    episodes = all_episodes(arrays, horizon)
    first, second = (x.reshape(-1) for x in np.indices((len(episodes.p),) * 2))
    rows = np.stack([episodes.outcome[first], episodes.outcome[second]], axis=1).reshape(-1, horizon)
    return arrange(arrays, rows, 2), episodes.weights[first] * episodes.weights[second]


@cache
def many(problem: int, off: bool, target: str) -> Any:
    """`ESTIMATED` episodes, two a row."""
    from pgsym.auditing.episodes import Sampler, arrange

    arrays, horizon = arrays_of(problem, off, target), suite()[problem].horizon
    return arrange(arrays, Sampler(arrays, horizon, 99).chunk(0, ESTIMATED), 2)


def relative_bias(task: Task, base: Any, recipe: Any) -> tuple[float, bool]:
    """Of a mistaken recipe, and whether it is exact."""
    from pgsym.auditing import AuditTarget
    from pgsym.auditing.problem_arrays import target_gradient

    where = task[:3]
    aim = target_gradient(arrays_of(*where), suite()[task.problem].horizon, AuditTarget(task.target))
    linear = {recipe.centre, recipe.compared} == {"none"} and "steps" not in (recipe.average, base.average)
    if linear:
        streams, weights = pairs(*where)
        gap = weights @ recipe.batch_means(streams, 2) - aim
    else:
        gap = (recipe.batch_means(many(*where), BATCH) - base.batch_means(many(*where), BATCH)).mean(0)
    return float(np.linalg.norm(gap) / np.linalg.norm(aim)), linear


def detect(task: Task) -> Detected | None:
    """The audit of one mistake; None where its bias need not be found."""
    from pgsym.auditing import audit

    mistake, base, recipe = next(rest for found, *rest in recipes(*task[:3]) if found == task)
    bias, exact = relative_bias(task, base, recipe)
    if bias <= WORTH:
        return None
    case = suite()[task.problem]
    objective = "average-reward" if task.target == "objective" else "start-state"
    found = audit(
        case.problem.replace(objective=objective), _as_estimator(recipe), horizon=case.horizon, batch_size=BATCH,
        target=task.target, layout="vector", delta=WORTH / 2, alpha=1e-3, max_samples=BUDGET, seed=7,
        behaviour=case.behaviour if task.off_policy else None,
    )  # fmt: skip
    named = "NO"
    if found.diagnosis is not None and mistake.key in found.diagnosis.keys:
        named = "yes"
    elif found.diagnosis is not None and mistake.key in " ".join(found.diagnosis.others):
        named = "tied"
    changes = {k: v for k, v in vars(recipe).items() if v != getattr(base, k)}
    variant = ", ".join(f"{k}={v}" for k, v in changes.items())
    where = f"{case.name}, {task.target}" + (", off-policy" if task.off_policy else "")
    return Detected(where, mistake.key, variant, bias, exact, found.verdict.value, found.n, named)


def _as_estimator(recipe: Any) -> Any:
    """A re-creation behind the interface of user code: it sees one public batch at a time."""
    from pgsym.auditing.episodes import Streams

    def estimator(theta: Any, batch: Any) -> Any:
        arrays = batch.policy.arrays
        pair = arrays.first_pair[batch.states] + batch.actions
        # The outcome is found again from what the user sees: pair, next state and reward.
        match = (
            (arrays.outcome_pair[None, None] == pair[..., None])
            & (arrays.outcome_next[None, None] == batch.next_states[..., None])
            & np.isclose(arrays.outcome_reward[None, None], batch.rewards[..., None])
        )
        outcome = np.where(batch.mask, match.argmax(-1), arrays.O)
        streams = Streams(arrays, outcome, batch.steps, batch.episode, batch.episodes, batch.horizon)
        return recipe.batch_means(streams, batch.episodes)[0]

    return estimator


def print_detections(found: list[Detected]) -> bool:
    """The second table; whether every mistake was found and named."""
    print(f"\nDetection: known mistakes with a relative bias above {WORTH:g}, at most {BUDGET} episodes")
    print(f"{'problem':36} {'mistake':28} {'variant':40} {'bias':>8} {'verdict':>9} {'episodes':>9} named")
    for row in found:
        print(
            f"{row.problem:36} {row.mistake:28} {row.variant[:40]:40} {'=' if row.exact else '~'}{row.bias:7.3f} "
            f"{row.verdict:>9} {row.n:9} {row.named}"
        )
    print("\n= exact, ~ estimated\n")
    print(f"{'problem':16} {'mistakes':>9} {'found':>7} {'named':>7} {'tied':>5} {'least bias':>11} "
          f"{'median episodes':>16} {'most':>8}")  # fmt: skip
    for name in [*(case.name for case in suite()), "all"]:
        mine = [row for row in found if name in ("all", row.problem.partition(",")[0])]
        count = Counter(row.named for row in mine)
        biased = sum(row.verdict == "biased" for row in mine)
        n = [row.n for row in mine] or [0]
        least = min((row.bias for row in mine), default=0.0)
        print(f"{name:16} {len(mine):9} {biased:7} {count['yes']:7} {count['tied']:5} {least:11.3f} "
              f"{np.median(n):16.0f} {max(n):8}")  # fmt: skip
    missed = [row for row in found if row.verdict != "biased" or row.named == "NO"]
    print(f"{len(found) - len(missed)} of {len(found)} found and named")
    return not missed


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
    parser.add_argument("--log", type=Path, help="file that keeps what is done")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    options = parser.parse_args()
    began, log = time.perf_counter(), Log(options.log)
    alarms = log.run("correct", audit_correct, list(range(options.audits)), options.workers)
    passed = print_false_alarms([Audited(*one) for one in alarms])
    print(f"{time.perf_counter() - began:.0f} s", flush=True)
    if not options.skip_detection:
        rows = log.run("mistake", detect, tasks(), options.workers)
        passed = print_detections([Detected(*row) for row in rows if row is not None]) and passed
        print(f"{time.perf_counter() - began:.0f} s")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

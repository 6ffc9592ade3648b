"""Can the audit be trusted?  False alarms on random problems, and detection of every known mistake.

    python benchmarks/audit.py                 the long run: 10,000 audits of correct estimators (about an hour a core)
    python benchmarks/audit.py --audits 200    a sample of it

Prints two tables, and exits with status 1 when either is outside its bound.

1. False alarms: audits of correct estimators on random MDPs with error rate `ALPHA`.  Under that rate the number of
   alarms exceeds the bound with probability at most `BOUND_RATE` (binomial tail), so a failure means that the audit
   is anti-conservative.  The mutant in
   tests/audit/test_sequential.py shows that the bound can fail.
2. Detection: on the standard suite, every re-creation of a known mistake whose exact relative bias exceeds `WORTH` is
   audited with a budget of `BUDGET` episodes.  It must be called biased, and the mistake must be named or tied.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

ALPHA = 0.01
"""Error rate of one audit."""
BOUND_RATE = 1e-3
"""Probability that a valid audit exceeds the printed bound."""
WORTH = 0.02
"""Relative bias from which a mistake must be found."""
BUDGET = 1_000_000
"""Episodes within which it must be found."""
HORIZON = 4


class Audited(NamedTuple):
    """One audit of a correct estimator."""

    estimator: str
    verdict: str
    n: int


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
    """Correct estimators with noise that no control variate removes: baselines and lambdas of their own."""

    def returns(batch: Any) -> Any:
        out, running = np.zeros(batch.rewards.shape), np.zeros(len(batch.rewards))
        for t in range(batch.rewards.shape[1] - 1, -1, -1):
            running = batch.rewards[:, t] + batch.gamma * running
            out[:, t] = running
        return out

    def combine(batch: Any, weight: Any) -> Any:
        w = batch.gamma**batch.steps * weight * batch.mask
        return np.einsum("bt,btk->k", w, batch.scores) / batch.episodes

    def own_baseline(theta: Any, batch: Any) -> Any:
        return combine(batch, returns(batch) - 3 * np.cos(1.0 + 2.0 * batch.states))

    def leave_one_out(theta: Any, batch: Any) -> Any:
        G = (batch.gamma**batch.steps * batch.rewards).sum(1)
        others = (G.sum() - G) / (batch.episodes - 1)
        return ((G - others)[:, None] * batch.scores.sum(1)).mean(0)

    def rare_baseline(theta: Any, batch: Any) -> Any:
        return combine(batch, returns(batch) - 10.0 * (batch.states == 1))

    def half_of_the_batch(theta: Any, batch: Any) -> Any:
        """The gradient from the first half of the batch, doubled: correct, and noisier."""
        keep = np.arange(batch.episodes) % 2 == 0
        return 2 * combine(batch, returns(batch) * keep[:, None])

    return {
        "own baseline": own_baseline,
        "leave-one-out": leave_one_out,
        "baseline in one state": rare_baseline,
        "half of the batch": half_of_the_batch,
    }


def audit_correct(number: int) -> Audited:
    """Audit number `number`: a random problem, one of the estimators."""
    from pgsym.audit import audit
    from pgsym.errors import SamplingError

    rng = np.random.default_rng([20_240_607, number])
    name, estimator = list(estimators().items())[number % len(estimators())]
    options = {"horizon": HORIZON, "delta": 0.1, "alpha": ALPHA, "seed": number, "max_samples": 2**16}
    while True:
        mdp, policy, theta = random_problem(rng)
        try:
            found = audit(estimator, mdp, policy, theta=theta, batch_size=32, explain=False, **options)
        except SamplingError as error:
            if error.where != "theta":
                raise
            # A gradient of 0 has no relative bias: another problem is drawn.
            continue
        return Audited(name, found.verdict.value, found.n)


class Detected(NamedTuple):
    """One known mistake on one problem of the suite."""

    problem: str
    mistake: str
    variant: str
    exact_bias: float
    """Relative, from 2**18 episodes with the correct estimator, whose mean is known exactly, as control variate."""
    verdict: str
    n: int
    named: bool


def detections() -> list[Detected]:
    """Every known mistake whose relative bias exceeds `WORTH`, audited on every problem of the suite."""
    from pgsym.audit import standard_suite

    tasks = [(i, off) for i, _ in enumerate(standard_suite()) for off in (False, True)]
    found = []
    with _pool() as pool:
        for rows in pool.map(detect, tasks):
            for row in rows:
                print(line(row), flush=True)
            found += rows
    return found


def line(row: Detected) -> str:
    """A row of the table."""
    named = "yes" if row.named else "NO"
    head = f"{row.problem:15} {row.mistake:30} {row.variant[:44]:44}"
    return f"{head} {row.exact_bias:7.3f} {row.verdict:>10} {row.n:9} {named}"


def detect(task: tuple[int, bool]) -> list[Detected]:
    """The mistakes of one problem, for data of the target policy or of another."""
    from pgsym.audit import Target, standard_suite
    from pgsym.audit.controls import agreeing
    from pgsym.audit.mistakes import Setting
    from pgsym.audit.world import build_world

    index, off = task
    case = list(standard_suite())[index]
    behaviour = case.behaviour if off else None
    world = build_world(case.mdp, case.policy, theta=case.theta, behaviour=behaviour)
    out = []
    for target in (Target.HORIZON, Target.BOOTSTRAP):
        setting = Setting(target, not off, 2, False, world.gamma != 1)
        if target is Target.BOOTSTRAP and Target.HORIZON in agreeing(target, world, case.horizon) and off:
            continue
        out += _of_setting(case, world, setting, behaviour)
    return out


def _of_setting(case: Any, world: Any, setting: Any, behaviour: Any) -> list[Detected]:
    from pgsym.audit import Target, audit
    from pgsym.audit.episodes import Sampler, arrange
    from pgsym.audit.mistakes import MISTAKES
    from pgsym.audit.recipes import Recipe
    from pgsym.audit.targets import truth

    B = 32
    aim = truth(world, case.horizon, setting.target)
    many = arrange(world, Sampler(world, case.horizon, 99).chunk(0, 2**18), 2)
    bases = [Recipe(), Recipe(whole_return=True)] if setting.on_policy else [Recipe(baseline="none")]
    if setting.target is Target.BOOTSTRAP:
        bases = [Recipe(bootstrap=True, lam=0.95)]
    out = []
    for base in bases:
        for mistake in MISTAKES:
            for recipe in mistake.recipes(base, setting):
                offset = base.batch_means(many, B).mean(0) - aim
                bias = float(np.linalg.norm(recipe.batch_means(many, B).mean(0) - offset - aim) / np.linalg.norm(aim))
                # An estimate of less than WORTH, or so near to it that these episodes cannot tell, need not be found.
                if bias <= 1.5 * WORTH:
                    continue
                found = audit(
                    _as_estimator(recipe), case.mdp, case.policy, theta=case.theta, horizon=case.horizon, batch_size=B,
                    target=setting.target, layout="vector", delta=WORTH / 2, alpha=1e-3, max_samples=BUDGET, seed=7,
                    behaviour=behaviour,
                )  # fmt: skip
                named = found.diagnosis is not None and (
                    mistake.key in found.diagnosis.keys or mistake.key in " ".join(found.diagnosis.others)
                )
                variant = ", ".join(f"{k}={v}" for k, v in _changes(recipe, base).items())
                out.append(Detected(case.name, mistake.key, variant, bias, found.verdict.value, found.n, named))
    return out


def _changes(recipe: Any, base: Any) -> dict[str, Any]:
    return {k: v for k, v in vars(recipe).items() if v != getattr(base, k)}


def _as_estimator(recipe: Any) -> Any:
    """A re-creation behind the interface of user code: it sees one public batch at a time."""
    from pgsym.audit.episodes import Streams

    def estimator(theta: Any, batch: Any) -> Any:
        world = batch.policy.world
        pair = world.first_pair[batch.states] + batch.actions
        # The outcome is found again from what the user sees: pair, next state and reward.
        match = (
            (world.outcome_pair[None, None] == pair[..., None])
            & (world.outcome_next[None, None] == batch.next_states[..., None])
            & np.isclose(world.outcome_reward[None, None], batch.rewards[..., None])
        )
        outcome = np.where(batch.mask, match.argmax(-1), world.O)
        streams = Streams(world, outcome, batch.steps, batch.episode, batch.episodes, batch.horizon)
        return recipe.batch_means(streams, batch.episodes)[0]

    return estimator


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max(1, (os.cpu_count() or 2)), mp_context=get_context("spawn"))


def bound(audits: int) -> int:
    """Alarms that a valid audit exceeds with probability at most `BOUND_RATE`."""
    return int(stats.binom.isf(BOUND_RATE, audits, ALPHA))


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--audits", type=int, default=10_000, help="audits of correct estimators")
    parser.add_argument("--skip-detection", action="store_true", help="the table of false alarms only")
    options = parser.parse_args()
    began = time.perf_counter()
    found: list[Audited] = []
    with _pool() as pool:
        for i, one in enumerate(pool.map(audit_correct, range(options.audits), chunksize=4)):
            found.append(one)
            if sys.stderr.isatty():
                print(f"\r{i + 1}/{options.audits}", end="", file=sys.stderr)
    alarms = sum(one.verdict == "biased" for one in found)
    limit = bound(options.audits)
    print(f"False alarms at rate {ALPHA:g}: {options.audits} audits of correct estimators on random MDPs")
    print(f"{'estimator':24} {'audits':>7} {'alarms':>7} {'rate':>8} {'unbiased':>9} {'undecided':>10} {'episodes':>9}")
    for name in [*estimators(), "all"]:
        mine = [one for one in found if name in ("all", one.estimator)]
        count = {v: sum(one.verdict == v for one in mine) for v in ("biased", "unbiased", "undecided")}
        median = int(np.median([one.n for one in mine])) if mine else 0
        print(
            f"{name:24} {len(mine):7} {count['biased']:7} {count['biased'] / max(len(mine), 1):8.4f} "
            f"{count['unbiased']:9} {count['undecided']:10} {median:9}"
        )
    print(f"bound: {limit} alarms (exceeded with probability {BOUND_RATE:g} at rate {ALPHA:g}): "
          f"{'within' if alarms <= limit else 'OUTSIDE'}; {time.perf_counter() - began:.0f} s")  # fmt: skip
    failed = alarms > limit
    if not options.skip_detection:
        print(f"\nDetection: known mistakes with a relative bias above {WORTH:g}, at most {BUDGET} episodes")
        print(
            f"{'problem':15} {'mistake':30} {'variant':44} {'bias':>7} {'verdict':>10} {'episodes':>9} named",
            flush=True,
        )
        rows = detections()
        missed = [row for row in rows if row.verdict != "biased" or not row.named]
        print(f"{len(rows) - len(missed)} of {len(rows)} found and named; {time.perf_counter() - began:.0f} s")
        failed = failed or bool(missed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

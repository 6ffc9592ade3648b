"""Ctrl-C: before the first look nothing is known; after it, the last look's answer stands."""

import numpy as np
import pytest

from pgsym.auditing import BiasVerdict, audit, standard_suite

CASE = {case.name: case for case in standard_suite()}["truncated"]


def noisy(stop):
    """A correct estimator that no control variate resolves, interrupted at call number `stop`."""
    calls = 0

    def estimator(theta, batch):
        nonlocal calls
        calls += 1
        if calls == stop:
            raise KeyboardInterrupt
        noise = batch.scores * (10 * np.cos(batch.states + 3 * batch.steps))[..., None]
        returns = np.cumsum((batch.gamma**batch.steps * batch.rewards)[:, ::-1], axis=1)[:, ::-1]
        return ((returns[..., None] * batch.scores) + noise).sum((0, 1)) / batch.episodes

    return estimator


def run(stop, **options):
    given = {"horizon": CASE.horizon, "delta": 0.001, "max_samples": 40_000, "explain": False}
    return audit(CASE.problem, noisy(stop), **given, **options)


def test_interrupted_audit_answers_with_its_last_look():
    reports = []
    whole = run(None, progress=lambda done, n: reports.append((done, n)))
    assert whole.verdict is BiasVerdict.UNDECIDED
    assert not whole.interrupted
    assert [done for done, _ in reports] == sorted({done for done, _ in reports})
    assert {n for _, n in reports} == {40_000}
    cut = run(700)
    assert cut.interrupted
    assert cut.verdict is BiasVerdict.UNDECIDED
    assert 0 < cut.n < whole.n
    assert cut.n <= 700 * 32
    assert "stopped early: the answer is that of the last look" in str(cut)


def test_interruption_before_the_first_look_goes_through():
    with pytest.raises(KeyboardInterrupt):
        run(40)


def test_time_that_is_up_gives_the_answer_of_the_last_look():
    found = run(None, max_seconds=0.0)
    assert found.verdict is BiasVerdict.UNDECIDED
    assert found.interrupted
    assert "stopped early: the answer is that of the last look" in str(found)

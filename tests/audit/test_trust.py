"""A sample of benchmarks/audit.py: the false-alarm rate of audits of correct estimators on random MDPs."""

import subprocess
import sys
from importlib import util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "audit.py"


@pytest.mark.parametrize("audits", [12, pytest.param(400, marks=pytest.mark.slow)])
def test_false_alarm_rate_is_within_its_bound(audits):
    """The bound is exceeded with probability 1e-3 by an audit of the stated rate; seeds are fixed."""
    command = [sys.executable, str(SCRIPT), "--audits", str(audits), "--skip-detection", "--workers", "1"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3_000)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "within" in found.stdout


@pytest.fixture(scope="module")
def benchmark():
    spec = util.spec_from_file_location("audit_benchmark", SCRIPT)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_bound_is_the_binomial_tail(benchmark):
    """10,000 audits at rate 0.01: 100 alarms are expected, and more than 132 have probability below 1e-3."""
    assert benchmark.bound(10_000) == 132
    assert benchmark.bound(12) == 2


def test_mistake_just_above_the_threshold_is_found_and_named(benchmark):
    """On the problem that is cut, the next episode's value off-policy: a relative bias of 0.021, exactly."""
    tasks = [t for t in benchmark.tasks() if t[:3] == (1, True, "truncated")]
    found = benchmark.detect(tasks[4])
    assert found.exact
    assert found.bias == pytest.approx(0.021, abs=5e-4)
    assert (found.mistake, found.verdict, found.named) == ("next-episode-value", "biased", "yes")


def test_killed_run_goes_on_where_it_was(benchmark, tmp_path):
    path, calls = tmp_path / "runs.jsonl", []

    def square(x):
        calls.append(x)
        return x * x

    assert benchmark.Log(path).run("square", square, [1, 2, 3], 1) == [1, 4, 9]
    # The last line was cut off when the process was killed.
    path.write_text(path.read_text(encoding="utf-8")[:-3], encoding="utf-8")
    assert benchmark.Log(path).run("square", square, [1, 2, 3, 4], 1) == [1, 4, 9, 16]
    assert calls == [1, 2, 3, 3, 4]

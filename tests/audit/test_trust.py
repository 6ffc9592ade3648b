"""A sample of benchmarks/audit.py: false alarms on random problems, and detection in code as people write it."""

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
    sys.path.insert(0, str(SCRIPT.parent))
    spec = util.spec_from_file_location("audit_benchmark", SCRIPT)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(SCRIPT.parent))


def test_bound_is_the_binomial_tail(benchmark):
    """10,000 audits at rate 0.01: 100 alarms are expected, and more than 132 have probability below 1e-3."""
    assert benchmark.bound(10_000) == 132
    assert benchmark.bound(12) == 2


@pytest.mark.parametrize(
    "name",
    [
        "buffer_is_cleared",
        "rloo_in_loops",
        "clipped_to_norm",
        "mean_of_the_last_gradients",
        "ratio_of_the_episode_truncated",
        "token_mean_of_each_micro_batch",
        "ppo_clip_of_stale_tokens",
        "best_of_the_group",
    ],
)
def test_estimator_as_people_write_it_is_judged_and_named(benchmark, name, monkeypatch):
    """A sample of the second table; the bias that must be found is measured beside the audit."""
    monkeypatch.setattr(benchmark, "MEASURED", 2**13)
    (number,) = (i for i, one in enumerate(benchmark.ESTIMATORS) if one.function.__name__ == name)
    found = benchmark.detect(number)
    assert not found.missed
    assert not found.alarm
    assert found.answer == "yes" if found.cause else found.named == ""


def test_table_of_detections_is_outside_its_bounds_where_a_name_is_wrong(benchmark, capsys):
    row = benchmark.Detected("f", "tokens", "sign", {"q": (2.0, 0.01)}, {"q": "biased"}, "sign")
    assert benchmark.print_detections([row])
    for other in (
        row._replace(named="scaled"),
        row._replace(verdicts={"q": "unbiased"}, named=""),
        row._replace(cause="", named="sign"),
    ):
        assert not benchmark.print_detections([row, other])
    assert "missed on q" in capsys.readouterr().out


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

"""A sample of benchmarks/audit.py: the false-alarm rate of audits of correct estimators on random MDPs."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "audit.py"


@pytest.mark.parametrize("audits", [12, pytest.param(400, marks=pytest.mark.slow)])
def test_false_alarm_rate_is_within_its_bound(audits):
    """The bound is exceeded with probability 1e-3 by an audit of the stated rate; seeds are fixed."""
    command = [sys.executable, str(SCRIPT), "--audits", str(audits), "--skip-detection"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3_000)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "within" in found.stdout


def test_bound_is_the_binomial_tail():
    """10,000 audits at rate 0.01: 100 alarms are expected, and more than 132 have probability below 1e-3."""
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        from importlib import util

        spec = util.spec_from_file_location("audit_benchmark", SCRIPT)
        module = util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPT.parent))
    assert module.bound(10_000) == 132
    assert module.bound(12) == 2

"""The quick form of a benchmark runs and finds every verdict right."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_claims_benchmark_runs_quickly() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "claims.py"), "--quick"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("right") == 4
    assert "WRONG" not in run.stdout
    assert not run.stderr

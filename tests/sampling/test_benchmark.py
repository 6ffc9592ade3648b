"""The sampling benchmark's way for accelerators, on whatever device there is."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    for name in ("sampling", "sampling_peers", "sampling_problems"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import sampling

    monkeypatch.setattr(sampling, "ACCELERATED_BLOCK", 2**12)
    monkeypatch.setattr(sampling, "_accelerated", lambda: True)
    return sampling


def test_samplers_of_an_accelerator_find_the_value(benchmark):
    problem = benchmark.PROBLEMS[0]()
    for build in (benchmark._returns, benchmark._moments, benchmark._directions):
        sampler = build(problem)
        mean, variance = sampler.run(0)
        # P(|z| > 5) = 6e-7.
        assert abs(mean - problem.value) < 5 * np.sqrt(variance / sampler.trajectories)


def test_memory_line_names_the_device_or_the_skip(benchmark, monkeypatch):
    for kind, text in [
        ("NVIDIA H200", "28 bytes a transition: 4.8e+10 B/s, 1% of the 4.8e+12 B/s of NVIDIA H200"),
        ("Unknown", "28 bytes a transition: 4.8e+10 B/s; the peak of Unknown is not on record here"),
    ]:
        monkeypatch.setattr(benchmark.jax, "devices", lambda kind=kind: [SimpleNamespace(device_kind=kind)])
        assert benchmark._memory(4.8e10 / 28) == text
    monkeypatch.setattr(benchmark, "_accelerated", lambda: False)
    assert benchmark._memory(1.0) == "skipped: memory bandwidth (JAX finds no GPU)"

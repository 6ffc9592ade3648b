"""What every test gets: hypothesis profiles, seeded generators, and JAX on the CPU unless told otherwise.

PGSYM_TEST_DEVICE=cuda (any name that JAX_PLATFORMS knows) runs the sampling tests there.
HYPOTHESIS_PROFILE=dev searches afresh at every run; the default draws the same examples each time.
Nothing here imports jax, so that the exact tests run without it.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

os.environ["JAX_PLATFORMS"] = os.environ.get("PGSYM_TEST_DEVICE", "cpu")

settings.register_profile(
    "ci", deadline=None, derandomize=True, max_examples=30, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("dev", deadline=None, max_examples=200, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

TESTS = Path(__file__).parent


@pytest.fixture
def rng() -> np.random.Generator:
    """A NumPy generator, seeded alike in every test."""
    return np.random.default_rng(20260101)


@pytest.fixture(autouse=True)
def strict_shapes(request: pytest.FixtureRequest) -> Iterator[None]:
    """In the sampling tests, arrays of different rank do not broadcast silently; NumPyro's own code does that."""
    context: AbstractContextManager[object] = nullcontext()
    if request.path.is_relative_to(TESTS / "sampling") and request.path.stem != "test_program":
        import jax

        context = jax.numpy_rank_promotion("raise")
    with context:
        yield

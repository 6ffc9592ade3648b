"""`import pgsym` costs nothing, and nothing exact pays for JAX: checked in fresh processes.

What each command may import: `tests/cli/test_startup.py`.
"""

import json
import subprocess
import sys

import pytest

HEAVY = ("flint", "gymnasium", "jax", "lark", "networkx", "numpy", "numpyro", "pydantic", "rich", "scipy", "sympy")

PROBE = """
import json, sys
{statement}
print(json.dumps([name for name in {heavy!r} if name in sys.modules]))
"""


def loaded(statement: str) -> set[str]:
    """Which of the heavy packages a fresh interpreter has loaded after `statement`."""
    code = PROBE.format(statement=statement, heavy=HEAVY)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout))


def test_import_pgsym_loads_nothing_heavy() -> None:
    assert loaded("import pgsym") == set()


def test_listing_the_public_names_loads_nothing_heavy() -> None:
    assert loaded("import pgsym; dir(pgsym), pgsym.__all__, pgsym.__version__") == set()


@pytest.mark.parametrize(
    "module",
    [
        "pgsym.model",
        "pgsym.algebra",
        "pgsym.exact",
        "pgsym.claims",
        "pgsym.interchange",
        "pgsym.ascent",
        "pgsym.reports",
    ],
)
def test_exact_side_does_not_load_jax(module: str) -> None:
    assert loaded(f"import {module}").isdisjoint({"jax", "numpyro", "gymnasium"})


def test_solving_does_not_load_jax() -> None:
    statement = "import pgsym; pgsym.solve('short-corridor').J; pgsym.verify('short-corridor')"
    assert loaded(statement).isdisjoint({"jax", "numpyro", "gymnasium"})


def test_probe_can_fail() -> None:
    assert loaded("import numpy") == {"numpy"}
    assert "jax" in loaded("import pgsym; pgsym.estimate")

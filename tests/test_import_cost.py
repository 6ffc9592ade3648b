"""`import pgsym` costs nothing, and nothing exact pays for JAX: checked in fresh processes."""

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
        "pgsym.report",
    ],
)
def test_exact_side_does_not_load_jax(module: str) -> None:
    assert loaded(f"import {module}").isdisjoint({"jax", "numpyro", "gymnasium"})


def test_solving_does_not_load_jax() -> None:
    statement = (
        "import pgsym; p = pgsym.zoo('short-corridor'); pgsym.solve(p.mdp, p.policy, p.objective).J; "
        "pgsym.verify(p.mdp, p.policy, p.objective)"
    )
    assert loaded(statement).isdisjoint({"jax", "numpyro", "gymnasium"})


def test_command_line_starts_without_jax() -> None:
    assert loaded("import pgsym.cli").isdisjoint({"jax", "numpyro", "gymnasium", "scipy"})


EXACT_COMMANDS = (
    "solve short-corridor",
    "verify two-state -n 0",
    "verify recycling-robot",
    "check two-state 'V(s) = r_pi(s)'",
    "derive short-corridor --level general",
    "theorems flow two-state",
    "moments short-corridor -n 0",
    "certify two-state",
    "ascend short-corridor --methods exact,natural --steps 2",
    "zoo",
)


def test_exact_commands_do_not_load_jax() -> None:
    """All of them in one process; the first that loads it is named."""
    statement = f"""
import contextlib, io, shlex
from pgsym.cli import main
for command in {EXACT_COMMANDS!r}:
    sys.argv = ["pgsym", *shlex.split(command)]
    with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
        main()
    assert shown.getvalue(), command
    assert not {{"jax", "numpyro", "gymnasium"}} & set(sys.modules), command
"""
    assert loaded(statement).isdisjoint({"jax", "numpyro", "gymnasium"})


def test_probe_can_fail() -> None:
    assert loaded("import numpy") == {"numpy"}
    assert "jax" in loaded("import pgsym; pgsym.estimate")

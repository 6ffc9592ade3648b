"""What each command may import before it answers: a fresh process each, for imports are never undone."""

import json
import shlex
import subprocess
import sys

import pytest

# SymPy, FLINT, lark and networkx are what an exact answer is made of; pydantic is typer's own.
HEAVY = {
    "distributed",
    "flint",
    "gymnasium",
    "jax",
    "lark",
    "latex2mathml",
    "matplotlib",
    "networkx",
    "numpy",
    "numpyro",
    "optax",
    "pandas",
    "scipy",
    "stormpy",
    "sympy",
    "yaml",
}
EXACT = {"flint", "lark", "networkx", "sympy"}
FLOATS = {"numpy", "scipy"}

MAY_IMPORT = {
    "--help": set(),
    "--version": set(),
    "solve --help": set(),
    "study --help": set(),
    "no-such-command": set(),
    "check two-state 'J = J'": EXACT,
    "check two-state 'J = 0'": EXACT,  # refuted, with a witness
    "check two-state tests/notes/bellman.md -o /dev/null": EXACT | {"yaml"},
    "solve short-corridor": EXACT,
    "solve short-corridor --json": EXACT,
    "solve two-state -J average-reward": EXACT,
    "floats two-state": EXACT | FLOATS | {"yaml"},
    "optimal two-state -J start-state": EXACT,
    "optimal two-state -J start-state --gamma gamma": EXACT,
    "sharpen short-corridor 'J <= c'": EXACT | {"numpy"},
    "verify two-state -n 0": EXACT,
    "theorems": EXACT,
    "theorems flow two-state": EXACT,
    "certify two-state": EXACT | {"yaml"},
    "zoo": EXACT | {"yaml"},
    "zoo two-state": EXACT | {"yaml"},
    "moments short-corridor -n 0": EXACT | FLOATS,
    "compare short-corridor reinforce reward-to-go -n 0": EXACT | FLOATS,
    "estimators": EXACT | FLOATS,
    "prove policy-gradient": EXACT | FLOATS,
    "refute bandit-gradient": EXACT,
    "ascend short-corridor --methods exact,natural --steps 2": EXACT | FLOATS | {"yaml"},
    "derive short-corridor --level general": EXACT | {"yaml"},  # a picture of the model
}

PROBE = """
import json, sys
from pgsym.cli import main
sys.argv = ["pgsym", *sys.argv[1:]]
try:
    main()
finally:
    print("\\n" + json.dumps(sorted(sys.modules)))
"""


def modules(command: str) -> set[str]:
    """What is imported when the command has answered."""
    run = subprocess.run([sys.executable, "-c", PROBE, *shlex.split(command)], capture_output=True, text=True)
    assert run.returncode in (0, 1, 2), run.stderr
    assert "Traceback" not in run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize("command", MAY_IMPORT)
def test_command_imports_no_more_than_it_needs(command):
    assert modules(command) & HEAVY <= MAY_IMPORT[command]


def test_help_imports_no_module_of_the_package_but_the_commands():
    found = {name for name in modules("--help") if name.startswith("pgsym.") and not name.startswith("pgsym.cli")}
    assert found == {"pgsym.errors"}


def test_a_named_model_is_not_read_from_a_file():
    found = modules("check two-state 'J = J'")
    assert "pgsym.model.zoo" in found
    assert not {name for name in found if name.startswith("pgsym.model.files")}


def test_probe_can_fail():
    """What is forbidden above is found where it is needed."""
    found = modules("estimate short-corridor -n 100")
    assert {"jax", "numpy", "scipy"} <= found
    assert not found & HEAVY <= EXACT | FLOATS

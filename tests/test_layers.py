"""Imports point downwards only, and each library stays in the layer that it belongs to."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pgsym"

# What each layer may import from pgsym, itself apart.  Read from bottom to top.
BELOW: dict[str, set[str]] = {
    "errors": set(),
    "trust": set(),
    "limits": set(),
    "expression": {"errors"},
    "display": {"errors", "trust", "expression"},
    "model": {"errors", "display", "expression"},
    "algebra": {"errors", "expression"},
    "order": {"errors", "trust", "expression", "algebra"},
    "exact": {"errors", "trust", "display", "expression", "model", "algebra"},
    "interchange": {"errors", "display", "expression", "model", "exact"},
    "claims": {"errors", "trust", "display", "expression", "model", "algebra", "exact", "order"},
    "estimators": {"errors", "trust", "display", "expression", "model", "algebra", "exact", "claims"},
    "prover": {"errors", "trust", "display", "expression", "model", "claims"},
    "certificates": {
        "errors",
        "trust",
        "display",
        "expression",
        "model",
        "algebra",
        "exact",
        "order",
        "claims",
        "prover",
    },
    "sampling": {"errors", "trust", "display", "expression", "model"},
    "notes": {"errors", "display", "expression", "model", "claims", "prover", "trust"},
    "auditing": {
        "errors",
        "trust",
        "display",
        "expression",
        "model",
        "algebra",
        "exact",
        "claims",
        "estimators",
        "sampling",
    },
    "ascent": {"errors", "trust", "display", "expression", "model", "algebra", "exact", "estimators", "sampling"},
    "comparison": {"errors", "trust", "display", "algebra", "exact", "estimators", "model", "auditing"},
    "study": {
        "errors",
        "trust",
        "display",
        "expression",
        "model",
        "algebra",
        "exact",
        "estimators",
        "sampling",
        "auditing",
    },
    "reports": {
        "errors",
        "trust",
        "display",
        "expression",
        "model",
        "algebra",
        "exact",
        "claims",
        "prover",
        "estimators",
        "sampling",
        "auditing",
        "ascent",
        "study",
    },
    "playground": {"errors", "display", "expression", "model", "exact", "claims", "notes"},
}
# The modules of the sampler that read an estimator's text; what draws and sums does not see them.
ALSO: dict[str, set[str]] = {
    "sampling.estimate": {"estimators"},
    "sampling.plan": {"claims", "estimators"},
    "sampling.score_terms": {"claims", "estimators"},
    "sampling.factors": {"algebra", "claims", "estimators"},
}
# What can be hit may be hit anywhere.
for layer in set(BELOW) - {"errors", "trust", "limits"}:
    BELOW[layer].add("limits")
# The public names reach into every layer, and the commands use all of them.
TOP = ("", "cli", "_pytest_plugin", "__main__")
for top in TOP:
    BELOW[top] = set(BELOW)

# Where alone a library may be imported: layers, or single modules.
HOMES = {
    "anywidget": {"model.editor"},
    "distributed": {"study.run"},
    "docutils": {"notes"},
    "jax": {"sampling", "auditing", "ascent.optimiser", "interchange.functional", "interchange.functions", "cli"},
    "markdown_it": {"notes"},
    "nbformat": {"notes"},
    "numpyro": {"sampling", "auditing", "cli"},
    "flint": {"algebra", "order"},
    "gymnasium": {"model.gym", "interchange.environments", "interchange.gymnasium_env"},
    "lark": {"expression", "claims"},
    "latex2mathml": {"claims"},
    "matplotlib": {"display", "model.drawing.plot"},
    "networkx": {"model", "prover"},
    "optax": {"ascent.optimiser"},
    "pandas": {"display"},
    "pydantic": {"model", "study", "cli"},
    "pylatexenc": {"notes"},
    "quantecon": {"interchange.toolboxes"},
    "stormpy": {"model.files.storm"},
    "stormvogel": {"model.files.storm"},
    "typer": {"cli"},
    "z3": {"order.solver"},
    "rich": {"cli", "reports", "display"},
}


def modules() -> dict[str, str]:
    """{dotted name within pgsym: source}; the package itself is ''."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return found


def imports(source: str, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted name) of every import in `source`, those inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
            # `from pgsym import exact` imports a layer; `from pgsym.exact import solve` names one already.
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("import_module", "__import__", "optional"):
                yield node.lineno, str(node.args[0].value)


def violations(name: str, source: str, *, is_package: bool = False) -> list[str]:
    """What `source`, as the module pgsym.<name>, imports although it may not."""
    layer = name.split(".")[0]
    dotted = ("pgsym", *name.split(".")) if name else ("pgsym",)
    package = dotted if is_package else dotted[:-1]
    found = []
    for line, target in imports(source, package):
        root, _, rest = target.partition(".")
        if root == "pgsym":
            # A name that is no layer is a public one, which may come from any of them: for the top only.
            used = rest.split(".")[0]
            allowed = (
                used == layer or used in BELOW[layer] | ALSO.get(name, set())
                if used in BELOW and used
                else layer in TOP
            )
            if not allowed:
                found.append(f"pgsym.{name}:{line} imports {target}")
        elif root in HOMES and not HOMES[root] & {layer, name}:
            found.append(f"pgsym.{name}:{line} imports {root}")
    return found


def is_package(name: str) -> bool:
    return (PACKAGE.joinpath(*name.split(".")) / "__init__.py").exists() if name else True


@pytest.mark.parametrize("name", modules())
def test_module_imports_only_downwards(name: str) -> None:
    layer = name.split(".")[0]
    assert layer in BELOW, f"pgsym/{layer} is in no layer: give it a place in BELOW and in docs/architecture.md"
    assert violations(name, modules()[name], is_package=is_package(name)) == []


@pytest.mark.parametrize(
    ("name", "source", "found"),
    [
        ("sampling.kernel", "from pgsym.exact import solve", "imports pgsym.exact.solve"),
        ("sampling.kernel", "import pgsym.algebra.rational", "imports pgsym.algebra.rational"),
        ("sampling.kernel", "def f():\n    from pgsym.claims import verify", ":2 imports pgsym.claims.verify"),
        ("sampling.kernel", "from pgsym import solve", "imports pgsym.solve"),
        ("sampling.kernel", "from ..exact import solve", "imports pgsym.exact.solve"),
        ("sampling.kernel", "from .. import exact", "imports pgsym.exact"),
        ("sampling.kernel", "import importlib\nimportlib.import_module('pgsym.exact')", ":2 imports pgsym.exact"),
        ("algebra.rational", "from pgsym.model import MDP", "imports pgsym.model.MDP"),
        ("model.mdp", "from pgsym.algebra.field import Field", "imports pgsym.algebra.field.Field"),
        ("model.mdp", "import pgsym", "imports pgsym"),
        ("model.files", "import gymnasium", "imports gymnasium"),
        ("exact.solution", "import jax.numpy as jnp", "imports jax"),
        ("exact.solution", "from flint import fmpq", "imports flint"),
        ("expression.linear", "if True:\n    import networkx as nx", ":2 imports networkx"),
    ],
)
def test_layers_reject_violation(name: str, source: str, found: str) -> None:
    (violation,) = violations(name, source)
    assert found in violation


def test_layers_accept_downward_imports() -> None:
    assert violations("sampling.kernel", "import jax\nfrom .tables import tables\nfrom pgsym.model import MDP") == []
    assert violations("exact", "from .solve import solve", is_package=True) == []
    assert violations("model.gym", "import gymnasium") == []
    assert violations("cli", "import pgsym\nfrom pgsym import load\nfrom pgsym.auditing import cross_check") == []


def test_the_two_routes_share_definitions_only() -> None:
    """A cross-check means something because neither route can see the other.

    One thing is shared: numbers in an estimator's text that are values, as V(s), which `sampling.factors` looks up.
    """
    assert {name for name, layers in ALSO.items() if layers & {"algebra", "exact"}} == {"sampling.factors"}
    assert BELOW["sampling"].isdisjoint({"algebra", "exact", "claims"})
    assert "sampling" not in BELOW["exact"] | BELOW["claims"] | BELOW["algebra"]


def test_every_layer_exists() -> None:
    assert {name.split(".")[0] for name in modules()} >= set(BELOW) - {"__main__"}


def test_colours_stand_in_one_module() -> None:
    coloured = {name for name, source in modules().items() if re.search(r"[\"'\s:]#[0-9a-fA-F]{6}\b", source)}
    assert coloured == {"display.figure"}

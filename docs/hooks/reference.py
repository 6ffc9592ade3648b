"""The reference of the Python names: every name of `pgsym`, and of its packages, from the docstrings."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pgsym

PACKAGES = {
    "model": "Models, policies, objectives, files",
    "exact": "Exact solutions",
    "order": "Signs of rational functions",
    "estimators.estimator": "Estimators",
    "estimators.moments": "The exact law of an estimator",
    "comparison": "Estimators side by side",
    "claims": "Claims, verdicts, theorems, derivations",
    "prover": "Every finite MDP",
    "certificates": "Certificates",
    "notes": "Notes",
    "sampling": "Sampling",
    "auditing": "Exact against sampled, and audits",
    "ascent": "Gradient ascent",
    "study": "Studies",
    "interchange": "Other tools",
    "reports.page": "Reports",
    "errors": "Errors",
}
"""Where public names live, in the order of the reference."""


@dataclass(frozen=True)
class Name:
    """A public name: what a reader imports, and where its docstring stands."""

    shown: str
    home: str

    @property
    def short(self) -> str:
        """Without its package."""
        return self.shown.rpartition(".")[2]


def names() -> dict[str, list[Name]]:
    """Public names by package: what `pgsym` offers first, then what else the package does.

    Raises
    ------
    LookupError
        A name of `pgsym` lives in a package that PACKAGES does not have.
    """
    found: dict[str, list[Name]] = {package: [] for package in PACKAGES}
    for name, module in pgsym._HOMES.items():
        found[_package(module)].append(Name(f"pgsym.{name}", _home(module, name)))
    for package, listed in found.items():
        known = {name.home for name in listed}
        others = [Name(f"pgsym.{package}.{name}", _home(module, name)) for name, module in _exports(package)]
        listed += [name for name in others if name.home not in known]
    return {package: listed for package, listed in found.items() if listed}


def nav() -> list[dict[str, str]]:
    """One page for each package."""
    return [{PACKAGES[package]: _file(package)} for package in names()]


def pages() -> dict[str, str]:
    """File and text of every page."""
    return {_file(package): page(package, listed) for package, listed in names().items()}


def page(package: str, listed: list[Name]) -> str:
    """The docstring of each name, under the name by which it is imported."""
    about = inspect.getdoc(import_module(f"pgsym.{package}")) or ""
    parts = [f"# {PACKAGES[package]}", f"`pgsym.{package}`: {about.partition(chr(10) * 2)[0]}"]
    for name in listed:
        options = f"    options:\n      heading: {name.shown}\n      toc_label: {name.short}"
        parts.append(f"::: {name.home}\n{options}")
    return "\n\n".join(parts) + "\n"


def index() -> str:
    """A table of all names."""
    rows = ["| | |", "|---|---|"]
    for package, listed in names().items():
        links = ", ".join(f"[{name.short}]({_file(package)}#{name.home})" for name in listed)
        rows.append(f"| {PACKAGES[package]} | {links} |")
    return "\n".join(rows)


def _exports(package: str) -> list[tuple[str, str]]:
    """(name, module) of what a package re-exports; of a module, what it defines."""
    module = import_module(f"pgsym.{package}")
    source = Path(str(module.__file__))
    tree = ast.parse(source.read_text(encoding="utf-8"))
    if source.name == "__init__.py":
        imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        return [(alias.asname, str(node.module)) for node in imports for alias in node.names if alias.asname]
    defined = [node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    return [(name, f"pgsym.{package}") for name in defined if not name.startswith("_")]


def _home(module: str, name: str) -> str:
    """The path at which a name is defined."""
    value = getattr(import_module(module), name)
    return f"{getattr(value, '__module__', module)}.{name}"


def _package(module: str) -> str:
    """The listed package in which a module lies, the innermost."""
    fitting = [package for package in PACKAGES if f"{module}.".startswith(f"pgsym.{package}.")]
    if not fitting:
        raise LookupError(f"{module} has public names; the reference needs a page for it. Add it to PACKAGES")
    return max(fitting, key=len)


def _file(package: str) -> str:
    return f"api/{package.replace('.', '-')}.md"

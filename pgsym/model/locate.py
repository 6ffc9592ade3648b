"""A problem by what a user writes for it: a zoo name, a model file, a gymnasium environment, a family."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pgsym.errors import SchemaError
from pgsym.model.problem import ASSUMED, Problem


def locate(model: str, folder: Path | None = None) -> Problem:
    """The problem that `model` names; a relative path starts from `folder`.

    Raises
    ------
    ModelError
        No such name, or not a model.

    Examples
    --------
    >>> locate("short-corridor").mdp, locate("generic:3x2").name
    (MDP(4 states, 1 terminal, 6 outcomes, gamma=1), 'generic:3x2')
    """
    if model.startswith("gym:"):
        return _from_gymnasium(model.removeprefix("gym:"))
    if model.startswith("generic:"):
        from pgsym.model.generic import generic_problem

        return generic_problem(model.removeprefix("generic:"))
    path = Path(model) if folder is None else folder / model
    if path.suffix in (".yaml", ".yml", ".json") or _exists(path):
        from pgsym.model.files import load

        problem = load(path)
        return replace(problem, name=problem.name or path.stem)
    from pgsym.model.zoo import zoo

    return zoo(model)


def _exists(path: Path) -> bool:
    """Whether there is such a file; there is none of a name that no file can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _from_gymnasium(name: str) -> Problem:
    """The environment under the uniform policy, a logit for every action."""
    from pgsym.model.mdp import MDP

    if ":" in name:
        raise SchemaError(
            f"found {name!r}, which would import the module {name.partition(':')[0]!r}; a registered id is required. "
            "Import the module in Python, and use MDP.from_gymnasium",
            where="gym",
        )
    mdp = MDP.from_gymnasium(name)
    return Problem(mdp, name=f"gym:{name}", source="gymnasium", assumed=tuple(ASSUMED))

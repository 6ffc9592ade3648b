"""A problem by what a user writes for it: a file, by its ending; a zoo name; an environment; a family."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from pgsym.errors import SchemaError
from pgsym.expression.complaint import nearest, short
from pgsym.model.mdp import MDP
from pgsym.model.problem import ASSUMED, Problem
from pgsym.model.reductions import averaged, induced, plain, require_plain, undiscounted


@dataclass(frozen=True)
class Format:
    """One row of the table.  Its module is imported by what reads or writes it: a named model needs none."""

    name: str
    endings: tuple[str, ...]
    read: Callable[[Path], Problem | MDP]
    write: Callable[[Problem], str] | None = None
    """None where pgsym does not write it."""


def _reader(module: str) -> Callable[[Path], Problem | MDP]:
    """By the `loads` of a module of `pgsym.model.files`."""

    def read(path: Path) -> Problem | MDP:
        from pgsym.model.files.atomic import contents

        return _module(module).loads(contents(path), where=path.name)

    return read


def _writer(module: str, **options: str) -> Callable[[Problem], str]:
    return lambda problem: _module(module).dumps(problem, **options)


def _module(name: str) -> Any:
    return import_module(f"pgsym.model.files.{name}")


def _read_json(path: Path) -> Problem:
    """A model file or node-link data, by what it holds."""
    from pgsym.model.files import document, node_link
    from pgsym.model.files.atomic import contents
    from pgsym.model.files.reading import read_text

    data = read_text(contents(path), "json", where=path.name)
    read = node_link.from_node_link if node_link.is_node_link(data) else document.from_document
    return read(data, where=path.name)


def _write_drn(problem: Problem) -> str:
    return _module("drn").dumps(require_plain(problem, "a DRN file"))


FORMATS = (
    Format("model file, YAML", (".yaml", ".yml"), _reader("document"), _writer("document")),
    Format("node-link JSON", (".node-link.json",), _reader("node_link"), _writer("node_link")),
    Format("model file, JSON", (".json",), _read_json, _writer("document", format="json")),
    Format("GraphML", (".graphml",), _reader("graphml"), _writer("graphml")),
    Format("Storm's explicit format", (".drn",), _reader("drn"), _write_drn),
    Format("PRISM program", (".prism", ".pm", ".nm"), lambda path: _module("storm").load_prism(path)),
)
"""Read from top to bottom: the first ending that fits decides.  A .json file may hold node-link data too."""


def find(path: str | os.PathLike[str]) -> Format | None:
    """The format of a file's name, or None.

    >>> find("m.node-link.json").name, find("m.JSON").name, find("m.txt")
    ('node-link JSON', 'model file, JSON', None)
    """
    name = Path(path).name.lower()
    return next((f for f in FORMATS if name.endswith(f.endings)), None)


def load(path: str | os.PathLike[str], *, trusted: bool = False) -> Problem:
    """The problem in a file; its ending says how to read it.

    Parameters
    ----------
    path
        ``.yaml``, ``.json``: model files; ``.json``: node-link data as well; ``.graphml``; ``.drn``: Storm's explicit
        format; ``.prism``, ``.pm``, ``.nm``: PRISM programs, through stormpy.
    trusted
        The file is your own: any number of different formulas are read, however long it takes.  A stranger's file is
        read in about a second or refused.

    Returns
    -------
    Problem
        With what the format holds; the rest is assumed, and said: a policy is tabular softmax at theta = 0.

    Raises
    ------
    SchemaError
        The file cannot be read, or an entry is missing, unknown or of the wrong kind.
    ModelError
        The entries do not make an MDP with a policy.  Every message begins with the file's name.

    See Also
    --------
    save : The way back.
    zoo : Models with a name.

    Examples
    --------
    >>> import tempfile
    >>> from pgsym.model.zoo import zoo
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(zoo("two-state"), f"{folder}/m.yaml")
    ...     load(f"{folder}/m.yaml") == zoo("two-state")
    True
    """
    path = Path(path)
    form = find(path)
    if form is None:
        raise _unknown(path, "read", FORMATS)
    from pgsym.model.files.reading import trusting

    with trusting(trusted):
        found = form.read(path)
    return plain(found) if isinstance(found, MDP) else found


def save(
    problem: Problem,
    path: str | os.PathLike[str],
    *,
    discount: str | None = None,
    average: bool = False,
    chain: bool = False,
    mdp_only: bool = False,
) -> None:
    """Write a file from which `load` reads an equal problem; its ending says how.

    The file appears whole or not at all.  What a format has no place for is an error; the options reduce the problem
    before it is written, in any format.

    Parameters
    ----------
    discount
        ``exit`` writes a discount factor as a step to a fresh terminal state with probability 1 - gamma.
    average
        Replaces each reward by r(s,a) = E[r | s, a]: J and its gradient stay, variances do not.
    chain
        Writes the chain that the policy induces, rational in odds x = exp(theta).
    mdp_only
        Leaves policy, theta and objective out.

    Raises
    ------
    SchemaError, DiscountError, StructureError, FormulaError
        Something that the format cannot carry, with the option that would help; a folder that does not exist.

    See Also
    --------
    load : The way back.

    Examples
    --------
    >>> import tempfile
    >>> from pgsym.model.zoo import zoo
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(zoo("short-corridor"), f"{folder}/m.graphml")
    ...     load(f"{folder}/m.graphml").policy
    Softmax(3 states, 1 parameter)
    """
    from pgsym.model.files.atomic import write_atomically

    path = Path(path)
    found = find(path)
    if found is None or found.write is None:
        raise _unknown(path, "written", (f for f in FORMATS if f.write is not None))
    if chain:
        problem = induced(problem)
    if average:
        problem = replace(problem, mdp=averaged(problem.mdp))
    if discount is not None:
        problem = replace(problem, mdp=undiscounted(problem.mdp, discount, path.name))
    if mdp_only:
        problem = replace(plain(problem.mdp), name=problem.name, source=problem.source)
    write_atomically(path, found.write(problem))


def locate(model: str, folder: Path | None = None, *, trusted: bool = False) -> Problem:
    """The problem that `model` names: a file by its ending (a relative one in `folder`), a zoo name, ``gym:ID``...

    >>> locate("short-corridor").mdp, locate("generic:3x2").name
    (MDP(4 states, 1 terminal, 6 outcomes, gamma=1), 'generic:3x2')
    """
    if model.startswith("gym:"):
        return _from_gymnasium(model.removeprefix("gym:"))
    if model.startswith("generic:"):
        from pgsym.model.zoo.constructed import generic_problem

        return generic_problem(model.removeprefix("generic:"))
    path = Path(model) if folder is None else folder / model
    if find(path) is not None or os.path.exists(path):
        problem = load(path, trusted=trusted)
        return replace(problem, name=problem.name or path.stem)
    if re.search(r"[=<>$]", model):
        raise SchemaError(
            f"found {short(model)!r}, a claim, where MODEL stands; MODEL comes first: pgsym check two-state 'J = J'."
            " Name one, or let pgsym prove decide the claim for every finite MDP",
            where="MODEL",
        )
    if re.fullmatch(r"[\w/]+-v\d+", model):
        raise SchemaError(f"found {model!r}, an environment of gymnasium. Write gym:{model}", where="MODEL")
    from pgsym.model.zoo import zoo

    return zoo(model)


def _from_gymnasium(name: str) -> Problem:
    """The environment under the uniform policy, a logit for every action."""
    if ":" in name:
        raise SchemaError(
            f"found {name!r}, which would import the module {name.partition(':')[0]!r}; a registered id is required. "
            "Import the module in Python, and use MDP.from_gymnasium",
            where="gym",
        )
    mdp = MDP.from_gymnasium(name)
    return Problem(mdp, name=f"gym:{name}", source="gymnasium", assumed=tuple(ASSUMED))


def _unknown(path: Path, verb: str, known: Iterable[Format]) -> SchemaError:
    help = nearest(path.suffix, [ending for f in known for ending in f.endings], "the endings are")
    return SchemaError(f"the ending {path.suffix!r} cannot be {verb}; {help}. Rename the file", where=path.name)

"""Model files, YAML or JSON: ``loads``, ``dumps``, and the document between text and `Problem`.

A document is a dict of plain values with the keys ``states``, ``transitions``, ``terminal``, ``start``, ``gamma``,
``symbols``, ``objective``, ``policy``, ``name`` and ``source``; docs/model-files.md describes them.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from pgsym.errors import PgsymError, SchemaError
from pgsym.model.files.compose import compose
from pgsym.model.files.document import to_document as to_document
from pgsym.model.files.reading import MAX_CHARACTERS, SCALARS, check_size, read_text
from pgsym.model.files.schema import read_document
from pgsym.model.problem import Problem

FORMATS = ("yaml", "json")


def loads(text: str, format: str = "yaml", *, where: str | None = None) -> Problem:
    """The problem in a model file's text; `format` is ``yaml`` or ``json``, `where` begins every message.

    Examples
    --------
    >>> problem = loads("{states: [s, end], terminal: [end], transitions: [[s, go, end, 1, 2]], start: {s: 1}}")
    >>> problem.mdp, problem.policy
    (MDP(2 states, 1 terminal, 1 outcomes, gamma=1), Softmax(1 states, 1 parameters))
    """
    if format not in FORMATS:
        raise SchemaError(f"found {format!r}; the format is yaml or json. Give one of these", where="format")
    with _without_collector():
        return from_document(read_text(text, format, where=where), where=where)


def from_document(document: Any, *, where: str | None = None) -> Problem:
    """The problem that a document describes; `where` begins every message.

    Examples
    --------
    >>> from_document({"states": ["s"], "transitions": [["s", "go", "s", 1, 1]], "gamma": "1/2"}).theta
    {theta_s: 0}
    """
    with _inside(where):
        if not isinstance(document, dict):
            found = type(document).__name__
            raise SchemaError(f"found {found}; a model is a mapping of keys such as states. Write key: value")
        if "model" not in document:
            return compose(read_document(document))
        problem = compose(read_document(document["model"], "model."), "model.")
        title, source = (str(document.get(key, "")) for key in ("id", "source"))
        return Problem(
            problem.mdp,
            problem.policy,
            problem.objective,
            problem.theta,
            problem.name or title,
            problem.source or source,
        )


def dumps(problem: Problem, format: str = "yaml") -> str:
    """A model file's text, from which `loads` reads an equal problem.

    >>> problem = loads("{states: [s], transitions: [[s, go, s, 1, r]], gamma: 1/2, policy: {logits: {}}}")
    >>> print(dumps(problem), end="")
    states: [s]
    transitions:
    - [s, go, s, 1, r]
    gamma: 1/2
    objective: start-state
    policy:
      params: []
      logits:
        s: {go: 0}
      theta: {}
    """
    document = to_document(problem)
    if format == "json":
        text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    else:
        options: dict[str, Any] = {"sort_keys": False, "default_flow_style": None, "width": 2**16}
        text = yaml.dump(document, Dumper=_Dumper, **options)
    if loads(text, format, where="read back") != problem:
        raise SchemaError(
            "the text does not read back to an equal problem; every formula must be rational in plain symbols "
            "and exponentials. Simplify the formulas",
            where=problem.name or "model",
        )
    return text


# libyaml where PyYAML was built with it.
_BASE: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_BASE):
    """Quotes whatever YAML 1.1 or our reader would not take for text; a row is one line, without aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_list(dumper: _Dumper, data: list[Any]) -> yaml.Node:
    rows = bool(data) and all(isinstance(item, list) for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=not rows)


_Dumper.add_representer(list, _represent_list)
for _tag, _pattern, _first in SCALARS:
    _Dumper.add_implicit_resolver(_tag, _pattern, list(_first))


# -- files -----------------------------------------------------------------------------------------------


def contents(path: Path) -> str:
    """A file's text, bounded in size.

    Raises
    ------
    SchemaError
        The file cannot be read, is too large, or is not UTF-8.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise SchemaError("is a pipe or a device; a file is required. Save it as a file", where=str(path))
        with path.open("rb") as file:
            data = file.read(MAX_CHARACTERS + 1)
        check_size(len(data), where=path.name)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SchemaError(
            f"byte {error.start} is not UTF-8 text; a model file is. Save it as UTF-8", where=path.name
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else error
        raise SchemaError(f"cannot be read ({reason}). Check the path", where=str(path)) from None


@contextmanager
def _without_collector() -> Iterator[None]:
    """What is read holds no reference cycles; looking for them among millions of values takes a third of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@contextmanager
def _inside(where: str | None) -> Iterator[None]:
    """Every error names the file as well."""
    try:
        yield
    except PgsymError as error:
        if where is None:
            raise
        inner = error.where if isinstance(error.where, str) or error.where is None else repr(error.where)
        raise type(error)(error.message, where=where if inner is None else f"{where}: {inner}") from None

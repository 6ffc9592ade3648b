"""What reads text from strangers, one function for each way in.

A target returns when the text was accepted and raises `PgsymError` when it was refused; all else is a defect.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from hostile import inputs
from hostile.watch import watched
from pgsym.errors import PgsymError


def model_yaml(text: str) -> None:
    """A model file in YAML."""
    from pgsym.model.files import loads

    loads(text)


def model_json(text: str) -> None:
    """A model file in JSON."""
    from pgsym.model.files import loads

    loads(text, "json")


def model_written(text: str) -> None:
    """A model file that is written again: what `loads` accepts, `dumps` writes so that it reads back equal."""
    from pgsym.model.files import dumps, loads

    problem = loads(text)
    assert loads(dumps(problem, "json"), "json") == problem


def model_file(data: bytes) -> None:
    """A file on the disk."""
    from pgsym.model.formats import load

    path = _folder() / "model.yaml"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)  # which the watch takes for no writing
    os.write(handle, data)
    os.close(handle)
    load(path)


def formula(text: str) -> None:
    """A formula, which is printed again."""
    from pgsym.expression.grammar import parse, unparse

    unparse(parse(text))


def assumption(text: str) -> None:
    """What is assumed of a symbol."""
    from pgsym.expression.assumptions import Assumption

    found = Assumption.parse(text)
    assert Assumption.parse(str(found)) == found


def claim(text: str) -> None:
    """A claim, with all that can be said of it without a model."""
    from pgsym.claims.language import parse
    from pgsym.claims.language.check import check

    statement = parse(text)
    for one in statement.claims:
        check(one)
    assert parse(str(statement)) == statement


def script(text: str) -> None:
    """A file of claims."""
    from pgsym.claims.script import Script

    Script.parse(text, "fuzz.claims")


def decision(text: str) -> None:
    """A claim that is decided on a small model."""
    from pgsym.claims import decide

    problem = _problem()
    decide(problem, text, error_bits=20)


def study(text: str) -> None:
    """A study file, without drawing a sample."""
    from pgsym.estimators.estimator import find_estimator
    from pgsym.model.files.reading import read_text
    from pgsym.study.schema import read_study

    document = read_study(read_text(text, "yaml"))
    for estimator in document.estimators:
        find_estimator(**estimator.model_dump())


def options(text: str) -> None:
    """Each option of the commands whose value is more than a word."""
    from pgsym.cli.app import assignments
    from pgsym.cli.estimators import _step_sizes
    from pgsym.estimators.estimator import find_estimator
    from pgsym.model.formats import locate
    from pgsym.model.objective import Objective
    from pgsym.model.zoo.constructed import generic_problem

    problem = _problem()
    refused = 0
    readers: tuple[Callable[[], Any], ...] = (
        lambda: problem.policy.point({p.name: "0" for p in problem.policy.params} | assignments(text, "--theta")),
        lambda: problem.mdp.replace(gamma=text),
        lambda: _step_sizes(text),
        lambda: find_estimator(text),
        lambda: find_estimator("reinforce", {"b": text}),
        lambda: find_estimator("reinforce", {"b": {problem.mdp.states[0]: text}}),
        lambda: find_estimator("gae", {"lambda": text}),
        lambda: Objective.parse(text),
        lambda: generic_problem(text) if len(text) < 5 else None,
        lambda: locate(text) if "/" not in text else None,
    )
    for read in readers:
        try:
            read()
        except PgsymError:
            refused += 1
    if refused == len(readers):
        raise PgsymError("all refused")


def graphml(text: str) -> None:
    """A graph with the attributes of an MDP."""
    from pgsym.model.files.graphml import loads

    loads(text)


def node_link(text: str) -> None:
    """The same as networkx writes it in JSON."""
    from pgsym.model.files.node_link import loads

    loads(text)


def drn(text: str) -> None:
    """Storm's explicit format."""
    from pgsym.model.files.drn import loads

    loads(text)


TARGETS: dict[str, tuple[Callable[[Any], None], str, int]] = {
    "model (YAML)": (model_yaml, "yaml", 6),
    "model (JSON)": (model_json, "json", 4),
    "model, written again": (model_written, "yaml", 1),
    "model (bytes)": (model_file, "bytes", 2),
    "formula": (formula, "formula", 4),
    "assumption": (assumption, "assumption", 2),
    "claim": (claim, "claim", 4),
    "claim, decided": (decision, "claim", 1),
    "file of claims": (script, "script", 3),
    "study": (study, "study", 2),
    "options": (options, "options", 2),
    "GraphML": (graphml, "graphml", 1),
    "node-link JSON": (node_link, "node-link", 1),
    "DRN": (drn, "drn", 1),
}
"""By name: the function, the kind of text, how often it is tried beside the others."""

_ORDER = tuple(name for name, (_, _, weight) in TARGETS.items() for _ in range(weight))


def case(rng: Any, name: str | None = None) -> tuple[str, Any]:
    """A target, if none is given, and an input for it."""
    name = name or rng.choice(_ORDER)
    kind = TARGETS[name][1]
    return name, inputs.bytes_for(rng) if kind == "bytes" else inputs.text_for(kind, rng)


def attempt(name: str, value: Any) -> PgsymError | None:
    """Let the target read the input under watch; the refusal, if it is one.  What it refuses, it can say."""
    warm_up()
    with warnings.catch_warnings(), watched():
        warnings.simplefilter("ignore")
        try:
            TARGETS[name][0](value)
        except PgsymError as error:
            str(error).encode("utf-8")
            return error
    return None


@cache
def warm_up() -> None:
    """Load every module and parser that reading needs, so that a watch sees no import."""
    from pgsym.claims.language import parse

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for read, kind, _ in TARGETS.values():
            known = inputs.corpus().get(kind, ("p",))[0]
            try:
                read(known.encode() if kind == "bytes" else known)
            except PgsymError:
                continue
        parse("∇J = ∇J")  # it has a parser of its own


@cache
def _problem() -> Any:
    from pgsym.model.zoo import zoo

    return zoo("short-corridor")


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="pgsym-fuzz-"))

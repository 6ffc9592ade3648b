"""A study resolved: every model, point, estimator and horizon written out, and a fingerprint of all of it.

The resolved study is plain JSON.  It holds the models themselves, so that a worker on another machine, or a reader
years later, needs no other file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pgsym.errors import PgsymError, SchemaError
from pgsym.estimators.estimator import Estimator, find_estimator
from pgsym.expression.grammar import unparse
from pgsym.limits import STUDY_PARTS
from pgsym.model.files import loads
from pgsym.model.files.atomic import contents
from pgsym.model.files.document import plain_name, to_document
from pgsym.model.files.reading import read_text
from pgsym.model.formats import locate
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure
from pgsym.study.schema import ModelEntry, StudyDocument, read_study

FORMAT = 2
"""Of shards and results: a change to either makes old files and new ones incomparable."""


@dataclass(frozen=True)
class StudySetting:
    """One model at one point with one estimator: what a sampler is built for."""

    model: int
    """Number of the model in `Study.models`."""
    theta: dict[str, str]
    """The point by parameter, exact, as text."""
    objective: str
    estimator: dict[str, Any]
    """`Estimator.to_json`."""
    horizon: int
    """Steps of a trajectory."""


@dataclass(frozen=True)
class Study:
    """A resolved study.

    >>> study = resolve(read_study({"models": "two-state", "estimators": ["reinforce", "all-knowing"], "n": 10}))
    >>> len(study.settings), study.settings[0].horizon, study.fingerprint == study.fingerprint
    (2, 88, True)
    >>> Study.from_json(study.to_json()) == study
    True
    """

    name: str
    models: tuple[dict[str, str], ...]
    """Name and model file, as JSON text, of each model."""
    settings: tuple[StudySetting, ...]
    n: tuple[int, ...]
    """Trajectories of a run."""
    seeds: tuple[int, ...]
    """Numbers of the runs of each kind."""
    seed: int
    shard: int
    """Trajectories of a shard at most."""

    def to_json(self) -> str:
        """All of it, as canonical text."""
        return canonical({"format": FORMAT, **asdict(self)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Study:
        """The study that `to_json` wrote."""
        data = json.loads(text)
        found: dict[str, Any] = {key: tuple(data[key]) for key in ("models", "n", "seeds")}
        found |= {key: data[key] for key in ("name", "seed", "shard")}
        return cls(settings=tuple(StudySetting(**setting) for setting in data["settings"]), **found)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of `to_json`: equal exactly for studies that draw the same trajectories."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def problem(self, setting: StudySetting) -> Problem:
        """The setting's model, read from its text."""
        return loads(self.models[setting.model]["document"], "json")


def load_study(path: Path) -> Study:
    """The study in a file; models named by a path are looked for beside it.

    SchemaError where the file cannot be read, or an entry is missing or makes no sense; the message names the entry.
    """
    format = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}.get(path.suffix.lower())
    if format is None:
        raise SchemaError(
            f"the suffix {path.suffix!r} is unknown; a study ends in .yaml, .yml or .json. Rename the file",
            where=path.name,
        )
    document = read_study(read_text(contents(path), format, where=path.name), path.name)
    return resolve(document, path.parent, name=path.stem, where=path.name)


def resolve(document: StudyDocument, folder: Path | None = None, *, name: str = "study", where: str = "study") -> Study:
    """The study with everything that it names looked up."""
    models: list[dict[str, str]] = []
    settings: list[StudySetting] = []
    for number, entry in enumerate(document.models):
        with _at(f"{where}: models[{number}]"):
            problem = _problem(entry, folder)
            models.append(
                {"name": entry.name or problem.name or entry.model, "document": canonical(to_document(problem))}
            )
            points = [_point(problem, theta) for theta in entry.theta or [{}]]
        for theta in points:
            for place, chosen in enumerate(document.estimators):
                with _at(f"{where}: estimators[{place}]"):
                    it = find_estimator(**chosen.model_dump())
                with _at(f"{where}: models[{number}], estimators[{place}]"):
                    objective = _objective(problem, entry, it)
                    horizon = _horizon(problem, theta, objective, it, document.horizon)
                settings.append(StudySetting(number, theta, str(objective), to_plain(it), horizon))
    parts = len(settings) * len(document.seeds) * sum(-(-n // document.shard) for n in document.n)
    if parts > STUDY_PARTS:
        raise SchemaError(
            f"found {parts} parts of runs; at most {STUDY_PARTS} fit into one file. "
            "Give a larger shard, or fewer seeds",
            where=where,
        )
    return Study(
        name=document.name or name,
        models=tuple(models),
        settings=tuple(settings),
        n=tuple(document.n),
        seeds=tuple(document.seeds),
        seed=document.seed,
        shard=document.shard,
    )


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Every error inside names the entry of the study file."""
    try:
        yield
    except PgsymError as error:
        raise SchemaError(str(error), where=where) from None


def canonical(document: Mapping[str, Any], **options: Any) -> str:
    """JSON text, equal for equal models."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), **options)


def _problem(entry: ModelEntry, folder: Path | None) -> Problem:
    problem = locate(entry.model, folder)
    if entry.gamma is not None:
        problem = replace(problem, mdp=problem.mdp.replace(gamma=entry.gamma))
    if entry.objective is not None:
        problem = replace(problem, objective=Objective.parse(entry.objective))
    return problem


def _point(problem: Problem, theta: Mapping[str, Any]) -> dict[str, str]:
    """Every parameter's value; those that are left out keep the model's."""
    given = {x.name: v for x, v in problem.theta.items()} | dict(theta)
    return {x.name: unparse(v) for x, v in problem.policy.point(given).items()}


def to_plain(it: Estimator) -> dict[str, Any]:
    """As JSON holds it, exact numbers as text; `Estimator.from_json` reads it.

    >>> to_plain(find_estimator("reward-to-go", {"b": {(0, 1): 0.5}}))["let"]
    {'b(s)': [[[0, 1], '1/2']]}
    """
    data = it.to_json()
    let = {
        head: [[plain_name(s, head), e] for s, e in value] if isinstance(value, list) else value
        for head, value in data["let"].items()
    }
    return {**data, "let": let}


def _objective(problem: Problem, entry: ModelEntry, it: Estimator) -> Objective:
    """The one that the estimator is for; the file's, where it says one."""
    if entry.objective is not None:
        return problem.objective
    return Objective.AVERAGE_REWARD if it.name == "eligibility-trace" else Objective.START_STATE


def _horizon(problem: Problem, theta: Mapping[str, str], objective: Objective, it: Estimator, given: int | None) -> int:
    """Steps of a trajectory; finds out at once whether the estimator can be drawn."""
    from pgsym.sampling.plan import make_plan
    from pgsym.sampling.tables import build_tables

    Structure(problem.mdp, problem.policy).require(objective)
    tables = build_tables(problem.at(theta))
    objective.require_rollouts()
    horizon = None if it.horizon is not None else given
    return make_plan(it, tables, objective, horizon).T

"""The keys of a study file, as pydantic models, and pydantic's complaints in our own words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from pgsym.errors import SchemaError
from pgsym.model.files.schema import WANTED, Formula, retold, shown

LARGEST_N = 2**40
"""Trajectories of one run at most."""
SHARD = 2**17
"""Trajectories of a shard when the file does not say."""
LARGEST_SHARD = 2**26
"""Trajectories of a shard at most: one seed of the sampler numbers 2**31, padding included."""


def _refusal(message: str) -> PydanticCustomError:
    return PydanticCustomError("pgsym", message)  # without a context, braces stand for themselves


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _refusal(f"found {shown(value)}; text is required. Put it in quotes")
    return value


def _count(low: int, high: int) -> AfterValidator:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _refusal(f"found {shown(value)}; a whole number from {low} to {high} is required. Give one")
        return value

    return AfterValidator(check)


def _listed(value: Any) -> Any:
    """One entry where a list of one is meant."""
    return value if isinstance(value, list) else [value]


def _distinct(values: list[Any]) -> list[Any]:
    if not values:
        raise _refusal("found an empty list; at least one entry is required. Add one")
    for i, value in enumerate(values):
        if value in values[:i]:
            raise _refusal(f"found {shown(value)} twice; the entries must be distinct. Remove one")
    return values


def _seeds(value: Any) -> list[int]:
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= 10**6:
            raise _refusal(f"found {value}; the number of repetitions lies in 1 ... 10**6. Give one such as 20")
        return list(range(value))
    if not isinstance(value, list):
        raise _refusal(f"found {shown(value)}; a number of repetitions or a list of seeds is required. Give 20, say")
    return value


Text = Annotated[Any, AfterValidator(_text)]
Theta = dict[Text, Formula]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class ModelEntry(_Strict):
    """A model, with what replaces its own point, objective or discount factor."""

    model: Text
    name: Text | None = None
    """What results call it; `model` by default."""
    objective: Text | None = None
    gamma: Formula | None = None
    theta: Annotated[list[Theta], BeforeValidator(_listed), AfterValidator(_distinct)] | None = None
    """One point or several; the model's own by default."""


class EstimatorEntry(_Strict):
    """An estimator's name or text, with what `pgsym.estimators.estimator.find_estimator` takes; it checks them."""

    estimator: Text
    let: dict[Text, Any] = {}
    horizon: Annotated[Any, _count(1, 2**20)] | None = None
    bootstrap: bool = True
    stationary: bool = False


def _named(key: str) -> BeforeValidator:
    """Text stands for a mapping with that one key."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


class StudyDocument(_Strict):
    """A whole study file."""

    name: Text | None = None
    models: Annotated[list[Annotated[ModelEntry, _named("model")]], BeforeValidator(_listed), AfterValidator(_distinct)]
    estimators: Annotated[
        list[Annotated[EstimatorEntry, _named("estimator")]], BeforeValidator(_listed), AfterValidator(_distinct)
    ]
    n: Annotated[list[Annotated[Any, _count(2, LARGEST_N)]], BeforeValidator(_listed), AfterValidator(_distinct)]
    """Trajectories of a run."""
    seeds: Annotated[list[Annotated[Any, _count(0, 2**63 - 1)]], BeforeValidator(_seeds), AfterValidator(_distinct)] = [
        0
    ]
    """How many runs of each kind, or their numbers."""
    horizon: Annotated[Any, _count(1, 2**20)] | None = None
    """Steps of a trajectory; chosen for each model when not given."""
    seed: Annotated[Any, _count(0, 2**63 - 1)] = 0
    """Another seed, another study."""
    shard: Annotated[Any, _count(64, LARGEST_SHARD)] = SHARD
    """Trajectories of a shard at most."""


_WANTED = WANTED | {
    "missing": "the key is missing; a study has models, estimators and n. Add it",
    "model_type": "found {0}; a name, or a mapping of keys, is required. Write it as key: value",
}


def read_study(document: Any, where: str = "study") -> StudyDocument:
    """`document` with every entry of the right kind; `where` begins every message.

    >>> read_study({"models": "two-state", "estimators": "reinforce", "n": 100, "seeds": 3}).seeds
    [0, 1, 2]
    >>> read_study({"models": ["two-state"], "estimator": ["reinforce"], "n": 100})
    Traceback (most recent call last):
      ...
    pgsym.errors.SchemaError: study: estimators: the key is missing; a study has models, estimators and n. Add it
    """
    if not isinstance(document, dict):
        raise SchemaError(f"found {shown(document)}; a study is a mapping of keys. Write it as key: value", where=where)
    try:
        return StudyDocument.model_validate(document)
    except ValidationError as error:
        place, message = retold(error, _known, _WANTED)
        raise SchemaError(message, where=f"{where}: {place}") from None


def _known(loc: tuple[int | str, ...]) -> Iterable[str]:
    entries: dict[Any, type[BaseModel]] = {"models": ModelEntry, "estimators": EstimatorEntry}
    return entries.get(loc[0], StudyDocument).model_fields

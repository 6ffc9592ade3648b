"""The keys of a model file, as pydantic models, and pydantic's complaints in our own words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import pydantic
from pydantic import AfterValidator, BaseModel, BeforeValidator, Discriminator, Tag
from pydantic_core import PydanticCustomError

from pgsym.errors import SchemaError
from pgsym.expression.complaint import nearest, short
from pgsym.expression.naming import describe, unprintable
from pgsym.model.files.reading import MAX_DEPTH


def _name(value: Any, depth: int = 0) -> Any:
    """A state's or action's name: a scalar, or a list of names, which becomes a tuple."""
    if depth > MAX_DEPTH:
        raise _refusal(f"found a name nested more than {MAX_DEPTH} deep; it must be flatter. Rename it")
    if isinstance(value, str):
        return _printable(value)
    if isinstance(value, list | tuple):
        return tuple(_name(part, depth + 1) for part in value)
    if isinstance(value, dict) or value is None:
        found = "nothing" if value is None else "a mapping"
        raise _refusal(f"found {found}; a name is text, a number, true, false or a list of these. Rename it")
    if isinstance(value, float) and not math.isfinite(value):
        raise _refusal(f"found {value}; a name that is a number must be finite. Rename it")
    return value


def _formula(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _refusal(f"found {shown(value)}; a number or a formula is required. Write it as a number or as text")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _refusal(f"found {shown(value)}; text is required. Put it in quotes")
    return _printable(value)


def _assumption(value: Any) -> str:
    if not isinstance(value, str):
        raise _refusal(
            f"found {shown(value)}; a comparison is required, in quotes if it has a comma. Write p: 0 < p < 1"
        )
    return _printable(value)


def _printable(text: str) -> str:
    odd = unprintable(text)
    if odd is not None:
        raise _refusal(
            f"found {shown(text)} with the character {describe(odd)}, a command to the terminal; text is printable. "
            "Remove it"
        )
    return text


def _row(columns: str, count: str) -> BeforeValidator:
    """A list with one entry for each of the `columns`."""
    width = columns.count(",") + 1

    def check(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise _refusal(f"found {shown(value)}; a row is {columns}. Give all {count} in a list")
        if len(value) != width:
            noun = "entry" if len(value) == 1 else "entries"
            raise _refusal(f"found {len(value)} {noun}; {_KINDS[width]} is {columns}. Give all {count}")
        return tuple(value)

    return BeforeValidator(check)


_KINDS = {5: "an outcome", 3: "a row", 2: "a row"}


def _shape(value: Any) -> str | None:
    return "<mapping>" if isinstance(value, dict) else "<rows>" if isinstance(value, list | tuple) else None


def _either(required: str) -> Discriminator:
    """A mapping, or the list of rows that says the same for names that are not text."""
    return Discriminator(
        _shape, custom_error_type="pgsym", custom_error_message=f"found neither; {required}. Write one of the two"
    )


def _refusal(message: str) -> PydanticCustomError:
    return PydanticCustomError("pgsym", message)  # without a context, braces stand for themselves


Name = Annotated[Any, AfterValidator(lambda value: _name(value))]
Formula = Annotated[Any, AfterValidator(_formula)]
Text = Annotated[Any, AfterValidator(_text)]
Assumption = Annotated[Any, AfterValidator(_assumption)]


def _usual(row: Any, check: pydantic.ValidatorFunctionWrapHandler) -> Any:
    """A row of names in ASCII or integers, numbers and formulas passes at once: large files are made of them."""
    usual = type(row) is list and len(row) == 5 and type(row[3]) in _FORMULA and type(row[4]) in _FORMULA
    if usual and all(type(s) is int or (type(s) is str and s.isascii() and s.isprintable()) for s in row[:3]):
        return tuple(row)
    return check(row)


_FORMULA = frozenset((int, float, str))
Transition = Annotated[
    tuple[Name, Name, Name, Formula, Formula], _row("[s, a, s', p, r]", "five"), pydantic.WrapValidator(_usual)
]

StartMapping = Annotated[dict[Name, Formula], Tag("<mapping>")]
StartRows = Annotated[list[Annotated[tuple[Name, Formula], _row("[state, p]", "two")]], Tag("<rows>")]
Start = Annotated[StartMapping | StartRows, _either("the start is a mapping {state: p} or a list of rows [state, p]")]

TableMapping = Annotated[dict[Name, dict[Name, Formula]], Tag("<mapping>")]
TableRows = Annotated[
    list[Annotated[tuple[Name, Name, Formula], _row("[state, action, formula]", "three")]], Tag("<rows>")
]
Table = Annotated[
    TableMapping | TableRows,
    _either("a policy is a mapping {state: {action: formula}} or a list of rows [state, action, formula]"),
]


class _Strict(BaseModel):
    model_config = pydantic.ConfigDict(strict=True, extra="forbid")


class PolicyDocument(_Strict):
    """The key ``policy``: at most one of `logits` and `probabilities`; neither means tabular softmax."""

    params: list[Text] | None = None
    logits: Table | None = None
    probabilities: Table | None = None
    theta: dict[Text, Formula] | None = None
    default: Text | None = None
    epsilon: Formula | None = None


class ModelDocument(_Strict):
    """A whole model file."""

    name: Text = ""
    source: Text = ""
    states: list[Name]
    terminal: list[Name] = []
    transitions: list[Transition]
    start: Start | None = None
    gamma: Formula = 1
    objective: Text = "start-state"
    symbols: dict[Text, Assumption] = {}
    policy: PolicyDocument | None = None


WANTED = {
    "list_type": "found {0}; a list is required. Write it in [ ] or with dashes",
    "dict_type": "found {0}; a mapping is required. Write it as key: value",
    "model_type": "found {0}; a mapping is required. Write it as key: value",
}
"""What is said of what pydantic finds."""

_WANTED = WANTED | {"missing": "the key is missing; every model has states and transitions. Add it"}


def read_document(document: Any, prefix: str = "") -> ModelDocument:
    """`document` with every entry of the right kind; `prefix` says where it stands, such as ``model.``.

    >>> read_document({"states": ["s"], "transitions": [["s", "go", "s", 1]]})
    Traceback (most recent call last):
      ...
    pgsym.errors.SchemaError: transitions[0]: found 4 entries; an outcome is [s, a, s', p, r]. Give all five
    """
    try:
        return ModelDocument.model_validate(document)
    except pydantic.ValidationError as error:
        place, message = retold(error, _known, _WANTED)
        raise SchemaError(message, where=(prefix + place).rstrip(".") or "model") from None


def _known(loc: tuple[int | str, ...]) -> Iterable[str]:
    return (PolicyDocument if loc[0] == "policy" else ModelDocument).model_fields


def _place_of(loc: Iterable[int | str]) -> str:
    """``transitions[3][1]``, ``policy.logits.s``: where an entry is, as a reader counts."""
    text = ""
    for part in loc:
        if part in ("<mapping>", "<rows>"):
            continue
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{short(part)}" if text else short(part)
    return text


def retold(
    error: pydantic.ValidationError, known: Callable[[tuple[int | str, ...]], Iterable[str]], wanted: Mapping[str, str]
) -> tuple[str, str]:
    """Where pydantic's first complaint is, and the complaint in our words.

    `known` gives the keys that stand beside a place, `wanted` what is said of each kind of complaint.
    """
    first = error.errors(include_url=False)[0]
    kind, loc, found = first["type"], first["loc"], shown(first["input"])
    if kind == "pgsym":
        message = str(first["msg"])
    elif kind == "extra_forbidden":
        message = f"the key is unknown; {nearest(str(loc[-1]), known(loc), 'the keys are')}. Rename or remove it"
    else:
        message = wanted.get(kind, f"found {{0}}; {first['msg']}. Correct it").format(found)
    return _place_of(loc), message


def shown(value: Any) -> str:
    """An entry as Python writes it, in 60 characters."""
    text = ascii(value) if isinstance(value, str) and unprintable(value) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."

"""Storm's explicit format DRN: https://www.stormchecker.org/documentation/background/drn.html.

Carried exactly: probabilities, rewards r(s,a), symbols, one start state, and in one comment line what Storm has no
place for: names, terminal states, assumptions.  Not carried: a discount factor, a start distribution, rewards that
differ between outcomes of one action, a policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, NoReturn

import sympy as sp
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from pgsym.errors import SchemaError, StructureError
from pgsym.expression.complaint import nearest
from pgsym.expression.exact import to_expr
from pgsym.model.files.document import inside
from pgsym.model.files.drn_writing import NO_LABEL, PREFIX
from pgsym.model.files.drn_writing import dumps as dumps
from pgsym.model.files.reading import Work, check_size, decimal, read_text, sums
from pgsym.model.mdp import MDP, State

_LABELS = re.compile(r'"([^"]+)"|([^\s"]+)')
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.?[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_MINUS_POWER = re.compile(r"(?:^|[-+*/^(,])\s*(-\s*(?:\w+|\([^()]*\))\s*\^)")
_STATE = re.compile(r"state (\d{1,18})(?: \[([^\]]*)\])?((?: .*)?)\Z")
_ACTION = re.compile(r"action (\S+)(?: \[([^\]]*)\])?\s*\Z")
_MOVE = re.compile(r"(\d{1,18})\s*:\s*(\S.*)\Z")


@dataclass
class ChoiceRecord:
    """One action of one state."""

    word: str
    rewards: list[Any]
    moves: list[tuple[int, Any]] = field(default_factory=list)
    """Target, probability."""


@dataclass
class StateRecord:
    """One state, with its actions."""

    rewards: list[Any]
    start: bool
    line: int
    valuation: str = ""
    """The values of a program's variables, as Storm notes them: ``x=1``."""
    choices: list[ChoiceRecord] = field(default_factory=list)


def _hashable(name: Any) -> Any:
    """Lists, which JSON has for tuples, as tuples."""
    if isinstance(name, dict) or name is None:
        raise ValueError(f"{name!r} is no name")
    return tuple(map(_hashable, name)) if isinstance(name, list) else name


class Notes(BaseModel):
    """What the numbers and words of the file are called in pgsym: states, terminal ones, actions and symbols."""

    model_config = ConfigDict(extra="forbid")

    states: list[Annotated[Any, AfterValidator(_hashable)]]
    terminal: list[Annotated[StrictInt, Field(ge=0)]]
    actions: list[tuple[StrictStr, Annotated[Any, AfterValidator(_hashable)]]] = []
    symbols: dict[StrictStr, StrictStr] = {}


@dataclass
class Reader:
    """What has been read so far; `header`, then `model`, take (line number, text) pairs from one iterator."""

    where: str | None
    notes: Notes | None = None
    type: str = ""
    parameters: frozenset[str] = frozenset()
    placeholders: dict[str, Any] = field(default_factory=dict)
    reward_models: list[str] = field(default_factory=list)
    """Their names, as far as the file gives any."""
    count: int | None = None
    states: list[StateRecord] = field(default_factory=list)
    work: Work = field(default_factory=Work)
    known: dict[str, Any] = field(default_factory=dict)
    """What the texts so far stood for: a model repeats its numbers on every row."""

    def refuse(self, line: int | None, message: str) -> NoReturn:
        raise SchemaError(message, where=(self.where or "DRN") if line is None else self.at(line))

    def at(self, line: int) -> str:
        return f"line {line}" if self.where is None else f"{self.where}: line {line}"

    # -- values ------------------------------------------------------------------------------------------

    def value(self, text: str, line: int) -> Any:
        """A number or a formula; a decimal is a float, for the MDP to read as the simplest rational."""
        text = text.strip()
        if text not in self.known:
            self.known[text] = self._read(text, line)
        return self.known[text]

    def _read(self, text: str, line: int) -> Any:
        if text.startswith("$"):
            if text[1:] not in self.placeholders:
                self.refuse(line, f"the placeholder {text} is unknown; @placeholders defines them. Add it there")
            return self.placeholders[text[1:]]
        if _DECIMAL.match(text):
            return decimal(text, self.at(line)) if re.search(r"[.eE]", text) else to_expr(text, where=self.at(line))
        if text.startswith("["):
            self.refuse(line, f"found the interval {text}; a probability is one number or formula. Choose one in it")
        if match := _MINUS_POWER.search(text):
            required = "where Storm takes the minus first; brackets are required. Write -(x^2)"
            self.refuse(line, f"found {match[1]}, {required}")
        self.work.add(text, self.at(line))
        found = to_expr(text, where=self.at(line))
        if stray := sorted({s.name for s in found.free_symbols} - self.parameters):
            self.refuse(line, f"found {stray[0]}, which @parameters does not list; a symbol is declared. Add it there")
        return found

    def values(self, text: str | None, line: int) -> list[Any]:
        return [self.value(part, line) for part in text.split(",")] if text and text.strip() else []

    # -- the header --------------------------------------------------------------------------------------

    def header(self, lines: Iterator[tuple[int, str]]) -> None:
        """Everything up to @model."""
        section, start = "", 0
        for line, text in lines:
            if text.startswith(PREFIX):
                data = read_text(text.removeprefix(PREFIX), "json", where=self.at(line))
                try:
                    self.notes = Notes.model_validate(data)
                except ValidationError:
                    self.refuse(
                        line,
                        "the note after //pgsym is not one that pgsym writes; it names states, terminal, actions and "
                        "symbols. Remove the line, and states are numbered",
                    )
                for assumption in self.notes.symbols.values():
                    self.work.add(assumption, self.at(line))
            elif text.startswith("@"):
                if section == "@nr_states" and self.count is None:
                    self.refuse(start, "the number of states is missing; @nr_states has it on the next line. Add it")
                section, start = text.split()[0].rstrip(":"), line
                if section == "@model":
                    if not self.type or self.count is None:
                        missing = "@nr_states" if self.type else "@type: MDP"
                        self.refuse(line, f"@model before {missing}; a file says it first. Add it")
                    return
                self.heading(section, text.partition(":")[2].strip(), line)
            elif text.strip() and not text.startswith("//"):
                self.entry(section, text.strip(), line)
        self.refuse(None, "the section @model is missing; a DRN file has one. Add it")

    def heading(self, section: str, value: str, line: int) -> None:
        known = {"@type": ("MDP", "DTMC"), "@value_type": ("double", "rational", "parametric")}
        if section in known and value not in known[section]:
            required = " or ".join(known[section])
            self.refuse(line, f"found {section}: {value}; {required} is required. Build such a model with Storm first")
        sections = (*known, "@parameters", "@placeholders", "@reward_models", "@nr_states", "@nr_choices", "@model")
        if section not in sections:
            self.refuse(line, f"found {section}; {nearest(section, sections, 'the sections are')}. Correct it")
        if section == "@type":
            self.type = value

    def entry(self, section: str, text: str, line: int) -> None:
        if section == "@parameters":
            self.parameters = frozenset(text.split())
        elif section == "@reward_models":
            self.reward_models = text.split()
        elif section == "@placeholders":
            name, colon, formula = text.partition(":")
            if not colon or not name.startswith("$"):
                self.refuse(line, f"found {text!r}; a placeholder reads $name : formula. Correct it")
            self.placeholders[name[1:].strip()] = self.value(formula, line)
        elif section == "@nr_states":
            if not re.fullmatch(r"\d{1,18}", text):
                self.refuse(line, f"found {text!r}; a number of states is required. Correct it")
            self.count = int(text)
        elif section != "@nr_choices":
            self.refuse(line, f"found {text!r}; a section begins with @. Correct it")

    # -- the model ---------------------------------------------------------------------------------------

    def model(self, lines: Iterator[tuple[int, str]]) -> None:
        """Everything after @model."""
        for line, text in lines:
            text = text.strip()
            if not text or text.startswith("//"):
                if self.states and text.startswith("//[") and text.endswith("]"):
                    self.states[-1].valuation = text[3:-1]
                continue
            if match := _STATE.match(text):
                if int(match[1]) != len(self.states):
                    self.refuse(line, f"found state {match[1]}; state {len(self.states)} is next. Number them in order")
                labels = {quoted or plain for quoted, plain in _LABELS.findall(match[3])}
                self.states.append(StateRecord(self.values(match[2], line), "init" in labels, line))
            elif not self.states:
                self.refuse(line, f"found {text!r}; a state comes first: state 0. Correct it")
            elif match := _ACTION.match(text):
                self.states[-1].choices.append(ChoiceRecord(match[1], self.values(match[2], line)))
            elif match := _MOVE.match(text):
                if not self.states[-1].choices:
                    self.states[-1].choices.append(ChoiceRecord(NO_LABEL, []))
                if int(match[1]) >= (self.count or 0):
                    self.refuse(line, f"found the target {match[1]}; the model has {self.count} states. Correct it")
                self.states[-1].choices[-1].moves.append((int(match[1]), self.value(match[2], line)))
            else:
                required = "a state, an action or 'target : probability' is required"
                self.refuse(line, f"found {text!r}; {required}. Correct it")
        if len(self.states) != self.count:
            self.refuse(None, f"found {len(self.states)} states; @nr_states says {self.count}. Correct one of them")


# -- records to MDP ---------------------------------------------------------------------------------------


def loads(text: str, *, rewards: str | None = None, where: str | None = None) -> MDP:
    """The MDP in DRN text; a DTMC is one with one action in each state; `where` begins every message.

    In a file that pgsym wrote, states, actions and assumptions have their names again.  In others, a state is called by
    the values of the program's variables, ``x=1``, where Storm noted them, else by its number; an action without a
    label is ``a0``, ``a1``...; states that only stay, without a reward, are terminal.  Of several reward models,
    `rewards` names one; state and action rewards are added.  The start is the state labelled ``init``.

    >>> mdp = loads('''
    ... @type: DTMC
    ... @nr_states
    ... 2
    ... @model
    ... state 0 [2] init
    ...     action 0
    ...         0 : 1/3
    ...         1 : 2/3
    ... state 1
    ...     action 0
    ...         1 : 1
    ... ''')
    >>> mdp, mdp.outcomes(0, "0")
    (MDP(2 states, 1 terminal, 2 outcomes, gamma=1), (Outcome(state=0, p=1/3, r=2), Outcome(state=1, p=2/3, r=2)))
    """
    check_size(len(text), where=where)
    reader = Reader(where)
    lines = iter(enumerate(text.splitlines(), start=1))
    reader.header(lines)
    reader.model(lines)
    chosen = _reward_model(reader, rewards)
    names, terminal = _names(reader, chosen)
    words = dict(reader.notes.actions) if reader.notes else {}
    rows = []
    for i, state in enumerate(reader.states):
        for word, choice in _distinct(state.choices) if i not in terminal else ():
            r = _reward(state.rewards, choice.rewards, chosen)
            rows += [(names[i], words.get(word, word), names[j], p, r) for j, p in choice.moves]
    with inside(where):
        return MDP.from_transitions(
            rows,
            start=_start(reader, names),
            terminal=[names[i] for i in sorted(terminal)],
            symbols=reader.notes.symbols if reader.notes else {},
            states=names,
            sums=sums(),
        )


def _reward_model(reader: Reader, wanted: str | None) -> int | None:
    """The position of the reward model that counts; None where there is none."""
    rewards = [row for s in reader.states for row in (s.rewards, *(choice.rewards for choice in s.choices))]
    count = max(map(len, rewards), default=0)
    known = [*reader.reward_models, *(f"rew{k}" for k in range(len(reader.reward_models), count))]
    if wanted is not None:
        if wanted in known:
            return known.index(wanted)
        raise SchemaError(
            f"found {wanted!r}; {nearest(wanted, known, 'the reward models are')}. Check the name", where="rewards"
        )
    if len(known) > 1:
        found = f"the file has {len(known)} reward models, such as {', '.join(known[:3])}"
        remedy = "Keep one there, or name it with rewards= of load_prism or from_stormpy"
        reader.refuse(None, f"{found}; one is required. {remedy}")
    return 0 if known else None


def _reward(of_state: list[Any], of_choice: list[Any], chosen: int | None) -> Any:
    given = (row[chosen] for row in (of_state, of_choice) if chosen is not None and chosen < len(row))
    parts = [part for part in given if part != 0]
    return parts[0] if len(parts) == 1 else sum(map(to_expr, parts), sp.Integer(0))


def _names(reader: Reader, chosen: int | None) -> tuple[list[State], frozenset[int]]:
    """The states' names, and which are terminal."""
    notes = reader.notes
    if notes is None:
        noted = [s.valuation for s in reader.states]
        names: list[State] = [*noted] if all(noted) and len(set(noted)) == len(noted) else [*range(len(noted))]
        return names, frozenset(i for i, s in enumerate(reader.states) if _is_absorbing(i, s, chosen))
    if len(notes.states) != len(reader.states) or any(i >= len(reader.states) for i in notes.terminal):
        found = f"the note after //pgsym names {len(notes.states)} states; the file has {len(reader.states)}"
        reader.refuse(None, f"{found}. Remove the line, and states are numbered")
    for i in notes.terminal:
        if not _is_absorbing(i, reader.states[i], chosen):
            reader.refuse(
                reader.states[i].line,
                f"state {i} is terminal by the note after //pgsym, but leads on or has a reward; "
                "nothing happens after a terminal state. Remove it there",
            )
    return notes.states, frozenset(notes.terminal)


def _is_absorbing(i: int, state: StateRecord, chosen: int | None) -> bool:
    return all(
        {j for j, p in choice.moves if p != 0} <= {i} and _reward(state.rewards, choice.rewards, chosen) == 0
        for choice in state.choices
    )


def _distinct(choices: list[ChoiceRecord]) -> Iterator[tuple[str, ChoiceRecord]]:
    """A word for each choice of one state: its own, or one that no other has."""
    taken = {choice.word for choice in choices}
    seen: set[str] = set()
    for k, choice in enumerate(choices):
        word = choice.word
        if word == NO_LABEL or word in seen:
            word = f"a{k}" if word == NO_LABEL else f"{word}_{k}"
            while word in taken | seen:
                word += "_"
        seen.add(word)
        yield word, choice


def _start(reader: Reader, names: list[State]) -> State | None:
    found = [name for name, s in zip(names, reader.states, strict=True) if s.start]
    if len(found) > 1:
        message = f"found {len(found)} states labelled init, without probabilities; one start is required. Label one"
        raise StructureError(message, where=reader.where or "DRN")
    return found[0] if found else None

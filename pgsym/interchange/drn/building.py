"""From the records of a DRN file to an MDP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from pgsym.errors import PgsymError, SchemaError, StructureError
from pgsym.expression.complaint import nearest
from pgsym.expression.exact import to_expr
from pgsym.expression.sums import MAX_WORK, Sums
from pgsym.interchange.drn.reading import ChoiceRecord, Reader, StateRecord
from pgsym.interchange.drn.writing import NO_LABEL
from pgsym.model.files.reading import check_size
from pgsym.model.mdp import MDP, State


def loads(text: str, *, rewards: str | None = None, start: Any = None, where: str | None = None) -> MDP:
    """The MDP in DRN text; a DTMC is one with one action in each state.

    In a file that pgsym wrote, states, actions and assumptions have their names again.  In others, a state is called by
    the values of the program's variables, ``x=1``, where Storm noted them, else by its number; an action without a
    label is ``a0``, ``a1``...; states that only stay, without a reward, are terminal.

    Parameters
    ----------
    rewards
        The reward model, where the file has several; state and action rewards are added.
    start
        The start state, or distribution; by default the state labelled ``init``.
    where
        Begins every message.

    Raises
    ------
    SchemaError
        A line is not DRN; the file is of another type; there are several reward models and `rewards` names none.
    ModelError
        The entries do not make an MDP.

    Examples
    --------
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
    words = reader.notes.actions if reader.notes else {}
    rows = []
    for i, state in enumerate(reader.states):
        if i in terminal:
            continue
        for word, choice in _distinct(state.choices):
            r = _reward(state.rewards, choice.rewards, chosen)
            rows += [(names[i], words.get(word, word), names[j], p, r) for j, p, _ in choice.moves]
    symbols = dict(reader.notes.symbols) if reader.notes else {}
    try:
        return MDP.from_transitions(
            rows,
            start=_start(reader, names) if start is None else start,
            terminal=[names[i] for i in sorted(terminal)],
            symbols=symbols,
            states=names,
            sums=Sums(MAX_WORK),
        )
    except PgsymError as error:
        if where is None:
            raise
        inner = error.where if isinstance(error.where, str) else repr(error.where)
        raise type(error)(error.message, where=f"{where}: {inner}") from None


def _reward_model(reader: Reader, wanted: str | None) -> int | None:
    """The position of the reward model that counts; None where there is none."""
    count = max((len(rewards) for s in reader.states for rewards in _all_rewards(s)), default=0)
    known = [*reader.reward_models, *(f"rew{k}" for k in range(len(reader.reward_models), count))]
    if wanted is not None:
        if wanted not in known:
            raise SchemaError(
                f"found {wanted!r}; {nearest(wanted, known, 'the reward models are')}. Check the name", where="rewards"
            )
        return known.index(wanted)
    if len(known) > 1:
        raise SchemaError(
            f"the file has {len(known)} reward models, such as {', '.join(known[:3])}; one is required. "
            "Name it with rewards=",
            where=reader.where or "DRN",
        )
    return 0 if known else None


def _all_rewards(state: StateRecord) -> Iterator[list[Any]]:
    yield state.rewards
    for choice in state.choices:
        yield choice.rewards


def _reward(of_state: list[Any], of_choice: list[Any], chosen: int | None) -> Any:
    parts = [row[chosen] for row in (of_state, of_choice) if chosen is not None and chosen < len(row)]
    parts = [part for part in parts if part != 0]
    return parts[0] if len(parts) == 1 else sum(map(to_expr, parts), sp.Integer(0))


def _names(reader: Reader, chosen: int | None) -> tuple[list[State], frozenset[int]]:
    """The states' names, and which are terminal."""
    notes = reader.notes
    if notes is None:
        found = [s.valuation for s in reader.states]
        names: list[State] = [*found] if all(found) and len(set(found)) == len(found) else [*range(len(found))]
        return names, frozenset(i for i, s in enumerate(reader.states) if _is_absorbing(i, s, chosen))
    if len(notes.states) != len(reader.states) or any(i >= len(reader.states) for i in notes.terminal):
        raise SchemaError(
            f"the note after //pgsym names {len(notes.states)} states; the file has {len(reader.states)}. "
            "Remove the line, and states are numbered",
            where=reader.where or "DRN",
        )
    for i in notes.terminal:
        if not _is_absorbing(i, reader.states[i], chosen):
            reader.refuse(
                reader.states[i].line,
                f"state {i} is terminal by the note after //pgsym, but leads on or has a reward; "
                "nothing happens after a terminal state. Remove it there",
            )
    return list(notes.states), notes.terminal


def _is_absorbing(i: int, state: StateRecord, chosen: int | None) -> bool:
    return all(
        {j for j, p, _ in choice.moves if p != 0} <= {i} and _reward(state.rewards, choice.rewards, chosen) == 0
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
    found = [i for i, s in enumerate(reader.states) if "init" in s.labels]
    if len(found) > 1:
        raise StructureError(
            f"found {len(found)} states labelled init, without probabilities; a start has them. Give start=",
            where=reader.where or "DRN",
        )
    return names[found[0]] if found else None

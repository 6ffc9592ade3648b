"""MDPs from gymnasium environments that carry their transition table, in which `done` says where an episode ends.

Time limits are no part of the table and are ignored; unroll the MDP for a finite horizon.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import closing
from fractions import Fraction
from typing import Any, NamedTuple

import networkx as nx
import sympy as sp

from pgsym.errors import FormulaError, StructureError, optional
from pgsym.expression.exact import to_expr
from pgsym.model.arrays import FloatRows
from pgsym.model.mdp import MDP, State
from pgsym.model.structure import reach


class _Entry(NamedTuple):
    """One line of the table: s', r(s,a,s'), whether the episode ends."""

    state: int
    r: sp.Expr
    done: bool


# {s: {a: {entry: probability}}}
_Table = dict[int, dict[int, dict[_Entry, Fraction]]]


def from_gymnasium(env: Any, *, gamma: Any = 1, start: Any = None, unreachable: bool = False, **options: Any) -> MDP:
    """The exact MDP of an environment with a table ``env.unwrapped.P``.

    States and actions keep the environment's integers.  An outcome with `done` leads to a terminal state: to s' itself
    where no outcome leads on from s', else to its copy ``("done", s')``.  Outcomes of (s, a) that agree in s', r and
    `done` are one outcome.  Floats are read as the simplest rationals nearby, so that rows sum to exactly 1;
    a row of which these do not, but whose floats sum to 1 within 1e-9, is divided by its sum, with a warning.

    `env` is an environment, or an id such as ``"FrozenLake-v1"``, ``"CliffWalking-v1"`` or ``"Taxi-v4"``, with options
    for ``gymnasium.make``.  `start` is the one start state or a distribution, by default the environment's own.  States
    that cannot be reached from it (96 of Taxi's 500) stay if `unreachable`.

    StructureError where the environment is unknown, or has no table that describes it.

    >>> from_gymnasium("FrozenLake-v1", gamma="99/100")
    MDP(16 states, 5 terminal, 128 outcomes, gamma=99/100)
    """
    if isinstance(env, str):
        with closing(_make(env, options)) as made:
            return from_gymnasium(made, gamma=gamma, start=start, unreachable=unreachable)
    if options:
        raise StructureError(
            f"found the options {', '.join(options)} beside an environment; they are for making one from its id. "
            "Make it with them",
            where="env",
        )
    name = getattr(getattr(env, "spec", None), "id", None) or type(env).__name__
    core = getattr(env, "unwrapped", env)
    _refuse_other_dynamics(core, name)
    table = _read_table(core, name)
    mu0 = _environment_start(core, name) if start is None else start
    sources = list(mu0) if isinstance(mu0, Mapping) else [mu0]
    kept = sorted(table) if unreachable else sorted(_reachable(table, sources, name))
    return _build(table, kept, sources, mu0, gamma)


def _make(name: str, options: Mapping[str, Any]) -> Any:
    _refuse_old(name)
    gymnasium = optional("gymnasium", "gym", "environments")
    try:
        return gymnasium.make(name, **options)
    except (gymnasium.error.Error, TypeError, ValueError) as error:
        found = " ".join(str(error).split()).rstrip(".")
        required = "only its own options are possible. Check them"
        if isinstance(error, gymnasium.error.Error):
            required = "an environment's id is required. Check the id"
        raise StructureError(f"gymnasium cannot make it ({found}); {required}", where=name) from None


def _refuse_old(name: str) -> None:
    if name == "Taxi-v3":
        raise StructureError("the version v3 has another table; v4 is required. Use 'Taxi-v4'", where=name)


def _refuse_other_dynamics(core: Any, name: str) -> None:
    """Environments whose steps do not follow their table."""
    _refuse_old(name)
    if getattr(core, "fickle_passenger", False):
        raise StructureError(
            "a fickle passenger changes the destination, which the table does not say; a table must describe "
            "every step. Use fickle_passenger=False",
            where=name,
        )


def _read_table(core: Any, name: str) -> _Table:
    found = getattr(core, "P", None)
    if not isinstance(found, Mapping) or not all(isinstance(rows, Mapping) for rows in found.values()):
        raise StructureError(
            "the environment has no transition table P; pgsym reads {state: {action: [(p, s', r, done)]}}. "
            "FrozenLake-v1, CliffWalking-v1 and Taxi-v4 have one; give others with MDP.from_transitions",
            where=name,
        )
    rows = FloatRows("the table's probabilities")
    table = {
        int(s): {int(a): _read_row(row, rows, (name, int(s), int(a))) for a, row in actions.items()}
        for s, actions in found.items()
    }
    rows.warn()
    for s, a, entry in ((s, a, entry) for s, row in table.items() for a, entries in row.items() for entry in entries):
        if not entry.done and entry.state not in table:
            raise StructureError(
                f"the table leads to {entry.state}, for which it has no rows; an episode goes on there. "
                "Correct the environment's table",
                where=(name, s, a),
            )
    return table


def _read_row(row: Iterable[Any], rows: FloatRows, where: tuple[Any, ...]) -> dict[_Entry, Fraction]:
    probabilities: list[float] = []
    entries: list[_Entry] = []
    for line in row:
        if len(line) != 4:
            raise StructureError(
                f"found {len(line)} entries in a line of the table; (p, s', r, done) is required. Correct it",
                where=where,
            )
        p, state, r, done = line
        if not math.isfinite(p):
            raise FormulaError(f"found the probability {p}; a number must be finite. Correct the table", where=where)
        probabilities.append(float(p))
        # Nobody can write an environment's table in exact numbers: no warning of floats.
        entries.append(_Entry(int(state), to_expr(r, where=where), bool(done)))
    merged: dict[_Entry, Fraction] = {}
    for entry, exact in zip(entries, rows.read(probabilities, where), strict=True):
        merged[entry] = merged.get(entry, Fraction(0)) + exact
    return {entry: p for entry, p in merged.items() if p}


def _environment_start(core: Any, name: str) -> dict[int, sp.Rational]:
    found = getattr(core, "initial_state_distrib", None)
    if found is None:
        raise StructureError(
            "the environment has no initial_state_distrib; an initial distribution is required. Give start", where=name
        )
    rows = FloatRows("start probabilities")
    exact = rows.read([float(p) for p in found], name)
    rows.warn()
    return {s: sp.Rational(p.numerator, p.denominator) for s, p in enumerate(exact) if p}


def _reachable(table: _Table, sources: Iterable[Any], name: str) -> frozenset[Any]:
    """States at which the episode goes on, from the start."""
    if unknown := set(sources) - set(table):
        raise StructureError(
            f"found the start {', '.join(map(repr, unknown))}; the table has no such state. Check it", where=name
        )
    graph: nx.DiGraph = nx.DiGraph()
    graph.add_nodes_from(table)
    entries = ((s, entry) for s, actions in table.items() for row in actions.values() for entry in row)
    graph.add_edges_from((s, entry.state) for s, entry in entries if not entry.done)
    return reach(graph, sources)


def _build(table: _Table, kept: list[int], sources: list[Any], mu0: Any, gamma: Any) -> MDP:
    """States go on or end: one that does both has a terminal copy."""
    entries = [entry for s in kept for row in table[s].values() for entry in row]
    ended = {entry.state for entry in entries if entry.done}
    entered = {entry.state for entry in entries if not entry.done} | set(sources)
    final: dict[int, State] = {s: ("done", s) if s in entered else s for s in sorted(ended)}
    going = [s for s in kept if final.get(s) != s]
    own = [s for s in sorted({*going, *ended}) if s in going or final[s] == s]
    transitions = [
        (s, a, final[entry.state] if entry.done else entry.state, p, entry.r)
        for s in going
        for a, row in table[s].items()
        for entry, p in row.items()
    ]
    copies = [state for s, state in final.items() if state != s]
    return MDP.from_transitions(
        transitions, start=mu0, terminal=list(final.values()), gamma=gamma, states=[*own, *copies]
    )

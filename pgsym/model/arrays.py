"""MDPs from NumPy arrays, and numeric MDPs as arrays."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import sympy as sp

from pgsym.errors import FormulaError, NotStochasticError, SchemaError, StructureError
from pgsym.expression.complaint import listed
from pgsym.expression.exact import simplest_rational, spacing, to_expr
from pgsym.model.mdp import MDP, Action, Outcome, State
from pgsym.model.validate import RationalisedWarning, warn


def from_arrays(
    P: Any,
    r: Any,
    *,
    start: Any = None,
    gamma: Any = 1,
    axes: str | None = None,
    terminal: Iterable[State] = (),
    states: Sequence[State] | None = None,
    actions: Sequence[Action] | None = None,
    symbols: Mapping[str, str] | None = None,
) -> MDP:
    """From transition probabilities and rewards.

    A row of zeros means that the action is not available in the state.  Entries are numbers, formulas as text or
    SymPy expressions; floats are read as the simplest rationals nearby.  A row of which these do not sum to 1, but
    whose floats do within 1e-9, is divided by its sum, with a warning.

    `P` has shape (A, S, S) for ``axes="asn"``, P[a,s,s'], or (S, A, S) for ``axes="san"``, P[s,a,s']; `axes` may be
    left out where the shape tells.  `r` has shape (S,), the reward for leaving s; or (S, A), or (A, S) with
    ``axes="asn"``; or the shape of P.  `start` has shape (S,), or is a mapping by state, or the one start state.  Rows
    of `terminal` states are zero, or stay there without a reward.  Names are 0, 1, 2... by default.

    >>> stay, swap = [[1, 0], [0, 1]], [[0, 1], [1, 0]]
    >>> mdp = from_arrays([stay, swap, stay], [5, 7], gamma="1/2", actions=["stay", "swap", "wait"])
    >>> mdp.actions(0), mdp.outcomes(1, "swap")
    (('stay', 'swap', 'wait'), (Outcome(state=0, p=1, r=7),))
    """
    table = _array(P, "P")
    axes = _axes(table.shape, axes)
    table = _state_first(table, axes)
    n, m, _ = table.shape
    rewards = _rewards(_array(r, "r"), n, m, axes)
    state_names = _names(states, n, "states")
    action_names = _names(actions, m, "actions")
    terminal = list(terminal)
    outcomes = []
    rows = FloatRows("outgoing probabilities")
    for i, s in enumerate(state_names):
        for k, a in enumerate(action_names):
            row = {j: table[i, k, j] for j in range(n) if not _is_zero(table[i, k, j])}
            for p in row.values():
                to_expr(p, where=(s, a))  # so that messages name the pair; the MDP reads it itself and warns of floats
            row = _distribution(row, rows, (s, a))
            for j, p in row.items():
                outcomes.append((s, a, state_names[j], p, rewards[i, k, j]))
            if s in terminal and not row and not all(map(_is_zero, rewards[i, k])):
                raise StructureError(
                    f"a reward of a terminal state, for action {a!r}; nothing happens after a terminal state. "
                    "Set it to 0 and pay it on the way in",
                    where=s,
                )
    mu0 = _start(start, state_names, rows)
    rows.warn()
    return MDP.from_transitions(
        outcomes, start=mu0, terminal=terminal, gamma=gamma, symbols=symbols, states=state_names
    )


class ModelArrays(NamedTuple):
    """A numeric MDP as float64 arrays; S states, A actions over all states."""

    P: npt.NDArray[np.float64]
    """P[s,a,s'], shape (S, A, S); zero where the action is not available and in terminal states."""
    r: npt.NDArray[np.float64]
    """r[s,a,s'], shape (S, A, S); zero where P is."""
    start: npt.NDArray[np.float64]
    """mu0, shape (S,); all zero where the model gives none."""
    gamma: float
    available: npt.NDArray[np.bool_]
    """Whether a is available in s, shape (S, A)."""
    terminal: npt.NDArray[np.bool_]
    """Shape (S,)."""
    states: tuple[State, ...]
    actions: tuple[Action, ...]


def to_arrays(mdp: MDP, *, average: bool = False) -> ModelArrays:
    """The arrays of an MDP without symbols.

    Where two outcomes of (s, a) share s' with different rewards, an array cannot hold both: `average` takes their mean
    E[r | s, a, s'], which keeps every J and its gradient but not the variances of returns.

    >>> arrays = to_arrays(MDP.from_transitions([("s", "go", "end", 1, 3)], start="s", terminal=["end"]))
    >>> arrays.P.shape, arrays.r[0, 0].tolist(), arrays.start.tolist()
    ((2, 1, 2), [0.0, 3.0], [1.0, 0.0])
    """
    require_numbers(mdp.symbols, "arrays hold numbers", "arrays")
    index = {s: i for i, s in enumerate(mdp.states)}
    actions = tuple(dict.fromkeys(a for _, a in mdp.pairs))
    column = {a: k for k, a in enumerate(actions)}
    shape = (len(index), len(actions), len(index))
    P, r = np.zeros(shape), np.zeros(shape)
    available = np.zeros(shape[:2], dtype=bool)
    for s, a in mdp.pairs:
        i, k = index[s], column[a]
        available[i, k] = True
        outcomes: dict[State, list[Outcome]] = {}
        for outcome in mdp.outcomes(s, a):
            outcomes.setdefault(outcome.state, []).append(outcome)
        for t, same in outcomes.items():
            if not average and len({o.r for o in same}) > 1:
                raise StructureError(
                    f"outcomes to {t!r} have different rewards; an array r[s,a,s'] holds one. "
                    "Use average=True where variances do not matter",
                    where=(s, a),
                )
            p = sum(o.p for o in same)
            P[i, k, index[t]] = float(p)
            r[i, k, index[t]] = float(sum(o.p * o.r for o in same) / p)
    start = np.array([float(mdp.start.get(s, 0)) for s in mdp.states])
    terminal = np.array([s in mdp.terminal for s in mdp.states])
    return ModelArrays(P, r, start, float(mdp.gamma), available, terminal, mdp.states, actions)


def require_numbers(symbols: Collection[sp.Symbol], required: str, where: str) -> None:
    """Refuse symbols, for what has numbers only."""
    if symbols:
        names = ", ".join(sorted(s.name for s in symbols))
        raise FormulaError(f"found symbols {names}; {required}. Give them values: problem.at(NAME=VALUE)", where=where)


def _array(values: Any, where: str) -> npt.NDArray[Any]:
    """An array that keeps each entry as it was given: 1/3 stays text, a float32 stays one."""
    try:
        array = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
    except ValueError:
        array = None
    if array is None or (array.dtype == object and any(isinstance(entry, list | tuple) for entry in array.flat)):
        raise SchemaError("rows have different lengths; an array is rectangular. Fill up the rows", where=where)
    return array


def _axes(shape: tuple[int, ...], axes: str | None) -> str:
    fits = [name for name, k in (("asn", 1), ("san", 0)) if len(shape) == 3 and shape[k] == shape[2]]
    if axes is not None and axes not in ("asn", "san"):
        raise SchemaError(f"found {axes!r}; must be 'asn' for P[a,s,s'] or 'san' for P[s,a,s']. Choose", where="axes")
    if not fits or 0 in shape or (axes is not None and axes not in fits):
        wanted = {"asn": "(A, S, S)", "san": "(S, A, S)"}.get(axes or "", "(A, S, S) or (S, A, S)")
        raise SchemaError(f"found shape {shape}; {wanted} is required. Reorder the axes", where="P")
    if axes is None and len(fits) == 2 and shape[0] > 1:
        raise SchemaError(
            f"shape {shape} fits both P[a,s,s'] and P[s,a,s']; the order must be known. Give axes='asn' or axes='san'",
            where="P",
        )
    return axes or fits[0]


def _state_first(array: npt.NDArray[Any], axes: str) -> npt.NDArray[Any]:
    return array if axes == "san" else array.swapaxes(0, 1)


def _rewards(r: npt.NDArray[Any], n: int, m: int, axes: str) -> npt.NDArray[Any]:
    """r[s,a,s'], from any of the three shapes."""
    if r.shape == (n,):
        return np.broadcast_to(r[:, None, None], (n, m, n))
    if r.ndim == 2:
        if axes == "asn" and r.shape == (m, n):
            return np.broadcast_to(r.T[:, :, None], (n, m, n))
        if r.shape == (n, m):
            return np.broadcast_to(r[:, :, None], (n, m, n))
    full = (m, n, n) if axes == "asn" else (n, m, n)
    if r.shape == full:
        return _state_first(r, axes)
    pairs = f"({n}, {m})" if axes == "san" or n == m else f"({n}, {m}) or ({m}, {n})"
    raise SchemaError(f"found shape {r.shape}; ({n},), {pairs} or {full} is required. Reshape it", where="r")


def _names(names: Sequence[Any] | None, count: int, where: str) -> list[Any]:
    found = list(range(count)) if names is None else list(names)
    if len(found) != count:
        raise SchemaError(f"found {len(found)} names; the arrays have {count}. Give one for each", where=where)
    if len(set(found)) != count:
        raise SchemaError("a name is listed twice; names must be distinct. Rename one", where=where)
    return found


def _start(start: Any, states: Sequence[State], rows: FloatRows) -> Any:
    if not isinstance(start, np.ndarray | list):
        return start
    values = _array(start, "start")
    if values.shape != (len(states),):
        raise SchemaError(f"found shape {values.shape}; ({len(states)},) is required. Reshape it", where="start")
    return _distribution(dict(zip(states, values, strict=True)), rows, "start")


def _distribution(row: dict[Any, Any], rows: FloatRows, where: Any) -> dict[Any, Any]:
    """As given, where the numbers sum to 1 as they will be read; else exact."""
    values = list(row.values())
    numbers = all(isinstance(p, float | int | np.number) and not isinstance(p, bool) for p in values)
    if not numbers or not any(isinstance(p, float | np.floating) for p in values) or not np.isfinite(values).all():
        return row
    exact = rows.read(values, where)
    return row if exact == [simplest_rational(p) for p in values] else dict(zip(row, exact, strict=True))


def _is_zero(value: Any) -> bool:
    return bool(value == 0) or (isinstance(value, str) and value.strip() == "0")


TOLERANCE = Fraction(1, 10**9)
"""A row this near to 1 is divided by its sum: what is left of adding up some hundred floats is far smaller."""


class FloatRows:
    """Reads rows of floats, and remembers which of them had to be divided by their sums.

    >>> rows = FloatRows("outgoing probabilities")
    >>> rows.read([1 / 3, 2 / 3], ("s", "a"))
    [Fraction(1, 3), Fraction(2, 3)]
    >>> rows.read([0.3333333333] * 3, ("t", "a")), rows.divided
    ([Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)], [('t', 'a')])
    """

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self.divided: list[Any] = []

    def read(self, values: Sequence[Any], where: Any) -> list[Fraction]:
        """The simplest rationals nearby, if they sum to 1; else, within `TOLERANCE`, the floats over their sum."""
        # A difference such as (1 - 0.998)/2 is off by an ulp of 1, which may be many ulps of its own.
        found = [simplest_rational(p) for p in values]
        if sum(found) == 1:
            return found
        found = [simplest_rational(p, max(spacing(p), math.ulp(1.0))) for p in values]
        if sum(found) == 1:
            return found
        # Their denominators have little in common; those of the floats themselves are powers of two.
        exact = [Fraction(float(p)) for p in values]
        total = sum(exact, Fraction(0))
        if abs(total - 1) > TOLERANCE:
            read = sum(found, Fraction(0))
            shown = str(read) if read.denominator <= 10**6 else repr(float(total))
            raise NotStochasticError(
                f"{self.noun} sum to {shown}; must be exactly 1, floats to within 1e-9. "
                "Correct them, or divide them by their sum in double precision",
                where=where,
            )
        self.divided.append(where)
        return [p / total for p in exact]

    def warn(self) -> None:
        """Say which rows were divided by their sums, if any were."""
        if count := len(self.divided):
            warn(
                f"{count} row{'s' if count > 1 else ''} of floats did not sum to 1 as the simplest rationals, and "
                f"{'were' if count > 1 else 'was'} divided by {'their sums' if count > 1 else 'its sum'} "
                f"({listed(map(repr, self.divided[:3]))}{', ...' if count > 3 else ''}); an exact model has exact "
                'numbers. Write text such as "1/3", or Fractions',
                RationalisedWarning,
            )

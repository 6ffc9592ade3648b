"""`FloatMDP`: a model of up to millions of states as arrays of float64, without an object per outcome."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order, connected_components

from pgsym.errors import (
    DiscountError,
    ImproperPolicyError,
    NotStochasticError,
    NotUnichainError,
    PolicyError,
    SchemaError,
)
from pgsym.exact.certified import narrow
from pgsym.model.objective import Objective

if TYPE_CHECKING:
    from pgsym.exact.float_solution import FloatSolution
    from pgsym.model.mdp import MDP

Floats = NDArray[np.float64]
CHUNK = 10_000
"""So many rows of an iterator are objects at a time."""


class FloatMDP:
    """An MDP as arrays of float64, for up to millions of states; a softmax policy with a logit for every pair.

    Parameters
    ----------
    P
        Shape (S A, S), sparse or dense: row s A + a is P(. | s, a).  A row of zeros is an action that is not
        available; a state without actions is terminal.  Rows are divided by their sums.
    r
        Shape (S, A): r(s, a), the mean reward.
    start
        mu0, shape (S,); or the number of the one start state.
    gamma
        The discount; at 1 every state must be able to end.

    Raises
    ------
    SchemaError, NotStochasticError, DiscountError
        Arrays of wrong shapes; rows that are off 1 by more than 1e-9; a discount outside [0, 1].

    See Also
    --------
    MDP.from_arrays : Exact numbers and symbols, for thousands of states.
    solve : Closed forms.

    Examples
    --------
    >>> P = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])  # go, wait; the second state is terminal
    >>> solution = FloatMDP(P, [[1, 0], [0, 0]], start=0, gamma=0.9).at(np.zeros((2, 2)))
    >>> round(solution.J, 12), solution.grad[0].round(12).tolist(), solution.errors["J"] < 1e-13
    (0.909090909091, [0.082644628099, -0.082644628099], True)
    """

    def __init__(self, P: Any, r: ArrayLike, *, start: ArrayLike, gamma: float = 1.0) -> None:
        if np.iscomplexobj(P):
            raise SchemaError("found complex numbers; probabilities are real. Correct them", where="P")
        self.P = narrow(sparse.csr_array(P, dtype=float, copy=True))
        self.r = real_numbers(r, "r").astype(float, copy=False)
        (discount,) = real_numbers([gamma], "gamma").tolist()
        self.gamma, self.S = float(discount), self.P.shape[1]
        if self.r.ndim != 2 or self.r.shape[0] != self.S or not self.P.shape[0] == self.r.size > 0:
            raise SchemaError(
                f"found P of shape {self.P.shape} and r of {self.r.shape}; (S A, S) and (S, A) are required. Reshape",
                where="P",
            )
        start = real_numbers(start, "start") if np.ndim(start) else np.asarray(start)
        self.given: dict[str, Any] = {"start": start, "gamma": discount}
        """What may be rational: "outcomes" too, as columns (s A + a, s', p, r), where these were given so."""
        self.mu0 = self._start(start)
        if not 0 <= self.gamma <= 1:
            raise DiscountError(f"found {gamma}; must lie in [0, 1]. Correct it", where="gamma")
        if not np.isfinite(self.r).all():
            raise SchemaError("a reward is not finite; rewards are numbers. Correct it", where="r")
        self.P.eliminate_zeros()
        sums, outcomes = self.P @ np.ones(self.S), np.diff(self.P.indptr)
        self.available = (outcomes > 0).reshape(self.r.shape)
        self.live = np.diff(self.P.indptr[:: self.r.shape[1]]) > 0
        _require_distributions(self.P.data, sums[self.available.ravel()], "P")
        _require_distributions(self.mu0, self.mu0.sum(keepdims=True), "start")
        self.P.data /= np.repeat(sums, outcomes)
        self.mu0 = self.mu0 / self.mu0.sum()

    def _start(self, start: NDArray[Any]) -> Floats:
        if start.ndim == 0 and start.dtype.kind in "iu" and 0 <= start < self.S:
            return np.bincount([int(start)], minlength=self.S).astype(float)
        if start.shape != (self.S,):
            raise SchemaError(
                f"found {start!r}; the number of a state or shape ({self.S},) is required. Correct it"
                if start.ndim == 0
                else f"found shape {start.shape}; ({self.S},) is required. Reshape it",
                where="start",
            )
        return start.astype(float)

    @classmethod
    def from_columns(
        cls, s: ArrayLike, a: ArrayLike, to: ArrayLike, p: ArrayLike, r: ArrayLike, **options: Any
    ) -> FloatMDP:
        """From the columns of a table with a row for each outcome; states and actions are numbers from 0.

        States that only occur in `to` are terminal.  `options`: `start`, `gamma`.  Rationals are kept: see `exact`.

        >>> FloatMDP.from_columns([0, 0], [0, 0], [0, 1], [0.5, 0.5], [2.0, 0.0], start=0).at().J
        2.0
        """
        columns = [np.asarray(x) for x in (s, a, to)]
        given = [real_numbers(x, "columns") for x in (p, r)]
        numbers = [x.astype(float, copy=False) for x in given]
        if len({x.shape for x in (*columns, *numbers)}) > 1 or columns[0].ndim != 1 or not columns[0].size:
            raise SchemaError(
                f"found columns of shapes {', '.join(str(x.shape) for x in (*columns, *numbers))}; one length is "
                "required, and at least one row. Complete them",
                where="columns",
            )
        for name, x in zip(("s", "a", "to"), columns, strict=True):
            if x.dtype.kind not in "iu" or x.min() < 0:
                raise SchemaError(
                    "states and actions are numbers from 0, of an integer type. Number them, as with numpy.unique("
                    "names, return_inverse=True)",
                    where=name,
                )
        S, A = int(max(columns[0].max(), columns[2].max())) + 1, int(columns[1].max()) + 1
        rows = columns[0].astype(np.int64) * A + columns[1]
        _require_distributions(given[0], np.ones(1), "P")  # rationals too small for floats
        P = sparse.csr_array((numbers[0], (rows, columns[2])), shape=(S * A, S))
        mean = np.bincount(rows, numbers[0] * numbers[1], minlength=S * A)
        found = cls(P, mean.reshape(S, A), **options)
        if any(x.dtype == object for x in given):
            order = np.argsort(rows, kind="stable")
            order = order[given[0][order] != 0]
            found.given["outcomes"] = [x[order].tolist() for x in (rows, columns[2], *given)]
        return found

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[int, int, int, Any, Any]], **options: Any) -> FloatMDP:
        """From an iterator over outcomes (s, a, s', p, r), each of which becomes 40 bytes; as `from_columns`.

        >>> FloatMDP.from_rows(((i, 0, i + 1, 1.0, -1.0) for i in range(1000)), start=0).at().J
        -1000.0
        """
        rows, chunks = iter(rows), [[np.empty(0, int)] * 5]
        while len(chunk := np.fromiter(islice(rows, CHUNK), np.dtype("q,q,q,O,O"))):
            columns = [chunk[f"f{k}"] for k in range(5)]
            chunks.append([*map(np.copy, columns[:3]), *(np.asarray(x.tolist()) for x in columns[3:])])
        return cls.from_columns(*map(np.concatenate, zip(*chunks, strict=True)), **options)

    @classmethod
    def of(cls, mdp: MDP) -> FloatMDP:
        """A model of objects; states and actions are numbered in its order, and it must have no symbols.

        >>> from pgsym.model.zoo import zoo
        >>> FloatMDP.of(zoo("two-state").mdp).S
        2
        """
        from pgsym.model.arrays import require_numbers

        require_numbers(mdp.symbols, "arrays hold numbers", "FloatMDP")
        state = {s: i for i, s in enumerate(mdp.states)}
        action = {a: k for k, a in enumerate(dict.fromkeys(a for _, a in mdp.pairs))}
        rows = [(state[s], action[a], state[t], p, r) for s, a, t, p, r in mdp.rows]
        rows.append((len(state) - 1, 0, 0, 0, 0))  # there may be no outcome of the last state
        return cls.from_rows(rows, start=[mdp.start.get(s, 0) for s in mdp.states], gamma=mdp.gamma)

    def outcomes(self) -> Sequence[Sequence[Any]]:
        """Columns s A + a, s', p, r, by rows; rationals where they were given."""
        row = np.repeat(np.arange(self.r.size), np.diff(self.P.indptr))
        floats = row, self.P.indices, self.P.data, self.r.ravel()[row]
        return self.given.get("outcomes") or [x.tolist() for x in floats]

    def exact(self) -> MDP:
        """The model in exact numbers, for `solve`: rationals as they were given, floats as the simplest ones nearby.

        >>> from pgsym.exact import solve
        >>> rows = [(0, 0, 0, Fraction(1, 3), 2), (0, 0, 1, Fraction(2, 3), 0)]
        >>> solve(FloatMDP.from_rows(rows, start=0, gamma=Fraction(1, 7)).exact()).J
        7/10
        """
        from pgsym.model.arrays import FloatRows
        from pgsym.model.mdp import MDP

        A, floats, rows = self.r.shape[1], FloatRows("probabilities"), list[Any]()

        def read(values: Sequence[Any], where: Any) -> Sequence[Any]:
            return floats.read(values, where) if all(isinstance(x, float) for x in values) else values

        for k, group in groupby(zip(*self.outcomes(), strict=True), lambda outcome: outcome[0]):
            _, to, p, r = zip(*group, strict=True)
            s, a = divmod(k, A)
            rows += [(s, a, *outcome) for outcome in zip(to, read(p, (s, a)), r, strict=True)]
        start = self.given["start"].tolist()
        mu0: dict[Any, Any] = {start: 1} if isinstance(start, int) else dict(enumerate(read(start, "start")))
        floats.warn()
        options: Any = {"gamma": self.given["gamma"], "terminal": np.flatnonzero(~self.live).tolist()}
        return MDP.from_transitions(rows, start=mu0, states=range(self.S), **options)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the arrays to an .npz file, which `load` and `pgsym floats` read."""
        P = {"data": self.P.data, "indices": self.P.indices, "indptr": self.P.indptr}
        from pgsym.model.files.atomic import write_arrays

        write_arrays(Path(path), **P, r=self.r, start=self.mu0, gamma=np.array(self.gamma))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FloatMDP:
        """Read what `save` wrote: arrays of numbers, never objects, and not compressed, so no larger than the file."""
        place = Path(path)
        try:
            if not place.is_file():
                raise FileNotFoundError
            with ZipFile(place) as file:
                if any(part.compress_type != ZIP_STORED for part in file.infolist()):
                    raise ValueError
            with np.load(place, allow_pickle=False) as file:
                found = {name: file[name] for name in ("data", "indices", "indptr", "r", "start", "gamma")}
            r = found["r"]
            P = sparse.csr_array(
                (found["data"].astype(float), found["indices"], found["indptr"]), shape=(r.size, r.shape[0])
            )
            P.check_format(full_check=True)
        except (OSError, ValueError, KeyError, IndexError, TypeError, EOFError, MemoryError, BadZipFile) as error:
            raise SchemaError(
                f"is no file of arrays ({type(error).__name__}); data, indices, indptr, r, start and gamma are "
                "required, not compressed. Write it with FloatMDP.save",
                where=place.name,
            ) from None
        return cls(P, r, start=found["start"], gamma=found["gamma"].item())

    def at(self, logits: ArrayLike | None = None, objective: Objective | str = Objective.START_STATE) -> FloatSolution:
        """The solution at logits [S, A]; those of actions that are not available do not count, and 0 is the default.

        Raises
        ------
        PolicyError, SchemaError
            A logit is not finite; another shape.
        ImproperPolicyError, NotUnichainError
            At gamma = 1 a state has no way to the end; for the average reward there is not one recurrent class.
        SingularMatrixError
            No solution can be certified to six digits.
        """
        from pgsym.exact.float_solution import FloatSolution

        chosen = Objective.parse(objective)
        if chosen is Objective.START_STATE and self.gamma == 1:
            self.require_ends()
        given = np.zeros(self.r.shape) if logits is None else real_numbers(logits, "logits").astype(float, copy=False)
        return FloatSolution(self, given, chosen, "" if logits is not None else "assumed: logits = 0")

    def softmax(self, logits: Floats) -> Floats:
        """[S, A] pi, 0 for what is not available."""
        if logits.shape != self.r.shape:
            raise SchemaError(f"found shape {logits.shape}; {self.r.shape} is required. Reshape it", where="logits")
        if not np.isfinite(logits[self.available]).all():
            raise PolicyError("a logit is not finite; logits must be finite. Take smaller steps", where="logits")
        pi: Floats = np.where(self.available, logits, -np.inf)
        first = np.arange(0, pi.size, pi.shape[1])
        highest = np.maximum.reduceat(pi.ravel(), first)[:, None]
        pi = np.exp(pi - np.where(np.isfinite(highest), highest, 0.0))
        pi /= np.where(self.live, np.add.reduceat(pi.ravel(), first), 1.0)[:, None]
        return pi

    def _moves(self) -> Any:
        """Which state can follow which, [S, S]."""
        return self.mean_over_actions(np.ones(self.r.shape)) @ self.P

    @staticmethod
    def mean_over_actions(pi: Floats) -> Any:
        """[S, S A] What averages a function of (s, a) over the actions."""
        S, A = pi.shape
        kind = np.int32 if S * A < 2**31 else np.int64
        each = np.arange(S * A + 1, dtype=kind)
        return sparse.csr_array((pi.ravel(), each[:-1], each[::A]), shape=(S, S * A))

    def require_ends(self) -> None:
        """From every state some actions lead to a terminal one."""
        moves, last = self._moves().tocoo(), self.S  # one more node, which leads back to all terminal states
        ends = np.flatnonzero(~self.live)
        edges = (np.append(moves.col, np.full(len(ends), last)), np.append(moves.row, ends))
        back = sparse.csr_array((np.ones(len(edges[0])), edges), shape=(last + 1, last + 1))
        found = breadth_first_order(back, last, return_predecessors=False)
        if len(found) <= self.S:
            missing = np.setdiff1d(np.arange(self.S), found)
            raise ImproperPolicyError(
                f"gamma = 1 and {len(missing)} states never end (state {missing[0]}); every state must end with "
                "probability 1. Set gamma < 1, or leave them out",
                where="P",
            )

    def recurrent_state(self, P_pi: Any) -> int:
        """The state of the one recurrent class into which most probability flows."""
        if not self.live.all():
            raise NotUnichainError(
                f"{int((~self.live).sum())} states are terminal; the average reward is that of runs without end. Use "
                "the start-state objective, or let them lead back to a start",
                where="P",
            )
        moves = self._moves().tocoo()
        count, kind = connected_components(moves, connection="strong")
        closed = np.ones(count, bool)
        closed[kind[moves.row[kind[moves.row] != kind[moves.col]]]] = False
        if closed.sum() > 1:
            raise NotUnichainError(
                f"found {int(closed.sum())} recurrent classes; the average reward needs one. Connect them, or leave "
                "all but one out",
                where="P",
            )
        flow = np.asarray(P_pi.sum(axis=0), float)
        return int(np.where(closed[kind], flow, -1.0).argmax())


def real_numbers(given: Any, where: str) -> NDArray[Any]:
    """float64, or objects where there are rationals; SchemaError for anything else."""
    found = np.asarray(given)
    try:
        if np.iscomplexobj(found):
            raise TypeError("found complex numbers")
        if found.dtype != object:
            return found.astype(float, copy=False)
        rational = [Fraction(int(x.p), int(x.q)) if hasattr(x, "q") else x for x in found.ravel().tolist()]
        read = np.array([x if isinstance(x, float) else Fraction(x) for x in rational], object)
        return read.reshape(found.shape)
    except (TypeError, ValueError) as error:
        raise SchemaError(f"{error}; floats and rational numbers are required. Correct it", where=where) from None


def _require_distributions(entries: Floats, sums: Any, where: str) -> None:
    wrong = np.abs(sums - 1).max(initial=0.0)
    if not (entries.min(initial=0.0) >= 0 and wrong <= 1e-9):  # false for what is not a number
        raise NotStochasticError(
            f"rows are off 1 by up to {wrong:.3g}, or have negative entries; each must be a distribution to within "
            "1e-9. Correct them, or divide them by their sums",
            where=where,
        )

"""The runs of a policy over one field, and what one step of them does to a function of the state that follows.

A function has a value in each live state, for each choice of parameters by the labels that are open: a *tensor*
{((label, theta), ...): [values]}.  Where a run has ended, every function is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pgsym.algebra import FloatField
from pgsym.claims.evaluation import CUT_OFF, Evaluation
from pgsym.claims.leaves import Compiled
from pgsym.claims.trajectories.resolvent import END, Resolvent
from pgsym.claims.trajectories.terms import StepFactor
from pgsym.model.mdp import Action, State

Key = tuple[tuple[str, Any], ...]
"""Which parameter each open label stands for, in the order of the labels."""

Tensor = dict[Any, Any]
"""{key: values by state}; in floats, {labels: array}."""

AXES = ("i", "j")
"""The labels of a result, which stay open to the end; factors with any other label are summed over it."""

Rows = dict[tuple[int, Action], dict[int, dict[Key, Any]]]
"""What a step from (state, action) adds up, by the state it leads to: P times the factors of the step."""


class RunChain:
    """The runs of one policy.

    Parameters
    ----------
    world
        Whose policy acts; its model is the one that runs.
    compile
        Compiles a function of one step: of ``s_0``, ``a_0``, ``r_0`` and ``s_1``.
    env
        What other indices stand for.
    states
        Those that runs can be in; all that are not terminal by default.
    start
        Where runs begin, instead of mu0.
    horizon
        Steps after which a run is cut off; None: it is not.
    bootstrap
        Whether the state after the last step of a run that is cut off is one like any other; False: it is an end.
    """

    def __init__(
        self,
        world: Evaluation,
        level: int,
        compile: Callable[..., Compiled],
        env: dict[str, Hashable],
        *,
        states: Sequence[State] | None = None,
        start: Mapping[State, Any] | None = None,
        horizon: int | None = None,
        bootstrap: bool = True,
    ) -> None:
        self.world = world
        self.field = world.tower.field(level)
        self.quantities = world.quantities(level)
        self.compile = compile
        self.env = env
        self._states = states
        self.horizon = horizon
        self.bootstrap = bootstrap
        self.mu0 = self.quantities.mu0 if start is None else start
        self.stirred_by: dict[Hashable, set[int]] = {}
        self._known: dict[Any, Any] = {}

    @cached_property
    def states(self) -> Sequence[State]:
        """The states, terminal ones apart, in their order."""
        return self.world.mdp.nonterminal if self._states is None else self._states

    @cached_property
    def index(self) -> Mapping[State, int]:
        """Their positions."""
        return {s: i for i, s in enumerate(self.states)}

    @cached_property
    def start(self) -> Any:
        """Where runs begin, in these states."""
        return [self.mu0.get(s, self.field.zero) for s in self.states]

    def at(self, tensor: Tensor, state: State) -> dict[Key, Any]:
        """The values in one state."""
        return {key: column[self.index[state]] for key, column in tensor.items()}

    def begun_at_end(self, value: Callable[[State], dict[Key, Any]]) -> dict[Key, Any]:
        """mu0 x over the terminal states."""
        total: dict[Key, Any] = {}
        for s in self.world.mdp.terminal:
            if s in self.mu0:
                total = added(total, {key: self.mu0[s] * e for key, e in value(s).items()})
        return total

    # -- one step --------------------------------------------------------------------------------------------

    def rows(self, factors: tuple[StepFactor, ...], cut: bool = False, first: bool = False) -> Rows:
        """P(s'|s,a) times the factors, by state and action; of the first step, where runs begin alone."""
        if (factors, cut, first) not in self._known:
            values = [(self.compile(f.node), f.axes) for f in factors]
            self._known[factors, cut, first] = {
                (i, a): self._row(values, s, a, cut)
                for i, s in enumerate(self.states)
                if not (first and self.field.is_zero(self.start[i]))
                for a in self.world.policy.actions(s)
                if not self._never(s, a)
            }
        found: Rows = self._known[factors, cut, first]
        return found

    def _never(self, s: State, a: Action) -> bool:
        """The policy never acts so, at any theta nearby."""
        p, policy = self.quantities.pi[s][a], self.world.policy
        if not self.field.is_zero(p):
            return False
        if isinstance(self.field, FloatField) and any(policy.forms()) and a in policy.support(s):
            return False  # an exponential that is too small for a float
        return not (self.field.differential and self.field.gradient(p))

    def _row(
        self, values: Sequence[tuple[Compiled, tuple[str, ...]]], s: State, a: Action, cut: bool = False
    ) -> dict[int, dict[Key, Any]]:
        field, row = self.field, dict[int, dict[Key, Any]]()
        for target, chance, reward in self.world.mdp.outcomes(s, a):
            env = {**self.env, "s_0": s, "a_0": a, "s_1": CUT_OFF if cut else target, "r_0": reward}
            found = self._outcome(values, env, field.convert(chance))
            j = self.index.get(target, END)
            row[j] = added(row.get(j, {}), found)
        return row

    def _outcome(
        self, values: Sequence[tuple[Compiled, tuple[str, ...]]], env: dict[str, Any], by: Any
    ) -> dict[Key, Any]:
        """What stands at a step, where this happens."""
        found: dict[Key, Any] = {(): by}
        for value, axes in values:
            found = self.product(found, keyed(value(env), axes))
        return found

    def stirred(self, moves: Sequence[Move], into: Collection[int] | None = None) -> set[int]:
        """The states in which something can happen that these moves add up to other than 0, and that leads `into`.

        What has the mean 0 is not 0 on every run.
        """
        values = [(m.weight, [(self.compile(f.node), f.axes) for f in m.factors]) for m in moves]
        found = set()
        for i, s in enumerate(self.states):
            for a in (a for a in self.world.policy.actions(s) if not self._never(s, a)):
                for target, _, reward in self.world.mdp.outcomes(s, a):
                    if into is not None and self.index.get(target, END) not in into:
                        continue
                    env, total = {**self.env, "s_0": s, "a_0": a, "s_1": target, "r_0": reward}, dict[Key, Any]()
                    for weight, factors in values:
                        total = added(total, self._outcome(factors, env, weight))
                    if not all(map(self.field.is_zero, total.values())):
                        found.add(i)
        return found

    def matrix(
        self, factors: tuple[StepFactor, ...], cut: bool = False, first: bool = False
    ) -> list[dict[int, dict[Key, Any]]]:
        """P_pi times the factors, by state."""
        if (factors, cut, first, "pi") not in self._known:
            found: list[dict[int, dict[Key, Any]]] = [{} for _ in self.states]
            for (i, a), row in self.rows(factors, cut, first).items():
                p = self.quantities.pi[self.states[i]][a]
                for j, entry in row.items():
                    found[i][j] = added(found[i].get(j, {}), {key: p * e for key, e in entry.items()})
            self._known[factors, cut, first, "pi"] = found
        matrix: list[dict[int, dict[Key, Any]]] = self._known[factors, cut, first, "pi"]
        return matrix

    def from_pair(self, factors: tuple[StepFactor, ...], state: State, action: Action) -> Mapping[int, dict[Key, Any]]:
        """P(s'|s,a) times the factors, for one state and action; the policy need not act so."""
        found = self.rows(factors).get((self.index[state], action))
        if found is None:
            found = self._row([(self.compile(f.node), f.axes) for f in factors], state, action)
        return found

    def applied(self, row: Mapping[int, dict[Key, Any]], after: Tensor, last: bool) -> dict[Key, Any]:
        """A row of a step times what follows; the `last` step may end the run."""
        total: dict[Key, Any] = {}
        for j, entry in row.items():
            following: dict[Key, Any] = {(): self.field.one} if last else {}
            if j != END and not last:
                following = {key: column[j] for key, column in after.items()}
            total = added(total, self.product(entry, following))
        return total

    def step(self, moves: Sequence[Move], *, first: bool = False) -> Tensor:
        """The expectation of what stands at a step times what follows, in each state, over these moves."""
        found: Tensor = {}
        zero, rows = self.field.zero, [self.matrix(move.factors, move.cut, first) for move in moves]
        for i in range(len(self.states)):
            total: dict[Key, Any] = {}
            for move, matrix in zip(moves, rows, strict=True):
                after = self.applied(matrix[i], move.after, move.last)
                total = added(total, {key: move.weight * e for key, e in after.items()})
            for key, e in total.items():
                found.setdefault(key, [zero] * len(self.states))[i] = e
        return found

    def weighed(self, weights: Any, moves: Sequence[Move]) -> Tensor:
        """The same over the states, with a weight for each."""
        found = self.step(moves, first=weights is self.start)  # log mu0(s_0) has no value where no run begins
        return {key: self.field.dot(weights, column) for key, column in found.items()}

    def finished(self, total: Tensor) -> dict[Key, Any]:
        """A sum of what `weighed` gives, by parameter."""
        return total

    def started(self, moves: Sequence[Move], again: Resolvent | None) -> dict[Key, Any]:
        """The mean over runs from the start; `again` is the system of the steps before any of these moves."""
        if again is None:
            return self.weighed(self.start, moves)
        return again.started(self.step(moves))

    def forward(self, weights: Any, move: Move) -> Any:
        """Weights of the states one step later."""
        found = [self.field.zero] * len(self.states)
        for e, row in zip(weights, self.matrix(move.factors), strict=True):
            for j, entry in row.items():
                if j != END:
                    found[j] = found[j] + move.weight * e * entry[()]
        return found

    def product(self, left: Mapping[Key, Any], right: Mapping[Key, Any]) -> dict[Key, Any]:
        """Labels that both have are summed over, or kept as one where they stay open."""
        if set(left) == {()}:
            by = left[()]
            return {key: by * e for key, e in right.items()}
        found: dict[Key, Any] = {}
        for k, x in left.items():
            for m, y in right.items():
                key, summed = self._joined(k, m)
                if key is not None:
                    e = self.contracted(x * y, summed)
                    found[key] = found[key] + e if key in found else e
        return found

    def _joined(self, left: Key, right: Key) -> tuple[Key | None, int]:
        joined, summed = dict(left), 0
        for label, theta in right:
            if label not in joined:
                joined[label] = theta
            elif joined[label] != theta:
                return None, 0
            elif label not in AXES:
                del joined[label]
                summed += 1
        return tuple(sorted(joined.items(), key=lambda item: item[0])), summed

    def contracted(self, element: Any, labels: int) -> Any:
        """One term of a sum over so many labels."""
        return element

    # -- all steps -------------------------------------------------------------------------------------------

    def system(self, running: tuple[StepFactor, ...], weight: Any) -> Resolvent:
        """I - weight P_pi, with the products that run over every step."""
        for other, found in self._known.setdefault(("systems", running), []):
            if self.field.is_zero(other - weight):
                return found
        found = Resolvent(self, [{j: e[()] for j, e in row.items()} for row in self.matrix(running)], weight, running)
        self._known["systems", running].append((weight, found))
        return found


@dataclass(frozen=True)
class Move:
    """One way to take a step, with what it leads to."""

    factors: tuple[StepFactor, ...]
    weight: Any
    after: Tensor
    """What follows, in the states that the step leads to; nothing does behind the `last` move of a term."""
    last: bool = False
    cut: bool = False
    """The run is cut off behind this step, and counts as ended."""


def added(x: dict[Key, Any], y: Mapping[Key, Any]) -> dict[Key, Any]:
    """Their sum; what is missing is 0."""
    if not x:
        return dict(y)
    return x | {key: x[key] + e if key in x else e for key, e in y.items()}


def keyed(value: Any, axes: tuple[str, ...]) -> dict[Key, Any]:
    """A scalar, vector or matrix as a tensor at one place; an axis that stands twice is its diagonal.

    >>> keyed({"theta": 3}, ("i",)), keyed(5, ())
    ({(('i', 'theta'),): 3}, {(): 5})
    """
    if not axes:
        return {(): value}
    found: dict[Key, Any] = {}
    for thetas, e in value.items():
        chosen = dict(zip(axes, thetas if len(axes) == 2 else (thetas,), strict=True))
        if len(chosen) == len(axes) or thetas[0] == thetas[1]:
            found[tuple(sorted(chosen.items(), key=lambda item: item[0]))] = e
    return found

"""The runs of a policy over one field, and what one step of them does to a function of the state that follows.

A function has a value in each live state, for each choice of parameters by the labels that are open: a *tensor*
{((label, theta), ...): [values]}.  Where a run has ended, every function is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

from pgsym.claims.evaluation import Evaluation
from pgsym.claims.leaves import Compiled
from pgsym.claims.trajectories.terms import StepFactor, is_never_negative
from pgsym.errors import UndefinedQuantityError
from pgsym.expression.complaint import listed
from pgsym.model.mdp import Action, State
from pgsym.model.structure import closed_classes

Key = tuple[tuple[str, Any], ...]
"""Which parameter each open label stands for, in the order of the labels."""

Tensor = dict[Key, list[Any]]

END = -1
"""Where a step leads that ends the run."""

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
    outputs
        The labels that stay open to the end.
    env
        What other indices stand for.
    """

    def __init__(
        self,
        world: Evaluation,
        level: int,
        compile: Callable[..., Compiled],
        outputs: Collection[str],
        env: dict[str, Hashable],
    ) -> None:
        self.world = world
        self.field = world.tower.field(level)
        self.quantities = world.quantities(level)
        self.compile = compile
        self.outputs = outputs
        self.env = env
        self._known: dict[Any, Any] = {}

    @cached_property
    def states(self) -> Sequence[State]:
        """The states that are not terminal."""
        return self.world.mdp.nonterminal

    @cached_property
    def index(self) -> Mapping[State, int]:
        """Their positions."""
        return {s: i for i, s in enumerate(self.states)}

    @cached_property
    def start(self) -> list[Any]:
        """mu0 in these states."""
        return [self.quantities.mu0.get(s, self.field.zero) for s in self.states]

    def at(self, tensor: Tensor, state: State) -> dict[Key, Any]:
        """The values in one state."""
        return {key: column[self.index[state]] for key, column in tensor.items()}

    def begun(self, tensor: Tensor) -> dict[Key, Any]:
        """mu0 x over the states that are not terminal."""
        return {key: self.field.dot(self.start, column) for key, column in tensor.items()}

    def begun_at_end(self, value: Callable[[State], dict[Key, Any]]) -> dict[Key, Any]:
        """mu0 x over the terminal states."""
        total: dict[Key, Any] = {}
        for s in self.world.mdp.terminal:
            if s in self.quantities.mu0:
                for key, e in value(s).items():
                    term = self.quantities.mu0[s] * e
                    total[key] = total[key] + term if key in total else term
        return total

    @property
    def ones(self) -> Tensor:
        """The function that is 1."""
        return {(): [self.field.one] * len(self.states)}

    # -- one step --------------------------------------------------------------------------------------------

    def rows(self, factors: tuple[StepFactor, ...]) -> Rows:
        """P(s'|s,a) times the factors, by state and action."""
        if factors not in self._known:
            values = [(self.compile(f.node), f.axes) for f in factors]
            self._known[factors] = {
                (i, a): self._row(values, s, a)
                for i, s in enumerate(self.states)
                for a in self.world.policy.actions(s)
                if not self._never(s, a)
            }
        found: Rows = self._known[factors]
        return found

    def _never(self, s: State, a: Action) -> bool:
        """The policy never acts so, at any theta nearby."""
        p = self.quantities.pi[s][a]
        return self.field.is_zero(p) and not (self.field.differential and self.field.gradient(p))

    def _row(
        self, values: Sequence[tuple[Compiled, tuple[str, ...]]], s: State, a: Action
    ) -> dict[int, dict[Key, Any]]:
        field, row = self.field, dict[int, dict[Key, Any]]()
        for target, chance, reward in self.world.mdp.outcomes(s, a):
            env = {**self.env, "s_0": s, "a_0": a, "s_1": target, "r_0": reward}
            found: dict[Key, Any] = {(): field.convert(chance)}
            for value, axes in values:
                found = self.product(found, keyed(value(env), axes))
            entry = row.setdefault(self.index.get(target, END), {})
            for key, e in found.items():
                entry[key] = entry[key] + e if key in entry else e
        return row

    def matrix(self, factors: tuple[StepFactor, ...]) -> list[dict[int, dict[Key, Any]]]:
        """P_pi times the factors, by state."""
        if (factors, "pi") not in self._known:
            found: list[dict[int, dict[Key, Any]]] = [{} for _ in self.states]
            for (i, a), row in self.rows(factors).items():
                p = self.quantities.pi[self.states[i]][a]
                for j, entry in row.items():
                    into = found[i].setdefault(j, {})
                    for key, e in entry.items():
                        into[key] = into[key] + p * e if key in into else p * e
            self._known[factors, "pi"] = found
        matrix: list[dict[int, dict[Key, Any]]] = self._known[factors, "pi"]
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
            if j == END:
                following: dict[Key, Any] = {(): self.field.one} if last else {}
            else:
                following = {key: column[j] for key, column in after.items()}
            for key, e in self.product(entry, following).items():
                total[key] = total[key] + e if key in total else e
        return total

    def step(self, factors: tuple[StepFactor, ...], after: Tensor, last: bool) -> Tensor:
        """The expectation of the factors times what follows, in each state."""
        found: Tensor = {}
        zero = self.field.zero
        for i, row in enumerate(self.matrix(factors)):
            for key, e in self.applied(row, after, last).items():
                found.setdefault(key, [zero] * len(self.states))[i] = e
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
            elif label not in self.outputs:
                del joined[label]
                summed += 1
        return tuple(sorted(joined.items(), key=lambda item: item[0])), summed

    def contracted(self, element: Any, labels: int) -> Any:
        """One term of a sum over so many labels."""
        return element

    # -- all steps -------------------------------------------------------------------------------------------

    def system(self, running: tuple[StepFactor, ...], weight: Any) -> RunSystem:
        """I - weight P_pi, with the products that run over every step."""
        for other, found in self._known.setdefault(("systems", running), []):
            if self.field.is_zero(other - weight):
                return found
        found = Resolvent(self, [{j: e[()] for j, e in row.items()} for row in self.matrix(running)], weight, running)
        self._known["systems", running].append((weight, found))
        return found


class RunSystem(Protocol):
    """What is expected to be added up until something happens."""

    def solve(self, tensor: Tensor) -> Tensor: ...

    def started(self, tensor: Tensor) -> dict[Key, Any]: ...


class Resolvent:
    """(I - weight P)^-1, the expected sum over all steps that may pass before something happens.

    Where the weight is 1, a sum is finite only if what is added is 0 in all states in which a run may stay for ever.
    """

    def __init__(
        self, chain: RunChain, matrix: Sequence[Mapping[int, Any]], weight: Any, running: tuple[StepFactor, ...]
    ) -> None:
        self.chain = chain
        field = chain.field
        self.kept = list(range(len(matrix)))
        self.stays: list[int] = []
        moves = {i: [j for j, e in row.items() if not field.is_zero(e)] for i, row in enumerate(matrix)}
        closed, loops = closed_classes(moves, END)
        if running and loops:
            self._require_probabilities(matrix, running)
        if field.is_zero(weight - field.one):
            self.stays = sorted(closed)
            self.kept = [i for i in self.kept if i not in set(self.stays)]
        place = {i: k for k, i in enumerate(self.kept)}
        rows = []
        for i in self.kept:
            row = {place[i]: field.one}
            for j, e in matrix[i].items():
                if j in place:
                    k = place[j]
                    row[k] = row[k] - weight * e if k in row else -(weight * e)
            rows.append(row)
        self.factored = field.factor(rows) if rows else None

    def solve(self, tensor: Tensor) -> Tensor:
        """x with x = tensor + weight P x."""
        self._require_finite(tensor)
        zero = self.chain.field.zero
        found: Tensor = {}
        for key, column in tensor.items():
            full = [zero] * len(column)
            if self.factored is not None:
                for i, e in zip(self.kept, self.factored.solve([column[i] for i in self.kept]), strict=True):
                    full[i] = e
            found[key] = full
        return found

    def started(self, tensor: Tensor) -> dict[Key, Any]:
        """mu0 x, for the x of `solve`."""
        self._require_finite(tensor, {i for i, e in enumerate(self.chain.start) if not self.chain.field.is_zero(e)})
        field = self.chain.field
        if self.factored is None:
            return {}
        visits = self.factored.solve_transposed([self.chain.start[i] for i in self.kept])
        return {key: field.dot(list(visits), [column[i] for i in self.kept]) for key, column in tensor.items()}

    def _require_finite(self, tensor: Tensor, starts: Collection[int] | None = None) -> None:
        is_zero = self.chain.field.is_zero
        earning = [i for i in self.stays if any(not is_zero(column[i]) for column in tensor.values())]
        if earning and starts is not None:
            reached = self.chain.world.structure.reach([self.chain.states[i] for i in starts])
            earning = [i for i in earning if self.chain.states[i] in reached]
        if earning:
            names = listed([self.chain.states[i] for i in earning])
            raise UndefinedQuantityError(
                f"a run may stay in {names} for ever, where the sum over time grows without bound. Give it a weight "
                "such as gamma^t, or mark an end as terminal",
                where="E[tau]",
            )

    def _require_probabilities(self, matrix: Sequence[Mapping[int, Any]], running: tuple[StepFactor, ...]) -> None:
        """The factor of a product over time is never negative and has mean 1, as a ratio of probabilities has."""
        field, shown = self.chain.field, " times ".join(str(f.node) for f in running)
        if not all(is_never_negative(f.node) for f in running):
            raise UndefinedQuantityError(
                f"the product over time of {shown} is not one of ratios of probabilities, so over unbounded runs it "
                "may grow without bound. Use a model whose runs are bounded, such as problem.unroll(T)",
                where="prod",
            )
        for i, row in enumerate(matrix):
            total = field.zero
            for e in row.values():
                total = total + e
            if not field.is_zero(total - field.one):
                raise UndefinedQuantityError(
                    f"the product over time of {shown} has no mean 1 in "
                    f"{self.chain.states[i]!r}, so over unbounded runs it may grow without bound. Use a model whose "
                    "runs are bounded, such as problem.unroll(T)",
                    where="prod",
                )


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

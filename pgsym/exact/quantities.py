"""The quantities of an MDP under a policy, written once over the field interface.

Elements are those of the field: rational functions, residues, floats or duals.  Nothing is computed before it
is asked for, and each quantity checks its own hypotheses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.algebra.field import Factorization, Field
from pgsym.errors import UndefinedQuantityError
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy
from pgsym.model.structure import Structure

Row = dict[int, Any]


class Quantities:
    """mu, eta, d, V, Q, A, h, rbar, J and the parts of the policy gradient theorem, over one field.

    Parameters
    ----------
    structure
        Shared between the fields in which one problem is evaluated.
    """

    def __init__(
        self, mdp: MDP, policy: Policy, objective: Objective, field: Field, structure: Structure | None = None
    ) -> None:
        self.mdp = mdp
        self.policy = policy
        self.objective = objective
        self.field = field
        self.structure = structure or Structure(mdp, policy)

    # -- the chain ---------------------------------------------------------------------------------------

    @cached_property
    def pi(self) -> Mapping[State, Mapping[Action, Any]]:
        """pi(a|s), nested by state and action."""
        return {
            s: dict(zip(self.policy.actions(s), self.policy.row(s, self.field), strict=True))
            for s in self.mdp.nonterminal
        }

    @cached_property
    def gamma(self) -> Any:
        """The discount factor."""
        return self.field.convert(self.mdp.gamma)

    @cached_property
    def mu0(self) -> Mapping[State, Any]:
        """The start distribution, without its zeros."""
        self.structure.require_start()
        return {s: self.field.convert(p) for s, p in self.mdp.start.items()}

    @cached_property
    def r(self) -> Mapping[tuple[State, Action], Any]:
        """r(s,a) = sum_s' P(s'|s,a) r(s,a,s').  Enough for means; second moments need r(s,a,s')."""
        return {
            (s, a): self._sum(
                self.field.convert(o.p) * self.field.convert(o.r) for o in self.mdp.outcomes(s, a) if o.r != 0
            )
            for s, a in self.mdp.pairs
        }

    @cached_property
    def P(self) -> Mapping[tuple[State, Action], Mapping[State, Any]]:
        """P(s'|s,a), sparse; outcomes that share s' are added."""
        table: dict[tuple[State, Action], dict[State, Any]] = {}
        for s, a in self.mdp.pairs:
            row: dict[State, Any] = {}
            for o in self.mdp.outcomes(s, a):
                p = self.field.convert(o.p)
                row[o.state] = row[o.state] + p if o.state in row else p
            table[s, a] = row
        return table

    @cached_property
    def P_pi(self) -> Mapping[State, Mapping[State, Any]]:
        """P_pi(s,s') = sum_a pi(a|s) P(s'|s,a), sparse; rows are the current, non-terminal state."""
        chain: dict[State, dict[State, Any]] = {}
        for s in self.mdp.nonterminal:
            row: dict[State, Any] = {}
            for a, weight in self.pi[s].items():
                for t, p in self.P[s, a].items():
                    row[t] = row[t] + weight * p if t in row else weight * p
            chain[s] = row
        return chain

    @cached_property
    def r_pi(self) -> Mapping[State, Any]:
        """r_pi(s) = sum_a pi(a|s) r(s,a)."""
        return {s: self._sum(w * self.r[s, a] for a, w in self.pi[s].items()) for s in self.mdp.nonterminal}

    # -- discounted or total reward ----------------------------------------------------------------------

    @cached_property
    def live(self) -> tuple[State, ...]:
        """The states whose value has to be solved for; at gamma = 1 only those where it is finite."""
        if self.mdp.gamma != 1:
            return self.mdp.nonterminal
        excluded = self.structure.rewardless | self.structure.improper
        return tuple(s for s in self.mdp.nonterminal if s not in excluded)

    @cached_property
    def _system(self) -> Factorization:
        """I - gamma P_pi on the live states, the start states eliminated last: J then needs little of V."""
        self.structure.require_discounted_or_proper()
        index = {s: i for i, s in enumerate(self.live)}
        last = [index[s] for s in self.mdp.start if s in index] if len(self.mdp.start) <= 2 else []
        rows = [self._identity_minus(index, s, self.gamma) for s in self.live]
        return self.field.factor(rows, last)

    @cached_property
    def V(self) -> Mapping[State, Any]:
        """V(s), the expected discounted return; 0 in terminal states."""
        self._require_not(Objective.AVERAGE_REWARD, "V", "h")
        return self._on_live(self._system.solve([self.r_pi[s] for s in self.live]), "V")

    @cached_property
    def eta(self) -> Mapping[State, Any]:
        """eta(s) = sum_t gamma^t Pr(s_t = s) over non-terminal states."""
        self._require_not(Objective.AVERAGE_REWARD, "eta", "mu")
        zero = self.field.zero
        return self._on_live(self._system.solve_transposed([self.mu0.get(s, zero) for s in self.live]), "eta")

    @cached_property
    def d(self) -> Mapping[State, Any]:
        """eta normalised to sum 1; (1 - gamma) eta when nothing terminates."""
        eta = self.eta
        endless = not self.mdp.terminal and self.mdp.gamma != 1
        scale = self.field.one - self.gamma if endless else self.field.one / self._sum(eta[s] for s in self.live)
        return _LazyMap(self.live, lambda s: scale * eta[s])

    # -- stationary and differential ---------------------------------------------------------------------

    @cached_property
    def _recurrent(self) -> tuple[State, ...]:
        self.structure.require_unichain()
        return self.structure.recurrent_classes[0]

    @cached_property
    def _pinned(self) -> tuple[tuple[State, ...], Factorization]:
        """I - P_pi without the row and column of the last recurrent state: the rest, and the factors.

        One state is pinned instead of one equation replaced by a sum, so no dense row arises; nothing is
        iterated, so periods do not matter.
        """
        ref = self._recurrent[-1]
        rest = tuple(s for s in self.mdp.states if s != ref)
        index = {s: i for i, s in enumerate(rest)}
        return rest, self.field.factor([self._identity_minus(index, s, self.field.one) for s in rest])

    @cached_property
    def mu(self) -> Mapping[State, Any]:
        """The stationary distribution; 0 in transient states."""
        ref, zero = self._recurrent[-1], self.field.zero
        rest, system = self._pinned
        weights = list(system.solve_transposed([self.P_pi[ref].get(s, zero) for s in rest]))
        total = self._sum(weights) + self.field.one
        return dict(zip(rest, (w / total for w in weights), strict=True)) | {ref: self.field.one / total}

    @cached_property
    def rbar(self) -> Any:
        """rbar = sum_s mu(s) r_pi(s)."""
        return self._sum(self.mu[s] * self.r_pi[s] for s in self._recurrent)

    @cached_property
    def h(self) -> Mapping[State, Any]:
        """The differential value: (I - P_pi) h = r_pi - rbar with mu.h = 0."""
        rest, system = self._pinned
        found = dict(zip(rest, system.solve([self.r_pi[s] - self.rbar for s in rest]), strict=True))
        found[self._recurrent[-1]] = self.field.zero
        offset = self._sum(self.mu[s] * found[s] for s in self._recurrent)
        return {s: found[s] - offset for s in self.mdp.states}

    # -- what the objective makes of them ----------------------------------------------------------------

    @cached_property
    def baseline(self) -> Mapping[State, Any]:
        """V, or h for the average reward: the state value from which the advantage is measured."""
        return self.h if self.objective is Objective.AVERAGE_REWARD else self.V

    @cached_property
    def Q(self) -> Mapping[tuple[State, Action], Any]:
        """The objective's action value q(s,a): Q, or the differential Q for the average reward."""

        def differential(pair: tuple[State, Action]) -> Any:
            future = self._sum(p * self.h[t] for t, p in self.P[pair].items())
            return self.r[pair] - self.rbar + future

        def discounted(pair: tuple[State, Action]) -> Any:
            future = self._sum(p * self.V[t] for t, p in self.P[pair].items() if t not in self.mdp.terminal)
            return self.r[pair] + self.gamma * future

        if self.objective is Objective.AVERAGE_REWARD:
            return _LazyMap(self.mdp.pairs, differential)
        return _LazyMap([pair for pair in self.mdp.pairs if pair[0] in self.V], discounted)

    @cached_property
    def A(self) -> Mapping[tuple[State, Action], Any]:
        """The advantage A(s,a) = q(s,a) minus the state value."""
        return _LazyMap(list(self.Q), lambda pair: self.Q[pair] - self.baseline[pair[0]])

    @cached_property
    def weight(self) -> Mapping[State, Any]:
        """The objective's state weight w(s) in the policy gradient theorem: eta, or mu."""
        return self.eta if self.objective is Objective.START_STATE else self.mu

    @cached_property
    def J(self) -> Any:
        """The objective."""
        self.structure.require(self.objective)
        if self.objective is Objective.START_STATE:
            return self._sum(p * self.V[s] for s, p in self.mu0.items())
        if self.objective is Objective.AVERAGE_REWARD:
            return self.rbar
        return self._sum(self.mu[s] * self.V[s] for s in self._recurrent)

    # -- derivatives -------------------------------------------------------------------------------------

    @cached_property
    def gradient(self) -> Mapping[sp.Symbol, Any]:
        """grad J, by differentiation; needs a field whose elements know their derivatives."""
        return self._complete(self.field.gradient(self.J))

    @cached_property
    def theorem_gradient(self) -> Mapping[sp.Symbol, Any]:
        """sum_s w(s) sum_a grad pi(a|s) q(s,a) (Sutton et al. 2000), for the objective's w and q."""
        value = self.field.value
        total: dict[sp.Symbol, Any] = {}
        for s in self.weighted:
            w = value(self.weight[s])
            for a, p in self.pi[s].items():
                for theta, dp in self.field.gradient(p).items():
                    term = w * dp * value(self.Q[s, a])
                    total[theta] = total[theta] + term if theta in total else term
        return self._complete(total)

    @cached_property
    def stationary_shift(self) -> Mapping[sp.Symbol, Any]:
        """sum_s grad mu(s) V(s): what the theorem's sum lacks for the stationary-value objective."""
        total: dict[sp.Symbol, Any] = {}
        for s in self._recurrent:
            for theta, dmu in self.field.gradient(self.mu[s]).items():
                term = dmu * self.field.value(self.V[s])
                total[theta] = total[theta] + term if theta in total else term
        return self._complete(total)

    @cached_property
    def fisher(self) -> Sequence[Mapping[int, Any]]:
        """F = sum_s w(s) sum_a pi(a|s) grad log pi(a|s) grad log pi(a|s)^T, sparse rows (k, k)."""
        value = self.field.value
        index = {theta: i for i, theta in enumerate(self.policy.params)}
        rows: list[Row] = [{} for _ in index]
        for s in self.weighted:
            for p in self.pi[s].values():
                gradient = self.field.gradient(p)
                scale = value(self.weight[s]) / value(p) if gradient else None
                for theta, dp in gradient.items():
                    row = rows[index[theta]]
                    for other, dq in gradient.items():
                        j, term = index[other], scale * dp * dq
                        row[j] = row[j] + term if j in row else term
        return rows

    @property
    def weighted(self) -> tuple[State, ...]:
        """The states over which the theorem sums."""
        if self.objective is Objective.START_STATE:
            return tuple(s for s in self.live if s in self.structure.reachable)
        return self._recurrent

    # -- helpers -----------------------------------------------------------------------------------------

    def _sum(self, terms: Any) -> Any:
        total = None
        for term in terms:
            total = term if total is None else total + term
        return self.field.zero if total is None else total

    def _identity_minus(self, index: Mapping[State, int], s: State, scale: Any) -> Row:
        """Row s of I - scale P_pi, restricted to the indexed states."""
        row: Row = {index[s]: self.field.one}
        for t, p in self.P_pi[s].items():
            if t in index:
                j = index[t]
                row[j] = row[j] - scale * p if j in row else -(scale * p)
        return row

    def _on_live(self, values: Sequence[Any], name: str) -> Mapping[State, Any]:
        index = {s: i for i, s in enumerate(self.live)}
        zero = self.mdp.terminal | self.structure.rewardless if name == "V" else frozenset()

        def look_up(s: State) -> Any:
            if s in index:
                return values[index[s]]
            if s in zero:
                return self.field.zero
            raise UndefinedQuantityError(
                f"gamma = 1 and the run from {s!r} need not end, so {name}({s}) is infinite or undefined. "
                "Set gamma < 1 or mark an end as terminal",
                where=name,
            )

        defined = [s for s in self.mdp.states if s in index or s in zero]
        return _LazyMap(defined, look_up)

    def _complete(self, sparse: Mapping[sp.Symbol, Any]) -> Mapping[sp.Symbol, Any]:
        """Every parameter in order; directions of a dual field are kept as they are."""
        zero = self.field.value(self.field.zero)
        return {theta: sparse.get(theta, zero) for theta in self.field.parameters}

    def _require_not(self, objective: Objective, name: str, instead: str) -> None:
        if self.objective is objective:
            raise UndefinedQuantityError(
                f"{name} is not defined for the {objective} objective; it uses {instead}. Ask for {instead}, or solve "
                "with another objective",
                where=name,
            )


class _LazyMap(Mapping[Any, Any]):
    """A mapping whose values are computed once, when they are asked for."""

    def __init__(self, keys: Sequence[Any], compute: Any) -> None:
        self._keys = dict.fromkeys(keys)
        self._compute = compute
        self._cache: dict[Any, Any] = {}

    def __getitem__(self, key: Any) -> Any:
        if key not in self._cache:
            self._cache[key] = self._compute(key)
        return self._cache[key]

    def __iter__(self) -> Any:
        return iter(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

r"""One problem as arrays: everything that batches, targets and estimators of an audit look up.

States are numbered in the order of ``mdp.nonterminal`` and S stands for every terminal state.  Actions are numbered
within their state, pairs (s, a) in the order of ``mdp.pairs``; N is the pair, and O the outcome, of a step that was
not taken: tables have one more row for it, so that padding is looked up like everything else.

What a rollout of T steps estimates, the right null hypothesis of an audit, is one of these.

``truncated``
    grad J_T, the gradient of :math:`E[\sum_{t<T}\gamma^t r_t]`: the time limit is part of the problem.
``bootstrap``
    The same with V(s_T) paid at the cut and held fixed: :math:`\sum_{t<T}\gamma^t E[z_t Q(s_t, a_t)]`.  It is what an
    estimator with the exact critic has as its mean, and what the first T steps contribute to grad J.
``objective``
    grad J itself.

The three agree where every episode ends within T steps, and for T to infinity.  For the average reward, rollouts
start in the stationary distribution, h is paid at the cut, and the mean over time steps estimates grad rbar for every
T: there, ``bootstrap`` and ``objective`` agree.  All are computed by differentiating a recursion or a solve, never by
the policy gradient theorem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from pgsym.algebra import DualField, FloatField
from pgsym.auditing.behaviour import Behaviour, mixture
from pgsym.auditing.penalty import Penalty
from pgsym.errors import SamplingError
from pgsym.exact.float_chain import FloatChain
from pgsym.exact.quantities import Quantities
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure
from pgsym.sampling.tables import Tables, build_tables

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ProblemArrays:
    """An MDP under a policy at theta, the policy that collects the data, and the critic.

    >>> from pgsym.model import MDP, sigmoid
    >>> rows = [("s", "go", "end", 1, 1), ("s", "no", "end", 1, 0)]
    >>> mdp = MDP.from_transitions(rows, start="s", terminal=["end"])
    >>> arrays = build_arrays(Problem(mdp, sigmoid(mdp, {"s": "t"})))
    >>> arrays.V.tolist(), arrays.Q.tolist(), arrays.scores.tolist()
    ([0.5, 0.0], [1.0, 0.0, 0.0], [[0.5], [-0.5], [0.0]])
    """

    mdp: MDP
    policy: Policy
    objective: Objective
    theta: dict[sp.Symbol, sp.Expr]
    tables: Tables
    """Of the target policy."""
    behaviour: Floats
    """[C, N] b(a|s), the probabilities with which actions are drawn, of each of C policies."""
    shares: Floats
    """[C] the probability that it is this one that makes an episode."""
    start: Floats
    """[S+1] where rollouts start: mu0, or the stationary distribution for the long-run objectives."""
    gamma: float
    """Discount of the returns: 1 for the average reward."""
    centre: float
    """Subtracted from every reward in a return: rbar for the average reward, else 0."""
    scale: float
    """J is this multiple of what returns measure: 1/(1 - gamma) for the stationary value, else 1."""
    critic: Floats | None
    """[S+1] the critic that the batch shows; None: the exact V (or h)."""
    penalty: Penalty | None = None
    """What the objective has beside the returns."""

    @property
    def S(self) -> int:
        return self.tables.S

    @property
    def N(self) -> int:
        return self.tables.N

    @property
    def O(self) -> int:  # noqa: E743
        """Outcomes are told apart by which policy made them."""
        return len(self.shares) * self.tables.O

    @property
    def k(self) -> int:
        return self.tables.k

    @property
    def unseen(self) -> list[tuple[State, Action]]:
        """What the target policy does and one that collects never does, as with top-k sampling."""
        never = (self.behaviour == 0).any(0) & (self.tables.pi > 0)
        return [self.mdp.pairs[int(k)] for k in np.flatnonzero(never)]

    @property
    def on_policy(self) -> bool:
        """Whether the data come from the target policy itself."""
        return len(self.shares) == 1 and bool(np.array_equal(self.behaviour[0], self.tables.pi))

    # -- tables of `Tables`, [O+1] or [N+1], with a row for steps not taken ----------------------------------

    def _each(self, table: Any, last: Any) -> Any:
        """[O+1] a table of outcomes, for each policy that collects."""
        return np.append(np.tile(table, len(self.shares)), last)

    @cached_property
    def outcome_pair(self) -> Ints:
        return np.asarray(self._each(self.tables.outcome_pair, self.N), np.int64)

    @cached_property
    def outcome_state(self) -> Ints:
        return np.asarray(self._each(self.tables.outcome_state, self.S), np.int64)

    @cached_property
    def outcome_next(self) -> Ints:
        return np.asarray(self._each(self.tables.outcome_next, self.S), np.int64)

    @cached_property
    def outcome_reward(self) -> Floats:
        return np.asarray(self._each(self.tables.outcome_reward, 0.0))

    @cached_property
    def outcome_b(self) -> Floats:
        """[O+1] b(a|s) of the policy that made the outcome."""
        return np.append(self.behaviour[:, self.tables.outcome_pair], 1.0)

    @cached_property
    def outcome_p(self) -> Floats:
        """[O] P of each outcome under the collecting policy, given its state."""
        return self.outcome_b[:-1] * np.tile(self.tables.outcome_p, len(self.shares))

    # -- where an episode is: the state, and which policy makes it; C S + 1 places, the last one for every end --------

    def place(self, policy: Any, state: Any) -> Any:
        """Its number."""
        return np.where(state == self.S, len(self.shares) * self.S, policy * self.S + state)

    @cached_property
    def outcome_place(self) -> Ints:
        made = np.append(np.repeat(np.arange(len(self.shares)), self.tables.O), 0)
        return np.asarray(self.place(made, self.outcome_state))

    @cached_property
    def outcome_next_place(self) -> Ints:
        made = np.append(np.repeat(np.arange(len(self.shares)), self.tables.O), 0)
        return np.asarray(self.place(made, self.outcome_next))

    @cached_property
    def start_place(self) -> Floats:
        """[C S + 1]"""
        return np.append(np.outer(self.shares, self.start[:-1]), self.start[-1])

    @cached_property
    def first_pair(self) -> Ints:
        """[S+1] the number of the first pair of each state; N for S."""
        return np.searchsorted(self.tables.pair_state, np.arange(self.S + 1)).astype(np.int64)

    @cached_property
    def pair_action(self) -> Ints:
        """[N+1] the action's number within its state."""
        return np.append(np.arange(self.N) - self.first_pair[self.tables.pair_state], 0)

    @cached_property
    def actions(self) -> int:
        """The largest number of actions of a state."""
        return int(self.pair_action.max()) + 1

    @cached_property
    def pi(self) -> Floats:
        return np.append(self.tables.pi, 1.0)

    @property
    def log_reference(self) -> Floats | None:
        """[N+1] log ref(a|s), where the objective has such a penalty."""
        reference = None if self.penalty is None else self.penalty.reference
        return None if reference is None else np.append(np.log(reference), 0.0)

    @cached_property
    def scores(self) -> Floats:
        """[N+1, k] grad log pi(a|s)."""
        return np.vstack([self.tables.scores(), np.zeros((1, self.k))])

    @cached_property
    def targets(self) -> dict[tuple[int, str], Floats]:
        """What `target_gradient` has found."""
        return {}

    # -- exact values, in floats -----------------------------------------------------------------------------

    @cached_property
    def chain(self) -> FloatChain:
        return FloatChain(Problem(self.mdp, self.policy, theta=self.theta))

    @cached_property
    def charge(self) -> Floats:
        """[N+1] what the penalty adds to the reward of each pair at theta: beta (log ref - log pi) - alpha log pi."""
        assert self.penalty is not None
        reference, beta, alpha = self.penalty
        with np.errstate(divide="ignore", invalid="ignore"):
            kl = 0.0 if reference is None else beta * np.log(reference)
            found = kl - (alpha + beta) * np.log(self.tables.pi)
        if not np.isfinite(found).all():
            raise SamplingError(
                "a probability is 0, of the policy or of what it is compared with; its logarithm is not finite. "
                "Give kl_to a positive probability for every action, and the policy too",
                where="kl_to",
            )
        return np.append(found, 0.0)

    @cached_property
    def penalised(self) -> FloatChain:
        """The chain whose rewards have the penalty at theta: as grad pi sums to 0, so does what grad log pi adds."""
        found = copy(self.chain)
        found.r = found.r + self.charge[:-1]
        return found

    @cached_property
    def entropy_slopes(self) -> Floats:
        """[S+1, k] the gradient of the entropy of pi(.|s)."""
        pi, out = self.tables.pi, np.zeros((self.S + 1, self.k))
        weight = -pi * np.log(np.where(pi > 0, pi, 1.0))
        np.add.at(out, self.tables.pair_state, weight[:, None] * self.scores[:-1])
        return out

    @cached_property
    def _dual(self) -> tuple[DualField, Quantities]:
        dual = DualField(FloatField(self.theta), self.policy.params)
        return dual, Quantities(self.mdp, self.policy, self.objective, dual)

    @cached_property
    def V(self) -> Floats:
        """[S+1] V, or h for the average reward; 0 in S and in states that no rollout visits."""
        dual, q = self._dual
        found = q.baseline
        return np.array([float(dual.value(found[s])) if s in found else 0.0 for s in self.tables.states] + [0.0])

    @cached_property
    def grad_V(self) -> Floats:
        """[S+1, k] the derivative of `V`."""
        dual, q = self._dual
        column = {p: i for i, p in enumerate(self.policy.params)}
        out = np.zeros((self.S + 1, self.k))
        for i, s in enumerate(self.tables.states):
            if s in q.baseline:
                for p, e in dual.gradient(q.baseline[s]).items():
                    out[i, column[p]] = float(e)
        return out

    @cached_property
    def grad_J(self) -> Floats:
        """[k] by differentiating J."""
        dual, q = self._dual
        slopes = dual.gradient(q.J)
        return np.array([float(slopes.get(p, 0.0)) for p in self.policy.params])

    @cached_property
    def Q(self) -> Floats:
        """[N+1] E[r - centre + gamma V(s')]."""
        return np.append(self._expected(self.tables.outcome_reward - self.centre, self.V), 0.0)

    @cached_property
    def r(self) -> Floats:
        """[N+1] E[r | s, a]."""
        return np.append(self._expected(self.tables.outcome_reward, np.zeros(self.S + 1)), 0.0)

    def _expected(self, reward: Floats, v: Floats) -> Floats:
        gain = self.tables.outcome_p * (reward + self.gamma * v[self.tables.outcome_next])
        return np.asarray(np.bincount(self.tables.outcome_pair, gain, self.N), np.float64)

    @property
    def values(self) -> Floats:
        """[S+1] the critic."""
        return self.V if self.critic is None else self.critic


def build_arrays(
    problem: Problem,
    *,
    behaviour: Behaviour | None = None,
    critic: Mapping[Any, Any] | Sequence[Any] | None = None,
    kl_to: Behaviour | None = None,
    beta: Any = 0,
    entropy: Any = 0,
) -> ProblemArrays:
    """The arrays of a problem at its theta; `behaviour` is what collects the data (see `collecting`).

    `kl_to`, written like `behaviour`, `beta` and `entropy` are a penalty of the objective.

    `critic` has the value of each non-terminal state, by name or in order, in place of the exact one.

    HypothesisError where the objective is not defined for this model and policy.
    SamplingError where the model has no start, or a symbol has no value.
    """
    mdp, policy, objective, point = problem.mdp, problem.policy, problem.objective, problem.point
    objective.require_rollouts()
    Structure(mdp, policy).require(objective)
    tables = build_tables(problem)
    shares, acting = np.ones(1), tables.pi[None]
    if behaviour is not None:
        shares, acting = mixture(problem, behaviour)
    given = None if critic is None else tables.by_state(critic, where="critic")
    at_the_end = critic if isinstance(critic, Mapping) else {}
    for s in tables.terminal:
        if at_the_end.get(s):
            raise SamplingError(
                f"found {at_the_end[s]} for the terminal state {s!r}; nothing is earned there, and what a batch shows "
                "there is no code's to use. Leave it out",
                where="critic",
            )
    start, gamma, centre, scale = tables.start, tables.gamma, 0.0, 1.0
    if objective is not Objective.START_STATE:
        solved = Quantities(mdp, policy, Objective.AVERAGE_REWARD, FloatField(point))
        start = np.array([float(solved.mu[s]) for s in tables.states] + [0.0])
        gamma, centre = 1.0, float(solved.rbar)
        scale = 1 / (1 - tables.gamma) if objective is Objective.STATIONARY_VALUE else 1.0
        objective = Objective.AVERAGE_REWARD
        if behaviour is not None:
            raise SamplingError(
                "off-policy data have another stationary distribution; the long-run objectives need data of the target "
                "policy. Leave behaviour out",
                where="behaviour",
            )
    elif not start.sum():
        raise SamplingError("the model has no start distribution; rollouts need one. Give start=", where="mdp")
    return ProblemArrays(
        mdp, policy, objective, point, tables, acting, shares, start, gamma, centre, scale, given,
        Penalty.of(problem, kl_to, beta, entropy),
    )  # fmt: skip

r"""From the text of an estimator to the arrays that the kernel follows on a rollout of T steps.

.. math::  g = \sum_t w_t\, z_t\, (U_t - b_t), \qquad z_t = \nabla\log\pi(a_t|s_t)

`find_form` recognises this form in a text (`pgsym.estimators.estimator`); the weights of the scores in any other are
found by stages (`pgsym.sampling.sums`).  For the start-state objective T is the horizon.

For the objectives that forget their start a rollout is one long run, unless the estimator says after how many steps it
is cut off: burn-in, L averaged steps, and a window behind them.  That is for the texts
sum_t z_t sum_{u>=t} beta^(u-t) r_u, less a baseline: scores are averaged over L steps, and each meets the centred
rewards of its window.  The power gamma stands for 1, since J does not discount: what is to come counts by its
difference from the average, h.  The bias that remains is computed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pgsym.claims.language import tree as t
from pgsym.claims.trajectories.stages import Stage, StageMove
from pgsym.errors import SamplingError
from pgsym.estimators.estimator import Estimator
from pgsym.estimators.named import UNDISCOUNTED
from pgsym.expression.complaint import wrong_horizon
from pgsym.limits import SAMPLED_MOVES
from pgsym.model.objective import Objective
from pgsym.model.structure import Structure
from pgsym.sampling import dynamics
from pgsym.sampling.factors import StepFunctions
from pgsym.sampling.score_terms import GAMMA, SCORE, Form, ScoreTerm, find_form, refusal, score_terms
from pgsym.sampling.sums import Paths, Plan, Staged, StageStep, powers, scale_of
from pgsym.sampling.tables import Floats, Tables


def make_plan(estimator: Estimator, tables: Tables, objective: Objective, horizon: int | None = None) -> Plan:
    """The arrays that the kernel follows.

    The horizon is by default the estimator's own, else so long that little is left out.

    >>> from pgsym.estimators.estimator import find_estimator
    >>> from pgsym.model import MDP, Problem
    >>> from pgsym.sampling.tables import build_tables
    >>> mdp = MDP.from_transitions([("s", "go", "t", 1, 4), ("t", "go", "end", 1, 1)], start="s", terminal=["end"])
    >>> critic = {"v": {"s": 3, "t": 2}}
    >>> plan = make_plan(find_estimator("actor-critic", critic), build_tables(Problem(mdp)), Objective.START_STATE)
    >>> plan.T, plan.gain.tolist()
    (2, [3.0, -1.0])
    """
    if estimator.symbols:
        names = ", ".join(sorted(symbol.name for symbol in estimator.symbols))
        raise refusal(estimator, f"{names} has no value; sampling needs numbers. Replace it with subs")
    if horizon is not None and (wrong := wrong_horizon(horizon)):
        raise SamplingError(wrong, where="horizon")
    if estimator.horizon is not None and horizon not in (None, estimator.horizon):
        raise refusal(
            estimator,
            f"the horizon is {horizon}; the estimator is cut off after {estimator.horizon} steps. Give one of them",
        )
    terms = score_terms(estimator, tables.problem.policy.params)
    drawn = [term for term in terms if term.time]
    if not drawn:
        raise refusal(estimator, "found no part of a run; a sampler draws what varies. Add a score")
    form = find_form(drawn)
    if is_long_run(estimator, objective) and len(drawn) < len(terms):
        raise refusal(estimator, "found a term without a run; one long run adds up scores. Cut runs off (horizon)")
    if is_long_run(estimator, objective):
        return plan_long_run(estimator, form, tables, objective, horizon)
    if horizon is not None:
        estimator = replace(estimator, horizon=horizon)
    T = estimator.horizon or dynamics.default_horizon(tables)
    start = None
    if estimator.stationary:
        Structure(tables.problem.mdp, tables.problem.policy).require(Objective.AVERAGE_REWARD)
        start = dynamics.stationary(tables)
    functions = StepFunctions(tables, objective, estimator)
    found = None if form is None else _of_form(form, functions, tables, objective, T, estimator.bootstrap)
    if found is None:
        found = _of_stages(drawn, functions, tables, objective, T, estimator.bootstrap)
    return replace(found, start=start, offset=_offset(terms, functions))


def is_long_run(estimator: Estimator, objective: Objective) -> bool:
    """Whether it is drawn from one long run with burn-in and centred rewards, which has no exact law.

    >>> from pgsym.estimators.estimator import find_estimator
    >>> one = find_estimator("reward-to-go")
    >>> is_long_run(one, Objective.AVERAGE_REWARD), is_long_run(one, Objective.START_STATE)
    (True, False)
    """
    return objective.definition.long_run and estimator.horizon is None


def _return_weight(tables: Tables, objective: Objective, T: int) -> Floats:
    """v: of a long-run objective the average, from where the run begins."""
    if objective is Objective.START_STATE:
        return powers(tables.gamma, T)
    return np.full(T, scale_of(tables, objective) / T)


def _of_form(
    form: Form, functions: StepFunctions, tables: Tables, objective: Objective, T: int, bootstrap: bool
) -> Plan | None:
    """The arrays of a form; None where its last step is unlike the others, or J is not its return."""
    if form.whole and objective is not Objective.START_STATE:
        return None
    steps = [functions.total(products) for products in (form.here, form.gains)]
    if not bootstrap:
        last = [functions.total(products, cut=True) for products in (form.here, form.gains)]
        if not all(map(np.array_equal, steps, last)):
            return None
    here, gain = steps
    weight = powers(functions.number(form.start), T)
    returns = _return_weight(tables, objective, T)
    if not form.gains:
        return Plan(weight, returns, 0.0, np.zeros(tables.O), gain=here)
    scale = functions.number(form.gains[0].constants) if form.reward_alone else 1.0
    if form.reward_alone and scale:
        k = 1.0 if form.whole else functions.number(form.ahead)
        return Plan(scale * weight, returns, k, -here / scale, window=form.window, whole_return=form.whole)
    return Plan(weight, returns, functions.number(form.ahead), -here, gain=gain, window=form.window)


def _offset(terms: list[ScoreTerm], functions: StepFunctions) -> Floats | None:
    """What terms that no run is in add up to."""
    found = [
        functions.number(f.node for f in term.term.constants) * functions.vector(term.vector or SCORE)[0]
        for term in terms
        if not term.time
    ]
    return sum(found) if found else None


def _of_stages(
    terms: list[ScoreTerm], functions: StepFunctions, tables: Tables, objective: Objective, T: int, bootstrap: bool
) -> Plan:
    """Any other estimator."""
    staged = _Numbering(functions).plan(terms, bootstrap)
    return Plan(np.ones(T), _return_weight(tables, objective, T), 1.0, np.zeros(tables.O), staged=staged)


@dataclass
class _Numbering:
    """The stages of an estimator's terms, numbered, with what stands at each move between them.

    >>> from pgsym.estimators.estimator import find_estimator
    >>> from pgsym.model import Problem
    >>> from pgsym.sampling.tables import build_tables
    >>> estimator = find_estimator("sum[t] sum[u<t] r_u * grad log pi(a_t|s_t) * r_t")
    >>> functions = StepFunctions(build_tables(Problem.of("two-state").at()), Objective.START_STATE, estimator)
    >>> paths = _Numbering(functions).plan(score_terms(estimator), True).paths
    >>> paths.before, paths.after, len(paths.earlier), len(paths.scoring)
    (2, 0, 3, 1)
    """

    functions: StepFunctions
    products: dict[Hashable, tuple[int, tuple[t.Node, ...]]] = field(default_factory=dict)
    powers: dict[tuple[t.Node, ...], int] = field(default_factory=dict)
    nodes: dict[Hashable, int] = field(default_factory=dict)
    before: dict[Hashable, int] = field(default_factory=dict)
    after: dict[Hashable, int] = field(default_factory=dict)
    vectors: dict[t.Node | None, int] = field(default_factory=lambda: {None: 0})

    def plan(self, terms: Sequence[ScoreTerm], bootstrap: bool) -> Staged:
        found: dict[str, list[StageStep]] = {"earlier": [], "scoring": [], "later": []}
        first, known = [], set[int]()
        for k, term in enumerate(terms):
            stages = term.stages
            ordered = stages.backwards()[::-1]
            first.append(self.before.setdefault((k, stages.first), len(self.before)))
            for stage in ordered:
                scored = term.time in stage.happened
                source = self._number(k, term, stage)
                if scored and source in known:
                    continue  # another term has the same future
                if scored:
                    known.add(source)
                for move in stages.moves(stage):
                    kind = "later" if scored else "scoring" if term.time in move.to.happened else "earlier"
                    found[kind].append(self._step(k, term, source, move))
            if (count := sum(map(len, found.values()))) > SAMPLED_MOVES:
                raise SamplingError(
                    f"found more than {count} moves between the stages of its terms; a sampler follows at most "
                    f"{SAMPLED_MOVES}. Use smaller windows or fewer terms",
                    where="estimator",
                )
        end = len(self.after)
        ends = (False,) if bootstrap else (False, True)
        others = [self.functions.vector(node, cut) for cut in ends for node in self.vectors if node is not None]
        paths = Paths(
            len(self.before),
            end,
            tuple(first),
            tuple(found["earlier"]),
            *(tuple(m if m.target >= 0 else m._replace(target=end) for m in found[k]) for k in ("scoring", "later")),
        )
        products = [nodes for _, nodes in self.products.values()]
        return Staged(
            paths,
            np.stack([self.functions.by_outcome(nodes) for nodes in products]),
            None if bootstrap else np.stack([self.functions.by_outcome(nodes, cut=True) for nodes in products]),
            np.array([self.functions.number(nodes) for nodes in self.powers]),
            np.array([self.functions.number(f.node for f in term.term.constants) for term in terms]),
            np.stack(others) if others else None,
        )

    def _number(self, k: int, term: ScoreTerm, stage: Stage) -> int:
        """Of a stage; -1 for the end."""
        if stage.happened == term.stages.end:
            return -1
        if term.time not in stage.happened:
            return self.before.setdefault((k, stage), len(self.before))
        future = term.stages.future(stage, lambda node: self.nodes.setdefault(node, len(self.nodes)))
        return self.after.setdefault(future, len(self.after))

    def _step(self, k: int, term: ScoreTerm, source: int, move: StageMove) -> StageStep:
        nodes = tuple(f.node for f in (*move.factors, *move.running))
        function, _ = self.products.setdefault(frozenset(Counter(nodes).items()), (len(self.products), nodes))
        power = self.powers.setdefault(tuple(p.base for p in move.powers), len(self.powers))
        vector = self.vectors.setdefault(term.vector, len(self.vectors))
        return StageStep(source, self._number(k, term, move.to), function, power, vector)


AVERAGED = 10
"""A long run averages over this many times its burn-in and window."""
LEAST_AVERAGED = 100
"""... and over at least this many steps."""


def plan_long_run(
    estimator: Estimator, form: Form | None, tables: Tables, objective: Objective, horizon: int | None
) -> Plan:
    """A run of burn-in, averaged steps and window, `horizon` steps in all; the bias that is left is computed.

    SamplingError where the text has another form, the run is too short, or it does not forget its start.
    """
    if estimator.stationary:
        raise refusal(estimator, "a long run forgets where it starts. Leave stationary out, or give horizon")
    mu = dynamics.stationary(tables)
    rbar = float(mu @ dynamics.mean_reward(tables))
    h = dynamics.differential_values(tables, rbar)
    discount, baseline = _read(estimator, form, tables, objective, h)
    window = dynamics.reward_memory(tables, rbar) if discount == 1 else _trace_window(discount)
    if window is None:
        raise SamplingError(
            f"expected rewards still depend on the start after {dynamics.MAX_MIXING} steps (a periodic chain, or one "
            "that hardly mixes); a window must forget it. Use eligibility-trace, whose bias is of order 1 - beta",
            where="average-reward",
        )
    forgotten = dynamics.burn_in(tables, mu)
    first = window if forgotten is None else forgotten
    length = max(LEAST_AVERAGED, AVERAGED * (first + window))
    if horizon is not None:
        length = horizon - first - window
        if length < 1:
            raise SamplingError(
                f"found {horizon}; a long run needs {first} steps of burn-in, {window} of window and at least 1 to "
                f"average. Give horizon >= {first + window + 1}",
                where="horizon",
            )
    scale = scale_of(tables, objective)
    weight = np.zeros(first + length + window)
    weight[first : first + length] = scale / length
    seen = dynamics.mean_occupancy(tables, first, length)
    future = dynamics.truncated_values(tables, window - 1, rbar, discount)
    expected = _gradient(tables, seen, dynamics.action_values(tables, rbar, discount, future))
    truth = _gradient(tables, mu, dynamics.action_values(tables, rbar, 1.0, h))
    return Plan(
        score_weight=weight,
        return_weight=weight,
        discount=discount,
        baseline=baseline,
        centre=rbar,
        window=window,
        burn_in=first,
        bias=scale * (expected - truth),
        bias_of_J=scale * (float(seen @ dynamics.mean_reward(tables)) - rbar),
    )


def _read(
    estimator: Estimator, form: Form | None, tables: Tables, objective: Objective, h: Floats
) -> tuple[float, Floats]:
    """beta, 1 where it is gamma, and the baseline [O]."""
    if form is None or form.whole or not form.reward_alone or form.window is not None or set(form.start) - {GAMMA}:
        raise refusal(
            estimator,
            f"the objective is {objective}; a long run averages over rewards to come. Use 'reward-to-go', 'advantage' "
            "or 'eligibility-trace', or cut runs off after horizon steps",
        )
    # It averages over steps, whether the text says 1/T or not: with T = 1 both are the same.
    functions = StepFunctions(tables, objective, replace(estimator, horizon=1))
    if functions.number(form.gains[0].constants) != 1:
        raise refusal(
            estimator,
            f"the objective is {objective}, and rewards to come are multiplied by "
            f"{' * '.join(map(str, form.gains[0].constants))}; a long run averages over steps. Leave it out",
        )
    discount = 1.0 if form.ahead == (GAMMA,) else functions.number(form.ahead)
    if form.ahead != (GAMMA,) and not 0 <= discount < 1:
        shown = " * ".join(map(str, form.ahead)) or "the power of what is to come"
        raise SamplingError(f"found {discount:g}; must lie in [0, 1). Use 'reward-to-go' for 1", where=shown)
    if estimator.name.removesuffix(UNDISCOUNTED) == "advantage" and estimator.let == {"b(s)": "V(s)"}:
        return discount, h[tables.outcome_state]
    return discount, -functions.total(form.here)


def _trace_window(beta: float) -> int:
    """Steps after which beta^j is below `dynamics.TRUNCATION`."""
    return 1 if beta == 0 else max(1, math.ceil(math.log(dynamics.TRUNCATION) / math.log(beta)))


def _gradient(tables: Tables, weight: Floats, q: Floats) -> Floats:
    """sum_s weight(s) sum_a grad pi(a|s) q(s,a)."""
    return dynamics.score_sum(tables, weight[tables.pair_state] * tables.pi * q)

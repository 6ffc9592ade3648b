"""`audit`: is the mean of somebody's estimator the true gradient, and if not, which mistake does it make?"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pgsym.auditing.batch import BATCH_SIZE, Estimator, Rollouts
from pgsym.auditing.behaviour import Behaviour
from pgsym.auditing.controls import own_baselines
from pgsym.auditing.diagnose import diagnose
from pgsym.auditing.enumeration import all_episodes, every_batch
from pgsym.auditing.problem_arrays import Floats, ProblemArrays, build_arrays
from pgsym.auditing.recipes import Recipe
from pgsym.auditing.result import AuditResult, BiasVerdict
from pgsym.auditing.sequential import MAX_PARAMETERS
from pgsym.auditing.targets import AuditTarget, penalised_gradient, target_gradient
from pgsym.auditing.testing import AuditPlan, enumerated, sampled
from pgsym.claims.value import exact_value
from pgsym.display.progress import Progress
from pgsym.errors import SamplingError
from pgsym.estimators.estimator import Estimator as GradientEstimator
from pgsym.estimators.groups import named_loss
from pgsym.estimators.token_losses import TokenLoss
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, ProblemLike
from pgsym.sampling import dynamics

ALPHA = 1e-3
POWER = 0.9
DELTA = 0.1
MAX_SAMPLES = 1_000_000
LONG_RUN_HORIZON = 20
EXACT_BATCH_SIZE = 2


def audit(
    problem: ProblemLike,
    estimator: Estimator | str,
    *,
    delta: float | None = None,
    alpha: float = ALPHA,
    power: float = POWER,
    layout: str = "episodes",
    max_samples: int = MAX_SAMPLES,
    seed: int = 0,
    horizon: int | None = None,
    batch_size: int | None = None,
    target: AuditTarget | str | None = None,
    framework: str = "numpy",
    truth: str | None = None,
    behaviour: Behaviour | None = None,
    kl_to: Behaviour | None = None,
    beta: Any = 0,
    entropy: Any = 0,
    critic: Mapping[Any, Any] | Sequence[Any] | None = None,
    mode: str = "sample",
    up_to_scale: bool = False,
    poison: bool = True,
    group_size: int = 1,
    lam: float | None = None,
    explain: bool = True,
    baselines: Sequence[GradientEstimator | str] = (),
    max_seconds: float | None = None,
    progress: bool | Progress | None = None,
) -> AuditResult:
    """Test whether the mean of an estimator is the true gradient.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.
    estimator
        ``estimator(theta, batch) -> gradient``, of shape [k] or [batch.episodes, k]; see `pgsym.auditing.batch.Batch`.
        Or a name of `pgsym.estimators.groups.GROUP_ESTIMATORS`: grpo, rloo.
    delta
        Bias that is tolerated, relative to the norm of the true gradient: 0.1 by default, in exact mode 0.
    alpha
        Probability that a verdict is wrong: that a correct estimator is called biased, say.
    power
        At which `AuditResult.detectable` is stated.
    layout
        ``episodes`` [B, T], ``vector`` [B/2, 2T] with automatic reset, or ``flat`` [n].
    max_samples
        Episodes after which the answer is ``undecided``.
    seed
        Of the episodes; same seed, same answer.
    horizon
        T, the time limit; by default so long that little is cut off.
    batch_size
        Episodes of a batch: 32 by default, in exact mode 2 or one group.
    target
        ``truncated`` (grad J_T, the default), ``bootstrap`` (what an estimator with the exact critic at the time limit
        estimates), or ``objective`` (grad J; the default for the long-run objectives).
    framework
        ``numpy``, ``jax`` or ``torch``: what theta and the batch consist of.
    truth
        A target of your own, as an expression of the claim language with a coordinate for each parameter:
        ``grad J + 1/10 * grad sum[s] eta(s) * c(s)``.  The time limit must then be so late that it does not matter.
    behaviour
        What collects the data: other parameters of the policy, or a table {state: {action: probability}}; the policy
        itself by default.  Actions that it never takes are listed with the result.
    kl_to, beta, entropy
        The target is that of J_T - beta KL(pi || kl_to) + entropy H(pi), where divergence and entropy are summed over
        the states visited, discounted as rewards are.  `kl_to` is written as `behaviour` is; the batch has its
        ``reference_log_probs``.
    critic
        Values that the batch shows; the exact ones by default.
    mode
        ``sample``, or ``exact``: enumerate all batches.
    up_to_scale
        Judge the direction of the mean only.
    poison
        Fill padding, and a critic's value of terminal states, with numbers that show where code reads them; else 0.
    group_size
        Episodes of a group: they share their start state, which is a prompt in a `token_tree`.
    lam
        lambda of the estimator's advantages, for the diagnosis.
    explain
        Diagnose a biased estimator.
    baselines
        Unbiased estimators with whose exact variance it is compared, beside pgsym's own: names of
        `pgsym.estimators.estimator.ESTIMATORS`, or texts such as ``let b(s) = V(s); sum[t] ... * (G_t - b(s_t))``.
    max_seconds
        Of a sample: after this time no other look is begun, and the last one's answer is given.
    progress
        True: a bar; None: a bar on a terminal, after 2 seconds; or a function of (episodes, max_samples).  Ctrl-C after
        the first look gives the answer of the last look.

    Returns
    -------
    AuditResult
        Unbiased, biased or undecided, with the relative bias and its bound, and the mistake's name where it is known.

    Raises
    ------
    SamplingError
        An option out of range, a result of the wrong shape, a true gradient of 0.
    TooLargeError
        Exact mode has too many batches.

    See Also
    --------
    assert_unbiased : The same as one line in a test.
    moments : The exact law of an estimator that pgsym knows.

    References
    ----------
    Howard, Ramdas, McAuliffe & Sekhon, Time-uniform, nonparametric, nonasymptotic confidence sequences, 2021.

    Examples
    --------
    >>> from pgsym.model import MDP, Problem, sigmoid
    >>> mdp = MDP.from_transitions([("s", "go", "end", 1, 1), ("s", "no", "s", 1, 0)], start="s", terminal=["end"],
    ...     gamma="1/2")
    >>> problem = Problem(mdp, sigmoid(mdp, {"s": "t"}))
    >>> def reward_to_go(theta, batch):
    ...     discounts = batch.gamma ** batch.steps
    ...     returns = np.cumsum((discounts * batch.rewards * batch.mask)[:, ::-1], axis=1)[:, ::-1]
    ...     return ((returns * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes
    >>> print(audit(problem, reward_to_go, horizon=3, mode="exact").headline)
    unbiased estimator of grad J_T: relative bias 0, exactly (16 batches of 2 enumerated)
    >>> found = audit(problem, lambda theta, batch: -reward_to_go(theta, batch), horizon=3)
    >>> found.verdict.value, found.diagnosis.key
    ('biased', 'sign')
    """
    if mode not in ("sample", "exact"):
        raise SamplingError(f"found {mode!r}; must be sample or exact", where="mode")
    for name, rate in (("alpha", alpha), ("power", power)):
        if not 0 < rate < 1:
            raise SamplingError(f"found {rate}; a probability in (0, 1) is required", where=name)
    if (delta is not None and delta < 0) or (delta == 0 and mode == "sample"):
        raise SamplingError(f"found {delta}; a sample needs a positive tolerance. Give delta > 0", where="delta")
    if isinstance(estimator, str):
        given_loss = named_loss(estimator).loss
        estimator = given_loss if isinstance(given_loss, TokenLoss) else Recipe(**given_loss)
    problem = Problem.of(problem)
    arrays = build_arrays(problem, behaviour=behaviour, critic=critic, kl_to=kl_to, beta=beta, entropy=entropy)
    if arrays.k > MAX_PARAMETERS:
        raise SamplingError(
            f"{arrays.k} parameters; a joint region is formed for at most {MAX_PARAMETERS}. Use a smaller model, or "
            "share parameters between states",
            where="policy",
        )
    aim = _target(arrays, target)
    T = _horizon(arrays, horizon)
    usual = BATCH_SIZE if mode == "sample" else EXACT_BATCH_SIZE if group_size == 1 else group_size
    B = batch_size if batch_size is not None else max(usual - usual % max(group_size, 1), group_size)
    rollouts = Rollouts(
        arrays, horizon=T, batch_size=B, layout=layout, framework=framework, poison=poison, group_size=group_size
    )
    own = truth or ""
    if arrays.penalty is not None:
        if truth is not None:
            raise SamplingError("found kl_to or entropy too; one target is possible. Leave one out", where="truth")
        exact, own = penalised_gradient(arrays, T, aim), arrays.penalty.name
    else:
        exact = target_gradient(arrays, T, aim) if truth is None else _own_truth(problem, truth)
    scale = float(np.linalg.norm(exact))
    if scale == 0:
        raise SamplingError(
            "the true gradient is 0; a bias relative to it has no meaning. Choose another theta", where="theta"
        )
    if up_to_scale and arrays.k < 2:
        raise SamplingError("one parameter has no direction but its sign; up_to_scale needs two", where="up_to_scale")
    if isinstance(estimator, TokenLoss) and estimator.in_groups and group_size == 1:
        raise SamplingError(
            "found a loss that compares the episodes of a group, and groups of one. Give group_size, such as 4",
            where="group_size",
        )
    began = time.perf_counter()
    plan = AuditPlan(
        rollouts, aim, exact, scale, 0.0 if delta is None else delta, alpha, power, max_samples, seed, up_to_scale,
        progress, own_baselines(rollouts, exact, baselines), max_seconds, own,
    )  # fmt: skip
    every = every_batch(rollouts, all_episodes(arrays, T)) if mode == "exact" else None
    if every is not None:
        found = enumerated(estimator, plan, every)
    else:
        found = sampled(estimator, replace(plan, delta=DELTA if delta is None else delta))
    if explain and not found.silent and found.verdict in (BiasVerdict.BIASED, BiasVerdict.BELOW_DELTA):
        named = diagnose(estimator, rollouts, aim, exact, found.bias, alpha=alpha, seed=seed, lam=lam, every=every)
        found = replace(found, diagnosis=named)
    return replace(found, seconds=time.perf_counter() - began, assumption=problem.assumption)


def _own_truth(problem: Problem, text: str) -> Floats:
    """[k] the value of an expression at theta."""
    found = exact_value(problem, text)
    by_parameter = {c.parameters: v for c, v in found.items() if not c.places}
    wanted = [(p,) for p in problem.policy.params]
    if set(by_parameter) != set(wanted) or len(found) != len(wanted):
        raise SamplingError(
            f"found {text}; a vector with a coordinate for each parameter is required, such as grad J. Change it",
            where="truth",
        )
    return np.array([float(by_parameter[key]) for key in wanted])


def _target(arrays: ProblemArrays, target: AuditTarget | str | None) -> AuditTarget:
    if target is None:
        return AuditTarget.TRUNCATED if arrays.objective is Objective.START_STATE else AuditTarget.OBJECTIVE
    return AuditTarget.parse(target)


def _horizon(arrays: ProblemArrays, horizon: int | None) -> int:
    if horizon is not None:
        return horizon
    return dynamics.default_horizon(arrays.tables) if arrays.objective is Objective.START_STATE else LONG_RUN_HORIZON

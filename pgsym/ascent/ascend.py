"""`ascend`: from one start, uphill by several methods, with the exact J along every path."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pgsym.ascent.optimiser import EXACT, NATURAL, Method, Optimiser, Step, find_methods
from pgsym.ascent.result import Ascent, Path
from pgsym.errors import AscentError, HypothesisError, PgsymError
from pgsym.exact.float_chain import FloatChain, Floats
from pgsym.exact.landscape import Landscape, LocalValues
from pgsym.exact.policy_iteration import best_policy
from pgsym.expression.complaint import wrong_horizon
from pgsym.expression.exact import to_float
from pgsym.limits import OPTIMUM_STATES
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, ProblemLike

Direction = Callable[[LocalValues, Floats, int], Floats]
"""(place, theta, number of the step) -> direction of ascent."""

SEEDS = 2**32
"""Seeds of paths, and the most steps of one: together they fill the sampler's 64-bit seed."""

INTERRUPTED = "interrupted"


def ascend(
    problem: ProblemLike,
    *,
    methods: str | Iterable[Any] | Mapping[str, Any] = ("exact", "natural"),
    steps: int = 100,
    step_size: float | Mapping[str, float] = 0.1,
    optimizer: Any = "sgd",
    batch: int = 32,
    seeds: int | Sequence[int] = 1,
    damping: float = 0.0,
    horizon: int | None = None,
    let: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Ascent:
    """Gradient ascent on J by several methods from the problem's theta.

    Every path records the exact J, so that paths differ by what their directions do, not by how J is measured.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`; every path starts at its theta.
    methods
        Names: ``exact`` (grad J), ``natural`` (F^-1 grad J), an estimator such as ``reward-to-go``, or one with
        ``-undiscounted`` behind it, which leaves out gamma^t; texts such as ``sum[t] grad log pi(a_t|s_t) * G_t``; or
        ``{label: any of them}``.
    steps
        Steps of every path.
    step_size
        Of the optimiser; one for all methods, or by label.
    optimizer
        ``sgd`` (theta + step_size * direction), or ``momentum``, ``adam``, ``rmsprop`` or any
        ``GradientTransformation`` of optax, which then has a step size of its own; one for all, or by label.
    batch
        Rollouts of each sampled direction.
    seeds
        How many runs each sampled method makes, or the seeds themselves.
    damping
        Natural gradient: (F + damping I)^-1 grad J; at 0, the pseudo-inverse where F is singular.
    horizon
        Steps of a rollout; by default the sampler's own choice at each theta, rounded up to a power of two.
    let
        What the estimators' own names stand for, as for `moments`; each gets those that it has.
    progress
        Called with (steps done, steps in all).

    Returns
    -------
    A path ends early where its theta gives no policy or no finite J any more; `Path.stopped` says why.

    Raises
    ------
    AscentError
        An unknown method or optimiser, or a number out of range.
    HypothesisError
        The objective is not defined for this model and policy.
    SamplingError
        An estimator does not fit the objective.

    See Also
    --------
    solve : The exact gradient.
    estimate : One sampled gradient.

    References
    ----------
    Kakade, A natural policy gradient, NeurIPS 2001.

    Examples
    --------
    The short corridor's best policy has odds sqrt(2), where J = -(6 + 4 sqrt(2)) (Sutton & Barto, Example 13.1):

    >>> import math
    >>> found = ascend("short-corridor", methods="exact")
    >>> (path,) = found.paths
    >>> bool(abs(path.theta[-1, 0] - math.log(2) / 2) < 1e-9), round(float(path.J[-1]), 9)
    (True, -11.656854249)
    """
    problem = Problem.of(problem)
    chosen = find_methods(methods, let)
    _check(steps, damping, horizon)
    optimisers = _optimisers(chosen, optimizer, step_size)
    numbers = _seeds(seeds)
    landscape = Landscape(problem)
    start = np.array([float(value) for value in problem.point.values()])
    runs = [
        (method.label, seed, direction)
        for method in chosen
        for seed, direction in _directions(
            method, problem, landscape, start, numbers, batch=batch, damping=damping, horizon=horizon
        )
    ]

    began = time.perf_counter()
    paths: list[Path] = []
    for number, (label, seed, direction) in enumerate(runs):

        def report(done: int, before: int = number * steps) -> None:
            if progress is not None:
                progress(before + done, steps * len(runs))

        step = optimisers[label].start(start)
        paths.append(_follow(landscape, step, direction, start, steps, label, seed, report))
        if paths[-1].stopped == INTERRUPTED:
            break
    small = len(problem.mdp.states) <= OPTIMUM_STATES
    return Ascent(
        params=problem.policy.params,
        objective=landscape.objective,
        paths=tuple(paths),
        steps=steps,
        optimizer={m.label: optimisers[m.label].name for m in chosen},
        step_size={m.label: optimisers[m.label].step_size for m in chosen},
        batch=batch,
        damping=damping,
        best=best_value(problem) if small else best_in_floats(problem),
        best_exact=small,
        seconds=time.perf_counter() - began,
        interrupted=paths[-1].stopped == INTERRUPTED,
        assumption=problem.assumption,
    )


def best_value(problem: Problem) -> float | None:
    """J of the best policy of any kind, the float nearest to the exact value.

    None for a model of more than `OPTIMUM_STATES` states, and where it is not defined: gamma = 1 and a loop that earns.

    >>> best_value(Problem.of("short-corridor"))
    -3.0
    """
    mdp, objective = problem.mdp, problem.objective
    if len(mdp.states) > OPTIMUM_STATES:
        return None
    try:
        found = best_policy(mdp, objective.definition.long_run)
        J = found.field.to_sympy(found.J)
    except HypothesisError:
        return None
    # sum_s mu(s) V(s) = rbar / (1 - gamma), since mu P_pi = mu.
    return to_float(J / (1 - mdp.gamma) if objective is Objective.STATIONARY_VALUE else J)


def best_in_floats(problem: Problem) -> float | None:
    """The same of larger models, by policy iteration in floats: from the start, with a discount; None otherwise."""
    if problem.objective is not Objective.START_STATE or problem.mdp.gamma == 1:
        return None
    chain = FloatChain(problem)
    return float(chain.mu0 @ chain.best())


def _check(steps: int, damping: float, horizon: int | None) -> None:
    if not 1 <= steps < SEEDS:
        raise AscentError(f"found {steps}; must lie in 1 ... {SEEDS - 1}. Give one such as 100", where="steps")
    if not (damping >= 0 and math.isfinite(damping)):
        raise AscentError(f"found {damping:g}; must not be negative. Give 0 for the pseudo-inverse", where="damping")
    if horizon is not None and (wrong := wrong_horizon(horizon)):
        raise AscentError(wrong, where="horizon")


def _seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    numbers = tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
    if not numbers:
        raise AscentError(f"found {seeds}; at least one seed is required. Give seeds >= 1", where="seeds")
    for seed in numbers:
        if not 0 <= seed < SEEDS:
            raise AscentError(f"found {seed}; a path's seed lies in 0 ... 2**32 - 1. Choose another", where="seeds")
    return numbers


def _optimisers(methods: Iterable[Method], optimizer: Any, step_size: Any) -> dict[str, Optimiser]:
    labels = [m.label for m in methods]
    kinds, sizes = _by_label(optimizer, labels, "optimizer"), _by_label(step_size, labels, "step_size")
    return {label: Optimiser(kinds[label], sizes[label]) for label in labels}


def _by_label(value: Any, labels: Sequence[str], where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return dict.fromkeys(labels, value)
    for label in [*value, *labels]:
        if label not in value or label not in labels:
            complaint = "no value for" if label in labels else "no method is called"
            raise AscentError(
                f"{complaint} {label!r}; the methods are {', '.join(labels)}. Give one value for all, or one for each",
                where=where,
            )
    return dict(value)


def _directions(
    method: Method,
    problem: Problem,
    landscape: Landscape,
    start: Floats,
    seeds: Sequence[int],
    *,
    batch: int,
    damping: float,
    horizon: int | None,
) -> list[tuple[int | None, Direction]]:
    """(seed, direction) of every run of a method."""
    if method.kind == EXACT:
        return [(None, lambda place, theta, step: place.gradient)]
    if method.kind == NATURAL:
        return [(None, lambda place, theta, step: place.natural_gradient(damping))]
    from pgsym.ascent.rollouts import sampled_direction

    assert method.estimator is not None
    sampled = sampled_direction(problem, method.estimator, batch, horizon, start)

    def run(seed: int) -> Direction:
        return lambda place, theta, step: sampled(theta, seed * SEEDS + step)

    return [(seed, run(seed)) for seed in seeds]


def _follow(
    landscape: Landscape,
    step: Step,
    direction: Direction,
    start: Floats,
    steps: int,
    label: str,
    seed: int | None,
    report: Callable[[int], None],
) -> Path:
    path = Path.empty(label, seed, steps, landscape.k)
    theta, place = start, landscape.at(start)
    path.arrive(0, theta, place)
    stopped = ""
    for t in range(steps):
        try:
            towards = direction(place, theta, t)
            theta = step(theta, towards)
            path.leave(t, place, towards)
            place = landscape.at(theta)
            path.arrive(t + 1, theta, place)
            report(t + 1)
        except KeyboardInterrupt:
            stopped = INTERRUPTED
            break
        except PgsymError as error:
            # A path that has left the policies, or whose rollouts no longer end, is a result: so it went.
            stopped = str(error)
            break
    return replace(path, stopped=stopped)

"""The known mistakes: how each departs from a correct estimator, re-created by fields of a `Recipe`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pgsym.auditing.mistake import Circumstances, Mistake
from pgsym.auditing.recipes import Recipe, whole_returns
from pgsym.auditing.targets import AuditTarget
from pgsym.estimators.token_losses import STABILISER, Average, Clip, Compared


def _returns(setting: Circumstances, recipe: Recipe) -> bool:
    return not (recipe.whole_return or recipe.all_knowing)


def _several(setting: Circumstances, recipe: Recipe) -> bool:
    return setting.per_row > 1 and _returns(setting, recipe)


def _grouped(setting: Circumstances, recipe: Recipe) -> bool:
    return setting.group_size > 1 and recipe.whole_return


def _off_policy(setting: Circumstances, recipe: Recipe) -> bool:
    return not setting.on_policy


def _clippable(setting: Circumstances, recipe: Recipe) -> bool:
    return not setting.on_policy and recipe.lam in (1.0, 0.95) and recipe.ratio not in ("none", "inverted")


def _penalised(setting: Circumstances, recipe: Recipe) -> bool:
    return recipe.penalty == "reward"


AROUND_ONE = ((0.8, 1.2), (0.9, 1.1), (0.7, 1.3), (0.8, 1.28))
"""Bounds of ratios in common use."""
BOUNDS = tuple(Clip(low, high, by) for low, high in AROUND_ONE for by in (True, False))
CAPS = tuple(Clip(0.0, high) for high in (1.0, 2.0, 1.5, 3.0, 5.0, 10.0))
MICRO_BATCHES = (2, 4, 8, 16)
"""Common numbers of a batch."""
SPREADS: tuple[Compared, ...] = ("std", "sample-std")
STABILISERS = (STABILISER, 1e-6, 1e-5, 1e-4)
"""What is commonly added to a standard deviation."""


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "truncation-as-termination",
        "the time limit is treated as the end of the task: nothing is bootstrapped after the last step",
        "Where truncated is set, add gamma V(next_states) instead of 0; only terminated stops the bootstrap. "
        "If the time limit is part of the task, audit with target='truncated'",
        ({"bootstrap": False},),
        ("stable-baselines3 issue 633", "cleanrl issue 198", "purejaxrl issue 20"),
        applies=lambda setting, recipe: recipe.bootstrap and not setting.long_run,
    ),
    Mistake(
        "bootstrap-at-time-limit",
        "the critic is paid at the time limit, so the mean is that of the first T steps of grad J, not grad J_T",
        "If that is what is meant, audit with target='bootstrap'; for grad J_T treat the time limit as the end",
        ({"bootstrap": True},),
        applies=lambda setting, recipe: (
            setting.target is AuditTarget.TRUNCATED and not recipe.bootstrap and _returns(setting, recipe)
        ),
    ),
    Mistake(
        "penalty-missing",
        "the penalty of the target is left out: the mean is that of grad J_T",
        "Subtract beta (log pi - log ref) from each reward, as a number; for a bonus of entropy alpha log pi",
        ({"penalty": "none"},),
        applies=_penalised,
    ),
    Mistake(
        "penalty-in-loss",
        "the penalty is differentiated in the loss, step by step: what a step does to the penalty of later ones has no "
        "gradient, nor has k1; k3 has that of another divergence",
        "Subtract it from the rewards, as a number; of whole sequences, k2 in the loss does as well",
        tuple({"penalty": k} for k in ("k1", "k2", "k3")),
        ("open-instruct issue 534", "trl issue 4637"),
        applies=_penalised,
    ),
    Mistake(
        "done-shifted",
        "the done flag is read one row off: bootstrap and sum stop one step early or late",
        "The flag that stops the bootstrap after step t is terminated[t], the one that stops the sum is done[t]; "
        "buffers that store 'episode starts' need the flag of t + 1",
        ({"done": "next", "next_value": "buffer"}, {"done": "previous", "next_value": "buffer"}, {"done": "next"}),
        ("stable-baselines issue 385", "stable-baselines3 issue 105"),
        applies=_several,
    ),
    Mistake(
        "next-episode-value",
        "at a truncated step, delta bootstraps from the first state of the next episode",
        "Use V(next_states), the state where the step led, not values[t + 1], which belongs to the reset",
        ({"next_value": "buffer", "bootstrap": True},),
        ("torchrl issue 4209", "Stoix issue 142"),
        applies=_several,
    ),
    Mistake(
        "truncated-delta-dropped",
        "delta is set to 0 at truncated steps",
        "Keep r + gamma V(next_states) - V(states) at a truncated step; only the sum stops there",
        ({"masked": "all", "bootstrap": True},),
        ("Stoix issue 142",),
        applies=_returns,
    ),
    Mistake(
        "next-episode-sum",
        "the advantage sum runs on through truncation into the next episode",
        "Stop the sum at done = terminated | truncated; terminated alone stops only the bootstrap",
        ({"leak": True, "next_value": "buffer", "bootstrap": True}, {"leak": True, "bootstrap": True}, {"leak": True}),
        ("skrl issue 449", "torchrl issue 4209", "Stoix issue 142"),
        applies=_several,
    ),
    Mistake(
        "bootstrap-from-current-state",
        "the bootstrap uses V(s_t) where V(s_{t+1}) belongs",
        "Use next_values, or values shifted by one step",
        ({"next_value": "current", "bootstrap": True}, {"next_value": "current"}),
        applies=_returns,
    ),
    Mistake(
        "current-value-at-truncation",
        "at a truncated step, delta bootstraps from V(s_t), the last state that was acted in",
        "Use V(next_states): where the environment resets itself, the final observation is kept elsewhere",
        ({"next_value": "current if cut", "bootstrap": True},),
        applies=lambda setting, recipe: recipe.bootstrap and _returns(setting, recipe),
    ),
    Mistake(
        "missing-gamma-t",
        "the factor gamma^t of step t is missing",
        "This departure is widely intended (it is the gradient of no discounted objective); to estimate grad J, "
        "multiply the loss of step t by gamma^t",
        ({"discount": False},),
        ("Pearl issue 46",),
        applies=lambda setting, recipe: setting.discounted and not recipe.whole_return,
        intended=True,
    ),
    Mistake(
        "batch-mean-baseline",
        "the mean of the batch, the own sample included, is used as baseline: the mean shrinks by about 1/n",
        "Leave the own episode out of the mean (leave-one-out), or use a baseline that does not depend on it",
        ({"centre": "mean"},),
        applies=lambda setting, recipe: not recipe.whole_return and (setting.groups > 1 or setting.group_size == 1),
    ),
    Mistake(
        "batch-mean-baseline",
        "the mean return of the batch, the own episode included, is used as baseline: the mean shrinks by 1 - 1/B",
        "Leave the own episode out of the mean (leave-one-out)",
        ({"compared": "mean", "among": "batch"},),
        applies=lambda setting, recipe: recipe.whole_return and recipe.compared == "none" and setting.groups > 1,
    ),
    Mistake(
        "group-mean-baseline",
        "the mean return of the group, the own episode included, is used as baseline: the mean shrinks by 1 - 1/G",
        "Leave the own episode out of the mean (leave-one-out), or multiply by G/(G - 1)",
        ({"compared": "mean"},),
        ("tinker-cookbook pull request 135",),
        applies=lambda setting, recipe: _grouped(setting, recipe) and recipe.compared == "none",
    ),
    Mistake(
        "std-normalised",
        "advantages are divided by the standard deviation of the returns: another scale for every prompt and batch, "
        "larger where rewards hardly vary",
        "Leave the division out (Dr. GRPO), or divide by a constant",
        tuple({"compared": s, "stabiliser": e} for s in SPREADS for e in STABILISERS),
        ("tinker-cookbook issue 579",),
        applies=lambda setting, recipe: recipe.compared == "mean" and recipe.among == "group",
    ),
    Mistake(
        "std-normalised",
        "advantages within a group are divided by the standard deviation of the returns of the batch: another scale "
        "for every batch",
        "Leave the division out, or divide by a constant",
        tuple({"compared": s, "stabiliser": e, "among": "mixed"} for s in SPREADS for e in STABILISERS),
        ("trl issue 3991",),
        applies=lambda setting, recipe: recipe.compared == "mean" and recipe.among == "group" and setting.groups > 1,
    ),
    Mistake(
        "last-step-dropped",
        "the last step of each episode is masked out: its action is never reinforced",
        "Keep the step that ends the episode, the end-of-sequence token, in the mask",
        ({"drop_last": True},),
    ),
    Mistake(
        "batch-normalised",
        "advantages are normalised by mean and standard deviation of the batch, the own sample included",
        "The scale changes with the batch: a step-size choice at best. Leave it out to estimate grad J",
        ({"centre": "mean-std"}, {"centre": "mean-sample-std"}),
        applies=lambda setting, recipe: not recipe.whole_return and (setting.groups > 1 or setting.group_size == 1),
    ),
    Mistake(
        "batch-normalised",
        "returns are normalised by mean and standard deviation of the batch, the own episode included",
        "The scale changes with the batch: a step-size choice at best. Leave it out to estimate grad J",
        tuple({"compared": s, "stabiliser": e, "among": "batch"} for s in SPREADS for e in STABILISERS),
        applies=lambda setting, recipe: recipe.whole_return and recipe.compared == "none" and setting.groups > 1,
    ),
    Mistake(
        "mean-over-steps",
        "the sum is divided by the number of time steps instead of episodes: another scale, and for episodes of "
        "unequal length a bias besides",
        "Divide the sum over all steps by the number of episodes",
        ({"average": "steps"}, {"average": "slots"}),
        ("rlax policy_gradient_loss",),
        applies=lambda setting, recipe: not setting.long_run,
    ),
    Mistake(
        "sum-over-steps",
        "the sum over the steps of a long run is not divided by their number",
        "Divide by the number of steps",
        ({"average": "episodes"},),
        applies=lambda setting, recipe: setting.long_run,
    ),
    Mistake(
        "length-normalised",
        "the sum over an episode is divided by its own number of steps, 1/|o|: short episodes count more",
        "Sum over the steps, or divide by a constant such as the largest length",
        ({"average": "own steps"},),
        ("trl pull request 3138",),
        applies=lambda setting, recipe: not setting.long_run and recipe.average == "episodes",
    ),
    Mistake(
        "mean-over-group-steps",
        "the sum over a group is divided by the group's number of steps instead of its episodes",
        "Divide the sum over all steps by the number of episodes",
        ({"average": "group's steps"},),
        ("verl issue 2776",),
        applies=lambda setting, recipe: _grouped(setting, recipe) and setting.groups > 1,
    ),
    Mistake(
        "mean-over-micro-batch-steps",
        "the sum over each micro-batch is divided by its own number of steps, as in gradient accumulation",
        "Divide the sum over all micro-batches by the number of episodes",
        tuple({"average": "part's steps", "parts": n} for n in MICRO_BATCHES),
        applies=lambda setting, recipe: not setting.long_run and recipe.average == "episodes",
    ),
    Mistake(
        "action-dependent-baseline",
        "the baseline depends on the action, and its expected score does not vanish",
        "Use a function of the state alone, or add back its expected gradient",
        ({"baseline": "Q"}, {"baseline": "r"}),
        applies=_returns,
    ),
    Mistake(
        "gradient-through-advantage",
        "the gradient flows through the advantage: log pi times grad A is added",
        "Stop the gradient at the advantage (stop_gradient, detach)",
        ({"through": True},),
        applies=_returns,
    ),
    Mistake(
        "grad-pi",
        "grad pi stands where grad log pi belongs: every sample is weighted by its probability once more",
        "Differentiate log pi(a|s)",
        ({"score": "plain"},),
    ),
    Mistake(
        "reward-off-by-one",
        "the reward of another step is used: of the next one, or of the previous one",
        "r_t is the reward of the step taken in s_t: rewards[t]",
        ({"reward": "next"}, {"reward": "previous"}),
        applies=lambda setting, recipe: not recipe.all_knowing,
    ),
    Mistake(
        "importance-ratio-missing",
        "off-policy data are used as if the target policy had drawn them",
        "Weight step t by the product of pi(a|s)/b(a|s) up to t, and later rewards by the ratios up to them",
        ({"ratio": "none"},),
        applies=_off_policy,
    ),
    Mistake(
        "importance-ratio-inverted",
        "the importance ratio is b/pi instead of pi/b",
        "The ratio is pi(a|s)/b(a|s): target over behaviour",
        ({"ratio": "inverted"},),
        applies=_off_policy,
    ),
    Mistake(
        "importance-ratio-of-one-step",
        "each step is weighted by its own ratio only, as in surrogate losses: states and returns stay those of b",
        "This departure is widely intended for data close to on-policy; the unbiased weight is the running product",
        ({"ratio": "step"},),
        applies=_off_policy,
        intended=True,
    ),
    Mistake(
        "ratio-length-normalised",
        "the importance ratio of a sequence is taken to the power 1/|o|, so that its mean is not 1",
        "This departure is intended in GSPO; the unbiased weight is the product over the sequence",
        ({"ratio": "geometric"},),
        applies=lambda setting, recipe: _off_policy(setting, recipe) and recipe.whole_return and recipe.clip is None,
        intended=True,
    ),
    Mistake(
        "ratio-clipped",
        "importance ratios are clipped or truncated, so that their mean is below 1: rare good actions count less",
        "This departure is widely intended, to bound the variance; without it, the mean is the gradient's",
        tuple({"clip": clip} for clip in CAPS + BOUNDS),
        applies=lambda setting, recipe: _clippable(setting, recipe) and recipe.clip is None,
        intended=True,
    ),
    Mistake(
        "ratio-clipped",
        "importance ratios of single steps are clipped or truncated, as in PPO after its first step: where the clip "
        "acts, a sample has no gradient",
        "This departure is widely intended, to bound the variance; the unbiased weight is the running product",
        tuple({"ratio": "step", "clip": clip} for clip in CAPS + BOUNDS),
        applies=lambda setting, recipe: (
            _clippable(setting, recipe) and recipe.clip is None and recipe.ratio == "product"
        ),
        intended=True,
    ),
)

READS_POISON = Mistake(
    "padding-read",
    "it reads padding, or a critic's value of a terminal state",
    "Multiply by mask, and V(next_states) by 1 - terminated; with poison=False both are 0, to see what else is there",
    (),
)
"""Not re-created: the estimates change with what stands there."""

OFTEN_COMBINED = (
    "missing-gamma-t", "mean-over-steps", "batch-normalised", "group-mean-baseline", "std-normalised",
    "length-normalised",
)  # fmt: skip
"""Departures that are met together with any other."""

PENALTIES = ("penalty-missing", "penalty-in-loss")
"""Departures with which any other is met."""

LAMBDAS = (1.0, 0.95, 0.0, 0.99, 0.97, 0.9, 0.8, 0.5)
"""Common lambdas, the commonest first."""


def bases(setting: Circumstances, lam: float | None, lambdas: Sequence[float] = LAMBDAS) -> list[Recipe]:
    """The correct estimators that a mistake may be made in."""
    lambdas = list(dict.fromkeys([*([] if lam is None else [lam]), *lambdas]))
    if setting.target is AuditTarget.TRUNCATED:
        found = [Recipe(baseline="none"), Recipe(), *whole_returns(setting.group_size, setting.groups)]
        if setting.penalised:
            return [replace(recipe, penalty="reward") for recipe in found]
        return found + [Recipe(lam=x) for x in lambdas if x != 1]
    average: Average = "steps" if setting.long_run else "episodes"
    found = [Recipe(bootstrap=True, lam=x, average=average) for x in lambdas]
    found.insert(1, Recipe(bootstrap=True, baseline="none", average=average))
    return [*found, Recipe(all_knowing=True, average=average)]

"""What a user's estimator is given: episodes are drawn, arranged, and cut into batches of arrays.

    estimator(theta, batch) -> gradient

`theta` has shape [k], the gradient shape [k] (the batch's estimate) or [batch.episodes, k] (one row an episode).
Arrays have shape [B, T] (layout ``episodes``), [B/2, 2T] (``vector``) or [n] (``flat``).  In the last two, episodes
follow one another as in vector environments with automatic reset: ``states[i + 1]`` may be the start of the next
episode, while ``next_states[i]`` is where the step really led.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, fields
from functools import cache
from itertools import islice
from typing import Any

import numpy as np

from pgsym.auditing.episodes import Sampler, Streams, arrange
from pgsym.auditing.frameworks import DifferentiablePolicy, framework_of
from pgsym.auditing.problem_arrays import Floats, Ints, ProblemArrays, build_arrays
from pgsym.auditing.recipes import Recipe
from pgsym.auditing.token_means import token_means
from pgsym.errors import EstimateError, SamplingError
from pgsym.estimators.token_losses import TokenLoss
from pgsym.expression.complaint import listed, wrong_horizon
from pgsym.model.problem import Problem, ProblemLike

LAYOUTS = ("episodes", "vector", "flat")
"""One episode a row, padded; several episodes a row, reset automatically; one stream without padding."""
PER_ROW = 2
"""Episodes of a row in the layout ``vector``."""
BATCH_SIZE = 32
POISON = 3.0
"""What no code may use is so many times the largest reward or value, and 1."""


@dataclass(eq=False)
class Batch:
    """Experience of one update, in copies: code may write into it and set its fields.

    Padding is poisoned, and so is a critic's value of terminal states: code that forgets ``mask`` or
    ``1 - terminated`` gets numbers that show.

    >>> from pgsym.model.zoo import zoo
    >>> p = zoo("short-corridor")
    >>> batch = Rollouts(p, horizon=3, batch_size=2, layout="flat").batch(seed=1)
    >>> batch.states, batch.next_states
    (array([0, 0, 1, 0, 0, 1]), array([0, 1, 2, 0, 1, 0]))
    >>> batch.truncated
    array([False, False,  True, False, False,  True])
    """

    states: Any
    """Numbers 0 ... S-1 in the order of ``mdp.nonterminal``; S in padding."""
    actions: Any
    """Numbers within the state, in the order of ``mdp.actions(s)``."""
    rewards: Any
    next_states: Any
    """Where the step led, before any reset; S stands for every terminal state."""
    terminated: Any
    truncated: Any
    """The time limit cut the episode after this step."""
    log_probs: Any
    """log pi(a|s) at theta."""
    behaviour_probs: Any
    """b(a|s), with which the action was drawn, of the policy that made this episode; 1 in padding."""
    values: Any
    """The critic at `states`."""
    next_values: Any
    """The critic at `next_states`; poisoned in terminal states, which are worth 0."""
    mask: Any
    """False in padding."""
    steps: Any
    """Steps since the episode began."""
    episode: Any
    """Number of the episode; -1 in padding."""
    scores: Any
    """[..., k] grad log pi(a|s); poisoned in padding, as rewards and values are."""
    group: Any
    """[episodes] number of the group: episodes of a group share their start state, the prompt."""
    sequence_log_probs: Any
    """[episodes] sum of `log_probs` over the episode."""
    sequence_rewards: Any
    """[episodes] sum of `rewards` over the episode."""
    episodes: int
    group_size: int
    horizon: int
    gamma: float
    """Discount factor; 1 for the average reward."""
    mean_reward: float
    """rbar for the average reward, to be subtracted from rewards; else 0."""
    layout: str
    policy: DifferentiablePolicy
    """log pi and the critic as functions of theta, for automatic differentiation."""
    reference_log_probs: Any = None
    """log ref(a|s) of the policy that ``kl_to`` names; None without one."""

    @property
    def done(self) -> Any:
        """terminated | truncated."""
        return self.terminated | self.truncated

    def __getattr__(self, name: str) -> Any:
        """Of what a batch does not have: the list of what it has."""
        has = ", ".join(["done", *(f.name for f in fields(self))])
        raise AttributeError(f"a batch has no {name}; it has {has}", name=name, obj=self)


Estimator = Callable[[Any, Batch], Any] | Recipe | TokenLoss
"""estimator(theta, batch) -> gradient [k], or [batch.episodes, k]; by parameter, or in a tuple, as well."""


def shown(batch: Batch) -> str:
    """What an error says of a batch."""
    names = ("states", "actions", "rewards", "terminated", "truncated", "mask")
    return "\n".join(f"  {name} = {np.array2string(np.asarray(getattr(batch, name)), threshold=40)}" for name in names)


def _leaves(tree: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """The entries of a mapping, and of the mappings in it."""
    for name, x in tree.items():
        yield from _leaves(x) if isinstance(x, Mapping) else [(name, x)]


SETTINGS = ("episodes", "group_size", "horizon", "gamma", "mean_reward", "layout", "policy")
"""Fields that are no arrays."""


@cache
def make_traceable() -> None:
    """Let `jax.jit` take a batch as an argument: its arrays are traced, the rest is static."""
    import jax

    traced = [f.name for f in fields(Batch) if f.name not in SETTINGS]
    jax.tree_util.register_dataclass(Batch, data_fields=traced, meta_fields=list(SETTINGS))


class Rollouts:
    """Batches of a problem, or of its arrays, and what a user's estimator makes of them; options as for `audit`."""

    def __init__(
        self,
        arrays: ProblemArrays | ProblemLike,
        *,
        horizon: int,
        batch_size: int = BATCH_SIZE,
        layout: str = "episodes",
        framework: str = "numpy",
        poison: bool = True,
        group_size: int = 1,
    ) -> None:
        if layout not in LAYOUTS:
            raise SamplingError(f"found {layout!r}; must be one of {', '.join(LAYOUTS)}", where="layout")
        if wrong := wrong_horizon(horizon):
            raise SamplingError(wrong, where="horizon")
        if batch_size < 1 or (layout == "vector" and batch_size % PER_ROW):
            need = "an even number" if layout == "vector" else "at least 1"
            raise SamplingError(f"found {batch_size}; {need} is required", where="batch_size")
        if group_size < 1 or batch_size % group_size:
            raise SamplingError(
                f"found {group_size} for a batch of {batch_size} episodes; a batch holds whole groups. Give a divisor "
                "of batch_size",
                where="group_size",
            )
        arrays = arrays if isinstance(arrays, ProblemArrays) else build_arrays(Problem.of(arrays))
        self.arrays, self.horizon, self.batch_size, self.layout = arrays, horizon, batch_size, layout
        self.group_size = group_size
        self.framework = framework_of(framework)
        self.poison = POISON * (1.0 + float(np.abs([*arrays.outcome_reward, *arrays.values]).max())) if poison else 0.0
        self.policy = DifferentiablePolicy(arrays, self.framework, self.poison)

    @property
    def theta(self) -> Any:
        """[k] as the framework has it, each time a fresh one."""
        return self.framework.put(self.arrays.tables.theta)

    def clean(self) -> Rollouts:
        """The same without poison."""
        found = copy(self)
        found.poison, found.policy = 0.0, DifferentiablePolicy(self.arrays, self.framework)
        return found

    @property
    def per_row(self) -> int:
        """Episodes that follow one another in a row."""
        return {"episodes": 1, "vector": PER_ROW, "flat": self.batch_size}[self.layout]

    def streams(self, outcome: Ints) -> Streams:
        """Any number of batches [n, T], arranged."""
        return arrange(self.arrays, outcome, self.per_row, self.group_size)

    def sampler(self, seed: int) -> Sampler:
        """The source of episodes, in groups."""
        return Sampler(self.arrays, self.horizon, seed, self.group_size)

    @property
    def independent(self) -> int:
        """Episodes of a batch that are independent: one a group, where groups share one of several start states."""
        return self.batch_size // (self.group_size if np.count_nonzero(self.arrays.start) > 1 else 1)

    def batch(self, *, seed: int) -> Batch:
        """One batch, to try an estimator on."""
        return next(self._batches(self.streams(self.sampler(seed).chunk(0, self.batch_size))))

    def _batches(self, streams: Streams) -> Iterator[Batch]:
        """Batches of consecutive episodes, as arrays of the framework."""
        if self.framework.name == "jax":
            make_traceable()
        arrays, count = self.arrays, streams.episodes // self.batch_size
        rows = len(streams.outcome) // count
        first = np.repeat(np.arange(count) * self.batch_size, rows)[:, None]
        found = {
            "states": streams.state,
            "actions": arrays.pair_action[streams.pair],
            "rewards": streams.reward,
            "next_states": streams.next_state,
            "terminated": streams.terminated,
            "truncated": streams.truncated,
            "log_probs": np.log(arrays.pi[streams.pair]),
            "behaviour_probs": arrays.outcome_b[streams.outcome],
            "values": arrays.values[streams.state],
            "next_values": arrays.values[streams.next_state],
            "mask": streams.mask,
            "steps": streams.step,
            "episode": np.where(streams.mask, streams.episode - first, -1),
            "scores": arrays.scores[streams.pair],
        }
        if arrays.log_reference is not None:
            found["reference_log_probs"] = arrays.log_reference[streams.pair]
        for name in ("rewards", "values", "next_values", "scores"):
            found[name] = np.where(streams.mask[(..., *(None,) * (found[name].ndim - 2))], found[name], self.poison)
        found["next_values"] = np.where(streams.terminated, self.poison, found["next_values"])
        sums = {
            "sequence_log_probs": streams.per_episode(found["log_probs"]),
            "sequence_rewards": streams.per_episode(streams.reward),
            "group": np.tile(np.arange(self.batch_size) // self.group_size, count),
        }
        for i in range(count):
            taken = {name: x[i * rows : (i + 1) * rows] for name, x in found.items()}
            if self.layout == "flat":
                keep = taken["mask"][0]
                taken = {name: x[0][keep] for name, x in taken.items()}
            taken |= {name: x[i * self.batch_size : (i + 1) * self.batch_size] for name, x in sums.items()}
            yield Batch(
                **{name: self.framework.put(x) for name, x in taken.items()},
                episodes=self.batch_size,
                group_size=self.group_size,
                horizon=self.horizon,
                gamma=arrays.gamma,
                mean_reward=arrays.centre,
                layout=self.layout,
                policy=self.policy,
            )

    def estimates(self, estimator: Estimator, streams: Streams) -> Floats:
        """[D, k] what the estimator makes of each of D batches: its result, or the mean of one row an episode."""
        if isinstance(estimator, TokenLoss):
            return token_means(estimator, streams, self.batch_size)
        if isinstance(estimator, Recipe):
            return estimator.batch_means(streams, self.batch_size)
        found = []
        try:
            for batch in self._batches(streams):
                found.append(self._checked(estimator(self.theta, batch)).mean(0))
        except Exception as error:
            # The estimator may have written into the one that it was given.
            batch = next(islice(self._batches(streams), len(found), None))
            if isinstance(error, EstimateError):
                error.batch = batch
            else:
                error.add_note(f"raised by the estimator that is audited, on this batch:\n{shown(batch)}")
            raise
        return np.array(found)

    def _vector(self, result: Any) -> Floats:
        """A gradient in one array, by parameter, or in pieces in the order of the parameters; nested as they may be."""
        if isinstance(result, Mapping):
            names, found = [p.name for p in self.arrays.tables.params], dict(_leaves(result))
            if set(found) != set(names):
                raise EstimateError(
                    f"the result has the keys {listed(found)}; a gradient by parameter has {listed(names)}. "
                    "Return these",
                    where="estimator",
                )
            return np.stack([self.framework.get(found[name]) for name in names], axis=-1)
        try:
            if not isinstance(result, tuple):
                return self.framework.get(result)
        except (TypeError, ValueError):
            if not isinstance(result, list):
                raise
        return np.concatenate([np.atleast_1d(self._vector(piece)) for piece in result], axis=-1)

    def _checked(self, result: Any) -> Floats:
        """The result, shape [1, k] or [B, k]."""
        try:
            found = self.arrays.scale * self._vector(result)
        except (TypeError, ValueError) as error:
            raise EstimateError(
                f"the result is no array of numbers: {error}. Return a gradient, by parameter, or in pieces",
                where="estimator",
            ) from None
        k, B = self.arrays.k, self.batch_size
        if found.shape not in ((k,), (B, k)):
            raise EstimateError(
                f"the result has shape {found.shape}; a gradient has shape ({k},), or ({B}, {k}) with one "
                "row an episode. Return one of these",
                where="estimator",
            )
        if not np.isfinite(found).all():
            raise EstimateError(
                f"{int((~np.isfinite(found)).sum())} of {found.size} entries are not finite; a gradient is a vector of "
                "numbers. Look for log(0) or a division by a standard deviation of 0",
                where="estimator",
            )
        return found.reshape(-1, k)

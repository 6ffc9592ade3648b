"""Which known mistake explains a bias: re-creations on the same batches, compared with the user's estimates.

A re-creation that gives the user's estimate on every batch is the mistake.  Otherwise the difference of the two is
tested for mean zero, jointly over coordinates and corrected for the number of re-creations; a mistake is supported if
the test passes and could have seen half of the bias.  Of the fewest departures, the closest that is confirmed is named:
on fresh batches, the region of the difference must hold 0 and lie within a tenth of the bias; where all batches are
enumerated, the two means must be equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from pgsym.auditing.aside import asides
from pgsym.auditing.batch import Estimator, Rollouts
from pgsym.auditing.controls import Controls
from pgsym.auditing.enumeration import AllBatches
from pgsym.auditing.episodes import Streams
from pgsym.auditing.finished import NEGATED, SAME, SCALED, UNCHANGED, Finish, finish, same
from pgsym.auditing.mistake import Circumstances, Mistake
from pgsym.auditing.mistakes import LAMBDAS, MISTAKES, OFTEN_COMBINED, PENALTIES, READS_POISON, bases
from pgsym.auditing.problem_arrays import Floats
from pgsym.auditing.recipes import Recipe
from pgsym.auditing.sequential import Region, first_look
from pgsym.auditing.targets import AuditTarget
from pgsym.model.objective import Objective
from pgsym.sampling.moments import Moments

NONE = "none of the known ones"
SCREENED = 4
"""Batches on which every re-creation is tried first."""
PAIRED = 256
"""Batches on which means are compared."""
FIRST_CHUNK = 2**30
"""Number of the first chunk of the diagnosis: its batches are not those of the test."""
CONFIRMED, CLOSE = 4096, 0.1
"""Fresh batches on which a name is confirmed, and the part of the bias within which the means must agree."""
TRIED = 4
"""Supported re-creations of which confirmation is asked, the closest first."""


@dataclass(frozen=True)
class Diagnosis:
    """What explains the bias."""

    mistakes: tuple[Mistake, ...]
    """The departures, by one re-creation; empty for none of the known ones."""
    base: str
    """The correct estimator in which they were made; empty where nothing was re-created."""
    reproduced: bool
    """The re-creation gives the user's estimate on every batch; else only its mean agrees."""
    predicted: Floats | None
    """Mean of the re-creation [k], where there is one."""
    supported: tuple[tuple[Mistake, ...], ...] = ()
    """The departures of every re-creation that the data support, this one's among them."""
    note: str = ""
    """What the departure costs here, or a scale factor."""
    parts: tuple[str, ...] = ()
    """Of several mistakes, how long the mean is along the true gradient and across it, after each."""

    @property
    def key(self) -> str:
        """Keys of the mistakes, or "none of the known ones"."""
        return " + ".join(m.key for m in self.mistakes) or NONE

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(m.key for m in self.mistakes)

    @property
    def others(self) -> tuple[str, ...]:
        """Re-creations of no more departures that the data support as well."""
        few = {" + ".join(m.key for m in one) for one in self.supported if len(one) <= len(self.mistakes)}
        return tuple(sorted(few - {self.key}))

    def shows(self, other: Diagnosis) -> bool:
        """Whether the mistakes of another one explain these estimates too, perhaps without all of them."""
        return any({m.key for m in one} <= other.keys for one in self.supported)

    @property
    def intended(self) -> bool:
        """Every departure found is one that many make on purpose."""
        return bool(self.mistakes) and all(m.intended for m in self.mistakes)

    def __str__(self) -> str:
        if not self.mistakes:
            return f"diagnosis: {NONE}{'; ' + self.note if self.note else ''}"
        if not self.base:
            return f"diagnosis: {self.mistakes[0]}."
        ground = "it gives the same estimate on every batch" if self.reproduced else "its mean agrees with the observed"
        lines = [f"diagnosis: {self.key}, in {self.base} ({ground})"]
        parts = self.parts or [""] * len(self.mistakes)
        lines += [f"  {m}.{part}" for m, part in zip(self.mistakes, parts, strict=True)]
        if self.note:
            lines.append(f"  {self.note}")
        if self.others:
            lines.append(f"  as well supported here: {', '.join(self.others)}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Candidate:
    """One re-creation."""

    departures: tuple[Mistake, ...]
    base: Recipe
    chain: tuple[Recipe, ...] = ()
    """The base with one departure, with two, and so on."""
    finish: Finish = UNCHANGED
    aside: tuple[Mistake, ...] = ()
    """What biases it without any departure."""

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        return self.aside + self.departures + self.finish.mistakes

    @property
    def recipe(self) -> Recipe:
        return self.chain[-1] if self.chain else self.base

    @property
    def steps(self) -> list[tuple[Recipe, Finish]]:
        """After each mistake, what is re-created up to there."""
        return [
            *((recipe, UNCHANGED) for recipe in (*[self.base] * len(self.aside), *self.chain)),
            *[(self.recipe, self.finish)][: len(self.finish.mistakes)],
        ]

    def estimates(self, streams: Streams, B: int) -> Floats:
        return self.finish.apply(self.recipe.batch_means(streams, B))

    def matching(self, given: Floats, streams: Streams, B: int) -> Candidate | None:
        """This one, with what is done to the finished gradient, where it gives these estimates."""
        found = finish(self.recipe.batch_means(streams, B), given)
        return None if found is None else replace(self, finish=found)

    def departs(self, streams: Streams, B: int) -> bool:
        """Whether the mistakes show on these batches at all."""
        return bool(self.aside) or not same(self.estimates(streams, B), self.base.batch_means(streams, B))


def candidates(
    setting: Circumstances,
    aside: Callable[[Recipe], Sequence[Mistake]],
    lam: float | None = None,
    lambdas: Sequence[float] = LAMBDAS,
    departures: int = 3,
) -> Iterator[Candidate]:
    """All re-creations of up to so many departures, those with fewer first; the correct estimators before them."""
    often = [m for m in MISTAKES if m.key in OFTEN_COMBINED]
    found = {base: [Candidate((), base, aside=tuple(aside(base)))] for base in bases(setting, lam, lambdas)}
    for known in found.values():
        yield from known
    seen = set(found)
    for _ in range(departures):
        step: dict[Recipe, list[Candidate]] = {base: [] for base in found}
        for base, known in found.items():
            for candidate in known:
                first = all(m.key in PENALTIES for m in candidate.departures)
                for mistake in MISTAKES if first else often:
                    for recipe in mistake.recipes(candidate.recipe, setting):
                        if recipe not in seen and mistake not in candidate.departures:
                            seen.add(recipe)
                            made, chain = (*candidate.departures, mistake), (*candidate.chain, recipe)
                            step[base].append(Candidate(made, base, chain, aside=tuple(aside(recipe))))
        for base in step:
            yield from step[base]
        found = step


def diagnose(
    estimator: Estimator,
    rollouts: Rollouts,
    target: AuditTarget,
    truth: Floats,
    bias: Floats,
    *,
    alpha: float,
    seed: int,
    lam: float | None = None,
    every: AllBatches | None = None,
) -> Diagnosis:
    """Name the best-supported known mistake of an estimator whose bias was observed.

    `alpha` is the error rate of the comparison of means, over all re-creations; `lam` the lambda of the user's
    advantages, if it is not a common one; `every` all batches with their probabilities, where they were enumerated.
    """
    arrays, B = rollouts.arrays, rollouts.batch_size
    long_run = arrays.objective is not Objective.START_STATE
    discounted, G = arrays.gamma != 1, rollouts.group_size
    penalised = arrays.penalty is not None
    setting = Circumstances(target, arrays.on_policy, rollouts.per_row, long_run, discounted, G, B // G, penalised)
    outcome = rollouts.sampler(seed).chunk(FIRST_CHUNK, B * PAIRED)
    few, streams = rollouts.streams(outcome[: B * SCREENED]), rollouts.streams(outcome)
    first = rollouts.estimates(estimator, few)
    if rollouts.poison and not same(rollouts.clean().estimates(estimator, few), first):
        return Diagnosis((READS_POISON,), "", False, None, ((READS_POISON,),))
    given = rollouts.estimates(estimator, streams)
    matching: list[Candidate] = []
    aside = asides(rollouts, target, truth, bias)
    for _, tried in groupby(candidates(setting, aside, lam, departures=3 + penalised), key=lambda c: len(c.departures)):
        screened = [c for c in tried if c.matching(first, few, B)]
        matching += [found for c in screened if (found := c.matching(given, streams, B)) and found.departs(streams, B)]
        # A constant is the last thing to look for: with it, a mistake whose effect is a scale has two names.
        if plain := [c for c in matching if SCALED.key not in {m.key for m in c.mistakes}]:
            return _named(plain, given, streams, B, truth, bias, True, every)
    if matching:
        return _named(matching, given, streams, B, truth, bias, True, every)
    # A mean depends little on lambda, and several departures at once agree with too many means by chance.
    near = list(candidates(setting, aside, lam, LAMBDAS[:3], 2))
    near += [replace(c, finish=NEGATED) for c in near if not c.departures]
    near = sorted((c for c in near if c.mistakes), key=lambda c: len(c.mistakes))
    supported = [c for c in _by_mean(near, given, streams, rollouts, bias, alpha) if c.departs(streams, B)][:TRIED]
    if every is not None:
        means = [every.weights @ c.estimates(every.streams, B) for c in supported]
        confirmed = [c for c, mean in zip(supported, means, strict=True) if same(mean, truth + bias)]
    else:
        confirmed = _confirmed(supported, estimator, rollouts, bias, alpha, seed)
    if confirmed:
        return _named(confirmed, given, streams, B, truth, bias, False, every)
    return Diagnosis((), "", False, None, note=_scaled(truth, bias))


def _by_mean(
    tried: list[Candidate], given: Floats, streams: Streams, rollouts: Rollouts, bias: Floats, alpha: float
) -> list[Candidate]:
    """Re-creations whose mean agrees, of the fewest departures, the closest first."""
    arrays, B = rollouts.arrays, rollouts.batch_size
    controls = Controls(rollouts)
    values = controls.values(streams)
    pilot = len(given) // 4
    if len(given) - pilot < first_look(arrays.k):
        return []
    found: list[tuple[float, Candidate]] = []
    for c in tried:
        if found and len(c.mistakes) > len(found[0][1].mistakes):
            break
        gap = given - c.estimates(streams, B)
        controls.fit(gap[:pilot], values[:pilot])
        moments = Moments.of(controls.adjust(gap[pilot:], values[pilot:]))
        region = Region(moments, alpha / len(tried), SAME * float(np.sqrt((given**2).mean())))
        zero = np.zeros(arrays.k)
        if region.contains(zero) and region.reach <= float(np.linalg.norm(bias)) / 2:
            found.append((region.statistic(zero), c))
    return [c for _, c in sorted(found, key=lambda pair: pair[0])]


def _confirmed(
    supported: list[Candidate], estimator: Estimator, rollouts: Rollouts, bias: Floats, alpha: float, seed: int
) -> list[Candidate]:
    """Those whose mean agrees with the observed one on fresh batches, within a tenth of the bias."""
    if not supported:
        return []
    arrays, B = rollouts.arrays, rollouts.batch_size
    sampler, controls = rollouts.sampler(seed), Controls(rollouts)
    gaps, values = [], []
    for i in range(CONFIRMED // PAIRED):
        streams = rollouts.streams(sampler.chunk(FIRST_CHUNK + 1 + i, B * PAIRED))
        given = rollouts.estimates(estimator, streams)
        gaps.append(np.stack([given - c.estimates(streams, B) for c in supported]))
        values.append(controls.values(streams))
    known = np.concatenate(values)
    found = []
    for c, gap in zip(supported, np.concatenate(gaps, axis=1), strict=True):
        controls.fit(gap[:PAIRED], known[:PAIRED])
        moments = Moments.of(controls.adjust(gap[PAIRED:], known[PAIRED:]))
        region = Region(moments, alpha, SAME * float(np.linalg.norm(bias)))
        most = float(np.linalg.norm(region.centre)) + region.reach
        if region.contains(np.zeros(arrays.k)) and most <= CLOSE * float(np.linalg.norm(bias)):
            found.append(c)
    return found


def _named(
    supported: list[Candidate],
    given: Floats,
    streams: Streams,
    B: int,
    truth: Floats,
    bias: Floats,
    reproduced: bool,
    every: AllBatches | None,
) -> Diagnosis:
    def mean_of(recipe: Recipe, finish: Finish) -> Floats:
        """The observed mean is known more precisely than that of these few batches, which give the difference."""
        if every is not None:
            return np.asarray(every.weights @ finish.apply(recipe.batch_means(every.streams, B)))
        return np.asarray(truth + bias - (given - finish.apply(recipe.batch_means(streams, B))).mean(0))

    best = min(supported, key=lambda c: len(c.mistakes)) if reproduced else supported[0]
    named, note = {tuple(m.key for m in c.mistakes): c.mistakes for c in supported}, ""
    if any(m.intended for m in best.mistakes):
        mean, scale = truth + bias, float(np.linalg.norm(truth))
        norm = float(np.linalg.norm(mean)) * scale
        cosine = float(mean @ truth) / norm if norm else 0.0
        share = float(np.linalg.norm(bias)) / scale
        note = f"Its cost here: relative bias {share:.3g}, cosine to the true gradient {cosine:.4f}."
    means = [mean_of(*step) for step in best.steps]
    parts = tuple(_part(truth, mean) for mean in means) if len(means) > 1 else ()
    return Diagnosis(best.mistakes, best.base.name, reproduced, means[-1], tuple(named.values()), note, parts)


def _components(truth: Floats, mean: Floats) -> tuple[float, float]:
    """Of a mean, how long it is along the truth, and what stands across, both relative to the truth's length."""
    size = float(truth @ truth)
    factor = float(mean @ truth) / size
    return factor, float(np.linalg.norm(mean - factor * truth)) / np.sqrt(size)


def _part(truth: Floats, mean: Floats) -> str:
    """The two components of a mean, in words."""
    factor, across = _components(truth, mean)
    return f" Up to here: {factor:.2f} times as long as the true gradient, {across:.2f} across it"


def _scaled(truth: Floats, bias: Floats) -> str:
    """Whether the mean is a multiple of the truth."""
    if len(truth) < 2:
        return ""
    factor, rest = _components(truth, truth + bias)
    return f"the observed mean is about {factor:.4g} times the truth, up to {rest:.2g} across it"

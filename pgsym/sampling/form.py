"""The form that almost every estimator has, recognised in its terms.

    g = sum_t w^t z_t (U_t - b_t),    U_t = sum over u >= t, in a window or not, of k^(u-t) f_u

or the whole return R = sum_u gamma^u r_u for every U_t; f and b are functions of one step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.trajectories.terms import ORIGIN, Gap
from pgsym.sampling.score_terms import ScoreTerm

GAMMA = t.Quantity("gamma")
REWARD = runs.RewardAt(runs.Time("", 0))

Nodes = tuple[t.Node, ...]
"""A product."""


class Product(NamedTuple):
    """Numbers times functions of one step."""

    constants: Nodes
    functions: Nodes


@dataclass(frozen=True)
class Form:
    """One estimator in this form."""

    start: Nodes
    """w."""
    here: tuple[Product, ...]
    """What adds up to -b."""
    ahead: Nodes = ()
    """k."""
    gains: tuple[Product, ...] = ()
    """What adds up to f; the whole return has the reward."""
    window: int | None = None
    """Terms of U_t; None: to the end of the run."""
    whole: bool = False
    """Every U_t is the whole return."""

    @property
    def reward_alone(self) -> bool:
        """Whether f is the reward, times a number."""
        return len(self.gains) == 1 and self.gains[0].functions == (REWARD,)


def find_form(terms: Sequence[ScoreTerm]) -> Form | None:
    """The form, or None where the terms have another.

    Examples
    --------
    >>> from pgsym.estimators.estimator import find_estimator
    >>> from pgsym.sampling.score_terms import score_terms
    >>> form = find_form(score_terms(find_estimator("n-step", {"n": 3})))
    >>> form.window, [str(f) for f in form.gains[0].functions]
    (3, ['r_0 + gamma * v(s_1) - v(s_0)'])
    >>> find_form(score_terms(find_estimator("sum[t] grad log pi(a_t|s_t) * G^2"))) is None
    True
    """
    parts = [_form_of(term) for term in terms]
    found = [part for part in parts if part is not None]
    ahead = [part for part in found if part.gains]
    if len(found) < len(parts) or (ahead and ahead[0].whole and len(ahead) > 1):
        return None
    for one, others in ((found[0], found), (ahead[0] if ahead else None, ahead)):
        for other in others:
            if one is None or Counter(one.start) != Counter(other.start):
                return None
            if others is ahead and (Counter(one.ahead), one.window) != (Counter(other.ahead), other.window):
                return None
    here = tuple(p for part in found for p in part.here)
    if not ahead:
        return Form(found[0].start, here)
    return replace(ahead[0], here=here, gains=tuple(p for part in ahead for p in part.gains))


def _form_of(term: ScoreTerm) -> Form | None:
    """One term in this form."""
    times, score = term.term.steps, term.time
    others = [time for time in times if time != score]
    constants = tuple(f.node for f in term.term.constants)
    start = tuple(p.base for p in term.term.powers if (p.since, p.to) == (ORIGIN, score))
    rest = [p for p in term.term.powers if (p.since, p.to) != (ORIGIN, score)]
    here = tuple(f.node for f in times[score])
    if term.term.running or (others and (len(others) > 1 or here)):
        return None
    if not others:
        return None if rest or term.term.gaps else Form(start, (Product(constants, here),))
    (other,) = others
    gain = Product(constants, tuple(f.node for f in times[other]))
    if not term.term.gaps:
        whole = [(p.since, p.base) for p in rest] == [(ORIGIN, GAMMA)] and gain.functions == (REWARD,)
        return Form(start, (), (), (gain,), None, True) if whole else None
    least, most = _distance(term.term.gaps, score, other)
    if least != 0 or any(ORIGIN in (gap.earlier, gap.later) for gap in term.term.gaps):
        return None
    both = tuple(p.base for p in rest if p.since == ORIGIN)  # base^u is base^t base^(u-t)
    ahead = (*both, *(p.base for p in rest if p.since == score))
    return Form((*start, *both), (), ahead, (gain,), None if most is None else most + 1)


def _distance(gaps: Sequence[Gap], score: str, other: str) -> tuple[int | None, int | None]:
    """The least and the largest number of steps from the score to the other time."""
    least: list[int] = []
    most: list[int] = []
    for gap in gaps:
        sign = 1 if (gap.earlier, gap.later) == (score, other) else -1
        if gap.least is not None:
            (least if sign == 1 else most).append(sign * gap.least)
        if gap.most is not None:
            (most if sign == 1 else least).append(sign * gap.most)
    return max(least, default=None), min(most, default=None)

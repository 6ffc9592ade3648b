"""The words of a picture: short names, labels of arrows, and what need not be said on each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sympy as sp

from pgsym.expression.ordering import plain
from pgsym.model.mdp import MDP, Action, State

_DIRECTIONS = {
    "left": "←", "right": "→", "up": "↑", "down": "↓", "west": "←", "east": "→", "north": "↑", "south": "↓",
}  # fmt: skip
LABEL_SIZE = 11.0
NAME_SIZE = 12.0
CROWDED = 48
"""Labels from which equal probabilities are said once."""


class Caption(NamedTuple):
    """The numbers on a label; None where the picture as a whole says it."""

    p: sp.Expr | None
    r: sp.Expr | None

    @property
    def text(self) -> str:
        """As plain text, empty if there is nothing to say."""
        parts = [] if self.p is None else [plain(self.p)]
        reward = None if self.r is None else plain(self.r)
        # A reward called r needs no "r = r".
        return ", ".join(parts + ([] if reward is None else ["r" if reward == "r" else f"r = {reward}"]))


@dataclass(frozen=True)
class Captions:
    """What a whole picture leaves out of its labels."""

    reward: sp.Expr
    """The reward of an arrow whose label names none."""
    uniform: bool
    """Outcomes of an action are equally likely where their labels name no probability."""

    @classmethod
    def of(cls, mdp: MDP) -> Captions:
        """0 and nothing, unless the labels would say the same thing again and again."""
        counts = Counter(r for *_, r in mdp.rows)
        reward, count = counts.most_common(1)[0] if counts else (sp.Integer(0), 0)
        usual = count == len(mdp.rows) or (len(mdp.rows) >= 8 and 4 * count >= 3 * len(mdp.rows))
        default = cls(reward if usual else sp.Integer(0), False)
        labels = sum(default.shown(mdp, s, a, p, r) != (None, None) for s, a, _, p, r in mdp.rows)
        return cls(default.reward, labels > CROWDED)

    def shown(self, mdp: MDP, state: State, action: Action, p: sp.Expr, r: sp.Expr) -> Caption:
        """What the label of an outcome says: its probability or None, its reward or None."""
        equal = len({o.p for o in mdp.outcomes(state, action)} | {p}) == 1
        return Caption(None if p == 1 or (self.uniform and equal) else p, None if r == self.reward else r)

    def lines(self, mdp: MDP, *, quiet: bool = False) -> list[str]:
        """What is said once, below the picture; one without labels says nothing of what they leave out."""
        found = [] if mdp.gamma in (1, sp.Symbol("gamma")) else [f"γ = {plain(mdp.gamma)}"]
        if quiet:
            return ["; ".join([*found, "too many outcomes for their probabilities and rewards"])]
        rewards = {r for *_, r in mdp.rows}
        if len(rewards) == 1 and self.reward != 0:
            found.append(f"every reward is {plain(self.reward)}")
        elif self.reward != 0:
            found.append(f"r = {plain(self.reward)} where no reward is shown")
        if self.uniform:
            found.append("outcomes of an action are equally likely where no probability is shown")
        return ["; ".join(found)] if found else []


def symbols_of_actions(actions: Sequence[Action]) -> dict[Action, str]:
    """One to three characters for each action, all distinct: an arrow, a short name, a beginning or a number.

    >>> symbols_of_actions(["left", "stay", "stop", "R"])
    {'left': '←', 'stay': 'sta', 'stop': 'sto', 'R': 'R'}
    """
    names = {a: str(a) for a in actions}
    arrows = {a: _DIRECTIONS.get(name.lower()) for a, name in names.items()}
    count = Counter(arrows.values())
    found: dict[Action, str] = {}
    for a, name in names.items():
        arrow = arrows[a]
        if arrow and count[arrow] == 1:
            found[a] = arrow
        elif 0 < len(name) <= 3 and name not in found.values():
            found[a] = name
    for i, (a, name) in enumerate(names.items(), start=1):
        if a not in found:
            others = [other for b, other in names.items() if b != a]
            starts = [name[:k] for k in (1, 2, 3) if name.strip()]
            candidates = [text for text in starts if not any(other.startswith(text) for other in others)]
            candidates += map(str, range(i, i + len(names) + 1))
            found[a] = next(text for text in candidates if text not in found.values())
    return {a: found[a] for a in actions}


def shorten(text: str, fits: Callable[[str], bool]) -> str:
    """The name, or its beginning and an ellipsis."""
    if fits(text):
        return text
    while len(text) > 1 and not fits(text + "…"):
        text = text[:-1]
    return text + "…"


def description(mdp: MDP) -> str:
    """What somebody hears who cannot see the picture."""
    terminal = ", ".join(str(s) for s in mdp.states if s in mdp.terminal)
    start = ", ".join(f"{s} with probability {plain(p)}" for s, p in mdp.start.items())
    parts = [f"Markov decision process with {len(mdp.states)} states and {len(mdp.pairs)} state-action pairs"]
    parts += [f"discount factor {plain(mdp.gamma)}"]
    parts += [f"starts in {start}"] if start and len(mdp.start) <= 8 else []
    parts += [f"terminal: {terminal}"] if terminal and len(mdp.terminal) <= 20 else []
    return "; ".join(parts)


def text_width(text: str, size: float) -> float:
    """Width of text in a sans-serif font, on the safe side."""
    return size * sum(1.0 if ord(c) > 0x2E7F else 0.36 if c in " .,;:'|il!()/⁰¹²³" else 0.62 for c in text)

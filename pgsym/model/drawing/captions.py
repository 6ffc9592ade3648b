"""The words of a picture: short names, labels of arrows, and what need not be said on each of them."""

from __future__ import annotations

import re
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


class Span(NamedTuple):
    """Part of a text that is set in one way; `level` is 1 above the line and -1 below it."""

    text: str
    italic: bool = False
    bold: bool = False
    level: int = 0


_POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_TOKENS = re.compile(
    rf"(?P<name>[^\W\d_{_POWERS}]+)(?P<index>_[^\W{_POWERS}]+|\d+)?|\^(?P<power>\([^()]*\)|\w+)|(?P<rest>.)"
)


def pieces(text: str) -> list[Span]:
    """A formula in plain text, typeset: letters slanted, indices lowered, exponents raised.

    >>> [piece.text for piece in pieces("r_wait − e^(2θ)")]
    ['r', 'wait', ' − ', 'e', '2θ']
    """
    found: list[Span] = []
    for token in _TOKENS.finditer(text):
        name, index, power, rest = token.group("name", "index", "power", "rest")
        if name:
            found.append(Span(name, italic=len(name) == 1))
            found += [Span(index.strip("_").replace("_", " "), level=-1)] if index else []
        elif power:
            inner = power.removeprefix("(").removesuffix(")")
            found.append(Span(inner, italic=len(inner) == 1 and inner.isalpha(), level=1))
        elif found and found[-1] == Span(found[-1].text):
            found[-1] = Span(found[-1].text + rest)
        else:
            found.append(Span(rest))
    return found


class Caption(NamedTuple):
    """The numbers on a label; None where the picture as a whole says it."""

    p: sp.Expr | None
    r: sp.Expr | None

    @property
    def text(self) -> str:
        """As plain text, empty if there is nothing to say."""
        return ", ".join("".join(piece.text for piece in part) for part in self.parts)

    @property
    def parts(self) -> list[list[Span]]:
        """The probability, and the reward in bold, which tells the two apart at a glance."""
        found = [] if self.p is None else [pieces(plain(self.p))]
        if self.r is not None:
            # A reward called r needs no "r = r".
            reward = pieces("r" if self.r == sp.Symbol("r") else f"r = {plain(self.r)}")
            found.append([piece._replace(bold=True) for piece in reward])
        return found

    @property
    def pieces(self) -> list[Span]:
        """Both, with a comma between."""
        first, *rest = self.parts
        return [*first, Span(", "), *rest[0]] if rest else first


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


def symbol_size(symbol: str) -> float:
    """Size of an action's symbol in its disc."""
    return {1: 13.0, 2: 11.0}.get(len(symbol), 8.8)


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


SMALL = 0.72
"""Size of indices and exponents, as a share of the text's."""


def text_width(text: str, size: float) -> float:
    """Width of text in a sans-serif font, on the safe side: that of DejaVu Sans, which is a wide one."""
    return size * sum(_em(c) for c in text)


def _em(c: str) -> float:
    return 1.0 if ord(c) > 0x2E7F or c in "mwMWQ%@←→…" else 0.42 if c in f" .,;:'|ijlftrI!()/{_POWERS}" else \
        0.84 if c in "=+−<>≤≥#~" else 0.65 if not c.isupper() else 0.78  # fmt: skip


def pieces_width(found: Sequence[Span], size: float) -> float:
    """Width of a typeset formula, on the safe side."""
    return sum(text_width(p.text, size * (SMALL if p.level else 1.0)) * (1.12 if p.bold else 1.0) for p in found)

r"""What the symbols of a note mean: its own definitions, what the reader was told, what the note says, what is usual.

A letter for weights of the states (d, \rho, \mu, ...) has no one meaning.  Each meaning that makes sense is a reading;
the note is read in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pgsym.errors import ClaimError, NotReadError
from pgsym.notes.spellings import GREEK
from pgsym.notes.tokens import Rewritten, Token, rewritten, spelled

_STATIONARY, _VISITS = ("mu", "eta", "d"), ("eta", "d", "mu")
WEIGHTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("d", "\\mu", "\\mathbb{P}", "p", "P", "D", "S", "\\mathcal{S}"), _STATIONARY),
    **dict.fromkeys(("\\rho", "\\nu"), _VISITS),
    "\\eta": ("eta", "mu", "d"),
}
"""Letters that weigh the states, with the meanings that are usual; the first is the most usual."""
SECOND_POLICY = "pi'"
EXPECT = "E_\\pi"
"""The weights of a mean over pi that does not say what the states are drawn from."""
MEANINGS = {
    "mu": "the stationary distribution",
    "eta": "the expected discounted visits",
    "d": "the expected discounted visits, normalised",
    "mu0": "the start distribution",
    SECOND_POLICY: "the second policy",
}
SCALARS = {"\\lambda": "lambda", "\\alpha": "alpha", "\\beta": "beta", "\\epsilon": "epsilon", "b": "b", "c": "c"}
"""Letters that stand for arbitrary numbers where nothing else is said."""
FUNCTIONS = {"b": "b", "f": "f", "B": "B"}
"""Letters that stand for arbitrary functions of the state where nothing else is said."""

MIXED = -1
"""The rewards of a note come late in one formula and not in another."""

_POLICY = {"\\pi", "\\pi_\\theta", "\\theta", "\\pi\\theta"}
SECOND = {
    "\\pi'", "\\tilde{\\pi}", "\\widetilde{\\pi}", "\\pi_\\theta'", "\\theta'", "\\pi_old", "\\pi_\\theta_old",
    "\\hat{\\pi}", "\\theta_old", "\\bar{\\pi}", "\\pi_new", "\\pi_\\text{old}",
}  # fmt: skip
SECOND_NAMES = re.compile(
    r"\\(?:wide)?(tilde|hat|bar)\{?\\pi|\\(?:pi|theta)(?:_\\theta)?(?:('+)|[_^](?:\\text)?(old|new))"
)
"""A second policy by one of its usual names, in a formula without spaces and braces."""
OPTIMAL = ("*", "\\pi*", "\\pi^*", "\\pi_*")
"""What marks an optimal quantity, or the optimal policy."""
POLICIES = (_POLICY | SECOND) - {"\\theta", "\\theta'", "\\theta_old"}
"""What an objective or a distribution is one of."""

ALL = re.compile(r"(\\math[a-z]+\{?)?[SAXU]\}?(\^\+)?(_[sx]'*|\([sx].{0,4}\))?")
"""The sets of all states and actions as notes write them."""


@dataclass(frozen=True)
class Own:
    """A name that the note defines."""

    name: str
    """In the claim language."""
    indices: tuple[str, ...]
    """What it was defined with."""
    text: str
    """Its definition in the claim language; empty where that could not be read, for the reason `why`."""
    line: int
    why: str = ""
    random: bool = False
    at: int = -1
    sure: bool = False
    """It was defined with :=, so that what is said of it later is no other definition."""
    second: frozenset[str] = frozenset()
    """The second policies in it, as in `second_policies`."""


@dataclass
class Names:
    """What is known while one note is read in one reading, and what was taken for granted on the way."""

    chosen: Mapping[str, str] = field(default_factory=dict)
    """The meaning of each letter for weights, in this reading."""
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    origin: int = 0
    letters: Mapping[str, str] = field(default_factory=lambda: {"S": "s", "A": "a"})
    own: dict[str, Own] = field(default_factory=dict)
    rewards: Mapping[str, int] = field(default_factory=lambda: {"r": 0})
    limits: dict[str, tuple[str, int]] = field(default_factory=dict)
    asked: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Letters for weights that the note uses, each with the meanings that make sense."""
    readings: dict[str, str] = field(default_factory=dict)
    """What is to be told at the top, once each."""
    arbitrary: dict[str, str] = field(default_factory=dict)

    def weight(self, key: str, at: int) -> str:
        """The quantity that a letter for weights stands for."""
        found = (
            self.told.get(key)
            or self.limits.get(key, ())[:1]
            or (WEIGHTS.get(key) if key != EXPECT else self._same_as_note())
        )
        if found is None:
            raise NotReadError(
                f"found the distribution {key}, which the note does not define. Say what it is, as in "
                f'--read "{key.strip(chr(92))}: mu"',
                at,
            )
        self.asked.setdefault(key, found)
        return self.chosen.get(key, found[0])

    def _same_as_note(self) -> tuple[str, ...]:
        """What the note's other letter for weights means; all where there is none."""
        for key, found in self.asked.items():
            if key != EXPECT:
                return (self.chosen.get(key, found[0]),)
        return next(iter(self.told.values()), WEIGHTS["d"])

    def tell(self, key: str, text: str) -> None:
        """Remember something that was taken for granted."""
        self.readings.setdefault(key, text)

    def declare(self, letter: str, head: str) -> str:
        """An arbitrary number or function of the state; its name in the claim language."""
        what = "an arbitrary function of the state" if "(" in head else "an arbitrary number"
        self.arbitrary.setdefault(head.partition("(")[0], head)
        self.tell(letter, what)
        return head.partition("(")[0]

    @property
    def second(self) -> list[str]:
        """What the note calls its second policy, where that is no usual name of one."""
        return [key for key, meanings in self.told.items() if meanings == (SECOND_POLICY,)]

    def spelled_out(self, found: Sequence[Token]) -> list[Token]:
        """A formula with the second policy as \\pi', whatever the note calls it."""
        return with_second(found, self.second) if self.second else list(found)

    @property
    def matrices(self) -> frozenset[str]:
        """The names that the note defines by products of vectors with transposed ones."""
        return frozenset(own.name for own in self.own.values() if "outer(" in own.text)

    def definitions(self, text: str) -> list[Own]:
        """The definitions that a text in the claim language needs, in order."""
        waiting, seen = [text], set[str]()
        while waiting:
            words = set(re.findall(r"[A-Za-z_]\w*", waiting.pop()))
            for own in self.own.values():
                if own.name in words and own.name not in seen:
                    if not own.text:
                        raise NotReadError(f"found {own.name}, which has no one meaning here: {own.why}", 0)
                    seen.add(own.name)
                    waiting.append(own.text)
        return [own for own in self.own.values() if own.name in seen]

    def bindings(self, text: str) -> str:
        """The declarations and definitions that a text in the claim language needs, in order."""
        lets = "".join(f"{own.text} " for own in self.definitions(text))
        needed = set(re.findall(r"[A-Za-z_]\w*", text + lets)) & {*self.arbitrary}
        heads = ", ".join(self.arbitrary[w] for w in sorted(needed))
        return (f"for all {heads}: " if heads else "") + lets

    def require_one_second(self, formula: str, text: str, at: int) -> frozenset[str]:
        """Refuse a formula, read as a text, that has two policies beside pi; the second policies in it."""
        found = second_policies(formula).union(*(own.second for own in self.definitions(text)))
        if len(found) > 1:
            one, other = sorted(found)[:2]
            why = f"found two policies beside \\pi, {one} and {other}; one is read. Write \\pi for one of them"
            raise NotReadError(why, at)
        return found


def second_policies(formula: str) -> frozenset[str]:
    r"""The second policies in a formula without spaces and braces, each by what marks it.

    >>> sorted(second_policies(r"J(\pi_new)-J(\pi_\theta_new)-V^\tilde{\pi}(s)-\pi'(a|s)"))
    ["\\pi'", '\\pi_new', '\\tilde{\\pi}']
    """
    marks = SECOND_NAMES.findall(formula)
    return frozenset(
        f"\\{accent}{{\\pi}}" if accent else "\\pi" + (primes or f"_{word}") for accent, primes, word in marks
    )


def decoration(key: str, parts: Sequence[Token], at: int) -> bool:
    """Whether a sub- or superscript names the second policy; False for pi itself.

    Raises
    ------
    NotReadError
        It names anything else.
    """
    text = plain(parts)
    if text in _POLICY or not text:
        return False
    if text in SECOND:
        return True
    if text in OPTIMAL:
        raise NotReadError(f"found {key} with {text}; optimal quantities are V^*, Q^*, h^* and J^*", at)
    if any(part.kind == "()" for part in parts):
        raise NotReadError(f"found {key} with {text}, a sample or an estimate; quantities of the policy are read", at)
    why = f"found {key} with {text}; quantities of the policy pi are read, and of a second one, pi'"
    is_name = re.fullmatch(r"\\pi_\\?[a-z]+", text) and "'" not in key
    raise NotReadError(why + (f'. If it is that one, say --read "{text}: pi\'"' if is_name else ""), at)


def with_second(found: Sequence[Token], letters: Sequence[str]) -> list[Token]:
    r"""The letters that the note calls its second policy, as \pi'.

    >>> from pgsym.notes.tokens import tokens
    >>> spelled(with_second(tokens(r"d^\beta(s) \pi_{\phi}(a|s)"), ["\\beta", "\\pi_\\phi"]))
    "d^{\\pi '}(s)\\pi '(a|s)"
    """

    def rule(found: Sequence[Token], k: int) -> Rewritten | None:
        token, below = found[k], plain(found[k + 1 : k + 3])
        width = 1 if token.text in letters else 3 if f"{token.text}{below}" in letters and below[:1] == "_" else 0
        if not width or token.kind != "symbol":
            return None
        policy = (replace(token, text="\\pi"), Token("operator", "'", token.at))
        is_script = k and found[k - 1].text in ("_", "^")
        return ([Token("{}", "{}", token.at, policy)] if is_script else policy), width

    return rewritten(found, rule)


def plain(parts: Sequence[Token]) -> str:
    r"""Tokens without braces and spaces.

    >>> from pgsym.notes.tokens import tokens
    >>> plain(tokens(r"\pi_{\theta}"))
    '\\pi_\\theta'
    """
    return re.sub(
        r"(\\(?:tilde|widetilde|hat|widehat|bar|mathbb|mathcal)\{[^{}]+\})|\\text|\\(?=old|new)|[{}\s]",
        lambda m: (m[1] or "").replace(" ", ""),
        spelled(parts),
    )


def told(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    r"""What `--read "d: eta"` says, by letter.

    >>> told(["rho: eta", r"\mathbb{P}: mu"])
    {'\\rho': ('eta',), '\\mathbb{P}': ('mu',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        letter, colon, meaning = (part.strip() for part in text.partition(":"))
        if not colon or not letter:
            raise ClaimError(f"found {text!r}; what a letter means is written as in d: eta. Correct it", where="read")
        if meaning not in MEANINGS:
            raise ClaimError(
                f"found {meaning!r} for {letter}; a letter means {', '.join(MEANINGS)}. Choose one",
                where="read",
            )
        key = EXPECT if letter in ("E", "E_pi", EXPECT) else letter
        if meaning == SECOND_POLICY:
            key = re.sub(
                r"(?<![\\a-z])[a-z]{2,}", lambda m: "\\" * ("\\" + m[0] in GREEK) + m[0], re.sub("[{} ]", "", key)
            )
        if "\\" + key in WEIGHTS:
            key = "\\" + key
        if found.setdefault(key, (meaning,)) != (meaning,):
            raise ClaimError(f"found two meanings of {letter}; it has one. Leave one out", where="read")
    return found

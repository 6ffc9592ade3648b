r"""Notations: how the letters of other people's notes are written, one table each.

>>> with written_in("sutton-barto"):
...     print(current().quantity("V", ("s",)), current().quantity("V", ("s",), primed=True))
v_{\pi}(s) v_{\pi'}(s)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache

from pgsym.errors import SchemaError
from pgsym.expression.quantity import QUANTITIES, VOCABULARY

SUTTON_BARTO = r"""
# R. S. Sutton and A. G. Barto, Reinforcement Learning, 2nd edition, 2018
J: J(\theta)
V(s): v_{\pi}(s)
Q(s,a): q_{\pi}(s, a)
A(s,a): A_{\pi}(s, a)
V*(s): v_{*}(s)
Q*(s,a): q_{*}(s, a)
pi(a|s): \pi(a \mid s, \theta)
pi'(a|s): \pi'(a \mid s)
P(s'|s,a): p(s' \mid s, a)
rbar: r(\pi)
s_t: S_t
a_t: A_t
r_t: R_{t+1}
E[tau]: \mathbb{E}_{\pi}
"""
SILVER = r"""
# D. Silver, Lectures on Reinforcement Learning, 2015
J: J(\theta)
grad: \nabla_{\theta}
V(s): V^{\pi_{\theta}}(s)
Q(s,a): Q^{\pi_{\theta}}(s, a)
A(s,a): A^{\pi_{\theta}}(s, a)
V*(s): V^{*}(s)
Q*(s,a): Q^{*}(s, a)
pi(a|s): \pi_{\theta}(s, a)
P(s'|s,a): \mathcal{P}_{s s'}^{a}
r(s,a): \mathcal{R}_{s}^{a}
mu(s): d^{\pi_{\theta}}(s)
d(s): \rho^{\pi_{\theta}}(s)
eta(s): \eta^{\pi_{\theta}}(s)
E[tau]: \mathbb{E}_{\tau \sim \pi_{\theta}}
"""
SPINNING_UP = r"""
# J. Achiam, Spinning Up in Deep RL, 2018
J: J(\pi_{\theta})
grad: \nabla_{\theta}
V(s): V^{\pi_{\theta}}(s)
Q(s,a): Q^{\pi_{\theta}}(s, a)
A(s,a): A^{\pi_{\theta}}(s, a)
V*(s): V^{*}(s)
Q*(s,a): Q^{*}(s, a)
pi(a|s): \pi_{\theta}(a \mid s)
d(s): d^{\pi_{\theta}}(s)
mu0(s): \rho_{0}(s)
P(tau): P(\tau \mid \theta)
E[tau]: \mathbb{E}_{\tau \sim \pi_{\theta}}
"""
_OTHERS = {
    "grad": r"\nabla", "E[tau]": "", "G": r"R(\tau)", "P(tau)": r"P(\tau)",
    "s_t": "s_t", "a_t": "a_t", "r_t": "r_t", "G_t": "G_t",
}  # fmt: skip
"""What a table may name besides quantities, and how that is written without one."""
_INDEX = re.compile(r"(?<![\\\w])(s'|s|a)(?![\w'])")
_TIMED = re.compile(r"(.+)_\{?t(\+1)?\}?")


@dataclass(frozen=True)
class Notation:
    r"""One table.

    >>> Notation.of("V(s): U(s)").quantity("V", ("s'",))
    "U(s')"
    """

    name: str = "pgsym"
    templates: dict[str, str] = field(default_factory=dict)
    """LaTeX by quantity, that of the second policy with a prime, with {0}, {1}, ... for the indices."""
    others: dict[str, str] = field(default_factory=lambda: dict(_OTHERS))
    """The gradient, means and parts of runs."""

    @classmethod
    def of(cls, text: str, name: str = "notation") -> Notation:
        """Read a table, one quantity a line.

        Raises
        ------
        SchemaError
            A line that is no row, a name that is none of the claim language, or two that look alike.
        """
        templates: dict[str, str] = {}
        others = dict(_OTHERS)
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            head, colon, latex = (part.strip() for part in line.partition(": "))
            where = f"{name}:{number}"
            quantity, indices = _head(head)
            if not colon or not latex or latex.count("{") != latex.count("}"):
                raise SchemaError(
                    rf"found {line.strip()}; a row is written as in V(s): v_\pi(s). Correct it", where=where
                )
            if head in others:
                if head.endswith("_t") and not _TIMED.fullmatch(latex):
                    raise SchemaError(f"found {latex} for {head}; it ends with _t or _{{t+1}}. Correct it", where=where)
                others[head] = latex
                continue
            known = VOCABULARY.get(quantity.removesuffix("'"))
            if known is None or len(known.kinds) != len(indices):
                raise SchemaError(
                    f"found {head}; a quantity of claims with its indices is required, as in V(s). Correct it",
                    where=where,
                )
            parts = _INDEX.split(latex.replace("{", "{{").replace("}", "}}"))
            template = "".join(f"{{{indices.index(part)}}}" if part in indices else part for part in parts)
            if lost := [i for k, i in enumerate(indices) if f"{{{k}}}" not in template]:
                raise SchemaError(f"found {latex} for {head}, without {lost[0]}. Write it", where=where)
            templates[quantity] = template
        found = cls(name, templates, others)
        found.require_distinct()
        return found

    def require_distinct(self) -> None:
        """Refuse two quantities that would look alike."""
        seen: dict[str, str] = {}
        for name, quantity in VOCABULARY.items():
            shown = self.quantity(name, ["x"] * len(quantity.kinds))
            if shown in seen:
                raise SchemaError(f"found {shown} for {seen[shown]} and for {name}; they must differ. Choose another",
                                  where=self.name)  # fmt: skip
            seen[shown] = name

    def quantity(self, name: str, indices: Sequence[str], *, primed: bool = False) -> str:
        """A quantity at its indices; without them where it has some, its letter."""
        own = self.templates.get(name)
        if primed and name + "'" in self.templates:
            own, primed = self.templates[name + "'"], False
        template = QUANTITIES[name].latex if own is None else own
        arity = len(QUANTITIES[name].kinds)
        if len(indices) != arity:  # r(s,a,s')
            head = re.split(r"\(\{\d|_\{\{\{\d", template)[0]
            shown = template.format() if not arity else head.replace("{{", "{").replace("}}", "}")
            shown += f"({', '.join(indices)})" if indices else ""
        else:
            shown = template.format(*indices)
        return second_policy(shown) if primed else shown

    def step(self, letter: str, name: str, shift: int) -> str:
        """s_t, a_t, r_t or G_t at a time; a letter with a number added, or a number."""
        match = _TIMED.fullmatch(self.others[letter + "_t"])
        assert match is not None
        number = shift + bool(match[2])
        time = name + (f"{number:+d}" if number else "") if name else str(number)
        return f"{match[1]}_{{{time}}}"


def _head(text: str) -> tuple[str, list[str]]:
    """A quantity of a table and its indices."""
    name, _, inside = text.partition("(")
    return name, [i for i in re.split(r"[,|]", inside.removesuffix(")")) if i]


def second_policy(latex: str) -> str:
    """Of the second policy: pi' for pi, else theta' for theta, else a prime after the letter."""
    for own, other in ((r"\pi_{\theta}", r"\pi'"), (r"\pi", r"\pi'"), (r"\theta", r"\theta'")):
        if own in latex:
            return latex.replace(own, other, 1)
    head, bracket, rest = latex.partition("(")
    return f"{head}'{bracket}{rest}" if bracket or not re.search(r"[_^]", head) else f"{{{latex}}}'"


_CURRENT: ContextVar[Notation] = ContextVar("notation", default=Notation())  # noqa: B039


def current() -> Notation:
    """The notation in which LaTeX is written now."""
    return _CURRENT.get()


@contextmanager
def written_in(notation: Notation | str | None) -> Iterator[Notation]:
    """LaTeX inside is written in a notation: one of `NOTATIONS`, or None for pgsym's own; SchemaError for any other."""
    found = notation if isinstance(notation, Notation) else notation_of(notation or "pgsym")
    token = _CURRENT.set(found)
    try:
        yield found
    finally:
        _CURRENT.reset(token)


NOTATIONS = {"pgsym": "", "sutton-barto": SUTTON_BARTO, "silver": SILVER, "spinning-up": SPINNING_UP}
"""Tables by name."""


@cache
def _known(name: str) -> Notation:
    return Notation.of(NOTATIONS[name], name)


def notation_of(name: str) -> Notation:
    """A notation by its name."""
    if name in NOTATIONS:
        return _known(name)
    raise SchemaError(
        f"found the notation {name}; {', '.join(NOTATIONS)} or a file with a table is required. Choose one",
        where="notation",
    )

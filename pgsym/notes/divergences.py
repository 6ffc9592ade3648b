r"""Divergences and entropies of policies: whether they are taken at a state, and at which.

>>> from pgsym.notes.tokens import tokens
>>> found = tokens(r"D_{KL}(\pi(\cdot|s) \| \pi')")
>>> is_divergence(found, 0), [plain(part) for part in divergence_at(found, 0)[0]]
(True, ['\\pi(*|s)', "\\pi'"])
"""

from __future__ import annotations

from collections.abc import Sequence

from pgsym.errors import NotReadError
from pgsym.notes.names import plain
from pgsym.notes.parts import scripts
from pgsym.notes.tokens import Rewritten, Token, rewritten

ENTROPIES = ("H", "\\mathcal{H}", "\\mathbb{H}")
"""Letters of the entropy of a policy, where the note defines it."""


def is_divergence(found: Sequence[Token], k: int) -> bool:
    r"""Whether it is D_{KL}(...) or KL(...)."""
    if found[k].text not in ("D", "\\mathbb{D}", "\\KL"):
        return False
    sub, _, _, after = scripts(found, k + 1)
    named = found[k].text == "\\KL" or plain(sub or ()).strip("\\") == "KL"
    return named and after < len(found) and found[after].kind in ("()", "[]")


def divergence_at(found: Sequence[Token], k: int) -> tuple[list[Sequence[Token]], int]:
    """Both arguments, and where the next token is."""
    sub, sup, primes, after = scripts(found, k + 1)
    inside = found[after].inside
    bars = [
        j for j, t in enumerate(inside) if t.text in ("\\|", ",") or [u.text for u in inside[j : j + 2]] == ["|", "|"]
    ]
    if sup is not None or primes or (sub and found[k].text == "\\KL") or len(bars) != 1:
        raise NotReadError("found a divergence with an index, or without its two arguments", found[k].at)
    width = 2 if inside[bars[0]].text == "|" else 1
    return [inside[: bars[0]], inside[bars[0] + width :]], after + 1


def at_state(found: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token]]:
    r"""The policy and the state of \pi(\cdot|s)."""
    call = found[-1].inside if found and found[-1].kind == "()" else ()
    is_law = [t.text for t in call[:2]] == ["*", "|"]
    return (found[:-1], call[2:]) if is_law else (found, ())


def entropies_at(found: Sequence[Token]) -> list[Token]:
    r"""H(\pi(\cdot|s)) as H(s)."""

    def rule(found: Sequence[Token], k: int) -> Rewritten | None:
        policy, state = at_state(found[k].inside) if found[k].kind in ("()", "[]") else ((), ())
        is_entropy = state and k and found[k - 1].text in ENTROPIES and plain(policy) in ("\\pi", "\\pi_\\theta")
        return ([Token("()", "()", found[k].at, tuple(state))], 1) if is_entropy else None

    return rewritten(found, rule)

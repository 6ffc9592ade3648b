"""What a certificate says of itself: the comment at its head."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from importlib.metadata import version

import sympy as sp

from pgsym.certificates.instance import CertifiedModel
from pgsym.certificates.sections import divisors
from pgsym.certificates.terms import comment
from pgsym.claims.language.statement import Claim
from pgsym.claims.verify import policy_gradient_theorem
from pgsym.expression.naming import spelt
from pgsym.model.objective import Objective

WIDTH = 100

_PROVED = {
    Objective.START_STATE: """\
For every theta, with V, Q and eta of this model: V solves Bellman's equations, eta solves the balance equations
(a theorem Bellman and a theorem balance for each state, a theorem Q for each action), both are the only solutions
(MDP.v), and for each parameter the derivative of J = sum_s mu0(s) V(s) exists and is the sum of the policy gradient
theorem (two theorems called gradient: as a sum over states and actions, and written out with the numbers of the
model).""",
    Objective.AVERAGE_REWARD: """\
For every theta, with mu, rbar, h and the differential Q of this model: mu is a stationary distribution, h solves
Poisson's equation with mean 0 under mu (theorems called stationary, Poisson and Q, for each state and action), both
are the only solutions (AverageReward.v), and for each parameter the derivative of rbar exists and is the sum of the
policy gradient theorem (two theorems called gradient: as a sum over states and actions, and written out with the
numbers of the model).""",
}

_HOW = {
    Objective.START_STATE: """\
V and eta are defined by elimination without subtractions; that no pivot is 0 follows from P >= 0, rows that sum to 1,
pi > 0, and {ending}. That V can be differentiated is proved, not assumed.""",
    Objective.AVERAGE_REWARD: """\
mu and h are defined by elimination without subtractions, state 0 pinned; that no pivot is 0 follows from P >= 0, rows
that sum to 1, pi > 0, and from each other state some action leads to a state with a lower number. That mu and h can be
differentiated is proved, not assumed.""",
}


def theorem_header(at: CertifiedModel, name: str, closed: bool) -> str:
    """The header of a certificate of the policy gradient theorem."""
    ending = "gamma < 1" if not at.undiscounted else "every state ends the run or may move to one with a lower number"
    paragraphs = [
        f"The policy gradient theorem ({at.objective}) for the model {name}, for Coq's kernel to check.",
        _PROVED[at.objective],
    ]
    if closed:
        paragraphs.append("The closed forms of J and of its derivatives that pgsym prints equal these (section 5).")
    paragraphs += [
        r"\[ " + policy_gradient_theorem(at.objective).latex() + r" \]",
        _HOW[at.objective].format(ending=ending),
        *_assumed(at),
        *_left_out(at),
    ]
    return boxed([*paragraphs, *legend(at)])


def inequality_header(at: CertifiedModel, name: str, claim: Claim, positive: Sequence[sp.Symbol]) -> str:
    """The header of a certificate of an inequality; some symbols are assumed to be positive."""
    quantities = "mu and rbar" if at.objective is Objective.AVERAGE_REWARD else "V and J"
    return boxed([
        f"The inequality {claim} ({at.objective}) for the model {name}, for Coq's kernel to check.",
        r"\[ " + claim.latex() + r" \]",
        f"For every theta, about {quantities} of this model, which are the only solutions of their equations: one "
        "theorem claim_k for each assignment of the free indices and each parameter, of matrices for all directions. "
        "The larger side less the smaller one, or each sum of principal minors, is proved to be a product of factors, "
        "each of which a lemma sign_k shows to be positive or not negative.",
        *_assumed(at, positive), *_left_out(at), *legend(at),
    ])  # fmt: skip


def boxed(paragraphs: Iterable[str]) -> str:
    """Paragraphs as one comment; lines that are indented are kept as they are."""
    blocks = []
    for text in paragraphs:
        if text.startswith(("  ", r"\[")):
            blocks.append("\n".join("   " + line.rstrip() for line in text.splitlines()))
        else:
            blocks.append(textwrap.fill(text, WIDTH, initial_indent="   ", subsequent_indent="   "))
    made = f"Written by pgsym {version('pgsym')}. Check it with: pgsym certify --check, or coqc with pgsym's library."
    return "(* " + comment("\n\n".join([*blocks, "   " + made]).lstrip()) + " *)"


def legend(at: CertifiedModel) -> list[str]:
    """What the identifiers stand for, where that is not plain."""
    rows = [(name, " ".join(about.split())) for name, about in at.names.legend if name != about]
    if not rows:
        return []
    width = max(len(name) for name, _ in rows)
    return ["Names:", "\n".join(f"  {name.ljust(width)}  {about}" for name, about in rows)]


def _assumed(at: CertifiedModel, positive: Sequence[sp.Symbol] = ()) -> list[str]:
    if not at.symbols:
        return ["Nothing is assumed of the model: all its numbers are below."]
    parts = [] if not at.mdp.gamma.free_symbols else ["the discount factor lies in its range"]
    if at.probabilities:
        parts.append("every probability is nonnegative" + (", those of marked moves positive" if at.strict else ""))
    if divisors(at):
        parts.append("no divisor is 0")
    parts += [f"{s} > 0" for s in positive]
    listed = f"; assumed is only that {'; '.join(parts)}" if parts else ""
    return [f"It holds for all real values of {', '.join(s.name for s in at.symbols)}{listed}."]


def _left_out(at: CertifiedModel) -> list[str]:
    found = []
    gone = [s for s in at.mdp.states if s not in at.index]
    if gone:
        found.append(f"Left out, since the start does not reach them and runs from them do not end: {_names(gone)}.")
    idle = [s for s in at.order if s in at.ended and s not in at.mdp.terminal]
    if idle:
        found.append(f"Taken as terminal, since nothing is earned after them: {_names(idle)}.")
    return found


def _names(states: Iterable[object]) -> str:
    return ", ".join(map(spelt, states))

"""What a theorem needs of a model, as named checks.

That a stationary distribution exists, that a run ends, or that F has an inverse, is found out by the evaluation
itself where a statement needs it.  Here is what a statement could be evaluated without, and would be another
statement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sympy import QQ
from sympy.polys.matrices import DomainMatrix

from pgsym.errors import DiscountError, HypothesisError, ImproperPolicyError
from pgsym.expression.linear import Linear
from pgsym.model.mdp import State
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy, Softmax
from pgsym.model.structure import Structure

Check = Callable[[Structure, Objective], None]
"""Raises a HypothesisError where the model does not have the property."""


@dataclass(frozen=True)
class Hypothesis:
    """One property, in words, and its check: a HypothesisError says what was found, and what to change.

    >>> from pgsym.model.zoo import zoo
    >>> model = zoo("short-corridor")
    >>> HYPOTHESES["discounted"].check(Structure(model.mdp, model.policy), model.objective)
    Traceback (most recent call last):
      ...
    pgsym.errors.DiscountError: gamma: found 1; the statement is about gamma < 1. Set a discount factor
    """

    text: str
    check: Check


def _defined(structure: Structure, objective: Objective) -> None:
    structure.require(objective)


def _discounted(structure: Structure, objective: Objective) -> None:
    if structure.mdp.gamma == 1:
        raise DiscountError("found 1; the statement is about gamma < 1. Set a discount factor", where="gamma")


def _undiscounted(structure: Structure, objective: Objective) -> None:
    if structure.mdp.gamma != 1:
        raise DiscountError(
            f"found {structure.mdp.gamma}; the statement is about gamma = 1. Set gamma to 1, if every run ends",
            where="gamma",
        )


def _ending(structure: Structure, objective: Objective) -> None:
    endless = [c for c in structure.recurrent_classes if not structure.reachable.isdisjoint(c)]
    if endless:
        raise ImproperPolicyError(
            f"runs can stay for ever in a class of {len(endless[0])} states, among them {endless[0][0]!r}; every run "
            "must end with probability 1. Mark an end as terminal, or make the discount a random termination",
            where="end",
        )


def _ending_or_discounted(structure: Structure, objective: Objective) -> None:
    if structure.mdp.gamma == 1 and structure.rewardless:
        first = next(s for s in structure.mdp.states if s in structure.rewardless)
        raise ImproperPolicyError(
            f"gamma = 1 and a run can stay for ever in {first!r}, which is not terminal and earns nothing; an "
            "arbitrary function of the state must vanish where runs stay, as it does in terminal states. Mark the "
            "state as terminal, or set gamma < 1",
            where="end",
        )


def _continuing(structure: Structure, objective: Objective) -> None:
    if structure.mdp.terminal:
        first = next(s for s in structure.mdp.states if s in structure.mdp.terminal)
        raise HypothesisError(
            f"found {len(structure.mdp.terminal)}, the first is {first!r}; the statement is about runs without end. "
            "Let the last states return to the start",
            where="terminal states",
        )


def _tabular(structure: Structure, objective: Objective) -> None:
    seen: set[Linear] = set()
    for (s, a), form in _logits(structure.policy).items():
        if len(form.coefficients) != 1 or form.coefficients[0][1] != 1 or form.constant or form in seen:
            raise HypothesisError(
                f"found the logit {form}; every logit must be a parameter of its own. Use tabular()", where=(s, a)
            )
        seen.add(form)


def _free_differences(structure: Structure, objective: Objective) -> None:
    """The differences l(s,a) - l(s,b) are linearly independent forms, so they can take any values together."""
    logits, column = _logits(structure.policy), {p: k for k, p in enumerate(structure.policy.params)}
    rows: list[dict[int, Any]] = []
    for s in structure.mdp.nonterminal:  # also where no run comes: the statements speak of every state
        *others, last = [dict(logits[s, a].coefficients) for a in structure.policy.actions(s)]
        for form in others:
            entries = {column[p]: form.get(p, 0) - last.get(p, 0) for p in {**form, **last}}
            rows.append({k: QQ(c.numerator, c.denominator) for k, c in entries.items() if c})
    rank = DomainMatrix({k: row for k, row in enumerate(rows) if row}, (len(rows), len(column)), QQ).rank()
    if rank < len(rows):
        raise HypothesisError(
            f"{len(rows)} differences of logits depend on {rank} combinations of parameters; they must be independent, "
            "so that the score functions can reproduce any Q up to a function of the state. Give each state parameters "
            "of its own",
            where="logit",
        )


def _several_classes(structure: Structure, objective: Objective) -> None:
    if len(structure.recurrent_classes) < 2:
        raise HypothesisError(
            f"found {len(structure.recurrent_classes)}; the statement is about two or more. Ask for "
            "policy-gradient-average-reward",
            where="recurrent classes",
        )


def _several_rewards(structure: Structure, objective: Objective) -> None:
    mdp = structure.mdp
    steps = {(*pair, o.state) for pair in mdp.pairs for o in mdp.outcomes(*pair)}
    if len(steps) == len({(*pair, o.state, o.r) for pair in mdp.pairs for o in mdp.outcomes(*pair)}):
        raise HypothesisError(
            "found one for every (s, a, s'); the statement is about outcomes that share them and differ in reward. "
            "Give one step two outcomes",
            where="rewards",
        )


def _several(structure: Structure, objective: Objective) -> None:
    if len(structure.policy.params) < 2:
        raise HypothesisError(
            f"found {len(structure.policy.params)}; a Jacobian of one entry is symmetric, so two are required. "
            "Use a policy with more parameters",
            where="parameters",
        )


def _choice(structure: Structure, objective: Objective) -> None:
    if not structure.policy.params:
        raise HypothesisError("found none; there is no gradient to speak of. Use a policy with parameters",
                              where="parameters")  # fmt: skip


def _logits(policy: Policy) -> dict[tuple[State, object], Linear]:
    if not isinstance(policy, Softmax):
        raise HypothesisError(
            f"found a {type(policy).__name__} policy; the statement is about logits. Use a softmax policy",
            where="policy",
        )
    return {(s, a): form for s, row in policy.logits.items() for a, form in row.items()}


HYPOTHESES = {
    "defined": Hypothesis("the objective is defined", _defined),
    "discounted": Hypothesis("gamma < 1", _discounted),
    "undiscounted": Hypothesis("gamma = 1", _undiscounted),
    "ending": Hypothesis("every run ends with probability 1", _ending),
    "ending or discounted": Hypothesis("gamma < 1, or runs end in terminal states only", _ending_or_discounted),
    "continuing": Hypothesis("no terminal states", _continuing),
    "tabular": Hypothesis("tabular softmax: every logit is a parameter of its own", _tabular),
    "free differences": Hypothesis("softmax with independent differences of logits", _free_differences),
    "several classes": Hypothesis("two or more recurrent classes", _several_classes),
    "several rewards": Hypothesis("two outcomes that differ in the reward alone", _several_rewards),
    "several parameters": Hypothesis("two or more parameters", _several),
    "parameters": Hypothesis("a policy with parameters", _choice),
}
"""Every hypothesis by the name that entries of the catalogue have for it."""

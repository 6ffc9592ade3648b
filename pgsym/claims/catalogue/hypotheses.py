"""What a theorem needs of a model, as named checks.

That a stationary distribution exists, that a run ends, or that F has an inverse, is found out by the evaluation
itself where a statement needs it.  Here is what a statement could be evaluated without, and would be another
statement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from pgsym.errors import DiscountError, HypothesisError, ImproperPolicyError
from pgsym.expression.linear import Linear
from pgsym.model.mdp import MDP, State
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy, Softmax
from pgsym.model.structure import Structure

Check = Callable[[MDP, Policy, Structure, Objective], None]
"""Raises a HypothesisError where the model does not have the property."""


@dataclass(frozen=True)
class Hypothesis:
    """One property, in words, and its check.

    Raises
    ------
    HypothesisError
        By ``check``; the message says what was found, and what to change.

    Examples
    --------
    >>> from pgsym.model.zoo import zoo
    >>> model = zoo("short-corridor")
    >>> DISCOUNTED.check(model.mdp, model.policy, Structure(model.mdp, model.policy), model.objective)
    Traceback (most recent call last):
      ...
    pgsym.errors.DiscountError: gamma: found 1; the statement is about gamma < 1. Set a discount factor
    """

    text: str
    check: Check


def _defined(mdp: MDP, policy: Policy, structure: Structure, objective: Objective) -> None:
    structure.require(objective)


def _discounted(mdp: MDP, policy: Policy, structure: Structure, objective: Objective) -> None:
    if mdp.gamma == 1:
        raise DiscountError("found 1; the statement is about gamma < 1. Set a discount factor", where="gamma")


def _undiscounted(mdp: MDP, policy: Policy, structure: Structure, objective: Objective) -> None:
    if mdp.gamma != 1:
        raise DiscountError(
            f"found {mdp.gamma}; the statement is about gamma = 1. Set gamma to 1, if every run ends", where="gamma"
        )


def _ending(mdp: MDP, policy: Policy, structure: Structure, objective: Objective) -> None:
    endless = [c for c in structure.recurrent_classes if not structure.reachable.isdisjoint(c)]
    if endless:
        raise ImproperPolicyError(
            f"runs can stay for ever in a class of {len(endless[0])} states, among them {endless[0][0]!r}; every run "
            "must end with probability 1. Mark an end as terminal, or make the discount a random termination",
            where="end",
        )


def _ending_or_discounted(mdp: MDP, policy: Policy, structure: Structure, objective: Objective) -> None:
    if mdp.gamma == 1 and structure.rewardless:
        first = next(s for s in mdp.states if s in structure.rewardless)
        raise ImproperPolicyError(
            f"gamma = 1 and a run can stay for ever in {first!r}, which is not terminal and earns nothing; an "
            "arbitrary function of the state must vanish where runs stay, as it does in terminal states. Mark the "
            "state as terminal, or set gamma < 1",
            where="end",
        )


def _continuing(mdp: MDP, policy: Policy, structure: Structure, objective: Objective) -> None:
    if mdp.terminal:
        first = next(s for s in mdp.states if s in mdp.terminal)
        raise HypothesisError(
            f"found {len(mdp.terminal)}, the first is {first!r}; the statement is about runs without end. "
            "Let the last states return to the start",
            where="terminal states",
        )


def _tabular(mdp: MDP, policy: Policy, structure: Structure, objective: Objective) -> None:
    seen: set[Linear] = set()
    for (s, a), form in _logits(policy).items():
        if len(form.coefficients) != 1 or form.coefficients[0][1] != 1 or form.constant or form in seen:
            raise HypothesisError(
                f"found the logit {form}; every logit must be a parameter of its own. Use tabular()", where=(s, a)
            )
        seen.add(form)


def _free_differences(mdp: MDP, policy: Policy, structure: Structure, objective: Objective) -> None:
    """The differences l(s,a) - l(s,b) are linearly independent forms, so they can take any values together."""
    rows: list[dict[str, Fraction]] = []
    for s in mdp.nonterminal:  # also where no run comes: the statements speak of every state
        rows += _differences(policy, s)
    rank = _rank(rows)
    if rank < len(rows):
        raise HypothesisError(
            f"{len(rows)} differences of logits depend on {rank} combinations of parameters; they must be independent, "
            "so that the score functions can reproduce any Q up to a function of the state. Give each state parameters "
            "of its own",
            where="logit",
        )


def _several_classes(mdp: MDP, policy: Policy, structure: Structure, objective: Objective) -> None:
    if len(structure.recurrent_classes) < 2:
        raise HypothesisError(
            f"found {len(structure.recurrent_classes)}; the statement is about two or more. Ask for "
            "policy-gradient-average-reward",
            where="recurrent classes",
        )


def _several(mdp: MDP, policy: Policy, structure: Structure, objective: Objective) -> None:
    if len(policy.params) < 2:
        raise HypothesisError(
            f"found {len(policy.params)}; a Jacobian of one entry is symmetric, so two are required. Use a policy with "
            "more parameters",
            where="parameters",
        )


def _choice(mdp: MDP, policy: Policy, structure: Structure, objective: Objective) -> None:
    if not policy.params:
        raise HypothesisError("found none; there is no gradient to speak of. Use a policy with parameters",
                              where="parameters")  # fmt: skip


def _logits(policy: Policy) -> dict[tuple[State, object], Linear]:
    if not isinstance(policy, Softmax):
        raise HypothesisError(
            f"found a {type(policy).__name__} policy; the statement is about logits. Use a softmax policy",
            where="policy",
        )
    return {(s, a): form for s, row in policy.logits.items() for a, form in row.items()}


def _differences(policy: Policy, state: State) -> list[dict[str, Fraction]]:
    """The coefficients of l(s,a) - l(s,b), b the last action of the state."""
    logits = _logits(policy)
    *others, last = [dict(logits[state, a].coefficients) for a in policy.actions(state)]
    return [
        {p.name: c for p in {**form, **last} if (c := form.get(p, Fraction(0)) - last.get(p, Fraction(0)))}
        for form in others
    ]


def _rank(rows: list[dict[str, Fraction]]) -> int:
    """Rank of a sparse rational matrix.

    >>> _rank([{"a": Fraction(1), "b": Fraction(1)}, {"a": Fraction(2), "b": Fraction(2)}, {"b": Fraction(1)}])
    2
    """
    pivots: dict[str, dict[str, Fraction]] = {}
    for row in rows:
        rest = dict(row)
        while rest:
            column = min(rest)
            if column not in pivots:
                pivots[column] = {c: v / rest[column] for c, v in rest.items()}
                break
            scale = rest[column]
            for c, v in pivots[column].items():
                rest[c] = rest.get(c, Fraction(0)) - scale * v
            rest = {c: v for c, v in rest.items() if v}
    return len(pivots)


DEFINED = Hypothesis("the objective is defined", _defined)
DISCOUNTED = Hypothesis("gamma < 1", _discounted)
UNDISCOUNTED = Hypothesis("gamma = 1", _undiscounted)
ENDING = Hypothesis("every run ends with probability 1", _ending)
ENDING_OR_DISCOUNTED = Hypothesis("gamma < 1, or runs end in terminal states only", _ending_or_discounted)
CONTINUING = Hypothesis("no terminal states", _continuing)
TABULAR = Hypothesis("tabular softmax: every logit is a parameter of its own", _tabular)
FREE_DIFFERENCES = Hypothesis("softmax with independent differences of logits", _free_differences)
SEVERAL_CLASSES = Hypothesis("two or more recurrent classes", _several_classes)
SEVERAL_PARAMETERS = Hypothesis("two or more parameters", _several)
PARAMETERS = Hypothesis("a policy with parameters", _choice)

"""What model checkers and planners have no place for: refused with the remedy, or encoded on request."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from pgsym.errors import DiscountError, SchemaError, StructureError
from pgsym.expression.assumptions import remaining_assumptions
from pgsym.interchange.chain import induced_chain
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.policies import softmax_policy
from pgsym.model.policy import Policy
from pgsym.model.problem import ASSUMED, Problem
from pgsym.model.transform import terminating


def undiscounted(mdp: MDP, discount: str | None, target: str) -> MDP:
    """The model with discount factor 1, for a `target` that has none.

    Parameters
    ----------
    discount
        ``exit`` makes a discount factor a step to a fresh terminal state with probability 1 - gamma.

    Raises
    ------
    DiscountError
        gamma is not 1, and `discount` is None.

    Examples
    --------
    >>> mdp = MDP.from_transitions([("s", "go", "s", 1, 2)], start="s", gamma="3/4")
    >>> undiscounted(mdp, "exit", "a file").outcomes("s", "go")
    (Outcome(state='s', p=3/4, r=2), Outcome(state='end', p=1/4, r=2))
    """
    if discount not in (None, "exit"):
        raise SchemaError(f"found {discount!r}; 'exit' or None is required. Choose one", where="discount")
    if mdp.gamma == 1:
        return mdp
    if discount is None:
        raise DiscountError(
            f"found {mdp.gamma}; {target} has no discount factor. Use the option discount=exit, which ends each step "
            "with probability 1 - gamma, or set gamma to 1",
            where="gamma",
        )
    return terminating(mdp)


def require_one_start(mdp: MDP, target: str) -> None:
    """At most one start state, for a `target` that has no start probabilities.

    Raises
    ------
    StructureError
        A start distribution over several states.
    """
    if len(mdp.start) > 1:
        raise StructureError(
            f"found {len(mdp.start)} start states; {target} marks one, without probabilities. "
            "Set one with mdp.replace(start={state: 1})",
            where="start",
        )


def averaged(mdp: MDP) -> MDP:
    """The model with r(s,a) = E[r | s, a] for every outcome of (s, a).

    Every J and its gradient stay; the variances of returns do not.

    Examples
    --------
    >>> rows = [("s", "go", "s", "1/4", 4), ("s", "go", "t", "3/4", 0), ("t", "go", "s", 1, 2)]
    >>> averaged(MDP.from_transitions(rows, start="s", gamma="1/2")).outcomes("s", "go")
    (Outcome(state='s', p=1/4, r=1), Outcome(state='t', p=3/4, r=1))
    """
    rows = []
    for s, a in mdp.pairs:
        outcomes = mdp.outcomes(s, a)
        if len({r for _, _, r in outcomes}) > 1:
            mean = sp.cancel(sp.Add(*(p * r for _, p, r in outcomes)))
            rows += [(s, a, t, p, mean) for t, p, _ in outcomes]
        else:
            rows += [(s, a, *outcome) for outcome in outcomes]
    return _with_outcomes(mdp, rows)


def merged(mdp: MDP) -> MDP:
    """The model with one outcome of (s, a) for each s' and r.

    Examples
    --------
    >>> rows = [("s", "go", "t", "1/4", 4), ("s", "go", "t", "3/4", 4), ("t", "go", "s", 1, 2)]
    >>> merged(MDP.from_transitions(rows, start="s", gamma="1/2")).outcomes("s", "go")
    (Outcome(state='t', p=1, r=4),)
    """
    rows: dict[tuple[State, Action, State, sp.Expr], list[sp.Expr]] = {}
    for s, a in mdp.pairs:
        for t, p, r in mdp.outcomes(s, a):
            rows.setdefault((s, a, t, r), []).append(p)
    if all(len(parts) == 1 for parts in rows.values()):
        return mdp
    return _with_outcomes(
        mdp,
        [
            (s, a, t, parts[0] if len(parts) == 1 else sp.cancel(sp.Add(*parts)), r)
            for (s, a, t, r), parts in rows.items()
        ],
    )


def _with_outcomes(mdp: MDP, rows: list[tuple[State, Action, State, sp.Expr, sp.Expr]]) -> MDP:
    """The model with other outcomes; a sum may have lost a symbol, and its assumption goes with it."""
    used = {symbol.name for *_, p, r in rows for e in (p, r) for symbol in e.free_symbols}
    used |= {symbol.name for e in (mdp.gamma, *mdp.start.values()) for symbol in e.free_symbols}
    return MDP.from_transitions(
        rows,
        start=mdp.start or None,
        terminal=mdp.terminal,
        gamma=mdp.gamma,
        symbols=remaining_assumptions(mdp.assumptions, used),
        states=mdp.states,
    )


def pair_reward(mdp: MDP, s: State, a: Action, target: str) -> sp.Expr:
    """r(s,a), for a `target` that has one reward for each state and action.

    Raises
    ------
    StructureError
        The outcomes of (s, a) have different rewards.
    """
    rewards = list(dict.fromkeys(r for _, _, r in mdp.outcomes(s, a)))
    if len(rewards) > 1:
        raise StructureError(
            f"found the rewards {', '.join(map(str, rewards[:3]))}; {target} has one for each state and action. "
            "Use the option average where variances do not matter",
            where=(s, a),
        )
    return rewards[0]


def induced(problem: Problem) -> Problem:
    """The chain of the problem's policy as a problem without a choice; theta is written as odds.

    >>> from pgsym.model.zoo import zoo
    >>> induced(zoo("short-corridor")).mdp.outcomes("s1", "pi")[0].p
    x_theta/(x_theta + 1)
    """
    chain, _ = induced_chain(problem)
    return replace(problem, mdp=chain, policy=no_choice(chain), theta={})


def no_choice(mdp: MDP) -> Policy:
    """The policy without parameters of a model with one action in each state; uniform where there are more."""
    return softmax_policy(mdp, {}, default="uniform")


def plain(mdp: MDP) -> Problem:
    """The problem that a format without policies stands for: tabular softmax at theta = 0, `start-state`."""
    if len(mdp.pairs) == len(mdp.nonterminal):
        return Problem(mdp, no_choice(mdp), assumed=("objective",))
    return Problem(mdp, assumed=tuple(ASSUMED))


def require_plain(problem: Problem, target: str) -> MDP:
    """The MDP alone, for a `target` that has no place for the rest.

    Raises
    ------
    SchemaError
        A policy, a theta or an objective other than the ones that `plain` takes.
    """
    found = plain(problem.mdp)
    if problem.objective is not found.objective:
        raise SchemaError(
            f"found {problem.objective}; {target} has no objective. Use the option mdp_only, which leaves it out",
            where="objective",
        )
    same = problem.policy == found.policy and problem.theta == found.theta
    if not same and len(problem.mdp.pairs) > len(problem.mdp.nonterminal):
        raise SchemaError(
            f"found {problem.policy}; {target} has no policy. Use the option mdp_only, which leaves policy and "
            "theta out, or chain, which writes the chain that the policy induces",
            where="policy",
        )
    return problem.mdp

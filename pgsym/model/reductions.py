"""Changed models that mean the same, for what has no place for a discount, a start distribution or a policy.

What cannot be changed is refused with the remedy.  A policy is encoded in the Markov chain that it induces, rational
in odds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sympy as sp

from pgsym.errors import DiscountError, FormulaError, SchemaError, StructureError
from pgsym.expression.evaluate import Expressions
from pgsym.expression.grammar import unparse
from pgsym.expression.linear import Linear, common_denominators
from pgsym.expression.naming import unused
from pgsym.model.mdp import MDP, Action, Row, State
from pgsym.model.policies import softmax_policy
from pgsym.model.policy import Policy
from pgsym.model.problem import ASSUMED, Problem, ProblemLike
from pgsym.model.symbols import all_symbols


def terminating(mdp: MDP) -> MDP:
    """The same MDP with the discount as a probability: each step ends the run with probability 1 - gamma.

    Every outcome (s', p, r) becomes two, (s', gamma p, r) and (end, (1 - gamma) p, r), with a fresh terminal state
    and discount 1.  States and actions stay, so a policy of `mdp` is one of the result; V, Q, A and eta stay too
    (Puterman 1994, section 5.3), and a run's expected length is sum_s eta(s).

    Raises
    ------
    DiscountError
        gamma = 1: nothing would ever end.

    Examples
    --------
    >>> mdp = MDP.from_transitions([("s", "go", "s", 1, 2)], start="s", gamma="3/4")
    >>> ending = terminating(mdp)
    >>> ending.outcomes("s", "go"), ending.gamma
    ((Outcome(state='s', p=3/4, r=2), Outcome(state='end', p=1/4, r=2)), 1)
    """
    gamma = mdp.gamma
    if gamma == 1:
        raise DiscountError(
            "gamma = 1; a run ends with probability 1 - gamma, which must be positive. Set gamma < 1",
            where="terminating",
        )
    end = fresh(mdp)
    rows: list[Row] = []
    for s, a, t, p, r in mdp.rows:
        rows += [(s, a, t, gamma * p, r), (s, a, end, (1 - gamma) * p, r)]
    assumed = dict.fromkeys((symbol.name for symbol in gamma.free_symbols), f"0 <= {unparse(gamma)} < 1")
    return mdp.changed(
        transitions=rows,
        gamma=sp.Integer(1),
        terminal=[*mdp.terminal, end],
        states=[*mdp.states, end],
        symbols={**mdp.assumptions, **{name: text for name, text in assumed.items() if name not in mdp.assumptions}},
    )


def fresh(mdp: MDP, name: str = "end") -> State:
    """`name`, or name_2, name_3, ... where a state is already called, or shown as, that.

    >>> fresh(MDP.from_transitions([("end", "go", "end", 1, 0)]))
    'end_2'
    """
    return unused(name, {str(s) for s in mdp.states}, "{}_{}")


def undiscounted(mdp: MDP, discount: str | None, target: str) -> MDP:
    """The model with discount factor 1, for a `target` that has none; with ``exit``, see `terminating`."""
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


def explicit(mdp: MDP, target: str, *, discount: str | None = None, average: bool = False) -> MDP:
    """The model for a `target` without discount, start distribution, or more than one outcome for each s' and r."""
    mdp = merged(undiscounted(averaged(mdp) if average else mdp, discount, target))
    if len(mdp.start) > 1:
        raise StructureError(
            f"found {len(mdp.start)} start states; {target} marks one, without probabilities. "
            "Set one with mdp.replace(start={state: 1})",
            where="start",
        )
    return mdp


def averaged(mdp: MDP) -> MDP:
    """The model with r(s,a) = E[r | s, a] for every outcome: every J and its gradient stay, variances do not.

    >>> rows = [("s", "go", "s", "1/4", 4), ("s", "go", "t", "3/4", 0), ("t", "go", "s", 1, 2)]
    >>> averaged(MDP.from_transitions(rows, start="s", gamma="1/2")).outcomes("s", "go")
    (Outcome(state='s', p=1/4, r=1), Outcome(state='t', p=3/4, r=1))
    """
    rows: list[Row] = []
    for s, a in mdp.pairs:
        outcomes = mdp.outcomes(s, a)
        different = len({r for _, _, r in outcomes}) > 1
        mean = sp.cancel(sp.Add(*(p * r for _, p, r in outcomes))) if different else outcomes[0].r
        rows += [(s, a, t, p, mean) for t, p, _ in outcomes]
    return mdp.changed(transitions=rows)


def merged(mdp: MDP) -> MDP:
    """The model with one outcome of (s, a) for each s' and r.

    >>> rows = [("s", "go", "t", "1/4", 4), ("s", "go", "t", "3/4", 4), ("t", "go", "s", 1, 2)]
    >>> merged(MDP.from_transitions(rows, start="s", gamma="1/2")).outcomes("s", "go")
    (Outcome(state='t', p=1, r=4),)
    """
    parts: dict[tuple[State, Action, State, sp.Expr], list[sp.Expr]] = {}
    for s, a, t, p, r in mdp.rows:
        parts.setdefault((s, a, t, r), []).append(p)
    if len(parts) == len(mdp.rows):
        return mdp
    sums = {key: p[0] if len(p) == 1 else sp.cancel(sp.Add(*p)) for key, p in parts.items()}
    return mdp.changed(transitions=[(s, a, t, p, r) for (s, a, t, r), p in sums.items()])


def pair_reward(mdp: MDP, s: State, a: Action, target: str) -> sp.Expr:
    """r(s,a), for a `target` that has one reward for each state and action."""
    rewards = list(dict.fromkeys(r for _, _, r in mdp.outcomes(s, a)))
    if len(rewards) > 1:
        raise StructureError(
            f"found the rewards {', '.join(map(str, rewards[:3]))}; {target} has one for each state and action. "
            "Use the option average where variances do not matter",
            where=(s, a),
        )
    return rewards[0]


def no_choice(mdp: MDP) -> Policy:
    """The policy without parameters of a model with one action in each state; uniform where there are more."""
    return softmax_policy(mdp, {}, default="uniform")


def plain(mdp: MDP) -> Problem:
    """The problem that a format without policies stands for: tabular softmax at theta = 0, `start-state`."""
    if len(mdp.pairs) == len(mdp.nonterminal):
        return Problem(mdp, no_choice(mdp), assumed=("objective",))
    return Problem(mdp, assumed=tuple(ASSUMED))


def require_plain(problem: Problem, target: str) -> MDP:
    """The MDP alone, for a `target` that has no place for the rest."""
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


class Odds(Expressions):
    """Expressions with a symbol x_i in place of exp(theta_i/q_i), for the forms of one policy.

    q_i is the common denominator of theta_i's coefficients, so that every exponential is a monomial.
    """

    def __init__(self, forms: Iterable[Linear], taken: Iterable[str]) -> None:
        names = set(taken)
        denominators, _ = common_denominators(forms)
        self.meaning: dict[sp.Symbol, sp.Expr] = {}
        """{x_i: exp(theta_i/q_i)}, to be put back into what a model checker finds."""
        self._odds: dict[sp.Symbol, tuple[sp.Symbol, int]] = {}
        for theta, q in sorted(denominators.items(), key=lambda item: item[0].name):
            x = sp.Symbol(unused(f"x_{theta.name}", names, "{}_{}"))
            self._odds[theta] = (x, q)
            self.meaning[x] = sp.exp(theta / q)

    def exp(self, form: Linear) -> sp.Expr:
        if form.constant:
            raise FormulaError(
                f"found exp({form.to_sympy()}); a chain's probabilities are rational. "
                "Write the constant as a parameter of the policy",
                where="policy",
            )
        return sp.Mul(*(x ** int(c * q) for theta, c in form.coefficients for x, q in (self._odds[theta],)))


def induced_chain(problem: ProblemLike) -> tuple[MDP, dict[sp.Symbol, sp.Expr]]:
    """The chain of a policy as an MDP with one action in every state, and the meaning of its odds.

    P_pi(s'|s) = sum_a pi(a|s) P(s'|s,a), rational in x_i = exp(theta_i/q_i), which are positive.  Outcomes that agree
    in s' and r are one; rewards are not averaged.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.

    Returns
    -------
    MDP
        With the one action ``pi``.
    dict
        {x_i: exp(theta_i/q_i)}.

    Raises
    ------
    FormulaError
        A logit with a constant, whose exponential is not rational.

    See Also
    --------
    save : With ``chain=True``, the same as a file.

    Examples
    --------
    >>> from pgsym.model import sigmoid
    >>> mdp = MDP.from_transitions([("s", "go", "end", 1, 1), ("s", "no", "s", 1, 0)], start="s", terminal=["end"])
    >>> chain, meaning = induced_chain(Problem(mdp, sigmoid(mdp, {"s": "t"})))
    >>> chain.outcomes("s", "pi")
    (Outcome(state='end', p=x_t/(x_t + 1), r=1), Outcome(state='s', p=1/(x_t + 1), r=0))
    >>> meaning
    {x_t: exp(t)}
    """
    problem = Problem.of(problem)
    mdp, policy = problem.mdp, problem.policy
    odds = Odds(policy.forms(), (s.name for s in all_symbols(mdp, policy)))
    rows: list[Row] = []
    for s in mdp.nonterminal:
        found: dict[tuple[State, sp.Expr], sp.Expr] = {}
        for a, weight in zip(policy.actions(s), policy.row(s, odds), strict=True):
            for t, p, r in mdp.outcomes(s, a):
                found[t, r] = found.get((t, r), sp.Integer(0)) + weight * p
        rows += [(s, "pi", t, p, r) for (t, r), total in found.items() if (p := sp.cancel(total)) != 0]
    # An action that is never chosen takes its symbols away.
    chain = mdp.changed(
        transitions=rows, symbols={**mdp.assumptions, **{x.name: f"{x.name} > 0" for x in odds.meaning}}
    )
    return chain, {x: e for x, e in odds.meaning.items() if x in chain.symbols}


def induced(problem: Problem) -> Problem:
    """The chain of the problem's policy as a problem without a choice; theta is written as odds.

    >>> from pgsym.model.zoo import zoo
    >>> induced(zoo("short-corridor")).mdp.outcomes("s1", "pi")[0].p
    x_theta/(x_theta + 1)
    """
    chain, _ = induced_chain(problem)
    return replace(problem, mdp=chain, policy=no_choice(chain), theta={})

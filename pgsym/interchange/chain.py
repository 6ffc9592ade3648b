"""The Markov chain that a policy induces, rational in odds: what a model checker can read."""

from __future__ import annotations

import math
from collections.abc import Iterable

import sympy as sp

from pgsym.errors import FormulaError
from pgsym.expression.assumptions import remaining_assumptions
from pgsym.expression.evaluate import Expressions, softmax
from pgsym.expression.linear import Linear
from pgsym.model.collision import all_symbols
from pgsym.model.mdp import MDP
from pgsym.model.problem import Problem, ProblemLike


class Odds(Expressions):
    """Expressions with a symbol x_i in place of exp(theta_i/q_i), for the forms of one policy.

    q_i is the common denominator of theta_i's coefficients, so that every exponential is a monomial.

    Attributes
    ----------
    meaning : dict
        {x_i: exp(theta_i/q_i)}, to be put back into what a model checker finds.
    """

    def __init__(self, forms: Iterable[Linear], taken: Iterable[str]) -> None:
        names = set(taken)
        denominators: dict[sp.Symbol, int] = {}
        for form in forms:
            for theta, c in form.coefficients:
                denominators[theta] = math.lcm(denominators.get(theta, 1), c.denominator)
        self.meaning: dict[sp.Symbol, sp.Expr] = {}
        self._odds: dict[sp.Symbol, tuple[sp.Symbol, int]] = {}
        for theta, q in sorted(denominators.items(), key=lambda item: item[0].name):
            name = f"x_{theta.name}"
            while name in names:
                name += "_"
            names.add(name)
            self._odds[theta] = (sp.Symbol(name), q)
            self.meaning[sp.Symbol(name)] = sp.exp(theta / q)

    def exp(self, form: Linear) -> sp.Expr:
        if form.constant:
            raise FormulaError(
                f"found exp({form.to_sympy()}); a chain's probabilities are rational. "
                "Write the constant as a parameter of the policy",
                where="policy",
            )
        return sp.Mul(*(x ** int(c * q) for theta, c in form.coefficients for x, q in (self._odds[theta],)))

    def softmax(self, forms: list[Linear]) -> list[sp.Expr]:  # type: ignore[override]
        return softmax(self, forms)


def induced_chain(problem: ProblemLike) -> tuple[MDP, dict[sp.Symbol, sp.Expr]]:
    """The chain of a policy as an MDP with one action, ``pi``, in every state, and the meaning of its odds.

    P_pi(s'|s) = sum_a pi(a|s) P(s'|s,a), rational in x_i = exp(theta_i/q_i), which are positive.  Outcomes that agree
    in s' and r are one; rewards are not averaged.

    Raises
    ------
    FormulaError
        A logit with a constant, whose exponential is not rational.
    NameCollisionError
        The model and the policy mean different things by one name.

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
    rows = []
    for s in mdp.nonterminal:
        found: dict[tuple[object, sp.Expr], sp.Expr] = {}
        for a, weight in zip(policy.actions(s), policy.row(s, odds), strict=True):
            for t, p, r in mdp.outcomes(s, a):
                found[t, r] = found.get((t, r), sp.Integer(0)) + weight * p
        rows += [(s, "pi", t, p, r) for (t, r), total in found.items() if (p := sp.cancel(total)) != 0]
    # an action that is never chosen takes its symbols away
    values = [mdp.gamma, *mdp.start.values(), *(e for *_, p, r in rows for e in (p, r))]
    used = {symbol.name for e in values for symbol in e.free_symbols}
    positive = {x.name: f"{x.name} > 0" for x in odds.meaning}
    chain = MDP.from_transitions(
        rows,
        start=mdp.start or None,
        terminal=mdp.terminal,
        gamma=mdp.gamma,
        symbols=remaining_assumptions({**mdp.assumptions, **positive}, used),
        states=mdp.states,
    )
    return chain, {x: e for x, e in odds.meaning.items() if x.name in used}

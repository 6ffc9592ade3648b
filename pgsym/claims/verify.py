"""`verify`: is the policy gradient theorem true of this model?"""

from __future__ import annotations

from dataclasses import replace

from pgsym.claims.catalogue import theorem
from pgsym.claims.decide import ERROR_BITS, Decision
from pgsym.claims.language import Claim, parse
from pgsym.claims.verdict import Status, Verdict
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, ProblemLike


def verify(problem: ProblemLike, *, method: str = "auto", error_bits: int = ERROR_BITS, seed: int = 0) -> Verdict:
    """Decide the policy gradient theorem for every value of the parameters and symbols.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.  A refutation shows its witness at its theta if the two sides differ there.
    method, error_bits, seed
        As for `decide`.

    Returns
    -------
    Verdict
        For ``stationary-value`` the theorem is refuted (unless the gradient vanishes); its corollaries then
        hold the form scaled by 1/(1 - gamma), refuted too, and the exact gap, proved.

    Raises
    ------
    HypothesisError
        Never: an objective that is not defined makes the verdict ``inapplicable``.

    See Also
    --------
    decide : Any other claim.
    derive : The proof with this model's numbers, every line decided.
    certify : A proof for Coq's kernel.

    References
    ----------
    Sutton, McAllester, Singh & Mansour, Policy gradient methods for reinforcement learning with function
    approximation, NeurIPS 2000.

    Examples
    --------
    >>> print(verify("short-corridor"))
    proved: grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)
      by normal form
    """
    problem = Problem.of(problem)
    decision = Decision(problem, method=method, error_bits=error_bits, seed=seed)
    verdict = decision.decide(policy_gradient_theorem(problem.objective))
    if problem.objective is Objective.STATIONARY_VALUE and verdict.status is Status.REFUTED:
        claims = (parse(text).claims[0] for text in COROLLARIES)
        verdict = replace(verdict, corollaries=tuple(decision.decide(claim) for claim in claims))
    return replace(verdict, assumption=problem.assumption)


def policy_gradient_theorem(objective: Objective) -> Claim:
    """The theorem (Sutton et al. 2000): grad J is the weighted sum, with eta for start-state and mu otherwise.

    For ``stationary-value`` this is the statement of many lecture notes; it is false.

    >>> print(policy_gradient_theorem(Objective.AVERAGE_REWARD))
    grad J == sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)
    """
    return theorem(objective.definition.theorem).claims[0]


_SCALED = "(sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)) / (1 - gamma)"
COROLLARIES = (f"grad J = {_SCALED}", f"grad J - {_SCALED} = sum[s] grad mu(s) * V(s)")
"""For J = sum_s mu(s) V(s): what is closer, and still false, and what it lacks, exactly (Baxter & Bartlett 2001)."""

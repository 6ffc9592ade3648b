"""Hessians, and the Fisher matrix as one."""

from pgsym.claims.catalogue.theorem import Theorem
from pgsym.model.objective import Objective

FURMSTON = """T. Furmston, G. Lever, D. Barber, Approximate Newton methods for policy search in Markov decision
    processes, JMLR 17 (2016)"""

THEOREMS = (
    Theorem(
        name="policy-hessian",
        title="The policy Hessian theorem",
        statement="""
            grad grad J = sum[s] eta(s) * sum[a] (grad grad pi(a|s) * Q(s,a)
              + outer(grad pi(a|s), grad Q(s,a)) + outer(grad Q(s,a), grad pi(a|s)))
        """,
        about="""The second derivative is again a mean over visits. The two outer products carry what a change of the
            policy does to later choices; methods that drop them are not Newton's.""",
        reference=f"{FURMSTON}, section on the policy Hessian",
        derivation="""
            let c(s) = sum[a] (grad grad pi(a|s) * Q(s,a)
              + outer(grad pi(a|s), grad Q(s,a)) + outer(grad Q(s,a), grad pi(a|s)));

            grad grad V(s) = grad grad sum[a] pi(a|s) * Q(s,a)      # V is the mean of Q
              = c(s) + sum[a] pi(a|s) * grad grad Q(s,a)      # product rule, twice
              = c(s) + gamma * sum[s'] P_pi(s,s') * grad grad V(s')      # Bellman equation

            grad grad J = sum[s] mu0(s) * grad grad V(s)      # the start does not depend on theta
              = sum[s] eta(s) * c(s)      # balance of eta, with the recursion above
        """,
    ),
    Theorem(
        name="policy-hessian-average-reward",
        title="The policy Hessian theorem for the average reward",
        objective=Objective.AVERAGE_REWARD,
        statement="""
            grad grad J = sum[s] mu(s) * sum[a] (grad grad pi(a|s) * Q(s,a)
              + outer(grad pi(a|s), grad Q(s,a)) + outer(grad Q(s,a), grad pi(a|s)))
        """,
        about="""The same with the stationary distribution and the differential Q. The gradient of rbar inside grad Q
            cancels, because the gradients of the probabilities sum to 0.""",
        reference=f"{FURMSTON}, section on the policy Hessian (average-reward form: same proof, Poisson equation)",
        model="kakade",
    ),
    Theorem(
        name="hessian-symmetric",
        title="A gradient has a symmetric Jacobian",
        statement="""
            let u = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a);

            grad u = transpose(grad u)
        """,
        about="""Schwarz's theorem for the right side of the policy gradient theorem. It is the test that the update
            without gamma^t fails: see no-discount-weight-jacobian.""",
        reference="C. Nota, P. S. Thomas, Is the policy gradient a gradient?, AAMAS (2020)",
    ),
    Theorem(
        name="fisher-is-curvature",
        title="The Fisher matrix as a mean curvature",
        statement="""
            F = sum[s] eta(s) * sum[a] pi(a|s) * outer(grad log pi(a|s), grad log pi(a|s))
              = -(sum[s] eta(s) * sum[a] pi(a|s) * grad grad log pi(a|s))
        """,
        about="""Mean square of the scores and negative mean second derivative of log pi agree in every state: the
            second Bartlett identity, weighted by visits.""",
        reference="""E. L. Lehmann, G. Casella, Theory of Point Estimation (1998), section 2.5; S. Kakade, NIPS 14
            (2002)""",
    ),
)

"""Famous statements that are false: a term of a product rule, a correction or a bias that is left out.

Each carries its exact defect, which is true.  On degenerate models some of them hold by accident; ``about`` says when.
"""

from pgsym.claims.catalogue.hypotheses import DEFINED, DISCOUNTED, PARAMETERS
from pgsym.claims.catalogue.theorem import Theorem

THEOREMS = (
    Theorem(
        name="bandit-gradient",
        title="The gradient of a value as in a bandit",
        holds=False,
        statement="grad V(s) = sum[a] grad pi(a|s) * Q(s,a)",
        about="""Q is treated as if it did not depend on the policy. The rest is the gradient of the values that
            follow. It holds at gamma = 0, and when every run has one step.""",
        reference="a slip in derivations; compare gradient-of-value",
        requires=(DEFINED, PARAMETERS),
        defect="grad V(s) - sum[a] grad pi(a|s) * Q(s,a) = gamma * sum[s'] P_pi(s,s') * grad V(s')",
    ),
    Theorem(
        name="hessian-no-cross-terms",
        title="The policy Hessian without its cross terms",
        holds=False,
        statement="grad grad J = sum[s] eta(s) * sum[a] grad grad pi(a|s) * Q(s,a)",
        about="""The policy gradient theorem differentiated as if Q and the visits were constants: what second
            derivatives of the usual surrogate loss compute. It holds when no choice changes what later
            choices are worth, for example when each run has one step.""",
        reference="""T. Furmston, G. Lever, D. Barber, Approximate Newton methods for policy search in Markov decision
            processes, JMLR 17 (2016), for the full Hessian""",
        requires=(DEFINED, PARAMETERS),
        defect="""
            grad grad J - sum[s] eta(s) * sum[a] grad grad pi(a|s) * Q(s,a)
              = sum[s] eta(s) * sum[a] (outer(grad pi(a|s), grad Q(s,a)) + outer(grad Q(s,a), grad pi(a|s)))
        """,
    ),
    Theorem(
        name="entropy-without-log",
        title="The entropy-regularised gradient without its log pi",
        holds=False,
        statement="""
            for all tau:
            let c(s,a) = r(s,a) - tau * log pi(a|s);

            grad J[r=c] = sum[s] eta(s) * sum[a] grad pi(a|s) * (r(s,a) + gamma * sum[s'] P(s'|s,a) * V[r=c](s'))
        """,
        about="""The soft action value that contains the entropies to come, but not that of the present choice: the
            policy is never pushed towards more entropy in the state at hand. It holds where the policy of every
            reached state is uniform.""",
        reference="J. Schulman, X. Chen, P. Abbeel, Equivalence between policy gradients and soft Q-learning (2017)",
        requires=(DEFINED, PARAMETERS),
        model="short-corridor",
        defect="""
            for all tau:
            let c(s,a) = r(s,a) - tau * log pi(a|s);

            grad J[r=c] - sum[s] eta(s) * sum[a] grad pi(a|s) * (r(s,a) + gamma * sum[s'] P(s'|s,a) * V[r=c](s'))
              = -tau * sum[s] eta(s) * sum[a] grad pi(a|s) * log pi(a|s)
        """,
    ),
    Theorem(
        name="shaping-without-discount",
        title="Potential shaping without the discount",
        holds=False,
        statement="""
            for all phi(s):
            let c(s,a) = r(s,a) + (sum[s'] P(s'|s,a) * phi(s')) - phi(s);

            grad J[r=c] = grad J
        """,
        about="""phi(s') - phi(s) in place of gamma phi(s') - phi(s): the potential no longer telescopes, and the
            policy is paid for reaching states of high potential. It holds at gamma = 1.""",
        reference="A. Y. Ng, D. Harada, S. Russell, Policy invariance under reward transformations, ICML (1999)",
        requires=(DISCOUNTED, DEFINED, PARAMETERS),
        defect="""
            for all phi(s):
            let c(s,a) = r(s,a) + (sum[s'] P(s'|s,a) * phi(s')) - phi(s);

            grad J[r=c] - grad J = (1 - gamma) * grad sum[s] eta(s) * sum[s'] P_pi(s,s') * phi(s')
        """,
    ),
    Theorem(
        name="frozen-occupancy",
        title="The occupancy does not depend on the policy",
        holds=False,
        statement="grad J = sum[s] eta(s) * grad r_pi(s)",
        about="""J = sum eta r_pi is differentiated as if the visits were given. The missing term is the derivative of
            the visits, which the policy gradient theorem hides in Q. It holds when the actions do not move the
            process.""",
        reference="a slip in derivations; compare occupancy-derivative",
        requires=(DEFINED, PARAMETERS),
        defect="""
            grad J - sum[s] eta(s) * grad r_pi(s) = sum[s] grad eta(s) * r_pi(s)
              = gamma * sum[s] eta(s) * sum[s'] grad P_pi(s,s') * V(s')
        """,
    ),
)

"""Rewards with an entropy bonus: c(s,a) = r(s,a) - tau log pi(a|s)."""

from pgsym.claims.catalogue.theorem import Theorem
from pgsym.model.objective import Objective

MEI = """J. Mei, C. Xiao, C. Szepesvari, D. Schuurmans, On the global convergence rates of softmax policy gradient
    methods, ICML (2020)"""

THEOREMS = (
    Theorem(
        name="entropy-gradient",
        title="The gradient of the entropy",
        statement="grad (-(sum[a] pi(a|s) * log pi(a|s))) = -(sum[a] grad pi(a|s) * log pi(a|s))",
        about="""The derivative of the logarithm itself drops out, because scores have mean zero; the logarithm stays
            as a factor.""",
        reference="T. M. Cover, J. A. Thomas, Elements of Information Theory, 2nd ed. (2006), chapter 2 (definition)",
        requires=(),
    ),
    Theorem(
        name="entropy-regularised-gradient",
        title="The policy gradient with entropy regularisation",
        statement="""
            for all tau:
            let c(s,a) = r(s,a) - tau * log pi(a|s);

            grad J[r=c] = sum[s] eta(s) * sum[a] grad pi(a|s) * Q[r=c](s,a)
              = sum[s] eta(s) * sum[a] grad pi(a|s)
                * (r(s,a) + gamma * (sum[s'] P(s'|s,a) * V[r=c](s')) - tau * log pi(a|s))
        """,
        about="""Although the reward depends on theta now, the theorem keeps its form: the extra term -tau sum[a] grad
            pi is zero. The action value contains the logarithm of the action's own probability.""",
        reference=f"""{MEI}, section 4; J. Schulman, X. Chen, P. Abbeel, Equivalence between policy gradients and
            soft Q-learning (2017)""",
    ),
    Theorem(
        name="entropy-regularised-gradient-average",
        title="The same for the average reward",
        objective=Objective.AVERAGE_REWARD,
        statement="""
            for all tau:
            let c(s,a) = r(s,a) - tau * log pi(a|s);

            grad J[r=c] = sum[s] mu(s) * sum[a] grad pi(a|s) * Q[r=c](s,a)
        """,
        about="""The average of rewards and entropies, with the differential value of both.""",
        reference="""G. Neu, A. Jonsson, V. Gomez, A unified view of entropy-regularized Markov decision processes
            (2017), arXiv:1705.07798""",
        model="kakade",
    ),
    Theorem(
        name="soft-performance-difference",
        title="The performance difference with entropy",
        statement="""
            for all tau:
            let c(s,a) = r(s,a) - tau * log pi(a|s);
            let c1(s,a) = r(s,a) - tau * log pi'(a|s);

            J'[r=c1] - J[r=c] = sum[s] eta'(s) * sum[a] pi'(a|s) * (A[r=c](s,a) - tau * (log pi'(a|s) - log pi(a|s)))
        """,
        about="""Each policy is judged with its own entropy. The difference is the mean advantage minus tau times the
            relative entropy of pi' to pi, along the visits of pi'.""",
        reference=f"{MEI}, appendix (soft performance difference)",
    ),
)

"""Gradients from the states that another policy visits; pi' is the behaviour policy."""

from pgsym.claims.catalogue.hypotheses import DEFINED, DISCOUNTED
from pgsym.claims.catalogue.theorem import Theorem

IMANI = """E. Imani, E. Graves, M. White, An off-policy policy gradient theorem using emphatic weightings, NeurIPS 31
    (2018)"""

THEOREMS = (
    Theorem(
        name="off-policy-gradient",
        title="The off-policy policy gradient theorem",
        statement="""
            grad sum[s] mu'(s) * V(s) = sum[s] eta[mu0=mu'](s) * sum[a] grad pi(a|s) * Q(s,a)
        """,
        about="""The objective weighs the values of pi by the states of the behaviour pi'. Its gradient weighs the
            states by the emphasis: the visits of pi that start where pi' is found.""",
        reference=f"{IMANI}, theorem 1",
        requires=(DISCOUNTED,),
    ),
    Theorem(
        name="emphatic-weights",
        title="The balance of the emphatic weights",
        statement="eta[mu0=mu'](s') = mu'(s') + gamma * sum[s] eta[mu0=mu'](s) * P_pi(s,s')",
        about="""The emphasis m = (I - gamma P^T)^-1 mu' satisfies a recursion that a follow-on trace can sample along
            the behaviour's run.""",
        reference="""R. S. Sutton, A. R. Mahmood, M. White, An emphatic approach to the problem of off-policy
            temporal-difference learning, JMLR 17 (2016)""",
        requires=(DISCOUNTED,),
    ),
    Theorem(
        name="semi-gradient-error",
        title="What the off-policy semi-gradient leaves out",
        statement="""
            grad sum[s] mu'(s) * V(s)
              = sum[s] mu'(s) * (sum[a] grad pi(a|s) * Q(s,a)) + gamma * sum[s] mu'(s) * sum[s'] P_pi(s,s') * grad V(s')
        """,
        about="""The gradient splits into what changes in the state at hand, and what changes in the values of the
            states after it. Off-PAC keeps the first part.""",
        reference=f"""T. Degris, M. White, R. S. Sutton, Off-policy actor-critic, ICML (2012); {IMANI}""",
        requires=(DISCOUNTED,),
    ),
    Theorem(
        name="importance-sampling",
        title="Importance sampling of actions",
        statement="""
            sum[a] pi'(a|s) * (pi(a|s) / pi'(a|s)) * grad log pi(a|s) * Q(s,a) = sum[a] grad pi(a|s) * Q(s,a)
        """,
        about="""Actions of the behaviour count by the ratio of the probabilities. It corrects the choice in one state,
            not how often the state is visited.""",
        reference="T. Degris, M. White, R. S. Sutton, Off-policy actor-critic, ICML (2012)",
        requires=(DEFINED,),
    ),
)

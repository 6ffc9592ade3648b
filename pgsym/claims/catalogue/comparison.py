"""Two policies: pi, and an arbitrary other one, pi', with probabilities of its own; off-policy it is the behaviour."""

from pgsym.claims.catalogue.hypotheses import DEFINED, DISCOUNTED, ENDING_OR_DISCOUNTED
from pgsym.claims.catalogue.theorem import Theorem
from pgsym.model.objective import Objective

LANGFORD = "S. Kakade, J. Langford, Approximately optimal approximate reinforcement learning, ICML (2002)"

COMPARISON = (
    Theorem(
        name="performance-difference",
        title="The performance difference lemma",
        statement="J' - J = sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)",
        about="""How much better pi' is than pi is the mean advantage, under pi, of what pi' does, where pi' goes. pi'
            is arbitrary. It is exact, and its first order is the policy gradient theorem.""",
        reference=f"{LANGFORD}, lemma 6.1",
        derivation="""
            sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)
              = sum[s] eta'(s) * (sum[a] pi'(a|s) * (r(s,a) + gamma * sum[s'] P(s'|s,a) * V(s')) - V(s))
                  # definition of A
              = sum[s] eta'(s) * r_pi'(s)
                + gamma * (sum[s] eta'(s) * sum[s'] P_pi'(s,s') * V(s')) - sum[s] eta'(s) * V(s)
                  # the mean over the actions
              = J' - sum[s] mu0(s) * V(s)      # duality, and the balance of eta'
              = J' - J      # definition of J
        """,
    ),
    Theorem(
        name="performance-difference-average",
        title="The performance difference of average rewards",
        objective=Objective.AVERAGE_REWARD,
        statement="rbar' - rbar = sum[s] mu'(s) * sum[a] pi'(a|s) * A(s,a)",
        about="""The same with the stationary distribution of pi' and the differential advantage of pi. There is no
            factor 1/(1 - gamma) that would blow up.""",
        reference="""X.-R. Cao, Stochastic Learning and Optimization (2007), chapter 2; Y. Zhang, K. W. Ross, On-policy
            deep reinforcement learning for the average-reward criterion, ICML (2021)""",
        model="kakade",
    ),
    Theorem(
        name="value-difference",
        title="The difference of values, state by state",
        statement="""
            V'(s) - V(s) = sum[a] (pi'(a|s) - pi(a|s)) * Q(s,a) + gamma * sum[s'] P_pi'(s,s') * (V'(s') - V(s'))
        """,
        about="""The recursion behind the performance difference: what pi' does differently now, valued by pi, and the
            difference from the next state on.""",
        reference=f"{LANGFORD}, proof of lemma 6.1",
    ),
    Theorem(
        name="bellman-error",
        title="The error of a critic from its temporal differences",
        statement="""
            for all v(s):
            let delta(s,a) = r(s,a) + gamma * (sum[s'] P(s'|s,a) * v(s')) - v(s);

            J - sum[s] mu0(s) * v(s) = sum[s] eta(s) * sum[a] pi(a|s) * delta(s,a)

            V(s) - v(s) = V[r=delta](s)
        """,
        about="""For an arbitrary critic v, its error is the value of its own temporal differences. The performance
            difference lemma is the case v = V of another policy.""",
        reference="R. S. Sutton, A. G. Barto, Reinforcement Learning, 2nd ed. (2018), section 6.1, equation 6.6",
        requires=(DEFINED, ENDING_OR_DISCOUNTED),
    ),
)


IMANI = """E. Imani, E. Graves, M. White, An off-policy policy gradient theorem using emphatic weightings, NeurIPS 31
    (2018)"""

OFF_POLICY = (
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

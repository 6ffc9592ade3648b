"""Two policies: pi, and an arbitrary other one, pi', with probabilities of its own."""

from pgsym.claims.catalogue.hypotheses import DEFINED, ENDING_OR_DISCOUNTED
from pgsym.claims.catalogue.theorem import Theorem
from pgsym.model.objective import Objective

LANGFORD = "S. Kakade, J. Langford, Approximately optimal approximate reinforcement learning, ICML (2002)"

THEOREMS = (
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

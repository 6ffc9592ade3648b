"""What estimators of the gradient are in the mean: sums over all their samples, exactly."""

from pgsym.claims.catalogue.hypotheses import DEFINED, ENDING, ENDING_OR_DISCOUNTED
from pgsym.claims.catalogue.theorem import Theorem

SCHULMAN = """J. Schulman, P. Moritz, S. Levine, M. Jordan, P. Abbeel, High-dimensional continuous control using
    generalized advantage estimation, ICLR (2016)"""

THEOREMS = (
    Theorem(
        name="reward-to-go",
        title="REINFORCE and reward-to-go have one mean",
        statement="""
            let past(s) = sum[s1] eta(s1) * sum[a1] pi(a1|s1) * P(s|s1,a1) * r(s1,a1,s);

            sum[s] eta[gamma=1, mu0=past](s) * sum[a] grad pi(a|s) = 0

            grad J = sum[s] eta(s) * (sum[a] grad pi(a|s) * Q(s,a))
              + sum[s] eta[gamma=1, mu0=past](s) * sum[a] grad pi(a|s)
        """,
        about="""REINFORCE multiplies every score by the return of the whole run. The part that was earned before adds
            nothing in the mean. past(s) is the discounted reward paid on arriving in s, so that its undiscounted
            visits are the mean of all that was earned before, over the visits of a state.""",
        reference="""R. J. Williams, Machine Learning 8 (1992); J. Baxter, P. L. Bartlett, JAIR 15 (2001); L. Weaver,
            N. Tao, The optimal reward baseline for gradient-based reinforcement learning, UAI (2001)""",
        requires=(ENDING,),
        model="short-corridor",
    ),
    Theorem(
        name="td-error-is-advantage",
        title="The temporal difference of the true value is the advantage in the mean",
        statement="""
            let delta(s,a) = r(s,a) + gamma * (sum[s'] P(s'|s,a) * V(s')) - V(s);

            delta(s,a) = A(s,a)

            grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * delta(s,a)
        """,
        about="""With the true value as critic, one step is enough: the one-step actor-critic has no bias.""",
        reference=f"{SCHULMAN}, section 3; R. S. Sutton, A. G. Barto (2018), section 13.5",
    ),
    Theorem(
        name="one-step-actor-critic-bias",
        title="The bias of the one-step actor-critic",
        statement="""
            for all v(s):
            let delta(s,a) = r(s,a) + gamma * (sum[s'] P(s'|s,a) * v(s')) - v(s);

            sum[s] eta(s) * (sum[a] grad pi(a|s) * delta(s,a)) - grad J
              = gamma * sum[s] eta(s) * sum[a] grad pi(a|s) * sum[s'] P(s'|s,a) * (v(s') - V(s'))
        """,
        about="""Only the critic's error in the next states matters, and only as far as the action decides which of
            them comes; an error in the state itself acts as a baseline.""",
        reference=f"{SCHULMAN}, section 3 (case lambda = 0)",
    ),
    Theorem(
        name="gae-bias",
        title="The bias of generalised advantage estimation",
        statement="""
            for all v(s), lambda:
            let delta(s,a) = r(s,a) + gamma * (sum[s'] P(s'|s,a) * v(s')) - v(s);
            let err(s) = v(s) - V(s);

            sum[s] eta(s) * (sum[a] grad pi(a|s) * Q[r=delta, gamma=gamma*lambda](s,a)) - grad J
              = gamma * (1 - lambda) * sum[s] eta(s) * sum[a] grad pi(a|s)
                * sum[s'] P(s'|s,a) * V[r=err, gamma=gamma*lambda](s')
        """,
        about="""The mean of GAE(lambda) with an arbitrary critic v: Q[r=delta, gamma=gamma*lambda] is the mean of the
            sum of (gamma lambda)^k delta. Its bias is linear in the critic's error, and has the factor 1 - lambda.""",
        reference=f"{SCHULMAN}, section 3, for the estimator; the identity follows from bellman-error",
        derivation="""
            for all v(s), lambda:
            let delta(s,a) = r(s,a) + gamma * (sum[s'] P(s'|s,a) * v(s')) - v(s);
            let err(s) = v(s) - V(s);

            delta(s,a) = A(s,a) + gamma * (sum[s'] P(s'|s,a) * err(s')) - err(s)      # definition of A

            err(s) + lambda * V[r=delta, gamma=gamma*lambda](s) = (1 - lambda) * V[r=err, gamma=gamma*lambda](s)
                  # I - x - lambda (I - P) = (1 - lambda) I, with x = gamma lambda P

            Q[r=delta, gamma=gamma*lambda](s,a)
              = A(s,a) - err(s) + gamma * sum[s'] P(s'|s,a) * (err(s') + lambda * V[r=delta, gamma=gamma*lambda](s'))
                  # first step, then the rest
              = A(s,a) - err(s) + gamma * (1 - lambda) * sum[s'] P(s'|s,a) * V[r=err, gamma=gamma*lambda](s')
                  # the line above
        """,
    ),
    Theorem(
        name="gae-unbiased",
        title="Generalised advantage estimation with lambda = 1",
        statement="""
            for all v(s):
            let delta(s,a) = r(s,a) + gamma * (sum[s'] P(s'|s,a) * v(s')) - v(s);

            Q[r=delta](s,a) = Q(s,a) - v(s)

            grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q[r=delta](s,a)
        """,
        about="""With lambda = 1 the temporal differences telescope to the return minus v(s): the critic is a baseline,
            and its errors do no harm in the mean.""",
        reference=f"{SCHULMAN}, section 3",
        requires=(DEFINED, ENDING_OR_DISCOUNTED),
    ),
    Theorem(
        name="action-baseline-corrected",
        title="A baseline that depends on the action, with its correction",
        statement="""
            for all c(s,a): grad J = sum[s] eta(s) * (sum[a] grad pi(a|s) * (Q(s,a) - c(s,a)))
              + sum[s] eta(s) * sum[a] grad pi(a|s) * c(s,a)
        """,
        about="""What an action-dependent baseline takes away has to be given back, as a sum over the actions that
            needs no sampling. Without it the estimate is biased: see action-baseline.""",
        reference="""S. Gu, T. Lillicrap, Z. Ghahramani, R. E. Turner, S. Levine, Q-Prop: sample-efficient policy
            gradient with an off-policy critic, ICLR (2017)""",
    ),
)

"""What estimators of the gradient are in the mean, as random variables on a run."""

from pgsym.claims.catalogue.hypotheses import DEFINED, ENDING, ENDING_OR_DISCOUNTED
from pgsym.claims.catalogue.theorem import Theorem

SUTTON = "R. S. Sutton, A. G. Barto, Reinforcement Learning, 2nd ed. (2018)"
SCHULMAN = """J. Schulman, P. Moritz, S. Levine, M. Jordan, P. Abbeel, High-dimensional continuous control using
    generalized advantage estimation, ICLR (2016)"""
PARDO = "F. Pardo, A. Tavakoli, V. Levdik, P. Kormushev, Time limits in reinforcement learning, ICML (2018)"

ON_POLICY = (
    Theorem(
        name="reinforce",
        title="REINFORCE",
        statement="E[tau] grad log P(tau) * G = grad J",
        about="""The score of the whole run times its return. Every action is credited with all rewards, also with
            those that came before it, so the run has to end.""",
        reference="R. J. Williams, Simple statistical gradient-following algorithms, Machine Learning 8 (1992)",
        requires=(ENDING,),
        model="short-corridor",
    ),
    Theorem(
        name="past-rewards",
        title="Rewards of the past add nothing in the mean",
        statement="E[tau] sum[t] grad log pi(a_t|s_t) * sum[u<t] gamma^u * r_u = 0",
        about="""The difference of REINFORCE and reward-to-go. What was earned before step t is known when the action is
            chosen, and the score has mean zero given that: the past is a baseline.""",
        reference="""J. Baxter, P. L. Bartlett, JAIR 15 (2001); L. Weaver, N. Tao, The optimal reward baseline for
            gradient-based reinforcement learning, UAI (2001)""",
        requires=(ENDING,),
        model="short-corridor",
    ),
    Theorem(
        name="reward-to-go",
        title="Reward-to-go",
        statement="E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * G_t = grad J",
        about="""Every score times the return from its step on. It needs no end: where gamma < 1, all sums converge. The
            weight gamma^t is part of it, see no-discount-weight.""",
        reference=f"J. Baxter, P. L. Bartlett, JAIR 15 (2001); {SUTTON}, section 13.3",
        derivation="""
            E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * G_t
              = E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * Q(s_t,a_t)      # the mean of G_t given s_t and a_t is Q
              = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)      # visits, and pi grad log pi = grad pi
              = grad J      # the policy gradient theorem
        """,
    ),
    Theorem(
        name="reward-to-go-baseline",
        title="Reward-to-go with any baseline of the state",
        statement="for all b(s): E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - b(s_t)) = grad J",
        about="""A number that is known before the action is drawn may be taken off the return, whatever it is: only the
            variance depends on it.""",
        reference=f"R. J. Williams, Machine Learning 8 (1992); {SUTTON}, section 13.4",
    ),
    Theorem(
        name="action-baseline-corrected",
        title="A baseline that depends on the action, with its correction",
        statement="""
            for all c(s,a):

            E[tau] sum[t] gamma^t * (grad log pi(a_t|s_t) * (G_t - c(s_t,a_t)) + sum[a] grad pi(a|s_t) * c(s_t,a))
              = grad J
        """,
        about="""What an action-dependent baseline takes away has to be given back, as a sum over the actions that
            needs no sampling. Without it the estimate is biased: see action-baseline.""",
        reference="""S. Gu, T. Lillicrap, Z. Ghahramani, R. E. Turner, S. Levine, Q-Prop: sample-efficient policy
            gradient with an off-policy critic, ICLR (2017)""",
    ),
    Theorem(
        name="undiscounted-weights",
        title="The mean of the update without gamma^t",
        statement="""
            E[tau] sum[t] grad log pi(a_t|s_t) * G_t = sum[s] eta[gamma=1](s) * sum[a] grad pi(a|s) * Q(s,a)
        """,
        about="""Discounted returns, but all steps of a run alike: the states are weighted by their undiscounted visits.
            For gamma < 1 that is not the gradient of J: see no-discount-weight.""",
        reference="C. Nota, P. S. Thomas, Is the policy gradient a gradient?, AAMAS (2020)",
        requires=(ENDING,),
        model="nota-thomas",
    ),
    Theorem(
        name="truncation-bias",
        title="The bias of runs that are cut off",
        statement="""
            J - E[tau] sum[t<3] gamma^t * r_t = gamma^3 * E[tau] V(s_3)

            grad J - E[tau] sum[t<3] grad log pi(a_t|s_t) * sum[t<=u<3] gamma^u * r_u
              = grad (gamma^3 * E[tau] V(s_3))
              = gamma^3 * E[tau] ((sum[t<3] grad log pi(a_t|s_t)) * V(s_3) + grad V(s_3))
        """,
        about="""Rewards from step 3 on are dropped: what is estimated without bias is the gradient of the first three
            rewards. The rest is the gradient of what the state that is reached then is worth.""",
        reference=PARDO,
    ),
    Theorem(
        name="truncation-bootstrap",
        title="Runs that are cut off, with the value of the last state",
        statement="""
            grad J - E[tau] sum[t<3] grad log pi(a_t|s_t) * ((sum[t<=u<3] gamma^u * r_u) + gamma^3 * V(s_3))
              = gamma^3 * E[tau] grad V(s_3)
        """,
        about="""The exact value of the last state replaces the rewards that are dropped. The scores of the first steps
            then see all that they cause, and what is lost are the scores of the later steps.""",
        reference=f"{PARDO}; compare truncation-bias",
    ),
)

CRITICS = (
    Theorem(
        name="td-error-is-advantage",
        title="The temporal difference of the true value is the advantage in the mean",
        statement="""
            let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t);

            E[tau | s_0=s, a_0=a] (r_0 + gamma * V(s_1)) - V(s) = A(s,a)

            E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * delta(t) = grad J
        """,
        about="""With the true value as critic, one step is enough: the one-step actor-critic has no bias.""",
        reference=f"{SCHULMAN}, section 3; {SUTTON}, section 13.5",
    ),
    Theorem(
        name="one-step-actor-critic-bias",
        title="The bias of the one-step actor-critic",
        statement="""
            for all v(s):
            let delta(t) = r_t + gamma * v(s_{t+1}) - v(s_t);

            (E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * delta(t)) - grad J
              = gamma * E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (v(s_{t+1}) - V(s_{t+1}))
        """,
        about="""Only the critic's error in the next states matters, and only as far as the action decides which of
            them comes; an error in the state itself acts as a baseline.""",
        reference=f"{SCHULMAN}, section 3 (case lambda = 0)",
    ),
    Theorem(
        name="n-step-bias",
        title="The bias of the n-step return",
        statement="""
            for all v(s):
            let R(t) = (sum[t<=u<t+3] gamma^(u-t) * r_u) + gamma^3 * v(s_{t+3});

            (E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (R(t) - v(s_t))) - grad J
              = gamma^3 * E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (v(s_{t+3}) - V(s_{t+3}))
        """,
        about="""Three rewards and then the critic: its error counts where the run is three steps later, and with
            gamma^3. With the exact critic there is no bias.""",
        reference=f"{SUTTON}, sections 7.1 and 13.5; {SCHULMAN}, section 3",
    ),
    Theorem(
        name="gae-exact-critic",
        title="Generalised advantage estimation with the exact critic",
        statement="""
            for all lambda:
            let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t);

            E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma*lambda)^(u-t) * delta(u) = grad J
        """,
        about="""Every temporal difference of the true value after the first has mean zero given the past, so lambda
            weighs noise: any lambda will do.""",
        reference=f"{SCHULMAN}, section 3",
    ),
    Theorem(
        name="gae-bias",
        title="The bias of generalised advantage estimation",
        statement="""
            for all v(s), lambda:
            let delta(t) = r_t + gamma * v(s_{t+1}) - v(s_t);
            let err(s) = v(s) - V(s);

            (E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma*lambda)^(u-t) * delta(u)) - grad J
              = gamma * (1 - lambda)
                * E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma*lambda)^(u-t) * err(s_{u+1})
        """,
        about="""GAE(lambda) with an arbitrary critic v. Its bias is linear in the critic's errors in the states that
            follow, and has the factor 1 - lambda.""",
        reference=f"{SCHULMAN}, section 3, for the estimator",
        derivation="""
            for all v(s), lambda:
            let delta(t) = r_t + gamma * v(s_{t+1}) - v(s_t);
            let exact(t) = r_t + gamma * V(s_{t+1}) - V(s_t);
            let err(s) = v(s) - V(s);

            E[tau | s_0=s, a_0=a] sum[u] (gamma*lambda)^u * delta(u)
              = E[tau | s_0=s, a_0=a] sum[u] (gamma*lambda)^u * (exact(u) + gamma * err(s_{u+1}) - err(s_u))
                  # v = V + err
              = A(s,a) + E[tau | s_0=s, a_0=a] sum[u] (gamma*lambda)^u * (gamma * err(s_{u+1}) - err(s_u))
                  # the mean of exact(0) is A, and of the later ones 0
              = A(s,a) - err(s) + gamma * (1 - lambda) * E[tau | s_0=s, a_0=a] sum[u] (gamma*lambda)^u * err(s_{u+1})
                  # each err(s_u) after the first meets gamma err(s_u) of the step before it
        """,
    ),
    Theorem(
        name="gae-unbiased",
        title="Generalised advantage estimation with lambda = 1",
        statement="""
            for all v(s):
            let delta(t) = r_t + gamma * v(s_{t+1}) - v(s_t);

            E[tau | s_0=s, a_0=a] sum[u] gamma^u * delta(u) = Q(s,a) - v(s)

            E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] gamma^(u-t) * delta(u) = grad J
        """,
        about="""With lambda = 1 the temporal differences telescope to the return minus v(s): the critic is a baseline,
            and its errors do no harm in the mean.""",
        reference=f"{SCHULMAN}, section 3",
        requires=(DEFINED, ENDING_OR_DISCOUNTED),
    ),
)

THEOREMS = ON_POLICY + CRITICS

"""Moments of runs: the return, the score, control variates, and runs of another policy."""

from pgsym.claims.catalogue.hypotheses import DEFINED, ENDING, PARAMETERS
from pgsym.claims.catalogue.theorem import Theorem

SOBEL = "M. J. Sobel, The variance of discounted Markov decision processes, J. Appl. Probab. 19 (1982)"
PRECUP = "D. Precup, R. S. Sutton, S. Singh, Eligibility traces for off-policy policy evaluation, ICML (2000)"
GREENSMITH = """E. Greensmith, P. L. Bartlett, J. Baxter, Variance reduction techniques for gradient estimates in
    reinforcement learning, JMLR 5 (2004)"""

MOMENTS = (
    Theorem(
        name="score-mean",
        title="The score of a run has mean zero",
        statement="E[tau] grad log P(tau) = 0",
        about="""Probabilities of runs add up to 1 for every theta, so their gradients add up to 0. It is what lets
            a baseline be free.""",
        reference="R. J. Williams, Machine Learning 8 (1992)",
        requires=(ENDING,),
        model="short-corridor",
    ),
    Theorem(
        name="trajectory-fisher",
        title="The Fisher matrix of runs",
        statement="""
            Var[tau] grad log P(tau)
              = E[tau] sum[t] outer(grad log pi(a_t|s_t), grad log pi(a_t|s_t))
              = -E[tau] sum[t] grad grad log pi(a_t|s_t)
              = sum[s] eta[gamma=1](s) * sum[a] pi(a|s) * outer(grad log pi(a|s), grad log pi(a|s))
        """,
        about="""Scores of different steps are uncorrelated, so the covariance of the score of a run is the sum of
            those of its steps, weighted by undiscounted visits. It is F where gamma = 1, see
            trajectory-fisher-discounted.""",
        reference="J. A. Bagnell, J. Schneider, Covariant policy search, IJCAI (2003)",
        requires=(ENDING,),
        model="short-corridor",
    ),
    Theorem(
        name="return-variance",
        title="Sobel's equation for the variance of the return",
        statement="""
            let W(s) = Var[tau | s_0=s] G;

            W(s) = Var[tau | s_0=s] (r_0 + gamma * V(s_1)) + gamma^2 * E[tau | s_0=s] W(s_1)
        """,
        about="""The variance of the return from s is that of one step, with the values of the next states, and gamma^2
            times the variance that remains: a Bellman equation with the discount gamma^2.""",
        reference=SOBEL,
    ),
    Theorem(
        name="return-variance-td",
        title="The variance of the return as a sum of squared temporal differences",
        statement="""
            let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t);

            Var[tau] G = Var[tau] V(s_0) + E[tau] sum[t] (gamma^t * delta(t))^2
        """,
        about="""G - V(s_0) is the sum of gamma^t delta(t), which are uncorrelated when V is the true value. The start
            adds the variance of its own.""",
        reference=f"{SOBEL}; compare return-variance",
    ),
    Theorem(
        name="total-variance",
        title="The law of total variance",
        statement="""
            Var[tau] G = Var[tau] V(s_0) + sum[s] mu0(s) * Var[tau | s_0=s] G

            Var[tau | s_0=s] G = sum[a] pi(a|s) * (Var[tau | s_0=s, a_0=a] G + A(s,a)^2)
        """,
        about="""The variance of the return splits into that of its mean given what is known, and the mean of what
            remains: by the first state, and by the first action, where the squared advantage is what the choice
            adds.""",
        reference=f"{SOBEL}; S. M. Ross, Introduction to Probability Models (2014), chapter 3",
    ),
    Theorem(
        name="control-variate",
        title="What a baseline takes off is a control variate",
        statement="""
            for all b(s):
            let X = sum[t] gamma^t * grad log pi(a_t|s_t) * G_t;
            let Y = sum[t] gamma^t * grad log pi(a_t|s_t) * b(s_t);

            E[tau] Y = 0

            Var[tau] Y = E[tau] sum[t] (gamma^t * b(s_t))^2 * outer(grad log pi(a_t|s_t), grad log pi(a_t|s_t))

            Cov[tau](X, Y) = E[tau] outer(X, Y)
        """,
        about="""X - Y has the mean of X, and its covariance is that of X and of Y, less Cov(X, Y) and its
            transpose: it is smaller when both go together. The terms of Y are uncorrelated.""",
        reference=GREENSMITH,
    ),
    Theorem(
        name="optimal-constant-baseline",
        title="The best constant baseline of REINFORCE",
        statement="""
            for all c:
            let z = grad log P(tau);
            let k = (E[tau] dot(z, z) * G) / (E[tau] dot(z, z));

            trace Cov[tau](z * (G - k), z) = 0

            trace Var[tau] (z * (G - c)) = trace Var[tau] (z * (G - k)) + (c - k)^2 * E[tau] dot(z, z)
        """,
        about="""The mean of the return, each run weighted by its squared score: not J. There the derivative of the
            variance by the baseline is zero, and any other constant costs the square of its distance.""",
        reference=f"{GREENSMITH}; L. Weaver, N. Tao, UAI (2001)",
        requires=(ENDING, PARAMETERS),
        model="short-corridor",
    ),
    Theorem(
        name="optimal-constant-baseline-to-go",
        title="The best constant baseline of reward-to-go",
        statement="""
            let X = sum[t] gamma^t * grad log pi(a_t|s_t) * G_t;
            let Y = sum[t] gamma^t * grad log pi(a_t|s_t);
            let k = (trace Cov[tau](X, Y)) / (trace Var[tau] Y);

            trace Cov[tau](X - k * Y, Y) = 0
        """,
        about="""The left side is minus half the derivative of trace Var(X - k Y) by k. It is zero where the estimator
            is uncorrelated with what the baseline takes off, summed over the parameters.""",
        reference=f"{GREENSMITH}; compare control-variate",
        requires=(DEFINED, PARAMETERS),
    ),
)

OTHER_RUNS = (
    Theorem(
        name="per-decision-sampling",
        title="Importance sampling per decision",
        statement="E[tau~pi'] sum[t] gamma^t * (prod[u<=t] pi(a_u|s_u) / pi'(a_u|s_u)) * r_t = J",
        about="""Every reward of a run of pi' counts by the ratios of the actions up to it. Later ratios have mean 1 and
            may be left out, so the run need not end.""",
        reference=f"{PRECUP}; R. S. Sutton, A. G. Barto (2018), section 5.9",
    ),
    Theorem(
        name="per-decision-gradient",
        title="The policy gradient from runs of another policy",
        statement="""
            E[tau~pi'] sum[t] gamma^t * (prod[u<=t] pi(a_u|s_u) / pi'(a_u|s_u)) * grad log pi(a_t|s_t) * Q(s_t,a_t)
              = E[tau~pi'] sum[t] gamma^t * r_t * (prod[u<=t] pi(a_u|s_u) / pi'(a_u|s_u))
                * sum[u<=t] grad log pi(a_u|s_u)
              = grad J
        """,
        about="""The ratios up to an action make up for the way to it as well as for the action; the ratio of the action
            alone would leave the states of pi'. The second form is the derivative of the ratios.""",
        reference=f"{PRECUP}; J. Tang, P. Abbeel, On a connection between importance sampling and the likelihood ratio "
        "policy gradient, NeurIPS 23 (2010)",
    ),
)

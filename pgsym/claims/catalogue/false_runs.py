"""Famous statements that are false: slips in estimators of the gradient, and in moments of runs.

Each carries its exact defect, which is true.  On degenerate models some of them hold by accident; ``about`` says when.
"""

from pgsym.claims.catalogue.estimators import PARDO, SCHULMAN, SUTTON
from pgsym.claims.catalogue.hypotheses import DEFINED, DISCOUNTED, ENDING, PARAMETERS
from pgsym.claims.catalogue.runs import PRECUP, SOBEL
from pgsym.claims.catalogue.theorem import Theorem

THEOREMS = (
    Theorem(
        name="no-discount-weight",
        title="The update without gamma^t",
        holds=False,
        statement="E[tau] sum[t] grad log pi(a_t|s_t) * G_t = grad J",
        about="""Discounted returns, but all steps of the run weighted alike: what most deep policy gradient codes do.
            It is the gradient neither of the discounted nor of the undiscounted objective. It holds when only the
            start has a choice.""",
        reference="""P. S. Thomas, Bias in natural actor-critic algorithms, ICML (2014); C. Nota, P. S. Thomas, Is the
            policy gradient a gradient?, AAMAS (2020)""",
        requires=(DISCOUNTED, ENDING, DEFINED, PARAMETERS),
        model="nota-thomas",
        defect="""
            (E[tau] sum[t] grad log pi(a_t|s_t) * G_t) - grad J
              = (1 - gamma) * E[tau] sum[t] grad log pi(a_t|s_t) * G_t * sum[u<t] gamma^u
        """,
    ),
    Theorem(
        name="reward-after-next",
        title="Reward-to-go from the next step on",
        holds=False,
        statement="E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>t] gamma^(u-t) * r_u = grad J",
        about="""Off by one: an action is not credited with the reward that it earns at once. It holds where the mean of
            that reward is the same for all actions of a state.""",
        reference="a slip in many implementations; compare reward-to-go",
        requires=(DEFINED, PARAMETERS),
        defect="""
            grad J - E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>t] gamma^(u-t) * r_u
              = E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * r_t
              = sum[s] eta(s) * sum[a] grad pi(a|s) * r(s,a)
        """,
    ),
    Theorem(
        name="action-baseline",
        title="A baseline that depends on the action",
        holds=False,
        statement="for all c(s,a): E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - c(s_t,a_t)) = grad J",
        about="""Scores have mean zero under the policy, but not when each is multiplied by a number of its own. The
            subtracted sum must be added back: see action-baseline-corrected. It holds only where no reached state has
            a choice.""",
        reference="G. Tucker et al., The mirage of action-dependent baselines in reinforcement learning, ICML (2018)",
        requires=(DEFINED, PARAMETERS),
        model="short-corridor",
        defect="""
            for all c(s,a):

            grad J - E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - c(s_t,a_t))
              = sum[s] eta(s) * sum[a] grad pi(a|s) * c(s,a)
        """,
    ),
    Theorem(
        name="q-baseline",
        title="The action value as baseline",
        holds=False,
        statement="E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - Q(s_t,a_t)) = grad J",
        about="""The best guess of the return is taken off, as a good baseline should be, and with it the whole
            gradient: what remains is noise with mean zero. It holds only where grad J = 0.""",
        reference="a slip with a critic of actions; compare action-baseline",
        requires=(DEFINED, PARAMETERS),
        defect="E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - Q(s_t,a_t)) = 0",
    ),
    Theorem(
        name="gae-no-bias",
        title="Generalised advantage estimation without bias",
        holds=False,
        statement="""
            for all v(s), lambda:
            let delta(t) = r_t + gamma * v(s_{t+1}) - v(s_t);

            E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma*lambda)^(u-t) * delta(u) = grad J
        """,
        about="""lambda is often introduced as trading variance for variance; with a critic that is not exact it trades
            variance for bias. It holds when lambda = 1, when v = V, and when no action changes the next state.""",
        reference=f"{SCHULMAN}, section 3; compare gae-bias",
        requires=(DEFINED, PARAMETERS),
        defect="""
            for all v(s), lambda:
            let delta(t) = r_t + gamma * v(s_{t+1}) - v(s_t);
            let err(s) = v(s) - V(s);

            grad J - E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma*lambda)^(u-t) * delta(u)
              = gamma * (lambda - 1)
                * E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma*lambda)^(u-t) * err(s_{u+1})
        """,
    ),
    Theorem(
        name="mean-over-steps",
        title="The mean over all steps of a batch",
        holds=False,
        statement="(E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * G_t) / (E[tau] sum[t] 1) = grad J",
        about="""What a mean over the steps of a large batch converges to, where a mean over its runs is meant. The
            expected length is missing, which changes with theta, so a learning rate that suits short runs does not
            suit long ones. It holds when every run has one step.""",
        reference=f"{SUTTON}, section 13.2 (the constant); compare missing-length",
        requires=(ENDING, DEFINED, PARAMETERS),
        model="short-corridor",
        defect="""
            E[T] * (E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * G_t) / (E[tau] sum[t] 1) = grad J
        """,
    ),
    Theorem(
        name="truncation-no-bias",
        title="Cutting runs off without bias",
        holds=False,
        statement="E[tau] sum[t<3] grad log pi(a_t|s_t) * sum[t<=u<3] gamma^u * r_u = grad J",
        about="""Runs are cut off after three steps as if they ended there. Small only where the discount, or the
            probability to last that long, is small. It holds when every run ends within three steps.""",
        reference=f"{PARDO}; compare truncation-bias",
        requires=(DEFINED, PARAMETERS),
        defect="""
            grad J - E[tau] sum[t<3] grad log pi(a_t|s_t) * sum[t<=u<3] gamma^u * r_u
              = grad (gamma^3 * E[tau] V(s_3))
        """,
    ),
    Theorem(
        name="inverted-ratio",
        title="Importance sampling with the ratio upside down",
        holds=False,
        statement="E[tau~pi'] sum[t] gamma^t * (prod[u<=t] pi'(a_u|s_u) / pi(a_u|s_u)) * r_t = J",
        about="""pi'/pi in place of pi/pi'. The weights have mean 1 under pi, not under pi', where the runs are from,
            and over runs of any length their mean may diverge.""",
        reference=f"a slip of names; {PRECUP}",
        requires=(DEFINED, PARAMETERS),
        model="nota-thomas",
        defect="""
            J - E[tau~pi'] sum[t] gamma^t * (prod[u<=t] pi'(a_u|s_u) / pi(a_u|s_u)) * r_t
              = E[tau~pi'] sum[t] gamma^t * (prod[u<t] pi'(a_u|s_u) / pi(a_u|s_u))
                * (V(s_t) - pi'(a_t|s_t) / pi(a_t|s_t) * Q(s_t,a_t))
        """,
    ),
    Theorem(
        name="last-ratio-only",
        title="Importance sampling with the ratio of the last action",
        holds=False,
        statement="E[tau~pi'] sum[t] gamma^t * (pi(a_t|s_t) / pi'(a_t|s_t)) * r_t = J",
        about="""The product is cut down to one ratio for the sake of its variance. That corrects what is done in a
            state, but not how often pi' comes there. It holds when no action changes the next state.""",
        reference=f"{PRECUP}; compare semi-gradient",
        requires=(DEFINED, PARAMETERS),
        defect="""
            J - E[tau~pi'] sum[t] gamma^t * (pi(a_t|s_t) / pi'(a_t|s_t)) * r_t
              = gamma * E[tau~pi'] sum[t] gamma^t * (pi(a_t|s_t) / pi'(a_t|s_t) - 1) * V(s_{t+1})
        """,
    ),
    Theorem(
        name="variance-no-cross-term",
        title="The variance of the return without its cross term",
        holds=False,
        statement="""
            let W(s) = Var[tau | s_0=s] G;

            W(s) = Var[tau | s_0=s] r_0 + gamma^2 * Var[tau | s_0=s] V(s_1) + gamma^2 * E[tau | s_0=s] W(s_1)
        """,
        about="""Reward and next state are treated as independent, though one action causes both. It holds where the
            reward is uncorrelated with the value of the next state, for example with -1 for every step.""",
        reference=f"{SOBEL}; compare return-variance",
        defect="""
            let W(s) = Var[tau | s_0=s] G;

            W(s) - (Var[tau | s_0=s] r_0 + gamma^2 * Var[tau | s_0=s] V(s_1) + gamma^2 * E[tau | s_0=s] W(s_1))
              = 2 * gamma * Cov[tau | s_0=s](r_0, V(s_1))
        """,
    ),
    Theorem(
        name="trajectory-fisher-discounted",
        title="The discounted Fisher matrix as covariance of the score of a run",
        holds=False,
        statement="Var[tau] grad log P(tau) = F",
        about="""F weighs states by their discounted visits, as the policy gradient does; the score of a run knows no
            discount. It holds at gamma = 1, and when only the start has a choice.""",
        reference="J. A. Bagnell, J. Schneider, Covariant policy search, IJCAI (2003); compare trajectory-fisher",
        requires=(DISCOUNTED, ENDING, DEFINED, PARAMETERS),
        model="nota-thomas",
        defect="""
            (Var[tau] grad log P(tau)) - F
              = (1 - gamma) * E[tau] sum[t] outer(grad log pi(a_t|s_t), grad log pi(a_t|s_t)) * sum[u<t] gamma^u
        """,
    ),
)

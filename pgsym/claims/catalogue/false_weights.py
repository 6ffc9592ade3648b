"""Famous statements that are false: a wrong state weight, or a factor that is missing.

Each carries its exact defect, which is true.  On degenerate models some of them hold by accident; ``about`` says when.
"""

from pgsym.claims.catalogue.hypotheses import (
    CONTINUING,
    DEFINED,
    DISCOUNTED,
    ENDING,
    PARAMETERS,
    SEVERAL_CLASSES,
    SEVERAL_PARAMETERS,
)
from pgsym.claims.catalogue.theorem import Theorem
from pgsym.model.objective import Objective

NOTA = "C. Nota, P. S. Thomas, Is the policy gradient a gradient?, AAMAS (2020)"
THOMAS = "P. S. Thomas, Bias in natural actor-critic algorithms, ICML (2014)"
BARTLETT = "J. Baxter, P. L. Bartlett, Infinite-horizon policy-gradient estimation, JAIR 15 (2001)"
NOTE = "lecture notes that begin with the stationary mean of V"

THEOREMS = (
    Theorem(
        name="note-line-2",
        title="Lecture note: the gradient passes through the stationary distribution",
        objective=Objective.STATIONARY_VALUE,
        holds=False,
        statement="grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)",
        about="""From J = sum mu V to this sum two terms are lost: mu depends on theta, and so does Q. For small gamma
            the sum can even have the wrong sign (model sign-flip, gamma < 4/7). It holds where both terms cancel, for
            example when J does not depend on theta.""",
        reference=f"{NOTE}; corrected by {BARTLETT}",
        requires=(DEFINED, PARAMETERS),
        defect="""
            grad J - sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)
              = sum[s] grad mu(s) * V(s) + gamma * sum[s] mu(s) * grad V(s)
        """,
    ),
    Theorem(
        name="note-line-5",
        title="Lecture note: the sum over the states vanishes",
        objective=Objective.STATIONARY_VALUE,
        holds=False,
        statement="""
            for all s:
              sum[s1] mu(s1) * sum[a] Q(s1,a) * grad log pi(a|s1) * pi(a|s1)
                = sum[a] Q(s,a) * grad log pi(a|s) * pi(a|s)
        """,
        about="""A mean over the states is set equal to its value in one state, whichever. True if and only if all
            states have the same value, for example with one state.""",
        reference=NOTE,
        requires=(DEFINED, PARAMETERS),
        defect="""
            let u(s) = sum[a] Q(s,a) * grad log pi(a|s) * pi(a|s);

            for all s: sum[s1] mu(s1) * u(s1) - u(s) = sum[s1] mu(s1) * (u(s1) - u(s))
        """,
    ),
    Theorem(
        name="note-line-6",
        title="Lecture note: the gradient is the mean of score times Q",
        objective=Objective.STATIONARY_VALUE,
        holds=False,
        statement="grad J = E[s~mu, a~pi] grad log pi(a|s) * Q(s,a)",
        about="""The note's conclusion, with the state drawn from mu as its first lines say. The log-derivative trick
            is not to blame: the mean equals line 2, which is false already.""",
        reference=f"{NOTE}; corrected by {BARTLETT}",
        requires=(DEFINED, PARAMETERS),
        defect="""
            E[s~mu, a~pi] grad log pi(a|s) * Q(s,a) = grad rbar - (1 - gamma) * sum[s] grad mu(s) * V(s)
        """,
    ),
    Theorem(
        name="discounted-q-average-reward",
        title="Discounted Q under the stationary distribution",
        objective=Objective.STATIONARY_VALUE,
        holds=False,
        statement="grad rbar = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)",
        about="""Nearly every implementation that samples states as they come and discounts its returns. The sum is
            biased for the average reward, by a term that vanishes only as gamma goes to 1. It holds when mu does not
            depend on theta, for example with one state.""",
        reference=f"{BARTLETT}; {THOMAS}",
        requires=(DEFINED, PARAMETERS),
        defect="grad rbar - sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a) = (1 - gamma) * sum[s] grad mu(s) * V(s)",
    ),
    Theorem(
        name="missing-normalisation",
        title="The normalised occupancy without its factor",
        holds=False,
        statement="grad J = sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)",
        about="""With d = (1 - gamma) eta the sum is (1 - gamma) grad J: parallel, but shorter, so a learning rate that
            is tuned at one gamma is wrong at another. It holds at gamma = 0 and where grad J = 0.""",
        reference="a slip in many papers and courses; compare policy-gradient-normalised",
        requires=(DISCOUNTED, CONTINUING, DEFINED, PARAMETERS),
        defect="sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a) = (1 - gamma) * grad J",
    ),
    Theorem(
        name="missing-length",
        title="The on-policy distribution without the expected length",
        holds=False,
        statement="grad J = sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)",
        about="""The same slip for episodes: the missing factor is their expected length, or the discounted number of
            visits, which changes with theta. It holds when every run has one step.""",
        reference="R. S. Sutton, A. G. Barto, Reinforcement Learning, 2nd ed. (2018), section 13.2 (the constant)",
        requires=(ENDING, DEFINED, PARAMETERS),
        model="short-corridor",
        defect="(sum[s] eta(s)) * (sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)) = grad J",
    ),
    Theorem(
        name="no-discount-weight-jacobian",
        title="The update without gamma^t is a gradient of something",
        holds=False,
        statement="""
            let u = sum[s] eta[gamma=1](s) * sum[a] grad pi(a|s) * Q(s,a);

            grad u = transpose(grad u)
        """,
        about="""If the update were the gradient of any function, its Jacobian would be symmetric. It is not, so the
            update maximises nothing. It is symmetric by accident where the parameters do not interact.""",
        reference=NOTA,
        requires=(DISCOUNTED, ENDING, DEFINED, SEVERAL_PARAMETERS),
        model="random-walk",
        gamma="1/2",
        defect="""
            let c(s) = sum[a] grad pi(a|s) * Q(s,a);
            let u = sum[s] eta[gamma=1](s) * c(s);

            grad u - transpose(grad u)
              = sum[s] (outer(c(s), grad eta[gamma=1](s)) - outer(grad eta[gamma=1](s), c(s))
                + eta[gamma=1](s) * sum[a] (outer(grad pi(a|s), grad Q(s,a)) - outer(grad Q(s,a), grad pi(a|s))))
        """,
    ),
    Theorem(
        name="stationary-update-jacobian",
        title="The stationary update with discounted values is a gradient of something",
        objective=Objective.STATIONARY_VALUE,
        holds=False,
        statement="""
            let u = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a);

            grad u = transpose(grad u)
        """,
        about="""The same for a run without end, where the weights become the stationary distribution. As u = grad rbar
            - (1 - gamma) sum grad mu V, the second term alone decides.""",
        reference=NOTA,
        requires=(DEFINED, SEVERAL_PARAMETERS),
        defect="""
            let u = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a);

            grad u - transpose(grad u)
              = (1 - gamma) * sum[s] (outer(grad V(s), grad mu(s)) - outer(grad mu(s), grad V(s)))
        """,
    ),
    Theorem(
        name="semi-gradient",
        title="The off-policy semi-gradient is the gradient",
        holds=False,
        statement="grad sum[s] mu'(s) * V(s) = sum[s] mu'(s) * sum[a] grad pi(a|s) * Q(s,a)",
        about="""The state weights of the behaviour policy are kept as they are. What is lost is the effect of pi on
            the states that it would reach. It holds at gamma = 0, and with one parameter for each state it still
            shares some stationary points.""",
        reference="""T. Degris, M. White, R. S. Sutton, Off-policy actor-critic, ICML (2012), theorem 1, corrected in
            the errata; E. Imani, E. Graves, M. White, NeurIPS 31 (2018)""",
        requires=(DISCOUNTED, PARAMETERS),
        defect="""
            grad sum[s] mu'(s) * V(s) - sum[s] mu'(s) * sum[a] grad pi(a|s) * Q(s,a)
              = gamma * sum[s] mu'(s) * sum[s'] P_pi(s,s') * grad V(s')
        """,
    ),
    Theorem(
        name="surrogate-difference",
        title="The performance difference with one's own visits",
        holds=False,
        statement="J' - J = sum[s] eta(s) * sum[a] pi'(a|s) * A(s,a)",
        about="""The surrogate of trust-region methods read as an equation: it agrees with J' - J to first order only.
            The advantages have to be averaged over the visits of the new policy. It holds when all
            policies visit the states whose choice matters alike.""",
        reference="""J. Schulman, S. Levine, P. Moritz, M. Jordan, P. Abbeel, Trust region policy optimization,
            ICML (2015)""",
        requires=(DEFINED, PARAMETERS),
        defect="""
            J' - J - sum[s] eta(s) * sum[a] pi'(a|s) * A(s,a)
              = sum[s] (eta'(s) - eta(s)) * sum[a] pi'(a|s) * A(s,a)
        """,
    ),
    Theorem(
        name="multichain-average-reward",
        title="The average-reward theorem with several recurrent classes",
        objective=Objective.AVERAGE_REWARD,
        holds=False,
        statement="""
            grad sum[s] mu0(s) * g(s)
              = sum[s] nu(s) * sum[a] grad pi(a|s) * (r(s,a) + sum[s'] P(s'|s,a) * H(s'))
        """,
        about="""With limiting frequencies for the stationary distribution the unichain theorem can be written down,
            but it sees recurrent states only: a choice on the way to them, which decides in which class the run ends,
            is lost. It holds when all classes that are reached earn the same.""",
        reference="M. L. Puterman, Markov Decision Processes (1994), chapter 9; compare policy-gradient-multichain",
        requires=(SEVERAL_CLASSES, PARAMETERS),
        model="two-classes",
        defect="""
            grad sum[s] mu0(s) * g(s) - sum[s] nu(s) * sum[a] grad pi(a|s) * (r(s,a) + sum[s'] P(s'|s,a) * H(s'))
              = sum[s] n(s) * sum[a] grad pi(a|s) * sum[s'] P(s'|s,a) * g(s')
        """,
    ),
)

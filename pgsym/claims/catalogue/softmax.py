"""What is special about softmax policies, and true of the scores of all policies."""

from pgsym.claims.catalogue.hypotheses import DEFINED, TABULAR
from pgsym.claims.catalogue.theorem import Theorem

AGARWAL = """A. Agarwal, S. Kakade, J. Lee, G. Mahajan, On the theory of policy gradient methods, JMLR 22 (2021),
    section 5"""

THEOREMS = (
    Theorem(
        name="score-mean-zero",
        title="Scores have mean zero",
        statement="sum[a] pi(a|s) * grad log pi(a|s) = sum[a] grad pi(a|s) = 0",
        about="""The probabilities of the actions sum to 1 for every theta. All freedom in choosing baselines comes
            from this line.""",
        reference="""R. J. Williams, Machine Learning 8 (1992); E. L. Lehmann, G. Casella, Theory of Point
            Estimation, 2.5""",
        requires=(),
    ),
    Theorem(
        name="softmax-gradient",
        title="The gradient of tabular softmax",
        statement="dot(grad J, grad logit(s,a)) = eta(s) * pi(a|s) * A(s,a)",
        about="""With a logit of its own for each state-action pair, the derivative by that logit is visits times
            probability times advantage. grad logit(s,a) picks out the coordinate (s,a). The derivative vanishes as
            pi(a|s) does, however good the action is: the cause of plateaus.""",
        reference=AGARWAL,
        requires=(TABULAR, DEFINED),
        model="recycling-robot",
        derivation="""
            grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * A(s,a)      # advantage form
              = sum[s] eta(s) * sum[a] pi(a|s) * A(s,a) * (grad logit(s,a) - sum[a'] pi(a'|s) * grad logit(s,a'))
                  # score of softmax
              = sum[s] eta(s) * sum[a] pi(a|s) * A(s,a) * grad logit(s,a)      # the mean of A is 0
        """,
    ),
    Theorem(
        name="softmax-gauge",
        title="The gauge of tabular softmax",
        statement="sum[a] dot(grad J, grad logit(s,a)) = 0",
        about="""A constant added to all logits of one state changes no probability, so the derivatives by them sum to
            zero. Hence the Fisher matrix of tabular softmax is singular.""",
        reference=AGARWAL,
        requires=(TABULAR, DEFINED),
        model="recycling-robot",
    ),
    Theorem(
        name="softmax-score",
        title="The score of softmax",
        statement="""
            grad log pi(a|s) = grad logit(s,a) - sum[a'] pi(a'|s) * grad logit(s,a')

            grad pi(a|s) = pi(a|s) * (grad logit(s,a) - sum[a'] pi(a'|s) * grad logit(s,a'))
        """,
        about="""With logits linear in theta, grad logit(s,a) is the feature vector of the pair, and the score is the
            feature minus its mean.""",
        reference="R. S. Sutton, A. G. Barto, Reinforcement Learning, 2nd ed. (2018), section 13.3, equation 13.9",
        requires=(),
    ),
)

"""Compatible critics and natural gradients."""

from pgsym.claims.catalogue.hypotheses import DEFINED, FREE_DIFFERENCES, TABULAR
from pgsym.claims.catalogue.theorem import Theorem
from pgsym.model.objective import Objective

SUTTON = """R. S. Sutton, D. McAllester, S. Singh, Y. Mansour, Policy gradient methods for reinforcement learning with
    function approximation, NIPS 12 (2000)"""
KAKADE = "S. Kakade, A natural policy gradient, NIPS 14 (2002)"

THEOREMS = (
    Theorem(
        name="compatible-features",
        title="Compatible function approximation",
        statement="""
            let w = dot(inv(F), grad J);

            sum[s] eta(s) * sum[a] pi(a|s) * (Q(s,a) - dot(w, grad log pi(a|s))) * grad log pi(a|s) = 0

            grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * dot(w, grad log pi(a|s))
        """,
        about="""The critic dot(w, grad log pi) that fits Q best in the mean square, the states weighted as in the
            theorem, may replace Q: the gradient stays exact, although the critic need not be right anywhere. The first
            line says that w is the best fit.""",
        reference=f"{SUTTON}, theorem 2",
        derivation="""
            let w = dot(inv(F), grad J);

            sum[s] eta(s) * sum[a] grad pi(a|s) * dot(w, grad log pi(a|s))
              = sum[s] eta(s) * sum[a] pi(a|s) * dot(outer(grad log pi(a|s), grad log pi(a|s)), w)
                  # log-derivative trick
              = dot(F, w)      # definition of F
              = grad J      # definition of w
        """,
    ),
    Theorem(
        name="natural-gradient-is-critic",
        title="The natural gradient is the compatible critic",
        objective=Objective.AVERAGE_REWARD,
        statement="""
            let w = dot(inv(F), grad J);

            sum[s] mu(s) * sum[a] pi(a|s) * (Q(s,a) - dot(w, grad log pi(a|s))) * grad log pi(a|s) = 0

            dot(F, w) = grad J
        """,
        about="""The weights of the best compatible critic are F^-1 grad J, the natural gradient: an actor with such a
            critic steps along its critic's weights.""",
        reference=f"{KAKADE}, theorem 1",
        model="kakade",
    ),
    Theorem(
        name="natural-gradient-sigmoid",
        title="The natural gradient of sigmoid policies is a difference of action values",
        statement="""
            let w = dot(inv(F), grad J);

            dot(w, grad log pi(a|s) - grad log pi(a'|s)) = Q(s,a) - Q(s,a')

            dot(w, grad log pi(a|s)) = A(s,a)
        """,
        about="""When the logits of each state can be chosen freely, the compatible critic is exact: it is the
            advantage. For a sigmoid with one parameter in each state the natural gradient has the entries Q(s,a) -
            Q(s,b), whatever the visits and the probabilities are.""",
        reference=f"{KAKADE}, section 3; A. Agarwal, S. Kakade, J. Lee, G. Mahajan, JMLR 22 (2021), section 5",
        requires=(FREE_DIFFERENCES, DEFINED),
    ),
    Theorem(
        name="softmax-natural-gradient",
        title="The natural gradient of tabular softmax",
        statement="""
            dot(F, sum[s,a] A(s,a) * grad logit(s,a)) = grad J

            dot(F, sum[s,a] Q(s,a) * grad logit(s,a)) = grad J
        """,
        about="""F is singular here, but the advantages solve F w = grad J, and so do the action values: a natural step
            multiplies pi(a|s) by exp(step A(s,a)) and normalises, which is soft policy iteration.""",
        reference="A. Agarwal, S. Kakade, J. Lee, G. Mahajan, JMLR 22 (2021), section 5.3",
        requires=(TABULAR, DEFINED),
        model="recycling-robot",
    ),
)

"""What is special about softmax policies, true of the scores of all policies, and of rewards with an entropy bonus."""

THEOREMS = """
# Softmax policies

## score-mean-zero: Scores have mean zero
sum[a] pi(a|s) * grad log pi(a|s) = sum[a] grad pi(a|s) = 0
:about: The probabilities of the actions sum to 1 for every theta. All freedom in choosing baselines comes from this
line.
:reference: R. J. Williams, Machine Learning 8 (1992); E. L. Lehmann, G. Casella, Theory of Point Estimation, 2.5
:requires:

## softmax-gradient: The gradient of tabular softmax
dot(grad J, grad logit(s,a)) = eta(s) * pi(a|s) * A(s,a)
:about: With a logit of its own for each state-action pair, the derivative by that logit is visits times probability
times advantage. grad logit(s,a) picks out the coordinate (s,a). The derivative vanishes as pi(a|s) does, however good
the action is: the cause of plateaus.
:reference: $AGARWAL, section 5
:requires: tabular, defined
:model: recycling-robot
:derivation:
grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * A(s,a)      # advantage form
  = sum[s] eta(s) * sum[a] pi(a|s) * A(s,a) * (grad logit(s,a) - sum[a'] pi(a'|s) * grad logit(s,a'))
      # score of softmax
  = sum[s] eta(s) * sum[a] pi(a|s) * A(s,a) * grad logit(s,a)      # the mean of A is 0

## softmax-gauge: The gauge of tabular softmax
sum[a] dot(grad J, grad logit(s,a)) = 0
:about: A constant added to all logits of one state changes no probability, so the derivatives by them sum to zero.
Hence the Fisher matrix of tabular softmax is singular.
:reference: $AGARWAL, section 5
:requires: tabular, defined
:model: recycling-robot

## softmax-score: The score of softmax
grad log pi(a|s) = grad logit(s,a) - sum[a'] pi(a'|s) * grad logit(s,a')

grad pi(a|s) = pi(a|s) * (grad logit(s,a) - sum[a'] pi(a'|s) * grad logit(s,a'))
:about: With logits linear in theta, grad logit(s,a) is the feature vector of the pair, and the score is the feature
minus its mean.
:reference: $BOOK, section 13.3, equation 13.9
:requires:

# Entropy

## entropy-gradient: The gradient of the entropy
grad (-(sum[a] pi(a|s) * log pi(a|s))) = -(sum[a] grad pi(a|s) * log pi(a|s))
:about: The derivative of the logarithm itself drops out, because scores have mean zero; the logarithm stays as a
factor.
:reference: T. M. Cover, J. A. Thomas, Elements of Information Theory, 2nd ed. (2006), chapter 2 (definition)
:requires:

## entropy-regularised-gradient: The policy gradient with entropy regularisation
for all tau:
let c(s,a) = r(s,a) - tau * log pi(a|s);

grad J[r=c] = sum[s] eta(s) * sum[a] grad pi(a|s) * Q[r=c](s,a)
  = sum[s] eta(s) * sum[a] grad pi(a|s)
    * (r(s,a) + gamma * (sum[s'] P(s'|s,a) * V[r=c](s')) - tau * log pi(a|s))
:about: Although the reward depends on theta now, the theorem keeps its form: the extra term -tau sum[a] grad pi is
zero. The action value contains the logarithm of the action's own probability.
:reference: $MEI, section 4; $SOFT

## entropy-regularised-gradient-average: The same for the average reward
for all tau:
let c(s,a) = r(s,a) - tau * log pi(a|s);

grad J[r=c] = sum[s] mu(s) * sum[a] grad pi(a|s) * Q[r=c](s,a)
:about: The average of rewards and entropies, with the differential value of both.
:reference: G. Neu, A. Jonsson, V. Gomez, A unified view of entropy-regularized Markov decision processes (2017),
arXiv:1705.07798
:objective: average-reward
:model: kakade

## soft-performance-difference: The performance difference with entropy
for all tau:
let c(s,a) = r(s,a) - tau * log pi(a|s);
let c1(s,a) = r(s,a) - tau * log pi'(a|s);

J'[r=c1] - J[r=c] = sum[s] eta'(s) * sum[a] pi'(a|s) * (A[r=c](s,a) - tau * (log pi'(a|s) - log pi(a|s)))
:about: Each policy is judged with its own entropy. The difference is the mean advantage minus tau times the relative
entropy of pi' to pi, along the visits of pi'.
:reference: $MEI, appendix (soft performance difference)
"""

"""The policy gradient theorem, in the forms in which it is used.

What is special about softmax policies, true of the scores of all policies, and of rewards with an entropy bonus.
"""

THEOREMS = """
# The policy gradient

## policy-gradient: The policy gradient theorem
grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)
:about: The gradient of the value of the start needs no derivative of where the policy leads: only the policy is
differentiated, and each state counts by its expected discounted visits. That is what makes the gradient a mean over
runs, which can be sampled.
:reference: $SUTTON, theorem 1 (start-state formulation)
:derivation:
grad V(s) = grad sum[a] pi(a|s) * Q(s,a)      # V is the mean of Q
  = sum[a] grad pi(a|s) * Q(s,a) + sum[a] pi(a|s) * grad Q(s,a)      # product rule
  = sum[a] grad pi(a|s) * Q(s,a) + gamma * sum[s'] P_pi(s,s') * grad V(s')      # Bellman equation

grad J = sum[s] mu0(s) * grad V(s)      # the start does not depend on theta
  = sum[s] eta(s) * grad V(s) - gamma * sum[s] eta(s) * sum[s'] P_pi(s,s') * grad V(s')
      # balance of eta
  = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)      # the recursion above

## policy-gradient-any-start: The policy gradient theorem for every start
for all w(s): grad sum[s] w(s) * V(s) = sum[s] eta[mu0=w](s) * sum[a] grad pi(a|s) * Q(s,a)
:about: The weights of the start are arbitrary numbers: the theorem is linear in them, so it holds for the value of each
single state too. eta[mu0=w] are the discounted visits from those weights.
:reference: $SUTTON, appendix (its proof gives grad V of every state)

## policy-gradient-episodic: The episodic theorem, with visit counts
grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)

sum[s] eta(s) = E[T]
:about: Without discount eta(s) is the expected number of visits in one episode. The counts sum to the expected length
of an episode, so they are no distribution.
:reference: $BOOK, section 13.2
:requires: undiscounted, ending, defined
:model: short-corridor

## policy-gradient-on-policy: The episodic theorem with the on-policy distribution
grad J = E[T] * sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)
  propto sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)
:about: With the visits normalised to a distribution d the sum is proportional to the gradient, and the constant is the
expected length of an episode. It depends on theta: the sum is no gradient, only parallel to one.
:reference: $BOOK, section 13.2, equation 13.5 and the remark on its constant
:requires: undiscounted, ending, defined
:model: short-corridor

## policy-gradient-normalised: The discounted theorem with the normalised occupancy
grad J = (sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)) / (1 - gamma)
:about: d(s) = (1 - gamma) eta(s) is a distribution when nothing terminates, so that states can be sampled from it. The
factor 1/(1 - gamma) is what the normalisation took away.
:reference: $AGARWAL, section 2
:requires: discounted, continuing, defined

## policy-gradient-average-reward: The policy gradient theorem for the average reward
grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)
:about: Q is the differential action value r(s,a) - rbar + sum P h. States count by the stationary distribution, which
is not differentiated, although J is its mean of the rewards.
:reference: $SUTTON, theorem 1 (average-reward formulation); P. Marbach, J. N. Tsitsiklis, Simulation-based optimization
of Markov reward processes, IEEE Trans. Automatic Control 46 (2001)
:objective: average-reward
:model: kakade
:derivation:
grad h(s) = grad sum[a] pi(a|s) * Q(s,a)      # h is the mean of Q
  = sum[a] grad pi(a|s) * Q(s,a) + sum[a] pi(a|s) * grad Q(s,a)      # product rule
  = sum[a] grad pi(a|s) * Q(s,a) - grad rbar + sum[s'] P_pi(s,s') * grad h(s')
      # Q = r - rbar + P h

grad J = sum[s] mu(s) * (sum[a] grad pi(a|s) * Q(s,a) + sum[s'] P_pi(s,s') * grad h(s') - grad h(s))
      # solved for grad rbar, mean under mu
  = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)      # mu is stationary: mu P = mu

## policy-gradient-chain: The theorem in terms of the chain
grad J = sum[s] eta(s) * (grad r_pi(s) + gamma * sum[s'] grad P_pi(s,s') * V(s'))
:about: The same without actions: the derivative of the induced rewards and transition matrix, with the value as it is.
It holds for every chain that depends on a parameter.
:reference: X.-R. Cao, H.-F. Chen, Perturbation realization, potentials, and sensitivity analysis of Markov processes,
IEEE Trans. Automatic Control 42 (1997)

## policy-gradient-chain-average: The average-reward theorem in terms of the chain
grad rbar = sum[s] mu(s) * (grad r_pi(s) + sum[s'] grad P_pi(s,s') * h(s'))
:about: h is called the potential there: what a visit of a state earns in the long run beyond the average. The
stationary distribution is not differentiated.
:reference: X.-R. Cao, H.-F. Chen, Perturbation realization, potentials, and sensitivity analysis of Markov processes,
IEEE Trans. Automatic Control 42 (1997)
:objective: average-reward
:model: machine-replacement

## log-derivative-trick: The log-derivative (score function) trick
sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)
  = sum[s] eta(s) * sum[a] Q(s,a) * (grad pi(a|s) / pi(a|s)) * pi(a|s)
  = sum[s] eta(s) * sum[a] pi(a|s) * grad log pi(a|s) * Q(s,a)
  = E[s~eta, a~pi] grad log pi(a|s) * Q(s,a)
:about: grad pi = pi grad log pi wherever pi > 0. It turns the sum over the actions into a mean under the policy. It is
not the reparametrisation trick, which moves theta into the sampled variable.
:reference: R. J. Williams, Simple statistical gradient-following algorithms for connectionist reinforcement learning,
Machine Learning 8 (1992); $BOOK, section 13.3

## advantage-form: The theorem with the advantage
grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * A(s,a) = E[s~eta, a~pi] grad log pi(a|s) * A(s,a)
:about: Q may be replaced by A = Q - V: V does not depend on the action, and the gradients of the probabilities sum to
0. Its samples scatter less.
:reference: $SUTTON, section 4; $BOOK, section 13.4

## state-baseline: Any baseline that depends on the state alone
for all b(s): grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * (Q(s,a) - b(s))
:about: The mean of the gradient does not change, whatever function of the state is subtracted; its variance does. b is
arbitrary: one free symbol for each state.
:reference: R. J. Williams, Simple statistical gradient-following algorithms for connectionist reinforcement learning,
Machine Learning 8 (1992); $BOOK, section 13.4, equation 13.10
:derivation:
for all b(s):

sum[a] grad pi(a|s) * b(s) = b(s) * grad sum[a] pi(a|s)      # b does not depend on a nor on theta
  = 0      # the probabilities sum to 1

sum[s] eta(s) * sum[a] grad pi(a|s) * (Q(s,a) - b(s)) = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)
      # the term above
  = grad J      # policy gradient theorem

## state-baseline-average-reward: Any state baseline, for the average reward
for all b(s): grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * (Q(s,a) - b(s))
:about: Therefore h is determined only up to a constant as far as the gradient is concerned, and rbar in the
differential Q may be left out.
:reference: $SUTTON, section 4
:objective: average-reward
:model: kakade

## gradient-of-value: The recursion of the gradients
grad V(s) = sum[a] grad pi(a|s) * Q(s,a) + gamma * sum[s'] P_pi(s,s') * grad V(s')

grad Q(s,a) = gamma * sum[s'] P(s'|s,a) * grad V(s')
:about: The gradient of the value satisfies a Bellman equation of its own, with sum[a] grad pi Q in place of the reward.
The policy gradient theorem is its solution.
:reference: $SUTTON, appendix; $BOOK, section 13.2

## stationary-value-gradient: The gradient of the stationary mean of the discounted value
grad J = (sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)) / (1 - gamma) + sum[s] grad mu(s) * V(s)
:about: When the start is drawn from the stationary distribution, the start depends on theta too, and its derivative
does not cancel. This is what is true of the objective that many lecture notes begin with.
:reference: product rule and the policy gradient theorem for the start weights mu; compare baxter-bartlett
:objective: stationary-value
:derivation:
grad J = grad sum[s] mu(s) * V(s)      # definition
  = sum[s] mu(s) * grad V(s) + sum[s] grad mu(s) * V(s)      # product rule
  = sum[s] eta[mu0=mu](s) * sum[a] grad pi(a|s) * Q(s,a) + sum[s] grad mu(s) * V(s)
      # policy gradient theorem from the start mu
  = (sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)) / (1 - gamma) + sum[s] grad mu(s) * V(s)
      # mu is stationary

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

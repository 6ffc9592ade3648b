"""Values, occupancies, and transformations that change neither."""

THEOREMS = """
# Values and occupancies

## bellman: The Bellman equations
V(s) = sum[a] pi(a|s) * Q(s,a)
  = sum[a] pi(a|s) * (r(s,a) + gamma * sum[s'] P(s'|s,a) * V(s'))
  = r_pi(s) + gamma * sum[s'] P_pi(s,s') * V(s')

Q(s,a) = r(s,a) + gamma * sum[s'] P(s'|s,a) * sum[a'] pi(a'|s') * Q(s',a')
:about: A value is the mean reward of one step and the discounted value of where it leads. Terminal states have the
value 0.
:reference: $BOOK, section 3.5, equation 3.14

## sarsa-target: The mean of SARSA's target
Q(s,a) = E[s'~P] (r(s,a,s') + gamma * V(s'))
  = E[s'~P, a'~pi] (r(s,a,s') + gamma * Q(s',a'))
:about: The targets of expected SARSA and of SARSA are unbiased where Q is the policy's own. A terminal state is an
absorbing one that pays nothing, so the mean is over all next states.
:reference: $BOOK, sections 3.4, 6.4 and 6.6, equations 6.7 and 6.9

## advantage-mean-zero: Advantages have mean zero
sum[a] pi(a|s) * A(s,a) = 0
:about: An advantage says how much better an action is than the policy's own choice; on average it is no better.
:reference: L. C. Baird, Advantage updating, technical report WL-TR-93-1146 (1993); $BOOK, section 13.5

## flow: The balance of visits
eta(s') = mu0(s') + gamma * sum[s] eta(s) * P_pi(s,s')
:about: Every visit is a start or follows a visit. The same equations are the constraints of the dual linear program of
an MDP.
:reference: $PUTERMAN, section 6.9

## occupancy-duality: Duality of values and occupancies
J = sum[s] mu0(s) * V(s) = sum[s] eta(s) * r_pi(s)
:about: J can be read from the future of the start, or from the visits of each reward: the primal and the dual linear
program have one value.
:reference: $PUTERMAN, section 6.9

## occupancy-duality-general: Duality for every start and every reward
for all w(s), c(s,a):
  sum[s] w(s) * V[r=c](s) = sum[s] eta[mu0=w](s) * sum[a] pi(a|s) * c(s,a)
:about: The same bilinear form, w^T (I - gamma P)^-1 c, evaluated from the left and from the right. At gamma = 1 with
arbitrary rewards it needs that every run ends.
:reference: $PUTERMAN, section 6.9

## occupancy-derivative: The derivative of the occupancy
for all c(s):
  sum[s] grad eta(s) * c(s) = gamma * sum[s] eta(s) * sum[s'] grad P_pi(s,s') * V[r=c](s')
:about: grad eta is itself a policy gradient, for a reward that is paid in one state whatever the action. It is the part
of grad J that a fixed-state-distribution argument would miss.
:reference: differentiation of the balance of visits; see policy-gradient-chain

## expected-length: Visits sum to the length of an episode
let one(s) = 1;

E[T] = sum[s] eta[gamma=1](s) = sum[s] mu0(s) * V[r=one, gamma=1](s)
:about: The expected number of actions is the sum of the undiscounted visits, and the undiscounted value of the reward 1
a step.
:reference: J. G. Kemeny, J. L. Snell, Finite Markov Chains (1960), chapter III
:requires: ending
:model: short-corridor

## discount-as-termination: Discount as random termination
with M' = terminating:

V'(s) = V(s)

Q'(s,a) = Q(s,a)

eta'(s) = eta(s)

grad J' = grad J
:about: M' has no discount, but each of its steps ends the run with probability 1 - gamma. All quantities agree: a
discounted problem is an episodic one, and gamma^t is the probability to get as far as t.
:reference: $PUTERMAN, section 5.3; $BOOK, section 5.8
:requires: discounted, defined

## potential-shaping: Potential-based reward shaping
for all phi(s):
let c(s,a) = r(s,a) + gamma * (sum[s'] P(s'|s,a) * phi(s')) - phi(s);

V[r=c](s) = V(s) - phi(s)

A[r=c](s,a) = A(s,a)

grad J[r=c] = grad J
:about: Rewards may be shifted along a potential phi with phi = 0 in terminal states: values move by -phi, advantages
and gradients do not move at all. It is the baseline theorem in the rewards.
:reference: $NG, theorem 1
:requires: defined, ending or discounted
:model: short-corridor
"""

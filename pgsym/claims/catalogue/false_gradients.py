"""Famous statements that are false: a wrong state weight, a factor or a term of a product rule that is missing.

Each carries its exact defect, which is true.  On degenerate models some of them hold by accident; ``about`` says when.
"""

THEOREMS = """
# False: wrong weights and factors

## note-line-2: Lecture note: the gradient passes through the stationary distribution
grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)
:about: From J = sum mu V to this sum two terms are lost: mu depends on theta, and so does Q. For small gamma the sum
can even have the wrong sign (model sign-flip, gamma < 4/7). It holds where both terms cancel, for example when J does
not depend on theta.
:reference: $NOTE; corrected by $BARTLETT
:objective: stationary-value
:defect:
grad J - sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)
  = sum[s] grad mu(s) * V(s) + gamma * sum[s] mu(s) * grad V(s)

## note-line-5: Lecture note: the sum over the states vanishes
for all s:
  sum[s1] mu(s1) * sum[a] Q(s1,a) * grad log pi(a|s1) * pi(a|s1)
    = sum[a] Q(s,a) * grad log pi(a|s) * pi(a|s)
:about: A mean over the states is set equal to its value in one state, whichever. True if and only if all states have
the same value, for example with one state.
:reference: $NOTE
:objective: stationary-value
:defect:
let u(s) = sum[a] Q(s,a) * grad log pi(a|s) * pi(a|s);

for all s: sum[s1] mu(s1) * u(s1) - u(s) = sum[s1] mu(s1) * (u(s1) - u(s))

## note-line-6: Lecture note: the gradient is the mean of score times Q
grad J = E[s~mu, a~pi] grad log pi(a|s) * Q(s,a)
:about: The note's conclusion, with the state drawn from mu as its first lines say. The log-derivative trick is not to
blame: the mean equals line 2, which is false already.
:reference: $NOTE; corrected by $BARTLETT
:objective: stationary-value
:defect: E[s~mu, a~pi] grad log pi(a|s) * Q(s,a) = grad rbar - (1 - gamma) * sum[s] grad mu(s) * V(s)

## discounted-q-average-reward: Discounted Q under the stationary distribution
grad rbar = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)
:about: Nearly every implementation that samples states as they come and discounts its returns. The sum is biased for
the average reward, by a term that vanishes only as gamma goes to 1. It holds when mu does not depend on theta, for
example with one state.
:reference: $BARTLETT; $THOMAS
:objective: stationary-value
:defect: grad rbar - sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a) = (1 - gamma) * sum[s] grad mu(s) * V(s)

## missing-normalisation: The normalised occupancy without its factor
grad J = sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)
:about: With d = (1 - gamma) eta the sum is (1 - gamma) grad J: parallel, but shorter, so a learning rate that is tuned
at one gamma is wrong at another. It holds at gamma = 0 and where grad J = 0.
:reference: a slip in many papers and courses; compare policy-gradient-normalised
:requires: discounted, continuing, defined, parameters
:defect: sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a) = (1 - gamma) * grad J

## missing-length: The on-policy distribution without the expected length
grad J = sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)
:about: The same slip for episodes: the missing factor is their expected length, or the discounted number of visits,
which changes with theta. It holds when every run has one step.
:reference: $BOOK, section 13.2 (the constant)
:requires: ending, defined, parameters
:model: short-corridor
:defect: (sum[s] eta(s)) * (sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)) = grad J

## no-discount-weight-jacobian: The update without gamma^t is a gradient of something
let u = sum[s] eta[gamma=1](s) * sum[a] grad pi(a|s) * Q(s,a);

grad u = transpose(grad u)
:about: If the update were the gradient of any function, its Jacobian would be symmetric. It is not, so the update
maximises nothing. It is symmetric by accident where the parameters do not interact.
:reference: $NOTA
:requires: discounted, ending, defined, several parameters
:model: random-walk
:gamma: 1/2
:defect:
let c(s) = sum[a] grad pi(a|s) * Q(s,a);
let u = sum[s] eta[gamma=1](s) * c(s);

grad u - transpose(grad u)
  = sum[s] (outer(c(s), grad eta[gamma=1](s)) - outer(grad eta[gamma=1](s), c(s))
    + eta[gamma=1](s) * sum[a] (outer(grad pi(a|s), grad Q(s,a)) - outer(grad Q(s,a), grad pi(a|s))))

## stationary-update-jacobian: The stationary update with discounted values is a gradient of something
let u = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a);

grad u = transpose(grad u)
:about: The same for a run without end, where the weights become the stationary distribution. As u = grad rbar - (1 -
gamma) sum grad mu V, the second term alone decides.
:reference: $NOTA
:objective: stationary-value
:requires: defined, several parameters
:defect:
let u = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a);

grad u - transpose(grad u)
  = (1 - gamma) * sum[s] (outer(grad V(s), grad mu(s)) - outer(grad mu(s), grad V(s)))

## semi-gradient: The off-policy semi-gradient is the gradient
grad sum[s] mu'(s) * V(s) = sum[s] mu'(s) * sum[a] grad pi(a|s) * Q(s,a)
:about: The state weights of the behaviour policy are kept as they are. What is lost is the effect of pi on the states
that it would reach. It holds at gamma = 0, and with one parameter for each state it still shares some stationary
points.
:reference: $DEGRIS, theorem 1, corrected in the errata; E. Imani, E. Graves, M. White, NeurIPS 31 (2018)
:requires: discounted, parameters
:defect:
grad sum[s] mu'(s) * V(s) - sum[s] mu'(s) * sum[a] grad pi(a|s) * Q(s,a)
  = gamma * sum[s] mu'(s) * sum[s'] P_pi(s,s') * grad V(s')

## surrogate-difference: The performance difference with one's own visits
J' - J = sum[s] eta(s) * sum[a] pi'(a|s) * A(s,a)
:about: The surrogate of trust-region methods read as an equation: it agrees with J' - J to first order only. The
advantages have to be averaged over the visits of the new policy. It holds when all policies visit the states whose
choice matters alike.
:reference: J. Schulman, S. Levine, P. Moritz, M. Jordan, P. Abbeel, Trust region policy optimization, ICML (2015)
:defect:
J' - J - sum[s] eta(s) * sum[a] pi'(a|s) * A(s,a)
  = sum[s] (eta'(s) - eta(s)) * sum[a] pi'(a|s) * A(s,a)

## multichain-average-reward: The average-reward theorem with several recurrent classes
grad sum[s] mu0(s) * g(s)
  = sum[s] nu(s) * sum[a] grad pi(a|s) * (r(s,a) + sum[s'] P(s'|s,a) * H(s'))
:about: With limiting frequencies for the stationary distribution the unichain theorem can be written down, but it sees
recurrent states only: a choice on the way to them, which decides in which class the run ends, is lost. It holds when
all classes that are reached earn the same.
:reference: $PUTERMAN, chapter 9; compare policy-gradient-multichain
:objective: average-reward
:requires: several classes, parameters
:model: two-classes
:defect:
grad sum[s] mu0(s) * g(s) - sum[s] nu(s) * sum[a] grad pi(a|s) * (r(s,a) + sum[s'] P(s'|s,a) * H(s'))
  = sum[s] n(s) * sum[a] grad pi(a|s) * sum[s'] P(s'|s,a) * g(s')

# False: terms that are missing

## bandit-gradient: The gradient of a value as in a bandit
grad V(s) = sum[a] grad pi(a|s) * Q(s,a)
:about: Q is treated as if it did not depend on the policy. The rest is the gradient of the values that follow. It holds
at gamma = 0, and when every run has one step.
:reference: a slip in derivations; compare gradient-of-value
:defect: grad V(s) - sum[a] grad pi(a|s) * Q(s,a) = gamma * sum[s'] P_pi(s,s') * grad V(s')

## hessian-no-cross-terms: The policy Hessian without its cross terms
grad grad J = sum[s] eta(s) * sum[a] grad grad pi(a|s) * Q(s,a)
:about: The policy gradient theorem differentiated as if Q and the visits were constants: what second derivatives of the
usual surrogate loss compute. It holds when no choice changes what later choices are worth, for example when each run
has one step.
:reference: $FURMSTON, for the full Hessian
:defect:
grad grad J - sum[s] eta(s) * sum[a] grad grad pi(a|s) * Q(s,a)
  = sum[s] eta(s) * sum[a] (outer(grad pi(a|s), grad Q(s,a)) + outer(grad Q(s,a), grad pi(a|s)))

## entropy-without-log: The entropy-regularised gradient without its log pi
for all tau:
let c(s,a) = r(s,a) - tau * log pi(a|s);

grad J[r=c] = sum[s] eta(s) * sum[a] grad pi(a|s) * (r(s,a) + gamma * sum[s'] P(s'|s,a) * V[r=c](s'))
:about: The soft action value that contains the entropies to come, but not that of the present choice: the policy is
never pushed towards more entropy in the state at hand. It holds where the policy of every reached state is uniform.
:reference: $SOFT
:model: short-corridor
:defect:
for all tau:
let c(s,a) = r(s,a) - tau * log pi(a|s);

grad J[r=c] - sum[s] eta(s) * sum[a] grad pi(a|s) * (r(s,a) + gamma * sum[s'] P(s'|s,a) * V[r=c](s'))
  = -tau * sum[s] eta(s) * sum[a] grad pi(a|s) * log pi(a|s)

## shaping-without-discount: Potential shaping without the discount
for all phi(s):
let c(s,a) = r(s,a) + (sum[s'] P(s'|s,a) * phi(s')) - phi(s);

grad J[r=c] = grad J
:about: phi(s') - phi(s) in place of gamma phi(s') - phi(s): the potential no longer telescopes, and the policy is paid
for reaching states of high potential. It holds at gamma = 1.
:reference: $NG
:requires: discounted, defined, parameters
:defect:
for all phi(s):
let c(s,a) = r(s,a) + (sum[s'] P(s'|s,a) * phi(s')) - phi(s);

grad J[r=c] - grad J = (1 - gamma) * grad sum[s] eta(s) * sum[s'] P_pi(s,s') * phi(s')

## frozen-occupancy: The occupancy does not depend on the policy
grad J = sum[s] eta(s) * grad r_pi(s)
:about: J = sum eta r_pi is differentiated as if the visits were given. The missing term is the derivative of the
visits, which the policy gradient theorem hides in Q. It holds when the actions do not move the process.
:reference: a slip in derivations; compare occupancy-derivative
:defect:
grad J - sum[s] eta(s) * grad r_pi(s) = sum[s] grad eta(s) * r_pi(s)
  = gamma * sum[s] eta(s) * sum[s'] grad P_pi(s,s') * V(s')
"""

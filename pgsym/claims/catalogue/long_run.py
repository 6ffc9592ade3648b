"""Stationary distributions, differential values, vanishing discount, several recurrent classes."""

THEOREMS = """
# The long run

## poisson-equation: The Poisson equation of the average reward
rbar + h(s) = r_pi(s) + sum[s'] P_pi(s,s') * h(s')

sum[s] mu(s) * h(s) = 0

mu(s') = sum[s] mu(s) * P_pi(s,s')
:about: The average-reward counterpart of the Bellman equation determines rbar, and h up to a constant; the constant is
chosen so that h has stationary mean 0. Periodic chains are no exception.
:reference: $PUTERMAN, section 8.2.1
:objective: average-reward
:model: kakade

## deviation-matrix: Differential values from the deviation matrix
h(s) = sum[s'] D(s,s') * r_pi(s')

sum[s'] D(s,s') = 0
:about: D = (I - P + 1 mu^T)^-1 - 1 mu^T sums up how much more often s' is visited from s than in the long run. It is
the derivative's resolvent, as (I - gamma P)^-1 is for discounted values.
:reference: $PUTERMAN, section 8.2.3 and appendix A
:objective: average-reward
:model: kakade

## stationary-derivative: The derivative of the stationary distribution
grad mu(s') = sum[s] mu(s) * sum[s1] grad P_pi(s,s1) * D(s1,s')
:about: grad mu = mu (grad P) D: a change of the chain in one step, and all its later consequences. Multiplied by the
rewards it gives the average-reward theorem.
:reference: $SCHWEITZER
:objective: average-reward
:model: kakade

## schweitzer: Schweitzer's perturbation formula
mu'(s') - mu(s') = sum[s] mu'(s) * sum[s1] (P_pi'(s,s1) - P_pi(s,s1)) * D(s1,s')
:about: The exact difference of two stationary distributions, however far apart the policies are, with the deviation
matrix of one and the distribution of the other.
:reference: $SCHWEITZER
:objective: average-reward
:model: kakade

## value-of-stationary: The stationary mean of the discounted value
J = sum[s] mu(s) * V(s) = rbar / (1 - gamma)
:about: Averaged over the stationary distribution, discounting changes nothing but the scale: the objective orders
policies as the average reward does, whatever gamma is.
:reference: $BOOK, section 10.4
:objective: stationary-value

## baxter-bartlett: The bias of the discounted gradient for the average reward
grad rbar = (1 - gamma) * (sum[s] grad mu(s) * V(s)) + sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)
:about: Discounted values under the stationary distribution give the gradient of the average reward except for the first
term, which vanishes as gamma goes to 1 when the chain mixes. What is dropped is a bias bought for less variance.
:reference: $BARTLETT
:objective: stationary-value
:derivation:
grad rbar = (1 - gamma) * grad J      # J = rbar / (1 - gamma)
  = (1 - gamma) * (sum[s] grad mu(s) * V(s)) + (1 - gamma) * sum[s] mu(s) * grad V(s)
      # product rule
  = (1 - gamma) * (sum[s] grad mu(s) * V(s)) + sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)
      # recursion of grad V, mu P = mu

## baxter-bartlett-any-discount: The same bias for an algorithm's own discount
for all beta:
  grad J = (1 - beta) * (sum[s] grad mu(s) * V[gamma=beta](s))
    + sum[s] mu(s) * sum[a] grad pi(a|s) * Q[gamma=beta](s,a)
:about: beta is a parameter of the estimator GPOMDP, not of the problem: the identity holds for each value, and shows
what the choice of beta costs.
:reference: $BARTLETT
:objective: average-reward
:model: kakade

## vanishing-discount: Values as the discount goes to 1
for all s: limit[gamma->1] ((1 - gamma) * V(s)) = rbar

limit[gamma->1] (V(s) - rbar / (1 - gamma)) = h(s)
:about: V = rbar/(1 - gamma) + h + O(1 - gamma): the first two terms of the Laurent series. It joins the discounted
theory to that of the average reward.
:reference: $PUTERMAN, section 8.2.2, corollary 8.2.4
:objective: stationary-value
:requires: discounted, defined

## vanishing-discount-gradient: The discounted gradient as the discount goes to 1
grad rbar = limit[gamma->1] (sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a))
:about: The bias of Baxter and Bartlett vanishes: the sum that is the gradient of nothing for gamma < 1 becomes the
gradient of the average reward.
:reference: $BARTLETT
:objective: stationary-value
:requires: discounted, defined

## policy-gradient-multichain: The average reward with several recurrent classes
grad sum[s] mu0(s) * g(s)
  = sum[s] nu(s) * (sum[a] grad pi(a|s) * (r(s,a) + sum[s'] P(s'|s,a) * H(s')))
    + sum[s] n(s) * (sum[a] grad pi(a|s) * sum[s'] P(s'|s,a) * g(s'))
:about: g(s) is the long-run average reward from s. Beside the usual sum over the recurrent classes there is one over
the transient states, each counted by its expected visits n(s): a choice there decides in which class the run ends.
:reference: differentiation of g = P g and g + H = r + P H ($PUTERMAN, section 9.1)
:objective: average-reward
:requires:
:model: two-classes
"""

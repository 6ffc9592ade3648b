"""Two policies: pi, and an arbitrary other one, pi', with probabilities of its own; off-policy it is the behaviour."""

THEOREMS = """
# Comparison of policies

## performance-difference: The performance difference lemma
J' - J = sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)
:about: How much better pi' is than pi is the mean advantage, under pi, of what pi' does, where pi' goes. pi' is
arbitrary. It is exact, and its first order is the policy gradient theorem.
:reference: $LANGFORD, lemma 6.1
:derivation:
sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)
  = sum[s] eta'(s) * (sum[a] pi'(a|s) * (r(s,a) + gamma * sum[s'] P(s'|s,a) * V(s')) - V(s))
      # definition of A
  = sum[s] eta'(s) * r_pi'(s)
    + gamma * (sum[s] eta'(s) * sum[s'] P_pi'(s,s') * V(s')) - sum[s] eta'(s) * V(s)
      # the mean over the actions
  = J' - sum[s] mu0(s) * V(s)      # duality, and the balance of eta'
  = J' - J      # definition of J

## performance-difference-average: The performance difference of average rewards
rbar' - rbar = sum[s] mu'(s) * sum[a] pi'(a|s) * A(s,a)
:about: The same with the stationary distribution of pi' and the differential advantage of pi. There is no factor 1/(1 -
gamma) that would blow up.
:reference: X.-R. Cao, Stochastic Learning and Optimization (2007), chapter 2; Y. Zhang, K. W. Ross, On-policy deep
reinforcement learning for the average-reward criterion, ICML (2021)
:objective: average-reward
:model: kakade

## value-difference: The difference of values, state by state
V'(s) - V(s) = sum[a] (pi'(a|s) - pi(a|s)) * Q(s,a) + gamma * sum[s'] P_pi'(s,s') * (V'(s') - V(s'))
:about: The recursion behind the performance difference: what pi' does differently now, valued by pi, and the difference
from the next state on.
:reference: $LANGFORD, proof of lemma 6.1

## bellman-error: The error of a critic from its temporal differences
for all v(s):
let delta(s,a) = r(s,a) + gamma * (sum[s'] P(s'|s,a) * v(s')) - v(s);

J - sum[s] mu0(s) * v(s) = sum[s] eta(s) * sum[a] pi(a|s) * delta(s,a)

V(s) - v(s) = V[r=delta](s)
:about: For an arbitrary critic v, its error is the value of its own temporal differences. The performance difference
lemma is the case v = V of another policy.
:reference: $BOOK, section 6.1, equation 6.6
:requires: defined, ending or discounted

# Off-policy

## off-policy-gradient: The off-policy policy gradient theorem
grad sum[s] mu'(s) * V(s) = sum[s] eta[mu0=mu'](s) * sum[a] grad pi(a|s) * Q(s,a)
:about: The objective weighs the values of pi by the states of the behaviour pi'. Its gradient weighs the states by the
emphasis: the visits of pi that start where pi' is found.
:reference: $IMANI, theorem 1
:requires: discounted

## emphatic-weights: The balance of the emphatic weights
eta[mu0=mu'](s') = mu'(s') + gamma * sum[s] eta[mu0=mu'](s) * P_pi(s,s')
:about: The emphasis m = (I - gamma P^T)^-1 mu' satisfies a recursion that a follow-on trace can sample along the
behaviour's run.
:reference: R. S. Sutton, A. R. Mahmood, M. White, An emphatic approach to the problem of off-policy temporal-difference
learning, JMLR 17 (2016)
:requires: discounted

## semi-gradient-error: What the off-policy semi-gradient leaves out
grad sum[s] mu'(s) * V(s)
  = sum[s] mu'(s) * (sum[a] grad pi(a|s) * Q(s,a)) + gamma * sum[s] mu'(s) * sum[s'] P_pi(s,s') * grad V(s')
:about: The gradient splits into what changes in the state at hand, and what changes in the values of the states after
it. Off-PAC keeps the first part.
:reference: $DEGRIS; $IMANI
:requires: discounted

## importance-sampling: Importance sampling of actions
sum[a] pi'(a|s) * (pi(a|s) / pi'(a|s)) * grad log pi(a|s) * Q(s,a) = sum[a] grad pi(a|s) * Q(s,a)
:about: Actions of the behaviour count by the ratio of the probabilities. It corrects the choice in one state, not how
often the state is visited.
:reference: $DEGRIS
"""

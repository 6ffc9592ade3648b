"""Hessians, the Fisher matrix as one, compatible critics and natural gradients."""

THEOREMS = """
# Second order

## policy-hessian: The policy Hessian theorem
grad grad J = sum[s] eta(s) * sum[a] (grad grad pi(a|s) * Q(s,a)
  + outer(grad pi(a|s), grad Q(s,a)) + outer(grad Q(s,a), grad pi(a|s)))
:about: The second derivative is again a mean over visits. The two outer products carry what a change of the policy does
to later choices; methods that drop them are not Newton's.
:reference: $FURMSTON, section on the policy Hessian
:derivation:
let c(s) = sum[a] (grad grad pi(a|s) * Q(s,a)
  + outer(grad pi(a|s), grad Q(s,a)) + outer(grad Q(s,a), grad pi(a|s)));

grad grad V(s) = grad grad sum[a] pi(a|s) * Q(s,a)      # V is the mean of Q
  = c(s) + sum[a] pi(a|s) * grad grad Q(s,a)      # product rule, twice
  = c(s) + gamma * sum[s'] P_pi(s,s') * grad grad V(s')      # Bellman equation

grad grad J = sum[s] mu0(s) * grad grad V(s)      # the start does not depend on theta
  = sum[s] eta(s) * c(s)      # balance of eta, with the recursion above

## policy-hessian-average-reward: The policy Hessian theorem for the average reward
grad grad J = sum[s] mu(s) * sum[a] (grad grad pi(a|s) * Q(s,a)
  + outer(grad pi(a|s), grad Q(s,a)) + outer(grad Q(s,a), grad pi(a|s)))
:about: The same with the stationary distribution and the differential Q. The gradient of rbar inside grad Q cancels,
because the gradients of the probabilities sum to 0.
:reference: $FURMSTON, section on the policy Hessian (average-reward form: same proof, Poisson equation)
:objective: average-reward
:model: kakade

## hessian-symmetric: A gradient has a symmetric Jacobian
let u = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a);

grad u = transpose(grad u)
:about: Schwarz's theorem for the right side of the policy gradient theorem. It is the test that the update without
gamma^t fails: see no-discount-weight-jacobian.
:reference: $NOTA

## fisher-is-curvature: The Fisher matrix as a mean curvature
F = sum[s] eta(s) * sum[a] pi(a|s) * outer(grad log pi(a|s), grad log pi(a|s))
  = -(sum[s] eta(s) * sum[a] pi(a|s) * grad grad log pi(a|s))
:about: Mean square of the scores and negative mean second derivative of log pi agree in every state: the second
Bartlett identity, weighted by visits.
:reference: E. L. Lehmann, G. Casella, Theory of Point Estimation (1998), section 2.5; S. Kakade, NIPS 14 (2002)

# Natural gradients

## compatible-features: Compatible function approximation
let w = dot(inv(F), grad J);

sum[s] eta(s) * sum[a] pi(a|s) * (Q(s,a) - dot(w, grad log pi(a|s))) * grad log pi(a|s) = 0

grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * dot(w, grad log pi(a|s))
:about: The critic dot(w, grad log pi) that fits Q best in the mean square, the states weighted as in the theorem, may
replace Q: the gradient stays exact, although the critic need not be right anywhere. The first line says that w is the
best fit.
:reference: $SUTTON, theorem 2
:derivation:
let w = dot(inv(F), grad J);

sum[s] eta(s) * sum[a] grad pi(a|s) * dot(w, grad log pi(a|s))
  = sum[s] eta(s) * sum[a] pi(a|s) * dot(outer(grad log pi(a|s), grad log pi(a|s)), w)
      # log-derivative trick
  = dot(F, w)      # definition of F
  = grad J      # definition of w

## natural-gradient-is-critic: The natural gradient is the compatible critic
let w = dot(inv(F), grad J);

sum[s] mu(s) * sum[a] pi(a|s) * (Q(s,a) - dot(w, grad log pi(a|s))) * grad log pi(a|s) = 0

dot(F, w) = grad J
:about: The weights of the best compatible critic are F^-1 grad J, the natural gradient: an actor with such a critic
steps along its critic's weights.
:reference: $KAKADE, theorem 1
:objective: average-reward
:model: kakade

## natural-gradient-sigmoid: The natural gradient of sigmoid policies is a difference of action values
let w = dot(inv(F), grad J);

dot(w, grad log pi(a|s) - grad log pi(a'|s)) = Q(s,a) - Q(s,a')

dot(w, grad log pi(a|s)) = A(s,a)
:about: When the logits of each state can be chosen freely, the compatible critic is exact: it is the advantage. For a
sigmoid with one parameter in each state the natural gradient has the entries Q(s,a) - Q(s,b), whatever the visits and
the probabilities are.
:reference: $KAKADE, section 3; A. Agarwal, S. Kakade, J. Lee, G. Mahajan, JMLR 22 (2021), section 5
:requires: free differences, defined

## softmax-natural-gradient: The natural gradient of tabular softmax
dot(F, sum[s,a] A(s,a) * grad logit(s,a)) = grad J

dot(F, sum[s,a] Q(s,a) * grad logit(s,a)) = grad J
:about: F is singular here, but the advantages solve F w = grad J, and so do the action values: a natural step
multiplies pi(a|s) by exp(step A(s,a)) and normalises, which is soft policy iteration.
:reference: A. Agarwal, S. Kakade, J. Lee, G. Mahajan, JMLR 22 (2021), section 5.3
:requires: tabular, defined
:model: recycling-robot
"""

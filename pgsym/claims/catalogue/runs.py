"""Runs: what estimators of the gradient are in the mean, moments of returns and scores, runs of another policy."""

THEOREMS = """
# Estimators in the mean

## reinforce: REINFORCE
E[tau] grad log P(tau) * G = grad J
:about: The score of the whole run times its return. Every action is credited with all rewards, also with those that
came before it, so the run has to end.
:reference: R. J. Williams, Simple statistical gradient-following algorithms, Machine Learning 8 (1992)
:requires: ending
:model: short-corridor

## past-rewards: Rewards of the past add nothing in the mean
E[tau] sum[t] grad log pi(a_t|s_t) * sum[u<t] gamma^u * r_u = 0
:about: The difference of REINFORCE and reward-to-go. What was earned before step t is known when the action is chosen,
and the score has mean zero given that: the past is a baseline.
:reference: J. Baxter, P. L. Bartlett, JAIR 15 (2001); L. Weaver, N. Tao, The optimal reward baseline for gradient-based
reinforcement learning, UAI (2001)
:requires: ending
:model: short-corridor

## reward-to-go: Reward-to-go
E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * G_t = grad J
:about: Every score times the return from its step on. It needs no end: where gamma < 1, all sums converge. The weight
gamma^t is part of it, see no-discount-weight.
:reference: J. Baxter, P. L. Bartlett, JAIR 15 (2001); $BOOK, section 13.3
:derivation:
E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * G_t
  = E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * Q(s_t,a_t)      # the mean of G_t given s_t and a_t is Q
  = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)      # visits, and pi grad log pi = grad pi
  = grad J      # the policy gradient theorem

## reward-to-go-baseline: Reward-to-go with any baseline of the state
for all b(s): E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - b(s_t)) = grad J
:about: A number that is known before the action is drawn may be taken off the return, whatever it is: only the variance
depends on it.
:reference: R. J. Williams, Machine Learning 8 (1992); $BOOK, section 13.4

## action-baseline-corrected: A baseline that depends on the action, with its correction
for all c(s,a):

E[tau] sum[t] gamma^t * (grad log pi(a_t|s_t) * (G_t - c(s_t,a_t)) + sum[a] grad pi(a|s_t) * c(s_t,a))
  = grad J
:about: What an action-dependent baseline takes away has to be given back, as a sum over the actions that needs no
sampling. Without it the estimate is biased: see action-baseline.
:reference: S. Gu, T. Lillicrap, Z. Ghahramani, R. E. Turner, S. Levine, Q-Prop: sample-efficient policy gradient with
an off-policy critic, ICLR (2017)

## undiscounted-weights: The mean of the update without gamma^t
E[tau] sum[t] grad log pi(a_t|s_t) * G_t = sum[s] eta[gamma=1](s) * sum[a] grad pi(a|s) * Q(s,a)
:about: Discounted returns, but all steps of a run alike: the states are weighted by their undiscounted visits. For
gamma < 1 that is not the gradient of J: see no-discount-weight.
:reference: $NOTA
:requires: ending
:model: nota-thomas

## truncation-bias: The bias of runs that are cut off
J - E[tau] sum[t<3] gamma^t * r_t = gamma^3 * E[tau] V(s_3)

grad J - E[tau] sum[t<3] grad log pi(a_t|s_t) * sum[t<=u<3] gamma^u * r_u
  = grad (gamma^3 * E[tau] V(s_3))
  = gamma^3 * E[tau] ((sum[t<3] grad log pi(a_t|s_t)) * V(s_3) + grad V(s_3))
:about: Rewards from step 3 on are dropped: what is estimated without bias is the gradient of the first three rewards.
The rest is the gradient of what the state that is reached then is worth.
:reference: $PARDO

## truncation-bootstrap: Runs that are cut off, with the value of the last state
grad J - E[tau] sum[t<3] grad log pi(a_t|s_t) * ((sum[t<=u<3] gamma^u * r_u) + gamma^3 * V(s_3))
  = gamma^3 * E[tau] grad V(s_3)
:about: The exact value of the last state replaces the rewards that are dropped. The scores of the first steps then see
all that they cause, and what is lost are the scores of the later steps.
:reference: $PARDO; compare truncation-bias

## td-error-is-advantage: The temporal difference of the true value is the advantage in the mean
let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t);

E[tau | s_0=s, a_0=a] delta(0) = A(s,a)

E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * delta(t) = grad J
:about: With the true value as critic, one step is enough: the one-step actor-critic has no bias.
:reference: $SCHULMAN, section 3; $BOOK, section 13.5

## one-step-actor-critic-bias: The bias of the one-step actor-critic
for all v(s):
let delta(t) = r_t + gamma * v(s_{t+1}) - v(s_t);

(E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * delta(t)) - grad J
  = gamma * E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (v(s_{t+1}) - V(s_{t+1}))
:about: Only the critic's error in the next states matters, and only as far as the action decides which of them comes;
an error in the state itself acts as a baseline.
:reference: $SCHULMAN, section 3 (case lambda = 0)

## n-step-bias: The bias of the n-step return
for all v(s):
let R(t) = (sum[t<=u<t+3] gamma^(u-t) * r_u) + gamma^3 * v(s_{t+3});

(E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (R(t) - v(s_t))) - grad J
  = gamma^3 * E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (v(s_{t+3}) - V(s_{t+3}))
:about: Three rewards and then the critic: its error counts where the run is three steps later, and with gamma^3. With
the exact critic there is no bias.
:reference: $BOOK, sections 7.1 and 13.5; $SCHULMAN, section 3

## gae-exact-critic: Generalised advantage estimation with the exact critic
for all lambda:
let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t);

E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma*lambda)^(u-t) * delta(u) = grad J
:about: Every temporal difference of the true value after the first has mean zero given the past, so lambda weighs
noise: any lambda will do.
:reference: $SCHULMAN, section 3

## gae-bias: The bias of generalised advantage estimation
for all v(s), lambda:
let delta(t) = r_t + gamma * v(s_{t+1}) - v(s_t);
let err(s) = v(s) - V(s);

(E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma*lambda)^(u-t) * delta(u)) - grad J
  = gamma * (1 - lambda)
    * E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma*lambda)^(u-t) * err(s_{u+1})
:about: GAE(lambda) with an arbitrary critic v. Its bias is linear in the critic's errors in the states that follow, and
has the factor 1 - lambda.
:reference: $SCHULMAN, section 3, for the estimator
:derivation:
for all v(s), lambda:
let delta(t) = r_t + gamma * v(s_{t+1}) - v(s_t);
let exact(t) = r_t + gamma * V(s_{t+1}) - V(s_t);
let err(s) = v(s) - V(s);

E[tau | s_0=s, a_0=a] sum[u] (gamma*lambda)^u * delta(u)
  = E[tau | s_0=s, a_0=a] sum[u] (gamma*lambda)^u * (exact(u) + gamma * err(s_{u+1}) - err(s_u))
      # v = V + err
  = A(s,a) + E[tau | s_0=s, a_0=a] sum[u] (gamma*lambda)^u * (gamma * err(s_{u+1}) - err(s_u))
      # the mean of exact(0) is A, and of the later ones 0
  = A(s,a) - err(s) + gamma * (1 - lambda) * E[tau | s_0=s, a_0=a] sum[u] (gamma*lambda)^u * err(s_{u+1})
      # each err(s_u) after the first meets gamma err(s_u) of the step before it

## gae-unbiased: Generalised advantage estimation with lambda = 1
for all v(s):
let delta(t) = r_t + gamma * v(s_{t+1}) - v(s_t);

E[tau | s_0=s, a_0=a] sum[u] gamma^u * delta(u) = Q(s,a) - v(s)

E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] gamma^(u-t) * delta(u) = grad J
:about: With lambda = 1 the temporal differences telescope to the return minus v(s): the critic is a baseline, and its
errors do no harm in the mean.
:reference: $SCHULMAN, section 3
:requires: defined, ending or discounted

# Moments of runs

## score-mean: The score of a run has mean zero
E[tau] grad log P(tau) = 0
:about: Probabilities of runs add up to 1 for every theta, so their gradients add up to 0. It is what lets a baseline be
free.
:reference: R. J. Williams, Machine Learning 8 (1992)
:requires: ending
:model: short-corridor

## trajectory-fisher: The Fisher matrix of runs
Var[tau] grad log P(tau)
  = E[tau] sum[t] outer(grad log pi(a_t|s_t), grad log pi(a_t|s_t))
  = -E[tau] sum[t] grad grad log pi(a_t|s_t)
  = sum[s] eta[gamma=1](s) * sum[a] pi(a|s) * outer(grad log pi(a|s), grad log pi(a|s))
:about: Scores of different steps are uncorrelated, so the covariance of the score of a run is the sum of those of its
steps, weighted by undiscounted visits. It is F where gamma = 1, see trajectory-fisher-discounted.
:reference: J. A. Bagnell, J. Schneider, Covariant policy search, IJCAI (2003)
:requires: ending
:model: short-corridor

## return-variance: Sobel's equation for the variance of the return
let W(s) = Var[tau | s_0=s] G;

W(s) = Var[tau | s_0=s] (r_0 + gamma * V(s_1)) + gamma^2 * E[tau | s_0=s] W(s_1)
:about: The variance of the return from s is that of one step, with the values of the next states, and gamma^2 times the
variance that remains: a Bellman equation with the discount gamma^2.
:reference: $SOBEL

## return-second-moment: Sobel's equation for the second moment of the return
let M(s) = E[tau | s_0=s] G^2;

M(s) = E[a~pi, s'~P] (E[r^2|s,a,s'] + 2 * gamma * r(s,a,s') * V(s') + gamma^2 * M(s'))
:about: The square of r + gamma G', term by term. The first one is the mean of the squared reward: where outcomes with
different rewards lead to the same state, it is not the square of the mean, see second-moment-of-means.
:reference: $SOBEL

## return-variance-td: The variance of the return as a sum of squared temporal differences
let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t);

Var[tau] G = Var[tau] V(s_0) + E[tau] sum[t] (gamma^t * delta(t))^2
:about: G - V(s_0) is the sum of gamma^t delta(t), which are uncorrelated when V is the true value. The start adds the
variance of its own.
:reference: $SOBEL; compare return-variance

## total-variance: The law of total variance
Var[tau] G = Var[tau] V(s_0) + sum[s] mu0(s) * Var[tau | s_0=s] G

Var[tau | s_0=s] G = sum[a] pi(a|s) * (Var[tau | s_0=s, a_0=a] G + A(s,a)^2)
:about: The variance of the return splits into that of its mean given what is known, and the mean of what remains: by
the first state, and by the first action, where the squared advantage is what the choice adds.
:reference: $SOBEL; S. M. Ross, Introduction to Probability Models (2014), chapter 3

## control-variate: What a baseline takes off is a control variate
for all b(s):
let X = sum[t] gamma^t * grad log pi(a_t|s_t) * G_t;
let Y = sum[t] gamma^t * grad log pi(a_t|s_t) * b(s_t);

E[tau] Y = 0

Var[tau] Y = E[tau] sum[t] (gamma^t * b(s_t))^2 * outer(grad log pi(a_t|s_t), grad log pi(a_t|s_t))

Cov[tau](X, Y) = E[tau] outer(X, Y)
:about: X - Y has the mean of X, and its covariance is that of X and of Y, less Cov(X, Y) and its transpose: it is
smaller when both go together. The terms of Y are uncorrelated.
:reference: $GREENSMITH

## optimal-constant-baseline: The best constant baseline of REINFORCE
for all c:
let z = grad log P(tau);
let k = (E[tau] dot(z, z) * G) / (E[tau] dot(z, z));

trace Cov[tau](z * (G - k), z) = 0

trace Var[tau] (z * (G - c)) = trace Var[tau] (z * (G - k)) + (c - k)^2 * E[tau] dot(z, z)
:about: The mean of the return, each run weighted by its squared score: not J. There the derivative of the variance by
the baseline is zero, and any other constant costs the square of its distance.
:reference: $GREENSMITH; L. Weaver, N. Tao, UAI (2001)
:requires: ending, parameters
:model: short-corridor

## optimal-constant-baseline-to-go: The best constant baseline of reward-to-go
let X = sum[t] gamma^t * grad log pi(a_t|s_t) * G_t;
let Y = sum[t] gamma^t * grad log pi(a_t|s_t);
let k = (trace Cov[tau](X, Y)) / (trace Var[tau] Y);

trace Cov[tau](X - k * Y, Y) = 0
:about: The left side is minus half the derivative of trace Var(X - k Y) by k. It is zero where the estimator is
uncorrelated with what the baseline takes off, summed over the parameters.
:reference: $GREENSMITH; compare control-variate
:requires: defined, parameters

## dice: A sampled loss with right derivatives of any order
E[tau] grad grad sum[t] gamma^t * (prod[u<=t] pi(a_u|s_u) / sg(pi(a_u|s_u))) * r_t = grad grad J
:about: The product is 1 and its gradient the sum of the scores up to t, so every reward is credited to the actions
before it, as often as one differentiates. The sum of logarithms in place of the product is right once only.
:reference: J. Foerster et al., DiCE: the infinitely differentiable Monte Carlo estimator, ICML 35 (2018)
:requires: defined, parameters

# Runs of another policy

## run-importance-sampling: Importance sampling of whole runs
E[tau~pi'] (prod[u] pi(a_u|s_u) / pi'(a_u|s_u)) * G = J
:about: The ratio of the probabilities of a run under pi and pi' is the product of the ratios of its actions.
:reference: $PRECUP; R. S. Sutton, A. G. Barto (2018), section 5.5
:requires: ending
:model: short-corridor

## per-decision-sampling: Importance sampling per decision
E[tau~pi'] sum[t] gamma^t * (prod[u<=t] pi(a_u|s_u) / pi'(a_u|s_u)) * r_t = J
:about: Every reward of a run of pi' counts by the ratios of the actions up to it. Later ratios have mean 1 and may be
left out, so the run need not end.
:reference: $PRECUP; R. S. Sutton, A. G. Barto (2018), section 5.9

## per-decision-gradient: The policy gradient from runs of another policy
E[tau~pi'] sum[t] gamma^t * (prod[u<=t] pi(a_u|s_u) / pi'(a_u|s_u)) * grad log pi(a_t|s_t) * Q(s_t,a_t)
  = E[tau~pi'] sum[t] gamma^t * r_t * (prod[u<=t] pi(a_u|s_u) / pi'(a_u|s_u))
    * sum[u<=t] grad log pi(a_u|s_u)
  = grad J
:about: The ratios up to an action make up for the way to it as well as for the action; the ratio of the action alone
would leave the states of pi'. The second form is the derivative of the ratios.
:reference: $PRECUP; J. Tang, P. Abbeel, On a connection between importance sampling and the likelihood ratio policy
gradient, NeurIPS 23 (2010)
"""

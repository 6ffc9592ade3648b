"""Famous statements that are false: slips in estimators of the gradient, and in moments of runs.

Each carries its exact defect, which is true.  On degenerate models some of them hold by accident; ``about`` says when.
"""

THEOREMS = """
# False: slips with runs

## no-discount-weight: The update without gamma^t
E[tau] sum[t] grad log pi(a_t|s_t) * G_t = grad J
:about: Discounted returns, but all steps of the run weighted alike: what most deep policy gradient codes do. It is the
gradient neither of the discounted nor of the undiscounted objective. It holds when only the start has a choice.
:reference: $THOMAS; $NOTA
:requires: discounted, ending, defined, parameters
:model: nota-thomas
:defect:
(E[tau] sum[t] grad log pi(a_t|s_t) * G_t) - grad J
  = (1 - gamma) * E[tau] sum[t] grad log pi(a_t|s_t) * G_t * sum[u<t] gamma^u

## reward-after-next: Reward-to-go from the next step on
E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>t] gamma^(u-t) * r_u = grad J
:about: Off by one: an action is not credited with the reward that it earns at once. It holds where the mean of that
reward is the same for all actions of a state.
:reference: a slip in many implementations; compare reward-to-go
:defect:
grad J - E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>t] gamma^(u-t) * r_u
  = E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * r_t
  = sum[s] eta(s) * sum[a] grad pi(a|s) * r(s,a)

## action-baseline: A baseline that depends on the action
for all c(s,a): E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - c(s_t,a_t)) = grad J
:about: Scores have mean zero under the policy, but not when each is multiplied by a number of its own. The subtracted
sum must be added back: see action-baseline-corrected. It holds only where no reached state has a choice.
:reference: G. Tucker et al., The mirage of action-dependent baselines in reinforcement learning, ICML (2018)
:model: short-corridor
:defect:
for all c(s,a):

grad J - E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - c(s_t,a_t))
  = sum[s] eta(s) * sum[a] grad pi(a|s) * c(s,a)

## q-baseline: The action value as baseline
E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - Q(s_t,a_t)) = grad J
:about: The best guess of the return is taken off, as a good baseline should be, and with it the whole gradient: what
remains is noise with mean zero. It holds only where grad J = 0.
:reference: a slip with a critic of actions; compare action-baseline
:defect: E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - Q(s_t,a_t)) = 0

## gae-no-bias: Generalised advantage estimation without bias
for all v(s), lambda:
let delta(t) = r_t + gamma * v(s_{t+1}) - v(s_t);

E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma*lambda)^(u-t) * delta(u) = grad J
:about: lambda is often introduced as trading variance for variance; with a critic that is not exact it trades variance
for bias. It holds when lambda = 1, when v = V, and when no action changes the next state.
:reference: $SCHULMAN, section 3; compare gae-bias
:defect:
for all v(s), lambda:
let delta(t) = r_t + gamma * v(s_{t+1}) - v(s_t);
let err(s) = v(s) - V(s);

grad J - E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma*lambda)^(u-t) * delta(u)
  = gamma * (lambda - 1)
    * E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma*lambda)^(u-t) * err(s_{u+1})

## mean-over-steps: The mean over all steps of a batch
(E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * G_t) / (E[tau] sum[t] 1) = grad J
:about: What a mean over the steps of a large batch converges to, where a mean over its runs is meant. The expected
length is missing, which changes with theta, so a learning rate that suits short runs does not suit long ones. It holds
when every run has one step.
:reference: $BOOK, section 13.2 (the constant); compare missing-length
:requires: ending, defined, parameters
:model: short-corridor
:defect: E[T] * (E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * G_t) / (E[tau] sum[t] 1) = grad J

## mean-over-own-steps: The mean over the steps of each run
let w = (sum[t<1] 1) - 1/2 * (sum[1<=t<2] 1) - 1/6 * (sum[2<=t<3] 1);

E[tau] w * sum[t<3] grad log pi(a_t|s_t) * sum[t<=u<3] gamma^u * r_u = grad E[tau] sum[t<3] gamma^t * r_t
:about: Each run is divided by its own length, and short runs count for more than long ones. Runs are cut off after
three steps here, so that w is one over the length: 1, 1/2 or 1/3. Where all are equally long a factor is missing, else
no factor mends it. It holds when every run has one step.
:reference: a mean in many implementations; compare mean-over-steps
:model: student
:defect:
let w = (sum[t<1] 1) - 1/2 * (sum[1<=t<2] 1) - 1/6 * (sum[2<=t<3] 1);

(grad E[tau] sum[t<3] gamma^t * r_t)
  - E[tau] w * sum[t<3] grad log pi(a_t|s_t) * sum[t<=u<3] gamma^u * r_u
  = E[tau] (1 - w) * sum[t<3] grad log pi(a_t|s_t) * sum[t<=u<3] gamma^u * r_u

## truncation-no-bias: Cutting runs off without bias
E[tau] sum[t<3] grad log pi(a_t|s_t) * sum[t<=u<3] gamma^u * r_u = grad J
:about: Runs are cut off after three steps as if they ended there. Small only where the discount, or the probability to
last that long, is small. It holds when every run ends within three steps.
:reference: $PARDO; compare truncation-bias
:defect:
grad J - E[tau] sum[t<3] grad log pi(a_t|s_t) * sum[t<=u<3] gamma^u * r_u
  = grad (gamma^3 * E[tau] V(s_3))

## inverted-ratio: Importance sampling with the ratio upside down
E[tau~pi'] sum[t] gamma^t * (prod[u<=t] pi'(a_u|s_u) / pi(a_u|s_u)) * r_t = J
:about: pi'/pi in place of pi/pi'. The weights have mean 1 under pi, not under pi', where the runs are from, and over
runs of any length their mean may diverge.
:reference: a slip of names; $PRECUP
:model: nota-thomas
:defect:
J - E[tau~pi'] sum[t] gamma^t * (prod[u<=t] pi'(a_u|s_u) / pi(a_u|s_u)) * r_t
  = E[tau~pi'] sum[t] gamma^t * (prod[u<t] pi'(a_u|s_u) / pi(a_u|s_u))
    * (V(s_t) - pi'(a_t|s_t) / pi(a_t|s_t) * Q(s_t,a_t))

## last-ratio-only: Importance sampling with the ratio of the last action
E[tau~pi'] sum[t] gamma^t * (pi(a_t|s_t) / pi'(a_t|s_t)) * r_t = J
:about: The product is cut down to one ratio for the sake of its variance. That corrects what is done in a state, but
not how often pi' comes there. It holds when no action changes the next state.
:reference: $PRECUP; compare semi-gradient
:defect:
J - E[tau~pi'] sum[t] gamma^t * (pi(a_t|s_t) / pi'(a_t|s_t)) * r_t
  = gamma * E[tau~pi'] sum[t] gamma^t * (pi(a_t|s_t) / pi'(a_t|s_t) - 1) * V(s_{t+1})

## variance-no-cross-term: The variance of the return without its cross term
let W(s) = Var[tau | s_0=s] G;

W(s) = Var[tau | s_0=s] r_0 + gamma^2 * Var[tau | s_0=s] V(s_1) + gamma^2 * E[tau | s_0=s] W(s_1)
:about: Reward and next state are treated as independent, though one action causes both. It holds where the reward is
uncorrelated with the value of the next state, for example with -1 for every step.
:reference: $SOBEL; compare return-variance
:requires: defined
:defect:
let W(s) = Var[tau | s_0=s] G;

W(s) - (Var[tau | s_0=s] r_0 + gamma^2 * Var[tau | s_0=s] V(s_1) + gamma^2 * E[tau | s_0=s] W(s_1))
  = 2 * gamma * Cov[tau | s_0=s](r_0, V(s_1))

## second-moment-of-means: The second moment of the return from mean rewards
let M(s) = E[tau | s_0=s] G^2;

M(s) = E[a~pi, s'~P] (r(s,a,s')^2 + 2 * gamma * r(s,a,s') * V(s') + gamma^2 * M(s'))
:about: A table r(s,a,s') has one reward for each step, the mean of those that can come; the square of a mean is not the
mean of the square. It holds where each step to a state pays one reward.
:reference: $SOBEL; compare return-second-moment
:requires: several rewards, defined
:model: parallel-outcomes
:defect:
let M(s) = E[tau | s_0=s] G^2;

M(s) - E[a~pi, s'~P] (r(s,a,s')^2 + 2 * gamma * r(s,a,s') * V(s') + gamma^2 * M(s'))
  = E[a~pi, s'~P] (E[r^2|s,a,s'] - r(s,a,s')^2)

## trajectory-fisher-discounted: The discounted Fisher matrix as covariance of the score of a run
Var[tau] grad log P(tau) = F
:about: F weighs states by their discounted visits, as the policy gradient does; the score of a run knows no discount.
It holds at gamma = 1, and when only the start has a choice.
:reference: J. A. Bagnell, J. Schneider, Covariant policy search, IJCAI (2003); compare trajectory-fisher
:requires: discounted, ending, defined, parameters
:model: nota-thomas
:defect:
(Var[tau] grad log P(tau)) - F
  = (1 - gamma) * E[tau] sum[t] outer(grad log pi(a_t|s_t), grad log pi(a_t|s_t)) * sum[u<t] gamma^u
"""

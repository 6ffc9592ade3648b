"""A network in JAX with a loss as people write it: which part of its gradient's error is scale, and which direction?

The task is that of a language model, small enough to enumerate: two prompts, answers of at most two tokens.
"""

import jax
import jax.numpy as jnp

from pgsym import token_tree
from pgsym.auditing import audit_network

task = token_tree(["easy", "hard"], "abx", 2, {"easy x", "easy a x", "easy b x", "hard b a"}, eos="x").mdp
inputs = jax.random.normal(jax.random.key(0), (len(task.nonterminal), 4))
weights = [jax.random.normal(jax.random.key(i), shape) for i, shape in ((1, (4, 8)), (2, (8, 3)))]


def network(weights, inputs):
    """The logits of the tokens."""
    return jnp.tanh(inputs @ weights[0]) @ weights[1]


def grpo(weights, observations, batch):
    """The loss of GRPO in its first epoch."""
    rewards = batch.sequence_rewards.reshape(-1, batch.group_size)
    advantages = (rewards - rewards.mean(1, keepdims=True)) / (rewards.std(1, keepdims=True) + 1e-4)
    log_probs = jax.nn.log_softmax(network(weights, observations))
    chosen = jnp.take_along_axis(log_probs, batch.actions[..., None], -1)[..., 0]
    per_token = jnp.exp(chosen - jax.lax.stop_gradient(chosen)) * advantages.reshape(-1, 1) * batch.mask
    return -(per_token.sum(1) / batch.mask.sum(1)).mean()


found = audit_network(task, network, grpo, inputs, params=weights, horizon=2, group_size=3, mode="exact")
print(found.headline)
print("\n".join(found.details))
print(found.diagnosis)

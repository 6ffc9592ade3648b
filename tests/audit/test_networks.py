"""Networks with losses of their own: the exact gradient by finite differences, verdicts on right and wrong losses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from skips import needs

from pgsym.auditing import audit_network, token_suite
from pgsym.errors import SamplingError
from pgsym.model import MDP

MODEL = next(case for case in token_suite() if case.name == "end-of-sequence").problem.mdp
STATES = len(MODEL.nonterminal)
RNG = np.random.default_rng(3)
INPUTS = RNG.standard_normal((STATES, 2))
SMALL = {"in": RNG.standard_normal((2, 3)), "out": RNG.standard_normal((3, 3))}
"""15 parameters."""
LARGE = {"in": RNG.standard_normal((2, 9)), "out": RNG.standard_normal((9, 3))}
EXACT = {"horizon": 2, "mode": "exact", "batch_size": 2, "group_size": 2, "explain": False}


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def network(params, inputs):
    return jnp.tanh(inputs @ params["in"]) @ params["out"]


def log_prob(params, observations, batch):
    chosen = jax.nn.log_softmax(network(params, observations))
    return jnp.take_along_axis(chosen, batch.actions[..., None], -1)[..., 0] * batch.mask


def rloo(params, observations, batch):
    rewards = batch.sequence_rewards.reshape(-1, batch.group_size)
    others = (rewards.sum(1, keepdims=True) - rewards) / (batch.group_size - 1)
    return -((rewards - others).reshape(-1, 1) * log_prob(params, observations, batch)).sum() / batch.episodes


def by_length(params, observations, batch):
    rewards = batch.sequence_rewards.reshape(-1, batch.group_size)
    others = (rewards.sum(1, keepdims=True) - rewards) / (batch.group_size - 1)
    found = log_prob(params, observations, batch).sum(1) / batch.mask.sum(1)
    return -((rewards - others).reshape(-1) * found).mean()


def with_decay(params, observations, batch):
    return rloo(params, observations, batch) + 0.1 * (params["out"] ** 2).sum()


def J(params):
    """Walking through every sequence, with the probabilities of the network."""
    pi = dict(zip(MODEL.nonterminal, np.asarray(jax.nn.softmax(network(params, INPUTS))), strict=True))

    def ahead(s):
        if s in MODEL.terminal:
            return 0.0
        return sum(
            p * sum(float(o.p) * (float(o.r) + ahead(o.state)) for o in MODEL.outcomes(s, a))
            for a, p in zip(MODEL.actions(s), pi[s], strict=True)
        )

    return sum(float(p) * ahead(s) for s, p in MODEL.start.items())


def test_exact_gradient_is_that_of_finite_differences():
    found = audit_network(MODEL, network, rloo, INPUTS, params=SMALL, **EXACT)
    flat, shaped = jax.flatten_util.ravel_pytree(SMALL)
    steps = 1e-6 * np.eye(len(flat))
    slopes = [(J(shaped(flat + h)) - J(shaped(flat - h))) / 2e-6 for h in steps]
    np.testing.assert_allclose(found.truth, slopes, atol=1e-8)
    assert found.unbiased
    np.testing.assert_allclose(found.mean, slopes, atol=1e-8)


@pytest.mark.parametrize("params", [SMALL, LARGE], ids=["every parameter", "directions"])
@pytest.mark.parametrize(("loss", "unbiased"), [(rloo, True), (by_length, False), (with_decay, False)])
def test_losses_are_told_apart(params, loss, unbiased):
    found = audit_network(MODEL, network, loss, INPUTS, params=params, **EXACT)
    assert found.unbiased == unbiased
    assert len(found.params) == (15 if params is SMALL else 16)


def test_directions_keep_the_length_of_the_gradient():
    full = audit_network(MODEL, network, rloo, INPUTS, params=LARGE, **EXACT)
    flat, shaped = jax.flatten_util.ravel_pytree(LARGE)
    steps = 1e-6 * np.eye(len(flat))
    slopes = [(J(shaped(flat + h)) - J(shaped(flat - h))) / 2e-6 for h in steps]
    assert full.truth[0] == pytest.approx(np.linalg.norm(slopes), abs=1e-8)
    assert np.abs(full.truth[1:]).max() < 1e-12


def test_a_mistake_is_named_through_the_network():
    options = {**EXACT, "explain": True}
    found = audit_network(MODEL, network, by_length, INPUTS, params=SMALL, **options)
    assert found.diagnosis.keys == {"length-normalised"}


def test_shape_of_the_logits():
    message = (
        r"^network: the logits have shape \(2, 3\); \(3, 3\) is required, one for each state and action\. Give inputs"
    )
    with pytest.raises(SamplingError, match=message):
        audit_network(MODEL, network, rloo, INPUTS[:2], params=SMALL, **EXACT)
    uneven = MDP.from_transitions(
        [("s", "a", "t", 1, 1), ("s", "b", "t", 1, 0), ("t", "a", "end", 1, 0)], start="s", terminal=["end"]
    )
    with pytest.raises(SamplingError, match=r"^network: the logits have shape \(2, 3\), and 't' has 1 actions; "):
        audit_network(uneven, network, rloo, INPUTS[:2], params=SMALL, **EXACT)


def test_a_module_of_pytorch_as_it_is():
    """With a critic's head, as in PPO: the head's own parameters are left out, what it does to the trunk is not."""
    torch = needs("torch")

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk = torch.nn.Linear(2, 2, bias=False, dtype=torch.float64)
            self.policy = torch.nn.Linear(2, 3, dtype=torch.float64)
            self.critic = torch.nn.Linear(2, 1, dtype=torch.float64)

        def forward(self, x):
            return self.policy(torch.tanh(self.trunk(x)))

        def value(self, x):
            return self.critic(torch.tanh(self.trunk(x)))[..., 0]

    def policy_loss(network, observations, batch):
        chosen = torch.distributions.Categorical(logits=network(observations)).log_prob(batch.actions)
        return -(batch.sequence_rewards[:, None] * chosen * batch.mask).sum() / batch.episodes

    def with_critic(network, observations, batch):
        error = (network.value(observations) - batch.sequence_rewards[:, None]) ** 2
        return policy_loss(network, observations, batch) + 0.5 * (error * batch.mask).sum() / batch.mask.sum()

    torch.manual_seed(0)
    module, inputs = Network(), torch.tensor(INPUTS)
    torch.set_default_dtype(torch.float64)
    try:
        right = audit_network(MODEL, module, policy_loss, inputs, **EXACT)
        shared = audit_network(MODEL, module, with_critic, inputs, **EXACT)
    finally:
        torch.set_default_dtype(torch.float32)
    assert right.unbiased
    assert right.params[0] == "trunk_weight_0"
    assert len(right.params) == 4 + 9
    assert not shared.unbiased
    np.testing.assert_allclose(shared.bias[4:], 0, atol=1e-12)

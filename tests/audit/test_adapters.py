"""The recipes of docs/audit.md for Stable-Baselines3 and torchrl; skipped, visibly, where these are not installed.

Neither is an extra: both bring PyTorch.  False-alarm rate of one audit 1e-6 (conftest), fixed seeds.
"""

import numpy as np
import pytest
from skips import needs

from pgsym.auditing import BiasVerdict
from pgsym.auditing.frameworks import framework_of
from pgsym.errors import MissingExtraError

PROBLEMS = ["terminal", "truncated", "aliased"]


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.filterwarnings("ignore")
def test_stable_baselines3_buffer_is_unbiased(audited, name):
    torch = needs("torch")
    buffers = needs("stable_baselines3.common.buffers")
    from gymnasium import spaces

    box, discrete = spaces.Box(0.0, 1.0, (1,)), spaces.Discrete(2)

    def estimator(theta, batch):
        buffer = buffers.RolloutBuffer(
            len(batch.states), box, discrete, device="cpu", gamma=batch.gamma, gae_lambda=0.95, n_envs=1
        )
        buffer.rewards[:, 0] = batch.rewards + batch.gamma * batch.next_values * batch.truncated
        buffer.values[:, 0] = batch.values
        buffer.episode_starts[:, 0] = batch.steps == 0
        buffer.compute_returns_and_advantage(last_values=torch.zeros(1), dones=np.ones(1))
        weight = batch.gamma**batch.steps * buffer.advantages[:, 0]
        return (weight[:, None] * batch.scores).sum(0) / batch.episodes

    found = audited(estimator, name, target="bootstrap", layout="flat")
    assert found.verdict is BiasVerdict.UNBIASED, str(found)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.filterwarnings("ignore")
def test_torchrl_gae_is_unbiased(audited, name):
    functional = needs("torchrl.objectives.value.functional")

    def column(x):
        return x.unsqueeze(-1)

    def estimator(theta, batch):
        advantage, _ = functional.generalized_advantage_estimate(
            batch.gamma,
            0.95,
            column(batch.values),
            column(batch.next_values),
            column(batch.rewards),
            done=column(batch.done | ~batch.mask),
            terminated=column(batch.terminated | ~batch.mask),
        )
        weight = batch.gamma**batch.steps * advantage.squeeze(-1) * batch.mask
        return (weight.unsqueeze(-1) * batch.scores).sum((0, 1)) / batch.episodes

    found = audited(estimator, name, target="bootstrap", framework="torch")
    assert found.verdict is BiasVerdict.UNBIASED, str(found)


def test_autograd_of_the_policy_is_unbiased(audited):
    torch = needs("torch")

    def estimator(theta, batch):
        theta = theta.clone().requires_grad_()
        log_pi = batch.policy.log_prob(theta, batch.states, batch.actions)
        deltas = batch.rewards + batch.gamma * batch.next_values * ~batch.terminated - batch.values
        objective = (batch.gamma**batch.steps * log_pi * deltas * batch.mask).sum() / batch.episodes
        return torch.autograd.grad(objective, theta)[0]

    found = audited(estimator, "aliased", target="bootstrap", framework="torch")
    assert found.verdict is BiasVerdict.UNBIASED, str(found)


def test_torch_that_is_not_installed_is_an_error_that_says_so(monkeypatch):
    import pgsym.auditing.frameworks as frameworks

    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(frameworks, "import_module", missing)
    with pytest.raises(MissingExtraError, match="framework: PyTorch is not installed; torch tensors need it"):
        framework_of("torch")

"""Losses of trl, verl and polgrad as they are: the same mean gradient as the losses by name, and so their verdicts.

Each brings PyTorch, and is skipped visibly where it is not installed.  With trl 1.16.0, verl 0.9.1 and polgrad 0.2.1
all of them pass.  The data are of a policy at temperature 2, so that ratios are not 1 and some are clipped.
"""

import types
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from skips import needs

from pgsym.auditing import GROUP_ESTIMATORS, audit, token_suite

pytestmark = pytest.mark.filterwarnings("ignore")
CASE = next(case for case in token_suite() if case.name == "end-of-sequence")
EXACT = {"horizon": 2, "group_size": 2, "mode": "exact", "explain": False, "behaviour": {"temperature": 2}}
PENALTY = {"kl_to": {"temperature": 4}, "beta": 0.3}


class Tensors:
    """What a loss of sequences is given."""

    def __init__(self, torch, theta, batch):
        self.mask = batch.mask.to(theta.dtype)
        self.now = batch.policy.log_prob(theta, batch.states, batch.actions) * self.mask
        self.old = torch.log(batch.behaviour_probs) * self.mask
        self.ref = None if batch.reference_log_probs is None else batch.reference_log_probs * self.mask
        self.rewards, self.group = batch.sequence_rewards, batch.group
        groups = self.rewards.reshape(-1, batch.group_size)
        self.centred = (groups - groups.mean(1, keepdim=True)).reshape(-1)
        self.std = (
            (groups - groups.mean(1, keepdim=True)) / (groups.std(1, keepdim=True, correction=0) + 1e-8)
        ).reshape(-1)
        self.sample_std = ((groups - groups.mean(1, keepdim=True)) / (groups.std(1, keepdim=True) + 1e-8)).reshape(-1)


@pytest.fixture
def mean():
    """mean(loss, **options): minus the exact mean gradient of loss(tensors)."""
    torch = needs("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)

    def run(loss, **options):
        def estimator(theta, batch):
            theta = theta.clone().requires_grad_()
            return -torch.autograd.grad(loss(Tensors(torch, theta, batch)), theta)[0]

        return audit(CASE.problem, estimator, framework="torch", **EXACT | options).mean

    yield run
    torch.set_default_dtype(before)


def named(name, **options):
    """The exact mean of a loss by name, with some of its choices changed."""
    choices = {key: options.pop(key) for key in ("high", "low", "average", "compared") if key in options}
    loss = replace(GROUP_ESTIMATORS[name].loss, **choices)
    return audit(CASE.problem, loss, **EXACT | options).mean


def close(one, other):
    assert np.linalg.norm(other) > 0.01
    np.testing.assert_allclose(one, other, atol=1e-7)


# -- trl ---------------------------------------------------------------------------------------------------------------


def trl_loss(t, A, **settings):
    """`GRPOTrainer._compute_loss` with log-probabilities of ours; what it only logs goes nowhere."""
    trainer, torch = needs("trl.trainer.grpo_trainer"), needs("torch")
    corrected = settings.pop("use_bias_correction_kl", False)
    given = types.SimpleNamespace(
        **{
            "loss_type": "grpo",
            "importance_sampling_level": "token",
            "epsilon_low": 0.2,
            "epsilon_high": 0.2,
            "beta": 0.0,
        }
        | settings,
        args=types.SimpleNamespace(delta=None, use_bias_correction_kl=corrected, steps_per_generation=1),
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        use_vllm=False,
        aux_loss_enabled=False,
        _entropy_bonus_enabled=False,
        max_completion_length=2,
        current_gradient_accumulation_steps=1,
        model=types.SimpleNamespace(training=True),
        accelerator=types.SimpleNamespace(
            num_processes=1, gather=lambda x: x, reduce=lambda x, reduction: x, sync_gradients=True
        ),
        _metrics=defaultdict(lambda: defaultdict(list)),
        _get_per_token_logps_and_entropies=lambda *_, **__: (t.now, torch.zeros_like(t.now), None),
    )
    ids = torch.zeros(t.mask.shape, dtype=torch.int64)
    inputs = {
        "prompt_ids": ids, "prompt_mask": ids, "completion_ids": ids, "completion_mask": t.mask.to(torch.int64),
        "advantages": A, "old_per_token_logps": t.old, "ref_per_token_logps": t.ref,
        "num_items_in_batch": t.mask.sum(),
    }  # fmt: skip
    return trainer.GRPOTrainer._compute_loss(given, None, inputs)


@pytest.mark.parametrize(
    ("settings", "name", "choices"),
    [
        ({}, "grpo-sample-std", {}),
        ({"loss_type": "bnpo"}, "dapo", {"compared": "sample-std", "high": 0.2}),
        ({"loss_type": "dapo", "epsilon_high": 0.28}, "dapo", {"compared": "sample-std"}),
        ({"loss_type": "dr_grpo"}, "grpo-sum", {"compared": "sample-std", "average": "slots"}),
        ({"importance_sampling_level": "sequence", "epsilon_low": 3e-4, "epsilon_high": 4e-4}, "gspo",
         {"compared": "sample-std"}),
        ({"loss_type": "cispo", "epsilon_high": 1.2}, "cispo", {"compared": "sample-std"}),
    ],
)  # fmt: skip
def test_trl(mean, settings, name, choices):
    close(mean(lambda t: trl_loss(t, t.sample_std, **settings)), named(name, **choices))


@pytest.mark.parametrize(("corrected", "name"), [(False, "k3-in-loss"), (True, "k3-in-loss-times-ratio")])
def test_divergence_of_trl(mean, corrected, name):
    """Its mean over each sequence is ours where the term of rewards is taken away on both sides."""
    plain, given = mean(lambda t: trl_loss(t, t.sample_std)), {**PENALTY, "behaviour": {"temperature": 2}}
    with_it = mean(lambda t: trl_loss(t, t.sample_std, beta=0.3, use_bias_correction_kl=corrected), **given)
    term = named(name, average="own steps", **given) - named("reinforce", average="own steps")
    close(with_it - plain, term)


# -- verl --------------------------------------------------------------------------------------------------------------


def verl_rewards(t):
    torch = needs("torch")
    last = t.mask.sum(1).long() - 1
    return torch.zeros_like(t.mask).scatter(1, last[:, None], t.rewards[:, None])


def test_advantages_of_verl(mean):
    core = needs("verl.trainer.ppo.core_algos")

    def loss(compute, **options):
        def run(t):
            A, _ = compute(verl_rewards(t), t.mask, t.group.numpy(), **options)
            return -(A * t.now).sum(1).mean()

        return run

    on = {"behaviour": None}
    close(mean(loss(core.compute_rloo_outcome_advantage), **on), named("rloo", **on))
    close(mean(loss(core.compute_grpo_outcome_advantage, epsilon=1e-8), **on),
          named("grpo-sum", compared="sample-std", **on))  # fmt: skip
    bare = loss(core.compute_grpo_outcome_advantage, norm_adv_by_std_in_grpo=False)
    close(mean(bare, **on), named("dr-grpo", **on))


@pytest.mark.parametrize(
    ("which", "mode", "name", "choices", "config"),
    [
        ("vanilla", "token-mean", "dapo", {"high": 0.2}, {}),
        ("vanilla", "seq-mean-token-mean", "grpo", {}, {}),
        ("gspo", "seq-mean-token-mean", "gspo", {"low": 0.2, "high": 0.2}, {}),
        ("cispo", "token-mean", "cispo", {"low": 0.2}, {}),
    ],
)
def test_verl(mean, which, mode, name, choices, config):
    core, workers = needs("verl.trainer.ppo.core_algos"), needs("verl.workers.config")
    actor = workers.ActorConfig(
        strategy="fsdp", rollout_n=2, ppo_micro_batch_size_per_gpu=2, clip_ratio=0.2, clip_ratio_low=0.2,
        clip_ratio_high=0.2, clip_ratio_c=1e6,
    )  # fmt: skip
    compute = getattr(core, f"compute_policy_loss_{which}")

    def loss(t):
        return compute(t.old, t.now, t.std[:, None] * t.mask, t.mask, loss_agg_mode=mode, config=actor)[0]

    close(mean(loss), named(name, **choices))


@pytest.mark.parametrize(("kind", "name"), [("kl", "k1-in-loss"), ("mse", "k2-in-loss"), ("low_var_kl", "k3-in-loss"),
                                            ("k3+", "k2-in-loss")])  # fmt: skip
def test_divergence_of_verl(mean, kind, name):
    """``k3+`` is documented as unbiased: its gradient is that of k2 per token, which the ledger has."""
    core = needs("verl.trainer.ppo.core_algos")
    on = {**PENALTY, "behaviour": None}
    found = mean(lambda t: 0.3 * (core.kl_penalty(t.now, t.ref, kind) * t.mask).sum(1).mean(), **on)
    term = named(name, **on) - named("reinforce", **on)
    np.testing.assert_allclose(found, term, atol=1e-7)


# -- polgrad -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "name", "choices"),
    [
        ("grpo", "grpo", {}),
        ("dr_grpo", "dr-grpo", {"average": "slots"}),
        ("dapo", "dapo", {}),
        ("gspo", "gspo", {}),
        ("cispo", "cispo", {}),
    ],
)
def test_polgrad(mean, algorithm, name, choices):
    """The loss of its registry on our advantages, with the clip that it names."""
    polgrad = needs("polgrad")
    from polgrad import losses

    config = polgrad.registry.get(algorithm).loss
    if config.norm_len is not None or algorithm == "dr_grpo":
        config = replace(config, norm_len=2)
    config = replace(config, kl=None)
    clip = {"low": config.clip.eps_low if config.clip.eps_low is not None else 1, "high": config.clip.eps_high}

    def loss(t):
        A = t.centred if algorithm == "dr_grpo" else t.std
        return losses.policy_loss(
            config, logprobs=t.now, old_logprobs=t.old, advantages=A, response_mask=t.mask.bool()
        ).loss

    close(mean(loss), named(name, **choices | clip))


def test_divergence_of_polgrad(mean):
    """Documented as unbiased: it is k2 in the loss, per token."""
    polgrad = needs("polgrad")
    kl = needs("polgrad.kl")
    on = {**PENALTY, "behaviour": None}
    total = polgrad.Aggregation.SEQ_MEAN_TOKEN_SUM
    found = mean(lambda t: 0.3 * kl.reverse_kl_grad_surrogate(t.now, t.ref, total, response_mask=t.mask.bool()), **on)
    close(found, named("k2-in-loss", **on) - named("reinforce", **on))

"""Losses of sequences by name: the same as their papers' losses, differentiated by JAX, on data of another policy."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from pgsym.auditing import GROUP_ESTIMATORS, Rollouts, TokenLoss, answer_scale, audit, token_suite
from pgsym.auditing.problem_arrays import build_arrays
from pgsym.errors import SamplingError
from pgsym.estimators.groups import P
from pgsym.model import token_tree

CASES = {case.name: case for case in token_suite()}
BETA, ALPHA, G, BATCH = 0.3, 0.2, 4, 8
STOP = jax.lax.stop_gradient


class Terms:
    """What the losses of papers are made of, for one batch at theta."""

    def __init__(self, theta, batch):
        policy = batch.policy
        self.mask = batch.mask
        self.now = policy.log_prob(theta, batch.states, batch.actions) * batch.mask
        old = jnp.where(batch.mask, jnp.log(batch.behaviour_probs), 0.0)
        self.rho = jnp.exp(self.now - old)
        self.length = batch.mask.sum(1)
        self.d = (self.now - batch.reference_log_probs) * batch.mask
        logits = policy.logits(theta)[batch.states]
        pi = jnp.exp(logits)
        self.entropy = -(pi * jnp.where(pi > 0, logits, 0.0)).sum(-1) * batch.mask
        self.R = batch.sequence_rewards
        groups = self.R.reshape(-1, G)
        mean = groups.mean(1, keepdims=True)
        self.others = ((groups - mean) * G / (G - 1)).reshape(-1)
        self.centred = (groups - mean).reshape(-1)
        self.std = ((groups - mean) / (groups.std(1, keepdims=True) + 1e-8)).reshape(-1)
        self.sample_std = ((groups - mean) / (groups.std(1, keepdims=True, ddof=1) + 1e-8)).reshape(-1)
        self.whole_ratio = jnp.exp((self.now - old).sum(1))
        self.root_ratio = jnp.exp((self.now - old).sum(1) / self.length)

    def surrogate(self, A, low=0.2, high=0.2):
        A = A[:, None]
        return jnp.minimum(self.rho * A, jnp.clip(self.rho, 1 - low, 1 + high) * A) * self.mask

    def by_length(self, x):
        return (x.sum(1) / self.length).mean()

    def by_sequence(self, x):
        return x.sum(1).mean()

    def by_tokens(self, x):
        return x.sum() / self.mask.sum()

    def scored(self, A):
        return A[:, None] * self.now


def batch_normalised(t, ddof=0):
    return (t.R - t.R.mean()) / (t.R.std(ddof=ddof) + 1e-8)


def gspo(t):
    s = t.root_ratio
    return jnp.minimum(s * t.std, jnp.clip(s, 1 - 3e-4, 1 + 4e-4) * t.std).mean()


PAPERS = {
    "reinforce": lambda t: t.by_sequence(t.scored(t.R)),
    "reinforce-batch-mean": lambda t: t.by_sequence(t.scored(t.R - t.R.mean())),
    "reinforce++": lambda t: t.by_sequence(t.scored(batch_normalised(t))),
    "rloo": lambda t: t.by_sequence(t.scored(t.others)),
    "grpo": lambda t: t.by_length(t.surrogate(t.std)),
    "grpo-sample-std": lambda t: t.by_length(t.surrogate(t.sample_std)),
    "grpo-no-std": lambda t: t.by_length(t.surrogate(t.centred)),
    "grpo-sum": lambda t: t.by_sequence(t.surrogate(t.std)),
    "grpo-batch-std": lambda t: t.by_length(t.surrogate(t.centred / (t.R.std(ddof=1) + 1e-8))),
    "dr-grpo": lambda t: t.by_sequence(t.surrogate(t.centred)),
    "dapo": lambda t: t.by_tokens(t.surrogate(t.std, high=0.28)),
    "gspo": gspo,
    "cispo": lambda t: t.by_tokens(t.scored(t.std) * STOP(jnp.minimum(t.rho, 1.2))),
    "ppo-clip": lambda t: t.by_tokens(t.surrogate(batch_normalised(t, 1))),
    "tis": lambda t: t.by_sequence(t.scored(t.others) * STOP(jnp.minimum(t.rho, 2))),
    "tis-of-sequences": lambda t: t.by_sequence(t.scored(t.others) * STOP(jnp.minimum(t.whole_ratio, 2))[:, None]),
    "rloo-ratio": lambda t: (t.whole_ratio * t.others).mean(),
    "entropy-in-loss": lambda t: t.by_sequence(t.scored(t.R) + ALPHA * t.entropy),
}


def value(k, d):
    return {"k1": d, "k2": d**2 / 2, "k3": jnp.exp(-d) - 1 + d}[k]


def regularised(k, place, per):
    """REINFORCE with an estimator of the divergence: rewards to come where it is a token's reward."""

    def loss(t):
        d = t.d if per == "token" else t.d.sum(1, keepdims=True)
        found = value(k, d)
        if place == "reward":
            to_come = jnp.cumsum(STOP(found)[:, ::-1], axis=1)[:, ::-1] if per == "token" else STOP(found)
            return ((t.R[:, None] - BETA * to_come) * t.now).sum(1).mean()
        if place == "loss * ratio":
            found = found * (t.rho if per == "token" else t.whole_ratio[:, None])
        return (t.scored(t.R).sum(1) - BETA * (found * (t.mask if per == "token" else 1)).sum(1)).mean()

    return loss


for k in ("k1", "k2", "k3"):
    for place in ("reward", "loss", "loss * ratio"):
        for per, tail in (("token", ""), ("sequence", "-of-sequences")):
            PAPERS[f"{k}-in-{place}{tail}".replace(" * ", "-times-")] = regularised(k, place, per)


@pytest.fixture(scope="module")
def data():
    """Rollouts of another policy, batches of them, and the gradients of all papers on each."""
    problem = CASES["two-prompts"].problem
    here = [float(v) for v in problem.point.values()]
    options = {"behaviour": [0.6 - x for x in here], "kl_to": [0.2] * 9 + [-0.3] * 9, "beta": BETA, "entropy": ALPHA}
    arrays = build_arrays(problem, **options)
    numpy, other = (
        Rollouts(arrays, horizon=2, batch_size=BATCH, group_size=G, framework=name) for name in ("numpy", "jax")
    )
    streams = numpy.streams(numpy.sampler(3).chunk(0, 16 * BATCH))
    with jax.enable_x64(True):
        losses = lambda theta, batch: {name: f(Terms(theta, batch)) for name, f in PAPERS.items()}  # noqa: E731
        slopes = jax.jit(jax.jacfwd(losses))
        found = [slopes(other.theta, batch) for batch in other._batches(streams)]
    return numpy, streams, {name: np.array([one[name] for one in found]) for name in PAPERS}


def test_every_name_is_written_here():
    assert set(PAPERS) | {"v-trace"} == set(GROUP_ESTIMATORS)


@pytest.mark.parametrize("name", PAPERS)
def test_name_is_the_loss_of_the_paper(name, data):
    rollouts, streams, papers = data
    given = rollouts.estimates(GROUP_ESTIMATORS[name].loss, streams)
    assert np.abs(given).max() > 0.01
    np.testing.assert_allclose(given, papers[name], atol=1e-10)


@pytest.mark.parametrize("name", ["ppo-clip", "gspo", "cispo", "dapo", "tis", "tis-of-sequences"])
def test_something_is_clipped(name, data):
    rollouts, streams, _ = data
    loss = GROUP_ESTIMATORS[name].loss
    one, other = (rollouts.estimates(x, streams) for x in (loss, replace(loss, clip="none")))
    assert np.abs(one - other).max() > 0.01


# -- divergences -------------------------------------------------------------------------------------------------------

UNBIASED = {
    "k1-in-reward",
    "k1-in-reward-of-sequences",
    "k2-in-loss-of-sequences",
    "k1-in-loss-times-ratio-of-sequences",
    "k3-in-loss-times-ratio-of-sequences",
}
"""Against the gradient of the divergence of sequences, for data of the policy itself."""


def regularised_law(name, **options):
    problem = CASES["end-of-sequence"].problem
    reference = {p.name: "1/3" if p.name.endswith("a") else "-1/2" for p in problem.policy.params}
    given = {"horizon": 2, "batch_size": 1, "mode": "exact", "explain": False, "kl_to": reference, "beta": BETA}
    return audit(problem, name, **given | options)


@pytest.mark.parametrize("name", [name for name in PAPERS if name.startswith("k")])
def test_which_divergence_terms_are_unbiased(name):
    assert regularised_law(name).unbiased == (name in UNBIASED)


def test_terms_of_tokens_share_one_bias():
    """What a token does to the divergence of later ones is left out by each of them."""
    shared = [regularised_law(f"{k}").mean for k in ("k2-in-loss", "k1-in-loss-times-ratio", "k3-in-loss-times-ratio")]
    np.testing.assert_allclose(shared[1:], [shared[0]] * 2, atol=1e-14)
    bias = regularised_law("k2-in-loss").bias
    assert np.linalg.norm(bias) > 0.01


def test_k1_differentiated_pushes_nowhere():
    np.testing.assert_allclose(regularised_law("k1-in-loss").mean, regularised_law("reinforce").mean, atol=1e-14)


def test_elsewhere_only_ratios_of_sequences_repair():
    elsewhere = {p.name: 0 for p in CASES["end-of-sequence"].problem.policy.params}
    found = regularised_law("k2-in-loss-of-sequences", behaviour=elsewhere)
    assert not found.unbiased
    assert audit(CASES["two-prompts"].problem, "rloo-ratio", horizon=2, group_size=2, mode="exact",
                 behaviour=CASES["two-prompts"].behaviour).unbiased  # fmt: skip


# -- closed forms ------------------------------------------------------------------------------------------------------

ANSWERS = token_tree("s", "ab", 1, {"s a"}).at(theta={"theta_s_a": "log(3)"})
"""p = 3/4."""


@pytest.mark.parametrize(
    ("name", "size", "options"),
    [
        ("grpo", 3, {"behaviour": "1/2"}),
        ("ppo-clip", 3, {"behaviour": "1/2"}),
        ("dapo", 2, {"behaviour": "7/10"}),
        ("gspo", 2, {"behaviour": "1/2"}),
        ("cispo", 4, {"behaviour": "1/2"}),
        ("tis", 2, {"behaviour": "1/4"}),
        ("tis-of-sequences", 2, {"behaviour": "1/4"}),
        ("rloo-ratio", 2, {"behaviour": "1/4"}),
        ("k1-in-reward", 1, {"reference": "1/3", "beta": "1/5"}),
        ("k2-in-reward", 1, {"reference": "1/3", "beta": "1/5"}),
        ("k3-in-loss", 1, {"reference": "1/3", "beta": "1/5"}),
        ("k3-in-loss-times-ratio", 1, {"reference": "1/3", "beta": "1/5", "behaviour": "1/2"}),
    ],
)
def test_closed_form_is_the_exact_mean(name, size, options):
    table = lambda p: {"s": {"a": sp.Rational(p), "b": 1 - sp.Rational(p)}}  # noqa: E731
    given = {"behaviour": table(options["behaviour"])} if "behaviour" in options else {}
    if "reference" in options:
        given |= {"kl_to": table(options["reference"]), "beta": options["beta"]}
    found = audit(ANSWERS, name, horizon=1, group_size=size, mode="exact", explain=False, **given)
    scale = answer_scale(name, size, **options).subs(P, sp.Rational(3, 4))
    # d p / d theta = p (1 - p)
    assert found.mean[0] == pytest.approx(float(scale) * 3 / 16, abs=1e-7)


def test_closed_forms_that_are_known():
    p, q, r, beta, epsilon = sp.symbols("p q r beta epsilon", positive=True)
    divergence = p * sp.log(p / r) + (1 - p) * sp.log((1 - p) / (1 - r))
    slope = sp.diff(divergence, p)
    same = lambda x, y: sp.expand_log(x - y, force=True).expand() == 0  # noqa: E731
    for name in ("k1-in-reward", "k2-in-loss", "k1-in-loss-times-ratio", "k3-in-loss-times-ratio"):
        assert same(answer_scale(name, reference=r, beta=beta), 1 - beta * slope)
    forward = sp.diff(-r * sp.log(p) - (1 - r) * sp.log(1 - p), p)
    assert sp.cancel(answer_scale("k3-in-loss", reference=r, beta=beta) - 1 + beta * forward) == 0
    clipped = answer_scale("dr-grpo", 2, behaviour=q, low=epsilon, high=epsilon)
    at = {q: sp.Rational(1, 2), epsilon: sp.Rational(1, 5)}
    assert [clipped.subs({**at, p: x}) for x in (sp.Rational(11, 20), sp.Rational(9, 10))] == [sp.Rational(1, 2), 0]


@pytest.mark.parametrize("G", [2, 3, 4])
def test_published_scale_of_grpo(G):
    published = [1, sp.sqrt(2), sp.sqrt(3) + (3 - 2 * sp.sqrt(3)) * P * (1 - P)][G - 2]
    assert sp.expand(answer_scale("grpo", G) - published) == 0


# -- V-trace -----------------------------------------------------------------------------------------------------------


def vtrace(theta, batch):
    """As in the paper: v_s = V(s) + sum of products of c times rho delta, and rho (r + gamma v' - V)."""
    rho = np.minimum(np.exp(batch.log_probs) / batch.behaviour_probs, 1) * batch.mask
    ahead = batch.next_values * ~batch.terminated
    total = np.zeros_like(rho)
    for s in range(rho.shape[1]):
        bonus = np.zeros(len(rho))
        for t in range(s + 1, rho.shape[1]):
            delta = rho[:, t] * (batch.rewards[:, t] + batch.gamma * ahead[:, t] - batch.values[:, t])
            between = np.prod(rho[:, s + 1 : t], axis=1)
            bonus += batch.gamma ** (t - s) * between * np.where(batch.mask[:, t], delta, 0.0)
        now = batch.rewards[:, s] + batch.gamma * ahead[:, s] - batch.values[:, s]
        total[:, s] = rho[:, s] * np.where(batch.mask[:, s], now + bonus, 0.0)
    return ((batch.gamma**batch.steps * total)[..., None] * np.where(batch.mask[..., None], batch.scores, 0.0)).sum(
        (0, 1)
    ) / batch.episodes


@pytest.mark.parametrize("name", ["discounted", "random-rewards"])
def test_vtrace_is_that_of_the_paper(cases, name):
    case = cases[name]
    rollouts = Rollouts(build_arrays(case.problem, behaviour=case.behaviour), horizon=case.horizon, batch_size=4)
    from pgsym.auditing.recipes import Recipe

    streams = rollouts.streams(rollouts.sampler(1).chunk(0, 64))
    given = rollouts.estimates(Recipe(**GROUP_ESTIMATORS["v-trace"].loss), streams)
    np.testing.assert_allclose(given, rollouts.estimates(vtrace, streams), atol=1e-12)


@pytest.mark.parametrize(
    ("loss", "options", "message"),
    [
        ("k3-in-loss", {}, r"^kl_to: the loss has the divergence by k3, and nothing says from what\. Give kl_to and"),
        ("entropy-in-loss", {}, r"^entropy: the loss has a bonus of entropy, and nothing says how much\. Give ent"),
        (
            "rloo",
            {"layout": "vector", "group_size": 2},
            r"^layout: a loss by name takes one sequence a row\. Use layout='episodes'$",
        ),
    ],
)
def test_what_a_loss_needs(loss, options, message):
    with pytest.raises(SamplingError, match=message):
        audit(CASES["equal-lengths"].problem, loss, horizon=2, batch_size=2, mode="exact", **options)


def test_a_discount_is_refused(cases):
    with pytest.raises(SamplingError, match=r"^gamma: the loss does not discount divergence or entropy\. Use gamma"):
        audit(cases["discounted"].problem, TokenLoss(entropy=True), horizon=2, mode="exact", entropy=1)


def test_a_critic_has_no_closed_form():
    with pytest.raises(SamplingError, match=r"^estimator: v-trace has more than a weight for each sequence"):
        answer_scale("v-trace")

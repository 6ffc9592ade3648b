"""Every description against its formula, on the trajectories that the kernel itself drew."""

from fractions import Fraction
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgsym.errors import SamplingError
from pgsym.model import Objective
from pgsym.model.estimator import GAE, ActorCritic, AllKnowing, EligibilityTrace, NStep, Reinforce, RewardToGo
from pgsym.sampling import dynamics, estimate
from pgsym.sampling.layout import Summation, prepare
from pgsym.sampling.plan import make_plan
from pgsym.sampling.random import seed_key
from pgsym.sampling.tables import build_tables
from pgsym.sampling.walk import gradients

T, B = 7, 48
IDS = np.arange(B, dtype=np.uint32)
CRITIC = {s: f"{3 * s - 10}/4" for s in range(10)}


def direct(it, tables, pairs, rewards, states):
    """g of one trajectory, from the description's own formula in float64."""
    gamma, scores = tables.gamma, tables.scores()
    v = np.array([*(float(Fraction(CRITIC[s])) for s in tables.states), 0.0])
    V = dynamics.truncated_values(tables, 5000)
    if isinstance(it, Reinforce):
        U = np.full(T, (gamma ** np.arange(T) * rewards).sum()) - (v[states[:-1]] if it.baseline else 0)
    elif isinstance(it, AllKnowing):
        U = dynamics.action_values(tables, 0.0, gamma, V)[pairs] - V[states[:-1]]
    elif isinstance(it, EligibilityTrace):
        U = np.array([sum(0.8 ** (j - t) * rewards[j] for j in range(t, T)) / T for t in range(T)])
    elif isinstance(it, RewardToGo):
        U = np.array([sum(gamma ** (j - t) * rewards[j] for j in range(t, T)) for t in range(T)]) - v[states[:-1]]
    else:
        delta = rewards + gamma * v[states[1:]] - v[states[:-1]]
        keep, ahead = {ActorCritic: (0.0, 1), NStep: (gamma, 3), GAE: (0.6 * gamma, T)}[type(it)]
        U = np.array([sum(keep ** (j - t) * delta[j] for j in range(t, min(T, t + ahead))) for t in range(T)])
    w = gamma ** np.arange(T) if getattr(it, "discount_weight", False) else np.ones(T)
    return (w * U) @ scores[pairs]


DESCRIPTIONS = [
    Reinforce(),
    Reinforce(CRITIC),
    RewardToGo(CRITIC),
    RewardToGo(CRITIC, discount_weight=False),
    ActorCritic(CRITIC),
    ActorCritic(CRITIC, discount_weight=False),
    NStep(3, CRITIC),
    GAE("3/5", CRITIC),
    AllKnowing("exact"),
    EligibilityTrace("4/5", T),
]


@pytest.fixture(scope="module")
def drawn(garnet, draw):
    """What the kernel draws for one key, whatever is estimated: pairs, rewards [T, B] and states [T + 1, B]."""
    found = draw(garnet, T, B, seed=1)
    states = np.vstack([found.tables.pair_state[found.pair], found.successor[-1:].astype(int)])
    return found.tables, found.pair, found.reward.astype(float), states


@pytest.mark.parametrize(
    ("it", "way"),
    [*((it, way) for it in DESCRIPTIONS for way in ("direct", "pairs")), (NStep(3, CRITIC), "rows")],
    ids=lambda it: it if isinstance(it, str) else f"{it.name}-{getattr(it, 'discount_weight', '')}",
)
def test_description_is_its_formula(drawn, monkeypatch, it, way):
    monkeypatch.setattr("pgsym.sampling.layout._cheapest", lambda tables, T: Summation(way))
    tables, pairs, rewards, states = drawn
    objective = Objective.AVERAGE_REWARD if isinstance(it, EligibilityTrace) else Objective.START_STATE
    arrays, shape = prepare(tables, make_plan(it, tables, objective, T), B)
    with jax.enable_x64(True):
        run = jax.jit(partial(gradients, shape=shape))
        g, J, steps = jax.tree.map(np.asarray, run(jax.tree.map(jnp.asarray, arrays), key=seed_key(1), ids=IDS))
    assert (steps == T).all()
    expected = [direct(it, tables, pairs[:, i], rewards[:, i], states[:, i]) for i in range(B)]
    # float32 sums of T terms; |U| stays below 50 here.
    np.testing.assert_allclose(g.T, expected, atol=T * 50 * 2.0**-22)
    discount = np.full(T, 1 / T) if isinstance(it, EligibilityTrace) else 0.9 ** np.arange(T)
    np.testing.assert_allclose(J, discount @ rewards, atol=T * 50 * 2.0**-22)


def test_stationary_start_is_mu(kakade, statistics):
    it = EligibilityTrace(0, 1, stationary=True)
    found = estimate(kakade.replace(objective="average-reward"), it, n=50_000)
    tables = build_tables(kakade)
    rbar = float(dynamics.stationary(tables) @ dynamics.mean_reward(tables))
    assert statistics.agree(found.J, rbar, found.J_standard_error)


@pytest.mark.parametrize(
    ("it", "message"),
    [
        (GAE("1/2", bootstrap=False), r"^gae: bootstrap is False; the sampler's last step keeps gamma v\(s_T\)"),
        (GAE("lambda"), r"^gae: lambda has no value; sampling needs numbers\. Replace it with subs"),
        (ActorCritic({"x": 1}), r"^actor-critic: state 'x' is unknown; those that act are 0, 5, "),
        (
            EligibilityTrace(0, 5),
            r"^eligibility-trace: the objective is start-state; beta would replace gamma\. Use 'reward-to-go'",
        ),
        (RewardToGo(horizon=4), r"^reward-to-go: the horizon is 5; the description is cut off after 4"),
    ],
)
def test_description_raises_on_what_is_not_drawn(garnet, it, message):
    with pytest.raises(SamplingError, match=message):
        estimate(garnet.replace(objective="start-state"), it, n=10, horizon=5)


def test_exact_values_with_those_of_terminal_states_are_a_critic(corridor):
    V = {"s1": -12, "s2": -10, "s3": -6, "T": 0}
    given = estimate(corridor.at([0]), GAE("1/2", V), n=500, horizon=20)
    exact = estimate(corridor.at([0]), GAE("1/2", "exact"), n=500, horizon=20)
    np.testing.assert_allclose(given.mean, exact.mean, rtol=1e-5)

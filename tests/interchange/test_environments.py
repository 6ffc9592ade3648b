"""MDPs as environments, gymnasium's and JAX's: their rules, and their law against the exact one."""

import re
import sys
import warnings
from collections import Counter
from statistics import NormalDist

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from laws import law
from skips import needs
from strategies import continuing_mdps, episodic_mdps

import pgsym
from pgsym.errors import FormulaError, MissingExtraError, SchemaError, StructureError
from pgsym.exact import solve
from pgsym.interchange.environments import outcome_tables, to_gymnasium, to_jax
from pgsym.model import MDP, Problem

FALSE_ALARM = 1e-6
"""Of one test: all its frequencies together, by Bonferroni."""

NOISY = MDP.from_transitions(
    [
        ("s", "a", "t", "1/4", 4), ("s", "a", "t", "1/4", 0), ("s", "a", "s", "1/2", -1),
        ("s", "b", "end", "1/3", 0), ("s", "b", "t", "2/3", "1/2"),
        ("t", "a", "s", 1, 2), ("t", "b", "end", "9/10", 1), ("t", "b", "t", "1/10", 0),
    ],
    start={"s": "2/3", "t": "1/3"}, terminal=["end"], gamma="9/10",
)  # fmt: skip
"""Random rewards, a start distribution, two actions everywhere."""


def worst(counts, probabilities):
    """The largest |z| of multinomial counts, and how many frequencies were compared."""
    z = []
    for key, expected in probabilities.items():
        n = sum(counts.get(key, {}).values())
        assert n > 100
        assert set(counts[key]) <= set(expected)
        for outcome, p in expected.items():
            if p != 1:
                z.append((counts[key].get(outcome, 0) - n * p) / np.sqrt(n * p * (1 - p)))
    return np.abs(z).max(), len(z)


def accepts(counts, mdp):
    table, start, _, _ = law(mdp, numbered=True)
    expected = {key: {(t, float(r)): float(p) for (t, r), p in row.items()} for key, row in table.items()}
    expected["start"] = {s: float(p) for s, p in start.items()}
    z, m = worst(counts, expected)
    return z <= -NormalDist().inv_cdf(FALSE_ALARM / (2 * m))


def mutant(mdp):
    """P(end|s,b) is 2/5 in place of 1/3: 1/15 off, where 4,000 samples see 1/100."""
    graph = mdp.to_graph()
    for s, t, data in graph.edges(data=True):
        if (s, data["action"]) == ("s", "b"):
            data["p"] = sp.Rational(2 if t == "end" else 3, 5)
    return MDP(graph)


# -- gymnasium -------------------------------------------------------------------------------------------


@pytest.fixture
def gymnasium():
    return needs("gymnasium")


@pytest.mark.parametrize("options", [{}, {"time_limit": 3}, {"render_mode": "ansi"}, {"policy": True}])
@pytest.mark.parametrize("model", ["short-corridor", "two-state", "noisy", "FrozenLake-v1"])
def test_passes_gymnasiums_own_check(gymnasium, model, options):
    from gymnasium.utils.env_checker import check_env

    mdp = NOISY if model == "noisy" else MDP.from_gymnasium(model) if "-v" in model else pgsym.zoo(model).mdp
    options = dict(options)
    problem = pgsym.Problem(mdp) if options.pop("policy", False) else mdp
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(to_gymnasium(problem, **options))


def gymnasium_counts(env, n, seed=0):
    counts = {"start": Counter()}
    actions = np.random.default_rng(seed).integers(env.action_space.n, size=n).tolist()
    s, _ = env.reset(seed=seed)
    counts["start"][s] += 1
    for a in actions:
        t, r, terminated, _, _ = env.step(a)
        assert terminated == (env.states[t] in NOISY.terminal)
        counts.setdefault((s, a), Counter())[t, r] += 1
        s = t
        if terminated:
            s, _ = env.reset()
            counts["start"][s] += 1
    return counts


def test_gymnasium_steps_follow_the_exact_law(gymnasium):
    assert accepts(gymnasium_counts(to_gymnasium(NOISY), 16_000), NOISY)


def test_gymnasium_steps_of_a_mutant_are_rejected(gymnasium):
    assert not accepts(gymnasium_counts(to_gymnasium(mutant(NOISY)), 16_000), NOISY)


@settings(max_examples=15)
@given(mdp=episodic_mdps())
def test_gymnasiums_table_gives_the_model_back(mdp):
    needs("gymnasium")
    env = to_gymnasium(mdp, unavailable="stay")
    back = MDP.from_gymnasium(env, gamma=mdp.gamma, unreachable=True)
    found, expected = law(back)[0], law(mdp, numbered=True)[0]
    assert {key: found[key] for key in expected} == expected
    others = set(found) - set(expected)
    assert all(found[s, a] == {(s, 0): 1} for s, a in others)


def test_episodes_end_by_termination_or_truncation(gymnasium):
    corridor = pgsym.zoo("short-corridor").mdp
    env = to_gymnasium(corridor, time_limit=3, render_mode="ansi")
    right, left = (env.actions.index(a) for a in "RL")
    env.reset(seed=1)
    assert [env.step(left)[2:4] for _ in range(3)] == [(False, False), (False, False), (False, True)]
    assert env.render() == "s1 -- L, -1 --> s1"
    env.reset(seed=1)
    found = [env.step(a) for a in (right, left, right)]
    assert [step[:4] for step in found[-1:]] == [(3, -1.0, True, False)]


def test_equal_seeds_give_equal_episodes(gymnasium):
    one, other = to_gymnasium(NOISY), to_gymnasium(NOISY)
    for env in (one, other):
        env.reset(seed=7)
    assert [one.step(k % 2)[:2] for k in range(9)] == [other.step(k % 2)[:2] for k in range(9)]


def test_policy_and_mask_come_with_the_state(gymnasium):
    mdp = MDP.from_transitions([("s", "a", "t", 1, 0), ("s", "b", "s", 1, 0), ("t", "a", "s", 1, 0)], start="t")
    policy = pgsym.tabular(mdp)
    theta = {**dict.fromkeys(policy.params, 0), policy.params[0]: "log(3)"}
    env = to_gymnasium(Problem(mdp, policy, theta=theta), unavailable="stay")
    s, info = env.reset(seed=0)
    assert (env.states[s], info["action_mask"].tolist(), info["policy"].tolist()) == ("t", [1, 0], [1.0, 0.0])
    assert env.step(1)[:2] == (s, 0.0)
    assert env.step(0)[4]["policy"].tolist() == [0.75, 0.25]
    assert env.gamma == 1.0


def test_policy_with_a_symbol_is_refused(gymnasium):
    mdp = MDP.from_transitions([("s", a, "end", 1, 1) for a in ("go", "stay")], start="s", terminal=["end"])
    policy = pgsym.mixture(pgsym.tabular(mdp), "epsilon")
    with pytest.raises(FormulaError, match=r"^environment: found symbols epsilon; an environment has numbers"):
        to_gymnasium(Problem(mdp, policy))


def test_missing_gymnasium_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(
        MissingExtraError, match=r"^gymnasium: it is not installed; environments need it\. Install pgsym\[gym\]$"
    ):
        to_gymnasium(NOISY)


# -- JAX -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def jax():
    return needs("jax")


@pytest.fixture(scope="module")
def jax_counts(jax):
    """Counts of all transitions of 400 vmapped runs of 40 steps under uniformly random actions; compiled once."""
    env = to_jax(NOISY)

    def run(key, params):
        reset, key = jax.random.split(key)
        _, state = env.reset(reset, params)

        def step(state, key):
            choose, move = jax.random.split(key)
            a = jax.random.randint(choose, (), 0, env.num_actions)
            obs, after, r, done, info = env.step(move, state, a, params)
            return after, (state.s, a, info["terminal_obs"], r, done, obs)

        return state.s, jax.lax.scan(step, state, jax.random.split(key, 40))[1]

    runs = jax.jit(jax.vmap(run, in_axes=(0, None)))
    keys = jax.random.split(jax.random.key(0), 400)

    def count(params):
        first, found = runs(keys, params)
        s, a, t, r, done, obs = (np.asarray(x) for x in found)
        np.testing.assert_array_equal(done, np.asarray(params.terminal)[t])
        counts = {"start": Counter(np.asarray(first).tolist() + obs[done].tolist())}
        for *pair, after, reward in zip(*(x.ravel().tolist() for x in (s, a, t, r)), strict=True):
            counts.setdefault(tuple(pair), Counter())[after, reward] += 1
        return counts

    return count


def test_jax_steps_follow_the_exact_law(jax_counts):
    assert accepts(jax_counts(to_jax(NOISY).default_params), NOISY)


def test_jax_steps_of_a_mutant_are_rejected(jax_counts):
    assert not accepts(jax_counts(to_jax(mutant(NOISY)).default_params), NOISY)


def test_the_derivative_in_the_rewards_is_the_discounted_occupancy(jax):
    """d/dr(s,a,k) of the return is sum_t gamma^t 1{(s,a,k) at t}, whose mean is eta(s) pi(a|s) p(k|s,a)."""
    env, n, T = to_jax(NOISY), 4000, 60
    params = env.default_params

    def episode(r, key):
        reset, key = jax.random.split(key)
        _, state = env.reset(reset, params)

        def step(carry, key):
            state, weight = carry
            choose, move = jax.random.split(key)
            a = jax.random.randint(choose, (), 0, env.num_actions)
            _, state, reward, _, info = env.step_env(move, state, a, params._replace(r=r))
            return (state, weight * env.gamma * info["discount"]), weight * reward

        return jax.lax.scan(step, (state, 1.0), jax.random.split(key, T))[1].sum()

    keys = jax.random.split(jax.random.key(1), n)
    found = np.asarray(jax.jit(jax.vmap(jax.grad(episode), in_axes=(None, 0)))(params.r, keys), dtype=float)
    policy = pgsym.tabular(NOISY)
    eta = solve(pgsym.Problem(NOISY, policy)).at(dict.fromkeys(policy.params, 0)).eta
    tables = outcome_tables(NOISY)
    exact = np.zeros_like(tables.p)
    for i, s in enumerate(NOISY.states):
        if s not in NOISY.terminal:
            exact[i] = float(eta[s]) * tables.p[i] / env.num_actions
    error = found.std(axis=0) / np.sqrt(n)
    reached = exact > 0
    z = (found.mean(axis=0) - exact)[reached] / error[reached]
    # steps after T = 60 weigh less than gamma^60 / (1 - gamma) = 0.02, times the chance to live that long, below 1e-9
    assert np.abs(z).max() <= -NormalDist().inv_cdf(FALSE_ALARM / (2 * reached.sum()))


def test_time_limit_and_parameters_can_change(jax):
    env = to_jax(pgsym.zoo("short-corridor").mdp, time_limit=2)
    params, key, left = env.default_params, jax.random.key(0), env.actions.index("L")
    step = jax.jit(env.step)
    _, state = jax.jit(env.reset)(key, params)
    _, state, _, done, _ = step(key, state, left, params)
    assert not done
    _, state, reward, done, info = step(key, state, left, params._replace(r=np.asarray(params.r) * 5))
    assert (bool(done), bool(info["truncated"]), bool(info["terminated"]), float(reward)) == (True, True, False, -5.0)
    assert (int(state.time), float(info["discount"])) == (0, 1.0)


# -- what cannot be carried ------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [to_gymnasium, to_jax])
@pytest.mark.parametrize(
    ("mdp", "options", "kind", "message"),
    [
        (
            NOISY.replace(gamma="g"), {}, FormulaError,
            "environment: found symbols g; an environment has numbers. Give them values: problem.at(NAME=VALUE)",
        ),
        (
            MDP.from_transitions([("s", "a", "s", 1, 0)]), {}, StructureError,
            "start: the model has none; an environment begins somewhere. Set one with mdp.replace(start={state: 1})",
        ),
        (
            MDP.from_transitions([("s", "a", "t", 1, 0), ("t", "b", "s", 1, 0)], start="s"), {}, StructureError,
            "s: action 'b' is not available; an environment offers every action in every state. Use "
            "unavailable='stay', which lets it do nothing, and the mask of each state's own actions",
        ),
        (NOISY, {"unavailable": "skip"}, SchemaError, "unavailable: found 'skip'; 'error' or 'stay' is required."),
        (NOISY, {"time_limit": 0}, SchemaError, "time_limit: found 0; a whole number of at least 1 is"),
    ],
)  # fmt: skip
def test_environments_raise_on(make, mdp, options, kind, message):
    needs("gymnasium")
    with pytest.raises(kind, match=f"^{re.escape(message)}"):
        make(mdp, **options)


@settings(max_examples=10)
@given(continuing_mdps())
def test_tables_hold_every_outcome(mdp):
    tables = outcome_tables(mdp, "stay")
    np.testing.assert_allclose(tables.p.sum(axis=2), 1, rtol=2.0**-50)
    for (i, k), row in law(mdp, numbered=True)[0].items():
        found = {}
        for t, p, r in zip(tables.next[i, k], tables.p[i, k], tables.r[i, k], strict=True):
            if p:
                found[int(t), float(r)] = found.get((int(t), float(r)), 0) + p
        assert found == pytest.approx({(t, float(r)): float(p) for (t, r), p in row.items()}, rel=2.0**-50)

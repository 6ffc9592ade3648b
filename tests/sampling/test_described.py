"""Every estimator against its text, on the trajectories that the kernel itself drew."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from plain_texts import PlainText

from pgsym.errors import ClaimError, SamplingError, SchemaError
from pgsym.estimators.estimator import find_estimator
from pgsym.estimators.moments import moments
from pgsym.expression.complaint import short
from pgsym.model import Objective, Problem
from pgsym.sampling import dynamics, estimate
from pgsym.sampling.layout import Summation, prepare
from pgsym.sampling.plan import make_plan
from pgsym.sampling.random import seed_key
from pgsym.sampling.tables import build_tables
from pgsym.sampling.walk import gradients

T, B = 7, 48
IDS = np.arange(B, dtype=np.uint32)
END = "(end)"
START = Objective.START_STATE
Z = "grad log pi(a_t|s_t)"
ZV = "grad log pi(a_{t+1}|s_{t+1})"
ZU = "grad log pi(a_u|s_u)"
AHEAD = "sum[u>=t] gamma^(u-t) * r_u"


def critic(states):
    """Numbers by state."""
    return {s: f"{3 * k - 10}/4" for k, s in enumerate(states)}


@pytest.fixture(scope="module")
def runs_of(draw):
    """What the kernel draws from a case for one key, whatever is estimated: states, actions and rewards of each run."""
    known = {}

    def of(case):
        if id(case) not in known:
            found = draw(case, T, B, seed=1)
            tables = found.tables
            pairs = tables.problem.mdp.pairs
            names = [*tables.states, END]
            runs = []
            for i in range(B):
                n = int((found.pair[:, i] < tables.N).sum())
                steps = [pairs[k] for k in found.pair[:n, i]]
                last = names[found.successor[n - 1, i]] if n else END
                runs.append(([*(s for s, _ in steps), last], [a for _, a in steps], found.reward[:n, i].astype(float)))
            known[id(case)] = case, SimpleNamespace(tables=tables, runs=runs, rewards=found.reward.astype(float))
        return known[id(case)][1]

    return of


def plain(estimator, tables, bootstrap=True):
    """The estimator as a plain reading, in float64."""
    V = dict(zip([*tables.states, END], dynamics.truncated_values(tables, 5000), strict=True))
    values = np.array([*V.values()])
    Q = dict(zip(tables.problem.mdp.pairs, dynamics.action_values(tables, 0.0, tables.gamma, values), strict=True))
    z = dict(zip(tables.problem.mdp.pairs, tables.scores(), strict=True))
    pi = dict(zip(tables.problem.mdp.pairs, tables.pi, strict=True))
    quantities = {
        "gamma": lambda: tables.gamma,
        "V": lambda s: V[s],
        "Q": lambda s, a: Q[s, a],
        "pi": lambda a, s: pi[s, a],
        "z": lambda a, s: z[s, a],
        "grad V": lambda s: slopes(tables)[s],
        "vec(theta)": lambda: tables.theta,
    }

    def function(value):
        if not isinstance(value, dict):
            return lambda *place: 0.0 if END in place else float(value)
        return lambda s: float(value.get(s, 0))

    functions = {head.partition("(")[0]: function(value) for head, value in estimator.values.items()}
    return PlainText(estimator, quantities, {"T": lambda: float(T), **functions})


STEP = 1e-4
"""Of the differences below, whose error is of the order of its square."""


KNOWN_SLOPES = {}


def slopes(tables):
    """Of V by state, by differences."""
    if id(tables) in KNOWN_SLOPES:
        return KNOWN_SLOPES[id(tables)][1]

    def values(theta):
        return dynamics.truncated_values(build_tables(tables.problem.at(theta.tolist())), 5000)

    sides = [[values(tables.theta + e) for e in sign * STEP * np.eye(tables.k)] for sign in (1, -1)]
    found = dict(zip([*tables.states, END], ((np.array(sides[0]) - sides[1]) / (2 * STEP)).T, strict=True))
    KNOWN_SLOPES[id(tables)] = tables, found
    return found


def drawn(estimator, tables, objective=START):
    """g [B, k] and J [B] of the same trajectories by the kernel."""
    plan = make_plan(estimator, tables, objective, T)
    arrays, shape = prepare(tables, plan, B)
    with jax.enable_x64(True):
        run = jax.jit(partial(gradients, shape=shape))
        g, J, _ = jax.tree.map(np.asarray, run(jax.tree.map(jnp.asarray, arrays), key=seed_key(1), ids=IDS))
    return g.T + (0 if plan.offset is None else plan.offset), J, shape


KNOWN = [
    ("reinforce", {}),
    ("reinforce", {"b": critic}),
    ("reward-to-go", {"b": critic}),
    ("reward-to-go-undiscounted", {"b": critic}),
    ("advantage", {}),
    ("actor-critic", {"v": critic}),
    ("actor-critic-undiscounted", {}),
    ("n-step", {"n": 3, "v": critic}),
    ("gae", {"lambda": "3/5", "v": critic}),
    ("gae-undiscounted", {"lambda": "3/5"}),
    ("all-knowing", {"b": "V(s)"}),
    ("eligibility-trace", {"beta": "4/5"}),
    ("G * grad log P(tau)", {}),
    (f"sum[t] {Z} * (sum[u>=t] gamma^u * r_u - gamma^t * Q(s_t,a_t)) / 2", {}),
    ("sum[u] sum[t<=u] gamma^u * r_u * z(a_t,s_t)", {"z(a,s)": "grad log pi(a|s)"}),
    (f"3 * G * sum[t] {Z} - sum[t] {Z} * (b(s_t) + r_t)", {"b(s)": critic}),
    (f"sum[t] {Z} * G_t - 1/3 * vec(theta) + k * vec(theta)", {"k": "1/7"}),
]
"""Those of the form sum_t w_t z_t (U_t - b_t)."""

OWN = [
    (f"sum[t] {Z} * (sum[u<t] gamma^u * r_u + sum[u>=t] gamma^u * r_u)", {}),
    (f"sum[t] {Z} * G^2", {}),
    (f"sum[t] gamma^t * {Z} * (G_t - G) * ({AHEAD})", {}),
    (f"sum[t] {Z} * (G - x * sum[u] dot(grad log pi(a_u|s_u), grad log pi(a_u|s_u)))", {"x": "1/3"}),
    (f"sum[t] {Z} * sum[t<=u<t+3] (r_u + gamma^3 * v(s_{{t+3}})) - sum[t] {Z} * v(s_t)", {"v(s)": critic}),
    (f"sum[t] {Z} * r_t * prod[u<t] pi(a_u|s_u)", {}),
    (f"sum[t] {Z} * (r_t * r_{{t+2}} + r_0 * V(s_{{t+1}}))", {}),
    (f"sum[t] grad pi(a_t|s_t) / pi(a_t|s_t) * V(s_t) * ({AHEAD})", {}),
    (f"sum[t] gamma^t * r_t * grad V(s_{{t+1}}) + sum[t] {Z} * sum[u>t] r_u", {}),
    ("sum[t] sum[u<t] r_u * r_t * (grad V(s_t) - r_t * vec(theta)) + 2 * vec(theta)", {}),
    (f"sum[t] {Z} * dot({Z}, sum[u] {ZU})", {}),
    (f"sum[t] dot(outer({Z}, grad V(s_t)), sum[u>t] {ZU} * r_u) * G_t", {}),
]
"""The others, by stages."""


@pytest.mark.parametrize(
    ("text", "let", "case", "way"),
    [
        *((*it, case, way) for it in (*KNOWN, *OWN) for case, way in (("garnet", "pairs"), ("dag", "direct"))),
        *((*it, "garnet", "rows") for it in (KNOWN[7], OWN[2])),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_samples_are_the_text_on_each_trajectory(request, runs_of, monkeypatch, text, let, case, way):
    monkeypatch.setattr("pgsym.sampling.layout._cheapest", lambda tables, T: Summation(way))
    found = runs_of(request.getfixturevalue(case))
    let = {head: value(found.tables.states) if callable(value) else value for head, value in let.items()}
    it = find_estimator(text, let)
    g, J, shape = drawn(it, found.tables)
    assert (shape.paths is None) == (text in dict(KNOWN))
    expected = np.array([plain(it, found.tables).sample(*run) + np.zeros(shape.k) for run in found.runs])
    # float32 sums and products of T terms.
    np.testing.assert_allclose(g, expected, atol=T * max(1.0, np.abs(expected).max()) * 2.0**-20)
    np.testing.assert_allclose(J, found.tables.gamma ** np.arange(T) @ found.rewards, atol=T * 20 * 2.0**-23)


@pytest.mark.parametrize(
    "text",
    [
        "gae",
        f"sum[t] {Z} * (r_t + v(s_{{t+1}}))^2",
        f"sum[t] (r_t * grad V(s_{{t+1}}) + {Z} + vec(theta) * v(s_{{t+1}}))",
        f"sum[t] {Z} * dot(grad V(s_{{t+1}}), sum[u<=t] {ZU})",
    ],
)
def test_a_cut_off_can_count_as_the_end(garnet, runs_of, text):
    found = runs_of(garnet)
    let = {"lambda": "3/5"} if text == "gae" else {}
    if "v(s" in text or text == "gae":
        let["v"] = critic(range(10))
    kept, dropped = (find_estimator(text, let, horizon=T, bootstrap=b) for b in (True, False))
    g, _, shape = drawn(dropped, found.tables)
    assert shape.cut
    reading = plain(dropped, found.tables)
    expected = np.array([reading.sample([*states[:-1], END], *rest) for states, *rest in found.runs])
    np.testing.assert_allclose(g, expected, atol=T * np.abs(expected).max() * 2.0**-20)
    other = drawn(kept, found.tables)[0]
    assert np.abs(other - expected).max() > 0.1


@pytest.mark.parametrize(
    ("text", "mutant"),
    [
        (f"sum[t] {Z} * G^2", f"sum[t] {Z} * G * G_t"),
        (f"sum[t] {Z} * dot({Z}, sum[u<t] {ZU}) * r_t", f"sum[t] {Z} * dot({Z}, sum[u<=t] {ZU}) * r_t"),
        (f"sum[t] dot(outer({Z}, {Z}), sum[u<t] {ZU} * r_u)", f"sum[t] dot(outer({Z}, {ZV}), sum[u<t] {ZU} * r_u)"),
        (f"sum[t] {Z} * r_t * prod[u<t] pi(a_u|s_u)", f"sum[t] {Z} * r_t * prod[u<=t] pi(a_u|s_u)"),
        (f"sum[t] {Z} * sum[t<=u<t+3] r_u * r_t", f"sum[t] {Z} * sum[t<=u<t+4] r_u * r_t"),
    ],
)
def test_a_text_is_not_taken_for_its_neighbour(garnet, runs_of, text, mutant):
    found = runs_of(garnet)
    g = drawn(find_estimator(text), found.tables)[0]
    right, wrong = (
        np.array([plain(find_estimator(x), found.tables).sample(*run) for run in found.runs]) for x in (text, mutant)
    )
    near = T * np.abs(right).max() * 2.0**-20
    assert np.abs(g - right).max() < near < np.abs(g - wrong).max() / 100


@pytest.mark.parametrize("text", [text for text, let in OWN if not let])
def test_sampled_mean_is_that_of_all_trajectories(dag, statistics, text):
    tables, it = build_tables(dag), find_estimator(text)
    reading, mean = plain(it, tables), np.zeros(tables.k)

    def follow(p, states, actions, rewards):
        nonlocal mean
        s = states[-1]
        if s in dag.mdp.terminal:
            mean = mean + p * reading.sample([*states[:-1], END], actions, rewards)
            return
        for a in dag.mdp.actions(s):
            chosen = tables.pi[dag.mdp.pairs.index((s, a))]
            for target, chance, r in dag.mdp.outcomes(s, a):
                q = p * chosen * float(chance)
                follow(q, [*states, target], [*actions, a], [*rewards, float(r)])

    for s, p in dag.mdp.start.items():
        follow(float(p), [s], [], [])
    found = estimate(dag, it, n=50_000)
    assert found.estimator == str(it)
    assert statistics.agree(found.mean, mean, found.standard_error)
    assert not statistics.agree(found.mean, mean + statistics.detectable(found.standard_error), found.standard_error)


@pytest.mark.parametrize(
    ("text", "bootstrap", "mutant", "other"),
    [
        (f"sum[t] {Z} * dot({Z}, sum[u<t] {ZU}) * G", True, f"sum[t] {Z} * dot({Z}, sum[u<=t] {ZU}) * G", True),
        (f"dot(inv(F), sum[t] {Z} * G_t)", True, f"sum[t] {Z} * G_t", True),
        (f"sum[t] {Z} * dot(grad V(s_{{t+1}}), sum[u<=t] {ZU})", False, None, True),
        ("sum[t] r_t * grad V(s_{t+1})", False, None, True),
    ],
)
def test_products_of_vectors_are_drawn_from_their_law(statistics, text, bootstrap, mutant, other):
    """The mutant is another text, or the same one with a value behind the cut-off."""
    problem = Problem.of("two-state").replace(objective=START)
    theta = (0.5, -1.0)
    it, wrong = (find_estimator(x, horizon=4, bootstrap=b) for x, b in ((text, bootstrap), (mutant or text, other)))
    found = estimate(problem.at(theta), it, n=100_000)
    law, mutants = ([float(x) for x in moments(problem, e).at(theta).mean.values()] for e in (it, wrong))
    assert statistics.agree(found.mean, law, found.standard_error)
    assert not statistics.agree(found.mean, mutants, found.standard_error)


def test_stationary_start_is_mu(kakade, statistics):
    it = find_estimator("eligibility-trace", {"beta": 0}, horizon=1, stationary=True)
    found = estimate(kakade.replace(objective="average-reward"), it, n=50_000)
    tables = build_tables(kakade)
    rbar = float(dynamics.stationary(tables) @ dynamics.mean_reward(tables))
    assert statistics.agree(found.J, rbar, found.J_standard_error)


def test_own_scores_of_any_scale_share_one_program(garnet):
    """The numbers in a text are data of the program: only its stages are compiled."""
    tables = build_tables(garnet)
    one, two = (
        prepare(tables, make_plan(find_estimator(text), tables, Objective.START_STATE, T), B)[1]
        for text in (f"2 * sum[t] {Z} * G * G_t", f"3 * sum[t] {Z} * G * G_t")
    )
    assert one == two


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        ("gae", {"let": {"lambda": sp.Symbol("x")}}, SamplingError, r"^gae: x has no value; sampling needs numbers\."),
        ("actor-critic", {"let": {"v": {"x": 1}}}, ClaimError, r"^state x: 0 of that name; the model has 0, 5, "),
        ("gae", {}, SchemaError, r"^lambda: gae needs it\. Give it with let$"),
        ("reward-to-go", {"let": {"c": 1}}, SchemaError, r"^let c: reward-to-go has no such name"),
        ("2 * grad J", {}, SamplingError, r"found no part of a run; a sampler draws what varies\. Add a score$"),
        (
            f"sum[t] {Z} * pi'(a_t|s_t) / pi(a_t|s_t) * G_t",
            {},
            SamplingError,
            r"found pi'\(a_0\|s_0\); rollouts are of one policy\. Leave pi' out$",
        ),
        (
            f"sum[t] {Z} * (G_t - E[s~mu0, a~pi'] Q(s,a))",
            {},
            SamplingError,
            r"found pi'\(a\|s\); rollouts are of one policy\. Leave pi' out$",
        ),
        (
            f"sum[t] {Z} * sum[t<=u<t+2000] r_t * r_u",
            {},
            SamplingError,
            r"found more than \d+ moves between the stages",
        ),
    ],
)
def test_estimate_raises_on_what_is_not_drawn(garnet, text, options, error, message):
    with pytest.raises(error, match=message):
        estimate(garnet.replace(objective="start-state"), text, n=10, horizon=5, **options)


def test_vectors_along_directions_are_projected(garnet):
    """One seed, one set of runs: what is drawn along v is v . g, up to float32 sums."""
    text, v = OWN[-1][0], np.array([[1.0, -2.0, *[0.0] * (build_tables(garnet).k - 2)]])
    whole, along = (estimate(garnet, text, n=1000, horizon=5, directions=d) for d in (None, v))
    np.testing.assert_allclose(along.mean, v @ whole.mean, rtol=2.0**-18)
    assert not np.allclose(along.mean, v[:, ::-1] @ whole.mean, rtol=0.1)


def test_products_of_many_vectors_are_refused(garnet):
    text = f"sum[t] {Z} * dot({Z}, sum[u] {ZU}) * dot(sum[u] {ZU}, sum[u] {ZU}) * dot({Z}, sum[u] {ZU})"
    z = "grad log pi(a_0|s_0)"
    with pytest.raises(SamplingError) as caught:
        estimate(garnet, text, n=10, horizon=3)
    k = build_tables(garnet).k
    assert str(caught.value) == (
        f"{short(text)}: found a product of {' and '.join([z] * 7)} over {k} parameters, which is {k}^3 products of "
        "numbers; a sampler follows at most 1000. Use fewer parameters, or the exact law alone (n = 0)"
    )


def test_large_tables_of_vectors_are_refused(garnet, monkeypatch):
    monkeypatch.setattr("pgsym.sampling.layout.LARGEST_MATRIX", 10)
    with pytest.raises(
        SamplingError, match=r"^estimator: found 2 vectors of \d+ outcomes and \d+ parameters; 10 numbers"
    ):
        estimate(garnet, "sum[t] r_t * grad V(s_t)", n=10, horizon=3)


def test_two_horizons_are_refused(garnet):
    with pytest.raises(SamplingError, match=r"^reward-to-go: the horizon is 5; the estimator is cut off after 4 steps"):
        estimate(garnet, find_estimator("reward-to-go", horizon=4), n=10, horizon=5)


def test_exact_values_with_those_of_terminal_states_are_a_critic(corridor):
    V = {"s1": -12, "s2": -10, "s3": -6, "T": 0}
    given = estimate(corridor.at([0]), "gae", let={"lambda": "1/2", "v": V}, n=500, horizon=20)
    exact = estimate(corridor.at([0]), "gae", let={"lambda": "1/2"}, n=500, horizon=20)
    np.testing.assert_allclose(given.mean, exact.mean, rtol=1e-5)

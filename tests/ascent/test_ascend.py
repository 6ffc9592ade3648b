"""Ascent: known optima, reproducible samples, and a bias that leads elsewhere."""

import json
import math
import sys

import numpy as np
import pytest
from skips import needs

import pgsym
from pgsym.ascent import Landscape, ascend
from pgsym.errors import AscentError, SamplingError, UndefinedQuantityError
from pgsym.estimators.estimator import find_estimator
from pgsym.model import MDP, direct_policy
from pgsym.sampling import estimate


@pytest.fixture(scope="module")
def corridor():
    return pgsym.zoo("short-corridor")


def climb(problem, methods, **options):
    return ascend(problem.at(options.pop("theta", None)), methods=methods, **options)


# -- exact -----------------------------------------------------------------------------------------------


def test_exact_ascent_reaches_the_corridor_s_optimum(corridor):
    """x = sqrt 2, J = -(6 + 4 sqrt 2): Sutton & Barto, Example 13.1."""
    found = climb(corridor, "exact")
    (path,) = found.paths
    assert path.theta[-1, 0] == pytest.approx(math.log(2) / 2, rel=1e-12)
    assert path.J[-1] == pytest.approx(-(6 + 4 * math.sqrt(2)), rel=1e-14)
    assert path.gradient_norm[-1] < 1e-12
    assert (np.diff(path.J[:15]) > 0).all()
    assert (path.theta.shape, path.J.shape, path.direction_norm.shape) == ((101, 1), (101,), (100,))
    assert found.best == pytest.approx(-3)


def test_natural_ascent_reaches_the_same_optimum(corridor):
    (path,) = climb(corridor, "natural", steps=400).paths
    assert path.J[-1] == pytest.approx(-(6 + 4 * math.sqrt(2)), rel=1e-14)


def test_plain_step_is_theta_plus_step_size_times_gradient(corridor):
    """dJ/dtheta = 2 at theta = 0."""
    (path,) = climb(corridor, "exact", steps=1, step_size=0.25).paths
    assert path.theta.tolist() == [[0.0], [0.5]]
    assert (path.J[0], path.gradient_norm[0], path.direction_norm[0], path.cosine[0]) == (-12.0, 2.0, 2.0, 1.0)


def test_start_may_be_exact_numbers_and_names(corridor):
    (path,) = climb(corridor, "exact", theta={"theta": "log(2)"}, steps=1).paths
    assert path.theta[0, 0] == math.log(2)
    assert path.J[0] == pytest.approx(-12, rel=1e-15)


# -- sampled ---------------------------------------------------------------------------------------------


def test_sampled_ascent_reproduces_bits(corridor):
    options = {"steps": 15, "step_size": 0.02, "batch": 16}
    first = climb(corridor, ["reinforce", "reward-to-go"], seeds=2, **options)
    again = climb(corridor, ["reward-to-go", "reinforce"], seeds=[1, 7], **options)
    for label in ("reinforce", "reward-to-go"):
        assert first[label][1].theta.tobytes() == again[label][0].theta.tobytes()
        assert first[label][1].J.tobytes() == again[label][0].J.tobytes()
        assert not np.array_equal(first[label][0].theta, first[label][1].theta)


def test_sampled_direction_is_the_sampler_s(corridor):
    """Seed s, step t draw the rollouts of the sampler's seed 2**32 s + t."""
    (path,) = climb(corridor, "reinforce", steps=2, step_size=0.01, seeds=[3], horizon=64).paths
    theta = np.zeros(1)
    for t in range(2):
        found = estimate(corridor.at(theta), "reinforce", n=32, seed=3 * 2**32 + t, horizon=64)
        theta = theta + 0.01 * found.mean
        assert path.theta[t + 1].tobytes() == theta.tobytes()


def test_sampled_path_records_the_exact_value(corridor):
    (path,) = climb(corridor, "reward-to-go", steps=5, step_size=0.02).paths
    landscape = Landscape(corridor)
    assert path.J.tolist() == [landscape.at(theta).J for theta in path.theta]


def test_long_run_objective_is_climbed():
    """Window and burn-in follow theta; they are rounded up, so that few programs are compiled."""
    p = pgsym.zoo("two-state")
    found = ascend(p.replace(objective="average-reward"), methods=["exact", "reward-to-go"], steps=10)
    exact, sampled = (found[label][0] for label in ("exact", "reward-to-go"))
    assert exact.J[-1] > exact.J[0]
    assert np.abs(sampled.J - exact.J).max() < (exact.J[-1] - exact.J[0]) / 4


def test_described_estimators_are_followed():
    """By name, text, or as they are; a horizon of their own is kept."""
    p = pgsym.zoo("nota-thomas")
    methods = {
        "critic": "actor-critic",
        "traces": find_estimator("gae", {"lambda": "1/2"}),
        "two steps": find_estimator("n-step", {"n": 2}, horizon=5),
        "reinforce": "reinforce",
        "of returns": "sum[t] grad log pi(a_t|s_t) * G * G_t",
    }
    found = climb(p, methods, steps=10, step_size=2, seeds=2)
    assert found.labels == tuple(methods)
    assert all(path.last == 10 for path in found.paths)
    assert not np.array_equal(found["critic"][0].theta, found["traces"][0].theta)


# -- bias ------------------------------------------------------------------------------------------------


def test_missing_discount_turns_nota_thomas_around():
    """J = 5/4 + p/4 climbs to p = 1; without gamma^t the mean direction is -p (1 - p)/2, which leads to p = 0."""
    p = pgsym.zoo("nota-thomas")
    methods = ["exact", "reward-to-go", "reward-to-go-undiscounted"]
    found = climb(p, methods, steps=60, step_size=2, batch=64, seeds=2)
    for label in methods[:2]:
        assert (found.J(label)[:, -1] > 1.48).all()
    assert (found.J(methods[2])[:, -1] < 1.27).all()


def test_missing_discount_stops_elsewhere_in_the_corridor():
    """gamma = 1/2: grad J = 0 at 3 x^3 = 7 x + 3 (x = 1.708), the mean direction without gamma^t at x^2 = x + 3."""
    corridor = pgsym.zoo("short-corridor")
    mdp = corridor.mdp.replace(gamma="1/2")
    true, biased = np.log(np.roots([3, 0, -7, -3]).real.max()), math.log((1 + math.sqrt(13)) / 2)
    found = ascend(
        pgsym.Problem(mdp, corridor.policy, theta=[0]),
        methods=["exact", "reward-to-go-undiscounted"],
        steps=120,
        step_size={"exact": 20, "reward-to-go-undiscounted": 0.5},
        batch=512,
    )
    exact, sampled = (found[label][0] for label in found.labels)
    assert exact.theta[-1, 0] == pytest.approx(true, abs=1e-9)
    assert exact.J[-1] == pytest.approx(-1.9466283550, abs=1e-10)
    assert abs(sampled.theta[60:, 0].mean() - biased) < (biased - true) / 4


# -- optimisers ------------------------------------------------------------------------------------------


def test_adam_is_adam(corridor):
    """Kingma & Ba (2015), Algorithm 1, in float64."""
    (path,) = climb(corridor, "exact", steps=6, step_size=0.1, optimizer="adam").paths
    landscape = Landscape(corridor)
    theta, m, v = np.zeros(1), 0.0, 0.0
    for t in range(1, 7):
        g = landscape.at(theta).gradient
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        theta = theta + 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(path.theta[t], theta, rtol=1e-12)


def test_optimizer_may_be_a_transformation_by_label(corridor):
    optax = needs("optax")
    halving = optax.sgd(optax.exponential_decay(0.1, transition_steps=1, decay_rate=0.5))
    found = climb(corridor, ["exact", "natural"], steps=3, optimizer={"exact": halving, "natural": "sgd"})
    exact, _ = found.paths
    sizes = np.diff(exact.theta[:, 0]) / [exact.direction_norm[t] for t in range(3)]
    # optax holds the schedule's numbers in float32.
    np.testing.assert_allclose(sizes, [0.1, 0.05, 0.025], rtol=2**-23)
    assert found.step_size == {"exact": None, "natural": 0.1}
    assert found.rows()[0][1] == "own"


@pytest.mark.parametrize("name", ["momentum", "rmsprop"])
def test_named_optimisers_climb(corridor, name):
    (path,) = climb(corridor, "exact", steps=30, step_size=0.02, optimizer=name).paths
    assert path.J[-1] > path.J[0]


def test_paths_start_with_a_fresh_optimiser(corridor):
    together = climb(corridor, {"one": "exact", "two": "exact"}, steps=4, optimizer="adam")
    assert together["one"][0].theta.tobytes() == together["two"][0].theta.tobytes()


def test_missing_optax_is_named(corridor, monkeypatch):
    monkeypatch.setitem(sys.modules, "optax", None)
    with pytest.raises(
        pgsym.PgsymError, match=r"comes from optax, which is not installed.*pip install 'pgsym\[ascent\]'"
    ):
        climb(corridor, "exact", optimizer="adam")
    climb(corridor, "exact", steps=1)


# -- paths that end early --------------------------------------------------------------------------------


def test_path_that_leaves_the_policies_is_kept():
    mdp = MDP.from_transitions([("s", a, "end", 1, r) for a, r in (("go", 1), ("no", 0))], start="s", terminal=["end"])
    policy = direct_policy(mdp, {"s": {"go": "p", "no": "1 - p"}}, ["p"])
    found = ascend(pgsym.Problem(mdp, policy, theta=["1/2"]), methods="exact", steps=5, step_size=0.25)
    (path,) = found.paths
    assert path.last == 2
    assert path.J[:3].tolist() == [0.5, 0.75, 1.0]
    assert np.isnan(path.J[3:]).all()
    assert path.stopped.startswith("('s', 'go'): pi(a|s) = 1.25 at this theta; must lie in [0, 1].")
    assert "exact*" in str(found)
    assert "stopped after 2 of 5 steps" in str(found)
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["paths"][0]["J"] == [
        0.5,
        0.75,
        1.0,
        None,
        None,
        None,
    ]


def test_interrupted_ascent_keeps_what_it_has(corridor):
    def stop(done, n):
        assert n == 20
        if done == 13:
            raise KeyboardInterrupt

    found = climb(corridor, ["exact", "natural"], steps=10, progress=stop)
    assert found.interrupted
    assert [path.last for path in found.paths] == [10, 3]
    assert "(interrupted)" in str(found)


# -- refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ["exact", "sarsa"]}, r"^methods: found 'sarsa'; must be one of exact, natural, reinforce, "),
        ({"methods": "natrual"}, r"or an estimator\. Did you mean 'natural'\?$"),
        ({"methods": []}, r"^methods: found none; at least one is required\. Give 'exact'$"),
        (
            {"methods": [find_estimator("reward-to-go"), "reward-to-go"]},
            r"^methods: 'reward-to-go' stands twice; each path needs a label",
        ),
        ({"methods": [3]}, r"^methods: found 3; must be one of exact, natural, reinforce, "),
        ({"step_size": 0}, r"^step_size: found 0; must be positive\. Give one such as 0\.1$"),
        ({"step_size": -0.5}, r"^step_size: found -0\.5; must be positive"),
        ({"step_size": float("nan")}, r"^step_size: found nan; must be positive"),
        ({"step_size": {"natural": 1}}, r"^step_size: no method is called 'natural'; the methods are exact\."),
        ({"step_size": {}}, r"^step_size: no value for 'exact'; the methods are exact\. Give one value for all"),
        (
            {"optimizer": "adma"},
            r"^optimizer: found 'adma'; must be one of sgd, momentum, adam, rmsprop, or a Gradient",
        ),
        ({"optimizer": 3}, r"^optimizer: found int; an optimiser has init and update\."),
        ({"steps": 0}, r"^steps: found 0; must lie in 1 \.\.\. 4294967295\."),
        ({"damping": -1}, r"^damping: found -1; must not be negative\. Give 0 for the pseudo-inverse$"),
        ({"horizon": 0}, r"^horizon: found 0; at least one step is required\."),
        ({"seeds": 0}, r"^seeds: found 0; at least one seed is required\."),
        ({"seeds": [-1]}, r"^seeds: found -1; a path's seed lies in 0 \.\.\. 2\*\*32 - 1\. Choose another$"),
        ({"methods": "reinforce", "batch": 1}, r"^batch: found 1; at least 2 rollouts are required\. Give batch >= 2$"),
    ],
)
def test_ascend_refuses(corridor, options, message):
    with pytest.raises(AscentError, match=message):
        climb(corridor, options.pop("methods", "exact"), **options)


def test_ascend_refuses_an_inapplicable_objective(corridor):
    with pytest.raises(UndefinedQuantityError, match=r"^mu: 1 terminal state"):
        ascend(corridor.replace(objective="average-reward").at([0]))


def test_ascend_refuses_an_estimator_that_does_not_fit():
    p = pgsym.zoo("two-state")
    with pytest.raises(
        SamplingError, match=r"^reinforce: the objective is average-reward; a long run averages over rewards to come"
    ):
        ascend(p.replace(objective="average-reward"), methods=["exact", "reinforce"])


def test_result_refuses_an_unknown_label(corridor):
    found = climb(corridor, "exact", steps=1)
    with pytest.raises(AscentError, match=r"^paths: no path is called 'natural'; there are exact$"):
        found["natural"]

import re
import sys
import time

import numpy as np
import pytest

from pgsym.display import progress
from pgsym.errors import DiscountError, ImproperPolicyError, PolicyError, SamplingError, StructureError
from pgsym.model import MDP, Problem, direct_policy, sigmoid, tabular
from pgsym.sampling import estimate


@pytest.fixture
def run(dag):
    return lambda **options: estimate(dag, **{"n": 1000} | options)


@pytest.mark.parametrize("n", [2, 63, 64, 65, 1000])
def test_exactly_n_trajectories_count(corridor, n):
    found = estimate(corridor.at([0]), n=n, horizon=5)
    assert found.n == n
    # The first n of any larger sample: the corridor cannot be left in fewer than 3 steps.
    assert found.transitions <= 5 * n
    assert found.transitions >= 3 * n


def test_a_prefix_of_a_sample_is_the_smaller_sample(run, monkeypatch):
    monkeypatch.setattr("pgsym.sampling.layout.LARGEST_BLOCK", 64)
    seen = {}
    run(n=640, chunk=64, progress=lambda done, n: seen.setdefault(done, n))
    assert seen == dict.fromkeys(range(64, 641, 64), 640)
    assert run(n=64, seed=3).moments.mean.tolist() != run(n=64, seed=4).moments.mean.tolist()


def test_result_states_what_was_done(run):
    found = run(seed=5)
    assert (found.n, found.horizon, found.seed, found.estimator) == (1000, 3, 5, "reward-to-go")
    assert found.bias is None
    assert found.interrupted is False
    assert found.covariance.shape == (3, 3)
    assert found.trajectories_per_second == pytest.approx(1000 / found.seconds)
    assert found.transitions_per_second == pytest.approx(found.transitions / found.seconds)
    assert list(found.gradient) == list(found.params)


def test_a_policy_without_parameters_has_a_value_alone():
    mdp = MDP.from_transitions([("s", "a", "t", 1, 3)], start="s", terminal=["t"])
    found = estimate(Problem(mdp, direct_policy(mdp, {"s": {"a": 1}}, [])), n=100)
    assert (found.J, found.mean.tolist(), found.covariance.shape) == (3.0, [], (0, 0))
    assert found.distance([]) == (0.0, 0, 1.0, 0)


def test_above_256_parameters_only_variances_are_kept():
    rows = [(s, a, (s + 1) % 150, 1, s % 3 + (a == "x")) for s in range(150) for a in "xy"]
    mdp = MDP.from_transitions(rows, start=dict.fromkeys(range(150), "1/150"), gamma="1/2")
    found = estimate(Problem(mdp, tabular(mdp), theta=[0] * 300), n=500)
    assert found.covariance is None
    assert found.variance.shape == (300,)
    assert found.J_variance > 0
    assert found.distance(found.mean).p_value == 1.0
    off = found.mean.copy()
    off[7] += 6 * found.standard_error[7]
    # Bonferroni over 300 coordinates: 300 * P(|z| > 6) = 6e-7.
    assert found.distance(off).p_value == pytest.approx(300 * 1.973e-9, rel=1e-2)


# -- Ctrl-C ------------------------------------------------------------------------------------------------


def interrupt_after(count):
    def report(done, n):
        if done >= count:
            raise KeyboardInterrupt

    return report


def test_interrupt_returns_what_is_there(run, monkeypatch):
    monkeypatch.setattr("pgsym.sampling.layout.LARGEST_BLOCK", 64)
    found = run(n=6400, chunk=64, progress=interrupt_after(128))
    assert found.interrupted
    assert found.n == 128
    assert "128 trajectories (interrupted)" in str(found)
    # These are the first 128 trajectories of the seed, whatever was asked for.
    whole = run(n=128, chunk=64)
    assert (whole.moments.mean == found.moments.mean).all()


def test_interrupt_before_two_trajectories_propagates(run, monkeypatch):
    # The function of that name hides the module from attribute access.
    monkeypatch.setattr(sys.modules["pgsym.sampling.estimate"], "_run", lambda *args: (found for found in [[]]))
    with pytest.raises(KeyboardInterrupt):
        run(progress=interrupt_after(0))


# -- progress ----------------------------------------------------------------------------------------------


def test_progress_appears_when_asked(run, capfd):
    run(progress=True)
    assert "sampling" in capfd.readouterr().err


def test_progress_is_silent_when_short_or_unwanted(run, capfd, monkeypatch):
    run()
    run(progress=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    run()
    assert "sampling" not in capfd.readouterr().err


def test_progress_appears_on_a_terminal_after_patience(monkeypatch, capfd):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    with progress.reporter(None, 10) as report:
        report(1, 10)
        time.sleep(0.02)
        report(2, 10)
    assert "sampling" in capfd.readouterr().err


# -- confidence --------------------------------------------------------------------------------------------


def test_regions_cover_at_their_level(dag, true_gradient):
    truth = true_gradient(dag)
    runs = [estimate(dag, n=2000, seed=s) for s in range(400)]
    joint = sum(run.contains(truth, 0.9) for run in runs)
    inside = sum(
        bool(((run.intervals(0.9)[:, 0] <= truth) & (truth <= run.intervals(0.9)[:, 1])).all()) for run in runs
    )
    # Binomial(400, 0.9): mean 360, standard deviation 6; 1e-6 two-sided is 4.9 of them.  Bonferroni may cover more.
    assert abs(joint - 360) <= 30
    assert inside >= 330
    # A region of level 1/2 mistaken for one of level 9/10 is rejected.
    assert sum(run.contains(truth, 0.5) for run in runs) < 330


def test_joint_region_knows_the_scores_that_sum_to_zero(garnet):
    found = estimate(garnet.replace(objective="start-state"), n=20_000)
    at_mean = found.distance(found.mean)
    # Two logits a state: their scores cancel, so 20 coordinates span 10 directions.
    assert at_mean == (0.0, 10, 1.0, 0)
    off = found.mean.copy()
    off[:2] += 0.5
    assert found.distance(off).statistic == float("inf")
    assert not found.contains(off)
    along = found.mean.copy()
    along[0] += 3 * found.standard_error[0]
    along[1] -= 3 * found.standard_error[0]
    assert 1e-4 < found.distance(along).p_value < 1


def test_untouched_coordinates_are_left_out_and_counted():
    rows = [("s", "a", "t", 1, 1), ("u", "a", "t", 1, 1), ("u", "b", "t", 1, 0)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["t"])
    found = estimate(Problem(mdp, tabular(mdp), theta=[0] * 3), n=100)
    assert found.touched.tolist() == [False] * 3
    assert found.distance([0, 0, 0.1]) == (0.0, 0, 1.0, 3)


def test_constant_coordinate_must_agree_to_rounding():
    # z = 1/2 for a, -1/2 for b; rewards 2 and -2: every trajectory gives exactly 1.
    rows = [("s", "a", "t", 1, 2), ("s", "b", "t", 1, -2)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["t"])
    found = estimate(Problem(mdp, sigmoid(mdp), theta=[0]), n=100)
    assert found.variance[0] < 2.0**-100
    assert found.distance(found.mean) == (0.0, 0, 1.0, 0)
    assert not found.contains([1.001])


def test_level_raises_outside_0_1(run):
    with pytest.raises(SamplingError, match=r"^level: found 95; a confidence level lies in \(0, 1\)"):
        run().intervals(95)


def test_region_raises_with_too_few_trajectories(run):
    with pytest.raises(
        SamplingError, match=r"^n: found 3; a joint region of 3 coordinates needs more trajectories\. Give n > 3"
    ):
        run(n=3).distance([0.1, 0.1, 0.1])


# -- text --------------------------------------------------------------------------------------------------


def test_text_is_a_table(run):
    text = str(run())
    assert re.search(r"^ +estimate +s\.e\. +95% interval$", text, re.MULTILINE)
    assert re.search(r"^dJ/dt0 +-0\.\d+ +0\.\d+ +\[-0\.\d+, -?0\.\d+\]$", text, re.MULTILINE)
    assert "start-state, reward-to-go: 1000 trajectories of 3 steps, seed 0" in text
    assert "transitions/s on 1 x cpu" in text


def test_long_run_text_states_the_bias(kakade):
    text = str(estimate(kakade.replace(objective="average-reward"), n=64))
    assert re.search(r"burn-in \d+, window \d+; bias of J .*, of the gradient at most \d", text)


def test_html_is_an_escaped_table(run):
    text = run()._repr_html_()
    assert text.startswith("<table><tr>")
    assert text.count("<tr>") == 5
    assert ">dJ/dt0</td>" in text


def test_repr_is_one_line(run):
    assert re.fullmatch(r"Estimate\(start-state, reward-to-go, n=1000, J=1\.\d+ \+- 0\.\d+\)", repr(run()))


# -- requests that make no sense ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 1}, r"^n: found 1; a standard error needs at least 2 trajectories\. Give n >= 2"),
        ({"n": 2**32}, r"^n: found 4294967296; one seed numbers 2\*\*31 trajectories"),
        ({"chunk": 0}, r"^chunk: found 0; at least one trajectory is required"),
        ({"devices": 0}, r"^devices: found 0; JAX has \d+ of kind \w+\. Give 1 \.\.\. \d+"),
        ({"devices": 999}, r"^devices: found 999"),
        ({"seed": -1}, r"^seed: found -1"),
    ],
)
def test_estimate_raises_on_bad_numbers(run, options, message):
    with pytest.raises(SamplingError, match=message):
        run(**options)


def test_estimate_raises_on_a_missing_parameter(dag):
    with pytest.raises(PolicyError, match="no value for tu, tv"):
        estimate(Problem(dag.mdp, dag.policy, theta={"t0": 0}))


def test_estimate_checks_the_hypotheses_of_the_objective(dag, kakade):
    endless = MDP.from_transitions([("s", "a", "s", 1, 1)], start="s")
    with pytest.raises(ImproperPolicyError):
        estimate(Problem(endless, tabular(endless), theta=[0]))
    with pytest.raises(DiscountError):
        estimate(Problem(endless, tabular(endless), "stationary-value", theta=[0]))
    nowhere = MDP.from_transitions([("s", "a", "t", 1, 1)], terminal=["t"])
    with pytest.raises(StructureError):
        estimate(Problem(nowhere, tabular(nowhere), theta=[0]))


def test_mean_is_a_float64_array(run):
    assert run().mean.dtype == np.float64

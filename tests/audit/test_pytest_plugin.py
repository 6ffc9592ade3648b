"""The plugin in real pytest sessions: it costs nothing where it is not used, and its failures are diagnoses."""

import os
import subprocess
import sys
import textwrap

import pytest
from audit import user_code
from skips import NO_ENTRY_POINTS, demand

from pgsym.auditing import AuditError, assert_unbiased
from pgsym.auditing.assertion import Auditor
from pgsym.errors import SamplingError

HEAVY = ("jax", "numpy", "sympy", "scipy", "networkx", "torch", "pgsym.audit", "pgsym.model")


def session(folder, source, *options):
    """pytest on one file of another project, in a new process."""
    (folder / "test_other.py").write_text(textwrap.dedent(source), encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *options]
    # Other plugins of this environment (hypothesis, jaxtyping, ...) would hide or cause imports: only ours is loaded.
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command += ["-p", "pgsym._pytest_plugin", str(folder)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment, timeout=300, check=False
    )


def test_entry_point_names_the_plugin():
    from importlib.metadata import entry_points

    found = [e.value for e in entry_points(group="pytest11") if e.name == "pgsym"]
    demand(found, NO_ENTRY_POINTS)
    assert found == ["pgsym._pytest_plugin"]


def test_plugin_imports_nothing_heavy_in_other_projects(tmp_path):
    found = session(
        tmp_path,
        f"""
        import sys

        def test_nothing_heavy():
            assert "pgsym._pytest_plugin" in sys.modules
            assert [name for name in {HEAVY!r} if name in sys.modules] == []
        """,
    )
    assert "1 passed" in found.stdout, found.stdout + found.stderr


ESTIMATOR = """
        import numpy as np

        def gradient(theta, batch):
            discounts = batch.gamma ** batch.steps
            returns = np.cumsum((discounts * batch.rewards * batch.mask)[:, ::-1], axis=1)[:, ::-1]
            return SIGN * ((returns * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes

        def test_gradient(pgsym_audit):
            assert pgsym_audit.alpha == 0.01
            pgsym_audit.assert_unbiased(gradient)
"""


def test_fixture_passes_a_correct_estimator_with_the_given_rate(tmp_path):
    found = session(tmp_path, ESTIMATOR.replace("SIGN", "1"), "--pgsym-alpha", "0.01")
    assert "1 passed" in found.stdout, found.stdout + found.stderr


def test_failure_message_is_the_diagnosis(tmp_path):
    found = session(tmp_path, ESTIMATOR.replace("SIGN", "-1"), "--pgsym-alpha", "0.01")
    assert "1 failed" in found.stdout
    assert "gradient: biased on 5 of 5 problems" in found.stdout
    assert "biased estimator of grad J_T: relative bias 2" in found.stdout
    assert "diagnosis: sign, in reward-to-go" in found.stdout
    assert "parameter" in found.stdout
    assert "predicted" in found.stdout


def test_failure_names_the_problem_that_shows_the_mistake_best():
    with pytest.raises(AuditError) as error:
        assert_unbiased(user_code.truncation_as_termination, target="bootstrap", layout="vector")
    lines = str(error.value).splitlines()
    assert lines[0].startswith("truncation_as_termination: unbiased on ")
    assert [line.split()[0] for line in lines[1:7]] == [
        "problem", "terminal", "truncated", "discounted", "random-rewards", "aliased"
    ]  # fmt: skip
    assert lines[7].startswith("diagnosis: truncation-as-termination, in ")
    assert "on aliased: biased estimator of grad (J_T + gamma^T V(s_T))" in str(error.value)
    assert "stable-baselines3 issue 633; cleanrl issue 198; purejaxrl issue 20" in str(error.value)
    assert error.value.results["terminal"].unbiased


def test_one_problem_may_be_given(cases):
    case = cases["discounted"]
    found = Auditor(0.01).assert_unbiased(user_code.reward_to_go, case.problem, horizon=case.horizon)
    assert found["the problem"].alpha == 0.01
    assert Auditor()(case.problem, user_code.reward_to_go, horizon=3).alpha == 1e-3


def test_suite_of_other_problems_and_off_policy_data(cases):
    found = assert_unbiased(user_code.importance_sampling, cases=[cases["terminal"]], off_policy=True)
    assert list(found) == ["terminal"]
    with pytest.raises(SamplingError, match="cases: no problem is given; an audit needs one"):
        assert_unbiased(user_code.reward_to_go, cases=[])

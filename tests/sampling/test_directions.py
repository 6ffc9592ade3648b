"""Random directions in place of many parameters: what the command prints, and the trace that they estimate."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from pgsym.cli import app
from pgsym.sampling import estimate


@pytest.fixture
def run():
    return lambda *options: CliRunner().invoke(app, ["estimate", "short-corridor", "-n", "2000", *options])


def test_command_prints_directions_and_the_trace(run):
    text = run("--directions", "2").output
    assert "direction_2 . grad J" in text
    assert "covariance trace, from 2 random directions: " in text
    assert "dJ/d" not in text


def test_json_names_what_the_gradient_is_by(run):
    along, plain = (json.loads(run("--json", *more).output) for more in (["--directions", "3"], []))
    assert (along["along"], plain["along"]) == ("random directions", "parameters")
    assert list(along["grad"]) == ["direction_1", "direction_2", "direction_3"]
    # One parameter: every direction is theta or -theta.
    assert along["covariance_trace"] == pytest.approx(plain["covariance_trace"], rel=1e-5)
    (found,) = plain["grad"].values()
    assert [abs(row["mean"]) for row in along["grad"].values()] == pytest.approx([abs(found["mean"])] * 3, rel=1e-5)


def test_directions_must_be_at_least_one(run):
    assert "directions: found 0; at least one direction is required" in str(run("--directions", "0").exception)


def test_given_directions_have_no_trace(garnet):
    found = estimate(garnet, n=100, horizon=5, directions=np.ones((1, 20)))
    assert found.covariance_trace is None
    # Tabular scores of a state sum to zero under pi, not over actions.
    assert found.variance[0] > 0

"""`pgsym study` on the example, and what it says when something is wrong."""

import json
from pathlib import Path

import pytest
from skips import needs
from typer.testing import CliRunner

from pgsym.cli import app
from pgsym.errors import SchemaError
from pgsym.study import StudyResult

EXAMPLE = Path(__file__).parents[2] / "examples" / "study" / "corridor.yaml"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("example") / "corridor.sqlite"
    done = CliRunner().invoke(app, ["study", "run", str(EXAMPLE), "--workers", "0", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "corridor: 166500 of 166500 trajectories" in done.output
    return out


def test_example_finds_the_exact_variances_and_the_critics_bias(finished):
    shown = CliRunner().invoke(app, ["study", "show", str(finished), "--json"])
    rows = json.loads(shown.output)["results"]
    assert [row["estimator"]["name"] for row in rows] == ["reinforce"] * 3 + ["reward-to-go"] * 3 + ["gae"] * 3
    for row in rows:
        # 50 runs: the standard error of a variance is about 0.2 of it for normal means, 1e-6 two-sided is 5 of them.
        assert row["variance"] == pytest.approx(row["exact_variance"], rel=1.0)
        assert abs(row["bias"] - row["exact_bias"]) < 5 * row["noise"]
    best = rows[-1]
    assert best["exact_bias"] > 5 * best["noise"]
    assert best["exact_trace"] < rows[0]["exact_trace"] / 10


def test_show_and_plot(finished, tmp_path):
    shown = CliRunner().invoke(app, ["study", "show", str(finished)])
    # A long label is broken over two lines of its cell.
    assert "gae, v(s) by state, lambda =" in shown.output
    assert "digest " in shown.output
    needs("matplotlib")
    drawn = CliRunner().invoke(app, ["study", "plot", str(finished), "-o", str(tmp_path / "corridor.png")])
    assert drawn.exit_code == 0, drawn.output
    assert (tmp_path / "corridor.png").stat().st_size > 1000
    left, _ = StudyResult(finished).plot().axes
    # Truncation's bias is nothing against the noise: it is told, not drawn.
    (note,) = [text.get_text() for text in left.texts]
    assert note == "exact bias below the picture:\nreinforce 0.0001\nreward-to-go 0.0001"


def test_run_raises_on_a_wrong_file(tmp_path):
    (tmp_path / "s.yaml").write_text("models: two-state\nestimators: reinforce\n")
    done = CliRunner().invoke(app, ["study", "run", str(tmp_path / "s.yaml")])
    assert isinstance(done.exception, SchemaError)
    assert str(done.exception) == ("s.yaml: n: the key is missing; a study has models, estimators and n. Add it")

"""Estimators side by side."""

import json

import pytest
import sympy as sp
from skips import needs

import pgsym
from pgsym.errors import SchemaError, StructureError
from pgsym.estimators.sweep import sweep

TEXT = "sum[t] grad log pi(a_t|s_t) * (G_t - b(s_t))"


def test_rows_are_the_exact_laws():
    found = pgsym.compare("short-corridor", "reinforce", "reward-to-go", TEXT, let={"b(s)": "-3"})
    traces = [row.law.covariance_trace for row in found.rows]
    assert traces == [pgsym.moments("short-corridor", e, let={"b(s)": -3}).at().covariance_trace
                      for e in ("reinforce", "reward-to-go", TEXT)]  # fmt: skip
    assert traces[1] == 538
    assert found.rows[1].numbers() == {"bias": 0.0, "variance": 538.0, "mse": 538.0, "steps": 12.0, "runs": 13450.0}


def test_steps_are_the_expected_length_of_a_run_or_the_horizon():
    """An episode of the short corridor has 12 steps at theta = 0: every step costs 1 and J = -12."""
    whole = pgsym.compare("short-corridor", "reinforce")
    cut = pgsym.compare("short-corridor", "reinforce", horizon=5)
    assert [found.rows[0].steps for found in (whole, cut)] == [-int(pgsym.solve("short-corridor").at().J), 5]


def test_estimator_without_a_law_has_a_row_with_the_reason():
    found = pgsym.compare("two-state", "reinforce", "reward-to-go")
    assert [row.law is None for row in found.rows] == [True, False]
    assert found.rows[0].why.startswith("E[tau]: a run may stay in x, y for ever")
    assert "reinforce has no law: E[tau]: a run may stay in x, y for ever" in str(found)
    assert found.to_json()["estimators"][0]["variance"] is None


def test_mutant_that_shares_one_let_with_all_is_refused():
    with pytest.raises(SchemaError) as caught:
        pgsym.compare("short-corridor", "gae", let={"lambda": 1, "c(s)": 1})
    assert str(caught.value) == "let c(s): no estimator has such a name. Rename it or leave it out"
    with pytest.raises(StructureError) as none:
        pgsym.compare("short-corridor")
    assert str(none.value) == "estimators: found none; at least one is required. Give 'reinforce'"
    with pytest.raises(StructureError) as several:
        pgsym.compare("short-corridor", ["reinforce", "gae"])
    assert str(several.value) == (
        "estimators: found a list; each estimator is an argument of its own. Write compare(problem, 'reinforce', "
        "'gae'), or compare(problem, *estimators)"
    )


def test_least_error_changes_hands_where_both_errors_are_equal():
    found = pgsym.compare("short-corridor", "reward-to-go", "gae", let={"lambda": "1/2", "v(s)": 20})
    (low, cut, first), (again, high, second) = found.least_error()
    assert (low, again, high) == (0, cut, 1)
    assert [row.estimator.name for row in (first, second)] == ["gae", "reward-to-go"]
    for step, sign in ((-1, -1), (1, 1)):
        near = sp.Rational(round(float(cut) * 10**6) + 10 * step, 10**6)
        gae = pgsym.moments("short-corridor", "gae", let={"lambda": near, "v(s)": 20}).at().mse
        assert sp.sign(gae - found.rows[0].law.mse) == sign


def test_plot_shades_where_which_error_is_least():
    needs("matplotlib")
    found = pgsym.compare("short-corridor", "reward-to-go", "gae", let={"lambda": "1/2", "v(s)": 20})
    bands = found.plot("lambda").axes[-1].patches
    assert [band.get_label() for band in bands] == [f"least MSE: {found.rows[k].estimator.description}" for k in (1, 0)]
    assert abs(bands[0].get_x() + bands[0].get_width() - 0.907993) < 1e-6


def test_plot_draws_the_sweep_of_each_estimator_that_has_the_number():
    needs("matplotlib")
    found = pgsym.compare("short-corridor", "reward-to-go", "gae", let={"lambda": "1/2"})
    swept = sweep(found.rows[1].law, "lambda")
    for axes, values in zip(found.plot("lambda").axes, (swept.bias**2, swept.variance, swept.mse), strict=True):
        (line,) = axes.lines
        assert list(line.get_ydata()) == list(values)
    assert len(found.plot("gamma").axes[0].lines) == 2
    with pytest.raises(StructureError, match=r"^sweep: the estimator has no beta; it has lambda, gamma, T\. Choose"):
        found.plot("beta")


def test_plot_over_a_name_without_a_value(run, tmp_path):
    """The table says that it has none; the curve is that of the sweep with one; other estimators keep their rows."""
    needs("matplotlib")
    own = "sum[t] grad log pi(a_t|s_t) * sum[u>=t] k^(u-t) * r_u"
    found = pgsym.compare("short-corridor", "gae", own, let={"lambda": sp.Symbol("lambda"), "k": sp.Symbol("k")})
    known = pgsym.compare("short-corridor", "gae", own, let={"lambda": 1, "k": 1})
    assert found.rows[0].numbers()["mse"] is None
    assert "gae, lambda = lambda has no numbers: lambda has no value" in str(found)
    one, other = (c.plot("lambda").axes[1].lines[0].get_ydata().tolist() for c in (found, known))
    assert one == other
    for over, given in (("lambda", "k=1"), ("k", "lambda=1/2")):
        options = ("--let", given, "--over", over, "--plot", tmp_path / "a.svg")
        status, out, err = run("compare", "short-corridor", "gae", "reinforce", own, *options)
        assert (status, err) == (0, f"wrote {tmp_path / 'a.svg'}\n")
        assert f"{over} has no value" in " ".join(out.split())
        assert "1959" in out
    status, _, err = run("compare", "short-corridor", "gae", "--plot", tmp_path / "b.svg")
    assert (status, err) == (2, "error: lambda: gae needs it. Give it with let\n")


def test_command_gives_the_documented_data(run):
    status, out, _ = run("compare", "short-corridor", "reinforce", "gae", "--let", "lambda=1/2", "--json")
    data = json.loads(out)
    assert status == 0
    assert data["model"] == "short-corridor"
    assert [row["estimator"]["name"] for row in data["estimators"]] == ["reinforce", "gae"]
    assert data["estimators"][0]["mse"] == 1959


def test_command_samples_beside_the_exact_law(run):
    status, out, _ = run("compare", "short-corridor", "reinforce", "reward-to-go", "-n", "16000")
    assert status == 0
    assert "sampled variance" in out

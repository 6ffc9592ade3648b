"""What a notebook shows of each object, without a notebook; and figures without pyplot."""

import sys

import numpy as np
import pytest
from skips import needs

import pgsym
from pgsym.auditing import audit, cross_check, standard_suite
from pgsym.auditing.law_check import LawCheck
from pgsym.display.result import html_table
from pgsym.errors import MissingExtraError
from pgsym.estimators.sweep import sweep
from pgsym.model import tabular

CASES = {case.name: case for case in standard_suite()}


@pytest.fixture(scope="module")
def model():
    return pgsym.zoo("two-state")


@pytest.fixture(scope="module")
def found():
    """An audit of reward-to-go without gamma^t, with two parameters: biased and named."""

    def estimator(theta, batch):
        returns = np.cumsum((batch.gamma**batch.steps * batch.rewards * batch.mask)[:, ::-1], axis=1)[:, ::-1]
        weight = batch.mask * returns / batch.gamma**batch.steps
        return (weight[..., None] * batch.scores).sum((0, 1)) / batch.episodes

    case = CASES["aliased"]
    return audit(case.problem, estimator, horizon=case.horizon, max_samples=20_000)


@pytest.fixture(scope="module")
def checked():
    corridor = pgsym.zoo("short-corridor")
    return cross_check(corridor, n=2_000, horizon=30)


def test_table_escapes_text():
    assert html_table(["<a>"], [["&"]]) == "<table><tr><th>&lt;a&gt;</th></tr><tr><td>&amp;</td></tr></table>"


def test_policy_is_shown_as_formulas(model):
    assert r"\pi(\mathrm{a} \mid \mathrm{x}) &= \frac{e^{\theta_{\mathrm{x}}}}" in model.policy._repr_latex_()


def test_large_policy_is_shown_as_its_one_line():
    mdp = pgsym.MDP.from_transitions([(s, a, s, 1, 0) for s in range(13) for a in ("x", "y")])
    assert tabular(mdp)._repr_latex_() is None
    assert repr(tabular(mdp)) == "Softmax(13 states, 26 parameters)"


def test_refuted_verdict_shows_its_witness(model):
    claim = "grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)"
    shown = pgsym.decide(model.replace(objective="stationary-value"), claim)._repr_markdown_()
    assert shown.splitlines()[2] == "**refuted** by normal form"
    assert shown.splitlines()[-2].endswith(r"| $\frac{10120}{6889}$ | $\frac{9988}{71961}$ |")


def test_inapplicable_verdict_shows_its_reason():
    mdp = pgsym.MDP.from_transitions([("a", "x", "a", 1, 1), ("b", "x", "b", 1, 0)], gamma="1/2")
    shown = pgsym.verify(pgsym.Problem(mdp, objective="average-reward"))._repr_markdown_()
    assert "**inapplicable**: mu: 2 recurrent classes" in shown


def test_verdict_with_a_repairing_factor_shows_it(model):
    claim = "sum[s] d(s) * r_pi(s) = J"
    shown = pgsym.decide(model, claim)._repr_markdown_()
    assert "True with the factor $1 - \\gamma$ on the right." in shown


def test_derivation_has_the_fences_of_notebooks(model):
    shown = pgsym.derive(model.replace(objective="average-reward"), level="general")._repr_markdown_()
    assert "$$\n\\begin{aligned}" in shown
    assert "`" not in shown


def test_solution_and_law_are_shown(model):
    assert "$$\n\\begin{aligned}" in pgsym.solve(model)._repr_latex_()
    corridor = pgsym.zoo("short-corridor")
    shown = pgsym.moments(corridor, "reinforce").at()._repr_html_()
    assert "covariance trace 1959" in shown
    assert "<td>2</td>" in shown


def test_audit_is_shown_with_its_diagnosis(found):
    assert repr(found).startswith("AuditResult(biased estimator of grad J_T: relative bias ")
    shown = found._repr_html_()
    assert "diagnosis: missing-gamma-t" in shown
    assert shown.count("<tr>") == 3


def test_cross_check_is_shown(checked):
    assert "sampled gradient consistent" in checked._repr_html_()
    assert ">theta</td>" in checked._repr_html_()
    assert checked.estimate._repr_html_().count("<tr>") == 3


def test_law_check_is_shown(checked):
    corridor = pgsym.zoo("short-corridor")
    law = pgsym.moments(corridor, "reward-to-go").at()
    shown = LawCheck(checked.estimate, np.array([2.0]), 1e-3, law, 733.0, np.array([700.0, 800.0]))._repr_html_()
    assert "2000 samples of 30 steps consistent with the exact law: trace 750 +- 50 (exact 733)" in shown
    assert ">theta</td><td>2</td>" in shown


# -- plots -----------------------------------------------------------------------------------------------------


@pytest.fixture
def matplotlib():
    return needs("matplotlib")


@pytest.mark.usefixtures("matplotlib")
def test_audit_plot_draws_intervals_and_the_ellipse(found):
    figure = found.plot()
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["u", "v"]
    assert "missing-gamma-t" in [text.get_text() for text in left.get_legend().get_texts()]
    edge = np.array(right.lines[0].get_data()) * found.scale
    # Every point of the ellipse lies on the boundary of the confidence region.
    statistics = [found.region.statistic(point) for point in edge.T]
    assert np.allclose(statistics, found.region.squared_radius)
    assert figure._repr_svg_().count("<svg") == 1


@pytest.mark.usefixtures("matplotlib")
def test_estimate_plot_draws_the_exact_gradient(checked):
    (axes,) = checked.plot().axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["exact", "sampled, 95% jointly"]
    exact = next(line for line in axes.lines if line.get_label() == "exact")
    assert exact.get_xdata().tolist() == checked.truth.tolist()


@pytest.mark.usefixtures("matplotlib")
def test_law_plot_has_a_panel_for_each_number():
    corridor = pgsym.zoo("short-corridor")
    law = pgsym.moments(corridor, "reinforce").at()
    (axes,) = law.plot("b(s)").axes
    assert axes.get_xlabel() == "constant baseline"
    variance = sweep(law, "b(s)").variance
    (alone,) = sweep(law, "b(s)").plot().axes
    for drawn in (axes, alone):
        assert drawn.lines[1].get_ydata().tolist() == variance.tolist()


def test_plots_without_matplotlib_name_the_extra(found, checked, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for plot in (found.plot, checked.plot):
        with pytest.raises(
            MissingExtraError, match=r"^matplotlib: it is not installed; plots need it\. .* pgsym\[plot\]$"
        ):
            plot()

"""Estimators of a divergence: text, value and slope say the same."""

import pytest
import sympy as sp

from pgsym.estimators.token_losses import DIVERGENCES, TokenLoss


@pytest.mark.parametrize("name", DIVERGENCES)
def test_slope_is_the_derivative_and_the_text_the_value(name):
    d = sp.Symbol("d_it")
    value, slope = DIVERGENCES[name].value(d, sp.exp), DIVERGENCES[name].slope(d, sp.exp)
    assert sp.expand(sp.diff(value, d) - slope) == 0
    written = DIVERGENCES[name].text("d_it")
    assert sp.expand(sp.sympify(written.replace("^", "**")) - value) == 0
    assert f" - beta mean[i] sum[t] {written}," in str(TokenLoss(estimator=name, place="loss"))

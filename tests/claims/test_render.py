"""LaTeX of trees: balanced, and with the parentheses that the tree needs."""

import re

import pytest
from claim_strategies import statements
from hypothesis import given, settings

from pgsym.claims import parse


@given(statements())
@settings(max_examples=150)
def test_latex_is_balanced(statement):
    for claim in statement.claims:
        latex = claim.latex()
        plain = re.sub(r"\\[{}\\]", "", latex)
        depth = 0
        for character in plain:
            depth += (character == "{") - (character == "}")
            assert depth >= 0
        assert depth == 0
        assert len(re.findall(r"\\left\b", latex)) == len(re.findall(r"\\right\b", latex))


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("grad J = 0", r"\nabla J = 0"),
        ("E[r'^2|s,a,s'] = E[r^3|s,a]", r"\mathbb{E}[r'^{2} \mid s, a, s'] = \mathbb{E}[r^{3} \mid s, a]"),
        ("dot(vec(theta), grad J) = 0", r"\boldsymbol{\theta} \cdot \nabla J = 0"),
        ("grad grad J = 0", r"\nabla^{2} J = 0"),
        ("J != -(rbar + 1)", r"J \neq -\left(\bar{r} + 1\right)"),
        ("J propto rbar", r"J \propto \bar{r}"),
        ("J * (rbar + 1) = 0", r"J \, \left(\bar{r} + 1\right) = 0"),
        ("J / (1 - gamma) = 2/3", r"\frac{J}{1 - \gamma} = \frac{2}{3}"),
        ("(J + 1)^2 = 0", r"\left(J + 1\right)^{2} = 0"),
        ("(sum[s] mu(s)) * J = 0", r"\left(\sum_{s} \mu(s)\right) \, J = 0"),
        ("sum[s] mu(s) * J = 0", r"\sum_{s} \mu(s) \, J = 0"),
        ("sum[s] (V(s) + 1) = 0", r"\sum_{s} \left(V(s) + 1\right) = 0"),
        ("E[s~mu, a~pi] Q(s,a) = 0", r"\mathbb{E}_{s \sim \mu,\, a \sim \pi}\left[Q(s, a)\right] = 0"),
        ("V'(s') = 0", r"V'(s') = 0"),
        ("grad log pi(a|s) = 0", r"\nabla \log \pi(a \mid s) = 0"),
        ("grad (J * J) = 0", r"\nabla \left(J \, J\right) = 0"),
        ("J[gamma=1] = 0", r"J_{[\gamma = 1]} = 0"),
        ("transpose(F) = inv(F)", r"F^{\top} = F^{-1}"),
        ("dot(F, grad J) = 0", r"F \cdot \nabla J = 0"),
        ("outer(grad J, grad J) = 0", r"\nabla J \otimes \nabla J = 0"),
        ("limit[gamma->1] J = 0", r"\lim_{\gamma \to 1} J = 0"),
        ("1[s=s']^2 = 1[s=3]", r"\mathbf{1}[s = s']^{2} = \mathbf{1}[s = 3]"),
        ("at[pi'=pi] grad' J' = sg(J)", r"\left.\nabla' J'\right|_{\pi' = \pi} = \operatorname{sg}\left(J\right)"),
        ("inv(F + 2 * I) = 0", r"\left(F + 2 \, I\right)^{-1} = 0"),
        ("J - (J - J) = 0", r"J - \left(J - J\right) = 0"),
    ],
)
def test_latex_of(text, latex):
    assert parse(text).claims[0].latex() == latex

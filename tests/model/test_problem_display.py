"""A problem as text and in a notebook: small, escaped, and small for a large model too."""

import pytest

import pgsym
from pgsym.model.problem import ROWS


def test_text_says_what_the_problem_is():
    assert str(pgsym.zoo("two-state")).splitlines() == [
        "two-state (constructed for pgsym)",
        "objective: start-state",
        "model: MDP(2 states, 0 terminal, 8 outcomes, gamma=9/10)",
        "policy: Softmax(2 states, 2 parameters)",
        "theta: theta_x = log(2), theta_y = -log(3)",
    ]


def test_text_of_a_model_given_alone_begins_with_what_was_assumed():
    lines = str(pgsym.Problem.of(pgsym.zoo("short-corridor").mdp)).splitlines()
    assert lines[0] == "assumed: tabular softmax, theta = 0, start-state objective"
    assert lines[-1] == "theta: 0 for all 6 parameters"


def test_text_of_a_problem_without_a_point():
    mdp = pgsym.MDP.from_transitions([("s", "a", "s", 1, 0), ("s", "b", "s", 1, 1)], start="s", gamma="1/2")
    policy = pgsym.direct_policy(mdp, {"s": {"a": "t", "b": "1 - t"}}, params=["t"])
    assert str(pgsym.Problem(mdp, policy)).endswith("theta: none")


def test_notebook_shows_picture_transitions_and_policy():
    shown = pgsym.zoo("two-state")._repr_html_()
    assert shown.count("<svg") == 1
    plain = shown.replace(' style="text-align: left"', "")
    assert "<tr><td>x</td><td>a</td><td>x</td><td>3/4</td><td>1</td></tr>" in plain
    assert "<tr><td>pi(a|x)</td><td>exp(theta_x)/(exp(theta_x) + 1)</td></tr>" in plain


def test_names_are_escaped():
    mdp = pgsym.MDP.from_transitions(
        [("<script>", "a&b", "<script>", 1, 0), ("<script>", "c", "<script>", 1, 1)], start="<script>", gamma="1/2"
    )
    shown = pgsym.Problem(mdp, name="<b>")._repr_html_()
    assert "<script" not in shown
    assert "<b>" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize("states", [70, 1_000])
def test_large_model_is_shown_in_part(states):
    rows = [(s, a, (s + k) % states, 1, 0) for s in range(states) for k, a in enumerate("lr")]
    shown = pgsym.Problem(pgsym.MDP.from_transitions(rows, start=0, gamma="1/2"))._repr_html_()
    assert f"Outcomes: the first {ROWS} of {2 * states}" in shown
    assert len(shown) < 100_000

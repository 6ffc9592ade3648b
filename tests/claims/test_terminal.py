"""A terminal state is an absorbing one that pays 0: E is linear, E of 1 is 1, and textbook equations are true."""

import pytest

from pgsym.claims import decide
from pgsym.claims.language.names import Range
from pgsym.errors import ClaimError
from pgsym.expression.quantity import Role
from pgsym.model import MDP, Problem, sigmoid, tabular

METHODS = ("normal form", "identity test")

BELLMAN = "Q(s,a) = E[s'~P] (r(s,a,s') + gamma * V(s'))"
NOTE = "at gamma = 1 sums and free indices leave out u, from which a run need not end"
SARSA = "Q(s,a) = E[s'~P, a'~pi] (r(s,a,s') + gamma * Q(s',a'))"


def two_ends(gamma="1/2", start="x"):
    """Two states that act; each step can end, in one of two ends."""
    return MDP.from_transitions(
        [
            ("x", "l", "y", 1, 1),
            ("x", "r", "end", 1, 2),
            ("y", "l", "x", "1/2", 0),
            ("y", "l", "out", "1/2", 3),
            ("y", "r", "y", "1/2", 1),
            ("y", "r", "end", "1/2", -1),
        ],
        start=start,
        terminal=["end", "out"],
        gamma=gamma,
    )


@pytest.mark.parametrize("gamma", ["1/2", "1", "gamma"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "claim",
    [
        BELLMAN,
        SARSA,
        "V(s) = E[a~pi, s'~P] (r(s,a,s') + gamma * V(s'))",
        "V(s) = r_pi(s) + gamma * sum[s'] P_pi(s,s') * V(s')",
        "for all s, a: E[s'~P] 1 = 1",
        "for all s, a: sum[s'] P(s'|s,a) = 1",
        "for all s, a: E[s'~P, a'~pi] 1 = 1",
        "for all s, a: E[s'~P] (1 + r_pi(s')) = 1 + E[s'~P] r_pi(s')",
        "for all s, a: E[s'~P, a'~pi] (2 * r(s',a') + V(s')) = 2 * E[s'~P] r_pi(s') + E[s'~P] V(s')",
        "for all s: sum[s'] P_pi(s,s') * sum[s1] P_pi(s',s1) = 1",
        "E[s~mu0, a~pi] (1 + r(s,a)) = 1 + E[s~mu0] r_pi(s)",
        "E[s~nu, a~pi] (1 + r(s,a)) = 1",
        "for all s, a: E[s'~P, a'~pi] (log pi(a'|s') + 1) = 1 + E[s'~P, a'~pi] log pi(a'|s')",
    ],
)
def test_expectations_over_next_states_are_linear(claim, method, gamma):
    assert decide(two_ends(gamma), claim, method=method).proved


@pytest.mark.parametrize(
    "claim", ["for all s: r_pi(s) = 1 + E[a~pi, s'~P] V(s')", "for all s, a: E[s'~P] r_pi(s') = 1"]
)
def test_expectations_over_next_states_reject_what_is_false(claim):
    assert decide(two_ends(), claim).refuted


def test_textbook_equations_reject_sums_that_forget_the_end(monkeypatch):
    """Over S alone, E of 1 is the probability to go on."""
    monkeypatch.setattr(Range, "inner", property(lambda found: Role.ACTING in found.roles))
    assert decide(two_ends(), SARSA).refuted
    assert decide(two_ends(), "for all s, a: E[s'~P] (1 + r_pi(s')) = 1 + E[s'~P] r_pi(s')").refuted


@pytest.mark.parametrize(
    "claim",
    [
        'r_pi("end") = 0',
        'V("end") = 0',
        'P_pi("end","x") = 0',
        'P_pi("end","end") = 1',
        'P_pi("x","end") = pi("r"|"x")',
        'sum[a] pi(a|"end") = 1',
        'for all c(s,a): sum[a] c("end",a) = 0',
        'for all b(s): b("end") = 0',
        'let f(s) = 1 + r_pi(s); f("end") = 1',
    ],
)
def test_values_in_a_terminal_state(claim):
    assert decide(two_ends(), claim).proved


@pytest.mark.parametrize("name", ["eta", "d"])
@pytest.mark.parametrize("gamma", ["1/2", "1"])
def test_visits_of_a_terminal_state_are_not_counted(name, gamma):
    verdict = decide(two_ends(gamma), f'{name}("end") = 0')
    assert verdict.status == "inapplicable"
    assert verdict.reason == (
        f"{name}: 'end' is a terminal state, whose visits are not counted; {name} is about the other states. "
        "Leave it out"
    )


def test_expectation_of_visits_where_a_step_can_end_is_inapplicable():
    drawn = decide(two_ends(), "for all s, a: E[s'~P] eta(s') = 0")
    assert (drawn.status, drawn.reason.split(";")[0]) == (
        "inapplicable",
        "eta: 'end' is a terminal state, whose visits are not counted",
    )
    # A sum over visited states is one over S.
    assert decide(two_ends(), "for all s, a: sum[s'] P(s'|s,a) * eta(s') = 0").refuted


def test_action_of_a_terminal_state_by_name_is_refused():
    with pytest.raises(
        ClaimError, match=r"^action in 'end' l: the state is terminal, where there is no action. Remove it$"
    ):
        decide(two_ends(), 'Q("end","l") = 0')


def test_start_on_a_terminal_state():
    mdp = two_ends(start={"x": "1/3", "end": "2/3"})
    assert decide(mdp, "J = E[s~mu0] V(s)").proved
    assert decide(mdp, "E[s~mu0] 1 = 1").proved
    assert decide(mdp, "E[s~mu0, a~pi] (1 + Q(s,a)) = 1 + J").proved
    assert decide(mdp, "sum[s] d(s) = 1").proved
    ended = decide(two_ends(start="end"), "sum[s] d(s) = 1")
    assert ended.status == "inapplicable"
    assert ended.reason == (
        "d: the start weight is 0 in every state that is not terminal, so no state is visited and there is nothing to "
        "normalise. Start in one that is not terminal"
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "claim",
    [
        "for all s, a: E[s'~P'] 1 = 1",
        "for all s: sum[s'] P_pi'(s,s') = 1",
        "V'(s) = E[a~pi', s'~P'] (r'(s,a,s') + V'(s'))",
        "Q'(s,a) = E[s'~P', a'~pi'] (r'(s,a,s') + Q'(s',a'))",
        "for all s, a: E[s'~P'] (1 + r_pi(s')) = 1 + gamma * E[s'~P] r_pi(s')",
    ],
)
def test_end_of_the_transformed_model_counts_too(claim, method):
    assert decide(two_ends(), "with M' = terminating: " + claim, method=method).proved


def test_shared_parameters_and_unreachable_states_do_not_matter():
    mdp = two_ends(start="y")
    assert decide(Problem(mdp, sigmoid(mdp, {"x": "t", "y": "t"})), SARSA).proved
    assert decide(Problem(mdp, tabular(mdp)), BELLMAN).proved


def test_limit_is_about_every_state():
    """Below gamma = 1 all values are finite, so that a limit leaves out no state, and says nothing of one."""
    rows = [("u", "a", "u", 1, 1), ("s", "a", "end", 1, 1), ("s", "b", "end", 1, 2)]
    mdp = MDP.from_transitions(rows, terminal=["end"], start="s", states=["s", "u", "end"])
    assert decide(mdp, "for all s: limit[gamma->1] (1 - gamma) * V(s) = g(s)").notes == ()
    assert decide(mdp, "for all s: limit[gamma->1] (1 - gamma) * V(s) = g(s)").proved
    zero = decide(mdp, "for all s: limit[gamma->1] (1 - gamma) * V(s) = 0")
    assert zero.refuted
    assert [str(c) for c in zero.witness.differing] == ["value at s = u"]


def test_sum_that_leaves_out_a_state_of_infinite_value_says_so():
    rows = [("u", "a", "u", 1, 1), ("s", "a", "end", 1, 1), ("s", "b", "end", 1, 2)]
    mdp = MDP.from_transitions(rows, terminal=["end"], start="s", states=["s", "u", "end"])
    for method in METHODS:
        verdict = decide(mdp, 'sum[s] V(s) = V("s")', method=method)
        assert verdict.notes == (NOTE,)
        assert f"note: {NOTE}" in str(verdict)
        assert verdict.to_json()["notes"] == list(verdict.notes)
    assert decide(mdp, "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)").notes == (NOTE,)
    assert decide(mdp, "grad J = grad J").notes == ()

"""V*, Q*, h* and J* in claims: numbers of the model, whatever its policy; inapplicable where it has symbols."""

import pytest

import pgsym
from pgsym.claims import parse
from pgsym.claims.language.render_latex import latex

LACK = "J - J* = sum[s] eta(s) * sum[a] pi(a|s) * (Q*(s,a) - V*(s))"
"""The performance difference to an optimal policy (Kakade & Langford 2002), for every theta."""


def status(problem, claim, **options):
    return str(pgsym.decide(problem, claim, **options).status)


@pytest.mark.parametrize("method", ["normal form", "identity test"])
@pytest.mark.parametrize("name", ["short-corridor", "student", "nota-thomas"])
def test_what_a_policy_lacks_is_its_advantage_under_the_best(name, method):
    assert status(name, LACK, method=method) == "proved"
    assert status(name, LACK.replace("Q*(s,a) - V*(s)", "Q*(s,a)"), method=method) == "refuted"


def test_known_values():
    assert status("short-corridor", 'J* = -3 = V*("s1")') == "proved"
    assert status("machine-replacement", "J* = 51/8") == "proved"
    assert status("machine-replacement", 'h*(2) = Q*(2,"replace")') == "proved"
    assert status("short-corridor", "Q*(s,a) = r(s,a) + gamma * sum[s'] P(s'|s,a) * V*(s')") == "proved"


def test_an_optimal_policy_is_known_by_its_values():
    problem = pgsym.Problem.of("two-state").replace(objective="start-state")
    best = problem.replace(policy=pgsym.optimal(problem).policy)
    assert status(best, "V(s) = V*(s)") == status(best, "sum[a] pi(a|s) * Q*(s,a) = V*(s)") == "proved"
    assert status(problem, "V(s) = V*(s)") == "refuted"


def test_optimal_values_do_not_depend_on_theta():
    assert status("short-corridor", "sum[s] grad V*(s) = grad J*") == "proved"
    assert status("short-corridor", "grad (J* * J) = J* * grad J") == "proved"


@pytest.mark.parametrize(
    ("name", "claim", "ground"),
    [
        (
            "recycling-robot",
            "J* = 1",
            "optimal: found the symbols alpha, beta, r_search, r_wait; which action is best depends on them. Give them "
            "numbers, or see pgsym optimal for one symbol",
        ),
        (
            "machine-replacement",
            "V*(s) = 0",
            "V*: V* is not defined for the average-reward objective; it uses h*. Ask for h*",
        ),
        ("short-corridor", "h*(s) = 0", "h*: h* is not defined for the start-state objective; it uses V*. Ask for V*"),
    ],
)
def test_what_is_not_defined_is_inapplicable(name, claim, ground):
    found = pgsym.decide(name, claim)
    assert (str(found.status), found.ground) == ("inapplicable", ground)


def test_a_return_without_a_bound_is_inapplicable():
    rows = [("s", "more", "s", 1, 1), ("s", "go", "end", 1, 0), ("t", "go", "end", 1, 1)]
    mdp = pgsym.MDP.from_transitions(rows, start="t", terminal=["end"])
    policy = pgsym.direct_policy(mdp, {"s": {"more": 0, "go": 1}, "t": {"go": 1}}, [])
    problem = pgsym.Problem(mdp, policy)
    assert status(problem, 'V*("t") = 1') == "proved"
    assert "earns 1 a step" in pgsym.decide(problem, "V*(s) = V*(s)").ground


def test_a_power_of_a_star_has_no_double_superscript():
    claim = parse("J*^2 = V*(s)^2").claims[0]
    assert (latex(claim.left), latex(claim.right)) == ("{J^{*}}^{2}", "V^{*}(s)^{2}")


def test_numbers_for_the_symbols_make_it_apply():
    problem = pgsym.zoo("recycling-robot").at(alpha="1/2", beta="1/2", r_search=2, r_wait=1)
    assert status(problem, "J* = 400/29") == "proved"

"""Witnesses lie in the domain, checked here a second time; false claims are refuted wherever they happen to vanish."""

import random

import pytest
import sympy as sp
from second_reading.random_models import MODELS, random_problem

import pgsym
from pgsym.claims import decide, parse
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.domain import Domain
from pgsym.claims.witness import find_witness
from pgsym.expression.assumptions import Assumption
from pgsym.expression.linear import implied
from pgsym.model import MDP, Problem, direct_policy, mixture, sigmoid
from pgsym.model.structure import Structure

METHODS = ("normal form", "identity test")


def lies_inside(problem_mdp, policy, witness):
    """Assumptions and probabilities by SymPy alone."""
    point = {**witness.theta, **witness.symbols, **witness.values}
    assert all(Assumption.parse(text).holds(witness.symbols) for text in problem_mdp.assumptions.values())
    outcomes = [o.p for s, a in problem_mdp.pairs for o in problem_mdp.outcomes(s, a)]
    chosen = [policy(a, s) for s in policy.states for a in policy.actions(s)]
    values = [sp.nsimplify(sp.simplify(e.subs(point))) for e in (*outcomes, *chosen, problem_mdp.gamma)]
    return all(0 <= v <= 1 for v in values)


@pytest.fixture
def two():
    return pgsym.zoo("two-state").mdp


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("row", "low", "high"),
    [
        (("p - 1", "2 - p"), 1, 2),
        (("p/7 - 3", "4 - p/7"), 21, 28),
        (("1/(1 + p)", "p/(1 + p)"), 0, sp.oo),
        (("p^2", "1 - p^2"), -1, 1),
    ],
)
def test_parameters_of_a_direct_policy_are_drawn_where_it_is_one(two, row, low, high, method):
    policy = direct_policy(two, {s: dict(zip("ab", row, strict=True)) for s in "xy"}, ["p"])
    verdict = decide(pgsym.Problem(two, policy), "J = 1", method=method)
    (value,) = verdict.witness.theta.values()
    assert verdict.refuted
    assert low <= value <= high
    assert lies_inside(two, policy, verdict.witness)


def test_direct_policy_with_exponentials_and_symbols_of_its_own(two):
    rows = {"x": {"a": "exp(t)/(1 + exp(t))*q", "b": "1 - exp(t)/(1 + exp(t))*q"}, "y": {"a": "q - 2", "b": "3 - q"}}
    policy = direct_policy(two, rows, ["t", "q"])
    # q <= 1 + exp(-t) in x, and q >= 2 in y: t < 0.
    verdict = decide(pgsym.Problem(two, policy), "J = 1")
    assert lies_inside(two, policy, verdict.witness)


@pytest.mark.parametrize("epsilon", ["e", "2*e - 3", "e^2"])
def test_weight_of_a_mixture_is_drawn_in_the_unit_interval(two, epsilon):
    policy = mixture(sigmoid(two), epsilon)
    verdict = decide(pgsym.Problem(two, policy), "J = 1")
    (weight,) = (verdict.witness.values[s] for s in policy.epsilon.free_symbols)
    assert 0 <= policy.epsilon.subs(*policy.epsilon.free_symbols, weight) <= 1
    assert lies_inside(two, policy, verdict.witness)


def test_theta_outside_the_domain_is_no_witness(two):
    policy = direct_policy(two, {s: {"a": "p", "b": "1 - p"} for s in "xy"}, ["p"])
    inside = decide(pgsym.Problem(two, policy, theta={policy.params[0]: sp.Rational(1, 3)}), "J = 1")
    outside = decide(pgsym.Problem(two, policy, theta={policy.params[0]: sp.Integer(3)}), "J = 1")
    assert list(inside.witness.theta.values()) == [sp.Rational(1, 3)]
    assert lies_inside(two, policy, outside.witness)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "factors",
    [
        [f'(pi("a"|"x") - {k}/10)' for k in range(1, 10)],
        [f'(pi("a"|"x") - {a}/{b})' for a, b in {(sp.Rational(a, a + b).p, sp.Rational(a, a + b).q)
                                                for a in range(1, 6) for b in range(1, 6)}],
    ],
)  # fmt: skip
def test_false_claim_that_vanishes_on_a_grid_is_refuted(two, factors, method):
    claim = " * ".join(factors) + " = 0"
    for policy in (sigmoid(two), direct_policy(two, {s: {"a": "p", "b": "1 - p"} for s in "xy"}, ["p"])):
        verdict = decide(pgsym.Problem(two, policy), claim, method=method)
        assert verdict.refuted
        assert verdict.witness.differing


def test_false_claim_about_functions_that_vanishes_on_small_numbers_is_refuted(two):
    claim = "for all b(s): " + " * ".join(f'(b("x") - {k})' for k in range(6)) + " * "
    claim += " * ".join(f'(b("x") + {k})' for k in range(1, 6)) + " = 0"
    assert decide(two, claim).refuted
    second = " * ".join(f'(pi\'("a"|"x") - {a}/{a + b})' for a in range(1, 6) for b in range(1, 6)) + " = 0"
    assert decide(two, second).refuted
    ratio = " * ".join(f"(k - {n}/10)" for n in range(1, 10))
    assert decide(two, f"for all k: {ratio} = 0").refuted


def test_later_points_come_from_finer_grids(two):
    """Without them every point of these claims is a zero: the search gives up, as it must not."""
    claim = parse(" * ".join(f'(pi("a"|"x") - {k}/10)' for k in range(1, 10)) + " = 0").claims[0]
    policy = direct_policy(two, {s: {"a": "p", "b": "1 - p"} for s in "xy"}, ["p"])
    setting = BoundClaim(claim, two, policy, pgsym.zoo("two-state").objective, Structure(two, policy))
    grains = {place.theta[policy.params[0]].q for place in Domain(setting).places(random.Random(0), 40)}
    assert max(grains) > 1000
    assert find_witness(setting, random.Random(0), None).differing


@pytest.mark.parametrize("row", [("p^2 + 2", "-1 - p^2"), ("exp(p) + 1", "-exp(p)")])
def test_policy_that_is_none_anywhere_is_inapplicable(two, row):
    """All would be true of it."""
    policy = direct_policy(two, {s: dict(zip("ab", row, strict=True)) for s in "xy"}, ["p"])
    verdict = decide(pgsym.Problem(two, policy), "J = J")
    assert verdict.status == "inapplicable"
    assert verdict.reason.startswith(
        "policy: found no values of p for which every probability lies in [0, 1]; there must be some. Correct "
    )


# -- domains without an inside ---------------------------------------------------------------------------


def pinned(assumption, other="real", gamma="1/2"):
    rows = [
        ("s", "go", "end", "p", 1),
        ("s", "go", "s", "1 - p", 0),
        ("s", "no", "end", "q", 2),
        ("s", "no", "s", "1 - q", 0),
    ]
    return MDP.from_transitions(
        rows, terminal=["end"], start="s", gamma=gamma, symbols={"p": assumption, "q": other}
    )  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("assumption", ["1/2 <= p <= 1/2", "2*p <= 1, 3*p >= 3/2", "p - 1/2 >= 0 and 1 >= 2*p"])
def test_claim_about_a_symbol_without_choice_is_decided(assumption, method):
    mdp = pinned(assumption, "0 < q < 1")
    assert decide(mdp, "p = 1/2", method=method).proved
    assert decide(mdp, "J = J * 2 * p", method=method).proved
    assert decide(mdp, "V(s) = E[a~pi, s'~P] (r(s,a,s') + V(s') * p)", method=method).proved
    verdict = decide(mdp, "p = 1/3", method=method)
    assert verdict.refuted
    assert {str(s): v for s, v in verdict.witness.symbols.items()}["p"] == sp.Rational(1, 2)


@pytest.mark.parametrize(
    ("assumptions", "claim"),
    [
        (("p >= 1", "0 < q < 1"), "p = 1"),
        (("p <= 0", "0 < q < 1"), "J = 4 * J * (1 - p) - 3 * J"),
        (("p <= q", "q <= p"), "p = q"),
        (("p <= q, q <= 1/3", "q <= p, p >= 1/3"), "p + q = 2/3"),
    ],
)
def test_bounds_that_meet_are_equations(assumptions, claim):
    assert decide(pinned(*assumptions), claim).proved
    assert decide(pinned(*assumptions), f"{claim} + 1").refuted


def test_several_ties_at_once_and_rewards_that_go_with_an_edge():
    rows = [(0, "l", 0, "p", 1), (0, "l", 1, "1 - p", "x"), (1, "l", 0, "q", 0), (1, "l", 1, "1 - q", 2)]
    symbols = {"p": "1/3 <= p <= 1/3", "q": "p/2 + 1/4 <= q <= p/2 + 1/4", "g": "0 < g < 1", "x": "x > 0"}
    tied = MDP.from_transitions(rows, start=0, gamma="g", symbols=symbols)
    assert decide(tied, "q = 5/12").proved
    assert decide(tied, "J = x").refuted
    # At p = 1 the edge that earns x is none, and nothing is assumed of x any more.
    gone = MDP.from_transitions(rows, start=0, gamma="g", symbols=symbols | {"p": "1 <= p <= 1", "q": "0 < q < 1"})
    verdict = decide(gone, "J = 2")
    assert verdict.refuted
    assert {s.name for s in verdict.witness.symbols} == {"p", "q", "g"}
    assert decide(gone, "J = 1 / (1 - gamma)").proved


def test_bounds_that_do_not_meet_are_none():
    p, q = sp.symbols("p q")
    assert implied([p, 1 - p, q - p]) == {}
    assert implied([p - q, q - p + sp.Rational(1, 9)]) == {}
    assert implied([p * q - 1, 1 - p * q]) == {}
    assert decide(pinned("1/2 <= p <= 2/3", "0 < q < 1"), "p = 1/2").refuted


# -- any model -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(MODELS))
def test_points_of_random_problems_lie_inside(kind):
    rng = random.Random(kind)
    claim = parse("gamma = 2").claims[0]
    for _ in range(4):
        drawn = random_problem(rng, kind)
        setting = BoundClaim(claim, drawn.mdp, drawn.policy, drawn.objective, Structure(drawn.mdp, drawn.policy))
        witness = find_witness(setting, rng, None)
        assert lies_inside(drawn.mdp, drawn.policy, witness)


@pytest.mark.parametrize(
    ("claim", "gamma", "bounds", "told"),
    [
        ('V("s") = 1', 1, "0 <= p <= 1", True),
        ('g("s") = 0', "1/2", "0 <= p <= 1", True),
        ('V("s") = 1', 1, "0 <= p < 1", False),  # at p = 0 runs end where they did
        ('V("s") = (1 - p) / (1 - p/2)', "1/2", "0 <= p <= 1", False),  # continuous
        ('r("s","go") = 1 - p', 1, "0 <= p <= 1", False),
    ],
)
def test_a_face_on_which_runs_end_elsewhere_is_left_out_aloud(claim, gamma, bounds, told):
    """At p = 1 the run stays for ever: there V is 0, and a loop that earns has a gain."""
    loop = 1 if gamma != 1 and claim.startswith("g") else 0
    rows = [("s", "go", "s", "p", loop), ("s", "go", "end", "1 - p", 1)]
    problem = Problem(MDP.from_transitions(rows, terminal=["end"], start="s", gamma=gamma, symbols={"p": bounds}))
    verdict = decide(problem, claim)
    assert verdict.proved
    assert any("not about 1 - p = 0" in note for note in verdict.notes) is told
    if told:
        assert decide(problem.at(p=1), claim).refuted

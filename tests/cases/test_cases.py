"""Every case of tests/cases/data: invalid models are refused, valid ones solved to the exact expected values.

data/SCHEMA.json says what the fields of a case mean.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from pgsym.errors import (
    ImproperPolicyError,
    NameCollisionError,
    NotStochasticError,
    NotUnichainError,
    PgsymError,
    ProbabilityRangeError,
    ZeroProbabilityError,
)
from pgsym.exact import Solution, solve
from pgsym.expression.grammar import parse
from pgsym.model import Objective, Problem
from pgsym.model.formats import load
from pgsym.model.validate import AssumptionWarning, RationalisedWarning

DATA = Path(__file__).parent / "data"
CASES = {path.stem: json.loads(path.read_text()) for path in sorted(DATA.glob("[!S]*.json"))}


def of_kind(kind: str) -> list[str]:
    return [name for name, case in CASES.items() if case["kind"] == kind]


def path(name: str) -> Path:
    return DATA / f"{name}.json"


def solved(problem: Problem) -> Solution:
    return solve(problem)


# -- invalid ---------------------------------------------------------------------------------------------

REFUSALS: dict[str, tuple[type[PgsymError], str]] = {
    "non_stochastic_row": (
        NotStochasticError,
        r"\('s', 'a'\): outgoing probabilities sum to 9/10; must be exactly 1\. Add the missing 1/10\.",
    ),
    "probability_out_of_range": (ProbabilityRangeError, r"\('s', 'a'\): .*3/2, -1/2; .*\[0, 1\]"),
    "improper_policy_infinite_value": (ImproperPolicyError, r"'s'.*'u'"),
    "reducible_chain_no_unique_stationary": (NotUnichainError, r"2 recurrent classes.*'g'.*'h'"),
    "name_collision": (NameCollisionError, r"p names both a policy parameter and a symbol of the dynamics"),
    "zero_probability_action": (
        ZeroProbabilityError,
        r"\('s', 'b'\): pi\(a\|s\) = 0 but d pi\(a\|s\)/dp = -1 at p = 1",
    ),
}


# The undeclared symbol p of D14d is warned of before its name is seen to be a parameter's as well.
undeclared = pytest.mark.filterwarnings("ignore::pgsym.model.validate.AssumptionWarning")


@undeclared
@pytest.mark.parametrize("name", of_kind("invalid"))
def test_invalid_case_is_refused(name: str) -> None:
    error, message = REFUSALS[CASES[name]["expected_failure"]["class"]]
    with pytest.raises(error, match=message) as caught:
        solved(load(path(name)))
    assert type(caught.value) is error


@undeclared
def test_invalid_models_are_refused_when_loaded_and_hypotheses_when_solved() -> None:
    for name in of_kind("invalid"):
        error, _ = REFUSALS[CASES[name]["expected_failure"]["class"]]
        if error in (ImproperPolicyError, NotUnichainError):
            assert load(path(name)).name == name
        else:
            with pytest.raises(error, match=f"^{re.escape(name)}\\.json: "):
                load(path(name))


# -- answered with a warning -----------------------------------------------------------------------------


def test_symbolic_row_is_answered_with_its_assumption() -> None:
    name = "D13b_symbolic_row_ok_under_assumption"
    with pytest.warns(AssumptionWarning, match="symbol p has no declared assumption"):
        problem = load(path(name))
    case = CASES[name]["expected_failure"]
    closed = solved(problem)
    x = {sp.Symbol("x"): sp.exp(sp.Symbol("t"))}
    assert_equal(closed.J, parse(case["J_symbolic"].split(",")[0]).xreplace(x))
    assert_equal(closed.grad[sp.Symbol("t")], parse(case["grad_symbolic"]).xreplace(x))
    assert_equal(closed.at(problem.theta).J, parse(case["J_at_theta_0"]))


def test_float_thirds_are_read_as_thirds_with_a_warning() -> None:
    with pytest.warns(RationalisedWarning, match=r"0\.3333333333333333 as 1/3"):
        problem = load(path("D19_float_thirds"))
    assert [p for _, p, _ in problem.mdp.outcomes("s", "a")] == [sp.Rational(1, 3)] * 3
    # V = pi(a) (1/3 + V/3) at pi(a) = 1/2.
    assert solved(problem).at(problem.theta).J == sp.Rational(1, 5)


# -- valid -----------------------------------------------------------------------------------------------


class Answers:
    """What we say about one valid case, named as in its file."""

    def __init__(self, name: str) -> None:
        self.problem = load(path(name))
        self.closed = solved(self.problem)
        self.here = self.closed.at(self.problem.theta)
        self.mdp, self.policy = self.problem.mdp, self.problem.policy

    def params(self, value: Callable[[sp.Symbol], Any]) -> dict[str, Any]:
        return {p.name: value(p) for p in self.policy.params}

    def states(self, value: Callable[[Any], Any]) -> dict[Any, Any]:
        return {s: value(s) for s in self.mdp.nonterminal}

    def pairs(self, value: Callable[[Any, Any], Any]) -> dict[Any, Any]:
        return {s: {a: value(s, a) for a in self.mdp.actions(s)} for s in self.mdp.nonterminal}

    def at(self, expr: sp.Expr) -> sp.Expr:
        return expr.xreplace(dict(self.problem.theta))

    def weighted(self, s: Any, p: sp.Symbol) -> sp.Expr:
        """sum_a d pi(a|s)/d theta_p Q(s,a)."""
        slope = {a: self.at(sp.diff(self.policy(a, s), p)) for a in self.mdp.actions(s)}
        return sp.Add(*(slope[a] * self.here.Q[s, a] for a in slope))

    def line2(self, p: sp.Symbol) -> sp.Expr:
        """sum_s mu(s) sum_a d pi(a|s)/d theta_p Q(s,a)."""
        return sp.Add(*(self.here.mu[s] * self.weighted(s, p) for s in self.mdp.nonterminal))

    def average(self, p: sp.Symbol) -> sp.Expr:
        """d rbar/d theta_p."""
        return solve(self.problem.replace(objective=Objective.AVERAGE_REWARD)).at().grad[p]


EXPECTED: dict[str, Callable[[Answers], Any]] = {
    "pi": lambda x: x.policy.at(x.problem.theta),
    "J": lambda x: x.here.J,
    "rbar": lambda x: x.here.rbar,
    "grad": lambda x: x.params(lambda p: x.here.grad[p]),
    "V": lambda x: x.states(lambda s: x.here.V[s]),
    "Q": lambda x: x.pairs(lambda s, a: x.here.Q[s, a]),
    "Q_differential": lambda x: x.pairs(lambda s, a: x.here.Q[s, a]),
    "V_differential_mu_h_0": lambda x: x.states(lambda s: x.here.h[s]),
    "stationary": lambda x: x.states(lambda s: x.here.mu[s]),
    "dstationary": lambda x: x.params(lambda p: x.states(lambda s: x.at(sp.diff(x.closed.mu[s], p)))),
    "occupancy_unnormalised": lambda x: x.states(lambda s: x.here.eta[s]),
    "occupancy_normalised": lambda x: x.states(lambda s: x.here.d[s]),
    "occupancy_total": lambda x: sp.Add(*(x.here.eta[s] for s in x.mdp.nonterminal)),
    "fisher": lambda x: x.here.fisher.tolist(),
    "natural_gradient": lambda x: x.params(lambda p: x.here.natural_gradient[p]),
    "grad_rbar": lambda x: x.params(x.average),
    "note_line2_to_4_and_6": lambda x: x.params(lambda p: x.here.theorem_gradient[p]),
    "note_line5_per_state": lambda x: x.states(lambda s: x.params(lambda p: x.weighted(s, p))),
    "grad_minus_line2": lambda x: x.params(lambda p: x.here.grad[p] - x.line2(p)),
    "grad_minus_line2_over_1mg": lambda x: x.params(lambda p: x.here.grad[p] - x.line2(p) / (1 - x.mdp.gamma)),
    "line2_minus_grad_rbar": lambda x: x.params(lambda p: x.line2(p) - x.average(p)),
}

# J_symbolic has a test of its own.  Of the estimators only means are checked here.
ELSEWHERE = {"J_symbolic", "estimators_single_episode"}


def leaves(expected: Any, found: Any, place: str) -> Iterator[tuple[str, sp.Expr, sp.Expr]]:
    """(place, expected, found) for every number; both sides have the same keys."""
    if isinstance(expected, dict) and "exact" in expected:
        yield place, parse(expected["exact"]), found
    elif isinstance(expected, dict):
        assert expected.keys() == found.keys(), place
        for key, value in expected.items():
            yield from leaves(value, found[key], f"{place}.{key}")
    else:
        assert len(expected) == len(found), place
        for i, value in enumerate(expected):
            yield from leaves(value, found[i], f"{place}[{i}]")


def assert_equal(found: sp.Expr, expected: sp.Expr, place: str = "") -> None:
    """Equal as rational functions of symbols and exponentials: a decision, not a simplification."""
    difference = sp.cancel(sp.together((found - expected).rewrite(sp.exp)))
    assert difference == 0, f"{place}: found {found}, expected {expected}"


@pytest.fixture(scope="module")
def answers() -> Callable[[str], Answers]:
    cache: dict[str, Answers] = {}

    def get(name: str) -> Answers:
        if name not in cache:
            cache[name] = Answers(name)
        return cache[name]

    return get


QUANTITIES = [(name, key) for name in of_kind("valid") for key in CASES[name]["expected"] if key not in ELSEWHERE]


@pytest.mark.parametrize(
    ("name", "key"), QUANTITIES, ids=lambda value: value.split("_")[0] if value in CASES else value
)
def test_valid_case_has_the_exact_value(name: str, key: str, answers: Callable[[str], Answers]) -> None:
    found = EXPECTED[key](answers(name))
    compared = list(leaves(CASES[name]["expected"][key], found, key))
    assert compared
    for place, expected, value in compared:
        assert_equal(value, expected, place)


@pytest.mark.parametrize("name", [n for n in of_kind("valid") if "J_symbolic" in CASES[n]["expected"]])
def test_valid_case_has_the_closed_form(name: str) -> None:
    """J as a rational function of x = exp(theta) and of gamma, where gamma is kept as the symbol g."""
    problem = load(path(name))
    given = CASES[name]["expected"]["J_symbolic"]
    where = {sp.Symbol(x): parse(text) for x, text in given["where"].items() if x != "g"}
    formula = parse(given["expr"])
    if sp.Symbol("g") in formula.free_symbols:
        mdp = problem.mdp.replace(gamma="g")
        found = solve(Problem(mdp, problem.policy, problem.objective)).J
    else:
        found = solved(problem).J
    assert_equal(found, formula.xreplace(where))


@pytest.mark.parametrize("name", [n for n in of_kind("valid") if "estimators_single_episode" in CASES[n]["expected"]])
def test_valid_case_estimators_have_the_gradient_as_mean(name: str, answers: Callable[[str], Answers]) -> None:
    given = CASES[name]["expected"]["estimators_single_episode"]
    here = answers(name)
    for estimator in ("reinforce", "reward_to_go"):
        for place, expected, value in leaves(given[estimator]["mean"], EXPECTED["grad"](here), estimator):
            assert_equal(value, expected, place)
    assert_equal(here.here.J, parse(given["return_mean"]["exact"]), "return_mean")


# -- the tests themselves --------------------------------------------------------------------------------


def test_every_case_and_every_key_is_tested() -> None:
    assert {case["kind"] for case in CASES.values()} == {"valid", "invalid", "warning"}
    assert set(of_kind("warning")) == {"D13b_symbolic_row_ok_under_assumption", "D19_float_thirds"}
    assert {CASES[n]["expected_failure"]["class"] for n in of_kind("invalid")} == set(REFUSALS)
    assert {key for n in of_kind("valid") for key in CASES[n]["expected"]} == EXPECTED.keys() | ELSEWHERE
    assert len(CASES) == len(list(DATA.glob("*.json"))) - 1


def test_comparison_rejects_a_value_off_by_one_in_the_last_place(answers: Callable[[str], Answers]) -> None:
    name = "V12_three_state_discounted"
    wrong = parse(CASES[name]["expected"]["J"]["exact"]) + sp.Rational(1, 10**30)
    with pytest.raises(AssertionError, match="J: found 1645145/1055328"):
        assert_equal(answers(name).here.J, wrong, "J")


def test_valid_cases_load_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in of_kind("valid"):
            assert load(path(name)).name == name

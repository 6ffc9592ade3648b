"""The exact moments of one-episode estimators in tests/cases/data: means, covariances, baselines, and known mutants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sympy as sp
from named import reinforce, reward_to_go

from pgsym.estimators.estimator import Estimator
from pgsym.estimators.moments import EstimatorLaw, moments
from pgsym.expression.grammar import parse
from pgsym.model import MDP, Problem
from pgsym.model.formats import load

DATA = Path(__file__).parent / "data"
CASES = {path.stem: json.loads(path.read_text()) for path in sorted(DATA.glob("V*.json"))}
GIVEN = {
    name: case["expected"]["estimators_single_episode"]
    for name, case in CASES.items()
    if "estimators_single_episode" in case["expected"]
}
ESTIMATORS: dict[str, Estimator] = {
    "reinforce": reinforce(),
    "reward_to_go": reward_to_go(),
    "reward_to_go_without_gamma_t": reward_to_go(discounted=False),
}
MEANS = "if_rewards_replaced_by_r(s,a)_means"
PROSE = {"definition", "checked_by"}


def exact(leaf: dict[str, str]) -> sp.Expr:
    return parse(leaf["exact"])


def law_of(problem: Problem, key: str) -> EstimatorLaw:
    return moments(problem, ESTIMATORS[key]).at()


def averaged(mdp: MDP) -> MDP:
    """The same model with r(s,a) in the place of r(s,a,s')."""
    mean = {(s, a): sum(p * r for _, p, r in mdp.outcomes(s, a)) for s, a in mdp.pairs}
    rows = [(s, a, t, p, mean[s, a]) for s, a in mdp.pairs for t, p, _ in mdp.outcomes(s, a)]
    return MDP.from_transitions(rows, start=mdp.start, terminal=mdp.terminal, gamma=mdp.gamma, states=mdp.states)


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, given in GIVEN.items() for key in given if key in ESTIMATORS]
)
def test_case_has_the_exact_law(name: str, key: str) -> None:
    problem, given = load(DATA / f"{name}.json"), GIVEN[name][key]
    law = law_of(problem, key)
    assert {p.name: e for p, e in law.mean.items()} == {p: exact(e) for p, e in given["mean"].items()}
    assert law.covariance_trace == exact(given["cov_trace"])
    if "cov" in given:
        assert law.covariance == sp.Matrix([[exact(e) for e in row] for row in given["cov"]])
    if "optimal_constant_baseline_trace" in given:
        best = law.optimal_constant_baseline
        assert best.value == exact(given["optimal_constant_baseline_trace"])
        assert best.trace == exact(given["cov_trace_at_optimal_constant_baseline"])


@pytest.mark.parametrize("name", GIVEN)
def test_case_has_the_exact_return(name: str) -> None:
    law = law_of(load(DATA / f"{name}.json"), "reinforce")
    assert law.return_mean == exact(GIVEN[name]["return_mean"])
    assert law.return_variance == exact(GIVEN[name]["return_variance"])


@pytest.mark.parametrize("name", [name for name, given in GIVEN.items() if MEANS in given])
def test_case_rejects_averaged_rewards_with_the_known_traces(name: str) -> None:
    problem, given = load(DATA / f"{name}.json"), GIVEN[name]
    for key in ("reinforce", "reward_to_go"):
        right = law_of(problem, key)
        wrong = moments(Problem(averaged(problem.mdp), problem.policy), ESTIMATORS[key]).at(problem.theta)
        assert dict(wrong.mean) == dict(right.mean)
        assert wrong.covariance_trace == exact(given[MEANS][f"{key}_cov_trace"])
        assert wrong.covariance_trace != right.covariance_trace


def test_every_key_is_tested() -> None:
    tested: set[Any] = {*ESTIMATORS, MEANS, "return_mean", "return_variance"} | PROSE
    assert {key for given in GIVEN.values() for key in given} == tested
    assert len(GIVEN) == 5

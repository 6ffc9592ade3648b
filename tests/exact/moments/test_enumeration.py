"""The exact law against every trajectory, one by one, in plain fractions."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_estimators import Plain
from strategies import episodic_mdps, points, policies, rows

from pgsym.exact.moments import moments
from pgsym.model import MDP, Problem
from pgsym.model.estimator import GAE, ActorCritic, AllKnowing, EligibilityTrace, NStep, Reinforce, RewardToGo


@st.composite
def loop_free_mdps(draw, n=3):
    """Every step leads to a later state or ends the run."""
    transitions = []
    for s in range(n):
        for a in range(draw(st.integers(1, 2))):
            transitions += [(s, f"a{a}", *o) for o in draw(rows([*range(s + 1, n), "end"]))]
    gamma = draw(st.sampled_from(["1", "1/2", "9/10"]))
    start = {0: "2/3", n - 1: "1/3"}
    return MDP.from_transitions(transitions, start=start, terminal=["end"], gamma=gamma, states=[*range(n), "end"])


fractions = st.fractions(-2, 2, max_denominator=3).map(sp.Rational)


@st.composite
def state_functions(draw, mdp, *, exact):
    kind = draw(st.sampled_from(["number", "by state", "exact"] if exact else ["number", "by state"]))
    if kind == "exact":
        return "exact"
    return draw(fractions) if kind == "number" else {s: draw(fractions) for s in mdp.nonterminal}


@st.composite
def estimators(draw, mdp, *, whole):
    """Any estimator; `whole`: of whole episodes of a loop-free model, else cut off."""
    horizon = draw(st.none() | st.integers(1, 3)) if whole else draw(st.integers(1, 3))
    weighted = draw(st.booleans())
    kind = draw(st.sampled_from(["reinforce", "rtg", "ac", "n", "gae", *(["all", "trace"] if whole else ["trace"])]))
    v = draw(state_functions(mdp, exact=whole))
    lam = draw(st.sampled_from(["0", "1/3", "1"]))
    common = {"discount_weight": weighted, "horizon": horizon}
    critic = {**common, "bootstrap": draw(st.booleans())}
    if kind == "reinforce":
        return Reinforce(v, horizon=horizon)
    if kind == "rtg":
        return RewardToGo(v, **common)
    if kind == "ac":
        return ActorCritic(v, **critic)
    if kind == "n":
        return NStep(draw(st.integers(1, 4)), v, **critic)
    if kind == "gae":
        return GAE(lam, v, **critic)
    if kind == "all":
        return AllKnowing(v, **common)
    return EligibilityTrace(lam, draw(st.integers(1, 3)))


def agree(found, plain):
    mean, covariance = plain
    assert [sp.Rational(e) for e in found.mean.values()] == [sp.Rational(m) for m in mean]
    assert found.covariance == sp.Matrix(covariance)
    assert list(found.variance.values()) == [covariance[i][i] for i in range(len(mean))]
    assert found.covariance_trace == sum(covariance[i][i] for i in range(len(mean)))


@settings(max_examples=60)
@given(st.data())
def test_law_equals_enumeration_of_loop_free_models(data):
    mdp = data.draw(loop_free_mdps())
    policy = data.draw(policies(mdp))
    theta = data.draw(points(policy))
    estimator = data.draw(estimators(mdp, whole=True))
    agree(moments(Problem(mdp, policy), estimator).at(theta), Plain(mdp, policy, theta).law(estimator))


@settings(max_examples=40)
@given(st.data())
def test_law_equals_enumeration_of_truncated_runs(data):
    mdp = data.draw(episodic_mdps(max_states=3))
    policy = data.draw(policies(mdp))
    theta = data.draw(points(policy))
    estimator = data.draw(estimators(mdp, whole=False))
    agree(moments(Problem(mdp, policy), estimator).at(theta), Plain(mdp, policy, theta).law(estimator))


@settings(max_examples=40)
@given(st.data())
def test_optimal_baselines_equal_the_least_squares_of_all_trajectories(data):
    mdp = data.draw(loop_free_mdps())
    policy = data.draw(policies(mdp))
    theta = data.draw(points(policy))
    estimator = data.draw(estimators(mdp, whole=True))
    plain = Plain(mdp, policy, theta)
    if getattr(estimator, "baseline", 0) != 0:  # the optimum takes the place of a baseline of its own
        given_ = type(estimator)(**{**vars(estimator), "baseline": 0})
    else:
        given_ = estimator
    w = plain.gamma if getattr(estimator, "discount_weight", False) else 1
    c, q = plain.baseline_terms(given_, w)
    assert all(e == 0 for (s, t), e in q.items() if s != t)
    total = sum(q[s, s] for s in mdp.nonterminal)
    law = moments(Problem(mdp, policy), estimator).at(theta)
    if total == 0:
        return
    trace = sum(e for i, row in enumerate(plain.law(given_)[1]) for j, e in enumerate(row) if i == j)
    constant = law.optimal_constant_baseline
    assert constant.value == sp.Rational(sum(c.values()) / total)
    assert constant.trace == sp.Rational(trace - sum(c.values()) ** 2 / total)
    best = law.optimal_state_baseline
    for s in best.value:
        assert best.value[s] == sp.Rational(c[s] / q[s, s])
    assert best.trace == sp.Rational(trace - sum(c[s] ** 2 / q[s, s] for s in mdp.nonterminal if q[s, s]))


@pytest.mark.parametrize("mutant", ["averaged rewards", "w = 1", "bootstrap dropped"])
def test_enumeration_rejects_mutant(mutant):
    """One model on which each of these mistakes shows."""
    mdp = MDP.from_transitions(
        [
            (0, "a", 1, "1/2", 4),
            (0, "a", 1, "1/2", 0),
            (0, "b", "end", 1, 1),
            (1, "a", "end", "1/2", 3),
            (1, "a", "end", "1/2", -1),
            (1, "b", "end", 1, 0),
        ],
        start=0,
        terminal=["end"],
        gamma="1/2",
    )
    from pgsym.model import tabular

    policy = tabular(mdp)
    theta = dict.fromkeys(policy.params, sp.Integer(0))
    right = GAE("1/2", {0: 1, 1: 1}, horizon=1)
    wrong, model = right, mdp
    if mutant == "averaged rewards":
        means = {(s, a): sum(p * r for _, p, r in mdp.outcomes(s, a)) for s, a in mdp.pairs}
        rows_ = [(s, a, t, p, means[s, a]) for s, a in mdp.pairs for t, p, _ in mdp.outcomes(s, a)]
        model = MDP.from_transitions(rows_, start=0, terminal=["end"], gamma="1/2")
    elif mutant == "w = 1":
        right = GAE("1/2", {0: 1, 1: 1})
        wrong = GAE("1/2", {0: 1, 1: 1}, discount_weight=False)
    else:
        wrong = GAE("1/2", {0: 1, 1: 1}, horizon=1, bootstrap=False)
    plain = Plain(mdp, policy, theta).law(right)
    agree(moments(Problem(mdp, policy), right).at(theta), plain)
    with pytest.raises(AssertionError):
        agree(moments(Problem(model, policy), wrong).at(theta), plain)

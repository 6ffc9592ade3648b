"""The exact law against every trajectory, one by one, in plain fractions."""

import re
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_estimators import CUT_OFF, Plain
from strategies import continuing_mdps, episodic_mdps, points, policies, rows

from pgsym.claims.trajectories.averages import TermMeans
from pgsym.claims.trajectories.stages import Stages
from pgsym.errors import HypothesisError
from pgsym.estimators.estimator import find_estimator
from pgsym.estimators.moments import moments
from pgsym.estimators.named import ESTIMATORS, NAMES
from pgsym.model import MDP, Problem, tabular

TWO_STEPS = MDP.from_transitions(
    [
        (0, "a", 1, "1/2", 4),
        (0, "a", 1, "1/2", 0),
        (0, "b", "end", 1, 1),
        (1, "a", 2, "1/2", 3),
        (1, "a", "end", "1/2", -1),
        (1, "b", "end", 1, 0),
        (2, "a", "end", 1, 2),
        (2, "b", "end", 1, 1),
    ],
    start=0,
    terminal=["end"],
    gamma="1/2",
)
"""A run of it can be cut off after two steps."""


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
    kind = draw(st.sampled_from(["number", "by state", "V(s)"] if exact else ["number", "by state"]))
    if kind == "V(s)":
        return kind
    return draw(fractions) if kind == "number" else {s: draw(fractions) for s in mdp.nonterminal}


@st.composite
def estimators(draw, mdp, *, whole):
    """Any estimator; `whole`: of whole episodes of a loop-free model, else cut off."""
    name = draw(st.sampled_from([name for name in NAMES if whole or "all-knowing" not in name]))
    let = {}
    for head in ESTIMATORS[name.removesuffix("-undiscounted")].let:
        if head in ("b(s)", "v(s)"):
            let[head] = draw(state_functions(mdp, exact=whole))
        else:
            numbers = st.integers(1, 4) if head == "n" else st.sampled_from(["0", "1/3", "1"]).map(sp.Rational)
            let[head] = draw(numbers)
    always = not whole or name == "eligibility-trace"
    horizon = draw(st.integers(1, 3) if always else st.none() | st.integers(1, 3))
    return find_estimator(name, let, horizon=horizon, bootstrap=draw(st.booleans()))


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


def score_at(time):
    return f"grad log pi(a_{{{time}}}|s_{{{time}}})"


AT_T = [
    "r_t",
    "r_{t+1}",
    "V(s_t)",
    "V(s_{t+1})",
    "Q(s_t,a_t)",
    "v(s_{t+1})",
    "(G_t - b(s_t))",
    "(G - b(s_t))",
    "G_{t+1}",
    "(r_t + gamma*v(s_{t+1}) - v(s_t))^2",
    "beta^t",
    "(1 + beta^t)",
    "pi(a_t|s_t)",
    "1/pi(a_t|s_t)",
    "(V(s_t) - 2*V(s_{t+1}))",
    "(sum[u>=t] (gamma*beta)^(u-t) * (r_u + gamma*v(s_{u+1}) - v(s_u)))",
    "(sum[t<=u<t+2] gamma^(u-t) * r_u)",
    "(sum[u<=t] r_u)",
    "(sum[u<t] beta^(t-u) * r_u)",
    "(sum[u>t+1] r_u)",
    "(sum[u] r_u)",
    "(prod[u<=t] pi(a_u|s_u))",
    "(delta(t) + 1)",
]
"""Functions of a run and of a time t of it."""
ALONE = [
    "grad log P(tau) * G",
    "sum[t] r_t * sum[u<=t] beta^(t-u) * grad log pi(a_u|s_u)",
    "sum[t] sum[t<u<=t+2] b(s_u) * grad log pi(a_t|s_t)",
    "G * sum[t] beta^t * grad log pi(a_t|s_t)",
    "grad pi(a_0|s_0) * G",
]


@st.composite
def texts(draw, *, values=True):
    """Random vectors on a run: sums of products of scores, rewards, returns, windows, powers and critics."""
    known = [x for x in AT_T if values or not {"V", "Q"} & set(x)]
    parts = []
    for _ in range(draw(st.integers(1, 2))):
        if draw(st.integers(0, 3)) == 0:
            parts.append(draw(st.sampled_from(ALONE)))
            continue
        weight = draw(st.sampled_from(["", "gamma^t * ", "beta^t * ", "2 * "]))
        score = score_at(draw(st.sampled_from(["t", "t", "t", "t+1"])))
        factors = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2))
        parts.append(f"(sum[t] {weight}{' * '.join([score, *factors])})")
    return draw(st.sampled_from([" + ", " - 1/2 * "])).join(parts)


@st.composite
def written(draw, mdp, text, horizon, **options):
    """The estimator of a text, its names given numbers."""
    definitions = {"delta(t)": "r_t + gamma*v(s_{t+1}) - v(s_t)"} if "delta" in text else {}
    let: dict = dict(definitions)
    for head in ("b(s)", "v(s)", "beta"):
        if re.search(rf"\b{re.escape(head.removesuffix('(s)'))}\b", " ".join([text, *definitions.values()])):
            by_state = head != "beta" and draw(st.booleans())
            let[head] = {s: draw(fractions) for s in mdp.nonterminal} if by_state else draw(fractions)
    return find_estimator(text, let, horizon=horizon, bootstrap=draw(st.booleans()), **options)


@settings(max_examples=250)
@given(st.data())
def test_law_of_any_text_equals_enumeration(data):
    mdp = data.draw(loop_free_mdps())
    policy = data.draw(policies(mdp))
    theta = data.draw(points(policy))
    estimator = data.draw(written(mdp, data.draw(texts()), data.draw(st.none() | st.integers(1, 3))))
    agree(moments(Problem(mdp, policy), estimator).at(theta), Plain(mdp, policy, theta).law(estimator))


@settings(max_examples=60)
@given(st.data())
def test_law_of_any_text_equals_enumeration_from_the_stationary_distribution(data):
    mdp = data.draw(continuing_mdps(max_states=2))
    policy = data.draw(policies(mdp))
    theta = data.draw(points(policy))
    text, horizon = data.draw(texts(values=False)), data.draw(st.integers(1, 2))
    estimator = data.draw(written(mdp, text, horizon, stationary=True))
    agree(moments(Problem(mdp, policy), estimator).at(theta), Plain(mdp, policy, theta).law(estimator))


@pytest.mark.parametrize("name", NAMES)
def test_text_of_a_name_is_its_definition(name):
    """On every run that is cut off: the text against the sum in the literature."""
    let = {"n": 2, "lambda": "1/3", "beta": "1/2", "b(s)": {0: 2, 1: -1}, "v(s)": {0: 1, 1: 3}}
    known = ESTIMATORS[name.removesuffix("-undiscounted")].let
    given_ = {head: value if isinstance(value, dict) else sp.Rational(value) for head, value in let.items()}
    own = {head: 2 if head == "n" else given_[head] for head in known}
    for bootstrap in (True, False):
        estimator = find_estimator(name, own, horizon=2, bootstrap=bootstrap)
        plain = Plain(TWO_STEPS, tabular(TWO_STEPS), dict.fromkeys(tabular(TWO_STEPS).params, sp.Integer(0)))
        for _, steps, last in plain.trajectories(2):
            end = last if bootstrap or last == "end" else CUT_OFF
            assert (plain.sample(estimator, steps, end) == plain.text(estimator, steps, end)).all()


WITH_BASELINE = [name for name in NAMES if "b(s)" in ESTIMATORS[name.removesuffix("-undiscounted")].let]


@settings(max_examples=40)
@given(st.data())
def test_optimal_baselines_equal_the_least_squares_of_all_trajectories(data):
    mdp = data.draw(loop_free_mdps())
    policy = data.draw(policies(mdp))
    theta = data.draw(points(policy))
    name = data.draw(
        st.sampled_from([name for name in NAMES if "b(s)" in ESTIMATORS[name.removesuffix("-undiscounted")].let])
    )
    baseline, horizon = data.draw(state_functions(mdp, exact=True)), data.draw(st.none() | st.integers(1, 3))
    estimator = find_estimator(name, {"b": baseline}, horizon=horizon)
    given_ = find_estimator(name, {"b": sp.Integer(0)}, horizon=horizon)  # the optimum takes the place of its own
    plain = Plain(mdp, policy, theta)
    w = plain.gamma if "gamma^t" in estimator.text else 1
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


MUTANTS = ["order of times ignored", "powers ignored", "bootstrap dropped", "rewards averaged", "w = 1"]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_enumeration_rejects_mutant(mutant, monkeypatch):
    """One model on which each of these mistakes shows."""
    policy, let = tabular(TWO_STEPS), {"lambda": sp.Rational(1, 2), "v": {0: 1, 1: 1, 2: 1}}
    theta = dict.fromkeys(policy.params, sp.Integer(0))
    right = wrong = find_estimator("gae", let, horizon=2)
    model, plain = TWO_STEPS, Plain(TWO_STEPS, policy, theta).law(right)
    agree(moments(Problem(TWO_STEPS, policy), right).at(theta), plain)
    if mutant == "order of times ignored":
        monkeypatch.setattr(Stages, "_allowed", lambda *given: True)
    elif mutant == "powers ignored":
        monkeypatch.setattr(TermMeans, "_weight", lambda self, chain, step: chain.field.number(Fraction(step.weight)))
    elif mutant == "bootstrap dropped":
        wrong = replace(right, bootstrap=False)
    elif mutant == "rewards averaged":
        means = {(s, a): sum(p * r for _, p, r in model.outcomes(s, a)) for s, a in model.pairs}
        rows_ = [(s, a, t, p, means[s, a]) for s, a in model.pairs for t, p, _ in model.outcomes(s, a)]
        model = MDP.from_transitions(rows_, start=0, terminal=["end"], gamma="1/2")
    else:
        wrong = find_estimator("gae-undiscounted", let, horizon=2)
    found = moments(Problem(model, policy), wrong).at(theta)
    with pytest.raises(AssertionError):
        agree(found, plain)


def test_base_beyond_one_has_no_law_over_unbounded_time():
    """The equations of a sum that diverges have a solution, and the variance in it may be negative."""
    message = (
        r"^gae: found \(gamma \* lambda\)\^\(u-t\) with the base {}; without a horizon it lies in \[-1, 1\], for else"
    )
    for value in ("2", "11/10", "-3/2"):
        with pytest.raises(HypothesisError, match=message.format(value)):
            moments("short-corridor", "gae", let={"lambda": value})
    law = moments("short-corridor", "gae", let={"lambda": sp.Symbol("lambda")})
    with pytest.raises(HypothesisError, match=message.format("3/2")):
        law.at(**{"lambda": "3/2"})
    assert law.at(**{"lambda": 1}).covariance_trace > 0
    cut_off = find_estimator("gae", {"lambda": sp.Integer(4), "v(s)": sp.Integer(1)}, horizon=2)
    problem = Problem(TWO_STEPS, tabular(TWO_STEPS))
    theta = dict.fromkeys(problem.policy.params, sp.Integer(0))
    agree(moments(problem, cut_off).at(theta), Plain(TWO_STEPS, problem.policy, theta).law(cut_off))

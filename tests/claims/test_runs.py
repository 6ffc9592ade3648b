"""Statements about runs: exact values against the enumeration of all runs, published values, and what is refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import sympy as sp
from flint import arb, ctx
from second_reading.meaning import FLOAT_BITS, SMALL
from second_reading.point import Numbers
from second_reading.points import by_symbol, plain, random_place
from second_reading.random_runs import layered, setting, statement
from second_reading.soundness import judge

import pgsym
from pgsym.claims import Status, parse
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.trajectories.stages import Stages
from pgsym.errors import ClaimError
from pgsym.model import MDP, Problem
from pgsym.model.structure import Structure

MODELS, STATEMENTS = 200, 3
SEED = 2026
BITS = 424


def both_values(rng: random.Random, text: str, problem: Problem) -> tuple[list[arb], list[arb]]:
    """All entries of a statement's value at a random point: of the engine's closed form, and by enumeration."""
    bound = setting(problem, text)
    place = random_place(bound, rng)
    read = plain(bound, place).sides(BITS)[0]
    meaning = bound.closed()
    value, field = meaning.compile(bound.claim.left)({}), meaning.tower.field(0)
    entries = [value] if bound.rank == 0 else [value.get(p, field.zero) for p in bound.policy.params]
    ctx.prec = BITS
    try:
        numbers = Numbers(by_symbol(bound, place), bound.policy.params, 0)
        return [numbers(field.to_sympy(e)).value for e in entries], read
    finally:
        ctx.prec = FLOAT_BITS


def differences(seed: int) -> list[str]:
    """The statements on one random model in which the two values differ."""
    rng = random.Random(f"{SEED} {seed}")
    problem, wrong = layered(rng), []
    for _ in range(STATEMENTS):
        text = statement(rng)
        found, read = both_values(rng, text, problem)
        if len(read) == 1 and len(found) != 1:  # the number 0 has every shape
            read *= len(found)
        if any(not x.overlaps(y) or not abs(x - y) < SMALL for x, y in zip(found, read, strict=True)):
            wrong.append(text)
    return wrong


@pytest.mark.parametrize("seed", range(MODELS))
def test_value_is_that_of_the_enumeration_of_all_runs(seed: int) -> None:
    assert differences(seed) == []


def _any_order(self: Stages, gap: Any, before: Any, block: Any, ages: Any) -> bool:
    return True


def _no_powers(self: Any, chain: Any, move: Any) -> Any:
    return chain.field.one


@pytest.mark.parametrize(
    ("owner", "name", "slip"),
    [
        ("pgsym.claims.trajectories.stages.Stages", "_allowed", _any_order),
        ("pgsym.claims.trajectories.averages.TermMeans", "_weight", _no_powers),
    ],
    ids=["the order of times is ignored", "the powers are ignored"],
)
def test_a_slip_of_the_rule_is_seen(
    owner: str, name: str, slip: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{owner}.{name}", slip)
    assert any(differences(seed) for seed in range(10))


@pytest.mark.parametrize("seed", range(40))
def test_verdict_agrees_with_the_second_reading(seed: int) -> None:
    """E is linear, Var X = E X^2 - (E X)^2, and what is changed in one place is refuted; by both methods."""
    rng = random.Random(f"verdict {seed}")
    problem = layered(rng)
    x = f"({rng.choice(['G', 'sum[t] r_t', 'sum[t] gamma^t * V(s_t)', 'sum[t] r_t * sum[u>t] r_u'])})"
    k = rng.choice([0, 0, 1])
    text = rng.choice(
        [
            f"Var[tau] {x} = E[tau] {x}^2 - (E[tau] {x})^2 + {k}",
            f"E[tau] ({x} + {x}) = 2 * E[tau] {x} + {k}",
            f"let y(t) = r_t + gamma * V(s_{{t+1}}); E[tau] y(1) = E[tau] r_1 + gamma * E[tau] V(s_2) + {k}",
        ]
    )
    found = judge(problem, parse(text).claims[0], rng, method=rng.choice(["auto", "identity test"]))
    assert not found.complaints, str(found)
    assert found.status == (Status.REFUTED if k else Status.PROVED), str(found)


# -- what is published -----------------------------------------------------------------------------------


def value(problem: Any, text: str) -> sp.Expr:
    """The value of a scalar at the problem's theta."""
    problem = Problem.of(problem)
    claim = parse(f"{text} = 0").claims[0]
    bound = BoundClaim(claim, problem.mdp, problem.policy, problem.objective, Structure(problem.mdp, problem.policy))
    meaning = bound.at(problem.exact_point, {}, {}, problem.policy.params)
    return meaning.tower.field(0).to_sympy(meaning.compile(claim.left)({}))


@pytest.mark.parametrize(
    ("estimator", "variance"),
    [
        ("grad log P(tau) * G", 1959),
        ("sum[t] gamma^t * grad log pi(a_t|s_t) * G_t", 733),
        ("sum[t] grad log pi(a_t|s_t) * sum[u>=t] r_u", 733),
    ],
)
def test_variances_on_the_short_corridor(estimator: str, variance: int) -> None:
    """Sutton & Barto 2018, example 13.1, at p = 1/2: the values that `pgsym moments` prints by recursions."""
    assert value("short-corridor", f"trace Var[tau] ({estimator})") == variance


def test_length_of_a_run() -> None:
    """Twelve steps of the short corridor on average at p = 1/2, as its value is -12."""
    assert value("short-corridor", "E[tau] sum[t] 1") == 12
    assert value("short-corridor", "Var[tau] sum[t] 1") == value("short-corridor", "Var[tau] G")


DICE = "(prod[{}] pi(a_u|s_u) / sg(pi(a_u|s_u)))"
"""What makes any number of gradients of a sampled loss unbiased (Foerster et al. 2018)."""

TRUE = [
    "let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t); E[tau | s_0=s, a_0=a] delta(0) = A(s,a)",
    "let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t); E[tau] delta(3) = 0",
    "let x(t,u) = gamma^(u-t) * r_u; E[tau] x(0,2) = gamma^2 * E[tau] r_2",
    "let x(t) = gamma; E[tau] sum[t] x(t)^2 * gamma^t = x(0)^2 / (1 - gamma)",
    "E[tau] G = J",
    "sum[tau] P(tau) * R(tau) = J",
    "E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] gamma^(u-t) * r_u = grad J",
    "E[tau | s_0=s, a_0=a] G = Q(s,a)",
    "E[tau | s_0=s] G = V(s)",
    "grad E[tau] G = grad J",
    "for all b(s): E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - b(s_t)) = grad J",
    "E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (r_t + gamma * Q(s_{t+1},a_{t+1})) = grad J",
    "let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t); for all lambda: "
    "E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma * lambda)^(u-t) * delta(u) = grad J",
    "let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t); "
    "E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[t<=u<t+3] gamma^(u-t) * delta(u) = grad J",
    "E[tau~pi'] sum[t] gamma^t * (prod[u<=t] pi(a_u|s_u) / pi'(a_u|s_u)) * r_t = J",
    "let x(t) = prod[u<=t] pi(a_u|s_u) / pi'(a_u|s_u); E[tau~pi'] x(2) * r_2 = E[tau] r_2",
    "E[tau~pi'] prod[1<=u<=2] pi(a_u|s_u) / pi'(a_u|s_u) = 1",
    "E[tau~pi'] sum[t] gamma^t * (prod[u<=t-1] pi(a_u|s_u) / pi'(a_u|s_u)) * V(s_t) = sum[s] eta(s) * V(s)",
    f"E[tau] grad sum[t] gamma^t * {DICE.format('u<=t')} * r_t = grad J",
    f"E[tau] grad grad sum[t] gamma^t * {DICE.format('u<=t')} * r_t = grad grad J",
    "let T = 3; E[tau] (sum[t<T] gamma^t * r_t + gamma^T * V(s_T)) = J",
    "let T = 3; E[tau] sum[t<T] gamma^t * grad log pi(a_t|s_t) * sum[t<=u<T] gamma^(u-t) * r_u "
    "= grad E[tau] (r_0 + gamma * r_1 + gamma^(T-1) * r_{T-1})",
    "let N = 2; let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t); "
    "E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[t<=u<t+N] gamma^(u-t) * delta(u) = grad J",
    "E[tau~pi'] G = J'",
    "E[tau] sum[t] gamma^t * V(s_t) = sum[s] eta(s) * V(s)",
    "E[tau] sum[t] gamma^t * (E[tau | s_0=s_t] G - V(s_t)) = 0",
    "Var[tau | s_0=s] G = E[a~pi, s'~P] (r(s,a,s') + gamma * V(s') - V(s))^2 + gamma^2 * E[a~pi, s'~P] "
    "Var[tau | s_0=s'] G",
]

FALSE = [
    "let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t); E[tau | s_0=s, a_0=a] delta(1) = A(s,a)",
    "let x(t) = gamma^t * r_t; E[tau] x(2) = E[tau] r_2",
    "E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>t] gamma^(u-t) * r_u = grad J",
    "for all b(s,a): E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - b(s_t,a_t)) = grad J",
    "E[tau~pi'] sum[t] gamma^t * (prod[u<t] pi(a_u|s_u) / pi'(a_u|s_u)) * r_t = J",
    "E[tau~pi'] sum[t] gamma^t * (prod[u<=t] pi'(a_u|s_u) / pi(a_u|s_u)) * r_t = J",
    "E[tau] sum[t<5] gamma^t * grad log pi(a_t|s_t) * G_t = grad J",
    "let T = 3; E[tau] (sum[t<T] gamma^t * r_t + gamma^(T+1) * V(s_{T+1})) = J",
    "let x(t) = prod[u<t] pi(a_u|s_u) / pi'(a_u|s_u); E[tau~pi'] x(2) * r_2 = E[tau] r_2",
    f"E[tau] grad sum[t] gamma^t * {DICE.format('u<t')} * r_t = grad J",
    "E[tau] grad grad sum[t] gamma^t * sum[u<=t] log pi(a_u|s_u) * r_t = grad grad J",
    "for all b(s): let delta(t) = r_t + gamma * b(s_{t+1}) - b(s_t); "
    "E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[t<=u<t+2] gamma^(u-t) * delta(u) = grad J",
]


@pytest.mark.parametrize("method", ["auto", "identity test"])
@pytest.mark.parametrize("claim", TRUE)
def test_true_of_a_continuing_model(claim: str, method: str) -> None:
    assert pgsym.decide("two-state", claim, method=method).proved


@pytest.mark.parametrize("method", ["auto", "identity test"])
@pytest.mark.parametrize("claim", FALSE)
def test_false_of_a_continuing_model(claim: str, method: str) -> None:
    verdict = pgsym.decide("two-state", claim, method=method)
    if "pi'(a_u|s_u) / pi(" in claim:  # the product of these ratios has no mean 1
        assert verdict.status is Status.INAPPLICABLE
    else:
        assert verdict.refuted


def test_the_lines_of_a_lecture() -> None:
    """Both estimators have the mean grad J; of their traces the second is larger (Williams 1992; Sutton 2000)."""
    for text in (
        "E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] gamma^(u-t) * r_u = grad J",
        "trace Var[tau] (sum[t] gamma^t * grad log pi(a_t|s_t) * G_t) != trace Var[tau] (grad log P(tau) * G)",
    ):
        assert pgsym.decide("short-corridor", text).proved


def test_limit_of_a_mean() -> None:
    assert pgsym.decide("two-state", "limit[gamma->1] (1 - gamma) * E[tau] G = rbar").proved


# -- text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [*TRUE, *FALSE])
def test_text_reads_back(claim: str) -> None:
    found = parse(claim)
    assert parse(str(found)) == found


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("E[tau] sum[t] gamma^t * r_t", r"\mathbb{E}_{\tau}\left[\sum_{t \ge 0} \gamma^{t} \, r_{t}\right]"),
        ("E[tau | s_0=s] G", r"\mathbb{E}_{\tau \mid s_{0} = s}\left[R(\tau)\right]"),
        ("trace Var[tau~pi'] (grad log P(tau) * G_0)",
         r"\operatorname{tr} \operatorname{Var}_{\tau \sim \pi'}\left[\nabla \log P(\tau) \, G_{0}\right]"),
        ("let x(t) = r_t; E[tau] sum[t] x(t+1) * x(0)",
         r"\mathbb{E}_{\tau}\left[\sum_{t \ge 0} x(t+1) \, x(0)\right]"),
        ("Cov[tau](G, sum[t] sum[t<=u<t+3] V(s_{u+1}))",
         r"\operatorname{Cov}_{\tau}\left(R(\tau),\, \sum_{t \ge 0} \sum_{t \le u < t+3} V(s_{u+1})\right)"),
    ],
)  # fmt: skip
def test_latex(text: str, latex: str) -> None:
    assert parse(f"{text} = 0").terms[0].latex() == latex


def test_names_of_a_model_outside_of_runs() -> None:
    """G and r_1 are symbols where no run is about; inside one they are quoted."""
    assert str(parse("G = r_1")) == '"G" == "r_1"'
    assert str(parse('E[tau] G * "G" = 0')) == 'E[tau] G * "G" == 0'


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("sum[t<T] r_t", "sum[t<3] r_t"),
        ("sum[T-1<=t<T+2] r_{T}", "sum[2<=t<5] r_3"),
        ("sum[t] sum[t<=u<t+T] gamma^(u-t+T) * V(s_{u+T-1})", "sum[t] sum[t<=u<t+3] gamma^(u-t+3) * V(s_{u+2})"),
        ("sum[t] gamma^T * gamma^(T-1) * G_T * s_T * r_Tx", 'sum[t] gamma^3 * gamma^2 * G_3 * "s_T" * r_Tx'),
        ("x(T) + x(T-1) + sum[t] x(t+T) + 1/T", "x(3) + x(2) + sum[t] x(t+3) + 1 / T"),
    ],
)
def test_whole_numbers_by_name_stand_in_times(written: str, read: str) -> None:
    found, same = (parse(f"let T = 3; let x(t) = r_t; E[tau] ({text}) = 0") for text in (written, read))
    assert found == same
    assert parse(str(found)) == found


# -- what is refused -------------------------------------------------------------------------------------

SQUARE = "found a function of several steps of a run; sums and products of functions of one step each are averaged."

QUOTIENT = (
    "found a division by {}, which has a value only once the run is over; the mean of such a quotient is no rational "
    "function. Divide by a number of steps, or where runs are cut off add up what each length gives, as "
    "mean-over-own-steps does in pgsym theorems"
)

GRADIENT = (
    "found the gradient of a function of several steps; it is taken of sums, products and powers of numbers. Write its "
    "terms out"
)

INDICES = (
    "found a power over time of what has indices; it is taken of numbers, such as gamma. Write prod[u<t] for a product "
    "over the steps"
)

REFUSED = {
    "E[tau] r_t = 1": "the time t is not bound; sum over it, as in sum[t]",
    "E[tau] sum[t] lambda^(t-u) * r_t = 1": "the time u is not bound; sum over it, as in sum[u]",
    "sum[t] r_t = J": "found a part of a run outside of one; it stands under E[tau], Var[tau] or Cov[tau]",
    "let X = G; X = J": "found a part of a run outside of one; it stands under E[tau], Var[tau] or Cov[tau]",
    "E[tau] sum[t] sum[t] r_t = 1": "t is summed inside a sum over t; rename one of them",
    "E[tau] sum[t,u] gamma^(u-t) * r_t = 0": "found a power of gamma over time whose exponent can fall below 0; the "
    "time that is taken off must not be later. Sum over times from it on, as in sum[u>=t] gamma^(u-t)",
    "Cov[tau](G, grad log P(tau)) = grad J": "found the covariance of a scalar and a vector over the parameters; two "
    "scalars or two vectors over the parameters have one",
    "E[tau] sum[t] sum[u] Q(s_t,a_u) = 1": "a_u is an action of s_u; found s_t. Give both one time",
    "E[tau] sum[t] 2^t * r_t = 0": "found the discount 2; it lies in [0, 1), or in [0, 1] where every run ends. Choose "
    "one there",
    "E[tau] 1/G = 0": QUOTIENT.format("G"),
    "E[tau] (sum[t] r_t) / (sum[t] 1) = 0": QUOTIENT.format("sum[t] 1"),
    "E[tau] sum[t] 1 / (1 + r_{t+1}^2) = 0": "found a division by what depends on a step that the run may not reach, "
    "and is not 0 then. Divide by a function of a step of the sum, as in sum[t] 1 / (1 + r_t^2)",
    "E[tau] log G = 0": f"{SQUARE} Write it as such",
    "E[tau] G^9 = 0": "found a product over 9 times; at most 8 are taken together. Use lower powers",
    "E[tau | a_0=a] G = 0": "found a_0=a; runs begin in a state, as in E[tau | s_0=s, a_0=a]",
    "E[tau~mu] G = 0": "found tau~mu; runs are those of pi or of pi'",
    "sum[tau] R(tau) = J": "a sum over runs is written sum[tau] P(tau) * ...",
    "E[tau~pi'] grad log P(tau) * G = 0": "found P(tau) over runs of pi'; it could be meant with or without that. "
    "Write the sum of scores instead, as in sum[t] grad log pi(a_t|s_t)",
    "E[tau] sum[t<a] r_t = 0": "found a; a bound is another time, as in u>=t, or a number, as in let T = 3; sum[t<T]",
    "let T = 1/2; E[tau] sum[t<T] r_t = 0": "found T; a bound is another time, as in u>=t, or a number, as in let T = "
    "3; sum[t<T]",
    "let T = 3; E[tau] sum[t<T-4] r_t = 0": "found -1; a bound is another time, as in u>=t, or a number, as in let T = "
    "3; sum[t<T]",
    "let T = 3; E[tau] V(T) = 0": "V takes a state there; 3 is a time",
    "E[tau] sum[t] gamma^(t*2) * r_t = 0": "found the power t*2; a power is a whole number, a time as in gamma^t, or a "
    "difference of times as in gamma^(u-t)",
    "E[tau] prod[u] r_u * G = 1": "a product over time is of a function of step u alone",
    "E[tau] sum[t] prod[u>=t-1] r_u = 1": "a product over time begins at a time that is bound, as in prod[t<u]",
    "let X(s) = r_0 * V(s); E[tau] X(s_0) = 1": "X is about a run; its indices are times, as in let X(t)",
    "let X(t) = r_t; E[tau] sum[t] X(s_t) = 1": "X takes a time there, as in X(t)",
    "let X(t) = r_t; E[tau] X(99999) = 1": "X takes a time there, as in X(t)",
    "for all x(t): E[tau] sum[t] x(t) = 1": "found the time t; an arbitrary function is one of states and actions. "
    "Write for all x(s), and take it as x(s_t)",
    "E[tau] sum[t] t * r_t = 0": "found t as a number; it is a time there, which stands in indices and powers. Rename "
    "the time if a symbol of the model is meant",
    "E[tau] grad dot(grad V(s_0), grad V(s_2)) = 0": GRADIENT,
    "E[tau] grad sum[t] theta_x^t * r_t = 0": GRADIENT,
    'E[tau] sum[t<2] grad ((E[s~d] 1[s="x"])^t * r_t) = 0': GRADIENT,
    "E[tau] sum[t] V(s_t)^t = 0": INDICES,
    "E[tau] sum[t] (E[a~pi] r(s,a))^t = 0": INDICES,
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    with pytest.raises(ClaimError) as caught:
        pgsym.decide("two-state", "for all lambda: " + text if "lambda" in text else text)
    message, _, place = str(caught.value).partition("\n")
    assert message == REFUSED[text]
    assert place.rstrip().endswith("^")


def test_infinite_sum_names_the_states() -> None:
    verdict = pgsym.decide("two-state", "E[tau] sum[t] grad log pi(a_t|s_t) * G_t = grad J")
    assert verdict.status is Status.INAPPLICABLE
    assert verdict.reason == (
        "E[tau]: a run may stay in x, y for ever, where the sum over time does not converge. Give it a weight "
        "such as gamma^t, a horizon, or an end that is terminal"
    )


ENDING = [
    "E[tau] grad log P(tau) = 0",
    "sum[tau] grad P(tau) * R(tau) = grad J",
    "E[tau] sum[t] (r_t - r_pi(s_t)) = 0",
    "E[tau] sum[t] (Q(s_t,a_t) - r_t - gamma * V(s_{t+1})) = 0",
    "E[tau] sum[t] sum[u>t] (1/2)^(u-t) * grad log pi(a_u|s_u) = 0",
    "E[tau] sum[t] (V(s_t) - V(s_{t+1})) = J",
]
"""True where runs end.  Where they do not, the terms have a mean, and their sum has a limit on no run."""


@pytest.mark.parametrize("method", ["auto", "identity test"])
@pytest.mark.parametrize("claim", ENDING)
def test_sum_whose_terms_alone_have_a_mean(claim: str, method: str) -> None:
    assert pgsym.decide("crossroads", claim, method=method).proved
    assert pgsym.decide("two-state", claim, method=method).status is Status.INAPPLICABLE


def test_sums_of_mean_zero_spread_without_end() -> None:
    """Their variance grows with each step; a sum that is 0 on every run has none."""
    text = "Var[tau] sum[t<{}] (Q(s_t,a_t) - r_t - gamma * V(s_{{t+1}}))"
    assert value("two-state", text.format(10)) > sp.Rational(3, 2) * value("two-state", text.format(5)) > 0
    assert pgsym.decide("two-state", "E[tau] sum[t] (r_t - r_t) * grad log pi(a_t|s_t) = 0").proved
    assert pgsym.decide("two-state", 'E[tau] sum[t] 1[s_t="x"] * (1 - 1[s_t="x"]) = 0').proved


@pytest.mark.parametrize("model", ["two-state", "short-corridor"])
def test_zero_times_what_is_not_defined(model: str) -> None:
    """An infinite sum, and a mean over runs of a model that ends: neither is 0 for a factor 0 or a stopped gradient."""
    loose = "sum[t] r_t" if model == "two-state" else "sum[t] mu(s_t)"
    for claim in (f"E[tau] 0 * {loose} = 0", f"E[tau] grad sg(({loose}) * G) = 0"):
        assert pgsym.decide(model, claim).status is Status.INAPPLICABLE
    assert pgsym.decide(model, "E[tau] grad sg(r_0 * r_1) = 0").proved


def test_product_of_ratios_that_may_grow() -> None:
    """The second moment of importance sampling over runs of any length."""
    verdict = pgsym.decide("short-corridor", "E[tau~pi'] sum[t] r_t * prod[u<=t] (pi(a_u|s_u) / pi'(a_u|s_u))^2 = 0")
    assert verdict.status is Status.INAPPLICABLE
    assert verdict.reason == (
        "prod: the product over time of (pi(a_0|s_0) / pi'(a_0|s_0))^2 has no mean 1 in 's1', so over unbounded runs "
        "it may grow without bound. Use a model whose runs are bounded, such as problem.unroll(T)"
    )


def test_product_of_mean_one_that_may_change_its_sign() -> None:
    """1 + c - sum_a pi c has mean 1 for every c, and its absolute value a mean of any size."""
    verdict = pgsym.decide(
        "two-state",
        "for all c(s,a): E[tau] sum[t] gamma^t * prod[u<=t] (1 + c(s_u,a_u) - sum[a] pi(a|s_u) * c(s_u,a)) "
        "= 1 / (1 - gamma)",
    )
    assert verdict.status is Status.INAPPLICABLE
    assert verdict.reason == (
        "prod: the product over time of 1 + c(s_0,a_0) - sum[a] pi(a|s_0) * c(s_0,a) is not one of ratios of "
        "probabilities, so over unbounded runs it may grow without bound. Use a model whose runs are bounded, such as "
        "problem.unroll(T)"
    )


def test_action_that_the_policy_never_takes() -> None:
    rows = [("s", "a", "end", 1, 3), ("s", "b", "end", 1, 5)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"])
    policy = pgsym.direct_policy(mdp, {"s": {"a": 1, "b": 0}}, [])
    problem = Problem(mdp, policy, pgsym.Objective.START_STATE)
    assert pgsym.decide(problem, 'E[tau | s_0="s", a_0="b"] G = 5').proved
    assert pgsym.decide(problem, "E[tau | s_0=s, a_0=a] G = Q(s,a)").proved


def test_start_on_the_end() -> None:
    """A run without steps: sums over time are 0, constants count."""
    rows = [("s", "a", "end", "1/2", 1), ("s", "a", "s", "1/2", 2), ("s", "b", "end", 1, 5)]
    mdp = MDP.from_transitions(rows, start={"s": "1/3", "end": "2/3"}, terminal=["end"])
    problem = Problem.of(mdp)
    assert pgsym.decide(problem, "E[tau] (1 + sum[t] r_t) = 1 + J").proved
    assert pgsym.decide(problem, "E[tau | s_0=s] G = V(s)").proved
    for method in ("auto", "identity test"):
        for text in (
            "E[tau] sum[s'] P_pi(s_0,s') = 1",
            "E[tau | s_0=s] sum[s'] P_pi(s_0,s') = sum[s'] P_pi(s,s')",
            "E[tau] V(s_0) = J",
        ):
            assert pgsym.decide(problem, text, method=method).proved, text


def test_a_state_in_which_runs_stay_for_ever_is_no_matter_where_none_leads_there() -> None:
    mdp = MDP.from_transitions(
        [
            ("u", "l", "u", 1, 2),
            ("u", "r", "u", 1, -1),
            (0, "l", "end", "1/2", 1),
            (0, "l", 0, "1/2", 3),
            (0, "r", "end", 1, 2),
        ],
        start=0,
        terminal=["end"],
        gamma=1,
    )
    problem = Problem.of(mdp)
    for text in (
        "E[tau] sum[t] grad log pi(a_t|s_t) * G_t = grad J",
        "E[tau | s_0=0] G = V(0)",
        'E[tau | s_0=0, a_0="l"] G = Q(0,"l")',
        "Var[tau] G = E[tau] G^2 - (E[tau] G)^2",
    ):
        assert pgsym.decide(problem, text).status is Status.PROVED, text
    assert pgsym.decide(problem, 'E[tau | s_0="u"] G = 1').status is Status.INAPPLICABLE


@pytest.mark.parametrize("claim", ["E[tau] 1 / pi(a_0|s_0) = 2", "E[tau] r_1 / pi(a_1|s_1) = -2"])
def test_quotient_by_what_belongs_to_a_step_by_number(claim: str) -> None:
    """In the short corridor each state has two actions, and no run ends before its third step."""
    assert pgsym.decide("short-corridor", claim).proved


EXPANDED = "log mu0(s_0) + sum[t] log pi(a_t|s_t) + sum[t] log P(s_{t+1}|s_t,a_t)"
"""log P(tau), as it is expanded."""


@pytest.mark.parametrize("method", ["auto", "identity test"])
def test_what_has_no_value_where_no_run_begins_is_not_asked_for_there(method: str) -> None:
    """0 log 0 does not arise on runs: half of the states have mu0 = 0, two have 1/3 and 2/3."""
    rows = [(s, a, "end", 1, s + k) for s in range(4) for k, a in enumerate("lr")]
    problem = Problem.of(MDP.from_transitions(rows, start={1: "1/3", 2: "2/3"}, terminal=["end"], gamma=1))
    for claim, holds in [
        ("E[tau] 1 / mu0(s_0) = 2", True),
        ("E[tau] 1 / mu0(s_0) = 4", False),
        (f"E[tau] grad ({EXPANDED}) * G = grad J", True),
        (f"E[tau] grad (2 * ({EXPANDED})) * G = grad J", False),
        (f"sum[tau] P(tau) * grad ({EXPANDED}) * R(tau) = grad J", True),
    ]:
        assert pgsym.decide(problem, claim, method=method).proved is holds, claim
    assert pgsym.decide("crossroads", f"E[tau] (log P(tau) - ({EXPANDED}))^2 = 0").proved
    assert not pgsym.decide("crossroads", "E[tau] (log P(tau) - sum[t] log pi(a_t|s_t))^2 = 0").proved
    for claim in ("E[tau] log mu0(s_0) = 0", "E[tau] log mu0(s_0) = 1/3 * log (1/3) + 2/3 * log (2/3)"):
        assert pgsym.decide(problem, claim).proved is ("/" in claim), claim
    with pytest.raises(ClaimError, match="identically zero"):
        pgsym.decide(problem, "E[tau | s_0=s] 1 / mu0(s_0) = 1")

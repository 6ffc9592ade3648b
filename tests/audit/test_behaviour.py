"""Data of any policy, and targets of one's own: exact means of estimators that are known to be right or wrong."""

import numpy as np
import pytest
import sympy as sp

import pgsym
from pgsym.auditing import Rollouts, audit
from pgsym.auditing.problem_arrays import build_arrays
from pgsym.claims.value import exact_value
from pgsym.errors import ClaimError, SamplingError
from pgsym.model import MDP, Problem, tabular, token_tree

ROWS = [("s", "a", "t", "1/2", 1), ("s", "a", "end", "1/2", 0), ("s", "b", "t", 1, 0), ("s", "c", "end", 1, 2),
        ("t", "a", "end", 1, 3), ("t", "b", "end", 1, 1)]  # fmt: skip
MODEL = MDP.from_transitions(ROWS, start="s", terminal=["end"], gamma="1/2")
THETA = {"theta_s_a": "log(2)", "theta_t_a": "log(3)"}
PROBLEM = Problem(MODEL, tabular(MODEL), theta=THETA | {f"theta_{q}": 0 for q in ("s_b", "s_c", "t_b")})
TABLE = {"s": {"a": "1/4", "b": "1/4", "c": "1/2"}, "t": {"a": "2/3", "b": "1/3"}}
EXACT = {"mode": "exact", "horizon": 2, "explain": False}
BETA = 0.1


def returns(batch, rewards):
    discounts = batch.gamma**batch.steps
    found = np.cumsum((discounts * rewards * batch.mask)[:, ::-1], axis=1)[:, ::-1]
    return np.where(batch.mask, found, 0.0)


def weighted(theta, batch):
    """Importance sampling by the ratio of the whole run."""
    rho = np.where(batch.mask, np.exp(batch.log_probs) / batch.behaviour_probs, 1.0).prod(1)
    return (rho[:, None, None] * returns(batch, batch.rewards)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


def unweighted(theta, batch):
    return (returns(batch, batch.rewards)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


def regularised(sign):
    """Reward-to-go of rewards with a bonus for the entropy."""

    def gradient(theta, batch):
        bonus = np.where(batch.mask, batch.log_probs, 0.0)
        rewards = np.where(batch.mask, batch.rewards, 0.0) - sign * BETA * bonus
        return (returns(batch, rewards)[..., None] * batch.scores).sum((0, 1)) / batch.episodes

    return gradient


BONUS = "grad J - 1/10 * grad sum[s] eta(s) * sum[a] pi(a|s) * log pi(a|s)"


def test_a_table_is_what_parameters_give():
    chosen = {
        "theta_s_a": "log(3)",
        "theta_t_a": "log(1/2)",
        **dict.fromkeys(("theta_s_b", "theta_s_c", "theta_t_b"), 0),
    }
    table = PROBLEM.policy.at(chosen)
    found = [build_arrays(PROBLEM, behaviour=b).behaviour for b in (chosen, table)]
    np.testing.assert_allclose(*found, rtol=1e-15)


def test_ratios_repair_any_table_and_nothing_else_does():
    found = audit(PROBLEM, weighted, behaviour=TABLE, **EXACT)
    assert found.unbiased
    assert found.relative_bias < 1e-12
    assert not audit(PROBLEM, unweighted, behaviour=TABLE, **EXACT).tolerated


def test_what_top_k_never_takes_is_told():
    top = {"s": {"a": "1/2", "c": "1/2"}, "t": {"a": 1}}
    found = audit(PROBLEM, weighted, behaviour=top, **EXACT)
    assert found.verdict == "biased"
    assert found.unseen == (("s", "b"), ("t", "b"))
    assert (
        "the data never hold 'b' in 's', 'b' in 't', which the policy does: no weight of what is there repairs that"
        in found.details
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({**TABLE, "u": {}}, "behaviour: state 'u' is unknown; those that act are s, t. Rename or remove it"),
        ({"s": TABLE["s"]}, "behaviour: found None for state 't'; its actions with their probabilities are required. "
         "Add them"),
        ({**TABLE, "t": {"a": 1, "go": 0}}, "behaviour: state 't' has no action 'go'; it has a, b. Rename it"),
        ({**TABLE, "t": {"a": "1/2"}}, "behaviour: the probabilities in state 't' are 1/2, 0; they must be nonnegative "
         "and sum to 1. Correct them"),
        ({**TABLE, "t": {"a": 2, "b": -1}}, "behaviour: the probabilities in state 't' are 2, -1; they must be "
         "nonnegative and sum to 1. Correct them"),
    ],
)  # fmt: skip
def test_tables_that_are_none_are_refused(table, message):
    with pytest.raises(SamplingError) as caught:
        audit(PROBLEM, weighted, behaviour=table, **EXACT)
    assert str(caught.value) == message


# -- how policies are sampled from, and several of them --------------------------------------------------------

TREE = token_tree("q", "abc", 1, {"q a"}).at(theta={"theta_q_a": "log(6)", "theta_q_b": "log(3)"})
"""The three answers have the probabilities 6/10, 3/10 and 1/10."""


@pytest.mark.parametrize(
    ("how", "row"),
    [
        ({"temperature": 1}, [0.6, 0.3, 0.1]),
        ({"temperature": "1/2"}, [36 / 46, 9 / 46, 1 / 46]),
        ({"temperature": "1/100000"}, [1, 0, 0]),
        ({"top-k": 2}, [2 / 3, 1 / 3, 0]),
        ({"top-k": 9}, [0.6, 0.3, 0.1]),
        ({"top-p": "6/10"}, [1, 0, 0]),
        ({"top-p": "61/100"}, [2 / 3, 1 / 3, 0]),
        ({"temperature": "1/2", "top-k": 2, "top-p": "81/100"}, [36 / 45, 9 / 45, 0]),
        ({"theta_q_a": 0, "theta_q_b": "-log(2)", "theta_q_c": 0, "top-k": 1}, [1 / 2, 0, 1 / 2]),
    ],
)
def test_ways_to_sample_from_a_policy(how, row):
    np.testing.assert_allclose(build_arrays(TREE, behaviour=how).behaviour, [row], atol=1e-12)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"top-k": "3/2"}, "behaviour: found top-k = 3/2; a positive whole number is required. Correct it"),
        ({"top-p": 2}, "behaviour: found top-p = 2; a number in (0, 1] is required. Correct it"),
        ({"temperature": 0}, "behaviour: found temperature = 0; a positive number is required. Correct it"),
        ([(-1, {"top-k": 1}), (2, {"top-k": 1})], "behaviour: the shares are -1, 2; positive numbers are required. "
         "Correct them"),
    ],
)  # fmt: skip
def test_ways_that_are_none_are_refused(how, message):
    with pytest.raises(SamplingError) as caught:
        audit(TREE, weighted, behaviour=how, **EXACT)
    assert str(caught.value) == message


OLD, OLDER = TABLE, {"s": {"a": "1/8", "b": "1/8", "c": "3/4"}, "t": {"a": "1/6", "b": "5/6"}}
MIXED = [("3/4", OLD), ("1/4", OLDER)]


def test_a_mixture_of_stale_policies_is_one_for_each_episode():
    one = {**EXACT, "batch_size": 1}
    first, second, both = (audit(PROBLEM, unweighted, behaviour=b, **one).mean for b in (OLD, OLDER, MIXED))
    np.testing.assert_allclose(both, 3 / 4 * first + 1 / 4 * second, atol=1e-15)
    found = audit(PROBLEM, weighted, behaviour=MIXED, **EXACT)
    assert found.relative_bias < 1e-12


def test_no_table_stands_for_a_mixture():
    """Averaged probabilities of actions are another policy wherever an episode has two steps."""
    averaged = {s: {a: 3 * sp.Rational(OLD[s].get(a, 0)) / 4 + sp.Rational(OLDER[s].get(a, 0)) / 4 for a in OLDER[s]}
                for s in OLD}  # fmt: skip
    one, other = (audit(PROBLEM, unweighted, behaviour=b, **EXACT).mean for b in (MIXED, averaged))
    assert np.abs(one - other).max() > 1e-3


def test_a_mixture_is_sampled_as_it_is_enumerated():
    exact = audit(PROBLEM, unweighted, behaviour=MIXED, **EXACT)
    rollouts = Rollouts(build_arrays(PROBLEM, behaviour=MIXED), horizon=EXACT["horizon"], batch_size=2)
    g = rollouts.estimates(unweighted, rollouts.streams(rollouts.sampler(5).chunk(0, 40_000)))
    # 6 standard errors in each of the coordinates: false-alarm rate below 1e-7
    assert (np.abs(g.mean(0) - exact.mean) <= 6 * g.std(0) / np.sqrt(len(g)) + 1e-12).all()
    assert (np.abs(audit(PROBLEM, unweighted, behaviour=OLD, **EXACT).mean - exact.mean) > 6 * g.std(0) / 141).any()


# -- targets of one's own --------------------------------------------------------------------------------------


def test_a_regularised_objective_is_a_target():
    found = audit(PROBLEM, regularised(+1), truth=BONUS, **EXACT)
    assert found.relative_bias < 1e-12
    assert found.headline.startswith(f"unbiased estimator of {BONUS}: ")
    assert found.to_json()["target"] == BONUS
    assert found.also == ()
    for wrong in (regularised(-1), unweighted):
        assert not audit(PROBLEM, wrong, truth=BONUS, **EXACT).tolerated
    assert not audit(PROBLEM, regularised(+1), **EXACT).tolerated


def test_exact_value_is_that_of_solve():
    solution = pgsym.solve(PROBLEM).at()
    assert {c.parameters[0]: v for c, v in exact_value(PROBLEM, "grad J").items()} == dict(solution.grad)
    assert {dict(c.places)["s"]: v for c, v in exact_value(PROBLEM, "V(s)").items()} == dict(solution.V)
    decimals = {p.name: k / 10 for k, p in enumerate(PROBLEM.policy.params)}
    (J,) = exact_value(PROBLEM.replace(theta=decimals), "J").values()
    assert float(J) == pytest.approx(float(pgsym.solve(PROBLEM).at(decimals).J), rel=1e-14)


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ("J", "truth: found J; a vector with a coordinate for each parameter is required, such as grad J. Change it"),
        ("grad V(s)", "truth: found grad V(s); a vector with a coordinate for each parameter is required, such as "
         "grad J. Change it"),
    ],
)  # fmt: skip
def test_a_target_is_a_vector(truth, message):
    with pytest.raises(SamplingError) as caught:
        audit(PROBLEM, unweighted, truth=truth, **EXACT)
    assert str(caught.value) == message


def test_a_target_has_no_free_functions():
    with pytest.raises(ClaimError, match="Define it with let"):
        audit(PROBLEM, unweighted, truth="for all c(s): grad J + grad sum[s] c(s)", **EXACT)

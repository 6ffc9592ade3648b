import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from pgsym.errors import PolicyError, ProbabilityRangeError, SamplingError, ZeroProbabilityError
from pgsym.model import MDP, direct_policy, mixture, softmax_policy, tabular
from pgsym.sampling.policy import log_policy, policy_tables

POINT = [0.3, -1.2]
# One float64 operation is off by 2^-53; a row takes a few dozen.
ROUNDING = 2.0**-45


@pytest.fixture(scope="module")
def mdp():
    rows = [(s, a, "end", 1, 0) for s in ("u", "v") for a in ("x", "y", "z")]
    return MDP.from_transitions([*rows, ("w", "only", "end", 1, 0)], terminal=["end"])


def policies(mdp):
    shared = softmax_policy(mdp, {"u": {"x": "2*p - q/3 + 1", "y": "q"}, "v": {"z": "p/2"}}, ["p", "q"])
    direct = direct_policy(
        mdp,
        {
            "u": {"x": "1/(2 + p^2)", "y": "exp(q)/(1 + exp(q)) - exp(q)/((1 + exp(q))*(2 + p^2))"}
            | {"z": "1 - 1/(2 + p^2) - exp(q)/(1 + exp(q)) + exp(q)/((1 + exp(q))*(2 + p^2))"},
            "v": {"x": "1/3", "y": "p", "z": "2/3 - p"},
        },
        ["p", "q"],
    )
    return {
        "softmax": shared,
        "direct": direct,
        "mixture": mixture(shared, "1/10"),
        "soft direct": mixture(direct, "1/4"),
    }


def dense(tables, k):
    out = np.zeros((len(tables.pi), k))
    np.add.at(out, (np.arange(len(out))[:, None], tables.score_index), tables.score_value)
    return out


@pytest.mark.parametrize("kind", ["softmax", "direct", "mixture", "soft direct"])
def test_scores_are_what_jax_differentiates(mdp, kind):
    policy = policies(mdp)[kind]
    tables = policy_tables(policy, dict(zip(policy.params, POINT, strict=True)))
    with jax.enable_x64(True):
        logs = log_policy(policy)
        theta = jnp.array(POINT, jnp.float64)
        np.testing.assert_allclose(np.exp(logs(theta)), tables.pi, rtol=ROUNDING)
        np.testing.assert_allclose(jax.jit(jax.jacobian(logs))(theta), dense(tables, 2), rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("kind", ["softmax", "direct", "mixture", "soft direct"])
def test_tables_are_the_exact_policy(mdp, kind):
    policy = policies(mdp)[kind]
    point = {x: sp.Rational(str(v)) for x, v in zip(policy.params, POINT, strict=True)}
    exact = [p.evalf(20, subs=point) for s in policy.states for p in (policy(a, s) for a in policy.actions(s))]
    tables = policy_tables(policy, dict(zip(policy.params, POINT, strict=True)))
    np.testing.assert_allclose(tables.pi, np.array(exact, float), rtol=ROUNDING)


def test_scores_average_to_zero(mdp):
    for policy in policies(mdp).values():
        tables = policy_tables(policy, dict(zip(policy.params, POINT, strict=True)))
        mean = np.add.reduceat(tables.pi[:, None] * dense(tables, 2), [0, 3, 6], axis=0)
        np.testing.assert_allclose(mean, 0, atol=ROUNDING)


def test_tabular_rows_hold_one_state_each(garnet):
    tables = policy_tables(garnet.policy, garnet.theta)
    assert tables.score_index.shape == (20, 2)


def test_large_logits_do_not_overflow(mdp):
    policy = tabular(mdp)
    point = dict.fromkeys(policy.params, 0.0) | {policy.params[0]: 900.0}
    tables = policy_tables(policy, point)
    assert tables.pi[0] == 1.0
    assert np.isfinite(tables.score_value).all()


def test_policy_raises_on_a_symbol_left(mdp):
    policy = mixture(tabular(mdp), "epsilon")
    with pytest.raises(SamplingError, match=r"^policy: epsilon has no value; sampling needs numbers\."):
        log_policy(policy)


def test_policy_raises_outside_the_simplex(mdp):
    policy = policies(mdp)["direct"]
    with pytest.raises(ProbabilityRangeError, match=r"^\('v', 'z'\): pi\(a\|s\) = -0\.333333 at this theta; must lie"):
        policy_tables(policy, dict(zip(policy.params, [1.0, 0.0], strict=True)))


def test_policy_raises_where_the_score_loses_the_derivative(mdp):
    policy = policies(mdp)["direct"]
    with pytest.raises(ZeroProbabilityError, match=r"^\('v', 'y'\): pi\(a\|s\) = 0 at this theta"):
        policy_tables(policy, dict(zip(policy.params, [0.0, 0.0], strict=True)))


def test_policy_raises_where_it_is_not_finite(mdp):
    rows = {s: {"x": "1/p", "y": "1 - 1/p", "z": 0} for s in ("u", "v")}
    policy = direct_policy(mdp, rows, ["p"])
    with pytest.raises(PolicyError, match=r"^u: pi\(\.\|s\) is not finite at this theta"):
        policy_tables(policy, {policy.params[0]: 0.0})

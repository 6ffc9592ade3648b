"""Gains, limits, deviations and absorption, against the eigenprojection and inverses of small matrices."""

import random
from fractions import Fraction
from operator import attrgetter

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, points, policies, rows

from pgsym.algebra import DualField, FloatField
from pgsym.errors import ImproperPolicyError, NotUnichainError, UndefinedQuantityError
from pgsym.exact.fields import exact_field, prime_field, rational_field
from pgsym.exact.quantities import Quantities
from pgsym.model import MDP, Objective, tabular
from pgsym.model.zoo import zoo


@st.composite
def any_mdps(draw, max_states=5):
    """Whatever comes: several recurrent classes, periods, transient states, terminal ones or none."""
    n = draw(st.integers(1, max_states))
    ends = draw(st.sampled_from([[], ["end"], ["end", "stop"]]))
    transitions = [
        (s, f"a{a}", *o)
        for s in range(n)
        for a in range(draw(st.integers(1, 2)))
        for o in draw(rows([*range(n), *ends], max_outcomes=2))
    ]
    start = {0: "1/3", n - 1: "2/3"} if n > 1 else 0
    return MDP.from_transitions(transitions, start=start, gamma="1/2", states=[*range(n), *ends], terminal=ends)


def at(mdp, policy, point, objective=Objective.START_STATE):
    return Quantities(mdp, policy, objective, exact_field(mdp, policy, point))


def at_uniform(model, objective=Objective.START_STATE):
    point = dict.fromkeys(model.policy.params, sp.Integer(0))
    return at(model.mdp, model.policy, point, objective)


class Matrices:
    """P with absorbing ends, r, mu0 and the Cesaro limit P*, as SymPy matrices."""

    def __init__(self, q):
        states, to = q.mdp.states, q.field.to_sympy
        zero = q.field.zero
        self.P = sp.Matrix(
            [[to(q.P_pi[s].get(t, zero)) if s in q.P_pi else sp.Integer(s == t) for t in states] for s in states]
        )
        self.r = sp.Matrix([to(q.r_pi[s]) if s in q.r_pi else 0 for s in states])
        self.start = sp.Matrix([[q.mdp.start.get(s, 0) for s in states]])
        one = sp.eye(len(states))
        # The eigenvalue 1 of a stochastic matrix is semisimple, so P* is the projection along its eigenspaces.
        right = sp.Matrix.hstack(*(one - self.P).nullspace())
        left = sp.Matrix.hstack(*(one - self.P).T.nullspace()).T
        self.limit = right * (left * right).inv() * left
        self.fundamental = (one - self.P + self.limit).inv()
        self.deviation = self.fundamental - self.limit


def listed(q, values):
    return [q.field.to_sympy(values[s]) for s in q.mdp.states]


# -- against matrices ------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=40)
def test_long_run_quantities_equal_the_matrix_formulas(data):
    mdp = data.draw(any_mdps())
    policy = data.draw(policies(mdp))
    q = at(mdp, policy, data.draw(points(policy)))
    m = Matrices(q)
    assert listed(q, q.g) == list(m.limit * m.r)
    assert listed(q, q.nu) == list(m.start * m.limit)
    assert listed(q, q.H) == list(m.deviation * m.r)
    # Columns of transient states vanish in P*, so the fundamental matrix counts their visits.
    transient = [j for j in range(len(mdp.states)) if m.limit[:, j].is_zero_matrix]
    visits = m.start * m.fundamental
    assert listed(q, q.n) == [visits[j] if j in transient else 0 for j in range(len(mdp.states))]


@given(st.data())
@settings(max_examples=20)
def test_unichain_quantities_are_the_multichain_ones(data):
    mdp = data.draw(continuing_mdps())
    policy = data.draw(policies(mdp))
    q = at(mdp, policy, data.draw(points(policy)), Objective.AVERAGE_REWARD)
    m = Matrices(q)
    D = q.D
    assert [q.field.to_sympy(D[s, t]) for s in mdp.states for t in mdp.states] == list(m.deviation)
    assert dict(q.g) == dict.fromkeys(mdp.states, q.rbar)
    assert dict(q.nu) == dict(q.mu)
    assert dict(q.H) == dict(q.h)
    assert set(D) == {(s, t) for s in mdp.states for t in mdp.states}
    assert len(D) == len(mdp.states) ** 2


@given(st.data())
@settings(max_examples=15)
def test_fields_agree(data):
    """Closed forms at a random residue, and their derivatives, against dual numbers over the prime field; floats."""
    mdp = data.draw(any_mdps(max_states=3))
    policy = data.draw(policies(mdp))
    point = data.draw(points(policy))
    closed = Quantities(mdp, policy, Objective.START_STATE, rational_field(mdp, policy))
    prime = prime_field(mdp, policy, random.Random(2))
    values = Quantities(mdp, policy, Objective.START_STATE, prime)
    lower = data.draw(st.sampled_from([None, values]))
    dual = Quantities(
        mdp, policy, Objective.START_STATE, DualField(prime, policy.params), values.structure, lower=lower
    )
    floats = Quantities(mdp, policy, Objective.START_STATE, FloatField(point))
    exact = at(mdp, policy, point)
    for quantity in map(attrgetter, ("g", "nu", "H", "n")):
        for s in mdp.states:
            form, residue = quantity(closed)[s], quantity(dual)[s]
            to = closed.field.to_sympy
            assert prime.convert(to(form)) == residue.value
            slopes = {p: prime.convert(to(e)) for p, e in closed.field.gradient(form).items()}
            assert {p: e for p, e in slopes.items() if e} == dual.field.gradient(residue)
            assert quantity(floats)[s] == pytest.approx(
                float(exact.field.to_sympy(quantity(exact)[s])), rel=1e-9, abs=1e-9
            )


@given(st.data())
@settings(max_examples=10)
def test_derivative_of_mu_is_mu_grad_P_D(data):
    """Schweitzer (1968): grad mu = mu (grad P_pi) D."""
    mdp = data.draw(continuing_mdps(max_states=3))
    policy = data.draw(policies(mdp))
    field = DualField(prime_field(mdp, policy, random.Random(3)), policy.params)
    q = Quantities(mdp, policy, Objective.AVERAGE_REWARD, field)
    D, zero = q.D, field.value(field.zero)
    for t in mdp.states:
        for p in policy.params:
            right = zero
            for s in mdp.states:
                for u, e in q.P_pi[s].items():
                    right += q.mu[s].value * field.gradient(e).get(p, zero) * D[u, t].value
            assert field.gradient(q.mu[t]).get(p, zero) == right


# -- known numbers ---------------------------------------------------------------------------------------


def test_two_classes_by_hand():
    """theta = 0: p = w = 1/2.

    From start: settle 1/2, back 1/4, venture 1/4, so 2/3 end in safe and 1/3 in the other class, after
    1/(1 - 1/4) = 4/3 visits.  mu = (2/3, 1/3) on (on, off), average reward 2/3 * 1/2 * 2 = 2/3.
    H(off) = H(on) - 2/3 with 2 H(on) + H(off) = 0: H = 2/9, -4/9.
    H(start) = 0 - 8/9 + 1/4 H(start) + 1/4 * 2/9, so H(start) = 4/3 (1/18 - 16/18) = -10/9.
    """
    q = at_uniform(zoo("two-classes"))
    of = sp.Rational
    assert listed(q, q.g) == [of(8, 9), 1, of(2, 3), of(2, 3)]
    assert listed(q, q.nu) == [0, of(2, 3), of(2, 9), of(1, 9)]
    assert listed(q, q.H) == [of(-10, 9), 0, of(2, 9), of(-4, 9)]
    assert listed(q, q.n) == [of(4, 3), 0, 0, 0]


def test_random_walk_steps_are_i_times_n_minus_i():
    """Expected duration of play (Feller 1968, section XIV.3), from the middle of 5: 3 * 3."""
    q = at_uniform(zoo("random-walk"))
    assert q.field.to_sympy(q.expected_steps) == 9
    moved = q.varied(mu0={q.mdp.nonterminal[0]: q.field.one})
    assert q.field.to_sympy(moved.expected_steps) == 5


def test_taxi_takes_4938421_1992_steps():
    mdp = MDP.from_gymnasium("Taxi-v4")
    policy = tabular(mdp)
    q = at(mdp, policy, dict.fromkeys(policy.params, sp.Integer(0)))
    assert q.field.to_sympy(q.expected_steps) == sp.Rational(4938421, 1992)


def test_periodic_chain_has_a_limit_in_the_mean():
    """Rewards 1, 3, 1, 3, ...: g = 2, and H = -1/2, 1/2 balances them."""
    mdp = MDP.from_transitions([("s", "go", "u", 1, 1), ("u", "go", "s", 1, 3)], start="s")
    q = at(mdp, tabular(mdp), dict.fromkeys(tabular(mdp).params, sp.Integer(0)))
    half = sp.Rational(1, 2)
    assert listed(q, q.g) == [2, 2]
    assert listed(q, q.nu) == [half, half]
    assert listed(q, q.H) == [-half, half]


def test_rewards_by_next_state():
    """parallel-outcomes: a leads to T by two outcomes of probability 1/4 each, paying 4 and 0; back to s for -1."""
    q = at_uniform(zoo("parallel-outcomes"))
    r = q.reward_to
    assert {key: q.field.to_sympy(e) for key, e in r.items()} == {
        ("s", "a", "s"): -1, ("s", "a", "T"): 2, ("s", "b", "s"): 0, ("s", "b", "T"): 1,
    }  # fmt: skip
    assert len(r) == 4
    own = q.varied(r={("s", "a"): q.field.number(Fraction(7)), ("s", "b"): q.field.zero})
    assert q.field.to_sympy(own.reward_to["s", "a", "T"]) == 7
    assert ("s", "a", "nowhere") not in r


@given(st.data())
@settings(max_examples=10)
def test_rewards_by_next_state_average_to_the_reward(data):
    mdp = data.draw(any_mdps())
    policy = tabular(mdp)
    q = at(mdp, policy, dict.fromkeys(policy.params, sp.Integer(0)))
    r = q.reward_to
    for s, a in mdp.pairs:
        assert sum((p * r[s, a, t] for t, p in q.P[s, a].items()), q.field.zero) == q.r[s, a]


# -- the multichain policy gradient ----------------------------------------------------------------------


def theorem_sum(q, weight, H):
    """sum_s weight(s) sum_a grad pi(a|s) (r(s,a) + sum_s' P(s'|s,a) H(s')), over a dual field."""
    value, total = q.field.value, {}
    for s, a in q.mdp.pairs:
        ahead = sum((value(p) * value(H[t]) for t, p in q.P[s, a].items()), value(q.r[s, a]))
        for theta, slope in q.field.gradient(q.pi[s][a]).items():
            total[theta] = total.get(theta, value(q.field.zero)) + value(weight[s]) * slope * ahead
    return total


def true_gradient(q):
    total = q.field.zero
    for s, p in q.mu0.items():
        total = total + p * q.g[s]
    return q.field.gradient(total)


def without_zeros(gradient):
    return {theta: e for theta, e in gradient.items() if e}


def test_average_reward_theorem_misses_the_choice_between_two_classes():
    """g(start) = (2 p + (1 - p) rbar)/(1 + p).

    d g/d p = 2 (1 - rbar)/(1 + p)^2 = 2 * 1/3 * 4/9 = 8/27 and d p/d theta = 1/4: 2/27 along theta_start.
    d rbar/d w = 4/(2 - w)^2 = 16/9, weighted 1/3, times 1/4: 4/27 along theta_on.  nu(start) = 0 loses the first.
    """
    model = zoo("two-classes")
    base = exact_field(model.mdp, model.policy, model.theta)
    q = Quantities(model.mdp, model.policy, model.objective, DualField(base, model.policy.params))
    on, start = model.policy.params
    of = sp.Rational
    assert {p: base.to_sympy(e) for p, e in true_gradient(q).items()} == {start: of(2, 27), on: of(4, 27)}
    claimed = {p: base.to_sympy(e) for p, e in theorem_sum(q, q.nu, q.H).items()}
    assert claimed == {start: 0, on: of(4, 27)}


@given(st.data())
@settings(max_examples=25)
def test_multichain_policy_gradient(data):
    """nu weighs grad pi (r + P H), transient visits weigh grad pi P g; ends included."""
    mdp = data.draw(any_mdps())
    policy = data.draw(policies(mdp))
    field = DualField(prime_field(mdp, policy, random.Random(4)), policy.params)
    q = Quantities(mdp, policy, Objective.START_STATE, field)
    found = theorem_sum(q, q.nu, q.H)
    unpaid = q.varied(r=dict.fromkeys(mdp.pairs, field.zero))
    for theta, e in theorem_sum(unpaid, q.n, q.g).items():
        found[theta] = found.get(theta, field.base.zero) + e
    assert without_zeros(found) == without_zeros(true_gradient(q))


# -- hypotheses ------------------------------------------------------------------------------------------


def test_deviation_of_two_classes_raises():
    with pytest.raises(NotUnichainError, match=r"2 recurrent classes \('safe'; 'on', 'off'\)"):
        _ = at_uniform(zoo("two-classes")).D


def test_deviation_with_an_end_raises():
    with pytest.raises(UndefinedQuantityError, match="2 terminal states"):
        _ = at_uniform(zoo("random-walk")).D


def test_expected_steps_of_an_endless_run_raises():
    with pytest.raises(
        ImproperPolicyError,
        match=r"^E\[T\]: 2 recurrent classes are reached \(the first has 1 states: 'safe'\); E\[T\] needs every run",
    ):
        _ = at_uniform(zoo("two-classes")).expected_steps


def test_deviation_of_an_unknown_state_raises():
    with pytest.raises(KeyError):
        _ = at_uniform(zoo("two-state")).D["x", "nowhere"]

"""Bounds against the truth: no canonical numerator or denominator is larger than the bounds say."""

import math

import pytest
import sympy as sp
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps, policies

from pgsym.algebra.size import Size, SizeField
from pgsym.errors import HypothesisError, UndefinedQuantityError
from pgsym.exact.fields import rational_field, size_field
from pgsym.exact.quantities import Quantities
from pgsym.exact.sizes import SizeQuantities
from pgsym.model import MDP, Objective, direct_policy, mixture, softmax_policy, tabular

START, AVERAGE, STATIONARY = Objective.START_STATE, Objective.AVERAGE_REWARD, Objective.STATIONARY_VALUE
DISCOUNTED = ("pi", "mu0", "r", "P", "P_pi", "r_pi", "V", "eta", "d", "Q", "A", "J")
UNICHAIN = ("mu", "rbar", "h", "Q", "A", "J")


def measured(element):
    """Total degree and log2 of the coefficients' absolute sum of numerator and denominator, in lowest terms."""
    if isinstance(element, fmpq):
        return [(0, math.log2(max(abs(int(n)), 1))) for n in (element.numerator, element.denominator)]
    found = []
    for part in (element.numerator, element.denominator()):
        terms = [(exponents, int(c)) for exponents, c in element.base.ring.terms(part)]
        bits = math.log2(max(sum(abs(c) for _, c in terms), 1))
        found.append((max((sum(exponents) for exponents, _ in terms), default=0), bits))
    return found


def check(element, size, name):
    """`size` bounds the element; bits are compared up to the rounding of logarithms."""
    (degree, bits), (below, below_bits) = measured(element)
    assert degree <= size.degree, name
    assert bits <= size.bits + 1e-9, name
    assert below <= sum(f.degree * k for f, k in size.factors.items()), name
    assert below_bits <= sum(f.bits * k for f, k in size.factors.items()) + 1e-9, name


def entries(table):
    """The entries of a scalar, of a table, or of a table of tables."""
    if hasattr(table, "items"):
        for key, value in table.items():
            yield from (((key, *rest), e) for rest, e in entries(value))
    else:
        yield (), table


def flat(table):
    while hasattr(table, "value"):
        table = table.value
    return table


def check_all(mdp, policy, objective, names):
    """Quantities by name, and grad J along a symbolic direction."""
    direction = [sp.Symbol(f"v{i}") for i in range(len(policy.params))]
    field = rational_field(mdp, policy, extra=direction)
    sized = SizeQuantities(mdp, policy, objective, size_field(policy))
    exact = Quantities(mdp, policy, objective, field)
    for name in names:
        size = flat(getattr(sized, name))
        assert isinstance(size, Size)
        for key, element in entries(getattr(exact, name)):
            check(element, size, (name, key))
    along = field.zero
    for symbol, slope in zip(direction, exact.gradient.values(), strict=True):
        along = along + field.symbol(symbol) * slope
    (slope,) = sized.field.gradient(sized.J).values()
    check(along, slope, "grad J")


@given(st.data())
@settings(max_examples=60)
def test_sizes_bound_the_discounted_quantities(data):
    gamma = data.draw(st.sampled_from([None, "gamma"]))
    continuing = data.draw(st.booleans())
    mdp = data.draw((continuing_mdps if continuing else episodic_mdps)(max_states=3, gamma=gamma))
    policy = data.draw(policies(mdp))
    check_all(mdp, policy, START, DISCOUNTED)


@given(st.data())
@settings(max_examples=40)
def test_sizes_bound_the_stationary_quantities(data):
    mdp = data.draw(continuing_mdps(max_states=3, gamma="gamma"))
    policy = data.draw(policies(mdp))
    check_all(mdp, policy, AVERAGE, UNICHAIN)
    check_all(mdp, policy, STATIONARY, ("mu", "V", "J"))


def test_sizes_bound_symbolic_dynamics_under_each_kind_of_policy():
    """Symbols in P, r, mu0 and gamma, in denominators too; roots exp(t/2), direct probabilities, a mixture."""
    mdp = MDP.from_transitions(
        [
            ("s", "a", "t", "p/(p+q)", "c"),
            ("s", "a", "s", "q/(p+q)", "1/(2*c)"),
            ("s", "b", "s", "1/3", "2"),
            ("s", "b", "t", "2/3", "-1"),
            ("t", "a", "s", "1", "c^2"),
            ("t", "b", "t", "1-p", "0"),
            ("t", "b", "s", "p", "5/7"),
        ],
        start={"s": "m", "t": "1-m"},
        gamma="g/2",
        symbols={"m": "0 < m < 1", "p": "0 < p < 1", "q": "0 < q < 1", "g": "0 < g < 2"},
    )
    logits = softmax_policy(mdp, {"s": {"a": "t/2 - u"}, "t": {"b": "t/3 + 1"}})
    rows = {s: {"a": "t/(1+t)", "b": "1/(1+t)"} for s in "st"}
    direct = direct_policy(mdp, rows, ["t"])
    for policy in (logits, direct, mixture(logits, "1/5"), tabular(mdp)):
        check_all(mdp, policy, START, DISCOUNTED)
        check_all(mdp, policy, AVERAGE, UNICHAIN)


@given(st.data())
@settings(max_examples=30)
def test_sizes_bound_the_quantities_for_other_data(data):
    mdp = data.draw(continuing_mdps(max_states=3, gamma="gamma"))
    policy = data.draw(policies(mdp))
    c, k, w = sp.symbols("c k w")
    field = rational_field(mdp, policy, extra=[c, k, w])
    exact = Quantities(mdp, policy, START, field)
    sized = SizeQuantities(mdp, policy, START, size_field(policy))
    for divided in (False, True):
        own = {
            s: field.symbol(c) / (field.number(sp.Integer(1)) + field.symbol(w) if divided else field.one)
            for s in mdp.nonterminal
        }
        numbers = sized.field
        reward = numbers.symbol(c) / (numbers.one + numbers.symbol(w)) if divided else numbers.symbol(c)
        start = {s: field.symbol(w) for s in mdp.nonterminal}
        other = exact.varied(r=own, gamma=field.symbol(k), mu0=start)
        bound = sized.varied(r=reward, gamma=numbers.symbol(k), mu0=numbers.symbol(w))
        for name in ("V", "eta", "d", "Q", "A", "J"):
            for key, element in entries(getattr(other, name)):
                check(element, flat(getattr(bound, name)), (name, key))


def long_run_tables(q):
    found = {name: getattr(q, name) for name in ("g", "nu", "H", "n", "reward_to")}
    if not q.structure.recurrent_classes:
        found["expected_steps"] = q.expected_steps
    if len(q.structure.recurrent_classes) == 1 and not q.structure.mdp.terminal:
        found["D"] = q.D
    return found


def check_long_run(mdp, policy):
    field = rational_field(mdp, policy)
    exact = Quantities(mdp, policy, START, field)
    sized = SizeQuantities(mdp, policy, START, size_field(policy))
    for name, table in long_run_tables(exact).items():
        for key, element in entries(table):
            check(element, flat(getattr(sized, name)), (name, key))


@given(st.data())
@settings(max_examples=30)
def test_sizes_bound_the_long_run(data):
    mdp = data.draw(data.draw(st.sampled_from([continuing_mdps, episodic_mdps]))(max_states=3))
    check_long_run(mdp, data.draw(policies(mdp)))


def test_sizes_bound_the_long_run_of_several_classes():
    """Two recurrent classes behind two transient states, and outcomes with one next state and two rewards."""
    mdp = MDP.from_transitions(
        [
            ("s", "a", "u", "1/3", "c"),
            ("s", "a", "g", "2/3", "1"),
            ("s", "b", "h", "1", "2"),
            ("u", "a", "s", "1/2", "1"),
            ("u", "a", "h", "1/2", "0"),
            ("g", "a", "g", "1/2", "1"),
            ("g", "a", "g", "1/2", "-1/3"),
            ("h", "a", "k", "1", "3"),
            ("h", "b", "h", "1", "0"),
            ("k", "a", "h", "1", "c"),
        ],
        start={"s": "1/4", "u": "3/4"},
        gamma="1/2",
    )
    check_long_run(mdp, tabular(mdp))


def test_sizes_are_linear_in_the_states():
    """By hand, for n states in a ring, two actions and a symbolic gamma: row degree 1 + 1, so det has 2 n."""
    for n in (10, 20, 40):
        rows = [(k, a, (k + (a == "r")) % n, 1, int(a == "r")) for k in range(n) for a in ("r", "l")]
        mdp = MDP.from_transitions(rows, start=0, gamma="gamma")
        policy = tabular(mdp)
        q = SizeQuantities(mdp, policy, START, SizeField(dict.fromkeys(policy.params, 1)))
        assert q.V[0].degree == 2 * n - 1
        assert sum(f.degree * k for f, k in q.V[0].factors.items()) == 2 * n
        assert q.V[0].bits <= 4 * n


def test_one_bound_for_different_denominators_counts_all_of_them():
    """sum_i a_i / b_i over n states has the denominator prod_i b_i: a table's one entry must not hide it."""
    field = SizeField({})
    x = field.symbol(sp.Symbol("x"))
    ratio = x / (field.one + x)
    assert field.total(ratio, 5).degree == 5
    assert field.total(x, 5).degree == 1
    spread = field.spread(ratio, 5)
    assert (spread + spread).degree == spread.degree == 5


def test_sizes_raise_where_the_quantity_is_not_defined():
    mdp = MDP.from_transitions([("s", a, "end", 1, 1) for a in "ab"], start="s", terminal=["end"])
    policy = tabular(mdp)
    q = SizeQuantities(mdp, policy, AVERAGE, size_field(policy))
    with pytest.raises(
        UndefinedQuantityError, match=r"^V: V is not defined for the average-reward objective; it uses h"
    ):
        _ = q.V
    with pytest.raises(HypothesisError, match=r"^mu: 1 terminal state"):
        _ = q.mu

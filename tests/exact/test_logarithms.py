"""log pi(a|s): its decomposition, and identities with entropy in every field."""

import math
import random
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import pgsym
from pgsym.algebra import DualField, FloatField, RationalField
from pgsym.algebra.size import DIRECTION, SizeField
from pgsym.errors import AlgebraError, NotInFieldError, UndefinedQuantityError
from pgsym.exact.fields import LogBasis, exact_field, log_policy, prime_field, rational_field, size_field
from pgsym.exact.quantities import Quantities
from pgsym.exact.sizes import SizeQuantities
from pgsym.expression.linear import Linear
from pgsym.model import MDP, Objective, direct_policy, mixture, softmax_policy, tabular
from pgsym.model.policy import Direct

A, B, P, EPS, TAU = sp.symbols("a b p epsilon tau")
ROUNDING = 1e-9


def two_states(gamma="9/10"):
    return MDP.from_transitions(
        [
            ("x", "go", "y", "3/4", 1),
            ("x", "go", "x", "1/4", 0),
            ("x", "stay", "x", 1, 0),
            ("y", "go", "x", "1/2", 2),
            ("y", "go", "end", "1/2", 0),
            ("y", "stay", "y", 1, -1),
        ],
        start="x",
        terminal=["end"],
        gamma=gamma,
    )


MODEL = two_states()


def shared(mdp=MODEL):
    """Two parameters in both states, with different roots of exp(a)."""
    return softmax_policy(mdp, {"x": {"go": "a/2 + b"}, "y": {"go": "a/3", "stay": "1/2 - b"}})


def rational(mdp=MODEL):
    return direct_policy(mdp, {"x": {"go": "p", "stay": "1 - p"}, "y": {"go": "p^2", "stay": "1 - p^2"}}, ["p"])


POLICIES = {
    "tabular": tabular(MODEL),
    "shared": shared(),
    "direct": rational(),
    "mixture": mixture(tabular(MODEL), "1/10"),
    "symbolic mixture": mixture(shared(), "epsilon"),
    "symbols": Direct({s: {"go": sp.Symbol(f"u{s}"), "stay": 1 - sp.Symbol(f"u{s}")} for s in "xy"}, ()),
}


def theta_of(policy):
    """Rational odds for logits, a probability for p; every exponential at the point is rational."""
    return {p: sp.Rational(1, 3) if p == P else 6 * sp.log(sp.Rational(k + 2, 3)) for k, p in enumerate(policy.params)}


def symbols_of(policy):
    found = {symbol for e in policy.expressions() for symbol in e.free_symbols} - set(policy.params)
    return {symbol: sp.Rational(2, 7) for symbol in found}


def fields(policy, basis, mdp=MODEL, extra=()):
    """One differential field of each kind."""
    theta, symbols = theta_of(policy), {**symbols_of(policy), **dict.fromkeys(extra, sp.Rational(1, 5))}
    base = {
        "rational": rational_field(mdp, policy, extra=extra, logs=basis),
        "prime": prime_field(mdp, policy, random.Random(3), extra=extra, logs=basis),
        "float": FloatField(theta | symbols, basis.definitions),
    }
    if not any(form.constant for form in policy.forms()):
        base["exact"] = exact_field(mdp, policy, theta, extra=extra, values=symbols, logs=basis)
    return {name: field if field.differential else DualField(field, policy.params) for name, field in base.items()}


def is_zero(element):
    return abs(element) < ROUNDING if isinstance(element, float) else not element


def agree(field, left, right):
    """Whether two gradients agree, zeros left out."""
    keys = {*left, *right}
    zero = field.value(field.zero)
    return all(is_zero(left.get(k, zero) - right.get(k, zero)) for k in keys)


def total(terms):
    first, *rest = terms
    for term in rest:
        first = first + term
    return first


# -- decomposition ---------------------------------------------------------------------------------------


def test_short_corridor_has_one_logarithm():
    model = pgsym.zoo("short-corridor")
    basis = LogBasis(model.policy)
    (symbol,), (theta,) = basis.symbols, model.policy.params
    assert basis.definitions == {symbol: sp.exp(theta) + 1}
    assert str(symbol) == "log(exp(theta) + 1)"
    for state in model.mdp.nonterminal:
        assert basis.decompose(state, "R") == (Linear.from_sympy(theta), {symbol: -1})
        assert basis.decompose(state, "L") == (Linear(), {symbol: -1})


def test_tabular_policy_has_one_logarithm_for_each_state():
    policy = POLICIES["tabular"]
    basis = LogBasis(policy)
    assert list(basis.definitions.values()) == [
        sp.exp(sp.Symbol(f"theta_{s}_go")) + sp.exp(sp.Symbol(f"theta_{s}_stay")) for s in "xy"
    ]
    assert basis.parameters == policy.params


def test_irreducible_factors_are_shared_between_rows():
    """1 - p^2 = (1 - p)(1 + p): three logarithms for four probabilities."""
    basis = LogBasis(rational())
    assert list(basis.definitions.values()) == [P, 1 - P, P + 1]
    log_p, log_q, log_r = basis.symbols
    assert basis.decompose("y", "go") == (Linear(), {log_p: 2})
    assert basis.decompose("y", "stay") == (Linear(), {log_q: 1, log_r: 1})


def test_roots_are_those_of_all_rows():
    """1 + exp(a/2) = 1 + y^3 splits once another row needs y = exp(a/6); its cube root is shared."""
    mdp = two_states()
    alone = LogBasis(softmax_policy(mdp, {"x": {"go": "a/2"}, "y": {"go": "a/2"}}))
    assert len(alone.symbols) == 1
    both = LogBasis(softmax_policy(mdp, {"x": {"go": "a/2"}, "y": {"go": "a/6"}}))
    y = sp.exp(A / 6)
    assert set(both.definitions.values()) == {y + 1, y**2 - y + 1}
    assert both.decompose("x", "stay")[1] == dict.fromkeys(both.symbols, -1)


def test_rational_content_becomes_logarithms_of_primes():
    policy = direct_policy(MODEL, {s: {"go": "1/12", "stay": "11/12"} for s in "xy"}, [])
    basis = LogBasis(policy)
    by_name = {str(symbol): symbol for symbol in basis.symbols}
    assert basis.definitions == {by_name[f"log({p})"]: p for p in (2, 3, 11)}
    assert basis.decompose("x", "stay") == (
        Linear(),
        {by_name["log(2)"]: -2, by_name["log(3)"]: -1, by_name["log(11)"]: 1},
    )


def test_two_policies_share_a_basis():
    """A second policy with free probabilities: its logarithms are independent, its gradient is zero."""
    other = POLICIES["symbols"]
    basis = LogBasis(POLICIES["tabular"], other)
    assert len(basis.symbols) == 2 + 4
    field = rational_field(MODEL, POLICIES["tabular"], logs=basis)
    q = Quantities(MODEL, other, Objective.START_STATE, field)
    log_other = log_policy(q, basis)
    assert field.to_sympy(log_other["x"]["stay"]) == sp.log(1 - sp.Symbol("ux"))
    assert field.gradient(log_other["x"]["stay"]) == {}


def test_zero_probability_has_no_logarithm():
    policy = direct_policy(MODEL, {"x": {"go": 1}, "y": {"go": "p", "stay": "1 - p"}}, ["p"])
    basis = LogBasis(policy)
    assert basis.decompose("x", "go") == (Linear(), {})
    with pytest.raises(
        UndefinedQuantityError,
        match=r"^log pi\(stay\|x\): pi\(stay\|x\) is 0 for every theta; a logarithm needs a positive probability\. "
        r"Leave this action out$",
    ):
        basis.decompose("x", "stay")


# -- derivatives and values ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", POLICIES)
def test_gradient_of_logarithm_is_gradient_over_probability(name):
    policy = POLICIES[name]
    basis = LogBasis(policy)
    for field in fields(policy, basis).values():
        q = Quantities(MODEL, policy, Objective.START_STATE, field)
        log_pi = log_policy(q, basis)
        for s in MODEL.nonterminal:
            for a, p in q.pi[s].items():
                slopes = {theta: dp / field.value(p) for theta, dp in field.gradient(p).items()}
                assert agree(field, field.gradient(log_pi[s][a]), slopes)


@pytest.mark.parametrize("name", POLICIES)
def test_exponential_of_logarithm_is_the_probability(name):
    """In floats at random points, and at an exact point by SymPy's own logarithms."""
    policy, rng = POLICIES[name], random.Random(7)
    basis = LogBasis(policy)
    for _ in range(5):
        theta = {p: rng.uniform(0.1, 0.9) for p in policy.params}
        symbols = {symbol: rng.uniform(0.1, 0.9) for symbol in symbols_of(policy)}
        q = Quantities(MODEL, policy, Objective.START_STATE, FloatField(theta | symbols, basis.definitions))
        log_pi = log_policy(q, basis)
        for s in MODEL.nonterminal:
            for a, p in q.pi[s].items():
                assert math.exp(log_pi[s][a]) == pytest.approx(p, rel=ROUNDING)


@pytest.mark.parametrize("name", ["tabular", "direct", "mixture", "symbols"])
def test_exact_point_shows_logarithms_of_primes(name):
    policy = POLICIES[name]
    basis = LogBasis(policy)
    field = exact_field(MODEL, policy, theta_of(policy), values=symbols_of(policy), logs=basis)
    q = Quantities(MODEL, policy, Objective.START_STATE, field)
    log_pi = log_policy(q, basis)
    for s in MODEL.nonterminal:
        for a, p in q.pi[s].items():
            shown = field.to_sympy(log_pi[s][a])
            assert all(log.args[0].is_prime for log in shown.atoms(sp.log))
            assert sp.exp(shown).simplify() == field.to_sympy(p)
            assert field.convert(shown) == log_pi[s][a]


def test_exact_point_keeps_powers_of_e():
    """At theta = 1/9 the normaliser 1 + e^(1/9) keeps its logarithm."""
    model = pgsym.zoo("short-corridor")
    basis = LogBasis(model.policy)
    (theta,) = model.policy.params
    field = exact_field(model.mdp, model.policy, {theta: sp.Rational(1, 9)}, logs=basis)
    log_pi = log_policy(Quantities(model.mdp, model.policy, model.objective, field), basis)
    assert field.to_sympy(log_pi["s1"]["R"]) == sp.Rational(1, 9) - sp.log(1 + sp.exp(sp.Rational(1, 9)))


def test_exact_point_with_roots():
    """pi = 1/sqrt(2) has the logarithm -log(2)/2; 1 + sqrt(2) has none here."""
    policy = direct_policy(MODEL, {"x": {"go": 1}, "y": {"go": "exp(-a)", "stay": "1 - exp(-a)"}}, ["a"])
    only = Direct({"x": {"go": sp.S.One, "stay": sp.S.Zero}, "y": {"go": sp.exp(-A), "stay": sp.S.Zero}}, (A,))
    basis = LogBasis(only)
    field = exact_field(MODEL, only, {A: sp.log(2) / 2}, logs=basis)
    form, powers = basis.decompose("y", "go")
    assert not powers
    assert field.to_sympy(field.convert(form.to_sympy())) == -sp.log(2) / 2
    with pytest.raises(
        NotInFieldError,
        match=r"^log\(1 - exp\(a\)\): found 1 - sqrt\(2\), a sum with roots; the argument of a logarithm must be "
        r"rational at the point, or a root\. Choose another theta, or evaluate in floats$",
    ):
        exact_field(MODEL, policy, {A: sp.log(2) / 2}, logs=LogBasis(policy))


def test_logarithm_of_root_at_a_point():
    """log|f| for f = p at p = sqrt(12)/5."""
    direct = Direct({"x": {"go": P, "stay": sp.S.Zero}, "y": {"go": P, "stay": sp.S.Zero}}, (P,))
    basis = LogBasis(direct)
    field = exact_field(MODEL, direct, {P: sp.sqrt(12) / 5}, logs=basis)
    log_pi = log_policy(Quantities(MODEL, direct, Objective.START_STATE, field), basis)
    assert sp.expand(field.to_sympy(log_pi["x"]["go"]) - (sp.log(2) + sp.log(3) / 2 - sp.log(5))) == 0


@pytest.mark.parametrize("make", [exact_field, lambda _, policy, theta, logs: FloatField(theta, logs.definitions)])
def test_logarithm_of_zero_raises(make):
    policy = rational()
    basis = LogBasis(policy)
    with pytest.raises(AlgebraError, match=r"^logarithm: found log\((p|0)\)"):
        log_policy(
            Quantities(MODEL, policy, Objective.START_STATE, make(MODEL, policy, {P: sp.S.Zero}, logs=basis)), basis
        )["x"]["go"]


# -- identities: normal form and identity test agree -----------------------------------------------------


def score_mean(field, q, log_pi, s):
    """sum_a pi grad log pi = 0."""
    found = {}
    for a, p in q.pi[s].items():
        for theta, slope in field.gradient(log_pi[s][a]).items():
            term = field.value(p) * slope
            found[theta] = found[theta] + term if theta in found else term
    return list(found.values())


def entropy_gradient(field, q, log_pi, s):
    """sum_a grad pi log pi - grad sum_a pi log pi = 0."""
    whole = field.gradient(total(p * log_pi[s][a] for a, p in q.pi[s].items()))
    found = {theta: -slope for theta, slope in whole.items()}
    for a, p in q.pi[s].items():
        for theta, dp in field.gradient(p).items():
            found[theta] = found.get(theta, field.value(field.zero)) + dp * field.value(log_pi[s][a])
    return list(found.values())


def wrong_entropy_gradient(field, q, log_pi, s):
    """Without the logarithm: sum_a grad pi is zero, the gradient of the entropy is not."""
    return list(field.gradient(total(p * log_pi[s][a] for a, p in q.pi[s].items())).values())


def doubled_logarithm(field, q, log_pi, s):
    """log pi(go) = 2 log pi(stay) holds nowhere but by chance."""
    return [field.value(log_pi[s]["go"] - log_pi[s]["stay"] - log_pi[s]["stay"])]


IDENTITIES = [(score_mean, True), (entropy_gradient, True), (wrong_entropy_gradient, False), (doubled_logarithm, False)]


@pytest.mark.parametrize("name", ["tabular", "shared", "direct", "mixture", "symbolic mixture"])
@pytest.mark.parametrize(("identity", "holds"), IDENTITIES)
def test_identity_has_one_verdict_in_all_fields(name, identity, holds):
    policy = POLICIES[name]
    basis = LogBasis(policy)
    for kind, field in fields(policy, basis).items():
        q = Quantities(MODEL, policy, Objective.START_STATE, field)
        log_pi = log_policy(q, basis)
        found = [e for s in MODEL.nonterminal for e in identity(field, q, log_pi, s)]
        assert all(is_zero(e) for e in found) == holds, (kind, found)


@pytest.mark.parametrize("name", ["tabular", "shared"])
def test_logarithms_differ_by_the_logits(name):
    policy = POLICIES[name]
    basis = LogBasis(policy)
    for field in fields(policy, basis).values():
        log_pi = log_policy(Quantities(MODEL, policy, Objective.START_STATE, field), basis)
        for s, row in policy.logits.items():
            logit = field.convert((row["go"] - row["stay"]).to_sympy())
            assert is_zero(field.value(log_pi[s]["go"] - log_pi[s]["stay"] - logit))
            assert not is_zero(field.value(log_pi[s]["go"] - log_pi[s]["stay"] - logit - logit))


def test_second_derivatives_of_logarithms():
    """A score's derivative at a deeper level of the tower: grad grad log pi = grad (grad pi / pi)."""
    policy = shared()
    basis = LogBasis(policy)
    inner = DualField(prime_field(MODEL, policy, random.Random(1), logs=basis), policy.params)
    outer = DualField(inner, policy.params)
    field = rational_field(MODEL, policy, logs=basis)
    q, closed = (Quantities(MODEL, policy, Objective.START_STATE, f) for f in (outer, field))
    log_pi, log_closed = log_policy(q, basis), log_policy(closed, basis)
    for theta, score in outer.gradient(log_pi["y"]["go"]).items():
        pi = q.pi["y"]["go"]
        same = outer.gradient(pi)[theta] / outer.value(pi)
        assert inner.gradient(score) == inner.gradient(same)
        symbolic = field.gradient(field.gradient(log_closed["y"]["go"])[theta])
        for other, curvature in inner.gradient(score).items():
            assert curvature == inner.base.convert(field.to_sympy(symbolic[other]))


class Regularised:
    """Values with the reward r - tau log pi, by hand."""

    def __init__(self, field, mdp, policy, basis):
        self.field, self.mdp = field, mdp
        self.q = Quantities(mdp, policy, Objective.START_STATE, field)
        self.tau = field.symbol(TAU)
        self.log_pi = log_policy(self.q, basis)
        states = mdp.nonterminal
        rows = [
            {
                j: (field.one if s == t else field.zero) - self.q.gamma * self.q.P_pi[s].get(t, field.zero)
                for j, t in enumerate(states)
            }
            for s in states
        ]
        reward = [
            total(p * (self.q.r[s, a] - self.tau * self.log_pi[s][a]) for a, p in self.q.pi[s].items()) for s in states
        ]
        self.V = dict(zip(states, field.factor(rows).solve(reward), strict=True))

    @property
    def J(self):
        return total(p * self.V[s] for s, p in self.q.mu0.items())

    def Q(self, s, a):
        future = [p * self.V[t] for t, p in self.q.P[s, a].items() if t in self.V]
        return self.q.r[s, a] + self.q.gamma * total([self.field.zero, *future])

    def theorem(self, with_entropy):
        """sum_s eta(s) sum_a grad pi(a|s) (Q(s,a) - tau log pi(a|s))."""
        value, found = self.field.value, {}
        for s in self.mdp.nonterminal:
            for a, p in self.q.pi[s].items():
                critic = self.Q(s, a) - self.tau * self.log_pi[s][a] if with_entropy else self.Q(s, a)
                for theta, dp in self.field.gradient(p).items():
                    term = value(self.q.eta[s]) * dp * value(critic)
                    found[theta] = found[theta] + term if theta in found else term
        return found


@pytest.mark.parametrize("name", ["tabular", "direct", "mixture"])
def test_entropy_regularised_policy_gradient_theorem(name):
    """grad J = sum eta sum grad pi (Q - tau log pi); dropping the logarithm is refuted in every field."""
    mdp, policy = two_states("gamma"), POLICIES[name]
    basis = LogBasis(policy)
    for kind, field in fields(policy, basis, mdp, extra=[TAU, sp.Symbol("gamma")]).items():
        if kind == "float":
            field = DualField(
                FloatField(theta_of(policy) | {TAU: 0.2, sp.Symbol("gamma"): 0.2}, basis.definitions), policy.params
            )
        soft = Regularised(field, mdp, policy, basis)
        truth = dict(field.gradient(soft.J))
        assert agree(field, truth, soft.theorem(True)), kind
        assert not agree(field, truth, soft.theorem(False)), kind


def test_gradient_of_regularised_objective_agrees_with_finite_differences():
    mdp, policy = two_states(), POLICIES["tabular"]
    basis = LogBasis(policy)

    def objective(theta, dual=False):
        base = FloatField(theta | {TAU: 0.3}, basis.definitions)
        return Regularised(DualField(base, policy.params) if dual else base, mdp, policy, basis)

    theta = {p: 0.1 * k - 0.2 for k, p in enumerate(policy.params)}
    soft = objective(theta, dual=True)
    slopes = soft.field.gradient(soft.J)
    h = 1e-5
    for p in policy.params:
        up, down = (objective({**theta, p: theta[p] + step}).J for step in (h, -h))
        assert slopes[p] == pytest.approx((up - down) / (2 * h), rel=1e-6)


# -- sizes -----------------------------------------------------------------------------------------------

F, G = 1 + sp.exp(A) + sp.exp(B), 2 - sp.exp(A) * P
LOGS = {sp.Symbol("L"): F, sp.Symbol("M"): G}


@st.composite
def expressions(draw, depth=3):
    """Trees of sums, products and quotients over logarithms and their arguments."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from([*LOGS, *LOGS, F, G, A, P, sp.exp(A), sp.Integer(3)]))
    left, right = draw(expressions(depth=depth - 1)), draw(expressions(depth=depth - 1))
    return (draw(st.sampled_from(["+", "-", "*", "/", "d"])), left, right)


def value(tree, field, derivative):
    if not isinstance(tree, tuple):
        return field.convert(tree)
    operator, left, right = tree[0], value(tree[1], field, derivative), value(tree[2], field, derivative)
    if operator == "d":
        return derivative(left) * right
    if operator == "/":
        return left / right
    return left + right if operator == "+" else left - right if operator == "-" else left * right


@settings(max_examples=150)
@given(expressions())
def test_size_bounds_degrees_with_logarithms(tree):
    """The exact numerator, differentiated in a direction of independent symbols, never exceeds its bound."""
    directions = sp.symbols("da db dp")
    field = RationalField([A, B, P], [], [A, P, *directions], logarithms=LOGS)

    def directional(element):
        found = field.zero
        for d, theta in zip(directions, (A, B, P), strict=True):
            found = found + field.gradient(element).get(theta, field.zero) * field.symbol(d)
        return found

    sizes = SizeField({A: 1, B: 1}, logarithms=LOGS)
    try:
        exact = value(tree, field, directional)
    except ZeroDivisionError:
        return
    bound = value(tree, sizes, lambda e: sizes.gradient(e).get(DIRECTION, sizes.zero))
    if exact:
        terms = field._ring.terms(exact.numerator)
        assert max(sum(exponents) for exponents, _ in terms) <= bound.degree


def test_size_keeps_the_argument_below_its_logarithm():
    """(L/f) / (1/f) = L: were f cancelled, the second derivative's bound would lack its denominator."""
    sizes = SizeField({A: 1, B: 1}, logarithms=LOGS)
    L, f = sizes.symbol(sp.Symbol("L")), sizes.convert(F)
    quotient = L / f / (sizes.one / f)
    (kept,) = [k for factor, k in quotient.factors.items() if factor.logarithmic]
    assert kept >= 1


def test_size_of_linear_system_with_logarithms():
    """x = 1/(1 + L), as a system of order one, twice differentiated."""
    sizes = SizeField({A: 1, B: 1}, logarithms=LOGS)
    field = RationalField([A], [], [], logarithms=LOGS)
    L = sp.Symbol("L")
    found = []
    for f in (sizes, field):
        x = f.factor([{0: f.one + f.symbol(L)}]).solve([f.one])[0]
        (key,) = f.parameters
        found.append(f.gradient(f.gradient(x)[key])[key])
    bound, exact = found
    assert max(sum(m) for m, _ in field._ring.terms(exact.numerator)) <= bound.degree
    assert any(factor.logarithmic for factor in bound.factors)


def test_size_field_of_a_policy():
    basis = LogBasis(POLICIES["shared"])
    sizes = size_field(POLICIES["shared"], logs=basis)
    q = Quantities(MODEL, POLICIES["shared"], Objective.START_STATE, sizes)
    element = log_policy(q, basis)["x"]["go"]
    assert element.degree >= 1
    assert sizes.gradient(element)


@pytest.mark.parametrize("name", ["tabular", "shared", "direct", "mixture"])
def test_size_of_all_logarithms_bounds_the_entropy_gradient(name):
    """sum_s sum_a (pi log pi)' in a direction: one bound for all entries against the exact numerator."""
    policy = POLICIES[name]
    basis = LogBasis(policy)
    sizes = SizeQuantities(MODEL, policy, Objective.START_STATE, size_field(policy, logs=basis))
    entry = sizes.pi["x"]["go"] * sizes.log_pi(basis)["x"]["go"]
    (bound,) = sizes.field.gradient(entry).values()
    direction = [sp.Symbol(f"d_{p}") for p in policy.params]
    field = rational_field(MODEL, policy, extra=direction, logs=basis)
    q = Quantities(MODEL, policy, Objective.START_STATE, field)
    log_pi = log_policy(q, basis)
    slopes = field.gradient(total(p * log_pi[s][a] for s in MODEL.nonterminal for a, p in q.pi[s].items()))
    exact = total(field.symbol(d) * slopes[p] for d, p in zip(direction, policy.params, strict=True))
    assert max(sum(m) for m, _ in field._ring.terms(exact.numerator)) <= bound.degree


def test_field_without_logarithms_has_no_further_generator():
    model = pgsym.zoo("short-corridor")
    assert len(rational_field(model.mdp, model.policy).generators) == 1
    assert rational_field(model.mdp, model.policy, extra=model.policy.params).generators == (
        sp.exp(model.policy.params[0]),
        model.policy.params[0],
    )


def test_extra_symbols_in_every_field():
    model = pgsym.zoo("short-corridor")
    (theta,), b = model.policy.params, sp.Symbol("b(s1)")
    closed = rational_field(model.mdp, model.policy, extra=[b, theta])
    assert closed.gradient(closed.symbol(theta) * closed.symbol(b)) == {theta: closed.symbol(b)}
    residues = prime_field(model.mdp, model.policy, random.Random(0), extra=[b])
    assert residues.symbol(b) != residues.zero
    point = exact_field(model.mdp, model.policy, {theta: sp.log(2)}, extra=[b, theta], values={b: sp.Rational(1, 3)})
    assert point.to_sympy(point.symbol(b) * point.symbol(theta)) == sp.log(2) / 3
    assert point.number(Fraction(1, 3)) == point.symbol(b)

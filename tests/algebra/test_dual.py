"""Forward-mode tangents, against symbolic derivatives, finite differences and second derivatives."""

import random
import time
from fractions import Fraction

import pytest
import sympy as sp

from pgsym.algebra import DualField, FloatField, Generators, PrimeField, RationalField, point_field
from pgsym.errors import AlgebraError
from pgsym.expression.linear import Linear

T, U, GAMMA = sp.symbols("t u gamma")
FORMS = [Linear.from_sympy(e) for e in (T, U - T / 2, sp.Integer(0))]
ROUNDING = 1e-9


def chain(field, transposed=False):
    """V(0) of a 4-state chain with a shared 3-action softmax, or the first occupancy where transposed."""
    left, stay, right = field.softmax(FORMS)
    g = field.symbol(GAMMA)
    n = 4
    rows, b = [], []
    for s in range(n):
        row = {s: field.one}
        for t, p in ((max(s - 1, 0), left), (s, stay), ((s + 1) % n, right)):
            row[t] = row.get(t, field.zero) - g * p
        rows.append(row)
        b.append(right * field.symbol(T) + field.number(Fraction(s)))
    lu = field.factor(rows, last=[0])
    return (lu.solve_transposed(b) if transposed else lu.solve(b))[0]


def closed_form():
    return RationalField([T, U], FORMS, [GAMMA, T])


def residues():
    return PrimeField.random(random.Random(5), Generators.of(FORMS, [GAMMA, T, U]))


def floats(t=0.3, u=-0.2):
    return FloatField({T: t, U: u, GAMMA: 0.9})


@pytest.mark.parametrize("transposed", [False, True])
def test_dual_gradient_equals_derivative_of_closed_form(transposed):
    """Modulo a prime both are exact; equality at a random point fails by chance below 2^-50."""
    field = closed_form()
    symbolic = field.gradient(chain(field, transposed))
    base = residues()
    dual = DualField(base, [T, U])
    tangents = dual.gradient(chain(dual, transposed))
    assert set(tangents) == {T, U}
    for theta, slope in tangents.items():
        assert slope == base.convert(field.to_sympy(symbolic[theta]))


@pytest.mark.parametrize("transposed", [False, True])
def test_all_derivatives_of_one_entry_take_one_solve(monkeypatch, transposed):
    """By the adjoint; once as many entries are asked for as there are parameters, each parameter is solved for."""

    def solution(field):
        left, stay, right = field.softmax(FORMS)
        lu = field.factor([{0: field.one - left, 1: stay * right}, {0: right, 1: field.one - stay}])
        calls = []
        for name in ("solve", "solve_transposed"):
            method = getattr(lu._values, name)
            monkeypatch.setattr(lu._values, name, lambda b, m=method: calls.append(1) or m(b))
        return (lu.solve_transposed if transposed else lu.solve)([stay, left]), calls

    base = residues()
    x, calls = solution(DualField(base, [T, U]))
    assert len(calls) == 1
    assert [(len(x[i].tangents), len(calls)) for i in (0, 0, 1)] == [(2, 2), (2, 2), (2, 4)]
    for k, theta in enumerate((T, U)):
        alone, _ = solution(DualField(base, [theta]))
        assert [e.tangents[k] for e in x] == [e.tangents[0] for e in alone]


def test_dual_over_rational_field_equals_its_own_gradient():
    base = RationalField([T, U], FORMS, [GAMMA, T])
    dual = DualField(base, [T, U])
    assert dual.gradient(chain(dual)) == base.gradient(chain(base))
    assert dual.value(chain(dual)) == chain(base)


@pytest.mark.parametrize("transposed", [False, True])
def test_dual_gradient_agrees_with_finite_differences(transposed):
    dual = DualField(floats(), [T, U])
    tangents = dual.gradient(chain(dual, transposed))
    h = 1e-4  # central differences err by about h^2 = 1e-8 times the third derivative
    slope_t = (chain(floats(t=0.3 + h), transposed) - chain(floats(t=0.3 - h), transposed)) / (2 * h)
    slope_u = (chain(floats(u=-0.2 + h), transposed) - chain(floats(u=-0.2 - h), transposed)) / (2 * h)
    assert tangents[T] == pytest.approx(slope_t, rel=1e-6)
    assert tangents[U] == pytest.approx(slope_u, rel=1e-6)


def test_dual_directions_contract_the_gradient():
    base = residues()
    full = DualField(base, [T, U])
    gradient = full.gradient(chain(full))
    directions = [{T: 3, U: Fraction(-1, 2)}, {U: 7}]
    field = DualField(base, directions=directions)
    contracted = field.gradient(chain(field))
    assert field.parameters == (("direction", 0), ("direction", 1))
    assert contracted == {
        ("direction", k): sum((gradient[t] * base.number(Fraction(c)) for t, c in direction.items()), base.zero)
        for k, direction in enumerate(directions)
    }


def test_nested_duals_give_the_hessian():
    inner = DualField(residues(), [T, U])
    outer = DualField(inner, [T, U])
    value = chain(outer)
    field = closed_form()
    for a, slope in outer.gradient(value).items():
        second = inner.gradient(slope)
        symbolic = field.gradient(field.gradient(chain(field))[a])
        for b, curvature in second.items():
            assert curvature == residues().convert(field.to_sympy(symbolic[b]))


def test_nested_hessian_is_symmetric_in_floats():
    inner = DualField(floats(), [T, U])
    outer = DualField(inner, [T, U])
    gradient = outer.gradient(chain(outer))
    assert inner.gradient(gradient[T])[U] == pytest.approx(inner.gradient(gradient[U])[T], rel=ROUNDING)


@pytest.mark.parametrize(
    "expr", [T**3 / (1 + U), sp.exp(2 * T - U) * T, (T - U) ** 4, (1 + T) ** -2, GAMMA * sp.exp(T / 2), sp.Integer(3)]
)
def test_dual_arithmetic_agrees_with_sympy(expr):
    base = PrimeField.random(random.Random(2), Generators.of([], [sp.exp(T / 2), sp.exp(U), GAMMA, T, U]))
    field = DualField(base, [T, U])
    e = field.convert(expr)
    assert field.value(e) == base.convert(expr)
    slopes = {theta: sp.diff(expr, theta) for theta in (T, U)}
    assert field.gradient(e) == {theta: base.convert(s) for theta, s in slopes.items() if s != 0}
    assert field.gradient(e - e) == {}
    assert field.is_zero(e - e)


def test_dual_is_zero_looks_at_tangents():
    field = DualField(floats(t=0.0), [T])
    assert field.value(field.symbol(T)) == 0.0
    assert not field.is_zero(field.symbol(T))


def test_dual_softmax_of_floats_is_stable():
    field = DualField(FloatField({T: 1000.0}), [T])
    high, low = field.softmax([Linear.from_sympy(T), Linear()])
    assert (field.value(high), field.value(low)) == (1.0, 0.0)
    assert field.gradient(high) == {}


def test_dual_at_an_exact_point():
    base = point_field([T, U], FORMS, [GAMMA, T], {T: sp.Integer(0), U: sp.log(2)}, {GAMMA: sp.Rational(1, 2)})
    dual = DualField(base, [T, U])
    tangents = dual.gradient(chain(dual))
    field = closed_form()
    point = {T: 0, U: sp.log(2), GAMMA: sp.Rational(1, 2)}
    for theta, slope in field.gradient(chain(field)).items():
        assert base.to_sympy(tangents[theta]) == sp.nsimplify(field.to_sympy(slope).subs(point))


def test_dual_rejects_a_wrong_derivative():
    """The mutant forgets A' in A x' = b' - A' x; finite differences must tell it from the truth."""
    dual = DualField(floats(), [T, U])
    honest = dual.gradient(chain(dual))[T]
    left, stay, right = (dual.lift(dual.value(p)) for p in dual.softmax(FORMS))

    class Mutant:
        zero, one = dual.zero, dual.one
        number, symbol, factor = dual.number, dual.symbol, dual.factor

        def softmax(self, forms):
            return [left, stay, right]

    mutant = dual.gradient(chain(Mutant()))[T]
    h = 1e-4
    slope = (chain(floats(t=0.3 + h)) - chain(floats(t=0.3 - h))) / (2 * h)
    assert honest == pytest.approx(slope, rel=1e-6)
    assert mutant != pytest.approx(slope, rel=1e-6)


def test_dual_of_many_parameters_is_fast():
    """500 states and 3000 parameters in floats: all derivatives of J in a second or two on an idle core."""
    n, actions = 500, 6
    rng = random.Random(0)
    theta = [[sp.Symbol(f"t_{s}_{a}") for a in range(actions)] for s in range(n)]
    flat = [t for row in theta for t in row]
    field = DualField(FloatField({t: rng.gauss(0, 1) for t in flat}), flat)
    g = field.number(Fraction(9, 10))
    started = time.perf_counter()
    rows, b = [], []
    for s in range(n):
        row, reward = {s: field.one}, field.zero
        for p in field.softmax([Linear.of({t: Fraction(1)}) for t in theta[s]]):
            target = (s + rng.randint(-5, 5)) % n
            row[target] = row[target] - g * p if target in row else -(g * p)
            reward = reward + p * field.number(Fraction(rng.randint(-3, 3)))
        rows.append(row)
        b.append(reward)
    V = field.factor(rows).solve(b)
    weight = field.number(Fraction(1, n))
    J = field.zero
    for v in V:
        J = J + weight * v
    gradient = field.gradient(J)
    assert len(gradient) == n * actions
    # shifting all logits of one state changes nothing
    assert sum(gradient[t] for t in theta[7]) == pytest.approx(0, abs=1e-12)
    assert time.perf_counter() - started < 30


@pytest.mark.parametrize("arguments", [{}, {"parameters": [T], "directions": [{T: 1}]}])
def test_dual_field_raises_without_one_choice(arguments):
    with pytest.raises(AlgebraError, match=r"^DualField: found both or neither; give parameters or directions$"):
        DualField(floats(), **arguments)

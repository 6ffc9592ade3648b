"""Formulas compiled to JavaScript: what is written, and that a browser computes what Python does."""

import math
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from pgsym.algebra import FloatField
from pgsym.errors import AlgebraError, NotInFieldError, TooLargeError
from pgsym.exact.quantities import Quantities
from pgsym.expression.evaluate import evaluate
from pgsym.expression.linear import Linear
from pgsym.model.zoo import zoo
from pgsym.reports.live import formulas as formulas_module
from pgsym.reports.live import javascript as module
from pgsym.reports.live.javascript import CodeField, javascript

P, Q, T = sp.symbols("p q t")
EPSILON = 2.0**-53


class Rounded:
    """A float with a bound on its rounding error, in units of 2^-53 (Wilkinson's running error analysis)."""

    def __init__(self, value, error=0.0):
        self.value, self.error = value, error + abs(value)

    def __add__(self, other):
        return Rounded(self.value + other.value, self.error + other.error)

    def __mul__(self, other):
        x, y = abs(self.value), abs(other.value)
        return Rounded(self.value * other.value, x * other.error + y * self.error)

    def __truediv__(self, other):
        quotient = self.value / other.value
        return Rounded(quotient, 2 * (self.error + abs(quotient) * other.error) / abs(other.value))

    def __pow__(self, power):
        result = Rounded(1.0)
        for _ in range(power):
            result = result * self
        return result


class RoundedFloats:
    """The number system of these."""

    def __init__(self, point):
        self.point = point

    def number(self, value):
        return Rounded(float(value))

    def symbol(self, symbol):
        return Rounded(self.point[symbol])

    def exp(self, form):
        argument = sum((self.number(c) * self.symbol(s) for s, c in form.coefficients), self.number(form.constant))
        value = math.exp(argument.value)
        return Rounded(value, value * argument.error)


numbers = st.fractions(-9, 9, max_denominator=9).map(lambda f: sp.Rational(f.numerator, f.denominator))
exponentials = st.tuples(numbers, numbers).map(lambda c: sp.exp(c[0] / 4 * T + c[1] / 4))
leaves = numbers | st.sampled_from([P, Q, T]) | exponentials
expressions = st.recursive(
    leaves,
    lambda inner: (
        st.tuples(inner, inner).map(lambda e: e[0] + e[1])
        | st.tuples(inner, inner).map(lambda e: e[0] - e[1])
        | st.tuples(inner, inner).map(lambda e: e[0] * e[1])
        | st.tuples(inner, inner).map(lambda e: e[0] / (1 + e[1] ** 2))
        | st.tuples(inner, st.integers(2, 4)).map(lambda e: e[0] ** e[1])
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def run(browser):
    """A function that runs compiled JavaScript at a point."""
    page = browser.new_page()

    def computed(text, x, count):
        call = f"(x) => {{ {text}; const y = new Float64Array({count}); f(x, y); return [...y]; }}"
        return page.evaluate(call, x)

    yield computed
    page.close()


@settings(max_examples=30)
@given(
    st.lists(expressions, min_size=1, max_size=6),
    st.tuples(st.floats(0.1, 0.9), st.floats(-3, 3), st.floats(-2, 2)),
)
def test_browser_computes_what_python_does(run, drawn, at):
    field = CodeField([P, Q, T])
    text = javascript([field.convert(e) for e in drawn], "f")
    point = dict(zip((P, Q, T), at, strict=True))
    found = run(text, list(at), len(drawn))
    for value, expr in zip(found, drawn, strict=True):
        expected = evaluate(expr, RoundedFloats(point))
        # both sides round
        assert abs(value - expected.value) <= 4 * EPSILON * expected.error


@settings(max_examples=20)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5), st.floats(-900, 900))
def test_softmax_never_overflows(run, coefficients, at):
    forms = [Linear.from_sympy(c * T + d) for c, d in coefficients]
    field = CodeField([T])
    found = run(javascript(field.softmax(forms), "f"), [at], len(forms))
    assert found == pytest.approx(FloatField({T: at}).softmax(forms), rel=1e-9, abs=1e-300)


def test_deep_formulas_are_cut_into_lines(run):
    field = CodeField([P])
    deep = field.symbol(P)
    for _ in range(5000):
        deep = field.one / (field.one + deep)
    text = javascript([deep], "f")
    assert max(line.count("(") for line in text.splitlines()) <= 2 * module.DEPTH
    assert run(text, [0.5], 1) == pytest.approx([(math.sqrt(5) - 1) / 2])


def test_equal_operations_are_written_once():
    field = CodeField([P, Q])
    p, q = field.symbol(P), field.symbol(Q)
    assert p * q is q * p
    assert p + q is q + p
    assert p - q is not q - p
    text = javascript([(p * q + field.one) / (p * q), p * q], "f")
    assert text == "function f(x, y) {\n  const a = (x[0] * x[1]);\n  y[0] = ((1 + a) / a);\n  y[1] = a;\n}\n"


def test_numbers_fold_exactly():
    field = CodeField([P])
    p, half = field.symbol(P), field.number(Fraction(1, 2))
    assert half + half is field.one
    assert half - half is field.zero
    assert (half * p) * field.zero is field.zero
    assert p * field.one is p
    assert p - field.zero is p
    assert field.zero - (-p) is p
    assert p**0 is field.one
    assert half**-2 is field.number(Fraction(4))
    assert not field.zero
    with pytest.raises(ZeroDivisionError):
        p / field.zero


def test_a_system_is_compiled_as_its_elimination(run):
    problem = zoo("random-walk")
    params = problem.policy.params
    field = CodeField(params)
    q = Quantities(problem.mdp, problem.policy, problem.objective, field)
    found = run(javascript([q.V[s] for s in problem.mdp.nonterminal], "f"), [0.0] * 5, 5)
    # Example 6.2: V(k) = k/6
    assert found == pytest.approx([k / 6 for k in range(1, 6)])


def test_too_many_operations_are_refused():
    field = CodeField([P], limit=5)
    with pytest.raises(
        TooLargeError,
        match=r"live page: the formulas take more than 5 operations; a page computes at most so many. Choose a model",
    ):
        field.convert(1 / (1 + P) + P**2 + P**3)
    with pytest.raises(TooLargeError, match="a coefficient of 401 digits; a page computes with numbers below"):
        javascript([CodeField([P]).convert(10**400 * P)], "f")


def test_unknown_symbols_and_derivatives_are_refused():
    field = CodeField([P])
    with pytest.raises(NotInFieldError, match=r"q: not an input; the page has p. Add it to the inputs"):
        field.symbol(Q)
    with pytest.raises(AlgebraError, match=r"an operation knows no derivative.*Use DualField"):
        field.gradient(field.one)
    with pytest.raises(NotInFieldError, match="an operation is no formula"):
        field.to_sympy(field.one)


def test_long_closed_forms_give_way_to_elimination(monkeypatch):
    problem = zoo("short-corridor")
    inputs = list(problem.policy.params)
    short = formulas_module.formulas(problem.mdp, problem.policy, problem.objective, inputs)
    monkeypatch.setattr(formulas_module, "CLOSED_OPERATIONS", 20)
    long = formulas_module.formulas(problem.mdp, problem.policy, problem.objective, inputs)
    assert (short.closed, long.closed) == (True, False)
    assert short.J is not long.J

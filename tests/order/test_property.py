"""Random fractions, true and false: no verdict contradicts exact evaluations."""

import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_signs import decided, values

from pgsym.order import Kind, SignStatus, SimplexRow

x, y, p, q, r = sp.symbols("x y p q r")
DOMAINS = (
    {x: Kind.POSITIVE, y: Kind.POSITIVE},
    {x: Kind.POSITIVE, p: Kind.UNIT_OPEN},
    {p: Kind.UNIT_OPEN, q: Kind.UNIT_HALF_OPEN},
    {x: Kind.REAL, p: Kind.UNIT_HALF_OPEN},
    {p: SimplexRow("s"), q: SimplexRow("s"), r: SimplexRow("s")},
    {x: Kind.REAL},
)


@st.composite
def questions(draw):
    """A fraction over a domain: products and squares of small polynomials, with a shift that may spoil the sign."""
    kinds = draw(st.sampled_from(DOMAINS))
    small = st.integers(-3, 3)

    def polynomial():
        terms = draw(st.lists(st.tuples(small, *(st.integers(0, 2) for _ in kinds)), min_size=1, max_size=4))
        return sum((c * sp.prod(v**e for v, e in zip(kinds, m, strict=True)) for c, *m in terms), sp.Integer(0))

    shape = draw(st.sampled_from(["any", "square", "squares", "positive"]))
    found = {
        "any": polynomial,
        "square": lambda: polynomial() ** 2,
        "squares": lambda: polynomial() ** 2 + polynomial() ** 2,
        "positive": lambda: polynomial() ** 2 * sum(v**2 for v in kinds) + 1,
    }[shape]()
    shift = draw(st.sampled_from([0, 0, sp.Rational(-1, 100), sp.Rational(1, 100)]))
    below = draw(st.sampled_from([sp.Integer(1), 1 + sum(v**2 for v in kinds), polynomial() ** 2 + 1]))
    return found / below + shift, kinds, draw(st.booleans())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(questions())
def test_no_verdict_contradicts_exact_evaluations(question):
    expr, kinds, strict = question
    verdict = decided(expr, kinds, strict, seconds=2)
    seen = list(values(expr, kinds, 170))  # 60 examples: 10^4 evaluations
    false = [v for v in seen if v < 0 or (strict and v == 0)]
    if verdict.status is SignStatus.PROVED:
        assert not false
    if verdict.status is SignStatus.REFUTED and len(kinds) == 1:
        assert len(false) == len(seen)
    if verdict.witness is not None:
        at = {k: sp.Rational(v.numerator, v.denominator) for k, v in verdict.witness.items()}
        found = sp.sympify(expr).subs(at)
        assert found < 0 or (strict and found == 0)

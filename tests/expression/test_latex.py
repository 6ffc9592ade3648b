"""The printer never changes a value, and every name survives it."""

import re
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from paper import compiled
from skips import NEEDS_TEX

from pgsym.errors import FormulaError
from pgsym.expression.latex import ROWS, align, document, latex, latex_lines, quantity_latex, tex_width
from pgsym.expression.notation import escape_text, name_latex, name_table, symbol_latex, symbol_names
from pgsym.expression.ordering import plain

g, p, q, x, y, t, u = sp.symbols("gamma p q x y theta theta_s1_R")

# -- an independent reader of what is printed ------------------------------------------------------------------

TOKEN = re.compile(
    r"\\frac|\\left\(|\\Bigl\(|\\right\)|\\Bigr\)|\\Big/|\\cdot|\\,|\d+"
    r"|\\theta_\{\\mathrm\{s1\},\\mathrm\{R\}\}|\\[a-z]+|[a-z]|[-+/^{}()]|\s+"
)


class Reader:
    """Recursive descent over the printed formula, straight into numbers.

    ``e^{...}`` is looked up by its exponent's exact value, since exp(1/2) is no rational: any value will do,
    as long as the expression gets the same one.
    """

    def __init__(self, tex, point):
        self.tokens = []
        position = 0
        while position < len(tex):
            match = TOKEN.match(tex, position)
            assert match, f"unreadable at {tex[position : position + 20]!r}"
            position = match.end()
            if match.group().strip() and match.group() != r"\,":
                self.tokens.append(match.group())
        self.point = point
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, expected=None):
        token = self.peek()
        assert expected is None or token == expected, f"expected {expected}, found {token}"
        self.at += 1
        return token

    def all(self):
        value = self.sum()
        assert self.peek() is None, f"left over: {self.tokens[self.at :]}"
        return value

    def sum(self):
        sign = -1 if self.peek() == "-" and self.take() else 1
        value = sign * self.product()
        while self.peek() in ("+", "-"):
            value += self.product() if self.take() == "+" else -self.product()
        return value

    def product(self):
        value = self.power()
        while (token := self.peek()) not in (None, "+", "-", "}", ")", r"\right)", r"\Bigr)"):
            if token in ("/", r"\Big/"):
                self.take()
                value /= self.power()
            else:
                if token == r"\cdot":
                    self.take()
                else:
                    assert not token.isdigit() or self.tokens[self.at - 1] in ("/",), "two numbers run together"
                value *= self.power()
        return value

    def power(self):
        if self.peek() == "e":
            self.take()
            return exponential(self.group() if self.peek() == "^" and self.take() else Fraction(1))
        base = self.atom()
        if self.peek() == "^":
            self.take()
            exponent = self.group()
            assert exponent.denominator == 1
            base **= int(exponent)
        return base

    def group(self):
        self.take("{")
        value = self.sum()
        self.take("}")
        return value

    def atom(self):
        token = self.take()
        if token.isdigit():
            return Fraction(int(token))
        if token in ("(", r"\left(", r"\Bigl("):
            value = self.sum()
            assert self.take() in (")", r"\right)", r"\Bigr)")
            return value
        if token == r"\frac":
            above = self.group()
            return above / self.group()
        return self.point[token]


def exponential(exponent):
    """A stand-in for exp that is a homomorphism on sixths: exp(a + b) = exp(a) exp(b), exp(1/6) = 3/2."""
    sixths = exponent * 6
    assert sixths.denominator == 1
    return Fraction(3, 2) ** int(sixths)


def value(expr, point):
    """The expression at the point, by SymPy's own tree."""
    if expr.is_Rational:
        return Fraction(int(expr.p), int(expr.q))
    if expr.is_Symbol:
        return point[symbol_latex(expr.name)]
    if isinstance(expr, sp.exp):
        return exponential(value(expr.args[0], point))
    if expr is sp.E:
        return exponential(Fraction(1))
    values = [value(arg, point) for arg in expr.args]
    if expr.is_Pow:
        return values[0] ** int(values[1])
    total = values[0]
    for v in values[1:]:
        total = total + v if expr.is_Add else total * v
    return total


def balanced(tex):
    depth = 0
    for token in re.findall(r"\\.|[{}]", tex):
        depth += (token == "{") - (token == "}")
        assert depth >= 0
    return depth == 0 and tex.count(r"\left(") == tex.count(r"\right)")


numbers = st.fractions(min_value=-6, max_value=6, max_denominator=6)
symbols = st.sampled_from([g, p, q, x, y, t, u])
logits = st.builds(lambda a, b, k: a * t + b * u + k, *[st.integers(-3, 3)] * 3)


def grow(inner):
    # Unevaluated trees as well: a printer must not rely on SymPy's normal form.
    flag = st.booleans()
    return st.one_of(
        st.builds(lambda a, b, e: sp.Add(a, b, evaluate=e), inner, inner, flag),
        st.builds(lambda a, b, c, e: sp.Add(a, b, c, evaluate=e), inner, inner, inner, flag),
        st.builds(lambda a, b, e: sp.Mul(a, b, evaluate=e), inner, inner, flag),
        st.builds(lambda a, b, e: sp.Mul(a, sp.Pow(b, -1, evaluate=e), evaluate=e), inner, inner, flag),
        st.builds(lambda a, n, e: sp.Pow(a, n, evaluate=e), inner, st.integers(-3, 3), flag),
        st.builds(lambda a, e: sp.Mul(-1, a, evaluate=e), inner, flag),
    )


leaves = st.one_of(symbols, numbers.map(lambda f: sp.Rational(f.numerator, f.denominator)), logits.map(sp.exp))
expressions = st.recursive(leaves, grow, max_leaves=12)
points = st.fixed_dictionaries(
    {symbol_latex(s.name): st.integers(-8, 8).map(lambda n: Fraction(n, 6)) for s in (t, u)}
    | {symbol_latex(s.name): st.fractions(-4, 4, max_denominator=9) for s in (g, p, q, x, y)}
)


@settings(max_examples=150, deadline=None)
@given(expressions, points, st.booleans())
def test_latex_evaluates_to_the_same_number(expr, point, inline):
    if expr.has(sp.zoo, sp.nan, sp.oo):
        return
    try:
        expected = value(expr, point)
    except ZeroDivisionError:
        return
    tex = latex(expr, inline=inline)
    assert balanced(tex)
    assert Reader(tex, point).all() == expected, tex


@settings(max_examples=150, deadline=None)
@given(expressions, points, st.integers(1, 40))
def test_lines_together_are_the_formula(expr, point, width):
    if expr.has(sp.zoo, sp.nan, sp.oo):
        return
    try:
        expected = value(expr, point)
    except ZeroDivisionError:
        return
    lines = latex_lines(expr, width)
    assert all(balanced(line) for line in lines)
    assert Reader(" ".join(lines), point).all() == expected, lines


def test_reader_rejects_a_lost_parenthesis():
    point = {"x": Fraction(2), "y": Fraction(3)}
    right = latex(x * (x + y))
    wrong = right.replace(r"\left(", "").replace(r"\right)", "")
    assert Reader(right, point).all() == 10
    assert Reader(wrong, point).all() != 10


# -- the look --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "tex"),
    [
        (1 - p, "1 - p"),
        (p - 1, "p - 1"),
        (-p - 1, "-1 - p"),
        (sp.exp(t), r"e^{\theta}"),
        (sp.exp(2 * t), r"e^{2 \theta}"),
        (sp.exp(-t / 2), r"e^{-\theta/2}"),
        (sp.exp(sp.Rational(1, 3)), "e^{1/3}"),
        (x / 3, r"\frac{x}{3}"),
        (-2 * x * y / 3, r"-\frac{2 x y}{3}"),
        (sp.Rational(-2, 3), r"-\frac{2}{3}"),
        (-2 * (x + 1) * (x + 2) / x, r"-\frac{\left(2 + x\right) \left(2 + 2 x\right)}{x}"),
        (sp.factor(-2 * (x + 1) * (x + 2) / x), r"-\frac{2 \left(1 + x\right) \left(2 + x\right)}{x}"),
        (sp.exp(t) / (1 + sp.exp(t)), r"\frac{e^{\theta}}{1 + e^{\theta}}"),
        (y * p * g * sp.exp(t) * 2, r"2 \gamma e^{\theta} p y"),
        (1 / x**2, r"\frac{1}{x^{2}}"),
        ((1 + x) ** -2 * y, r"\frac{y}{\left(1 + x\right)^{2}}"),
        (x**2 - 3 * x + 2, "2 - 3 x + x^{2}"),
        (1 + sp.exp(t) + sp.exp(2 * t), r"1 + e^{\theta} + e^{2 \theta}"),
        (2 * sp.sqrt(2) + 4, r"4 + 2 \sqrt{2}"),
        (sp.log(2), r"\log{\left(2 \right)}"),
        (sp.Integer(0), "0"),
    ],
)
def test_latex_is_what_a_reader_expects(expr, tex):
    assert latex(expr) == tex


def test_given_names_order_the_factors():
    pi, v = sp.symbols("pi_0 V_0")
    names = {pi: quantity_latex("pi", "R", "s1"), "V_0": quantity_latex("V", "s1")}
    shown = latex(v * g * pi * (1 - p) + v**2, names=names)
    assert shown == (
        r"V(\mathrm{s1})^{2} + \gamma \, V(\mathrm{s1}) \, \pi(\mathrm{R} \mid \mathrm{s1}) \left(1 - p\right)"
    )


def test_exponentials_beside_a_symbol_named_e_are_spelt_out():
    e = sp.Symbol("e")
    assert latex(e**2 + sp.exp(2)) == r"\exp\left(2\right) + e^{2}"
    assert latex(sp.exp(t)) == r"e^{\theta}"


def test_long_sums_are_broken_at_their_terms():
    terms = sp.Add(*(sp.Symbol(f"a{i}") * sp.Symbol(f"b{i}") for i in range(20)))
    lines = latex_lines(terms / (1 - g), width=30)
    assert len(lines) > 3
    assert lines[0].startswith(r"\frac{1}{1 - \gamma} \cdot \Bigl(a_{0} b_{0} + ")
    assert all(tex_width(line) <= 34 for line in lines)
    assert lines[-1].endswith(r"\Bigr)")


def test_shared_names_of_python_keep_their_letters():
    assert [latex(sp.Symbol(n)) for n in ("E", "S", "I", "pi", "gamma", "lambda")] == [
        "E", "S", "I", r"\pi", r"\gamma", r"\lambda",
    ]  # fmt: skip


# -- names -----------------------------------------------------------------------------------------------------

SPECIAL = [
    "s 1",
    "s_1",
    "s1",
    "s-1",
    "50%",
    "a&b",
    "#",
    "$x$",
    "~",
    "^",
    "\\",
    "{",
    "}",
    "{}",
    "<b>",
    '"',
    "'",
    "é",
    "s'",
]


def test_names_with_special_characters_stay_distinct_and_balanced():
    printed = [name_latex(n) for n in SPECIAL]
    assert len(set(printed)) == len(SPECIAL)
    assert all(balanced(tex) for tex in printed)
    for tex in printed:
        assert not re.search(r"(?<!\\)[#$%&_~^]", tex), tex


@given(st.text(max_size=8), st.text(max_size=8))
def test_names_differ_where_their_printable_text_does(a, b):
    if a != b and a.isprintable() and b.isprintable() and "−" not in a + b:
        assert name_latex(a) != name_latex(b)
    assert balanced(name_latex(a))
    assert balanced(symbol_latex(a))
    assert balanced(escape_text(a))


def test_state_1_and_state_text_1_differ_in_one_model():
    table = name_table([1, "1", (0, 1), "(0, 1)"])
    assert len(set(table.values())) == 4


@pytest.mark.parametrize(
    ("name", "tex"),
    [
        ("theta_s1_R", r"\theta_{\mathrm{s1},\mathrm{R}}"),
        ("theta_1_2", r"\theta_{1,2}"),
        ("theta12", r"\theta_{12}"),
        ("epsilon", r"\epsilon"),
        ("θ_s", r"\theta_{\mathrm{s}}"),
        ("w1", "w_{1}"),
        ("slip2", r"\mathrm{slip2}"),
        ("theta_s_1__2", r"\theta_{\mathrm{s},1}^{(2)}"),
        ("_x", r"\mathrm{\_x}"),
        ("été", r"\mathrm{\text{é}t\text{é}}"),
    ],
)
def test_symbol_names(name, tex):
    assert symbol_latex(name) == tex


def test_symbols_that_would_look_alike_are_told_apart():
    names = ["p1", "p_1", "theta", "θ", "theta__2"]
    assert len(set(symbol_names([sp.Symbol(n) for n in names]).values())) == len(names)
    assert latex(sp.Symbol("p1") - sp.Symbol("p_1")) == "p_{1} - p_{1}^{(2)}"


def test_symbol_with_superscript_is_fenced_before_a_power():
    assert latex(sp.Symbol("t__2") ** 2) == r"\left(t^{(2)}\right)^{2}"


def test_quantities_follow_the_glossary():
    assert quantity_latex("J") == "J"
    assert quantity_latex("rbar") == r"\bar{r}"
    assert quantity_latex("mu0", "s") == r"\mu_{0}(\mathrm{s})"
    assert quantity_latex("eta", (0, 1)) == r"\eta((0, 1))"
    assert quantity_latex("P", "s'", "s", "a") == r"P(\mathrm{s{'}} \mid \mathrm{s}, \mathrm{a})"
    assert quantity_latex("grad") == r"\nabla J"
    assert quantity_latex("mu") == r"\mu"
    assert quantity_latex("grad", t) == r"\frac{\partial J}{\partial \theta}"
    assert quantity_latex("hessian", t, u).count(r"\partial") == 3
    assert quantity_latex("V", "{0}") == r"V(\mathrm{\{0\}})"


def test_quantity_raises_on_unknown_name():
    with pytest.raises(FormulaError, match=r"^quantity_latex: found 'W'; must be one of J, grad, V, Q, A"):
        quantity_latex("W")


def test_quantity_raises_on_missing_argument():
    with pytest.raises(FormulaError, match=r"^quantity_latex: 1 arguments; Q takes 2$"):
        quantity_latex("Q", "s")


# -- documents -------------------------------------------------------------------------------------------------


def test_align_breaks_lines():
    body = align([("J", sp.Add(*sp.symbols("a:z"))), ("x", r"\text{given}")], width=20)
    assert body.count("&=") == 2
    assert body.count(r"\quad {} +") >= 2
    assert balanced(body)


def whole_document():
    rows = [(quantity_latex("V", n), 1 - p) for n in [*SPECIAL, "Ω", "状", "→", "\t"]]
    rows += [(quantity_latex("grad", u), sp.factor(sp.diff(sp.exp(u) * g / (1 + sp.exp(u)), u)))]
    wide = sp.Add(*(sp.Symbol(f"a{i}") * sp.Symbol(f"b{i}") for i in range(30)))
    rows += [("J", wide / (1 - g)), ("K", 1 / wide), ("L", wide**2 * (wide + 1))]
    return document(align(rows), "50% of s_1 & {#1} ~ θ ^ \\ $ − 状")


def test_document_is_balanced_and_declares_foreign_letters():
    text = whole_document()
    assert balanced(text)
    assert r"\DeclareUnicodeCharacter{72B6}" in text


@NEEDS_TEX
def test_document_compiles_without_complaint(tmp_path):
    found = compiled(whole_document(), tmp_path)
    assert found.complaints == ()
    assert found.pages in range(2, 6)


@NEEDS_TEX
def test_a_long_formula_is_split_for_tex(tmp_path):
    rows = 3 * ROWS + 1
    text = align([("J", sp.Add(*sp.symbols(f"a:{rows}")))], width=1)
    parts = [len(part.splitlines()) for part in re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", text, re.S)]
    assert parts == [ROWS, ROWS, ROWS, 1]
    found = compiled(document(text, "long"), tmp_path)
    assert found.complaints == ()
    assert found.pages > rows // 100


@NEEDS_TEX
def test_complaints_of_tex_are_found(tmp_path):
    wide = document(r"\mbox{" + "wide " * 100 + r"} \ref{nothing} \char200\font\bare=cmr10 \bare\char200", "wrong")
    kinds = [complaint.split()[0] for complaint in compiled(wide, tmp_path).complaints]
    assert sorted(set(kinds)) == ["LaTeX", "Missing", "Overfull"]


# -- plain text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (sp.Rational(1, 3), "1/3"),
        (sp.Integer(-1), "−1"),
        (1 - p, "1 − p"),
        (g * (1 - p), "γ(1 − p)"),
        (g / 2, "γ/2"),
        (x / (y * p), "x/(py)"),
        (sp.Symbol("slip") * p, "p·slip"),
        (3 * sp.Symbol("slip"), "3·slip"),
        (2 * p**2, "2p²"),
        (sp.exp(t) / (1 + sp.exp(t)), "e^θ/(1 + e^θ)"),
        (-x - y, "−x − y"),
        (1 / (1 - p) ** 2, "1/(1 − p)²"),
        ((x + 1) / (3 * y) - 2, "(1 + x)/(3y) − 2"),
    ],
)
def test_plain_text(expr, text):
    assert plain(expr) == text


@pytest.mark.parametrize(
    ("expr", "tex"),
    [
        (x * (x - 1), r"-x \left(1 - x\right)"),
        (2 / (x - 1), r"-\frac{2}{1 - x}"),
        (2 / (x - 1) ** 2, r"\frac{2}{\left(1 - x\right)^{2}}"),
        ((x - 3) / (x * (x - 1)), r"\frac{3 - x}{x \left(1 - x\right)}"),
        (y * (x - 2 + x**2), r"y \left(x - 2 + x^{2}\right)"),
        (y / (x - 2 + x**2), r"-\frac{y}{2 - x - x^{2}}"),
        (1 + 2 / (x - 1), r"1 - \frac{2}{1 - x}"),
        (x - 1, "x - 1"),
    ],
)
def test_sums_are_turned_as_a_reader_expects(expr, tex):
    """Denominators begin with a positive term; a numerator is turned only where that saves minus signs."""
    assert latex(expr) == tex

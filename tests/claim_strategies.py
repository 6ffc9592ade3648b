"""Random trees and statements of the claim language, and random text that looks like it.

`statements` are well-formed as text; whether they make sense is for `check.check` to say.
"""

from __future__ import annotations

import unicodedata
from fractions import Fraction

from hypothesis import strategies as st

from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import EQUAL, PROPORTIONAL, UNEQUAL
from pgsym.claims.language.statement import Arbitrary, Binding, ForAll, ForEach, Let, Statement, World
from pgsym.expression.quantity import VOCABULARY

STATES = st.sampled_from(["s", "s'", "s1", "s2''"])
ACTIONS = st.sampled_from(["a", "a'", "a1"])
NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), include_characters='"\\ #'), min_size=1, max_size=6
).map(lambda name: unicodedata.normalize("NFC", name))
LITERALS = st.one_of(NAMES, st.integers(0, 10**6)).map(t.Literal)

FUNCTIONS: tuple[Binding, ...] = (
    ForAll("b", ("s",)),
    ForAll("c", ("s", "a")),
    ForAll("lambda"),
    Let("f", ("s",), t.Quantity("V", ("s",)) + t.Call("lambda")),
)
"""Declarations under which the trees are read."""


def numbers() -> st.SearchStrategy[t.Node]:
    """Numbers that a text can stand for: a sign is an operation."""
    return st.builds(lambda p, q: t.Number(Fraction(p, q)), st.integers(0, 99), st.integers(1, 9))


def index(kind: str) -> st.SearchStrategy[t.Index]:
    return st.one_of(STATES, LITERALS) if kind == "state" else st.one_of(ACTIONS, LITERALS)


@st.composite
def quantities(draw: st.DrawFn, scalars: st.SearchStrategy[t.Node]) -> t.Node:
    """A name of the vocabulary with indices, primes and overrides."""
    name = draw(st.sampled_from(list(VOCABULARY)))
    found = VOCABULARY[name]
    kinds = found.kinds
    if name == "r" and draw(st.booleans()):
        kinds = (*kinds, "state")
    if name == "r" and draw(st.booleans()):
        name = f"E[r^{draw(st.integers(2, 99))}]"
    indices = tuple(draw(index(kind)) for kind in kinds)
    overrides = []
    for key in found.overrides:
        if draw(st.integers(0, 4)) == 0:
            value = draw(scalars) if key == "gamma" else t.Call(draw(st.sampled_from("bc" if key == "r" else "b")))
            overrides.append(t.Override(key, value))
    of_one_world = name in ("E[T]", "|S|", "I", "vec(theta)") or name.endswith("*")
    primed = not of_one_world and draw(st.integers(0, 4)) == 0
    return t.Quantity(name, indices, primed, tuple(draw(st.permutations(overrides))))


def leaves(scalars: st.SearchStrategy[t.Node]) -> st.SearchStrategy[t.Node]:
    calls = st.one_of(
        st.builds(lambda i: t.Call("b", (i,)), index("state")),
        st.builds(lambda i: t.Call("f", (i,)), index("state")),
        st.builds(lambda i, j: t.Call("c", (i, j)), index("state"), index("action")),
        st.just(t.Call("lambda")),
    )
    symbols = st.one_of(st.sampled_from(["p", "theta_x", "r", "J", "sum", "for"]), NAMES).map(t.Symbol)
    return st.one_of(numbers(), quantities(scalars), calls, symbols, indicators())


@st.composite
def indicators(draw: st.DrawFn) -> t.Node:
    """Two of one kind, at least one of them an index."""
    names = draw(st.sampled_from([STATES, ACTIONS]))
    return t.Indicator((draw(names), draw(st.one_of(names, LITERALS))))


@st.composite
def draws(draw: st.DrawFn) -> tuple[t.Draw, ...]:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            found.append(t.Draw(draw(ACTIONS), "pi", draw(st.booleans())))
        else:
            name = draw(st.sampled_from(["mu", "mu0", "d", "eta", "nu", "P"]))
            found.append(t.Draw(draw(STATES), name, draw(st.booleans())))
    return tuple(found)


def _division(left: t.Node, right: t.Node) -> t.Node:
    """The text of a quotient of two numbers is read as a number."""
    if isinstance(right, t.Number) and (right.value == 0 or isinstance(left, t.Number)):
        return t.Mul(left, right)
    return t.Div(left, right)


def extended(body: st.SearchStrategy[t.Node]) -> st.SearchStrategy[t.Node]:
    indices = st.lists(st.one_of(STATES, ACTIONS), min_size=1, max_size=3).map(tuple)
    unary = st.sampled_from(
        [t.Neg, t.Grad, t.Log, t.Inv, t.Transpose, t.Limit, t.StopGradient, t.PrimedGrad, t.SamePolicy]
    )
    binary = st.sampled_from([t.Add, t.Sub, t.Mul, t.Dot, t.Outer])
    return st.one_of(
        st.builds(lambda kind, x: kind(x), unary, body),
        st.builds(lambda kind, x, y: kind(x, y), binary, body, body),
        st.builds(_division, body, body),
        st.builds(t.Pow, body, st.integers(-9, 20)),
        st.builds(t.Sum, indices, body),
        st.builds(t.Expect, draws(), body),
    )


TREES: st.SearchStrategy[t.Node] = st.recursive(leaves(numbers()), extended, max_leaves=12)
"""Any expression, sensible or not."""


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    """A chain with bindings of its own."""
    bindings: list[Binding] = list(FUNCTIONS)
    if draw(st.booleans()):
        bindings.append(Let("x'", ("s", "a"), draw(TREES)))
    if draw(st.booleans()):
        bindings.append(ForEach(draw(STATES)))
    if draw(st.booleans()):
        bindings.append(draw(st.sampled_from([World("terminating"), Arbitrary("P'"), Arbitrary("r'")])))
    terms = draw(st.lists(TREES, min_size=2, max_size=3))
    relations = tuple(draw(st.sampled_from([EQUAL, UNEQUAL, PROPORTIONAL])) for _ in terms[1:])
    return Statement(tuple(terms), relations, tuple(bindings))


TOKENS = [
    *VOCABULARY, "sum", "E", "limit", "grad", "log", "dot", "1[", "outer", "inv", "transpose", "sg",
    "at[pi'=pi]", "grad'", "let", "for all", "with",
    "M'", "terminating", "propto", "=", "==", "!=", "(", ")", "[", "]", "|", ",", ";", ":", "~", "->", "+", "-", "*",
    "/", "^", "**", "s", "s'", "a", "a'", "s1", "b", "c", "lambda", "theta", "1", "0", "2/3", "0.9", '"x"', "\n", " ",
    "#", "'", ".",
]  # fmt: skip
"""What texts are made of."""

TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(TOKENS), max_size=40).map(" ".join),
    st.lists(st.sampled_from(TOKENS), max_size=40).map("".join),
)
"""Arbitrary text, and arbitrary sequences of tokens."""


@st.composite
def damaged(draw: st.DrawFn, originals: st.SearchStrategy[str]) -> str:
    """A text with a few characters removed, repeated, or replaced by a token."""
    text = draw(originals)
    for _ in range(draw(st.integers(1, 3))):
        i = draw(st.integers(0, len(text)))
        j = min(len(text), i + draw(st.integers(0, 6)))
        text = text[:i] + draw(st.sampled_from(["", text[i:j] * 2, *TOKENS])) + text[j:]
    return text

"""Text to trees and back, and what is said of text that is no claim."""

import re
import sys
import time
from fractions import Fraction

import pytest
from claim_strategies import TEXTS, damaged, statements
from hypothesis import given, settings
from hypothesis import strategies as st
from second_reading.identities import STATEMENTS

from pgsym.claims import parse
from pgsym.claims.language import tree as t
from pgsym.claims.language.check import check
from pgsym.claims.language.statement import Let, equal
from pgsym.errors import ClaimError
from pgsym.limits import CLAIM_CHARACTERS, CLAIM_DEPTH, CLAIM_EXPANDED_DEPTH

# -- round trips -----------------------------------------------------------------------------------------


@given(statements())
@settings(max_examples=150)
def test_text_of_a_tree_is_read_back_to_the_tree(statement):
    assert parse(str(statement)) == statement


@pytest.mark.parametrize("text", STATEMENTS)
def test_text_is_read_to_a_tree_with_the_same_text(text):
    statement = parse(text)
    assert parse(str(statement)) == statement
    assert str(parse(str(statement))) == str(statement)


def test_operators_of_python_build_the_trees_of_the_text():
    s, a = "s", "a"
    pi, Q, eta, gamma = t.Quantity("pi", (a, s)), t.Quantity("Q", (s, a)), t.Quantity("eta", (s,)), t.Quantity("gamma")
    built = t.Sum((s,), eta * t.Sum((a,), t.Grad(pi) * (Q - t.Quantity("V", (s,))))) / (t.as_node(1) - gamma**2)
    claim = equal(t.Grad(t.Quantity("J")), -built + t.as_node(Fraction(2, 3)) * t.Grad(t.Quantity("J")))
    text = "grad J = -(sum[s] eta(s) * sum[a] grad pi(a|s) * (Q(s,a) - V(s))) / (1 - gamma^2) + (2/3) * grad J"
    assert parse(text).claims[0] == claim


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("J = 1", "J == 1"),
        ("J = gamma ** 2", "J = gamma^2"),
        ("1 [ s = s' ] = 2", "1[s=s'] = 2"),
        ("J = 0.9", "J = 9/10"),
        ("J = 2/3", "J == (2/3)"),
        ('"go" in argmax[a] Q(s,a)', 'Q(s,"go") >= max[a] Q(s,a)'),
        ("a in argmax[a'] pi(a'|s) * A(s,a')", "pi(a|s) * A(s,a) >= max[a'] pi(a'|s) * A(s,a')"),
        ("2 in argmax[s] E[tau | s_0=s] G", "E[tau | s_0=2] G >= max[s] E[tau | s_0=s] G"),
        ("grad sum[s] mu(s) * V(s) = 0", "grad (sum[s] mu(s) * V(s)) = 0"),
        ("sum[s] mu(s) * V(s) + J = 0", "(sum[s] (mu(s) * V(s))) + J = 0"),
        ("J - J - J = 0", "(J - J) - J = 0"),
        ("J / J / J = 0", "(J / J) / J = 0"),
        ("-J * J = 0", "-(J * J) = 0"),
        ("-J^2 = 0", "-(J^2) = 0"),
        ("grad J * J = 0", "(grad J) * J = 0"),
        ("grad log pi(a|s) * J = 0", "(grad (log pi(a|s))) * J = 0"),
        ("grad V(s)^2 = 0", "grad (V(s)^2) = 0"),
        ("J = J  # a reason", "J=J"),
        ("for all b(s), c: J = c", "for all b(s): for all c: J = c"),
    ],
)
def test_ways_of_writing_one_tree(one, other):
    assert parse(one) == parse(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("J - (J - J) = 0", "J - J - J = 0"),
        ("J / (J * J) = 0", "J / J * J = 0"),
        ("grad (J * J) = 0", "grad J * J = 0"),
        ("(sum[s] mu(s)) * J = 0", "sum[s] mu(s) * J = 0"),
        ('"J" = 0', "J = 0"),
        ('V("3") = 0', "V(3) = 0"),
        ("V(03) = 0", "V(3) = 0"),
        ("V'(s) = 0", "V(s') = 0"),
    ],
)
def test_ways_of_writing_two_trees(one, other):
    assert parse(one) != parse(other)


def test_chain_is_a_claim_for_each_relation():
    claims = parse("let b = J; J = b != 2 propto rbar").claims
    assert [str(c) for c in claims] == ["J == b", "b != 2", "2 propto rbar"]
    assert all(c.bindings == (Let("b", (), t.Quantity("J")),) for c in claims)


def test_statement_of_a_claim_carries_its_bindings():
    claim = parse("for all b(s): let c(s) = 2 * b(s); sum[s] mu(s) * c(s) = 2 * sum[s] mu(s) * b(s)").claims[0]
    assert parse(str(claim.statement)).claims == (claim,)


def test_symbol_is_quoted_where_its_name_is_taken():
    """A model with a symbol r and a statement with a function b: both can still be meant."""
    statement = parse('let b(s) = V(s); "b" * "r" * "sum" * p = J')
    assert str(statement) == 'let b(s) = V(s); "b" * "r" * "sum" * p == J'
    symbols = [n.name for n in statement.terms[0].walk() if isinstance(n, t.Symbol)]
    assert symbols == ["b", "r", "sum", "p"]


def test_bindings_given_beforehand_hold():
    bindings = parse("let b(s) = V(s); J = 0").bindings
    assert parse("sum[s] b(s) = 0", bindings).bindings == bindings


# -- text that is no claim -------------------------------------------------------------------------------

REFUSED = [
    ("grad J = sum[s] eta(s) * Qq(s,a)", "Qq", "Qq is not a name of the language, nor defined here; did you mean Q?"),
    ("for all b(s): sum[s] eta(s) * bb(s) = 0", "bb", "bb is not a name of the language, nor defined here; did you "
     "mean b?"),
    ("zzz(s) = 0", "zzz", "zzz is not a name of the language, nor defined here. Define it with let, or declare it with "
     "for all"),
    ("V(s,a) = 0", "V", "V has 2 indices; it is written V(s)"),
    ("pi(s,a) = 1", "pi", "pi is written pi(a|s)"),
    ("P(s'|s|a) = 1", "P", "P is written P(s'|s,a)"),
    ("F(s) = 0", "F", "F has 1 indices; it is written F"),
    ("for all b(s): b(s,a) = 0", "b(s,a)", "b has 2 indices; it was defined with 1"),
    ("for all b(s): b(s|s) = 0", "b(s|", "b is your own name; it is written b(s) or b(s,a)"),
    ("let b(s) = V(s); let b(s) = 0; J = 0", "b(s) = 0", "b is defined twice; once is enough. Choose another name"),
    ("let V(s) = 1; J = 0", "V", "V is a name of the language; choose another for your own"),
    ("for all mu': J = 0", "mu'", "mu' is a name of the language; choose another for your own"),
    ("let b(s,s) = 1; J = 0", "b", "b has one index twice; they must differ"),
    ("V(x) = 0", "x", "found the index x; states are called s, s', s1, ..., actions a, a', a1, ..., times t, u, v, ... "
     'Rename it, or write "x" for the state or action of that name'),
    ("V(1.5) = 0", "1.5", "found 1.5; a state has a name or a whole number"),
    ("V[x=1](s) = 0", "x", "found V[x=...]; it takes r, gamma"),
    ("mu[gamma=1](s) = 0", "gamma", "found mu[gamma=...]; it takes nothing in brackets"),
    ("J[gamma=1, gamma=0] = 0", "gamma=0", "found gamma twice; once is enough"),
    ("J = 1/0", "/", "found a division by zero; a divisor must differ from 0"),
    ("J = gamma^9999", "9999", "found the power 9999; at most 100 is read"),
    ("J = " + "1" * 401, "1" * 401, "found 401 digits; at most 400 are read"),
    ("J <= V(s) = 1 > 0", "> 0", "found > after <=; a chain grows or falls, so that its first and last sides are "
     "compared. Write two chains"),
    ("E[tau] max[t] r_t = 0", "t] r_t", "found max over the time t; it is taken over states and actions. Sum over the "
     "time"),
    ("J 2 = 0", "2", "found '2' without an operator before it. Write * for a product"),
    ("V(s) V(s) = 0", "V(s) =", "found 'V' without an operator before it. Write * for a product"),
    ("let b = 1 J = b", "J", "found 'J' without an operator before it. Write * for a product"),
    ("J =", "", "found the end; the claim is not complete. Complete it"),
    ("J", "", "found no relation; a claim has =, !=, propto, <=, >=, < or > between two sides. Add one"),
    ("", "", "found no relation; a claim has =, !=, propto, <=, >=, < or > between two sides. Add one"),
    ("J = ?", "?", "found '?'; it has no meaning in a claim. Remove it"),
    ("(J = 0", "=", "found '=', which cannot stand here. Correct the claim"),
    ("J = -", "", "found the end; the claim is not complete. Complete it"),
    ("E[s~pi] V(s) = 0", "pi", "found s~pi; a state is drawn from mu, mu0, d, eta, nu, P"),
    ("E[a~mu] V(s) = 0", "mu", "found a~mu; an action is drawn from pi"),
    ("limit[gamma->0] J = 0", "gamma", "found the limit gamma->0; only gamma->1 is taken"),
    ("1[s=a] = 1", "1[", "found a state and an action in 1[s=a]; compare two of one kind"),
    ("1[s=t] = 1", "1[", "1[...] compares states or actions, as in 1[s=s'] or 1[a=\"go\"]"),
    ('1["x"="y"] = 1', '1[', "1[...] compares states or actions, as in 1[s=s'] or 1[a=\"go\"]"),
    ("1[s] = 1", "] = 1", "found ']', which cannot stand here. Correct the claim"),
    ("at[pi=pi'] J = 1", "pi=", "found at[pi=pi']; only at[pi'=pi] is taken"),
    ("I' = F", "I'", "found I'; the identity matrix is one and the same in both worlds. Write I"),
    ('argmax[a] Q("x",a) = 1', "argmax",
     "found argmax as an expression; it is a set. Write x in argmax[a] f(a), with an index or a name as x"),
    ("a in argmax[s] V(s)", "s] V", "found a in argmax[s]; both must be states, or both actions"),
    ("a in argmax[a'] sum[a] Q(s,a)", "argmax", "a is bound again inside of argmax[a']; rename one of them"),
    ("dot(J) = 0", "dot", "dot has 1 arguments; it takes 2"),
    ("with M = terminating: J = 0", "M", "found M; the second model is called M'. Write with M' = terminating:"),
    ("with M' = doubled: J = 0", "doubled", "doubled is not a transformation; there is terminating"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "message"), REFUSED, ids=[text[:40] or "empty" for text, _, _ in REFUSED])
def test_parser_refuses(text, place, message):
    with pytest.raises(ClaimError) as caught:
        parse(text)
    first, shown, arrow = str(caught.value).split("\n")
    assert first == message
    assert caught.value.at == (text.rindex(place) if place else len(text))
    assert shown[arrow.index("^") :] == text[caught.value.at :][: len(shown) - arrow.index("^")]


def test_parser_refuses_what_is_no_text():
    with pytest.raises(ClaimError, match=re.escape("found 3; text is required. Write the claim as text")):
        parse(3)


# -- hostile text ----------------------------------------------------------------------------------------

HOSTILE = {
    "too long": ("J = " + " " * CLAIM_CHARACTERS + "J", f"found {CLAIM_CHARACTERS + 5} characters"),
    "parentheses": ("(" * 9000 + "J" + ")" * 9000 + " = 0", f"nested too deeply; at most {CLAIM_DEPTH} levels"),
    "gradients": ("grad " * 3900 + "J = 0", f"nested too deeply; at most {CLAIM_DEPTH} levels"),
    "logarithms": ("log " * 4000 + "J = 0", f"nested too deeply; at most {CLAIM_DEPTH} levels"),
    "sums": ("sum[s] " * 2500 + "V(s) = 0", f"nested too deeply; at most {CLAIM_DEPTH} levels"),
    "expectations": ("E[s~mu] " * 2000 + "V(s) = J", f"nested too deeply; at most {CLAIM_DEPTH} levels"),
    "many draws": (
        "E[" + ",".join(f"s{i}~mu" for i in range(1500)) + "] V(s1) = J", f"nested 3001 deep; at most {CLAIM_DEPTH}"
    ),
    "many indices": (
        "sum[" + ",".join(f"s{i}" for i in range(2000)) + "] V(s1) = J", f"nested 2001 deep; at most {CLAIM_DEPTH}"
    ),
    "10^4 terms": (
        "+".join(["J"] * 9990) + " = 0",
        f"nested 9990 deep; at most {CLAIM_DEPTH} levels are read. Use let",
    ),
    "10^4 factors": ("*".join(["J"] * 9990) + " = 0", f"nested 9990 deep; at most {CLAIM_DEPTH} levels are read"),
    "minus signs": ("-(" * 3000 + "J" + ")" * 3000 + " = 0", f"nested too deeply; at most {CLAIM_DEPTH} levels"),
    "overrides": ("V[gamma=" * 900 + "gamma" + "](s)" * 900 + " = 0", f"nested too deeply; at most {CLAIM_DEPTH}"),
    "definitions": (
        "let x0 = J; " + "".join(f"let x{i} = -x{i - 1}; " for i in range(1, 500)) + "J = x499",
        f"deep with its definitions; at most {CLAIM_EXPANDED_DEPTH} levels are read. Split the claim",
    ),
    "digits": ("9" * 5000 + " = J", "found 5000 digits; at most 400 are read"),
    "powers": ("gamma^99999999999 = J", "found the power 99999999999; at most 100 is read"),
    "commas": ("V(" + "s," * 3000 + "s) = J", "V has 3001 indices"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_in_bounded_time(name):
    """No recursion error, and no more than some seconds for the largest texts that are read at all."""
    text, message = HOSTILE[name]
    begin = time.perf_counter()
    with pytest.raises(ClaimError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400
    assert time.perf_counter() - begin < 60


def test_definitions_that_double_are_checked_once_each(monkeypatch):
    monkeypatch.setattr(sys.modules["pgsym.claims.language.check"], "CLAIM_EXPANDED_PARTS", 2**60)
    text = "let x0(s) = V(s); " + "".join(f"let x{i}(s) = x{i - 1}(s) + x{i - 1}(s); " for i in range(1, 50))
    check(parse(text + "V(s) = x49(s)").claims[0])


def test_definitions_that_double_are_bounded():
    text = "let x0(s) = V(s); " + "".join(f"let x{i}(s) = x{i - 1}(s) + x{i - 1}(s); " for i in range(1, 50))
    with pytest.raises(ClaimError, match=r"^found 16381 parts with definitions written out; at most 10000 are read"):
        parse(text + "V(s) = x49(s)")


@given(TEXTS)
@settings(max_examples=300)
def test_arbitrary_text_raises_nothing_but_claim_errors(text):
    _read(text)


@given(damaged(st.sampled_from(STATEMENTS)))
@settings(max_examples=300)
def test_damaged_claims_raise_nothing_but_claim_errors(text):
    _read(text)


def _read(text):
    """Parse, check, and read back what was understood."""
    try:
        statement = parse(text)
        for claim in statement.claims:
            check(claim)
    except ClaimError as error:
        assert str(error)  # noqa: PT017
    else:
        assert parse(str(statement)) == statement


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("V*(s) = V(s)", "V*(s) == V(s)"),
        ("V* (s) = Q*(s,a)", "V*(s) == Q*(s,a)"),
        ("J* = J", "J* == J"),
        ("J = J*", "J == J*"),
        ("J*^2 - J* * 2 = -J*", "J*^2 - J* * 2 == -J*"),
        ("(J*) * (J*) = J* # best", "J* * J* == J*"),
        ("h*(s) + 1/J* = 0", "h*(s) + 1 / J* == 0"),
        # The star is a product where a factor follows, as ever.
        ("2*V(s) = V(s)*(2)", "2 * V(s) == V(s) * 2"),
        ("J*J = J**2", "J * J == J^2"),
        ("J*(1 - gamma) = J*V(s)", "J * (1 - gamma) == J * V(s)"),
        ("J*  # a comment\n(gamma) = 1", "J * gamma == 1"),
        ("J*\nsum[s] V(s) = J*2", "J * sum[s] V(s) == J * 2"),
    ],
)
def test_a_star_belongs_to_the_name_where_no_factor_follows(text, read):
    assert str(parse(text)) == read
    assert parse(read) == parse(text)


@pytest.mark.parametrize("text", ["V *(s) = 1", "V*V(s) = 1", "mu*(s) = 1", "V'*(s) = 1", "V*'(s) = 1"])
def test_other_stars_are_refused(text):
    with pytest.raises(ClaimError, match=r"stands without its indices|cannot stand here|has no meaning"):
        check(parse(text).claims[0])

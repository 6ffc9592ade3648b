"""What makes sense: shapes, indices, and what they run over."""

import pytest
from claim_strategies import statements
from hypothesis import given, settings

from pgsym.claims import parse
from pgsym.claims.language import tree as t
from pgsym.claims.language.check import check
from pgsym.claims.language.names import Range
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import equal
from pgsym.errors import ClaimError
from pgsym.expression.quantity import Role

ONE_SIDE = "is free on one side only; both sides must be about the same"

SENSELESS = [
    ("V(s) = J", "V", f"the index s {ONE_SIDE} s. Sum over it, or write for all s:"),
    ("sum[s] V(s) = Q(s,a)", "Q", f"the index a {ONE_SIDE} a. Sum over it, or write for all a:"),
    ("V(s) = sum[s] V(s)", "V(s) =", f"the index s {ONE_SIDE} s. Sum over it, or write for all s:"),
    ("grad J = J", "J", "a vector over the parameters on the left, a scalar on the right; both sides must have one "
     "shape"),
    ("F = grad J", "grad", "a matrix over the parameters on the left, a vector over the parameters on the right; both "
     "sides must have one shape"),
    ("J + grad J = 0", "+", "a scalar on the left, a vector over the parameters on the right; both must have one "
     "shape"),
    ("grad J * grad J = 0", "*", "found a vector over the parameters times a vector over the parameters; one factor "
     "must be a scalar. Write dot(x, y) or outer(x, y)"),
    ("dot(J, grad J) = 0", "dot", "found a scalar in dot; vectors or matrices are required. Write *"),
    ("outer(J, grad J) = 0", "outer", "outer takes two vectors over the parameters"),
    ("inv(J) = 0", "J", "found a scalar; a matrix over the parameters is required"),
    ("transpose(grad J) = 0", "grad", "found a vector over the parameters; a matrix over the parameters is required"),
    ("log grad J = 0", "grad", "found a vector over the parameters; a logarithm or a power is taken of or by a scalar "
     "only"),
    ("J / grad J = 0", "grad", "found a vector over the parameters; division is of or by a scalar only"),
    ("grad F = 0", "grad", "found the gradient of a matrix; scalars and vectors have one"),
    ("grad grad grad J = 0", "grad grad grad", "found the gradient of a matrix; scalars and vectors have one"),
    ("V = 0", "V", 'V stands without its indices; it is a function. For a symbol of the model write "V"'),
    ("for all b(s): b = 0", "b =", 'b stands without its indices; it is a function. For a symbol of the model write '
     '"b"'),
    ("J[r=V(s)] = 0", "V", "r is replaced by the name of a function, as in J[r=c]"),
    ("J[r=1] = 0", "1", "r is replaced by the name of a function, as in J[r=c]"),
    ("for all c(s,s'): J[r=c] = 0", "c]", "c cannot stand for r; it must be a function c(s) or c(s,a)"),
    ("for all w(s,a): J[mu0=w] = 0", "w]", "w cannot stand for mu0; it must be a function w(s)"),
    ("J[gamma=V(s)] = 0", "V", "a discount factor is a scalar without indices"),
    ("Q(a,s) = 0", "Q", "Q takes a state there; a is an action"),
    ("P(s|a,s) = 0", "P", "P takes a state there; a is an action"),
    ("pi(s|s) = 0", "pi", "pi takes an action there; s is a state"),
    ("sum[s] sum[s] V(s) = 0", "sum[s] V", "s is summed inside a sum over s; rename one of them"),
    ("sum[a] V(s) = 0", "sum", "a is an action of no state; it must be an action of one state"),
    ("sum[s,s',a] pi(a|s) * Q(s',a) = 0", "Q", "a is an action of s and s'; it must be an action of one state"),
    ("sum[a] sum[s] pi(a|s) = 1", "pi", "a is an action of s, which is bound further inside; sum over s first"),
    ("for all s: 1 = sum[a] (pi(a|s) + sum[s] pi(a|s))", "pi", "a is an action of s, which is bound further inside; "
     "sum over s first"),
    ("sum[s,a] eta(s) * pi(a'|s) * grad pi(a|s) = 0", "pi(a'", "a' is an action of s, which is bound further inside; "
     "sum over s first"),
    ("for all c(s,a): let d1(s,a) = c(s,a) + sum[s'] P(s'|s',a); J = 0", "P", "a is an action of s', which is bound "
     "further inside; sum over s' first"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "message"), SENSELESS, ids=[text for text, _, _ in SENSELESS])
def test_claim_without_sense_is_refused(text, place, message):
    with pytest.raises(ClaimError) as caught:
        check(parse(text).claims[0])
    first, shown, arrow = str(caught.value).split("\n")
    assert first == message
    assert caught.value.at == text.rindex(place)
    assert shown[arrow.index("^") :].startswith(place[: len(shown) - arrow.index("^")])


def test_definition_with_a_loose_index_says_how_to_write_it():
    with pytest.raises(ClaimError, match=r"let f: its body has the index a; .* Write let f\(s,a\)"):
        check(parse("let f(s) = Q(s,a); V(s) = f(s)").claims[0])


def test_complaint_about_a_tree_without_text_names_the_node():
    claim = equal(t.Grad(t.Quantity("J")), t.Quantity("J") + t.Grad(t.Quantity("J")))
    with pytest.raises(ClaimError, match=r"^J \+ grad J: a scalar on the left"):
        check(claim)


@given(statements())
@settings(max_examples=200)
def test_check_raises_nothing_but_claim_errors(statement):
    for claim in statement.claims:
        try:
            rank, ranges = check(claim)
        except ClaimError as error:
            assert str(error)  # noqa: PT017
        else:
            assert rank in (0, 1, 2)
            assert all(isinstance(r, Range) for r in ranges)


# -- shapes and ranges -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("J = 0", 0),
        ("grad J = 0", 1),
        ("0 = grad J", 1),
        ("0 = 0", 0),
        ("0 * grad J = 0", 0),
        ("F = 0", 2),
        ("dot(F, grad J) = 0", 1),
        ("dot(grad J, grad J) = 1", 0),
        ("grad grad J = outer(grad J, grad J)", 2),
    ],
)
def test_rank_of_a_claim(text, rank):
    assert check(parse(text).claims[0])[0] == rank


def test_free_indices_are_states_first_with_what_they_run_over():
    _, ranges = check(parse("Q(s,a) = r(s,a) + gamma * sum[s'] P(s'|s,a) * V(s')").claims[0])
    assert ranges == (Range("s", None, frozenset({Role.ACTING, Role.VALUED})), Range("a", "s"))


def test_action_of_a_named_state():
    _, ranges = check(parse('pi(a|"x") = 1').claims[0])
    assert ranges == (Range("a", t.Literal("x")),)


def test_index_of_visits_runs_over_fewer_states():
    _, ranges = check(parse("eta(s) = mu(s) + V(s)").claims[0])
    assert ranges == (Range("s", None, frozenset({Role.VISITED, Role.COUNTED, Role.VALUED})),)


def test_discount_of_its_own_asks_for_no_finite_value():
    _, ranges = check(parse("V[gamma=1/2](s) = r_pi(s)").claims[0])
    assert ranges == (Range("s", None, frozenset({Role.ACTING})),)


def test_definition_passes_on_what_its_indices_run_over():
    claim = parse("let f(s) = V(s); let c(s',a) = pi(a|s') * f(s'); for all s, a: c(s,a) = 1").claims[0]
    _, ranges = check(claim)
    assert ranges == (Range("s", None, frozenset({Role.ACTING, Role.VALUED})), Range("a", "s"))


def test_action_that_a_definition_does_not_use_belongs_to_the_state_before_it():
    claim = parse("for all v(s): let c(s,a) = v(s); V[r=c](s) = V(s)").claims[0]
    check(claim)
    assert Scope(claim.bindings).entry(t.Call("c", ("s", "a"))).pairs == ((0, 1),)

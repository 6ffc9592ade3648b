"""What people write by habit: the message names the place and the remedy, and the remedy is read."""

import re

import pytest

from pgsym import decide
from pgsym.claims.catalogue import theorem, theorem_names
from pgsym.claims.language.habits import HABITS
from pgsym.claims.language.parse import parse
from pgsym.errors import ClaimError

WRITTEN = [
    (r"$\nabla J = 0$", "found $; a claim is plain text", "grad J = 0"),
    ("V(s) = max_a Q(s,a)", "found max_a; what it runs over stands in brackets. Write max[a]", "V(s) = max[a] Q(s,a)"),
    ("grad J = sum_{s} mu(s) * grad V(s)", "Write sum[s]", "grad J = sum[s] mu(s) * grad V(s)"),
    ("V(s) = E_pi[G | s]", "found E_pi; a mean says what is drawn", "V(s) = E[tau | s_0=s] G"),
    ("E[G] = J", "found E[; a mean says what is drawn", "E[tau] G = J"),
    ("V^pi(s) = 0", "found V^pi; quantities are those of the policy pi at theta. Write V", "V(s) = 0"),
    ("sum[a] pi_theta(a|s) = 1", "found pi_theta; quantities", "sum[a] pi(a|s) = 1"),
    ("V^{pi'}(s) = 0", "found V^{pi'}; quantities of a second policy have a prime. Write V'", "V'(s) = 0"),
    ("pi_old(a|s) = 0", "found pi_old; quantities of a second policy have a prime. Write pi'", "pi'(a|s) = 0"),
    ("J(theta) = 0", "found J(theta); J stands alone. Write J", "J = 0"),
    ("J(pi') = 0", "found J(pi'); J stands alone. Write J, and J' for that of a second policy", "J' = 0"),
    ("KL(pi || pi') >= 0", "found KL(; a divergence is written out", "sum[a] pi(a|s) * log (pi(a|s) / pi'(a|s)) >= 0"),
    ("H(pi(.|s)) >= 0", "found H(; an entropy is written out", "-sum[a] pi(a|s) * log pi(a|s) >= 0"),
    ("P(s_1 = s) <= 1", "found P(; the chance of what a run does", "E[tau] 1[s_1=s] <= 1"),
    ("grad_theta J = 0", "found grad_theta; the gradient by all parameters is grad. Write grad J", "grad J = 0"),
    ("dJ/dtheta = 0", "found dJ/dtheta; the gradient", "grad J = 0"),
    ("|V(s)| <= 30", "found |; the absolute value is abs(x)", "abs(V(s)) <= 30"),
    ("J ≈ 1", "found ≈; a claim is exact", "abs(J - 1) <= 1/100"),
    ("J =< 1", "found =<; the sign is <=. Write <=", "J <= 1"),
    ("J => 1", "found =>; the sign is >=. Write >=", "J >= 1"),
    ("for every s: V(s) = 1", "found for every; a claim is about all states and actions", "V(s) = 1"),
    ("J = 0 and V(s) = 1", "found and; a claim is one relation", "J = 0"),
    ("J = 0,5", "found 0,5; decimals have a point. Write 0.5 or 1/2", "J = 0.5"),
    ("V('x') = 1", "a state or an action by its name stands in double quotes. Write \"x\"", 'V("x") = 1'),
    ("V(“x”) = 1", "found “; quotes are straight", 'V("x") = 1'),
    ("sum[s'] p(s'|s,a) = 1", "found p(; transition probabilities are P(s'|s,a). Write P", "sum[s'] P(s'|s,a) = 1"),
    ("R(s,a) = 0", "found R(; rewards are r(s,a)", "r(s,a) = 0"),
    ("J = 0;", "found ;; definitions end so, claims do not. Remove it", "J = 0"),
    ("V(x) = J", 'Rename it, or write "x" for the state or action of that name', 'V("x") = J'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message", "remedied"), WRITTEN, ids=[text for text, *_ in WRITTEN])
def test_remedy_is_named_and_works(text, message, remedied):
    with pytest.raises(ClaimError, match=re.escape(message)):
        decide("two-state", text)
    parse(remedied)


def test_each_habit_has_a_text():
    for pattern in HABITS:
        assert any(re.search(pattern, text) for text, *_ in WRITTEN), pattern


def test_no_habit_fits_what_a_claim_may_have():
    for name in theorem_names():
        for pattern in HABITS:
            text = str(theorem(name).statement).rstrip(";")
            assert re.search(pattern, text) is None, (name, pattern)


def test_habits_in_quotes_and_behind_the_place_explain_nothing():
    with pytest.raises(ClaimError, match=r"found '\)', which cannot stand here"):
        parse('V("sum_s") = ) # $')

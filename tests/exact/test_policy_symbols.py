"""Closed forms in pi(a|s): what the symbols stand for, also where states share rows, in part or not at all."""

import pytest
import sympy as sp

from pgsym.errors import PolicyError
from pgsym.exact import solve
from pgsym.exact.policy_symbols import PolicySymbols, in_policy_symbols
from pgsym.model import MDP, Problem, mixture, softmax_policy, tabular


def ring(states, actions=("l", "r")):
    n = len(states)
    rows = [(s, a, states[(k + j + 1) % n], 1, k + j) for k, s in enumerate(states) for j, a in enumerate(actions)]
    return MDP.from_transitions(rows, gamma="1/2", start=states[0])


def shared(mdp, *groups):
    """A parameter for each group of states, named t, u, ...; the logit of the first action."""
    names = zip("tuvw", groups, strict=False)
    logits = {s: {mdp.actions(s)[0]: name} for name, group in names for s in group}
    return softmax_policy(mdp, logits, default="uniform")


POLICIES = {
    "two groups": (ring("ABCD"), lambda mdp: shared(mdp, "AB", "CD")),
    "parametrised and uniform states": (ring("ABCD"), lambda mdp: shared(mdp, "AB")),
    "one group": (ring("ABCD"), lambda mdp: shared(mdp, "ABCD")),
    "no group": (ring("ABC"), lambda mdp: shared(mdp, "A", "B", "C")),
    "one as number and as text": (ring([1, "1", 2]), tabular),
    "names with bars": (ring(["b|c", "c"], ("a", "a|b", "(")), tabular),
    "all uniform": (ring("AB"), lambda mdp: softmax_policy(mdp, {key: {"r": 0} for key in "AB"}, params=["t"])),
}


@pytest.mark.parametrize("case", POLICIES)
def test_symbols_are_the_probabilities_they_are_named_after(case):
    """At a point where every parameter has odds of its own, so that no two probabilities are equal by chance."""
    mdp, make = POLICIES[case]
    policy = make(mdp)
    theta = {p: sp.log(sp.prime(k + 1)) for k, p in enumerate(policy.params)}
    probabilities, plain = policy.at(theta), solve(Problem(mdp, policy)).at(theta)
    kept = in_policy_symbols(solve(Problem(mdp, policy)))
    pairs = [(s, a, p) for s in mdp.nonterminal for a, p in zip(mdp.actions(s), kept.policy.rows[s], strict=True)]
    back = {p: probabilities[s][a] for s, a, p in pairs if p.is_Symbol}
    assert all(p.xreplace(back) == probabilities[s][a] for s, a, p in pairs)
    assert kept.J.xreplace(back) == plain.J
    for name in ("V", "Q", "grad"):
        assert {key: e.xreplace(back) for key, e in getattr(kept, name).items()} == dict(getattr(plain, name))


@pytest.mark.parametrize(
    ("groups", "names"),
    [
        (["AB", "CD"], ["pi(l|A)", "pi(l|C)"]),
        (["AB"], ["pi(l|A)"]),
        (["ABCD"], ["pi(l)"]),
        (["A"], ["pi(l|A)"]),
        (["A", "B", "C", "D"], ["pi(l|A)", "pi(l|B)", "pi(l|C)", "pi(l|D)"]),
    ],
)
def test_row_is_named_after_the_first_state_that_has_it(groups, names):
    mdp = ring("ABCD")
    policy = PolicySymbols(shared(mdp, *groups))
    assert list(map(str, policy.symbols)) == names
    latex = [rf"\pi(\mathrm{{l}} \mid {'s' if name == 'pi(l)' else f'{chr(92)}mathrm{{{name[5]}}}'})" for name in names]
    assert list(policy.latex_names.values()) == latex


def test_uniform_rows_are_numbers():
    mdp = ring("AB", ("l", "r", "u"))
    policy = PolicySymbols(softmax_policy(mdp, {"A": {"l": "t"}, "B": dict.fromkeys("lru", "2*t + 1")}))
    assert policy.rows["B"] == [sp.Rational(1, 3)] * 3
    assert [str(p) for p in policy.rows["A"]] == ["pi(l|A)", "pi(r|A)", "-pi(l|A) - pi(r|A) + 1"]


def test_symbols_have_other_names_than_the_model():
    mdp = MDP.from_transitions([("s", a, "t", 1, sp.Symbol("pi(a|s)")) for a in "ab"], terminal=["t"], start="s")
    kept = in_policy_symbols(solve(Problem(mdp, tabular(mdp))))
    assert [str(p) for p in kept.policy.symbols] == ["pi(a|s)__2"]
    assert kept.J == sp.Symbol("pi(a|s)")


def test_latex_of_equal_texts_differs():
    mdp = ring([1, "1"])
    names = PolicySymbols(tabular(mdp)).latex_names
    assert list(names.values()) == [r"\pi(\mathrm{l} \mid 1)", r"\pi(\mathrm{l} \mid \mathrm{{'}1{'}})"]


def test_copies_of_a_state_keep_its_symbols():
    mdp = ring("AB")
    policy = PolicySymbols(tabular(mdp))
    unrolled = mdp.unroll(2)
    assert set(policy.symbols) == {
        p for row in policy.pullback(unrolled, lambda s: s[0]).rows.values() for p in row[:1]
    }


def test_other_policies_are_refused():
    mdp = ring("AB")
    with pytest.raises(PolicyError, match=r"^policy: found Mixture; only a softmax policy's probabilities are kept as"):
        in_policy_symbols(solve(Problem(mdp, mixture(tabular(mdp), "1/2"))))

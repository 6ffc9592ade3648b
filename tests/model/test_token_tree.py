"""Token trees against sequences listed one by one."""

import itertools

import pytest
import sympy as sp

import pgsym
from pgsym.errors import SchemaError, TooLargeError
from pgsym.model import sigmoid


def sequences(vocabulary, length, eos):
    """Every sequence, by another route: all words, each cut after its first eos."""
    words = itertools.product(vocabulary, repeat=length)
    return sorted({w[: w.index(eos) + 1] if eos in w else w for w in words})


def chance(problem, prompt, sequence):
    found, state = sp.Integer(1), prompt
    for token in sequence:
        found *= problem.policy(token, state).subs(dict(problem.theta))
        state = f"{state} {token}"
    return sp.simplify(found)


def score(prompt, tokens):
    return len(tokens) ** 2 + (tokens[0] == "b") - (prompt == "r")


def test_value_is_the_sum_over_all_sequences():
    p = pgsym.token_tree({"q": "1/3", "r": "2/3"}, ["a", "b", "stop"], 3, score, eos="stop")
    p = p.at(theta={p.policy.params[0]: sp.log(3), p.policy.params[5]: -sp.log(2)})
    found = sum(
        (sp.Rational(1, 3) if q == "q" else sp.Rational(2, 3)) * chance(p, q, w) * score(q, w)
        for q in ("q", "r")
        for w in sequences(["a", "b", "stop"], 3, "stop")
    )
    assert pgsym.solve(p).at().J == found
    assert len(p.mdp.nonterminal) == 2 * (1 + 2 + 4)


def test_rewards_per_token_add_up():
    p = pgsym.token_tree(["q"], ["a", "b"], 3, lambda prompt, tokens: int(tokens[-1] == "a"), per_token=True)
    assert pgsym.solve(p).at().J == sp.Rational(3, 2)
    whole = pgsym.token_tree(["q"], ["a", "b"], 3, lambda prompt, tokens: tokens.count("a"))
    assert pgsym.solve(p).at().grad == pgsym.solve(whole).at().grad
    assert pgsym.solve(p).V != pgsym.solve(whole).V


def test_table_and_set_pay_the_same():
    table = {"q a": 1, "q b": 0}
    by_table, by_set = (pgsym.token_tree(["q"], "ab", 1, reward) for reward in (table, {"q a"}))
    assert by_table.mdp.rows == by_set.mdp.rows


def test_policy_may_be_another_one():
    p = pgsym.token_tree(["q"], "ab", 1, {"q a"}, policy=lambda mdp: sigmoid(mdp, {"q": "t"}), theta={"t": "log(2)"})
    assert pgsym.solve(p).at().J == sp.Rational(2, 3)
    assert str(pgsym.verify(p)).startswith("proved")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"eos": "c"}, r"^eos: found 'c'; the vocabulary has a, b\. Add it there$"),
        ({"length": 0}, r"^length: found 0; at least one token is required\. Give length >= 1$"),
        ({"prompts": ["q", "q"]}, r"^prompts: found q, q; every prompt is named once\. Leave the repeated out$"),
        ({"prompts": []}, r"^prompts: found none; at least one is required\. Name one$"),
        ({"prompts": ["end"]}, r"^prompts: found end; distinct words .* 'end' is the terminal state\. Rename$"),
        ({"vocabulary": ["a", "b c"]}, r"^vocabulary: found b c; distinct words without spaces are required"),
        ({"vocabulary": ["a", "a"]}, r"^vocabulary: found a, a; distinct words without spaces are required"),
        ({"reward": {"q aa"}}, r"^reward: 'q aa' is not rewarded here; the nearest is 'q a a'\. Check the name$"),
        ({"reward": {"q a b": 1}}, r"^reward: the table lacks q a a, q b a, q b b; every sequence has a reward\. Add"),
    ],
)
def test_token_tree_raises_on(change, message):
    given = {"prompts": ["q"], "vocabulary": ["a", "b"], "length": 2, "reward": {"q a b"}} | change
    with pytest.raises(SchemaError, match=message):
        pgsym.token_tree(**given)


def test_large_tree_raises_before_it_is_built():
    message = r"^token tree: 1001001 states; a token tree has at most 10000\. Give a shorter length or fewer tokens$"
    with pytest.raises(TooLargeError, match=message):
        pgsym.token_tree(["q"], map(str, range(1000)), 3, lambda prompt, tokens: 0)

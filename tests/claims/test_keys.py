"""Symbols are known by what they stand for: names of states, actions and symbols that read alike are kept apart."""

import pickle
import re

import pytest
import sympy as sp

from pgsym.claims import decide
from pgsym.claims.counterexample import Coordinate, Witness
from pgsym.claims.verdict import Status, Verdict
from pgsym.errors import ClaimError, NameCollisionError, StructureError
from pgsym.estimators.moments import moments
from pgsym.exact import solve
from pgsym.expression.naming import Alphabet, Generator, in_order, spelt
from pgsym.model import MDP, Problem, direct_policy, mixture, sigmoid, softmax_policy, tabular
from pgsym.model.reductions import induced_chain
from pgsym.model.validate import AssumptionWarning

METHODS = ("normal form", "identity test")


def ring(states, actions=("l", "r"), **options):
    """A cycle of states, in each of which the actions have rewards of their own."""
    n = len(states)
    rows = [
        (s, a, states[(k + j + 1) % n], 1, 1 + k + j)
        for k, s in enumerate(states)
        for j, a in enumerate(actions if isinstance(actions, tuple) else actions[s])
    ]
    return MDP.from_transitions(rows, gamma=options.pop("gamma", "1/2"), start=states[0], **options)


# -- states, actions -------------------------------------------------------------------------------------

FALSE = {
    "one state as number and as text": (
        [1, "1"],
        "for all b(s), s, s1: b(s) * sum[a] pi(a|s) = b(s1) * sum[a] pi(a|s1)",
    ),
    "a second policy there": ([1, "1"], "for all s, s1: sum[a] pi'(a|s)^2 = sum[a] pi'(a|s1)^2"),
    "a function of a pair there": ([1, "1"], 'for all c(s,a): c(1,"l") = c("1","l")'),
    "names with commas": (["x", "y,z", "x,y", "z"], 'for all b(s,s\'): b("x","y,z") = b("x,y","z")'),
    "names with parentheses": (["x", "x)(x"], 'for all b(s): b("x)(x") = b("x")'),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", FALSE)
def test_values_of_different_states_are_different_symbols(case, method):
    states, claim = FALSE[case]
    verdict = decide(ring(states), claim, method=method)
    assert verdict.refuted
    assert verdict.witness.differing
    assert len({str(symbol) for symbol in verdict.witness.values}) == len(verdict.witness.values) > 1


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_of_different_pairs_are_different_symbols(method):
    mdp = ring(["c", "b|c"], {"c": ("a|b", "a"), "b|c": ("a", "l")})
    verdict = decide(mdp, 'pi\'("a|b"|"c") = pi\'("a"|"b|c")', method=method)
    assert verdict.refuted
    assert {str(s) for s in verdict.witness.values} == {'pi\'("a|b"|c)', 'pi\'(a|"b|c")'}


@pytest.mark.parametrize("method", METHODS)
def test_what_is_true_of_all_states_is_proved_of_states_that_read_alike(method):
    claim = "for all b(s): grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * (Q(s,a) - b(s))"
    assert decide(ring([1, "1"]), claim, method=method).proved
    assert decide(ring([1, "1"]), "J' - J = sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)", method=method).proved
    assert decide(ring([1, "1"]), "sum[s,a] pi(a|s) * log pi(a|s) = -1", method=method).refuted


@pytest.mark.parametrize(
    ("literal", "value"), [("1", "8/3"), ('"1"', "10/3")]
)  # V(1) = 1 + V("1")/2 and V("1") = 2 + V(1)/2 if the action is l
def test_literal_is_the_state_of_its_type(literal, value):
    mdp = ring([1, "1"], ("l",))
    verdict = decide(mdp, f"V({literal}) = 0")
    (left,) = verdict.witness.left.values()
    assert left == sp.Rational(value)


def test_literal_of_two_states_by_text_alone_is_refused():
    with pytest.raises(ClaimError) as caught:
        decide(ring([2, Named("2"), "x"]), 'V("2") = 0')
    assert str(caught.value) == "state 2: 2 of that name; the model has 2, 2, x. Check the name"


class Named:
    """A state that is neither text nor number, and reads as its name."""

    def __init__(self, name):
        self.name = name

    def __str__(self):
        return self.name


# -- names that a claim declares ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t", "eps", "p"])
def test_arbitrary_number_named_like_a_symbol_is_refused(name):
    rows = [("s", "l", "end", "p", 1), ("s", "l", "s", "1 - p", 0), ("s", "r", "end", 1, 0)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"], symbols={"p": "0 < p < 1"})
    policy = mixture(sigmoid(mdp, {"s": "t"}), "eps")
    with pytest.raises(ClaimError) as caught:
        decide(Problem(mdp, policy), f"for all {name}: {name} * J = J")
    assert str(caught.value) == (
        f"for all {name}: {name} is a symbol of the model; an arbitrary number needs a name of its own. Rename it"
    )
    assert decide(Problem(mdp, policy), f"for all other: other * {name} * J = {name} * J * other").proved


@pytest.mark.parametrize("method", METHODS)
def test_arbitrary_number_is_not_the_weight_of_the_mixture(method):
    mdp = ring(["x", "y"])
    policy = mixture(sigmoid(mdp), "eps")
    uniform = 'pi("l"|"x") - eps / 2 = (1 - eps) * (pi("l"|"x") - eps / 2) / (1 - eps)'
    assert decide(Problem(mdp, policy), uniform, method=method).proved
    other = uniform.replace("- eps / 2 =", "- c / 2 =")
    assert decide(Problem(mdp, policy), f"for all c: {other}", method=method).refuted


NAMED = {
    "b(x)": 'for all b(s): b("x") = "b(x)"',
    "pi'(l|x)": 'pi\'("l"|"x") = "pi\'(l|x)"',
    "log(exp(t) + 1)": 'log pi("l"|"x") = t - "log(exp(t) + 1)"',
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", NAMED)
def test_symbol_of_the_model_is_not_what_it_is_named_after(name, method):
    rows = [(s, a, "y", 1, sp.Symbol(name)) for s in "xy" for a in "lr"]
    mdp = MDP.from_transitions(rows, gamma="1/2", start="x")
    assert decide(Problem(mdp, sigmoid(mdp, {"x": "t", "y": "u"})), NAMED[name], method=method).refuted


def test_limit_has_a_discount_of_its_own():
    mdp = ring(["x", "y"])
    policy = softmax_policy(mdp, {s: {"l": "gamma"} for s in "xy"})
    claim = "for all s: limit[gamma->1] (1 - gamma) * V(s) = rbar"
    assert decide(Problem(mdp, policy), claim).proved
    assert decide(
        Problem(mdp, policy), claim.replace("all s: ", "all gamma_, s: gamma_ * ").replace("= ", "= gamma_ * ")
    ).proved
    assert decide(Problem(mdp, policy), claim.replace("all s", "all gamma_, s").replace("= ", "= gamma_ * ")).refuted


# -- names that a model and its policy share ---------------------------------------------------------------


def coin(p):
    rows = [("s", "l", "end", p, 1), ("s", "l", "s", 1 - p, 0), ("s", "r", "end", 1, 0)]
    return MDP.from_transitions(rows, start="s", terminal=["end"], symbols={"p": "0 < p < 1"})


PLAIN, POSITIVE = sp.Symbol("p"), sp.Symbol("p", positive=True)


@pytest.mark.parametrize("meeting", [Problem, lambda mdp, policy: Problem.of(mdp).replace(policy=policy)])  # fmt: skip
@pytest.mark.parametrize("weight", [PLAIN, POSITIVE])
def test_weight_of_a_mixture_named_like_a_symbol_of_the_dynamics_is_refused(meeting, weight):
    mdp = coin(PLAIN)
    with pytest.raises(NameCollisionError) as caught:
        meeting(mdp, mixture(sigmoid(mdp, {"s": "t"}), weight))
    assert str(caught.value) == (
        "epsilon: p names both a symbol of the mixture weight and one of the dynamics; names must be distinct. "
        "Rename one"
    )


def test_parameter_of_another_model_named_like_a_symbol_of_the_dynamics_is_refused():
    mdp = coin(PLAIN)
    policy = sigmoid(mdp.subs({"p": "1/2"}), {"s": "p"})
    message = "policy: p names both a policy parameter and a symbol of the dynamics; d/dtheta would silently"
    with pytest.raises(NameCollisionError, match=message):
        solve(Problem(mdp, policy))


def test_two_symbols_of_one_name_in_a_policy_are_refused():
    message = (
        "symbols: p names two different SymPy symbols, with assumptions positive and (none); a name stands for one. "
        "Use the same Symbol everywhere"
    )
    with pytest.raises(NameCollisionError, match=re.escape(message)):
        mixture(mixture(tabular(ring(["x", "y"])), PLAIN), POSITIVE)
    elsewhere = direct_policy(coin(PLAIN), {"s": {"l": PLAIN, "r": 1 - PLAIN}}, [])
    with pytest.raises(NameCollisionError, match=re.escape(message)):
        solve(Problem(coin(POSITIVE), elsewhere))


def test_estimator_with_a_symbol_named_like_another_one_is_refused():
    mdp = coin(PLAIN)
    other = "symbols: p names two different SymPy symbols, with assumptions positive and (none); a name stands for one"
    with pytest.raises(NameCollisionError, match=re.escape(other)):
        moments(Problem(mdp, sigmoid(mdp, {"s": "t"})), "reward-to-go", let={"b": {"s": POSITIVE}})
    message = "estimator: t is a policy parameter; a baseline or critic must not depend on theta here"
    with pytest.raises(StructureError, match=message):
        moments(Problem(mdp, sigmoid(mdp, {"s": "t"})), "reward-to-go", let={"b": {"s": sp.Symbol("t", positive=True)}})


def test_odds_of_a_chain_are_not_the_weight_of_its_mixture():
    mdp = ring(["x", "y"])
    with pytest.warns(AssumptionWarning, match="x_t"):
        chain, meaning = induced_chain(Problem(mdp, mixture(sigmoid(mdp, {"x": "t", "y": "u"}), "x_t")))
    odds = next(x for x, e in meaning.items() if e == sp.exp(sp.Symbol("t")))
    assert odds != sp.Symbol("x_t")
    assert sum(o.p for o in chain.outcomes("x", "pi") if o.state == "y").free_symbols == {odds, sp.Symbol("x_t")}
    with pytest.raises(NameCollisionError, match="epsilon: p names both a symbol of the mixture weight and one of"):
        induced_chain(Problem(coin(PLAIN), mixture(sigmoid(coin(PLAIN), {"s": "t"}), PLAIN)))


# -- the symbols themselves --------------------------------------------------------------------------------


def test_generator_is_known_by_its_key():
    one, text = Generator(("b", 1), "b(1)"), Generator(("b", "1"), "b(1)")
    assert one != text
    assert one != sp.Symbol("b(1)")
    assert one == Generator(("b", 1), "b(1)") == pickle.loads(pickle.dumps(one))
    assert [str(e) for e in (one, text, one**2, one + 1)] == ["b(1)", "b(1)", "b(1)**2", "b(1) + 1"]
    assert in_order([text, one]) == [one, text]
    assert sp.expand((one - text) * (one + text)) == one**2 - text**2


def test_alphabet_gives_distinct_names():
    alphabet = Alphabet([sp.Symbol("b(1)")])
    made = [alphabet.of("b", k, name=f"b({k})") for k in (1, "1", 2)]
    assert [str(s) for s in made] == ["b(1)__2", "b(1)__3", "b(2)"]
    assert alphabet.of("b", 1, name="anything") is made[0]


@pytest.mark.parametrize("text", ["1", "-1", ".5", "x,y", "a|b", "", " x", "x ", 'q"', "None", "b(1)", "[x]", "\\"])
def test_text_that_could_be_more_than_a_name_is_quoted(text):
    assert spelt(text)[0] == spelt(text)[-1] == '"'


@pytest.mark.parametrize("name", ["x", "s1", "up 2", "s'", "left-up", "→", "x_y", 1, -1, (0, 1), None])
def test_other_names_are_not_quoted(name):
    assert spelt(name) == str(name)


def test_json_keeps_coordinates_that_read_alike():
    places = [Coordinate((("s", s),)) for s in (1, "1", Named("1"))]
    assert [str(c) for c in places] == ["value at s = 1", 'value at s = "1"', "value at s = 1"]
    values = {c: sp.Integer(k) for k, c in enumerate(places)}
    claim = decide(ring(["x", "y"]), "J = 0").claim
    verdict = Verdict(Status.REFUTED, claim, "normal form", difference=values, witness=Witness({}, {}, values, values))
    wanted = {"value at s = 1": "0", 'value at s = "1"': "1", "value at s = 1 (2)": "2"}
    data = verdict.to_json()
    assert data["difference"] == data["witness"]["left"] == data["witness"]["right"] == wanted


def test_closed_forms_of_states_that_read_alike_are_told_apart():
    mdp = ring([1, "1"])
    text = solve(Problem(mdp, tabular(mdp))).latex(["V"])
    assert "V(1) &=" in text
    assert r"V(\mathrm{{'}1{'}}) &=" in text

"""Random claims on every kind of model and policy, decided as they are read; and what the second reading means."""

import random
from dataclasses import replace

import pytest
import sympy as sp
from second_reading.cases import block, statements
from second_reading.meaning import Outcome
from second_reading.points import outside, plain, random_place, witness_place
from second_reading.random_claims import SORTS, random_claim
from second_reading.random_models import MODELS, random_problem
from second_reading.random_policies import POLICIES
from second_reading.soundness import complaints, judge_all, second_reading

from pgsym.claims import Status, decide, parse
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import EQUAL, PROPORTIONAL, UNEQUAL
from pgsym.claims.language.statement import ForAll, ForEach, Let, World
from pgsym.expression.quantity import VOCABULARY
from pgsym.model import MDP, Objective, Problem, direct_policy, tabular
from pgsym.model.structure import Structure


def setting(mdp, text, policy=None, objective=Objective.START_STATE):
    policy = policy or tabular(mdp)
    return BoundClaim(parse(text).claims[0], mdp, policy, objective, Structure(mdp, policy))


def read(mdp, text, **options):
    return second_reading(setting(mdp, text, **options), random.Random(0))[0]


CORRIDOR = MDP.from_transitions(
    [(0, "l", 0, "1/2", 1), (0, "l", "end", "1/2", 3), (0, "r", 1, 1, 0),
     (1, "l", "end", "1/3", 2), (1, "l", 0, "2/3", 1)],
    start={0: "1/2", "end": "1/2"}, terminal=["end"], gamma="9/10", states=[0, 1, "end"],
)  # fmt: skip
LOOP = MDP.from_transitions(
    [(s, a, z, "1/2", s) for s in (1, "1") for a in "lr" for z in (1, "1")], start=1, gamma="1/2"
)


# -- soundness -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", POLICIES)
def test_random_claims_are_decided_as_they_are_read(kind):
    """With each kind of policy, random claims of every sort on models whose kinds come in turn."""
    rng = random.Random(kind)
    models = rng.sample(list(MODELS), 5)

    def cases():
        for model in models:
            drawn = random_problem(rng, model, (kind,))
            for sort in SORTS * 2:
                problem = replace(drawn, objective=rng.choice(list(Objective)))
                yield problem, sort, random_claim(problem, sort, rng)

    found = judge_all(rng, cases())
    print(found.table())
    assert not found.wrong, "\n".join(map(str, found.wrong))
    assert found.number == 5 * 2 * len(SORTS)
    assert found.total("proved", "equal") >= 8
    assert found.total("refuted", "different") >= 4
    assert found.total("inapplicable", "undefined") + found.total("refused", "undefined") >= 4


@pytest.mark.parametrize("kind", MODELS)
def test_blocks_of_the_benchmark_are_decided_as_they_are_read(kind):
    found = judge_all(random.Random(kind), block("ci", list(MODELS).index(kind), stated=0, mutants=6, made=14))
    assert not found.wrong, "\n".join(map(str, found.wrong))
    assert found.number >= 20


# -- what is drawn ---------------------------------------------------------------------------------------


def test_random_claims_have_every_construct_of_the_language():
    rng, seen = random.Random(0), set()
    for k in range(900):
        problem = random_problem(rng, list(MODELS)[k % len(MODELS)])
        claim = random_claim(problem, SORTS[k % len(SORTS)], rng)
        seen |= {claim.relation, *(type(b) for b in claim.bindings)}
        for node in (n for side in (claim.left, claim.right) for n in side.walk()):
            seen.add(type(node))
            if isinstance(node, t.Quantity):
                seen |= {node.name, ("prime", node.primed), *((o.key, "override") for o in node.overrides)}
                seen |= {"literal" for i in node.indices if isinstance(i, t.Literal)}
    operations = {t.Add, t.Sub, t.Mul, t.Div, t.Neg, t.Pow, t.Grad, t.Log, t.Sum, t.Expect, t.Limit, t.Dot, t.Outer,
                  t.Transpose, t.Inv, t.StopGradient, t.Number, t.Symbol, t.Quantity, t.Indicator, t.Call, Let,
                  ForAll, ForEach, World}  # fmt: skip
    overrides = {("r", "override"), ("gamma", "override"), ("mu0", "override")}
    wanted = {
        *operations,
        *(name for name in VOCABULARY if not name.endswith("*")),  # numbers of a model: tests/exact/test_optimum.py
        "E[r^2]",
        *overrides,
        ("prime", True),
        "literal",
        EQUAL,
        UNEQUAL,
        PROPORTIONAL,
    }
    assert wanted <= seen, wanted - seen


def test_blocks_are_made_again_from_their_seed():
    first, second = (list(block("again", 7)) for _ in range(2))
    assert [(kind, claim) for _, kind, claim in first] == [(kind, claim) for _, kind, claim in second]
    assert {kind for _, kind, _ in first} >= {"as stated", "random, true", "random, false", "random, undefined"}
    assert len(statements()) > 100


def test_kinds_of_models_and_policies():
    assert len(MODELS) >= 18
    assert len(POLICIES) >= 13


@pytest.mark.parametrize("kind", POLICIES)
def test_random_points_lie_in_the_domain(kind):
    rng = random.Random(kind)
    for model in ("three actions", "hostile names", "several ends"):
        drawn = random_problem(rng, model, (kind,))
        found = BoundClaim(
            statements()[0], drawn.mdp, drawn.policy, drawn.objective, Structure(drawn.mdp, drawn.policy)
        )
        place = random_place(found, rng)
        assert list(outside(found, place)) == []
        assert set(place.point) == {*drawn.policy.params, *drawn.mdp.symbols, *found.weights}


def test_witness_outside_the_domain_is_noticed():
    mdp = MDP.from_transitions([("s", a, "s", 1, r) for a, r in (("l", 1), ("r", 0))], start="s", gamma="1/2")
    policy = direct_policy(mdp, {"s": {"l": "p - 1", "r": "2 - p"}}, ["p"])
    found = setting(mdp, "J = 3", policy)
    verdict = decide(Problem(mdp, policy), found.claim)
    assert list(complaints(found, verdict, Outcome.DIFFERENT, random.Random(0))) == []
    p, half = sp.Symbol("p"), sp.Rational(1, 2)
    witness = replace(verdict.witness, theta={p: half})
    assert len(list(outside(found, witness_place(found, witness)))) == 2
    said = list(complaints(found, replace(verdict, witness=witness), Outcome.DIFFERENT, random.Random(0)))
    assert any("outside the domain" in line for line in said)


# -- what the second reading means -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("for all s: sum[a] pi(a|s) * sum[s'] P(s'|s,a) = 1", "equal"),
        ("Q(s,a) = E[s'~P, a'~pi] (r(s,a,s') + gamma * Q(s',a'))", "equal"),
        ("for all s: for all a: E[s'~P] (1 + r_pi(s')) = 1 + E[s'~P] r_pi(s')", "equal"),
        ("for all s: for all a: E[s'~P] 1 = 1", "equal"),
        ("E[s~mu0] 1 = 1", "equal"),
        ("E[s~nu] 1 = 1", "equal"),
        ("sum[s] nu(s) = 1", "equal"),
        ("sum[s] 1 * V(s) = sum[s] V(s) + 0 * sum[s] eta(s)", "equal"),
        ("sum[s] (1 + 0 * V(s)) = |S| + 1", "equal"),  # V is known on the end
        ("sum[s] (1 + 0 * r_pi(s)) = |S|", "equal"),  # r_pi needs an action
        ("sum[s] (1 + 0 * eta(s)) = |S|", "equal"),  # visits are counted elsewhere
        ("sum[s'] P_pi(0,s') * (1 + 0 * r_pi(s')) = 1", "equal"),  # a step leads there
        ("sum[s] mu0(s) * eta(s) = 1/2 * eta(0)", "equal"),  # (a) before (b)
        ("let f(s) = eta(s); sum[s] mu0(s) * (1 + 0 * f(s)) = 1/2", "equal"),  # through a definition
        ("E[s~mu0] eta(s) = 1/2 * eta(0)", "undefined"),  # a run can begin at the end
        ("E[s~mu0, a~pi] log pi(a|s) = 1/2 * sum[a] pi(a|0) * log pi(a|0)", "equal"),
        ('r_pi("end") = 0', "equal"),
        ('P_pi("end",0) = 0', "equal"),
        ('P_pi("end","end") = 1', "equal"),
        ('eta("end") = 0', "undefined"),
        ('for all b(s): b("end") = 0', "equal"),
        ("sum[s] P_pi(s,s) = sum[s] P_pi(s,s) - 1 + P_pi(\"end\",\"end\")", "equal"),
        ("sum[s] P_pi(s,s) = P_pi(0,0) + P_pi(1,1)", "different"),  # the end stays, too
        ("J + 0 * mu(0) = J", "undefined"),
        ("J + 0 / (gamma - 9/10) = J", "undefined"),
        ("grad J + 0 * (J - J)^-1 = grad J", "undefined"),
        ("V[gamma=2](s) = V[gamma=2](s)", "undefined"),
        ("V[gamma=gamma*2](s) = V[gamma=gamma*2](s)", "undefined"),
        ("for all b(s): grad b(s) propto grad b(s)", "equal"),
        ("with M' = terminating: for all s: for all a: E[s'~P'] 1 = 1", "equal"),
        ("with M' = terminating: E[s~nu'] 1 = 1", "equal"),
    ],
)  # fmt: skip
def test_terminal_states_and_undefined_parts(text, outcome):
    assert read(CORRIDOR, text) == outcome


def test_what_is_called_alike_is_not_the_same():
    assert read(LOOP, 'for all b(s): b(1) = b("1")') == "different"
    assert read(LOOP, "for all b(s): for all s: for all s': b(s) = b(s')") == "different"
    assert read(LOOP, "for all b(s): sum[s] b(s) = b(1) + b(\"1\")") == "equal"  # fmt: skip


def test_both_readings_agree_on_terminal_states():
    for text in ("Q(s,a) = E[s'~P, a'~pi] (r(s,a,s') + gamma * Q(s',a'))", "E[s~mu0] 1 = 1", 'P_pi("end","end") = 1'):
        assert decide(CORRIDOR, text).status is Status.PROVED
    assert decide(CORRIDOR, "E[s~mu0] eta(s) = 1/2 * eta(0)").status is Status.INAPPLICABLE


def test_reading_is_of_the_claim_with_its_relation():
    found = setting(CORRIDOR, "J != 2 * J")
    place = random_place(found, random.Random(0))
    assert plain(found, place).read(EQUAL).outcome is Outcome.DIFFERENT
    assert second_reading(found, random.Random(0))[0] is Outcome.EQUAL

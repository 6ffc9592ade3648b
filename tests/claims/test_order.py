"""Inequalities: what is proved holds wherever a second reading looks, what is refuted fails at its witness."""

import json
import random
from dataclasses import replace

import pytest
from second_reading.random_models import MODELS, random_problem
from second_reading.random_orders import SORTS, TRUE, random_order
from second_reading.soundness import Confusion, judge

import pgsym
from pgsym.claims import Script, Status, decide, extremes, inequalities, parse
from pgsym.claims.order_domain import OrderDomain
from pgsym.errors import CertificateError, ClaimError
from pgsym.model import MDP, Objective, Problem, direct_policy
from pgsym.model.zoo.constructed import generic_problem
from pgsym.order import Kind
from pgsym.prover import prove
from pgsym.trust import Level

ROWS = [("good", "run", "good", "1-p", 3), ("good", "run", "bad", "p", 3), ("bad", "run", "bad", 1, 1),
        ("bad", "repair", "good", 1, -1)]  # fmt: skip


def machine(discount="9/10", **symbols):
    """A machine that breaks with probability p; the policy repairs it."""
    mdp = MDP.from_transitions(ROWS, start="good", gamma=discount, symbols={"p": "0 <= p <= 1"} | symbols)
    return Problem(mdp, direct_policy(mdp, {"good": {"run": 1}, "bad": {"run": 0, "repair": 1}}, []))


def constant():
    """No symbol and no parameter at all."""
    return machine().at(p="1/2")


# -- known inequalities ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "claim"),
    [
        ("two-state", "abs(V(s)) <= max[s1,a] abs(r(s1,a)) / (1 - gamma)"),
        ("two-state", "V(s) <= max[a] Q(s,a)"),
        ("two-state", "min[a] A(s,a) <= 0 <= max[a] A(s,a)"),
        ("two-state", "0 <= F"),
        ("two-state", "F > 0"),
        ("two-state", "outer(grad J, grad J) >= 0"),
        ("two-state", "0 < pi(a|s) < 1"),
        ("two-state", "sum[a] pi'(a|s) * A(s,a) <= max[a] A(s,a)"),
        ("two-state", "sum[a] abs(pi'(a|s) - pi(a|s)) <= 2"),
        ("two-state", "for all b(s): abs(sum[s] b(s)) <= sum[s] abs(b(s))"),
        ("two-state", "for all k, l: k * l <= (k^2 + l^2) / 2"),
        ("two-state", "max[s] (V(s) - max[s'] V(s')) = 0"),
        ("two-state", "abs(J)^2 = J^2"),
        ("two-state", "(sum[s] abs(V(s)))^2 >= max[s] V(s)^2"),
        ("two-state", "grad grad J <= 8 / (1 - gamma)^3 * I"),
        ("short-corridor", "J = V(\"s1\") <= V(\"s2\") < V(\"s3\")"),
        ("short-corridor", "trace Var[tau] (sum[t] gamma^t * grad log pi(a_t|s_t) * G_t) <= "
                           "trace Var[tau] (grad log P(tau) * G)"),
        ("short-corridor", "0 <= Var[tau] G"),
        (machine(), 'V("bad") < V("good") <= 30'),
        (machine("gamma"), 'V("good") <= 3 / (1 - gamma)'),
        (machine("gamma", gamma="0 < gamma < 1"), "sum[s] eta(s) > 1"),
        (constant(), "V(s) > 0"),
        (constant(), 'max[s] V(s) = V("good") != V("bad")'),
        (generic_problem("2x2"), "P(s'|s,a) >= 0"),
        (generic_problem("2x3"), "for all s: sum[a] abs(pi'(a|s) - pi(a|s)) <= 2"),
    ],
)  # fmt: skip
def test_proved(model, claim):
    verdict = decide(model, claim)
    assert verdict.proved, str(verdict)
    assert verdict.trust.certain


@pytest.mark.parametrize(
    ("model", "claim", "said"),
    [
        ("two-state", "grad J <= 0", "theta_x = log(2)"),
        ("two-state", "J' <= J", "pi'(a|x) = "),
        ("two-state", "grad grad J <= F", "d/dtheta_xd/dtheta_x: left -61843880/651714363, right 2780/2601"),
        ("two-state", "F >= 2 * F", "left 2780/2601, right 5560/2601"),
        ("two-state", "max[s] V(s) <= min[s] V(s)", "value: left "),
        ("two-state", "abs(h(s)) = h(s)", "value at s = "),
        ("two-state", "(max[s] abs(V(s)))^3 <= (min[s] abs(V(s)))^3", "value: left "),
        ("two-state", "grad grad J <= 1/100 * I", "left "),
        ("two-state", "pi'(a|s) > 0", "pi'(a|x) = 0"),
        ("two-state", "sum[a] pi'(a|s) * log (pi'(a|s) / pi(a|s)) <= 0", "log("),
        ("two-state", "for all k: k <= 1", "k = "),
        ("short-corridor", "trace Var[tau] (grad log P(tau) * G) <= Var[tau] G", "left 1959, right "),
        (machine(), 'V("good") < 30', "at p = 0"),
        (machine("gamma"), "sum[s] eta(s) > 1", "at gamma = 0"),
        (machine("gamma"), "gamma < 1", "at gamma = 1"),
        (constant(), 'V("good") <= V("bad")', "value: left "),
    ],
)  # fmt: skip
def test_refuted_by_an_exact_point(model, claim, said):
    verdict = decide(model, claim)
    assert verdict.refuted
    assert verdict.trust.level is Level.EXACT_POINT
    assert said in str(verdict)


@pytest.mark.parametrize(
    ("claim", "region"),
    [
        ('Q("bad","repair") >= Q("bad","run")', "p in [0, 8/9]"),
        ('Q("bad","repair") > Q("bad","run")', "p in [0, 8/9)"),
        ('P("bad"|"good","run") > 0', "p in (0, 1]"),
        ('P("bad"|"good","run")^2 <= 1/2', "p in [0, 0.707107...]"),
        ("abs(V(s)) <= 20", "p in [10/27, 1] and p in [2/9, 1]"),
        ("V(s) < 0", ""),
    ],
)
def test_where_exactly_it_is_true(claim, region):
    verdict = decide(machine(), claim)
    assert verdict.refuted
    assert verdict.region == region
    if region:
        assert f"true exactly where {region}" in str(verdict)
        assert verdict.to_json()["region"] == region


def test_bounds_of_the_domain_are_kept():
    near = machine(p="1/3 <= p <= 1/2")
    assert decide(near, 'V("good") <= V("good") + p - 1/3').proved
    assert decide(near, "p > 1/3").refuted
    assert decide(near, "1/3 <= p <= 1/2").proved
    assert decide(machine(p="p > 1/3"), "p > 1/3").proved
    assert decide(machine("gamma", gamma="0 <= gamma < 1"), "gamma < 1").proved


def test_bounds_that_belong_together():
    """At p = 0 the assumption q >= 2*p says another thing than nearby."""
    rows = [("a", "go", "a", "1-p", 1), ("a", "go", "b", "p", 0), ("b", "go", "a", "q", 0), ("b", "go", "b", "1-q", 2)]
    mdp = MDP.from_transitions(rows, start="a", gamma="1/2", symbols={"p": "0 <= p <= 1", "q": "q >= 2*p"})
    problem = Problem(mdp, direct_policy(mdp, {"a": {"go": 1}, "b": {"go": 1}}, []))
    verdict = decide(problem, "q > 0")
    assert verdict.refuted
    assert "at p = 0, q = 0" in str(verdict)
    assert decide(problem, "q + 1 > p").proved


def test_products_of_sizes_one_of_which_needs_no_negative():
    """1/2 exceeds -1/2 by a number, so that only 1/2 stands beside A and -A."""
    size, other = 'max[s1] abs(1[s1="x"] * 1/2 + 1[s1="y"] * A("y","a"))', 'abs(A("x","a"))'
    assert decide("two-state", f'({size}) * {other} >= {other} * abs(A("y","a"))').proved
    assert decide("two-state", f"({size}) * {other} <= 1/2 * {other}").refuted


def test_a_chain_mixes_equations_and_one_direction():
    chain = decide("short-corridor", 'J = V("s1") <= V("s2") < 0')
    assert next(v.method for v in chain.links) == "normal form"
    assert chain.proved
    assert chain.trust.level is Level.NORMAL_FORM
    assert {place.places[0] for place in chain.certificates} == {("relation", 2), ("relation", 3)}
    with pytest.raises(ClaimError, match="found >= after <=; a chain grows or falls"):
        parse("J <= 0 >= J")


def test_script_prints_certificates_and_typesets_the_order():
    checked = Script.parse("V(s) <= max[a] Q(s,a)   # a mean\n     <= 100\n\nJ > abs(J)").check("two-state")
    text = checked.text()
    assert "1  V(s) <= max[a] Q(s,a)\n   proved: combination of cases (trust: normal form)   # a mean\n" in text
    assert checked.summary == "3 relations: 2 proved, 1 refuted"
    page = checked.latex()
    assert r"\le" in page
    assert r"\max_{a} Q(s, a)" in page
    assert r"\left|J\right|" in page
    assert "certificate of sign (combination of cases" in checked.markdown()


def test_json_has_certificates():
    found = json.loads(json.dumps(decide("two-state", "0 <= F").to_json()))
    assert found["certificates"]["principal minors of order 1 in theta_x"]["rung"] == "signs of coefficients"
    assert found["trust"] == {"level": "normal form"}


def test_undecided_says_what_was_tried():
    verdict = decide("two-state", "log (pi'(a|s) / pi(a|s)) * A(s,a) <= 100")
    assert verdict.status is Status.UNDECIDED
    assert verdict.trust is None
    assert not verdict.decided
    assert "no point of the domain was found where it fails" in str(verdict)
    assert "logarithms and theta beside exp(theta) were taken for any numbers" in verdict.reason
    assert "bounds of logarithms, since " in verdict.reason


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (
            "abs(J) * max[s] V(s) <= 10^6",
            "found a product of two of abs, max and min; each is a sum or an extreme of absolute values or of what is "
            "nowhere negative, or one factor has a closed form",
        ),
        ("1 / abs(J) > 0", "found a division by abs, max or min; a divisor has a closed form"),
        (
            "(max[s] V(s))^2 >= 0",
            "found a power of abs, max or min; what is raised to a power is a sum or an extreme of absolute values or "
            "of what is nowhere negative, or has a closed form",
        ),
        ("J * abs(J) <= 10^6", "the sign of what abs, max or min is multiplied by is not known"),
    ],
)
def test_what_is_not_told_apart_is_undecided_and_still_refuted(claim, reason):
    verdict = decide("two-state", claim)
    assert verdict.reason == f"no point of the domain was found where it fails; {reason}"
    sides = parse(claim).claims[0]
    other = replace(sides, relation=">=" if sides.relation == "<=" else "<=")
    assert decide("two-state", other).refuted


def test_what_is_too_large_is_undecided(monkeypatch):
    monkeypatch.setattr(inequalities, "INEQUALITY_TERMS", 2)
    reason = decide("two-state", "trace (F * J^2) <= 10^9").reason
    assert "its closed form does not fit: product of " in reason
    assert reason.endswith("the budget is 2 terms. Decide it on a smaller model, or at numbers for its symbols")


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("grad abs(J) = 0", "found abs inside of what is taken of functions with a closed form"),
        ("let c(s) = abs(V(s)); J[r=c] <= 0", "found abs inside of what is taken"),
        ("E[tau] sum[t] abs(r_t) <= 0", "found abs inside of what is taken"),
        ("limit[gamma->1] J <= max[s] r_pi(s)", "found a limit beside abs, max or min"),
        ("max[s] V(s) propto 1", "found propto with abs, max or min"),
        ("abs(grad J) <= 0", "found a vector over the parameters; abs, max or min is taken of or by a scalar only"),
        ("max[a] V(s) <= 0", "a is an action of no state"),
        ("max[s,s] V(s) <= 0", "found s twice in one max"),
    ],
)
def test_refused(claim, message):
    with pytest.raises(ClaimError) as caught:
        decide("two-state", claim)
    assert message in str(caught.value)


def test_matrices_that_are_not_symmetric_have_no_order():
    verdict = decide("two-state", 'outer(grad J, grad V("y")) <= F')
    assert verdict.status is Status.INAPPLICABLE
    assert "an order of matrices is one of symmetric matrices. Compare m + transpose(m)" in verdict.reason


def test_prover_reads_no_inequality_and_certificates_no_false_one():
    found = prove("J >= 0")
    assert str(found.standing) == "not read"
    assert (
        "found >=; only equations are proved for every MDP. "
        "pgsym check generic:2x2 decides it for every MDP with 2 states and 2 actions\n    J >= 0" in found.reason
    )
    assert str(prove("abs(J) = J").standing) in ("not read", "refuted")
    with pytest.raises(
        CertificateError,
        match=r"found refuted; certificates are .* for inequalities that are true, .* See the verdict with pgsym",
    ):
        pgsym.certify("two-state", "J >= 0")


@pytest.mark.parametrize("claim", ["max[s,a] Q(s,a) - min[s] V(s) <= abs(J)^2", "abs(J) <= (max[a] Q(s,a)) * V(s)"])
def test_text_and_latex_are_of_one_tree(claim):
    tree = parse(claim).claims[0]
    assert parse(str(tree.statement)).claims[0] == tree
    assert tree.latex().count("{") == tree.latex().count("}")


# -- no wrong verdict ------------------------------------------------------------------------------------


def judged(rng, count):
    found, names = Confusion(), list(MODELS)
    for _ in range(count):
        drawn = random_problem(rng, rng.choice(names))
        for sort in SORTS:
            problem = replace(drawn, objective=rng.choice(list(Objective)))
            claim = random_order(problem, sort, rng)
            found.add(judge(problem, claim, rng, kind=sort, theorem=sort in TRUE, points=6))
    return found


@pytest.mark.parametrize("seed", range(2))
def test_random_inequalities_are_decided_as_they_are_read(seed):
    found = judged(random.Random(f"order {seed}"), 4)
    assert not found.wrong, "\n".join(map(str, found.wrong))
    assert found.total("proved", "equal") >= 6
    assert found.total("refuted", "different") >= 2


# -- slips -----------------------------------------------------------------------------------------------


def a_coordinate_is_dropped(patch):
    """The last of all coordinates is not looked at, neither at points nor in closed form."""
    whole = inequalities.gaps

    def wrong(*given):
        return dict(list(whole(*given).items())[:-1])

    patch.setattr(inequalities, "gaps", wrong)
    patch.setattr("pgsym.claims.witness.gaps", wrong)


def least_is_greatest(patch):
    """A minimum is a maximum."""
    patch.setattr(extremes.ExtremesAtPoint, "least", extremes.ExtremesAtPoint.greatest)
    patch.setattr(extremes.ExtremesOfForms, "least", extremes.ExtremesOfForms.greatest)


def every_clause_is_one(patch):
    """Of a minimum of maxima, only the first is looked at; points are not."""
    patch.setattr(inequalities, "first_witness", lambda *given: None)
    patch.setattr(extremes.ExtremesOfForms, "clauses", lambda self, value: value.clauses[:1] if isinstance(
        value, extremes.MinMax) else ((value,),))  # fmt: skip


def reals_are_positive(patch):
    """What a claim declares is positive."""
    kind = OrderDomain._kind
    patch.setattr(inequalities, "first_witness", lambda *given: None)
    patch.setattr(OrderDomain, "_kind", lambda *given: Kind.POSITIVE if kind(*given) is Kind.REAL else kind(*given))


SLIPS = {
    a_coordinate_is_dropped: ("two-state", 'V(s) <= V("x")'),
    least_is_greatest: ("two-state", "max[s] V(s) <= min[s] V(s)"),
    every_clause_is_one: ("two-state", 'max[s] V(s) <= V("x")'),
    reals_are_positive: ("two-state", "for all b(s): b(s) >= 0"),
}


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.__name__)
def test_slip_is_noticed(slip, monkeypatch):
    rng, problem = random.Random(slip.__name__), Problem.of(SLIPS[slip][0])
    claim = parse(SLIPS[slip][1]).claims[0]
    with monkeypatch.context() as patch:
        slip(patch)
        assert judge(problem, claim, rng, points=30).complaints
    assert not judge(problem, claim, rng, points=30).complaints


def test_a_slip_at_the_bounds_is_noticed_there(monkeypatch):
    """A strict inequality that is only looked at inside of the domain is proved, and fails at p = 0."""
    claim = 'V("good") < 30'
    monkeypatch.setattr(OrderDomain, "_ends", lambda self: [])
    assert decide(machine(), claim).proved
    assert decide(machine().at(p="0"), claim).refuted


def test_constants_are_compared_without_a_ladder():
    verdict = decide(constant(), "V(s) > 0")
    assert verdict.method == "normal form"
    assert not verdict.certificates


def test_a_domain_of_faces_only_makes_a_claim_inapplicable():
    """p (1 - q) <= 0 in the unit square leaves p = 0 and q = 1, where J = p (1 - q) is 0, as its closed form is not."""
    rows = [("s", "a", "end", "p*(1-q)", 1), ("s", "a", "other", "1-p*(1-q)", 0)]
    symbols = {"p": "0 <= p <= 1", "q": "0 <= q <= 1, p*(1-q) <= 0"}
    faces = pgsym.MDP.from_transitions(rows, start="s", terminal=["end", "other"], symbols=symbols)
    found = pgsym.decide(faces, "J = 0")
    assert found.status is Status.INAPPLICABLE
    assert found.reason == (
        "J == 0: its closed forms differ, but at none of 60 points of the domain does it fail; if assumptions leave no "
        "more than faces of the domain, closed forms do not know. Set the symbols that these fix"
    )


def test_a_witness_far_out_has_short_numbers():
    """J of two-state is negative for theta below -2 or so; what minimises it is at infinity."""
    verdict = decide(pgsym.zoo("two-state"), "J >= 0")
    assert all(abs(value) < 7 for value in verdict.witness.theta.values())

"""Every part of a claim is defined before its value counts; discounts, chains and proportions say what they mean."""

import pytest

import pgsym
from pgsym.claims import Status, decide, parse, theorem
from pgsym.errors import ClaimError
from pgsym.model import MDP, Problem, direct_policy, mixture

ASSUMED = {"q": {"q": "0 < q < 1"}, "q^2": {"q": "0 < q < 1"}}
METHODS = ("normal form", "identity test")


def on(name, claim, objective=None, **options):
    problem = pgsym.zoo(name)
    return decide(problem.replace(objective=objective or problem.objective), claim, **options)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("side", ["grad J", "J", "F", "0"])
def test_division_by_zero_is_noticed_beside_any_shape(side, method):
    with pytest.raises(
        ClaimError, match=r"found a division by an expression that is (identically zero|zero at 50 random)"
    ):
        on("two-state", f"0 / (gamma - 9/10) + {side} = {side}", method=method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "claim",
    [
        "for all s: grad V(s) + 0 * mu(s) = grad V(s)",
        "for all s: grad V(s) - 0 * mu(s) = grad V(s)",
        "for all s: 0 * mu(s) + grad V(s) = grad V(s)",
        "for all s: V(s) + 0 * mu(s) = V(s)",
        "for all s: grad V(s) = grad V(s) + sum[s'] 0 * mu(s')",
        "for all s: outer(grad V(s), grad V(s)) + 0 * rbar = outer(grad V(s), grad V(s))",
        "let k(s) = 0 * mu(s); for all s: grad V(s) + k(s) * 0 = grad V(s)",
        "for all s: grad V(s) propto grad V(s) + 0 * mu(s)",
    ],
)
def test_zero_times_what_does_not_exist_is_inapplicable(claim, method):
    verdict = on("two-classes", claim, method=method)
    assert verdict.status == "inapplicable"
    assert verdict.reason.startswith("mu: 2 recurrent classes ('safe'; 'on', 'off')")


def test_zero_times_what_exists_is_zero():
    for claim in ("grad J + 0 * mu(s) = grad J", "0 * grad J = 0", "0 / gamma + F = F"):
        assert on("two-state", "for all s: " + claim, "stationary-value").proved


# -- discounts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("discount", ["2", "3/2", "1.01"])
def test_discount_above_one_is_refused(discount):
    message = r"^found the discount \S+; it lies in \[0, 1\), or in \[0, 1\] where every run ends. Choose one there\n"
    with pytest.raises(ClaimError, match=message):
        on("two-state", f"sum[s] eta[gamma={discount}](s) = -1")


@pytest.mark.parametrize("discount", ["2 * gamma", "-gamma", "1 + J^2", "gamma - 1", "0 - 1"])
def test_discount_that_is_nowhere_one_is_refused(discount):
    message = r"^at none of 60 points of the domain does this discount lie in \[0, 1\). Choose one that does\n"
    with pytest.raises(ClaimError, match=message):
        on("two-state", f"for all s: V[gamma={discount}](s) = 0")


def test_discounts_that_are_allowed():
    assert on("two-state", "sum[s] eta[gamma=0](s) = 1").proved
    assert on("two-state", "for all lambda: sum[s] eta[gamma=lambda](s) = 1 / (1 - lambda)").proved
    assert on("two-state", "sum[s] eta[gamma=gamma^2](s) = 1 / (1 - gamma^2)").proved
    assert on("short-corridor", "J[gamma=1] = J").proved
    assert on("two-state", "sum[s] eta[gamma=1](s) = 1").status == "inapplicable"


def test_witness_of_a_claim_with_a_discount_of_its_own_has_it_in_the_unit_interval():
    verdict = on("two-state", "for all k: sum[s] eta[gamma=3*k](s) = 1")
    (k,) = verdict.witness.values.values()
    assert verdict.refuted
    assert 0 <= 3 * k <= 1


# -- chains and proportions ------------------------------------------------------------------------------


def test_verdict_of_a_chain_is_that_of_the_chain():
    refuted = on("two-state", "J = J = 0")
    assert (refuted.proved, refuted.refuted) == (False, True)
    assert [link.status for link in refuted.links] == ["proved", "refuted"]
    assert str(refuted).splitlines()[0] == "refuted: J == J == 0"
    assert refuted.to_json()["links"][1]["status"] == "refuted"
    assert "relation by relation" in refuted.markdown()
    assert refuted.latex().startswith("J = J = 0")
    proved = on("two-state", "J = sum[s] mu0(s) * V(s) = J", method="identity test", error_bits=100)
    assert proved.proved
    assert proved.error_bits == min(link.error_bits for link in proved.links) - 1
    absent = on("two-classes", "J = J = rbar")
    assert (absent.status, absent.proved, absent.refuted) == ("inapplicable", False, False)
    worst = on("two-classes", "rbar = 1 = 2")
    assert worst.refuted


def test_chain_rejects_a_verdict_that_tells_of_the_first_link_alone():
    statement = parse("J = J = 0")
    first = on("two-state", "J = J")
    assert first.proved
    assert on("two-state", str(statement)).proved is False


@pytest.mark.parametrize("method", METHODS)
def test_zero_vectors_are_proportional(method):
    assert on("two-state", "for all b(s): grad b(s) propto grad b(s)", method=method).proved
    assert (
        on("two-state", "for all b(s): grad b(s) propto grad J + sum[s'] mu0(s') * grad b(s)", method=method).refuted
        is False
    )
    assert on("two-state", "grad J propto 0 * grad J", method=method).refuted


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("name", "claim", "what"),
    [
        ("two-state", "J propto gamma", "number"),
        ("short-corridor", 'grad J propto grad V("s1")', "parameter"),
        ("two-state", "grad J propto grad J", None),
        ("two-state", "V(s) propto V(s)", None),
    ],
)
def test_proportion_of_single_numbers_says_how_little_it_says(name, claim, what, method):
    verdict = on(name, claim, method=method)
    assert verdict.proved
    note = f"for one {what} this says only that the right side is not 0 where the left is not"
    assert verdict.notes == (() if what is None else (note,))


# -- the factor that repairs -----------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", ["1/2", "1/3", "9/10", "gamma"])
@pytest.mark.parametrize(
    ("claim", "factor"),
    [
        ("sum[s] eta(s) = 1", "1 / (1 - gamma)"),
        ("grad J = E[s~d, a~pi] grad log pi(a|s) * Q(s,a)", "1 / (1 - gamma)"),
        ("d(s) = eta(s)", "1 - gamma"),
        ("J = 2 * J", "1/2"),
        ("gamma * J = J", "gamma"),
    ],
)
def test_factor_is_the_one_for_every_discount(claim, factor, gamma):
    """At gamma = 1/2 a missing normalisation is a factor 2, but only there."""
    problem = pgsym.zoo("two-state")
    for method in METHODS:
        verdict = decide(pgsym.Problem(problem.mdp.replace(gamma=gamma), problem.policy), claim, method=method)
        assert str(verdict.factor) == factor


# -- names and readings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "where", "what"),
    [("let p = 3;", "let p", "a definition"), ("for all p:", "for all p", "an arbitrary number")],
)
def test_name_of_a_symbol_of_the_model_is_not_taken_twice(declared, where, what):
    rows = [("s", "go", "end", "p", 1), ("s", "go", "s", "1 - p", 0)]
    mdp = MDP.from_transitions(rows, terminal=["end"], start="s", gamma="1/2", symbols={"p": "0 < p < 1"})
    with pytest.raises(
        ClaimError, match=f"^{where}: p is a symbol of the model; {what} needs a name of its own. Rename it$"
    ):
        decide(mdp, f"{declared} J = p")
    assert decide(mdp, "let p(s) = V(s); J = sum[s] mu0(s) * p(s)").proved


def test_index_twice_in_one_sum_is_refused():
    with pytest.raises(ClaimError, match=r"^found s twice in one sum; its indices must differ. Rename one\n"):
        on("two-state", "sum[s,s] V(s) = 0")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("grad log pi(a|s)^2 = 0", "grad log (pi(a|s)^2) == 0"),
        ("grad V(s)^2 = 0", "grad (V(s)^2) == 0"),
        ("(dot(grad J, grad J))^2 = 0", "dot(grad J, grad J)^2 == 0"),
    ],
)
def test_verdict_prints_the_claim_as_it_was_read(written, read):
    (claim,) = parse(written).claims
    assert str(claim) == read
    assert parse(str(claim)).claims[0] == claim
    assert str(on("two-state", written)).splitlines()[0] == f"refuted: {read}"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "claim",
    [
        "grad sum[a] log (1 + pi(a|s)) = sum[a] grad pi(a|s) / (1 + pi(a|s))",
        "grad (V(s) - 3 * log (1 + J^2)) = grad V(s) - 6 * J * grad J / (1 + J^2)",
        "for all b(s): grad (b(s) * log (1 + J^2) / gamma) = b(s) / gamma * grad log (1 + J^2)",
        "grad (0 * log (1 + J^2)) = 0",
        "grad (J + 0 * log (2 * J)) = grad J",
        "grad (-log (1 + J^2)) = -2 * J * grad J / (1 + J^2)",
        "for all s: grad E[s'~mu0] log (1 + V(s')^2) = sum[s'] 2 * mu0(s') * V(s') * grad V(s') / (1 + V(s')^2)",
    ],
)
def test_gradient_of_a_sum_with_logarithms(claim, method):
    assert on("two-state", claim, method=method).proved


@pytest.mark.parametrize(
    "claim",
    [
        "grad (J * log (1 + J^2)) = 0",
        "for all b(s): grad ((E[s~mu] b(s)) * log (1 + J^2)) = (E[s~mu] b(s)) * grad log (1 + J^2)",
        "for all b(s): grad ((sum[s] mu(s) * b(s)) * log (1 + J^2)) = 0",
    ],
)
def test_logarithm_times_what_depends_on_theta_needs_a_sign(claim):
    """The weights of an expectation depend on theta too."""
    verdict = on("two-state", claim)
    assert verdict.status is Status.INAPPLICABLE
    assert verdict.reason.startswith("log (1 + J^2): the signs of the coefficients of ")
    constant = "for all b(s): grad ((E[s~mu0] b(s)) * log (1 + J^2)) = (E[s~mu0] b(s)) * grad log (1 + J^2)"
    assert on("two-state", constant).proved


def test_limit_inside_a_limit_is_refused():
    with pytest.raises(ClaimError, match=r"^found a limit inside a limit; the discount goes to 1 once. Remove one\n"):
        on("two-state", "for all s: limit[gamma->1] limit[gamma->1] (1 - gamma) * V(s) = rbar")


@pytest.mark.parametrize(
    ("gamma", "claim", "shared"),
    [
        ("p", "for all s: limit[gamma->1] (1 - gamma) * V(s) = rbar", "p"),
        ("1 - p", "for all s: limit[gamma->1] (1 - gamma) * V(s) = rbar", "p"),
        ("q^2", "for all s: limit[gamma->1] (1 - q^2) * V(s) = rbar", "q"),
    ],
)
def test_limit_of_a_discount_that_stands_elsewhere_too_is_refused(gamma, claim, shared):
    """P would move along, and with it the right side: which limit is meant?"""
    rows = [("x", "l", "y", "p", 1), ("x", "l", "x", "1 - p", 0), ("y", "l", "x", 1, 2)]
    mdp = MDP.from_transitions(rows, start="x", gamma=gamma, symbols={"p": "0 < p < 1"} | ASSUMED.get(gamma, {}))
    message = (
        f"the discount is {mdp.gamma}, and {shared} stands elsewhere too; the limit could be of the discount alone, or "
        "of all that depends on it. Give the discount a symbol of its own"
    )
    with pytest.raises(ClaimError) as refused:
        decide(mdp, claim)
    assert str(refused.value) == f"limit[gamma->1]: {message}"


@pytest.mark.parametrize("gamma", ["q", "q^2", "1/2"])
def test_limit_of_a_discount_with_a_symbol_of_its_own(gamma):
    rows = [("x", "l", "y", "p", 1), ("x", "l", "x", "1 - p", 0), ("y", "l", "x", 1, 2)]
    mdp = MDP.from_transitions(rows, start="x", gamma=gamma, symbols={"p": "0 < p < 1"} | ASSUMED.get(gamma, {}))
    assert decide(mdp, "for all s: limit[gamma->1] (1 - gamma) * V(s) = rbar").proved


def test_weights_of_no_start_have_nothing_to_normalise():
    verdict = on("two-state", "let w(s) = 0; d[mu0=w](s) = mu0(s)")
    assert (verdict.status, verdict.reason) == (
        "inapplicable",
        "d: the start weight is 0 in every state that is not terminal, so no state is visited and there is nothing to "
        "normalise. Start in one that is not terminal",
    )
    assert on("two-state", "for all w(s): sum[s] d[mu0=w](s) = 1").proved
    rows = [(s, "a", t, 1, 0) for s, t in ("xy", "yx")]
    mdp = MDP.from_transitions(rows, start="x", gamma="1/2")
    with pytest.raises(
        ClaimError, match=r"^found visits that sum to 0 identically; d is over their sum. Give another start"
    ):
        decide(mdp, "let w(s) = 2 * mu0(s) - 1; d[mu0=w](s) = 0")


def test_theorem_whose_score_divides_by_a_probability_of_zero_is_inapplicable():
    rows = [(s, a, t, 1, 1) for s, t in ("xy", "yx") for a in "lr"]
    mdp = MDP.from_transitions(rows, start="x", gamma="1/2")
    policy = direct_policy(mdp, {"x": {"l": "0", "r": "1"}, "y": {"l": "p", "r": "1 - p"}}, ["p"])
    findings = theorem("fisher-is-curvature").decide(pgsym.Problem(mdp, policy))
    assert findings.status == "inapplicable"
    assert findings.verdicts[0].reason == "found a division by an expression that is identically zero, on this model"


def test_theorem_steps_out_of_the_way_of_a_mixture_weight():
    problem = pgsym.zoo("two-state")
    statement = theorem("baxter-bartlett-any-discount")
    assert "for all beta" in statement.statement
    assert statement.decide(pgsym.Problem(problem.mdp, mixture(problem.policy, "beta"))).status == "proved"


@pytest.mark.parametrize("method", ["normal form", "identity test"])
def test_hypothesis_that_fails_comes_before_a_division_by_zero(method):
    """pi("no"|s) = 0 has no score, and a model that ends no stationary distribution."""
    mdp = MDP.from_transitions(
        [("s", "go", "end", "1/2", 1), ("s", "go", "s", "1/2", 0), ("s", "no", "s", 1, 0), ("u", "go", "s", 1, 0),
         ("u", "no", "end", 1, 2)], start="u", terminal=["end"],
    )  # fmt: skip
    policy = direct_policy(mdp, {"s": {"go": 1, "no": 0}, "u": {"go": "p", "no": "1 - p"}}, ["p"])
    verdict = decide(Problem(mdp, policy, "average-reward"), "F propto outer(grad J, grad J)", method=method)
    assert verdict.status is Status.INAPPLICABLE
    assert verdict.reason.startswith("mu: 1 terminal state ('end'); a stationary distribution needs a continuing MDP")

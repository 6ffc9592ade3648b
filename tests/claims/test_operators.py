"""What further operators of the language mean: verdicts by both methods, against the second reading, with mutants."""

import random
import re
from collections import Counter
from dataclasses import replace

import pytest
from second_reading.random_claims import SORTS, Maker, random_claim
from second_reading.random_models import MODELS, random_problem
from second_reading.soundness import judge

import pgsym
from pgsym.claims import decide, parse
from pgsym.claims.language import tree as t
from pgsym.claims.language.check import check
from pgsym.claims.language.relation import EQUAL
from pgsym.claims.language.statement import Arbitrary, Claim, World
from pgsym.errors import ClaimError

METHODS = ("normal form", "identity test")

DECIDED = {
    "indicator": [
        ("two-state", "sum[s'] (1[s=s'] - gamma * P_pi(s,s')) * V(s') = r_pi(s)", "proved"),
        ("two-state", "sum[s'] (1[s=s'] - P_pi(s,s')) * V(s') = r_pi(s)", "refuted"),
        ("short-corridor", "sum[s'] (1[s=s'] - gamma * P_pi(s,s')) * V(s') = r_pi(s)", "proved"),
        ("two-state", "sum[s'] D(s,s') * (1[s'=s1] - P_pi(s',s1)) = 1[s=s1] - mu(s1)", "proved"),
        ("two-state", "sum[s',a'] (1[s=s'] * 1[a=a'] - gamma * P(s'|s,a) * pi(a'|s')) * Q(s',a') = r(s,a)", "proved"),
        ("two-state", "sum[s',a'] (1[s=s'] - gamma * P(s'|s,a) * pi(a'|s')) * Q(s',a') = r(s,a)", "refuted"),
        ("two-state", "sum[a] 1[a=\"a\"] * pi(a|\"x\") = pi(\"a\"|\"x\")", "proved"),
        ("two-state", "sum[s] 1[s=\"x\"] * V(s) = V(\"x\")", "proved"),
        ("short-corridor", "E[tau] sum[t] gamma^t * 1[s_t=s] * 1[a_t=a] = eta(s) * pi(a|s)", "proved"),
        ("short-corridor", "E[tau] sum[t] gamma^t * 1[s_{t+1}=s] = eta(s)", "refuted"),
        ("short-corridor", "for all s: sum[s'] 1[s=s'] = 1", "proved"),  # terminal states are states too
    ],
    "identity": [
        ("two-state", "for all k: dot(inv(F + k * I), dot(F + k * I, grad J)) = grad J", "proved"),
        ("two-state", "for all k: dot(inv(F + k * I), dot(F, grad J)) = grad J", "refuted"),
        ("two-state", "trace I = 2", "proved"),
        ("two-state", "dot(I, I) = I = transpose(I) = inv(I)", "proved"),
        ("two-state", "grad (dot(grad J, grad J) / 2) = dot(grad grad J, dot(I, grad J))", "proved"),
        ("two-state", "I = F", "refuted"),
    ],
    "stop-gradient": [
        ("two-state", "grad sum[s] sg(eta(s)) * sum[a] pi(a|s) * sg(Q(s,a)) = grad J", "proved"),  # a surrogate
        ("two-state", "grad sum[s] eta(s) * sum[a] pi(a|s) * sg(Q(s,a)) = grad J", "refuted"),
        ("two-state", "grad sum[s] sg(eta(s)) * sum[a] pi(a|s) * Q(s,a) = grad J", "refuted"),
        ("two-state", "grad sum[s,a] sg(eta(s) * pi(a|s)) * log pi(a|s) * sg(Q(s,a)) = grad J", "proved"),
        ("two-state", "sg(J) = J", "proved"),
        ("two-state", "grad sg(J) = 0", "proved"),
        ("two-state", "grad (J * sg(J)) = J * grad J", "proved"),
        ("two-state", "grad grad (J * sg(J)) = J * grad grad J", "proved"),
        ("two-state", "grad grad (J * sg(J)) = grad (J * grad J)", "refuted"),
        ("two-state", "grad (J * sg(grad J)) = outer(grad J, grad J)", "proved"),
        ("two-state", "grad (pi(a|s) / sg(pi(a|s))) = grad log pi(a|s)", "proved"),
        ("two-state", "grad grad (pi(a|s) / sg(pi(a|s))) = grad grad log pi(a|s)", "refuted"),  # Foerster et al. 2018
        ("two-state", "grad sum[a] pi(a|s) * sg(log pi(a|s)) = sum[a] grad pi(a|s) * log pi(a|s)", "proved"),
        ("two-state", "let c(s,a) = sg(Q(s,a)); grad J[r=c] = sum[s] eta(s) * sum[a] grad pi(a|s) * Q[r=c](s,a)",
         "proved"),
        ("two-state", "limit[gamma->1] (1 - gamma) * grad (J * sg(2)) = 2 * grad rbar", "proved"),
        ("short-corridor", "grad E[tau] sum[t] sg(r_t * pi(a_t|s_t)) = grad J", "refuted"),
        ("short-corridor", "E[tau] sum[t] gamma^t * grad (log pi(a_t|s_t) * sg(Q(s_t,a_t))) = grad J", "proved"),
        ("short-corridor", "E[tau] sum[t] gamma^t * grad (r_t * log pi(a_t|s_t)) = grad J", "refuted"),
    ],
    "at pi' = pi": [
        ("two-state", "at[pi'=pi] grad' sum[s] eta(s) * sum[a] pi'(a|s) * Q(s,a) = grad J", "proved"),  # Kakade 2002
        ("two-state", "at[pi'=pi] grad' sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a) = grad J", "proved"),
        ("two-state", "at[pi'=pi] grad' sum[s] eta'(s) * sum[a] pi'(a|s) * Q(s,a) = grad J", "refuted"),
        ("two-state", "at[pi'=pi] grad' grad' sum[s] eta(s) * sum[a] pi'(a|s) * A(s,a) = grad grad J", "refuted"),
        ("two-state", "at[pi'=pi] grad' grad' sum[s] eta(s) * sum[a] pi'(a|s) * (log pi'(a|s) - log pi(a|s)) = F",
         "proved"),  # the Hessian of the divergence, in either order
        ("two-state", "at[pi'=pi] grad' grad' sum[s] eta(s) * sum[a] pi(a|s) * (log pi(a|s) - log pi'(a|s)) = F",
         "proved"),
        ("two-state", "at[pi'=pi] grad' grad' sum[s] eta(s) * sum[a] pi(a|s) * log pi'(a|s) = F", "refuted"),
        ("two-state", "at[pi'=pi] J' * J = J^2", "proved"),
        ("two-state", "at[pi'=pi] J' = J'", "refuted"),  # on the right pi' is arbitrary
        ("two-state", "at[pi'=pi] F' = F", "proved"),
        ("two-state", "let L(s) = sum[a] pi'(a|s) * Q(s,a); at[pi'=pi] grad' sum[s] eta(s) * L(s) = grad J", "proved"),
        ("two-state", "let c(s,a) = A(s,a); at[pi'=pi] grad' J'[r=c] = grad J", "proved"),
        ("two-state", "at[pi'=pi] grad' J'[r=A] = grad J[r=A]", "refuted"),  # A is held fixed on the left
        ("short-corridor", "at[pi'=pi] E[tau] sum[t] gamma^t * grad' (pi'(a_t|s_t) / pi(a_t|s_t)) * G_t = grad J",
         "proved"),
        ("short-corridor", "at[pi'=pi] grad' E[tau~pi'] sum[t] gamma^t * (prod[u<=t] pi(a_u|s_u) / pi'(a_u|s_u)) * r_t "
         "= 0", "proved"),
    ],
    "logarithms": [
        ("two-state", "log (pi(a|s)^2 / pi'(a|s)) = 2 * log pi(a|s) - log pi'(a|s)", "proved"),
        ("two-state", "log (pi(a|s) / pi'(a|s)) = log pi'(a|s) - log pi(a|s)", "refuted"),
        ("two-state", "for all s: sum[a] pi(a|s) * log (1 / pi(a|s)) = 0", "refuted"),
        ("two-state", "at[pi'=pi] grad' grad' sum[s] eta(s) * sum[a] pi'(a|s) * log (pi'(a|s) / pi(a|s)) = F",
         "proved"),
        ("two-state", "grad log d(s) = grad d(s) / d(s)", "proved"),
        ("two-state", "grad ((E[tau] r_0) * log (1 + pi(a|s))) = (E[tau] r_0) * grad log (1 + pi(a|s))", "refuted"),
        ("two-state", "grad log eta(s) = grad log d(s)", "proved"),
        ("short-corridor", "grad log eta(s) = grad log d(s)", "refuted"),
        ("two-state", "log d(s) = log eta(s) + log (1 - gamma)", "proved"),
        ("two-state", "log d(s) = log eta(s) - log (1 - gamma)", "refuted"),
        ("short-corridor", "log d(s) = log eta(s) - log E[T]", "proved"),
        ("short-corridor", "log d(s) = log eta(s) + log (1 - gamma)", "inapplicable"),  # log 0
        ("two-state", "log (6 * eta(s)^2) = 2 * log eta(s) + log 2 + log 3", "proved"),
        ("two-state", "grad sum[s] d(s) * log d(s) = sum[s] grad d(s) * log d(s)", "proved"),  # entropy of visits
        ("two-state", "grad sum[s] d(s) * log d(s) = sum[s] grad eta(s) * log d(s)", "refuted"),
        ("two-state", "grad grad sum[s] d(s) * log d(s) = sum[s] (grad grad d(s) * log d(s) + outer(grad d(s), "
         "grad d(s)) / d(s))", "proved"),
        ("two-state", "log (d(s) * pi(a|s)) = log pi(a|s) + log d(s)", "proved"),
        ("two-state", "E[tau] sum[t] gamma^t * log d(s_t) = sum[s] eta(s) * log d(s)", "proved"),
        ("two-state", "let l(s) = log mu(s); grad sum[s] mu(s) * l(s) = sum[s] grad mu(s) * l(s)", "proved"),
        ("two-state", "log V(s) = log V(s)", "inapplicable"),
        ("two-state", "log (-d(s)) = log (-d(s))", "inapplicable"),
        ("two-state", "for all b(s): log b(s) = log b(s)", "inapplicable"),
        ("two-state", "grad log sum[a] pi(a|s)^2 = 2 * (sum[a] pi(a|s) * grad pi(a|s)) / sum[a] pi(a|s)^2", "proved"),
        ("two-state", "log (1 + dot(grad (sg(pi(a|s)) * pi(a|s)), grad pi(a|s))) = log (1 + pi(a|s) * "
         "dot(grad pi(a|s), grad pi(a|s)))", "proved"),
        ("two-state", "log (1 + dot(grad (sg(pi(a|s)) * pi(a|s)), grad pi(a|s))) = log (1 + 2 * pi(a|s) * "
         "dot(grad pi(a|s), grad pi(a|s)))", "refuted"),
    ],
    "extremes in matrices": [
        ("two-state", "trace (abs(J) * F) >= 0", "proved"),
        ("two-state", "trace (abs(J) * F) >= trace F", "refuted"),
        ("two-state", "abs(J) * F >= F", "refuted"),
        ("two-state", "abs(J) * F >= 0 * F", "undecided"),
        ("short-corridor", "abs(J) * F >= 0 * F", "proved"),
    ],
    "moments of a reward": [
        ("parallel-outcomes", "E[r|s,a,s'] = r(s,a,s')", "proved"),
        ("parallel-outcomes", "E[r|s,a] = r(s,a)", "proved"),
        ("parallel-outcomes", "E[r^2|s,a,s'] = r(s,a,s')^2", "refuted"),
        ("parallel-outcomes", "E[s'~P] E[r^3|s,a,s'] = E[r^3|s,a]", "proved"),
        ("parallel-outcomes", "E[r^3|s,a] = E[r^2|s,a]", "refuted"),
        ("parallel-outcomes", "E[tau] sum[t] gamma^t * r_t^2 = sum[s] eta(s) * sum[a] pi(a|s) * E[r^2|s,a]", "proved"),
        ("parallel-outcomes", "E[tau] sum[t] gamma^t * r_t^2 = sum[s] eta(s) * sum[a] pi(a|s) * r(s,a)^2", "refuted"),
        ("parallel-outcomes", "E[tau] sum[t] E[r^2|s_t,a_t,s_{t+1}] = E[tau] sum[t] r_t^2", "proved"),
        ("parallel-outcomes", "Var[tau | s_0=s, a_0=a] r_0 = E[r^2|s,a] - r(s,a)^2", "proved"),
        ("parallel-outcomes", "E[r'^2|s,a,s'] = E[r^2|s,a,s']", "proved"),
        ("two-state", "for all r': E[r'^2|s,a] = sum[s'] P(s'|s,a) * r'(s,a,s')^2", "proved"),
        ("two-state", "for all r': E[r'^2|s,a] = r'(s,a)^2", "refuted"),
        ("two-state", "with M' = terminating: E[r'^2|s,a] = E[r^2|s,a]", "proved"),
        ("two-state", "grad sum[a] pi(a|s) * E[r^2|s,a] = sum[a] grad pi(a|s) * E[r^2|s,a]", "proved"),
    ],
    "the parameters": [
        ("two-state", "grad vec(theta) = I", "proved"),
        ("two-state", "dot(vec(theta), grad logit(s,a)) = logit(s,a)", "proved"),  # linear in theta
        ("two-state", "dot(vec(theta), grad log pi(a|s)) = logit(s,a) - sum[a'] pi(a'|s) * logit(s,a')", "proved"),
        ("two-state", "dot(vec(theta), grad log pi(a|s)) = logit(s,a)", "refuted"),
        ("two-state", "for all k: grad (J - k / 2 * dot(vec(theta), vec(theta))) = grad J - k * vec(theta)", "proved"),
        ("two-state", "for all k: grad (J - k * dot(vec(theta), vec(theta))) = grad J - k * vec(theta)", "refuted"),
        ("two-state", "vec(theta) = 0", "refuted"),
        ("two-state", "grad sg(vec(theta)) = 0", "proved"),
        ("two-state", "at[pi'=pi] grad' (J' - dot(vec(theta), vec(theta))) = grad J", "proved"),
        ("two-state", "E[tau] sum[t] gamma^t * dot(vec(theta), grad log pi(a_t|s_t)) * G_t = dot(vec(theta), grad J)",
         "proved"),
        ("short-corridor", "vec(theta) = theta * grad theta", "proved"),  # there theta is the one parameter
        ("short-corridor", "dot(vec(theta), grad J) = J", "refuted"),
    ],
    "a second model": [
        ("two-state", "for all P', r': J' - J = sum[s] eta(s) * sum[a] pi(a|s) * (r'(s,a) - r(s,a) + gamma * "
         "sum[s'] (P'(s'|s,a) - P(s'|s,a)) * V'(s'))", "proved"),  # Kearns & Singh 2002, the simulation lemma
        ("two-state", "for all P', r': J' - J = sum[s] eta(s) * sum[a] pi(a|s) * (r'(s,a) - r(s,a) + gamma * "
         "sum[s'] (P'(s'|s,a) - P(s'|s,a)) * V(s'))", "refuted"),
        ("short-corridor", "for all P': J' - J = gamma * sum[s] eta'(s) * sum[a] pi(a|s) * sum[s'] (P'(s'|s,a) - "
         "P(s'|s,a)) * V(s')", "proved"),
        ("short-corridor", "for all P', pi': J' - J = gamma * sum[s] eta'(s) * sum[a] pi(a|s) * sum[s'] "
         "(P'(s'|s,a) - P(s'|s,a)) * V(s')", "refuted"),
        ("two-state", "for all P', r', pi': J' = sum[s] eta'(s) * sum[a] pi'(a|s) * r'(s,a)", "proved"),
        ("two-state", "for all r': grad J' = sum[s] eta(s) * sum[a] grad pi(a|s) * Q'(s,a)", "proved"),
        ("two-state", "for all r': r'(s,a) = sum[s'] P(s'|s,a) * r'(s,a,s')", "proved"),
        ("two-state", "for all r', s': r'(s,a,s') = r'(s,a)", "refuted"),
        ("two-state", "for all P': pi'(a|s) = pi(a|s)", "proved"),  # the rest is as in the first
        ("two-state", "for all P': r'(s,a) = r(s,a)", "proved"),
        ("two-state", "for all P': P_pi'(s,s') = P_pi(s,s')", "refuted"),
        ("two-state", "for all P': E[tau~pi'] G = J'", "proved"),
    ],
}  # fmt: skip
"""A model, a claim and its verdict."""

CASES = [case for cases in DECIDED.values() for case in cases]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("model", "text", "status"), CASES, ids=[text for _, text, _ in CASES])
def test_operator_means_what_it_says(model, text, status, method):
    objective = "average-reward" if "mu(" in text else "start-state"
    problem = pgsym.zoo(model).replace(objective=objective)
    if "limit" in text and method == "identity test":
        return  # limits are taken of closed forms
    assert decide(problem, text, method=method).status == status
    for claim in parse(text).claims if "tau" not in text else ():  # runs are read where there are no loops: test_runs
        assert judge(problem, claim, random.Random(0), method=method).complaints == ()


REFUSED = [
    ("1[s=\"nowhere\"] = V(s)", "state nowhere: 0 of that name; the model has x, y. Check the name"),
    ("for all s: sum[a] pi(a|s) * 1[a=\"go\"] = 1", "action go: 0 of that name; the model has a, b. Check the name"),
    ("sum[a] 1[a=\"a\"] = 1", "a is an action of no state; it must be an action of one state"),
    ("grad' J' = grad J", "found grad' of an arbitrary policy, which has no parameters; it stands under at[pi'=pi], "
     "where pi' is of the family of pi. Write at[pi'=pi] before it"),
    ("grad (at[pi'=pi] J') = grad J", "found a gradient of at[pi'=pi], where it is one policy. Take it inside, as "
     "grad'"),
    ("let c = at[pi'=pi] J'; grad c = grad J", "found a gradient of at[pi'=pi], where it is one policy. Take it "
     "inside, as grad'"),
    ("at[pi'=pi] grad (J' * J) = grad J", "found grad of what depends on pi'; under at[pi'=pi] gradients are by the "
     "parameters of pi'. Write grad'"),
    ("at[pi'=pi] at[pi'=pi] J = J", "found at[pi'=pi] inside another; it is about an arbitrary second policy. Remove "
     "one"),
    ("with M' = terminating: at[pi'=pi] J' = J", "found at[pi'=pi] with a second model; it is about an arbitrary "
     "second policy. Remove one"),
    ("at[pi'=pi] grad' E[tau] G * J' = 0", "found grad' of a mean over runs of pi, which do not depend on pi'. Take "
     "grad' inside the mean"),
    ("let c(s,a) = Q'(s,a); at[pi'=pi] J[r=c] = J", "found a quantity of pi with a part of pi'; it could not be told "
     "which of them grad' sees. Write it as a sum"),
    ("grad log (J - J) = grad J", "found a division by an expression that is identically zero"),
    ("for all P': with M' = terminating: J' = J", "with M': the second model is terminating, and P' is arbitrary; one "
     "of them. Remove the other"),
    ("for all P': at[pi'=pi] J' = J", "found at[pi'=pi] with a second model; it is about an arbitrary second policy. "
     "Remove one"),
    ("let x = grad' J'; at[pi'=pi] x = x", "found grad' of an arbitrary policy, which has no parameters; it stands "
     "under at[pi'=pi], where pi' is of the family of pi. Write at[pi'=pi] before it"),
    ("let x = at[pi'=pi] J'; at[pi'=pi] x = x", "found at[pi'=pi] inside another; it is about an arbitrary second "
     "policy. Remove one"),
    ("for all P', P': J' = J", "P' is declared twice; once is enough. Remove one"),
    ("for all P: J' = J", "P is a name of the language; choose another for your own"),
    ("E[V^2|s,a] = 1", "found E[V|...]; such a mean is that of a reward, as in E[r^2|s,a] or E[r^2|s,a,s']. For runs "
     "write E[tau | s_0=s, a_0=a]"),
    ("E[r^0|s,a] = 1", "found the power 0; moments are E[r|...], E[r^2|...], ... Correct it"),
    ("E[r^101|s,a] = 1", "found the power 101; at most 100 is read"),
    ("E[r^2|s,s'] = 1", "E[r^2] takes an action there; s' is a state"),
    ("theta = 1", "theta is not a symbol of the model; it has theta_x, theta_y. The vector of all parameters is "
     "vec(theta)"),
    ("vec(theta) = 1", "a vector over the parameters on the left, a scalar on the right; both sides must have one "
     "shape"),
    ("vec(theta_x) = 1", "found the index theta_x; states are called s, s', s1, ..., actions a, a', a1, ..., times t, "
     'u, v, ... Rename it, or write "theta_x" for the state or action of that name'),
    ("vec(theta)' = 1", "found \"'\"; it has no meaning in a claim. Remove it"),
    ("I = 2", "a matrix over the parameters on the left, a scalar on the right; both sides must have one shape"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[text for text, _ in REFUSED])
def test_operator_without_sense_is_refused(text, message):
    with pytest.raises(ClaimError) as caught:
        decide("two-state", text)
    assert str(caught.value).split("\n")[0] == message


def test_logarithm_without_a_value_says_why(monkeypatch):
    found = {
        text: pgsym.decide("two-state", f"{text} = {text}").reason
        for text in ("log gamma", "log (J - J)", "log (-gamma)", "log (1 + J^2)")
    }
    assert found["log gamma"] == ""
    remedy = "a logarithm is taken of closed forms that are positive. Take its gradient, or leave it out"
    assert found["log (J - J)"] == f"log (J - J): it is 0; {remedy}"
    assert found["log (-gamma)"] == f"log (-gamma): it is negative; {remedy}"
    assert re.fullmatch(
        r"log \(1 \+ J\^2\): the signs of the coefficients of .* do not show that it is positive for all parameters; "
        + re.escape(remedy),
        found["log (1 + J^2)"],
    )
    monkeypatch.setattr("pgsym.claims.bound_claim.NORMAL_FORM_TERMS", 2)
    verdict = pgsym.decide("two-state", "log d(s) = log eta(s)")
    assert verdict.reason == f"log d(s) at s = x: its closed form is too large to be taken apart; {remedy}"


@pytest.mark.parametrize("method", METHODS)
def test_homogeneous_probabilities_satisfy_eulers_relation(method):
    """pi = w / sum w does not change along w."""
    rows = [("s", "l", "end", 1, 1), ("s", "r", "end", 1, 3)]
    mdp = pgsym.model.MDP.from_transitions(rows, start="s", terminal=["end"])
    for row, status in (
        ({"l": "x/(x+y)", "r": "y/(x+y)"}, "proved"),
        ({"l": "x/(x+y+1)", "r": "(y+1)/(x+y+1)"}, "refuted"),
    ):
        problem = pgsym.Problem(mdp, pgsym.direct_policy(mdp, {"s": row}, ["x", "y"]))
        found = decide(problem, "dot(vec(theta), grad J) = 0", method=method)
        assert found.status == status
        assert (found.witness is None) == (status == "proved")
        assert judge(problem, parse("dot(vec(theta), grad J) = 0").claims[0], random.Random(0)).complaints == ()


def test_random_expressions_at_one_policy_are_decided_as_they_are_read():
    """The second reading gives pi' variables of its own, and no sg."""
    found, rng = Counter(), random.Random(0)
    for k in range(90):
        maker = Maker(random_problem(rng, list(MODELS)[k % len(MODELS)]), rng)
        maker.primes = True
        body = maker.scalar(2, (), 0) * t.Quantity("J", (), True)
        gradient = t.PrimedGrad(t.PrimedGrad(body)) if k % 3 == 0 else t.PrimedGrad(body)
        claim = Claim(t.SamePolicy(gradient), EQUAL, t.as_node(0), tuple(maker.declared.values()))
        try:
            check(claim)
        except ClaimError:
            continue
        judged = judge(maker.problem, claim, rng, points=1, method=rng.choice(["auto", "identity test"]))
        assert not judged.complaints, str(judged)
        found[str(judged.status)] += 1
    assert found["refuted"] >= 20
    assert found["proved"] >= 5


def test_random_claims_about_a_second_model_are_decided_as_they_are_read():
    found, rng = Counter(), random.Random(0)
    for k in range(700):
        problem = random_problem(rng, list(MODELS)[k % len(MODELS)])
        claim = random_claim(problem, SORTS[k % len(SORTS)], rng)
        if not any(getattr(node, "primed", False) for side in (claim.left, claim.right) for node in side.walk()):
            continue
        names = rng.choice([("P'",), ("r'",), ("P'", "r'"), ("P'", "pi'"), ("P'", "r'", "pi'")])
        rest = (b for b in claim.bindings if not isinstance(b, World))
        claim = replace(claim, bindings=(*map(Arbitrary, names), *rest))
        judged = judge(problem, claim, rng, points=1)
        assert not judged.complaints, str(judged)
        found[str(judged.status)] += 1
    assert found["proved"] >= 5
    assert found["refuted"] >= 5


def test_second_model_has_a_bounded_size():
    with pytest.raises(ClaimError) as caught:
        decide(pgsym.zoo("random-walk", n=70), "for all P': J' = J")
    assert str(caught.value) == (
        "for all P': an arbitrary P' or r' has a symbol for each of 10080 outcomes; at most 10000 are made. Choose a "
        "smaller model"
    )


def test_names_that_look_alike_are_two_states():
    """States 1 and "1": Kronecker's delta tells them apart."""
    mdp = pgsym.model.MDP.from_transitions(
        [(s, a, z, "1/2", 1) for s in (1, "1") for a in "lr" for z in (1, "1")], start=1, gamma="1/2"
    )
    assert decide(mdp, "sum[s,s'] 1[s=s'] = 2").proved
    assert decide(mdp, 'sum[s] 1[s="1"] * mu0(s) = 0').proved
    assert decide(mdp, "sum[s] 1[s=1] * mu0(s) = 1").proved


def test_prime_of_what_the_second_policy_does_not_change_is_said():
    """P' is P where only pi' is arbitrary; who means another model is told how to say so."""
    said = "{0}' is {0}: the second policy acts in the same model"
    declare = "; for all {0}': before the claim makes it another"
    for name, claim in (
        ("P", "P'(s'|s,a) = P(s'|s,a)"),
        ("r", "r'(s,a) = r(s,a)"),
        ("r", "E[a~pi'] r'(s,a) = r_pi'(s)"),
    ):
        assert decide("two-state", claim).notes == ((said + declare).format(name),)
        assert decide("two-state", f"for all {name}': {claim}").notes == ()
    for name, claim in (("gamma", "gamma' = gamma"), ("mu0", "mu0'(s) = mu0(s)")):
        assert decide("two-state", claim).notes == (said.format(name),)
        assert decide("two-state", f"with M' = terminating: {claim}").notes == ()
    assert decide("two-state", "for all P': r'(s,a,s') = r'(s,a,s')").notes == ()
    assert decide("two-state", "r_pi'(s) = sum[a] pi'(a|s) * r(s,a)").notes == ()

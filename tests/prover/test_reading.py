"""What the prover reads is what a statement says: both have one value on random MDPs, in exact numbers."""

import pytest
import sympy as sp
from plain_tensors import Numbers

import pgsym
from pgsym.claims.language import parse
from pgsym.errors import ClaimError
from pgsym.model import MDP, Objective, Problem, direct_policy
from pgsym.prover.reading import Reading

START, AVERAGE, STATIONARY = Objective
TEXTS = {
    START: [
        "J", "V(s)", "Q(s,a)", "A(s,a)", "eta(s)", "d(s)", "r_pi(s)", "P_pi(s,s')", "r(s,a)", "r(s,a,s')",
        "grad J", "grad V(s)", "grad eta(s)", "grad Q(s,a)", "grad grad J", "grad grad V(s)", "F",
        "grad log pi(a|s)", "grad grad log pi(a|s)", "dot(grad J, grad V(s))", "outer(grad J, grad r_pi(s))",
        "transpose(outer(grad J, grad r_pi(s)))", "grad (J * V(s))", "J / (1 + gamma) - V(s)^2 / 3", "V(s) / pi(a|s)",
        "V[gamma=1/2](s)", "sum[s] eta[gamma=1/3](s) * V(s)", "sum[s] sg(eta(s)) * grad V(s)", "grad (sg(J) * J)",
        "E[s~eta, a~pi] grad log pi(a|s) * A(s,a)", "E[s'~P] (r(s,a,s') + gamma * V(s'))", "1[s=s'] * V(s)",
        "at[pi'=pi] grad' sum[s] eta(s) * sum[a] pi'(a|s) * Q(s,a)",
        "E[tau] sum[t] gamma^t * r_t * V(s_{t+1})", "E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * G_t",
        "E[tau | s_0=s] (r_0 + gamma * r_1)", "E[tau | s_0=s, a_0=a] sum[t] gamma^t * r_t", "Var[tau | s_0=s] r_0",
        "E[tau] sum[t<3] r_t * sum[u>t] gamma^(u-t) * r_u", "E[tau] V(s_2)", "grad E[tau] sum[t<2] r_t",
        "let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t); E[tau] sum[t] (gamma^t * delta(t))^2",
    ],
    AVERAGE: [
        "J", "rbar", "mu(s)", "h(s)", "Q(s,a)", "A(s,a)", "D(s,s')", "grad J", "grad mu(s)", "grad h(s)",
        "grad D(s,s')", "grad grad J", "V[gamma=1/2](s)", "F",
    ],
    STATIONARY: ["J", "grad J", "V(s)", "sum[s] mu(s) * V(s)^2"],
}  # fmt: skip


def problem_of(numbers, objective):
    mdp = MDP.from_transitions(
        [(s, a, y, numbers.P[""][s][a][y], numbers.r3[""][s][a][y]) for s in (0, 1) for a in (0, 1) for y in (0, 1)],
        start=dict(enumerate(numbers.mu0)),
        gamma=numbers.numbers["gamma"],
    )
    x = sp.symbols("x0 x1")
    policy = direct_policy(mdp, {s: {0: x[s], 1: 1 - x[s]} for s in (0, 1)}, x)
    return Problem(mdp, policy, objective).at({x[s]: numbers.pi[""][s][0] for s in (0, 1)})


def read(text, objective):
    body, _, expression = text.rpartition("; ")
    claim = parse(f"{body}; {expression} = {expression}" if body else f"{text} = {text}").claims[0]
    reading = Reading(claim, objective)
    return reading, [(c, fs) for fs, c in reading.total(claim.left).items()]


@pytest.mark.parametrize(("objective", "text"), [(o, text) for o, texts in TEXTS.items() for text in texts])
def test_value_is_that_of_the_statement(objective, text):
    numbers = Numbers(3)
    problem = problem_of(numbers, objective)
    _, terms = read(text, objective)
    verdict = pgsym.decide(problem, f"{text} = 0")
    if verdict.proved:
        assert not any(numbers.value(terms, place, frozenset()) for place in numbers.places([]))
        return
    assert verdict.witness.theta == problem.theta
    for coordinate, expected in verdict.witness.left.items():
        place = dict(coordinate.places) | {f"i{k}": int(x.name[1:]) for k, x in enumerate(coordinate.parameters)}
        assert numbers.value(terms, place, frozenset()) == expected, coordinate


def test_wrong_reading_is_found():
    numbers = Numbers(3)
    verdict = pgsym.decide(problem_of(numbers, START), "V(s) = 0")
    _, terms = read("r_pi(s)", START)
    assert any(numbers.value(terms, dict(c.places), frozenset()) != e for c, e in verdict.witness.left.items())


OUTSIDE = {
    "for all s: limit[gamma->1] ((1 - gamma) * V(s)) = J": "found a limit, which is not read here",
    "for all s: V(s) / J = 1": "found a division by other than numbers and probabilities of a policy",
    'V("x") = 0': "found 'x', a name of one model; a claim about every MDP has none. Write an index",
    "J = p": "p is a symbol of one model; a claim about every MDP has none. Declare it with for all",
    "J propto rbar": "found propto; only equations are proved for every MDP. "
    "pgsym check generic:2x2 decides it for every MDP with 2 states and 2 actions",
    "with M' = terminating: J' = J": "found with M' = terminating; here a second model is arbitrary. Declare for all "
    "P', r':",
    "log J = 0": "found a logarithm of other than probabilities of a policy",
    "dot(inv(grad grad J), grad J) = 0": "found an inverse of other than the Fisher matrix F",
    "J <= J*": "found <=; only equations are proved for every MDP. "
    "pgsym check generic:2x2 decides it for every MDP with 2 states and 2 actions",
    "g(s) = 0": "found g, which is not read here",
    "V*(s) = V(s)": "found V* of the best policy, which is not read here",
    "J = J*": "found J* of the best policy, which is not read here",
    "V(s) = max[a] Q(s,a)": "found a maximum, which is not read here",
    "abs(J) = J": "found an absolute value, which is not read here",
}


@pytest.mark.parametrize("text", OUTSIDE)
def test_outside(text):
    message = OUTSIDE[text]
    with pytest.raises(ClaimError) as caught:
        Reading(parse(text).claims[0]).difference()
    first, *place = str(caught.value).splitlines()
    ends = message.endswith(("index", "for all", "2 actions", ":"))
    assert first == message + ("" if ends else ". Decide it on models (check)")
    assert (place[-1].strip() == "^") if place else caught.value.at is None

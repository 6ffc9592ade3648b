"""The bounds that an identity test rests on, against the normal form of the same difference."""

import math

import pytest
import sympy as sp
from flint import fmpq

import pgsym
from pgsym.algebra.size import SizeField
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.difference import residues, size
from pgsym.claims.language import parse
from pgsym.model import MDP, Objective, softmax_policy, tabular
from pgsym.model.structure import Structure

START, AVERAGE, STATIONARY = Objective.START_STATE, Objective.AVERAGE_REWARD, Objective.STATIONARY_VALUE

CLAIMS = [
    (START, "grad J = sum[s] mu0(s) * sum[a] grad pi(a|s) * Q(s,a)"),
    (START, "V(s) = sum[a] Q(s,a) / pi(a|s)"),
    (START, "J = sum[s'] eta(s') / (V(s') + 1)"),
    (START, "let b(s) = V(s) / eta(s); sum[s,s'] (b(s) - b(s')) * mu0(s) = 1"),
    (START, "let b(s) = 1 / V(s); b(s) - b(s') = 1"),
    (START, "grad J = sum[s,a] eta(s) * pi(a|s) * grad log pi(a|s) * Q(s,a) / (1 - gamma)"),
    (START, "for all c(s,a): V[r=c](s) = sum[a] c(s,a) * pi(a|s)"),
    (START, "let c(s,a) = 1 / Q(s,a); for all s: V[r=c](s) = J"),
    (START, "let w(s) = V(s) / (1 + V(s)); eta[mu0=w](s) = w(s)"),
    (START, "for all k: for all s: J = V[gamma=k](s)"),
    (START, "dot(grad J, grad J) = J"),
    (START, "outer(grad J, grad J) = grad grad J"),
    (START, "sum[s,a] outer(grad pi(a|s), grad pi(a|s)) / pi(a|s) = F"),
    (START, "gamma^-2 * J^3 = 1 / J"),
    (START, "sum[s,a] logit(s,a) = J"),
    (START, "for all s: grad (V(s) * sg(J / eta(s)) / sg(1 + V(s))) = 0"),
    (START, "for all k: dot(inv(F + k * I), grad J) = sum[s] 1[s=s] * grad J"),
    (START, "sum[s,a] eta(s) * pi(a|s) * log pi(a|s) = J"),
    (START, "J' - J = sum[s] eta'(s) * sum[a] pi'(a|s) * Q(s,a)"),
    (AVERAGE, "rbar = sum[s] mu(s) * h(s)"),
    (AVERAGE, "grad mu(s) = sum[s',s1] mu(s') * grad P_pi(s',s1) * D(s1,s) * 2"),
    (AVERAGE, "g(s) + H(s) + nu(s) = h(s)"),
    (STATIONARY, "grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)"),
    (STATIONARY, "for all s: grad J propto grad V(s)"),
]


def measured(element):
    """Total degree and log2 of the coefficients' absolute sum of a numerator in lowest terms."""
    if isinstance(element, fmpq):
        return 0, math.log2(max(abs(int(element.numerator)), 1))
    terms = [(exponents, int(c)) for exponents, c in element.base.ring.terms(element.numerator)]
    bits = math.log2(max(sum(abs(c) for _, c in terms), 1))
    return max((sum(exponents) for exponents, _ in terms), default=0), bits


def models():
    two = pgsym.zoo("two-state")
    yield pytest.param(two.mdp, two.policy, id="two-state")
    # the states differ in the number of their actions, in what they share, and in their denominators
    mdp = MDP.from_transitions(
        [
            ("x", "a", "y", "1/3", "2"),
            ("x", "a", "x", "2/3", "1/5"),
            ("y", "a", "x", "1", "-1"),
            ("y", "b", "y", "1/2", "3"),
            ("y", "b", "x", "1/2", "1"),
        ],
        start={"x": "1/4", "y": "3/4"},
        gamma="gamma",
    )
    yield pytest.param(mdp, softmax_policy(mdp, {"y": {"b": "t/2 + u"}}), id="shared")
    yield pytest.param(mdp, tabular(mdp), id="tabular")


@pytest.mark.parametrize(("objective", "text"), CLAIMS, ids=[text for _, text in CLAIMS])
@pytest.mark.parametrize(("mdp", "policy"), list(models()))
def test_size_bounds_the_difference(mdp, policy, objective, text):
    """Along random directions the coordinates of a vector are combined: here with symbols for coefficients."""
    (claim,) = parse(text).claims
    setting = BoundClaim(claim, mdp, policy, objective, Structure(mdp, policy))
    degree, bits = size(setting)
    directions = [[sp.Symbol(f"v{k}_{p}") for p in policy.params] for k in range(2)]
    setting.__dict__["extra"] = (*setting.extra, *(v for row in directions for v in row))
    meaning = setting.closed()
    field = meaning.tower.field(0)
    symbol = {
        (k, p): field.symbol(v) for k, row in enumerate(directions) for p, v in zip(policy.params, row, strict=True)
    }
    combined = {}
    for (place, parameters), element in residues(meaning, setting):
        coordinates = parameters if isinstance(parameters, tuple) else () if parameters is None else (parameters,)
        for k, p in enumerate(coordinates):
            element = element * symbol[k, p]
        combined[place] = combined[place] + element if place in combined else element
    assert any(not field.is_zero(e) for e in combined.values())
    for place, element in combined.items():
        found = measured(element)
        assert found[0] <= degree, place
        assert found[1] <= bits + 1e-9, place


def test_bounds_reject_one_denominator_for_all_states(monkeypatch):
    """A mutant: taking 1/(V(s) + 1) for the same fraction in every state gives a degree that is too small."""
    model = pgsym.zoo("two-state")
    text = "J = sum[s'] eta(s') / (V(s') + 1)"
    test_size_bounds_the_difference(model.mdp, model.policy, START, text)
    monkeypatch.setattr(SizeField, "_spread", lambda self, entry, count, local: entry)
    with pytest.raises(AssertionError):
        test_size_bounds_the_difference(model.mdp, model.policy, START, text)

"""Theorems that are found from the vocabulary alone."""

import pytest

import pgsym
from pgsym.errors import SchemaError
from pgsym.prover import conjecture

FOUND = {
    ("start-state", "mu0, eta, r_pi, P_pi, V, J, grad J, grad eta, grad V, grad r_pi, grad P_pi"): {
        "expected-length": "sum[s] eta(s) == 1 / (1 - gamma)",
        "occupancy-duality": "sum[s] eta(s) * r_pi(s) == J",
        "flow": "sum[s'] eta(s') * P_pi(s',s) == 1 / gamma * eta(s) - 1 / gamma * mu0(s)",
        "policy-gradient-chain": "sum[s] r_pi(s) * grad eta(s) == grad J - sum[s] eta(s) * grad r_pi(s)",
        "occupancy-derivative": "sum[s'] P_pi(s',s) * grad eta(s') == "
        "1 / gamma * grad eta(s) - sum[s'] eta(s') * grad P_pi(s',s)",
    },
    ("start-state", "eta, V, Q, A, pi, P, r, grad pi, grad V, grad Q, grad J"): {
        "bellman": "sum[a] pi(a|s) * Q(s,a) == V(s)",
        "advantage-form": "A(s,a) == Q(s,a) - V(s)",
        "score-mean-zero": "sum[a] grad pi(a|s) == 0",
        "policy-gradient": "sum[s,a] eta(s) * Q(s,a) * grad pi(a|s) == grad J",
        "gradient-of-value": "sum[a] pi(a|s) * grad Q(s,a) == grad V(s) - sum[a] Q(s,a) * grad pi(a|s)",
        "sarsa-target": "sum[s'] P(s'|s,a) * V(s') == 1 / gamma * Q(s,a) - 1 / gamma * r(s,a)",
    },
    ("average-reward", "mu, D, r_pi, P_pi, h, rbar, grad mu, grad P_pi"): {
        "poisson-equation": "sum[s'] P_pi(s,s') * h(s') == h(s) + rbar - r_pi(s)",
        "deviation-matrix": "sum[s'] D(s,s') * r_pi(s') == h(s)",
        "stationary-derivative": "sum[s',s''] mu(s'') * D(s',s) * grad P_pi(s'',s') == grad mu(s)",
    },
    ("average-reward", "mu, h, Q, A, pi, grad pi, grad rbar"): {
        "policy-gradient-average-reward": "sum[s,a] mu(s) * Q(s,a) * grad pi(a|s) == grad rbar",
    },
    ("stationary-value", "mu, V, Q, rbar, J, grad pi, grad mu, grad J, grad rbar"): {
        "value-of-stationary": "J == 1 / (1 - gamma) * rbar",
        "stationary-value-gradient": "sum[s,a] mu(s) * Q(s,a) * grad pi(a|s) == "
        "(1 - gamma) * grad J - (1 - gamma) * sum[s] V(s) * grad mu(s)",
    },
}
"""By objective and vocabulary: entries of the catalogue, and what they are found as."""


@pytest.mark.parametrize(("objective", "names"), FOUND, ids=lambda x: x[:30])
def test_theorems_of_the_catalogue_are_found(objective, names):
    found = conjecture(names.split(", "), size=3, objective=objective)
    texts = [str(link.claim) for link in found.links]
    for entry, text in FOUND[objective, names].items():
        assert pgsym.theorem(entry).holds
        assert text in texts, (entry, texts)
    assert found.proved
    assert len(set(texts)) == len(texts) < 40


def test_how_many():
    assert sum(map(len, FOUND.values())) >= 15


def test_what_is_found_holds_on_a_model():
    for link in conjecture(["eta", "Q", "grad pi", "grad J", "V", "grad V"]).links:
        assert pgsym.decide("two-state", link.claim).proved, link.claim


def test_wrong_input():
    with pytest.raises(SchemaError) as caught:
        conjecture(["etta"])
    assert str(caught.value) == "quantities: found 'etta'; the nearest is 'eta'. Choose one"
    with pytest.raises(SchemaError) as large:
        conjecture(["D", "P_pi", "P", "pi", "Q", "V", "eta", "mu", "r", "A"], size=5)
    assert str(large.value) == (
        "quantities: found more than 5000 products; so many are written out. Give fewer quantities, or a smaller size"
    )

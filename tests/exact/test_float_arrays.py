"""Models as arrays of floats: against the ordinary route, differences, and both solvers against each other."""

import numpy as np
import pytest
from scipy import sparse

import pgsym
from pgsym.errors import ImproperPolicyError, NotStochasticError, PolicyError, SchemaError
from pgsym.exact import float_arrays
from pgsym.exact.float_arrays import FloatArrays
from pgsym.model import MDP
from pgsym.model.validate import RationalisedWarning

S, A = 7, 3


def arrays(seed=0):
    """State 6 is terminal, and the last action is missing in state 0."""
    draw = np.random.default_rng(seed)
    P = draw.dirichlet(np.ones(S), size=(S, A))
    P[6], P[0, 2] = 0, 0
    r = draw.normal(size=(S, A)) * P.any(axis=2)
    return P, r, np.full(S, 1 / S), draw.normal(size=(S, A))


def model(gamma=0.9, P=None, start=None):
    found, r, mu0, _ = arrays()
    P = found if P is None else P
    return FloatArrays(P.reshape(-1, S), r, start=mu0 if start is None else start, gamma=gamma)


@pytest.mark.parametrize("gamma", [0.9, 1.0])
@pytest.mark.parametrize("direct", [0, 100], ids=["Krylov", "LU"])
def test_arrays_agree_with_the_model_of_objects(gamma, direct, monkeypatch):
    monkeypatch.setattr(float_arrays, "DIRECT", direct)
    P, r, start, logits = arrays()
    found = model(gamma).at(logits)
    rows = [(s, a, t, P[s, a, t], r[s, a]) for s, a, t in np.argwhere(P).tolist()]
    exact = np.array([*map(float, start)])
    with pytest.warns(RationalisedWarning):
        mdp = MDP.from_arrays(P, r, start=exact, gamma=gamma, axes="san", terminal=[6])
    assert len(mdp.rows) == len(rows)
    problem = pgsym.Problem(mdp)
    at = pgsym.solve(problem).at([float(logits[pair]) for pair in mdp.pairs])
    assert found.J == pytest.approx(float(at.J), rel=1e-8)
    assert abs(found.J - float(at.J)) <= found.error_J + 1e-7  # the model of objects has divided its rows
    forwards = at._differential.gradient
    for pair, symbol in zip(mdp.pairs, problem.policy.params, strict=True):
        assert found.grad[pair] == pytest.approx(forwards[symbol], rel=1e-6, abs=1e-8)
        assert found.Q[pair] == pytest.approx(float(at.Q[pair]), rel=1e-8, abs=1e-8)
    assert [found.eta[s] for s in mdp.nonterminal] == pytest.approx([float(at.eta[s]) for s in mdp.nonterminal])


def test_derivatives_are_those_of_differences_and_a_wrong_one_is_seen():
    logits = arrays()[3]
    found, step = model().at(logits), 1e-5
    differences = np.zeros((S, A))
    for s, a in np.ndindex(S, A):
        e = np.zeros((S, A))
        e[s, a] = step
        differences[s, a] = (model().at(logits + e).J - model().at(logits - e).J) / (2 * step)
    assert found.grad == pytest.approx(differences, abs=1e-8)
    mutant = found.eta[:, None] * found.pi * found.Q  # without the state's value
    assert mutant != pytest.approx(differences, abs=1e-3)


@pytest.mark.parametrize("gamma", [0.9, 1.0])
def test_bounds_hold_for_a_solution_that_is_off(gamma):
    """The certificate, from the inverse itself: the bound covers an error made on purpose, and its condition."""
    P, _, _, logits = arrays()
    chain = model(gamma)
    found = chain.at(logits)
    M = np.eye(S) - gamma * np.einsum("sa,sat->st", found.pi, P)
    assert np.abs(np.linalg.inv(M)).sum(axis=1).max() <= found.condition * (1 + 1e-12)
    b = np.ones(S)
    lame = iter([np.linalg.solve(M, b) + 1e-11, *[np.zeros(S)] * float_arrays.ROUNDS])
    x, error = float_arrays._refined(M, b, lambda _: next(lame), float_arrays._largest, found.condition)
    assert 0.99e-11 <= np.abs(x - np.linalg.solve(M, b)).max() <= error


def test_a_solution_that_cannot_be_certified_is_refused():
    M = sparse.csr_array(np.eye(2))
    with pytest.raises(pgsym.errors.SingularMatrixError, match="the best bound of an error is 1; 1e-10 of the sol"):
        float_arrays._refined(M, np.ones(2), lambda b: 0 * b, float_arrays._largest, 1.0)


def test_wrong_arrays_are_refused():
    P = arrays()[0]
    with pytest.raises(
        NotStochasticError, match=r"P: rows are off 1 by up to 0\.5, or have negative entries; each must be"
    ):
        model(P=np.where(np.arange(S)[:, None, None] == 1, P / 2, P))
    with pytest.raises(NotStochasticError, match="start: rows are off 1 by up to 6"):
        model(start=np.ones(S))
    with pytest.raises(SchemaError, match=r"logits: found shape \(2, 2\); \(7, 3\) is required"):
        model().at(np.zeros((2, 2)))
    with pytest.raises(PolicyError, match="logits: a logit is not finite"):
        model().at(np.full((S, A), np.inf))
    loop = P.copy()
    loop[3] = np.eye(S)[3]
    with pytest.raises(ImproperPolicyError, match=r"P: gamma = 1 and 1 states never end \(state 3\)"):
        model(1.0, P=loop)

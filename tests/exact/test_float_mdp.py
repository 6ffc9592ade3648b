"""Models as arrays of floats: against the model of objects, exact solutions, differences, and both solvers."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq, fmpq_mat
from scipy import sparse

import pgsym
from pgsym.errors import (
    ImproperPolicyError,
    NotStochasticError,
    NotUnichainError,
    PolicyError,
    SchemaError,
    SingularMatrixError,
    UndefinedQuantityError,
)
from pgsym.exact import certified
from pgsym.exact.certified import MarkovSystem
from pgsym.exact.float_mdp import FloatMDP
from pgsym.exact.landscape import natural_direction
from pgsym.model import MDP
from pgsym.model.validate import RationalisedWarning

S, A = 7, 3
OBJECTIVES = ["start-state", "average-reward"]


def arrays(ends=True, seed=0):
    """State 6 is terminal if `ends`, and the last action is missing in state 0."""
    draw = np.random.default_rng(seed)
    P = draw.dirichlet(np.ones(S), size=(S, A))
    P[0, 2] = 0
    if ends:
        P[6] = 0
    r = draw.normal(size=(S, A)) * P.any(axis=2)
    return P, r, np.full(S, 1 / S), draw.normal(size=(S, A))


def model(gamma=0.9, P=None, start=None, ends=True):
    found, r, mu0, _ = arrays(ends)
    P = found if P is None else P
    return FloatMDP(P.reshape(-1, S), r, start=mu0 if start is None else start, gamma=gamma)


def solution(objective, gamma=0.9, logits=None):
    ends = objective == "start-state"
    return model(gamma, ends=ends).at(arrays(ends)[3] if logits is None else logits, objective)


@pytest.fixture(params=[-1, 10**9], ids=["Krylov", "LU"])
def both_solvers(request, monkeypatch):
    monkeypatch.setattr(certified, "DIRECT", request.param)


@pytest.mark.usefixtures("both_solvers")
@pytest.mark.parametrize(("objective", "gamma"), [("start-state", 0.9), ("start-state", 1.0), ("average-reward", 0.9)])
def test_arrays_agree_with_the_model_of_objects(objective, gamma):
    ends = objective == "start-state"
    P, r, start, logits = arrays(ends)
    found = solution(objective, gamma)
    with pytest.warns(RationalisedWarning):
        mdp = MDP.from_arrays(P, r, start=start, gamma=gamma, axes="san", terminal=[6] if ends else [])
    problem = pgsym.Problem(mdp, objective=objective)
    at = pgsym.solve(problem).at([float(logits[pair]) for pair in mdp.pairs])
    assert found.J == pytest.approx(float(at.J), rel=1e-8)
    value, weight = ("V", "eta") if ends else ("h", "mu")
    live = list(mdp.nonterminal)
    for name in (value, weight):
        assert getattr(found, name)[live] == pytest.approx([float(getattr(at, name)[s]) for s in live], rel=1e-7)
    for pair, symbol in zip(mdp.pairs, problem.policy.params, strict=True):
        assert found.grad[pair] == pytest.approx(float(at.grad[symbol]), rel=1e-6, abs=1e-8)
        assert found.Q[pair] == pytest.approx(float(at.Q[pair]), rel=1e-8, abs=1e-8)
    again = FloatMDP.of(mdp).at(logits, objective)
    assert again.grad == pytest.approx(found.grad, rel=1e-8, abs=1e-12)


def exact(objective, found):
    """V or h, eta or mu, in rationals, for the same pi and the model's arrays as they are."""
    m = found.model
    frac = np.vectorize(Fraction, otypes=[object])
    P, pi = frac(m.P.toarray()).reshape(S, A, S), frac(found.pi)
    pi = pi / np.where(pi.sum(axis=1) == 0, 1, pi.sum(axis=1))[:, None]
    P = P / np.where(P.sum(axis=2) == 0, 1, P.sum(axis=2))[:, :, None]
    gamma = Fraction(m.gamma) if objective == "start-state" else Fraction(1)
    M = np.eye(S, dtype=int) - gamma * np.einsum("sa,sat->st", pi, P)
    r = (pi * frac(m.r)).sum(axis=1)
    if objective == "start-state":
        return solve(M, r), solve(M.T, frac(m.mu0))
    ones = np.append(np.zeros(S - 1, dtype=int), 1)
    N = M.T.copy()
    N[-1] = 1
    mu = solve(N, ones)
    K = M + np.outer(np.ones(S, dtype=int), mu)
    h = solve(K, r - mu @ r)
    return h, mu


def solve(M, b):
    A, x = (
        fmpq_mat(*B.shape, [fmpq(int(e.numerator), int(e.denominator)) for e in B.ravel()]) for B in (M, b[:, None])
    )
    return np.array([Fraction(int(y.p), int(y.q)) for y in A.solve(x).entries()])


@pytest.mark.usefixtures("both_solvers")
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("gamma", [0.5, 0.999])
def test_bounds_hold_against_rationals(objective, gamma):
    found = solution(objective, gamma)
    value, weight = exact(objective, found)
    names = ("V", "eta") if objective == "start-state" else ("h", "mu")
    differences = [np.abs([Fraction(float(e)) - x for e, x in zip(getattr(found, n), y, strict=True)])
                   for n, y in zip(names, (value, weight), strict=True)]  # fmt: skip
    live = found.model.live
    assert differences[0].max() <= found.errors[names[0]] < 1e-8
    assert differences[1][live].sum() <= found.errors[names[1]] < 1e-8
    J = sum(Fraction(e) * x for e, x in zip(found.model.mu0, value, strict=True))
    if objective == "average-reward":
        pi = [[Fraction(p) / sum(map(Fraction, row)) for p in row] for row in found.pi]
        J = sum(x * p * Fraction(r) for x, ps, rs in zip(weight, pi, found.model.r, strict=True)
                for p, r in zip(ps, rs, strict=True))  # fmt: skip
    assert abs(Fraction(found.J) - J) <= found.errors["J"]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_derivatives_are_those_of_differences_and_a_wrong_one_is_seen(objective):
    logits, step = arrays(objective == "start-state")[3], 1e-5
    found = solution(objective)
    first, second = np.zeros((S, A)), np.zeros((S, A))
    direction = np.random.default_rng(1).normal(size=(S, A))
    for s, a in np.ndindex(S, A):
        e = np.zeros((S, A))
        e[s, a] = step
        up, down = (solution(objective, logits=logits + x) for x in (e, -e))
        first[s, a] = (up.J - down.J) / (2 * step)
        second[s, a] = ((up.grad - down.grad) * direction).sum() / (2 * step)
    assert found.grad == pytest.approx(first, abs=1e-8)
    product, error = found.hessian_product(direction)
    assert product == pytest.approx(second, abs=1e-7)
    assert 0 < error < 1e-9
    weight = found.eta if objective == "start-state" else found.mu
    mutant = weight[:, None] * found.pi * found.Q  # without the state's value
    assert mutant != pytest.approx(first, abs=1e-3)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_natural_gradient_is_the_pseudo_inverse_of_the_fisher_matrix(objective):
    found = solution(objective)
    unit = np.eye(S * A).reshape(S * A, S, A)
    F = np.array([found.fisher_product(x).ravel() for x in unit])
    assert F == pytest.approx(F.T, abs=1e-15)
    weight = found.eta if objective == "start-state" else found.mu
    scores = np.einsum("st,ab->satb", np.eye(S), np.eye(A)) - np.einsum("st,tb->stb", np.eye(S), found.pi)[:, None]
    by_definition = np.einsum("s,sa,sai,saj->ij", weight, found.pi, *[scores.reshape(S, A, S * A)] * 2)
    assert F == pytest.approx(by_definition, abs=1e-14)
    grad = found.grad.ravel()
    assert found.natural_gradient().ravel() == pytest.approx(np.linalg.pinv(F, rcond=1e-10) @ grad, abs=1e-9)
    damped = np.linalg.solve(F + 0.1 * np.eye(S * A), grad)
    assert found.natural_gradient(0.1).ravel() == pytest.approx(damped, abs=1e-12)
    Z = sparse.csr_array(scores.reshape(S * A, S * A))
    weights = (weight[:, None] * found.pi).ravel()
    assert found.natural_gradient().ravel() == pytest.approx(natural_direction(Z, weights, found.A.ravel()), abs=1e-9)
    with pytest.raises(SchemaError, match=r"damping: found -1; at least 0 is required"):
        found.natural_gradient(-1)


def test_tables_iterators_and_files_give_the_same_model(tmp_path):
    whole = model()
    P, r, start, logits = arrays()
    s, a, to = np.nonzero(P)
    columns = (s, a, to, P[s, a, to], r[s, a])
    whole.save(tmp_path / "m.npz")
    others = [
        FloatMDP.from_columns(*columns, start=start, gamma=0.9),
        FloatMDP.from_rows(zip(*columns, strict=True), start=start, gamma=0.9),
        FloatMDP.load(tmp_path / "m.npz"),
    ]
    for other in others:
        assert other.at(logits).grad == pytest.approx(whole.at(logits).grad, abs=1e-14)


def test_condition_bounds_the_inverse_and_an_error_made_on_purpose_is_covered(monkeypatch):
    P, _, _, logits = arrays()
    for gamma in (0.9, 1.0):
        found = model(gamma).at(logits)
        M = np.eye(S) - gamma * np.einsum("sa,sat->st", found.pi, P)
        assert np.abs(np.linalg.inv(M)).sum(axis=1).max() <= found.condition * (1 + 1e-12)
        system, b = MarkovSystem(sparse.csr_array(np.eye(S) - M), 1), np.ones(S)
        off = iter([np.linalg.solve(M, b) + 1e-9, *[np.zeros(S)] * 5])
        monkeypatch.setattr(system, "_solvers", lambda A, trans, off=off: [lambda b: next(off)], raising=False)
        system.condition = found.condition
        x, error = system.solve(b)
        assert 0.99e-9 <= np.abs(x - np.linalg.solve(M, b)).max() <= error


def test_where_iterations_stall_elimination_takes_over(monkeypatch):
    """A walk of 4,000 steps either way at gamma = 1: the bound of the inverse is 1.6e7."""
    monkeypatch.setattr(certified, "DIRECT", -1)
    n = 4_000
    walk = [(i, 0, j, 0.5, -1.0) for i in range(1, n) for j in (i - 1, i + 1)]
    found = FloatMDP.from_rows(walk, start=n // 2).at()
    assert found.J == pytest.approx(-(n / 2) * (n / 2), rel=1e-9)
    assert abs(found.J + (n / 2) ** 2) <= found.errors["J"]
    monkeypatch.setattr(certified, "splu", lambda *_, **__: pytest.fail("it was needed"))
    with pytest.raises(pytest.fail.Exception):
        FloatMDP.from_rows(walk, start=n // 2).at().V  # noqa: B018


def test_a_solution_that_cannot_be_certified_is_refused(monkeypatch):
    system = MarkovSystem(sparse.csr_array((2, 2)), 1)
    monkeypatch.setattr(system, "_solvers", lambda A, trans: [lambda b: 0 * b])
    with pytest.raises(SingularMatrixError, match="the best bound of an error is 1; 1e-06 of the sol"):
        system.solve(np.ones(2))
    logits = np.zeros((S, A))
    logits[:, 0] = 1000.0  # the other actions have probability 0, and with them the way to the end
    P = arrays()[0]
    P[3, 0] = np.eye(S)[3]
    with pytest.raises(SingularMatrixError, match="logits: the best bound of an error is inf"):
        model(1.0, P=P).at(logits).V  # noqa: B018


def test_wrong_arrays_are_refused(tmp_path):
    P = arrays()[0]
    with pytest.raises(
        NotStochasticError, match=r"P: rows are off 1 by up to 0\.5, or have negative entries; each must be"
    ):
        model(P=np.where(np.arange(S)[:, None, None] == 1, P / 2, P))
    with pytest.raises(NotStochasticError, match="start: rows are off 1 by up to 6"):
        model(start=np.ones(S))
    with pytest.raises(SchemaError, match=r"start: found array\(9\); the number of a state or shape \(7,\)"):
        model(start=9)
    with pytest.raises(SchemaError, match=r"logits: found shape \(2, 2\); \(7, 3\) is required"):
        model().at(np.zeros((2, 2)))
    with pytest.raises(PolicyError, match="logits: a logit is not finite"):
        model().at(np.full((S, A), np.inf))
    with pytest.raises(SchemaError, match="logits: found complex numbers; floats and rational numbers are required"):
        model().at(np.full((S, A), 1j))
    with pytest.raises(SchemaError, match="P: found complex numbers; probabilities are real"):
        model(P=P + 0j)
    with pytest.raises(SchemaError, match="columns: found complex numbers; floats and rational numbers are required"):
        FloatMDP.from_columns([0], [0], [1], [1.0], [1j], start=0)
    with pytest.raises(SchemaError, match="gamma: could not convert string to float"):
        FloatMDP.from_columns([0], [0], [1], [1.0], [1.0], start=0, gamma="1/2")
    with pytest.raises(SchemaError, match="damping: found nan; at least 0 is required"):
        model().at().natural_gradient(float("nan"))
    loop = P.copy()
    loop[3] = np.eye(S)[3]
    with pytest.raises(ImproperPolicyError, match=r"P: gamma = 1 and 1 states never end \(state 3\)"):
        model(1.0, P=loop).at()
    with pytest.raises(NotUnichainError, match="P: 1 states are terminal; the average reward is that of runs without"):
        model().at(objective="average-reward").J  # noqa: B018
    two = np.tile(np.eye(S)[:, None], (1, A, 1))
    with pytest.raises(NotUnichainError, match="P: found 7 recurrent classes; the average reward needs one"):
        model(P=two).at(objective="average-reward").J  # noqa: B018
    with pytest.raises(UndefinedQuantityError, match="mu: mu is not defined for the start-state objective"):
        model().at().mu  # noqa: B018
    with pytest.raises(UndefinedQuantityError, match="objective: found stationary-value; start-state and"):
        model().at(objective="stationary-value")
    with pytest.raises(SchemaError, match="columns: found columns of shapes"):
        FloatMDP.from_columns([0], [0], [0], [1.0, 0.0], [0], start=0)
    with pytest.raises(SchemaError, match="to: states and actions are numbers from 0, of an integer type"):
        FloatMDP.from_columns([0], [0], [-1], [1.0], [0], start=0)
    for name, text in (("a.npz", b"no"), ("b.npz", b"")):
        (tmp_path / name).write_bytes(text)
        with pytest.raises(SchemaError, match=rf"{name}: is no file of arrays"):
            FloatMDP.load(tmp_path / name)

"""grad J in floats comes from an adjoint solve: against dual numbers and central differences."""

import numpy as np
import pytest

import pgsym
from pgsym.exact.landscape import Landscape

MODELS = ["short-corridor", "two-state", "recycling-robot", "random-walk-shared", "parallel-outcomes"]


def solved(name):
    problem = pgsym.zoo(name)
    theta = [0.3 - 0.17 * i for i in range(len(problem.policy.params))]
    values = dict.fromkeys(sorted(x.name for x in problem.mdp.symbols), 0.25)
    return pgsym.solve(problem).at(theta, **values)


def gradient(solution):
    return np.array([float(solution.grad[p]) for p in solution.policy.params])


@pytest.mark.parametrize("name", MODELS)
def test_float_gradient_is_that_of_dual_numbers_and_of_differences(name):
    solution = solved(name)
    forwards = solution._differential.gradient
    assert gradient(solution) == pytest.approx([forwards[p] for p in solution.policy.params], rel=1e-9, abs=1e-12)
    landscape = Landscape(solution.problem)
    theta = np.array([float(v) for v in solution.theta.values()])
    step = 1e-5 * np.eye(len(theta))
    differences = [(landscape.at(theta + e).J - landscape.at(theta - e).J) / 2e-5 for e in step]
    assert gradient(solution) == pytest.approx(differences, rel=1e-5, abs=1e-7)


def test_dual_numbers_reject_a_gradient_without_the_transitions(monkeypatch):
    """Mutant: dJ = eta dr_pi alone, the dynamics' part left out."""
    right = Landscape._discounted

    def wrong(self, P_pi, r_pi):
        J, eta, _ = right(self, P_pi, r_pi)
        return J, eta, self.r

    monkeypatch.setattr(Landscape, "_discounted", wrong)
    solution = solved("short-corridor")
    forwards = solution._differential.gradient
    assert gradient(solution) != pytest.approx([forwards[p] for p in solution.policy.params], rel=1e-3)

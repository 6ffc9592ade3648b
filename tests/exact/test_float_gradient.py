"""grad J in floats against another route: sparse linear algebra, and central differences of its J."""

import numpy as np
import pytest

import pgsym
from pgsym.exact.landscape import Landscape

MODELS = ["short-corridor", "two-state", "recycling-robot", "random-walk-shared", "parallel-outcomes"]


@pytest.mark.parametrize("name", MODELS)
def test_float_gradient_is_that_of_the_landscape_and_of_differences(name):
    problem = pgsym.zoo(name)
    theta = np.array([0.3 - 0.17 * i for i in range(len(problem.policy.params))])
    solution = pgsym.solve(problem).at(theta.tolist(), **{x.name: 0.25 for x in problem.mdp.symbols})
    found = np.array([float(solution.grad[p]) for p in solution.policy.params])
    landscape = Landscape(solution.problem)
    assert found == pytest.approx(landscape.at(theta).gradient, rel=1e-9, abs=1e-12)
    step = 1e-5 * np.eye(len(theta))
    differences = [(landscape.at(theta + e).J - landscape.at(theta - e).J) / 2e-5 for e in step]
    assert found == pytest.approx(differences, rel=1e-5, abs=1e-7)
    assert 2 * found != pytest.approx(differences, rel=1e-3) or not found.any()

"""theta by name means the same in any order, by every route to a float."""

import numpy as np
import pytest

import pgsym
from pgsym.auditing.problem_arrays import build_arrays
from pgsym.auditing.targets import AuditTarget, target_gradient
from pgsym.exact.landscape import Landscape

THETA = {"theta_x": "log(2)", "theta_y": "-log(3)"}
ORDERS = [THETA, dict(reversed(THETA.items()))]
EXACT = [1262120 / 751689, 543375 / 167042]
"""grad J of the two-state model: DESIGN's known values."""


@pytest.mark.parametrize("theta", ORDERS)
def test_gradients_do_not_depend_on_the_order_of_names(theta):
    problem = pgsym.zoo("two-state").replace(theta=theta)
    assert list(problem.theta) == list(problem.policy.params)
    place = Landscape(problem).at(np.array([float(v) for v in problem.theta.values()]))
    np.testing.assert_allclose(place.gradient, EXACT, rtol=1e-12)
    np.testing.assert_allclose(target_gradient(build_arrays(problem), 5, AuditTarget.OBJECTIVE), EXACT, rtol=1e-12)
    first = pgsym.ascend(problem, methods=["exact"], steps=1)
    np.testing.assert_allclose(first["exact"][0].J[0], 1655 / 867, rtol=1e-12)
    found = pgsym.estimate(problem, n=20_000, seed=1)
    assert np.all(np.abs(found.mean - EXACT) < 6 * found.standard_error)

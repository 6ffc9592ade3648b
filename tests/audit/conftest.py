"""Problems and audits that several tests share."""

import pytest

from pgsym.auditing import audit, standard_suite

FALSE_ALARM = 1e-6
"""Of each audit in these tests; seeds are fixed."""


@pytest.fixture(scope="session")
def cases():
    return {case.name: case for case in standard_suite()}


@pytest.fixture(scope="session")
def audited(cases):
    """audited(estimator, name, **options): an audit of a suite problem with the tests' false-alarm rate."""

    def run(estimator, name, *, off_policy=False, **options):
        case = cases[name]
        given = {"horizon": case.horizon, "layout": "vector", "seed": 1, "alpha": FALSE_ALARM, "max_samples": 200_000}
        if off_policy:
            given["behaviour"] = case.behaviour
        return audit(case.problem, estimator, **given | options)

    return run

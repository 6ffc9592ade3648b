"""The pytest plugin: a fixture and an option.

pytest loads this module in every run of every project that has pgsym installed, so nothing is imported here but pytest;
the fixture imports the audit when a test asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pgsym.auditing.assertion import Auditor


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--pgsym-alpha``."""
    parser.getgroup("pgsym").addoption(
        "--pgsym-alpha",
        type=float,
        metavar="RATE",
        help="false-alarm rate of one pgsym audit: how often a correct estimator may fail (default 0.001)",
    )


@pytest.fixture
def pgsym_audit(request: pytest.FixtureRequest) -> Auditor:
    """Audits: ``pgsym_audit.assert_unbiased(estimator)``, or ``pgsym_audit(estimator, mdp, ...)`` for the result."""
    from pgsym.auditing.assertion import Auditor

    return Auditor(request.config.getoption("--pgsym-alpha"))

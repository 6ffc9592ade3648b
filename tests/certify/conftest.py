"""Coq, where it is installed, with its library compiled once for all tests; a visible skip where it is not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from skips import NO_COQ, demand

from pgsym.certificates import Certificate, Check, coqc
from pgsym.certificates.kernel import check

Kernel = Callable[..., Check]


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    """Checks a certificate, or the text of one."""
    demand(coqc(), NO_COQ)
    # Workers of one run share the folder that holds their own.
    base = tmp_path_factory.getbasetemp()
    work: Path = (base.parent if base.name.startswith("popen-") else base) / "coq"

    def checked(certificate: Certificate | str, timeout: float = 600.0) -> Check:
        text = certificate if isinstance(certificate, str) else certificate.text
        return check(text, timeout, work)

    return checked

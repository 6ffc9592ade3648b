"""What a test may need that is not everywhere; without it the test is skipped, for a reason given here.

No other file of tests/ skips, and CONTRIBUTING.md lists what stays skipped in continuous integration:
`tests/test_skips.py` checks both.
"""

import shutil
import signal
import subprocess
from typing import Any

import pytest

from pgsym.certificates import coqc

REMAINING = {
    "stable_baselines3": "Stable-Baselines3 is not installed: it needs PyTorch",
    "stormvogel": "stormvogel is not installed: it needs Python 3.12 and pandas before 3",
    "polgrad": "polgrad is not installed: it needs PyTorch",
    "torch": "PyTorch is not installed: where no CPU build is to be had, it brings gigabytes of CUDA",
    "torchrl": "TorchRL is not installed: it needs PyTorch",
    "trl": "trl is not installed: it needs PyTorch",
    "verl": "verl is not installed: it needs PyTorch and Ray",
}
"""Packages that `make test` does not install, and why."""


def needs(module: str) -> Any:
    """The module; the test, or the file of tests, is skipped where it cannot be imported."""
    package = module.partition(".")[0]
    return pytest.importorskip(module, reason=REMAINING.get(package, f"{package} is not installed: see the extra dev"))


def demand(found: object, reason: str) -> None:
    """Skip the test that runs, or what uses the fixture that does, unless something was found."""
    if not found:
        pytest.skip(reason)


def _typesets() -> bool:
    """Whether there is pdfLaTeX with all that our documents load."""
    if shutil.which("pdflatex") is None or shutil.which("kpsewhich") is None:
        return False
    found = subprocess.run(["kpsewhich", "standalone.cls", "tikz.sty", "lmodern.sty"], capture_output=True, check=False)
    return found.stdout.count(b"\n") == 3


NO_CHROMIUM = "Chromium is not installed: no page is opened"
NO_COQ = "Coq is not installed: no certificate is checked by a kernel"
NO_PYODIDE = "npm, node or the network is missing: the playground is not built"
NO_ENTRY_POINTS = "pgsym is not installed here, only on the path: it has no entry points"

NEEDS_COQ = pytest.mark.skipif(coqc() is None, reason=NO_COQ)
NEEDS_TEX = pytest.mark.skipif(not _typesets(), reason="LaTeX with TikZ is not installed: no document is compiled")
NEEDS_UNIX = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this is not Unix: its signals differ")

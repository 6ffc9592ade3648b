"""The modules in docs/hooks/ import each other by name, as mkdocs loads them."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def pages_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "hooks"))
    yield
    for name in ("commands", "main", "pictures", "reference", "theory"):
        sys.modules.pop(name, None)

"""Every skip has a reason of `tests/skips.py`; those that stay in continuous integration stand in CONTRIBUTING.md."""

import re
from pathlib import Path

import pytest
from skips import REMAINING, needs

TESTS = Path(__file__).parent
SKIPPING = re.compile(r"importorskip|skipif|pytest\.skip\b|mark\.skip\b|SkipTest|skipTest")


def test_only_one_file_skips() -> None:
    files = set(TESTS.rglob("*.py")) - {Path(__file__)}
    assert [path.name for path in files if SKIPPING.search(path.read_text(encoding="utf-8"))] == ["skips.py"]


def test_contributing_lists_what_remains() -> None:
    page = (TESTS.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = page.partition("## What stays skipped\n")[2].partition("\n## ")[0]
    assert re.findall(r"^- (.*?)\.$", section, re.MULTILINE) == sorted(REMAINING.values(), key=str.lower)


def test_a_missing_package_skips_with_its_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"^absent is not installed: see the extra dev$"):
        needs("absent.part")

"""The pages: every link leads somewhere, and every test that they name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NODE = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchor(heading: str) -> str:
    """The fragment under which a heading is found."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def broken_links(page: Path) -> list[str]:
    """The relative links of a page without a target."""
    broken = []
    for link in LINK.findall(CODE.sub("", prose(page))):
        if "://" in link or link.startswith("mailto:"):
            continue
        target, _, fragment = link.partition("#")
        path = (page.parent / target) if target else page
        if not path.exists() or (
            fragment and fragment not in {anchor(h) for h in HEADING.findall(path.read_text(encoding="utf-8"))}
        ):
            broken.append(link)
    return broken


def unknown_tests(page: Path) -> list[str]:
    """The tests named on a page, as `tests/path.py` or `tests/path.py::test_name`, that do not exist."""
    unknown = []
    for path, name in NODE.findall(page.read_text(encoding="utf-8")):
        file = ROOT / path
        if not file.exists() or (name and f"def {name}(" not in file.read_text(encoding="utf-8")):
            unknown.append(f"{path}::{name}")
    return unknown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_names_tests_that_exist(page: Path) -> None:
    assert unknown_tests(page) == []


def test_check_rejects_broken_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[ok](#here) [gone](absent.md) [far](#nowhere) `tests/test_docs.py::test_absent`\n", encoding="utf-8"
    )
    assert broken_links(page) == ["absent.md", "#nowhere"]
    assert unknown_tests(page) == ["tests/test_docs.py::test_absent"]

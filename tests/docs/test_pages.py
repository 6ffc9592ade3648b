"""Pages that repeat what the code says: they say the same."""

import re
from pathlib import Path

from pgsym.model.objective import Objective
from pgsym.reports.doctor import extras
from pgsym.trust import Level

ROOT = Path(__file__).parents[2]


def first_column(page: str, heading: str) -> list[str]:
    """The first cells of the table below a heading."""
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [row.strip("| `").split("|")[0].strip(" `") for row in re.findall(r"^\|.*", section, re.MULTILINE)[2:]]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_levels_of_trust_are_those_of_the_code() -> None:
    assert first_column(read("docs/verdicts.md"), "Levels of trust") == [str(level) for level in Level]


def test_objectives_are_those_of_the_code() -> None:
    assert first_column(read("docs/conventions.md"), "Objectives") == [str(objective) for objective in Objective]


def test_readme_names_extras_that_exist() -> None:
    (named,) = re.findall(r"extras: '\.\[(\w+)\]', ([\w, ]+)", read("README.md"))
    assert {named[0], *named[1].split(", ")} <= set(extras())


def test_readme_has_a_result_within_its_first_lines() -> None:
    head = "\n".join(read("README.md").splitlines()[:30])
    assert "proved: grad J ==" in head
    assert "-6 - 4*sqrt(2)" in head

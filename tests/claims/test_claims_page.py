"""docs/claims.md: its table of the vocabulary is the vocabulary, and its examples are read."""

import re
from pathlib import Path

import pytest

from pgsym.claims.language import parse
from pgsym.claims.language.parse import WORLDS
from pgsym.claims.script import Script
from pgsym.expression.quantity import ACTION, STATE, VOCABULARY, QuantityDefinition

PAGE = Path(__file__).parent.parent.parent / "docs" / "claims.md"
TEXT = PAGE.read_text(encoding="utf-8")


def usage(entry: QuantityDefinition) -> str:
    if entry.name in ("pi", "P"):
        return {"pi": "pi(a|s)", "P": "P(s'|s,a)"}[entry.name]
    letters = {STATE: iter(["s", "s'"]), ACTION: iter(["a"])}
    inner = ",".join(next(letters[kind]) for kind in entry.kinds)
    return f"{entry.name}({inner})" if inner else entry.name


def row(entry: QuantityDefinition) -> str:
    written = usage(entry).replace("|", "\\|")
    overrides = ", ".join(f"`{key}`" for key in entry.overrides)
    return f"| `{written}` | {entry.about} | {overrides or '-'} |"


def test_table_is_the_vocabulary():
    found = re.findall(r"^\| `.*", TEXT.partition("## Vocabulary")[2].partition("\n## ")[0], re.MULTILINE)
    assert found == [row(entry) for entry in VOCABULARY.values()]


def test_every_world_is_described():
    assert all(f"`with M' = {name}:`" in TEXT for name in WORLDS)


@pytest.mark.parametrize("block", re.findall(r"```claims\n(.*?)```", TEXT, re.DOTALL))
def test_examples_are_read(block):
    assert Script.parse(block).relations


def test_there_are_examples():
    assert TEXT.count("```claims") >= 4


@pytest.mark.parametrize("line", re.findall(r"^\| `([^`]*=[^`]*)` \|", TEXT, re.MULTILINE))
def test_claims_in_tables_are_read(line):
    assert parse(line.replace("\\|", "|")).claims

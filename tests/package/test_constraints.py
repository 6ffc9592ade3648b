"""`constraints.txt` pins what development installs and names no machine; users get lower bounds only."""

import importlib.util
import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from types import ModuleType

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)(?:; .*)?")
PIN = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]*")
"""A name and a version: no address, no path, no local build."""


@pytest.fixture(scope="module")
def versions() -> ModuleType:
    spec = importlib.util.spec_from_file_location("versions", ROOT / ".ci" / "versions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def bounds(requirements: list[str]) -> dict[str, str]:
    """Lower bounds by name; anything else than a lower bound is an error."""
    found = {}
    for requirement in requirements:
        match = REQUIREMENT.fullmatch(requirement)
        assert match, f"{requirement} is more than a lower bound"
        found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return found


def release(version: str) -> tuple[int, ...]:
    """The numbers of a version; a pre-release counts as its release."""
    return tuple(map(int, re.findall(r"\d+", re.split(r"[a-z]", version)[0])))


def unmet(pins: dict[str, str], bounds: dict[str, str]) -> list[str]:
    """What is not pinned, or pinned below its bound."""
    return [name for name, low in bounds.items() if name not in pins or release(pins[name]) < release(low)]


def test_each_line_is_a_name_and_a_version(versions: ModuleType) -> None:
    text = versions.FILE.read_text(encoding="utf-8")
    assert [line for line in lines(text) if not PIN.fullmatch(line)] == []
    assert "/" not in text
    assert lines(text) == sorted(set(lines(text)), key=lambda line: line.split("==")[0])


@pytest.mark.parametrize(
    "line", ["a @ file:///wheels/a.whl", "--index-url https://mirror.example", "a==1+cpu", "a>=1", "-e .", "a==/a"]
)
def test_a_line_with_anything_else_is_found(line: str) -> None:
    assert not PIN.fullmatch(line)


def test_what_development_needs_is_pinned_within_its_bounds(versions: ModuleType) -> None:
    pins = versions.pinned(versions.FILE.read_text(encoding="utf-8"))
    assert unmet(pins, bounds(PROJECT["dependencies"] + EXTRAS["dev"])) == []
    assert unmet({"a": "1.9", "b": "2.0b3"}, {"a": "1.10", "b": "2.0", "c": "1"}) == ["a", "c"]


def test_users_get_lower_bounds_only() -> None:
    for extra, requirements in EXTRAS.items():
        assert bounds(requirements), extra
    with pytest.raises(AssertionError, match=r"^numpy<3 is more than a lower bound"):
        bounds(["numpy<3"])


def test_the_script_writes_what_is_installed(
    versions: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(versions.sys, "argv", ["versions.py"])
    versions.main()
    written = capsys.readouterr().out
    assert versions.pinned(written) == versions.installed()
    assert written.splitlines()[0] == versions.FILE.read_text(encoding="utf-8").splitlines()[0]


def test_changes_are_told_from_old_to_new(versions: ModuleType) -> None:
    found = versions.changes({"a": "1", "b": "1", "c": "3"}, {"a": "2", "c": "3", "d": "1"})
    assert list(found) == ["a: 1 -> 2", "b: 1 -> none", "d: none -> 1"]


def asks(name: str) -> str:
    """The Python that the installed version of a package wants."""
    try:
        return metadata(name)["Requires-Python"] or ""
    except PackageNotFoundError:  # for another system, or another version of Python
        return ""


def test_pins_install_on_the_first_release_of_the_python_that_is_required(versions: ModuleType) -> None:
    """Debian 12 has 3.11.2: a package that asks for 3.11.5 leaves nothing installed there."""
    first = PROJECT["requires-python"].removeprefix(">=") + ".0"
    pins = versions.pinned(versions.FILE.read_text(encoding="utf-8"))
    installed = versions.installed()
    same = [name for name, version in pins.items() if installed.get(name) == version]
    assert len(same) > len(pins) / 2
    assert [name for name in same if not SpecifierSet(asks(name)).contains(first)] == []
    assert not SpecifierSet(">=3.11.5").contains(first)

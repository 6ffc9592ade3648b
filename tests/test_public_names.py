"""The public names: complete, sorted, resolvable, documented, and known to type checkers."""

import ast
import inspect
from collections import Counter
from pathlib import Path

import pytest

import pgsym

SOURCE = Path(pgsym.__file__)


def test_all_is_sorted_and_complete() -> None:
    assert pgsym.__all__ == sorted(set(pgsym.__all__))
    assert set(pgsym.__all__) <= set(dir(pgsym))


@pytest.mark.parametrize("name", pgsym.__all__)
def test_public_name_resolves_and_is_documented(name: str) -> None:
    value = getattr(pgsym, name)
    assert value.__name__ == name
    assert callable(value)
    assert inspect.getdoc(value)
    assert value.__doc__, f"{name} inherits its docstring instead of having one"


def test_public_name_is_cached_after_first_use() -> None:
    assert pgsym.MDP is pgsym.MDP
    assert "MDP" in vars(pgsym)


def test_type_checkers_see_the_names_that_run() -> None:
    """The TYPE_CHECKING block imports exactly the public names, from the places where they are looked up."""
    guard = next(node for node in ast.parse(SOURCE.read_text(encoding="utf-8")).body if isinstance(node, ast.If))
    declared = {alias.asname: node.module for node in guard.body for alias in node.names}
    assert declared == pgsym._HOMES


def test_unknown_name_raises_on_access() -> None:
    with pytest.raises(AttributeError, match=r"^module 'pgsym' has no attribute 'solv'$"):
        pgsym.solv  # noqa: B018


def test_package_is_typed() -> None:
    assert (SOURCE.parent / "py.typed").exists()


def test_listing_shows_the_api_alone() -> None:
    assert dir(pgsym) == sorted([*pgsym.__all__, "__version__"])


def test_no_module_is_called_like_a_public_name() -> None:
    """Importing it would put the module in the place of the verb."""
    modules = {path.stem for path in SOURCE.parent.iterdir() if path.suffix in ("", ".py")}
    assert modules.isdisjoint(pgsym.__all__)


def test_no_two_public_classes_share_a_name() -> None:
    found = Counter(
        node.name
        for path in SOURCE.parent.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, count in found.items() if count > 1} == set()


@pytest.mark.parametrize("path", sorted(SOURCE.parent.rglob("*.py")), ids=lambda path: path.stem)
def test_module_defines_each_name_once(path: Path) -> None:
    """Two constants of one name in a module: the first is lost."""
    found = Counter(
        target.id
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    )
    assert [name for name, count in found.items() if count > 1] == []


FOREIGN = {
    "from_quantecon",
    "from_stormpy",
    "from_stormvogel",
    "load_prism",
    "to_quantecon",
    "to_stormpy",
    "to_stormvogel",
}
"""Examples of these would need somebody else's package."""


@pytest.mark.parametrize("name", pgsym.__all__)
def test_docstring_has_its_sections(name: str) -> None:
    value = getattr(pgsym, name)
    wanted = {"See Also"} if name in FOREIGN | {"AuditResult", "PgsymError"} else {"See Also", "Examples"}
    if inspect.isfunction(value):
        wanted |= {"Parameters"} if inspect.signature(value).parameters else set()
        wanted |= {"Returns"} if inspect.signature(value).return_annotation != "None" else set()
    text = inspect.getdoc(value) or ""
    assert {section for section in wanted if f"{section}\n{'-' * len(section)}" not in text} == set()

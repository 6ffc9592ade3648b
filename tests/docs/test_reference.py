"""The reference: every public name is in it, and documented, with the members that a reader meets."""

import inspect
from importlib import import_module

import pytest

import pgsym


def undocumented(value: object, name: str) -> list[str]:
    """The name, and those public members of a class that pgsym defines, which nothing describes."""
    if not inspect.isclass(value):
        return [] if not callable(value) or inspect.getdoc(value) else [name]
    ours = [base for base in value.__mro__ if base.__module__.startswith("pgsym")]
    members = {member for base in ours for member, held in vars(base).items() if is_code(held)}
    silent = sorted(m for m in members if not m.startswith("_") and not described(value, m))
    return ([] if value.__doc__ else [name]) + [f"{name}.{member}" for member in silent]


def is_code(held: object) -> bool:
    """A function, a method of any kind or a property: what has a docstring of its own."""
    return inspect.isfunction(held) or any(hasattr(held, part) for part in ("fget", "func", "__func__"))


def described(cls: type, member: str) -> bool:
    """A docstring of its own, or of a base class."""
    return any(inspect.getdoc(vars(base)[member]) for base in cls.__mro__ if member in vars(base))


def test_every_public_name_is_in_the_reference() -> None:
    import reference

    shown = {name.shown for listed in reference.names().values() for name in listed}
    assert {f"pgsym.{name}" for name in pgsym.__all__} <= shown


def test_no_public_name_is_undocumented() -> None:
    import reference

    found = []
    for listed in reference.names().values():
        for name in listed:
            module, _, attribute = name.home.rpartition(".")
            found += undocumented(getattr(import_module(module), attribute), name.shown)
    assert sorted(set(found)) == []


def test_check_rejects_undocumented_names() -> None:
    class Described:
        """A class."""

        def silent(self) -> None: ...

        def told(self) -> None:
            """Something."""

    Described.__module__ = "pgsym.example"
    assert undocumented(Described, "Described") == ["Described.silent"]
    assert undocumented(lambda: None, "function") == ["function"]


def test_a_package_without_a_page_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import reference

    monkeypatch.setitem(pgsym._HOMES, "new", "pgsym.newpackage")
    with pytest.raises(LookupError, match=r"^pgsym.newpackage has public names; .* Add it to PACKAGES$"):
        reference.names()

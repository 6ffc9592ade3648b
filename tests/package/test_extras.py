"""What is optional: without it, the rest works, and what needs it names the extra to install."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import pgsym
from pgsym.claims.derivation.html import mathml
from pgsym.errors import MissingExtraError
from pgsym.notes.documents import NoteDocument
from pgsym.order.solver import counterexample
from pgsym.reports.doctor import extras

DEVELOPERS = {"benchmark", "dev", "docs", "rlax"}
"""Extras for working on pgsym and for its own comparisons: nothing in pgsym asks for them."""
CORRIDOR = "short-corridor"


def block(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Importing the package fails, as where it is not installed."""
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)


def climbed(optimizer: str = "sgd") -> pgsym.Ascent:
    p = pgsym.zoo(CORRIDOR)
    return pgsym.ascend(p, methods=["exact"], steps=1, optimizer=optimizer)


def environment() -> object:
    from pgsym.model.gym import from_gymnasium

    return from_gymnasium("FrozenLake-v1")


def derivation_as_html() -> object:
    from pgsym.claims.derivation import general

    return general("start-state").html()


def sweep_as_figure() -> object:
    from pgsym.display.figure import require_format

    return require_format(Path("figure.svg"))


def study_on_a_cluster() -> object:
    from pgsym.study.run import cluster

    return next(cluster([], [], "tcp://127.0.0.1:1"))


def frame() -> object:
    p = pgsym.zoo(CORRIDOR)
    return pgsym.solve(p).frame()


CASES: list[tuple[str, str, Callable[[], object]]] = [
    ("ascent", "optax", lambda: climbed("adam")),
    ("cluster", "distributed", study_on_a_cluster),
    ("edit", "anywidget", lambda: pgsym.zoo(CORRIDOR).edit()),
    ("gym", "gymnasium", environment),
    ("gym", "gymnasium", lambda: pgsym.to_gymnasium(CORRIDOR)),
    ("neighbours", "quantecon", lambda: pgsym.to_quantecon(pgsym.zoo(CORRIDOR).mdp)),
    ("neighbours", "stormpy", lambda: pgsym.to_stormpy(pgsym.zoo(CORRIDOR).mdp)),
    ("notes", "nbformat", lambda: NoteDocument.of("{}", "note.ipynb")),
    ("notes", "docutils", lambda: NoteDocument.of("", "note.rst").formulas),
    ("order", "z3", lambda: counterexample(1, [], strict=False, seconds=1)),
    ("pandas", "pandas", frame),
    ("plot", "matplotlib", lambda: climbed().plot()),
    ("plot", "matplotlib", sweep_as_figure),
    ("report", "latex2mathml", derivation_as_html),
]


@pytest.mark.parametrize(("extra", "package", "act"), CASES, ids=[f"{case[0]}-{k}" for k, case in enumerate(CASES)])
def test_a_missing_package_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, extra: str, package: str, act: Callable[[], object]
) -> None:
    mathml.cache_clear()
    block(monkeypatch, package)
    with pytest.raises(MissingExtraError, match=rf"not installed.*pgsym\[{re.escape(extra)}\]") as caught:
        act()
    assert caught.value.where


def test_every_extra_has_a_case() -> None:
    """Without [cuda] sampling runs on the CPU, as `pgsym doctor` says."""
    assert {case[0] for case in CASES} == set(extras()) - DEVELOPERS - {"cuda"}


def test_doctor_names_what_an_extra_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    from pgsym.reports import doctor

    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "optax" else real(name))
    rows = {row.name: row for row in doctor.diagnosis()}
    assert rows["[ascent]"] == doctor.Finding("[ascent]", "not installed", "without optax: pip install 'pgsym[ascent]'")
    assert {f"[{extra}]" for extra in extras()} <= set(rows)

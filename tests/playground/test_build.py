"""What the playground is made of: known files, of the versions that pgsym is tested with; what is missing is told."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from pgsym.errors import PlaygroundError
from pgsym.playground import build

ROOT = Path(__file__).parents[2]


def test_packages_have_the_versions_of_constraints():
    pins = re.findall(r"^([\w-]+)==(\S+)", (files("pgsym.playground") / "packages.txt").read_text(), re.MULTILINE)
    tested = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    assert len(pins) == 15
    assert {name: tested[name] for name, _ in pins} == dict(pins)


def test_what_is_not_known_is_refused(tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    archive = cache / f"pyodide-{build.PYODIDE}.tgz"
    archive.write_bytes(b"something else")
    with pytest.raises(PlaygroundError, match=r"pyodide-.*tgz: found the SHA-512 .*; 0YvXxEhfEdpLfb/X... is required"):
        build.write_playground(tmp_path / "out", cache=cache)
    assert not archive.exists()


def test_missing_programs_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PlaygroundError, match=r"^playground: npm is not installed; fetching Pyodide needs it"):
        build.write_playground(tmp_path / "out", cache=tmp_path / "cache")


def test_page_asks_for_nothing_outside_its_folder():
    page, model = files("pgsym.playground") / "page", files("pgsym.model")
    sources = [page / name for name in ("index.html", "page.js", "worker.js", "style.css")]
    for source in (*sources, model / "editor.js", model / "editor.css"):
        addresses = set(re.findall(r"https?://[^\s\"')]+", source.read_text(encoding="utf-8")))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}  # names, not places
    html = (page / "index.html").read_text(encoding="utf-8")
    assert "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'" in html
    assert not re.search(r"<script(?! type=\"module\" src=)|\son\w+=|style=", html)

"""The documentation site: it builds strictly, is complete, and a reader's browser asks no other host for anything.

Skipped, visibly, where mkdocs and its plugins are not installed (extra `docs`).
"""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from skips import needs

import pgsym
from pgsym.claims import theorem_names
from pgsym.cli import app

ROOT = Path(__file__).parents[2]
# Material for MkDocs prints advertisements otherwise.
ENVIRONMENT = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
LOADS = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}
"""What a browser fetches by itself."""
STYLE = re.compile(r"(?:url\(|@import)\s*[\"']?\s*((?:https?:)?//[^\"')\s]*)")


def fetched(html: str) -> list[str]:
    """Addresses on other hosts that a browser would ask for when it shows the page."""

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            values = dict(attributes)
            address = values.get(LOADS.get(tag, "")) or ""
            if re.match(r"(?:\w+:)?//", address) and values.get("rel") not in ("canonical", "next", "prev"):
                found.append(address)
            found.extend(STYLE.findall(values.get("style") or ""))

    found: list[str] = []
    Reader().feed(html)
    return found + STYLE.findall(html)


def unfilled(html: str) -> list[str]:
    """Places on a page where something generated should stand."""
    return re.findall(r"<!-- (?:generated|picture):[^>]*-->", html)


def test_check_finds_what_would_be_fetched() -> None:
    page = '<a href="https://a.example"></a><img src="https://b.example/x"><script src="//c.example"></script>'
    assert fetched(page) == ["https://b.example/x", "//c.example"]
    style = "<style>@import 'https://d.example/font.css'; p { background: url(img.png) }</style>"
    assert fetched(style) == ["https://d.example/font.css"]
    assert unfilled("<p>x</p><!-- generated: commands -->") == ["<!-- generated: commands -->"]


def test_site_builds_strictly_and_is_complete(tmp_path: Path) -> None:
    for package in ("mkdocs", "material", "mkdocstrings", "latex2mathml", "matplotlib"):
        needs(package)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=ENVIRONMENT)
    assert run.returncode == 0, run.stdout + run.stderr

    pages = {path.relative_to(tmp_path).as_posix(): path.read_text("utf-8") for path in tmp_path.rglob("*.html")}
    assert {name: found for name, text in pages.items() if (found := fetched(text))} == {}
    assert {name: found for name, text in pages.items() if (found := unfilled(text))} == {}
    styles = {path.name: STYLE.findall(path.read_text("utf-8")) for path in tmp_path.rglob("*.css")}
    assert {name: found for name, found in styles.items() if found} == {}

    theory = {name: text for name, text in pages.items() if name.startswith("theorems/")}
    assert {f"theorems/{name}/index.html" for name in theorem_names()} <= set(theory)
    assert [name for name, text in theory.items() if "REFUTED" in text] == []
    reference = "".join(text for name, text in pages.items() if name.startswith("api/"))
    assert [name for name in pgsym.__all__ if not re.search(rf">\s*pgsym\.{name}\s*<", reference)] == []
    commands = [command.name or command.callback.__name__ for command in app.registered_commands]
    assert [name for name in commands if f"pgsym {name}</code>" not in pages["commands/index.html"]] == []

    pictures = list((tmp_path / "pictures").glob("*.svg"))
    assert len(pictures) >= 5
    assert all("<script" not in path.read_text("utf-8") for path in pictures)


def test_picture_of_the_readme_is_what_pgsym_draws():
    drawn = pgsym.svg(pgsym.zoo("short-corridor").mdp)
    assert (ROOT / "docs" / "short-corridor.svg").read_text(encoding="utf-8").strip() == drawn.strip()

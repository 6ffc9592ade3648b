"""What mkdocs calls while it builds the site: pages and parts of pages that are written from the library itself.

`<!-- generated: NAME -->` on a page is replaced by what WRITERS has under that name, so that it cannot be stale.
`<!-- picture: TEXT -->` is replaced by the picture that the Python above it has made; TEXT is its description.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import commands
import exhibits
import landing
import pictures
import playground
import reference
import theory
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
ROOT_PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages that stand at the root of the repository, and their names in the site."""

WRITERS = {
    "commands": commands.markdown,
    "playground": playground.link,
    "theorems": theory.index,
    "reference": reference.index,
    "landing": landing.markdown,
    "zoo": exhibits.models,
    "catalogue": exhibits.theorems,
    "reports": exhibits.reports,
}
SECTIONS = {"theorems.md": theory.nav, "api.md": reference.nav}
"""Pages with pages of their own below them."""

PLAYGROUND = (
    '<a class="md-button md-button--primary" href="playground/">Open the playground</a>: the same in your browser.'
)
"""Where the site has one."""

_GENERATED = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
_ELSEWHERE = re.compile(r"(?<!!)\[([^\]\n]*)\]\((?!\w+:|#|[\w-]+\.md\b)[^)\s]*\)")
"""Links to files of the repository that are no pages: in the site, their text."""
_SESSION = re.compile(r"^```python\n(?=>>>)", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give the generated pages their place in the navigation."""
    config.nav = _with_sections(config.nav)
    playground.SITE = Path(config.site_dir)
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that no file holds."""
    made = {name: (ROOT / source).read_text(encoding="utf-8") for source, name in ROOT_PAGES.items()}
    made["index.md"] = f"---\nhide:\n  - toc\n---\n{made['index.md']}"
    made |= theory.pages() | reference.pages() | exhibits.files()
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Give links the names that pages have in the site, and fill the places for what is generated."""
    if page.file.src_uri in ROOT_PAGES.values():
        markdown = markdown.replace("](docs/", "](")
    for source, name in ROOT_PAGES.items():
        markdown = markdown.replace(f"](../{source}", f"]({name}").replace(f"]({source}", f"]({name}")
    if not page.file.generated_by or page.file.src_uri in ROOT_PAGES.values():
        markdown = _ELSEWHERE.sub(r"\1", markdown)
    if any(file.src_uri.startswith("playground/") for file in files):
        markdown = markdown.replace("<!-- playground -->", PLAYGROUND)
    markdown = _GENERATED.sub(lambda match: WRITERS[match[1]](), markdown)
    for number, (picture, place) in enumerate(pictures.drawn(markdown)):
        name = f"pictures/{Path(page.file.src_uri).stem}-{number}.svg"
        files.append(File.generated(config, name, content=picture.svg))
        markdown = markdown.replace(place, f"![{picture.description}]({name}){{ .picture }}", 1)
    return _SESSION.sub("```pycon\n", markdown)


def _with_sections(nav: list[Any]) -> list[Any]:
    found = []
    for entry in nav:
        ((title, target),) = entry.items()
        if isinstance(target, list):
            target = _with_sections(target)
        elif target in SECTIONS:
            target = [target, *SECTIONS[target]()]
        found.append({title: target})
    return found

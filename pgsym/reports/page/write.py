r"""`report`: a folder with the page and the document of one problem.

The page is one HTML file: native MathML, pictures inside, nothing loaded from elsewhere; the one thing that it does on
its own is that boxes that scroll can be reached by key.  The LaTeX document needs amsmath and longtable, and TikZ for
its pictures.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from html import escape, unescape
from itertools import groupby
from pathlib import Path
from typing import Any

from pgsym.claims.derivation.html import BLOCKS, COLOURS, HtmlWriter, cell, mathml
from pgsym.claims.derivation.latex import PREAMBLE
from pgsym.claims.derivation.latex import cell as latex_cell
from pgsym.claims.derivation.latex import write as write_block
from pgsym.claims.derivation.layout import in_latex
from pgsym.expression.latex import document as standalone
from pgsym.expression.notation import escape_text
from pgsym.model.files.atomic import make_folder, require_place, write_atomically
from pgsym.model.problem import Problem, ProblemLike
from pgsym.reports.live import Live, font_face
from pgsym.reports.page.content import Alive, Content, Document, Settings
from pgsym.reports.page.document import Builder

PAGE, PAPER = "index.html", "report.tex"
"""The files of a report."""


def report(
    problem: ProblemLike,
    out: str | os.PathLike[str],
    *,
    progress: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> list[Path]:
    """Write a page and a LaTeX document about a model: everything pgsym knows, each line with its trust.

    Nothing is written before everything is computed, and each file appears whole or not at all: after Ctrl-C or an
    error the old report is still there.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.
    out
        A folder for ``index.html`` and ``report.tex``, made if it is not there; or one file, ``.html`` for the page or
        ``.tex`` for the document.
    progress
        Called with (done, all) in hundredths of the work.
    settings
        The fields of `pgsym.reports.page.content.Settings`: samples, steps, seeds, batch, seed, horizon, claims,
        estimators.

    Returns
    -------
    The paths of what was written.

    Raises
    ------
    HypothesisError
        The objective is not defined on this model.
    MissingExtraError
        latex2mathml is not installed.
    SchemaError
        The place cannot be made or written to, or a setting is out of range.

    See Also
    --------
    solve, verify, derive, cross_check, moments, ascend : The parts of the page.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = report("short-corridor", folder, samples=1000, steps=5)
    ...     [path.name for path in files]
    ['index.html', 'report.tex']
    """
    problem = Problem.of(problem)
    chosen, place = Settings(**settings), Path(out)
    alone = place.suffix in (".html", ".tex") and not os.path.isdir(place)
    if alone:
        require_place(place)
    else:
        make_folder(place)
    mathml("0")  # without latex2mathml there is no page: that is said before the work
    version = importlib.metadata.version("pgsym")
    document = Builder(problem, chosen, version).document(progress or (lambda done, n: None))
    texts: dict[str, Callable[[Document], str]] = {".html": partial(page, version=version), ".tex": paper}
    paths = [place] if alone else [place / PAGE, place / PAPER]
    written = [texts[path.suffix](document) for path in paths]  # all before the first is written
    return [write_atomically(path, text) for path, text in zip(paths, written, strict=True)]


PACKAGES = (
    *PREAMBLE,
    r"\usepackage{longtable}\setlength{\LTcapwidth}{\textwidth}",
    r"\setcounter{tocdepth}{1}",
    r"\emergencystretch=3em",
)


def paper(document: Document) -> str:
    """The whole document, which compiles on its own."""
    return standalone("\n\n".join(_latex(document)), document.title, PACKAGES)


def _latex(document: Document) -> Iterator[str]:
    bindings = document.bindings
    yield in_latex(document.lead, bindings)
    lines = [rf"{latex_cell(name)} & {latex_cell(value)} \\" for name, value in document.summary]
    yield "\n".join([r"\begin{center}\begin{tabular}{ll}", *lines, r"\end{tabular}\end{center}"])
    yield r"\tableofcontents"
    for section in document.sections:
        yield rf"\section{{{escape_text(section.title)}}}"
        for block in section.blocks:
            if isinstance(block, Alive):
                yield rf"\emph{{{in_latex(block.on_paper, bindings)}}}"
            else:
                yield write_block(block, bindings, long_tables=True)


POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; font-src data:"
"""What a browser lets the page do: nothing that leaves it."""

_MATH = re.compile(r"<math.*?</math>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def page(document: Document, version: str) -> str:
    """The whole page."""
    body = "\n".join(_body(document))
    alive = [block.live for block in document.blocks() if isinstance(block, Alive)]
    letters = "".join(sorted(set(unescape(_TAG.sub("", "".join(_MATH.findall(body)))))))
    style = "\n".join([font_face(letters), STYLE, *(live.style for live in alive)])
    script = "\n".join([SCRIPT, *(live.script for live in alive)])
    return "\n".join([
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f'<meta name="generator" content="pgsym {escape(version)}">',
        # Without it, a browser asks the server of the page for an icon.
        '<link rel="icon" href="data:,">',
        f"<title>{escape(document.title)}</title>",
        f"<style>\n{style}\n</style>",
        "</head>",
        "<body>",
        body,
        f"<footer><p>Written by pgsym {escape(version)}; this page loads nothing.</p></footer>",
        f"<script>\n{script}\n</script>",
        "</body>",
        "</html>",
        "",
    ])  # fmt: skip


def _alive(block: Content) -> Live | None:
    return block.live if isinstance(block, Alive) else None


def _body(document: Document) -> Iterator[str]:
    """Header, contents, summary, sections."""
    writer = HtmlWriter(document.bindings)
    yield '<a class="skip" href="#main">Skip to the content</a>'
    yield f"<header>\n<h1>{escape(document.title)}</h1>\n<p>{writer.prose(document.lead)}</p>\n</header>"
    links = "\n".join(f'<li><a href="#{s.key}">{escape(s.title)}</a></li>' for s in document.sections)
    yield f'<nav aria-label="Contents">\n<ul>\n{links}\n</ul>\n</nav>'
    yield '<main id="main" tabindex="-1">'
    rows = [f"<div><dt>{cell(name)}</dt><dd>{cell(value)}</dd></div>" for name, value in document.summary]
    summary = "\n".join(['<dl class="summary">', *rows, "</dl>"])
    for k, section in enumerate(document.sections):
        if k == 1:
            yield summary
        yield f'<section id="{section.key}" aria-labelledby="{section.key}-title">'
        yield f'<h2 id="{section.key}-title">{escape(section.title)}</h2>'
        for alive, blocks in groupby(section.blocks, _alive):
            still = (block for block in blocks if not isinstance(block, Alive))
            yield from writer.lines(still) if alive is None else [alive.html]
        yield "</section>"
    yield "</main>"


STYLE = (
    COLOURS
    + BLOCKS
    + """
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif;
  display: grid; grid-template-columns: minmax(0, 1fr); max-width: 76rem; margin-inline: auto; padding-inline: 1rem;
}
header { padding-top: 1.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.45rem; margin: 2.6rem 0 .6rem; padding-top: .7rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.15rem; margin: 1.9rem 0 .4rem; }
h4 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
h2, h3, h4 { line-height: 1.3; scroll-margin-top: .5rem; }
p { margin: .55rem 0; max-width: 46rem; overflow-wrap: break-word; text-wrap: pretty; }
main > section:first-child h2 { margin-top: .6rem; border-top: 0; }
header p { color: var(--soft); }
summary { cursor: pointer; }
summary :is(h3, h4) { display: inline; }
details { margin: 1.4rem 0; }
a { color: var(--accent); }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible,
[tabindex="0"]:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
main:focus { outline: none; }
.skip { position: absolute; left: -100vw; top: 0; background: var(--paper); padding: .5rem 1rem; z-index: 2; }
.skip:focus { left: 0; }
nav ul { list-style: none; margin: 0; padding: 0; display: flex; gap: .15rem 1.1rem; overflow-x: auto; }
nav a { display: inline-block; padding: .2rem 0; text-decoration: none; white-space: nowrap; }
nav a:hover { text-decoration: underline; }
main { min-width: 0; }
footer { color: var(--soft); border-top: 1px solid var(--line); margin-top: 3rem; font-size: .875rem; }
.summary { display: grid; gap: .6rem 1.6rem; margin: 1.4rem 0; padding: 1rem 1.2rem;
  grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); background: var(--panel); border-radius: .5rem; }
.summary dt { font-size: .875rem; color: var(--soft); }
.summary dd { margin: 0; overflow-x: auto; overflow-y: hidden; }
@media (min-width: 64rem) {
  body { grid-template-columns: 13rem minmax(0, 1fr); column-gap: 3rem; }
  header, footer { grid-column: 1 / -1; }
  nav { font-size: .925rem; }
  nav ul { position: sticky; top: 1.2rem; flex-direction: column; padding-top: 1.4rem; }
  nav a { white-space: normal; }
}
@media (max-width: 40rem) {
  h1 { font-size: 1.55rem; }
  .chain { grid-template-columns: max-content 1fr; padding-left: .2rem; }
  .chain .why { grid-column: 1 / -1; text-align: left; padding: 0 0 .3rem 1.2rem; min-width: 0; position: sticky;
    left: 0; max-width: calc(100vw - 2.4rem); }
  .chain .why:empty { display: none; }
  .answer { padding-left: .2rem; }
  table { font-size: .94rem; }
  th, td { padding-right: 1rem; }
  tbody th { white-space: normal; min-width: 7.5rem; }
  tbody th:has(math) { white-space: nowrap; min-width: 0; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
  :root { color-scheme: light; }
  body { display: block; max-width: none; font-size: 10.5pt; }
  nav, .skip, script { display: none; }
  a { color: inherit; text-decoration: none; }
  .scroll { overflow: visible; }
  figure .scroll > div { min-width: 0 !important; }
  h2, h3, h4, figcaption { break-after: avoid; }
  figure, tr, .chain { break-inside: avoid; }
}
"""
)

SCRIPT = """
"use strict";
(() => {
  const boxes = document.querySelectorAll(".scroll");
  const reach = (box) => {
    if (box.scrollWidth > box.clientWidth + 1) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", "wide content, scrolls sideways");
    } else {
      box.removeAttribute("tabindex");
      box.removeAttribute("role");
      box.removeAttribute("aria-label");
    }
  };
  const watch = new ResizeObserver((entries) => entries.forEach((entry) => reach(entry.target)));
  boxes.forEach((box) => watch.observe(box));
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((fold) => { fold.open = true; }));
})();
"""

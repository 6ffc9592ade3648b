"""How the page looks, and the one thing that it does on its own: boxes that scroll can be reached by key."""

from pgsym.claims.derivation.html import BLOCKS, COLOURS

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
p { margin: .55rem 0; max-width: 46rem; overflow-wrap: break-word; }
header p { color: var(--soft); }
a { color: var(--accent); }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible,
[tabindex="0"]:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
main:focus { outline: none; }
.skip { position: absolute; left: -100vw; top: 0; background: var(--paper); padding: .5rem 1rem; z-index: 2; }
.skip:focus { left: 0; }
nav ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; }
nav a { display: inline-block; padding: .2rem 0; text-decoration: none; }
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
})();
"""

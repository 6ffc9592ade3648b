"""The report: one document about one problem, written as a page and as LaTeX.

content     what a document consists of, and how much work it is
document    the sections in order; model, quantities, theorem, derivation, sampled, estimators, learning, reading
chart       curves and intervals as strokes, which SVG and TikZ draw
write       the page and how it looks, the LaTeX document, and the folder
"""

from pgsym.reports.page.content import Settings as Settings
from pgsym.reports.page.write import report as report

"""The report: one document (`content`, `document`) about one problem, which `write` makes a page and LaTeX of."""

from pgsym.reports.page.content import Settings as Settings
from pgsym.reports.page.write import report as report

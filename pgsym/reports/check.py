"""An audit on the terminal: each line with its verdict, and at a false one the exact defect."""

from __future__ import annotations

from rich.text import Text

from pgsym.claims.checking import Checked
from pgsym.model.problem import Problem
from pgsym.reports.terminal import highlighted


def audit_text(audit: Checked, problem: Problem, name: str = "") -> Text:
    """The model, every relation with its verdict, and a closing line."""
    head = Text.assemble((problem.name, "bold"), f", {problem.mdp}" + (f": {name}" if name else "") + "\n\n")
    body = highlighted(audit.text())
    body.highlight_regex(r"(?m) {3}# .*$", "dim")
    body.highlight_regex(r"[^\n]*$", "bold")
    return head.append_text(body)

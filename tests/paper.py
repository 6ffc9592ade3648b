"""LaTeX documents on paper: compiled by pdfLaTeX, with its complaints."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

COMPLAINTS = re.compile(r"Overfull \\[hv]box .*|Missing character: .*|LaTeX Warning: .*undefined.*")


@dataclass(frozen=True)
class Paper:
    """What came out: the number of pages, and what sticks out, is missing or refers to nothing."""

    pages: int
    complaints: tuple[str, ...]


def compiled(text: str, folder: Path) -> Paper:
    """The document, compiled as often as it asks for."""
    (folder / "document.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "document.tex"]
    for _ in range(4):
        run = subprocess.run(
            command, cwd=folder, env=os.environ | {"max_print_line": "1000"}, capture_output=True, check=False
        )
        log = run.stdout.decode("utf-8", "replace")
        assert run.returncode == 0, log[-2000:]
        if "Rerun" not in log:
            break
    (pages,) = re.findall(r"^Output written on document\.pdf \((\d+) pages?,", log, re.MULTILINE)
    return Paper(int(pages), tuple(COMPLAINTS.findall(log)))

"""From LaTeX to PDF, with a TeX engine of this computer."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from pgsym.errors import MissingExtraError, SchemaError
from pgsym.model.files.atomic import write_atomically

_QUIET = ("-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape")

ENGINES = {"tectonic": (), "pdflatex": _QUIET, "lualatex": _QUIET, "xelatex": _QUIET}
"""Programs that typeset, and how they are called; the first that is found is used."""

SECONDS = 300.0


def engine() -> str | None:
    """The TeX engine that would be used; None without one."""
    return next((name for name in ENGINES if shutil.which(name)), None)


def require_engine(path: Path) -> str:
    """The TeX engine that writes the file.

    Raises
    ------
    MissingExtraError
        None is installed.
    """
    name = engine()
    if name is None:
        raise MissingExtraError(
            f"none of {', '.join(ENGINES)} is installed; a PDF needs one. Install TeX, or write .tex, .md or .html",
            where=str(path),
        )
    return name


def typeset(document: str, path: Path) -> Path:
    """Write the PDF of a LaTeX document.

    Raises
    ------
    MissingExtraError
        No TeX engine is installed.
    SchemaError
        The engine fails, or the file cannot be written.
    """
    name = require_engine(path)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "document.tex"
        source.write_text(document, encoding="utf-8")
        try:
            run = subprocess.run(
                [name, *ENGINES[name], source.name], cwd=folder, capture_output=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise SchemaError(
                f"{name} did not end within {SECONDS:g} s. Write the .tex file", where=str(path)
            ) from None
        result = source.with_suffix(".pdf")
        if run.returncode != 0 or not result.exists():
            raise SchemaError(f"{name} failed: {_complaint(run.stdout)}. Write the .tex file", where=str(path))
        return write_atomically(path, result.read_bytes())


def _complaint(output: bytes) -> str:
    """The first error of a TeX log."""
    lines = output.decode("utf-8", "replace").splitlines()
    return next((line.removeprefix("! ").rstrip(".") for line in lines if line.startswith("!")), "no message")

"""A derivation as a file; the suffix chooses the format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pgsym.claims.derivation import Derivation
from pgsym.errors import SchemaError
from pgsym.model.files.atomic import write_atomically
from pgsym.reports.typeset import require_engine, typeset

TEXTS: dict[str, Callable[[Derivation], str]] = {
    ".tex": Derivation.document,
    ".md": Derivation.markdown,
    ".html": Derivation.html,
    ".claims": Derivation.text,
}
"""Suffix to what is written, besides ``.pdf``."""


def require_format(path: Path) -> None:
    """Refuse a file that could not be written, before anything is decided for it.

    Raises
    ------
    SchemaError
        No format has that suffix.
    MissingExtraError
        A PDF is asked for, and no TeX engine is installed.
    """
    if path.suffix == ".pdf":
        require_engine(path)
    elif path.suffix not in TEXTS:
        known = ", ".join((*TEXTS, ".pdf"))
        raise SchemaError(f"found {path.suffix or 'no suffix'}; must be one of {known}", where=str(path))


def write_derivation(derivation: Derivation, path: Path) -> Path:
    """Write the derivation in the format of the path's suffix."""
    require_format(path)
    if path.suffix == ".pdf":
        return typeset(derivation.document(), path)
    return write_atomically(path, TEXTS[path.suffix](derivation))

"""A derivation as a file; the suffix chooses the format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pgsym.claims.derivation import Derivation
from pgsym.errors import SchemaError
from pgsym.model.files.atomic import write_atomically

FORMATS: dict[str, Callable[[Derivation], str]] = {
    ".tex": Derivation.document,
    ".md": Derivation.markdown,
    ".html": Derivation.html,
    ".claims": Derivation.text,
}
"""Suffix to what is written."""


def render(path: Path) -> Callable[[Derivation], str]:
    """What writes a file of that suffix.

    Raises
    ------
    SchemaError
        No format has that suffix.
    """
    if path.suffix not in FORMATS:
        raise SchemaError(f"found {path.suffix or 'no suffix'}; must be one of {', '.join(FORMATS)}", where=str(path))
    return FORMATS[path.suffix]


def write_derivation(derivation: Derivation, path: Path) -> Path:
    """Write the derivation in the format of the path's suffix."""
    return write_atomically(path, render(path)(derivation))

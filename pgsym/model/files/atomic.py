"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from pgsym.errors import SchemaError


def write_atomically(path: Path, content: str | bytes) -> Path:
    """Write text in UTF-8, or bytes, beside `path` and move it into place: an interrupted run leaves the old file.

    Raises
    ------
    SchemaError
        The folder does not exist or cannot be written to.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        os.replace(draft, path)
    except OSError as error:
        raise SchemaError(f"cannot be written ({error.strerror}). Choose another place", where=str(path)) from None
    finally:
        if draft.exists():
            draft.unlink()
    return path

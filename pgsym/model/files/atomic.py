"""Reading a file within bounds, and writing it whole or not at all; every file that pgsym writes goes through here."""

from __future__ import annotations

import io
import os
import secrets
from pathlib import Path
from typing import Any

from pgsym.errors import SchemaError
from pgsym.model.files.reading import MAX_CHARACTERS, check_size


def contents(path: Path, text: str = "a model file is") -> str:
    """A file's text, bounded in size; `text` says what should be text."""
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise SchemaError("is a pipe or a device; a file is required. Save it as a file", where=str(path))
        with path.open("rb") as file:
            data = file.read(MAX_CHARACTERS + 1)
        check_size(len(data), where=path.name)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SchemaError(f"byte {error.start} is not UTF-8 text; {text}. Save it as UTF-8", where=path.name) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else error
        raise SchemaError(f"cannot be read ({reason}). Check the path", where=str(path)) from None


def write_atomically(path: Path, content: str | bytes) -> Path:
    """Write text in UTF-8, or bytes, beside `path` and move it into place: an interrupted run leaves the old file.

    A symbolic link is followed, permissions are kept; what is no file, such as a pipe, is written to as it is.
    """
    try:
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(data)
        else:
            _replace(path.resolve(), data)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name, half a character in the text
        reason = error.strerror if isinstance(error, OSError) else error
        raise SchemaError(f"cannot be written ({reason}). Choose another place", where=str(path)) from None
    return path


def require_place(path: Path, *, folder: bool = False) -> None:
    """Refuse a file, or a folder, that could not be written, before anything is computed for it."""
    try:
        above = path.resolve().parent
        while folder and not above.exists():
            above = above.parent
        if path.exists() and path.is_dir() != folder:
            reason: object = "File exists" if folder else "Is a directory"
        elif not above.is_dir():
            reason = "Not a directory" if above.exists() else "No such file or directory"
        elif not os.access(above, os.W_OK):
            reason = "Permission denied"
        else:
            return
    except (OSError, ValueError) as error:  # a name that no file can have
        reason = error.strerror if isinstance(error, OSError) else error
    raise SchemaError(
        f"cannot be {'made' if folder else 'written'} ({reason}). Choose another {'folder' if folder else 'place'}",
        where=str(path),
    )


def make_folder(folder: Path) -> None:
    """The folder and those above it, where they are not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SchemaError(f"cannot be made ({error.strerror}). Choose another folder", where=str(folder)) from None


def write_figure(path: Path, figure: Any) -> Path:
    """Write a matplotlib figure in the format of the path's suffix; raises as `write_atomically`."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format=path.suffix.removeprefix(".").lower())
    return write_atomically(path, drawn.getvalue())


def write_arrays(path: Path, **arrays: Any) -> Path:
    """Write an .npz file; raises as `write_atomically`."""
    import numpy as np

    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return write_atomically(path, buffer.getvalue())


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name[:40]}.{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as file:
            if path.exists():
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
            file.write(data)
            file.flush()
            # On the disk before it takes the name: not even a power cut leaves half a file.
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise

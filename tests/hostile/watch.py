"""A watch on what happens while a text is read: no code of its own, no file written, no program started.

Python reports such deeds to audit hooks (PEP 578), so nothing has to be patched, and nothing that is done in C or
through another name slips by.  A hook cannot be taken away again; it does nothing outside `watched`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

DEEDS = (
    "code.__new__", "compile", "ctypes.", "ftplib.", "http.", "marshal.", "os.chmod", "os.exec", "os.fork", "os.kill",
    "os.link", "os.mkdir", "os.posix_spawn", "os.putenv", "os.remove", "os.rename", "os.rmdir", "os.spawn",
    "os.symlink", "os.system", "os.truncate", "os.unsetenv", "pickle.", "pty.", "shutil.", "smtplib.", "socket.",
    "sqlite3.", "subprocess.", "urllib.", "webbrowser.",
)  # fmt: skip
"""Beginnings of the names of events that reading a text never causes."""

WRITES = "wax+"


class Deed(BaseException):
    """Reading a text did more than read; nothing in the package may catch it."""


class _Watch:
    def __init__(self) -> None:
        self.active = False
        self.installed = False
        self.known: frozenset[str] = frozenset()
        """Packages that were loaded, or could be, before any text was read."""

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active:
            return
        if event == "import":
            if str(arguments[0]).partition(".")[0] not in self.known:
                self.found(f"import {arguments[0]}")
        elif event == "open":
            mode = arguments[1]
            if isinstance(mode, str) and set(mode) & set(WRITES):
                self.found(f"open {arguments[0]!r} for writing")
        elif (event == "exec" or event.startswith(DEEDS)) and not _importing():
            self.found(f"{event} {str(arguments)[:200]}")

    def found(self, what: str) -> None:
        self.active = False
        raise Deed(what)


OWN = ("<frozen importlib", "networkx/utils/decorators.py", "sympy/polys/monomials.py")
"""Where code may be made and run: modules of known packages load when they are first needed, networkx compiles the
wrappers of its functions at their first call, and SymPy the products of monomials in so many symbols."""


def _importing() -> bool:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if any(place in frame.f_code.co_filename for place in OWN):
            return True
        frame = frame.f_back
    return False


_watch = _Watch()


@contextmanager
def watched() -> Iterator[None]:
    """Inside, whatever is not reading raises `Deed`."""
    if not _watch.installed:
        roots = {name.partition(".")[0] for name in sys.modules}
        _watch.known = frozenset({*roots, *sys.stdlib_module_names, "gymnasium", "jax", "numpyro", "scipy", "flint"})
        _watch.installed = True
        sys.addaudithook(_watch.hook)
    _watch.active = True
    try:
        yield
    finally:
        _watch.active = False

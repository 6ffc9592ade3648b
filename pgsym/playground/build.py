"""The folder of the playground: a page, and all that runs in it, for any static server.

npm fetches Pyodide and pip the packages, as they are configured here; each file has a known hash.  What was
fetched, and the packages compiled to bytecode, are kept in a cache.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from pgsym.claims.derivation.html import BLOCKS, COLOURS
from pgsym.errors import PlaygroundError
from pgsym.model.files.atomic import make_folder, write_atomically

PYODIDE = "314.0.7"
INTEGRITY = "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
"""SHA-512 of the package of that version, in base64."""
RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
TARGET = ("--python-version", "3.14", "--implementation", "cp", "--abi", "cp314", "--platform",
          "pyemscripten_2026_0_wasm32", "--platform", "manylinux2014_x86_64")  # fmt: skip
UNPACKED = ("flint/", "python_flint.libs/", "pydantic_core/", "latex2mathml")
"""Shared libraries and what opens files beside itself; Python reads the other packages from their archive."""
LEFT_OUT = re.compile(
    r"(^|/)tests?/|\.dist-info/|\.data/|\.so$|\.pyi$|^isympy|^pydantic/(v1|mypy)|^pylatexenc/(latexencode|latex2text)|"
    r"^sympy/(categories|codegen|crypto|diffgeom|holonomic|liealgebras|physics|stats|testing|vector|parsing/.*/)"
)
"""Of pure packages: what only tests, installers and type checkers read, and what pgsym never asks of SymPy."""
NATIVE_ONLY = ("ascent", "auditing", "certificates", "cli", "interchange", "reports", "sampling", "study")
"""Parts of pgsym that need JAX, SciPy, Coq or a terminal."""
Progress = Callable[[str], object]


def write_playground(folder: Path, *, cache: Path | None = None, progress: Progress = lambda _: None) -> Path:
    """Write the playground; what it needs is fetched on the first time.

    Parameters
    ----------
    cache
        Where fetched files are kept; by default in the user's folder for caches.

    Returns
    -------
    Path
        Its ``index.html``.

    Raises
    ------
    PlaygroundError
        pip, npm or node is missing, or a file could not be fetched or is not the one that is known.
    """
    make_folder(folder)
    cache = cache or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pgsym" / "playground"
    make_folder(cache)
    progress("fetching Pyodide and its packages ...")
    runtime, wheels = _pyodide(cache), _wheels(cache)
    key = _digest(repr((_read("packages.txt"), PYODIDE, LEFT_OUT.pattern, UNPACKED)).encode())
    libraries = cache / f"libraries-{key[:16]}.zip"
    if not libraries.exists():
        progress("compiling the packages, once ...")
        write_atomically(libraries, _archive(cache, partial(_unpack, wheels)))
    progress("compiling pgsym ...")
    own = _archive(cache, lambda site: shutil.copytree(_package(), site / "pgsym", ignore=_IGNORED))
    for name in RUNTIME:
        _copy(runtime / name, folder / "pyodide" / name)
    _copy(libraries, folder / "libraries.zip")
    write_atomically(folder / "pgsym.zip", own)
    write_atomically(folder / "unpacked.zip", _zipped(_unpacked(wheels)))
    with as_file(files("pgsym.playground") / "page") as page:
        for source in page.iterdir():
            if source.suffix != ".mjs":
                _copy(source, folder / source.name)
    for part in ("editor.js", "editor.css"):
        _copy(_package() / "model" / part, folder / part)
    write_atomically(folder / "blocks.css", COLOURS + BLOCKS)
    return folder / "index.html"


_IGNORED = shutil.ignore_patterns("__pycache__", "page", "editor.js", "editor.css", *NATIVE_ONLY)


def _package() -> Path:
    return Path(str(files("pgsym")))


def _read(name: str) -> bytes:
    return (files("pgsym.playground") / name).read_bytes()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _copy(source: Path, target: Path) -> None:
    make_folder(target.parent)
    write_atomically(target, source.read_bytes())


# -- fetching --------------------------------------------------------------------------------------------


def _run(command: Sequence[str], what: str) -> None:
    """Run a program; what it says when it fails is in the message."""
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise PlaygroundError(
            f"{command[0]} is not installed; {what} needs it. Install Node.js, which brings node and npm",
            where="playground",
        ) from None
    if found.returncode:
        lines = [line for line in (found.stderr or found.stdout).splitlines() if line.strip()]
        told = next((line for line in reversed(lines) if "error" in line.lower()), "\n".join(lines[-1:]))
        raise PlaygroundError(
            f"{what} failed: {told.strip()}. Check the network, and how {Path(command[0]).stem} is configured",
            where="playground",
        )


@contextmanager
def _arriving(folder: Path) -> Iterator[Path]:
    """A folder whose files, once they are whole, move to `folder`: another process may be writing there too."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        yield Path(scratch)
        for path in Path(scratch).iterdir():
            os.replace(path, folder / path.name)


def _pyodide(cache: Path) -> Path:
    """The folder of Pyodide's own files."""
    archive, folder = cache / f"pyodide-{PYODIDE}.tgz", cache / f"pyodide-{PYODIDE}"
    if not archive.exists():
        with _arriving(cache) as scratch:
            _run(["npm", "pack", f"pyodide@{PYODIDE}", "--pack-destination", str(scratch)], "fetching Pyodide")
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != INTEGRITY:
        archive.unlink()
        raise PlaygroundError(
            f"found the SHA-512 {found[:16]}...; {INTEGRITY[:16]}... is required. Fetch it again", where=archive.name
        )
    make_folder(folder)
    with tarfile.open(archive) as opened:
        for name in RUNTIME:
            member = opened.extractfile(f"package/{name}")
            assert member is not None  # the archive is the one that is known
            write_atomically(folder / name, member.read())
    return folder


def _wheels(cache: Path) -> list[Path]:
    """The wheels of `packages.txt`; pip checks their hashes, and so is what was kept."""
    wanted = re.findall(r"sha256:(\w+)", _read("packages.txt").decode())
    folder = cache / "wheels"
    make_folder(folder)
    kept = {_digest(path.read_bytes()): path for path in folder.glob("*.whl")}
    if not set(wanted) <= kept.keys():
        if importlib.util.find_spec("pip") is None:
            raise PlaygroundError(
                "pip is not installed; it fetches the packages. Install it: python -m ensurepip", where="playground"
            )
        with as_file(files("pgsym.playground") / "packages.txt") as packages, _arriving(folder) as scratch:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
            _run([*pip, "--no-deps", "--only-binary=:all:", "--require-hashes", *TARGET, "--dest", str(scratch),
                  "--requirement", str(packages)], "fetching the packages")  # fmt: skip
        kept = {_digest(path.read_bytes()): path for path in folder.glob("*.whl")}
    return sorted(kept[digest] for digest in wanted)


# -- archives --------------------------------------------------------------------------------------------


def _members(wheels: Sequence[Path]) -> Iterator[tuple[str, ZipFile]]:
    """The files of wheels, each with the archive that it is in."""
    for wheel in wheels:
        with ZipFile(wheel) as opened:
            yield from ((name, opened) for name in opened.namelist() if not name.endswith("/"))


def _unpack(wheels: Sequence[Path], site: Path) -> None:
    """The Python files of wheels and their data."""
    for name, opened in _members(wheels):
        if not LEFT_OUT.search(name) and not name.startswith(UNPACKED):
            opened.extract(name, site)


def _unpacked(wheels: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for name, opened in _members(wheels):
        if name.startswith(UNPACKED) and not name.endswith((".pyi", ".pxd", ".pyx")) and "/test" not in name:
            yield name, opened.read(name)


def _archive(cache: Path, fill: Callable[[Path], object]) -> bytes:
    """What `fill` puts into a folder, its Python files compiled by the Python that will run them."""
    with tempfile.TemporaryDirectory(dir=cache) as scratch, as_file(files("pgsym.playground") / "page") as page:
        site = Path(scratch)
        fill(site)
        compiler = [str(page / "compile.mjs"), str(cache / f"pyodide-{PYODIDE}"), str(site)]
        _run(["node", *compiler], "compiling for the browser")
        found = sorted(path for path in site.rglob("*") if path.is_file() and path.suffix != ".py")
        return _zipped((path.relative_to(site).as_posix(), path.read_bytes()) for path in found)


def _zipped(members: Iterator[tuple[str, bytes]]) -> bytes:
    """An archive without dates, the same for the same members."""
    with tempfile.SpooledTemporaryFile() as file:
        with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=9) as archive:
            for name, data in members:
                archive.writestr(ZipInfo(name), data, ZIP_DEFLATED, 9)
        file.seek(0)
        return file.read()

"""A file is written whole or not at all, and nothing in the package writes in another way."""

import ast
import os
import stat
from pathlib import Path

import pytest

from pgsym.errors import SchemaError
from pgsym.model.files.atomic import write_atomically, write_figure

PACKAGE = Path(__file__).parent.parent.parent / "pgsym"

SCRATCH = {
    "reports/files.py": 1,  # the source that a TeX engine reads, in a temporary folder
    "certificates/kernel.py": 2,  # what Coq compiles; the finished library is moved into place
    "model/files/storm.py": 1,  # what Storm reads, in a temporary folder
    "display/figure.py": 1,  # into memory
}
"""Modules that write files of no use to anybody else, and how often."""


def writes(source: str) -> int:
    """How many calls in `source` write to a file by themselves."""
    found = 0
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = [*node.args, *(k.value for k in node.keywords if k.arg == "mode")]
        modes = [str(a.value) for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        opens = name in ("open", "fdopen") and any(set(m) <= set("rwaxbt+") and set(m) & set("wax+") for m in modes)
        dumps = name == "dump" and len(node.args) > 1
        found += opens or dumps or name in ("write_text", "write_bytes", "savefig", "savetxt", "to_csv", "tofile")
    return found


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("path.write_text(x)", 1),
        ("path.write_bytes(x)", 1),
        ("figure.savefig(path)", 1),
        ("open(path, 'w')", 1),
        ("path.open(mode='ab')", 1),
        ("json.dump(x, file)", 1),
        ("open(path)", 0),
        ("path.open('rb')", 0),
        ("json.dumps(x)", 0),
        ("yaml.dump(x, Dumper=D)", 0),
    ],
)
def test_writes_are_counted(source, count):
    assert writes(source) == count


def test_every_file_is_written_by_one_helper():
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name != "model/files/atomic.py" and (count := writes(path.read_text(encoding="utf-8"))):
            found[name] = count
    assert found == SCRATCH, "use pgsym.model.files.atomic.write_atomically, or write_figure"


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "result.tex"
    path.write_text("old", encoding="utf-8")
    return path


@pytest.mark.parametrize("moment", ["fsync", "replace", "fchmod"])
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError])
def test_interrupted_write_leaves_the_old_file(old, monkeypatch, moment, interruption):
    def interrupt(*_):
        raise interruption

    monkeypatch.setattr(os, moment, interrupt)
    with pytest.raises(interruption):
        write_atomically(old, "new" * 10_000)
    assert old.read_text(encoding="utf-8") == "old"
    assert list(old.parent.iterdir()) == [old]


def test_interrupted_drawing_leaves_the_old_file(old):
    class Figure:
        def savefig(self, file, format):
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_figure(old, Figure())
    assert old.read_text(encoding="utf-8") == "old"
    assert list(old.parent.iterdir()) == [old]


def test_full_disk_is_said_and_leaves_the_old_file(old, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SchemaError, match=r"cannot be written \(No space left on device\)\. Choose another place$"):
        write_atomically(old, "new")
    assert old.read_text(encoding="utf-8") == "old"
    assert list(old.parent.iterdir()) == [old]


def test_write_keeps_permissions_and_follows_links(old):
    old.chmod(0o640)
    link = old.with_name("link.tex")
    link.symlink_to(old.name)
    write_atomically(link, "new")
    assert link.is_symlink()
    assert old.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_new_file_has_the_usual_permissions(tmp_path):
    usual, found = tmp_path / "usual", tmp_path / "found"
    usual.touch()
    write_atomically(found, b"x")
    assert found.stat().st_mode == usual.stat().st_mode


def test_write_to_a_pipe_keeps_the_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing/x.tex", "No such file or directory"),
        (".", "Is a directory"),
        ("x\0.tex", "embedded null byte"),
        ("x" * 300, "File name too long"),
    ],
)
def test_unwritable_place_is_said(tmp_path, name, reason):
    with pytest.raises(SchemaError, match=rf"cannot be written \({reason}\)\. Choose another place$"):
        write_atomically(tmp_path / name, "text")
    assert list(tmp_path.iterdir()) == []


def test_text_that_is_not_unicode_is_refused(tmp_path):
    with pytest.raises(SchemaError, match=r"surrogates not allowed"):
        write_atomically(tmp_path / "x.tex", "\ud800")
    assert list(tmp_path.iterdir()) == []

"""The wheel and the sdist: built from this tree, installed where the tree cannot be seen, contents checked.

Skipped, visibly, where hatchling is not installed (extra `dev`).
"""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from skips import needs

import pgsym

ROOT = Path(__file__).parents[2]
DATA = {
    ".py": "modules",
    ".typed": "the mark of a typed package",
    ".lark": "grammars",
    ".claims": "proofs",
    ".v": "Coq's library",
    ".js": "the report's page",
    ".css": "the report's page",
    ".woff2": "the report's font",
    ".html": "the playground",
    ".mjs": "what compiles for the playground",
    ".txt": "what the playground is made of",
}
"""Kinds of files that belong into the package."""
NEEDED = {".py", ".typed", ".lark", ".claims", ".v"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}


def call(*command: object, cwd: Path) -> str:
    """What a program prints; its complaint is the test's when it fails."""
    run = subprocess.run([*map(str, command)], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def build(source: Path, target: str, folder: Path) -> Path:
    needs("hatchling")
    call(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder, cwd=source)
    (made,) = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


def contents(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def strangers(names: set[str]) -> set[str]:
    """What does not belong into a wheel of pgsym."""
    described = f"pgsym-{pgsym.__version__}.dist-info/"
    return {
        name
        for name in names
        if not name.startswith(described)
        and not (name.startswith("pgsym/") and Path(name).suffix in DATA and "__pycache__" not in name)
    }


def test_wheel_has_the_package_and_nothing_else(wheel: Path) -> None:
    names = contents(wheel)
    assert strangers(names) == set()
    tree = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pgsym").rglob("*") if path.is_file()}
    package = {name for name in names if name.startswith("pgsym/")}
    assert package == {name for name in tree if "__pycache__" not in name}
    assert {Path(name).suffix for name in package} >= NEEDED
    assert {Path(name).name for name in names - package} == {
        "METADATA", "WHEEL", "RECORD", "entry_points.txt", "LICENSE",
    }  # fmt: skip


def test_check_rejects_strangers() -> None:
    names = {"pgsym/__init__.py", "tests/test_docs.py", "pgsym/notes.ipynb", "pgsym/__pycache__/a.py"}
    assert strangers(names) == names - {"pgsym/__init__.py"}


def test_metadata_says_what_is_installed_with_it(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
    metadata = archive.read(name).decode()
    assert f"Version: {pgsym.__version__}\n" in metadata
    assert "License-Expression: MIT\n" in metadata
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert {line.split()[1].partition(">")[0] for line in required} == {
        "jax", "lark", "markdown-it-py", "networkx", "numpy", "numpyro", "pydantic", "pylatexenc", "python-flint",
        "pyyaml", "rich", "scipy", "sympy", "typer",
    }  # fmt: skip


def test_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        # Python 3.11.4 brought the filter; it is our own archive.
        archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (source,) = tmp_path.iterdir()
    assert contents(build(source, "wheel", tmp_path / "again")) == contents(wheel)
    for name in (
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "CITATION.cff",
        "Makefile",
        "mkdocs.yml",
        "docs",
        "tests",
    ):
        assert (source / name).exists(), name
    assert not list(source.rglob("__pycache__")) + list(source.rglob(".venv"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with this wheel and the dependencies of the present one, but not the tree."""
    folder = tmp_path_factory.mktemp("clean")
    call(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin" / "python"
    libraries = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    # The .pth file of an editable installation is not read from a folder that a .pth file adds.
    (libraries / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check")
    call(*pip, "--no-deps", "--no-index", "--ignore-installed", wheel, cwd=folder)
    return python.parent


def test_installed_wheel_works_outside_the_tree(installed: Path, tmp_path: Path) -> None:
    home = call(installed / "python", "-c", "import pgsym; print(pgsym.__file__)", cwd=tmp_path)
    assert Path(home.strip()).is_relative_to(installed.parent)
    program = installed / "pgsym"
    assert call(program, "--version", cwd=tmp_path) == f"pgsym {pgsym.__version__}\n"
    assert "verdict: proved" in call(program, "verify", "short-corridor", "-n", 2000, cwd=tmp_path)
    call(program, "derive", "two-state", "--level", "general", "-o", "proof.html", cwd=tmp_path)
    call(program, "certify", "two-state", "-o", "proof.v", cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["proof.html", "proof.v"]


@pytest.mark.slow
def test_wheel_installs_with_its_dependencies_alone(wheel: Path, tmp_path: Path) -> None:
    """An empty environment and a package index: a few minutes."""
    call(sys.executable, "-m", "venv", tmp_path / "clean", cwd=tmp_path)
    python = tmp_path / "clean" / "bin" / "python"
    call(python, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    assert "verdict: proved" in call(python.parent / "pgsym", "verify", "short-corridor", "-n", 2000, cwd=tmp_path)
    optional = call(python, "-m", "pip", "list", "--format=freeze", cwd=tmp_path)
    assert not [name for name in ("gymnasium", "matplotlib", "distributed", "optax") if f"{name}==" in optional]

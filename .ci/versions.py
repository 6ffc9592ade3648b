"""The versions of the environment that runs this: as constraints, or compared with `constraints.txt`.

python .ci/versions.py          prints the file
python .ci/versions.py changed  prints what differs from the file
"""

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

FILE = Path(__file__).parents[1] / "constraints.txt"
HEAD = """\
# Exact versions of the development environment, which the Makefile installs.  `make constraints` writes this file;
# it did so with Python {python} on {system}.
"""


def installed() -> dict[str, str]:
    """Versions by name, without pgsym itself and pip, which every environment brings along."""
    found = {re.sub(r"[-_.]+", "-", d.metadata["Name"]).lower(): d.version for d in distributions()}
    return {name: version for name, version in sorted(found.items()) if name not in ("pgsym", "pip")}


def pinned(text: str) -> dict[str, str]:
    """Versions by name, of a file of constraints."""
    return dict(line.split("==") for line in text.splitlines() if not line.startswith("#"))


def changes(old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    """A line for each package whose version differs.

    >>> list(changes({"a": "1", "b": "1"}, {"a": "2", "c": "1"}))
    ['a: 1 -> 2', 'b: 1 -> none', 'c: none -> 1']
    """
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, "none"), new.get(name, "none")
        if before != after:
            yield f"{name}: {before} -> {after}"


def main() -> None:
    """Print the file, or what differs from it."""
    if sys.argv[1:] == ["changed"]:
        print("Versions that differ from constraints.txt:")
        print("\n".join(changes(pinned(FILE.read_text(encoding="utf-8")), installed())) or "none")
    else:
        python = ".".join(platform.python_version_tuple()[:2])
        print(HEAD.format(python=python, system=f"{platform.system()} {platform.machine()}"), end="")
        print("\n".join(f"{name}=={version}" for name, version in installed().items()))


if __name__ == "__main__":
    main()

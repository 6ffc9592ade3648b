"""docs/limits.md prints every limit with its value and its meaning."""

import ast
import re
from pathlib import Path

from pgsym import limits

PAGE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text(encoding="utf-8")


def test_page_has_every_limit() -> None:
    body = ast.parse(Path(limits.__file__).read_text(encoding="utf-8")).body[1:]
    rows = [
        f"| `{name}` | {getattr(limits, name):,} | {about.value.value} |"
        for assigned, about in zip(body[::2], body[1::2], strict=True)
        for name in [assigned.targets[0].id]
    ]
    assert re.findall(r"^\| `[A-Z_]+` .*", PAGE, re.MULTILINE) == rows

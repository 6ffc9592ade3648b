"""Pictures made by the Python of the page on which they stand."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_PART = re.compile(r"^```python\n(?P<code>>>>.*?)^```$|^(?P<place><!-- picture: (?P<text>[^>]*) -->)$", re.M | re.S)


@dataclass(frozen=True)
class Picture:
    """SVG text, and what it shows in words."""

    svg: str
    description: str


def drawn(markdown: str) -> Iterator[tuple[Picture, str]]:
    """Each picture of a page with the comment where it belongs: the value of `picture` after the session above it.

    The sessions of a page are one; a page without a picture is not run.
    """
    if "<!-- picture: " not in markdown:
        return
    names: dict[str, Any] = {}
    for part in _PART.finditer(markdown):
        if part["code"]:
            _run(part["code"], names)
        else:
            yield Picture(_svg(names.pop("picture")), part["text"].replace("\n", " ")), part["place"]


def _run(session: str, names: dict[str, Any]) -> None:
    """The statements of a session; what they print is for the tests to compare."""
    for example in doctest.DocTestParser().get_examples(session):
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(example.source, "<page>", "single"), names)


def _svg(picture: Any) -> str:
    """Text as it is; a matplotlib figure, or axes, with text as text."""
    if isinstance(picture, str):
        return picture
    import matplotlib

    figure = getattr(picture, "figure", picture)
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "pgsym"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()

"""The playground as a part of the site, where it is asked for: it needs Node.js, and a network on the first time."""

from __future__ import annotations

import os
from pathlib import Path

from pgsym.playground.build import write_playground

SITE = Path("site")
"""Where the site is written; `main` sets it."""


def link() -> str:
    """What leads to the page, which is written on the way."""
    if not os.environ.get("PLAYGROUND"):
        return "This site was built without the playground; `make docs` builds it."
    write_playground(SITE / "play")
    return '<a class="md-button" href="../play/index.html">Open the playground</a>'

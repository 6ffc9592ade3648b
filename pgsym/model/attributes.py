"""What the graph of an MDP may carry: anything else is a misspelling, or says that it is not ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgsym.expression.complaint import nearest

KNOWN = {
    "node": ("terminal", "start"),
    "edge": ("action", "p", "r", "order"),
    "graph": ("gamma", "symbols"),
}
"""The attributes that are read."""

DRAWN = frozenset(
    ("label", "pos", "x", "y", "z", "size", "color", "colour", "fill", "shape", "style", "width", "height")
)
"""What drawing programs write beside them; like every name that begins with _, it is not read."""

_MEANT = {
    "reward": "r",
    "rewards": "r",
    "prob": "p",
    "probability": "p",
    "weight": "p",
    "a": "action",
    "discount": "gamma",
    "discount_factor": "gamma",
    "done": "terminal",
    "absorbing": "terminal",
    "final": "terminal",
    "initial": "start",
    "init": "start",
    "mu0": "start",
}
"""Other names for ours, too unlike them in spelling to be found by it."""


def complaint(scope: str, data: Mapping[str, Any], extra: tuple[str, ...] = ()) -> str | None:
    """What is wrong with the attributes of a node, an edge or a graph: an error's text, or None.

    Parameters
    ----------
    extra
        Further attributes that are read there.

    Examples
    --------
    >>> complaint("edge", {"action": "go", "p": 1, "reward": 5})
    "found the edge attribute 'reward'; the nearest is 'r'. Rename it, or write '_reward' if it is not pgsym's"
    >>> complaint("edge", {"action": "go", "p": 1})
    'the edge has no attribute r; every edge needs action, p and r. Write r=0 where there is no reward'
    """
    known = (*KNOWN[scope], *extra)
    for name in data:
        if name in known or name in DRAWN or str(name).startswith("_"):
            continue
        if name in ("node_default", "edge_default") and not data[name]:  # networkx.read_graphml
            continue
        meant = _MEANT.get(str(name).lower(), str(name).lower())
        help = nearest(meant, known, f"a {scope} has" if scope != "edge" else "an edge has")
        return f"found the {scope} attribute {name!r}; {help}. Rename it, or write {f'_{name}'!r} if it is not pgsym's"
    if scope == "edge":
        for name in ("action", "p", "r"):
            if data.get(name) is None:
                remedy = "Write r=0 where there is no reward" if name == "r" else "Add it"
                return f"the edge has no attribute {name}; every edge needs action, p and r. {remedy}"
    terminal = data.get("terminal")
    if scope == "node" and terminal not in (None, False, True):
        return f"found terminal = {terminal!r}; True or False is required. Write terminal=True where the episode ends"
    return None

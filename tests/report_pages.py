"""A reader of pages, and the problems whose pages are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import pgsym

QUICK = {"samples": 2_000, "steps": 4, "seeds": 2, "batch": 8}

VOID = {"br", "hr", "img", "input", "link", "meta", "rect"}


@dataclass
class Node:
    """An element; `children` holds nodes and text."""

    tag: str
    attributes: dict[str, str | None]
    children: list = field(default_factory=list)

    def walk(self):
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def all(self, *tags: str) -> list[Node]:
        return [node for node in self.walk() if node.tag in tags]

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)


class Reader(HTMLParser):
    """A page as a tree; fails where an element is not closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Node("", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attributes):
        node = Node(tag, dict(attributes))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag, attributes):
        self.open[-1].children.append(Node(tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].children.append(data)


def tree(page: str) -> Node:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == [reader.root], [node.tag for node in reader.open]
    return reader.root


def tables(page: Node) -> dict[str, list[list[str]]]:
    """Rows of cells by the title of their table; minus signs are ASCII ones."""
    found = {}
    for figure in page.all("figure"):
        if figure.attributes.get("class") == "table":
            rows = [[cell.text for cell in row.all("th", "td")] for row in figure.all("tr")]
            (title,) = figure.all("figcaption")
            found[title.text] = [[cell.replace("−", "-") for cell in row] for row in rows]
    return found


HOSTILE = ("<b>", 'x"y', "état", "a_b", "50%", "`tick`", "状", "s' {", "\\x")


def hostile():
    """A model whose names mean something to HTML, to LaTeX or to the claim language."""
    mdp = pgsym.MDP.from_transitions(
        [(s, a, t, 1, 1) for s, t in zip(HOSTILE, (*HOSTILE[1:], "<end>"), strict=True) for a in ("a&b", "$")],
        start=HOSTILE[0],
        terminal=["<end>"],
    )
    policy = pgsym.tabular(mdp)
    return pgsym.Problem(mdp, policy, pgsym.Objective.START_STATE, policy.point([0] * len(policy.params)), "<i>&_%")


def problem(name: str):
    if name == "hostile":
        return hostile()
    if name == "two-state, gamma":
        model = pgsym.zoo("two-state")
        symbolic = model.mdp.replace(gamma="gamma")
        return pgsym.Problem(symbolic, model.policy, model.objective, model.theta, model.name)
    if name == "forty":
        moves = [
            (s, a, (7 * s + 3 * k + 5 * (a == "b")) % 40, "1/3", k) for s in range(40) for a in "ab" for k in (0, 1, 2)
        ]
        mdp = pgsym.MDP.from_transitions(moves, start=0, gamma="1/2")
        policy = pgsym.tabular(mdp)
        return pgsym.Problem(mdp, policy, pgsym.Objective.STATIONARY_VALUE, policy.point([0] * 80), "forty")
    return pgsym.zoo(name)

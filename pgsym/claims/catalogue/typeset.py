r"""Statements as LaTeX: what is declared and defined first, then the chain with its relations under each other.

>>> from pgsym.claims.language import parse
>>> print(chain_latex(parse("for all b(s): sum[a] grad pi(a|s) * b(s) = 0")))
\begin{aligned}
& \text{for all } b(s): \\
& \sum_{a} \nabla \pi(a \mid s) \, b(s) \\
&\quad = 0
\end{aligned}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgsym.claims.language.render import RELATIONS, let_latex
from pgsym.claims.language.tree import Binding, Call, ForAll, ForEach, Let, Statement, World
from pgsym.claims.language.vocabulary import WORLDS


def chain_latex(statement: Statement) -> str:
    """The whole statement as an ``aligned`` body."""
    first, *others = statement.terms
    rows = [f"& {row}" for row in _bindings(statement.bindings)]
    rows.append(f"& {first.latex()}")
    rows += [
        rf"&\quad {RELATIONS[relation]} {term.latex()}"
        for relation, term in zip(statement.relations, others, strict=True)
    ]
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def _bindings(bindings: tuple[Binding, ...]) -> Iterator[str]:
    for binding in bindings:
        match binding:
            case Let():
                yield let_latex(binding)
            case ForAll(name, indices):
                yield rf"\text{{for all }} {Call(name, indices).latex()}:"
            case ForEach(index):
                yield rf"\text{{for all }} {index}:"
            case World(name):
                yield rf"M' \colon \text{{{WORLDS[name]}}}"

"""From an MDP to DRN text, and the comment ``//pgsym {...}`` in it: names and assumptions, which Storm skips."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import sympy as sp
from sympy.printing.str import StrPrinter

from pgsym.errors import FormulaError
from pgsym.expression.grammar import parse
from pgsym.model.files.document import plain_name
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.reductions import explicit, pair_reward

_WORD = re.compile(r"[^\s\[\]\":]+\Z")
_LABEL = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
RESERVED = frozenset({"init", "terminal", "deadlock"})
NO_LABEL = "__NOLABEL__"
TARGET = "a DRN file"
PREFIX = "//pgsym "


def dumps(mdp: MDP, *, discount: str | None = None, average: bool = False) -> str:
    """The model as DRN text, which Storm reads and from which `loads` reads an equal one; options as for `pgsym.save`.

    A model without a choice is a DTMC, which Storm checks with parameters too.  Terminal states are labelled
    ``terminal`` and stay; the start state is labelled ``init``; a state whose name is an identifier is labelled by it.
    Outcomes of one action that lead to one state are added up.

    >>> mdp = MDP.from_transitions([("s", "go", "end", "p", 1), ("s", "go", "s", "1 - p", 1)], start="s",
    ...     terminal=["end"], symbols={"p": "0 < p < 1"})
    >>> print(dumps(mdp).partition("@model")[2].strip())
    state 0 [0] init s
        action go [1]
            0 : 1 - p
            1 : p
    state 1 [0] terminal end
        action __NOLABEL__ [0]
            1 : 1
    """
    mdp = explicit(mdp, TARGET, discount=discount, average=average)
    for symbol in mdp.symbols:
        if not _LABEL.match(symbol.name):
            raise FormulaError(
                f"found the symbol {symbol.name!r}; a parameter of Storm is one identifier. Rename it", where="symbols"
            )
    words = _words(mdp)
    index = {s: i for i, s in enumerate(mdp.states)}
    choice = len(mdp.pairs) > len(mdp.nonterminal)
    lines = ["// Written by pgsym", notes_line(mdp, words), f"@type: {'MDP' if choice else 'DTMC'}"]
    lines.append(f"@value_type: {'parametric' if mdp.symbols else 'rational'}")
    if mdp.symbols:
        lines += ["@parameters", " ".join(sorted(s.name for s in mdp.symbols))]
    choices = len(mdp.pairs) + len(mdp.terminal)
    lines += ["@reward_models", "reward", "@nr_states", str(len(mdp.states)), "@nr_choices", str(choices), "@model"]
    for s, i in index.items():
        lines.append(" ".join([f"state {i} [0]", *_labels(mdp, s)]))
        if s in mdp.terminal:
            lines += [f"\taction {NO_LABEL} [0]", f"\t\t{i} : 1"]
        for a in mdp.actions(s):
            lines.append(f"\taction {words[a]} [{_text(pair_reward(mdp, s, a, TARGET), (s, a))}]")
            row = {index[t]: p for t, p, _ in mdp.outcomes(s, a)}
            lines += [f"\t\t{j} : {_text(row[j], (s, a))}" for j in sorted(row)]
    return "\n".join(lines) + "\n"


def _words(mdp: MDP) -> dict[Action, str]:
    """A word for each action, itself where that is one."""
    actions = list(dict.fromkeys(a for _, a in mdp.pairs))
    plain = {a for a in actions if isinstance(a, str) and _WORD.match(a) and a != NO_LABEL}
    words: dict[Action, str] = {}
    for k, a in enumerate(actions):
        word = str(a) if a in plain else f"a{k}"
        while a not in plain and (word in plain or word in words.values()):
            word += "_"
        words[a] = word
    return words


def _labels(mdp: MDP, s: State) -> list[Any]:
    own = isinstance(s, str) and _LABEL.match(s) and s not in RESERVED
    given = {"init": s in mdp.start, "terminal": s in mdp.terminal, s: own}
    return [label for label, there in given.items() if there]


def _text(expr: sp.Expr, where: Any) -> str:
    if expr.atoms(sp.exp, type(sp.E)):
        raise FormulaError(
            f"found {expr}; Storm reads rational functions. Put a symbol in place of the exponential", where=where
        )
    text = _printed(expr)
    # SymPy multiplies a number into a sum when it reads: in lowest terms nothing is left to multiply
    return text if parse(text, where=where) == expr else _printed(sp.cancel(expr))


def _printed(expr: sp.Expr) -> str:
    return str(_Printer({"order": None}).doprint(expr))


class _Printer(StrPrinter):
    """SymPy's text with every power in brackets: Storm reads -p^2 as (-p)^2, and so does not mean what SymPy does."""

    def _print_Pow(self, expr: sp.Expr, rational: bool = False) -> str:
        base, power = expr.args
        if power < 0:
            return f"(1/{self._print_Pow(base**-power) if power < -1 else f'({self._print(base)})'})"
        return f"(({self._print(base)})^{power})" if not base.is_Symbol else f"({base}^{power})"


def notes_line(mdp: MDP, words: Mapping[Action, str]) -> str:
    """What the numbers and words of the file are called in pgsym, as a comment.

    >>> rows = [("s", "go", (0, 1), 1, 0)]
    >>> notes_line(MDP.from_transitions(rows, terminal=[(0, 1)]), {"go": "go"})
    '//pgsym {"states": ["s", [0, 1]], "terminal": [1]}'
    """
    found: dict[str, Any] = {
        "states": [plain_name(s, "states") for s in mdp.states],
        "terminal": [i for i, s in enumerate(mdp.states) if s in mdp.terminal],
    }
    if renamed := [[word, plain_name(a, "actions")] for a, word in words.items() if word != a]:
        found["actions"] = renamed
    if mdp.assumptions:
        found["symbols"] = dict(mdp.assumptions)
    return PREFIX + json.dumps(found, ensure_ascii=False)

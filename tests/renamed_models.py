"""Small random models under two spellings: plain names, and names that read like one another or like the language.

Nothing that pgsym says may depend on names: the verdict on a claim, and the closed forms, are those of the plain model
with its names put in place of the others.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any

import sympy as sp

from pgsym.claims import decide, parse
from pgsym.claims.language import tree as t
from pgsym.claims.language.statement import Claim, ForAll
from pgsym.exact import solve
from pgsym.exact.policy_symbols import in_policy_symbols
from pgsym.model import MDP, Problem, direct_policy, mixture, softmax_policy, tabular
from pgsym.model.policy import Policy, Softmax

STATES: tuple[Hashable, ...] = (
    1, "1", "'1'", -1, "-1", "x", "x,y", "y,z", "z", "y", "b|c", "c", "a|b", "a", 'q"', "\\", "", " ", "(0, 1)",
    (0, 1), "s", "s'", "pi", "E", "gamma", "γ", "V(1)", "b(1)", "x)(x", "None", "1/2", "0,0", "sum[s]", "θ", "x__2",
    "end", (1,),
)  # fmt: skip
FAMILIES: tuple[tuple[tuple[Hashable, ...], tuple[Hashable, ...]], ...] = (
    ((1, "1"), ("l", "r")), ((-1, "-1"), (1, "1")), (((0, 1), "(0, 1)"), ("l", "r")), (("s", "s'"), ("a", "a'")),
    (("'1'", "1", 1), ("'1'", "1", 1)), (("x,y", "z", "x", "y,z"), ("y,z", "z")), (("c", "b|c"), ("a|b", "a")),
    (("x", "x,y"), ("y,z", "z")), (("gamma", "γ"), ("pi", "π")),
)  # fmt: skip
"""States and actions that are mixed up where some text is taken for them."""
SYMBOLS = (
    "gamma", "pi", "E", "S", "N", "I", "lambda", "θ", "γ", "b", "J", "V", "mu", "b(1)", "b(x)", "b(x,y,z)", "k", "1",
    "pi'(1|1)", "pi'(a|b|c)", "pi(1)", "pi(a|x)", "log(2)", "log(exp(gamma) + 1)", "eps", "x y", "s", "a", "limit",
)  # fmt: skip
OWN = ("b", "c", "f", "k", "x", "gamma_", "b1", "é", "eps", "limit", "p", "a_", "S", "N")

METHODS = ("normal form", "identity test")
SPELLINGS = 8
"""Of each shape."""

CLAIMS = (
    "for all b(s): grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * (Q(s,a) - b(s))",
    "for all b(s): sum[s] eta(s) * (b(s) - gamma * sum[s'] P_pi(s,s') * b(s')) = sum[s] mu0(s) * b(s)",
    "for all b(s), s, s1: b(s) * sum[a] pi(a|s) = b(s1) * sum[a] pi(a|s1)",
    "for all b(s,s'): b({s},{s}) = b({s},{s})",
    "for all b(s,s'): b({s},{s}) * b({s},{s}) = b({s},{s}) * b({s},{s})",
    "for all b(s,a): b({sa}) = b({sa})",
    "for all b(s,a): sum[s,a] b(s,a) * pi(a|s) = b({sa}) + sum[s,a] b(s,a) * pi(a|s) - b({sa})",
    "for all s, s1: sum[a] pi'(a|s)^2 = sum[a] pi'(a|s1)^2",
    "pi'({as}) = pi'({as})",
    "pi'({as}) * pi({as}) = pi({as}) * pi'({as})",
    "pi({as}) = pi({as})",
    "log pi({as}) - log pi({as}) = log pi({as}) - log pi({as})",
    "V({s}) = V({s})",
    "Q({sa}) = r({sa}) + gamma * sum[s'] P(s'|{sa}) * V(s')",
    "for all k: k * J = J * k + {symbol} - {symbol}",
    "for all k: k * {symbol} * J = {symbol} * J",
    "for all b(s), k: k * b({s}) * {symbol} = k * b({s}) * {symbol}",
    "J' - J = sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)",
    "grad J = {symbol} * grad J",
)
"""True and false ones; {s}, {sa} and {as} are states, and actions with their states, drawn at random."""


@dataclass(frozen=True)
class Shape:
    """A model without names: states, actions and symbols are numbered."""

    states: int
    ended: bool
    actions: tuple[int, ...]
    """How many each state has."""
    rows: tuple[tuple[int, int, int, str, str], ...]
    """(state, action, next state, probability, reward) with names of `SLOTS` in the formulas."""
    gamma: str
    kind: str
    logits: tuple[tuple[str, ...], ...]
    """Of the first actions of each state; or probabilities."""
    epsilon: str
    claim: str


SLOTS = ("p", "q", "g", "t", "u", "v", "w")
"""Symbols of the dynamics, then the weight and the parameters, under their plain names."""


@dataclass(frozen=True)
class Spelling:
    """Names for what a shape numbers."""

    states: Sequence[Hashable]
    actions: Sequence[Hashable]
    symbols: Mapping[str, str]
    own: Mapping[str, str]


PLAIN = Spelling(
    tuple(f"s_{k}" for k in range(4)), tuple(f"a_{k}" for k in range(3)), {s: s for s in SLOTS}, {"b": "b", "k": "k"}
)


def spelling(rng: random.Random) -> Spelling:
    """Names drawn from those that read alike."""
    symbols = dict(zip(SLOTS, rng.sample(SYMBOLS, len(SLOTS)), strict=True))
    own = [name for name in OWN if name not in symbols.values()]
    states, actions = rng.choice(FAMILIES) if rng.random() < 0.7 else ((), ())
    return Spelling(
        _with(rng, states, 4), _with(rng, actions, 3), symbols, dict(zip("bk", rng.sample(own, 2), strict=True))
    )


def _with(rng: random.Random, family: Sequence[Hashable], count: int) -> list[Hashable]:
    """Those of a family first, then others."""
    others = [name for name in STATES if name not in family]
    return [*rng.sample(family, len(family)), *rng.sample(others, count)][:count]


def shape(rng: random.Random) -> Shape:
    """A random small model with a claim about it."""
    n, ended = rng.choice([2, 2, 2, 3]), rng.random() < 0.4
    actions = tuple(rng.choice([1, 2, 2, 3]) if k else 2 for k in range(n))
    targets = range(n + ended)
    rows = []
    for s in range(n):
        for a in range(actions[s]):
            one, other = rng.choice(targets), rng.choice(targets)
            r = rng.choice(["1", "2", "-1", "q"])
            if one != other and rng.random() < 0.4:
                p = rng.choice(["p", "1/3"])
                rows += [(s, a, one, p, r), (s, a, other, f"1 - {p}", "0")]
            else:
                rows.append((s, a, one, "1", r))
    kind = rng.choice(["tabular", "shared", "shared", "soft", "direct"])
    logits = tuple(tuple(rng.choice("uvw") for _ in range(m - 1)) for m in actions)
    drawn = rng.choice(CLAIMS)
    while "{" in drawn:
        drawn = drawn.replace("{symbol}", rng.choice(_mentioned(rows, kind, logits)), 1)
        s = rng.randrange(n)
        a = rng.randrange(actions[s])
        drawn = drawn.replace("{sa}", f'"s_{s}","a_{a}"', 1) if rng.random() < 0.5 else drawn
        drawn = drawn.replace("{as}", f'"a_{a}"|"s_{s}"', 1) if rng.random() < 0.5 else drawn
        drawn = drawn.replace("{s}", f'"s_{s}"', 1) if rng.random() < 0.5 else drawn
    gamma = rng.choice(["1/2", "g"])
    return Shape(n, ended, actions, tuple(rows), gamma, kind, logits, "t", drawn)


def _mentioned(rows: Sequence[tuple[int, int, int, str, str]], kind: str, logits: Sequence[Sequence[str]]) -> list[str]:
    found = {name for row in rows for name in ("p", "q") if name in row[3:]}
    found |= {name for row in logits for name in row} if kind != "tabular" else set()
    return sorted(found | ({"t"} if kind == "soft" else set())) or ["2"]


@cache
def _formula(text: str) -> sp.Expr:
    return sp.sympify(text)


def model(shape: Shape, names: Spelling) -> tuple[MDP, Policy]:
    """The model under these names."""
    symbols = {sp.Symbol(slot): sp.Symbol(name) for slot, name in names.symbols.items()}

    def formula(text: str) -> sp.Expr:
        return _formula(text).xreplace(symbols)

    s, a = names.states, names.actions
    rows = [(s[i], a[j], s[k], formula(p), formula(r)) for i, j, k, p, r in shape.rows]
    used = {symbol for row in rows for e in row[3:] for symbol in e.free_symbols} | formula(shape.gamma).free_symbols
    mdp = MDP.from_transitions(
        rows,
        start=s[0],
        terminal=[s[shape.states]] if shape.ended else [],
        gamma=formula(shape.gamma),
        states=[s[k] for k in range(shape.states + shape.ended)],
        symbols=dict.fromkeys((symbol.name for symbol in used), "real"),
    )
    if shape.kind == "tabular":
        return mdp, tabular(mdp)
    table = {s[i]: {a[j]: formula(name) for j, name in enumerate(row)} for i, row in enumerate(shape.logits)}
    if shape.kind == "direct":
        table = {state: {**{b: p / len(mdp.actions(state)) for b, p in row.items()}} for state, row in table.items()}
        for state, row in table.items():
            row[mdp.actions(state)[-1]] = 1 - sp.Add(*row.values())
    params = [formula(name) for name in "uvw" if any(name in row for row in shape.logits)]
    if shape.kind == "direct":
        return mdp, direct_policy(mdp, table, params)
    policy = softmax_policy(mdp, table, params)
    return mdp, mixture(policy, formula("t")) if shape.kind == "soft" else policy


def claim(shape: Shape, names: Spelling) -> Claim:
    """The claim under these names."""
    (plain,) = parse(shape.claim).claims
    places = dict(zip(PLAIN.states, names.states, strict=True)) | dict(zip(PLAIN.actions, names.actions, strict=True))

    def written(node: Any) -> Any:
        if isinstance(node, tuple):
            return tuple(map(written, node))
        if isinstance(node, t.Literal):
            return t.Literal(places[node.name])
        if not is_dataclass(node) or isinstance(node, type):
            return node
        changed = {f.name: written(getattr(node, f.name)) for f in fields(node) if f.init}
        if isinstance(node, t.Symbol):
            changed["name"] = names.symbols[node.name]
        elif isinstance(node, t.Call | ForAll):
            changed["name"] = names.own[node.name]
        elif isinstance(node, Claim):
            changed["source"] = ""
        return replace(node, **changed)

    return written(plain)


@dataclass(frozen=True)
class Answers:
    """What pgsym says about one spelling of a model."""

    mdp: MDP
    policy: Policy
    verdict: Any
    solution: Any
    kept: Any

    @classmethod
    def of(cls, shape: Shape, names: Spelling, method: str) -> Answers:
        mdp, policy = model(shape, names)
        solution = solve(Problem(mdp, policy))
        kept = in_policy_symbols(solution) if isinstance(policy, Softmax) else None
        return cls(mdp, policy, decide(Problem(mdp, policy), claim(shape, names), method=method), solution, kept)

    def symbols(self, shape: Shape, names: Spelling) -> list[sp.Symbol]:
        """Every symbol, in an order that does not depend on names."""
        dynamics = [sp.Symbol(names.symbols[slot]) for slot in ("p", "q", "g", "t")]
        rows = self.kept.policy.rows.values() if self.kept is not None else ()
        return [*dynamics, *self.policy.params, *dict.fromkeys(p for row in rows for p in row if p.is_Symbol)]


@cache
def plain(shape: Shape, method: str) -> Answers:
    """The answers under plain names."""
    return Answers.of(shape, PLAIN, method)


def case(number: int) -> tuple[Shape, Spelling, str]:
    """A model under other names and how its claim is decided; one shape has several spellings in a row."""
    k = number // SPELLINGS
    return shape(random.Random(k)), spelling(random.Random(-1 - number)), METHODS[k % 2]


def complaints(shape: Shape, names: Spelling, method: str) -> Iterator[str]:
    """How what is said about the spelling differs from what is said about the plain one."""
    one, other = plain(shape, method), Answers.of(shape, names, method)
    if one.verdict.status != other.verdict.status:
        yield f"{one.verdict.status} with plain names, {other.verdict.status}: {other.verdict.claim}"
    back = dict(zip(other.symbols(shape, names), one.symbols(shape, PLAIN), strict=True))
    for mine, theirs in ((one.solution, other.solution), (one.kept, other.kept)):
        if mine is None:
            continue
        field, q = mine.field, mine.quantities
        known = [q.J, *q.V.values(), *list(q.gradient.values())[:1]]
        found = [theirs.J, *theirs.V.values(), *list(theirs.grad.values())[:1]]
        for e, f in zip(known, found, strict=True):
            if not field.is_zero(e - field.convert(f.xreplace(back))):
                yield f"{field.to_sympy(e)} with plain names, {f}"
        left = [shown for shown, _ in theirs.V.lines()]
        if len(set(left)) < len(left):
            yield f"two entries are written alike: {left}"
    sizes = [_sizes(answers.verdict) for answers in (one, other)]
    if sizes[0] != sizes[1]:
        yield f"the report has {sizes[0]} entries with plain names, {sizes[1]}"
    printed = claim(shape, names)
    if all(isinstance(name, str) or (type(name) is int and name >= 0) for name in _literals(printed)):
        (read,) = parse(str(printed), printed.bindings).claims
        if str(read) != str(printed) or _literals(read) != _literals(printed):
            yield f"read back as another claim: {printed}"


def _sizes(verdict: Any) -> dict[str, int]:
    """How many entries each part of a refutation has: none may overwrite another."""
    found = verdict.to_json()
    parts = {key: len(value) for key, value in found.get("witness", {}).items()}
    return parts | {"difference": len(found.get("difference", {}))}


def _literals(claim: Claim) -> list[tuple[type, Hashable]]:
    nodes = [node for side in (claim.left, claim.right) for node in side.walk()]
    indices = (i for node in nodes if isinstance(node, t.Call | t.Quantity) for i in node.indices)
    return [i.name for i in indices if isinstance(i, t.Literal)]

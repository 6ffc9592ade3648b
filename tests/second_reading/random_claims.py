"""Random claims: well-formed typed trees over every construct of the language, on a given model.

`true` ones have a side written in another way (`rewriting`), `false` ones a slip on top of that or two sides that have
nothing to do with each other, `undefined` ones a part that has no value on some models, multiplied by 0.  What each of
them is on the model at hand, the second reading says.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from pgsym.claims import parse
from pgsym.claims.language import tree as t
from pgsym.claims.language.check import check
from pgsym.claims.language.relation import EQUAL, PROPORTIONAL, UNEQUAL
from pgsym.claims.language.rewriting import rewrite
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import Binding, Claim, ForAll, ForEach, Let, World
from pgsym.errors import ClaimError
from pgsym.model import Objective, Problem
from second_reading.mutations import HARMLESS, KINDS, some_mutant
from second_reading.rewriting import GAMMA, ONE, RBAR, TWO, ZERO, J, Names, loose, rewritten

SORTS = ("true", "false", "true", "false", "true", "false", "undefined")
"""What random claims are meant to be, in turn."""

SCALARS = ("J", "rbar", "gamma", "E[T]", "|S|")
OF_A_STATE = ("V", "h", "mu", "eta", "d", "mu0", "r_pi", "g", "nu", "H", "n")
OF_A_PAIR = ("Q", "A", "pi", "r", "logit", "log pi", "E[r^2]")
OF_TWO_STATES = ("P_pi", "D", "k")
PRIMED = frozenset({"J", "V", "Q", "A", "rbar", "mu", "eta", "d", "pi", "r_pi", "P_pi", "h", "g"})
OVERRIDES = {"J": ("r", "gamma", "mu0"), "V": ("r", "gamma"), "Q": ("r", "gamma"), "A": ("r", "gamma"), "h": ("r",),
             "rbar": ("r",), "eta": ("gamma", "mu0"), "d": ("gamma", "mu0")}  # fmt: skip

Pairs = tuple[tuple[str, str], ...]
"""The states that are bound, each with the name of an action of it."""


class Maker:
    """Random expressions on one model."""

    def __init__(self, problem: Problem, rng: random.Random) -> None:
        self.problem = problem
        self.rng = rng
        self.declared: dict[str, Binding] = {}
        self.primes = rng.random() < 0.25
        mdp, average = problem.mdp, problem.objective is Objective.AVERAGE_REWARD
        self.seldom = {"mu", "h", "D", "rbar"} if mdp.terminal else {"E[T]"}
        self.seldom |= {"V", "eta", "d"} if average else {"h"} if mdp.gamma == 1 else set()
        self.seldom |= {"J"} if average and mdp.terminal else set()
        """What has no value on this model, or often none."""

    def chosen(self, names: Sequence[str], weights: Sequence[int]) -> str:
        """One of the names, seldom one that has no value here."""
        return self.rng.choices(
            names, [w * (0.04 if n in self.seldom else 1) for n, w in zip(names, weights, strict=True)]
        )[0]

    # -- expressions -----------------------------------------------------------------------------------------

    def scalar(self, depth: int, known: Pairs, order: int) -> t.Node:
        rng = self.rng
        if depth <= 0 or rng.random() < 0.15:
            return self.leaf(known)
        kind = rng.choices(
            ("+", "-", "*", "/", "power", "neg", "sg", "sum s", "sum a", "E", "E next", "dot", "limit"),
            (6, 6, 7, 2, 1, 1, 1, 6, 4 if known else 0, 3, 4 if known else 0, 2 if order else 0, 0.4),
        )[0]
        match kind:
            case "+" | "-" | "*":
                make = {"+": t.Add, "-": t.Sub, "*": t.Mul}[kind]
                return make(self.scalar(depth - 1, known, order), self.scalar(depth - 1, known, order))
            case "/":
                below = t.Add(ONE, t.Pow(self.leaf(known), 2)) if rng.random() < 0.6 else self.number()
                return t.Div(self.scalar(depth - 1, known, order), below)
            case "power":
                return t.Pow(self.leaf(known), rng.choice([2, 2, 3, 1]))
            case "sg":
                return t.StopGradient(self.scalar(depth - 1, known, order))
            case "neg":
                return t.Neg(self.scalar(depth - 1, known, order))
            case "sum s":
                s, a = fresh(known)
                return t.Sum((s,), self.scalar(depth - 1, (*known, (s, a)), order))
            case "sum a":
                s, a = known[-1]
                return t.Sum((a,), t.Mul(t.Quantity("pi", (a, s)), self.scalar(depth - 1, known, order)))
            case "E":
                s, a = fresh(known)
                draws = [t.Draw(s, self.chosen(["mu", "eta", "d", "mu0", "nu"], [1] * 5))]
                draws += [t.Draw(a, "pi", self.primes and rng.random() < 0.3)] if rng.random() < 0.7 else []
                return t.Expect(tuple(draws), self.scalar(depth - 1, (*known, (s, a)), order))
            case "E next":
                s, a = known[-1]
                s2, a2 = fresh(known)
                body = self.scalar(depth - 1, (*known, (s2, a2)), order)
                if rng.random() < 0.5:
                    return t.Sum((s2,), t.Mul(t.Quantity("P_pi", (s, s2)), body))
                body = t.Sum((s2,), t.Mul(t.Quantity("P", (s2, s, a)), body))
                return t.Sum((a,), t.Mul(t.Quantity("pi", (a, s)), body))
            case "dot":
                return t.Dot(self.vector(depth - 1, known, order), self.vector(depth - 1, known, order))
        return t.Limit(t.Mul(t.Sub(ONE, GAMMA), self.scalar(depth - 2, known, 0)))

    def vector(self, depth: int, known: Pairs, order: int) -> t.Node:
        rng = self.rng
        if depth <= 0 or order <= 0 or rng.random() < 0.3:
            if known and rng.random() < 0.4:
                s, a = rng.choice(known)
                return t.Grad(t.Log(t.Quantity("pi", (a, s))))
            if rng.random() < 0.1:
                return t.Quantity("vec(theta)")
            return t.Grad(self.scalar(max(depth - 1, 0), known, 0))
        kind = rng.choices(("grad", "+", "scaled", "sum", "matrix"), (4, 3, 4, 4, 1))[0]
        if kind == "grad":
            return t.Grad(self.scalar(depth - 1, known, order - 1))
        if kind == "+":
            left = ZERO if rng.random() < 0.1 else self.vector(depth - 1, known, order)
            return rng.choice([t.Add, t.Sub])(left, self.vector(depth - 1, known, order))
        if kind == "scaled":
            return t.Mul(self.scalar(depth - 2, known, order), self.vector(depth - 1, known, order))
        if kind == "sum":
            s, a = fresh(known)
            inner = (*known, (s, a))
            body = t.Mul(
                t.Quantity(self.chosen(["mu", "eta", "d", "mu0"], [1] * 4), (s,)), self.vector(depth - 1, inner, order)
            )
            return t.Sum((s,), body)
        return t.Dot(self.matrix(depth - 1, known, order), self.vector(depth - 2, known, order))

    def matrix(self, depth: int, known: Pairs, order: int) -> t.Node:
        rng = self.rng
        kind = rng.choices(("outer", "F", "hessian", "transpose", "+", "inv", "product"), (5, 1, 2, 2, 2, 0.4, 1))[0]
        if depth <= 0 or kind == "outer":
            return t.Outer(self.vector(depth - 1, known, order), self.vector(depth - 1, known, order))
        if kind == "F":
            return t.Quantity(rng.choice(["F", "I"]))
        if kind == "hessian" and order > 1:
            return t.Grad(self.vector(min(depth - 1, 1), known, order - 1))
        if kind == "+":
            return t.Add(self.matrix(depth - 1, known, order), self.matrix(depth - 1, known, order))
        if kind == "inv":
            fisher = t.Quantity("F")
            return t.Inv(t.Add(fisher, self.matrix(depth - 2, known, 1)) if rng.random() < 0.5 else fisher)
        if kind == "product":
            return t.Dot(self.matrix(depth - 2, known, order), self.matrix(depth - 2, known, order))
        return t.Transpose(self.matrix(depth - 1, known, order))

    # -- leaves ----------------------------------------------------------------------------------------------

    def number(self) -> t.Number:
        return t.Number(Fraction(self.rng.randint(1, 4), self.rng.choice([1, 1, 2, 3])))

    def leaf(self, known: Pairs) -> t.Node:
        rng = self.rng
        if not known or rng.random() < 0.2:
            kind = rng.choices(("quantity", "number", "symbol", "literal", "free"), (6, 2, 2, 2, 1))[0]
            if kind == "number":
                return self.number()
            if kind == "literal":
                return self.literal()
            if kind == "free":
                return self.own("lambda")
            names = [p.name for p in (*self.problem.policy.params, *self.problem.mdp.symbols)]
            if kind == "symbol" and names:
                return t.Symbol(rng.choice(sorted(names)))
            return self.quantity(self.chosen(SCALARS, (6, 4, 3, 1, 1)), ())
        s, a = rng.choice(known)
        kind = rng.choices(("state", "pair", "two", "b", "c"), (7, 6, 1 if len(known) > 1 else 0, 1, 1))[0]
        if kind == "state":
            found = self.quantity(self.chosen(OF_A_STATE, (6, 3, 3, 4, 2, 2, 4, 1, 1, 1, 1)), (s,))
            return t.Log(found) if found.name in ("mu", "eta", "d") and rng.random() < 0.1 else found
        if kind == "two":
            s2, a2 = rng.choice([pair for pair in known if pair[0] != s])
            if rng.random() < 0.3:
                return t.Indicator((a, a2) if rng.random() < 0.3 else (s, s2))
            name = self.chosen(OF_TWO_STATES, [1, 1, 1])
            return self.own("k", (s, s2)) if name == "k" else self.quantity(name, (s, s2))
        if kind in "bc":
            return self.own(kind, (s,) if kind == "b" else (s, a))
        name = rng.choices(OF_A_PAIR, (5, 3, 4, 3, 1, 1, 1))[0]
        if name == "log pi":
            return t.Log(self.quantity("pi", (a, s)))
        return self.quantity(name, (a, s) if name == "pi" else (s, a))

    def own(self, name: str, indices: tuple[str, ...] = ()) -> t.Node:
        self.declared.setdefault(name, ForAll(name, {"b": ("s",), "c": ("s", "a"), "k": ("s", "s'")}.get(name, ())))
        return t.Call(name, indices)

    def quantity(self, name: str, indices: tuple[t.Index, ...]) -> t.Quantity:
        rng, overrides = self.rng, []
        primed = self.primes and name in PRIMED and rng.random() < 0.4
        if name in OVERRIDES and rng.random() < 0.12:
            overrides = [self.override(key) for key in OVERRIDES[name] if rng.random() < 0.5]
        return t.Quantity(name, indices, primed, tuple(overrides))

    def override(self, key: str) -> t.Override:
        rng = self.rng
        if key == "gamma":
            half, known = t.Number(Fraction(1, 2)), self.own("lambda") if rng.random() < 0.5 else GAMMA
            return t.Override(key, rng.choice([half, known, t.Mul(GAMMA, known), t.Div(known, TWO), TWO, ONE, ZERO]))
        if rng.random() < 0.5:
            self.own("b")
            return t.Override(key, t.Call("b"))
        name = rng.choice(["r_pi", "pi"]) if key == "r" else rng.choice(["r_pi", "mu0"])
        return t.Override(key, t.Quantity(name))

    def literal(self) -> t.Node:
        """Something at a state by name."""
        rng, mdp = self.rng, self.problem.mdp
        state = rng.choice(mdp.states)
        s = t.Literal(state if type(state) is int and state >= 0 else str(state))
        if state in mdp.terminal or rng.random() < 0.5:
            return self.quantity(self.chosen(["V", "mu0", "r_pi", "eta", "nu", "g", "h"], [1] * 7), (s,))
        action = rng.choice(mdp.actions(state))
        a = t.Literal(action if type(action) is int and action >= 0 else str(action))
        return self.quantity("pi", (a, s)) if rng.random() < 0.5 else self.quantity(rng.choice(["Q", "r"]), (s, a))

    # -- parts without a value -------------------------------------------------------------------------------

    def hollow(self) -> t.Node:
        """A part that is 0 where it is defined, and on many models is not."""
        rng, mdp = self.rng, self.problem.mdp
        state = rng.choice(mdp.states)
        s = t.Literal(state if type(state) is int and state >= 0 else str(state))
        gamma = t.Number(Fraction(int(mdp.gamma.p), int(mdp.gamma.q))) if mdp.gamma.is_Rational else GAMMA
        fisher, inner = t.Quantity("F"), ("s9",)
        ghost = rng.choice([
            *(t.Quantity(name, (s,)) for name in ("mu", "eta", "h", "V", "d")),
            t.Quantity("D", (s, s)),
            t.Quantity("E[T]"),
            J,
            RBAR,
            t.Quantity("V", (s,), False, (t.Override("gamma", TWO),)),
            t.Quantity("J", (), False, (t.Override("gamma", ONE),)),
            t.Sum(inner, t.Mul(t.Quantity("mu", inner), t.Quantity("V", inner))),
            t.Expect((t.Draw("s9", "mu0"),), t.Quantity("eta", inner)),
            t.Limit(J),
            t.Dot(t.Grad(J), t.Dot(t.Inv(fisher), t.Grad(J))),
        ])  # fmt: skip
        number = t.Number(Fraction(len(mdp.nonterminal)))
        nothing = rng.choice([t.Sub(J, J), t.Sub(GAMMA, gamma), t.Sub(RBAR, RBAR), t.Sub(t.Quantity("|S|"), number)])
        return rng.choice([
            t.Mul(ZERO, ghost), t.Sub(ghost, ghost), t.Div(ZERO, nothing), t.Div(nothing, nothing),
            t.Mul(nothing, ghost), t.Mul(ZERO, t.Pow(nothing, -1)),
        ])  # fmt: skip


def fresh(known: Pairs) -> tuple[str, str]:
    mark = ("", "'", "1")[len(known)] if len(known) < 3 else str(len(known) + 10)
    return f"s{mark}", f"a{mark}"


# -- claims ----------------------------------------------------------------------------------------------


def random_claim(problem: Problem, sort: str, rng: random.Random) -> Claim:
    """A claim that makes sense, of that sort, read back from its text."""
    while True:
        claim = _draft(problem, sort, rng)
        if claim is None:
            continue
        try:
            check(claim)
            return parse(str(claim.statement)).claims[0]
        except ClaimError:
            continue


def _draft(problem: Problem, sort: str, rng: random.Random) -> Claim | None:
    maker = Maker(problem, rng)
    rank = rng.choices((0, 1, 2), (6, 4, 1))[0]
    known: Pairs = (("s", "a"),) if rng.random() < 0.4 else ()
    make: Callable[..., t.Node] = (maker.scalar, maker.vector, maker.matrix)[rank]
    depth, order = rng.choice([1, 2, 2, 3]), 2 if rng.random() < 0.2 else 1
    left = make(depth, known, order)
    names = Names(rng, Scope(tuple(maker.declared.values())))
    if sort == "false" and rng.random() < 0.3:
        right = make(depth, known, order)
    else:
        right = rewritten(left, names, rng.randint(1, 4))
    if sort == "undefined":
        left, right = _with_hollow(left, right, maker, names)
    relation = rng.choices((EQUAL, UNEQUAL, PROPORTIONAL), (8, 1, 1))[0]
    if relation == PROPORTIONAL:
        right = t.Mul(rng.choice([TWO, GAMMA, t.Add(ONE, t.Pow(J, 2))]), right)
    bindings: list[Binding] = list(maker.declared.values())
    each = sorted(loose(left) | loose(right))
    bindings += [ForEach(i) for i in each]
    rng.shuffle(bindings)
    claim = Claim(left, relation, right, tuple(bindings))
    if rng.random() < 0.2:
        claim = _with_definition(claim, names)
    if maker.primes and rng.random() < 0.4:
        claim = replace(claim, bindings=(World("terminating"), *claim.bindings))
    if sort == "false":
        return _slipped(claim, rng)
    return claim


def _with_hollow(left: t.Node, right: t.Node, maker: Maker, names: Names) -> tuple[t.Node, t.Node]:
    part, rng = maker.hollow(), maker.rng
    vector = t.Grad(part) if rng.random() < 0.5 else t.Mul(part, t.Grad(J))
    if names.rank(right) in (0, None):
        right = rng.choice([t.Add(right, part), t.Sub(part, t.Neg(right)), t.Mul(t.Add(ONE, part), right)])
    elif names.rank(right) == 1:
        right = rng.choice([t.Add(right, vector), t.Sub(vector, t.Neg(right)), t.Mul(t.Add(ONE, part), right)])
    else:
        right = rng.choice([t.Mul(t.Add(ONE, part), right), t.Add(right, t.Outer(vector, t.Grad(J)))])
    return (left, right) if rng.random() < 0.5 else (right, left)


def _with_definition(claim: Claim, names: Names) -> Claim:
    """A part of the left side as a definition, used wherever the part stands."""
    parts = [n for n in claim.left.walk() if n.children and names.rank(n) in (0, 1) and not isinstance(n, t.Quantity)]
    if not parts:
        return claim
    part = names.rng.choice(parts)
    indices = tuple(sorted(loose(part), key=lambda i: (t.is_action(i), i)))
    bound = {i for n in part.walk() if isinstance(n, t.Sum) for i in n.indices}
    bound |= {d.index for n in part.walk() if isinstance(n, t.Expect) for d in n.draws}
    if bound & set(indices) or len(indices) > 2:
        return claim

    def named(node: t.Node) -> t.Node | None:
        return t.Call("f", indices) if node == part else None

    sides = (rewrite(claim.left, named), rewrite(claim.right, named))
    kept = [b for b in claim.bindings if isinstance(b, ForAll)]
    rest = [b for b in claim.bindings if not isinstance(b, ForAll)]
    return Claim(sides[0], claim.relation, sides[1], (*kept, Let("f", indices, part), *rest))


def _slipped(claim: Claim, rng: random.Random) -> Claim | None:
    for name in rng.sample(sorted(set(KINDS) - HARMLESS), 6):
        try:
            mutant = some_mutant(claim, name, rng)
        except ClaimError:
            return None
        if mutant is not None:
            return mutant.claim
    return claim

"""The quantities of a claim as terms for Coq, each by its definition as a sum over states and actions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from typing import Any, ClassVar

from pgsym.certificates.tensor_terms import (
    DELTA,
    DERIVATIVE,
    INVERSE,
    LOG,
    Minus,
    Named,
    Numeral,
    Over,
    Plus,
    Slope,
    Tensor,
    Term,
    Times,
    Total,
    derivative,
    expanded,
    is_moving,
    parts,
    text,
)
from pgsym.claims.language import tree as t
from pgsym.errors import CertificateError
from pgsym.prover import GeneralVerdict
from pgsym.prover.general import UNDISCOUNTED
from pgsym.prover.letters import LetterQuantities, LetterReading
from pgsym.prover.quantities import places_of
from pgsym.prover.tensors import OWN, Factor, Terms, new_index

Names = Mapping[str, str]
"""What the indices of a claim stand for."""


@dataclass(frozen=True)
class CoqDefinition:
    """A function that a file defines."""

    params: tuple[str, ...]
    body: Term


class DefinedQuantities(LetterQuantities):
    """Quantities by the names of their definitions; mu is a tensor."""

    kept: ClassVar[tuple[str, ...]] = ("J", "rbar", "h", "V", "Q", "A", "eta", "r_pi", "P_pi", "E[T]")


class DefinedReading(LetterReading):
    """One claim in the names of definitions."""

    quantities = DefinedQuantities


@dataclass
class ClaimWords:
    """One claim that is proved; what its file has to define and to assume is collected on the way."""

    verdict: GeneralVerdict
    definitions: dict[str, CoqDefinition] = field(default_factory=dict)
    matrices: dict[str, tuple[str, str, Any]] = field(default_factory=dict)
    """Of a resolvent's name in Coq: its chain, and its discount in words and as an element."""
    chains: set[tuple[str, str]] = field(default_factory=set)
    """(mark, "mu" or "D") that the file speaks of."""
    known: set[str] = field(default_factory=set)
    """Hypotheses that the proof uses, beyond those of its quantities."""
    denominators: dict[str, None] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    """The claim's own, by their name in Coq."""
    slopes: list[Slope] = field(default_factory=list)

    def __post_init__(self) -> None:
        v = self.verdict
        self.reading = DefinedReading(v.claim, v.objective, undiscounted=UNDISCOUNTED in v.hypotheses)
        self.scope, self.e = self.reading.scope, self.reading.equations
        self.reading.difference()  # which names all discounts

    # -- the claim as terms -------------------------------------------------------------------------------------

    def refuse(self, what: str) -> CertificateError:
        return CertificateError(
            f"found {what} in {self.verdict.claim}; certificates for every MDP are written for sums, products and "
            "first derivatives of J, V, Q, A, eta, mu, h, D, pi, P, r and functions of the claim's own. Read the proof "
            "in pgsym.prove(...).certificate",
            where="claim",
        )

    def term(self, node: t.Node, names: Names) -> Term:
        """An expression of the claim language."""
        match node:
            case t.Number(value):
                return Numeral(str(value))
            case t.Neg(x):
                return Minus(self.term(x, names))
            case t.Add(x, y):
                return Plus(self.term(x, names), self.term(y, names))
            case t.Sub(x, y):
                return Plus(self.term(x, names), Minus(self.term(y, names)))
            case t.Mul(x, y):
                return Times(self.term(x, names), self.term(y, names))
            case t.Div(x, y):
                return Over(self.term(x, names), self.divisor(y, names))
            case t.Pow(x, power) if power > 0:
                found = self.term(x, names)
                for _ in range(power - 1):
                    found = Times(found, self.term(x, names))
                return found
            case t.Log(t.Quantity("pi") as x):
                return self.form(self.term(x, names), LOG)
            case t.Log(t.Mul(x, y)):
                return self.term(t.Add(t.Log(x), t.Log(y)), names)
            case t.Log(t.Div(x, y)):
                return self.term(t.Sub(t.Log(x), t.Log(y)), names)
            case t.Grad(x):
                return self.gradient(self.term(x, names))
            case t.Sum(indices, x):
                return self.sum(node, indices, x, names)
            case t.Expect():
                return self.term(node.expanded(), names)
            case t.Indicator((first, second)):
                return self.tensor("id", self.index(first, names), self.index(second, names))
            case t.Call():
                return self.call(node, names)
            case t.Quantity():
                return self.quantity(node, [self.index(i, names) for i in node.indices])
        raise self.refuse(type(node).__name__)

    def index(self, index: t.Index, names: Names) -> str:
        return names.get(str(index), str(index))

    def sum(self, node: t.Sum, indices: tuple[str, ...], body: t.Node, names: Names) -> Term:
        if not indices:
            return self.term(body, names)
        first, *rest = indices
        inner = t.Sum(tuple(rest), body) if rest else body
        partner = self.scope.range(inner, first, node.drawn).partner
        of = "" if partner is None else self.index(partner, names)
        new = new_index(first[0])
        return Total(new, of, self.sum(node, tuple(rest), body, {**names, first: new}))

    def divisor(self, node: t.Node, names: Names) -> Numeral | Tensor:
        found = self.term(node, names)
        if isinstance(found, Tensor) and found.form == "{}" and found.name.startswith("pi"):
            self.form(found, INVERSE)
            return found
        if any(isinstance(part, Tensor) for part in parts(found)):
            raise self.refuse(f"a division by {node}")
        self.not_zero(self.reading.number(node).numer)
        return Numeral(text(found, []))

    def not_zero(self, polynomial: Any) -> None:
        """A divisor is assumed to be other than 0."""
        for factor, _ in polynomial.factor_list()[1]:
            least = factor[min(factor.itermonoms(), key=sum)]
            self.denominators[in_words((-factor if least < 0 else factor).as_expr())] = None

    def form(self, tensor: Term, form: str) -> Tensor:
        """1/pi, log pi or d pi."""
        assert isinstance(tensor, Tensor)
        if form != DERIVATIVE:
            self.known.add(f"{tensor.name}_positive")
        return Tensor(tensor.name, tensor.at, tensor.moving, form)

    def gradient(self, body: Term) -> Term:
        if not is_moving(body):
            return Numeral("0")
        if isinstance(body, Tensor) and body.name == "pi" and body.form == "{}":
            return self.form(body, DERIVATIVE)
        if any(isinstance(p, Slope) or (isinstance(p, Tensor) and p.form == DERIVATIVE) for p in parts(body)):
            raise self.refuse("a gradient of second order")
        self.slopes.append(Slope(body, self.slope_of(body)))
        return self.slopes[-1]

    def slope_of(self, term: Term) -> Term:
        """The derivative of a term along theta."""
        return derivative(expanded(term), self.slope)

    def slope(self, tensor: Tensor) -> Term:
        """The derivative of pi, N, mu or D, as Chains.v states it."""
        if tensor.name == "pi":
            return self.form(tensor, DERIVATIVE)
        y, z, x = new_index("s"), new_index("s"), new_index("s")
        mark = "'" * tensor.name.endswith("'")

        def step(s: str, to: str, after: Term) -> Term:
            a = new_index("a")
            moved = Total(a, s, Times(self.tensor("dpi", s, a), self.tensor(self.e.letter("P", mark), s, a, to)))
            return Total(to, "", Times(moved, after))

        if tensor.name == f"mu{mark}":
            (at,) = tensor.at
            self.chains.add((mark, "D"))
            return Total(y, "", Times(self.tensor(f"mu{mark}", y), step(y, z, self.tensor(f"D{mark}", z, at))))
        s, at = tensor.at
        first = Total(y, "", Times(Tensor(tensor.name, (s, y), True), step(y, z, Tensor(tensor.name, (z, at), True))))
        if tensor.name == f"D{mark}":
            mean = self.slope(Tensor(f"mu{mark}", (x,), True))
            return Plus(first, Minus(Total(x, "", Times(mean, Tensor(tensor.name, (x, at), True)))))
        return Times(Numeral(self.matrices[tensor.name][1]), first)

    def call(self, node: t.Call, names: Names) -> Term:
        at = [self.index(i, names) for i in node.indices]
        if node.name in self.scope.free:
            return self.tensor(OWN + node.name, *at) if at else Numeral(self.number(node.name))
        let = self.scope.lets[node.name]
        if self.scope.rank(let.body):
            return self.term(let.body, dict(zip(let.indices, at, strict=True)))
        return self.named(own_name(node.name), let.indices, at,
                          lambda at: self.term(let.body, dict(zip(let.indices, at, strict=True))))  # fmt: skip

    def number(self, name: str) -> str:
        """A number of the claim's own."""
        if own_name(name) != name:
            raise CertificateError(f"found the number {name}, which means something else in Coq; another name is "
                                   "required. Rename it", where="claim")  # fmt: skip
        return name

    def named(self, name: str, params: Sequence[str], at: Sequence[str], body: Callable[[Sequence[str]], Term]) -> Term:
        """A function that the file defines."""
        if name not in self.definitions:
            inner = body(params)
            self.definitions[name] = CoqDefinition(tuple(params), inner)
        return Named(name, tuple(at), body(at))

    # -- quantities ---------------------------------------------------------------------------------------------

    def tensor(self, name: str, *at: str) -> Tensor:
        """A tensor of the prover."""
        if name == "id":
            return Tensor(DELTA, at)
        if name.startswith(OWN):
            own = name.removeprefix(OWN)
            self.functions[own_name(own)] = own
            return Tensor(own_name(own), at)
        for start, form in (("d", DERIVATIVE), ("i", INVERSE), ("l", LOG)):
            if name in (f"{start}pi", f"{start}pi'"):
                return self.form(self.tensor(name[1:], *at), form)
        mark = "'" if "'" in name else ""
        moving = self.e.letter("pi", mark) == "pi"
        if name.startswith("N"):
            words = name.partition("[")[2][:-1]
            short = f"N{mark}" if words == "gamma" else f"N{mark}_{_plain(words)}"
            k = self.e.discounts[words]
            self.matrices[short] = (mark, in_words(k.as_expr()), k)
            return Tensor(short, at, moving)
        base = name.rstrip("'")
        if base in ("mu", "D"):
            self.chains |= {(mark, "mu"), (mark, base)}
            return Tensor(name, at, moving)
        if base in ("pi", "P", "r", "mu0"):
            return Tensor(name, at, name == "pi")
        raise self.refuse(name)

    def quantity(self, node: t.Quantity, at: Sequence[str]) -> Term:
        """A quantity of the vocabulary at a place, by its definition."""
        if node.name not in (*DefinedQuantities.kept, "gamma", "pi", "P", "r", "mu0", "mu", "D") or len(at) > 3:
            raise self.refuse(node.name)
        of = DefinedQuantities(self.reading, node)
        if node.name not in of.kept:
            return self.sum_of(of.of(node.name, list(at)), at)
        tag = "".join(f"_{_plain(str(o.value))}" for o in node.overrides)
        name = {"E[T]": "expected_length"}.get(node.name, node.name) + of.mark + tag
        params = [i.lower().replace("t", "s'") for i in places_of(node.name)]
        return self.named(name, params, at, lambda at: self.sum_of(of.written(list(at)), at))

    def sum_of(self, terms: Terms, bound: Sequence[str]) -> Term:
        """A sum of products; what is summed over is what is not bound."""
        return reduce(Plus, (self.product(c, [f for f in fs if f[0] != "one"], set(bound)) for c, fs in terms))

    def product(self, c: Any, factors: list[Factor], bound: set[str]) -> Term:
        """Each sum stands where its index comes up first."""
        c = self.reading.field.one * c
        number = Numeral(in_words(c.as_expr()))
        if not factors:
            return number
        if c != 1:
            body = self.product(1, factors, bound)
            return Minus(body) if c == -1 else Times(number, body)
        (name, *at), *rest = factors
        new = [(i, of if i[0] == "a" else "") for of, i in pairwise(["", *at]) if i not in bound]
        node = self.reading.letters.get(name)
        found = self.tensor(name, *at) if node is None else self.quantity(node, at)
        if rest:
            found = Times(found, self.product(1, rest, bound.union(at)))
        for i, of in reversed(new):
            found = Total(i, of, found)
        return found

    def step(self, mark: str, s: str, y: str) -> Term:
        """P_pi of a chain."""
        return self.quantity(t.Quantity("P_pi", (), bool(mark)), [s, y])


def in_words(expression: Any) -> str:
    """A rational function in Coq's words.

    >>> in_words("gamma**2/(1 - gamma)")
    'gamma^2/(1 - gamma)'
    """
    return str(expression).replace("**", "^")


def _plain(words: str) -> str:
    return re.sub(r"\W+", "_", words).strip("_")


_TAKEN = """states actions theta u x N D P J V Q A h mu eta rbar r pi mu0 gamma at in as fun let end if then else fix
with match forall exists exists2 return where using cofix Set Prop Type SProp R O S I sum prod delta den norm tensor
claim tensors gradients nonzero derives cancels coefficient numbers factor_den fst snd map conj ln list nat Derive"""


def own_name(name: str) -> str:
    """A function of the claim's own in Coq, where names of the file and of its proof mean something else.

    >>> own_name("b"), own_name("delta"), own_name("s1")
    ('b', 'delta_own', 's1_own')
    """
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    free = plain == name and plain not in _TAKEN.split() and plain[0] not in "saiHN_"
    return plain if free else f"{'' if plain[0].isalpha() else 'f'}{plain}_own"

"""The quantities of a claim as terms for Coq, each by its definition as a sum over states and actions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
    fresh,
    is_moving,
    parts,
    text,
)
from pgsym.claims.language import tree as t
from pgsym.errors import CertificateError
from pgsym.model.objective import Objective
from pgsym.prover import GeneralVerdict
from pgsym.prover.general import UNDISCOUNTED
from pgsym.prover.quantities import TensorQuantities
from pgsym.prover.reading import Reading
from pgsym.prover.tensors import OWN

Names = Mapping[str, str]
"""What the indices of a claim stand for."""


@dataclass(frozen=True)
class CoqDefinition:
    """A function that a file defines."""

    params: tuple[str, ...]
    body: Term


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
        self.reading = Reading(v.claim, v.objective, undiscounted=UNDISCOUNTED in v.hypotheses)
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
        new = fresh(first[0])
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
        y, z, x = fresh("s"), fresh("s"), fresh("s")
        mark = "'" * tensor.name.endswith("'")

        def step(s: str, to: str, after: Term) -> Term:
            a = fresh("a")
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

    def quantity(self, node: t.Quantity, at: list[str]) -> Term:
        """A quantity of the vocabulary at a place, by its definition."""
        q = TensorQuantities(self.reading, node)
        mark = q.mark
        tag = "".join(f"_{_plain(str(o.value))}" for o in node.overrides)

        def define(name: str, params: str, body: Callable[..., Term], at: Sequence[str]) -> Term:
            return self.named(f"{name}{mark}{tag}", params.split(), at, lambda at: body(*at))

        def letter(name: str, *at: str) -> Term:
            return self.tensor(self.e.letter(name, mark), *at)

        def resolvent(s: str, y: str) -> Term:
            ((_, (factor,)),) = q.resolvent(s, y)
            return self.tensor(*factor)

        def reward(s: str, a: str) -> Term:
            instead = q.overrides.get("r")
            return letter("r", s, a) if instead is None else self.taken(instead, s, a)

        def start(s: str) -> Term:
            instead = q.overrides.get("mu0")
            return self.tensor("mu0", s) if instead is None else self.taken(instead, s)

        def mean(s: str) -> Term:
            return define(
                "r_pi", "s", lambda s: over_actions(s, lambda a: Times(letter("pi", s, a), reward(s, a))), [s]
            )

        def over_actions(s: str, body: Callable[[str], Term]) -> Term:
            a = fresh("a")
            return Total(a, s, body(a))

        def over_states(body: Callable[[str], Term]) -> Term:
            y = fresh("s")
            return Total(y, "", body(y))

        def value(s: str) -> Term:
            name, matrix = ("h", lambda s, y: self.tensor(f"D{mark}", s, y)) if q.long_run else ("V", resolvent)
            return define(name, "s", lambda s: over_states(lambda y: Times(matrix(s, y), mean(y))), [s])

        def average() -> Term:
            return define("rbar", "", lambda: over_states(lambda s: Times(self.tensor(f"mu{mark}", s), mean(s))), [])

        def action_value(s: str, a: str) -> Term:
            after = over_states(lambda y: Times(letter("P", s, a, y), value(y)))
            if q.long_run:
                return Plus(Plus(reward(s, a), Minus(average())), after)
            k = Numeral(in_words(q.discount().as_expr()))
            return Plus(reward(s, a), Times(k, after))

        match node.name, at:
            case "gamma", []:
                return Numeral(in_words(self.reading.numbers["gamma"].as_expr()))
            case "pi", [a, s]:
                return letter("pi", s, a)
            case "P", [y, s, a]:
                return letter("P", s, a, y)
            case "r", [s, a]:
                return reward(s, a)
            case "mu0", [s]:
                return self.tensor("mu0", s)
            case ("mu", _) | ("D", _):
                return self.tensor(f"{node.name}{mark}", *at)
            case "P_pi", [_, _]:
                return self.step(mark, *at)
            case "r_pi", [s]:
                return mean(s)
            case "rbar", []:
                return average()
            case ("V" | "h", [s]) if (node.name == "h") == q.long_run:
                return value(s)
            case "Q", [_, _]:
                return define("Q", "s a", action_value, at)
            case "A", [_, _]:
                return define(
                    "A", "s a", lambda s, a: Plus(define("Q", "s a", action_value, [s, a]), Minus(value(s))), at
                )
            case "eta", [_]:
                return define("eta", "s", lambda s: over_states(lambda y: Times(start(y), resolvent(y, s))), at)
            case "E[T]", []:

                def visits(x: str) -> Term:
                    one = self.reading.field.one
                    return over_states(lambda y: self.tensor(*self.reading.resolvent(one, mark, x, y)[0][1][0]))

                total = lambda: over_states(lambda x: Times(self.tensor("mu0", x), visits(x)))  # noqa: E731
                return define("expected_length", "", total, [])
            case "J", []:
                objective = self.reading.objective
                if objective is Objective.AVERAGE_REWARD:
                    return define("J", "", average, [])
                weight = (lambda s: self.tensor(f"mu{mark}", s)) if objective is Objective.STATIONARY_VALUE else start
                return define("J", "", lambda: over_states(lambda s: Times(weight(s), value(s))), [])
        raise self.refuse(node.name)

    def taken(self, node: t.Node, *at: str) -> Term:
        """What replaces the rewards or the start distribution."""
        assert isinstance(node, t.Call | t.Quantity)
        kinds = self.scope.kinds(node)
        places = list(at[: len(kinds)])
        if isinstance(node, t.Call):
            return self.call(t.Call(node.name, tuple(places)), {})
        return self.quantity(t.Quantity(node.name, tuple(places), node.primed, node.overrides), places)

    def step(self, mark: str, s: str, y: str) -> Term:
        """P_pi of a chain."""
        pi, P = self.e.letter("pi", mark), self.e.letter("P", mark)

        def body(at: Sequence[str]) -> Term:
            a = fresh("a")
            return Total(a, at[0], Times(self.tensor(pi, at[0], a), self.tensor(P, at[0], a, at[1])))

        return self.named(f"P_pi{mark}", ("s", "s'"), (s, y), body)


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

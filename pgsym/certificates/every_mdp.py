"""A claim that is proved for every finite MDP, as a theorem that Coq's kernel checks.

The statement is the claim: V, Q, eta and the rest are defined as sums over all states and actions, gradients are
derivatives along one parameter, and what is assumed stands before it.  The proof is the certificate of
`pgsym.prover`: each of its steps is a hypothesis or a theorem of Chains.v times something, and Tensors.v multiplies
out their sum.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from pgsym.certificates.certificate import Certificate
from pgsym.certificates.tensor_terms import (
    DELTA,
    DERIVATIVE,
    INVERSE,
    LOG,
    Minus,
    Named,
    Number,
    Over,
    Plus,
    Product,
    Slope,
    Tensor,
    TensorTable,
    Term,
    Total,
    derivative,
    expanded,
    flat,
    fresh,
    is_moving,
    operations,
    parts,
    text,
)
from pgsym.claims.language import tree as t
from pgsym.claims.same_policy import merged
from pgsym.errors import CertificateError, ClaimError
from pgsym.model.objective import Objective
from pgsym.prover import GeneralVerdict, prove
from pgsym.prover.equations import Equation
from pgsym.prover.general import UNDISCOUNTED
from pgsym.prover.quantities import TensorQuantities
from pgsym.prover.reading import Reading
from pgsym.prover.rewriting import CertificateStep
from pgsym.prover.tensors import OWN, Factor, is_summed

HEAD = """\
From Coq Require Import Reals Lra Lia List.
From Coquelicot Require Import Coquelicot.
From Pgsym Require Import Sums Tensors Chains.
Import ListNotations.
Open Scope R_scope.
"""

Names = Mapping[str, str]


def certify_every_mdp(claim: GeneralVerdict | t.Claim | str, **options: Any) -> Certificate:
    """A Coq file whose theorem is the claim itself, for any number of states and actions.

    Parameters
    ----------
    claim
        What `pgsym.prove` answered, or a claim for it; `options` are those of `pgsym.prove`.

    Returns
    -------
    Certificate
        The text of a Coq file; ``.check()`` runs Coq on it.

    Raises
    ------
    CertificateError
        It is not proved, or its quantities are not among those that are written in Coq; the message says which.

    See Also
    --------
    pgsym.prove : The proof.
    pgsym.certify : A certificate about one model.

    Examples
    --------
    >>> found = certify_every_mdp("grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)")
    >>> print(found.text.partition("Theorem claim : ")[2].partition(".")[0])
    is_derive (fun u => J u) theta (Σ s < states, eta theta s * Σ a < actions s, Derive (fun u => pi u s a) theta * Q theta s a)
    """
    verdict = claim if isinstance(claim, GeneralVerdict) else prove(claim, **{"refute": False, **options})
    if verdict.links:
        raise CertificateError(
            f"found {len(verdict.links)} relations; a certificate is about one. Take one of verdict.links", where="claim"
        )
    if not verdict.proved:
        raise CertificateError(f"found {verdict.standing}: {verdict.claim}; a proof is required. Prove it first",
                               where="claim")  # fmt: skip
    return _File(verdict).certificate()


@dataclass
class _Definition:
    params: tuple[str, ...]
    body: Term


@dataclass
class _File:
    """The file of one claim; what it needs is collected on the way."""

    verdict: GeneralVerdict
    definitions: dict[str, _Definition] = field(default_factory=dict)
    matrices: dict[str, tuple[str, str, Any]] = field(default_factory=dict)
    """Of a resolvent's name in Coq: its chain, and its discount in words and as an element."""
    chains: set[tuple[str, str]] = field(default_factory=set)
    """(mark, "mu" or "D") that the file speaks of."""
    known: set[str] = field(default_factory=set)
    """Hypotheses that the proof uses, beyond those of its quantities."""
    denominators: dict[str, None] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    """The claim's own, by their name."""
    slopes: list[Slope] = field(default_factory=list)
    table: TensorTable = field(default_factory=TensorTable)

    def __post_init__(self) -> None:
        v = self.verdict
        self.reading = Reading(v.claim, v.objective, undiscounted=UNDISCOUNTED in v.hypotheses)
        self.scope, self.e = self.reading.scope, self.reading.equations
        self.reading.difference()  # which names all discounts

    # -- the claim as terms -------------------------------------------------------------------------------------

    def refuse(self, what: str) -> CertificateError:
        return CertificateError(
            f"found {what} in {self.verdict.claim}; certificates for every MDP are written for sums, products and first "
            "derivatives of J, V, Q, A, eta, mu, h, D, pi, P, r and functions of the claim's own. Check its proof in "
            "pgsym.prove(...).certificate",
            where="claim",
        )

    def term(self, node: t.Node, names: Names) -> Term:
        """An expression of the claim language."""
        match node:
            case t.Number(value):
                return Number(str(value))
            case t.Neg(x):
                return Minus(self.term(x, names))
            case t.Add(x, y):
                return Plus(self.term(x, names), self.term(y, names))
            case t.Sub(x, y):
                return Plus(self.term(x, names), Minus(self.term(y, names)))
            case t.Mul(x, y):
                return Product(self.term(x, names), self.term(y, names))
            case t.Div(x, y):
                return Over(self.term(x, names), self.divisor(y, names))
            case t.Pow(x, power) if power > 0:
                found = self.term(x, names)
                for _ in range(power - 1):
                    found = Product(found, self.term(x, names))
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

    def divisor(self, node: t.Node, names: Names) -> Number | Tensor:
        found = self.term(node, names)
        if isinstance(found, Tensor) and found.form == "{}" and found.name.startswith("pi"):
            self.form(found, INVERSE)
            return found
        if any(isinstance(part, Tensor) for part in parts(found)):
            raise self.refuse(f"a division by {node}")
        self.not_zero(self.reading.number(node).numer)
        return Number(text(found, []))

    def not_zero(self, polynomial: Any) -> None:
        """A divisor is assumed to be other than 0."""
        for factor, _ in polynomial.factor_list()[1]:
            least = factor[min(factor.itermonoms(), key=sum)]
            self.denominators[_words((-factor if least < 0 else factor).as_expr())] = None

    def form(self, tensor: Term, form: str) -> Tensor:
        """1/pi, log pi or d pi."""
        assert isinstance(tensor, Tensor)
        if form != DERIVATIVE:
            self.known.add(f"{tensor.name}_positive")
        return Tensor(tensor.name, tensor.at, tensor.moving, form)

    def gradient(self, body: Term) -> Term:
        if not is_moving(body):
            return Number("0")
        if isinstance(body, Tensor) and body.name == "pi" and body.form == "{}":
            return self.form(body, DERIVATIVE)
        if any(isinstance(p, Slope) or (isinstance(p, Tensor) and p.form == DERIVATIVE) for p in parts(body)):
            raise self.refuse("a gradient of second order")
        self.slopes.append(Slope(body, derivative(expanded(body), self.slope)))
        return self.slopes[-1]

    def slope(self, tensor: Tensor) -> Term:
        """The derivative of pi, N, mu or D, as Chains.v states it."""
        if tensor.name == "pi":
            return self.form(tensor, DERIVATIVE)
        y, z, x = fresh("s"), fresh("s"), fresh("s")
        mark = "'" * tensor.name.endswith("'")

        def step(s: str, to: str, after: Term) -> Term:
            a = fresh("a")
            moved = Total(a, s, Product(self.tensor("dpi", s, a), self.tensor(self.e.letter("P", mark), s, a, to)))
            return Total(to, "", Product(moved, after))

        if tensor.name == f"mu{mark}":
            (at,) = tensor.at
            self.chains.add((mark, "D"))
            return Total(y, "", Product(self.tensor(f"mu{mark}", y), step(y, z, self.tensor(f"D{mark}", z, at))))
        s, at = tensor.at
        first = Total(y, "", Product(Tensor(tensor.name, (s, y), True), step(y, z, Tensor(tensor.name, (z, at), True))))
        if tensor.name == f"D{mark}":
            mean = self.slope(Tensor(f"mu{mark}", (x,), True))
            return Plus(first, Minus(Total(x, "", Product(mean, Tensor(tensor.name, (x, at), True)))))
        return Product(Number(self.matrices[tensor.name][1]), first)

    def call(self, node: t.Call, names: Names) -> Term:
        at = [self.index(i, names) for i in node.indices]
        if node.name in self.scope.free:
            return self.tensor(OWN + node.name, *at) if at else Number(node.name)
        let = self.scope.lets[node.name]
        if self.scope.rank(let.body):
            return self.term(let.body, dict(zip(let.indices, at, strict=True)))
        return self.named(_own(node.name), let.indices, at,
                          lambda at: self.term(let.body, dict(zip(let.indices, at, strict=True))))  # fmt: skip

    def named(self, name: str, params: Sequence[str], at: Sequence[str], body: Callable[[Sequence[str]], Term]) -> Term:
        """A function that the file defines."""
        if name not in self.definitions:
            inner = body(params)
            self.definitions[name] = _Definition(tuple(params), inner)
        return Named(name, tuple(at), body(at))

    # -- quantities ---------------------------------------------------------------------------------------------

    def tensor(self, name: str, *at: str) -> Tensor:
        """A tensor of the prover."""
        if name == "id":
            return Tensor(DELTA, at)
        if name.startswith(OWN):
            own = name.removeprefix(OWN)
            self.functions[_own(own)] = own
            return Tensor(_own(own), at)
        for start, form in (("d", DERIVATIVE), ("i", INVERSE), ("l", LOG)):
            if name in (f"{start}pi", f"{start}pi'"):
                return self.form(self.tensor(name[1:], *at), form)
        mark = "'" if "'" in name else ""
        moving = self.e.letter("pi", mark) == "pi"
        if name.startswith("N"):
            words = name.partition("[")[2][:-1]
            short = f"N{mark}" if words == "gamma" else f"N{mark}_{_plain(words)}"
            k = self.e.discounts[words]
            self.matrices[short] = (mark, _words(k.as_expr()), k)
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
            return define("r_pi", "s", lambda s: over_actions(s, lambda a: Product(letter("pi", s, a), reward(s, a))), [s])

        def over_actions(s: str, body: Callable[[str], Term]) -> Term:
            a = fresh("a")
            return Total(a, s, body(a))

        def over_states(body: Callable[[str], Term]) -> Term:
            y = fresh("s")
            return Total(y, "", body(y))

        def value(s: str) -> Term:
            if q.long_run:
                return define("h", "s", lambda s: over_states(lambda y: Product(self.tensor(f"D{mark}", s, y), mean(y))), [s])
            return define("V", "s", lambda s: over_states(lambda y: Product(resolvent(s, y), mean(y))), [s])

        def average() -> Term:
            return define("rbar", "", lambda: over_states(lambda s: Product(self.tensor(f"mu{mark}", s), mean(s))), [])

        def action_value(s: str, a: str) -> Term:
            after = over_states(lambda y: Product(letter("P", s, a, y), value(y)))
            if q.long_run:
                return Plus(Plus(reward(s, a), Minus(average())), after)
            k = Number(_words(q.discount().as_expr()))
            return Plus(reward(s, a), Product(k, after))

        match node.name, at:
            case "gamma", []:
                return Number(_words(self.reading.numbers["gamma"].as_expr()))
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
                return define("eta", "s", lambda s: over_states(lambda y: Product(start(y), resolvent(y, s))), at)
            case "J", []:
                objective = self.reading.objective
                if objective is Objective.AVERAGE_REWARD:
                    return define("J", "", average, [])
                weight = (
                    (lambda s: self.tensor(f"mu{mark}", s)) if objective is Objective.STATIONARY_VALUE else start
                )
                return define("J", "", lambda: over_states(lambda s: Product(weight(s), value(s))), [])
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
            return Total(a, at[0], Product(self.tensor(pi, at[0], a), self.tensor(P, at[0], a, at[1])))

        return self.named(f"P_pi{mark}", ("s", "s'"), (s, y), body)

    # -- what the certificate rests on --------------------------------------------------------------------------

    def law(self, equation: Equation, place: Mapping[str, str]) -> tuple[Term, Term, Any, str]:
        """An equation as Chains.v or a hypothesis has it: left, right, (left - right) / (that of the prover), and proof.

        In the proof, ``{S}`` is an index and ``{HS}`` says that it is in range.
        """
        one = self.reading.field.one
        names = [f[0] for f in equation.left]
        first = names[0]
        mark = "'" if "'" in "".join(names) else ""
        theta = " theta" if self.e.letter("pi", mark) == "pi" else ""
        S, A, T = (place.get(letter, "") for letter in "SAT")
        base = tuple(name.split("[")[0].rstrip("'") for name in names)

        def sum_of(*factors: Callable[[str], Term]) -> Term:
            y = fresh("s")
            made = [f(y) for f in factors]
            return Total(y, "", made[0] if len(made) == 1 else Product(*made))

        def at(name: str, *indices: str) -> Term:
            return self.tensor(name, *indices)

        def needs(name: str) -> str:
            self.known.add(name)
            return name

        W, mu, D = f"(P_pi{mark}{theta})", f"mu{mark}", f"D{mark}"
        N = next((name for name in names if name.startswith("N")), "")
        n, k, words = "", one, ""
        if N:
            n = at(N, "", "").name
            _, words, k = self.matrices[n]
            words = f"({words})"
            self.step(mark, "s", "s'")
        if base[0] in ("mu", "D") or "D" in base:
            self.chains |= {(mark, "mu")} | ({(mark, "D")} if "D" in base else set())
        known = f"({n}_resolvent{theta})"
        deviation, stationary = f"({D}_deviation{theta})", f"({mu}_stationary{theta})"
        full = f"states {W} ({mu}{theta}) ({D}{theta})"
        rows = f"{needs(f'P_pi{mark}_rows')}" if base in (("N",), ("N", "D"), ("D", "N")) else ""
        if rows:
            needs(f"{self.e.letter('P', mark)}_sum")
        match base:
            case ("pi",):
                a = fresh("a")
                return Total(a, S, at(first, S, a)), Number("1"), one, f"({first}_sum{theta} {{S}} {{HS}})"
            case ("dpi",):
                a = fresh("a")
                return Total(a, S, at(first, S, a)), Number("0"), one, "(dpi_sum {S} {HS})"
            case ("pi", "ipi"):
                left = Product(at(first, S, A), at("i" + first, S, A))
                return left, Number("1"), one, f"(Rinv_r _ (Rgt_not_eq _ _ ({first}_positive {{S}} {{A}} {{HS}} {{HA}})))"
            case ("mu",):
                return sum_of(lambda y: at(mu, y)), Number("1"), one, f"(proj1 {stationary})"
            case ("mu", "pi", "P"):
                left = sum_of(lambda y: at(mu, y), lambda y: self.step(mark, y, T))
                return left, at(mu, T), one, f"(proj2 {stationary} {{T}} {{HT}})"
            case ("mu", "D"):
                left = sum_of(lambda y: at(mu, y), lambda y: at(D, y, T))
                return left, Number("0"), one, f"(deviation_mean {full} {deviation} {{T}} {{HT}})"
            case ("D",):
                left = sum_of(lambda y: at(D, S, y))
                return left, Number("0"), one, f"(deviation_rows {full} {deviation} {{S}} {{HS}})"
            case ("pi", "P", "D") | ("D", "pi", "P"):
                right = Plus(Plus(at(D, S, T), Minus(at("id", S, T))), at(mu, T))
                if base[0] == "D":
                    left = sum_of(lambda y: at(D, S, y), lambda y: self.step(mark, y, T))
                    return left, right, one, f"(deviation_before {full} {deviation} {{S}} {{T}} {{HS}} {{HT}})"
                left = sum_of(lambda y: self.step(mark, S, y), lambda y: at(D, y, T))
                return left, right, one, f"(deviation_after {full} {deviation} {{S}} {{T}} {{HS}} {{HT}})"
            case ("pi", "P", "N") | ("N", "pi", "P"):
                if base[0] == "N":
                    inner = sum_of(lambda y: at(N, S, y), lambda y: self.step(mark, y, T))
                else:
                    inner = sum_of(lambda y: self.step(mark, S, y), lambda y: at(N, y, T))
                right = Plus(at("id", S, T), Product(Number(words), inner))
                return at(N, S, T), right, -k, f"(proj{1 + (base[0] == 'N')} {known} {{S}} {{T}} {{HS}} {{HT}})"
            case ("N",):
                left = Product(Number(f"(1 - {words})"), sum_of(lambda y: at(N, S, y)))
                proof = f"(resolvent_rows states {words} {W} ({n}{theta}) {{S}} {known} {rows} {{HS}})"
                return left, Number("1"), 1 - k, proof
            case ("mu", "N"):
                left = Product(Number(f"(1 - {words})"), sum_of(lambda y: at(mu, y), lambda y: at(N, y, T)))
                proof = f"(stationary_resolvent states {words} {W} ({n}{theta}) ({mu}{theta}) {{T}} {known} {stationary} {{HT}})"
                return left, at(mu, T), 1 - k, proof
            case ("N", "D") | ("D", "N"):
                less = Number(f"(1 - {words})")
                both = sum_of(lambda y: at(names[0], S, y), lambda y: at(names[1], y, T))
                right = Plus(Product(less, Plus(at(D, S, T), Minus(Product(Number(words), at(N, S, T))))),
                             Product(Number(words), at(mu, T)))  # fmt: skip
                lemma = "resolvent_deviation" if base[0] == "N" else "deviation_resolvent"
                proof = (f"({lemma} states {words} {W} ({n}{theta}) ({mu}{theta}) ({D}{theta}) {{S}} {{T}} {known} {rows} "
                         f"{stationary} {deviation} {{HS}} {{HT}})")  # fmt: skip
                return Product(less, Product(less, both)), right, (1 - k) ** 2, proof
            case ("N", "N"):
                other = at(names[1], "", "").name
                _, words2, k2 = self.matrices[other]
                left = Product(Number(f"({words} - ({words2}))"), sum_of(lambda y: at(N, S, y), lambda y: at(names[1], y, T)))
                right = Plus(Product(Number(words), at(N, S, T)), Minus(Product(Number(words2), at(names[1], S, T))))
                proof = (f"(two_resolvents states {words} ({words2}) {W} ({n}{theta}) ({other}{theta}) {{S}} {{T}} {known} "
                         f"({other}_resolvent{theta}) {{HS}} {{HT}})")  # fmt: skip
                return left, right, k - k2, proof
            case ("P",):
                y = fresh("s")
                return Total(y, "", at(first, S, A, y)), Number("1"), one, f"({needs(f'{first}_sum')} {{S}} {{A}} {{HS}} {{HA}})"
            case ("mu0",):
                return sum_of(lambda y: at("mu0", y)), Number("1"), one, needs("mu0_sum")
        raise self.refuse(f"a step with {equation.name!r}")

    def step_of(self, step: CertificateStep, env: Names) -> tuple[Term, str]:
        """A step of the certificate as a term that is 0, and the proof of that; `env` says where free indices are."""
        place = {letter: i for letter, i in step.place.items() if i[0] != "i"}
        factors = [self.factor(f) for f in step.multiplier if f[0] != "one"]
        left, right, scale, proof = self.law(step.equation, place)
        coefficient = step.coefficient / scale
        self.not_zero(coefficient.denom)
        owner: dict[str, str] = {}
        for f in [*step.multiplier, *((f[0], *(place.get(i, i) for i in f[1:])) for f in step.equation.left)]:
            for s, a in zip(f[1:], f[2:], strict=False):
                if a[0] == "a" and s[0] == "s":
                    owner.setdefault(a, s)
        bound = [i for i in dict.fromkeys(i for f in factors for i in f.at) if is_summed(i)]
        bound += [i for i in dict.fromkeys(place.values()) if is_summed(i) and i not in bound]
        bound.sort(key=lambda i: i[0] == "a")
        body: Term = Plus(left, Minus(right))
        script = ["apply zero_equation."]
        for f in reversed(factors):
            body = Product(f, body)
            script.insert(0, "apply zero_mul.")
        coq = dict(env)
        for i in reversed(bound):
            body = Total(i, owner[i] if i[0] == "a" else "", body)
        opened = []
        for i in bound:
            coq[i] = f"i{len(coq)}"
            opened.append(f"apply zero_sum; intros {coq[i]} H{coq[i]}.")
        found = proof.format(**{letter: coq[i] for letter, i in place.items()},
                             **{f"H{letter}": f"H{coq[i]}" for letter, i in place.items()})  # fmt: skip
        term = Product(Number(_words(coefficient.as_expr())), body)
        return term, " ".join(["apply zero_mul.", *opened, *script, f"exact {found}."])

    def factor(self, factor: Factor) -> Tensor:
        name, *at = factor
        if [i for i in at if i[0] == "i"] not in ([], ["i0"]):
            raise self.refuse("a product over the parameters")
        return self.tensor(name, *(i for i in at if i[0] != "i"))

    # -- the file -------------------------------------------------------------------------------------------------

    def certificate(self) -> Certificate:
        claim = self.verdict.claim
        if (self.scope.rank(claim.left) or 0) > 1 or (self.scope.rank(claim.right) or 0) > 1:
            raise self.refuse("a matrix over the parameters")
        try:
            left, right = (self.term(merged(side, self.scope), {}) for side in (claim.left, claim.right))
        except ClaimError as error:
            if isinstance(error, CertificateError):
                raise
            raise self.refuse("what has no words") from error
        free = self.free_indices()
        for i, of in free:
            if i[0] == "a" and not of:
                raise self.refuse(f"the action {i} of no state")
        theorem = self.theorem(left, right, free)
        body = "\n".join([*self.setting(), "", theorem])
        note = textwrap.indent(
            textwrap.fill(f"{claim}", 110, initial_indent="", subsequent_indent="  "), "   "
        ).strip()  # fmt: skip
        head = (
            f"(* For every finite MDP, with any number of states and actions:\n\n   {note.replace('(*', '( *')}\n\n"
            "   Found and written by pgsym; the proof is the certificate of pgsym.prove. *)\n"
        )
        return Certificate(
            text=f"{head}{HEAD}\n{body}\n\nEnd Claim.\n\nPrint Assumptions claim.\n",
            kind="general theorem",
            statement=str(claim),
            legend=tuple((name, own) for name, own in self.functions.items() if name != own),
            theorems=("claim",),
        )

    def free_indices(self) -> list[tuple[str, str]]:
        claim = self.verdict.claim
        both = t.Sub(claim.left, claim.right)
        found = sorted({i for i, _ in self.scope.free_uses(both)}, key=lambda i: (i[0] == "a", i))
        return [(i, str(self.scope.range(both, i).partner or "") if t.is_action(i) else "") for i in found]

    def theorem(self, left: Term, right: Term, free: list[tuple[str, str]]) -> str:
        names = [i for i, _ in free]
        swapped = isinstance(right, Slope) and not isinstance(left, Slope)
        first, second = (right, left) if swapped else (left, right)
        env = {i: i for i in names}
        claim = Plus(expanded(first), Minus(expanded(second)))
        steps = [self.step_of(step, env) for step in self.verdict.certificate]
        sign = Number("(-1)") if swapped else None
        terms = [expanded(term if sign is None else Product(sign, term)) for term, _ in steps]
        levels = {i: k for k, i in enumerate(names)}
        deep = self.table.deep(claim, levels)
        deeper = [self.table.deep(term, levels) for term in terms]
        whole: Term = claim
        for term in terms:
            whole = Plus(whole, Minus(term))
        ops = operations(flat(whole), names)
        given = "".join(f"(_ : ({i} < {'actions ' + of if of else 'states'})%nat) " for i, of in free)
        given = given.replace("_ :", "_ :")
        quantified = f"forall {' '.join(names)}, " if names else ""
        ranges = "".join(f"({i} < {f'actions {of}' if of else 'states'})%nat -> " for i, of in free)
        intro = f"intros {' '.join(names)} {' '.join('H' + i for i in names)}. " if names else ""
        L, R = text(first, names), text(second, names)
        found = []
        for k, slope in enumerate(self.distinct_slopes(), 1):
            found += self.slope_lemma(k, slope)
        leaf = " | ".join(f"apply gradient_{k}; assumption" for k in range(1, len(self.distinct_slopes()) + 1))
        found.append(f"Ltac gradients := first [{leaf}].\n" if leaf else "Ltac gradients := fail.\n")
        found += [*self.table.lines(), ""]
        if isinstance(first, Slope):
            statement = f"is_derive (fun u => {text(first.body, names, 'u')}) theta ({R})"
            value = text(first.value, names, minus="+ -")
            start = [
                f"  replace ({R}) with ({value}); [gradients|].",
                f"  transitivity ({text(expanded(second, slopes=False), names)}); [|symmetry; written_out gradients].",
            ]
        else:
            statement = f"{L} = {R}"
            start = [
                f"  transitivity ({text(expanded(first, slopes=False), names)}); [written_out gradients|].",
                f"  transitivity ({text(expanded(second, slopes=False), names)}); [|symmetry; written_out gradients].",
            ]
        context = "; ".join(f"Ac {levels[of]}" if of else "St" for _, of in free)
        sign_step = "apply zero_mul. " if sign else ""
        conj = f"refine {'(conj _ ' * len(steps)}I{')' * len(steps)}"
        found += [
            f"Theorem claim : {quantified}{ranges}{statement}.",
            "Proof.",
            f"  {intro}",
            *start,
            f"  apply Rminus_diag_uniq. change (den states actions tensor [{'; '.join(names)}]\n    {deep}%nat = 0).",
            "  eapply (by_certificate states actions tensor (fun _ _ => eq_refl) eq_refl",
            f"    [{context}]%nat [{'; '.join(names)}] _",
            f"    [{('; ' + chr(10) + '     ').join(deeper)}]%nat",
            f"    [{('; ').join(ops)}]%nat); [variables_are_valid | {conj} | vm_compute; reflexivity |].",
            *(f"  - {sign_step}{p}" for _, p in steps),
            f"  {'- ' if steps else ''}cbv [cancels coefficient numbers prod factor_den fst snd map tensor].",
            "    repeat (apply conj; [first [ring | field; nonzero]|]); exact I.",
            "Qed.",
        ]
        return "\n".join(found)

    def distinct_slopes(self) -> list[Slope]:
        found: dict[str, Slope] = {}
        for slope in self.slopes:
            found.setdefault(text(_renamed(slope.body), _free(slope.body)), slope)
        return list(found.values())

    def slope_lemma(self, k: int, slope: Slope) -> list[str]:
        """The derivative of one expression of the claim."""
        names = _free(slope.body)
        owners = {a: p.at[0] for p in parts(expanded(slope.body)) if isinstance(p, Tensor) for a in p.at[1:2] if a[0] == "a"}
        owners |= {a: p.at[0] for p in parts(slope.body) if isinstance(p, Named) for a in p.at[1:2] if a[0] == "a"}
        show = {i: i.replace("#", "_") for i in names}
        names.sort(key=lambda i: i[0] == "a")
        given = "".join(f"({show[i]} < {f'actions {show[owners[i]]}' if i[0] == 'a' else 'states'})%nat -> " for i in names)
        quantified = f"forall {' '.join(show.values())}, " if names else ""
        body, value = _with_names(slope.body, show), _with_names(slope.value, show)
        used = list(show.values())
        intro = f"intros {' '.join(show[i] for i in names)} {' '.join('H' + show[i] for i in names)}. " if names else ""
        if names:
            quantified = f"forall {' '.join(show[i] for i in names)}, "
        return [
            f"Lemma gradient_{k} : {quantified}{given}is_derive (fun u => {text(body, used, 'u')}) theta",
            f"  ({text(value, used, minus='+ -')}).",
            f"Proof.\n  {intro}change (is_derive (fun u => {text(expanded(body), used, 'u', minus='+ -')}) theta",
            f"    ({text(value, used, minus='+ -')})).",
            "  derives tensors.",
            "Qed.",
            "",
        ]

    def setting(self) -> list[str]:
        """Variables, hypotheses and definitions, and the derivatives of pi, N, mu and D."""
        reserved = {n for n in self.functions}
        del reserved
        marks = [m for m in self.e.marks]
        pis = list(dict.fromkeys(self.e.letter("pi", m) for m in marks))
        Ps = list(dict.fromkeys(self.e.letter("P", m) for m in marks))
        rs = list(dict.fromkeys(self.e.letter("r", m) for m in marks))
        numbers = [str(x) for x in self.reading.field.symbols]
        range_s, range_a = "(s < states)%nat -> ", "(a < actions s)%nat -> "
        found = [
            "Section Claim.",
            "Variable states : nat.             (* those that are not terminal *)",
            "Variable actions : nat -> nat.     (* actions s: of state s *)",
            f"Variables {' '.join(Ps)} : nat -> nat -> nat -> R.     (* P s a s' = P(s'|s,a) *)",
            f"Variables {' '.join(rs)} : nat -> nat -> R.     (* r s a = r(s,a) *)",
            "Variable mu0 : nat -> R.",
            f"Variables {' '.join(numbers)} : R.",
            "Variable theta : R.     (* one parameter of the policy *)",
            "Variable pi : R -> nat -> nat -> R.     (* pi theta s a = pi(a|s) *)",
            f"Hypothesis pi_sum : forall u s, {range_s}Σ a < actions s, pi u s a = 1.",
            f"Hypothesis pi_derive : forall s a, {range_s}{range_a}ex_derive (fun u => pi u s a) theta.",
        ]
        if "pi'" in pis:
            found += [
                "Variable pi' : nat -> nat -> R.     (* another policy *)",
                f"Hypothesis pi'_sum : forall s, {range_s}Σ a < actions s, pi' s a = 1.",
            ]
        for pi in pis:
            if f"{pi}_positive" in self.known:
                at = "pi theta" if pi == "pi" else pi
                found.append(f"Hypothesis {pi}_positive : forall s a, {range_s}{range_a}0 < {at} s a.")
        for P in Ps:
            if f"{P}_sum" in self.known:
                found.append(f"Hypothesis {P}_sum : forall s a, {range_s}{range_a}Σ s' < states, {P} s a s' = 1.")
        if "mu0_sum" in self.known:
            found.append("Hypothesis mu0_sum : Σ s < states, mu0 s = 1.")
        for k, words in enumerate(self.denominators, 1):
            found.append(f"Hypothesis not_zero_{k} : {words} <> 0.")
        for name in self.functions:
            arity = len(self.scope.free[self.functions[name]].indices)
            found.append(f"Variable {name} : {'nat -> ' * arity}R.")
        leaf = ["apply pi_is_derive"]
        after: list[str] = [
            "Lemma pi_is_derive : forall s a, (s < states)%nat -> (a < actions s)%nat ->",
            "  is_derive (fun u => pi u s a) theta (Derive (fun u => pi u s a) theta).",
            "Proof. intros. now apply Derive_correct, pi_derive. Qed.",
            "",
            f"Lemma dpi_sum : forall s, {range_s}Σ a < actions s, Derive (fun u => pi u s a) theta = 0.",
            "Proof. intros. apply (derivatives_sum_to_0 theta _ (fun u a => pi u s a)); auto. Qed.",
            "",
        ]
        if "pi_positive" in self.known:
            for name, rule, value in (
                ("inverse", "derive_inverse", "- (/ pi theta s a * / pi theta s a * Derive (fun u => pi u s a) theta)"),
                ("log", "derive_ln", "/ pi theta s a * Derive (fun u => pi u s a) theta"),
            ):
                body = "/ pi u s a" if name == "inverse" else "ln (pi u s a)"
                after += [
                    f"Lemma {name}_pi_is_derive : forall s a, {range_s}{range_a}",
                    f"  is_derive (fun u => {body}) theta ({value}).",
                    f"Proof. intros. apply ({rule} theta (fun u => pi u s a)); [|now apply pi_is_derive].",
                    f"  {'apply Rgt_not_eq; ' if name == 'inverse' else ''}now apply pi_positive. Qed.",
                    "",
                ]
                leaf.append(f"apply {name}_pi_is_derive")
        used = {m for m, _, _ in self.matrices.values()} | {m for m, _ in self.chains}
        for mark in marks:
            if mark not in used:
                continue
            moving = self.e.letter("pi", mark) == "pi"
            P, pi = self.e.letter("P", mark), self.e.letter("pi", mark)
            every, u = ("forall u, ", " u") if moving else ("", "")
            self.step(mark, "s", "s'")
            found += self.definition(f"P_pi{mark}")
            kind = "R -> nat -> " if moving else "nat -> "
            rows = f"P_pi{mark}_is_derive"
            if moving:
                after += [
                    f"Lemma {rows} : forall s s', {range_s}(s' < states)%nat -> is_derive (fun u => P_pi{mark} u s s') theta",
                    f"  (Σ a < actions s, Derive (fun u => pi u s a) theta * {P} s a s').",
                    f"Proof. exact (chain_is_derive theta states actions pi {P} pi_derive). Qed.",
                    "",
                ]
            if f"P_pi{mark}_rows" in self.known:
                theta = " theta" if moving else ""
                after += [
                    f"Lemma P_pi{mark}_rows : rows_sum_to_1 states (P_pi{mark}{theta}).",
                    f"Proof. exact (chain_rows states actions ({pi}{theta}) {P} ({pi}_sum{theta}) {P}_sum). Qed.",
                    "",
                ]
            dW = f"(fun s s' => Σ a < actions s, Derive (fun u => pi u s a) theta * {P} s a s')"
            for n, (own, words, _) in self.matrices.items():
                if own != mark:
                    continue
                found += [
                    f"Variable {n} : {kind}nat -> R.     (* (I - {words} P_pi{mark})^-1 *)",
                    f"Hypothesis {n}_resolvent : {every}is_resolvent states ({words}) (P_pi{mark}{u}) ({n}{u}).",
                ]
                if moving:
                    after += self.matrix_lemma(n, 2,
                        f"resolvent_is_derive theta states P_pi{mark} {dW} {rows} ({words}) {n} {n}_resolvent")  # fmt: skip
                    leaf.append(f"apply {n}_is_derive")
            if (mark, "mu") in self.chains:
                found += [
                    f"Variable mu{mark} : {kind}R.     (* the stationary distribution *)",
                    f"Hypothesis mu{mark}_stationary : {every}is_stationary states (P_pi{mark}{u}) (mu{mark}{u}).",
                ]
            if (mark, "D") in self.chains:
                found += [
                    f"Variable D{mark} : {kind}nat -> R.     (* the deviation matrix *)",
                    f"Hypothesis D{mark}_deviation : {every}is_deviation states (P_pi{mark}{u}) (mu{mark}{u}) (D{mark}{u}).",
                ]
                if moving:
                    given = (f"theta states P_pi{mark} {dW} {rows} mu{mark} D{mark} mu{mark}_stationary D{mark}_deviation")
                    after += self.matrix_lemma(f"mu{mark}", 1, f"stationary_is_derive {given}")
                    after += self.matrix_lemma(f"D{mark}", 2, f"deviation_is_derive {given}")
                    leaf += [f"apply mu{mark}_is_derive", f"apply D{mark}_is_derive"]
        for name in self.definitions:
            if not name.startswith("P_pi") or name.rstrip("'") != "P_pi":
                found += self.definition(name)
        if not used:
            for name in self.definitions:
                if name.rstrip("'") == "P_pi":
                    found += self.definition(name)
        nonzero = "".join(f" | intro Z; apply not_zero_{k}; lra" for k in range(1, len(self.denominators) + 1))
        tactics = [
            f"Ltac tensors := first [{' | '.join(f'{one}; assumption' for one in leaf)}].",
            f"Ltac nonzero := repeat split; first [assumption{nonzero}].",
        ]
        return [*found, "", *after, *tactics]

    def matrix_lemma(self, name: str, arity: int, proof: str) -> list[str]:
        at = ("s", "s'")[:arity]
        value = self.slope(Tensor(name, at, True))
        ranges = "".join(f"({i} < states)%nat -> " for i in at)
        return [
            f"Lemma {name}_is_derive : forall {' '.join(at)}, {ranges}is_derive (fun u => {name} u {' '.join(at)}) theta",
            f"  ({text(value, at)}).",
            f"Proof. exact ({proof}). Qed.",
            "",
        ]

    def definition(self, name: str) -> list[str]:
        found = self.definitions[name]
        params = [*(["(theta : R)"] if is_moving(found.body) else []), *(f"({p} : nat)" for p in found.params)]
        shadow = text(found.body, found.params)
        return [f"Definition {' '.join([name, *params])} : R := {shadow}."]


def _free(term: Term) -> list[str]:
    """Indices of a term that no sum binds."""
    bound = {part.index for part in parts(term) if isinstance(part, Total)}
    found = dict.fromkeys(i for p in _open_parts(term) for i in p.at)
    return [i for i in found if i not in bound]


def _open_parts(term: Term) -> list[Tensor | Named]:
    """Tensors and names, without what stands in definitions."""
    if isinstance(term, Tensor | Named):
        return [term]
    inner = [getattr(term, name) for name in ("left", "right", "body") if hasattr(term, name)]
    return [p for x in inner for p in _open_parts(x)]


def _with_names(term: Term, names: Names) -> Term:
    """With other free indices."""
    from dataclasses import fields, replace

    changes: dict[str, Any] = {}
    for f in fields(term):
        value = getattr(term, f.name)
        if f.name == "at":
            changes["at"] = tuple(names.get(i, i) for i in value)
        elif f.name == "of":
            changes["of"] = names.get(value, value)
        elif f.name in ("left", "right", "body", "value"):
            changes[f.name] = _with_names(value, names)
    return replace(term, **changes)


def _renamed(term: Term) -> Term:
    free = _free(term)
    numbers = count()
    return _with_names(term, {i: f"{i[0]}!{next(numbers)}" for i in free})


def _words(expression: Any) -> str:
    """A rational function in Coq's words."""
    return str(expression).replace("**", "^")


def _plain(words: str) -> str:
    return re.sub(r"\W+", "_", words).strip("_")


_TAKEN = frozenset("states actions theta u N D P J V Q A h mu eta rbar r pi mu0 gamma at in as fun let end if then else fix with "
                   "match forall exists return Set Prop Type S O R I sum prod delta den norm tensor claim".split())  # fmt: skip


def _own(name: str) -> str:
    """The claim's own function in Coq."""
    return f"{name}_own" if name in _TAKEN else name

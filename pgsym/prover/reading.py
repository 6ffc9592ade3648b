"""A claim as tensors: every quantity of its vocabulary written out in what is true of all finite MDPs.

>>> from pgsym.claims.language import parse
>>> from pgsym.prover.equations import total_text
>>> reading = Reading(parse("V(s) = sum[a] pi(a|s) * Q(s,a)").claims[0])
>>> print(total_text([(c, fs) for fs, c in reading.total(reading.claim.left).items()]))
sum[s1,a1] N[gamma](s,s1) * pi(a1|s1) * r(s1,a1)
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.polys.fields import FracField

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import EQUAL
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import Claim
from pgsym.claims.leaves import fisher
from pgsym.claims.same_policy import merged
from pgsym.errors import ClaimError
from pgsym.model.objective import Objective
from pgsym.prover.equations import FROZEN, TensorEquations, coefficient_text
from pgsym.prover.quantities import TensorQuantities
from pgsym.prover.run_tensors import REWARD, RunTensors
from pgsym.prover.tensors import OWN, Factor, Names, Terms, Total, add, moved, new_index, product, scaled

POINTS = tuple(sp.Rational(n, 7) for n in range(1, 7))
"""Where discounts are looked at."""


class Reading:
    """One claim as tensors; if `undiscounted`, gamma = 1 and every run ends.

    ClaimError, which points at the place, where it says what is not the same for every finite MDP, or is not read here.

    Attributes
    ----------
    named : set of str
        The tensors that the claim speaks of, also where they cancel: all have to be defined.
    divisors : list
        The numbers by which it divides.
    """

    quantities = TensorQuantities

    def __init__(
        self, claim: Claim, objective: Objective = Objective.START_STATE, *, undiscounted: bool = False
    ) -> None:
        self.claim = claim
        self.objective = objective
        self.scope = Scope(claim.bindings, claim.source)
        self.letters: dict[str, t.Quantity] = {}
        self.visits: dict[str, str] = {}
        self.named: set[str] = set()
        self.divisors: list[Any] = []
        if self.scope.worlds:
            world = self.scope.worlds[0].name
            raise ClaimError(f"found with M' = {world}; here a second model is arbitrary. Declare for all P', r':")
        scalars = [name for name, b in self.scope.free.items() if not b.indices]
        self.field = FracField(["gamma", *scalars], sp.QQ)
        self.numbers = dict(zip(["gamma", *scalars], self.field.gens, strict=True))
        if undiscounted:
            self.numbers["gamma"] = self.field.one
        nodes = [n for side in (claim.left, claim.right) for n in self.scope.parts(side)]
        second = self.scope.arbitrary or (frozenset({"pi'"}) if any(map(t.is_primed, nodes)) else None)
        weight = "mu S" if objective.definition.weight == "mu" else "mu0 x, N[gamma] x S"
        fisher_weight = weight if any(isinstance(n, t.Inv) for n in nodes) else ""
        logits = any(isinstance(n, t.Quantity) and n.name == "logit" for n in nodes)
        self.equations = TensorEquations({"gamma": self.numbers["gamma"]}, second, fisher_weight, logits, self.letters)

    def difference(self) -> Total:
        """Left minus right."""
        if self.claim.relation != EQUAL:
            raise self.scope.error(
                f"found {self.claim.relation}; only equations are proved for every MDP. pgsym check generic:2x2 "
                "decides it for every MDP with 2 states and 2 actions",
                self.claim.right,
            )
        return self.total(t.Sub(self.claim.left, self.claim.right, at=self.claim.left.at))

    def total(self, node: t.Node) -> Total:
        """An expression, in canonical form."""
        found: Total = {}
        for c, factors in self.terms(merged(node, self.scope), {}):
            add(found, [(f[0].removesuffix(FROZEN), *f[1:]) for f in factors], self.field.one * c)
        return found

    # -- expressions -------------------------------------------------------------------------------------

    def terms(self, node: t.Node, names: Names) -> Terms:
        """An expression; i0 and i1 are its indices over the parameters."""
        match node:
            case t.Number(value):
                return [(self.field(sp.Rational(value.numerator, value.denominator)), [])] if value else []
            case t.Neg(x):
                return scaled(self.terms(x, names), -1)
            case t.Add(x, y):
                return self.terms(x, names) + self.terms(y, names)
            case t.Sub(x, y):
                return self.terms(x, names) + scaled(self.terms(y, names), -1)
            case t.Mul(x, y):
                return product(self.terms(x, names), self.terms(y, names))
            case t.Div(x, y):
                return product(self.terms(x, names), self._inverse(y, names))
            case t.Pow(x, power):
                found: Terms = [(self.field.one, [])]
                for _ in range(abs(power)):
                    found = product(found, self.terms(x, names) if power > 0 else self._inverse(x, names))
                if power == 0:
                    self.terms(x, names)  # it has to be defined
                return found
            case t.Grad(x) | t.PrimedGrad(x):
                return self._gradient(node, x, names)
            case t.StopGradient(x):
                return [(c, list(map(_frozen, factors))) for c, factors in self.terms(x, names)]
            case t.Log(x):
                return self._logarithm(x, names)
            case t.Sum(indices, x):
                return self._sum(indices, x, names)
            case t.Expect():
                return self.terms(node.expanded(), names)
            case t.Outer(x, y):
                return product(self.terms(x, names), moved(self.terms(y, names), {"i0": "i1"}))
            case t.Transpose(x):
                return moved(self.terms(x, names), {"i0": "i1", "i1": "i0"})
            case t.Dot(x, y):
                return self._dot(x, y, names)
            case t.Inv(x):
                return self._inverse_matrix(node, x)
            case t.Indicator((first, second)):
                return [(1, [("id", self.index(first, names, node), self.index(second, names, node))])]
            case runs.RunExpect() | runs.Covariance():
                return RunTensors(self).terms(node, names)
            case runs.Trace(runs.RunExpect(operator="Var") | runs.Covariance() as x):
                return RunTensors(self).terms(x, names, trace=True)
            case runs.Trace(x):
                along_both = new_index("i")
                return moved(self.terms(x, names), {"i0": along_both, "i1": along_both})
            case runs.RewardAt():
                return [(1, [(REWARD, *(names[i] for i in ("s_0", "a_0", "s_1")))])]
            case t.Call():
                return self._call(node, names)
            case t.Quantity():
                return self._quantity(node, names)
            case t.Symbol(name):
                raise self.scope.error(
                    f"{name} is a symbol of one model; a claim about every MDP has none. Declare it with for all", node
                )
        raise self.outside(node, f"found {_kind(node)}, which is not read here")

    def outside(self, node: t.Node, message: str) -> ClaimError:
        return self.scope.error(f"{message}. Decide it on models (check)", node)

    def index(self, index: t.Index, names: Names, node: t.Node) -> str:
        if isinstance(index, t.Literal):
            raise self.scope.error(
                f"found {index.name!r}, a name of one model; a claim about every MDP has none. Write an index", node
            )
        return names.get(index, index)

    def _sum(self, indices: tuple[str, ...], body: t.Node, names: Names) -> Terms:
        bound = {i: new_index(i) for i in indices}
        inner = self.terms(body, {**names, **bound})
        return [(c, [*fs, *(("one", i) for i in bound.values())]) for c, fs in inner]

    def _gradient(self, node: t.Node, body: t.Node, names: Names) -> Terms:
        index = f"i{self.scope.rank(body) or 0}"
        found: Terms = []
        for c, factors in self.terms(body, names):
            for k, factor in enumerate(factors):
                derived = self.equations.derivative(factor, index, isinstance(node, t.PrimedGrad))
                if derived is None:
                    raise self.outside(node, "found a gradient of third order, or of an inverse")
                found += [(c * d, [*factors[:k], *new, *factors[k + 1 :]]) for d, new in derived]
        return found

    def _logarithm(self, body: t.Node, names: Names) -> Terms:
        match body:
            case t.Quantity("pi"):
                ((_, (factor,)),) = self._quantity(body, names)
                return self._spoken([(1, [("l" + factor[0], *factor[1:])])])
            case t.Mul(x, y):
                return self._logarithm(x, names) + self._logarithm(y, names)
            case t.Div(x, y):
                return self._logarithm(x, names) + scaled(self._logarithm(y, names), -1)
            case t.Pow(x, power):
                return scaled(self._logarithm(x, names), power)
        raise self.outside(body, "found a logarithm of other than probabilities of a policy")

    def _inverse(self, node: t.Node, names: Names) -> Terms:
        """1 / node, of a number or of probabilities of a policy."""
        terms = self.terms(node, names)
        if not any(fs for _, fs in terms) and (number := sum((c for c, _ in terms), self.field.zero)):
            self.divisors.append(number)
            return [(1 / number, [])]
        swapped = {p: q for pi in ("pi", "pi'") for p, q in ((pi, f"i{pi}"), (f"i{pi}", pi))}
        if len(terms) != 1 or any(f[0] not in swapped for f in terms[0][1]):
            raise self.outside(node, "found a division by other than numbers and probabilities of a policy")
        ((c, factors),) = terms
        return self._spoken([(1 / (self.field.one * c), [(swapped[f[0]], *f[1:]) for f in factors])])

    def number(self, node: t.Node) -> Any:
        """An expression in gamma and numbers of the claim's own."""
        terms = self.terms(node, {})
        if any(fs for _, fs in terms):
            raise self.outside(node, "found a quantity where a number is required")
        return sum((c for c, _ in terms), self.field.zero)

    def resolvent(self, k: Any, mark: str, s: str, y: str) -> Terms:
        """N of a chain for a discount."""
        if not k:
            return [(1, [("id", s, y)])]
        words = coefficient_text(k)[1]
        text = next((text for text, m in self.equations.discounts.items() if m == k), words.replace(" ", ""))
        if not any(0 <= k.as_expr().subs(dict.fromkeys(self.field.symbols, p)) <= 1 for p in POINTS):
            raise self.outside(self.claim.left, f"found the discount {words}; it has to lie between 0 and 1")
        self.equations.discounts[text] = k
        return self._spoken([(1, [(f"N{mark}[{text}]", s, y)])])

    def mark_of(self, pi: str, P: str) -> str:
        """The chain of this policy on these transitions."""
        letter = self.equations.letter
        return next(m for m in self.equations.marks if (letter("pi", m), letter("P", m)) == (pi, P))

    def _inverse_matrix(self, node: t.Node, body: t.Node) -> Terms:
        if self.total(body) != self.total(fisher(self.objective)):
            raise self.outside(node, "found an inverse of other than the Fisher matrix F")
        return self._spoken([(1, [("iF", "i0", "i1")])])

    def _dot(self, x: t.Node, y: t.Node, names: Names) -> Terms:
        along = new_index("i")
        left = self.scope.rank(x) or 0
        first = moved(self.terms(x, names), {f"i{left - 1}": along})
        second = moved(self.terms(y, names), {"i0": along, "i1": "i1" if left == 2 else "i0"})
        return product(first, second)

    # -- names -------------------------------------------------------------------------------------------

    def _call(self, node: t.Call, names: Names) -> Terms:
        places = [self.index(i, names, node) for i in node.indices]
        if node.name in self.scope.free:
            return [(1, [(OWN + node.name, *places)])] if places else [(self.numbers[node.name], [])]
        let = self.scope.lets[node.name]
        return self.terms(let.body, dict(zip(let.indices, places, strict=True)))

    def _quantity(self, node: t.Quantity, names: Names) -> Terms:
        places = [self.index(i, names, node) for i in node.indices]
        return self._spoken(self.quantities(self, node).of(node.name, places))

    def _spoken(self, terms: Terms) -> Terms:
        """Note what the claim speaks of."""
        self.named.update(f[0] for _, factors in terms for f in factors)
        return terms


def _frozen(factor: Factor) -> Factor:
    """A factor that no gradient sees; rewards are none of theirs anyway."""
    name, *at = factor
    return factor if name == REWARD else (name.removesuffix(FROZEN) + FROZEN, *at)


def _kind(node: t.Node) -> str:
    name = type(node).__name__
    return {"Limit": "a limit", "Abs": "an absolute value", "Max": "a maximum", "Min": "a minimum"}.get(name, name)

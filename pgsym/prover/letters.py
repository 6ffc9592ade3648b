"""A claim in the letters of its readers: V, Q, eta, grad V stay what they are, and obey equations of their own.

The prover writes every quantity out, which decides a claim and shows nothing.  A proof for readers keeps the quantities
and uses what textbooks use: Bellman's equation, the balance of visits, and what they become when differentiated.  What
a letter is written out to is one equation more, so whatever the prover proves can be proved in letters.

>>> from pgsym.claims.language import parse
>>> from pgsym.prover.equations import total_text
>>> reading = LetterReading(parse("J = sum[s] mu0(s) * V(s)").claims[0])
>>> print(total_text([(c, fs) for fs, c in reading.difference().items()]))
J - sum[s1] V(s1) * mu0(s1)
>>> definitions, laws = reading.relations(1)
>>> [law.name for law in laws]
['log-derivative trick', '`V` is the mean of `Q`', '`V` is the mean of `Q`, differentiated']
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product as product_of
from typing import ClassVar, cast

from pgsym.claims.language import tree as t
from pgsym.expression.quantity import VOCABULARY
from pgsym.prover.equations import CONTINUING, UNICHAIN, Equation, TensorEquations, coefficient_text, positive
from pgsym.prover.quantities import TensorQuantities, places_of
from pgsym.prover.reading import Reading
from pgsym.prover.tensors import Terms, new_index, product, scaled
from pgsym.prover.vocabulary import coefficient_node

_OF_MU = ("`mu` is stationary", "`mu` sums to 1")

TRICK = "log-derivative trick"

DIFFERENTIATED = ", differentiated"
"""Behind the name of an equation."""


class LetterQuantities(TensorQuantities):
    """Quantities that stay letters; what they are written out to is in letters too."""

    kept: ClassVar[tuple[str, ...]] = ("J", "rbar", "h", "V", "Q", "A", "eta", "mu")

    def of(self, name: str, at: list[str]) -> Terms:
        """A letter where there is one; what is not defined is refused as ever."""
        written = super().of(name, at)
        return [(1, [(self._letter(name), *at)])] if name in self.kept and written else written

    def written(self, at: list[str]) -> Terms:
        """What the letter is written out to at a place."""
        return super().of(self.node.name, at)

    def definition(self) -> Equation:
        """What the letter is written out to."""
        name = self.node.name
        written = self.written(list(places_of(name)))
        titles = {
            "Q": "Poisson's equation" if self.long_run else "Bellman's equation",
            "V": "`V` sums rewards over visits",
            "eta": "`eta` counts visits from the start",
        }
        return self._equation(titles.get(name, f"definition of `{name}`"), written)

    def laws(self) -> Iterator[Equation]:
        """What else is true of it."""
        e, mark, name, x, a = self.reading.equations, self.mark, self.node.name, new_index("s"), new_index("a")
        pi, P = e.letter("pi", mark), e.letter("P", mark)
        if name == "V" or (name == "h" and self.long_run):
            mean = product([(1, [(pi, "S", a)])], self.of("Q", ["S", a]))
            yield self._equation(f"`{name}` is the mean of `Q`", mean)
        if name == "h":
            if not self.long_run:
                later = product([(1, [(pi, "S", a), (P, "S", a, x)])], self.of("h", [x]))
                yield self._equation(
                    "Poisson's equation", self.of("r_pi", ["S"]) + scaled(self.of("rbar", []), -1) + later
                )
            yield Equation("the mean of `h` is 0", (("mu" + mark, x), (self._letter("h"), x)), (), UNICHAIN)
        if name == "eta":
            k, visits = self.discount(), (self._letter("eta"), x)
            moved: Terms = [(k, [visits, (pi, x, a), (P, x, a, "S")])]
            balance = self._equation("balance of visits", self.start("S") + moved)
            yield from (replace(balance, carried="S"), replace(balance, needs=CONTINUING))
            if k != 1:
                shares = tuple((c / (1 - k), tuple(fs)) for c, fs in self.start(x))
                yield Equation(f"visits sum to `1 / (1 - {coefficient_text(k)[1]})`", (visits,), shares, CONTINUING)
            if not self.overrides and not mark:
                yield Equation("`d` sums to 1", (visits, ("ilen[gamma]",)), ((1, ()),))

    def _letter(self, name: str) -> str:
        may = VOCABULARY["rbar" if name == "r_pi" else name].overrides
        kept = tuple(o for o in self.node.overrides if o.key in may)
        return cast(LetterReading, self.reading).letter(t.Quantity(name, (), self.node.primed, kept))

    def _equation(self, name: str, terms: Terms) -> Equation:
        left = (self._letter(self.node.name), *places_of(self.node.name))
        return Equation(name, (left,), tuple((self.reading.field.one * c, tuple(fs)) for c, fs in terms))


class LetterReading(Reading):
    """One claim in letters; parameters as for `Reading`."""

    quantities = LetterQuantities

    def letter(self, node: t.Quantity) -> str:
        """The name of a quantity as a factor."""
        name = str(node).replace(" ", "")
        self.letters.setdefault(name, node)
        return name

    def relations(self, order: int) -> tuple[list[Equation], list[Equation]]:
        """What letters are written out to, down to the tensors of the prover; and what else is true of them.

        Each comes with what it becomes when differentiated up to so many times.
        """
        self._register_visits()
        definitions, laws, done = list[Equation](), list[Equation](), set[str]()
        for mark in self.equations.marks:
            laws += [e for e in self.equations.table() if e.name in _OF_MU and e.left[0][0] == "mu" + mark]
        laws = [e for law in laws for e in self._with_gradients(law, order)[1:]]
        for pi in dict.fromkeys(self.equations.letter("pi", mark) for mark in self.equations.marks):
            slope = ("d" + pi, "S", "A", "I")
            trick = ((pi, "S", "A"), ("i" + pi, "S", "A"), slope), ((self.field.one, (slope,)),)
            laws.append(Equation(TRICK, *trick, positive(pi)))
        while todo := [name for name in self.letters if name not in done]:
            for name in todo:
                done.add(name)
                of = LetterQuantities(self, self.letters[name])
                own = [of.definition()] if of.node.name != "mu" else self._slope_of_mu(name, order)
                definitions += [e for d in own for e in self._with_gradients(d, order)]
                laws += [e for law in of.laws() for e in self._with_gradients(law, order)]
        if self.equations.fisher.startswith("mu0"):
            laws.append(TensorEquations({}, fisher="eta S").table()[-1])
        return definitions, laws

    def _register_visits(self) -> None:
        """Where a mean over runs speaks of visits, so does the proof."""
        names = {f[0] for product in self.difference() for f in product}
        for mark, (text, k) in product_of(self.equations.marks, self.equations.discounts.items()):
            if f"N{mark}[{text}]" in names:
                own = () if k == self.numbers["gamma"] else (t.Override("gamma", coefficient_node(k, None)),)
                for name in ("V", "eta") if own or not self.objective.definition.differential else ():
                    self.letter(t.Quantity(name, (), bool(mark), own))

    def _slope_of_mu(self, name: str, order: int) -> list[Equation]:
        slope = self.equations.tensor_derivative((name, "T"), "I", self._by_own(name))
        right = tuple((c, tuple(fs)) for c, fs in slope or ())
        return [Equation(f"derivative of `{name}`", (("d" + name, "T", "I"),), right, UNICHAIN)] if order else []

    def _by_own(self, name: str) -> bool:
        """Whether the policy of a letter is pi', by whose parameters its equations are differentiated."""
        return self.equations.letter("pi", "'" * ("'" in name.split("[")[0])) == "pi'"

    def _with_gradients(self, equation: Equation, order: int) -> list[Equation]:
        """An equation, and its derivatives up to an order."""
        primed = self._by_own(equation.left[0][0])
        taken = sum(i in "IJ" for i in equation.left[0][1:])
        found = [equation]
        for index in "IJ"[taken:order]:
            terms = [(self.field.one, equation.left), *((-c, fs) for c, fs in equation.right)]
            slopes = [
                (c * d, (*fs[:k], *new, *fs[k + 1 :]))
                for c, fs in terms
                for k, f in enumerate(fs)
                for d, new in self.equations.derivative(f, index, primed) or ()
            ]
            if not slopes or len(slopes[0][1]) > len(equation.left):
                break
            (c, left), *rest = slopes
            name = equation.name.removesuffix(DIFFERENTIATED) + DIFFERENTIATED + " twice" * (index == "J")
            equation = replace(equation, name=name, left=left, right=tuple((-d / c, fs) for d, fs in rest))
            found.append(equation)
        return found

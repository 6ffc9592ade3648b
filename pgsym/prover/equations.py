"""What is true of every finite MDP: the equations that its tensors obey, and how they depend on theta.

A chain is a policy on a model.  ``N[k] = (I - k P_pi)^-1`` holds its values and visits for the discount k, ``mu`` is
its stationary distribution, ``D`` its deviation matrix; these and pi, P, r, mu0 are what every statement is reduced
to.  ``dpi`` and ``ddpi`` are gradients, ``ipi`` is 1/pi, ``lpi`` is log pi, ``one`` is 1 and ``id`` is 1 where its
indices are equal.

>>> from fractions import Fraction
>>> print(TensorEquations({"gamma": Fraction(1, 2)}).table()[0])
the probabilities of actions sum to 1: sum[a1] pi(a1|s) = 1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgsym.claims.language import tree as t
from pgsym.prover.tensors import Factor, is_summed, new_index, product_text, renamed

FROZEN = "°"
"""Behind the name of a factor that no gradient sees."""

CONTINUING = "no state is terminal"
"""Rows of P sum to 1 over the states that are not terminal."""

UNICHAIN = "there is one recurrent class, and no state is terminal"
INVERTIBLE = "the Fisher matrix is invertible"
SOFTMAX = "the policy is a softmax, its logits linear in theta"
TABULAR = "the policy is a tabular softmax, with a parameter for each state and action"


def positive(pi: str) -> str:
    """What a division by the probabilities of a policy needs, and their logarithms."""
    return f"{pi}(a|s) > 0"


@dataclass(frozen=True)
class Equation:
    """left = right, for every value of the free indices."""

    name: str
    """In words."""
    left: tuple[Factor, ...]
    """One product.  Indices with ``#`` are summed over and stand nowhere else in a product that is rewritten."""
    right: tuple[tuple[Any, tuple[Factor, ...]], ...]
    """A sum."""
    needs: str = ""
    """The hypothesis under which it is true; empty: none."""
    carried: str = ""
    """A free state that the equation leaves to other factors, which have to be 0 where it is terminal."""

    @property
    def products(self) -> list[tuple[Factor, ...]]:
        """The left side, and each product of the right side."""
        return [self.left, *(fs for _, fs in self.right)]

    def __str__(self) -> str:
        return f"{self.name}: {product_text(self.left)} = {total_text(self.right)}"


def total_text(terms: Sequence[tuple[Any, Sequence[Factor]]]) -> str:
    """A sum in one line.

    >>> total_text([(1, [("mu", "S")]), (-2, [])])
    'mu(s) - 2'
    """
    found = ""
    for coefficient, factors in terms:
        minus, number = coefficient_text(coefficient)
        part = number if not factors else product_text(factors)
        part = part if number in ("1", part) else f"{number} * {part}"
        found += (" - " if found else "-") + part if minus else (" + " if found else "") + part
    return found or "0"


def coefficient_text(element: Any) -> tuple[bool, str]:
    """Whether an element is below 0 where gamma is small, and its absolute value.

    >>> from sympy.polys.fields import field
    >>> _, gamma = field("gamma", "QQ")
    >>> coefficient_text(1 / (gamma - 1))
    (True, '1/(1 - gamma)')
    """
    if not hasattr(element, "numer"):
        return element < 0, str(abs(element))
    parts, minus = [], False
    for part in (element.numer, element.denom):
        number, powers = part.factor_list()
        minus ^= number < 0
        words = [str(abs(number))] if abs(number) != 1 or not powers else []
        for factor, power in sorted(powers, key=lambda found: (len(found[0]), str(found[0]))):
            below = factor[min(factor.itermonoms(), key=sum)] < 0
            minus ^= below and power % 2 == 1
            text = str((-factor if below else factor).as_expr()).replace("**", "^").replace("*", " * ")
            words.append((f"({text})" if " " in text else text) + (f"^{power}" if power > 1 else ""))
        parts.append(" * ".join(words))
    above, under = parts
    return minus, above if under == "1" else f"{above}/{f'({under})' if ' * ' in under else under}"


def read(text: str) -> tuple[Factor, ...]:
    """Factors from a short form in which capital letters are free indices.

    >>> read("pi S a, P S a x")
    (('pi', 'S', 'a#'), ('P', 'S', 'a#', 's#x'))
    """
    return tuple(
        (name, *map(_index, indices)) for name, *indices in (part.split() for part in text.split(",") if part.strip())
    )


def _index(letter: str) -> str:
    if letter.isupper():
        return letter
    return {"a": "a#", "b": "a#b"}.get(letter, f"s#{letter}")


@dataclass(eq=False)
class TensorEquations:
    """The equations of one or two chains, for some discounts."""

    discounts: dict[str, Any]
    """Elements of the coefficients' field by the text that N[...] has in its brackets."""
    second: frozenset[str] | None = None
    """What of the second chain is its own, of ``pi'``, ``P'`` and ``r'``; None: there is no second one."""
    fisher: str = ""
    """The weight of the Fisher matrix as factors at ``S``, where its inverse is spoken of."""
    softmax: bool = False
    """Whether the logits of the policy are spoken of."""
    letters: Mapping[str, t.Quantity] = field(default_factory=dict)
    """Quantities that are not written out, by their names as factors."""

    @property
    def marks(self) -> tuple[str, ...]:
        """Behind the names of each chain."""
        return ("",) if self.second is None else ("", "'")

    def letter(self, base: str, mark: str) -> str:
        """pi, P, r or another moment of the rewards of a chain: the second has its own only where that is arbitrary."""
        if not mark:
            return base
        assert self.second is not None, "the second chain of a claim that has one"
        owner = "r'" if base.startswith("r") else f"{base}'"
        return base + mark if owner in self.second else base

    def table(self) -> list[Equation]:
        """All of them, in the order in which they are tried."""
        found = [e for pi in dict.fromkeys(self.letter("pi", mark) for mark in self.marks) for e in self._of_policy(pi)]
        for mark in self.marks:
            found += self._of_chain(mark)
        if self.fisher:
            weight = self.fisher.replace("S", "y")
            left = read(f"{weight}, ipi y a, dpi y a I, dpi y a J, iF J K".replace("J", "j"))
            left = tuple((f[0], *("i#" if i == "s#j" else i for i in f[1:])) for f in left)
            found.append(Equation("`F` times its inverse", left, ((1, (("id", "I", "K"),)),), INVERTIBLE))
        return found

    def _of_policy(self, pi: str) -> list[Equation]:
        sums = "the probabilities of actions sum to 1"
        found = [
            Equation(sums, read(f"{pi} S a"), ((1, ()),)),
            Equation(f"{sums}, differentiated", (("d" + pi, "S", "a#", "I"),), ()),
            Equation(f"{sums}, differentiated twice", (("dd" + pi, "S", "a#", "I", "J"),), ()),
            Equation("`pi` times its inverse is 1", ((pi, "S", "A"), ("i" + pi, "S", "A")), ((1, ()),), positive(pi)),
        ]
        if self.softmax and pi == "pi":
            found += _SOFTMAX
        return found

    def _of_chain(self, mark: str) -> list[Equation]:
        pi, P, r, r3 = (self.letter(base, mark) for base in ("pi", "P", "r", "r3"))
        mu, D = "mu" + mark, "D" + mark
        inner = f"{pi} x a, {P} x a"
        found = [
            Equation("`r(s,a)` is the mean of `r(s,a,s')`", read(f"{P} S A x, {r3} S A x"), ((1, read(f"{r} S A")),)),
            Equation("`mu` sums to 1", read(f"{mu} x"), ((1, ()),), UNICHAIN),
            Equation("`mu` is stationary", read(f"{mu} x, {inner} T"), ((1, read(f"{mu} T")),), UNICHAIN),
            Equation("the mean of `D` is 0", read(f"{mu} x, {D} x T"), (), UNICHAIN),
            Equation("the rows of `D` sum to 0", read(f"{D} S x"), (), UNICHAIN),
        ]
        after, before = read(f"{pi} S a, {P} S a x"), read(f"{pi} x a, {P} x a T")
        poisson = ((1, read(f"{D} S T")), (-1, (("id", "S", "T"),)), (1, read(f"{mu} T")))
        found.append(Equation("first step of `D`", (*after, (D, "s#x", "T")), poisson, UNICHAIN))
        found.append(Equation("last step of `D`", ((D, "S", "s#x"), *before), poisson, UNICHAIN))
        for text, k in self.discounts.items():
            N = f"N{mark}[{text}]"
            step = ((1 / k, read(f"{N} S T")), (-1 / k, (("id", "S", "T"),)))
            found.append(Equation(f"first step of `{N}`", (*after, (N, "s#x", "T")), step))
            balance = f"last step of `{N}`", ((N, "S", "s#x"), *before), step
            found += [Equation(*balance, carried="T"), Equation(*balance, CONTINUING)]
            if k == 1:
                continue
            total = ((1 / (1 - k), ()),)
            found.append(Equation(f"the rows of `{N}` sum to `1 / (1 - {text})`", read(f"{N} S x"), total, CONTINUING))
            both = ((1 / (1 - k), read(f"{mu} T")),)
            found.append(Equation(f"`mu` is stationary, summed in `{N}`", read(f"{mu} x, {N} x T"), both, UNICHAIN))
            mixed = (
                (1 / (1 - k), read(f"{D} S T")),
                (-k / (1 - k), read(f"{N} S T")),
                (k / (1 - k) ** 2, read(f"{mu} T")),
            )
            for left in (f"{N} S x, {D} x T", f"{D} S x, {N} x T"):
                found.append(Equation(f"product of `{N}` and `D`", read(left), mixed, UNICHAIN))
            for other, m in self.discounts.items():
                if other != text:
                    M = f"N{mark}[{other}]"
                    parts = ((k / (k - m), read(f"{N} S T")), (-m / (k - m), read(f"{M} S T")))
                    found.append(Equation(f"product of `{N}` and `{M}`", read(f"{N} S x, {M} x T"), parts))
        found.append(Equation("the rows of `P` sum to 1", read(f"{P} S A x"), ((1, ()),), CONTINUING))
        if mark == "":
            found.append(Equation("`mu0` sums to 1", read("mu0 x"), ((1, ()),), CONTINUING))
            for text, k in self.discounts.items():
                found += [
                    Equation("visits sum to `1 / (1 - gamma)`", ((f"ilen[{text}]",),), ((1 - k, ()),), CONTINUING)
                ]
                length = read(f"mu0 x, N[{text}] x y")
                found.append(Equation("`d` sums to 1", (*length, (f"ilen[{text}]",)), ((1, ()),)))
        return found

    # -- derivatives -------------------------------------------------------------------------------------

    def derivative(self, factor: Factor, index: str, primed: bool = False) -> list[tuple[Any, list[Factor]]] | None:
        """The gradient of a factor by a parameter, of pi' if `primed`, as a sum; None where it is not known here.

        That of a letter is a letter.
        """
        name, *at = factor
        letter = next((name[k:] for k in range(3) if name[:k] == "d" * k and name[k:] in self.letters), None)
        if letter is None:
            return self.tensor_derivative(factor, index, primed)
        node = self.letters[letter]
        if not node.overrides and primed != (self.letter("pi", "'" * node.primed) == "pi'"):
            return []
        return None if name.startswith("dd") else [(1, [("d" + name, *at, index)])]

    def tensor_derivative(self, factor: Factor, index: str, primed: bool) -> list[tuple[Any, list[Factor]]] | None:
        """That of a factor as a tensor, be it a letter or not."""
        name, *at = factor
        if name.endswith(FROZEN):
            return []
        mark = "'" if primed else ""
        pi = "pi" + mark
        if name == pi:
            return [(1, [("d" + pi, *at, index)])]
        if name == "d" + pi:
            return [(1, [("dd" + pi, *at, index)])]
        if name == "i" + pi:
            return [(-1, [factor, factor, ("d" + pi, *at, index)])]
        if name == "l" + pi:
            return [(1, [("i" + pi, *at), ("d" + pi, *at, index)])]
        if name == "logit":
            return [(1, [("dlogit", *at, index)])] if not primed else []
        own = next((m for m in ("", "'") if name.split("[")[0] in (f"N{m}", f"mu{m}", f"D{m}")), None)
        if own is not None and (own == "" or self.second is not None):
            return self._of_resolvent(name, at, own, index) if self.letter("pi", own) == pi else []
        if name == "iF" or name.startswith(("ilen", "dd")):
            return None
        return []

    def _of_resolvent(self, name: str, at: list[str], mark: str, index: str) -> list[tuple[Any, list[Factor]]]:
        pi, P = self.letter("pi", mark), self.letter("P", mark)
        mu, D = "mu" + mark, "D" + mark
        x, a, y, z = new_index("s"), new_index("a"), new_index("s"), new_index("s")
        step = [("d" + pi, x, a, index), (P, x, a, y)]
        if name == mu:
            return [(1, [(mu, x), *step, (D, y, *at)])]
        first = [(name, at[0], x), *step, (name, y, at[1])]
        if name == D:
            return [(1, first), (-1, [("one", at[0]), (mu, x), *step, (D, y, z), (D, z, at[1])])]
        return [(self.discounts[name.partition("[")[2][:-1]], first)]


def _softmax() -> list[Equation]:
    at, mean = ("S", "A"), ("S", "a#")
    one = (("pi", *at), ("dlogit", *at, "I"))
    less = (("pi", *at), ("pi", *mean), ("dlogit", *mean, "I"))
    first = ((1, one), (-1, less))
    second = (
        (1, (("dpi", *at, "J"), ("dlogit", *at, "I"))),
        (-1, (("dpi", *at, "J"), ("pi", *mean), ("dlogit", *mean, "I"))),
        (-1, (("pi", *at), ("dpi", *mean, "J"), ("dlogit", *mean, "I"))),
    )
    return [
        Equation("the gradient of softmax", (("dpi", *at, "I"),), first, SOFTMAX),
        Equation("the second gradient of softmax", (("ddpi", *at, "I", "J"),), second, SOFTMAX),
        Equation(
            "each logit is a parameter",
            (("dlogit", "S", "A", "i#"), ("dlogit", "T", "B", "i#")),
            ((1, (("id", "S", "T"), ("id", "A", "B"))),),
            TABULAR,
        ),
    ]


_SOFTMAX = _softmax()


def instance(
    equation: Equation, place: Mapping[str, str], rest: Sequence[Factor], coefficient: Any
) -> list[tuple[Any, list[Factor]]]:
    """coefficient * rest * (left - right) with the free indices at a place, as a sum."""
    terms = [(coefficient, list(equation.left)), *((-coefficient * c, list(fs)) for c, fs in equation.right)]
    found = []
    for c, factors in terms:
        names = dict(place) | {i: new_index(i) for f in factors for i in f[1:] if is_summed(i)}
        kept = [("one", i) for i in place.values()]
        found.append((c, [*rest, *renamed(factors, names), *kept]))
    return found

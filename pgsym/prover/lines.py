"""Sums of products as a reader would write them: common factors in front, each sum where it is needed.

>>> from pgsym.claims.language import parse
>>> from pgsym.prover.letters import LetterReading
>>> reading = LetterReading(parse("sum[s,a] Q(s,a) * pi(a|s) * mu(s) - sum[s] mu(s) * V(s) = 0").claims[0])
>>> print(line(reading.difference(), reading))
sum[s] mu(s) * (sum[a] pi(a|s) * Q(s,a) - V(s))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

from pgsym.claims.language import tree as t
from pgsym.errors import ClaimError
from pgsym.prover.equations import Equation, coefficient_text, total_text
from pgsym.prover.letters import LetterReading
from pgsym.prover.rewriting import normal_form
from pgsym.prover.tensors import Factor, Total, indices_of, is_summed, renamed, unused
from pgsym.prover.vocabulary import ProductWriter, coefficient_node, plus, times

Terms = Sequence[tuple[Any, tuple[Factor, ...]]]

IN_FRONT = ("mu0", "mu", "eta", "d", "dmu", "deta", "N", "P_pi", "D", "dpi", "pi", "dlpi", "P")
"""What is taken out of a sum, outermost first; other letters are not."""


def line(total: Total, reading: LetterReading) -> t.Node:
    """The sum as an expression."""
    folded, _ = normal_form(total, _short(reading))
    return _sum(reading, [(c, fs) for fs, c in sorted(folded.items())], frozenset())


def _short(reading: LetterReading) -> list[Equation]:
    """P_pi, r_pi and scores by their names."""
    found = [Equation("", (("eta", "S"), ("ilen[gamma]",)), ((1, (("d", "S"),)),))]
    for mark in reading.equations.marks:
        pi, P, r = (reading.equations.letter(base, mark) for base in ("pi", "P", "r"))
        found += [
            Equation("", ((pi, "S", "a#"), (P, "S", "a#", "T")), ((1, (("P_pi" + mark, "S", "T"),)),)),
            Equation("", ((pi, "S", "a#"), (r, "S", "a#")), ((1, (("r_pi" + mark, "S"),)),)),
            Equation("", (("i" + pi, "S", "A"), ("d" + pi, "S", "A", "I")), ((1, (("dl" + pi, "S", "A", "I"),)),)),
        ]
    return found


def _sum(reading: LetterReading, terms: Terms, taken: frozenset[str]) -> t.Node:
    """All terms; those with a common factor together.  Indices that are taken are bound outside."""
    groups, rest = list[tuple[Any, Terms]](), list(terms)
    while rest:
        key = _in_front(rest)
        group = [(c, fs) for c, fs in rest if key in map(_key, _apt(fs))] or rest[:1]
        rest = [term for term in rest if term not in group]
        groups.append((key, group))
    common = _common(terms) if len(groups) > 1 else reading.field.one
    parts = [_group(reading, [(c / common, fs) for c, fs in group], key, taken) for key, group in groups]
    parts.sort(key=lambda part: any(isinstance(n, t.Sum) for n in part.walk()))
    return coefficient_node(common, plus(parts)) if parts else t.Number(Fraction(0))


def _common(terms: Terms) -> Any:
    """The factor that all coefficients share; below 0 where all of them are."""
    coefficients = [c for c, _ in terms]
    common = coefficients[0]
    if any(c not in (common, -common) for c in coefficients):
        parts = ([c.numer for c in coefficients], [c.denom for c in coefficients])
        common = common.field.new(*(reduce(lambda x, y: x.gcd(y), part) for part in parts))
    negative = all(coefficient_text(c)[0] for c in coefficients)
    return common if coefficient_text(common)[0] == negative else -common


def _group(reading: LetterReading, terms: Terms, key: Any, taken: frozenset[str]) -> t.Node:
    """One factor times a sum, the number that all terms share before it."""
    c = leading(terms)
    if any(d not in (c, -c) for d, _ in terms):
        c = _common(terms)
    if key is None:
        ((c, fs),) = terms
        return _words(reading, c, fs)
    free = taken | {i for _, fs in terms for f in fs for i in f[1:] if not is_summed(i)}
    own = dict[str, str]()
    for i in key[1:]:
        if is_summed(i) and i not in own:
            own[i] = unused(i[0], free | set(own.values()))
    inner = []
    for d, fs in terms:
        head = next(f for f in _apt(fs) if _key(f) == key)
        names = dict(zip(indices_of([head]), own.values(), strict=True))
        others = [f for k, f in enumerate(fs) if k != fs.index(head)]
        inner.append((d / c, tuple(renamed(others, names))))
        (front,) = renamed([head], names)
    node = _words(reading, reading.field.one, (front,))
    if inner != [(reading.field.one, ())]:
        node = times(node, _sum(reading, inner, free | set(own.values())))
    return coefficient_node(c, t.Sum(tuple(own.values()), node) if own else node)


def _words(reading: LetterReading, c: Any, factors: tuple[Factor, ...]) -> t.Node:
    node = ProductWriter(reading, factors).node(c)
    if node is None:
        raise ClaimError(f"found {total_text([(c, factors)])}; the language has no words for it. See the certificate")
    return node


def leading(terms: Terms) -> Any:
    """The coefficient whose sign stands before a sum: V' - V, not V - V'."""

    def order(term: tuple[Any, tuple[Factor, ...]]) -> tuple[int, bool]:
        c, factors = term
        return sum("'" in f[0] for f in factors if _rank(f[0]) == len(IN_FRONT)), not coefficient_text(c)[0]

    return max(terms, key=order)[0]


def _in_front(terms: Terms) -> Any:
    """What the most terms share of the outermost kind, its summed indices left open."""
    counts = Counter(key for _, fs in terms for key in dict.fromkeys(map(_key, _apt(fs))))
    return max(counts, key=lambda k: (-max(len(indices_of([k])), 1), -_rank(k[0]), counts[k], k), default=None)


def _rank(name: str) -> int:
    base = name.split("[")[0].rstrip("'")
    return IN_FRONT.index(base) if base in IN_FRONT else len(IN_FRONT)


def _key(factor: Factor) -> tuple[str, ...]:
    """A factor up to the names of its summed indices."""
    own = {i: f"{i[0]}#{k}" for k, i in enumerate(indices_of([factor]))}
    return (factor[0], *(own.get(i, i) for i in factor[1:]))


def _apt(factors: Iterable[Factor]) -> list[Factor]:
    """What may stand in front: not one of several vectors."""
    factors = list(factors)
    vectors = [f for f in factors if any(i[0] == "i" for i in f[1:])]
    return [f for f in factors if _rank(f[0]) < len(IN_FRONT) and (f not in vectors or len(vectors) == 1)]

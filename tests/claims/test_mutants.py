"""Slips in the engine, made in memory: the second reading notices each in a small sample, and nothing without it."""

import random
from functools import cached_property

import pytest
import sympy as sp
from second_reading.cases import block
from second_reading.random_models import MODELS
from second_reading.soundness import judge

from pgsym.algebra.differentiation import Differentiation
from pgsym.algebra.dual import Dual
from pgsym.claims import compiler
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.compiler import Meaning
from pgsym.claims.evaluation import Evaluation
from pgsym.claims.language.names import Range
from pgsym.claims.language.relation import EQUAL
from pgsym.exact.quantities import Quantities

SAMPLE = 1500
"""Claims within which a slip is noticed."""

KINDS = ("as stated", "transposed", "random, true", "random, false", "random, undefined")


def transpose_is_identity(patch):
    patch.setattr(compiler, "transpose", lambda x: x)


def quotient_rule_adds(patch):
    """(f/g)' = (f' g + f g') / g^2."""
    combined = Differentiation._combined

    def wrong(self, numerator, special, regular):
        product = self._base.expand(tuple((part, 1) for part, _ in regular))
        right = combined(self, numerator, special, regular)
        return self._base.ring.multiply(self._polynomial(numerator), product) * 2 - right

    patch.setattr(Differentiation, "_combined", wrong)
    patch.setattr(Differentiation, "_of_linear", lambda *_: None)


def dual_quotient_rule_adds(patch):
    """The same for dual numbers: at witnesses, and in the identity test."""

    def wrong(self, other):
        quotient = self.value / other.value
        slopes = dict(self.tangents)
        for k, slope in other.tangents.items():
            slopes[k] = slopes[k] + quotient * slope if k in slopes else quotient * slope
        return Dual(quotient, {k: slope / other.value for k, slope in slopes.items()})

    patch.setattr(Dual, "__truediv__", wrong)


def h_is_not_centred(patch):
    """h is 0 in the last recurrent state, instead of mu.h = 0."""

    def wrong(self):
        last = self.H[self.only_class.states[-1]]
        return {s: e - last for s, e in self.H.items()}

    patch.setattr(Quantities, "h", property(wrong))


def functions_are_known_by_text(patch):
    """b(1) and b("1") are one symbol."""

    def wrong(self):
        return {
            name: {place: sp.Symbol(f"{name}({','.join(map(str, place))})" if place else name) for place in
                   self._places(declared)}
            for name, declared in self.scope.free.items()
        }  # fmt: skip

    by_text = cached_property(wrong)
    by_text.__set_name__(BoundClaim, "functions")
    patch.setattr(BoundClaim, "functions", by_text)


def literal_zero_is_not_evaluated(patch):
    """In a sum of vectors, a side that is 0 by its form is left out, defined or not."""
    combined = Meaning._combined

    def wrong(self, left, right, level, operation):
        if self.scope.rank(left) and self.scope.rank(right) is None:
            return self.compile(left, level)
        return combined(self, left, right, level, operation)

    patch.setattr(Meaning, "_combined", wrong)


def expectations_drop_the_end(patch):
    """E[s'~P] runs over states that are not terminal."""
    items = Meaning._items

    def wrong(self, found):
        if isinstance(found, Range) and found.drawn and found.partner is None:
            states = self.world.mdp.nonterminal
            return lambda env: states
        return items(self, found)

    patch.setattr(Meaning, "_items", wrong)


def the_second_policy_is_the_first(patch):
    """A prime is read over."""
    build = Evaluation.__init__

    def wrong(self, *given, **named):
        build(self, *given, **named)
        if self.primed is not None and self.primed.mdp is self.mdp:
            self.primed = self

    patch.setattr(Evaluation, "__init__", wrong)


def eta_starts_anywhere(patch):
    """eta[mu0=w] is taken from the start of the model."""
    varied = Evaluation.varied

    def wrong(self, quantities, **overrides):
        overrides.pop("mu0", None)
        return varied(self, quantities, **overrides)

    patch.setattr(Evaluation, "varied", wrong)


def negation_is_lost_in_vectors(patch):
    """x - y of vectors is x + y where x has no entry."""

    def wrong(x, y):
        if not isinstance(x, dict):
            return x - y
        return {**y, **x, **{p: x[p] - y[p] for p in x.keys() & y.keys()}}

    patch.setattr(compiler, "minus", wrong)


MUTANTS = [
    transpose_is_identity,
    quotient_rule_adds,
    dual_quotient_rule_adds,
    h_is_not_centred,
    functions_are_known_by_text,
    literal_zero_is_not_evaluated,
    expectations_drop_the_end,
    the_second_policy_is_the_first,
    eta_starts_anywhere,
    negation_is_lost_in_vectors,
]
KIND = {"functions_are_known_by_text": "hostile names", "expectations_drop_the_end": "several ends"}
"""On which kind of model, where all others would do as well as none."""


def first_noticed(kind, number):
    """The first judgement with a complaint among that many claims."""
    seen = 0
    for k in range(10**6):
        for case, (problem, name, claim) in enumerate(block("mutants", k, kind=kind, theorems=0)):
            if name not in KINDS:
                continue
            seen += 1
            if seen > number:
                return None
            judgement = judge(problem, claim, random.Random(f"{k} {case}"), kind=name, points=1)
            if judgement.complaints:
                return seen, problem, claim, judgement
    return None


@pytest.mark.parametrize("slip", MUTANTS, ids=lambda slip: slip.__name__)
def test_slip_in_the_engine_is_noticed(slip, monkeypatch):
    with monkeypatch.context() as patch:
        slip(patch)
        noticed = first_noticed(KIND.get(slip.__name__), SAMPLE)
    assert noticed, f"{SAMPLE} claims are decided as if nothing were wrong"
    number, problem, claim, judgement = noticed
    print(f"noticed at claim {number}: {judgement}")
    sound = judge(problem, claim, random.Random(1), points=1)
    assert not sound.complaints, f"noticed without the slip too: {sound}"


def test_kinds_of_models_are_those_of_the_tests():
    assert set(KIND.values()) <= set(MODELS)
    assert len(MODELS) >= 18
    assert EQUAL == "=="

"""Residues at random points: homomorphism, randomness, and what an identity test accepts and rejects."""

import random
from fractions import Fraction

import pytest
import sympy as sp
from flint import fmpz

from pgsym.algebra import Generators, PrimeField, random_prime
from pgsym.errors import NotInFieldError
from pgsym.expression.linear import Linear

T, U, GAMMA = sp.symbols("t u gamma")
FORMS = [Linear.from_sympy(e) for e in (T / 2, U - T, U / 3 + sp.Rational(1, 2))]


def field(seed):
    return PrimeField.random(random.Random(seed), Generators.of(FORMS, [GAMMA, T]))


def test_random_prime_is_prime_and_has_all_bits():
    rng = random.Random(0)
    primes = {random_prime(rng) for _ in range(20)}
    assert len(primes) == 20
    assert all(p.bit_length() == 64 and fmpz(p).is_prime() for p in primes)


def test_prime_field_is_reproducible():
    a, b, c = field(1), field(1), field(2)
    e = sp.exp(T) * GAMMA + sp.exp(U)
    assert a.prime == b.prime != c.prime
    assert a.convert(e) == b.convert(e)


def test_prime_field_keeps_the_laws_of_exponentials():
    numbers = field(3)
    half = numbers.convert(sp.exp(T / 2))
    assert numbers.convert(sp.exp(T)) == half * half
    assert numbers.convert(sp.exp(-T)) == numbers.one / (half * half)
    assert numbers.convert(sp.exp(T)) * numbers.exp(Linear.from_sympy(U - T)) == numbers.convert(sp.exp(U))
    assert sum(numbers.softmax(FORMS), numbers.zero) == numbers.one


def test_prime_field_treats_theta_and_its_exponential_as_independent():
    numbers = field(4)
    assert numbers.symbol(T) != numbers.convert(sp.exp(T))


def test_identity_test_accepts_identities():
    """(1 + x)^2/(1 + 2 x + x^2) = 1, and the sigmoid's symmetry, in ten fields."""
    x = sp.exp(T)
    identities = [(1 + x) ** 2 / (1 + 2 * x + x**2) - 1, 1 / (1 + x) + 1 / (1 + 1 / x) - 1]
    for seed in range(10):
        assert all(field(seed).is_zero(field(seed).convert(e)) for e in identities)


def test_identity_test_rejects_near_misses():
    """A mutant: wrong by one coefficient in a polynomial of degree 40; chance of a miss below 40/2^63 each."""
    x = sp.exp(T)
    mutant = (1 + x) ** 40 - sp.expand((1 + x) ** 40) + GAMMA * x**17 / 10**6
    for seed in range(10):
        assert not field(seed).is_zero(field(seed).convert(mutant))


def test_prime_field_given_values():
    numbers = PrimeField(7, Generators.of([Linear.from_sympy(T / 2)], []), {T: 3}, {})
    assert int(numbers.exp(Linear.from_sympy(T))) == 2
    assert int(numbers.number(Fraction(-1, 2))) == 3
    assert numbers.to_sympy(numbers.number(Fraction(1, 3))) == 5
    with pytest.raises(ZeroDivisionError):
        numbers.number(Fraction(1, 7))


def test_symbol_raises_on_unknown_name():
    with pytest.raises(
        NotInFieldError,
        match=r"^z: no value; every symbol of an expression needs one\. Give the expression to Generators\.of$",
    ):
        field(0).symbol(sp.Symbol("z"))

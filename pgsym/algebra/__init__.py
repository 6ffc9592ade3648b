"""Numbers that decide: fields with an exact zero test, and sparse elimination over them.  Knows no MDP.

    field           the interface: +, *, /, is_zero, gradient, factor
      │
      ├── rational      Q(exp(theta), theta, symbols): closed forms, with derivations
      │     generators → polynomial (FLINT) → coprime (denominators) → fraction → differentiation
      ├── point         exact numbers at a theta: rationals, radicals, powers of e, logarithms
      │     radical       Q(2^(1/2), 3^(1/3), ...) over any base field
      ├── prime         integers modulo a random prime at a random point: identity testing; its LU is planned once
      ├── floating      double precision
      ├── dual          any of these with tangents: forward-mode derivatives
      └── size          how large an answer can be, without computing it
    elimination     one sparse LU for all of them; ordering chooses pivots, lazy vectors hold the results
    interpolate     one generator: images modulo primes, where elimination would fill up

Every field is also a number system for `pgsym.expression.evaluate` and for a policy's rows.
"""

from pgsym.algebra.dual import DualField as DualField
from pgsym.algebra.elimination import SparseLU as SparseLU
from pgsym.algebra.elimination import eliminate as eliminate
from pgsym.algebra.floating import FloatField as FloatField
from pgsym.algebra.generators import Generators as Generators
from pgsym.algebra.ordering import order as order
from pgsym.algebra.point import point_field as point_field
from pgsym.algebra.prime import PrimeField as PrimeField
from pgsym.algebra.prime import random_prime as random_prime
from pgsym.algebra.rational import RationalField as RationalField

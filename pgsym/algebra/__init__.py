"""Numbers that decide: fields with an exact zero test, and sparse elimination over them.  Knows no MDP.

The interface is `field`; its fields are `rational` (closed forms), `point` (exact numbers at a theta), `prime` (for
identity testing), `floating`, `dual` (tangents over any of these) and `size` (bounds).
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

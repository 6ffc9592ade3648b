"""How unlikely it is that a false claim passes an identity test (Schwartz 1980, Zippel 1979)."""

from __future__ import annotations

import math

from pgsym.algebra.prime import PRIME_BITS


def trial_bits(degree: int, bits: float) -> float:
    """-log2 of one trial's error: degree / p for the point, (bits / 63) / (number of primes) for the prime.

    There are more than 2^63 / 46 primes between 2^63 and 2^64 (Rosser & Schoenfeld 1962, theorem 1), and at most
    bits / 63 of them divide a number of that many bits.
    """
    point = degree / (2.0 ** (PRIME_BITS - 1) - 1)
    primes = 2.0 ** (PRIME_BITS - 1) / 46
    return -math.log2(point + bits / (PRIME_BITS - 1) / primes + 2.0**-PRIME_BITS)


def proof_bits(each: float, trials: int, poles: int) -> float:
    """-log2 of the chance to prove a false claim in this way: all trials hold, `poles` points were drawn again.

    By the union bound over the places of the poles that is C(trials + poles - 1, poles) 2^(-each trials).  As the
    number of poles is not known beforehand, k of them may have a share of 2^-(10 + k) of the error, and none the rest.

    >>> round(proof_bits(50.5, 2, 0), 2), round(proof_bits(50.5, 2, 1), 2)
    (101.0, 89.0)
    """
    if not trials:
        return 0.0
    share = 1 - 2.0**-10 if poles == 0 else 2.0 ** -(10 + poles)
    return each * trials - math.log2(math.comb(trials + poles - 1, poles)) + math.log2(share)

"""Random words as a function of (seed, trajectory, step) alone.

Each trajectory has a stream of its own: xoshiro128++ (Blackman & Vigna, Scrambled linear pseudorandom number
generators, ACM TOMS 2021), started at the 128 bits that Threefry-2x32 with 20 rounds (Salmon et al., Parallel
random numbers: as easy as 1, 2, 3, SC 2011) makes of the seed and the trajectory's number.  Threefry is JAX's
own default generator, and does what ``fold_in(key, trajectory)`` does; a step then costs a dozen operations
instead of the cipher's fifty.  Streams are 2**128 - 1 words long: among 2**31 trajectories of 2**17 steps, two
overlap with probability below 2**-48.

Since neither chunks nor devices enter, they cannot change a result.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from pgsym.errors import SamplingError

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA
TRAJECTORIES = 2**31
"""Trajectories that one seed numbers."""

Stream = tuple[jax.Array, jax.Array, jax.Array, jax.Array]
"""State of xoshiro128++, uint32 arrays of one shape."""


def seed_key(seed: int) -> NDArray[np.uint32]:
    """The two key words of a 64-bit seed.

    >>> seed_key(2**32 + 5).tolist()
    [1, 5]
    """
    if not 0 <= seed < 2**64:
        raise SamplingError(f"found {seed}; a seed lies in 0 ... 2**64 - 1. Choose another", where="seed")
    return np.array([seed >> 32, seed & 0xFFFFFFFF], np.uint32)


def threefry(key: jax.Array, x0: jax.Array, x1: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two 32-bit words for each 64-bit counter (x0, x1); key has shape [2], all are uint32.

    >>> words = threefry(jnp.zeros(2, jnp.uint32), jnp.uint32(0), jnp.uint32(0))
    >>> [hex(int(word)) for word in words]
    ['0x6b200159', '0x99ba4efe']
    """
    schedule = (key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(PARITY))
    x0, x1 = x0 + schedule[0], x1 + schedule[1]
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            x0 = x0 + x1
            x1 = _rotate(x1, rotation) ^ x0
        x0 = x0 + schedule[(group + 1) % 3]
        x1 = x1 + (schedule[(group + 2) % 3] + jnp.uint32(group + 1))
    return x0, x1


def streams(key: jax.Array, ids: jax.Array) -> Stream:
    """The streams of the trajectories `ids` [B] (uint32)."""
    first = threefry(key, ids, jnp.zeros_like(ids))
    second = threefry(key, ids, jnp.ones_like(ids))
    return (*first, *second)


def next_word(stream: Stream) -> tuple[jax.Array, Stream]:
    """The next 32-bit word of each stream, and the streams after it.

    >>> word, _ = next_word(tuple(jnp.uint32(i) for i in (1, 2, 3, 4)))
    >>> int(word)
    641
    """
    s0, s1, s2, s3 = stream
    word = _rotate(s0 + s3, 7) + s0
    shifted = s1 << jnp.uint32(9)
    s2, s3 = s2 ^ s0, s3 ^ s1
    s1, s0 = s1 ^ s2, s0 ^ s3
    return word, (s0, s1, s2 ^ shifted, _rotate(s3, 11))


def _rotate(x: jax.Array, bits: int) -> jax.Array:
    return (x << jnp.uint32(bits)) | (x >> jnp.uint32(32 - bits))

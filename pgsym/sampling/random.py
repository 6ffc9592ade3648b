"""Random words as a pure function of (seed, trajectory, step).

Threefry-2x32 with 20 rounds is a keyed bijection of 64-bit counters (Salmon et al., Parallel random
numbers: as easy as 1, 2, 3, SC 2011); it is also JAX's own default generator.  The seed is the key, the
trajectory's number and half the step are the counter, and the two words it returns serve two steps: half
the work of a ``fold_in`` per step, and the draws of a trajectory depend on nothing but its number, so
neither chunks nor devices change a result.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from pgsym.errors import SamplingError

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA
START = 2**32 - 1
"""Counter of the start state's word; steps use 0, 1, 2, ..."""
TRAJECTORIES = 2**31
"""Trajectories that one seed numbers."""


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
            x1 = (x1 << jnp.uint32(rotation)) | (x1 >> jnp.uint32(32 - rotation))
            x1 = x1 ^ x0
        x0 = x0 + schedule[(group + 1) % 3]
        x1 = x1 + (schedule[(group + 2) % 3] + jnp.uint32(group + 1))
    return x0, x1

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pgsym.errors import SamplingError
from pgsym.sampling.random import next_word, seed_key, streams, threefry

# Known answers of threefry2x32 with 20 rounds, published with the Random123 library.
KNOWN = [
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


@pytest.mark.parametrize(("key", "counter", "words"), KNOWN)
def test_threefry_known_answers(key, counter, words):
    found = threefry(jnp.array(key, jnp.uint32), jnp.uint32(counter[0]), jnp.uint32(counter[1]))
    assert tuple(int(w) for w in found) == words


def test_threefry_is_jax_own_generator():
    from jax.extend.random import threefry_2x32

    key = jnp.array([3, 4], jnp.uint32)
    counters = jnp.arange(64, dtype=jnp.uint32)
    ours = jnp.concatenate(threefry(key, counters[:32], counters[32:]))
    assert (ours == threefry_2x32(key, counters)).all()


def test_xoshiro_known_answers():
    # The first words of xoshiro128++ from the state 1, 2, 3, 4, as its authors' C program prints them.
    stream = tuple(jnp.uint32(i) for i in (1, 2, 3, 4))
    found = []
    for _ in range(10):
        word, stream = next_word(stream)
        found.append(int(word))
    assert found == [
        641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732, 1355841295, 495546011, 621204420,
    ]  # fmt: skip


def test_a_stream_depends_on_the_trajectory_alone():
    key = jnp.array(seed_key(1), jnp.uint32)
    whole, half = streams(key, jnp.arange(8, dtype=jnp.uint32)), streams(key, jnp.arange(4, 8, dtype=jnp.uint32))
    for a, b in zip(whole, half, strict=True):
        assert (a[4:] == b).all()


def test_streams_start_apart():
    states = np.stack(streams(jnp.zeros(2, jnp.uint32), jnp.arange(4096, dtype=jnp.uint32)), -1)
    assert len(np.unique(states, axis=0)) == 4096
    assert states.any(-1).all()


def test_seeds_of_64_bits_differ():
    assert seed_key(5).tolist() == [0, 5]
    assert seed_key(2**63).tolist() == [2**31, 0]


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_raises_out_of_range(seed):
    with pytest.raises(SamplingError, match=rf"seed: found {seed}; a seed lies in 0 \.\.\. 2\*\*64 - 1"):
        seed_key(seed)


def test_words_work_under_either_default_precision():
    plain = threefry(jnp.zeros(2, jnp.uint32), jnp.uint32(1), jnp.uint32(2))
    with jax.enable_x64(True):
        wide = threefry(jnp.zeros(2, jnp.uint32), jnp.uint32(1), jnp.uint32(2))
    assert plain == wide

from __future__ import annotations

from bench.random_keys import key


def test_a_key_is_the_same_in_every_version():
    """Changing these numbers changes every run's result: it needs a new protocol version."""
    assert key(0, "order", 1) == 6390243674182470838
    assert key(0, "augment", 1, 2) == 857791122222191103


def test_seed_purpose_and_every_step_change_the_key():
    keys = {
        key(0, "order", 1),
        key(1, "order", 1),
        key(0, "augment", 1),
        key(0, "order", 2),
        key(0, "order", 1, 0),
    }
    assert len(keys) == 5


def test_a_key_fits_64_bits():
    assert all(0 <= key(seed, "order") < 2**64 for seed in range(1000))

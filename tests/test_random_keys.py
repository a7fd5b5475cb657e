from __future__ import annotations

from bench.random_keys import key, shuffled


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


def test_the_order_of_an_epoch_is_the_same_in_every_version():
    """Changing it changes every run's result: it needs a new protocol version."""
    assert shuffled(10, 0, 1).tolist() == [7, 4, 5, 9, 6, 2, 3, 0, 8, 1]
    assert shuffled(0, 0, 1).tolist() == []


def test_every_epoch_and_seed_has_an_order_of_its_own_with_every_number_once():
    orders = {tuple(shuffled(50, seed, epoch).tolist()) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25
    assert all(sorted(order) == list(range(50)) for order in orders)

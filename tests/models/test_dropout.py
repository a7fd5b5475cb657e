"""Dropout drawn in whole words: the shares, the scale, and what it depends on."""

from __future__ import annotations

import pytest
import torch

from bench.models.dropout import LEVELS, Dropout, factors


@pytest.mark.parametrize("p", [0.1, 0.2, 0.5, 0.9])
def test_the_share_of_units_that_drop_out_is_p_and_the_mean_stays(p):
    torch.manual_seed(0)
    drawn = factors(torch.empty(1000, 1000), p).double()
    five_sigma = 5 * (p * (1 - p) / drawn.numel()) ** 0.5
    assert abs(float((drawn == 0).double().mean()) - p) < five_sigma + 1 / LEVELS
    assert abs(float(drawn.mean()) - 1) < five_sigma / (1 - p)
    assert len(drawn.unique()) == 2


def test_units_are_independent_of_their_neighbours():
    torch.manual_seed(1)
    kept = (factors(torch.empty(1, 4_000_000), 0.5) > 0)[0]
    for lag in (1, 2, 3, 4, 5, 8, 64):
        same = float((kept[lag:] == kept[:-lag]).double().mean())
        assert abs(same - 0.5) < 5 * 0.5 / 2000


def test_the_same_seed_draws_the_same_and_another_draws_others():
    def drawn(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return factors(torch.empty(8, 33), 0.3)

    assert torch.equal(drawn(3), drawn(3))
    assert not torch.equal(drawn(3), drawn(4))


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 4), (0, 7)])
def test_any_number_of_units_is_drawn(shape):
    assert factors(torch.empty(shape), 0.5).shape == shape


def test_a_rate_next_to_one_keeps_something_finite():
    assert factors(torch.empty(1000), 1 - 1e-9).isfinite().all()


def test_evaluation_and_a_rate_of_zero_change_nothing_and_draw_nothing():
    x = torch.randn(4, 6)
    before = torch.get_rng_state()
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x
    assert torch.equal(torch.get_rng_state(), before)


def test_gradients_reach_what_was_kept_and_nothing_else():
    x = torch.randn(16, 16, requires_grad=True)
    y = Dropout(0.5)(x)
    y.sum().backward()
    assert torch.equal(x.grad == 0, y == 0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_what_is_drawn_has_the_numbers_kind(dtype):
    assert Dropout(0.2)(torch.ones(3, 8, dtype=dtype)).dtype == dtype

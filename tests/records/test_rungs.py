"""Successive halving, as pure decisions."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.rungs import Standing, group_values, rung_epochs, rungs_until, why_pruned


def at_rung(*values: float) -> list[Standing]:
    """One run per value, in the order in which they reached the rung; run i is called i."""
    return [Standing(f"run-{i}", str(i), value, float(i)) for i, value in enumerate(values)]


def goes_on(standings: list[Standing], group: int | str) -> bool:
    return why_pruned(str(group), group_values(standings)) is None


class TestRungs:
    @pytest.mark.parametrize(
        ("epochs", "rungs"),
        [(1, ()), (2, (1,)), (3, (1,)), (4, (1, 2)), (10, (1, 2, 4)), (27, (1, 3, 9)), (30, (1, 2, 4, 10))],
    )
    def test_a_run_is_looked_at_after_a_third_a_ninth_and_so_on_of_its_epochs(self, epochs, rungs):
        assert rung_epochs(epochs) == rungs

    def test_another_eta_looks_more_often(self):
        assert rung_epochs(8, eta=2) == (1, 2, 4)

    @given(st.integers(1, 5000), st.integers(2, 5))
    def test_rungs_rise_from_the_first_epoch_and_end_before_the_last(self, epochs, eta):
        rungs = rung_epochs(epochs, eta)
        assert list(rungs) == sorted(set(rungs))
        assert all(1 <= rung < epochs for rung in rungs)
        assert (rungs[:1] == (1,)) == (epochs > 1)

    def test_rungs_are_counted_from_the_lowest_and_reached_ones_are_listed_from_the_highest(self):
        assert [rungs_until(epoch, 10) for epoch in range(5)] == [(), (1,), (2, 1), (2, 1), (3, 2, 1)]
        assert rungs_until(10, 10) == (3, 2, 1)
        assert rungs_until(1, 1) == ()


class TestDecisions:
    def test_fewer_than_eta_are_never_compared(self):
        assert goes_on(at_rung(0.9, 0.1), 1)

    def test_only_the_best_third_goes_on(self):
        assert not goes_on(at_rung(0.9, 0.8, 0.85), 2)
        assert goes_on(at_rung(0.8, 0.7, 0.85), 2)
        assert goes_on(at_rung(0.9, 0.1, 0.2, 0.3, 0.4, 0.8), 5)
        assert not goes_on(at_rung(0.9, 0.8, 0.2, 0.3, 0.4, 0.7), 5)

    def test_a_tie_with_the_last_that_goes_on_goes_on(self):
        assert goes_on(at_rung(0.9, 0.8, 0.9), 2)

    def test_an_early_arrival_is_out_once_enough_better_ones_have_come(self):
        early = at_rung(0.3, 0.4)
        assert goes_on(early, 0)
        late = [Standing(f"late-{i}", f"late-{i}", 0.9, 99.0) for i in range(2)]
        assert not goes_on([*early, *late], 0)

    def test_a_group_that_has_not_reached_the_rung_goes_on(self):
        assert goes_on(at_rung(0.9, 0.8, 0.7), "elsewhere")

    def test_a_value_that_is_no_number_is_the_worst(self):
        assert not goes_on(at_rung(0.2, 0.1, math.nan), 2)
        assert goes_on(at_rung(math.nan, math.nan, 0.1), 2)

    def test_losses_with_their_sign_turned_compare_the_same(self):
        assert goes_on(at_rung(-2.0, -1.5, -0.3), 2)
        assert not goes_on(at_rung(-2.0, -0.2, -0.3), 2)

    def test_the_reason_names_the_place_and_how_many_go_on(self):
        assert (
            why_pruned("2", group_values(at_rung(0.9, 0.8, 0.7)))
            == "Place 3 of 3 at this rung, of which the best 1 go on."
        )

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.randoms(use_true_random=False))
    def test_the_order_in_which_standings_are_read_decides_nothing(self, values, shuffler: random.Random):
        standings = at_rung(*values)
        shuffled = shuffler.sample(standings, len(standings))
        asked = [str(i) for i in range(len(values))]
        assert [goes_on(standings, g) for g in asked] == [goes_on(shuffled, g) for g in asked]

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
    def test_the_best_so_far_always_goes_on(self, values):
        best = max(range(len(values)), key=lambda i: (values[i], -i))
        assert goes_on(at_rung(*values), best)

    @given(st.lists(st.floats(0, 1), min_size=3, max_size=40, unique=True))
    def test_of_those_that_have_come_the_best_third_goes_on_in_whatever_order_they_came(self, values):
        best = set(sorted(values, reverse=True)[: len(values) // 3])
        assert [goes_on(at_rung(*values), i) for i in range(len(values))] == [value in best for value in values]


class TestSeeds:
    def test_seeds_stand_or_fall_with_the_first_of_them(self):
        others = at_rung(0.5, 0.6)
        lucky = Standing("b", "ours", 0.99, 4.0)
        assert not goes_on([*others, Standing("a", "ours", 0.1, 3.0), lucky], "ours")
        assert goes_on([*others, Standing("a", "ours", 0.9, 3.0), replace(lucky, value=0.0)], "ours")

    def test_seeds_of_a_group_are_one_competitor(self):
        crowd = [Standing(f"seed-{i}", "crowd", 0.9, float(i)) for i in range(9)]
        assert goes_on([*crowd, Standing("a", "ours", 0.1, 10.0)], "ours")
        others = [*crowd, Standing("b", "second", 0.5, 9.5)]
        assert not goes_on([*others, Standing("a", "ours", 0.1, 10.0)], "ours")

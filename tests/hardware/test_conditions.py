"""When a time counts as disturbed, and how parts of a time add up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.hardware.conditions import Conditions, Part, added, combined, is_disturbed


@pytest.mark.parametrize(
    ("load", "slowdown", "threads", "cores", "wanted"),
    [
        (0.05, 1.05, 2, 2, False),
        (0.5, 1.05, 2, 2, True),
        (0.05, 1.5, 2, 2, True),
        (1.0, 1.05, 1, 2, False),  # the other core was idle anyway
        (1.2, 1.05, 1, 2, True),
        (10.0, 1.05, 4, 64, False),
        (0.5, None, 8, 8, False),  # a sixteenth of the cores
        (None, 1.1, 2, 2, False),
        (None, 2.0, 2, 2, True),
        (None, None, 2, 2, None),
    ],
)
def test_others_disturb_by_the_cores_they_take_or_the_time_a_product_takes(load, slowdown, threads, cores, wanted):
    assert is_disturbed(load, slowdown, threads, cores) is wanted


def part(seconds: float, *, disturbed: bool | None, cpu_s: float | None = 1.0) -> Part:
    return Part(seconds, Conditions(cpu_s, load=float(bool(disturbed)), slowdown=1.0, disturbed=disturbed))


def test_cpu_seconds_add_up_and_loads_are_averaged_over_the_seconds():
    found = combined([part(3.0, disturbed=False), part(1.0, disturbed=True, cpu_s=2.5)])
    assert (found.cpu_s, found.load, found.slowdown) == (3.5, 0.25, 1.0)
    assert found.disturbed is True


def test_a_time_is_disturbed_if_a_tenth_of_it_is():
    assert combined([part(91.0, disturbed=False), part(9.0, disturbed=True)]).disturbed is False
    assert combined([part(90.0, disturbed=False), part(10.0, disturbed=True)]).disturbed is True


def test_what_is_not_known_stays_unknown_unless_it_is_a_small_part():
    assert combined([]) == Conditions()
    assert combined([part(1.0, disturbed=None, cpu_s=None)]).disturbed is None
    unsure = combined([part(5.0, disturbed=False), part(5.0, disturbed=None, cpu_s=None)])
    assert (unsure.cpu_s, unsure.disturbed) == (None, None)
    assert combined([part(95.0, disturbed=False), part(5.0, disturbed=None)]).disturbed is False
    assert combined([part(5.0, disturbed=True), part(5.0, disturbed=None)]).disturbed is True


def test_what_took_no_time_says_nothing():
    assert combined([part(0.0, disturbed=True), part(1.0, disturbed=False)]).disturbed is False


@given(st.lists(st.tuples(st.floats(0.01, 100), st.sampled_from([True, False, None])), min_size=1, max_size=20))
def test_adding_up_one_by_one_gives_what_all_at_once_does(drawn):
    parts = [part(seconds, disturbed=disturbed) for seconds, disturbed in drawn]
    kept: list[Part] = []
    for each in parts:
        kept = added(kept, each)
    assert len(kept) <= 3
    assert sum(each.seconds for each in kept) == pytest.approx(sum(each.seconds for each in parts))
    one, other = combined(kept), combined(parts)
    assert one.cpu_s == pytest.approx(other.cpu_s)
    assert one.load == pytest.approx(other.load)

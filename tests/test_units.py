import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.units import DASH, show, show_difference, show_range, show_spread


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.9061, "fraction", "90.6"),
        (1.0, "fraction", "100.0"),
        (4263748, "count", "4,263,748"),
        (11.5, "count", "11.5"),
        (0.38583, "gmacs", "0.386"),
        (0.0042, "seconds", "4.20 ms"),
        (59.6, "seconds", "59.6 s"),
        (90, "seconds", "1.50 min"),
        (5400, "seconds", "1.50 h"),
        (0, "seconds", "0.00 ms"),
        (512, "bytes", "512 B"),
        (512_400, "bytes", "500 KiB"),
        (3 * 2**30, "bytes", "3.00 GiB"),
        ("linear", "text", "linear"),
    ],
)
def test_a_value_is_written_with_its_unit(value, unit, text):
    assert show(value, unit) == text


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_no_finite_number_is_a_dash(value):
    assert show(value, "fraction") == DASH


def test_a_mean_of_one_seed_has_no_spread():
    assert show_spread(0.9, None, "fraction") == "90.0"
    assert show_spread(0.9, 0.002, "fraction") == "90.0 ± 0.2"


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        (0.8174, 0.8226, "-0.6"),  # 81.7 and 82.3, whose exact difference is -0.52
        (0.8226, 0.8174, "+0.6"),
        (0.90, 0.90, "+0.0"),
        (1.0, 0.0, "+100.0"),
        (0.5, None, "\N{EN DASH}"),
        (float("nan"), 0.5, "\N{EN DASH}"),
    ],
)
def test_a_difference_is_that_of_the_numbers_which_are_shown(first, second, shown):
    assert show_difference(first, second) == shown


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_three_numbers_of_a_line_always_add_up(first, second):
    shown = [Decimal(show(share, "fraction")) for share in (first, second)]
    assert Decimal(show_difference(first, second)) == shown[0] - shown[1]


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (210, 840, "3.5 to 14 min"),
        (15, 58, "15 to 58 s"),
        (40, 160, "40 s to 2.7 min"),
        (0.5, 2, "500 ms to 2.0 s"),
    ],
)
def test_a_range_names_a_common_unit_once(low, high, text):
    assert show_range(low, high) == text

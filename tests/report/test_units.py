import math

import pytest

from bench.report.units import DASH, show, show_spread


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

"""Ticks of pictures and terminals, and that they are those of the pages."""

import pytest
from browser import browser, visit, wrong

from bench.report.html import template_text
from bench.report.plots.ticks import padded, scaling_of, tick_text, ticks

__all__ = ["browser", "visit", "wrong"]

CASES = [
    ("count", [5_130, 128_100, 11_181_642], True, 8),
    ("count", [0, 152_000, 4_000_000], True, 8),
    ("count", [10, 11, 12], False, 6),
    ("gmacs", [0.2166, 0.3858, 4.0892], True, 5),
    ("gmacs", [0.38, 0.39], True, 8),
    ("seconds", [5.2, 61.0, 4000.0], True, 6),
    ("bytes", [4096, 5_000_000, 7_000_000_000], True, 6),
    ("fraction", [0.31, 0.913], False, 7),
    ("rate", [0.5, 0.5], False, 4),
]


def described(unit, values, log, room):
    scaling = scaling_of(values, log=log)
    reach = padded([scaling.at(value) for value in values], 0.08, 1.0 if log else 0.02)
    return ticks(unit, scaling, reach, room)


@pytest.mark.browser
def test_they_are_those_of_a_page(visit, tmp_path):
    page = visit(written(tmp_path))
    for unit, values, log, room in CASES:
        found = page.evaluate(
            """([unit, values, log, room]) => {
                const scaling = scale(values, log);
                const range = paddedRange(values.map(scaling.at), 0.08, log ? 1 : 0.02);
                return ticks(unit, scaling, range, room);
            }""",
            [unit, values, log, room],
        )
        mine = described(unit, values, log, room)
        assert [text for _, text in mine] == found["texts"], unit
        assert [at for at, _ in mine] == pytest.approx(found["positions"]), unit


def written(folder):
    scripts = "".join(template_text(name) for name in ("format.js", "ticks.js"))
    path = folder / "ticks.html"
    path.write_text(f"<!doctype html><title>ticks</title><script>{scripts}</script>", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0, "count", "0"), (2_500_000, "count", "2.5M"), (90.0, "seconds", "1.5 min"), (0.905, "fraction", "90.5 %")],
)
def test_a_tick_says_its_unit(value, unit, text):
    assert tick_text(value, unit) == text


def test_zero_has_a_place_of_its_own_left_of_a_logarithmic_axis():
    (at, text), *others = described("count", [0, 100_000, 4_000_000], log=True, room=8)
    assert text == "0"
    assert all(at < other for other, _ in others)

"""The overview as one file in a real chromium: it opens from disk, asks the network for nothing, logs no error."""

import pytest
from browser import until
from overview_browser import (
    HOSTILE,
    column,
    hostile_names,
    no_runs,
    one_run,
    rows_drawn,
    rows_listed,
    two_datasets,
)
from plausible_runs import fill_typical

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nothing_goes_wrong")]


@pytest.mark.parametrize("fill", [fill_typical, hostile_names, one_run, no_runs], ids=lambda fill: fill.__name__)
def test_no_page_is_wider_than_its_window(visit, reports, fill):
    page = visit(reports(fill))
    for width in (320, 390, 768, 1024, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_labels_overlap_neither_each_other_nor_the_edge(typical):
    page = typical
    for width in (390, 1024, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        until(page, "plot.layout.width === plot.clientWidth")
        for axis in ("trainable_params", "gmacs", "standalone_s"):
            page.select_option("#x", axis)
            boxes = page.evaluate(
                """() => [...document.querySelectorAll("#plot .annotation-text")].map((text) => {
                     const {left, right, top, bottom} = text.getBoundingClientRect();
                     return {left, right, top, bottom}; })"""
            )
            assert boxes
            for index, a in enumerate(boxes):
                assert 0 <= a["left"] < a["right"] <= width
                for b in boxes[index + 1 :]:
                    apart_x = a["right"] <= b["left"] or b["right"] <= a["left"]
                    assert apart_x or a["bottom"] <= b["top"] or b["bottom"] <= a["top"]


def test_far_outliers_are_left_out_and_a_button_shows_them(typical):
    assert typical.locator("#out-of-view").inner_text() == "3 rows lie outside the plot: show all"
    low = typical.evaluate("document.getElementById('plot').layout.yaxis.range[0]")
    typical.locator("#out-of-view").click()
    assert typical.evaluate("document.getElementById('plot').layout.yaxis.range[0]") < min(0.39, low)
    assert typical.locator("#out-of-view").is_hidden()


def test_datasets_are_shown_one_at_a_time(visit, reports):
    page = visit(reports(two_datasets))
    assert page.locator(".headline:visible").inner_text().startswith("On cub100")
    page.select_option("#board", label="oxford-pets")
    assert page.locator(".headline:visible").inner_text().startswith("On oxford-pets")
    assert page.locator(".notes:visible").count() == 1
    assert rows_drawn(page) == rows_listed(page) == [0, 1, 2]
    page.go_back()
    assert page.locator(".headline:visible").inner_text().startswith("On cub100")


def test_html_in_names_is_shown_as_text(visit, reports):
    page = visit(reports(hostile_names))
    assert page.locator("img").count() == 0
    assert HOSTILE in page.locator(".headline").inner_text()
    assert column(page, "backbone") == [HOSTILE]
    assert page.locator("#plot .annotation-text").first.text_content().startswith(HOSTILE)
    page.locator("tbody th button").first.click()
    page.locator("tbody th button").first.hover()
    assert HOSTILE in page.locator("#tip").inner_text()
    assert HOSTILE in page.locator("#card").inner_text()
    page.locator("#families .chip").click()
    page.reload()
    assert page.locator("#families .chip[aria-pressed=true]").inner_text().startswith(HOSTILE)


def test_what_was_excluded_can_be_unfolded(typical):
    assert typical.locator(".lost tbody tr").first.is_hidden()
    typical.locator(".lost summary").click()
    assert typical.locator(".lost tbody tr:visible").count() == 3
    assert "The loss is NaN at step 94." in typical.locator(".lost").inner_text()


def test_dark_and_light_differ_also_when_switched_while_open(typical):
    colour = "document.getElementById('plot').data.find((trace) => trace.name === 'linear').marker.color"
    ground = "getComputedStyle(document.body).backgroundColor"
    light = typical.evaluate(colour), typical.evaluate(ground)
    typical.emulate_media(color_scheme="dark")
    until(typical, f"{colour} !== '{light[0]}'")
    assert typical.evaluate(ground) != light[1]


def test_print_is_light_and_without_controls(visit, reports):
    page = visit(reports(fill_typical), color_scheme="dark")
    dark = page.evaluate("css('--ink')")
    page.emulate_media(media="print")
    assert page.locator(".controls").is_hidden()
    assert page.evaluate("css('--ink')") != dark
    assert page.pdf().startswith(b"%PDF")


def test_a_page_without_runs_says_what_to_do(visit, reports):
    page = visit(reports(no_runs))
    assert "bench sweep --dataset digits" in page.locator("main").inner_text()

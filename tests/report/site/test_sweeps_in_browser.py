"""The pages of sweeps and methods in a real chromium, from disk: all is drawn, nothing fetched, nothing fails."""

import pytest
from browser import until
from plausible_runs import bulk_fill
from swept_runs import fill_search, fill_swept, material_of, record

from bench.report.site.folder import SiteFolder
from bench.report.site.material import LINKS, METHODS, SWEEPS, sweep_page
from bench.report.site.methods import write_methods
from bench.report.site.sweeps import write_sweeps
from bench.store.store import Store
from bench.units import DASH

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nothing_goes_wrong")]


def site_of(folder, *fills):
    with Store.open(folder / "runs.db") as store:
        for fill in fills:
            fill(store)
        site = SiteFolder(folder / "a site#", LINKS)
        material = material_of(store)
        write_sweeps(site, material)
        write_methods(site, material)
        site.finish()
    return folder / "a site#"


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A site of four sweeps and a search."""
    return site_of(tmp_path_factory.mktemp("swept"), fill_swept, fill_search)


def drawn(page):
    return page.evaluate("[...document.querySelectorAll('.js-plotly-plot')].map((plot) => plot.data.length)")


def test_the_list_leads_to_a_sweep_and_back(visit, swept):
    page = visit(swept / SWEEPS)
    page.locator("table a", has_text="1").last.click()
    page.wait_for_selector("#timeline.js-plotly-plot")
    assert "Sweep 1" in page.locator("h1").inner_text()
    page.get_by_text("all sweeps").click()
    page.wait_for_selector("table.sheet")


def test_every_attempt_is_drawn_and_is_in_the_table_too(visit, swept):
    page = visit(swept / sweep_page(1))
    bars = page.evaluate("document.getElementById('timeline').data.flatMap((trace) => trace.x).length")
    page.get_by_text("The bars as a table").click()
    table = page.locator("[aria-label^='Attempts,'] tbody tr")
    assert table.count() == bars > 0
    attempts = [int(text) for text in table.locator("td:nth-child(5)").all_inner_texts()]
    assert sum(attempts) == 8


def test_a_table_sorts_by_keyboard_and_what_has_no_value_goes_last(visit, swept):
    page = visit(swept / sweep_page(1))
    heading = page.locator("[aria-label^='Runs,'] th[data-key=val] button")
    heading.focus()
    page.keyboard.press("Enter")
    values = page.locator("[aria-label^='Runs,'] tbody tr td:nth-child(6)").all_inner_texts()
    numbers = [float(value) for value in values[:4]]
    assert numbers == sorted(numbers, reverse=True)
    assert set(values[4:]) == {DASH}
    page.keyboard.press("Enter")
    again = page.locator("[aria-label^='Runs,'] tbody tr td:nth-child(6)").all_inner_texts()
    assert [float(value) for value in again[:4]] == sorted(numbers)


def test_a_long_table_shows_its_first_rows_until_asked_for_all(visit, tmp_path):
    def many(store):
        bulk_fill(store, 400)
        record(store, [], run_ids=tuple(row.run_id for row in store.rows()))

    page = visit(site_of(tmp_path, many) / sweep_page(1))
    rows = page.locator("[aria-label^='Runs,'] tbody tr:visible")
    assert rows.count() == 50
    page.get_by_text("Show all 300 rows").click()
    assert rows.count() == 300
    assert (
        "The first 300 of 400 runs are shown; bench sweeps 1 --json lists all."
        in page.locator("main").inner_text()
    )


def test_a_search_draws_every_trial_and_the_best_so_far(visit, swept):
    page = visit(swept / sweep_page(5))
    best, trials = page.evaluate("document.getElementById('search-plot').data.map((trace) => [...trace.y])")
    page.get_by_text("Every trial as a table").click()
    shown = page.locator("[aria-label^='Trials,'] tbody tr td:nth-child(3)").all_inner_texts()
    assert [None if value is None else f"{value:.1f}" for value in trials] == [
        None if text == DASH else text for text in shown
    ]
    known = [value for value in best if value is not None]
    assert known == sorted(known)
    assert max(value for value in trials if value is not None) == known[-1]


def test_the_methods_page_draws_what_peeking_would_flatter(visit, swept):
    page = visit(swept / METHODS)
    assert drawn(page) == [1]
    counts = page.evaluate("[...document.querySelector('.panel .canvas').data[0].y]")
    page.get_by_text("The bars as a table").click()
    table = page.locator("[aria-label^='Runs by flattery'] tbody td:nth-child(4)").all_inner_texts()
    assert [int(text) for text in table] == counts
    assert sum(counts) == 4
    page.get_by_role("link", name="Repeat a run").click()
    until(page, "location.hash === '#repeat'")


@pytest.mark.parametrize("path", [SWEEPS, METHODS, sweep_page(1), sweep_page(3), sweep_page(4), sweep_page(5)])
def test_every_page_fits_a_phone_and_a_wide_screen(visit, swept, path):
    page = visit(swept / path)
    for width in (390, 820, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        until(page, f"document.documentElement.scrollWidth <= {width}")


def test_plots_follow_a_switch_to_dark(visit, swept):
    page = visit(swept / sweep_page(1))
    colour = "document.getElementById('timeline').data[0].marker.color"
    light = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    until(page, f"{colour} !== '{light}'")


def test_everything_is_reached_by_keyboard(visit, swept):
    page = visit(swept / sweep_page(1))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName"))
    assert {"A", "BUTTON", "SUMMARY", "DIV"} <= reached

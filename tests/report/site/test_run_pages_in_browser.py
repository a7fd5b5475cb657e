"""The page of a run within a site, in a real chromium, from disk."""

import pytest
from browser import fits_a_phone_and_turns_dark, until
from plausible_runs import MODELS, make_planned, record_pruned
from predicted_runs import planned, predictions, record_predicted
from site_made import coloured, write_site

from bench.errors import BenchError
from bench.inference.class_names import ClassNames
from bench.store.store import Store

HOSTILE = "<img src=x onerror=alert(1)></script><b>&amp;\u2028'\"{{7*7}}"

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nothing_goes_wrong")]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A site of a run with images, its sister, and one that was pruned; returns its folder and their ids."""
    folder = tmp_path_factory.mktemp("runs")
    with Store.open(folder / "runs.db") as store:
        run_ids = [
            record_predicted(store, planned(12, seed=seed), predictions(12, seed=seed, n=300, skill=1.0))
            for seed in (0, 1)
        ]
        pruned = make_planned(MODELS[1], "linear")
        record_pruned(store, pruned)
        names = ClassNames({"label": tuple(f"bird {i:02d}" for i in range(12))})
        write_site(store, folder / "site", names=lambda *_: names, images=coloured())
    return folder / "site", [*run_ids, pruned.spec.run_id]


@pytest.fixture(scope="module")
def page(visit, made):
    """The page of a run, to read only, or to be left as it was."""
    folder, run_ids = made
    return visit(folder / "runs" / f"{run_ids[0][:16]}.html")


def test_every_chart_is_drawn_and_every_image_of_a_mistake_is_there(page):
    assert page.locator(".js-plotly-plot").count() == 8
    page.locator(".examples").scroll_into_view_if_needed()
    page.evaluate("[...document.images].forEach((image) => { image.loading = 'eager'; })")
    until(page, "[...document.images].filter((image) => image.naturalWidth > 0).length === 24")


def test_links_lead_to_the_sister_and_back(page):
    page.get_by_role("link", name="seed 1").click()
    page.wait_for_selector(".js-plotly-plot")
    assert "seed 1" in page.locator(".where").inner_text()
    page.get_by_role("link", name="seed 0").click()
    page.wait_for_selector(".js-plotly-plot")
    assert "seed 0" in page.locator(".where").inner_text()


def test_compare_with_opens_the_comparison_with_this_run_in_it(page, made):
    page.get_by_role("link", name="Compare with…").click()
    until(page, "document.querySelectorAll('#chosen li').length === 1")
    assert made[1][0][:16] in page.url
    assert "Choose one more run" in page.locator("#said").inner_text()
    page.go_back()
    page.wait_for_selector(".js-plotly-plot")


def test_a_command_is_copied_by_the_keyboard_alone(page):
    button = page.locator(".copy").nth(1)
    button.focus()
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('.copy')[1].textContent !== 'Copy'")
    assert button.inner_text() in ("Copied", "Selected")


def test_the_tabulator_reaches_every_part_and_leaves_a_mark(visit, made):
    page = visit(made[0] / "runs" / f"{made[1][0][:16]}.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(12):
        page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_it_fits_a_phone_and_turns_dark(page):
    fits_a_phone_and_turns_dark(
        page,
        "document.querySelector('.panel .canvas').data[0].line.color",
        "document.querySelector('.matrix').layout.width",
    )


def test_a_pruned_run_shows_its_epochs_and_why_it_ended(visit, made):
    folder, run_ids = made
    page = visit(folder / "runs" / f"{run_ids[2][:16]}.html")
    assert page.locator(".js-plotly-plot").count() == 4
    assert "Pruned at rung 2" in page.locator(".how-ended").inner_text()
    assert page.locator(".where .run-state").inner_text() == "pruned at 2"


def test_html_in_any_name_is_shown_as_text(visit, tmp_path):
    with Store.open(tmp_path / "runs.db") as store:
        run_id = record_predicted(store, planned(3, name=HOSTILE), predictions(3, n=60, skill=0.5))
        names = ClassNames({"label": (HOSTILE, f"{HOSTILE}2", f"{HOSTILE}3")}, HOSTILE)
        folder = write_site(store, tmp_path / "site", names=lambda *_: names)
    page = visit(folder / "runs" / f"{run_id[:16]}.html")
    assert page.locator("img").count() == 0
    assert HOSTILE.replace("\u2028", "") in page.locator(".classes tbody").inner_text().replace("\u2028", "")
    assert page.locator(".js-plotly-plot").count() == 7


def test_a_run_that_was_never_tried_or_failed_at_once_has_no_plot_and_no_error(visit, tmp_path):
    from plausible_runs import plan, record_ended

    with Store.open(tmp_path / "runs.db") as store:
        never, failed = make_planned(MODELS[0], "linear"), make_planned(MODELS[1], "full")
        plan(store, [never])
        record_ended(store, failed, "failed", BenchError("It broke.", "Why.", "Mend it."))
        folder = write_site(store, tmp_path / "site")
    for run, said in ((never, "It was never tried."), (failed, "It broke. Why. Mend it.")):
        page = visit(folder / "runs" / f"{run.spec.run_id[:16]}.html")
        assert page.locator(".js-plotly-plot").count() == 0
        assert said in page.locator("main").inner_text()

"""The page of one run in a real chromium, from disk: all is drawn, nothing is fetched, no error is logged."""

import numpy as np
import pytest
from browser import fits_a_phone_and_turns_dark, until
from predicted_runs import planned, predictions, record_predicted

from bench.inference.class_names import ClassNames
from bench.report.look.look import look_at
from bench.report.look.page import render_look
from bench.store.store import Store

HOSTILE = "<img src=x onerror=alert(1)></script><b>&amp;\u2028'\"{{7*7}}"

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nothing_goes_wrong")]


def page_of(folder, classes, made, names=None, **changes):
    with Store.open(folder / "runs.db") as store:
        run_id = record_predicted(store, planned(classes, **changes), made)
        look = look_at(store, run_id, lambda *_: ClassNames({"label": names} if names else {}))
    path = folder / "look.html"
    path.write_text(render_look(look), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def thirty(visit, tmp_path_factory):
    names = tuple(f"bird {i:02d}" for i in range(30))
    return visit(page_of(tmp_path_factory.mktemp("look"), 30, predictions(30, n=900, skill=1.5), names))


def drawn(page):
    return page.evaluate("[...document.querySelectorAll('.js-plotly-plot')].map((plot) => plot.data.length)")


def ticks(page):
    return page.evaluate("[...document.querySelector('.matrix').layout.yaxis.ticktext]")


def test_every_panel_and_the_matrix_are_drawn(thirty):
    assert len(drawn(thirty)) == 8
    assert all(drawn(thirty))


def test_the_matrix_holds_every_image_in_whatever_order(thirty):
    counts = "document.querySelector('.matrix').data[0].customdata.flat().filter(Boolean).length"
    before, first = thirty.evaluate(counts), ticks(thirty)
    thirty.locator(".confusion select").select_option("dataset")
    assert ticks(thirty) == [f"bird {i:02d}" for i in range(30)] != first
    assert thirty.evaluate(counts) == before
    thirty.locator(".confusion select").select_option("errors")
    assert sorted(ticks(thirty)) == sorted(first)


def test_classes_sort_by_any_column(thirty):
    def column(place):
        return [
            float(text.split()[0])
            for text in thirty.locator(f".classes tbody td:nth-child({place})").all_inner_texts()
        ]

    assert column(2) == sorted(column(2))
    thirty.locator(".classes [data-key=recall] button").click()
    assert column(4) == sorted(column(4))
    thirty.locator(".classes [data-key=support] button").click()
    assert column(5) == sorted(column(5), reverse=True)


def test_names_stand_in_the_matrix_only_where_there_is_room(visit, tmp_path):
    page = visit(page_of(tmp_path, 200, predictions(200, n=2000), tuple(f"class {i}" for i in range(200))))
    assert ticks(page) == []
    page.evaluate("""Plotly.relayout(document.querySelector('.matrix'),
        {'xaxis.range[0]': 10, 'xaxis.range[1]': 30, 'yaxis.range[0]': 30, 'yaxis.range[1]': 10})""")
    until(page, "document.querySelector('.matrix').layout.yaxis.ticktext.length > 0")
    assert page.locator(".classes tbody tr:visible").count() == 50
    page.locator(".classes .more").click()
    assert page.locator(".classes tbody tr:visible").count() == 200


def test_html_in_any_name_is_shown_as_text(visit, tmp_path):
    made = predictions(3, n=60, skill=0.5)
    page = visit(page_of(tmp_path, 3, made, (HOSTILE, f"{HOSTILE}2", f"{HOSTILE}3"), name=HOSTILE))
    assert page.locator("img").count() == 0
    assert HOSTILE.replace("\u2028", "") in page.locator(".classes tbody").inner_text().replace("\u2028", "")
    assert len(drawn(page)) == 7


@pytest.mark.parametrize(("classes", "n"), [(1, 9), (4, 0), (4, 1)])
def test_one_class_and_no_images_render(visit, tmp_path, classes, n):
    page = visit(page_of(tmp_path, classes, predictions(classes, n=n)))
    assert len(drawn(page)) == 7


def test_logits_that_are_not_finite_render_and_are_said(visit, tmp_path):
    made = predictions(4, n=60)
    made.test.logits[:20] = np.nan
    assert (
        "20 more have logits that are not finite" in visit(page_of(tmp_path, 4, made)).locator("main").inner_text()
    )


def test_it_fits_a_phone_and_follows_a_switch_to_dark(thirty):
    fits_a_phone_and_turns_dark(
        thirty,
        "document.querySelector('.panel .canvas').data[0].line.color",
        "document.querySelector('.matrix').layout.width",
    )

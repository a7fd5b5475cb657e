"""The overview's tables in a real chromium: what they show, how they sort, how rows and points belong together."""

import random

import pytest
from overview_browser import (
    HOSTILE,
    centre,
    column,
    five_thousand,
    heading,
    rows_drawn,
    rows_listed,
)
from plausible_runs import MODELS, make_planned, record_done

from bench.report.build import write_report
from bench.store.store import Store
from bench.units import DASH, show, show_spread

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nothing_goes_wrong")]


def test_every_row_is_drawn_and_listed(typical):
    rows = list(range(typical.evaluate("boardOf().seeds.length")))
    assert rows == rows_drawn(typical) == rows_listed(typical)


def test_numbers_are_written_in_the_browser_as_in_python(typical):
    chance = random.Random(3)  # noqa: S311 - no secret
    halves = [n / 8 for n in range(-9, 9000, 7)] + [n / 2000 for n in range(2001)]
    drawn_ = [10 ** chance.uniform(-6, 12) for _ in range(2000)] + [
        float(round(10 ** chance.uniform(0, 12))) for _ in range(300)
    ]
    values = [*halves, *drawn_, 0.0, 999.5, 9.995, 0.9995, 59.9999, 1023.9]
    for unit in ("fraction", "count", "gmacs", "seconds", "bytes", "rate", "loss"):
        written = typical.evaluate("([values, unit]) => values.map((value) => show(value, unit))", [values, unit])
        assert written == [show(value, unit) for value in values]


def test_the_table_shows_what_python_would(typical):
    for key in ("trainable_params", "gmacs", "standalone_s", "latency_1_s", "stored_bytes", "epochs", "val_top1"):
        unit, values, spreads = typical.evaluate(
            """(key) => { const board = boardOf(), own = board.columns.find((column) => column.key === key);
                 const values = own.hardware ? board.values[key][0] : board.values[key];
                 return [own.unit, values, board.spreads[key] || []]; }""",
            key,
        )
        spreads = spreads or [None] * len(values)
        pairs = zip(values, spreads, strict=True)
        assert column(typical, key) == [show_spread(value, spread, unit) for value, spread in pairs]


def test_sorting_by_mouse_says_so_and_turns_round(typical):
    assert heading(typical, "rank").get_attribute("aria-sort") == "ascending"
    heading(typical, "gmacs").locator("button").click()
    values = [float(text) for text in column(typical, "gmacs")]
    assert values == sorted(values)
    assert heading(typical, "gmacs").get_attribute("aria-sort") == "ascending"
    assert heading(typical, "rank").get_attribute("aria-sort") is None
    heading(typical, "gmacs").locator("button").click()
    assert [float(text) for text in column(typical, "gmacs")] == sorted(values, reverse=True)
    assert heading(typical, "gmacs").get_attribute("aria-sort") == "descending"


def test_accuracies_sort_best_first_and_dashes_last(typical):
    heading(typical, "best_on_test_top1").locator("button").click()
    texts = column(typical, "best_on_test_top1")
    values = [float(text.split()[0]) for text in texts if text != DASH]
    assert values == sorted(values, reverse=True)
    assert texts[len(values) :] == [DASH] * (len(texts) - len(values))


def test_sorting_and_choosing_work_by_keyboard_alone(typical):
    heading(typical, "backbone").locator("button").focus()
    typical.keyboard.press("Enter")
    names = column(typical, "backbone")
    assert names == sorted(names)
    assert typical.evaluate("document.activeElement.closest('th').dataset.key") == "backbone"
    typical.locator("tbody tr th button").first.focus()
    assert typical.locator("#tip").is_visible()
    typical.keyboard.press("Space")
    assert typical.locator("tr.selected").count() == 1
    assert typical.locator("tr.selected th button").get_attribute("aria-pressed") == "true"
    assert typical.locator("tr.selected th span").first.inner_text() in typical.locator("#card").inner_text()


def test_every_control_can_be_reached_by_tab(typical):
    typical.evaluate("scrollTo(0, 0)")
    reached = set()
    for _ in range(60):
        typical.keyboard.press("Tab")
        reached.add(typical.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"x", "y", "log", "ylog", "budget-key", "budget", "chip", "scroll", "out-of-view"} <= reached


def test_a_row_highlights_its_point(typical):
    typical.locator("tbody tr[data-i='3'] td").nth(2).click()
    x, y = centre(typical, "#ring")
    at = typical.evaluate(
        """() => { const {drawn} = page, point = drawn.points.find(({i}) => i === 3);
             const {x, y} = pixelOf(drawn, point.x, point.y), box = plot.getBoundingClientRect();
             return [box.x + MARGIN.l + x, box.y + MARGIN.t + y]; }"""
    )
    assert (x, y) == pytest.approx(at, abs=1)
    typical.locator("tbody tr[data-i='3'] td").nth(2).click()
    assert typical.locator("tr.selected").count() == 0
    assert typical.locator("#card").inner_text().startswith("Choose a point")


def test_a_point_tells_of_itself_and_highlights_its_row(typical):
    typical.locator("#plot").scroll_into_view_if_needed()
    spot = typical.evaluate(
        """() => { const plot = document.getElementById("plot"), box = plot.getBoundingClientRect();
             const {l, t} = plot._fullLayout._size, {xaxis, yaxis} = plot._fullLayout;
             const trace = plot.data.find((one) => one.name === "full");
             const at = {x: box.x + l + xaxis.d2p(trace.x[0]), y: box.y + t + yaxis.d2p(trace.y[0])};
             return {row: trace.customdata[0], ...at}; }"""
    )
    typical.mouse.move(spot["x"], spot["y"])
    typical.locator("#tip").wait_for()
    tip = typical.locator("#tip").inner_text()
    assert "Validation top-1" in tip
    assert "Trained parameters" in tip
    typical.mouse.click(spot["x"], spot["y"])
    assert typical.locator("tr.selected").get_attribute("data-i") == str(spot["row"])


def test_trade_offs_sort_like_every_table(typical):
    table = typical.locator("table.tradeoffs")
    table.locator("[data-key=fewer] button").click()
    ratios = table.locator("tbody tr").evaluate_all("rows => rows.map((row) => Number(row.dataset.fewer))")
    assert ratios == sorted(ratios, reverse=True)
    assert len(ratios) == 6


def test_five_thousand_rows_are_made_as_they_are_asked_for(visit, reports):
    page = visit(reports(five_thousand))
    assert len(rows_listed(page)) == 100
    heading(page, "gmacs").locator("button").click()
    assert len(rows_listed(page)) == 100
    assert column(page, "gmacs")[0] == "0.050"
    assert page.locator("#more").inner_text() == "Show 400 more of 4,900 rows"
    page.locator("#more").click()
    assert len(rows_listed(page)) == 500
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 101
    assert len(rows_drawn(page)) == 5000


def test_published_rows_are_open_circles_that_neither_select_nor_sort(visit, tmp_path):
    from bench.report.board.tables import Published

    rows = [
        Published(
            "cub100", "label", HOSTILE, HOSTILE, HOSTILE, HOSTILE, {"test_top1": 0.7, "trainable_params": 2e6}
        ),
        Published(
            "cub100", "label", "resnet50", "adapter", "a source", "", {"test_top1": 0.8, "total_params": 9e6}
        ),
    ]
    with Store.open(tmp_path / "runs.db") as store:
        record_done(store, [make_planned(model, "linear") for model in MODELS])
        page = visit(write_report(store, tmp_path / "report.html", published=rows))
    drawn = page.evaluate(
        """() => document.getElementById("plot").data.filter((trace) => trace.name === "published")"""
    )
    assert drawn[0]["marker"]["symbol"] == "circle-open"
    assert [len(trace["x"]) for trace in drawn] == [1]  # the other prints no such cost
    assert "customdata" not in drawn[0]
    assert "Open circles (1)" in page.inner_text("#caption")
    page.click("thead [data-key=gmacs] button")
    published = page.locator("tbody.published tr")
    assert published.count() == 2
    assert "70" in published.first.inner_text()
    published.first.click()
    assert page.locator("tr.selected").count() == 0
    page.evaluate("choose({limits: {total_params: 1e7}})")
    assert published.count() == 1, "what is not printed is not known to fit"
    page.evaluate("choose({limits: {total_params: 8e6}})")
    assert published.count() == 0
    page.evaluate("choose({limits: {}, families: [DATA.families.findIndex(({ name }) => name === 'resnet')]})")
    assert "resnet50" in published.inner_text()
    page.evaluate("choose({families: [], strategies: [0]})")
    assert published.count() == 0

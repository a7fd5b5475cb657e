"""The overview as one file, in a real chromium, from disk: it works, asks the network for nothing, logs no error."""

import itertools
import random

import pytest
from browser import WINDOW, until
from plausible_runs import (
    GPU,
    MODELS,
    bulk_fill,
    fill_typical,
    make_planned,
    record_done,
    replace,
)

from bench.report.build import write_report
from bench.report.figures import X_AXES
from bench.report.pareto import pareto_front
from bench.report.units import DASH, show, show_spread
from bench.spec import DatasetSpec
from bench.store.store import Store

HOSTILE = "<img src=x onerror=alert(1)><b>bold</b>&amp;"

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nothing_goes_wrong")]


@pytest.fixture(scope="module")
def typical_page(visit, reports):
    return visit(reports(fill_typical))


@pytest.fixture
def typical(typical_page):
    """The typical report as it is when it has just been opened."""
    typical_page.set_viewport_size(WINDOW)
    typical_page.emulate_media(media="screen", color_scheme="light")
    typical_page.evaluate(
        """() => { forgetBoard(); choose(freshChoice()); followAxis("trainable_params"); showControls(boardOf());
             document.querySelector(".lost details").open = false; document.activeElement.blur(); scrollTo(0, 0); }"""
    )
    return typical_page


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """One report per kind of database, written when first asked for."""
    folder, written = tmp_path_factory.mktemp("reports"), {}

    def written_for(fill):
        if fill not in written:
            with Store.open(folder / f"{fill.__name__}.db") as store:
                fill(store)
                written[fill] = write_report(store, folder / f"{fill.__name__}.html")
        return written[fill]

    return written_for


def two_datasets(store):
    """Two datasets; on the first one two hardwares, and one row that ran on both."""
    fill_typical(store)
    record_done(store, [make_planned(model, "full", 2) for model in MODELS], hardware=GPU, speed=20.0)
    pets = DatasetSpec(name="oxford-pets", num_classes=37, fingerprint="ab" * 32)
    record_done(store, [make_planned(model, "linear", dataset=pets) for model in MODELS[:3]])


def hostile_names(store):
    model = replace(MODELS[0], name=f"timm/{HOSTILE}", family=HOSTILE)
    data = DatasetSpec(name=HOSTILE, num_classes=1, fingerprint="cd" * 32)
    record_done(store, [make_planned(model, "linear", seed, dataset=data) for seed in range(2)])


def one_run(store):
    record_done(store, [make_planned(MODELS[0], "linear")])


def no_runs(store):
    assert store.rows() == []


def five_thousand(store):
    bulk_fill(store, 5000, seeds=1)


def drawn(page):
    """What plotly has drawn: {strategy: [(row, x, y)]}, without the line."""
    return page.evaluate(
        """() => Object.fromEntries(document.getElementById("plot").data.filter((t) => t.customdata)
             .map((t) => [t.name, t.customdata.map((row, i) => [row, t.x[i], t.y[i]])]))"""
    )


def rows_drawn(page):
    return sorted(row for points in drawn(page).values() for row, _, _ in points)


def rows_listed(page):
    return [int(row) for row in page.locator("#table tbody").first.locator("tr").evaluate_all(
        "rows => rows.map((row) => row.dataset.i)")]  # fmt: skip


def marked(page):
    return page.locator("tr.pareto").evaluate_all("rows => rows.map((row) => Number(row.dataset.i))")


def column(page, key):
    """The texts of one column of the table, top to bottom."""
    return page.evaluate(
        """(key) => { const table = document.getElementById("table");
             const place = [...table.tHead.rows[0].cells].findIndex((cell) => cell.dataset.key === key);
             const text = (cell) => [...cell.querySelectorAll("button > span")].concat(cell)[0].childNodes[0].textContent;
             return [...table.tBodies[0].rows].map((row) => text(row.cells[place])); }""",
        key,
    )


def heading(page, key):
    return page.locator(f"#table thead [data-key={key}]")


def centre(page, selector):
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("fill", [fill_typical, hostile_names, one_run, no_runs], ids=lambda fill: fill.__name__)
def test_no_page_is_wider_than_its_window(visit, reports, fill):
    page = visit(reports(fill))
    for width in (320, 390, 768, 1024, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_row_is_drawn_and_listed(typical):
    rows = list(range(typical.evaluate("boardOf().seeds.length")))
    assert rows == rows_drawn(typical) == rows_listed(typical)


def test_the_front_is_decided_in_the_browser_as_in_python(typical):
    chance = random.Random(5)  # noqa: S311 - no secret
    values = [None, 0.1, 0.2, 0.25, 0.3, 0.5, 1 / 3, 1e-300, 1e9]
    cases = [
        [[chance.choice(values), chance.choice(values)] for _ in range(chance.randrange(30))] for _ in range(300)
    ]
    cases += [[[chance.random(), chance.random()] for _ in range(500)] for _ in range(5)]
    found = typical.evaluate(
        "(cases) => cases.map((points) => paretoFront(points.map(([cost]) => cost), points.map(([, value]) => value)))",
        cases,
    )
    assert found == [pareto_front(points, minimize=[0], maximize=[1]) for points in cases]


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


@pytest.mark.parametrize("cost", X_AXES)
def test_the_front_and_its_marks_follow_the_axis_and_are_those_of_python(visit, reports, typical, cost):
    typical.select_option("#x", cost)
    points = typical.evaluate(
        "(key) => boardOf().seeds.map((_, i) => [valueOf(boardOf(), key, i, 0), boardOf().values.val_top1[i]])",
        cost,
    )
    front = pareto_front(points, minimize=[0], maximize=[1])
    assert marked(typical) == front
    assert typical.evaluate("page.drawn.points.filter((point) => point.front).map((point) => point.i)") == front


def test_another_cost_moves_the_points_and_the_title(typical):
    before = drawn(typical)
    typical.select_option("#x", "gmacs")
    after = drawn(typical)
    assert [x for _, x, _ in before["linear"]] != [x for _, x, _ in after["linear"]]
    assert [y for _, _, y in before["linear"]] == [y for _, _, y in after["linear"]]
    assert typical.locator("#plot-title").inner_text() == "Test top-1 against GMACs per image"


def test_another_accuracy_moves_the_points_but_not_the_marked_rows(typical):
    before, rows = drawn(typical), marked(typical)
    assert "the height shown is from test" in typical.locator("#caption").inner_text()
    typical.select_option("#y", "val_top1")
    assert [y for _, _, y in before["linear"]] != [y for _, _, y in drawn(typical)["linear"]]
    assert marked(typical) == rows
    assert "the height shown" not in typical.locator("#caption").inner_text()


def test_errors_are_one_less_the_accuracy_on_a_logarithmic_axis(typical):
    accuracies = {row: y for points in drawn(typical).values() for row, _, y in points}
    rows = marked(typical)
    typical.select_option("#y", "test_error")
    assert typical.locator("#ylog").is_checked()
    for points in drawn(typical).values():
        for row, _, y in points:
            assert 10**y == pytest.approx(1 - accuracies[row])
    assert marked(typical) == rows
    line = typical.evaluate("plot.data.find((trace) => trace.name === 'front').y")
    assert line == sorted(line, reverse=True)


def test_two_costs_can_be_held_against_each_other(typical):
    typical.select_option("#y", "gmacs")
    typical.select_option("#x", "total_params")
    assert typical.locator("#plot-title").inner_text() == "GMACs per image against total parameters"
    assert len(rows_drawn(typical)) == typical.evaluate("boardOf().seeds.length")
    assert typical.evaluate("plot.data.find((trace) => trace.name === 'front').x.length") == 0


def test_zero_has_a_place_on_a_logarithmic_axis(typical):
    typical.select_option("#x", "trainable_backbone_params")
    probes = {x for _, x, _ in drawn(typical)["linear"]}
    others = {x for _, x, _ in drawn(typical)["full"]}
    assert len(probes) == 1
    assert max(probes) < min(others)
    assert "0" in typical.locator("#plot .xtick text").all_text_contents()


def test_every_axis_has_ticks_that_rise_and_differ(typical):
    for axis, log in itertools.product(X_AXES, (True, False)):
        typical.select_option("#x", axis)
        typical.locator("#log").set_checked(log)
        ticks, texts = typical.evaluate("(({tickvals, ticktext}) => [tickvals, ticktext])(plot.layout.xaxis)")
        assert len(ticks) >= 2, (axis, log)
        assert ticks == sorted(ticks), (axis, log)
        assert len(set(texts)) == len(texts), (axis, log)


def test_the_table_shows_what_python_would(typical):
    for key in ("trainable_params", "gmacs", "standalone_s", "latency_1_s", "stored_bytes", "epochs", "val_top1"):
        unit, values, spreads = typical.evaluate(
            """(key) => { const board = boardOf(), own = board.columns.find((column) => column.key === key);
                 return [own.unit, own.hardware ? board.values[key][0] : board.values[key], board.spreads[key] || []]; }""",
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
        """() => { const {drawn} = page, point = drawn.points.find(({i}) => i === 3), box = plot.getBoundingClientRect();
             const {x, y} = pixelOf(drawn, point.x, point.y); return [box.x + MARGIN.l + x, box.y + MARGIN.t + y]; }"""
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


def test_a_filter_acts_on_plot_table_front_and_ranks(typical):
    typical.locator("#strategies .chip", has_text="full").click()
    board = typical.evaluate("boardOf()")
    names = typical.evaluate("DATA.strategies.map(({name}) => name)")
    kept = [i for i, place in enumerate(board["strategies"]) if names[place] == "full"]
    assert list(drawn(typical)) == ["full"]
    assert rows_drawn(typical) == rows_listed(typical) == kept
    points = [(board["values"]["trainable_params"][i], board["values"]["val_top1"][i]) for i in kept]
    assert marked(typical) == [kept[i] for i in pareto_front(points, minimize=[0], maximize=[1])]
    assert column(typical, "rank") == [str(place + 1) for place in range(len(kept))]
    assert typical.locator("#shown").inner_text().startswith(f"{len(kept)} of {len(board['seeds'])} rows.")
    typical.locator("#families .chip", has_text="efficientnet").click()
    assert len(rows_listed(typical)) == 2
    typical.locator("#clear-filters").click()
    assert len(rows_listed(typical)) == len(board["seeds"])


def test_filters_that_leave_nothing_say_so(typical):
    typical.locator("#strategies .chip", has_text="scratch").click()
    typical.locator("#families .chip", has_text="vit").click()
    assert rows_drawn(typical) == rows_listed(typical) == []
    assert "nothing is left" in typical.locator("#shown").inner_text()


def test_the_budget_line_can_be_dragged(typical):
    typical.select_option("#x", "total_params")
    everything = len(rows_listed(typical))
    x, y = centre(typical, "#line")
    typical.mouse.move(x, y)
    typical.mouse.down()
    typical.mouse.move(x - 200, y, steps=5)
    typical.mouse.up()
    limit = typical.evaluate("choice.limits.total_params")
    totals = typical.evaluate("boardOf().values.total_params")
    kept = [i for i, total in enumerate(totals) if total <= limit]
    assert 0 < len(kept) < everything
    assert rows_drawn(typical) == rows_listed(typical) == kept
    shadow = typical.evaluate("plot.data.find((trace) => trace.name === 'over the budget').x.length")
    assert shadow == everything - len(kept)
    assert centre(typical, "#line")[0] == pytest.approx(x - 200, abs=2)
    assert typical.evaluate("document.activeElement.id") == "budget"
    typical.go_back()
    assert len(rows_listed(typical)) == everything


def test_the_budget_moves_by_keyboard_and_says_what_it_leaves(typical):
    typical.select_option("#x", "gmacs")
    slider = typical.locator("#budget")
    slider.focus()
    for _ in range(60):
        typical.keyboard.press("ArrowLeft")
    limit = typical.evaluate("choice.limits.gmacs")
    gmacs = typical.evaluate("boardOf().values.gmacs")
    kept = [i for i, value in enumerate(gmacs) if value <= limit]
    assert 0 < len(kept) < len(gmacs)
    assert rows_listed(typical) == kept
    assert f"{len(kept)} rows" in slider.get_attribute("aria-valuetext")
    typical.keyboard.press("End")
    assert typical.evaluate("choice.limits") == {}
    assert len(rows_listed(typical)) == len(gmacs)


def test_limits_on_several_quantities_hold_together_and_can_be_removed(typical):
    typical.evaluate("choose({limits: {total_params: 6e6, gmacs: 0.5}})")
    values = typical.evaluate("boardOf().values")
    pairs = zip(values["total_params"], values["gmacs"], strict=True)
    assert rows_listed(typical) == [i for i, (total, gmacs) in enumerate(pairs) if total <= 6e6 and gmacs <= 0.5]
    typical.get_by_role("button", name="Remove the limit: GMACs per image ≤ 0.5").click()
    assert typical.evaluate("choice.limits") == {"total_params": 6e6}


def test_the_address_keeps_what_was_chosen(visit, typical):
    typical.select_option("#y", "val_error")
    typical.select_option("#x", "gmacs")
    typical.locator("#log").set_checked(False)
    typical.locator("#strategies .chip", has_text="linear").click()
    typical.locator("#families .chip", has_text="efficientnet").click()
    typical.evaluate("choose({limits: {total_params: 4.2e6}})")
    heading(typical, "total_params").locator("button").click()
    kept, order, title = rows_drawn(typical), rows_listed(typical), typical.locator("#plot-title").inner_text()
    other = typical.context.new_page()
    other.goto(typical.url)
    assert (rows_drawn(other), rows_listed(other)) == (kept, order)
    assert other.locator("#plot-title").inner_text() == title
    assert not other.locator("#log").is_checked()
    assert other.locator(".chip[aria-pressed=true]").all_inner_texts() == ["linear\n8", "efficientnet\n8"]
    other.close()


def test_the_back_button_takes_a_step_back_and_a_plain_page_has_a_plain_address(typical):
    assert "#" not in typical.url
    typical.locator("#strategies .chip", has_text="linear").click()
    typical.locator("#strategies .chip", has_text="full").click()
    typical.go_back()
    assert list(drawn(typical)) == ["linear"]
    typical.go_back()
    assert "#" not in typical.url
    assert len(rows_listed(typical)) == typical.evaluate("boardOf().seeds.length")
    typical.go_forward()
    assert list(drawn(typical)) == ["linear"]


def test_an_address_that_means_nothing_shows_the_plain_page(visit, reports):
    page = visit(reports(fill_typical))
    rows = rows_listed(page)
    page.goto(page.url + "#x=nonsense&strategy=none&gmacs=-3&sort=__proto__&data=other&on=abacus&total_params=abc")
    page.reload()
    assert rows_listed(page) == rows
    assert page.locator("#plot-title").inner_text() == "Test top-1 against trained parameters"


def test_skipping_to_the_content_forgets_no_filter(typical):
    typical.locator("#strategies .chip", has_text="linear").click()
    typical.evaluate("location.hash = 'main'")
    assert list(drawn(typical)) == ["linear"]


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


def test_times_of_two_hardwares_never_share_the_axis(visit, reports):
    page = visit(reports(two_datasets))
    page.select_option("#x", "standalone_s")
    seen = {}
    for place, name in enumerate(page.locator("#machine option").all_inner_texts()):
        page.select_option("#machine", index=place)
        seen[name] = {row: x for points in drawn(page).values() for row, x, _ in points}
        assert name in page.locator("#caption").inner_text()
        shown = [text for text in column(page, "standalone_s") if text != DASH]
        assert len(shown) == len(seen[name])
    cpu, gpu = seen.values()
    both = set(cpu) & set(gpu)
    assert both
    assert all(cpu[row] != gpu[row] for row in both)
    assert set(cpu) - both
    assert set(gpu) - both


def test_one_hardware_needs_no_selector(typical):
    assert typical.locator("#machine-field").is_hidden()


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


def test_trade_offs_sort_like_every_table(typical):
    table = typical.locator("table.tradeoffs")
    table.locator("[data-key=fewer] button").click()
    ratios = table.locator("tbody tr").evaluate_all("rows => rows.map((row) => Number(row.dataset.fewer))")
    assert ratios == sorted(ratios, reverse=True)
    assert len(ratios) == 6


def test_dark_and_light_differ_also_when_switched_while_open(typical):
    colour = "document.getElementById('plot').data.find((trace) => trace.name === 'linear').marker.color"
    ground = "getComputedStyle(document.body).backgroundColor"
    light = typical.evaluate(colour), typical.evaluate(ground)
    typical.emulate_media(color_scheme="dark")
    until(typical, f"{colour} !== '{light[0]}'")
    assert typical.evaluate(ground) != light[1]


def test_print_is_light_and_without_controls(visit, reports):
    page = visit(reports(fill_typical), color_scheme="dark")
    ground = "getComputedStyle(document.querySelector('.plot')).backgroundColor"
    dark = page.evaluate(ground)
    page.emulate_media(media="print")
    for part in (".controls", ".budget", "#line", ".told"):
        assert page.locator(part).is_hidden()
    assert page.evaluate(ground) != dark
    assert page.pdf().startswith(b"%PDF")


def test_nothing_that_is_seen_moves_while_the_page_loads(visit, reports):
    page = visit(reports(two_datasets))
    page.evaluate(
        """() => { globalThis.moved = 0; new PerformanceObserver((list) => list.getEntries().forEach((one) => { moved += one.value; }))
             .observe({type: "layout-shift", buffered: true}); }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("moved") < 0.01
    page.locator("tbody th button").first.click()
    page.locator("#strategies .chip").first.click()
    page.wait_for_timeout(300)
    assert page.evaluate("document.querySelector('.plot').getBoundingClientRect().height") > 0


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


def test_a_page_without_runs_says_what_to_do(visit, reports):
    page = visit(reports(no_runs))
    assert "bench sweep --dataset digits" in page.locator("main").inner_text()


def test_published_rows_are_open_circles_that_neither_select_nor_sort(visit, tmp_path):
    from bench.report.published import Published

    rows = [
        Published(
            "cub100", "label", HOSTILE, HOSTILE, HOSTILE, HOSTILE, {"test_top1": 0.7, "trainable_params": 2e6}
        ),
        Published("cub100", "label", "vit", "adapter", "a source", "", {"test_top1": 0.8, "total_params": 9e6}),
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
    page.evaluate("choose({limits: {total_params: 8e6}})")
    assert published.count() == 1
    page.evaluate("choose({limits: {}, strategies: [0]})")
    assert published.count() == 0

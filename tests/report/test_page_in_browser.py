"""The report in a real chromium, from disk: it works, it asks the network for nothing, it logs no error."""

import itertools

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
from bench.report.units import DASH
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
        """() => { document.querySelector("thead [data-key=gmacs] button").click();
             document.querySelector("thead [data-key=rank] button").click();
             document.querySelectorAll("select").forEach((select) => { select.selectedIndex = 0; });
             document.querySelectorAll("tr.selected").forEach((row) => row.classList.remove("selected"));
             Object.assign(state, {x: "trainable_params", y: "test_top1", log: true});
             document.getElementById("log").checked = true;
             document.querySelector(".lost details").open = false;
             showBoard(0);
             scrollTo(0, 0); }"""
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
    """What plotly has drawn: {strategy: [(row, x, y)]}, without the line and the ring."""
    return page.evaluate(
        """() => Object.fromEntries(document.getElementById("plot").data.filter((t) => t.customdata)
             .map((t) => [t.name, t.customdata.map((row, i) => [row, t.x[i], t.y[i]])]))"""
    )


def column(page, key):
    """The texts of one column of the board that is shown, top to bottom."""
    return page.evaluate(
        """(key) => { const table = document.querySelector("section.board:not([hidden]) table");
             const place = [...table.tHead.rows[0].cells].findIndex((cell) => cell.dataset.key === key);
             const text = (cell) => [...cell.querySelectorAll("span")].concat(cell)[0].childNodes[0].textContent;
             return [...table.tBodies[0].rows].map((row) => text(row.cells[place])); }""",
        key,
    )


def heading(page, key):
    return page.locator(f"section.board:not([hidden]) thead [data-key={key}]")


@pytest.mark.parametrize("fill", [fill_typical, hostile_names, one_run, no_runs], ids=lambda fill: fill.__name__)
def test_no_page_is_wider_than_its_window(visit, reports, fill):
    page = visit(reports(fill))
    for width in (320, 390, 768, 1024, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_row_is_drawn(typical):
    page = typical
    rows = sorted(row for points in drawn(page).values() for row, _, _ in points)
    assert rows == list(range(page.locator("tbody tr[data-i]").count()))


def test_another_cost_moves_the_points_and_the_marked_rows(typical):
    page = typical
    before, marked = (
        drawn(page),
        page.locator("tr.pareto").evaluate_all("rows => rows.map((row) => row.dataset.i)"),
    )
    page.select_option("#x", "gmacs")
    after = drawn(page)
    assert [x for _, x, _ in before["linear"]] != [x for _, x, _ in after["linear"]]
    assert [y for _, _, y in before["linear"]] == [y for _, _, y in after["linear"]]
    assert page.locator("tr.pareto").evaluate_all("rows => rows.map((row) => row.dataset.i)") != marked
    assert page.locator("#plot-title").inner_text() == "Test top-1 against GMACs per image"


def test_another_accuracy_moves_the_points_but_not_the_marked_rows(typical):
    page = typical
    before, marked = drawn(page), page.locator("tr.pareto").count()
    assert "their test accuracy" in page.locator("#caption").inner_text()
    page.select_option("#y", "val_top1")
    assert [y for _, _, y in before["linear"]] != [y for _, _, y in drawn(page)["linear"]]
    assert page.locator("tr.pareto").count() == marked
    assert "their test accuracy" not in page.locator("#caption").inner_text()


def test_zero_has_a_place_on_a_logarithmic_axis(typical):
    page = typical
    page.select_option("#x", "trainable_backbone_params")
    probes = {x for _, x, _ in drawn(page)["linear"]}
    others = {x for _, x, _ in drawn(page)["full"]}
    assert len(probes) == 1
    assert max(probes) < min(others)
    assert "0" in page.locator("#plot .xtick text").all_text_contents()


def test_every_axis_has_ticks_that_rise_and_differ(typical):
    page = typical
    for axis, log in itertools.product(X_AXES, (True, False)):
        page.select_option("#x", axis)
        page.locator("#log").set_checked(log)
        ticks, texts = page.evaluate("(({tickvals, ticktext}) => [tickvals, ticktext])(plot.layout.xaxis)")
        assert len(ticks) >= 2, (axis, log)
        assert ticks == sorted(ticks), (axis, log)
        assert len(set(texts)) == len(texts), (axis, log)


def test_numbers_are_written_in_the_browser_as_in_the_table(typical):
    page = typical
    for key in ("trainable_params", "gmacs", "standalone_s", "latency_1_s", "stored_bytes", "epochs"):
        written = page.evaluate(
            """(key) => { const board = DATA.boards[0], axis = board.columns.find((column) => column.key === key);
                 const values = axis.hardware ? board.values[key][0] : board.values[key];
                 return values.map((value) => show(value, axis.unit)); }""",
            key,
        )
        assert written == column(page, key)


def test_sorting_by_mouse_says_so_and_turns_round(typical):
    page = typical
    assert heading(page, "rank").get_attribute("aria-sort") == "ascending"
    heading(page, "gmacs").locator("button").click()
    values = [float(text) for text in column(page, "gmacs")]
    assert values == sorted(values)
    assert heading(page, "gmacs").get_attribute("aria-sort") == "ascending"
    assert heading(page, "rank").get_attribute("aria-sort") is None
    heading(page, "gmacs").locator("button").click()
    assert [float(text) for text in column(page, "gmacs")] == sorted(values, reverse=True)
    assert heading(page, "gmacs").get_attribute("aria-sort") == "descending"


def test_accuracies_sort_best_first_and_dashes_last(typical):
    page = typical
    heading(page, "best_on_test_top1").locator("button").click()
    texts = column(page, "best_on_test_top1")
    values = [float(text.split()[0]) for text in texts if text != DASH]
    assert values == sorted(values, reverse=True)
    assert texts[len(values) :] == [DASH] * (len(texts) - len(values))


def test_sorting_and_choosing_work_by_keyboard_alone(typical):
    page = typical
    heading(page, "backbone").locator("button").focus()
    page.keyboard.press("Enter")
    names = column(page, "backbone")
    assert names == sorted(names)
    page.locator("tbody tr th button").first.focus()
    page.keyboard.press("Space")
    assert page.locator("tr.selected").count() == 1
    assert page.locator("tr.selected th button").get_attribute("aria-pressed") == "true"


def test_a_row_highlights_its_point(typical):
    page = typical
    page.locator("tbody tr[data-i='3'] td").nth(2).click()
    ring = page.evaluate("(({x, y}) => [x[0], y[0]])(plot.data.find((trace) => trace.name === 'selected'))")
    points = {row: [x, y] for points in drawn(page).values() for row, x, y in points}
    assert ring == points[3]
    page.locator("tbody tr[data-i='3'] td").nth(2).click()
    assert page.locator("tr.selected").count() == 0


def test_a_point_highlights_its_row(typical):
    page = typical
    page.locator("#plot").scroll_into_view_if_needed()
    spot = page.evaluate(
        """() => { const plot = document.getElementById("plot"), box = plot.getBoundingClientRect();
             const {l, t} = plot._fullLayout._size, {xaxis, yaxis} = plot._fullLayout;
             const trace = plot.data.find((one) => one.name === "full");
             const at = {x: box.x + l + xaxis.d2p(trace.x[0]), y: box.y + t + yaxis.d2p(trace.y[0])};
             return {row: trace.customdata[0], ...at}; }"""
    )
    page.mouse.move(spot["x"], spot["y"])
    page.locator(".hovertext").wait_for()
    hover = page.locator(".hovertext").text_content()
    assert "Validation top-1" in hover
    assert "Trained parameters" in hover
    page.mouse.click(spot["x"], spot["y"])
    assert page.locator("tr.selected").get_attribute("data-i") == str(spot["row"])


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


def test_far_outliers_are_left_below_and_a_button_shows_them(typical):
    page = typical
    assert page.locator("#out-of-view").inner_text() == "3 rows lie below the plot: show all"
    low = page.evaluate("document.getElementById('plot').layout.yaxis.range[0]")
    page.locator("#out-of-view").click()
    assert page.evaluate("document.getElementById('plot').layout.yaxis.range[0]") < min(0.39, low)
    assert page.locator("#out-of-view").is_hidden()


def test_datasets_are_shown_one_at_a_time(visit, reports):
    page = visit(reports(two_datasets))
    assert page.locator("section.board:visible").count() == 1
    assert page.locator(".headline:visible").inner_text().startswith("On cub100")
    page.select_option("#board", label="oxford-pets")
    assert page.locator(".headline:visible").inner_text().startswith("On oxford-pets")
    assert sum(map(len, drawn(page).values())) == 3 == len(column(page, "backbone"))


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


def test_what_was_excluded_can_be_unfolded(typical):
    page = typical
    assert page.locator(".lost tbody tr").first.is_hidden()
    page.locator(".lost summary").click()
    assert page.locator(".lost tbody tr:visible").count() == 3
    assert "The loss is NaN at step 94." in page.locator(".lost").inner_text()


def test_dark_and_light_differ_also_when_switched_while_open(typical):
    page = typical
    colour = "document.getElementById('plot').data.find((trace) => trace.name === 'linear').marker.color"
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour), page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    until(page, f"{colour} !== '{light[0]}'")
    assert page.evaluate(ground) != light[1]


def test_print_is_light_and_without_controls(visit, reports):
    page = visit(reports(fill_typical), color_scheme="dark")
    dark = page.evaluate("css('--ink')")
    page.emulate_media(media="print")
    assert page.locator(".controls").is_hidden()
    assert page.evaluate("css('--ink')") != dark
    assert page.pdf().startswith(b"%PDF")


def test_five_thousand_rows_show_a_hundred_until_asked(visit, reports):
    page = visit(reports(five_thousand))
    visible = "[...document.querySelectorAll('tbody tr')].filter((row) => !row.hidden).length"
    assert page.evaluate(visible) == 100
    heading(page, "gmacs").locator("button").click()
    assert page.evaluate(visible) == 100
    assert column(page, "gmacs")[0] == "0.050"
    page.locator(".more").click()
    assert page.evaluate(visible) == 5000
    assert sum(map(len, drawn(page).values())) == 5000


def test_a_page_without_runs_says_what_to_do(visit, reports):
    page = visit(reports(no_runs))
    assert "bench sweep --dataset digits" in page.locator("main").inner_text()


def test_published_rows_are_open_circles_that_neither_select_nor_sort(visit, tmp_path):
    from bench.report.published import Published

    rows = [
        Published(
            "cub100", "label", HOSTILE, HOSTILE, HOSTILE, HOSTILE, {"test_top1": 0.7, "trainable_params": 2e6}
        ),
        Published("cub100", "label", "vit", "adapter", "a source", "", {"test_top1": 0.8}),
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
    assert page.locator("tbody").count() == 2
    assert page.locator("tbody.published tr").count() == 2
    page.locator("tbody.published tr").first.click()
    assert page.locator("tr.selected").count() == 0

"""The explorer in a real chromium: axes, front, filters, budget, and the address that keeps them."""

import itertools
import random

import pytest
from overview_browser import (
    centre,
    column,
    drawn,
    heading,
    marked,
    rows_drawn,
    rows_listed,
    two_datasets,
)
from plausible_runs import fill_typical

from bench.report.board.pareto import pareto_front
from bench.report.plots.figures import X_AXES
from bench.units import DASH

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nothing_goes_wrong")]


def test_the_front_is_decided_in_the_browser_as_in_python(typical):
    chance = random.Random(5)  # noqa: S311 - no secret
    values = [None, 0.1, 0.2, 0.25, 0.3, 0.5, 1 / 3, 1e-300, 1e9]
    cases = [
        [[chance.choice(values), chance.choice(values)] for _ in range(chance.randrange(30))] for _ in range(300)
    ]
    cases += [[[chance.random(), chance.random()] for _ in range(500)] for _ in range(5)]
    found = typical.evaluate(
        """(cases) => cases.map((points) =>
             paretoFront(points.map(([cost]) => cost), points.map(([, value]) => value)))""",
        cases,
    )
    assert found == [pareto_front(points, minimize=[0], maximize=[1]) for points in cases]


@pytest.mark.parametrize("cost", X_AXES)
def test_the_front_and_its_marks_follow_the_axis_and_are_those_of_python(typical, cost):
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


def test_the_address_keeps_what_was_chosen(typical):
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


@pytest.mark.parametrize("word", ["constructor", "__proto__", "toString"])
def test_an_axis_that_only_javascript_knows_is_none(typical, word):
    typical.goto(typical.url.partition("#")[0] + f"#x={word}&y={word}")
    typical.reload()
    assert typical.locator("#plot-title").inner_text() == "Test top-1 against trained parameters"
    assert drawn(typical)


def test_many_keys_at_the_budget_are_one_step_back(typical):
    before = typical.evaluate("history.length")
    typical.locator("#budget").focus()
    for _ in range(12):
        typical.keyboard.press("ArrowLeft")
    assert "trainable_params=" in typical.url
    assert typical.evaluate("history.length") <= before + 1
    typical.go_back()
    assert "trainable_params=" not in typical.url


def test_the_front_ends_at_the_budget(typical):
    limit = typical.evaluate("boardOf().values.trainable_params.toSorted((a, b) => a - b)[2]")
    typical.goto(typical.url.partition("#")[0] + f"#trainable_params={limit}")
    typical.reload()
    end = typical.evaluate("plot.data.find((trace) => trace.name === 'front').x.at(-1)")
    assert end == pytest.approx(typical.evaluate(f"Math.log10({limit})"))


def test_skipping_to_the_content_forgets_no_filter(typical):
    typical.locator("#strategies .chip", has_text="linear").click()
    typical.evaluate("location.hash = 'main'")
    assert list(drawn(typical)) == ["linear"]


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

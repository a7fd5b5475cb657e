"""The page that compares runs, in a real chromium, from disk."""

import pytest
from browser import fits_a_phone_and_turns_dark, until
from plausible_runs import MODELS, make_planned, record_pruned
from predicted_runs import planned, predictions, record_predicted
from site_made import coloured, write_site

from bench.inference.class_names import ClassNames
from bench.report.look.compare import compare_runs
from bench.spec import RecipeSpec
from bench.store.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nothing_goes_wrong")]

NAMES = ClassNames({"label": tuple(f"<b>bird {i:02d}</b>" for i in range(30))})


def names(*_):
    return NAMES


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A site of six runs of one dataset, one of another and a pruned one; returns its folder and their ids."""
    folder = tmp_path_factory.mktemp("compare")
    with Store.open(folder / "runs.db") as store:
        run_ids = [
            record_predicted(
                store,
                planned(30, recipe=RecipeSpec(epochs=12, lr=0.001 * (1 + seed))),
                predictions(30, seed=seed, n=600, skill=1.6 + 0.3 * seed),
            )
            for seed in range(6)
        ]
        other = record_predicted(store, planned(4, name="fish"), predictions(4, n=80, skill=1.0))
        pruned = make_planned(MODELS[1], "linear")
        record_pruned(store, pruned)
        write_site(store, folder / "site", names=names, images=coloured())
    return folder, [*run_ids, other, pruned.spec.run_id]


@pytest.fixture(scope="module")
def compare(visit, made):
    """Open the page with these of the runs, or with this text in its address."""
    folder, run_ids = made

    def open_with(*runs, text=None):
        asked = text if text is not None else ",".join(run_ids[run][:16] for run in runs)
        page = visit(folder / "site" / "compare.html", f"?runs={asked}")
        until(page, f"document.querySelectorAll('#chosen li').length === {len(runs)}")
        return page

    return open_with


@pytest.fixture(scope="module")
def pair(compare):
    """The page with two runs, to read only."""
    return compare(0, 1)


def rows(page, table):
    read = "(row) => [...row.cells].map((cell) => cell.innerText)"
    return page.evaluate(f"(table) => [...document.querySelectorAll(`#${{table}} tbody tr`)].map({read})", table)


def test_two_runs_show_the_numbers_of_bench_compare(pair, made):
    folder, run_ids = made
    page = pair
    with Store.open(folder / "runs.db", create=False) as store:
        expected = compare_runs(store, run_ids[0], run_ids[1], names).heads[0]
    [row] = rows(page, "pairs")
    counts = [expected.test.only_first, expected.test.only_second, expected.test.both, expected.test.neither]
    assert row[4:8] == [str(count) for count in counts]
    assert row[2] == f"{100 * expected.test.difference:+.1f}".replace("-", "−")  # noqa: RUF001 - a minus, as shown
    assert float(row[8].replace("< ", "")) == pytest.approx(expected.test.exact_p, abs=1e-4)
    shown = {cells[0]: cells[2:4] for cells in rows(page, "classes-table")}
    for score in expected.first.classes:
        if score.name in shown:
            assert shown[score.name][0] == f"{100 * score.f1:.1f}"
    assert len(expected.disagreements) == counts[0] + counts[1]
    assert f"disagree on {len(expected.disagreements)} of 600" in page.locator("#images-note").inner_text()


def test_every_disagreement_is_listed_with_what_each_run_says(pair, made):
    folder, run_ids = made
    page = pair
    page.locator("#disagreements-title").click()
    if page.locator("#disagreements-more").is_visible():
        page.locator("#disagreements-more").click()
    with Store.open(folder / "runs.db", create=False) as store:
        expected = compare_runs(store, run_ids[0], run_ids[1], names).heads[0].disagreements
    assert {row[0]: row[1:] for row in rows(page, "disagreements")} == {
        one.id: [one.label, *(f"{mark} {said}" for mark, said in marked(one))] for one in expected
    }


def marked(one):
    marks = "✓✗" if one.first_right else "✗✓"
    return zip(marks, (one.first, one.second), strict=True)


def test_five_runs_have_ten_pairs_five_curves_and_letters(compare):
    page = compare(0, 1, 2, 3, 4)
    assert [row[0] for row in rows(page, "pairs")][:2] == ["A and B", "A and C"]
    assert len(rows(page, "pairs")) == 10
    assert page.evaluate("document.querySelector('#curves-plot').data.length") == 5
    assert page.locator("#picker").is_disabled()
    assert "some tell by chance alone" in page.locator("#tests-note").inner_text()


def test_only_validation_and_costs_are_marked_as_best(compare):
    page = compare(0, 1, 2)
    marked = page.locator("#measures tr:has(.best) th").all_inner_texts()
    assert marked
    assert not [text for text in marked if "test" in text.lower()]


def test_equal_keys_are_folded_away_and_differing_ones_are_shown(pair):
    page = pair
    assert [row[0] for row in rows(page, "specs")] == ["recipe.lr"]
    assert not page.locator("#equal").is_visible()
    page.locator("#equal-title").click()
    assert "recipe.batch_size" in page.locator("#equal").inner_text()


def test_the_curve_and_the_score_can_be_chosen(compare):
    page = compare(0, 1)
    before = page.evaluate("document.querySelector('#curves-plot').data[0].y.join()")
    page.locator("#curve").select_option("train_loss")
    assert page.evaluate("document.querySelector('#curves-plot').data[0].y.join()") != before
    page.locator("#score").select_option("recall")
    assert "recall" in page.locator("#classes-note").inner_text()


def test_the_keyboard_alone_adds_and_removes_a_run_and_the_address_follows(compare, made):
    page, ids = compare(0, 1), [run_id[:16] for run_id in made[1]]
    page.locator("#picker").focus()
    page.keyboard.type(ids[3])
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('#chosen li').length === 3")
    assert page.url.endswith(f"?runs={ids[0]},{ids[1]},{ids[3]}")
    page.locator("#chosen button").nth(1).focus()
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('#chosen li').length === 2")
    assert page.url.endswith(f"?runs={ids[0]},{ids[3]}")


def test_arrows_move_through_the_runs_and_escape_closes_them(compare):
    page = compare(0, 1)
    page.locator("#picker").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    active = "document.activeElement.getAttribute('aria-activedescendant')"
    assert page.evaluate(active) == "option-1"
    page.keyboard.press("Escape")
    assert not page.locator("#options").is_visible()


def test_back_and_forward_go_through_what_was_chosen(compare):
    page = compare(0, 1)
    page.locator("#chosen button").nth(1).click()
    until(page, "document.querySelectorAll('#chosen li').length === 1")
    page.go_back()
    until(page, "document.querySelectorAll('#chosen li').length === 2")
    assert page.locator("#tests").is_visible()
    page.go_forward()
    until(page, "document.querySelectorAll('#chosen li').length === 1")
    assert not page.locator("#tests").is_visible()


def test_an_unknown_id_is_named_and_runs_are_offered(compare):
    page = compare(text="0123456789abcdef,<script>alert(1)</script>")
    said = page.locator("#said").inner_text()
    assert "0123456789abcdef" in said
    assert "<script>" in said
    assert "Choose two runs" in said
    page.locator("#picker").focus()
    assert page.locator("#options [data-id]").count() == 8


def test_one_unknown_id_among_known_ones_does_not_spoil_the_rest(visit, made):
    ids = ",".join(run_id[:16] for run_id in made[1][:2])
    page = visit(made[0] / "site" / "compare.html", f"?runs={ids},ffffffffffffffff")
    until(page, "document.querySelectorAll('#chosen li').length === 2")
    assert "ffffffffffffffff" in page.locator("#said").inner_text()
    assert len(rows(page, "pairs")) == 1


def test_without_an_address_the_best_two_are_compared(visit, made):
    page = visit(made[0] / "site" / "compare.html")
    until(page, "document.querySelectorAll('#chosen li').length === 2")
    assert "?runs=" in page.url
    assert page.locator("#tests").is_visible()


def test_runs_of_other_images_do_not_compare_on_images_and_the_rest_is_shown(compare):
    page = compare(0, 6)
    assert "do not compare image by image" in page.locator("#verdicts").inner_text()
    assert rows(page, "pairs") == []
    assert not page.locator("#images").is_visible()
    assert "different data" in page.locator("#numbers-note").inner_text()
    assert page.locator("#curves").is_visible()


def test_of_three_runs_the_two_on_the_same_images_are_tested(compare):
    page = compare(0, 6, 1)
    assert [row[0] for row in rows(page, "pairs")] == ["A and C"]
    assert "B was measured on other test images" in page.locator("#verdicts").inner_text()


def test_a_run_without_a_result_is_shown_beside_one_that_has_one(compare):
    page = compare(0, 7)
    assert "pruned" in page.locator("#chosen").inner_text()
    assert page.evaluate("document.querySelector('#curves-plot').data.length") == 2


def test_contested_images_have_pictures_and_it_says_of_how_many(pair):
    page = pair
    page.evaluate("document.querySelectorAll('#contested img').forEach((image) => { image.loading = 'eager'; })")
    until(page, "[...document.querySelectorAll('#contested img')].every((image) => image.naturalWidth > 0)")
    assert 0 < page.locator("#contested li").count() <= 24
    assert "have a picture here" in page.locator("#images-note").inner_text()
    assert page.locator("#contested .letter").first.inner_text() == "A"


def test_names_with_html_are_shown_as_text(pair):
    page = pair
    assert page.locator("#classes-table tbody th").first.inner_text().startswith("<b>bird")
    assert page.locator("#classes-table b").count() == 0


def test_it_fits_a_phone_and_turns_dark(compare):
    fits_a_phone_and_turns_dark(
        compare(0, 1, 2),
        "document.querySelector('#curves-plot').data[0].line.color",
        "document.querySelector('#curves-plot').clientWidth",
    )


def test_nothing_moves_once_it_is_drawn(pair):
    page = pair
    places = "[...document.querySelectorAll('main > .card')].map((card) => card.offsetTop).join()"
    before = page.evaluate(places)
    page.wait_for_timeout(300)
    assert page.evaluate(places) == before

"""The overview as the first page of a site, in a real chromium: it leads to runs and to their comparison."""

from urllib.parse import parse_qs, urlparse

import pytest
from overview_browser import drawn, five_thousand, rows_drawn, rows_listed
from plausible_runs import fill_typical

from bench.report.board.query import Query
from bench.report.board.tables import front
from bench.report.build import make_report
from bench.report.site import crowd
from bench.report.site.folder import SiteFolder
from bench.report.site.material import LINKS, Material, run_page
from bench.report.site.overview import write_overview
from bench.store.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nothing_goes_wrong")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Write the overview of a database; of the best `pages` rows each run has a page. Returns page and report."""

    def written(fill, pages=10):
        folder = tmp_path_factory.mktemp("site")
        with Store.open(folder / "runs.db") as store:
            fill(store)
            report = make_report(store, title="", query=Query(), overlaps={})
            groups = [entry.group for board in report.boards for entry in board.entries]
            runs = [row for group in groups[:pages] for row in group.rows]
            made = SiteFolder(folder / "site", LINKS)
            write_overview(made, Material(store, report, lambda *_: None, lambda _: None, runs))
            made.finish()
        return folder / "site" / "index.html", report

    return written


def test_the_site_shares_plotly_and_its_data_lies_beside(site, visit):
    path, _ = site(fill_typical)
    files = {file.relative_to(path.parent).as_posix() for file in path.parent.rglob("*") if file.is_file()}
    assert {"index.html", "data/overview.js", "assets/plotly.min.js", "assets/site.css", "site.json"} < files
    assert path.stat().st_size < 60_000
    page = visit(path)
    assert rows_drawn(page) == rows_listed(page)
    assert page.locator("nav a[aria-current=page]").inner_text() == "Overview"


def test_rows_with_pages_lead_to_them_from_table_and_card(site, visit):
    path, report = site(fill_typical, pages=2)
    page, (board,) = visit(path), report.boards
    expected = [run_page(run_id) for entry in board.entries[:2] for run_id in entry.group.run_ids]
    found = page.locator("#table td.runs a").evaluate_all(
        "links => links.map((link) => link.getAttribute('href'))"
    )
    assert found == expected
    page.locator("tbody th button").first.click()
    assert page.locator("#card a").first.get_attribute("href") == expected[0]
    page.locator("tbody th button").nth(5).click()
    assert page.locator("#card a").count() == 0


def test_two_to_five_rows_can_be_compared(site, visit):
    path, report = site(fill_typical, pages=8)
    page, (board,) = visit(path), report.boards
    bar, link, boxes = page.locator("#compare"), page.locator("#compare a"), page.locator(".pick input")
    assert boxes.count() == 8
    assert bar.is_hidden()
    boxes.nth(0).check()
    assert link.get_attribute("href") is None
    assert link.inner_text() == "Choose another to compare"
    boxes.nth(3).focus()
    page.keyboard.press("Space")
    address = urlparse(link.get_attribute("href"))
    chosen = [board.entries[place].group.first.run_id[:16] for place in (0, 3)]
    assert (address.path, parse_qs(address.query)["runs"]) == ("compare.html", [",".join(chosen)])
    for place in (1, 2, 4, 5):
        boxes.nth(place).check()
    assert link.get_attribute("href") is None
    assert link.inner_text() == "At most 5 can be compared"
    page.locator("#clear").click()
    assert bar.is_hidden()
    assert page.locator(".pick input:checked").count() == 0


def test_what_is_chosen_to_be_compared_outlives_sorting_and_filters(site, visit):
    page = visit(site(fill_typical)[0])
    page.locator(".pick input").nth(1).check()
    name = page.locator("#compare p").inner_text()
    page.locator("thead [data-key=gmacs] button").click()
    page.locator("#strategies .chip", has_text="full").click()
    assert page.locator("#compare p").inner_text() == name


def test_a_site_without_pages_of_runs_offers_no_comparison(site, visit):
    page = visit(site(fill_typical, pages=0)[0])
    assert page.locator(".pick").count() == 0
    assert page.locator("#compare").count() == 0


def test_of_very_many_rows_the_fronts_are_exact_and_the_rest_is_a_density(site, visit, monkeypatch):
    monkeypatch.setattr(crowd, "MOST_ROWS", 1000)
    monkeypatch.setattr(crowd, "BEST", 50)
    path, report = site(five_thousand, pages=0)
    page, (board,) = visit(path), report.boards
    listed = page.evaluate("boardOf().seeds.length")
    assert listed < 2000
    assert page.locator("#shown").inner_text() == f"{listed:,} rows listed of 5,000."
    squares = "plot.data.find((trace) => trace.name === 'not listed')"
    counted = f"{squares}.meta.reduce((sum, bin) => sum + bin.count, 0)"
    assert page.evaluate(counted) == 5000 - listed
    groups = [entry.group for entry in board.entries]
    best = {(groups[i].first.backbone, groups[i].val) for i in front(groups, board.cost)}
    drawn_front = page.evaluate(
        """page.drawn.points.filter(({front}) => front)
             .map(({i}) => ["timm/" + nameOf(boardOf(), i), boardOf().values.val_top1[i]])"""
    )
    assert {tuple(pair) for pair in drawn_front} == best
    page.locator("#strategies .chip", has_text="linear").click()
    assert set(drawn(page)) == {"linear"}
    of_linear = sum(group.first.strategy == "linear" for group in groups)
    assert page.evaluate(counted) == of_linear - len(rows_drawn(page))
    page.locator("#families .chip").first.click()
    assert page.evaluate(f"{squares}.x.length") == 0
    assert "where they lie is not known" in page.locator("#caption").inner_text()

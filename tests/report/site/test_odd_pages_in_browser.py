"""Overviews of odd databases in a real chromium: whatever is asked of them, nothing goes wrong."""

import pytest
from overview_browser import rows_drawn, rows_listed
from plausible_runs import CPU, GPU, MODELS, done_row

from bench.records.ensembles import Ensemble, Member
from bench.records.runs import TestMetrics, ValMetrics
from bench.report.board.published import known_published, published_boards
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.report.pages import Report
from bench.report.site.overview import render_single
from bench.store.rows import ContradictionCount, HeadRow, RunHeads

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("nothing_goes_wrong")]

NAN = float("nan")


def boards(rows, **more):
    return leaderboard(rows, Query(), **more)


def of_ensembles():
    rows = [done_row(model) for model in MODELS[:2]]
    made = Ensemble(
        rule="soft", dataset="cub100", target="label", num_classes=100, fingerprint=rows[0].fingerprint,
        split_digest="d", total_params=9, trainable_params=5, gmacs=1.0, command="", request={}, created_at=0.0,
        members=tuple(Member(row.run_id, 1.0) for row in rows),
        val=ValMetrics(0.95, 1.0, 0.1, 0.9, 300), test=TestMetrics(0.94, 1.0, 0.1, 0.9, 1000),
    )  # fmt: skip
    return boards(rows, ensembles=[made])


def of_joint_runs():
    row = done_row(target="fine+coarse")
    metrics = tuple(
        HeadRow(name, split, 9, 0.5, 0.6, 1.0, 0.5, 10) for name in ("fine", "coarse") for split in ("val", "test")
    )
    counts = tuple(ContradictionCount(split, "fine", "coarse", 0.1, 10) for split in ("val", "test"))
    return boards([row], heads={row.run_id: RunHeads(metrics, counts)})


ODD = {
    "one run that trains no backbone": lambda: boards([done_row(trainable_backbone_params=0)]),
    "a perfect run": lambda: boards([done_row(test_top1=1.0, val_top1=1.0, num_classes=1)]),
    "runs without a test": lambda: boards([done_row(model, test_top1=NAN, test_n=None) for model in MODELS]),
    "runs without times": lambda: boards(
        [done_row(standalone_s=None, latency_1_s=None, latency_batch_s=None, hardware=None)]
    ),
    "each on its own hardware": lambda: boards(
        [done_row(MODELS[0], hardware=CPU), done_row(MODELS[1], hardware=GPU)]
    ),
    "seeds on different hardware": lambda: boards([done_row(hardware=CPU), done_row(seed=1, hardware=GPU)]),
    "rows that are all the same": lambda: boards([done_row(group_id=str(i), run_id=str(i)) for i in range(5)]),
    "ensembles": of_ensembles,
    "joint runs": of_joint_runs,
    "published rows alone": lambda: published_boards(known_published(), Query(dataset="cub")),
}


@pytest.mark.parametrize("kind", ODD)
def test_every_axis_and_filter_works_on(kind, visit, tmp_path):
    made = ODD[kind]()
    path = tmp_path / "page.html"
    path.write_text(render_single(Report("Odd", made)), encoding="utf-8")
    page = visit(path)
    page.evaluate(
        """() => { const axes = Object.keys(DATA.axes);
             for (const x of axes.filter(isCost)) choose({x, y: "test_error"}, "replaceState");
             for (const y of axes) choose({x: "gmacs", y}, "replaceState");
             for (const {key} of boardOf().columns) choose({sort: key, down: true}, "replaceState");
             for (const key of DATA.budgets) choose({limits: {[key]: 1e-6}}, "replaceState");
             choose(freshChoice()); }"""
    )
    rows = len(made[0].entries)
    assert rows_listed(page) == list(range(rows))
    assert len(rows_drawn(page)) == (0 if kind == "runs without a test" else rows)
    assert page.locator("tbody.published tr").count() == len(made[0].published)
    text = page.locator("main").inner_text()
    assert "NaN" not in text
    assert "undefined" not in text
    assert "Infinity" not in text

import pytest
from plausible_runs import MODELS, fill_typical, make_planned, plan, record_done, record_ended, record_pruned

from bench.errors import BenchError, DivergedError
from bench.report.board.query import Query
from bench.report.build import make_report, write_report
from bench.report.site.overview import render_single


def built(store, **query):
    return make_report(store, title="", query=Query(**query), overlaps={})


def test_the_file_appears_with_its_folder(store, tmp_path):
    record_done(store, [make_planned(MODELS[0], "linear")])
    path = write_report(store, tmp_path / "deep" / "folder" / "page.html")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


def test_a_path_that_cannot_be_written_is_an_error_with_advice(store, tmp_path):
    record_done(store, [make_planned(MODELS[0], "linear")])
    folder = tmp_path / "taken"
    folder.mkdir()
    with pytest.raises(BenchError, match="It is a folder"):
        write_report(store, folder)


def test_what_ended_without_a_result_is_listed_with_its_error(store):
    fill_typical(store)
    reasons = {lost.row.status: lost.reason for lost in built(store).lost}
    assert reasons == {
        "failed": "Cannot build timm/resnet18. The weights file is damaged.",
        "diverged": "The loss is NaN at step 94. The learning rate is too high.",
        "interrupted": "KeyboardInterrupt",
    }


def test_a_pruned_run_is_listed_with_its_rung_and_ranks_nowhere(store):
    record_done(store, [make_planned(MODELS[0], "linear")])
    record_pruned(store, make_planned(MODELS[1], "linear"))
    report = built(store)
    (lost,) = report.lost
    assert lost.reason.startswith("Pruned at rung 2, after epoch 2. Place 5 of 7")
    assert [len(board.entries) for board in report.boards] == [1]
    page = render_single(report)
    assert "pruned at 2" in page
    assert "1 run pruned early and not ranked" in page


def test_the_budget_that_all_sweeps_share_is_named(store):
    runs = [make_planned(MODELS[0], "linear")]
    plan(store, runs, "10M")
    assert built(store).budgets == {}
    record_done(store, runs, budget="10M")
    assert built(store).budgets == {"cub100": "10M"}


def test_no_budget_is_named_where_sweeps_had_different_ones(store):
    runs = [make_planned(MODELS[0], "linear")]
    record_done(store, runs, budget="10M")
    plan(store, runs, "20M")
    assert built(store).budgets == {}


def test_no_budget_is_named_that_a_run_breaks(store):
    record_done(store, [make_planned(MODELS[3], "linear")], budget="10M")
    assert built(store).budgets == {}


def test_a_budget_that_is_asked_for_filters_and_is_named(store):
    record_done(store, [make_planned(model, "linear") for model in MODELS])
    report = built(store, budget="1M")
    assert report.budgets == {"cub100": "1M"}
    assert [entry.group.first.backbone for entry in report.boards[0].entries] == ["torchvision/squeezenet1_1"]


def test_filters_reach_what_is_excluded_too(store):
    fill_typical(store)
    assert {lost.row.backbone for lost in built(store, budget="1M").lost} == {"torchvision/squeezenet1_1"}


def test_versions_are_those_that_ran_the_best_row(store):
    record_done(store, [make_planned(MODELS[0], "linear")])
    assert built(store).versions["torch"] == "2.13.0"


def test_of_very_many_lost_runs_all_are_counted(store):
    for seed in range(3):
        record_ended(store, make_planned(MODELS[0], "full", seed), "diverged", DivergedError("NaN."))
    report = make_report(store, title="", query=Query(), overlaps={}, most_lost=2)
    assert (len(report.lost), report.lost_count) == (2, 3)

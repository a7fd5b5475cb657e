import pytest
from plausible_runs import GPU, MODELS, bulk_fill, fill_typical, make_planned, record_done, record_ended, replace

from bench.errors import DivergedError
from bench.report.board.query import Query
from bench.report.build import make_report
from bench.report.site.chosen import choose_runs
from bench.spec import DatasetSpec


def chosen(store, most, **query):
    report = make_report(store, title="", query=Query(**query), overlaps={})
    return report, choose_runs(report, most)


def test_all_runs_are_chosen_best_first_where_all_are_asked_for(store):
    fill_typical(store)
    report, runs = chosen(store, None)
    ranked = [row for entry in report.boards[0].entries for row in entry.group.rows]
    assert runs[: len(ranked)] == ranked
    assert [row.status for row in runs[len(ranked) :]] == [lost.row.status for lost in report.lost]


def test_a_group_has_pages_for_all_its_seeds_or_for_none(store):
    fill_typical(store)
    _, runs = chosen(store, 8)
    groups = {row.group_id for row in runs if row.status == "done"}
    assert sorted(row.run_id for row in runs if row.status == "done") == sorted(
        row.run_id for row in store.rows() if row.group_id in groups and row.status == "done"
    )
    assert 5 <= len(runs) <= 8


def test_a_front_comes_before_a_better_rank(store):
    record_done(store, [make_planned(model, "linear") for model in MODELS[:3]], quality=0.9)
    cheap = make_planned(replace(MODELS[6], gmacs=0.01), "linear")
    record_done(store, [cheap], quality=0.3)
    report, runs = chosen(store, 3)
    assert report.boards[0].entries[-1].group.first.run_id == cheap.spec.run_id
    assert cheap.spec.run_id in {row.run_id for row in runs}


def test_the_front_of_every_hardware_counts(store):
    record_done(store, [make_planned(model, "linear") for model in MODELS[:4]], quality=0.9)
    slow = make_planned(MODELS[7], "full")
    record_done(store, [slow], hardware=GPU, quality=0.2, speed=0.001)
    _, runs = chosen(store, 4)
    assert slow.spec.run_id in {row.run_id for row in runs}


def test_boards_take_turns(store):
    record_done(store, [make_planned(model, "linear") for model in MODELS])
    pets = DatasetSpec(name="pets", num_classes=37, fingerprint="ab" * 32)
    record_done(store, [make_planned(model, "linear", dataset=pets) for model in MODELS])
    _, runs = chosen(store, 6)
    assert {row.dataset for row in runs} == {"cub100", "pets"}


def test_runs_without_a_result_take_a_sixth_or_what_is_left(store):
    record_done(store, [make_planned(model, "linear") for model in MODELS])
    for seed in range(5):
        record_ended(store, make_planned(MODELS[0], "full", seed), "diverged", DivergedError("NaN."))
    for most, lost in ((6, 1), (12, 4), (20, 5)):
        assert [row.status for row in chosen(store, most)[1]].count("diverged") == lost


@pytest.mark.parametrize("most", [0, 1, 7, 60, 400])
def test_there_are_never_more_than_asked_for_and_none_twice(store, most):
    bulk_fill(store, 300)
    _, runs = chosen(store, most)
    assert len({row.run_id for row in runs}) == len(runs) <= most


def test_no_runs_and_only_failures_are_fine(store):
    assert chosen(store, 60)[1] == []
    record_ended(store, make_planned(MODELS[0], "full"), "failed", ValueError("no"))
    assert [row.status for row in chosen(store, 60)[1]] == ["failed"]

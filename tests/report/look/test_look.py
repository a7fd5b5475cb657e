import json
from dataclasses import replace

import numpy as np
import pytest
from plausible_runs import MODELS, make_planned, plan, record_done, record_ended, record_pruned
from predicted_runs import planned, predictions, record_predicted

from bench.errors import BenchError, StoreError
from bench.inference.class_names import ClassNames
from bench.report.look.charts import calibration_chart, curves_chart
from bench.report.look.look import PARTS, look_at, look_record
from bench.spec import RecipeSpec


def unnamed(*_):
    return ClassNames()


@pytest.fixture
def run_id(store):
    return record_predicted(store, planned(6), predictions(6, n=120))


def test_it_looks_at_the_split_that_is_asked_for(store, run_id):
    assert look_at(store, run_id, unnamed).heads[0].diagnosis.n == 120
    assert look_at(store, run_id, unnamed, split="val").heads[0].diagnosis.n == 40


def test_the_temperature_is_that_of_validation_whichever_split_is_shown(store, run_id):
    test, val = (look_at(store, run_id, unnamed, split=split) for split in ("test", "val"))
    assert test.heads[0].diagnosis.temperature == val.heads[0].diagnosis.temperature


def test_names_are_taken_where_they_fit_and_else_numbers(store, run_id):
    fitting = look_at(store, run_id, lambda *_: ClassNames({"label": tuple("abcdef")}))
    assert fitting.heads[0].diagnosis.names == tuple("abcdef")
    other = look_at(store, run_id, lambda *_: ClassNames({"label": ("a", "b")}, "why"))
    assert other.heads[0].diagnosis.names == tuple("012345")
    assert other.notes == ("why",)


def test_parts_come_in_their_own_order_and_an_unknown_one_is_refused(store, run_id):
    assert look_at(store, run_id, unnamed).parts == PARTS
    assert look_at(store, run_id, unnamed, what=["classes", "curves"]).parts == ("curves", "classes")
    with pytest.raises(BenchError, match="Unknown part 'curve'") as caught:
        look_at(store, run_id, unnamed, what=["curve"])
    assert "curves" in caught.value.todo


def test_curves_alone_need_no_predictions(store):
    record_done(store, [make_planned(MODELS[0], "linear")])
    [row] = store.rows()
    assert look_at(store, row.run_id, unnamed, what=["curves"]).heads == ()
    with pytest.raises(StoreError, match="predictions"):
        look_at(store, row.run_id, unnamed)


def test_a_run_that_is_not_done_is_shown_by_its_epochs(store):
    run = make_planned(MODELS[0], "linear")
    record_pruned(store, run)
    look = look_at(store, run.spec.run_id, unnamed)
    assert (look.parts, look.heads) == (("curves",), ())
    assert "pruned" in look.notes[0]
    with pytest.raises(BenchError, match="nothing to show"):
        look_at(store, run.spec.run_id, unnamed, what=["confusion"])


@pytest.mark.parametrize(
    "end", [lambda s, r: plan(s, [r]), lambda s, r: record_ended(s, r, "failed", BenchError("x"))]
)
def test_a_run_without_epochs_says_how_to_learn_more(store, end):
    run = make_planned(MODELS[0], "linear")
    end(store, run)
    with pytest.raises(BenchError, match="nothing to show") as caught:
        look_at(store, run.spec.run_id, unnamed)
    assert "bench show" in caught.value.todo


def test_damaged_predictions_are_an_error_in_three_parts(store, run_id):
    from bench.store.artifacts import Artifacts

    Artifacts.beside(store.location).predictions_path(run_id).write_bytes(b"no zip")
    with pytest.raises(StoreError, match="are damaged") as caught:
        look_at(store, run_id, unnamed)
    assert all((caught.value.what, caught.value.why, caught.value.todo))


def test_the_record_is_json_and_holds_every_count(store, run_id):
    record = json.loads(json.dumps(look_record(look_at(store, run_id, unnamed)), allow_nan=False))
    assert np.sum(record["heads"]["label"]["matrix"]) == 120
    assert record["run"]["run_id"] == run_id
    assert len(record["run"]["epoch_records"]) == record["run"]["epochs"]


def test_curves_mark_the_epoch_that_validation_chose(store, run_id):
    look = look_at(store, run_id, unnamed)
    chart = curves_chart(look.details, look.title)
    assert [panel.title for panel in chart.panels] == ["Accuracy", "Top-5 accuracy", "Loss", "Learning rate"]
    assert chart.panels[0].marked == (9, "best: 9")
    train, val, test = chart.panels[0].series
    assert (test.role, list(test.y)) == ("test", [epoch.test_top1 for epoch in look.details.epochs])
    assert list(val.y) == [epoch.val.top1 for epoch in look.details.epochs]
    assert list(train.x) == [epoch.epoch for epoch in look.details.epochs]
    assert "with dropout;" in chart.caption


def test_test_is_drawn_only_where_it_was_looked_at_and_top5_only_of_more_than_five_classes(store):
    run = planned(8, recipe=RecipeSpec(epochs=12))
    seen = look_at(store, record_predicted(store, run, predictions(8, n=60)), unnamed).details
    unseen = [replace(e, test_top1=None, test_top5=None, test_loss=None, train_top5=None) for e in seen.epochs]
    chart = curves_chart(replace(seen, epochs=unseen), "")
    assert [len(panel.series) for panel in chart.panels] == [2, 1, 2, 1]
    assert "Test" not in chart.caption
    few = curves_chart(replace(seen, stored=replace(seen.stored, row=seen.row._replace(num_classes=5))), "")
    assert [panel.title for panel in few.panels] == ["Accuracy", "Loss", "Learning rate"]


def test_a_probe_has_no_learning_rate_and_its_epochs_are_weight_decays(store):
    run = planned(6, recipe=RecipeSpec(optimizer="lbfgs", head=("linear",), epochs=12))
    look = look_at(store, record_predicted(store, run, predictions(6, n=60)), unnamed)
    chart = curves_chart(look.details, look.title)
    assert [panel.title for panel in chart.panels] == ["Accuracy", "Top-5 accuracy", "Loss"]
    assert "Weight decay" in chart.panels[0].x.label


def test_the_reliability_diagram_shows_the_bins_that_hold_images(store, run_id):
    diagnosis = look_at(store, run_id, unnamed).heads[0].diagnosis
    reliability, sureness, coverage = calibration_chart(diagnosis, "", "test").panels
    full = [part for part in diagnosis.calibration.bins if part.n]
    assert list(reliability.series[0].y) == [part.accuracy for part in full]
    assert list(reliability.series[1].base) == list(reliability.series[0].y)
    assert sum(reliability.strip.y) == diagnosis.n
    assert sum(sum(series.y) for series in sureness.series) == diagnosis.n
    assert coverage.series[0].y[-1] == pytest.approx(diagnosis.top1)


def test_what_temperature_gains_on_the_images_that_it_was_fitted_on_is_said_to_be_flattered(store, run_id):
    diagnosis = look_at(store, run_id, unnamed, split="val").heads[0].diagnosis
    assert "flattered" in calibration_chart(diagnosis, "", "val").caption
    assert "flattered" not in calibration_chart(diagnosis, "", "test").caption

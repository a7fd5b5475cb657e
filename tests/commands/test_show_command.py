import json
from dataclasses import replace

import pytest
from command_line import bench
from plausible_runs import MODELS, make_planned, provenance, record_done, record_ended, record_pruned

from bench.commands.show import show
from bench.errors import BenchError, StoreError
from bench.records.runs import SweepRecord
from bench.store.store import Store

DONE = make_planned(MODELS[0], "linear").spec.run_id
FAILED = make_planned(MODELS[3], "full", 1).spec.run_id


def test_a_prefix_of_the_id_is_enough(call, typical_db):
    named, run_id, *_ = call(show, DONE[:8], "--db", typical_db).stdout.splitlines()
    assert named == "tf_efficientnet_lite1, linear, seed 0 on cub100  done"
    assert run_id.strip() == DONE


def test_everything_about_a_finished_run_is_shown(call, typical_db):
    text = call(show, DONE, "--db", typical_db).stdout
    for part in ("Spec", "Counts", "Results", "Epochs", "Attempts", "Provenance", "Repeat"):
        assert f"\n{part}\n" in text
    assert "128,100" in text
    assert "which validation chose. Never used to choose:" in text
    assert "val top-1   ▁" in text
    assert "bench sweep --dataset cub100 --budget 10M --seeds 3" in text
    assert "torch 2.13.0" in text


def test_a_run_without_a_result_shows_its_error_and_what_to_do(call, typical_db):
    text = call(show, FAILED, "--db", typical_db).stdout
    assert "Cannot build timm/resnet18. The weights file is damaged. Remove it and run again." in text
    assert "\nResults\n" not in text
    assert "\nEpochs\n" not in text


def test_a_pruned_run_says_where_it_ended_and_how_to_go_on(call, tmp_path):
    run = make_planned(MODELS[0], "linear")
    with Store.open(tmp_path / "runs.db") as store:
        record_pruned(store, run)
    text = call(show, run.spec.run_id, "--db", tmp_path / "runs.db").stdout
    assert text.splitlines()[0].endswith("pruned at rung 2, after epoch 2")
    assert "Sweep again without --prune" in text
    assert "\nEpochs\n" in text
    assert "\nResults\n" not in text


def test_a_finished_run_says_where_its_frozen_part_ended(call, tmp_path):
    with Store.open(tmp_path / "runs.db") as store:
        record_done(store, [make_planned(MODELS[0], "linear")])
    text = call(show, DONE, "--db", tmp_path / "runs.db").stdout
    assert "frozen part ends at" in text
    assert "pooled, 5.00 KiB of each image kept" in text


def test_json_holds_the_spec_that_the_id_is_the_digest_of(call, typical_db):
    from bench.spec import RunSpec

    found = json.loads(call(show, DONE, "--db", typical_db, "--json").stdout)
    assert RunSpec.model_validate(found["spec"]).run_id == found["run_id"] == DONE
    assert len(found["epoch_records"]) == found["epochs"]
    assert found["attempts"][0]["status"] == "done"
    assert found["command"].startswith("bench sweep")


def test_a_run_that_was_tried_twice_shows_both(call, tmp_path):
    run = make_planned(MODELS[0], "linear")
    with Store.open(tmp_path / "runs.db") as store:
        record_ended(store, run, "failed", BenchError("It broke.", "Why.", "Mend it."))
        record_done(store, [run])
    text = call(show, run.spec.run_id[:6], "--db", tmp_path / "runs.db").stdout
    assert "It broke. Why. Mend it." in text
    assert text.splitlines()[0].endswith("done")


def test_a_metric_that_was_not_finite_is_null_in_json(call, tmp_path):
    from dataclasses import replace

    from plausible_runs import make_epochs, make_result, plan, provenance

    run = make_planned(MODELS[0], "linear")
    epoch = replace(make_epochs(make_result(run))[0], train_loss=float("nan"))
    with Store.open(tmp_path / "runs.db") as store:
        plan(store, [run])
        claim = store.claim([run.spec.run_id], store.worker(), provenance())
        store.record_epoch(claim, epoch)
        store.fail(claim, "diverged", BenchError("NaN.", "Why.", "Lower lr."))
    found = json.loads(call(show, run.spec.run_id, "--db", tmp_path / "runs.db", "--json").stdout)
    assert found["epoch_records"][0]["train_loss"] is None
    assert "nan" in call(show, run.spec.run_id, "--db", tmp_path / "runs.db").stdout


def test_a_prefix_that_is_not_one_run_is_an_error(call, typical_db):
    with pytest.raises(StoreError):
        call(show, "zzzz", "--db", typical_db)


def test_help_has_an_example(call):
    assert "Example: bench show 3fa9c1" in call(show, "--help").stdout


@pytest.mark.parametrize("columns", [40, 80])
def test_the_command_to_repeat_a_run_is_one_line_at_every_width(columns, tmp_path):
    long = "bench sweep --dataset cub100 --budget 10M " + " ".join(f"--set lr={i}e-3" for i in range(1, 30))
    run = make_planned(MODELS[0], "linear")
    with Store.open(tmp_path / "runs.db") as store:
        store.plan(SweepRecord(long, "cub100", "10M", (run.spec.run_id,)), [run])
        claim = store.claim([run.spec.run_id], store.worker(), replace(provenance(), command=long))
        store.fail(claim, "interrupted", KeyboardInterrupt())
    shown = bench("show", run.spec.run_id[:8], "--db", tmp_path / "runs.db", columns=columns).stdout
    assert long in shown.splitlines()

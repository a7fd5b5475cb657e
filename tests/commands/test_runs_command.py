import json
from dataclasses import replace

import pytest
from plausible_runs import MODELS, make_planned, record_done, record_pruned

from bench.commands.runs import runs
from bench.errors import BenchError
from bench.spec import SubsetSpec
from bench.store.store import Store


def test_target_and_subset_are_named_where_they_are_not_the_plain_ones(call, tmp_path):
    plain = make_planned(MODELS[0], "linear")
    spec = plain.spec
    part = spec.dataset.model_copy(update={"target": "coarse", "subset": SubsetSpec(train=50)})
    cut = replace(plain, spec=spec.model_copy(update={"dataset": part}))
    with Store.open(tmp_path / "runs.db") as store:
        record_done(store, [plain, cut])
    lines = call(runs, "--db", tmp_path / "runs.db").stdout.splitlines()
    assert ["cub100, coarse, train=50" in line for line in lines if "cub100" in line].count(True) == 1
    assert sum("cub100" in line for line in lines) == 2


def test_datasets_that_share_a_name_are_told_apart_by_their_fingerprints(call, tmp_path):
    plain = make_planned(MODELS[0], "linear")
    made = [
        replace(
            plain, spec=plain.spec.model_copy(update={"dataset": plain.spec.dataset.model_copy(update=folder)})
        )
        for folder in ({"name": "folder:birds", "fingerprint": f * 64} for f in "ab")
    ]
    with Store.open(tmp_path / "runs.db") as store:
        record_done(store, [plain, *made])
    text = call(runs, "--db", tmp_path / "runs.db").stdout
    assert "folder:birds #aaaaaa" in text
    assert "folder:birds #bbbbbb" in text
    assert "cub100 #" not in text


def test_every_status_is_listed_and_counted(call, typical_db):
    text = call(runs, "--db", typical_db).stdout
    assert "44 runs: 1 planned, 40 done, 1 failed, 1 diverged, 1 interrupted." in text


def test_an_attempt_that_went_wrong_is_shown_with_its_error(call, typical_db):
    text = call(runs, "--db", typical_db, "--status", "failed").stdout
    assert "attempt 1" in text
    assert "Cannot build timm/resnet18. The weights file is damaged." in text


def test_a_pruned_run_is_listed_with_its_rung_and_why(call, tmp_path):
    with Store.open(tmp_path / "runs.db") as store:
        record_pruned(store, make_planned(MODELS[0], "linear"))
    text = call(runs, "--db", tmp_path / "runs.db", "--status", "pruned").stdout
    assert "pruned at 2" in text
    assert "Place 5 of 7 at this rung, of which the best 2 go on." in text
    assert "1 run: 1 pruned." in text
    (found,) = json.loads(call(runs, "--db", tmp_path / "runs.db", "--json").stdout)
    assert (found["status"], found["rung"], found["pruned_at_epoch"]) == ("pruned", 2, 2)


def test_json_has_every_run_with_its_attempts(call, typical_db):
    found = json.loads(call(runs, "--db", typical_db, "--json", "-n", 1).stdout)
    assert len(found) == 44
    assert {len(run["attempts"]) for run in found if run["status"] == "done"} == {1}
    assert [run["attempts"] for run in found if run["status"] == "planned"] == [[]]


def test_statuses_may_be_combined(call, typical_db):
    found = json.loads(
        call(runs, "--db", typical_db, "--json", "--status", "failed", "--status", "diverged").stdout
    )
    assert sorted(run["status"] for run in found) == ["diverged", "failed"]


def test_a_limit_says_what_it_leaves_out(call, typical_db):
    assert "the latest 5 are shown" in call(runs, "--db", typical_db, "-n", 5).stdout


def test_filters_on_names_work_as_in_the_leaderboard(call, typical_db):
    found = json.loads(
        call(runs, "--db", typical_db, "--json", "--backbone", "resnet*", "--strategy", "full").stdout
    )
    assert [(run["backbone"], run["seed"]) for run in sorted(found, key=lambda run: run["seed"])] == [
        ("timm/resnet18", 0),
        ("timm/resnet18", 1),
    ]


def test_a_misspelt_status_is_an_error_that_suggests_the_nearest(call, typical_db):
    with pytest.raises(BenchError, match="Did you mean failed"):
        call(runs, "--db", typical_db, "--status", "faild")


def test_help_has_an_example(call):
    assert "Example: bench runs --status failed" in call(runs, "--help").stdout

"""A study's search within `bench reproduce`: made once, gone on with, and shown with what it found."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from command_line import bench, refused

from bench.store.store import Store

SETTINGS = {"lr", "weight_decay", "optimizer"}


@pytest.fixture(scope="module")
def words(tiny_folder):
    """The study of the small CNN, on the tiny folder at 16 pixels."""
    return ["reproduce", "cifar100-ensemble", "--on", f"folder:{tiny_folder}", "--image-size", "16"]


@pytest.fixture(scope="module")
def small(words, tmp_path_factory):
    """The small CNN and its search, each trial an epoch long."""
    db = tmp_path_factory.mktemp("searched") / "runs.db"
    ended = bench(*words, "--runs", "small-cnn", "--epochs", 1, "--json", "--db", db)
    assert ended.code == 0, ended.stderr
    return db, ended


def line_of(table, run="search"):
    """The search's line, or another's whose val is published."""
    (found,) = [line for line in table["lines"] if (line["run"], line["figure"]) == (run, "val_top1")]
    return found


def stored(db):
    """Every run with what was made of it: status, validation, epochs."""
    with Store.open(db, create=False) as store:
        return {row.run_id: row for row in store.rows()}


def attempts(db):
    with Store.open(db, create=False) as store:
        return {row.run_id: len(store.attempts(row.run_id)) for row in store.rows()}


def test_the_search_s_line_has_the_best_validation_value_of_all_its_trials(small):
    db, ended = small
    line, rows = line_of(ended.data[0]), stored(db)
    trials = [rows[run_id] for run_id in line["run_ids"]]
    assert len(trials) == 3
    best = max(trials, key=lambda row: row.val_top1)
    assert line["measured"] == best.val_top1
    assert (line["difference"], line["apart"]) == (None, "other classes")  # digits has ten
    (note,) = [note for note in line["notes"] if note.startswith("our search")]
    assert f"3 of 3 trials done, the best, {best.run_id[:8]}, with " in note
    assert all(f"{key}=" in note for key in SETTINGS)
    assert "Search of small-cnn: 3 trials: 3 done." in ended.stderr


def test_a_trial_is_the_study_s_run_but_for_what_is_searched(small):
    db, ended = small
    (own,) = line_of(ended.data[0], "small-cnn")["run_ids"]
    with Store.open(db, create=False) as store:
        run = store.run(own).spec
        trials = [store.run(run_id).spec for run_id in line_of(ended.data[0])["run_ids"]]
    kept = dict.fromkeys(SETTINGS)
    for trial in trials:
        assert trial.recipe.model_copy(update=kept) == run.recipe.model_copy(update=kept)
        assert trial.recipe.lr != run.recipe.lr  # the source's answer is not among the proposals
        assert 1e-10 <= trial.recipe.weight_decay <= 1e-3
        assert (trial.dataset, trial.backbone, trial.strategy) == (run.dataset, run.backbone, run.strategy)


def test_a_search_that_is_over_is_not_made_again(small, words):
    db, ended = small
    before = stored(db)
    again = bench(*words, "--runs", "small-cnn", "--epochs", 1, "--json", "--db", db)
    assert (again.code, again.data) == (0, ended.data)
    same = bench(*words, "--runs", "small-cnn", "--set", "epochs=1", "--json", "--db", db)
    assert same.code == 0, same.stderr
    assert line_of(same.data[0])["run_ids"] == line_of(ended.data[0])["run_ids"]
    assert stored(db) == before
    assert set(attempts(db).values()) == {1}
    (study,) = bench("tune", "--list", "--json", "--db", db).data
    assert study["study"].startswith("cifar100-ensemble-small-cnn-")
    assert len(study["trials"]) == 3


def test_report_only_shows_the_search_and_trains_nothing(small, words):
    db, ended = small
    before = stored(db)
    shown = bench(*words, "--epochs", 1, "--report-only", "--json", "--db", db)
    assert shown.data == ended.data
    assert stored(db) == before


def test_without_its_run_there_is_no_search(words, tmp_path):
    db = tmp_path / "runs.db"
    more = ["--runs", "resnet50-scratch", "--backbone", "timm/test_resnet@none", "--epochs", 1]
    ended = bench(*words[:-1], 32, *more, "--json", "--db", db)
    assert ended.code == 0, ended.stderr
    assert not [line for line in ended.data[0]["lines"] if line["run"] == "search"]
    assert len(stored(db)) == 1
    assert bench("tune", "--list", "--json", "--db", db).data == []


def test_out_of_time_leaves_the_search_to_the_same_command(words, tmp_path):
    db = tmp_path / "runs.db"
    asked = [*words, "--runs", "small-cnn", "--epochs", 1, "--json", "--db", db]
    late = bench(*asked, "--time-limit", "0s")
    assert late.code == 130
    assert line_of(late.data[0])["status"] == "not made"
    shown = bench(*words, "--epochs", 1, "--report-only", "--json", "--db", db)
    assert shown.data == late.data
    assert {row.status for row in stored(db).values()} == {"planned"}
    on = bench(*asked)
    assert on.code == 0, on.stderr
    assert len(line_of(on.data[0])["run_ids"]) == 3


@pytest.mark.slow
def test_an_interrupted_search_goes_on_where_it_was(words, tmp_path):
    db = tmp_path / "runs.db"
    long = ["--epochs", "40", "--set", "early_stopping=null"]
    asked = [*words, "--runs", "small-cnn", *long, "--json", "--db", str(db)]
    command = [sys.executable, "-m", "bench", *asked]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for said in process.stderr:
        if said.startswith("trial 0"):
            process.send_signal(signal.SIGINT)
            break
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "The same command goes on." in said
    before = {run_id: row for run_id, row in stored(db).items() if row.status == "done"}
    assert 2 <= len(before) <= 3  # the run, its first trial, and no more than one besides
    on = bench(*asked)
    assert on.code == 0, on.stderr
    after, line = stored(db), line_of(on.data[0])
    assert {row.status for row in after.values()} == {"done"}
    assert len(line["run_ids"]) == 3 == len(after) - 1
    assert before.items() <= after.items()
    with Store.open(db) as store:
        assert {len(store.epochs(run_id)) for run_id in after} == {40}


def test_a_dry_run_says_what_the_search_will_take(words, tmp_path):
    asked = [*words, "--runs", "small-cnn", "--epochs", 1, "--dry-run", "--db", tmp_path / "runs.db"]
    assert "Then a search: 3 trials of small-cnn, about " in bench(*asked).stderr
    sets = [word for key in ("lr=1e-3", "weight_decay=0", "optimizer=adam") for word in ("--set", key)]
    nothing_left = bench(*asked, *sets)
    assert nothing_left.code == 0
    assert "note: No search of small-cnn: --set sets every key that it varies." in nothing_left.stderr
    assert "Then a search" not in nothing_left.stderr


MINE = """
name = "mine"
source = "a report of our own"
dataset = "digits"
num_classes = 10

[[run]]
name = "base"
backbone = "bench/small_cnn"
strategy = "scratch"

[search]
run = "base"
engine = "optuna"
trials = 2
space = { lr = "log 0..1" }
published = { val_top1 = 0.5 }
"""


def test_a_space_that_cannot_be_searched_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "mine.toml").write_text(MINE)
    db = tmp_path / "runs.db"
    assert "Cannot search lr=log 0..1." in refused("reproduce", "mine", "--registry", tmp_path, "--db", db)
    assert not db.exists()

"""A study's table: what compares, what does not, and what is said beside it."""

from __future__ import annotations

import json
import re

import pytest
from plausible_runs import MODELS, done_row

from bench.registry.loading import Registry
from bench.registry.studies import StudyEntry
from bench.report.board.groups import Stat
from bench.report.study.reproduced import Attempted, Notes, run_lines
from bench.report.terminal.study_view import study_data, study_markdown, study_table

STUDY = StudyEntry(
    name="mine",
    source="A <b>report</b> | with a bar",
    dataset="cub100",
    num_classes=100,
    split={"val_is_test": True, "note": "its val is the official test"},
    unstated=("the seed",),
    assumed={"lr": 1e-3, "val_fraction": 0.1},
    run=[
        {
            "name": "first",
            "backbone": MODELS[0].name,
            "strategy": "linear",
            "published": {"test_top1": 0.9, "val_top1": 0.8, "total_params": 4_264_100, "epoch_s": 2, "epochs": 9},
            "note": "dropout on the logits",
            "unstated": ["the head"],
        },
        {"name": "second", "backbone": MODELS[1].name, "strategy": "full", "published": {"test_top1": 0.5},
         "incomparable": ["test_top1"]},
        {"name": "bare", "backbone": MODELS[1].name, "strategy": "linear"},
    ],
)  # fmt: skip


def lines_of(rows, changes=(), study=STUDY):
    return {(line.run, line.figure): line
            for line in run_lines(Attempted(study, dict(changes), rows), study.runs, Notes())}  # fmt: skip


def seeds(**columns):
    return [done_row(MODELS[0], "linear", seed, test_top1=0.8 + 0.1 * seed, **columns) for seed in range(2)]


def test_a_difference_is_measured_minus_published_over_the_seeds():
    line = lines_of({"first": seeds()})["first", "test_top1"]
    assert (line.published, line.measured.mean, line.measured.n) == (0.9, pytest.approx(0.85), 2)
    assert line.difference == pytest.approx(-0.05)


def test_a_val_that_is_the_official_test_stands_against_our_test():
    line = lines_of({"first": seeds(val_top1=0.1)})["first", "val_top1"]
    assert line.measured.mean == pytest.approx(0.85)


def test_times_of_other_hardware_have_no_difference():
    line = lines_of({"first": seeds(train_s=30.0, epochs=10)})["first", "epoch_s"]
    assert (line.measured.mean, line.difference, line.apart) == (3.0, None, "other hardware")


@pytest.mark.parametrize(
    ("columns", "changes", "compares"),
    [
        ({}, {}, True),
        ({"backbone": "timm/resnet18"}, {"backbones": ["resnet18"]}, False),
        ({"num_classes": 10}, {"dataset": "digits"}, False),
        ({}, {"settings": ['head=["linear"]']}, False),
        ({}, {"settings": ["lr=1e-2"]}, True),
    ],
)
def test_parameters_compare_where_backbone_classes_and_head_are_the_source_s(columns, changes, compares):
    line = lines_of({"first": seeds(**columns)}, changes)["first", "total_params"]
    assert (line.difference is not None) == compares
    assert line.apart == ("" if compares else "another model")


@pytest.mark.parametrize(
    ("target", "columns", "changes", "said"),
    [
        ("", {}, {"dataset": "cifar100"}, ""),
        ("", {"num_classes": 10}, {"dataset": "digits"}, "other classes"),
        ("", {"num_classes": 5}, {"dataset": "five"}, "all classes"),
        ("coarse", {"num_classes": 20}, {"epochs": 3}, ""),
        ("coarse", {"num_classes": 20}, {"dataset": "cifar100"}, "other classes"),
        ("fine+coarse", {"num_classes": 120}, {"targets": ["coarse=kind"]}, "other classes"),
        ("fine", {}, {"targets": ["coarse=kind"]}, ""),
    ],
)
def test_accuracies_compare_where_the_classes_are_the_source_s(target, columns, changes, said):
    published = {"test_top5": 0.9, "test_loss": 0.1}
    run = {"name": "one", "backbone": MODELS[0].name, "strategy": "linear", "target": target}
    study = StudyEntry(
        name="s", source="a", dataset="cub100", num_classes=100, run=[{**run, "published": published}]
    )
    lines = lines_of({"one": seeds(**columns)}, changes, study)
    assert lines["one", "test_top5"].apart == said
    assert (lines["one", "test_top5"].difference is None) == bool(said)
    assert lines["one", "test_loss"].apart == ("other classes" if said else "")


def test_a_part_is_compared_where_the_runs_that_it_is_made_of_are():
    study = Registry.load().get(StudyEntry, "cifar100-ensemble")
    measured = {("ensemble", "test_top1"): Stat(0.9, None, 1), ("search", "val_top1"): Stat(0.9, None, 1)}
    for classes, apart in ((100, ""), (10, "other classes")):
        members = {name: [done_row(num_classes=classes)] for name in study.ensemble.members}
        table = study_table(Attempted(study, {"dataset": "other"}, members, measured))
        parts = {
            line.apart for line in table.lines if line.run in ("ensemble", "search") and line.unit == "fraction"
        }
        assert parts == {apart}


def test_epochs_that_were_told_are_not_compared():
    assert lines_of({"first": seeds()})["first", "epochs"].difference is not None
    assert lines_of({"first": seeds()}, {"epochs": 3})["first", "epochs"].difference is None


def test_a_figure_that_the_study_keeps_apart_is_shown_without_a_difference():
    line = lines_of({"second": [done_row(MODELS[1], "full")]})["second", "test_top1"]
    assert line.measured.n == 1
    assert (line.difference, line.apart) == (None, "see note")


def test_every_line_of_a_stand_in_says_so_and_none_of_the_study_itself():
    rows = {"first": seeds(), "second": [done_row(MODELS[1], "full")]}
    assert {line.kind for line in lines_of(rows, {"dataset": "digits"}).values()} == {"stand-in"}
    assert {line.kind for line in lines_of(rows).values()} == {"exact"}


def test_what_is_not_done_says_what_became_of_it_and_what_was_not_attempted_is_not_there():
    rows = {"first": [done_row(status="failed", test_top1=None)], "second": [done_row(val_top1=None)]}
    lines = lines_of(rows)
    assert lines["first", "test_top1"].status == "failed"
    assert lines["first", "test_top1"].difference is None
    assert lines["second", "test_top1"].status == "not finite"
    assert not any(run == "bare" for run, _ in lines)


def test_a_run_without_published_figures_shows_its_test_accuracy():
    line = lines_of({"bare": [done_row(MODELS[1])]})["bare", "test_top1"]
    assert (line.published, line.difference, line.measured.n) == (None, None, 1)


def test_notes_are_numbered_once_and_carried_by_every_line_that_they_are_about():
    table = study_table(Attempted(STUDY, {}, {"first": seeds()}))
    assert table.notes == ["dropout on the logits", "its val is the official test"]
    notes = {line.figure: line.notes for line in table.lines}
    assert (notes["test_top1"], notes["val_top1"]) == ((1,), (1, 2))


def test_a_table_says_what_is_unstated_assumed_and_changed():
    said = "\n".join(study_table(Attempted(STUDY, {"epochs": 3}, {"first": seeds()})).sentences())
    for words in ("the seed", "(first): the head", "lr = 0.001", "Stand-in", "epochs 3", "[1] dropout on the"):
        assert words in said
    assert "One seed" not in said
    one = study_table(Attempted(STUDY, {}, {"first": seeds()[:1]})).sentences()
    assert "One seed: indicative, no conclusion rests on it." in one


@pytest.mark.parametrize(
    ("changes", "assumed"),
    [
        ({"epochs": 3}, {"lr": 1e-3, "val_fraction": 0.1}),
        ({"settings": ["lr=1e-2"]}, {"val_fraction": 0.1}),
        ({"settings": ["lr = 1e-2"], "subset": "train=30,val=10"}, {}),
        ({"subset": "train=30"}, {"lr": 1e-3, "val_fraction": 0.1}),
    ],
)
def test_what_a_change_replaced_was_not_assumed(changes, assumed):
    table = study_table(Attempted(STUDY, changes, {"first": seeds()}))
    assert study_data(table)["assumed"] == assumed
    for text in ("\n".join(table.sentences()), study_markdown(table).replace("\\", "")):
        assert ("lr = 0.001" in text) == ("lr" in assumed)
        assert ("val_fraction = 0.1" in text) == ("val_fraction" in assumed)
        assert ("Assumed" in text) == bool(assumed)


def test_what_a_run_states_or_assumes_itself_is_not_assumed_of_the_study():
    study = Registry.load().get(StudyEntry, "cifar100-ensemble")
    small = study_table(Attempted(study, {}, {"small-cnn": [done_row()]}))
    assert study_data(small)["assumed"] == {"rule": "soft"}
    both = study_table(Attempted(study, {}, {name: [done_row()] for name in study.ensemble.members}))
    assert study_data(both)["assumed"] == study.assumed
    study = Registry.load().get(StudyEntry, "cifar10-freeze-depth")
    head = study_table(
        Attempted(study, {"settings": ["norm_stats=frozen"]}, {"freeze-all-but-head": [done_row()]})
    )
    assert "Assumed (freeze-all-but-head): head = linear." in head.sentences()


def test_hostile_words_stay_text_in_markdown_and_the_numbers_are_in_the_json():
    table = study_table(Attempted(STUDY, {"settings": ["a|b<i>"]}, {"first": seeds()}))
    text = study_markdown(table)
    assert "a\\|b&lt;i>" in text
    assert all(line.count("|") - line.count("\\|") == 9 for line in text.splitlines() if line.startswith("|"))
    data = json.loads(json.dumps(study_data(table), allow_nan=False))
    assert data["kind"] == "stand-in"
    assert [line["difference"] for line in data["lines"] if line["figure"] == "test_top1"] == [
        pytest.approx(-0.05)
    ]


def test_the_tables_of_all_shipped_studies_carry_the_notes_of_their_runs():
    for study in Registry.load().all(StudyEntry):
        rows = {run.name: [done_row()] for run in study.runs}
        table = study_table(Attempted(study, {}, rows))
        assert {run.note for run in study.run if run.note} <= set(table.notes)
        assert not study.split.val_is_test or study.split.note in table.notes


def test_what_a_source_measured_does_not_read_as_ours():
    notes = [run.note for study in Registry.load().all(StudyEntry) for run in study.run]
    said = re.compile(r"\b(epochs? (reach|costs)|trains?\b|swept|features of)")
    measured = [note for note in notes if said.search(note)]
    assert len(measured) >= 5
    assert all("the source" in note.partition(",")[0] or note.startswith("the source ") for note in measured)
    assert not any(re.search(r"\bhere\b", note) for note in notes)


def test_the_parts_of_a_study_have_lines_once_their_runs_were_attempted():
    study = Registry.load().get(StudyEntry, "cifar100-ensemble")
    members = {name: [done_row(train_top1=0.7)] for name in study.ensemble.members}
    table = study_table(Attempted(study, {"dataset": "digits"}, members))
    lines = {(line.run, line.figure): line for line in table.lines}
    assert lines["ensemble", "test_top1"].published == 0.5499
    assert (lines["ensemble", "test_top1"].status, lines["ensemble", "test_top1"].kind) == ("not made", "stand-in")
    again = lines["ensemble", "train_top1 of resnet50-pretrained"]
    assert again.difference == pytest.approx(0.7 - 0.8434)
    assert lines["search", "val_top1"].published == pytest.approx(0.4983, abs=1e-4)
    one = study_table(Attempted(study, {}, {"small-cnn": [done_row()]}))
    assert {line.run for line in one.lines} == {"small-cnn", "search"}


def test_a_search_none_of_whose_trials_is_done_says_so():
    study = Registry.load().get(StudyEntry, "cifar100-ensemble")
    failed = done_row(status="failed", val_top1=None)
    table = study_table(Attempted(study, {}, {"small-cnn": [done_row()]}, {}, [failed]))
    (line,) = [line for line in table.lines if line.run == "search"]
    assert (line.status, line.difference) == ("none done", None)


def test_what_was_measured_of_a_part_is_set_beside_its_figure():
    study = Registry.load().get(StudyEntry, "cifar100-cached-heads")
    measured = {
        ("transfer", "fine_top1"): Stat(0.7, None, 1),
        ("transfer", "fine_correct confidence"): Stat(0.9, None, 1),
    }
    table = study_table(Attempted(study, {}, {"b3-linear-joint": [done_row()]}, measured))
    lines = {line.figure: line for line in table.lines if line.run == "transfer"}
    assert lines["fine_top1"].difference == pytest.approx(0.02)
    assert lines["fine_correct confidence"].difference == pytest.approx(0.9 - 0.992)
    assert lines["coarse_top1"].status == "not made"
    assert any("snail" in table.notes[number - 1] for number in lines["fine_top1"].notes)

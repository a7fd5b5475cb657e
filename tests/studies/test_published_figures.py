"""The registry says what the sources say: every figure, note and open question of the project's record of them."""

from __future__ import annotations

import re

import pytest

from bench.registry.studies import ReferenceEntry
from bench.report.study.reproduced import Attempted
from bench.report.terminal.study_view import study_table
from bench.transfer.label_map import find_map, read_map

pytestmark = pytest.mark.shared_data

STUDIES = [
    "cub-10m",
    "cifar10-freeze-depth",
    "cifar100-ensemble",
    "cifar100-efficientnet-b0",
    "cifar100-cached-heads",
]


@pytest.fixture(params=STUDIES)
def both(request, published, studies):
    """One study as it is recorded, and as the registry has it."""
    (record,) = [one for one in published["study"] if one["id"] == request.param]
    return record, studies[request.param]


def numbers(value):
    """Every number of nested data."""
    if isinstance(value, dict):
        return [number for inner in value.values() for number in numbers(inner)]
    if isinstance(value, (list, tuple)):
        return [number for inner in value for number in numbers(inner)]
    return [value] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


def words(note):
    """The words and numbers of a note; beside our figures, the record's "here" would be us."""
    return set(re.findall(r"[\w.,]*\w", note.lower())) - {"here"}


def test_the_registry_has_the_recorded_studies_and_no_other(published, studies):
    assert {one["id"] for one in published["study"]} == set(studies) == set(STUDIES)


def test_every_run_has_its_figures_and_notes(both):
    record, study = both
    assert [run["name"] for run in record["run"]] == [run.name for run in study.run]
    for recorded, run in zip(record["run"], study.run, strict=True):
        assert run.published == recorded["published"]
        assert run.backbone.partition("/")[2] == recorded["backbone"]
        assert run.strategy == recorded["strategy"]
        assert words(recorded.get("note", "")) <= words(run.note)
        assert recorded.get("as_printed", "") in run.as_printed
        assert set(recorded.get("unstated", [])) <= set(run.unstated)
        assert recorded.get("assumed", {}).items() <= {k: list(v) if isinstance(v, tuple) else v
                                                       for k, v in run.assumed.items()}.items()  # fmt: skip
        assert run.target == (recorded.get("target") or run.target)
        assert run.cache == recorded.get("cache", True)
        assert recorded.get("dataset_subset", {}) == (run.dataset_subset.counts if run.dataset_subset else {})


def remarks(record):
    """Every `remark` of the record, by what it is of: a run's name, or a part's."""
    parts = {"ensemble": record.get("ensemble", {}), "joint": record.get("joint", {})}
    named = {**{run["name"]: run for run in record["run"]}, **parts}
    return {name: part["remark"] for name, part in named.items() if "remark" in part}


def test_every_remark_on_a_figure_is_there_and_below_the_table_of_the_figure(both):
    record, study = both
    parts = {"ensemble": study.ensemble, "joint": study.transfer}
    ours = {**{run.name: run for run in study.run}, **{name: part for name, part in parts.items() if part}}
    found = {name: part.remark for name, part in ours.items() if part.remark}
    told = remarks(record)
    for name, remark in told.items():
        assert remark in found[name] or words(remark) <= words(found[name])
    assert set(found) - set(told) <= {"tiny-augmented-dropout"}  # found later: its validation images are augmented
    shown = study_table(Attempted(study, {}, {run.name: [] for run in study.runs})).sentences()
    assert all(any(remark in sentence for sentence in shown) for remark in found.values())


def test_the_record_has_the_remarks_that_were_checked(published):
    assert sorted(name for record in published["study"] for name in remarks(record)) == [
        "b0-full", "ensemble", "joint", "resnet50-pretrained"
    ]  # fmt: skip


def test_what_is_unstated_and_assumed_is_there(both):
    record, study = both
    open_ = "; ".join(study.unstated)
    for item in record.get("unstated", []):
        assert all(part.strip() in open_ for part in item.split(",")), item
    for key, value in record.get("assumed", {}).items():
        assert study.assumed[key] == (value.removesuffix(" vote") if key == "rule" else value)
    assert (study.source, study.dataset, study.num_classes) == (
        record["source"], record["dataset"], record["num_classes"]
    )  # fmt: skip


def test_every_number_of_a_recipe_and_split_is_there(both):
    record, study = both
    runs = [run.recipe.model_dump(exclude_unset=True) for run in study.run]
    ours = numbers([study.recipe.model_dump(exclude_unset=True), study.assumed, runs, study.split.model_dump()])
    ours += numbers([run.assumed for run in study.run])
    told = {k: record.get(k, {}) for k in ("recipe", "split", "image_size")}
    theirs = numbers([told, [run.get("recipe", {}) for run in record["run"]]])
    missing = [number for number in theirs if number not in ours]
    assert missing == ([3] if study.name == "cub-10m" else [])  # its early stopping: see the study's note
    assert "patience 3" in study.note or not missing


def test_ensembles_and_searches_have_their_figures(published, studies):
    (record,) = [one for one in published["study"] if one["id"] == "cifar100-ensemble"]
    study, said = studies["cifar100-ensemble"], record["ensemble"]["published"]
    assert list(study.ensemble.members) == record["ensemble"]["members"]
    assert study.ensemble.published == {"test_top1": said["test_top1"]}
    assert list(study.ensemble.member_train_top1) == said["member_train_top1"]
    assert list(study.ensemble.member_epoch_s) == said["member_epoch_s"]
    assert record["ensemble"]["note"] in study.ensemble.note
    assert study.search.published["val_top1"] == record["search"]["published"]["best_val_top1"]
    assert (study.search.trials, study.search.space) == (record["search"]["trials"], record["search"]["space"])
    assert record["recipe"]["note"] in study.split.note


def test_the_transfer_has_its_figures_and_its_map_by_name(published, studies, registry):
    (record,) = [one for one in published["study"] if one["id"] == "cifar100-cached-heads"]
    study, joint = studies["cifar100-cached-heads"], record["joint"]
    transfer = study.transfer
    assert list(study.joint.heads) == joint["heads"]
    assert (transfer.dataset, transfer.images) == (joint["transfer_dataset"], joint["images"])
    assert transfer.published == joint["published"]
    assert transfer.published_confidence == joint["published_confidence_100_images"]
    written = read_map(find_map(transfer.label_map, registry.folders))
    assert (written.map, written.dataset) == (joint["label_map"], transfer.dataset)
    assert {key: name.partition(" ")[2] for key, name in written.names.items()} == joint["label_names"]
    assert joint["note"] in transfer.note
    assert transfer.index_order == joint["index_order"]
    assert transfer.overlaps_pretraining == joint["overlaps_pretraining"]


def test_the_survey_and_what_is_scored_are_there(published, studies):
    (record,) = [one for one in published["study"] if one["id"] == "cub-10m"]
    study, survey = studies["cub-10m"], dict(record["survey"])
    assert study.survey.note == survey.pop("survey_note")
    assert study.survey.candidates == survey
    assert list(study.scored_by) == record["scored_by"]
    assert study.split.note == record["recipe"]["split_note"]
    (record,) = [one for one in published["study"] if one["id"] == "cifar100-efficientnet-b0"]
    assert list(studies["cifar100-efficientnet-b0"].shows) == record["outputs"]["figures"]
    assert list(studies["cifar100-efficientnet-b0"].recipe.augment) == record["augment"]


def test_every_reference_row_is_there(published, registry):
    entries = registry.all(ReferenceEntry)
    ours = {
        (entry.dataset, row.method, row.backbone or entry.backbone, row.share, row.params_m, row.value)
        for entry in entries
        for row in entry.rows
    }
    theirs = set()
    for record in published["reference"]:
        for row in record["rows"]:
            method, backbone = row.get("method", "fine-tune"), row.get("backbone", "resnet50")
            if "params_m" in row:
                theirs.add(("cub", method, "vit_base_patch16_224", 1.0, row["params_m"], row["cub"]))
            for share, value in zip([0.15, 0.3, 0.5, 1.0], row.get("at", ()), strict=False):
                theirs.add(("cub", method, backbone, share, None, value))
            for dataset in ("cifar10", "cifar100"):
                if dataset in row:
                    theirs.add((dataset, method, backbone, 1.0, None, row[dataset]))
    assert ours == theirs
    assert {number for *_, number in ours} <= set(numbers(published["reference"]))
    assert all(any(entry.source.split(",")[0] in r["source"] for r in published["reference"]) for entry in entries)

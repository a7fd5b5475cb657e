from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from command_line import bench, refused

from bench.registry.entries import BudgetEntry
from bench.registry.loading import Registry

TINY = ("-m", "timm/test_resnet,timm/test_vit", "--image-size", "160")
OUR_REGISTRY = Path(__file__).parents[1] / "registry"


def pairs(rows):
    return {(row["backbone"], row["strategy"]) for row in rows}


def test_a_dataset_that_is_not_here_is_planned_from_its_registry_entry():
    data = bench("plan", "--dataset", "cub", *TINY, "--json").data
    assert data["dataset"]["num_classes"] == 200
    assert data["dataset"]["fingerprint"] is None
    assert pairs(data["runs"]) == {
        (name, strategy)
        for name in ("timm/test_resnet", "timm/test_vit")
        for strategy in ("linear", "last_blocks(1)+norm", "full")
    }
    assert "not on this machine yet" in bench("plan", "--dataset", "cub", *TINY).stdout


def test_counts_that_a_published_study_prints_come_out_of_the_command():
    strategies = "full,last_blocks(1)+norm"
    data = bench("plan", "-d", "cub", "-m", "efficientnet_b0", "-s", strategies, "--json").data
    counted = {row["strategy"]: (row["total_params"], row["trainable_params"]) for row in data["runs"]}
    assert counted == {"full": (4_263_748, 4_263_748), "last_blocks(1)+norm": (4_263_748, 1_010_200)}
    assert {round(row["gmacs"], 4) for row in data["runs"]} == {0.3848}  # 0.3858 has 1,000 classes
    assert all(row["gflops"] == 2 * row["gmacs"] for row in data["runs"])
    text = bench("plan", "-d", "cub", "-m", "efficientnet_b0", "-s", strategies).stdout
    assert re.search(r"timm/efficientnet_b0 +ra_in1k +last_blocks\(1\)\+norm +224 +4,263,748 +1,010,200", text)


def test_the_forecast_is_the_sum_of_its_runs_and_fetches_each_weights_once(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))  # with no weights in it
    data = bench("plan", "--dataset", "cub", *TINY, "--seeds", 3, "--json").data
    forecast = data["forecast"]
    assert forecast["runs"] == len(data["runs"]) == 18
    assert forecast["seconds"] == pytest.approx(sum(row["forecast_s"] for row in data["runs"]))
    assert forecast["seconds"] > 0
    largest = {row["backbone"]: 4 * row["total_params"] for row in data["runs"]}
    assert forecast["download_bytes"] == sum(largest.values())


def test_a_folder_of_images_is_forecast_before_it_was_ever_opened(tiny_folder, tmp_path):
    unseen = shutil.copytree(tiny_folder, tmp_path / "unseen")
    data = bench("plan", "--dataset", f"folder:{unseen}", *TINY, "--json").data
    assert data["dataset"]["num_classes"] == 4
    assert data["dataset"]["fingerprint"] is None
    assert all(row["forecast_s"] > 0 for row in data["runs"] if row["strategy"] == "full")


def test_a_folder_that_is_here_is_not_said_to_be_missing(tiny_folder, tmp_path):
    unseen = shutil.copytree(tiny_folder, tmp_path / "unseen")
    said = bench("plan", "--dataset", f"folder:{unseen}", *TINY).stdout
    assert "not on this machine" not in said
    assert "(here, and read by the first sweep)" in said
    assert "read by the first sweep" in bench("sweep", "--dataset", f"folder:{unseen}", *TINY, "--dry-run").stdout


def test_a_dataset_seen_before_is_planned_by_its_manifest(tmp_path, tiny_folder):
    from bench.data.datasets import folder_entry, open_dataset

    (tmp_path / "colours").symlink_to(tiny_folder)
    manifest = open_dataset(folder_entry(tmp_path / "colours")).manifest
    data = bench("plan", "--dataset", f"folder:{tmp_path / 'colours'}", *TINY, "--json").data
    assert data["dataset"]["fingerprint"] == manifest.fingerprint
    assert len({row["run_id"] for row in data["runs"]}) == len(data["runs"])
    assert not any("run_id_missing" in row for row in data["runs"])


def test_a_run_has_no_id_before_its_dataset_was_ever_read():
    data = bench("plan", "--dataset", "cub", *TINY, "--json").data
    assert {row["run_id"] for row in data["runs"]} == {None}
    assert all("fingerprint" in row["run_id_missing"] for row in data["runs"])


def test_a_target_is_planned_with_its_own_number_of_classes():
    asked = ("plan", "--dataset", "cifar100", *TINY, "-s", "linear", "--json")
    fine, coarse = bench(*asked).data, bench(*asked, "--target", "coarse").data
    assert (fine["dataset"]["num_classes"], coarse["dataset"]["num_classes"]) == (100, 20)
    assert fine["runs"][0]["total_params"] > coarse["runs"][0]["total_params"]


def test_a_named_budget_is_the_text_behind_it():
    limits = Registry.load().get(BudgetEntry, "mobile").limits
    assert bench("plan", "-d", "digits", *TINY, "-b", "mobile", "--json").data["budget"] == limits


@pytest.mark.parametrize("way", ["option", "environment"])
def test_a_dataset_of_a_plug_in_is_planned_like_a_shipped_one(way, monkeypatch):
    options = ("--registry", OUR_REGISTRY) if way == "option" else ()
    if way == "environment":
        monkeypatch.setenv("BENCH_REGISTRY", str(OUR_REGISTRY))
    data = bench("plan", "--dataset", "cub100", *TINY, *options, "--json").data
    assert data["dataset"]["num_classes"] == 100


def test_an_architecture_that_cannot_be_built_is_listed_with_why_and_stops_nothing():
    asked = ("plan", "-d", "digits", "-m", "timm/test_resnet,timm/mobilenetv5_300m_enc", "-s", "linear")
    data = bench(*asked, "--json").data
    assert pairs(data["runs"]) == {("timm/test_resnet", "linear")}
    (rejected,) = data["rejected"]
    assert rejected["backbone"] == "timm/mobilenetv5_300m_enc"
    assert "no classifier" in rejected["reason"]
    assert "no classifier" in bench(*asked, "--rejected").stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--dataset", "cubb"), "Did you mean cub"),
        (("--dataset", "cub100"), "Valid: cifar10, cifar100, cub, digits"),
        (("--dataset", "folder:/nowhere"), "There is no /nowhere"),
        (("--backbones", "timm/resnet81"), "Did you mean timm/resnet18"),
        (("--backbones", "timm/resnot*"), "quote it"),
        (("--backbones", "resnet18@imagenet"), "a1_in1k"),
        (("--strategies", "linaer"), "Did you mean linear"),
        (("--budget", "10X"), "Cannot read the budget '10X'"),
        (("--budget", "trainble<=1M"), "Did you mean trainable"),
        (("--budget", "mobil"), "Did you mean mobile"),
        (("--budget", "1K"), "Nothing fits the budget 1K"),
        (("--recipe", "defualt"), "Did you mean default"),
        (("--set", "learning_rate=1"), "Unknown recipe key"),
        (("--set", 'schedule={"foo":1}'), "Valid: factor, gamma, kind, metric"),
        (("--set", "head=linear"), """--set 'head=["linear"]'"""),
        (("--target", "colour"), "Valid: label"),
        (("--target", "zzz"), "Take one of the names above."),
        (("--registry", "/nowhere"), "no registry folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_an_error_in_three_parts_that_names_the_nearest(options, said):
    assert said in refused("plan", "--dataset", "cub", *TINY, *options)


def test_a_misspelt_option_is_an_error_and_not_a_traceback():
    ended = bench("plan", "--dataset", "cub", "--bugdet", "10M")
    assert ended.code == 2
    assert "--budget" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_zoo_is_named_by_a_wildcard():
    names = {
        row["backbone"] for row in bench("plan", "-d", "digits", "-m", "timm/test_vit*", "--json").data["runs"]
    }
    assert len(names) >= 3
    assert all(name.startswith("timm/test_vit") for name in names)

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.hardware.machine import Machine
from bench.models.hub import hub_file, torch_cache
from bench.plan.backbones import Candidate
from bench.plan.downloads import download_bytes
from bench.plan.forecast import HEAD_STEP_S, Speed, total, with_forecast
from bench.records.runs import Counts, PlannedRun
from bench.spec import BackboneSpec, DatasetSpec, RecipeSpec, RunSpec, TransformSpec, WeightsSpec

MACHINE = Machine("cpu", "two cores", forward_s=0.5, train_s=0.25, precisions={"auto": "fp32"})
IMAGES = {"train": 1000, "test": 300}
FROZEN = Counts(10, 5, 0, gmacs=2.0, train_gmacs=2.0, frozen_gmacs=2.0)
PARTLY = Counts(10, 6, 1, gmacs=2.0, train_gmacs=3.0, frozen_gmacs=1.5)
MOVING = Counts(10, 5, 0, gmacs=2.0, train_gmacs=2.0)
TRAINED = Counts(10, 8, 3, gmacs=2.0, train_gmacs=6.0)
HUB = WeightsSpec(tag="t", location="timm/net.t")


def run(counts: Counts, strategy: str = "linear", weights: WeightsSpec = HUB, **recipe: object) -> PlannedRun:
    spec = RunSpec(
        dataset=DatasetSpec(name="d", num_classes=2, val_fraction=0.1),
        backbone=BackboneSpec(library="timm", architecture="net", weights=weights),
        strategy=strategy,
        recipe=RecipeSpec(epochs=10, batch_size=50, **recipe),
        transform=TransformSpec(image_size=64),
    )
    return PlannedRun(spec, counts, download_bytes=1000)


def seconds(*runs: PlannedRun, images: dict[str, int] = IMAGES, speed: Speed | None = None) -> list[float]:
    return [r.forecast_s for r in with_forecast(runs, images, speed or Speed(MACHINE))]


def test_a_frozen_pass_is_paid_by_the_first_run_that_needs_it():
    head = 10 * (900 / 50) * HEAD_STEP_S
    first, second = seconds(run(FROZEN), run(FROZEN, lr=0.1))
    assert first == pytest.approx(1300 * 2.0 * 0.5 + head)
    assert second == pytest.approx(head)


def test_without_a_cache_every_epoch_passes_all_images():
    (cost,) = (r.forecast_s for r in with_forecast([run(FROZEN)], IMAGES, Speed(MACHINE), lambda _: False))
    (moving,) = seconds(run(MOVING))
    assert cost == pytest.approx(moving)


def test_other_weights_need_another_pass():
    other = WeightsSpec(tag="u", location="timm/net.u")
    first, second = seconds(run(FROZEN), run(FROZEN, weights=other))
    assert second == pytest.approx(first)


def test_training_costs_every_epoch_and_every_evaluation():
    (cost,) = seconds(run(TRAINED, "full"))
    steps = 10 * 900 * 6.0 * 0.25
    evaluations = (10 * 100 + 900 + 100 + 2 * 300) * 2.0 * 0.5
    assert cost == pytest.approx(steps + evaluations)


def test_a_backbone_of_which_nothing_can_be_kept_is_passed_every_epoch():
    (cost,) = seconds(run(MOVING))
    assert cost > 10 * 900 * 2.0 * 0.25


def test_what_stands_before_the_frontier_is_paid_once():
    first, second = seconds(run(PARTLY, "last_blocks(1)"), run(PARTLY, "last_blocks(1)", lr=0.1))
    assert first - second == pytest.approx(1300 * 2.0 * 0.5)
    evaluations = (10 * 100 + 900 + 100 + 2 * 300) * 0.5 * 0.5
    assert second == pytest.approx(10 * 900 * 1.5 * 0.25 + evaluations)


def test_each_view_is_another_pass_over_the_training_images():
    plain, viewed = (seconds(run(FROZEN, **recipe))[0] for recipe in ({}, {"augment": ("solarize",), "views": 3}))
    assert viewed - plain == pytest.approx(3 * 1000 * 2.0 * 0.5)


def test_a_datasets_own_val_is_not_cut_from_train():
    (cost,) = seconds(run(TRAINED, "full"), images={"train": 900, "val": 100, "test": 300})
    assert cost == pytest.approx(seconds(run(TRAINED, "full"))[0])


def test_what_was_measured_goes_before_what_was_probed():
    speed = Speed(MACHINE, training={"timm/net": 0.5}, features={("timm/net", "eager"): 1.0})
    slow = seconds(run(FROZEN), run(TRAINED, "full"), speed=speed)
    fast = seconds(run(FROZEN), run(TRAINED, "full"))
    assert slow[0] > 1.9 * fast[0]
    assert slow[1] == pytest.approx(2 * fast[1])


def test_what_a_pass_took_with_one_backend_says_nothing_of_another():
    speed = Speed(MACHINE, features={("timm/net", "openvino"): 1.0})
    planned = run(FROZEN)
    other = replace(planned, spec=planned.spec.model_copy(update={"backend": "openvino"}))
    assert seconds(planned, speed=speed) == seconds(planned)
    assert seconds(other, speed=speed)[0] > 1.9 * seconds(planned)[0]


def test_a_plans_total_downloads_each_backbones_weights_once():
    runs = with_forecast([run(FROZEN), run(TRAINED, "full")], IMAGES, Speed(MACHINE))
    forecast = total(runs, "two cores")
    assert (forecast.runs, forecast.download_bytes, forecast.hardware) == (2, 1000, "two cores")
    assert forecast.seconds == pytest.approx(sum(r.forecast_s for r in runs))


@pytest.fixture
def caches(tmp_path, monkeypatch):
    """Caches of the libraries with nothing in them."""
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path


def backbone(weights: WeightsSpec, **entry: int) -> Candidate:
    return Candidate(BackboneSpec(library="timm", architecture="net", weights=weights), "net", **entry)


def test_a_download_is_four_bytes_a_parameter_or_what_the_registry_says(caches):  # noqa: ARG001 - empties them
    assert download_bytes(backbone(HUB), Counts(1_000_000, 0, 0, 0, 0)) == 4_000_000
    assert download_bytes(backbone(HUB, download_bytes=123), Counts(1_000_000, 0, 0, 0, 0)) == 123


@pytest.mark.parametrize("source", ["none", "pip", "file"])
def test_what_comes_from_no_hub_is_no_download(caches, source):  # noqa: ARG001 - empties them
    assert download_bytes(backbone(WeightsSpec(source=source, location="x")), Counts(1, 0, 0, 0, 0)) == 0


def test_what_lies_in_a_librarys_cache_is_no_download(caches):
    url = WeightsSpec(tag="V1", location="https://example.invalid/net-12345678.pth")
    spec = BackboneSpec(library="torchvision", architecture="net", weights=url)
    assert hub_file(spec) is None
    torch_cache().mkdir(parents=True)
    (torch_cache() / "net-12345678.pth").touch()
    assert hub_file(spec) == caches / "torch" / "hub" / "checkpoints" / "net-12345678.pth"
    assert download_bytes(Candidate(spec, "net"), Counts(9, 0, 0, 0, 0)) == 0


def test_torchs_cache_is_where_torch_has_it(caches):  # noqa: ARG001 - names it
    import torch

    assert str(torch_cache()) == torch.hub.get_dir() + "/checkpoints"

"""Parts of a dataset: read, held against what there is, and counted before any image is."""

from __future__ import annotations

import pytest

from bench.errors import DataError
from bench.hardware.machine import Machine
from bench.plan.forecast import Speed, with_forecast
from bench.plan.subsets import check_subset, parse_subset, split_counts
from bench.records.runs import PlannedRun
from bench.spec import DatasetSpec, SubsetSpec

CIFAR = {"train": 50_000, "test": 10_000}
FLOWERS = {"train": 1020, "val": 1020, "test": 6149}


def test_a_part_is_read_and_written_the_same():
    assert parse_subset(" train = 5000 , val=45000 ") == SubsetSpec(train=5000, val=45_000)
    assert str(parse_subset("val=10")) == "val=10"
    assert parse_subset(None) is None


@pytest.mark.parametrize(
    "text", ["5000", "train=", "train=0", "train=-1", "train=1e3", "train=1,train=2", "train=²"]
)
def test_what_is_no_part_is_refused_with_an_example(text):
    with pytest.raises(DataError) as found:
        parse_subset(text)
    assert "train=5000,val=45000" in found.value.todo


def test_an_unknown_split_lists_the_two_that_can_be_cut():
    with pytest.raises(DataError, match="split to take a part of 'test'") as found:
        parse_subset("test=5")
    assert "train, val" in found.value.why


@pytest.mark.parametrize(
    ("images", "subset", "expected"),
    [
        (CIFAR, None, (45_000, 5_000, 10_000)),
        (CIFAR, SubsetSpec(train=5000, val=45_000), (5_000, 45_000, 10_000)),
        (CIFAR, SubsetSpec(train=5000), (5_000, 5_000, 10_000)),
        (CIFAR, SubsetSpec(val=20_000), (30_000, 20_000, 10_000)),
        (FLOWERS, SubsetSpec(val=100), (1020, 100, 6149)),
        (FLOWERS, SubsetSpec(train=100), (100, 1020, 6149)),
    ],
)
def test_a_run_s_images_are_known_without_a_manifest(images, subset, expected):
    assert split_counts(images, DatasetSpec(name="any", num_classes=10, subset=subset)) == expected


@pytest.mark.parametrize(
    "subset", [SubsetSpec(train=5001, val=45_000), SubsetSpec(val=50_001), SubsetSpec(train=45_001)]
)
def test_more_than_there_is_cannot_be_taken(subset):
    with pytest.raises(DataError, match=r"Cannot take .*=.*\."):
        check_subset(subset, CIFAR, 0.1)


def test_a_part_trains_in_a_part_of_the_time_and_its_pass_is_over_its_own_images(plan):
    machine = Machine("cpu", "any", 1.0, 3.0, {"auto": "fp32"})
    (full,) = plan(["resnet18"], ["full"], overrides={"image_size": 32}).runs(lambda _: "fp32")
    (linear,) = plan(["resnet18"], ["linear"], overrides={"image_size": 32}).runs(lambda _: "fp32")

    def forecast(run: PlannedRun, subset: SubsetSpec | None) -> float:
        data = run.spec.dataset.model_copy(update={"subset": subset})
        part = PlannedRun(run.spec.model_copy(update={"dataset": data}), run.counts)
        return with_forecast([part], CIFAR, Speed(machine))[0].forecast_s

    tenth = SubsetSpec(train=4500, val=500)
    assert forecast(full, tenth) < 0.15 * forecast(full, None)
    images = (4500 + 500 + 10_000) / 60_000  # test is seen whole
    assert forecast(linear, tenth) == pytest.approx(images * forecast(linear, None), rel=0.1)

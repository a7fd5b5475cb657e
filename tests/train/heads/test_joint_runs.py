"""Joint runs on a real tiny network: what they measure, count, keep and go on with."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.metrics.accuracy import measure
from bench.records.runs import ValMetrics
from bench.train.hooks import Hooks, StoppedError

Maker = Callable[..., Any]
TIMES = (
    "train_s", "eval_s", "feature_s", "images_per_s", "peak_memory_bytes", "latency_1_s", "latency_batch_s",
    "cpu_s", "load", "slowdown", "disturbed",
)  # fmt: skip
CACHED = ("feature_keys", "feature_hardware", "frontier", "cached_bytes", "best_on_test_top1")


@pytest.fixture(scope="session")
def joint_entry(tiny_entry: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The tiny dataset's entry with a target `shade`, dark or light."""
    path = tmp_path_factory.mktemp("groups") / "shade.csv"
    path.write_text("dusk,dark\nnight,dark\ngrass,light\nsand,light\n")
    return tiny_entry.with_groups({"shade": str(path)})


@pytest.fixture
def workbench(joint_entry: Any, workbench: Any) -> Any:
    from bench.data.datasets import open_dataset

    return dataclasses.replace(workbench, dataset=open_dataset(joint_entry), _splits={})


@pytest.fixture
def joint(make_spec: Maker, joint_entry: Any) -> Maker:
    """Make the spec of a run with the heads `label` and `shade`."""
    from bench.data.datasets import known_header
    from bench.plan.request import dataset_spec

    data = dataset_spec(joint_entry, "label+shade", known_header(joint_entry))

    def make(strategy: str = "linear", **options: Any) -> Any:
        spec = make_spec(strategy, **options)
        return spec.model_copy(update={"dataset": data.model_copy(update={"val_fraction": 0.25})})

    return make


def measured(outcome: Any, *without: str) -> dict[str, Any]:
    found = dataclasses.asdict(outcome.result)
    return {key: value for key, value in found.items() if key not in (*TIMES, *without)}


@pytest.mark.parametrize("strategy", ["linear", "last_blocks(1)", "full"])
def test_a_runs_numbers_are_means_over_its_heads_and_contradictions_are_counted_by_name(
    strategy: str, joint: Maker, execute: Maker, workbench: Any
) -> None:
    made = execute(joint(strategy, label_smoothing=0.1), workbench=workbench)
    result, splits = made.result, made.splits
    assert [(head.target, head.num_classes) for head in result.heads] == [("label", 4), ("shade", 2)]
    for split in ("val", "test"):
        heads = [getattr(head, split) for head in result.heads]
        for name in ("top1", "top5", "loss", "macro_f1"):
            mean = np.mean([getattr(one, name) for one in heads])
            assert getattr(getattr(result, split), name) == pytest.approx(mean)
    assert result.heads[1].val == measure(ValMetrics, made.val_logits[:, 4:], splits.val.labels[:, 1])
    names = [["dusk", "grass", "night", "sand"], ["dark", "light"]]
    dark = {"dusk", "night"}
    wrong = [
        (names[0][row[:4].argmax()] in dark) != (names[1][row[4:].argmax()] == "dark") for row in made.test_logits
    ]
    found = {(one.split, one.target, one.group_target): (one.share, one.n) for one in result.contradictions}
    assert found.keys() == {("val", "label", "shade"), ("test", "label", "shade")}
    assert found["test", "label", "shade"] == (pytest.approx(np.mean(wrong)), 20)


def test_one_trunk_is_counted_with_one_classification_layer_for_all_targets(joint: Maker, workbench: Any) -> None:
    from bench.plan.count import count_all, with_head

    spec = joint("last_blocks(1)")
    counted = count_all([(spec.backbone.name, 32)], [spec.strategy])[spec.backbone.name, 32]
    both = with_head(counted, spec.strategy, spec.recipe.head, spec.dataset.num_classes)
    one = with_head(counted, spec.strategy, spec.recipe.head, 4)
    model = workbench.shelf.load(spec).classifier(spec, workbench.device)
    width = model.head[-1].in_features
    assert model.head[-1].out_features == 6
    assert both.total_params == sum(p.numel() for p in model.parameters()) == one.total_params + 2 * (width + 1)
    assert both.trainable_params == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert both.gmacs == pytest.approx(one.gmacs + 2 * width / 1e9)


def test_from_images_a_joint_run_learns_what_it_learns_from_kept_features(
    joint: Maker, execute: Maker, workbench: Any, tmp_path: Path
) -> None:
    spec = joint("last_blocks(1)", drop_path=0.0, epochs=2)
    kept = execute(spec, workbench=workbench)
    (tmp_path / "run.pt").unlink(missing_ok=True)
    images = execute(spec, workbench=dataclasses.replace(workbench, cache_bytes=0))
    assert (kept.result.frontier, images.result.frontier) != ("images", kept.result.frontier)
    np.testing.assert_allclose(kept.test_logits, images.test_logits, rtol=1e-3, atol=1e-4)
    assert [h.test.top1 for h in kept.result.heads] == [h.test.top1 for h in images.result.heads]


@pytest.mark.parametrize("augment", [[], ["horizontal_flip"]], ids=["plain", "augmented"])
def test_a_joint_run_that_was_stopped_ends_as_if_it_had_not_been(
    augment: list[str], joint: Maker, execute: Maker, workbench: Any, tmp_path: Path
) -> None:
    spec = joint("full", epochs=3, augment=augment)
    whole = execute(spec, workbench=workbench)
    (tmp_path / "run.pt").unlink(missing_ok=True)
    seen: list[Any] = []
    with pytest.raises(StoppedError):
        execute(spec, Hooks(epoch=seen.append, stop=lambda: len(seen) == 1), workbench)
    assert measured(execute(spec, workbench=workbench)) == measured(whole)


def test_a_single_target_has_no_heads_apart(make_spec: Maker, execute: Maker) -> None:
    made = execute(make_spec(epochs=1))
    assert (made.result.heads, made.result.contradictions, made.splits.val.classes) == ((), (), ())


def test_a_grouped_target_trains_as_any_other(joint: Maker, execute: Maker, workbench: Any) -> None:
    spec = joint(epochs=1)
    data = spec.dataset.model_copy(update={"target": "shade", "num_classes": 2})
    made = execute(spec.model_copy(update={"dataset": data}), workbench=workbench)
    assert made.test_logits.shape == (20, 2)
    assert made.splits.test.labels.tolist() == workbench.dataset.manifest.labels("test", "shade").tolist()

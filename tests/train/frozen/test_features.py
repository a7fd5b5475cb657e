"""What is kept before the frontier is what the model computes, computed once, and trains to the same result."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from bench.spec import TransformSpec
from bench.train.hooks import Hooks, StoppedError

Maker = Callable[..., Any]
FLIP = ["horizontal_flip"]
CACHED = ["linear", "neck", "last_blocks(1)", "freeze_first(2)", "last_blocks(2)+neck"]


@pytest.fixture
def uncached(workbench: Any) -> Any:
    """The same workbench, with no byte to keep anything in."""
    from dataclasses import replace

    return replace(workbench, cache_bytes=0)


@pytest.fixture
def fresh(tmp_path: Any) -> Callable[[], None]:
    """Forget the checkpoint of the last run."""
    return lambda: (tmp_path / "run.pt").unlink(missing_ok=True)


@pytest.mark.parametrize("strategy", CACHED)
def test_training_from_the_frontier_is_training_from_images(
    strategy: str, make_spec: Maker, execute: Maker, uncached: Any, fresh: Any
) -> None:
    spec = make_spec(strategy, epochs=3, head=["dropout(0.5)", "linear"], drop_path=0.2, lr=0.01)
    kept = execute(spec)
    fresh()
    computed = execute(spec, workbench=uncached)
    assert kept.result.frontier != "images" == computed.result.frontier
    assert kept.result.cached_bytes > 0 == computed.result.cached_bytes
    assert np.allclose(kept.test_logits, computed.test_logits, atol=2e-4)
    assert kept.result.best_epoch == computed.result.best_epoch
    assert kept.result.val.top1 == computed.result.val.top1


@pytest.mark.parametrize("strategy", ["linear", "last_blocks(1)"])
def test_k_views_from_the_cache_are_k_views_of_the_images(
    strategy: str, make_spec: Maker, execute: Maker, uncached: Any, fresh: Any
) -> None:
    recipe = {"epochs": 4, "augment": [*FLIP, "rotation(20)"], "views": 3, "lr": 0.01}
    kept = execute(make_spec(strategy, **recipe))
    fresh()
    computed = execute(make_spec(strategy, **recipe), workbench=uncached)
    assert kept.result.frontier != "images" == computed.result.frontier
    assert np.allclose(kept.test_logits, computed.test_logits, atol=2e-4)
    fresh()
    plain = execute(make_spec(strategy, epochs=4, lr=0.01))
    assert not np.allclose(kept.test_logits, plain.test_logits, atol=2e-4)


def test_how_many_views_there_are_is_part_of_the_identity(make_spec: Maker) -> None:
    two, three = (make_spec("linear", augment=FLIP, views=k) for k in (2, 3))
    assert two.run_id != three.run_id


def test_every_view_is_shown_in_turn() -> None:
    from bench.random_keys import view_of

    shown = np.stack([view_of(20, 7, epoch, 4) for epoch in range(4)])
    assert (np.sort(shown, axis=0) == np.arange(4)[:, None]).all()
    assert len(set(shown[0])) > 1


def test_a_run_that_recomputes_its_features_is_another_one_and_leaves_the_cache_alone(
    make_spec: Maker, execute: Maker, workbench: Any, fresh: Any
) -> None:
    kept = make_spec("linear", epochs=2)
    recomputed = kept.model_copy(update={"features": "recomputed"})
    assert recomputed.run_id != kept.run_id
    workbench.planned = [kept, recomputed]
    first = execute(recomputed)
    assert (first.result.frontier, first.result.cached_bytes, first.passes) == ("images", 0, ())
    assert list(workbench.cache.folder.glob("*")) == []
    fresh()
    read = execute(kept)
    fresh()
    again = execute(recomputed)
    assert read.result.frontier == "pooled"
    assert (again.result.frontier, again.result.feature_s) == ("images", 0.0)
    assert np.allclose(read.test_logits, again.test_logits, atol=2e-4)


def test_a_spec_of_before_there_was_the_field_keeps_its_id(make_spec: Maker) -> None:
    from bench.spec import canonical

    assert "features" not in canonical(make_spec("linear"))


def test_fresh_augmentation_keeps_nothing(make_spec: Maker, execute: Maker) -> None:
    assert execute(make_spec("linear", augment=FLIP, epochs=1)).result.frontier == "images"


@pytest.mark.parametrize("strategy", ["norm", "bitfit", "full", "last_blocks(1)+norm"])
def test_what_trains_from_the_start_keeps_nothing(strategy: str, make_spec: Maker, execute: Maker) -> None:
    outcome = execute(make_spec(strategy, epochs=1))
    assert outcome.result.frontier == "images"
    assert outcome.passes == ()


def test_one_pass_keeps_what_every_planned_run_needs(
    make_spec: Maker, execute: Maker, workbench: Any, fresh: Any
) -> None:
    seen: list[int] = []
    hooks = Hooks(features=lambda done, _total: seen.append(done))
    specs = [make_spec(strategy, epochs=1) for strategy in (*CACHED, "full")]
    workbench.planned = [*specs, make_spec("linear", epochs=1, augment=FLIP, views=2)]
    outcomes = []
    for spec in workbench.planned:
        fresh()
        outcomes.append(execute(spec, hooks))
    assert max(seen) == seen[-1] == 4 * (12 + 5)
    assert seen.count(seen[-1]) == 1
    passes = [made for outcome in outcomes for made in outcome.passes]
    assert len(passes) == len(specs)
    assert len({made.key for made in passes}) == len(
        {(o.result.frontier, o.passes[0].bytes) for o in outcomes if o.passes}
    )
    assert len({made.key for made in passes}) >= 4
    assert len({made.pass_key for made in passes}) == 1
    assert len({made.seconds for made in passes}) == 1


def test_an_earlier_frontier_is_charged_less_of_the_pass(
    make_spec: Maker, execute: Maker, workbench: Any, fresh: Any
) -> None:
    early, late = make_spec("freeze_first(1)", epochs=1), make_spec("linear", epochs=1)
    workbench.planned = [early, late]
    first = execute(early)
    fresh()
    second = execute(late)
    assert 0 < first.result.feature_s < second.result.feature_s == second.passes[0].seconds


def test_views_that_others_read_are_charged_to_them_alone(
    make_spec: Maker, execute: Maker, workbench: Any, fresh: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.train.frozen import frozen_pass

    slept, augmented = [], frozen_pass._augmented

    def slow(*args: Any) -> torch.Tensor:
        slept.append(0.05)
        time.sleep(slept[-1])
        return augmented(*args)

    monkeypatch.setattr(frozen_pass, "_augmented", slow)
    plain, few, many = (
        make_spec("linear", epochs=1, **({"augment": FLIP, "views": views} if views else {}))
        for views in (0, 1, 3)
    )
    workbench.planned = [plain, few, many]
    outcomes = []
    for spec in workbench.planned:
        fresh()
        outcomes.append(execute(spec))
    whole = outcomes[0].passes[0].seconds
    assert {outcome.passes[0].seconds for outcome in outcomes} == {whole}
    without, one, all_of_it = (outcome.result.feature_s for outcome in outcomes)
    assert all_of_it == pytest.approx(whole)
    assert all_of_it - without >= sum(slept)
    assert all_of_it - one >= sum(slept) * 2 / 3
    assert one - without >= sum(slept) / 3


def test_half_precision_keeps_half_the_bytes(make_spec: Maker, execute: Maker, fresh: Any) -> None:
    spec = make_spec("last_blocks(1)", epochs=2)
    full = execute(spec)
    fresh()
    half = execute(spec.model_copy(update={"kept": "fp16"}))
    assert half.result.cached_bytes * 2 == full.result.cached_bytes
    assert np.allclose(full.test_logits, half.test_logits, atol=0.05)
    assert not np.array_equal(full.test_logits, half.test_logits)


def test_activations_too_large_for_half_precision_are_an_error_and_not_infinite(
    make_spec: Maker, execute: Maker, workbench: Any, fresh: Any
) -> None:
    from bench.errors import BenchError

    glaring = TransformSpec(image_size=32, std=(1e-8, 1e-8, 1e-8))
    spec = make_spec("linear", backbone="timm/test_resnet", epochs=1).model_copy(update={"transform": glaring})
    half = spec.model_copy(update={"kept": "fp16"})
    with pytest.raises(BenchError, match="too large for fp16"):
        execute(half)
    assert list(workbench.cache.folder.iterdir()) == []
    fresh()
    workbench.planned = [half]
    assert execute(spec).result.frontier == "pooled"
    assert len(workbench.cache.list()) == 1


def test_a_smaller_allowance_takes_an_earlier_or_a_later_cut_that_fits(make_spec: Maker, workbench: Any) -> None:
    from dataclasses import replace

    from bench.train.frozen.wanted import Search

    spec = make_spec("freeze_first(3)", backbone="timm/test_resnet")
    loaded = workbench.shelf.load(spec)
    model = loaded.classifier(spec, workbench.device)
    search = Search(loaded.frontiers(model), None, workbench.dataset.manifest, workbench.device, 10**9)
    _, most = search.wanted(spec, model)
    assert most is not None
    _, less = replace(search, cache_bytes=most.layout.bytes - 1).wanted(spec, model)
    assert less is None or less.layout.bytes < most.layout.bytes


def test_a_full_disk_is_no_end(
    make_spec: Maker, execute: Maker, workbench: Any, monkeypatch: Any, fresh: Any
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    notes: list[str] = []
    spec = make_spec("last_blocks(1)", epochs=1)
    kept = execute(spec)
    fresh()
    monkeypatch.setattr(os, "posix_fallocate", full)
    other = make_spec("last_blocks(1)", backbone="timm/test_resnet", epochs=1)
    held = execute(other, Hooks(note=notes.append))
    assert held.result.frontier != "images"
    assert len(notes) == 1
    assert "is held in memory" in notes[0]
    workbench.cache.memory_bytes = 0
    fresh()
    third = make_spec("last_blocks(1)", backbone="timm/test_vit", epochs=1)
    computed = execute(third, Hooks(note=notes.append))
    assert computed.result.frontier == "images"
    assert "no room" in notes[1]
    assert kept.result.frontier != "images"


def test_a_pass_that_is_stopped_keeps_what_it_has_done(make_spec: Maker, execute: Maker, workbench: Any) -> None:
    with pytest.raises(StoppedError, match="goes on where it stopped"):
        execute(make_spec("linear"), Hooks(stop=lambda: True))
    assert [entry.state for entry in workbench.cache.list()] == ["partial"]
    execute(make_spec("linear"))
    assert [entry.state for entry in workbench.cache.list()] == ["whole"]


def test_a_model_that_does_not_trace_keeps_its_pooled_features(
    make_spec: Maker, execute: Maker, monkeypatch: Any, fresh: Any
) -> None:
    from bench.train.frozen import frontier as module

    monkeypatch.setattr(module, "trace_blocks", lambda _model: None)
    notes: list[str] = []
    assert execute(make_spec("linear", epochs=1), Hooks(note=notes.append)).result.frontier == "pooled"
    fresh()
    assert execute(make_spec("last_blocks(1)", epochs=1), Hooks(note=notes.append)).result.frontier == "images"
    assert len(notes) == 1
    assert "does not trace" in notes[0]


def test_kept_features_are_the_backbones_own(make_spec: Maker, execute: Maker, workbench: Any) -> None:
    from bench.data.images.transforms import eval_transform, normalize
    from bench.models.weights import load_backbone

    spec = make_spec("linear")
    kept = workbench.cache.read(execute(spec).result.feature_keys[0])
    backbone, _ = load_backbone(spec.backbone, 32, seed=spec.seed)
    source = workbench.dataset.images("test")
    images = torch.stack([eval_transform(spec.transform)(source.image(i)) for i in range(len(source))])
    with torch.inference_mode():
        wanted = backbone.eval()(normalize(images, spec.transform))
    assert np.allclose(kept.arrays["test"][0], wanted.numpy(), atol=1e-5)


def test_a_cpu_never_reads_what_another_kind_of_device_computed(make_spec: Maker, workbench: Any) -> None:
    from dataclasses import replace

    from bench.train.frozen.wanted import Search

    spec = make_spec("linear")
    loaded = workbench.shelf.load(spec)
    model = loaded.classifier(spec, workbench.device)
    search = Search(loaded.frontiers(model), None, workbench.dataset.manifest, torch.device("cpu"), 10**9)
    devices = [search, replace(search), replace(search, device=torch.device("meta"))]
    cpu, again, other = (each.wanted(spec, model)[1] for each in devices)
    assert cpu.cut.digest == other.cut.digest
    assert cpu.label.key == again.label.key != other.label.key

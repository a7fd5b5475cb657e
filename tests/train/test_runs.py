"""What a run does, on a real tiny network and real image files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from bench.errors import DivergedError
from bench.train.hooks import Hooks, StoppedError

Maker = Callable[..., Any]
TIMES = (
    "train_s", "eval_s", "feature_s", "images_per_s", "peak_memory_bytes", "latency_1_s", "latency_batch_s",
    "cpu_s", "load", "slowdown", "disturbed",
)  # fmt: skip


def measured(outcome: Any) -> dict[str, Any]:
    """What a run measured, without what depends on the clock."""
    return {k: v for k, v in dataclasses.asdict(outcome.result).items() if k not in TIMES}


@pytest.mark.parametrize("strategy", ["linear", "last_blocks(1)+norm", "full", "bitfit"])
def test_the_same_spec_gives_bit_equal_metrics_twice(
    strategy: str, make_spec: Maker, execute: Maker, tmp_path: Any
) -> None:
    spec = make_spec(strategy, augment=["horizontal_flip"] if strategy == "full" else [])
    first = execute(spec)
    (tmp_path / "run.pt").unlink(missing_ok=True)
    second = execute(spec)
    assert measured(first) == measured(second)
    assert np.array_equal(first.test_logits, second.test_logits)


@pytest.mark.parametrize("strategy", ["linear", "full"])
def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(
    strategy: str, make_spec: Maker, execute: Maker, tmp_path: Any
) -> None:
    spec = make_spec(strategy, epochs=4, drop_path=0.0, schedule={"kind": "cosine", "warmup_epochs": 1})
    whole = execute(spec)
    (tmp_path / "run.pt").unlink(missing_ok=True)
    seen: list[Any] = []
    with pytest.raises(StoppedError):
        execute(spec, Hooks(epoch=seen.append, stop=lambda: len(seen) == 2))
    assert [record.epoch for record in seen] == [1, 2]
    resumed = execute(spec, Hooks(epoch=seen.append))
    assert [record.epoch for record in seen] == [1, 2, 3, 4]
    assert measured(resumed) == measured(whole)
    assert np.array_equal(resumed.test_logits, whole.test_logits)


@pytest.mark.parametrize("strategy", ["linear", "full"])
def test_test_is_measured_after_every_epoch_where_it_is_free_or_asked_for(
    strategy: str, make_spec: Maker, execute: Maker
) -> None:
    records: list[Any] = []
    result = execute(make_spec(strategy, best_on_test=strategy == "full"), Hooks(epoch=records.append)).result
    best = records[result.best_epoch - 1]
    found = (best.test_top1, best.test_top5, best.test_loss)
    assert found == pytest.approx((result.test.top1, result.test.top5, result.test.loss), rel=1e-5)
    assert max(record.test_top1 for record in records) == result.best_on_test_top1
    assert all(record.train_top5 == 1.0 for record in records)  # of four classes


def test_without_being_asked_a_run_on_images_never_looks_at_test(make_spec: Maker, execute: Maker) -> None:
    records: list[Any] = []
    execute(make_spec("full"), Hooks(epoch=records.append))
    assert {(r.test_top1, r.test_top5, r.test_loss) for r in records} == {(None, None, None)}


def test_seeds_differ(make_spec: Maker, execute: Maker, tmp_path: Any) -> None:
    first = execute(make_spec("linear", seed=0))
    (tmp_path / "run.pt").unlink(missing_ok=True)
    second = execute(make_spec("linear", seed=1))
    assert not np.array_equal(first.test_logits, second.test_logits)


def test_a_linear_run_passes_each_image_through_the_backbone_once(
    make_spec: Maker, execute: Maker, tmp_path: Any
) -> None:
    seen: list[int] = []
    spec = make_spec("linear", epochs=5)
    first = execute(spec, Hooks(features=lambda done, _total: seen.append(done)))
    assert seen[-1] == 4 * (12 + 5)
    (tmp_path / "run.pt").unlink(missing_ok=True)
    seen.clear()
    again = execute(make_spec("linear", epochs=5, lr=0.01), Hooks(features=lambda done, _total: seen.append(done)))
    assert seen == []
    assert again.result.feature_s == first.result.feature_s > 0
    assert again.result.standalone_s >= again.result.feature_s + again.result.train_s


def test_val_chooses_the_epoch_that_is_reported(make_spec: Maker, execute: Maker) -> None:
    records: list[Any] = []
    outcome = execute(make_spec("linear", epochs=12, lr=0.05), Hooks(epoch=records.append))
    best = max(records, key=lambda record: (record.val.top1, -record.val.loss, -record.epoch))
    assert outcome.result.best_epoch == best.epoch
    assert outcome.result.val.top1 == best.val.top1
    chosen = records[outcome.result.best_epoch - 1]
    assert outcome.result.test.top1 == chosen.test_top1
    assert outcome.result.last_test.top1 == records[-1].test_top1
    assert outcome.result.best_on_test_top1 == max(record.test_top1 for record in records)


def test_test_is_not_looked_at_each_epoch_where_that_costs(make_spec: Maker, execute: Maker) -> None:
    records: list[Any] = []
    outcome = execute(make_spec("full", epochs=2), Hooks(epoch=records.append))
    assert [record.test_top1 for record in records] == [None, None]
    assert outcome.result.best_on_test_top1 is None


def test_best_on_test_is_measured_where_it_is_asked_for(make_spec: Maker, execute: Maker) -> None:
    assert execute(make_spec("full", epochs=2, best_on_test=True)).result.best_on_test_top1 is not None


def test_early_stopping_ends_a_run_after_patience_epochs_without_improvement(
    make_spec: Maker, execute: Maker
) -> None:
    stopping = {"metric": "val_loss", "patience": 2}
    outcome = execute(make_spec("linear", epochs=200, lr=0.5, early_stopping=stopping, select="val_loss"))
    assert outcome.result.epochs == outcome.result.best_epoch + 2 < 200


def test_a_loss_that_is_no_number_diverges(make_spec: Maker, execute: Maker) -> None:
    with pytest.raises(DivergedError):
        execute(make_spec("full", optimizer="sgd", lr=1e12, epochs=5))


def test_what_must_be_stored_is_what_trains(make_spec: Maker, execute: Maker) -> None:
    outcome = execute(make_spec("linear"))
    linear = sum(t.numel() for t in outcome.weights.values())
    assert outcome.result.stored_bytes == 4 * linear
    assert all(name.startswith("head.") for name in outcome.weights)


def test_frozen_weights_and_statistics_do_not_move(make_spec: Maker, workbench: Any, tmp_path: Any) -> None:
    from bench.train.run import Run

    spec = make_spec("last_blocks(1)", epochs=2)
    backbone = workbench.shelf.load(spec).backbone
    before = {n: t.clone() for n, t in backbone.state_dict().items()}
    outcome = Run(spec, workbench, tmp_path / "run.pt", Hooks()).execute()
    trained = {n.removeprefix("backbone.") for n in outcome.weights if n.startswith("backbone.")}
    moved = {n for n, t in backbone.state_dict().items() if not torch.equal(t, before[n])}
    assert moved & trained
    last = {name.rpartition(".")[0] for name in trained}
    assert {name for name in moved if name.rpartition(".")[0] not in last} == set()


def test_a_backbone_that_was_trained_is_loaded_anew(make_spec: Maker, execute: Maker, workbench: Any) -> None:
    execute(make_spec("linear", epochs=1))
    assert workbench.shelf.kept is not None
    execute(make_spec("last_blocks(1)", epochs=1))
    assert workbench.shelf.kept is None


def test_updating_statistics_is_possible_and_never_cached(make_spec: Maker, workbench: Any, tmp_path: Any) -> None:
    from bench.train.run import Run

    spec = make_spec("linear", norm_stats="update", epochs=1)
    backbone = workbench.shelf.load(spec).backbone
    before = {n: t.clone() for n, t in backbone.state_dict().items()}
    outcome = Run(spec, workbench, tmp_path / "run.pt", Hooks()).execute()
    assert outcome.passes == ()
    assert outcome.result.frontier == "images"
    after = backbone.state_dict()
    assert all(not torch.equal(after[n], t) for n, t in before.items() if n.endswith("running_mean"))
    assert all(
        torch.equal(after[n], t) for n, t in before.items() if not n.endswith(("_mean", "_var", "_tracked"))
    )


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
def test_every_optimizer_learns(optimizer: str, make_spec: Maker, execute: Maker) -> None:
    records: list[Any] = []
    lr = 0.05 if optimizer == "sgd" else 0.005
    execute(
        make_spec("linear", optimizer=optimizer, lr=lr, epochs=8, weight_decay=1e-4), Hooks(epoch=records.append)
    )
    assert records[-1].train_loss < records[0].train_loss


def test_bf16_trains_close_to_fp32(make_spec: Maker, execute: Maker, tmp_path: Any) -> None:
    spec = make_spec("linear", epochs=3)
    full = execute(spec)
    (tmp_path / "run.pt").unlink(missing_ok=True)
    mixed = execute(spec.model_copy(update={"precision": "bf16"}))
    assert mixed.test_logits.dtype == np.float32
    assert np.abs(full.test_logits - mixed.test_logits).max() < 0.2
    assert not np.array_equal(full.test_logits, mixed.test_logits)


@pytest.mark.parametrize(("batch_size", "steps"), [(1, 36), (35, 1), (18, 2)])
def test_only_a_rest_of_one_image_is_left_out_of_an_epoch(
    batch_size: int, steps: int, make_spec: Maker, execute: Maker
) -> None:
    records: list[Any] = []
    execute(make_spec("linear", epochs=1, batch_size=batch_size), Hooks(epoch=records.append))
    assert records[0].steps == steps

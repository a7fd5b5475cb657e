"""Learning rates are those of torch's schedulers; stopping counts epochs as it says."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bench.records.runs import ValMetrics
from bench.spec import RecipeSpec, ScheduleSpec
from bench.train.schedule import Best, Plateau, rate, stopper

EPOCHS = 12


def recipe(**schedule: Any) -> RecipeSpec:
    return RecipeSpec(lr=0.1, epochs=EPOCHS, schedule=ScheduleSpec.model_validate(schedule))


def torch_rates(make: Any) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = make(optimizer)
    found = []
    for _ in range(EPOCHS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def our_rates(spec: RecipeSpec) -> list[float]:
    return [rate(spec, epoch, 0, 5) for epoch in range(EPOCHS)]


def val(loss: float, top1: float = 0.5) -> ValMetrics:
    return ValMetrics(top1, 0.9, loss, 0.5, 10)


def chosen(best: Best, *epochs: tuple[float, float]) -> int:
    """Return which epoch (from 1) is the best of some (top-1, loss)."""
    for number, (top1, loss) in enumerate(epochs, start=1):
        best.update(val(loss, top1), number)
    return best.epoch


def test_the_step_schedule_is_torchs() -> None:
    wanted = torch_rates(lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=3, gamma=0.5))
    assert our_rates(recipe(kind="step", step_size=3, gamma=0.5)) == pytest.approx(wanted)


@pytest.mark.parametrize("t_max", [EPOCHS, 200])
def test_the_cosine_schedule_is_torchs(t_max: int) -> None:
    wanted = torch_rates(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, t_max, eta_min=0.001))
    assert our_rates(recipe(kind="cosine", t_max=t_max, min_lr=0.001)) == pytest.approx(wanted)


def test_a_constant_rate_stays() -> None:
    assert set(our_rates(recipe(kind="constant"))) == {0.1}


def test_the_warm_up_rises_from_step_to_step_and_hands_over() -> None:
    spec = recipe(kind="constant", warmup_epochs=2)
    rates = [rate(spec, epoch, step, 4) for epoch in range(3) for step in range(4)]
    assert rates[:8] == pytest.approx([0.1 * k / 8 for k in range(1, 9)])
    assert rates[8:] == [0.1] * 4


def test_the_plateau_schedule_is_torchs() -> None:
    losses = [3.0, 2.0, 2.1, 2.2, 2.3, 1.9, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    spec = recipe(kind="plateau", patience=2, factor=0.5, min_lr=0.03)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=2, threshold=0.0, min_lr=0.03
    )
    ours = Plateau.of(spec.schedule)
    for epoch, loss in enumerate(losses):
        assert rate(spec, epoch, 0, 1, ours.scale) == pytest.approx(optimizer.param_groups[0]["lr"])
        theirs.step(loss)
        ours.update(spec.schedule, val(loss), epoch)
    assert optimizer.param_groups[0]["lr"] < 0.1


def test_best_counts_epochs_without_improvement_in_a_row() -> None:
    best = Best("val_loss")
    assert [best.update(val(loss), i) for i, loss in enumerate([2.0, 1.5, 1.6, 1.5, 1.4])] == [
        True, True, False, False, True
    ]  # fmt: skip
    assert (best.epoch, best.bad) == (4, 0)


def test_an_improvement_below_min_delta_is_none() -> None:
    best = Best("val_loss", min_delta=0.1)
    best.update(val(1.0), 0)
    assert not best.update(val(0.95), 1)
    assert best.update(val(0.85), 2)


def test_of_equal_values_the_lower_loss_is_better_then_the_earlier_epoch() -> None:
    assert chosen(Best("val_top1"), (0.5, 2.0), (0.5, 1.0), (0.5, 1.5), (0.4, 0.1)) == 2
    assert chosen(Best("val_top1"), (0.5, 1.0), (0.5, 1.0)) == 1
    assert chosen(Best("val_loss"), (0.5, 1.0), (0.9, 1.0)) == 1


def test_a_tie_with_a_lower_loss_restarts_the_patience() -> None:
    best = Best("val_top1")
    chosen(best, (0.5, 2.0), (0.5, 1.9), (0.5, 1.8), (0.5, 1.85))
    assert best.bad == 1


def test_where_an_improvement_has_to_exceed_a_delta_a_tie_is_none() -> None:
    assert chosen(Best("val_top1", min_delta=0.01), (0.5, 2.0), (0.5, 1.0)) == 1


def test_a_nan_is_worse_than_any_number_and_the_first_epoch_is_always_chosen() -> None:
    nan = float("nan")
    assert chosen(Best("val_top1"), (nan, 1.0)) == 1
    assert chosen(Best("val_top1"), (nan, 1.0), (0.0, 3.0), (nan, 0.1)) == 2
    assert chosen(Best("val_top1"), (0.5, nan), (0.5, 3.0), (0.5, nan)) == 2


def test_the_plateau_takes_no_tie_for_an_improvement_as_torch_does_not() -> None:
    spec = recipe(kind="plateau", metric="val_top1", patience=1, factor=0.5)
    ours = Plateau.of(spec.schedule)
    for epoch, loss in enumerate((3.0, 2.0, 1.0), start=1):
        ours.update(spec.schedule, val(loss), epoch)
    assert ours.scale == 0.5


def test_a_checkpoint_from_before_ties_were_broken_still_loads() -> None:
    old = {"metric": "val_top1", "min_delta": 0.0, "value": 0.5, "epoch": 3, "bad": 1}
    best = Best(**old)
    assert best.update(val(1.0, 0.6), 4)
    assert not best.update(val(2.0, 0.6), 5)


def test_early_stopping_watches_what_selects_unless_it_names_another() -> None:
    def watched(**changes: Any) -> str:
        best = stopper(RecipeSpec.model_validate({"early_stopping": {"patience": 3}, **changes}))
        assert best is not None
        return best.metric

    assert watched() == "val_top1"
    assert watched(select="val_balanced_accuracy") == "val_balanced_accuracy"
    assert watched(early_stopping={"metric": "val_loss"}) == "val_loss"
    assert stopper(RecipeSpec()) is None

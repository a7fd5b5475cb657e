"""Learning rates are those of torch's schedulers; stopping counts epochs as it says."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bench.records import ValMetrics
from bench.spec import RecipeSpec, ScheduleSpec
from bench.train.schedule import Best, Plateau, rate

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


def val(loss: float) -> ValMetrics:
    return ValMetrics(0.5, 0.9, loss, 0.5, 10)


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

"""The learning rate over time, and when to stop: plain state, so that a run goes on exactly where it was."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.records import ValMetrics
from bench.spec import EarlyStoppingSpec, Metric, RecipeSpec, ScheduleSpec
from bench.train.evaluate import value_of


def rate(recipe: RecipeSpec, epoch: int, step: int, steps: int, plateau: float = 1.0) -> float:
    """Return the learning rate of one step; `epoch` and `step` count from 0, `steps` make an epoch.

    Step and cosine schedules change between epochs, as torch's StepLR and CosineAnnealingLR stepped once an epoch;
    the warm-up before them rises linearly from step to step. `plateau` is the factor of a `Plateau`.
    """
    schedule = recipe.schedule
    done = epoch + (step + 1) / steps
    if schedule.warmup_epochs and done <= schedule.warmup_epochs:
        return recipe.lr * done / schedule.warmup_epochs
    at = max(0, epoch - math.ceil(schedule.warmup_epochs))
    if schedule.kind == "step":
        return float(recipe.lr * schedule.gamma ** (at // schedule.step_size))
    if schedule.kind == "cosine":
        length = schedule.t_max or max(1, recipe.epochs - math.ceil(schedule.warmup_epochs))
        wave = 0.5 * (1 + math.cos(math.pi * at / length))
        return schedule.min_lr + (recipe.lr - schedule.min_lr) * wave
    if schedule.kind == "plateau":
        return max(recipe.lr * plateau, schedule.min_lr)
    return recipe.lr


@dataclass
class Best:
    """The best value of a validation metric so far, and how many epochs in a row brought none better."""

    metric: Metric
    min_delta: float = 0.0
    value: float = -math.inf
    epoch: int = 0
    bad: int = 0

    def update(self, val: ValMetrics, epoch: int) -> bool:
        """Take in one epoch; says whether it is the best so far."""
        value = value_of(val, self.metric)
        if value > self.value + self.min_delta:
            self.value, self.epoch, self.bad = value, epoch, 0
            return True
        self.bad += 1
        return False


@dataclass
class Plateau:
    """Multiplies the learning rate by `factor` after more than `patience` epochs without a better metric.

    The same as torch's ReduceLROnPlateau with threshold 0.
    """

    best: Best
    scale: float = 1.0

    @classmethod
    def of(cls, schedule: ScheduleSpec) -> Plateau:
        """Start one for a schedule."""
        return cls(Best(schedule.metric))

    def update(self, schedule: ScheduleSpec, val: ValMetrics, epoch: int) -> None:
        """Take in one epoch."""
        self.best.update(val, epoch)
        if schedule.kind == "plateau" and self.best.bad > schedule.patience:
            self.scale *= schedule.factor
            self.best.bad = 0


def stopper(spec: EarlyStoppingSpec | None) -> Best | None:
    """Start early stopping; None where a recipe has none."""
    return Best(spec.metric, spec.min_delta) if spec else None

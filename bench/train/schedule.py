"""The learning rate over time, and when to stop: plain state, so that a run goes on exactly where it was."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.metrics.accuracy import value_of
from bench.records.runs import ValMetrics
from bench.spec import Metric, RecipeSpec, ScheduleSpec


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
    """The best value of a validation metric so far, and for how many epochs in a row there was none better.

    Of equal values the one with the lower validation loss is better, then the earlier one. Not so with `strict`,
    nor where an improvement has to exceed a `min_delta`. A NaN is worse than any number.
    """

    metric: Metric
    min_delta: float = 0.0
    value: float = -math.inf
    epoch: int = 0
    bad: int = 0
    loss: float = math.inf
    strict: bool = False

    def update(self, val: ValMetrics, epoch: int) -> bool:
        """Add one epoch; return whether it is the best so far. The first one always is."""
        value = value_of(val, self.metric)
        value = -math.inf if math.isnan(value) else value
        first = self.value == -math.inf and self.loss == math.inf
        if first or value > self.value + self.min_delta or self._wins_tie(value, val.loss):
            self.value, self.loss, self.epoch, self.bad = value, val.loss, epoch, 0
            return True
        self.bad += 1
        return False

    def _wins_tie(self, value: float, loss: float) -> bool:
        decides = not self.strict and self.min_delta == 0
        return decides and value == self.value and (loss < self.loss or math.isnan(self.loss) > math.isnan(loss))


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
        return cls(Best(schedule.metric, strict=True))

    def update(self, schedule: ScheduleSpec, val: ValMetrics, epoch: int) -> None:
        """Take in one epoch."""
        self.best.update(val, epoch)
        if schedule.kind == "plateau" and self.best.bad > schedule.patience:
            self.scale *= schedule.factor
            self.best.bad = 0


def stopper(recipe: RecipeSpec) -> Best | None:
    """Start early stopping, on the metric that selects unless the recipe names another; None without it."""
    spec = recipe.early_stopping
    return Best(spec.metric or recipe.select, spec.min_delta) if spec else None

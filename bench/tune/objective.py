"""What a search listens to: validation metrics, by their type. Nothing here can be given test metrics."""

from __future__ import annotations

import math
from collections.abc import Iterable

from bench.errors import BenchError, unknown_name
from bench.records.runs import ValMetrics
from bench.spec import Metric

METRICS: tuple[Metric, ...] = ("val_top1", "val_loss", "val_balanced_accuracy")


def metric_name(text: str) -> Metric:
    """Read a metric's name. Raises BenchError for one that no search goes by."""
    found = next((name for name in METRICS if name == text), None)
    if found is None:
        raise unknown_name("metric", text, METRICS, BenchError)
    return found


def objective(val: ValMetrics, metric: Metric) -> float:
    """Return what a trial is worth: a metric at the epoch that val chose."""
    return float(getattr(val, metric.removeprefix("val_")))


def is_less_better(metric: Metric) -> bool:
    """Say whether a smaller value is better."""
    return metric == "val_loss"


def best_until(vals: Iterable[ValMetrics], metric: Metric) -> float | None:
    """Return the best value of a run's epochs so far; None where none of them is a finite number."""
    values = [value for val in vals if math.isfinite(value := objective(val, metric))]
    if not values:
        return None
    return min(values) if is_less_better(metric) else max(values)

"""Every quantity that a table or an axis can show: its name, its unit, which way is better, what to beware of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from bench.errors import BenchError, unknown_name
from bench.units import Unit


@dataclass(frozen=True)
class Column:
    """One quantity. `title` heads a table, `label` names an axis.

    `test` marks what looks at test data and so never ranks; `hardware` what compares only on equal hardware;
    `timed` what other work on the machine lengthens; `log` what is drawn on a logarithmic axis unless asked
    otherwise.
    """

    key: str
    title: str
    label: str
    unit: Unit
    better: Literal["more", "less", "neither"] = "less"
    test: bool = False
    hardware: bool = False
    timed: bool = False
    log: bool = False

    @property
    def quantity(self) -> str:
        """The label without its unit, as it stands within a sentence."""
        name = self.label.partition(" (")[0]
        return name if name[1].isupper() else name[0].lower() + name[1:]


_ALL = (
    Column("backbone", "backbone", "Backbone", "text", "neither"),
    Column("weights", "weights", "Weights", "text", "neither"),
    Column("family", "family", "Family", "text", "neither"),
    Column("strategy", "strategy", "Strategy", "text", "neither"),
    Column("recipe_name", "recipe", "Recipe", "text", "neither"),
    Column("image_size", "px", "Image size in pixels", "count", "neither"),
    Column("precision", "precision", "Precision", "text", "neither"),
    Column("run", "run", "First run", "text", "neither"),
    Column("tried", "tried", "Configurations tried", "count", "neither"),
    Column("val_top1", "val %", "Validation top-1 (%)", "fraction", "more"),
    Column("val_top5", "val top-5 %", "Validation top-5 (%)", "fraction", "more"),
    Column("val_macro_f1", "val macro-F1 %", "Validation macro-F1 (%)", "fraction", "more"),
    Column("val_balanced_accuracy", "val balanced %", "Validation balanced accuracy (%)", "fraction", "more"),
    Column("test_top1", "test %", "Test top-1 (%)", "fraction", "more", test=True),
    Column("test_top5", "test top-5 %", "Test top-5 (%)", "fraction", "more", test=True),
    Column("test_macro_f1", "test macro-F1 %", "Test macro-F1 (%)", "fraction", "more", test=True),
    Column(
        "test_balanced_accuracy", "test balanced %", "Test balanced accuracy (%)", "fraction", "more", test=True
    ),
    Column("majority_share", "majority %", "Most frequent class in train (%)", "fraction", "neither"),
    Column(
        "val_majority_top1",
        "val majority %",
        "Validation top-1 of naming train's most frequent class (%)",
        "fraction",
        "neither",
    ),
    Column(
        "test_majority_top1",
        "test majority %",
        "Test top-1 of naming train's most frequent class (%)",
        "fraction",
        "neither",
        test=True,
    ),
    Column("last_test_top1", "last epoch %", "Test top-1, last epoch (%)", "fraction", "more", test=True),
    Column("best_on_test_top1", "best on test %", "Best test top-1, any epoch (%)", "fraction", "more", test=True),
    Column("trainable_params", "trainable", "Trained parameters", "count", log=True),
    Column(
        "trainable_backbone_params",
        "trainable backbone",
        "Trained backbone parameters",
        "count",
        log=True,
    ),
    Column("total_params", "total", "Total parameters", "count", log=True),
    Column("gmacs", "GMACs", "GMACs per image", "gmacs", log=True),
    Column("train_gmacs", "train GMACs", "Training GMACs per image", "gmacs", log=True),
    Column("standalone_s", "time alone", "Stand-alone time (s)", "seconds", hardware=True, timed=True, log=True),
    Column("train_s", "training time", "Training time (s)", "seconds", hardware=True, timed=True, log=True),
    Column("cpu_s", "CPU time", "CPU time (s)", "seconds", hardware=True, timed=True, log=True),
    Column("load", "load", "Cores busy with other work", "rate", "neither", hardware=True),
    Column("slowdown", "slowdown", "Slowdown of a fixed product", "rate", "neither", hardware=True),
    Column("epochs", "epochs", "Epochs", "count"),
    Column("optimizer_steps", "steps", "Optimizer steps", "count", log=True),
    Column("latency_1_s", "latency", "Latency of one image (s)", "seconds", hardware=True, timed=True, log=True),
    Column(
        "latency_batched_s",
        "latency batched",
        "Latency per image, batched (s)",
        "seconds",
        hardware=True,
        timed=True,
        log=True,
    ),
    Column("images_per_s", "images/s", "Images per second", "rate", "more", hardware=True, timed=True, log=True),
    Column("peak_memory_bytes", "peak memory", "Peak memory (bytes)", "bytes", hardware=True, log=True),
    Column("stored_bytes", "stored", "Stored bytes", "bytes", log=True),
)

COLUMNS = {column.key: column for column in _ALL}

NEVER_RANKS = ("last_test_top1", "best_on_test_top1")
"""Accuracies that chose their epoch by nothing, or by test: shown apart, to show what peeking would flatter."""

OF_THE_GROUP = ("tried",)
"""What is known of a group and of none of its runs."""

COSTS = tuple(column.key for column in _ALL if column.better == "less")
"""What a Pareto front may weigh against validation accuracy."""


USUAL_COSTS = ("trainable_params", "gmacs", "total_params", "train_gmacs")
"""The costs that a board weighs when none is asked for, in this order: the first one that tells its rows apart."""

_APART = 1.1
"""Two values of a cost count as apart when the larger is at least so many times the smaller."""


def telling_cost(values: Callable[[str], Iterable[float | None]]) -> Column:
    """Return the usual cost that tells rows apart, given each row's value by the cost's key.

    That is the first one whose largest value is a tenth above its smallest; without one, the first that differs at
    all; without that, the trained parameters.
    """
    known = {key: [value for value in values(key) if value is not None] for key in USUAL_COSTS}
    apart = [key for key, found in known.items() if found and max(found) >= _APART * min(found) > 0]
    differs = [key for key, found in known.items() if len(set(found)) > 1]
    return COLUMNS[[*apart, *differs, USUAL_COSTS[0]][0]]


def column(key: str) -> Column:
    """Return a column by its key; an unknown one is an error that lists the valid ones."""
    if key not in COLUMNS:
        raise unknown_name("column", key, COLUMNS, BenchError)
    return COLUMNS[key]


def cost(key: str) -> Column:
    """Return a cost by its key; what is no cost is an error that lists the costs."""
    if key not in COSTS:
        raise unknown_name("cost", key, COSTS, BenchError)
    return COLUMNS[key]

"""Every quantity that a table or an axis can show, each declared once: its names, unit, definition and source.

To add one, add a `Column` to `_ALL`; every table, export, plot and the methods page take it from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from bench.errors import BenchError, unknown_name
from bench.report.board.rows import family
from bench.store.rows import RunHeads, RunRow
from bench.units import Unit

_SPEC, _PLAN, _MEASURED = "the run's spec", "counted before training", "measured by the run"
_STORED_AS: dict[Unit, str] = {
    "text": "name",
    "fraction": "fraction of images, shown in percent",
    "gmacs": "1e9 multiply-accumulates",
    "seconds": "seconds",
    "bytes": "bytes",
}


@dataclass(frozen=True)
class Column:
    """One quantity. `key` names it in JSON and CSV, `title` heads a table, `label` names an axis.

    A quantity that is better when smaller is a cost, which a Pareto front may weigh. The methods page prints
    `definition`, `stored_as` (default: how its unit is stored) and `source`. Flags: `test`, computed on test data,
    so that it never ranks; `never_ranks`, an accuracy whose epoch nothing or test chose; `hardware`, comparable
    only on equal hardware; `timed`, lengthened by other work; `log`, on a logarithmic axis by default; `of_group`,
    an attribute of a group and of none of its runs. `read` derives the value from the stored columns `reads`;
    without it, the value is the stored column `key`.
    """

    key: str
    title: str
    label: str
    unit: Unit
    better: Literal["more", "less", "neither"] = "less"
    definition: str = ""
    stored_as: str = ""
    source: str = _MEASURED
    test: bool = False
    never_ranks: bool = False
    hardware: bool = False
    timed: bool = False
    log: bool = False
    of_group: bool = False
    read: Callable[[RunRow], Any] | None = None
    reads: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The label without its unit."""
        return self.label.partition(" (")[0]

    @property
    def quantity(self) -> str:
        """The name as it stands within a sentence."""
        return self.name if self.name[1].isupper() else self.name[0].lower() + self.name[1:]

    @property
    def heading(self) -> str:
        """The title above a table; a dagger marks what never ranks."""
        return f"{self.title} †" if self.never_ranks else self.title

    @property
    def stored_unit(self) -> str:
        """The unit that values are stored in."""
        return self.stored_as or _STORED_AS[self.unit]

    @property
    def remark(self) -> str:
        """What to beware of: that it never ranks, looks at test, or compares on one hardware only."""
        if self.never_ranks:
            return "never ranks"
        if self.test:
            return "only reported"
        return "same hardware only" if self.hardware else ""

    def of(self, row: RunRow) -> Any:
        """Return a run's value, stored or derived; None if there is none."""
        return self.read(row) if self.read else getattr(row, self.key)

    def is_disturbed(self, row: RunRow) -> bool:
        """Whether a run's value is a time that was measured beside other work or on a slowed machine."""
        return self.timed and bool(row.disturbed)


def _short_id(row: RunRow) -> str:
    return row.run_id[:8]


def _weights(row: RunRow) -> str:
    return row.weights_tag or row.weights_source


def _latency_batched_s(row: RunRow) -> float | None:
    if row.latency_batch_s is None or not row.latency_batch_size:
        return None
    return row.latency_batch_s / row.latency_batch_size


# fmt: off
_ALL = (
    Column("backbone", "backbone", "Backbone", "text", "neither", source=_SPEC,
        definition="The pretrained feature extractor, by its name in timm or torchvision."),
    Column("weights", "weights", "Weights", "text", "neither", source=_SPEC, read=_weights,
        reads=("weights_tag", "weights_source"),
        definition="The checkpoint that the backbone starts from; where it has no tag, where it comes from."),
    Column("family", "family", "Family", "text", "neither", source="the registry, when the run was planned",
        read=family, reads=("family", "backbone"),
        definition="The group of architectures that the registry puts the backbone in; else the first word of "
                   "its name."),
    Column("strategy", "strategy", "Strategy", "text", "neither", source=_SPEC,
        definition="Which parameters train besides the new head, which always does. Of an ensemble, how it "
                   "combines."),
    Column("recipe_name", "recipe", "Recipe", "text", "neither", source="the request",
        definition="The named recipe that the run's own is made from; the spec holds every key of it."),
    Column("image_size", "px", "Image size in pixels", "count", "neither", stored_as="pixels", source=_SPEC,
        definition="Height and width of the images as the backbone sees them."),
    Column("precision", "precision", "Precision", "text", "neither", source=_SPEC,
        definition="What the forward and backward pass compute in: fp32, or autocast to bf16 or fp16."),
    Column("run", "run", "First run", "text", "neither", stored_as="id", source=_SPEC, read=_short_id,
        reads=("run_id",),
        definition="The first digits of a run's id, the SHA-256 of its spec; of several seeds the lowest one's."),
    Column("tried", "tried", "Configurations tried", "count", "neither", stored_as="configurations",
        source="counted in the whole database", of_group=True,
        definition="Specs of the same backbone, strategy and data that differ in more than their seed and have "
                   "ended: also pruned, failed and diverged ones."),
    Column("val_top1", "val %", "Validation top-1 (%)", "fraction", "more",
        definition="Share of validation images whose highest score is their class, at the epoch that validation "
                   "chose. It ranks."),
    Column("val_top5", "val top-5 %", "Validation top-5 (%)", "fraction", "more",
        definition="Share of validation images whose class is among the five highest scores, at that epoch."),
    Column("val_macro_f1", "val macro-F1 %", "Validation macro-F1 (%)", "fraction", "more",
        stored_as="fraction, shown in percent",
        definition="Mean over classes of the harmonic mean of precision and recall on validation, every class "
                   "with the same weight."),
    Column("val_balanced_accuracy", "val balanced %", "Validation balanced accuracy (%)", "fraction", "more",
        definition="Mean over the classes that are present of the share of their images that are right: top-1 "
                   "if every class had as many images."),
    Column("test_top1", "test %", "Test top-1 (%)", "fraction", "more", test=True,
        definition="Share of test images whose highest score is their class, at the epoch that validation "
                   "chose."),
    Column("test_top5", "test top-5 %", "Test top-5 (%)", "fraction", "more", test=True,
        definition="Share of test images whose class is among the five highest scores, at that epoch."),
    Column("test_macro_f1", "test macro-F1 %", "Test macro-F1 (%)", "fraction", "more",
        stored_as="fraction, shown in percent", test=True,
        definition="Mean over classes of the harmonic mean of precision and recall on test, at that epoch."),
    Column("test_balanced_accuracy", "test balanced %", "Test balanced accuracy (%)", "fraction", "more",
        test=True,
        definition="The same on test, at the epoch that validation chose."),
    Column("majority_share", "majority %", "Most frequent class in train (%)", "fraction", "neither",
        definition="Share of the training images that are of the most frequent class."),
    Column("val_majority_top1", "val majority %", "Validation top-1 of naming train's most frequent class (%)",
        "fraction", "neither",
        definition="Validation top-1 of a model that names the most frequent class of train for every image."),
    Column("test_majority_top1", "test majority %", "Test top-1 of naming train's most frequent class (%)",
        "fraction", "neither", test=True,
        definition="Test top-1 of a model that names the most frequent class of train for every image."),
    Column("last_test_top1", "last epoch %", "Test top-1, last epoch (%)", "fraction", "more", test=True,
        never_ranks=True,
        definition="Test top-1 after the last epoch, whatever validation says of it."),
    Column("best_on_test_top1", "best on test %", "Best test top-1, any epoch (%)", "fraction", "more",
        test=True, never_ranks=True,
        definition="The highest test top-1 of any epoch, there where looking was free or asked for."),
    Column("trainable_params", "trainable", "Trained parameters", "count", stored_as="parameters", source=_PLAN,
        log=True,
        definition="Parameters that train, the head's in. Running statistics are never parameters."),
    Column("trainable_backbone_params", "trainable backbone", "Trained backbone parameters", "count",
        stored_as="parameters", source=_PLAN, log=True,
        definition="Parameters that train, the head's left out."),
    Column("total_params", "total", "Total parameters", "count", stored_as="parameters", source=_PLAN, log=True,
        definition="Parameters of backbone and head."),
    Column("gmacs", "GMACs", "GMACs per image", "gmacs", source=_PLAN, log=True,
        definition="Multiply-accumulates of one forward pass of one image: convolutions, linear layers and "
                   "matrix products, attention unfused, and nothing else. Twice that is GFLOPs; some papers "
                   "call multiply-accumulates FLOPs."),
    Column("train_gmacs", "train GMACs", "Training GMACs per image", "gmacs", source=_PLAN, log=True,
        definition="The forward pass, and of each product once more for each of its factors that a gradient has "
                   "to reach."),
    Column("standalone_s", "time alone", "Stand-alone time (s)", "seconds", hardware=True, timed=True, log=True,
        definition="What the run would take alone: its training and evaluation, and what comes before them and "
                   "may be shared: the whole of the feature pass for its frontier, or, where nothing is kept, "
                   "decoding and resizing its images once."),
    Column("train_s", "training time", "Training time (s)", "seconds", hardware=True, timed=True, log=True,
        definition="Its training steps. Of heads that trained together: its steps times the seconds of one step "
                   "of one head alone, measured beside them."),
    Column("cpu_s", "CPU time", "CPU time (s)", "seconds", hardware=True, timed=True, log=True,
        definition="CPU seconds of what `standalone_s` is made of, all threads added up, without processes that "
                   "load images; with an accelerator, those of the host."),
    Column("load", "load", "Cores busy with other work", "rate", "neither", stored_as="cores",
        source="the system's counters, when the time was measured", hardware=True,
        definition="How many cores other processes kept busy on average while `standalone_s` was measured."),
    Column("slowdown", "slowdown", "Slowdown of a fixed product", "rate", "neither", stored_as="times",
        source="a product timed beside the run", hardware=True,
        definition="How many times as long as at its best on this machine a fixed matrix product took, before "
                   "and after what was timed."),
    Column("epochs", "epochs", "Epochs", "count", stored_as="epochs",
        definition="Epochs trained, early stopping in; of L-BFGS, weight decays of its grid."),
    Column("optimizer_steps", "steps", "Optimizer steps", "count", stored_as="steps", log=True,
        definition="Steps of the optimizer over all epochs."),
    Column("latency_1_s", "latency", "Latency of one image (s)", "seconds", hardware=True, timed=True, log=True,
        definition="Median time of forward passes of one image alone through the whole model."),
    Column("latency_batched_s", "latency batched", "Latency per image, batched (s)", "seconds",
        stored_as="seconds an image", hardware=True, timed=True, log=True, read=_latency_batched_s,
        reads=("latency_batch_s", "latency_batch_size"),
        definition="Median time of forward passes of one batch, over the images in it."),
    Column("images_per_s", "images/s", "Images per second", "rate", "more", stored_as="images a second",
        hardware=True, timed=True, log=True,
        definition="Training images x epochs over the seconds of training."),
    Column("peak_memory_bytes", "peak memory", "Peak memory (bytes)", "bytes", hardware=True, log=True,
        definition="The largest resident size of the process, or on a GPU what its allocator held at most."),
    Column("stored_bytes", "stored", "Stored bytes", "bytes", log=True,
        definition="Parameters and statistics that the run changed: what has to be kept beside the backbone."),
)
# fmt: on

COLUMNS = {column.key: column for column in _ALL}

NEVER_RANKS = tuple(column.key for column in _ALL if column.never_ranks)

USUAL_COSTS = ("trainable_params", "gmacs", "total_params", "train_gmacs")
"""The costs that a board weighs by default, in this order: the first one that tells its rows apart."""

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
    costs = {name: column for name, column in COLUMNS.items() if column.better == "less"}
    if key not in costs:
        raise unknown_name("cost", key, costs, BenchError)
    return costs[key]


OF_HEADS = Column(
    key="",
    title="TARGET val %",
    label="Columns of single heads",
    unit="fraction",
    definition="Of a run with several targets each accuracy is the mean over its heads, and each head has a "
    "column of its own; `contradict` is the share of images that are given a class outside the group that another "
    "head names.",
)
"""What `head_columns` have in common, for the methods page."""


def head_columns(heads: RunHeads) -> list[Column]:
    """Return the columns that boards of joint runs have beside the others; none for runs with one head."""
    pairs = {each[1:3] for each in heads.contradictions}
    accuracies = [
        Column(
            key=f"head_{row.target}_{row.split}_top1",
            title=f"{row.target} {row.split} %",
            label=f"{row.split.capitalize()} top-1 of {row.target} (%)",
            unit="fraction",
            better="more",
            test=row.split == "test",
        )
        for row in heads.metrics
    ]
    contradictions = [
        Column(
            key=f"contradiction_{each.target}_{each.group_target}_{each.split}",
            title="contradict %" if len(pairs) == 1 else f"{each.target} against {each.group_target} %",
            label=f"Share of {each.split} with a {each.target} class outside its {each.group_target} group (%)",
            unit="fraction",
            test=each.split == "test",
        )
        for each in heads.contradictions
    ]
    return accuracies + contradictions

"""What each column is, how it is counted or measured and where: an entry for every one of `columns.COLUMNS`."""

from __future__ import annotations

from typing import NamedTuple

from bench.report.board.columns import COLUMNS, NEVER_RANKS


class Definition(NamedTuple):
    """What a quantity is, in which unit it is stored, and what it is read from."""

    text: str
    unit: str
    source: str


_SPEC, _PLAN, _MEASURED = "the run's spec", "counted before training", "measured by the run"
_FRACTION = "fraction of images, shown in percent"
_SECONDS = "seconds"

DEFINITIONS: dict[str, Definition] = {
    "backbone": Definition("The pretrained feature extractor, by its name in timm or torchvision.", "name", _SPEC),
    "weights": Definition(
        "The checkpoint that the backbone starts from; where it has no tag, where it comes from.", "name", _SPEC
    ),
    "family": Definition(
        "The group of architectures that the registry puts the backbone in; else the first word of its name.",
        "name",
        "the registry, when the run was planned",
    ),
    "strategy": Definition(
        "Which parameters train besides the new head, which always does. Of an ensemble, how it combines.",
        "name",
        _SPEC,
    ),
    "recipe_name": Definition(
        "The named recipe that the run's own is made from; the spec holds every key of it.", "name", "the request"
    ),
    "image_size": Definition("Height and width of the images as the backbone sees them.", "pixels", _SPEC),
    "precision": Definition(
        "What the forward and backward pass compute in: fp32, or autocast to bf16 or fp16.", "name", _SPEC
    ),
    "run": Definition(
        "The first digits of a run's id, the SHA-256 of its spec; of several seeds the lowest one's.", "id", _SPEC
    ),
    "tried": Definition(
        "Specs of the same backbone, strategy and data that differ in more than their seed and have ended: also "
        "pruned, failed and diverged ones.",
        "configurations",
        "counted in the whole database",
    ),
    "val_top1": Definition(
        "Share of validation images whose highest score is their class, at the epoch that validation chose. It "
        "ranks.",
        _FRACTION,
        _MEASURED,
    ),
    "val_top5": Definition(
        "Share of validation images whose class is among the five highest scores, at that epoch.",
        _FRACTION,
        _MEASURED,
    ),
    "val_macro_f1": Definition(
        "Mean over classes of the harmonic mean of precision and recall on validation, every class with the same "
        "weight.",
        "fraction, shown in percent",
        _MEASURED,
    ),
    "val_balanced_accuracy": Definition(
        "Mean over the classes that are present of the share of their images that are right: top-1 if every class "
        "had as many images.",
        _FRACTION,
        _MEASURED,
    ),
    "test_top1": Definition(
        "Share of test images whose highest score is their class, at the epoch that validation chose.",
        _FRACTION,
        _MEASURED,
    ),
    "test_top5": Definition(
        "Share of test images whose class is among the five highest scores, at that epoch.", _FRACTION, _MEASURED
    ),
    "test_macro_f1": Definition(
        "Mean over classes of the harmonic mean of precision and recall on test, at that epoch.",
        "fraction, shown in percent",
        _MEASURED,
    ),
    "test_balanced_accuracy": Definition(
        "The same on test, at the epoch that validation chose.", _FRACTION, _MEASURED
    ),
    "majority_share": Definition(
        "Share of the training images that are of the most frequent class.", _FRACTION, _MEASURED
    ),
    "val_majority_top1": Definition(
        "Validation top-1 of a model that names the most frequent class of train for every image.",
        _FRACTION,
        _MEASURED,
    ),
    "test_majority_top1": Definition(
        "Test top-1 of a model that names the most frequent class of train for every image.", _FRACTION, _MEASURED
    ),
    "last_test_top1": Definition(
        "Test top-1 after the last epoch, whatever validation says of it.", _FRACTION, _MEASURED
    ),
    "best_on_test_top1": Definition(
        "The highest test top-1 of any epoch, there where looking was free or asked for.", _FRACTION, _MEASURED
    ),
    "trainable_params": Definition(
        "Parameters that train, the head's in. Running statistics are never parameters.", "parameters", _PLAN
    ),
    "trainable_backbone_params": Definition("Parameters that train, the head's left out.", "parameters", _PLAN),
    "total_params": Definition("Parameters of backbone and head.", "parameters", _PLAN),
    "gmacs": Definition(
        "Multiply-accumulates of one forward pass of one image: convolutions, linear layers and matrix products, "
        "attention unfused, and nothing else. Twice that is GFLOPs; some papers call multiply-accumulates FLOPs.",
        "1e9 multiply-accumulates",
        _PLAN,
    ),
    "train_gmacs": Definition(
        "The forward pass, and of each product once more for each of its factors that a gradient has to reach.",
        "1e9 multiply-accumulates",
        _PLAN,
    ),
    "standalone_s": Definition(
        "What the run would take alone: its training and evaluation, and what comes before them and may be "
        "shared: the whole of the feature pass for its frontier, or, where nothing is kept, decoding and resizing "
        "its images once.",
        _SECONDS,
        _MEASURED,
    ),
    "train_s": Definition(
        "Its training steps. Of heads that trained together: its steps times the seconds of one step of one head "
        "alone, measured beside them.",
        _SECONDS,
        _MEASURED,
    ),
    "cpu_s": Definition(
        "CPU seconds of what `standalone_s` is made of, all threads added up, without processes that load images; "
        "with an accelerator, those of the host.",
        _SECONDS,
        _MEASURED,
    ),
    "load": Definition(
        "How many cores other processes kept busy on average while `standalone_s` was measured.",
        "cores",
        "the system's counters, when the time was measured",
    ),
    "slowdown": Definition(
        "How many times as long as at its best on this machine a fixed matrix product took, before and after what "
        "was timed.",
        "times",
        "a product timed beside the run",
    ),
    "epochs": Definition(
        "Epochs trained, early stopping in; of L-BFGS, weight decays of its grid.", "epochs", _MEASURED
    ),
    "optimizer_steps": Definition("Steps of the optimizer over all epochs.", "steps", _MEASURED),
    "latency_1_s": Definition(
        "Median time of forward passes of one image alone through the whole model.", _SECONDS, _MEASURED
    ),
    "latency_batched_s": Definition(
        "Median time of forward passes of one batch, over the images in it.", "seconds an image", _MEASURED
    ),
    "images_per_s": Definition(
        "Training images x epochs over the seconds of training.", "images a second", _MEASURED
    ),
    "peak_memory_bytes": Definition(
        "The largest resident size of the process, or on a GPU what its allocator held at most.",
        "bytes",
        _MEASURED,
    ),
    "stored_bytes": Definition(
        "Parameters and statistics that the run changed: what has to be kept beside the backbone.",
        "bytes",
        _MEASURED,
    ),
}
"""Column key -> its definition."""

OF_HEADS = Definition(
    "Of a run with several targets each accuracy is the mean over its heads, and each head has a column of its "
    "own; `contradict` is the share of images that are given a class outside the group that another head names.",
    _FRACTION,
    _MEASURED,
)
"""What boards of joint runs show beside these, in columns named after their targets."""


def remarks(key: str) -> str:
    """Say what to beware of in a column: that it never ranks, looks at test, or compares on one hardware only."""
    column = COLUMNS[key]
    if key in NEVER_RANKS:
        return "never ranks"
    if column.test:
        return "only reported"
    return "same hardware only" if column.hardware else ""

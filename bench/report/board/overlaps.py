"""Which pretraining sets have seen a dataset's images, as the registry says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.store.rows import RunRow

Overlaps = Mapping[str, Sequence[str]]
"""Dataset name -> the pretraining sets that share images with it."""

_TAGS = {
    "in1k": "imagenet-1k",
    "imagenet1k": "imagenet-1k",
    "in12k": "imagenet-12k",
    "in21k": "imagenet-21k",
    "in22k": "imagenet-21k",
    "laion": "laion-2b",
}
"""How words of timm's and torchvision's tags begin -> the set that they name."""


def known_overlaps(folders: Iterable[Path] | None = None) -> Overlaps:
    """Read the overlaps of every dataset in the registry and its plug-ins; `folders` are those of `--registry`."""
    from bench.registry.entries import DatasetEntry  # noqa: PLC0415 - only where a page or table is shown
    from bench.registry.loading import Registry  # noqa: PLC0415 - the same

    return {
        entry.name: entry.overlaps for entry in Registry.load(folders or ()).all(DatasetEntry) if entry.overlaps
    }


def overlap_note(dataset: str, overlaps: Overlaps) -> str:
    """Say which pretraining sets have seen a dataset's images; empty where none is known."""
    if not (seen := overlaps.get(dataset)):
        return ""
    return f"{dataset} shares images with {' and '.join(seen)}: weights pretrained there have seen some of them."


def pretraining_sets(row: RunRow) -> tuple[str, ...] | None:
    """Return what a run's weights were pretrained on, as their tag says; None where it says nothing."""
    if row.weights_source == "none" or row.strategy == "scratch":
        return ()
    words = re.split(r"[^a-z0-9]+", row.weights_tag.lower())
    found = {name for word in words for start, name in _TAGS.items() if word.startswith(start)}
    return tuple(sorted(found)) or None


def seen_note(dataset: str, row: RunRow, overlaps: Overlaps) -> str:
    """Say whether a run's backbone was pretrained on images of another dataset; empty where none is known."""
    shared, pretrained = overlaps.get(dataset, ()), pretraining_sets(row)
    if not shared or pretrained == ():
        return ""
    tag = row.weights_tag or row.weights_source
    if pretrained is None:
        return (
            f"{dataset} shares images with {' and '.join(shared)}; whether the weights {tag} were pretrained on "
            "them is not known."
        )
    if not (seen := [name for name in pretrained if name in shared]):
        return ""
    return (
        f"{dataset} shares images with {' and '.join(seen)}, on which the weights {tag} were pretrained: the "
        "backbone has seen some of these images."
    )

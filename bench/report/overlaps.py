"""Which pretraining sets have seen a dataset's images, as the registry says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Overlaps = Mapping[str, Sequence[str]]
"""Dataset name -> the pretraining sets that share images with it."""


def known_overlaps(folders: Iterable[Path] | None = None) -> Overlaps:
    """Read the overlaps of every dataset in the registry and its plug-ins; `folders` are those of `--registry`."""
    from bench.entries import DatasetEntry  # noqa: PLC0415 - only where a page or table is shown
    from bench.registry import Registry  # noqa: PLC0415 - the same

    return {
        entry.name: entry.overlaps for entry in Registry.load(folders or ()).all(DatasetEntry) if entry.overlaps
    }


def overlap_note(dataset: str, overlaps: Overlaps) -> str:
    """Say which pretraining sets have seen a dataset's images; empty where none is known."""
    if not (seen := overlaps.get(dataset)):
        return ""
    return f"{dataset} shares images with {' and '.join(seen)}: weights pretrained there have seen some of them."

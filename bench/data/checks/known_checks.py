"""The check of a dataset that a run saw, if data with its fingerprint was read on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

FindCheck = Callable[[str, str, float], Mapping[str, Any] | None]
"""A dataset's name, its fingerprint and the share of train that validates -> its check as plain data."""


def known_check(name: str, fingerprint: str, val_fraction: float) -> Mapping[str, Any] | None:
    """Return the check made with the manifest of this fingerprint, as `bench.data.checks.check_record` has it."""
    from bench.data.checks.check_record import check_record  # noqa: PLC0415 - only for reports that show it
    from bench.data.manifest_files import manifest_of  # noqa: PLC0415
    from bench.registry.entries import DatasetEntry  # noqa: PLC0415

    manifest = manifest_of(fingerprint)
    if manifest is None:
        return None
    classes = len(manifest.class_names(manifest.default_target))
    entry = DatasetEntry(name=name, reader=manifest.reader, num_classes=classes, val_fraction=val_fraction)
    return check_record(manifest, entry)

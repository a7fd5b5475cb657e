"""What the classes of a run are called: as the dataset's manifest has it, or the run's own trained weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.errors import StoreError
from bench.store.artifacts import Artifacts
from bench.store.rows import StoredRun

Names = Mapping[str, tuple[str, ...]]
"""Target -> its class names, in the order of its logits."""


@dataclass(frozen=True)
class ClassNames:
    """The class names that are known of a run, by target; `missing` says of the others why they are not."""

    names: Names = field(default_factory=dict)
    missing: str = ""


def class_names(stored: StoredRun, artifacts: Artifacts) -> ClassNames:
    """Find the names of a run's classes: data with its fingerprint was read here, or its weights were kept."""
    row, targets = stored.row, stored.row.target.split("+")
    found = dict(_of_manifest(row.fingerprint) if row.fingerprint else {})
    if any(target not in found for target in targets):
        found = {**_of_weights(artifacts, row.run_id), **found}
    names = {target: found[target] for target in targets if target in found}
    if len(names) == len(targets):
        return ClassNames(names)
    why = (
        f"the dataset {row.dataset} as the run saw it was not read on this machine, or not since its home was made"
    )
    if row.class_groups:
        why = "they are groups of the dataset's, whose names are kept beside a run's weights, and these were not"
    return ClassNames(names, f"Classes are shown by their numbers: {why}.")


def _of_manifest(fingerprint: str) -> Names:
    from bench.data.manifest_files import manifest_of  # noqa: PLC0415 - only where names are shown

    manifest = manifest_of(fingerprint)
    return manifest.classes if manifest else {}


def _of_weights(artifacts: Artifacts, run_id: str) -> Names:
    """Read the names beside a run's kept weights; none where nothing was kept, or it is damaged."""
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - only where no manifest knows the data

    try:
        artifacts.check_weights(run_id)
        with safe_open(artifacts.model_path(run_id), framework="numpy") as file:
            listed = json.loads((file.metadata() or {}).get("classes", "{}"))
        return {target: tuple(map(str, names)) for target, names in listed.items()}
    except (OSError, ValueError, AttributeError, TypeError, SafetensorError, StoreError):
        return {}

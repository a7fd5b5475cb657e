"""The file of what a run trained: tensors as safetensors, and beside them the run's id, spec and class names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from bench.disk.atomic import atomic_file, disk_errors
from bench.errors import StoreError
from bench.spec import RunSpec

KEPT_BYTES = 16 << 20
"""What takes no more than this is kept without being asked for: heads, and a few blocks."""

Classes = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class KeptWeights:
    """What training changed, by the names of `bench.models.classifier.Classifier`; class names under each target.

    `source_path` is where the weights that the run began with lay, if they were a file of the user's own.
    """

    run_id: str
    classes: Classes
    tensors: dict[str, Tensor]
    source_path: str | None = None


def is_kept(asked: bool | None, stored_bytes: int) -> bool:  # noqa: FBT001 - the command line's three-way flag
    """Say whether weights of so many bytes are kept: all or none where that was asked for, else small ones."""
    return stored_bytes <= KEPT_BYTES if asked is None else asked


def write_weights(path: Path, spec: RunSpec, classes: Classes, tensors: dict[str, Tensor]) -> None:
    """Keep what a run trained. Raises DiskFullError or StoreError where it cannot be written."""
    metadata = {"run_id": spec.run_id, "spec": spec.model_dump_json(), "classes": json.dumps(classes)}
    if spec.backbone.weights.path:
        metadata["source_path"] = spec.backbone.weights.path
    plain = {name: tensor.contiguous() for name, tensor in tensors.items()}  # convolutions lie otherwise
    with disk_errors(path), atomic_file(path) as temporary:
        save_file(plain, temporary, metadata=metadata)


def run_of(path: Path) -> str:
    """Return the id of the run whose weights a file holds. Raises StoreError for a file that is no such one."""
    try:
        with safe_open(path, framework="pt") as file:
            return str((file.metadata() or {})["run_id"])
    except (SafetensorError, OSError, KeyError) as error:
        reason = "It names no run." if isinstance(error, KeyError) else f"It cannot be read: {error}."
        raise StoreError(
            f"{path} holds no weights that bench kept.",
            reason,
            "Name a file below models/ beside a database, or a run.",
        ) from error


def read_weights(path: Path, run_id: str) -> KeptWeights:
    """Read what a run trained. Raises FileNotFoundError, StoreError where the file is damaged or another's."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        classes = {target: tuple(map(str, names)) for target, names in json.loads(metadata["classes"]).items()}
        kept = KeptWeights(metadata["run_id"], classes, tensors, metadata.get("source_path"))
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        reason = f"has no {error}" if isinstance(error, KeyError) else f"is damaged or not readable: {error}"
        raise _unusable(path, run_id, f"{path} {reason}.") from error
    if kept.run_id != run_id:
        raise _unusable(path, run_id, f"{path} holds those of run {kept.run_id[:12]}.")
    return kept


def _unusable(path: Path, run_id: str, why: str) -> StoreError:
    return StoreError(
        f"The trained weights of run {run_id[:12]} cannot be used.",
        why,
        f"Restore {path.name} from a copy, or delete it and run: bench keep {run_id[:12]}",
    )

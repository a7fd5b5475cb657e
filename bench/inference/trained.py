"""A run's trained model, brought back: the backbone that it began with, and what training changed put on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from torch import Tensor

from bench.errors import BackboneError, StoreError, WeightsError
from bench.inference.kept_weights import KEPT_BYTES, Classes, KeptWeights, read_weights
from bench.models.backbones import build
from bench.models.catalogue import catalogue
from bench.models.classifier import Classifier
from bench.spec import BackboneSpec, RunSpec
from bench.store.artifacts import Artifacts
from bench.store.finished import finished_spec
from bench.store.rows import RunRow
from bench.store.store import Store
from bench.train.checkpoint import changing_state, restore
from bench.train.loaded import Loaded, Shelf
from bench.units import show


@dataclass(frozen=True)
class Trained:
    """A finished run with its model, in evaluation mode with the weights of the epoch that val chose.

    `classes` are the class names under each target, in the order of the model's outputs, target after target.
    """

    spec: RunSpec
    row: RunRow
    model: Classifier
    classes: Classes


def load_trained(
    store: Store, prefix: str, device: torch.device, weights: Path | None = None, *, file: Path | None = None
) -> Trained:
    """Bring back the model of the run whose id begins with `prefix`; no dataset is needed.

    `weights` says where a file lies that the backbone began with, if it is not where it was; `file` holds what the
    run trained, if that is not the file beside the database. Raises StoreError
    where the run is not known, not done, or its weights were not kept or are damaged; WeightsError where the
    backbone's weights are missing or not those that the run began with; BackboneError where the backbone is gone.
    """
    stored = store.run(prefix)
    spec = finished_spec(stored)
    kept = read_weights(file, stored.row.run_id) if file else _kept(store, stored.row)
    _check_known(spec.backbone, store, stored.row)
    loaded = _begun_with(spec, kept, weights, stored.row)
    model = loaded.classifier(spec, device)
    _put(model, kept.tensors, stored.row.run_id)
    return Trained(spec, stored.row, model.eval(), kept.classes)


def begins_at(spec: RunSpec, path: Path | None) -> RunSpec:
    """Say where the file lies that a run's backbone begins with, if it is one of the user's own: no spec tells."""
    weights = spec.backbone.weights
    if weights.source != "file":
        if path is not None:
            raise WeightsError(
                f"{path} is not what {spec.backbone.name} began with.",
                f"Run {spec.run_id[:12]} began with weights from elsewhere: {weights.source} {weights.location}.",
                "Leave out --weights.",
            )
        return spec
    place = str(path or weights.location)
    if not place:
        raise WeightsError(
            f"Where the weights of {spec.backbone.name} lie is not known.",
            f"Run {spec.run_id[:12]} began with a file of one's own, and a run does not keep its place.",
            "Say where it is: --weights PATH.",
        )
    found = weights.model_copy(update={"path": place})
    return spec.model_copy(update={"backbone": spec.backbone.model_copy(update={"weights": found})})


def _kept(store: Store, row: RunRow) -> KeptWeights:
    artifacts = Artifacts.of(store)
    path = artifacts.model_path(row.run_id)
    try:
        is_stamped = artifacts.check_weights(row.run_id)
        kept = read_weights(path, row.run_id)
    except FileNotFoundError as error:
        size = row.stored_bytes or 0
        large = f", and what takes more than {show(KEPT_BYTES, 'bytes')} is kept only by --keep-checkpoints"
        raise StoreError(
            f"The trained weights of run {row.run_id[:12]} are not kept.",
            f"There is no file {path}: they take {show(size, 'bytes')}{large if size > KEPT_BYTES else ''}.",
            f"Train it once more and keep them: bench keep {row.run_id[:12]}",
        ) from error
    if not is_stamped:
        artifacts.adopt_weights(row.run_id)
    return kept


def _check_known(backbone: BackboneSpec, store: Store, row: RunRow) -> None:
    """Raise BackboneError where the installed libraries do not have the backbone any more."""
    if backbone.name in catalogue().raw:
        return
    done = [attempt for attempt in store.attempts(row.run_id) if attempt.status == "done"]
    then = done[-1].provenance.get("versions", {}).get(backbone.library) if done else None
    try:
        now = f"{backbone.library} {version(backbone.library)} does not know it"
    except PackageNotFoundError:
        now = f"{backbone.library} does not know it"
    raise BackboneError(
        f"The backbone {backbone.name} of run {row.run_id[:12]} is not there any more.",
        f"The installed {now}{f'; it was trained with {then}' if then else ''}.",
        f"Install what brought it{f', or {backbone.library}=={then}' if then else ''}.",
    )


def _begun_with(spec: RunSpec, kept: KeptWeights, weights: Path | None, row: RunRow) -> Loaded:
    """Load the backbone as it was before training; where everything of it was trained, any weights will do."""
    if _replaces(spec, kept.tensors):
        random = spec.backbone.weights.model_copy(update={"source": "none"})
        backbone = spec.backbone.model_copy(update={"weights": random})
        return Shelf().load(spec.model_copy(update={"backbone": backbone}))
    loaded = Shelf().load(begins_at(spec, weights or (Path(kept.source_path) if kept.source_path else None)))
    if loaded.weights_digest != row.weights_digest:
        raise WeightsError(
            f"The weights of {spec.backbone.name} are not those that run {row.run_id[:12]} began with.",
            f"Their SHA-256 is {loaded.weights_digest}, the run's was {row.weights_digest}.",
            "Bring back the file that it was trained from, or train it anew from the one that is there.",
        )
    return loaded


def _replaces(spec: RunSpec, tensors: Mapping[str, Tensor]) -> bool:
    state = build(spec.backbone, spec.transform.image_size, meta=True).state_dict()
    return all(f"backbone.{name}" in tensors for name in state)


def _put(model: Classifier, tensors: Mapping[str, Tensor], run_id: str) -> None:
    wanted = {name: tensor.shape for name, tensor in changing_state(model).items()}
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if wanted != found:
        differ = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        raise StoreError(
            f"The trained weights of run {run_id[:12]} do not fit its model.",
            f"{len(differ)} of {len(wanted)} tensors differ, the first is {differ[0]}.",
            "Use the versions of bench and timm that trained it (`bench show` lists them).",
        )
    restore(model, tensors)

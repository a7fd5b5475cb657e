"""Records which cache entry served a run, so that a forecast, which builds no model, knows what is cached.

The frontier of a run is found by tracing its model. What was found is noted beside the entries, by everything that
a plan knows of a run and that decides its frozen part.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.disk.atomic import write_text
from bench.environment import versions
from bench.spec import RunSpec, digest
from bench.train.frozen.cache_entry import sealed

if TYPE_CHECKING:
    from bench.train.frozen.cache import FeatureCache

LIBRARIES = ("pillow", "timm", "torch", "torchvision")
"""Versions of the libraries that decode, prepare and compute: entries of other versions are not read."""


def frozen_identity(spec: RunSpec, weights_digest: str | None) -> dict[str, object]:
    """Return what decides a frozen activation besides its place; random weights are decided by the seed."""
    return {
        "protocol": spec.protocol,
        "backbone": spec.backbone.model_dump(mode="json"),
        "weights": weights_digest,
        "seed": spec.seed if spec.backbone.weights.source == "none" else None,
        "transform": spec.transform.model_dump(mode="json"),
        "dataset": spec.dataset.fingerprint,
        "precision": spec.precision,
        "backend": spec.backend,
    }


def images_seen(spec: RunSpec) -> tuple[object, ...]:
    """Return what decides the images that a run reads: nothing if it reads the whole dataset."""
    data = spec.dataset
    return (str(data.subset), data.val_fraction, data.split_seed) if data.subset else ()


def note_served(cache: FeatureCache, spec: RunSpec, device: str, key: str) -> None:
    """Note that a run on a kind of device (`cpu`) reads an entry that is on disk."""
    if (cache.folder / key).is_dir():
        write_text(_note(cache.folder, spec, device), key, best_effort=True)


def is_kept(cache: FeatureCache, spec: RunSpec, device: str) -> bool:
    """Whether what a run reads at its frontier is on disk, as far as it was noted; no byte of it is checked."""
    whole = spec.model_copy(update={"dataset": spec.dataset.model_copy(update={"subset": None})})
    return any(_is_there(cache.folder, each, device) for each in (spec, whole))


def _is_there(folder: Path, spec: RunSpec, device: str) -> bool:
    try:
        key = _note(folder, spec, device).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return key.isalnum() and sealed(folder / key) is not None


def _note(folder: Path, spec: RunSpec, device: str) -> Path:
    recipe = spec.recipe
    views = [list(recipe.augment), recipe.views, recipe.norm_stats]
    libraries = versions([*LIBRARIES, spec.backend])
    named = [frozen_identity(spec, None), spec.strategy, spec.kept, views, device, libraries, images_seen(spec)]
    return folder / ".served" / digest(named, "served")

"""A backbone with its weights in memory, shared by the runs that begin with it."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field

import torch

from bench import strategies
from bench.hardware.device import place
from bench.models.anatomy import Anatomy
from bench.models.backbones import Pooled
from bench.models.classifier import Classifier, bare_on_meta, with_new_head
from bench.models.weights import Note, load_backbone
from bench.spec import BackboneSpec, RunSpec
from bench.train.frozen.frontier import Dissected

Key = tuple[BackboneSpec, int, float, int | None]


@dataclass
class Loaded:
    """A backbone as it starts, the digest of its checkpoint, its parts, and the width of its features."""

    key: Key
    backbone: Pooled
    weights_digest: str | None
    anatomy: Anatomy
    width: int
    dissected: Dissected | None = None

    def classifier(self, spec: RunSpec, device: torch.device) -> Classifier:
        """Put a run's head on it and apply the run's strategy; what that trains is trained in place."""
        model = with_new_head(spec, self.backbone, self.anatomy, self.width)
        return place(strategies.apply(model, spec.strategy), device)  # type: ignore[return-value]

    def frontiers(self, model: Classifier) -> Dissected:
        """Return the backbone's graph and where it may be cut, found once."""
        if self.dissected is None:
            self.dissected = Dissected(model, self.key[1])
        return self.dissected


@dataclass
class Shelf:
    """Keeps the backbone that was loaded last, as long as no run has trained it."""

    kept: Loaded | None = field(default=None)

    def load(self, spec: RunSpec, note: Note | None = None) -> Loaded:
        """Return a run's backbone as it starts; `note` and what is raised are those of `load_backbone`."""
        self.clear_for(spec)
        if self.kept is None:
            key, size = _key(spec), spec.transform.image_size
            backbone, digest = load_backbone(
                spec.backbone, size, drop_path=spec.recipe.drop_path, seed=spec.seed, note=note
            )
            twin, seen = bare_on_meta(spec.backbone, size)
            self.kept = Loaded(key, backbone, digest, twin.anatomy, seen.shape[-1])
        return self.kept

    def clear_for(self, spec: RunSpec) -> None:
        """Let go of a backbone that is not the run's: before the next is loaded, and before memory is measured."""
        if self.kept is not None and self.kept.key != _key(spec):
            self.kept = None
            gc.collect()  # graphs of torch.fx are cycles

    def forget(self) -> None:
        """Let go of a backbone whose weights have changed."""
        self.kept = None


def _key(spec: RunSpec) -> Key:
    seed = spec.seed if spec.backbone.weights.source == "none" else None
    return (spec.backbone, spec.transform.image_size, spec.recipe.drop_path, seed)

"""What a run wants kept, and under which key."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from bench import strategies
from bench.classifier import Classifier
from bench.data.augmentations import packages_of
from bench.data.manifest import Manifest
from bench.device import hardware, usual_rates
from bench.errors import BenchError
from bench.spec import RunSpec, digest
from bench.train.backends import BACKENDS
from bench.train.cache import DTYPES, Label, Layout
from bench.train.cuts import Cut
from bench.train.frontier import Allowance, Dissected, Frontier
from bench.versions import versions

LIBRARIES = ("pillow", "timm", "torch", "torchvision")
"""What decodes, prepares and computes: what another version of any of them kept is not read."""


@dataclass(frozen=True)
class Wanted:
    """An entry of the cache that a run reads: where it is cut, and of which augmented views besides the images."""

    cut: Cut
    label: Label
    layout: Layout
    augment: tuple[str, ...] = ()
    views: int = 0


@dataclass(frozen=True)
class Search:
    """Where entries are looked for: a backbone's graph, its weights, a dataset, and how much may be kept."""

    dissected: Dissected
    weights_digest: str | None
    manifest: Manifest
    device: torch.device
    cache_bytes: int

    def wanted(self, spec: RunSpec, model: Classifier) -> tuple[Frontier, Wanted | None]:
        """Find a run's frontier, with `model` under the run's strategy, and the entry it reads there, if any."""
        views = spec.recipe.views if spec.recipe.augment else 0
        images = {str(split): len(part.ids) for split, part in self.manifest.splits.items()}
        images |= {view_name(k): images["train"] for k in range(views)}
        itemsize = DTYPES[spec.kept]().itemsize
        # where a run's identity says how it is computed and kept, the room at hand decides nothing of it
        room = sys.maxsize if must_keep(spec) else self.cache_bytes
        allowance = Allowance(sum(images.values()), room, itemsize)
        frontier = self.dissected.frontier(model, spec.recipe, allowance, usual_rates(self.device))
        cut = frontier.cut
        if cut is None:
            return frontier, None
        augment = spec.recipe.augment if views else ()
        base = {**_base(spec, self.weights_digest), "device": self.device.type}  # a GPU's fp32 is not a CPU's
        libraries = versions([*LIBRARIES, *BACKENDS[spec.backend].packages, *packages_of(augment)])
        key = digest([base, libraries, cut.digest, spec.kept, list(augment), views], "features")
        label = Label(key, spec.backbone.name, spec.dataset.name, frontier.label, hardware(self.device))
        shapes = tuple(lying(s, last=c) for s, c in zip(cut.shapes, cut.channels_last, strict=True))
        return frontier, Wanted(cut, label, Layout(images, shapes, spec.kept), augment, views)

    def wanted_by(self, specs: Iterable[RunSpec], model: Classifier) -> list[Wanted]:
        """Find what other runs with the same frozen numbers want, each once; `model` is left as it was."""
        trainable, update = model.trainable_backbone, model.update_norm_stats
        found: dict[str, Wanted] = {}
        for spec in specs:
            try:
                strategies.apply(model, spec.strategy)
            except BenchError:  # that run will say so itself
                continue
            model.update_norm_stats = spec.recipe.norm_stats == "update"
            _, wanted = self.wanted(spec, model)
            if wanted:
                found.setdefault(wanted.label.key, wanted)
        model.update_norm_stats = update
        model.train_only(trainable)
        return list(found.values())


def must_keep(spec: RunSpec) -> bool:
    """Say whether a run's identity says how its frozen part is computed and kept: then it must be kept so."""
    return spec.backend != "eager" or spec.kept != "fp32"


def companions(spec: RunSpec, others: Iterable[RunSpec]) -> list[RunSpec]:
    """List, once for each strategy and set of views, the runs whose frozen part computes with the same numbers."""
    base = digest(_base(spec, None))
    kept = [o for o in others if o.features == "kept" and o.run_id != spec.run_id]
    same = {(o.strategy, o.recipe.augment, o.recipe.views, o.recipe.norm_stats, o.kept): o
            for o in kept if digest(_base(o, None)) == base}  # fmt: skip
    return list(same.values())


def view_name(view: int) -> str:
    """Name the part of an entry that holds a view of the training images."""
    return f"train~{view}"


def lying(shape: tuple[int, ...], *, last: bool) -> tuple[int, ...]:
    """Give a shape as it lies in memory: of channels-last tensors (C, H, W), the channels last."""
    return (*shape[1:], shape[0]) if last else shape


def _base(spec: RunSpec, weights_digest: str | None) -> dict[str, object]:
    """List what decides a frozen activation besides its place; random weights are decided by the seed."""
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

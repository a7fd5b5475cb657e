"""What a run wants kept, and under which key."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from bench import strategies
from bench.augment.augmentations import packages_of
from bench.data.manifest import Manifest
from bench.data.splits import Splits, split
from bench.environment import versions
from bench.errors import BenchError
from bench.hardware.device import hardware, usual_rates
from bench.hardware.tf32 import uses_tf32
from bench.models.classifier import Classifier
from bench.spec import DatasetSpec, RunSpec, digest
from bench.train.frozen.backends import BACKENDS
from bench.train.frozen.cache import DTYPES, Label, Layout, Rows
from bench.train.frozen.cuts import Cut
from bench.train.frozen.frontier import Allowance, Dissected, Frontier
from bench.train.frozen.served import LIBRARIES, frozen_identity, images_seen

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Wanted:
    """An entry of the cache that a run reads: where it is cut, and of which augmented views besides the images.

    Of a run that reads a subset, `rows` are the images of each part; `whole_key` names the entry that holds all
    images of the dataset: if that is there, the run reads it instead.
    """

    cut: Cut
    label: Label
    layout: Layout
    augment: tuple[str, ...] = ()
    views: int = 0
    rows: Rows | None = None
    whole_key: str = ""
    asked: RunSpec | None = None


@dataclass(frozen=True)
class Search:
    """The key of a cache lookup: a backbone's graph, its weights, a dataset, and how much may be cached.

    `splits` cuts the dataset as a run sees it.
    """

    dissected: Dissected
    weights_digest: str | None
    manifest: Manifest
    device: torch.device
    cache_bytes: int
    splits: Callable[[DatasetSpec], Splits] | None = None

    def wanted(self, spec: RunSpec, model: Classifier) -> tuple[Frontier, Wanted | None]:
        """Find a run's frontier, with `model` under the run's strategy, and the entry it reads there, if any."""
        views = spec.recipe.views if spec.recipe.augment else 0
        rows = self._rows(spec.dataset, views)
        images = {part: len(held) for part, held in rows.items()} if rows else self._images(views)
        itemsize = DTYPES[spec.kept]().itemsize
        # where a run's identity says how it is computed and kept, the room at hand decides nothing of it
        room = sys.maxsize if must_keep(spec) else self.cache_bytes
        allowance = Allowance(sum(images.values()), room, itemsize)
        frontier = self.dissected.frontier(model, spec.recipe, allowance, usual_rates(self.device))
        cut = frontier.cut
        if cut is None:
            return frontier, None
        augment = spec.recipe.augment if views else ()
        base = {
            **frozen_identity(spec, self.weights_digest),
            "device": self.device.type,
        }  # a GPU's fp32 is not a CPU's
        if uses_tf32(self.device):  # someone has turned it on again
            base["tf32"] = True
        libraries = versions([*LIBRARIES, *BACKENDS[spec.backend].packages, *packages_of(augment)])
        named = [base, libraries, cut.digest, spec.kept, list(augment), views]
        whole = digest(named, "features")
        key = digest([*named, rows_digest(rows)], "features") if rows else whole
        label = Label(key, spec.backbone.name, spec.dataset.name, frontier.label, hardware(self.device))
        shapes = tuple(lying(s, last=c) for s, c in zip(cut.shapes, cut.channels_last, strict=True))
        return frontier, Wanted(cut, label, Layout(images, shapes, spec.kept), augment, views, rows, whole, spec)

    def _images(self, views: int) -> dict[str, int]:
        """Count the images of each part of an entry of the whole dataset."""
        images = {str(split): len(part.ids) for split, part in self.manifest.splits.items()}
        return images | {view_name(k): images["train"] for k in range(views)}

    def _rows(self, data: DatasetSpec, views: int) -> Rows | None:
        """Return which images a run of a subset reads, by part; None for a run that reads the whole dataset."""
        if data.subset is None:
            return None
        splits = self.splits(data) if self.splits else _split(self.manifest, data)
        rows: dict[str, Positions] = {}
        for part in (splits.train, splits.val, splits.test):
            rows[part.official] = np.union1d(rows.get(part.official, part.indices), part.indices)
        return rows | {view_name(k): splits.train.indices for k in range(views)}

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
    base = digest(frozen_identity(spec, None))
    others = [o for o in others if o.run_id != spec.run_id and images_seen(o) == images_seen(spec)]
    same = {(o.strategy, o.recipe.augment, o.recipe.views, o.recipe.norm_stats, o.kept): o
            for o in others if o.features == "kept" and digest(frozen_identity(o, None)) == base}  # fmt: skip
    return list(same.values())


def rows_digest(rows: Rows) -> str:
    """Hash which images of each part are held."""
    return digest({part: held.tolist() for part, held in rows.items()}, "rows")


def _split(manifest: Manifest, data: DatasetSpec) -> Splits:
    subset = data.subset.counts if data.subset else None
    return split(manifest, data.target, data.val_fraction, data.split_seed, subset)


def view_name(view: int) -> str:
    """Name the part of an entry that holds a view of the training images."""
    return f"train~{view}"


def lying(shape: tuple[int, ...], *, last: bool) -> tuple[int, ...]:
    """Give a shape as it lies in memory: of channels-last tensors (C, H, W), the channels last."""
    return (*shape[1:], shape[0]) if last else shape

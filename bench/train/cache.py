"""Features of a frozen backbone: computed once for every image of a dataset, kept on disk, read each epoch.

A key names everything that decides them: backbone, weights, transform, dataset, precision and backend. Features
are those of whole official splits, so every validation fraction and subset shares them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.atomic import atomic_folder, disk_errors
from bench.data.raw import OfficialSplit
from bench.errors import DiskFullError
from bench.home import bench_home
from bench.records import FeaturePass
from bench.spec import RunSpec, digest

Array = npt.NDArray[np.float32]
Compute = Callable[[OfficialSplit], Iterator[Array]]
"""Official split -> its features, batch by batch, in order."""


@dataclass(frozen=True)
class Shape:
    """What a pass fills: images per official split, and the width of a feature vector."""

    images: Mapping[OfficialSplit, int]
    width: int


@dataclass(frozen=True)
class Features:
    """The features of every official split, (images, width) float32, and what the pass cost."""

    arrays: Mapping[OfficialSplit, Array]
    made: FeaturePass
    fresh: bool


def feature_key(spec: RunSpec, weights_digest: str | None) -> str:
    """Hash what decides a run's pooled features; random weights are decided by the seed."""
    drawn = spec.seed if spec.backbone.weights.source == "none" else None
    parts = {
        "frontier": "pooled",
        "protocol": spec.protocol,
        "backbone": spec.backbone.model_dump(mode="json"),
        "weights": weights_digest,
        "seed": drawn,
        "transform": spec.transform.model_dump(mode="json"),
        "dataset": spec.dataset.fingerprint,
        "precision": spec.precision,
        "backend": spec.backend,
    }
    return digest(parts, "features")


class FeatureCache:
    """The kept features below one folder (`$BENCH_HOME/features`), a folder a key."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or bench_home() / "features"

    def read(self, key: str) -> Features | None:
        """Return kept features as read-only memory maps; None where there are none."""
        folder = self.folder / key
        try:
            meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
            arrays = {split: np.load(folder / f"{split}.npy", mmap_mode="r") for split in meta["splits"]}
            return Features(arrays, FeaturePass(**meta["pass"]), fresh=False)
        except (OSError, ValueError, KeyError, TypeError, EOFError):
            return None

    def fill(self, key: str, shape: Shape, compute: Compute, label: FeaturePass) -> Features:
        """Run a pass and keep it whole or not at all; where the disk is full it stays in memory.

        `label` carries the names of the FeaturePass that is recorded; its size and seconds are measured here.
        """
        try:
            with disk_errors(self.folder), atomic_folder(self.folder / key) as temporary:
                arrays = {s: _allocate(temporary / f"{s}.npy", (n, shape.width)) for s, n in shape.images.items()}
                made = _run(arrays, compute, label)
                meta = {"splits": list(arrays), "pass": asdict(made)}
                (temporary / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
        except DiskFullError:
            arrays = {s: np.empty((n, shape.width), np.float32) for s, n in shape.images.items()}
            return Features(arrays, _run(arrays, compute, label), fresh=True)
        kept = self.read(key)
        return Features(kept.arrays if kept else arrays, made, fresh=True)


def _allocate(path: Path, shape: tuple[int, int]) -> Array:
    """Make a memory-mapped array whose room is reserved: a full disk raises here, not as a bus error later."""
    array: Array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def _run(arrays: Mapping[OfficialSplit, Array], compute: Compute, label: FeaturePass) -> FeaturePass:
    start = time.perf_counter()
    for split, array in arrays.items():
        at = 0
        for batch in compute(split):
            array[at : at + len(batch)] = batch
            at += len(batch)
        if isinstance(array, np.memmap):
            array.flush()
    seconds = time.perf_counter() - start
    images = sum(len(a) for a in arrays.values())
    return FeaturePass(
        key=label.key,
        backbone=label.backbone,
        dataset=label.dataset,
        images=images,
        bytes=sum(a.nbytes for a in arrays.values()),
        seconds=seconds,
        hardware=label.hardware,
    )

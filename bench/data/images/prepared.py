"""Keeps a split's decoded and resized images on disk, so that only the first epoch ever decodes."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.data.datasets import Dataset
from bench.data.images.loading import Positions
from bench.data.images.pixels import DecodedPixels, Pixels
from bench.data.images.prepared_files import Label, prepared_path, seal, touch, verified_label
from bench.data.images.transforms import eval_transform
from bench.data.progress import Progress
from bench.data.splits import Split
from bench.disk.atomic import atomic_file
from bench.disk.checksum import ARRAY_ERRORS, Running
from bench.disk.locks import locked
from bench.hardware.conditions import Conditions
from bench.hardware.gauge import Gauge
from bench.spec import TransformSpec, digest

LIMIT_BYTES = 2 << 30
_VERSION = 2  # raised when the same transform would make other pixels
_BATCH = 64


class PreparedImages:
    """Images read from a memory map, uint8 [N, 3, size, size]; each process maps the file for itself."""

    note = ""

    def __init__(self, path: Path, label: Label | None) -> None:
        self.path, self.label = path, label

    @property
    def prepared_s(self) -> float | None:
        """Seconds that preparing them took; None if not known."""
        return self.label.seconds if self.label else None

    @property
    def conditions(self) -> Conditions:
        """The conditions under which `prepared_s` was measured."""
        return self.label.prepared.conditions if self.label else Conditions()

    def __len__(self) -> int:
        return len(self.array)

    def __getstate__(self) -> dict[str, object]:
        return {"path": self.path, "label": self.label}

    @cached_property
    def array(self) -> NDArray[np.uint8]:
        """The memory map, [N, 3, size, size]."""
        array: NDArray[np.uint8] = np.load(self.path, mmap_mode="r")
        return array

    def batch(self, positions: Positions) -> Tensor:
        """Copy the images at these positions."""
        return torch.from_numpy(self.array[positions])

    def batches(self, batch_size: int, *, workers: int = 1) -> Iterator[Tensor]:  # noqa: ARG002 - the interface's
        """Copy all images in order; nothing needs decoding, so no thread is used."""
        for start in range(0, len(self), batch_size):
            yield torch.from_numpy(np.array(self.array[start : start + batch_size]))


def open_pixels(
    dataset: Dataset,
    part: Split,
    spec: TransformSpec,
    *,
    workers: int = 1,
    limit_bytes: int = LIMIT_BYTES,
    progress: Progress | None = None,
    gauge: Gauge | None = None,
) -> Pixels:
    """Return a split's resized images: prepared on disk where they fit `limit_bytes` and the disk, else decoded.

    The first call for a split decodes it once, with `workers` threads; `gauge` measures the conditions. Where it
    cannot be kept, the `note` of what is returned says why. Raises DataError for a corrupt image.
    """
    decoded = DecodedPixels(dataset.images(part.official, spec), part.indices, eval_transform(spec))
    shape = (len(part), 3, spec.image_size, spec.image_size)
    if np.prod(shape, dtype=np.int64) > limit_bytes:
        decoded.note = f"not kept on disk: they take more than {limit_bytes:,} bytes"
        return decoded
    path = _path(dataset.manifest.fingerprint, part, spec)
    label = _label_of(path, shape)
    if label is None:
        with locked(path.parent, path.stem, wait=lambda: None):  # one process prepares, others wait and read
            label = _label_of(path, shape)
            if label is None:
                batches = _counted(decoded.batches(_BATCH, workers=workers), len(part), progress)
                about = Label(dataset.entry.name, part.official, spec.image_size, len(part), 0.0)
                try:
                    label = _prepare(path, about, batches, shape, gauge)
                except OSError as error:
                    decoded.note = f"not kept on disk: {error.strerror} at {path.parent}"
                    return decoded
    touch(path)
    return PreparedImages(path, label)


def _counted(batches: Iterator[Tensor], images: int, progress: Progress | None) -> Iterator[Tensor]:
    done = 0
    for batch in batches:
        yield batch
        done += len(batch)
        if progress:
            progress("preparing images", done, images)


def _prepare(
    path: Path, about: Label, batches: Iterator[Tensor], shape: tuple[int, ...], gauge: Gauge | None
) -> Label:
    """Write a file and its seal; returns the label, with the seconds that it took and their conditions."""
    begun, cpu, mark = time.monotonic(), time.process_time(), gauge.mark() if gauge else None
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        array = _write(file, batches, shape)
        took = time.monotonic() - begun
        under = gauge.since(mark, time.process_time() - cpu) if gauge and mark else Conditions()
        label = replace(about, seconds=took, **asdict(under))
        file.write(seal(array, label))
    return label


def _write(file: BinaryIO, batches: Iterator[Tensor], shape: tuple[int, ...]) -> str:
    """Write a .npy file front to back, and return its checksum.

    A full disk fails that, but kills a process that writes to a map.
    """
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    running = Running()
    for data in itertools.chain([header.getvalue()], (batch.numpy().tobytes() for batch in batches)):
        file.write(data)
        running.update(data)
    return str(running)


def _label_of(path: Path, shape: tuple[int, ...]) -> Label | None:
    """Return the label of a file of so many images that is whole, else None."""
    label = verified_label(path)
    try:
        found: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    except ARRAY_ERRORS:
        return None
    return label if found.shape == shape and found.dtype == np.uint8 else None


def _path(fingerprint: str, part: Split, spec: TransformSpec) -> Path:
    deterministic = spec.model_dump(exclude={"mean", "std"})
    name = digest([_VERSION, fingerprint, part.official, list(part.ids), deterministic], "images")
    return prepared_path(name)

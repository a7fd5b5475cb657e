"""Keeps a split's decoded and resized images on disk, so that only the first epoch ever decodes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.atomic import atomic_file
from bench.conditions import Conditions
from bench.data.datasets import Dataset
from bench.data.loading import Positions
from bench.data.pixels import DecodedPixels, Pixels
from bench.data.prepared_files import Label, prepared_path, read_label, touch, write_label
from bench.data.progress import Progress
from bench.data.splits import Split
from bench.data.transforms import eval_transform
from bench.gauge import Gauge
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
        """What `prepared_s` was measured under."""
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
    if _is_whole(path, shape):
        touch(path)
        label = read_label(path)
    else:
        begun, cpu, mark = time.monotonic(), time.process_time(), gauge.mark() if gauge else None
        try:
            with atomic_file(path) as temporary, temporary.open("wb") as file:
                _write(file, decoded, shape, workers, progress)
        except OSError as error:
            decoded.note = f"not kept on disk: {error.strerror} at {path.parent}"
            return decoded
        took = time.monotonic() - begun
        under = gauge.since(mark, time.process_time() - cpu) if gauge and mark else Conditions()
        label = Label(dataset.entry.name, part.official, spec.image_size, len(part), took, **asdict(under))
        write_label(path, label)
    return PreparedImages(path, label)


def _write(
    file: BinaryIO, decoded: DecodedPixels, shape: tuple[int, ...], workers: int, progress: Progress | None
) -> None:
    """Write a .npy file front to back: a full disk fails that, but kills a process that writes to a map."""
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    done = 0
    for batch in decoded.batches(_BATCH, workers=workers):
        file.write(batch.numpy().tobytes())
        done += len(batch)
        if progress:
            progress("preparing images", done, shape[0])


def _is_whole(path: Path, shape: tuple[int, ...]) -> bool:
    try:
        found: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return False
    return found.shape == shape and found.dtype == np.uint8


def _path(fingerprint: str, part: Split, spec: TransformSpec) -> Path:
    deterministic = spec.model_dump(exclude={"mean", "std"})
    name = digest([_VERSION, fingerprint, part.official, list(part.ids), deterministic], "images")
    return prepared_path(name)

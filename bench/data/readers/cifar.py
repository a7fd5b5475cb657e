"""The official Python pickles of CIFAR-10 (`cifar-10-batches-py`) and CIFAR-100 (`cifar-100-python`)."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np

from bench.data.checks.check import OfficialSplit
from bench.data.raw import ArraySource, RawDataset, RawSplit
from bench.data.sources.tree import Tree
from bench.errors import DataError
from bench.registry.entries import DatasetEntry

MARKERS = ("batches.meta", "meta")
_TARGETS = {"label": "labels", "fine": "fine_labels", "coarse": "coarse_labels"}
_NAMES = {"label": "label_names", "fine": "fine_label_names", "coarse": "coarse_label_names"}
_TEN = {"train": tuple(f"data_batch_{number}" for number in range(1, 6)), "test": ("test_batch",)}
_HUNDRED = {"train": ("train",), "test": ("test",)}
_SHAPE = (-1, 3, 32, 32)


def read(tree: Tree, _entry: DatasetEntry) -> RawDataset:
    """Read the pickles; ids are `train/00000` and so on, in the files' order; CIFAR-100 has two targets."""
    ten = "batches.meta" in tree.files
    meta = _load(tree, "batches.meta" if ten else "meta")
    targets = ("label",) if ten else ("fine", "coarse")
    classes = {target: tuple(map(str, meta[_NAMES[target]])) for target in targets}
    files = _TEN if ten else _HUNDRED
    splits: dict[OfficialSplit, RawSplit] = {
        "train": _part(tree, "train", files["train"], targets),
        "test": _part(tree, "test", files["test"], targets),
    }
    return RawDataset(classes, splits)


def _part(tree: Tree, split: str, files: tuple[str, ...], targets: tuple[str, ...]) -> RawSplit:
    tree.require(files)
    batches = [_load(tree, name) for name in files]
    rows = np.concatenate([np.asarray(batch["data"], dtype=np.uint8) for batch in batches])
    images = np.ascontiguousarray(rows.reshape(_SHAPE).transpose(0, 2, 3, 1))
    labels = {
        target: tuple(int(label) for batch in batches for label in batch[_TARGETS[target]]) for target in targets
    }
    return RawSplit(tuple(f"{split}/{i:05d}" for i in range(len(images))), labels, ArraySource(images))


class _ArraysOnly(pickle.Unpickler):
    """Loads containers, numbers, text and numpy arrays; anything else is refused before it is made."""

    _ALLOWED: dict[tuple[str, str], Any] = {  # noqa: RUF012 - never changed
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("numpy.core.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0],
        ("numpy._core.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0],
        ("__builtin__", "bytes"): bytes,
        ("_codecs", "encode"): lambda text, _encoding: text.encode("latin1"),  # Python 3 writing protocol 2
    }

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}")
        return self._ALLOWED[module_name, global_name]


def _load(tree: Tree, name: str) -> dict[str, Any]:
    try:
        loaded = _ArraysOnly(io.BytesIO(tree.read(name)), encoding="latin1").load()
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        KeyError,
    ) as error:
        raise DataError(
            f"Cannot read {tree.where(name)}.",
            f"It is not a pickle of numbers, text and arrays: {error}.",
            "Fetch the dataset again from its official source.",
        ) from error
    if not isinstance(loaded, dict):
        raise DataError(f"Cannot read {tree.where(name)}.", "It holds no dictionary.", "Fetch the dataset again.")
    return loaded

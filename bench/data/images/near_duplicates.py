"""Images that look alike: the same photograph in another size or format, cropped a little or brightened.

Each image is known by its 64-bit perceptual hash: of each low frequency of its grey version, whether it is above
their median (`imagehash.phash`, after Zauner 2010). Images whose hashes differ in few bits mostly look alike. Two
photographs of one scene do too, so these are candidates to look at; nothing is left out because of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.data.checks.check import OfficialSplit
from bench.data.checks.findings import Finding, linked
from bench.data.datasets import Dataset
from bench.data.images.in_threads import in_threads
from bench.data.manifest import Manifest
from bench.data.progress import Progress
from bench.data.raw import ImageSource
from bench.errors import DataError

DISTANCE = 4
"""Bits of 64 by which the hashes of images that look alike may differ."""

_FLATTEST = 2.0
"""Standard deviation of grey values (0 to 255) below which a hash is noise: an image of one colour."""

_ROWS, _MOST_EDGES = 32, 1_000_000
_POPCOUNT = np.array([value.bit_count() for value in range(1 << 16)], dtype=np.uint8)


@dataclass(frozen=True)
class Alike:
    """Two or more images that look alike, not all of the same content; `labels` are of the default target."""

    ids: tuple[str, ...]
    splits: tuple[OfficialSplit, ...]
    labels: tuple[str, ...]

    @property
    def crosses_splits(self) -> bool:
        """Whether they stand in more than one split."""
        return len(set(self.splits)) > 1

    @property
    def contradict(self) -> bool:
        """Whether they have different labels."""
        return len(set(self.labels)) > 1


@dataclass(frozen=True)
class NearDuplicates:
    """Groups of images that look alike, those across splits first; `flat` images of one colour have no hash."""

    groups: tuple[Alike, ...]
    flat: int


def near_duplicates(dataset: Dataset, progress: Progress | None = None) -> NearDuplicates:
    """Decode and compare all images of a dataset, each pair of hashes: 50,000 images take seconds to compare.

    A group is what can be reached in steps of at most `DISTANCE` bits. Images that cannot be decoded are left out.
    Raises DataError if imagehash is not installed.
    """
    hash_of = _hasher()
    manifest, bits, found = dataset.manifest, [], []
    for split in manifest.splits:
        hashes = _hashes(dataset.images(split), hash_of, f"hashing {split}", progress)
        found += [(split, at) for at, value in enumerate(hashes) if value is not None]
        bits += [value for value in hashes if value is not None]
    total = sum(len(part.ids) for part in manifest.splits.values())
    groups = _groups(np.array(bits, dtype=np.uint64), progress)
    alike = [_alike(manifest, [found[at] for at in group]) for group in groups]
    kept = [one for one in alike if one is not None]
    kept.sort(key=lambda one: (not one.crosses_splits, not one.contradict, -len(one.ids), one.ids))
    damaged = len(manifest.check.damaged) if manifest.check else 0
    return NearDuplicates(tuple(kept), max(0, total - len(bits) - damaged))


def as_findings(found: NearDuplicates) -> list[Finding]:
    """Return what to tell a user of images that look alike."""
    names = tuple(linked(one.ids, "~") for one in found.groups)
    if not names:
        return []
    across = sum(one.crosses_splits for one in found.groups)
    contrary = sum(one.contradict for one in found.groups)
    what = (
        f"{len(names):,} group(s) of images look alike, {across:,} across splits and {contrary:,} with two labels"
        f" (perceptual hashes within {DISTANCE} of 64 bits)"
    )
    return [Finding("near_duplicates", "warning", what, names, "Look at them, and take out what is a copy.")]


def require_imagehash() -> None:
    """Raise DataError if imagehash is not installed."""
    if find_spec("imagehash") is None:
        raise DataError(
            "Images that look alike cannot be found.",
            "That takes the package imagehash, which is not installed.",
            "pip install 'backbone-bench[near-duplicates]', or leave --near-duplicates out.",
        )


def _hasher() -> Callable[[Image.Image], int | None]:
    require_imagehash()
    import imagehash  # noqa: PLC0415 - an optional package, and scipy with it

    def hash_of(image: Image.Image) -> int | None:
        grey = image.convert("L").resize((32, 32), Image.Resampling.BOX)
        if np.asarray(grey).std() < _FLATTEST:
            return None
        packed = np.packbits(imagehash.phash(grey).hash.reshape(-1))
        return int.from_bytes(packed.tobytes(), "big")

    return hash_of


def _hashes(
    source: ImageSource, hash_of: Callable[[Image.Image], int | None], doing: str, progress: Progress | None
) -> list[int | None]:
    def one(index: int) -> int | None:
        try:
            return hash_of(source.image(index))
        except DataError:
            return None

    hashes: list[int | None] = []
    for value in in_threads(one, range(len(source))):
        hashes.append(value)
        if progress:
            progress(doing, len(hashes), len(source))
    return hashes


def _groups(bits: NDArray[np.uint64], progress: Progress | None) -> list[list[int]]:
    """Return the positions of each group of two or more hashes; equal hashes are compared once."""
    unique, kind = np.unique(bits, return_inverse=True)
    component = _components(unique, progress)[kind] if len(unique) else kind
    order = np.argsort(component, kind="stable")
    starts = np.flatnonzero(np.diff(component[order], prepend=-1))
    return [part.tolist() for part in np.split(order, starts[1:]) if len(part) > 1]


def _components(unique: NDArray[np.uint64], progress: Progress | None) -> NDArray[np.int64]:
    """Return the number of the group that each hash is linked to; links are joined as they pile up."""
    first, second = [np.arange(0)], [np.arange(0)]
    for start in range(0, len(unique), _ROWS):
        rows = unique[start : start + _ROWS, None]
        close = _bit_counts(rows ^ unique[None, start:]) <= DISTANCE
        row, column = np.divmod(np.flatnonzero(close), close.shape[1])  # three times as fast as np.nonzero
        first.append(row[row < column] + start)
        second.append(column[row < column] + start)
        if sum(map(len, first)) > _MOST_EDGES:
            joined = _joined(first, second, len(unique))
            first, second = [np.unique(joined, return_index=True)[1][joined]], [np.arange(len(unique))]
        if progress:
            progress("comparing", min(start + _ROWS, len(unique)), len(unique))
    return _joined(first, second, len(unique))


def _joined(
    first: Sequence[NDArray[np.int64]], second: Sequence[NDArray[np.int64]], count: int
) -> NDArray[np.int64]:
    from scipy.sparse import coo_array  # noqa: PLC0415 - comes with imagehash
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    links = np.concatenate(first), np.concatenate(second)
    graph = coo_array((np.ones(len(links[0]), dtype=bool), links), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _bit_counts(values: NDArray[np.uint64]) -> NDArray[np.uint8]:
    if hasattr(np, "bitwise_count"):  # numpy 2
        return np.asarray(np.bitwise_count(values))
    words = np.ascontiguousarray(values).view(np.uint16).reshape(*values.shape, 4)
    return np.asarray(_POPCOUNT[words].sum(axis=-1, dtype=np.uint8))


def _alike(manifest: Manifest, places: Sequence[tuple[OfficialSplit, int]]) -> Alike | None:
    """Describe a group; None if all are of one content, which the check says by itself."""
    parts = [(manifest.splits[split], at) for split, at in places]
    if len({part.digests[at] for part, at in parts}) < 2:  # noqa: PLR2004 - two contents
        return None
    names = manifest.class_names(manifest.default_target)
    return Alike(
        tuple(part.ids[at] for part, at in parts),
        tuple(split for split, _ in places),
        tuple(names[part.labels[manifest.default_target][at]] for part, at in parts),
    )

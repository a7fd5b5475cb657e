"""Opens what lies at a dataset's place as a tree of files, unpacking it only where it cannot be read in place."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.data.manifest_files import source_signature
from bench.data.readers import Reader
from bench.data.sources.archives import is_archive, unpack
from bench.data.sources.checksums import verify
from bench.data.sources.suffixes import is_image
from bench.data.sources.tar_index import TarIndex
from bench.data.sources.tree import FolderTree, NoFiles, TarTree, Tree
from bench.disk.home import bench_home
from bench.errors import DataError
from bench.registry.entries import DatasetEntry
from bench.spec import digest


def open_tree(location: Path | None, entry: DatasetEntry, reader: Reader, *, verified: bool) -> Tree:
    """Return the tree whose top holds one of the reader's markers.

    A plain tar is read where it lies; other archives, and a folder of them as `download` leaves it, are unpacked
    once. Files that the entry publishes a checksum of are checked first, unless they are `verified`. Raises
    DataError where that fails or no marker is found.
    """
    if location is None:
        return NoFiles()
    tree = _open(location, entry, reader, verified=verified)
    if not reader.markers:
        return tree
    for marker in reader.markers:
        if (top := tree.top_with(marker)) is not None:
            return top
    raise DataError(
        f"There is no {entry.name} at {location}.",
        f"Its layout ({entry.reader}) has a file {' or '.join(reader.markers)}, which is not there.",
        f"Put the whole dataset there, as it is published {entry.homepage and f'at {entry.homepage}'}.",
    )


@contextmanager
def unpacked_if_read(entry: DatasetEntry, location: Path | None) -> Iterator[None]:
    """Remove what was unpacked inside of it if the dataset is then refused: an archive of something else."""
    folder = None if location is None else _unpack_folder(entry, location)
    was_there = folder is not None and folder.exists()
    try:
        yield
    except Exception:
        if folder is not None and not was_there:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _open(location: Path, entry: DatasetEntry, reader: Reader, *, verified: bool) -> Tree:
    by_name = {file.name: file for file in entry.files}
    if location.is_file():
        if not is_archive(location):
            raise DataError(
                f"Cannot open {location}.", "It is neither a folder nor a tar or zip.", "Unpack it first."
            )
        to_open = [location]
    else:
        folder = FolderTree(location)
        to_open = [location / name for name in by_name if name in folder.files]
        if not any(map(is_archive, to_open)) or _is_unpacked(folder, reader, set(by_name)):
            to_open = [path for path in to_open if not is_archive(path)]
    if not verified:
        for path in to_open:
            if path.name in by_name:
                verify(path, by_name[path.name])
    if location.is_file() and location.suffix == ".tar":
        return TarTree(TarIndex(location))
    if any(map(is_archive, to_open)):
        return FolderTree(unpack(to_open, _unpack_folder(entry, location)))
    return folder


def _is_unpacked(folder: FolderTree, reader: Reader, fetched: set[str]) -> bool:
    """Whether the folder holds, beside the files as fetched, what comes out of them: a marker, or else images."""
    others = folder.files - fetched
    markers = [marker for marker in reader.markers if marker not in fetched]
    if markers:
        return any(f"/{name}".endswith(f"/{marker}") for name in others for marker in markers)
    return any(is_image(name) for name in others)


def _unpack_folder(entry: DatasetEntry, location: Path) -> Path:
    """Name the folder by the place and state of what is unpacked, which costs no reading."""
    safe_name = re.sub(r"[^\w.-]+", "-", entry.name)
    return bench_home() / "data" / f"{safe_name}-{digest([str(location), source_signature(location)])[:16]}"

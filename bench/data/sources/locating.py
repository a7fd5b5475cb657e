"""Where a dataset lies: below the data roots, or not at all, and then what to do about it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from bench.data.readers import READERS
from bench.data.sources.faults import unreadable
from bench.disk.bounded import expanded
from bench.disk.home import bench_home
from bench.errors import DataError
from bench.registry.entries import DatasetEntry, FileEntry


def data_roots(data_root: Path | None = None) -> tuple[Path, ...]:
    """Return the folders that datasets are looked for in: the argument, those of `BENCH_DATA`, the tool's own."""
    named = [Path(text) for text in os.environ.get("BENCH_DATA", "").split(os.pathsep) if text]
    roots = [data_root] if data_root else []
    return tuple(expanded(root).absolute() for root in [*roots, *named, bench_home() / "data"])


def locate(entry: DatasetEntry, data_root: Path | None = None) -> Path | None:
    """Find a dataset's folder or archive: the first of the entry's locations, then what `download` fetched."""
    for root in data_roots(data_root):
        for path in [*(root / expanded(place) for place in entry.locations), root / entry.name]:
            if path.is_file() or (path.is_dir() and _holds_a_dataset(path, entry)):
                return path.resolve()
    return None


def is_bundled(entry: DatasetEntry) -> bool:
    """Whether the dataset comes inside a Python package and needs no place."""
    return entry.reader in READERS and READERS[entry.reader].bundled


def download_folder(entry: DatasetEntry, data_root: Path | None = None) -> Path:
    """Return the folder that the entry's files are fetched to: below the given root, or else the tool's own."""
    return expanded(data_root or bench_home() / "data").absolute() / entry.name


def not_found(entry: DatasetEntry, data_root: Path | None = None) -> DataError:
    """Make the error for a dataset that lies below none of the data roots."""
    places = ", ".join(dict.fromkeys([*entry.locations, entry.name]))
    roots = ", ".join(map(str, data_roots(data_root)))
    advice = entry.how_to_get or f"Put it below one of those folders{_see(entry)}."
    if any(file.url for file in entry.files):
        fetched = by_hand(entry.files, download_folder(entry, data_root))
        advice = f"Leave out --no-download to fetch it, or: {fetched}"
        advice += f"\n{entry.how_to_get}" if entry.how_to_get else ""
    return DataError(f"The dataset {entry.name} is not here.", f"Looked for {places} below {roots}.", advice)


def how_to_get(entry: DatasetEntry) -> str:
    """Say what brings a dataset: the command that fetches it, else its entry's advice, else where to put it."""
    if entry.files and all(file.url and file.checksum for file in entry.files):
        return f"bench sweep --dataset {entry.name} fetches it"
    places = " or ".join([*entry.locations, entry.name])
    return entry.how_to_get or f"put it below a folder and export BENCH_DATA=FOLDER; looked for: {places}"


def by_hand(files: Iterable[FileEntry], folder: Path) -> str:
    """Say for each file where to get it and where exactly to put it, and what to run then."""
    steps = [f"fetch {file.url or file.name} and put it at {folder / file.name}" for file in files]
    return f"{'; '.join(steps)}. Then run again: {command_line()}"


def command_line() -> str:
    """Return the command that this process was started with, to be typed again."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        start = ["python", "-m", program.parent.name]
    else:
        start = ["python", sys.argv[0]] if program.suffix == ".py" else [program.name]
    return shlex.join([*start, *sys.argv[1:]])


def _holds_a_dataset(folder: Path, entry: DatasetEntry) -> bool:
    """Whether a folder is worth reading: not empty, and more than an unfinished download of the entry's files."""
    try:
        present = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    except OSError as error:
        raise unreadable(folder, error) from error
    wanted = {file.name for file in entry.files}
    return bool(present) and (not present < wanted)


def _see(entry: DatasetEntry) -> str:
    return f" (see {entry.homepage})" if entry.homepage else ""

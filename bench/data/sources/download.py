"""Fetches a dataset's files, each verified by its checksum before it takes its place."""

from __future__ import annotations

import logging
from pathlib import Path

from bench.data.progress import Progress
from bench.data.sources.checksums import verify
from bench.data.sources.locating import by_hand, download_folder
from bench.errors import DataError
from bench.registry.entries import DatasetEntry, FileEntry

_TIMEOUT_S = 30
_CHUNK_BYTES = 1 << 16


def fetch(entry: DatasetEntry, data_root: Path | None = None, progress: Progress | None = None) -> Path:
    """Fetch what is missing of the entry's files into `<root>/<name>` and return that folder.

    Raises DataError where a file cannot be fetched or is not the published one; it says what to do by hand.
    """
    folder = download_folder(entry, data_root)
    for file in entry.files:
        target = folder / file.name
        if target.exists():
            verify(target, file)
        else:
            _fetch_one(file, target, entry, progress)
    return folder


def _fetch_one(file: FileEntry, target: Path, entry: DatasetEntry, progress: Progress | None) -> None:
    if not (file.url and file.checksum):
        raise DataError(
            f"Cannot fetch {file.name} of the dataset {entry.name}.",
            "The registry has no address, or no checksum, for it.",
            _by_hand(file, target, entry),
        )
    import pooch  # noqa: PLC0415 - only a download needs it

    pooch.get_logger().setLevel(logging.WARNING)  # it writes every fetch to the terminal otherwise
    meter = _Meter(f"fetching {file.name}", progress)
    downloader = pooch.HTTPDownloader(progressbar=meter, chunk_size=_CHUNK_BYTES, timeout=_TIMEOUT_S)
    try:
        pooch.retrieve(file.url, file.checksum, target.name, target.parent, downloader=downloader)
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong checksum is a ValueError
        raise DataError(
            f"Cannot fetch {file.name} of the dataset {entry.name}.",
            f"{file.url}: {_reason(error)}",
            _by_hand(file, target, entry),
        ) from error


def _by_hand(file: FileEntry, target: Path, entry: DatasetEntry) -> str:
    advice = by_hand([file], target.parent)
    return f"{advice[0].upper()}{advice[1:]}" + (f"\n{entry.how_to_get}" if entry.how_to_get else "")


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError) and "hash" in str(error):
        return f"what came is not the published file, and was removed ({error})."
    return f"{error}."


class _Meter:
    """What pooch expects of a progress bar; it reports to the callback instead of the terminal."""

    def __init__(self, doing: str, progress: Progress | None) -> None:
        self.doing, self.progress = doing, progress
        self.total = 0
        self._done = 0

    def update(self, count: int) -> None:
        """Take note of `count` more bytes; pooch counts whole chunks, so the last one may overshoot."""
        self._done += count
        if self.progress:
            done = min(self._done, self.total) if self.total else self._done
            self.progress(self.doing, done, self.total or None)

    def reset(self) -> None:
        """Start again: pooch does so at the end, to report the total once more."""
        self._done = 0

    def close(self) -> None:
        """Nothing to close."""

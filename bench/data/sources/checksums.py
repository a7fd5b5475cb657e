"""Checks that a dataset's files are the published ones, before anything in them is opened."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bench.data.sources.faults import unreadable
from bench.errors import DataError
from bench.registry.entries import FileEntry


def verify(path: Path, file: FileEntry) -> None:
    """Raise DataError if the file's checksum is none of those that the entry publishes; without any, accept it."""
    published = [text for text in (file.checksum, *file.also) if text]
    found: dict[str, str] = {}
    for text in published:
        algorithm, _, expected = text.partition(":")
        if algorithm not in found:
            found[algorithm] = _digest(path, algorithm)
        if found[algorithm] == expected.lower():
            return
    if published:
        algorithm, _, expected = published[0].partition(":")
        raise DataError(
            f"The file {path} is not the published one.",
            f"Its {algorithm} is {found[algorithm]}, not {expected}: it is damaged, cut off or another version.",
            f"Remove it, then fetch it again{f' from {file.url}' if file.url else ''}.",
        )


def _digest(path: Path, algorithm: str) -> str:
    if algorithm not in {"sha256", "md5"}:
        raise DataError(
            f"Cannot check {path}.",
            f"A checksum starts with sha256: or md5:, not {algorithm}:.",
            "Correct the dataset's entry in the registry.",
        )
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error

"""Checksums of files: XXH3 with 128 bits, which finds damage, not forgery.

A file is verified once in a process: a map that thirty epochs read is hashed before the first of them.
"""

from __future__ import annotations

import json
import struct
import threading
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xxhash

PREFIX = "xxh3:"
"""Begins every checksum, so that another function can take its place one day."""

CHECKSUM_CHARS = len(PREFIX) + 32

ARRAY_ERRORS = (
    OSError, ValueError, KeyError, TypeError, EOFError, SyntaxError, tokenize.TokenError, RuntimeError,
    zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip
"""The exceptions that NumPy raises for damaged .npy and .npz files: it parses their headers as Python."""

_PIECE = 1 << 22
_VERIFIED: set[tuple[str, int, int, str]] = set()
_LOCK = threading.Lock()

Bytes = bytes | bytearray | memoryview


class Running:
    """The checksum of bytes that come piece by piece."""

    def __init__(self) -> None:
        self._hasher, self.bytes = xxhash.xxh3_128(), 0

    def update(self, data: Bytes) -> None:
        """Add the next bytes."""
        view = memoryview(data).cast("B") if not isinstance(data, (bytes, bytearray)) else data
        self._hasher.update(view)
        self.bytes += len(view)

    def copy(self) -> Running:
        """Return another one that has seen the same bytes."""
        other = Running()
        other._hasher, other.bytes = self._hasher.copy(), self.bytes
        return other

    def __str__(self) -> str:
        return PREFIX + self._hasher.hexdigest()


def checksum(data: Bytes) -> str:
    """Return the checksum of bytes."""
    running = Running()
    running.update(data)
    return str(running)


def file_checksum(path: Path, size: int | None = None) -> str:
    """Return the checksum of a file, or of its first `size` bytes; raises OSError as reading does."""
    running = Running()
    for piece in pieces(path, 0, size):
        running.update(piece)
    return str(running)


def pieces(path: Path, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Read a file from byte `start` to byte `end` (None: its last) in pieces of a few megabytes."""
    with path.open("rb") as file:
        file.seek(start)
        left = None if end is None else end - start
        while piece := file.read(_PIECE if left is None else min(_PIECE, left)):
            left = None if left is None else left - len(piece)
            yield piece


def is_whole(path: Path, wanted: str, size: int | None = None) -> bool:
    """Compare a file, or its first `size` bytes, with its checksum, once in this process; False if unreadable.

    A file that was replaced is another one: it is compared again.
    """
    try:
        found = path.stat()
        known = (str(path.resolve()), found.st_ino, found.st_size, wanted)
        if known in _VERIFIED:
            return True
        whole = file_checksum(path, size) == wanted
    except OSError:
        return False
    if whole:
        with _LOCK:
            _VERIFIED.add(known)
    return whole


def ends_with_checksum(path: Path) -> bool:
    """Whether a file ends with the checksum of everything before it; False if it cannot be read."""
    try:
        size = path.stat().st_size - CHECKSUM_CHARS
        with path.open("rb") as file:
            file.seek(max(0, size))
            ending = file.read()
        return size >= 0 and file_checksum(path, size).encode() == ending
    except OSError:
        return False


def forget_verified() -> None:
    """Forget which files were verified, as a new process would: for checking all of them again."""
    with _LOCK:
        _VERIFIED.clear()


def sealed_json(content: dict[str, Any]) -> str:
    """Write JSON that carries the checksum of its own content."""
    text = json.dumps(content)
    return f'{{"checksum": "{checksum(text.encode())}", "content": {text}}}\n'


def unsealed_json(text: str) -> dict[str, Any]:
    """Read what `sealed_json` wrote; raises ValueError if a single character is another."""
    found = json.loads(text)
    content = found.get("content") if isinstance(found, dict) else None
    if not isinstance(content, dict) or sealed_json(content) != text:
        raise ValueError("It does not have its checksum.")
    return content

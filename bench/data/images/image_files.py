"""Image files that a user names one by one, or by their folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from bench.data.images.decoding import decode
from bench.data.images.image_opening import DamagedImageError
from bench.data.images.reading import AS_STORED, Reading
from bench.data.sources.faults import unreadable
from bench.data.sources.suffixes import IMAGE_SUFFIXES, is_image
from bench.data.sources.tree import walk
from bench.disk.bounded import MOST_IMAGE, read_bytes
from bench.errors import DataError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def find_images(words: Iterable[str]) -> list[Path]:
    """List the image files that words name, in order; a folder stands for those in and below it, by name.

    Raises DataError for what is not there, a folder without images, and a URL.
    """
    return [path for word in words for path in _named(word)]


def read_image(path: Path, reading: Reading = AS_STORED) -> Image.Image:
    """Decode a file to RGB as a dataset's images are. Raises DataError, naming it, if it is no image."""
    try:
        data = read_bytes(path, MOST_IMAGE)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        return decode(data, str(path), reading)
    except DamagedImageError as error:
        raise DataError(error.what, error.why, "Leave it out, or give a whole JPEG, PNG, WebP, ...") from error


def _named(word: str) -> list[Path]:
    if _URL.match(word):
        raise DataError(f"{word} is a URL.", "Images are read from this machine only.", "Download it first.")
    path = Path(word)
    try:
        if path.is_dir():
            return _in_folder(path)
        if path.is_file():
            return [path]
        if path.exists():
            why = "It is a device, a pipe or a socket; images are read from files."
            raise DataError(f"{word} is no image.", why, "Name a file or a folder.")
    except (OSError, ValueError) as error:  # a name too long, or with a zero byte
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"There is no image {word[:300]!r}.", f"{reason}.", "Check the path.") from error
    raise DataError(f"There is no image {word}.", f"{path.absolute()} does not exist.", "Check the path.")


def _in_folder(folder: Path) -> list[Path]:
    names = [name for name, _ in walk(folder) if not any(part.startswith(".") for part in name.split("/"))]
    images = sorted(name for name in names if is_image(name))
    if not images:
        raise DataError(
            f"There is no image in the folder {folder}.",
            f"Of its {len(names)} files none ends in {', '.join(IMAGE_SUFFIXES)}.",
            "Name a folder with images, or the files themselves.",
        )
    return [folder / name for name in images]

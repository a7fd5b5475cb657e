"""Finds the images that a list means: by path, by the end of a path, with a suffix or without one."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import PurePosixPath

from bench.data.sources.suffixes import is_image


class ImageIndex:
    """Images by the last parts of their paths; the paths are below `prefix`, those of lists are not."""

    def __init__(self, names: Sequence[str], prefix: str = "") -> None:
        self.names, self.prefix = tuple(names), prefix
        self._tails = cache(self._tails_of)

    def __len__(self) -> int:
        return len(self.names)

    def find(self, texts: Sequence[str], folder: str) -> tuple[list[str | None], int]:
        """Return the image of each text, None for one that is no image's, and how many first parts were left out.

        `folder` is the list's own.

        A list may name paths below its own folder, ends of paths, or paths from somewhere above the dataset; which
        of these is decided for the list as a whole: the reading that finds most.
        """
        paths = [_parts(text) for text in texts]
        best: list[str | None] = [None] * len(texts)
        left_out = 0
        own = _parts(f"{folder}/".removeprefix(self.prefix))
        longest = max(map(len, paths), default=0)
        for above, dropped in [(own, 0), *(((), count) for count in range(longest))]:
            found = [self._one((*above, *path[dropped:])) if len(path) > dropped else None for path in paths]
            if _count(found) > _count(best):
                best, left_out = found, dropped
            if 2 * _count(best) > len(texts):
                break
        return best, left_out

    def _one(self, parts: tuple[str, ...]) -> str | None:
        tails, key = self._tails(len(parts)), "/".join(parts)
        found = tails.get(key)
        if found is None and is_image(key):
            found = tails.get(_stem(key))
        return found or None

    def _tails_of(self, length: int) -> dict[str, str]:
        """Map the last `length` parts of each path, with and without suffix, to it; to nothing if not unique."""
        tails: dict[str, str] = {}
        for name in self.names:
            parts = unicodedata.normalize("NFC", name).split("/")
            if len(parts) >= length:
                tail = "/".join(parts[-length:])
                for key in {tail, _stem(tail)}:
                    tails[key] = name if tails.get(key, name) == name else ""
        return tails


def _parts(text: str) -> tuple[str, ...]:
    """Split a path of any system into its parts, with accents composed (macOS writes them apart)."""
    plain = unicodedata.normalize("NFC", text.strip().replace("\\", "/"))
    return tuple(part for part in plain.split("/") if part not in ("", "."))


def _stem(name: str) -> str:
    return name.removesuffix(PurePosixPath(name).suffix) if is_image(name) else name


def _count(found: Sequence[str | None]) -> int:
    return len({name for name in found if name})

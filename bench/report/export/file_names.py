"""Names of files that are written beside each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from bench.disk.special_files import is_stream
from bench.errors import BenchError

_LONGEST = 120
_UNSAFE = re.compile(r"[^\w.-]+")


def sibling_paths(out: Path, texts: Sequence[str]) -> list[Path]:
    """Return `out` for a single picture, and for several a file beside it for each, named by its text.

    Raises BenchError for several pictures and a device or pipe, which has no files beside it.
    """
    if len(texts) == 1:
        return [out]
    if is_stream(out):
        raise BenchError(
            f"{len(texts)} pictures cannot be written into {out}.",
            "Each has a file of its own, and this is a device or a pipe.",
            "Name a file with --out, or choose what one picture shows: --dataset, --target.",
        )
    return [out.with_name(f"{out.stem}-{name}{out.suffix}") for name in file_names(texts)]


def file_names(texts: Sequence[str]) -> list[str]:
    """Make a part of a file's name of each text; no two are equal, even to a file system that ignores case.

    What is neither letter, digit, `_`, `.` nor `-` becomes a `-`; texts that are then alike are numbered.
    """
    taken: set[str] = set()
    names = []
    for text in texts:
        name = base = _UNSAFE.sub("-", unicodedata.normalize("NFC", text)).strip("-.")[:_LONGEST] or "unnamed"
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names

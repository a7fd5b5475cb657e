"""Names of files that are written beside each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_LONGEST = 120
_UNSAFE = re.compile(r"[^\w.-]+")


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

"""Resolves an output path: to a file that may be replaced, or to a device, pipe or open descriptor."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_DESCRIPTOR = re.compile(r"/(?:dev|proc/(?:self|thread-self|\d+))/fd/(\d+)")
_MOST_LINKS = 40


def is_stream(path: Path) -> bool:
    """Return whether a path is written into, not replaced: a device, a pipe, a socket, /dev/stdout."""
    if _descriptor(path) is not None:
        return True
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # not there yet, or no path at all: whoever writes finds out
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def replaceable(path: Path) -> Path:
    """Return the file that is to be replaced: that which a symbolic link leads to, whether it is there or not.

    Raises OSError (ELOOP) where links lead in a circle.
    """
    if path.is_symlink():
        with contextlib.suppress(FileNotFoundError):  # it may lead to a file that is still to be made
            path.stat()
        return Path(os.path.realpath(path))
    return path


def copy_into(source: Path, path: Path) -> None:
    """Write the bytes of a file into a device, pipe or open descriptor, after what was written there before."""
    with source.open("rb") as made, _opened(path) as stream:
        shutil.copyfileobj(made, stream)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    number = _descriptor(path)
    handle = os.open(path, os.O_WRONLY | os.O_NOCTTY) if number is None else os.dup(number)
    with os.fdopen(handle, "wb") as stream:
        yield stream


def _descriptor(path: Path) -> int | None:
    """Return the number of the open descriptor of this process that a path names, such as /dev/stdout."""
    place = os.path.abspath(path)  # noqa: PTH100 - Path's own would follow the last link
    for _ in range(_MOST_LINKS):
        if found := _DESCRIPTOR.fullmatch(place):
            ours = place.startswith(("/dev/", "/proc/self/", "/proc/thread-self/", f"/proc/{os.getpid()}/"))
            return int(found[1]) if ours else None
        try:
            place = os.path.normpath(os.path.join(os.path.dirname(place), os.readlink(place)))  # noqa: PTH115, PTH118, PTH120 - text, link by link
        except (OSError, ValueError):
            return None
    return None

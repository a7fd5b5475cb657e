"""Files that a user names, read within limits: no device, no pipe, not too many bytes, not too deep."""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from pathlib import Path
from typing import Any

MOST_TEXT = 64 << 20
"""Bytes of a registry file, a label map or a file of groups."""

MOST_IMAGE = 1 << 30
"""Bytes of one image file, or of a list of them."""

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path with `~` expanded; that of a user who does not exist stays, and is then found missing."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's own raises for an unknown user


def resolved(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path that links and `~` lead to. Raises OSError if it is too long, or links go round."""
    place = expanded(path)
    try:
        return place.resolve()
    except (RuntimeError, ValueError) as error:  # RuntimeError: links in a circle, before Python 3.13
        number = errno.ELOOP if isinstance(error, RuntimeError) else errno.EINVAL
        raise OSError(number, os.strerror(number), str(path)) from error


def read_bytes(path: Path, most: int) -> bytes:
    """Read a whole file. Raises OSError, saying why, if it is not a regular file or has more than `most` bytes."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise OSError(errno.EINVAL, f"It is {kind}, not a file", str(path))
    with path.open("rb") as file:
        data = file.read(most + 1) if status.st_size <= most else b""
    if status.st_size > most or len(data) > most:
        raise OSError(errno.EFBIG, f"It is too large: at most {most >> 20:,} MiB are read", str(path))
    return data


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """Read a text file as `read_bytes` does; raises UnicodeDecodeError too."""
    return read_bytes(path, MOST_TEXT).decode(encoding)


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML. Raises TOMLDecodeError for everything that is wrong, deep nesting and huge numbers too."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("It is nested too deeply") from None
    except ValueError as error:
        raise tomllib.TOMLDecodeError(str(error).partition(";")[0]) from error

"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.disk.special_files import copy_into, is_stream, replaceable
from bench.errors import DiskFullError, StoreError

LONGEST_SHOWN = 300
"""Characters of a path that an error repeats."""


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _umask()  # once, at import: asking for it changes it for a moment, for all threads


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full or read-only disk into a DiskFullError or StoreError that names `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(f"No room to write {path}.", "The disk is full.", "Free some space.") from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise StoreError(
                f"Cannot write {path}.", f"{error.strerror}.", "Choose a folder you may write."
            ) from error
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.ENXIO, errno.EBADF, errno.EILSEQ):
            shown = str(path) if len(str(path)) <= LONGEST_SHOWN else f"{str(path)[:LONGEST_SHOWN]}..."
            raise StoreError(f"Cannot write {shown}.", f"{error.strerror}.", "Give another path.") from error
        raise


def write_text(path: Path, text: str, *, best_effort: bool = False) -> None:
    """Write a text file whole or not at all; with `best_effort` a disk that refuses it is no error."""
    try:
        with disk_errors(path), atomic_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except (StoreError, OSError):
        if not best_effort:
            raise


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; it becomes `path` at the end, or goes if that raises.

    A symbolic link stays, and what it leads to is replaced. A device, a pipe or an open descriptor (/dev/stdout)
    is written into at the end. A file that is replaced keeps its permissions.
    """
    if is_stream(path):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            temporary = Path(folder) / "output"
            temporary.touch()
            yield temporary
            copy_into(temporary, path)
        return
    path = replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = path.parent / name
    try:
        yield temporary
        temporary.chmod(_mode(path))
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0o666 & ~_UMASK


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path` to fill; it becomes `path` at the end, or goes if that raises.

    Where another process has made `path` in the meantime, that one stays and ours goes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        yield temporary
        temporary.chmod(0o777 & ~_UMASK)
        with contextlib.suppress(FileExistsError):
            _rename_new(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _rename_new(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        if target.is_dir():
            raise FileExistsError(target) from error
        raise

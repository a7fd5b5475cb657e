"""Unpacks archives so that nothing escapes the folder and no half-unpacked folder is ever seen."""

from __future__ import annotations

import gzip
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from bench.data.sources.faults import damaged
from bench.disk.atomic import atomic_folder
from bench.errors import DataError

TAR_SUFFIXES = (".tar", ".tgz", ".tar.gz")
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
)
_ZIP_TYPE_SHIFT, _ZIP_LINK = 28, 0o12
_ZIP_ENCRYPTED = 0x1
_CHUNK_BYTES = 1 << 20


_MOST_MEMBERS = 20_000_000
_SUSPECT_RATIO, _SUSPECT_BYTES = 200, 1 << 30
"""An archive of images hardly shrinks; from so many bytes on, so high a ratio is a decompression bomb."""


def is_archive(name: str | Path) -> bool:
    """Whether the name ends as a tar or zip archive does."""
    return str(name).lower().endswith((*TAR_SUFFIXES, ".zip"))


def unpack(files: Sequence[Path], target: Path) -> Path:
    """Unpack the archives among `files` into the new folder `target`, and copy the other files there.

    `target` appears whole or not at all; if it is there already, it is taken as it is. Raises DataError, naming
    the member, where a member's path is absolute or leads out of the folder, or it is a link or a device, and
    naming the archive where that is damaged.
    """
    if target.is_dir():
        return target
    try:
        with atomic_folder(target) as folder:
            for file in files:
                _unpack_one(file, folder)
    except OSError as error:
        raise DataError(
            f"Cannot unpack {', '.join(map(str, files))} to {target}.",
            f"{error.strerror or error}.",
            "Free some space there, or let BENCH_HOME name a folder with room that you may write to.",
        ) from error
    return target


def check_member(name: str, archive: Path) -> None:
    """Raise DataError if a member's name is absolute or leads out of the folder that it is unpacked to."""
    windows = PureWindowsPath(name)
    if windows.is_absolute() or windows.drive or windows.root:
        raise _refused(name, archive, "its path is absolute")
    if ".." in windows.parts or "\0" in name:
        raise _refused(name, archive, "its path leads out of the folder")


def check_tar_member(member: tarfile.TarInfo, archive: Path) -> None:
    """Raise DataError unless the member is a plain file or folder that stays inside."""
    check_member(member.name, archive)
    if not (member.isreg() or member.isdir()):
        raise _refused(member.name, archive, "it is a link or a device")


def _unpack_one(file: Path, folder: Path) -> None:
    try:
        if not is_archive(file):
            shutil.copyfile(file, folder / file.name)
        elif file.suffix.lower() == ".zip":
            _unpack_zip(file, folder)
        else:
            _unpack_tar(file, folder)
    except _DAMAGED as error:
        raise damaged(file, error) from error
    except OSError as error:
        if error.errno is None:  # no failure of the disk: bz2 says so of damaged data
            raise damaged(file, error) from error
        raise


def _unpack_tar(archive: Path, folder: Path) -> None:
    size = 0
    with tarfile.open(archive) as tar:
        for number, member in enumerate(tar):
            _check_count(archive, number)
            check_tar_member(member, archive)
            target = folder / member.name
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
            elif content := tar.extractfile(member):
                size += member.size
                _check_size(archive, size, member.size, folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                with content, target.open("wb") as file:
                    shutil.copyfileobj(content, file)
        while tar.fileobj and tar.fileobj.read(_CHUNK_BYTES):
            pass  # gzip's checksum stands at the very end


def _unpack_zip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as bundle:
        _check_count(archive, len(bundle.infolist()))
        size = sum(member.file_size for member in bundle.infolist())
        _check_size(archive, size, size, folder)
        for member in bundle.infolist():
            check_member(member.orig_filename, archive)
            if member.external_attr >> _ZIP_TYPE_SHIFT == _ZIP_LINK:
                raise _refused(member.filename, archive, "it is a link or a device")
            if member.flag_bits & _ZIP_ENCRYPTED:
                raise _refused(member.filename, archive, "it is encrypted")
            bundle.extract(member, folder)


def _check_count(archive: Path, members: int) -> None:
    if members > _MOST_MEMBERS:
        raise _bomb(archive, f"It has more than {_MOST_MEMBERS:,} members")


def _check_size(archive: Path, size: int, needed: int, folder: Path) -> None:
    """Raise DataError if `size` bytes in all are too many for the archive's own, or `needed` ones for the disk."""
    ratio = size / max(archive.stat().st_size, 1)
    if size > _SUSPECT_BYTES and ratio > _SUSPECT_RATIO:
        raise _bomb(archive, f"Unpacked, it has {ratio:,.0f} times the bytes: no archive of images has")
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"There is no room to unpack {archive}.",
            f"It needs {needed / 1e9:,.1f} GB more, and {free / 1e9:,.1f} GB are free.",
            "Free some space there, or let BENCH_HOME name a folder with room that you may write to.",
        )


def _bomb(archive: Path, why: str) -> DataError:
    return DataError(
        f"The archive {archive} is not safe to unpack.",
        f"{why}.",
        "Fetch it from its official source, or unpack it yourself and point bench at the folder.",
    )


def _refused(name: str, archive: Path, reason: str) -> DataError:
    shown = PurePosixPath(name).as_posix() if name else name
    return DataError(
        f"The archive {archive} is not safe to read.",
        f"Its member {shown!r} is refused: {reason}.",
        "Fetch the archive from its official source, or unpack it yourself and point bench at the folder.",
    )

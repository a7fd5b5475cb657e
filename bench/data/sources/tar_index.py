"""Reads the members of an uncompressed tar in place, from many threads and processes at once."""

from __future__ import annotations

import os
import tarfile
import weakref
from pathlib import Path

from bench.data.sources.archives import check_tar_member
from bench.data.sources.faults import damaged, unreadable
from bench.errors import DataError


class TarIndex:
    """Where each file of a tar lies: its offset and size.

    Reads are positional, so threads and forked processes share one open file; an unpickled copy opens its own.
    Raises DataError for a compressed or damaged archive, and for a member that is neither file nor folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.members: dict[str, tuple[int, int]] = {}
        try:
            with tarfile.open(path, "r:") as tar:
                for member in tar:
                    self._add(member)
        except (tarfile.TarError, EOFError) as error:
            raise damaged(path, error) from error
        except OSError as error:
            raise unreadable(path, error) from error
        self._open()

    def read(self, name: str) -> bytes:
        """Return a member's bytes."""
        offset, size = self.members[name]
        try:
            data = os.pread(self._descriptor, size, offset)
        except OSError as error:
            raise unreadable(self.path, error) from error
        if len(data) != size:
            raise damaged(self.path, EOFError(f"{name} is cut off"))
        return data

    def __getstate__(self) -> dict[str, object]:
        return {"path": self.path, "members": self.members}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._open()

    def _add(self, member: tarfile.TarInfo) -> None:
        check_tar_member(member, self.path)
        if member.issparse():
            raise DataError(
                f"The archive {self.path} cannot be read in place.",
                f"Its member {member.name!r} is stored sparse.",
                "Unpack it and point bench at the folder.",
            )
        if member.isreg():
            self.members[member.name.removeprefix("./")] = (member.offset_data, member.size)

    def _open(self) -> None:
        try:
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise unreadable(self.path, error) from error
        weakref.finalize(self, os.close, self._descriptor)

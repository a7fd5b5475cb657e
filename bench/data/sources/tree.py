"""A dataset's files, wherever they lie: in a folder, or in a tar that is read in place."""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Self

from bench.data.sources.faults import unreadable
from bench.data.sources.tar_index import TarIndex
from bench.disk.bounded import MOST_IMAGE, read_bytes
from bench.errors import DataError


class Tree(ABC):
    """Files under one top, by their path relative to it with `/` between the parts."""

    @cached_property
    @abstractmethod
    def files(self) -> frozenset[str]:
        """Every file's relative path."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return a file's bytes."""

    @abstractmethod
    def where(self, name: str = "") -> str:
        """Say where a file, or the top, lies, for a message."""

    @abstractmethod
    def below(self, folder: str) -> Self:
        """Return the tree whose top is `folder` of this one."""

    @cached_property
    def folders(self) -> frozenset[str]:
        """The names of the folders at the top; an archive knows only those that hold files."""
        return frozenset(name.split("/")[0] for name in self.files if "/" in name)

    @property
    def broken_links(self) -> int:
        """The number of broken links below the top; 0 in an archive."""
        return 0

    def text(self, name: str) -> str:
        """Return a listed text file's content."""
        self.require([name])
        return self.read(name).decode("utf-8", errors="replace")

    def lines(self, name: str) -> list[list[str]]:
        """Return the words of each line of a text file that is not empty."""
        return [words for line in self.text(name).splitlines() if (words := line.split())]

    def require(self, names: Iterable[str], listed_in: str = "") -> None:
        """Raise DataError if any of the files is missing; `listed_in` is the file that names them."""
        if missing := [name for name in names if name not in self.files]:
            listed = f", which {listed_in} lists" if listed_in else ""
            raise DataError(
                f"The dataset at {self.where()} is not complete.",
                f"{len(missing):,} file(s) are missing{listed}; the first is {missing[0]}.",
                "Fetch or unpack it again.",
            )

    def top_with(self, marker: str) -> Self | None:
        """Return the tree whose top holds the file `marker`: this one, or the one furthest up below it."""
        tops = [name.removesuffix(marker) for name in self.files if f"/{name}".endswith(f"/{marker}")]
        if not tops:
            return None
        top = min(tops, key=lambda name: (name.count("/"), name))
        return self.below(top.rstrip("/")) if top else self


class NoFiles(Tree):
    """The tree of a dataset that a Python package brings: empty."""

    files = frozenset()

    def read(self, name: str) -> bytes:
        """Raise DataError: there is no file."""
        raise unreadable(name, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))

    def where(self, name: str = "") -> str:
        """Say where it lies."""
        return name or "a Python package"

    def below(self, folder: str) -> NoFiles:  # noqa: ARG002 - the interface's
        """Return itself: there is nothing below."""
        return self


class FolderTree(Tree):
    """Files in a folder; links to folders are followed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def files(self) -> frozenset[str]:
        """Every file's relative path."""
        return frozenset(relative for relative, _ in walk(self.root))

    @cached_property
    def folders(self) -> frozenset[str]:
        """The names of the folders at the top, empty ones too."""
        return frozenset(entry.name for entry in self.root.iterdir() if entry.is_dir())

    @property
    def broken_links(self) -> int:
        """The number of broken links below the top."""
        return sum(path.is_symlink() and not path.exists() for path in self.root.rglob("*"))

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        try:
            return read_bytes(self.root / name, MOST_IMAGE)
        except OSError as error:
            raise unreadable(self.where(name), error) from error

    def where(self, name: str = "") -> str:
        """Say where a file, or the top, lies."""
        return str(self.root / name)

    def below(self, folder: str) -> FolderTree:
        """Return the tree whose top is `folder` of this one."""
        return FolderTree(self.root / folder)


class TarTree(Tree):
    """Files in an uncompressed tar, below `top` (empty, or ending in `/`)."""

    def __init__(self, index: TarIndex, top: str = "") -> None:
        self.index, self.top = index, top

    @cached_property
    def files(self) -> frozenset[str]:
        """Every file's relative path."""
        return frozenset(name[len(self.top) :] for name in self.index.members if name.startswith(self.top))

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        return self.index.read(self.top + name)

    def where(self, name: str = "") -> str:
        """Say where a file, or the top, lies: `archive.tar:folder/file`."""
        inside = f"{self.top}{name}".rstrip("/")
        return f"{self.index.path}:{inside}" if inside else str(self.index.path)

    def below(self, folder: str) -> TarTree:
        """Return the tree whose top is `folder` of this one."""
        return TarTree(self.index, f"{self.top}{folder}/")


def walk(root: Path) -> list[tuple[str, os.DirEntry[str]]]:
    """List every file below a folder with its relative path; links are followed, but never in a circle."""
    found: list[tuple[str, os.DirEntry[str]]] = []
    pending: list[tuple[str, str, frozenset[tuple[int, int]]]] = [(str(root), "", frozenset())]
    while pending:
        folder, prefix, above = pending.pop()
        try:
            status = os.stat(folder)  # noqa: PTH116 - plain text: 100,000 Path objects would be slow
            if (status.st_dev, status.st_ino) in above:
                continue
            chain = above | {(status.st_dev, status.st_ino)}
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir():
                        pending.append((entry.path, f"{prefix}{entry.name}/", chain))
                    elif entry.is_file():
                        found.append((prefix + entry.name, entry))
        except OSError as error:
            raise unreadable(folder, error) from error
    return found

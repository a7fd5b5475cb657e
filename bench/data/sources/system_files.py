"""Folders and files that operating systems, file servers and editors leave between a user's images."""

from __future__ import annotations

import re

_FOLDERS = re.compile(
    r"""(
      \..*                                      # hidden: .git, .thumbnails, .ipynb_checkpoints, .Trash-1000
    | __MACOSX.*                                # macOS, in zips
    | \$RECYCLE\.BIN | RECYCLER | RECYCLED | System\ Volume\ Information | FOUND\.\d{3} | \$WinREAgent
    | @eaDir | \#recycle | \#snapshot | @tmp | @SynoEAStream | @SynoResource         # Synology
    | @Recycle | @Recently-Snapshot | @__thumb | @Transcode                         # QNAP
    | lost\+found                               # ext4
    | Network\ Trash\ Folder | Temporary\ Items # AFP
    | __pycache__
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_FILES = re.compile(
    r"\..*|Thumbs\.db(:encryptable)?|ehthumbs(_vista)?\.db|desktop\.ini|Icon\r|Picasa\.ini|~\$.*|SYNOINDEX_.*",
    re.IGNORECASE,
)


def system_folder(name: str) -> str | None:
    """Return the uppermost system folder that a path lies in (`cat/@eaDir`); None if it lies in none."""
    parts = name.split("/")[:-1]
    for depth, part in enumerate(parts, start=1):
        if _FOLDERS.fullmatch(part):
            return "/".join(parts[:depth])
    return None


def is_system_folder(name: str) -> bool:
    """Return whether a folder's own name is that of a system folder."""
    return _FOLDERS.fullmatch(name) is not None


def is_system_file(name: str) -> bool:
    """Return whether a file's own name is that of a system file, or hidden (AppleDouble's `._1.jpg` too)."""
    return _FILES.fullmatch(name.rsplit("/", 1)[-1]) is not None

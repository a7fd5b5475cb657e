"""A site that was built becomes the one that is read: no reader finds half of it, and what is the same stays."""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bench.disk.atomic import write_text
from bench.errors import BenchError
from bench.report.places import written_to
from bench.report.site.folder import EXAMPLE, MANIFEST, listing, site_files
from bench.report.site.material import OVERVIEW

_BUILDING = ".building-"
_LEFT_BEHIND_S = 24 * 3600.0
_WHEN = re.compile(rb"<time[^>]*>[^<]*</time>")


@contextmanager
def building(folder: Path) -> Iterator[Path]:
    """Give a new folder within the site's own, to build the next one in; it goes at the end.

    Raises BenchError where `folder` cannot be written, or holds anything else than an earlier site.
    """
    with written_to(folder, EXAMPLE):
        _check(folder)
        folder.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(folder)
        built = Path(tempfile.mkdtemp(prefix=f"{_own()}{os.getpid()}-", dir=folder))
    try:
        yield built
    finally:
        shutil.rmtree(built, ignore_errors=True)


def publish(built: Path, folder: Path) -> frozenset[str]:
    """Move a finished site from where it was built into its folder; return the files that it changes there.

    Pages come after what they load, and the overview after all others. Files that only tell another time of their
    making stay as they are, those that the earlier site had and this one has not go.
    """
    files, before = site_files(built), site_files(folder)
    made = {path for path in files if (built / path).exists()}
    changed = {path for path in made if path == MANIFEST or not _same(built / path, folder / path)}
    with written_to(folder, EXAMPLE):
        write_text(folder / MANIFEST, listing(files | before))  # so that a site that is half there is known as one
        for path in sorted(changed, key=_order):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (built / path).replace(folder / path)
        for path in before - files:
            (folder / path).unlink(missing_ok=True)
    return frozenset(changed if files != before else changed - {MANIFEST})


def _check(folder: Path) -> None:
    if not folder.exists():
        return
    found = [path.name for path in folder.iterdir() if not path.name.startswith(_BUILDING)]
    if found and not site_files(folder):
        raise BenchError(
            f"Cannot write a site into '{folder}'.",
            f"It holds files that are not of an earlier site: {min(found)}.",
            f"Name a new folder, for example {EXAMPLE}.",
        )


def _same(new: Path, old: Path) -> bool:
    if old.is_symlink() or not old.is_file():
        return False
    return _timeless(new) == _timeless(old)


def _timeless(path: Path) -> bytes:
    content = path.read_bytes()
    return _WHEN.sub(b"", content) if path.suffix == ".html" else content


def _order(path: str) -> tuple[bool, bool, bool, str]:
    return path == MANIFEST, path == OVERVIEW, path.endswith(".html"), path


def _remove_left_behind(folder: Path) -> None:
    """Remove what builds left that were killed: their process is gone, or was on a machine that nobody can ask."""
    own = _own()
    for path in folder.glob(f"{_BUILDING}*"):
        pid = path.name.removeprefix(own).partition("-")[0]
        gone = pid.isdecimal() and not psutil.pid_exists(int(pid))
        with suppress(FileNotFoundError):
            if gone or time.time() - path.stat().st_mtime > _LEFT_BEHIND_S:
                shutil.rmtree(path, ignore_errors=True)


def _own() -> str:
    """Return how the folders begin that builds on this machine use."""
    return f"{_BUILDING}{re.sub(r'[^A-Za-z0-9.]', '', socket.gethostname())}-"

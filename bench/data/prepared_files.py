"""The files of prepared images below `$BENCH_HOME/images`: what each holds, and freeing it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.atomic import disk_errors, write_text
from bench.conditions import Conditions, Part
from bench.home import bench_home
from bench.kept import LEFTOVER_S, Listed


@dataclass(frozen=True)
class Label:
    """What a file is called where people see it; nothing of it decides anything."""

    dataset: str
    split: str
    image_size: int
    images: int
    seconds: float
    cpu_s: float | None = None
    load: float | None = None
    slowdown: float | None = None
    disturbed: bool | None = None

    @property
    def prepared(self) -> Part:
        """What preparing the images took, and the conditions that this was measured under."""
        return Part(self.seconds, Conditions(self.cpu_s, self.load, self.slowdown, self.disturbed))


def prepared_path(name: str) -> Path:
    """Return where images are kept whose content has this name."""
    return _folder() / f"{name[:32]}.npy"


def write_label(path: Path, label: Label) -> None:
    """Note beside a file what it holds; a disk that refuses the note is no error."""
    write_text(path.with_suffix(".json"), json.dumps(asdict(label)), best_effort=True)


def read_label(path: Path) -> Label | None:
    """Read the note beside a file; None where there is none, or none that can be read."""
    try:
        return Label(**json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def touch(path: Path) -> None:
    """Note that a file is used now."""
    with contextlib.suppress(OSError):
        os.utime(path.with_suffix(".json"))


def prepared_files() -> list[Listed]:
    """List the files, the one used last first; one without a note by its key and size alone."""
    return sorted(map(_listed, _folder().glob("[!.]*.npy")), key=lambda file: -file.used_at)


def remove(key: str) -> None:
    """Free a file; a process that has it open goes on reading it. Leftovers of killed processes go too.

    Raises StoreError where the disk refuses that.
    """
    for path in (prepared_path(key), prepared_path(key).with_suffix(".json")):
        with disk_errors(path):
            path.unlink(missing_ok=True)
    for path in _folder().glob(".*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > LEFTOVER_S:
                path.unlink()


def _folder() -> Path:
    return bench_home() / "images"


def _listed(path: Path) -> Listed:
    size, label = path.stat().st_size, read_label(path)
    if label is None:
        return Listed(path.stem, "", "", "images", 0, size, 0.0, path.stat().st_mtime)
    what, used = f"images ({label.split}, {label.image_size} px)", path.with_suffix(".json").stat().st_mtime
    return Listed(path.stem, "", label.dataset, what, label.images, size, label.seconds, used)

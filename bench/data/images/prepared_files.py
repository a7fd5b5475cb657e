"""The files of prepared images below `$BENCH_HOME/images`: what each holds, and freeing it.

A file is a .npy array followed by a seal of fixed length: the array's checksum, and what the file is called. So
both appear together or not at all.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.disk.atomic import disk_errors
from bench.disk.cached import LEFTOVER_S, Listed, State
from bench.disk.checksum import is_whole, sealed_json, unsealed_json
from bench.disk.home import bench_home
from bench.disk.locks import Lock, locked
from bench.hardware.conditions import Conditions, Part

SEAL_BYTES = 4096


@dataclass(frozen=True)
class Label:
    """The display name of a file, and the seconds that preparing its images took."""

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
        """The seconds that preparing the images took, and the conditions during the measurement."""
        return Part(self.seconds, Conditions(self.cpu_s, self.load, self.slowdown, self.disturbed))


def prepared_path(name: str) -> Path:
    """Return where images are kept whose content has this name."""
    return images_folder() / f"{name[:32]}.npy"


def images_folder() -> Path:
    """Return the folder of all prepared images."""
    return bench_home() / "images"


def seal(array_checksum: str, label: Label) -> bytes:
    """Return what is to follow an array of this checksum."""
    text = sealed_json({"array": array_checksum, "label": asdict(label)})
    return text.encode().ljust(SEAL_BYTES)


def read_seal(path: Path) -> tuple[str, Label] | None:
    """Return an array's checksum and label; None if the file has no seal, or a damaged one."""
    try:
        with path.open("rb") as file:
            file.seek(-SEAL_BYTES, os.SEEK_END)
            found = unsealed_json(file.read().decode().rstrip(" "))
        return found["array"], Label(**found["label"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def verified_label(path: Path) -> Label | None:
    """Return a file's label if every byte of the file is as it was written, checked once in a process."""
    found = read_seal(path)
    if found is None or not is_whole(path, found[0], path.stat().st_size - SEAL_BYTES):
        return None
    return found[1]


def touch(path: Path) -> None:
    """Note that a file is used now."""
    with contextlib.suppress(OSError):
        os.utime(path)


def prepared_files() -> list[Listed]:
    """List the files, the one used last first, and what killed processes have left half-written."""
    folder = images_folder()
    files = [*map(_listed, folder.glob("[!.]*.npy")), *map(_unfinished, folder.glob(".*.tmp"))]
    return sorted(files, key=lambda file: -file.used_at)


def remove(key: str) -> None:
    """Free a file, and what killed processes left of it; a process that has it open goes on reading it.

    Raises StoreError where the disk refuses that.
    """
    path, folder = prepared_path(key), images_folder()
    with locked(folder, key) as whose:
        left = [tmp for tmp in folder.glob(f".{key}.*.tmp") if _is_left(tmp, whose)]
        for each in (path, path.with_suffix(".json"), *left):  # a note in JSON was kept before there were seals
            with disk_errors(each):
                each.unlink(missing_ok=True)


def _listed(path: Path) -> Listed:
    found, about = read_seal(path), path.stat()
    if found is None:
        return Listed(path.stem, "", "", "images", 0, about.st_size, 0.0, about.st_mtime, "outdated")
    label = found[1]
    what = f"images ({label.split}, {label.image_size} px)"
    sizes = (label.images, about.st_size, label.seconds, about.st_mtime)
    return Listed(path.stem, "", label.dataset, what, *sizes)


def _unfinished(path: Path) -> Listed:
    key = path.name[1:].split(".")[0]
    with locked(path.parent, key) as whose:
        state: State = "left" if _is_left(path, whose) else "being written"
    size = 0
    with contextlib.suppress(OSError):
        size = path.stat().st_size
    return Listed(key, "", "", "images", 0, size, 0.0, 0.0, state)


def _is_left(path: Path, whose: Lock) -> bool:
    """Whether nobody writes a temporary file any more: its lock is free or, without locks, it is a day old."""
    if whose != "unknown":
        return whose == "ours"
    with contextlib.suppress(OSError):
        return time.time() - path.stat().st_mtime > LEFTOVER_S
    return False

"""The folders of the feature cache: how they are called, whose they are, and how they are listed."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

from bench.disk.cached import LEFTOVER_S, Listed, State
from bench.disk.checksum import unsealed_json
from bench.disk.locks import Lock, locked
from bench.records.runs import FeaturePass
from bench.train.frozen.cache_entry import sealed


def partial_folder(folder: Path, key: str) -> Path:
    """Return where a pass keeps what it has of an entry until it is whole."""
    return folder / f".{key}.part"


def partials(folder: Path) -> list[Path]:
    """List the folders of entries that a pass has not finished."""
    return sorted(folder.glob(".*.part"))


def temporary_folders(folder: Path) -> list[Path]:
    """List the folders in which entries are being written, or were when a process was killed."""
    return sorted(folder.glob(".*.tmp"))


def key_of(temporary: Path) -> str:
    """Return the key of an entry from the name of a folder in which it is written (`atomic_folder`)."""
    return temporary.name[1:].split(".")[0]


def is_left(temporary: Path, whose: Lock) -> bool:
    """Return whether a folder is abandoned: its lock is free or, without locks, it is a day old."""
    if whose != "unknown":
        return whose == "ours"
    with contextlib.suppress(OSError):
        return time.time() - max(p.stat().st_mtime for p in (temporary, *temporary.iterdir())) > LEFTOVER_S
    return False


def listed_unfinished(folder: Path) -> Listed:
    """Describe a folder in which an entry is written that cannot be gone on with."""
    key = key_of(folder)
    with locked(folder.parent, key) as whose:
        state: State = "left" if is_left(folder, whose) else "being written"
    return Listed(key, "", "", "", 0, _bytes(folder), 0.0, 0.0, state)


def listed_partial(folder: Path) -> Listed:
    """Describe what an interrupted pass has kept of an entry, or a pass in another process keeps now."""
    key, label = key_of(folder), marked(folder)
    with locked(folder.parent, key) as whose:
        state: State = "being written" if whose == "theirs" else "partial" if label else "left"
    if state != "partial" or not label:
        return Listed(key, "", "", "", 0, _bytes(folder), 0.0, 0.0, state)
    names = (label["backbone"], label["dataset"], label["frontier"])
    return Listed(key, *names, 0, _bytes(folder), 0.0, folder.stat().st_mtime, state)


def marked(folder: Path) -> dict[str, str] | None:
    """Return what an unfinished entry is called, if a pass can go on with it: it has made a mark."""
    try:
        with (folder / "progress").open(encoding="utf-8") as file:
            label, mark = unsealed_json(file.readline())["label"], unsealed_json(file.readline())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {name: str(label.get(name, "")) for name in ("backbone", "dataset", "frontier")} if mark else None


def worthless(folder: Path) -> list[Path]:
    """List the folders of unfinished entries that no pass can go on with, if nobody writes them."""
    return [*temporary_folders(folder), *(path for path in partials(folder) if marked(path) is None)]


def _bytes(folder: Path) -> int:
    with contextlib.suppress(OSError):
        return sum(file.stat().st_size for file in folder.glob("*.npy"))
    return 0


def listed(folder: Path) -> Listed:
    """Describe an entry by what it was sealed with; its bytes are not read."""
    entry, size = sealed(folder), _bytes(folder)
    try:
        text, used = (folder / "meta.json").read_text(encoding="utf-8"), (folder / "meta.json").stat().st_mtime
        if entry is None:
            return _outdated(folder.name, json.loads(text), size, used)
        frontier = unsealed_json(text)["frontier"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Listed(folder.name, "", "", "", 0, size, 0.0, 0.0, "damaged")
    made = entry.made
    return Listed(folder.name, made.backbone, made.dataset, frontier, made.images, size, made.seconds, used)


def _outdated(key: str, meta: dict[str, Any], size: int, used: float) -> Listed:
    """Describe an entry of before there were checksums; raises KeyError or TypeError for anything else."""
    made = FeaturePass(**meta["pass"])
    names = (made.backbone, made.dataset, meta["frontier"])
    return Listed(key, *names, made.images, size, made.seconds, used, "outdated")

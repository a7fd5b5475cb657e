"""The locations of folder datasets opened on this machine, by fingerprint: a run stores no path."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.disk.atomic import write_text
from bench.disk.home import bench_home
from bench.registry.entries import DatasetEntry

_MOST = 8


@dataclass(frozen=True)
class Place:
    """A folder or archive, and how it was read: the `--layout` and the `--list`s, if any."""

    path: str
    layout: str = ""
    lists: tuple[str, ...] = ()


def remember_place(fingerprint: str, entry: DatasetEntry) -> None:
    """Note that the dataset with this fingerprint lies where its entry says; a disk that refuses is no error."""
    place = Place(entry.locations[0], entry.layout, entry.lists)
    known = places_of(fingerprint)
    if known[:1] != [place]:
        others = [other for other in known if other.path != place.path]
        text = json.dumps([asdict(one) for one in [place, *others][:_MOST]])
        write_text(_file(fingerprint), text, best_effort=True)


def places_of(fingerprint: str | None) -> list[Place]:
    """Return where the dataset with this fingerprint was opened, the latest first; nothing of it may be left."""
    if not fingerprint:
        return []
    try:
        found = json.loads(_file(fingerprint).read_text("utf-8"))
        return [Place(str(one["path"]), str(one["layout"]), tuple(map(str, one["lists"]))) for one in found]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _file(fingerprint: str) -> Path:
    return bench_home() / "places" / f"{fingerprint}.json"

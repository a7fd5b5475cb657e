"""Finds a dataset by what a user writes: a name of the registry, or `folder:PATH` with its layout and lists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data.manifest import ManifestHeader
from bench.disk.bounded import resolved
from bench.errors import BenchError
from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry


@dataclass(frozen=True)
class Source:
    """A dataset before its images are read: its entry, and the header of its manifest if this machine has one."""

    entry: DatasetEntry
    header: ManifestHeader | None = None

    @property
    def images(self) -> Mapping[str, int]:
        """The number of images of each official split."""
        return self.header.counts if self.header else self.entry.counts


def find_dataset(
    registry: Registry,
    name: str,
    groups: Sequence[str] = (),
    *,
    layout: str | None = None,
    lists: Sequence[str] = (),
) -> DatasetEntry:
    """Look a dataset up by name, or make the entry of `folder:PATH`, read as `layout` and `lists` say.

    `groups` are `TARGET=FILE` each, for targets made of its classes.
    """
    entry = _find(registry, name, layout, lists)
    return entry.with_groups(_read_groups(groups)) if groups else entry


def split_lists(values: Sequence[str]) -> list[str]:
    """Split `train=FILE,test=FILE`; commas elsewhere belong to file names."""
    return [part.strip() for value in values for part in re.split(r",(?=[A-Za-z]+=)", value)]


def _find(registry: Registry, name: str, layout: str | None, lists: Sequence[str]) -> DatasetEntry:
    if name.strip() == "folder:":
        raise BenchError(
            "folder: names no folder.", "Nothing follows it.", "Write folder:PATH, as in folder:birds."
        )
    if name.startswith("folder:"):
        from bench.data.datasets import folder_entry  # noqa: PLC0415 - names alone need no reader

        return folder_entry(Path(name.removeprefix("folder:")), layout=layout or "", lists=split_lists(lists))
    if layout or lists:
        raise BenchError(
            f"{'--layout' if layout else '--list'} says how to read a folder, and {name} is none.",
            "A dataset of the registry has a reader of its own.",
            "Leave it out, or write --dataset folder:PATH.",
        )
    return registry.get(DatasetEntry, name)


def _read_groups(values: Sequence[str]) -> dict[str, str]:
    """Read `TARGET=FILE`. Raises BenchError for what is not of that form, and a target that is named twice."""
    found: dict[str, str] = {}
    for value in values:
        target, sign, place = (part.strip() for part in value.partition("="))
        if not (target and sign and place):
            raise BenchError(
                f"Cannot read --groups {value!r}.",
                "It names the new target and the file that groups the classes.",
                "Write --groups kind=kinds.toml.",
            )
        if target in found:
            raise BenchError(
                f"--groups names the target {target!r} twice.", "A target has one file.", "Give one of them."
            )
        found[target] = str(resolved(place))
    return found

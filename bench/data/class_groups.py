"""Targets made of another's classes: files that map each class name to the name of its group, as TOML or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data.manifest import Grouping, Manifest
from bench.disk.bounded import expanded, parse_toml, read_text
from bench.errors import SHOWN, DataError, did_you_mean
from bench.registry.entries import DatasetEntry
from bench.spec import digest

HEADER = ("class", "group")
_EXAMPLE = 'Write a line for each class: "great auk" = "auk", or in a .csv: great auk,auk.'
_LISTS = "`bench datasets NAME --classes` writes the class names of a dataset as such a file."
_FEWEST = 2


@dataclass(frozen=True)
class GroupMap:
    """The group of each class, by name, and the file that says so; groups are ordered by name."""

    path: Path
    groups: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The groups, sorted."""
        return tuple(sorted(set(self.groups.values())))

    def grouping(self, target: str, classes: Sequence[str]) -> Grouping:
        """Group the classes of a target. Raises DataError for one without a group, and a group of none of them."""
        if unknown := [name for name in self.groups if name not in classes]:
            valid = f"Valid: {', '.join(classes)}. " if len(classes) <= SHOWN else ""
            near = did_you_mean(unknown[0], classes)
            raise DataError(
                f"{self.path} groups a class {unknown[0]!r} that the dataset does not have.",
                f"{_counted(unknown, len(self.groups))} unknown. {valid}{near}".rstrip(),
                _LISTS,
            )
        if missing := [name for name in classes if name not in self.groups]:
            raise DataError(
                f"{self.path} has no group for the class {missing[0]!r}.",
                f"{_counted(missing, len(classes))} missing.",
                f"Every class belongs to a group. {_LISTS}",
            )
        place = {name: number for number, name in enumerate(self.names)}
        return Grouping(of=target, names=self.names, places=tuple(place[self.groups[name]] for name in classes))


def group_maps(entry: DatasetEntry) -> dict[str, GroupMap]:
    """Read the files of a dataset's grouped targets, by target. Raises DataError for one that cannot be read."""
    return {target: read_groups(expanded(place)) for target, place in sorted(entry.groups.items())}


def groups_digest(maps: Sequence[GroupMap]) -> str | None:
    """Hash what grouped targets mean, whatever their files are called; None where there are none."""
    return digest([dict(one.groups) for one in maps], "groups") if maps else None


def with_groups(manifest: Manifest, entry: DatasetEntry) -> Manifest:
    """Add an entry's grouped targets to a manifest, whose fingerprint stays.

    A file groups the default target's classes, or those of the first target all of whose classes it names.
    """
    groups = {}
    for target, one in group_maps(entry).items():
        named = (of for of, classes in manifest.classes.items() if one.groups.keys() >= set(classes))
        of = next(named, manifest.default_target)
        groups[target] = one.grouping(of, manifest.classes[of])
    return manifest.model_copy(update={"groups": groups}) if groups else manifest


def read_groups(path: Path) -> GroupMap:
    """Read a class -> group file. Raises DataError where it is none, or has fewer than two groups."""
    if path.suffix.lower() not in (".toml", ".csv"):
        raise DataError(
            f"Cannot read groups from {path}.", "Its name ends neither with .toml nor with .csv.", _EXAMPLE
        )
    try:
        text = read_text(path, "utf-8-sig")
        groups = _toml(text) if path.suffix.lower() == ".toml" else _csv(text)
    except OSError as error:
        why = f"{error.strerror or error}."
        raise DataError(f"Cannot read groups from {path}.", why, "Check the path.") from error
    except (ValueError, csv.Error) as error:  # bytes that are no UTF-8, and what tomllib raises, too
        raise DataError(f"Cannot read groups from {path}.", f"{str(error).rstrip('.')}.", _EXAMPLE) from error
    if len(set(groups.values())) < _FEWEST:
        found = f"All {len(groups):,} classes are in {next(iter(groups.values()))!r}" if groups else "It is empty"
        raise DataError(
            f"{path} tells no classes apart.", f"{found}; a target needs two groups at least.", "Correct the file."
        )
    return GroupMap(path, groups)


def as_toml(classes: Sequence[str]) -> str:
    """Write class names as a class -> group file whose groups are left to fill in."""
    return "".join(f'{_quoted(name)} = ""\n' for name in classes)


def _toml(text: str) -> dict[str, str]:
    groups: dict[str, str] = {}
    for name, group in parse_toml(text).items():
        if not isinstance(group, str):
            raise ValueError(f"The group of {name!r} is no text, but {group!r}")  # noqa: TRY004 - as tomllib's own
        groups[name] = _group(name, group)
    return groups


def _csv(text: str) -> dict[str, str]:
    groups: dict[str, str] = {}
    for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1):
        if not row or (number == 1 and tuple(cell.strip().lower() for cell in row) == HEADER):
            continue
        if len(row) != len(HEADER):
            raise ValueError(f"Row {number} has {len(row)} cells; it should have a class and its group")
        if row[0] in groups:
            raise ValueError(f"Row {number} names the class {row[0]!r} a second time")
        groups[row[0]] = _group(*row)
    return groups


def _group(name: str, group: str) -> str:
    if not group.strip():
        raise ValueError(f"The class {name!r} has no group yet")
    return group.strip()


def _counted(names: Sequence[str], of: int) -> str:
    return f"{len(names):,} of {of:,} {'is' if len(names) == 1 else 'are'}"


def _quoted(text: str) -> str:
    """Write text as a basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'

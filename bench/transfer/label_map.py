"""A label map as written: a TOML file that says which class of ours each of another dataset's classes is.

    [map]
    n01944390 = "snail"          # by WordNet id
    "soda bottle" = "bottle"     # or by name; several may go to one of ours

Published maps are often printed as positions. They are read only with who their keys are (`[names]`) and what the
positions count (`index_order`); the names decide, and positions are checked against them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, StrictStr, ValidationError

from bench.disk.bounded import expanded, parse_toml, read_text
from bench.errors import LabelMapError, did_you_mean, unknown_name
from bench.spec import Spec

FOLDER = "label_maps"
"""The folder of a registry that holds label maps."""

_HOW = 'Write [map], and below it a line for each class: "their class" = "our class".'


class WrittenMap(Spec):
    """The file of a label map.

    `map` goes from a class of the other dataset (name, WordNet id or, with `index_order`, position) to one of ours
    (name or, with `index_order`, position among the classes of `target`). `names` says which class each key means.
    `confirmed` are keys whose target is right although their names say otherwise. `index_order` is `sorted` (by
    name or WordNet id) or `dataset` (as the dataset's own files list them). The rest is checked or shown.
    """

    map: dict[str, StrictStr | Annotated[StrictInt, Field(ge=0)]] = Field(min_length=1)
    names: dict[str, str] = Field(default={})
    confirmed: tuple[str, ...] = ()
    index_order: Literal["", "sorted", "dataset"] = ""
    dataset: str = ""
    target: str = ""
    source: str = ""
    note: str = ""

    def named(self, key: str) -> str:
        """Return which class a key means, by name."""
        return self.names.get(key, key)


def read_map(path: Path) -> WrittenMap:
    """Read a label map. Raises LabelMapError where it cannot be read, or has positions that nothing explains."""
    try:
        data = parse_toml(read_text(path))
    except OSError as error:
        raise LabelMapError(
            f"The label map {path} cannot be read.", f"{error.strerror or error}.", "Check the path."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LabelMapError(f"The label map {path} is no TOML.", f"{error}.", _HOW) from error
    written = _validated(data, path)
    _check_keys(written, path)
    _check_positions(written, path)
    return written


def find_map(name: str, folders: Iterable[Path]) -> Path:
    """Find a label map: a path, or the name of one in a registry folder, of which later ones go first.

    Raises LabelMapError where there is none.
    """
    path = expanded(name)
    if path.is_file():
        return path
    known = {found.stem: found for folder in folders for found in sorted((folder / FOLDER).glob("*.toml"))}
    if name in known:
        return known[name]
    near = did_you_mean(name, known)
    raise LabelMapError(
        f"There is no label map {name}.",
        f"It is no file, and the registry knows {', '.join(sorted(known)) or 'none'}.",
        near or "Check the path; docs/transfer.md says how a map is written.",
    )


def _validated(data: dict[str, Any], path: Path) -> WrittenMap:
    try:
        return WrittenMap.model_validate(data)
    except ValidationError as error:
        raise _invalid(error, path) from error


def _invalid(error: ValidationError, path: Path) -> LabelMapError:
    """Say what of a map is not as it should be, and how it is written."""
    first = error.errors()[0]
    where, *inside = map(str, first["loc"])
    if first["type"] == "extra_forbidden":
        hint = unknown_name("key", where, WrittenMap.model_fields, LabelMapError)
        return LabelMapError(f"The label map {path} has an unknown key {where!r}.", hint.why, _HOW)
    if where == "map" and inside:
        return LabelMapError(
            f"The label map {path} sends {inside[0]!r} to no class.",
            "A class is named by text; a position is a whole number, 0 or more. A key with dots needs quotes.",
            f'Write: "{inside[0]}" = "our class".',
        )
    whys = {"missing": "It has no table [map].", "too_short": "Its table [map] is empty."}
    why = whys.get(first["type"], f"{where}: {first['msg']}.")
    return LabelMapError(f"The label map {path} is not valid.", why, _HOW)


def _check_keys(written: WrittenMap, path: Path) -> None:
    """Raise LabelMapError where `names` or `confirmed` speak of what is not mapped."""
    for table, keys in (("[names]", written.names), ("confirmed", written.confirmed)):
        for key in keys:
            if key not in written.map:
                hint = unknown_name("key", key, written.map, LabelMapError)
                raise LabelMapError(f"{table} of {path} has {key!r}, which [map] has not.", hint.why, hint.todo)


def _check_positions(written: WrittenMap, path: Path) -> None:
    """Raise LabelMapError for a position whose class or order is not said."""
    values = [key for key, value in written.map.items() if isinstance(value, int)]
    if not written.index_order:
        if values:
            raise LabelMapError(
                f"The label map {path} gives {values[0]!r} as position {written.map[values[0]]}.",
                "A position alone may mean another class in another order.",
                'Write the name of our class; or say what positions count: index_order = "dataset" or "sorted", '
                "with the name of each key in [names].",
            )
        return
    unnamed = [key for key in written.map if key.isdecimal() and key not in written.names]
    if unnamed:
        raise LabelMapError(
            f"The label map {path} does not say which class {unnamed[0]} is.",
            "A position alone may mean another class in another order.",
            f'Add [names], and below it {unnamed[0]} = "its name or WordNet id".',
        )

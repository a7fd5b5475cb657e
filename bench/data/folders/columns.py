"""Finds out which column of a table is the image, which its label and which its split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bench.data.checks.check import OfficialSplit
from bench.data.folders.paths_listed import ImageIndex
from bench.data.folders.split_words import split_name
from bench.data.folders.tables import Table
from bench.errors import DataError

_LABEL = re.compile(
    r"_?(class|label|category|target|species|breed|variety|variant|cultivar|disease|diagnosis|genre|style)"
    r"[ _]?(names?|ids?|idx|index|s|no|number)?|y|dx|classid|labels|classes|categories",
    re.IGNORECASE,
)
_TEXT_LABEL = re.compile(r".*name|label|class|category|species|breed|labels", re.IGNORECASE)
_SPLIT = re.compile(r"(data[ _]?)?(set|split|subset|partition|usage|phase|dataset)[ _]?(name)?", re.IGNORECASE)
_IS_SPLIT = re.compile(
    r"(?:is|in)[ _]?(train|val|valid|test)(?:ing|idation)?(?:[ _](?:set|img|image|split))?", re.IGNORECASE
)
_YES, _NO = {"1", "true", "yes", "t", "y", "1.0"}, {"0", "false", "no", "f", "n", "0.0", ""}
_CODES = {"0", "1", "2"}
_OTHERWISE: dict[str, OfficialSplit] = {"train": "test", "val": "train", "test": "train"}


@dataclass(frozen=True)
class Listing:
    """The contents of one list: its images and, if it has them, the label and the split of each.

    `missing` are rows whose image is not there, `first_missing` the first of them as it is written; `label_column`
    is the header of the column that the labels are from.
    """

    file: str
    images: tuple[str, ...]
    labels: tuple[str, ...] | None
    splits: tuple[OfficialSplit | None, ...] | None
    missing: int = 0
    first_missing: str = ""
    label_column: str = ""


def read_listing(file: str, tables: Sequence[Table], index: ImageIndex) -> Listing | None:
    """Read the table that names most images; None if fewer than half of its rows do.

    Raises DataError if a column of splits cannot be told apart.
    """
    folder = file.rpartition("/")[0]
    best: tuple[tuple[int, int], Table, int, list[str | None]] | None = None
    for table in tables:
        for column in range(len(table.rows[0]) if table.rows else 0):
            found, left_out = index.find(table.column(column), folder)
            count = len({name for name in found if name})
            rank = (count, -left_out)  # `3 images/1.jpg` as one path would be found by its end only
            if count and 2 * count >= len(found) and (best is None or rank > best[0]):
                best = (rank, table, column, found)
    return _listing(file, *best[1:]) if best else None


def _listing(file: str, table: Table, column: int, found: list[str | None]) -> Listing:
    there = [row for row, name in enumerate(found) if name]
    splits, split_column = _splits(file, table, column)
    labels, label_column = _labels(table, {column, split_column})
    lost = [table.rows[row][column] for row, name in enumerate(found) if not name and table.rows[row][column]]
    return Listing(
        file,
        tuple(name for name in found if name),
        tuple(labels[row] for row in there) if labels else None,
        tuple(splits[row] for row in there) if splits else None,
        len(lost),
        lost[0] if lost else "",
        label_column,
    )


def _splits(file: str, table: Table, path: int) -> tuple[list[OfficialSplit | None] | None, int]:
    """Return each row's split and the column that says it."""
    for column, values in ((c, table.column(c)) for c in range(len(table.rows[0])) if c != path):
        header = table.header[column] if table.header else ""
        present = {value.lower() for value in values if value}
        if (boolean := _IS_SPLIT.fullmatch(header)) and present | {""} <= _YES | _NO:
            return _of_booleans(boolean.group(1).lower(), values), column
        words = {value: name.word for value in present if (name := split_name(value)) and not name.rest}
        named = bool(_SPLIT.fullmatch(header))
        if present and words.keys() == present and (named or len(set(words.values())) > 1):
            return [_official(words.get(value.lower()), set(words.values())) for value in values], column
        if named and present <= _CODES and len(present) > 1:
            raise DataError(
                f"The column {header} of {file} numbers the splits.",
                f"It has the values {', '.join(sorted(present))}, and nothing says which of them is train.",
                "Write train, val and test in it; or --list none to leave the file out.",
            )
    return None, -1


def _official(word: str | None, words: set[str]) -> OfficialSplit | None:
    if word == "eval":
        return "val" if "test" in words else "test"
    return word if word in ("train", "val", "test") else None  # type: ignore[return-value] # narrowed by the tuple


def _of_booleans(word: str, values: Sequence[str]) -> list[OfficialSplit | None]:
    split: OfficialSplit = "val" if word == "valid" else word  # type: ignore[assignment] # one of the pattern's
    return [split if value.lower() in _YES else _OTHERWISE[split] for value in values]


def _labels(table: Table, taken: set[int]) -> tuple[list[str] | None, str]:
    """Return each row's label, of the column named like one, of the only other column, or of one-hot columns."""
    others = [
        column
        for column in range(len(table.rows[0]))
        if column not in taken and not _is_row_number(table, column) and any(table.column(column))
    ]
    if not table.header:
        shared = [column for column in others if len(set(table.column(column))) < len(table.rows)]
        return (table.column((shared or others)[0]), "") if others else (None, "")  # not the row's number
    if named := [column for column in others if _LABEL.fullmatch(table.header[column])]:
        chosen = _preferred(table, named)
        return table.column(chosen), table.header[chosen]
    if one_hot := _one_hot(table, others):
        return one_hot, "one-hot"
    return (table.column(others[0]), "") if len(others) == 1 else (None, "")


def _preferred(table: Table, columns: Sequence[int]) -> int:
    """Choose among columns named like labels: names before numbers, if each name has one number."""
    names = [column for column in columns if not all(value.isdigit() for value in table.column(column))]
    for column in (*(c for c in names if _TEXT_LABEL.fullmatch(table.header[c])), *names):
        if len(set(table.column(column))) == len(
            set(zip(table.column(column), table.column(columns[0]), strict=True))
        ):
            return column
    return columns[0]


def _is_row_number(table: Table, column: int) -> bool:
    header = table.header[column] if table.header else "x"
    return header.lower() in ("", "index", "unnamed: 0") and all(value.isdigit() for value in table.column(column))


def _one_hot(table: Table, columns: Sequence[int]) -> list[str] | None:
    """Name each row by its only column with a 1; None if the columns are not one-hot."""
    labels = []
    for row in table.rows:
        values = [row[column] for column in columns]
        if len(columns) < 2 or not set(values) <= {"0", "1", "0.0", "1.0"}:  # noqa: PLR2004 - two classes at least
            return None
        ones = [
            table.header[column] for column, value in zip(columns, values, strict=True) if value.startswith("1")
        ]
        if len(ones) != 1:
            return None
        labels.append(ones[0])
    return labels

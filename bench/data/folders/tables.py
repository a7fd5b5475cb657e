"""Reads list files - text, CSV, JSON and JSON lines - as plain tables, without deciding what a column means."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

from bench.data.folders.split_words import split_name

TEXT_SUFFIXES = (".txt", ".lst", ".list", ".csv", ".tsv", ".json", ".jsonl", ".ndjson")
_DELIMITERS = ",;\t|"
_SPLIT_KEYS = ("train", "val", "test")


@dataclass(frozen=True)
class Table:
    """Rows of equally many cells; `header` names the columns, or is empty."""

    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]

    def column(self, index: int) -> list[str]:
        """Return one column."""
        return [row[index] for row in self.rows]


def decoded(content: bytes) -> str:
    """Decode a list: UTF-8, UTF-16 where Excel wrote it (it begins with a mark), else Windows' Latin."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read_tables(name: str, text: str) -> Iterator[Table]:
    """Yield each way in which a list's text is a table; none if it is not one.

    A line of plain text is a path, or a path and a label that is either its first or its last word.
    """
    suffix = PurePosixPath(name).suffix.lower()
    try:
        if suffix == ".json":
            yield from _of_json(json.loads(text))
        elif suffix in (".jsonl", ".ndjson"):
            yield from _of_records([json.loads(line) for line in text.splitlines() if line.strip()])
        elif suffix in (".csv", ".tsv"):
            yield from _of_csv(text)
        else:
            yield from _of_lines([line.strip() for line in text.splitlines() if line.strip()])
    except (ValueError, RecursionError, csv.Error):
        return


def _of_lines(lines: list[str]) -> Iterator[Table]:
    lines = [line for line in lines if not line.startswith("#")]
    if not lines:
        return
    yield Table((), [(line,) for line in lines])
    if any(mark in lines[0] for mark in _DELIMITERS):
        yield from _of_csv("\n".join(lines))
    if all(" " in line or "\t" in line for line in lines):
        yield Table((), [line.rsplit(None, 1) for line in lines])
        yield Table((), [line.split(None, 1) for line in lines])


def _of_csv(text: str) -> Iterator[Table]:
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    if not rows:
        return
    width = max(map(len, rows))
    padded = [tuple(cell.strip() for cell in (*row, *[""] * (width - len(row)))) for row in rows]
    yield Table(padded[0], padded[1:])
    yield Table((), padded)


def _of_json(data: Any) -> Iterator[Table]:
    """Read `{"train": [...], "test": [...]}`, `{path: split}`, `{class: [paths]}`, COCO's form, or records."""
    if isinstance(data, list):
        yield from _of_records(data)
    elif isinstance(data, dict) and {"images", "annotations"} <= data.keys():
        yield from _of_records(_coco(data))
    elif isinstance(data, dict) and data and all(isinstance(value, list) for value in data.values()):
        keys = [name.word if (name := split_name(key)) else None for key in data]
        column = "split" if any(word in _SPLIT_KEYS for word in keys) else "label"
        yield from _of_records([{column: key, **_item(item)} for key, items in data.items() for item in items])
    elif isinstance(data, dict) and data and all(isinstance(value, str | int) for value in data.values()):
        yield Table((), [(key, str(value)) for key, value in data.items()])


def _item(item: Any) -> dict[str, Any]:
    """Turn a path, or a list of path, label and class name (CoOp's split files), into a record."""
    if isinstance(item, list):
        return dict(zip(("path", "label", "class_name"), item, strict=False))
    return item if isinstance(item, dict) else {"path": item}


def _coco(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Join the images and annotations of COCO's format; an image with several classes is left without one."""
    names = {one["id"]: one["name"] for one in data.get("categories", [])}
    labels: dict[Any, set[Any]] = {}
    for one in data["annotations"]:
        label = one.get("category_id")
        labels.setdefault(one["image_id"], set()).add(names.get(label, label))
    one_label = {image: next(iter(some)) for image, some in labels.items() if len(some) == 1}
    return [{"path": one["file_name"], "label": one_label.get(one["id"], "")} for one in data["images"]]


def _of_records(records: Sequence[Any]) -> Iterator[Table]:
    if not records:
        return
    if all(isinstance(record, str) for record in records):
        yield Table((), [(record,) for record in records])
    elif all(isinstance(record, list | dict) for record in records):
        flat = [_item(record) for record in records]
        header = tuple(dict.fromkeys(chain.from_iterable(flat)))
        yield Table(tuple(map(str, header)), [tuple(_cell(record.get(key)) for key in header) for record in flat])


def _cell(value: Any) -> str:
    return "" if value is None else str(value)

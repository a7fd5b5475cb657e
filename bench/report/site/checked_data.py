"""The table of the methods page with the findings of each dataset's check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bench.data.checks.known_checks import FindCheck
from bench.report.site.sheet import Cell, Head, Sheet, bounded, number
from bench.report.terminal.check_view import finding_lines
from bench.store.rows import RunRow
from bench.units import DASH, on_one_line

MOST_ROWS, NAMED = 200, 3
_UNSEEN = "Not known: data with this fingerprint was not read on this machine"
_NOTHING = "nothing"


def checked_sheet(rows: Iterable[RunRow], find_check: FindCheck) -> Sheet:
    """List each dataset that runs saw, and target of it, with its largest class and what the check found."""
    seen = {(row.dataset, row.fingerprint, row.val_fraction) for row in rows if row.fingerprint}
    cells = [line for one in sorted(seen, key=str) for line in _of_dataset(*one, find_check)]
    heads = (
        Head("dataset", "dataset"), Head("fingerprint", "fingerprint"), _n("classes", "classes"),
        Head("largest", "largest class"), _n("train", "its share of train %"),
        _n("val", "naming it, val %"), _n("test", "naming it, test %"), Head("found", "found"),
    )  # fmt: skip
    left_out = bounded(len(cells), MOST_ROWS, "datasets")
    return Sheet("Checked data", heads, cells[:MOST_ROWS], left_out, "bench datasets NAME --check")


def _of_dataset(
    name: str, fingerprint: str | None, val_fraction: float, find_check: FindCheck
) -> Iterable[list[Cell]]:
    record = find_check(name, fingerprint or "", val_fraction)
    start = [Cell(on_one_line(name)), Cell((fingerprint or DASH)[:12], code=True)]
    if record is None:
        yield [*start, *(Cell(DASH, "-") for _ in range(5)), Cell(_UNSEEN, style="why")]
        return
    for target, found in record["targets"].items():
        head = Cell(on_one_line(f"{name} {target}")) if len(record["targets"]) > 1 else start[0]
        shares = [
            number(found["splits"].get(split, {}).get("naming_train_majority_top1"), "fraction")
            for split in ("train", "val", "test")
        ]
        largest = Cell(on_one_line(found["train_majority"]))
        yield [head, start[1], number(found["classes"], "count"), largest, *shares, _found(record)]


def _found(record: Mapping[str, Any]) -> Cell:
    told = [finding_lines(one, NAMED)[0] for one in record["findings"]]
    if not record["checked"]:
        told.append("note: its image files were not looked at.")
    return Cell(" ".join(told) or _NOTHING, style="why")


def _n(key: str, title: str) -> Head:
    return Head(key, title, numeric=True)

"""Print the findings of a dataset's check: once before its first training, and on demand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.commands.display import terminal
from bench.data.checks.check_record import check_record
from bench.data.checks.findings import check_command, refuse_unfit
from bench.data.datasets import Dataset, open_dataset
from bench.data.manifest_files import first_shown
from bench.data.progress import Progress
from bench.report.terminal.check_view import check_lines

if TYPE_CHECKING:
    from bench.registry.entries import DatasetEntry


def show_before_training(dataset: Dataset) -> None:
    """Print the check on stderr, unless this machine showed it for the same content before."""
    if first_shown(dataset.manifest.fingerprint):
        record = check_record(dataset.manifest, dataset.entry)
        lines = [*check_lines(record, whole=False), f"  all of it: {check_command(dataset.entry)}"]
        terminal.err().print("\n".join(lines), soft_wrap=True)


def show_check(entry: DatasetEntry, data_root: Path | None, *, near: bool, json: bool) -> None:
    """Print everything that the check finds on stdout, then raise DataError if nothing could train on it."""
    from bench.commands.display.counting import Counting
    from bench.data.images.near_duplicates import require_imagehash

    if near:
        require_imagehash()
    with Counting(terminal.err(), f"Checking {entry.name}") as bar:
        dataset = open_dataset(
            entry, data_root=data_root, checked=True, progress=lambda what, done, total: bar(done, total, what)
        )
        record: dict[str, Any] = check_record(dataset.manifest, entry)
        if near:
            record = _with_near_duplicates(record, dataset, lambda what, done, total: bar(done, total, what))
    if json:
        from bench.report.export.records import to_json

        terminal.write(to_json(record))
    else:
        terminal.out().print("\n".join(check_lines(record, whole=True)), soft_wrap=True)
    refuse_unfit(dataset.manifest, entry, listed=True)


def _with_near_duplicates(record: dict[str, Any], dataset: Dataset, progress: Progress) -> dict[str, Any]:
    from dataclasses import asdict

    from bench.data.images.near_duplicates import DISTANCE, as_findings, near_duplicates

    found = near_duplicates(dataset, progress)
    told = [{**asdict(one), "names": list(one.names)} for one in as_findings(found)]
    alike = {"distance": DISTANCE, "flat": found.flat, "groups": [asdict(group) for group in found.groups]}
    return {**record, "findings": [*record["findings"], *told], "near_duplicates": alike}

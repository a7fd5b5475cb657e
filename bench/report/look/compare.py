"""Two runs side by side: what differs in their specs, what they measured, where only one of them is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.errors import BenchError
from bench.report.look.diagnosis import plain
from bench.report.look.head_comparison import HeadComparison, compare_heads, head_record
from bench.report.look.head_predictions import HeadPredictions, split_heads
from bench.report.look.look import FindNames
from bench.report.run.spec_groups import flat
from bench.store.artifacts import Artifacts
from bench.store.rows import RunRow, StoredRun
from bench.store.store import Store


@dataclass(frozen=True)
class Difference:
    """One key of the spec whose values differ; None where a spec does not have it."""

    key: str
    first: Any
    second: Any


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Two finished runs, and what their heads of the same targets say; `notes` are what a reader must know."""

    first: StoredRun
    second: StoredRun
    differences: tuple[Difference, ...]
    heads: tuple[HeadComparison, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        first, second = (stored.row.run_id[:12] for stored in (self.first, self.second))
        return f"<comparison of the runs {first} and {second}>"


def compare_runs(store: Store, first: str, second: str, find_names: FindNames) -> Comparison:
    """Compare two runs, named by the beginnings of their ids.

    Raises StoreError where one is not one run or has no predictions, BenchError where they are the same run, not
    done, or not of the same test images.
    """
    stored = store.run(first), store.run(second)
    _check(*(run.row for run in stored))
    artifacts = Artifacts.of(store)
    named = find_names(stored[0], artifacts)
    one, other = (_heads(run, artifacts, named.names) for run in stored)
    shared = [target for target in one if target in other]
    if not shared:
        raise BenchError(
            "The runs have no target in common.", f"{', '.join(one)} and {', '.join(other)}.", "Compare others."
        )
    return Comparison(
        *stored,
        differences=tuple(spec_differences(stored[0].spec_data, stored[1].spec_data)),
        heads=tuple(compare_heads(one[target], other[target]) for target in shared),
        notes=(named.missing,) if named.missing else (),
    )


def spec_differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Difference]:
    """List every key, dotted, under which two specs say something else."""
    one, other = dict(flat(first)), dict(flat(second))
    return [
        Difference(key, one.get(key), other.get(key))
        for key in dict.fromkeys((*one, *other))
        if one.get(key) != other.get(key)
    ]


def comparison_record(made: Comparison) -> dict[str, Any]:
    """Return everything as plain data; the numbers of each head in full, without its confusion matrix."""
    record: dict[str, Any] = plain(
        {
            "first": made.first.row._asdict(),
            "second": made.second.row._asdict(),
            "differences": made.differences,
            "notes": made.notes,
            "heads": [head_record(head) for head in made.heads],
        }
    )
    return record


def _check(first: RunRow, second: RunRow) -> None:
    if first.run_id == second.run_id:
        raise BenchError("Both are the same run.", f"It is {first.run_id[:12]}.", "Name two runs.")
    for row in (first, second):
        if row.status != "done":
            short = row.run_id[:12]
            raise BenchError(
                f"Run {short} has no result.", f"It is {row.status}.", f"`bench show {short}` says how it ended."
            )
    if (first.dataset, first.fingerprint) != (second.dataset, second.fingerprint):
        what = f"{first.dataset} and {second.dataset}" if first.dataset != second.dataset else "two states of it"
        raise BenchError("The runs are of different data.", f"They saw {what}.", "Compare runs of one dataset.")


def _heads(
    stored: StoredRun, artifacts: Artifacts, names: Mapping[str, tuple[str, ...]]
) -> dict[str, HeadPredictions]:
    made = artifacts.predictions(stored.row.run_id)
    return {head.target: head for head in split_heads(made, stored.row.target.split("+"), names)}

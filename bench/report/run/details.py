"""All that is known of one run, as plain data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.records.runs import EpochRecord
from bench.records.transfers import Transfer
from bench.report.board.columns import COLUMNS, NEVER_RANKS
from bench.report.board.groups import data_name
from bench.report.run.numbers import COUNTS, cost_pairs, named, result_rows
from bench.report.run.runs import attempt_record
from bench.report.run.spec_groups import SpecGroup, spec_groups
from bench.report.terminal.transfer_view import transfer_record
from bench.store.rows import AttemptRow, RunHeads, RunRow, StoredRun
from bench.store.store import Store


@dataclass(frozen=True, repr=False)
class RunDetails:
    """The record of one run, behind `bench show`, its page and `--json`.

    It has the run's spec, epochs and attempts, how it did on other datasets, and its several heads.
    """

    stored: StoredRun
    epochs: Sequence[EpochRecord]
    attempts: Sequence[AttemptRow]
    transfers: Sequence[Transfer] = ()
    heads: RunHeads = field(default_factory=RunHeads)

    @property
    def row(self) -> RunRow:
        """The run's flat row."""
        return self.stored.row

    @property
    def telling_attempt(self) -> AttemptRow | None:
        """The attempt that finished the run, or else the last one; None where it was never tried."""
        done = [attempt for attempt in self.attempts if attempt.status == "done"]
        tried = done or self.attempts
        return tried[-1] if tried else None

    def __repr__(self) -> str:
        row = self.row
        told = f"{row.backbone}, {row.strategy}, on {data_name(row.dataset, row.target, row.subset)}"
        return f"<run {row.run_id[:12]}: {told}, seed {row.seed}, {row.status}>"

    @property
    def results(self) -> list[tuple[str, ...]]:
        """What was measured on each split, under the headings of `RESULTS`; empty if the run is not done."""
        return list(result_rows(self.row)) if self.row.status == "done" else []

    @property
    def majority(self) -> list[tuple[str, str]]:
        """What always naming the most frequent class of train scores; empty if that is not known."""
        keys = ("majority_share", "val_majority_top1", "test_majority_top1")
        return named(self.row, [key for key in keys if COLUMNS[key].of(self.row) is not None])

    @property
    def never_used(self) -> list[tuple[str, str]]:
        """The accuracies that were never used to choose."""
        return named(self.row, NEVER_RANKS)

    @property
    def counts(self) -> list[tuple[str, str]]:
        """Counts that are known before training."""
        return named(self.row, COUNTS)

    @property
    def costs(self) -> list[tuple[str, str]]:
        """Costs of training and inference; empty if the run is not done."""
        return cost_pairs(self.row) if self.row.status == "done" else []

    @property
    def spec_groups(self) -> list[SpecGroup]:
        """The keys of the spec by what they are about."""
        return spec_groups(self.stored.spec_data)

    @property
    def command(self) -> str | None:
        """The command line that ran it, as it was recorded."""
        attempt = self.telling_attempt
        return attempt.provenance.get("command") if attempt else None


def read_run(store: Store, prefix: str) -> RunDetails:
    """Read all that the database knows of one run. Raises StoreError where it is not one run."""
    stored = store.run(prefix)
    run_id = stored.row.run_id
    history = store.epochs(run_id), store.attempts(run_id)
    return RunDetails(stored, *history, store.transfers.of_run(run_id), store.heads.of(run_id))


def run_record(details: RunDetails) -> dict[str, Any]:
    """Return a run as plain data: all that is known of it; what is not finite is None."""
    return {
        **details.row._asdict(),
        "command": details.command,
        "spec": details.stored.spec_data,
        "epoch_records": [_finite(dataclasses.asdict(epoch)) for epoch in details.epochs],
        "attempts": [attempt_record(attempt) for attempt in details.attempts],
        "transfers": [transfer_record(transfer) for transfer in details.transfers],
        "heads": [head._asdict() for head in details.heads.metrics],
        "contradictions": [each._asdict() for each in details.heads.contradictions],
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value

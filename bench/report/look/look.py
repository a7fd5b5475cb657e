"""Everything there is to see of one run: its epochs and, once it is done, what each of its heads predicts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from bench.errors import BenchError, StoreError, unknown_name
from bench.inference.class_names import ClassNames
from bench.records.predictions import Predictions
from bench.report.board.groups import data_name
from bench.report.look.diagnosis import Diagnosis, diagnose, diagnosis_record
from bench.report.look.head_predictions import HeadPredictions, split_heads
from bench.report.look.probabilities import fit_temperature
from bench.report.run.details import RunDetails, read_run, run_record
from bench.store.artifacts import Artifacts
from bench.store.rows import RunRow, StoredRun
from bench.store.store import Store

Part = Literal["curves", "confusion", "classes", "calibration"]
PARTS: tuple[Part, ...] = get_args(Part)
LookedAt = Literal["test", "val"]
FindNames = Callable[[StoredRun, Artifacts], ClassNames]


@dataclass(frozen=True, eq=False)
class Head:
    """What one head of a run says about the images of the split that is looked at, and what follows from it."""

    target: str
    said: Predictions
    diagnosis: Diagnosis


@dataclass(frozen=True, eq=False)
class Look:
    """One run as it is shown: `parts` of it, on one split. Only a finished run has heads."""

    details: RunDetails
    split: LookedAt
    parts: tuple[Part, ...]
    heads: tuple[Head, ...]
    notes: tuple[str, ...]

    @property
    def row(self) -> RunRow:
        """The run's flat row."""
        return self.details.row

    @property
    def title(self) -> str:
        """The run in one line: backbone, strategy, data, seed."""
        return f"{self.row.backbone}, {self.row.strategy}, on {self.data}, seed {self.row.seed}"

    @property
    def data(self) -> str:
        """The data that the run is about."""
        return data_name(self.row.dataset, self.row.target, self.row.subset)


def look_at(
    store: Store, prefix: str, find_names: FindNames, *, split: LookedAt = "test", what: Collection[str] = ()
) -> Look:
    """Read a run and diagnose its predictions on `split`; `what` are the parts to show, all without any.

    A run that is not done is shown by its epochs alone. Raises StoreError where it is not one run or its
    predictions are missing, BenchError where there is nothing to show of what is asked.
    """
    asked = chosen_parts(what)
    details = read_run(store, prefix)
    if details.row.status != "done":
        return Look(details, split, _curves_only(details, what), (), (_unfinished(details.row),))
    if asked == ("curves",):
        return Look(details, split, _curves_only(details, what), (), ())
    return _with_heads(Look(details, split, asked, (), ()), Artifacts.of(store), find_names)


def look_over(store: Store, run_id: str, find_names: FindNames) -> Look:
    """Read whatever there is of a run, and diagnose its predictions on test; a note says what is missing.

    Other than for `look_at`, no status of a run is an error, and no predictions that are missing or damaged.
    """
    look = Look(read_run(store, run_id), "test", PARTS, (), ())
    if look.row.status != "done":
        return replace(look, notes=(f"This run is {look.row.status}: it has no predictions.",))
    try:
        return _with_heads(look, Artifacts.of(store), find_names)
    except StoreError as error:
        return replace(look, notes=(f"{error.what} {error.why} So there is nothing here of single images.",))


def chosen_parts(what: Collection[str]) -> tuple[Part, ...]:
    """Return the parts that are asked for, in their own order; all without any. An unknown one is an error."""
    for name in what:
        if name not in PARTS:
            raise unknown_name("part", name, PARTS, BenchError)
    return tuple(part for part in PARTS if not what or part in what)


def look_record(look: Look) -> dict[str, Any]:
    """Return all numbers of a look as plain data."""
    heads = {head.target: diagnosis_record(head.diagnosis) for head in look.heads}
    return {"run": run_record(look.details), "split": look.split, "notes": list(look.notes), "heads": heads}


def _with_heads(look: Look, artifacts: Artifacts, find_names: FindNames) -> Look:
    """Add what each head of a finished run says. Raises StoreError where its predictions cannot be read."""
    stored = look.details.stored
    made = artifacts.predictions(stored.row.run_id)
    named = find_names(stored, artifacts)
    parts = split_heads(made, stored.row.target.split("+"), named.names)
    heads = tuple(_head(part, look.split) for part in parts)
    return replace(look, heads=heads, notes=(named.missing,) if named.missing else ())


def _head(part: HeadPredictions, split: LookedAt) -> Head:
    shown = part.test if split == "test" else part.val
    temperature = fit_temperature(part.val)
    return Head(part.target, shown, diagnose(shown.logits, shown.labels, part.names, temperature=temperature))


def _curves_only(details: RunDetails, what: Collection[str]) -> tuple[Part, ...]:
    row, short = details.row, details.row.run_id[:12]
    if details.epochs and (not what or "curves" in what):
        return ("curves",)
    raise BenchError(
        f"There is nothing to show of run {short}.",
        f"It is {row.status} and has {'no predictions' if details.epochs else 'recorded no epoch'}.",
        f"`bench show {short}` says how it ended{'; --what curves shows its epochs' * bool(details.epochs)}.",
    )


def _unfinished(row: RunRow) -> str:
    return f"This run is {row.status}: it has no predictions, so only its epochs are shown."

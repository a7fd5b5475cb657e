"""Everything there is to see of one run: its epochs and, once it is done, what each of its heads predicts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal, get_args

from bench.class_names import ClassNames
from bench.errors import BenchError, unknown_name
from bench.report.diagnosis import Diagnosis, diagnose, diagnosis_record
from bench.report.groups import data_name
from bench.report.head_predictions import HeadPredictions, split_heads
from bench.report.probabilities import fit_temperature
from bench.report.run_details import RunDetails, run_record
from bench.store.artifacts import Artifacts
from bench.store.rows import RunRow, StoredRun
from bench.store.store import Store

Part = Literal["curves", "confusion", "classes", "calibration"]
PARTS: tuple[Part, ...] = get_args(Part)
LookedAt = Literal["test", "val"]
FindNames = Callable[[StoredRun, Artifacts], ClassNames]


@dataclass(frozen=True, eq=False)
class Head:
    """What one head of a run says about the images of the split that is looked at."""

    target: str
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
    stored = store.run(prefix)
    run_id = stored.row.run_id
    details = RunDetails(stored, store.epochs(run_id), store.attempts(run_id), heads=store.heads.of(run_id))
    if stored.row.status != "done":
        return Look(details, split, _curves_only(details, what), (), (_unfinished(stored.row),))
    if asked == ("curves",):
        return Look(details, split, _curves_only(details, what), (), ())
    artifacts = Artifacts.beside(store.location)
    named = find_names(stored, artifacts)
    made = artifacts.predictions(run_id)
    heads = tuple(_head(part, split) for part in split_heads(made, stored.row.target.split("+"), named.names))
    return Look(details, split, asked, heads, (named.missing,) if named.missing else ())


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


def _head(part: HeadPredictions, split: LookedAt) -> Head:
    shown = part.test if split == "test" else part.val
    temperature = fit_temperature(part.val)
    return Head(part.target, diagnose(shown.logits, shown.labels, part.names, temperature=temperature))


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

"""Runs that may be in one ensemble: done, with predictions of finite numbers on the same images.

Of their predictions only those on validation are held on to; what chooses among candidates never sees test.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from bench.ensembles.targets import answered, as_of, sees
from bench.errors import BenchError, StoreError
from bench.metrics.accuracy import measure
from bench.plan.shared import Part
from bench.records.predictions import Predictions, RunPredictions, ValPredictions
from bench.records.runs import Counts, ValMetrics
from bench.spec import digest
from bench.store.artifacts import Artifacts
from bench.store.rows import RunRow, StoredRun
from bench.store.store import Store

_TASK = ("dataset", "target", "num_classes", "fingerprint", "val_fraction", "split_seed", "subset", "class_groups")
_DIGESTS = ("fingerprint", "class_groups")


@dataclass(frozen=True, eq=False)
class Candidate:
    """A run with its validation predictions; a joint run with those of one head, and `row` of that target.

    `images` are equal where val and test are the same, in one order, `test_images` where test is.
    """

    row: RunRow
    part: Part
    val: ValPredictions
    metrics: ValMetrics
    split_digest: str
    images: str
    test_images: str

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.row.run_id


def named(
    store: Store, artifacts: Artifacts, prefixes: Sequence[str], target: str | None = None
) -> list[Candidate]:
    """Return the runs whose ids begin so, joint ones with the head of `target`, or of the target of the others.

    Raises BenchError where one cannot be in an ensemble with the others.
    """
    found = [store.run(prefix) for prefix in prefixes]
    ids = [run.row.run_id for run in found]
    if twice := [run_id for i, run_id in enumerate(ids) if run_id in ids[:i]]:
        raise BenchError(
            f"Run {twice[0][:12]} is named twice.",
            "A run counts once; how much it counts is for the rules weighted and greedy to choose.",
            "Name each run once.",
        )
    target = answered([run.row for run in found], target)
    candidates = [candidate(run, artifacts, target) for run in found]
    same_images(
        candidates, "Name runs of one dataset, target and split; `bench leaderboard` has a board for each."
    )
    return candidates


def pool(
    store: Store,
    artifacts: Artifacts,
    rows: Iterable[RunRow],
    like: Candidate | None = None,
    target: str | None = None,
) -> tuple[list[Candidate], list[BenchError]]:
    """Return those of the runs that are done, and for what is done but cannot be used the reason.

    With `like`, runs on other images are passed over; without, such runs are an error. Joint runs are there with
    the head of `target`, or of the target of the others.
    """
    candidates, errors = list[Candidate](), list[BenchError]()
    done = [row for row in rows if row.status == "done"]
    target = answered(done, like.row.target if like else target)
    for row in done:
        if like is not None and not sees(row, like.row):
            continue
        try:
            made = candidate(store.run(row.run_id), artifacts, target)
        except BenchError as error:
            errors.append(error)
            continue
        if like is None or made.images == like.images:
            candidates.append(made)
    same_images(
        candidates,
        "Narrow the pool with --dataset and --target, or name one run: then the pool is of its test set.",
    )
    return candidates, errors


def candidate(run: StoredRun, artifacts: Artifacts, target: str | None = None) -> Candidate:
    """Read one run, a joint one as a run of `target`.

    Raises BenchError where it is not done, not of the target, or its predictions do not serve.
    """
    row = run.row
    if row.status != "done":
        raise BenchError(
            f"Run {row.run_id[:12]} is {row.status}, not done.",
            "Only a finished run has predictions.",
            f"`bench show {row.run_id[:12]}` says why; the sweep that planned it finishes it.",
        )
    target = target or answered([row])
    row, kept = as_of(row, artifacts.predictions(row.run_id), target)
    for split, made in (("val", kept.val), ("test", kept.test)):
        _check(row, split, made)
    metrics = measure(ValMetrics, kept.val.logits, kept.val.labels)
    return Candidate(row, _part(run), kept.val, metrics, kept.split_digest, *_images(row, kept))


def same_images(candidates: Sequence[Candidate], todo: str) -> None:
    """Raise BenchError, which says what differs, where runs were not chosen or evaluated on the same images."""
    if len({found.images for found in candidates}) <= 1:
        return
    differing = [name for name in _TASK if len({getattr(found.row, name) for found in candidates}) > 1]
    parts = [_told(name, [(getattr(c.row, name), c.run_id) for c in candidates]) for name in differing]
    if not parts:
        parts = [_told("sample ids or their order", [(c.images[:8], c.run_id) for c in candidates])]
    differ = f"differ in {'; '.join(parts)}."
    if len({found.test_images for found in candidates}) == 1:
        what, why = (
            "The val images that choose among these runs differ.",
            f"Test is the same, but the runs {differ}",
        )
    else:
        what, why = "These runs were not evaluated on the same images.", f"They {differ}"
    raise BenchError(what, why, todo)


def _told(name: str, values: Iterable[tuple[Any, str]]) -> str:
    """Write `dataset: digits (3fa9c1d2), cub (0b77e210 and 4 more)`."""
    by_value: dict[Any, list[str]] = {}
    for value, run_id in values:
        by_value.setdefault(value, []).append(run_id[:8])
    shown = []
    for value, runs in by_value.items():
        text = "" if value is None else str(value)[:8] if name in _DIGESTS else str(value)
        more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
        shown.append(f"{text or 'none'} ({runs[0]}{more})")
    return f"{name.replace('_', ' ')}: {', '.join(shown)}"


def _check(row: RunRow, split: str, made: Predictions) -> None:
    """Raise StoreError where predictions are empty, of another number of classes, or not finite."""
    images, classes = made.logits.shape
    odd = int((~np.isfinite(made.logits)).any(axis=1).sum())
    if not images:
        why = f"There are no {split} images."
    elif classes != row.num_classes or made.labels.min() < 0 or made.labels.max() >= classes:
        why = f"Its {split} predictions are not of {row.num_classes} classes."
    elif odd:
        why = f"Its scores of {odd:,} of {images:,} {split} images are not finite numbers."
    else:
        return
    raise StoreError(
        f"Run {row.run_id[:12]} cannot be in an ensemble.", why, f"Leave {row.run_id[:12]} out, or train it anew."
    )


def _images(row: RunRow, kept: RunPredictions) -> tuple[str, str]:
    """Return digests of all images and of those of test, each with what they are called."""
    data = [row.dataset, row.target, row.num_classes, row.fingerprint]
    val, test = ([made.ids.tolist(), made.labels.tolist()] for made in (kept.val, kept.test))
    return digest([data, kept.split_digest, [val, test]], "images"), digest([data, test], "images")


def _part(run: StoredRun) -> Part:
    """Say what the run computes, and on which trunk it stands."""
    row, spec = run.row, run.spec_data  # as it was written, also by another version of bench
    start: dict[str, Any] = {"digest": row.weights_digest}
    if row.weights_digest is None:
        seed = row.seed if row.weights_source == "none" else None
        start = {"weights": spec["backbone"]["weights"], "seed": seed}
    still = spec["recipe"].get("norm_stats", "frozen") == "frozen"
    trunk = digest([row.backbone, start, spec["transform"], row.precision], "trunk") if still else None
    counts = Counts(**{field.name: getattr(row, field.name) or 0 for field in fields(Counts)})
    return Part(trunk, row.backbone, row.image_size, row.strategy, counts)

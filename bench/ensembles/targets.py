"""The one target that an ensemble answers, and joint runs as runs of it: each takes part with its head of it."""

from __future__ import annotations

from collections.abc import Sequence

from bench.errors import BenchError
from bench.records.predictions import RunPredictions
from bench.store.rows import RunRow


def answered(rows: Sequence[RunRow], asked: str | None = None) -> str | None:
    """Return the target that is asked for, else that of the runs with one target; None where those have several.

    Raises BenchError where several targets are asked for, or only joint runs are there to say which.
    """
    if asked and "+" in asked:
        raise BenchError("--target names several targets.", "An ensemble answers one question.", _choose(asked))
    if asked or not rows:
        return asked
    single = {row.target for row in rows if "+" not in row.target}
    if not single:
        first = min(rows, key=lambda row: row.target)
        raise BenchError(
            "Which target the ensemble is to answer is not said.",
            f"{_name(first)} has a head for each of {first.target.replace('+', ', ')}; an ensemble answers one.",
            _choose(first.target),
        )
    return single.pop() if len(single) == 1 else None


def sees(row: RunRow, like: RunRow) -> bool:
    """Whether a run, or a head of it, is of the dataset and target that another is of."""
    same = (row.dataset, row.fingerprint) == (like.dataset, like.fingerprint)
    return same and ("+" in row.target or row.target == like.target)


def as_of(row: RunRow, kept: RunPredictions, target: str | None) -> tuple[RunRow, RunPredictions]:
    """Return a run and its predictions as those of a run of `target` alone; None takes a run with one target.

    What the run costs stays whole. Raises BenchError where the run has no such head.
    """
    targets = row.target.split("+")
    if target is None and len(targets) > 1:
        raise BenchError(
            f"{_name(row)} has a head for each of {', '.join(targets)}.",
            "The other runs are of several targets, so that none of its heads is the one to take.",
            _choose(row.target),
        )
    if target is not None and target not in targets:
        raise BenchError(
            f"{_name(row)} does not answer {target}.", f"It was trained on {row.target}.", _choose(row.target)
        )
    if target is None or len(targets) == 1:
        return row, kept
    if tuple(targets) != kept.targets:
        found = ", ".join(kept.targets) or "one target"
        raise BenchError(
            f"{_name(row)} cannot be in an ensemble.",
            f"Its predictions are of {found}, not of {', '.join(targets)}.",
            "Restore their file from a copy, or train it anew.",
        )
    own = kept.of(target)
    return row._replace(target=target, num_classes=own.val.logits.shape[1]), own


def _name(row: RunRow) -> str:
    return f"Run {row.run_id[:12]}"


def _choose(targets: str) -> str:
    return f"Say which: {' or '.join(f'--target {name}' for name in targets.split('+'))}."

"""A study's figures beside what was measured: one line for each figure of each run, with what keeps them apart."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bench.report.board.groups import Stat, ranks, summarise
from bench.store.rows import RunRow
from bench.units import Unit

if TYPE_CHECKING:
    from bench.registry.studies import StudyEntry, StudyRunEntry

EXACT, STAND_IN = "exact", "stand-in"
IMAGES = "images"
"""The frontier of a run of which nothing was kept."""

UNITS: Mapping[str, Unit] = {
    "trainable_params": "count",
    "total_params": "count",
    "epochs": "count",
    "wall_s": "seconds",
    "epoch_s": "seconds",
    "test_loss": "loss",
}
"""The unit of each figure; what is not here is an accuracy or a confidence."""

TIMES = "other hardware"
_COUNTS = "another model"
_OTHER_CLASSES = "other classes"
_ALL_CLASSES = "all classes"
_KEPT_APART = "see note"
_NOTHING_KEPT = "its source kept features, here nothing was kept: the time is that of computing them in each epoch"


@dataclass(frozen=True)
class Line:
    """One published figure and ours. `apart` says why no difference is drawn; `notes` count from 1.

    `measured` is over the seeds that are done; where there are none, `status` says what became of the run. Of
    several variants of the study `variant` names the line's.
    """

    run: str
    figure: str
    published: float | None
    measured: Stat
    kind: str
    status: str = ""
    apart: str = ""
    notes: tuple[int, ...] = ()
    variant: str = ""

    @property
    def name(self) -> str:
        """The run with its variant: `scratch lr=0.001`."""
        return f"{self.run} {self.variant}".strip()

    @property
    def unit(self) -> Unit:
        """The unit of both numbers."""
        return UNITS.get(self.figure.partition(" ")[0], "fraction")

    @property
    def difference(self) -> float | None:
        """Measured minus published; None where one is missing or they do not compare."""
        if self.apart or self.published is None or self.measured.mean is None:
            return None
        return self.measured.mean - self.published


@dataclass(frozen=True)
class Attempted:
    """One setting in which a study was run: what was changed of it, and the rows of each of its runs by name.

    `parts` is what was measured of an ensemble, a search or a transfer, by (part, figure); `trials` are the runs
    of the search, in the order they were tried. Of a setting with several values of a key `variant` is one choice
    of them (`dropout=0.1`).
    """

    study: StudyEntry
    changes: Mapping[str, Any]
    rows: Mapping[str, Sequence[RunRow]]
    parts: Mapping[tuple[str, str], Stat] = field(default_factory=dict)
    trials: Sequence[RunRow] = ()
    variant: str = ""

    @property
    def kind(self) -> str:
        """Whether what ran is the study itself or stands in for it."""
        return STAND_IN if self.changes else EXACT


class Notes:
    """Numbers what is said of lines, each sentence once, in the order in which it is first said."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def number(self, texts: Iterable[str]) -> tuple[int, ...]:
        """Return the numbers of some notes; empty ones have none."""
        for text in texts:
            if text and text not in self.texts:
                self.texts.append(text)
        return tuple(self.texts.index(text) + 1 for text in texts if text)


def run_lines(one: Attempted, runs: Iterable[StudyRunEntry], notes: Notes) -> list[Line]:
    """Return the lines of the runs that were attempted, in the study's order.

    A run without published figures has a line for its test accuracy.
    """
    lines = []
    for run in runs:
        if run.name not in one.rows:
            continue
        rows, done = one.rows[run.name], [row for row in one.rows[run.name] if ranks(row)]
        published: Mapping[str, float | None] = run.published or {"test_top1": None}
        for figure, value in published.items():
            said = [run.note, run.remark, one.study.split.note if figure.startswith("val") else ""]
            if figure.endswith("_s") and _computed_anew(run, one.study, done):
                said.append(_NOTHING_KEPT)
            line = Line(
                run=run.name,
                figure=figure,
                published=value,
                measured=summarise(map(measuring(figure, one.study), done)),
                kind=one.kind,
                status="" if done else _status(rows),
                apart=_apart(figure, run, one, done),
                notes=notes.number(said),
                variant=one.variant,
            )
            lines.append(line)
    return lines


def _computed_anew(run: StudyRunEntry, study: StudyEntry, done: Sequence[RunRow]) -> bool:
    """Whether nothing was kept of a run, in a study that compares keeping features with computing them anew."""
    compares = run.cache and not all(other.cache for other in study.run)
    return compares and any(row.frontier == IMAGES for row in done)


def with_shared(lines: Iterable[Line], settings: Sequence[Attempted], notes: Notes) -> list[Line]:
    """Add to the lines of names that are one run by their settings that they are: no difference is left to see."""
    names: dict[str, list[tuple[str, str]]] = {}
    for one in settings:
        for name in (run.name for run in one.study.runs if run.name in one.rows):
            for run_id in {row.run_id for row in one.rows[name]}:
                names.setdefault(run_id, []).append((name, one.variant))
    alike = {name: tuple(same) for same in names.values() if len(same) > 1 for name in same}
    said = {
        same: f"{same_run([' '.join(name).strip() for name in same])}" for same in dict.fromkeys(alike.values())
    }
    return [
        replace(line, notes=(*line.notes, *notes.number([said[alike[line.run, line.variant]]])))
        if (line.run, line.variant) in alike
        else line
        for line in lines
    ]


def same_run(names: Sequence[str]) -> str:
    """Note that several names mean the same run."""
    return f"{', '.join(names[:-1])} and {names[-1]} are one run: with these settings nothing tells them apart"


def measuring(figure: str, study: StudyEntry) -> Callable[[RunRow], float | None]:
    """Return what reads a figure off a run; a val that is the official test stands against our test."""
    if figure == "wall_s":
        return lambda row: None if row.train_s is None else row.train_s + (row.eval_s or 0.0)
    if figure == "epoch_s":
        return lambda row: row.train_s / row.epochs if row.train_s is not None and row.epochs else None
    name = "test_top1" if figure == "val_top1" and study.split.val_is_test else figure
    return lambda row: getattr(row, name)


def _apart(figure: str, run: StudyRunEntry, one: Attempted, done: Sequence[RunRow]) -> str:
    """Say why a figure is not to be subtracted from ours; empty where it may be."""
    if figure in run.incomparable:
        return _KEPT_APART
    if figure.endswith("_s"):
        return TIMES
    if figure.endswith("_params") and done and not _same_model(done[0], run, one):
        return _COUNTS
    if figure == "epochs" and "epochs" in one.changes:
        return "as told"
    return classes_apart(figure, run.name, one, done)


def classes_apart(figure: str, name: str, one: Attempted, done: Iterable[RunRow]) -> str:
    """Say whether an accuracy, confidence or loss of the run so called is of other classes than the source's.

    A top-k of k classes or fewer is always 1, which says nothing of a model.
    """
    counted, top = {row.num_classes for row in done}, re.search(r"top(\d+)", figure)
    if not counted or UNITS.get(figure, "fraction") not in ("fraction", "loss"):
        return ""
    if top and int(top[1]) >= min(counted):
        return _ALL_CLASSES
    return (
        ""
        if _same_classes(counted, next(run for run in one.study.runs if run.name == name), one)
        else _OTHER_CLASSES
    )


def _same_classes(counted: set[int], run: StudyRunEntry, one: Attempted) -> bool:
    """Whether runs of so many classes learnt the source's: its named targets are those of its own dataset only."""
    if not run.target:
        return counted == {one.study.num_classes}
    replaced = {text.partition("=")[0].strip() for text in one.changes.get("targets", ())}
    return "dataset" not in one.changes and not replaced & set(run.target.split("+"))


def _same_model(row: RunRow, run: StudyRunEntry, one: Attempted) -> bool:
    """Whether a row counts what the source counted: the same backbone, as many classes, the same head."""
    heads = [text for text in one.changes.get("settings", ()) if text.partition("=")[0].strip() == "head"]
    return row.backbone == run.backbone and row.num_classes == one.study.num_classes and not heads


def _status(rows: Sequence[RunRow]) -> str:
    """Say what became of runs of which none is done; a done one that does not rank has no finite accuracy."""
    return ", ".join(dict.fromkeys("not finite" if row.status == "done" else row.status for row in rows))


def one_seed(lines: Iterable[Line]) -> bool:
    """Whether something was measured with a single seed, which is indicative at most."""
    return any(line.measured.n == 1 for line in lines)


def finite(value: float | None) -> float | None:
    """Return a number, or None for what is not finite."""
    return value if value is not None and math.isfinite(value) else None

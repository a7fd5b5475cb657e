"""The tables of a sweep's page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from bench.report.board.layout import short_name
from bench.report.run.numbers import measured
from bench.report.run.runs import status_text, utc
from bench.report.site.material import run_page
from bench.report.site.sheet import Cell, Head, Sheet, bounded, number
from bench.report.sweeps.cache_savings import PassUse
from bench.report.sweeps.cost import Seconds
from bench.report.sweeps.left_out import LeftOut, LeftOutGroup
from bench.report.sweeps.searches import Search
from bench.report.sweeps.state import SweepState
from bench.report.sweeps.timeline import Timeline
from bench.store.rows import RunRow, SweepAttempt
from bench.units import Unit

MOST_RUNS = 300
MOST_LEFT_OUT = 100
MOST_PASSES = 100
MOST_TRIALS = 300
_FIRST = ("failed", "diverged", "interrupted", "running", "pruned", "planned")
"""Statuses that a reader must not miss where a sweep has more runs than its page shows."""


def runs_sheet(sweep: SweepState, detailed: Collection[str], command: str) -> Sheet:
    """List a sweep's runs, those without a result first, then the best on validation."""
    order = sorted(sweep.rows, key=_urgency)
    tries, why = _tries((*sweep.earlier, *sweep.own))
    recipes = len({row.recipe_name for row in sweep.rows}) > 1
    sizes = len({row.image_size for row in sweep.rows}) > 1
    rows = [
        [
            _run(row.run_id, detailed),
            Cell(status_text(row), style=f"status {row.status}"),
            Cell(short_name(row.backbone)),
            Cell(row.strategy),
            *([Cell(row.recipe_name)] if recipes else []),
            *([number(row.image_size, "count")] if sizes else []),
            number(row.seed, "count"),
            number(row.val_top1, "fraction"),
            number(row.test_top1, "fraction"),
            replace(number(row.standalone_s, "seconds"), text=measured(row, "standalone_s")),
            number(tries.get(row.run_id, 0), "count"),
            Cell(_words(row, why, sweep), style="why"),
        ]
        for row in order[:MOST_RUNS]
    ]
    heads = [
        Head("run", "run"), Head("status", "status"), Head("backbone", "backbone"), Head("strategy", "strategy"),
        *([Head("recipe", "recipe")] if recipes else []), *([_n("px", "px")] if sizes else []), _n("seed", "seed"),
        _n("val", "val %", down=True, tip="Validation top-1, which chooses"),
        _n("test", "test %", down=True, tip="Test top-1, which only reports"),
        _n("alone", "time alone", tip="~ measured beside other work, or on a slowed machine"),
        _n("tries", "attempts", down=True), Head("why", "why"),
    ]  # fmt: skip
    return Sheet("Runs", heads, rows, bounded(len(order), MOST_RUNS, "runs"), command)


def bars_sheet(drawn: Timeline, detailed: Collection[str]) -> Sheet:
    """List what the timeline draws."""
    rows = [
        [
            Cell(drawn.workers[bar.worker]),
            Cell(bar.status, style=f"status {bar.status}"),
            Cell(utc(bar.began_at), repr(bar.began_at)),
            number(bar.seconds, "seconds"),
            number(bar.attempts, "count"),
            _run(bar.run_id, detailed),
        ]
        for bar in drawn.bars
    ]
    heads = (
        Head("process", "process"), Head("status", "ended"), _n("began", "began"), _n("took", "took", down=True),
        _n("attempts", "attempts", down=True), Head("run", "run, or the first"),
    )  # fmt: skip
    return Sheet("Attempts", heads, rows)


def seconds_sheet(sums: Iterable[Seconds]) -> Sheet:
    """List what runs that a sweep finished take alone, by hardware."""
    rows = [
        [
            Cell(one.hardware),
            number(one.runs, "count"),
            number(one.train_s, "seconds"),
            number(one.eval_s, "seconds"),
            number(one.standalone_s - one.train_s - one.eval_s, "seconds"),
            number(one.standalone_s, "seconds"),
        ]
        for one in sums
    ]
    heads = (
        Head("hardware", "hardware"), _n("runs", "runs"), _n("train", "training"), _n("eval", "evaluation"),
        _n("passes", "passes, decoding"), _n("alone", "alone, in all"),
    )  # fmt: skip
    return Sheet("Seconds by hardware", heads, rows)


def passes_sheet(passes: Sequence[PassUse], recorded_at: float, command: str) -> Sheet:
    """List feature passes with what they cost and what sharing them saved, the largest saving first."""
    order = sorted(passes, key=lambda one: -one.saved_s)
    rows = [
        [
            Cell(short_name(one.backbone)),
            Cell("before" if one.created_at < recorded_at else "here"),
            number(one.images, "count"),
            number(one.bytes, "bytes"),
            number(len(one.runs), "count"),
            number(one.seconds, "seconds"),
            number(one.alone_s, "seconds"),
            number(one.saved_s, "seconds"),
        ]
        for one in order[:MOST_PASSES]
    ]
    heads = (
        Head("backbone", "backbone"), Head("made", "made"), _n("images", "images"), _n("bytes", "keeps"),
        _n("runs", "read by runs", down=True), _n("paid", "paid once", down=True),
        _n("alone", "each alone", down=True), _n("saved", "saved", down=True),
    )  # fmt: skip
    return Sheet("Feature passes", heads, rows, bounded(len(order), MOST_PASSES, "passes"), command)


def left_out_sheet(group: LeftOutGroup, command: str) -> Sheet:
    """List what was left out for one reason, what came closest to fitting first."""
    names = group.quantities
    rows = [
        [
            Cell(short_name(one.rejected.backbone)),
            Cell(one.rejected.strategy),
            *(_break(one, name) for name in names),
            *_counts(one),
            *([] if group.by_budget else [Cell(one.rejected.reason, style="why")]),
        ]
        for one in group.members[:MOST_LEFT_OUT]
    ]
    heads = [
        Head("backbone", "backbone"), Head("strategy", "strategy"),
        *(_n(f"over-{name}", f"{name} / limit", tip="How many times the limit it has") for name in names),
        _n("total", "total params"), _n("trainable", "trained params"), _n("gmacs", "GMACs"),
        *([] if group.by_budget else [Head("why", "why")]),
    ]  # fmt: skip
    return Sheet(group.reason, heads, rows, bounded(len(group.members), MOST_LEFT_OUT, "of these"), command)


def trials_sheet(search: Search, runs: Collection[str], detailed: Collection[str], command: str) -> Sheet:
    """List the trials of a search in their order; `runs` are those of the sweep that is shown."""
    from bench.tune.result import settings_text  # noqa: PLC0415 - imports optuna, as whoever has a search did

    unit = unit_of(search)
    rows = [
        [
            number(trial.number, "count"),
            Cell(trial.end, style=f"status {trial.end}"),
            number(trial.value, unit),
            Cell(short_name(str(trial.settings.get("backbone", "")))),
            Cell(str(trial.settings.get("strategy", ""))),
            Cell(trial.reason or settings_text(trial.settings), style="why"),
            _run(trial.run_id, detailed) if trial.run_id else Cell(""),
            Cell("here" if trial.run_id in runs else "elsewhere" if trial.run_id else ""),
        ]
        for trial in search.trials[:MOST_TRIALS]
    ]
    value = f"{search.metric}{' %' if unit == 'fraction' else ''}"
    heads = (
        _n("number", "trial"), Head("end", "ended"), _n("value", value, down=unit == "fraction"),
        Head("backbone", "backbone"), Head("strategy", "strategy"), Head("with", "with"), Head("run", "run"),
        Head("sweep", "planned", tip="Whether this sweep planned its run, or another of the same search"),
    )  # fmt: skip
    return Sheet("Trials", heads, rows, bounded(len(search.trials), MOST_TRIALS, "trials"), command)


def unit_of(search: Search) -> Unit:
    """Return how a search's values are written."""
    return "loss" if search.metric == "val_loss" else "fraction"


def _n(key: str, title: str, *, down: bool = False, tip: str = "") -> Head:
    return Head(key, title, numeric=True, down=down, tip=tip)


def _run(run_id: str, detailed: Collection[str]) -> Cell:
    return Cell(run_id[:8], link=run_page(run_id) if run_id in detailed else "", code=True)


def _urgency(row: RunRow) -> tuple[int, float, str]:
    first = _FIRST.index(row.status) if row.status in _FIRST else len(_FIRST)
    return first, -(row.val_top1 if row.val_top1 is not None else -1.0), row.run_id


def _tries(attempts: Iterable[SweepAttempt]) -> tuple[dict[str, int], dict[str, str]]:
    """Count the attempts at each run, and say what went wrong in the last one that went wrong."""
    counted: dict[str, int] = {}
    why: dict[str, str] = {}
    for attempt in attempts:
        counted[attempt.run_id] = counted.get(attempt.run_id, 0) + 1
        parts = (attempt.error_what, attempt.error_why)
        if said := " ".join(part for part in parts if part) or attempt.error_type or "":
            why[attempt.run_id] = " ".join(said.split())
    return counted, why


def _words(row: RunRow, why: Mapping[str, str], sweep: SweepState) -> str:
    if row.status == "done":
        found = "" if row.run_id in sweep.finished_here else "done before the sweep was recorded"
        return found or ("" if row.val_top1 is not None else "its validation accuracy is no finite number")
    if row.status == "running":
        return "at work" if row.run_id in sweep.live else "its process has gone; the same command goes on with it"
    return why.get(row.run_id, "")


def _break(one: LeftOut, quantity: str) -> Cell:
    found = next((each for each in one.breaks if each.quantity == quantity), None)
    if found is None:
        return Cell("", "-")
    digits = 3 if found.times < 1.1 else 2  # noqa: PLR2004 - what is just over must not read as 1.00
    return Cell(f"{found.times:,.{digits}f} x", repr(found.times))


def _counts(one: LeftOut) -> list[Cell]:
    counts = one.rejected.counts
    if counts is None:
        return [number(None, "count")] * 3
    return [
        number(counts.total_params, "count"),
        number(counts.trainable_params, "count"),
        number(counts.gmacs, "gmacs"),
    ]

"""The tables of the methods page."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bench.hardware.backend_tolerance import TOLERANCE
from bench.registry.entries import BackboneEntry, DatasetEntry
from bench.report.board.chance import Flattered, SeedNoise
from bench.report.board.columns import COLUMNS, OF_HEADS
from bench.report.board.groups import Task, cut, data_name
from bench.report.board.layout import short_name
from bench.report.board.overlaps import Overlaps, pretraining_sets
from bench.report.board.titles import DataNames
from bench.report.site.material import run_page
from bench.report.site.sheet import Cell, Head, Sheet, bounded, number
from bench.store.rows import Environment, RunRow
from bench.units import DASH

COMMAND = "bench runs --json"
MOST_ROWS = 200
MOST_FLATTERED = 100
_NAMED_FIRST = ("backbone-bench", "python", "torch", "torchvision", "timm", "numpy", "pillow")


def splits_sheet(rows: Iterable[RunRow]) -> Sheet:
    """List the data that runs saw: one line for each dataset, target, part and cut that occurs."""
    found = Counter((Task(cut(row), row.val_n, row.test_n), row.train_n) for row in rows)
    cells = [
        [
            Cell(data_name(task.cut.dataset, task.cut.target)),
            *(number(n, "count") for n in (train_n, task.val_n, task.test_n)),
            Cell(task.cut.subset or "all of it"),
            Cell(f"{task.cut.val_fraction:g}"),
            number(task.cut.split_seed, "count"),
            Cell((task.cut.fingerprint or DASH)[:12], code=True),
            number(task.cut.protocol, "count"),
            number(runs, "count"),
        ]
        for (task, train_n), runs in sorted(found.items(), key=str)
    ]
    heads = (
        Head("data", "dataset"), _n("train", "train images"), _n("val", "val images"), _n("test", "test images"),
        Head("part", "part"), Head("fraction", "val fraction"), _n("seed", "split seed"),
        Head("fingerprint", "fingerprint"), _n("protocol", "protocol"), _n("runs", "runs", down=True),
    )  # fmt: skip
    return _first("Splits", heads, cells, "cuts")


def datasets_sheet(names: Iterable[str], entries: Iterable[DatasetEntry], overlaps: Overlaps) -> Sheet:
    """List where datasets come from, their licence, and which pretraining sets hold images of theirs."""
    known = {entry.name: (entry.license, entry.homepage) for entry in entries}
    cells = [
        [
            Cell(name),
            *(Cell(text or DASH) for text in known.get(name, ("", ""))),
            Cell(", ".join(overlaps.get(name, ())) or "none known"),
        ]
        for name in sorted(set(names))
    ]
    heads = (
        Head("dataset", "dataset"), Head("licence", "licence"), Head("from", "from"),
        Head("seen", "shares images with"),
    )  # fmt: skip
    return Sheet("Datasets", heads, cells)


def weights_sheet(rows: Iterable[RunRow], entries: Iterable[BackboneEntry], overlaps: Overlaps) -> Sheet:
    """List the checkpoints that runs began with, and what each was pretrained on."""
    where = {(e.name, e.weights.tag): e.weights.location for e in entries if e.weights}
    by_weights: dict[tuple[str, str, str], list[RunRow]] = defaultdict(list)
    for row in rows:
        by_weights[row.backbone, row.weights_source, row.weights_tag].append(row)
    cells = [
        [
            Cell(short_name(name)),
            Cell(tag or ("random" if source == "none" else DASH)),
            Cell({"none": "no checkpoint"}.get(source, source)),
            Cell(where.get((name, tag), "") or DASH),
            Cell(_digest(own), code=True),
            Cell(_pretrained(own[0])),
            Cell(_seen(own, overlaps)),
            number(len(own), "count"),
        ]
        for (name, source, tag), own in sorted(by_weights.items())
    ]
    heads = (
        Head("backbone", "backbone"), Head("weights", "weights"), Head("source", "source"),
        Head("location", "location"), Head("digest", "SHA-256"), Head("on", "pretrained on"),
        Head("seen", "has seen images of"), _n("runs", "runs", down=True),
    )  # fmt: skip
    return _first("Checkpoints", heads, cells, "checkpoints")


def columns_sheet() -> Sheet:
    """List every quantity with its definition."""
    cells = [
        [
            Cell(column.name),
            Cell(column.title),
            Cell(column.definition, style="why"),
            Cell(column.stored_unit, style="wraps"),
            Cell(column.source, style="wraps"),
            Cell(column.remark),
        ]
        for column in (*COLUMNS.values(), OF_HEADS)
    ]
    heads = (
        Head("quantity", "quantity"), Head("heading", "heading"), Head("what", "what it is"),
        Head("unit", "stored as"), Head("source", "source"), Head("beware", "beware"),
    )  # fmt: skip
    return Sheet("Quantities", heads, cells)


def flattery_sheet(found: Iterable[Flattered]) -> Sheet:
    """List for each board how much the best test epoch would have flattered its runs."""
    cells = [
        [
            Cell(one.title),
            number(one.runs, "count"),
            number(len(one.gains), "count"),
            _points(one.mean),
            _points(one.most),
            number(one.share, "fraction"),
        ]
        for one in found
    ]
    heads = (
        Head("board", "board"), _n("runs", "runs"), _n("tested", "tested every epoch"),
        _n("mean", "mean, points", down=True), _n("most", "most, points", down=True),
        _n("share", "runs flattered %", down=True),
    )  # fmt: skip
    return Sheet("Flattery by board", heads, cells)


def flattered_runs_sheet(found: Iterable[Flattered], detailed: frozenset[str]) -> Sheet:
    """List the runs that would have been flattered most."""
    pairs = sorted(((gain, row) for one in found for gain, row in one.gains), key=lambda p: (-p[0], p[1].run_id))
    names = DataNames(row for _, row in pairs)
    cells = [
        [
            Cell(row.run_id[:8], link=run_page(row.run_id) if row.run_id in detailed else "", code=True),
            Cell(names(row, subset=False)),
            Cell(short_name(row.backbone)),
            Cell(row.strategy),
            number(row.seed, "count"),
            number(row.test_top1, "fraction"),
            number(row.best_on_test_top1, "fraction"),
            _points(gain),
        ]
        for gain, row in pairs[:MOST_FLATTERED]
    ]
    heads = (
        Head("run", "run"), Head("dataset", "dataset"), Head("backbone", "backbone"), Head("strategy", "strategy"),
        _n("seed", "seed"), _n("test", "test %", down=True), _n("best", "best on test %", down=True),
        _n("gain", "flattered by, points", down=True),
    )  # fmt: skip
    left_out = bounded(len(pairs), MOST_FLATTERED, "runs")
    return Sheet("The most flattered runs", heads, cells, left_out, COMMAND)


def noise_sheet(found: Iterable[SeedNoise]) -> Sheet:
    """List for each board what is chance of the test set, and what of the seed."""
    cells = [
        [
            Cell(one.title),
            number(one.test_n, "count"),
            number(one.best, "fraction"),
            _points(one.test_error),
            Cell(f"{one.repeated:,} of {one.rows:,}", repr(one.repeated)),
            _points(one.pooled),
            _points(one.largest),
        ]
        for one in found
    ]
    heads = (
        Head("board", "board"), _n("images", "test images"), _n("best", "best row, test %", down=True),
        _n("error", "standard error, points"), _n("rows", "rows with several seeds"),
        _n("pooled", "spread of seeds, points"), _n("largest", "largest spread, points"),
    )  # fmt: skip
    return Sheet("Chance", heads, cells)


def backends_sheet(rows: Iterable[RunRow]) -> Sheet:
    """List what computed frozen parts, in which precision, and how far that may be from eager fp32."""
    counted = Counter((row.backend, row.precision) for row in rows)
    cells = [
        [Cell(backend), Cell(precision), Cell(_tolerance(backend, precision)), number(runs, "count")]
        for (backend, precision), runs in sorted(counted.items())
    ]
    heads = (
        Head("backend", "backend"), Head("precision", "precision"),
        Head("tolerance", "may differ from eager fp32 by"),
        _n("runs", "runs", down=True),
    )  # fmt: skip
    return Sheet("Backends and precisions", heads, cells)


def environments_sheet(found: Sequence[Environment]) -> Sheet:
    """List hardware and library versions that runs were finished on."""
    names = {name for one in found for name in one.versions}
    order = [*(name for name in _NAMED_FIRST if name in names), *sorted(names.difference(_NAMED_FIRST))]
    cells = [
        [
            Cell(one.hardware),
            number(one.runs, "count"),
            *(Cell(_version(one.versions, name)) for name in order),
        ]
        for one in found
    ]
    heads = [Head("hardware", "hardware"), _n("runs", "runs", down=True), *(Head(name, name) for name in order)]
    return _first("Hardware and versions", heads, cells, "kinds")


def _first(name: str, heads: Sequence[Head], cells: Sequence[Sequence[Cell]], what: str) -> Sheet:
    """Make a table of the first rows, which names the command that lists all."""
    return Sheet(name, heads, cells[:MOST_ROWS], bounded(len(cells), MOST_ROWS, what), COMMAND)


def _n(key: str, title: str, *, down: bool = False) -> Head:
    return Head(key, title, numeric=True, down=down)


def _points(value: float | None) -> Cell:
    return Cell(DASH, "-") if value is None else Cell(f"{100 * value:.2f}", repr(value))


def _version(versions: Mapping[str, object], name: str) -> str:
    return str(versions.get(name, DASH))


def _tolerance(backend: str, precision: str) -> str:
    if backend == "eager":
        return "it is what others are held against"
    allowed = {str(name): value for name, value in TOLERANCE.items()}.get(precision)
    return "not known" if allowed is None else f"{allowed:g} of the norm"


def _digest(rows: Iterable[RunRow]) -> str:
    digests = sorted({row.weights_digest for row in rows if row.weights_digest})
    more = f" and {len(digests) - 1} more" if len(digests) > 1 else ""
    return f"{digests[0][:12]}{more}" if digests else DASH


def _pretrained(row: RunRow) -> str:
    sets = pretraining_sets(row)
    return "not known" if sets is None else ", ".join(sets) or "nothing"


def _seen(rows: Sequence[RunRow], overlaps: Overlaps) -> str:
    """Name the datasets of these runs that share images with what their weights were pretrained on."""
    sets = pretraining_sets(rows[0])
    shared = sorted({row.dataset for row in rows if overlaps.get(row.dataset)})
    if sets is None:
        return f"perhaps {', '.join(shared)}" if shared else "none known"
    return ", ".join(name for name in shared if set(overlaps[name]) & set(sets)) or "none known"

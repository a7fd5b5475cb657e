"""The steps of `bench timing`, from what was asked to an exit code."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.display import terminal
from bench.errors import SLOWER, UNCLEAR, BenchError
from bench.records.timings import Case, Timing, cases_of
from bench.report.export.records import to_json
from bench.report.terminal.timing_view import comparison_view, timing_view, timings_view
from bench.report.timing.records import comparison_record, timing_record
from bench.report.timing.slowdowns import check_machine, compare, count
from bench.store.store import Store
from bench.store.timings import taken

if TYPE_CHECKING:
    import torch

BACKBONES = ("timm/resnet18", "timm/efficientnet_b0")
STRATEGIES = ("linear", "full")
IMAGE_SIZE, BATCH_SIZE = 224, 32


@dataclass(frozen=True)
class Options:
    """The options of `bench timing`, as typed."""

    backbones: list[str]
    strategies: list[str]
    image_size: int | None
    batch_size: int | None
    repeats: int
    save: str | None
    compare: str | None
    with_: str | None
    threshold: float
    force: bool
    db: str | None
    registry: list[Path]
    device: str
    json: bool


def list_timings(options: Options) -> int:
    """Show what was timed."""
    with Store.open(options.db, create=False) as store:
        found = store.timings()
    if options.json:
        terminal.write(to_json([summary._asdict() for summary in found]))
    else:
        console = terminal.out()
        console.print(timings_view(found, console))
    return 0


def measure_now(options: Options) -> int:
    """Measure what was asked for, keep it and show it."""
    device = _device(options)
    cases = _cases(options, device)
    name = options.save or time.strftime("%Y-%m-%dT%H:%M:%S")
    with Store.open(options.db) as store:
        _refuse_taken(store, name)
        made = _measured(name, cases, options, device)
        store.add_timing(made)
    if options.json:
        terminal.write(to_json(timing_record(made)))
    else:
        console = terminal.out()
        console.print(timing_view(made, console))
    return 0


def compare_with_now(options: Options) -> int:
    """Measure a timing's cases again, and say what became slower."""
    from bench.train.provenance import provenance

    if chosen := _cases_asked(options):
        raise BenchError(
            f"{chosen[0]} cannot go with --compare.",
            "What is measured again are the cases of the timing to compare with.",
            "Leave it out, or time other cases under a new name with --save.",
        )
    device = _device(options)
    with Store.open(options.db, create=False) as store:
        before = store.timing(str(options.compare))
        check_machine(before, provenance(device), force=options.force)
        if options.save:
            _refuse_taken(store, options.save)
        now = _measured(options.save or "now", [timed.case for timed in before.cases], options, device)
        if options.save:
            store.add_timing(now)
    return _compared(before, now, options)


def compare_stored(options: Options) -> int:
    """Compare two timings of the database."""
    if options.compare is None:
        raise BenchError(
            "--with needs --compare.", "Two timings are compared.", "Write --compare BEFORE --with AFTER."
        )
    if chosen := [*_cases_asked(options), *(["--save"] if options.save else [])]:
        raise BenchError(
            f"{chosen[0]} cannot go with --with.",
            "Two timings that were made before are compared, and nothing is measured.",
            f"Leave it out, or measure now: bench timing --compare {options.compare} --save NAME",
        )
    with Store.open(options.db, create=False) as store:
        before, now = store.timing(options.compare), store.timing(str(options.with_))
    return _compared(before, now, options)


def _compared(before: Timing, now: Timing, options: Options) -> int:
    found = compare(before, now, options.threshold, force=options.force)
    if options.json:
        terminal.write(to_json(comparison_record(before, now, found, options.threshold)))
    else:
        console = terminal.out()
        console.print(comparison_view(before, now, found, options.threshold, console))
    if count(found, "slower"):
        return SLOWER
    return UNCLEAR if count(found, "unclear") else 0


def _cases_asked(options: Options) -> list[str]:
    """List the options given that say which cases to measure."""
    given = {
        "--backbones": options.backbones,
        "--strategies": options.strategies,
        "--image-size": options.image_size,
        "--batch-size": options.batch_size,
    }
    return [name for name, value in given.items() if value]


def _cases(options: Options, device: torch.device) -> list[Case]:
    from bench.commands.options import open_registry
    from bench.hardware.device import precision_for
    from bench.plan.backbones import choose
    from bench.strategies import canonical

    chosen = choose(open_registry(options.registry), options.backbones or BACKBONES)
    return cases_of(
        list(dict.fromkeys(candidate.spec.name for candidate in chosen)),
        [canonical(strategy) for strategy in options.strategies or STRATEGIES],
        image_size=options.image_size or IMAGE_SIZE,
        batch_size=options.batch_size or BATCH_SIZE,
        precision=precision_for(device, "auto")[0],
    )


def _measured(name: str, cases: Sequence[Case], options: Options, device: torch.device) -> Timing:
    from bench.commands.display.counting import Counting
    from bench.train.provenance import provenance
    from bench.train.timing import measure

    with Counting(terminal.err(), "Timing") as progress:
        timed = measure(cases, device, options.repeats, progress)
    return Timing(name, provenance(device), timed)


def _device(options: Options) -> torch.device:
    from bench.hardware.device import deterministic, pick

    deterministic()  # as a sweep computes
    return pick(options.device)


def _refuse_taken(store: Store, name: str) -> None:
    """Say that a name is taken before minutes of measuring, not after."""
    if any(summary.name == name for summary in store.timings()):
        raise taken(name)

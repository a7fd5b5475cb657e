"""The page of one sweep: what was asked, what came of it, what it took, what was saved and left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from bench.report.html import embedded_json
from bench.report.run.runs import utc
from bench.report.site.folder import Page
from bench.report.site.material import sweep_page
from bench.report.site.search_part import search_context, search_data
from bench.report.site.sweep_tables import (
    bars_sheet,
    left_out_sheet,
    passes_sheet,
    runs_sheet,
    seconds_sheet,
)
from bench.report.sweeps.cache_savings import Saved, images_every_epoch, savings, unseen
from bench.report.sweeps.cost import compute, seconds_by_hardware
from bench.report.sweeps.left_out import left_out
from bench.report.sweeps.request import asked_for
from bench.report.sweeps.searches import Search
from bench.report.sweeps.state import SweepState, kind_of, state_sentence
from bench.report.sweeps.timeline import Bar, Timeline, timeline
from bench.report.sweeps.times import spent
from bench.store.rows import PassRead
from bench.units import show

SCRIPTS = (
    "format.js", "theme.js", "ticks.js", "sortable.js", "sheet.js", "timeline.js", "search.js", "follow.js",
    "sweep.js",
)  # fmt: skip
STATUS_ORDER = ("done", "pruned", "failed", "diverged", "interrupted", "running", "planned")
_MOST_SHARING = 12


def sweep_as_page(
    sweep: SweepState, reads: Sequence[PassRead], search: Search | None, detailed: Collection[str], note: str = ""
) -> Page:
    """Make a sweep's page; `note` says what could not be read of it."""
    number, command = sweep.row.id, f"bench sweeps {sweep.row.id} --json"
    drawn, groups = timeline(sweep.own), left_out(sweep.record.rejected, sweep.row.budget)
    context: dict[str, Any] = {
        "sweep": sweep,
        "kind": kind_of(sweep.record.request),
        "noun": _noun(sweep),
        "title": _title(sweep),
        "recorded": utc(sweep.row.created_at),
        "sentence": state_sentence(sweep),
        "order": STATUS_ORDER,
        "shares": [(name, sweep.counts[name]) for name in STATUS_ORDER if name in sweep.counts],
        "asked": asked_for(sweep.record),
        "note": note,
        "sharing": _sharing(sweep),
        "others": sum(attempt.command != sweep.record.command for attempt in sweep.own),
        "drawn": drawn,
        "bars": bars_sheet(drawn, detailed),
        "runs": runs_sheet(sweep, detailed, command),
        "groups": [(group, left_out_sheet(group, command)) for group in groups],
        "search": search_context(search, sweep, detailed) if search else None,
        "show": show,
        "sweep_page": sweep_page,
        **_cost(sweep, reads, command),
    }
    data = {"timeline": _bars(drawn), "search": search_data(search) if search else None}
    return Page(
        path=sweep_page(number),
        title=f"{_noun(sweep)} {number}: {_title(sweep)}",
        section="Sweeps",
        template="sweep.html.j2",
        context={**context, "data": embedded_json(data)},
        scripts=SCRIPTS,
        plots=bool(drawn.bars or search),
    )


def _noun(sweep: SweepState) -> str:
    return "Search" if "search" in kind_of(sweep.record.request) else "Sweep"


def _title(sweep: SweepState) -> str:
    return f"{sweep.row.dataset}{f', {sweep.row.budget}' if sweep.row.budget else ''}"


def _sharing(sweep: SweepState) -> list[tuple[int, int]]:
    """Return the other sweeps that planned some of its runs, with how many: those that share most first."""
    counted: dict[int, int] = {}
    for row in sweep.rows:
        for other in sweep.shared.get(row.run_id, ()):
            counted[other] = counted.get(other, 0) + 1
    counted.pop(sweep.row.id, None)
    return sorted(counted.items(), key=lambda one: (-one[1], one[0]))[:_MOST_SHARING]


def _cost(sweep: SweepState, reads: Sequence[PassRead], command: str) -> dict[str, Any]:
    """Return what the page says of time, compute and the cache."""
    saved = savings(reads, sweep.done)
    here = savings(reads, sweep.finished_here)
    recorded = sweep.row.created_at
    return {
        "spent": spent(sweep.own),
        "by_hardware": seconds_sheet(seconds_by_hardware(sweep.finished_here.values())),
        "finished": len(sweep.finished_here),
        "compute": compute(sweep.finished_here, here),
        "saved": [(one, passes_sheet(one.passes, recorded, command), one.made_before(recorded)) for one in saved],
        "saved_s": _saved_s(saved),
        "unseen": unseen(reads, sweep.done),
        "readers": len({read.run_id for read in reads if read.run_id in sweep.done}),
        "every_epoch": images_every_epoch(reads, sweep.done),
    }


def _saved_s(saved: Sequence[Saved]) -> float | None:
    """Return what sharing saved where one hardware made all passes; seconds of several do not add up."""
    return saved[0].saved_s if len(saved) == 1 else None


def _bars(drawn: Timeline) -> dict[str, Any] | None:
    if not drawn.bars:
        return None
    return {
        "statuses": [bar.status for bar in drawn.bars],
        "left": [round(bar.left, 3) for bar in drawn.bars],
        "right": [round(bar.right, 3) for bar in drawn.bars],
        "lanes": [bar.lane for bar in drawn.bars],
        "told": [_told(bar) for bar in drawn.bars],
        "workers": list(drawn.workers),
        "firsts": list(drawn.first_lanes),
        "count": drawn.lanes,
        "pauses": [[round(pause.at, 3), show(pause.seconds, "seconds")] for pause in drawn.pauses],
        "length": drawn.length,
    }


def _told(bar: Bar) -> str:
    what = f"{bar.attempts:,} attempts" if bar.attempts > 1 else f"run {bar.run_id[:8]}"
    return f"{what}, {bar.status}, {show(bar.seconds, 'seconds')}, from {utc(bar.began_at)}"

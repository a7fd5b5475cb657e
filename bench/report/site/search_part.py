"""The part of a sweep's page that shows the search its runs are trials of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bench.report.site.sweep_tables import trials_sheet, unit_of
from bench.report.sweeps.searches import Search, settings
from bench.report.sweeps.state import SweepState


def search_context(search: Search, sweep: SweepState, detailed: Collection[str]) -> dict[str, Any]:
    """Return what the template shows of a search."""
    best, own = search.best, set(sweep.record.run_ids)
    return {
        "name": search.name,
        "metric": search.metric,
        "unit": unit_of(search),
        "count": sum(trial.counts for trial in search.trials),
        "here": sum(trial.run_id in own for trial in search.trials),
        "best": best,
        "settings": {key: str(value) for key, value in settings(best).items()} if best else {},
        "importances": sorted(search.importances.items(), key=lambda one: -one[1]),
        "trials": trials_sheet(search, own, detailed, "bench tune --list --json"),
    }


def search_data(search: Search) -> dict[str, Any]:
    """Return what the plot draws: the value of each trial, and the best up to it."""
    return {
        "metric": search.metric,
        "percent": unit_of(search) == "fraction",
        "numbers": [trial.number for trial in search.trials],
        "values": [trial.value for trial in search.trials],
        "ends": [trial.end for trial in search.trials],
        "best": search.best_so_far,
    }

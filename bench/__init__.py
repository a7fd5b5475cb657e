"""bench: which pretrained backbone to take, and how much of it to train."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.api import compare, leaderboard, load_run, load_runs
    from bench.lab.lab import Lab, open  # noqa: A004 - bench.open
    from bench.report.export.fronts import pareto
    from bench.report.plots.frame_plot import plot_pareto

__all__ = ["Lab", "compare", "leaderboard", "load_run", "load_runs", "open", "pareto", "plot_pareto"]

_HOMES = {
    **dict.fromkeys(("compare", "leaderboard", "load_run", "load_runs"), "bench.api"),
    **dict.fromkeys(("Lab", "open"), "bench.lab.lab"),
    "pareto": "bench.report.export.fronts",
    "plot_pareto": "bench.report.plots.frame_plot",
}


def __getattr__(name: str) -> object:
    """Import what is asked for only then: pandas and SQLAlchemy are slow, and `bench --help` needs neither."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List what there is, so that notebooks complete it."""
    return sorted({*globals(), *__all__})

"""Shows a plan: a table on a terminal, or JSON."""

from __future__ import annotations

from bench.commands.display import terminal
from bench.data.datasets import is_here
from bench.data.finding import Source
from bench.plan.enumerate import Plan
from bench.report.terminal.plan_list import plan_json, plan_view
from bench.sweep.session import Session


def show_plan(
    session: Session,
    plan: Plan,
    source: Source,
    *,
    rejected: bool = False,
    limit: int = 0,
    json: bool = False,
) -> None:
    """Print a plan with its forecast, at most `limit` rows (0: all)."""
    runs, forecast = session.forecast_runs(plan, source)
    if json:
        terminal.write(plan_json(plan, runs, forecast))
        return
    here = is_here(source.entry, session.options.data_root)
    terminal.out().print(plan_view(plan, runs, forecast, rejected=rejected, limit=limit, here=here))

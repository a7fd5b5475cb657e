"""A plan on a terminal, or as JSON: what fits and what it costs, what does not and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from bench.plan.enumerate import Choice, Plan
from bench.plan.forecast import Forecast
from bench.records import Counts, PlannedRun, Rejected
from bench.report.console import plain_table
from bench.report.units import show

HEADINGS = ("backbone", "weights", "strategy", "px", "total", "trainable", "in backbone", "GMACs", "train GMACs")
NUMBERS = HEADINGS[3:]


def plan_view(plan: Plan, forecast: Forecast, *, rejected: bool, limit: int) -> RenderableType:
    """Show what fits, on request what does not, and the forecast; at most `limit` rows each (0: all)."""
    parts: list[RenderableType] = [_choices(plan.choices, limit)]
    if rejected and plan.rejected:
        parts += [Text("\nDoes not fit", style="bold"), _rejected(plan.rejected, limit)]
    parts.append(Text(f"\n{_summary(plan)}", style="dim"))
    parts.append(Text(forecast_text(forecast), style="bold"))
    return Group(*parts)


def forecast_text(forecast: Forecast) -> str:
    """Say in a sentence what a plan will cost."""
    size = forecast.download_bytes / 1e9
    download = f"{size:.2f} GB to download" if forecast.download_bytes else "nothing to download"
    return f"{forecast.runs:,} runs, {download}, about {show(forecast.seconds, 'seconds')} on {forecast.hardware}."


def plan_json(plan: Plan, runs: Sequence[PlannedRun], forecast: Forecast) -> str:
    """Write a plan with its forecast, and every run with its id, as JSON."""
    data = {
        "dataset": plan.request.dataset.model_dump(mode="json"),
        "budget": str(plan.request.budget),
        "runs": [_run(run) for run in runs],
        "rejected": [asdict(one) for one in plan.rejected],
        "forecast": asdict(forecast),
    }
    return json.dumps(data, indent=2)


def _run(run: PlannedRun) -> dict[str, Any]:
    spec = run.spec
    return {
        "run_id": spec.run_id,
        "backbone": spec.backbone.name,
        "family": run.family,
        "weights": spec.backbone.weights.model_dump(mode="json"),
        "strategy": spec.strategy,
        "recipe": run.recipe_name,
        "image_size": spec.transform.image_size,
        "seed": spec.seed,
        **asdict(run.counts),
        "gflops": 2 * run.counts.gmacs,
        "forecast_s": run.forecast_s,
    }


def _choices(choices: Sequence[Choice], limit: int) -> RenderableType:
    table = plain_table(HEADINGS, right=NUMBERS)
    shown = choices[:limit] if limit else choices
    for choice in shown:
        weights = choice.candidate.spec.weights
        names = (choice.candidate.spec.name, weights.tag or weights.source, choice.strategy)
        table.add_row(*map(Text, names), str(choice.transform.image_size), *_counts(choice.counts))
    hidden = len(choices) - len(shown)
    more = Text(f"... and {hidden:,} more; --limit 0 shows all.", style="dim")
    return Group(table, more) if hidden else table


def _rejected(rejected: Sequence[Rejected], limit: int) -> RenderableType:
    table = plain_table(
        ("backbone", "strategy", "total", "trainable", "GMACs", "why"), right=("total", "trainable", "GMACs")
    )
    shown = rejected[:limit] if limit else rejected
    for one in shown:
        counts = _counts(one.counts) if one.counts else ["–"] * 5  # noqa: RUF001 - an en dash: no value
        table.add_row(Text(one.backbone), Text(one.strategy), counts[0], counts[1], counts[3], Text(one.reason))
    hidden = len(rejected) - len(shown)
    more = Text(f"... and {hidden:,} more; --limit 0 shows all.", style="dim")
    return Group(table, more) if hidden else table


def _counts(counts: Counts) -> list[str]:
    whole = (counts.total_params, counts.trainable_params, counts.trainable_backbone_params)
    return [*(f"{n:,}" for n in whole), f"{counts.gmacs:.4f}", f"{counts.train_gmacs:.4f}"]


def _summary(plan: Plan) -> str:
    data = plan.request.dataset
    budget = f" within {plan.request.budget}" if plan.request.budget.limits else ""
    seen = "" if data.fingerprint else " (not on this machine yet: counted from its registry entry)"
    rejected = f"; {len(plan.rejected):,} do not fit (--rejected lists them)" if plan.rejected else ""
    return f"{len(plan.choices):,} choices{budget} on {data.name}, {data.num_classes} classes{seen}{rejected}."

"""A plan on a terminal, or as JSON: what fits and what it costs, what does not and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.plan.enumerate import Choice, Plan
from bench.plan.forecast import Forecast, worth_keeping
from bench.records.runs import Counts, PlannedRun, Rejected
from bench.report.terminal.console import fitting, plain_table
from bench.spec import RunSpec
from bench.units import DASH, show_range

HEADINGS = ("backbone", "weights", "strategy", "recipe", "px", "total", "trainable", "in backbone", "GMACs",
            "train GMACs", "once")  # fmt: skip
LEFT_OUT = ("backbone", "strategy", "total", "trainable", "GMACs", "why")
NUMBERS = frozenset(HEADINGS[4:])
GIVING_WAY = ("once", "train GMACs", "in backbone", "weights", "px", "GMACs")
"""Columns that a narrow terminal does without, the first ones first."""


def plan_view(
    plan: Plan, runs: Sequence[PlannedRun], forecast: Forecast, *, rejected: bool, limit: int, here: bool = False
) -> RenderableType:
    """Show what fits, on request what is left out, and the forecast; at most `limit` rows each (0: all).

    `here` says that the dataset is on this machine, though nothing has read it yet.
    """
    headings = [name for name in HEADINGS if name != "recipe" or len(plan.request.variants) > 1]
    parts = [_shown(headings, [_choice(one) for one in plan.choices], limit)]
    if rejected and plan.rejected:
        left_out = [_left_out(one) for one in plan.rejected]
        parts += [Text("\nLeft out", style="bold"), _shown(LEFT_OUT, left_out, limit)]
    parts.append(Text(f"\n{_summary(plan, here=here)}", style="dim"))
    parts.append(
        Text("once: the share of a forward pass computed once and kept; the rest every epoch.", style="dim")
    )
    parts += [Text(line, style="dim") for line in (*plan.remarks, *_backends(runs))]
    parts.append(Text(forecast_text(forecast), style="bold"))
    return Group(*parts)


UNSURE = 2.0
"""A forecast may be so many times too long or too short: it knows neither what else runs nor early stopping."""


def forecast_text(forecast: Forecast) -> str:
    """Say in a sentence what a plan will cost."""
    size = forecast.download_bytes / 1e9
    download = f"{size:.2f} GB to download" if forecast.download_bytes else "nothing to download"
    runs = f"{forecast.runs:,} run{'s' * (forecast.runs != 1)}"
    time = show_range(forecast.seconds / UNSURE, forecast.seconds * UNSURE)
    return f"{runs}, {download}, roughly {time} on {forecast.hardware}."


def _backends(runs: Sequence[PlannedRun]) -> list[str]:
    """Say in a line each which backbones are computed by what; nothing where torch computes them all as it is."""
    found: dict[str, list[str]] = {}
    for spec in (run.spec for run in runs if run.spec.backend != "eager"):
        found.setdefault(spec.backend, []).append(spec.backbone.name)
    measures = {"auto": "auto, measured where a sweep begins"}
    return [
        f"Backend {measures.get(backend, backend)}: {', '.join(dict.fromkeys(names))}."
        for backend, names in found.items()
    ]


def plan_json(plan: Plan, runs: Sequence[PlannedRun], forecast: Forecast) -> str:
    """Write a plan as JSON; see `plan_record`."""
    return json.dumps(plan_record(plan, runs, forecast), indent=2)


def plan_record(plan: Plan, runs: Sequence[PlannedRun], forecast: Forecast) -> dict[str, Any]:
    """Return a plan with its forecast, and every run with its id, as plain data.

    A run has no id while something that is part of it is not known; `run_id_missing` then says what.
    """
    return {
        "dataset": plan.request.dataset.model_dump(mode="json"),
        "budget": str(plan.request.budget),
        "runs": [_run(run) for run in runs],
        "rejected": [asdict(one) for one in plan.rejected],
        "forecast": asdict(forecast),
    }


def _missing(spec: RunSpec) -> str:
    """Say what a run's id is made of and not known yet; empty where all of it is."""
    if spec.dataset.fingerprint is None:
        return "the dataset's fingerprint: it was not read on this machine yet"
    return "the backend: it is measured where a sweep begins" if spec.backend == "auto" else ""


def _run(run: PlannedRun) -> dict[str, Any]:
    spec = run.spec
    return {
        "run_id": None if _missing(spec) else spec.run_id,
        **({"run_id_missing": _missing(spec)} if _missing(spec) else {}),
        "backbone": spec.backbone.name,
        "family": run.family,
        "weights": spec.backbone.weights.model_dump(mode="json"),
        "strategy": spec.strategy,
        "recipe": run.recipe_name,
        "image_size": spec.transform.image_size,
        "seed": spec.seed,
        "backend": spec.backend,
        **asdict(run.counts),
        "gflops": 2 * run.counts.gmacs,
        "forecast_s": run.forecast_s,
    }


@dataclass(frozen=True)
class _Rows:
    """A table with as many columns as fit where it is printed."""

    headings: Sequence[str]
    rows: Sequence[Mapping[str, str]]

    def __rich_console__(self, console: Console, _: ConsoleOptions) -> Iterator[Table]:
        yield fitting(self.headings, console, self._table, [name for name in GIVING_WAY if name in self.headings])

    def _table(self, kept: Sequence[str]) -> Table:
        table = plain_table(kept, right=NUMBERS)
        for row in self.rows:
            table.add_row(*(Text(row[heading]) for heading in kept))
        return table


def _shown(headings: Sequence[str], rows: Sequence[Mapping[str, str]], limit: int) -> RenderableType:
    shown = _Rows(headings, rows[:limit] if limit else rows)
    hidden = len(rows) - len(shown.rows)
    more = Text(f"... and {hidden:,} more; --limit 0 shows all.", style="dim")
    return Group(shown, more) if hidden else shown


def _choice(choice: Choice) -> dict[str, str]:
    weights = choice.candidate.spec.weights
    return {
        "backbone": choice.candidate.spec.name,
        "weights": weights.tag or weights.source,
        "strategy": choice.strategy,
        "recipe": choice.variant.name,
        "px": str(choice.transform.image_size),
        **_counts(choice.counts),
    }


def _left_out(rejected: Rejected) -> dict[str, str]:
    counts = _counts(rejected.counts) if rejected.counts else dict.fromkeys(HEADINGS, DASH)
    return {**counts, "backbone": rejected.backbone, "strategy": rejected.strategy, "why": rejected.reason}


def _counts(counts: Counts) -> dict[str, str]:
    return {
        "total": f"{counts.total_params:,}",
        "trainable": f"{counts.trainable_params:,}",
        "in backbone": f"{counts.trainable_backbone_params:,}",
        "GMACs": f"{counts.gmacs:.4f}",
        "train GMACs": f"{counts.train_gmacs:.4f}",
        "once": _once(counts),
    }


def _once(counts: Counts) -> str:
    """Say how much of a forward pass may be computed once for each image, not once for each epoch."""
    return f"{counts.frozen_gmacs / counts.gmacs:.0%}" if worth_keeping(counts) else "nothing"


def _summary(plan: Plan, *, here: bool) -> str:
    data = plan.request.dataset
    budget = f" within {plan.request.budget}" if plan.request.budget.limits else ""
    unread = (
        "here, and read by the first sweep" if here else "not on this machine yet: counted from its registry entry"
    )
    seen = "" if data.fingerprint else f" ({unread})"
    rejected = f"; {len(plan.rejected):,} are left out (--rejected lists them, with why)" if plan.rejected else ""
    choices = f"{len(plan.choices):,} choice{'s' * (len(plan.choices) != 1)}"
    targets = f" under {' and '.join(data.targets)}" if len(data.targets) > 1 else ""
    return f"{choices}{budget} on {data.name}, {data.num_classes} classes{targets}{seen}{rejected}."

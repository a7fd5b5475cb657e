"""What `bench reproduce` prints: its plan, and a table for each setting that was run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bench.commands.display import terminal
from bench.commands.display.listing import show
from bench.errors import StoreError
from bench.plan.forecast import Forecast
from bench.records.runs import PlannedRun
from bench.registry.loading import Registry
from bench.registry.studies import StudyEntry
from bench.report.export.records import to_json
from bench.report.study.records import attempted
from bench.report.study.reproduced import EXACT, STAND_IN, Attempted
from bench.report.terminal.plan_list import forecast_text
from bench.report.terminal.study_view import study_data, study_markdown, study_table
from bench.store.store import Store
from bench.studies.changes import Changes, changes_of
from bench.units import show as written

_FOR_JSON = ("forecast_s", "run_id", "spec")
"""What a plan says as JSON only."""


def show_stored(registry: Registry, name: str, asked: Changes, db: str | None, form: str) -> None:
    """Print the table of every setting in which a study was run, or with changes of that one; nothing runs."""
    study = registry.get(StudyEntry, name)
    changes = changes_of(study, asked)
    with Store.open(db, create=False) as store:
        show_tables(study, attempted(store, study, changes.as_data() if changes else None), form)


def show_tables(study: StudyEntry, settings: Sequence[Attempted], form: str) -> None:
    """Print the table of each setting. Raises StoreError where there is none."""
    if not settings:
        raise StoreError(
            f"The study {study.name} was not run with these settings.",
            "The database has no sweep of it.",
            f"Run it: bench reproduce {study.name}. With --report-only alone every setting that was run is shown.",
        )
    tables = [study_table(*same) for _, same in groupby(settings, key=lambda one: one.changes)]
    if form == "json":
        terminal.write(to_json([study_data(table) for table in tables]))
    elif form == "markdown":
        terminal.write("\n".join(study_markdown(table) for table in tables))
    else:
        for table in tables:
            terminal.out().print(table)


def show_plan(
    study: StudyEntry,
    runs: Sequence[tuple[str, PlannedRun]],
    changes: Changes,
    forecast: Forecast,
    *,
    json: bool,
) -> None:
    """Print what would be trained, by name, and on stderr what it would cost."""
    records = [_record(name, run, changes) for name, run in runs]
    rows = [{name: value for name, value in record.items() if name not in _FOR_JSON} for record in records]
    show(rows, {"study": study.name, "changes": changes.as_data(), "runs": records}, json=json)
    terminal.err().print(forecast_text(forecast))


def _record(name: str, run: PlannedRun, changes: Changes) -> dict[str, object]:
    spec = run.spec
    return {
        "run": name,
        "kind": STAND_IN if changes else EXACT,
        "dataset": spec.dataset.name,
        "target": spec.dataset.target,
        "subset": str(spec.dataset.subset or ""),
        "backbone": spec.backbone.name,
        "strategy": spec.strategy,
        "px": spec.transform.image_size,
        "epochs": spec.recipe.epochs,
        "seed": spec.seed,
        "total": run.counts.total_params,
        "trainable": run.counts.trainable_params,
        "forecast": written(run.forecast_s, "seconds"),
        "forecast_s": run.forecast_s,
        "run_id": spec.run_id if spec.dataset.fingerprint and spec.backend != "auto" else None,
        "spec": spec.model_dump(mode="json"),
    }

"""`bench tune --list`: the searches of a database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.commands.display.listing import show
from bench.commands.display.tune_progress import trial_text, value_text
from bench.report.board.groups import data_name
from bench.spec import SubsetSpec
from bench.store.store import Store
from bench.tune.result import trial_record
from bench.tune.study import Listed, studies

_GIVING_WAY = ("command", "with", "run", "pruned")


def list_studies(db: str | None, *, json: bool) -> None:
    """Print every study with its trials by how they ended, its best, and the command that goes on with it."""
    with Store.open(db, create=False) as store:
        found = studies(store)
    show([_row(study) for study in found], [_record(study) for study in found], json=json, giving_way=_GIVING_WAY)


def _row(study: Listed) -> dict[str, Any]:
    best, metric = study.best, study.definition["metric"]
    return {
        "study": study.name,
        "dataset": _data(study.definition["dataset"]),
        "trials": sum(trial.counts for trial in study.trials),
        "done": sum(trial.end == "done" for trial in study.trials),
        "pruned": sum(trial.end == "pruned" for trial in study.trials),
        "best": value_text(best.value, metric) if best else "",
        "run": (best.run_id or "")[:8] if best else "",
        "with": trial_text(best.settings) if best else "",
        "command": study.command,
    }


def _data(spec: Mapping[str, Any]) -> str:
    subset = SubsetSpec(**spec["subset"]) if spec.get("subset") else None
    return data_name(spec["name"], spec["target"], subset)


def _record(study: Listed) -> dict[str, Any]:
    return {
        "study": study.name,
        "command": study.command,
        **study.definition,
        "best": trial_record(study.best) if study.best else None,
        "trials": [trial_record(trial) for trial in study.trials if trial.end != "surplus"],
    }

"""`bench studies`: published experiments that the registry knows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bench.commands import options as o
from bench.commands.given import not_empty

if TYPE_CHECKING:
    from bench.registry.loading import Registry
    from bench.registry.studies import StudyEntry

Name = Annotated[
    str | None, typer.Argument(callback=not_empty, help="Show one study: its runs, and its survey of candidates.")
]


def studies(name: Name = None, registry: o.RegistryFolders = None, json: o.AsJson = False) -> None:
    """List the published studies, or show one: its runs, what is open, and the backbones that its source compared.

    Candidates of such a survey stand beside our counts: with the classifier of their library, without any, and
    with a linear head for the study's classes, which is what the verdict holds against the study's budget.

    Example: bench studies cub-10m
    """
    from bench.commands.display.listing import show
    from bench.registry.studies import StudyEntry

    known = o.open_registry(registry)
    if name:
        _show_one(known, known.get(StudyEntry, name), json=json)
        return
    entries = known.all(StudyEntry)
    rows = [
        {"study": e.name, "dataset": e.dataset, "budget": e.budget, "runs": len(e.run), "source": e.source}
        for e in entries
    ]
    show(rows, [e.model_dump(mode="json") for e in entries], json=json)


def _show_one(registry: Registry, study: StudyEntry, *, json: bool) -> None:
    from bench.commands.display import terminal
    from bench.commands.display.counting import Counting
    from bench.report.export.records import to_json
    from bench.report.terminal.study_list import study_view
    from bench.studies.survey import surveyed

    with Counting(terminal.err()) as progress:
        survey = surveyed(registry, study, progress)
    if json:
        terminal.write(to_json({**study.model_dump(mode="json"), "surveyed": [asdict(one) for one in survey]}))
    else:
        terminal.out().print(study_view(study, survey))

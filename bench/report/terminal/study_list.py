"""One published study on a terminal, before anything is run: its runs, its survey, what is open and odd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.report.study.reproduced import UNITS, Notes
from bench.report.terminal.console import fitting, plain_table
from bench.report.units import DASH, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.studies.entries import StudyEntry, StudyRunEntry
    from bench.studies.survey import Surveyed

_RUN = ("run", "backbone", "strategy", "published", "notes")
_SURVEY = (
    "candidate",
    "printed",
    "backbone",
    "own classifier",
    "without",
    "with head",
    "GMACs",
    "verdict",
    "runs",
)
_COUNTS = ("own classifier", "without", "with head", "GMACs", "runs")


def study_view(study: StudyEntry, survey: Sequence[Surveyed]) -> RenderableType:
    """Show a study in full; `survey` are the candidates that its source compared, counted."""
    notes = Notes()
    budget = f", {study.budget}" if study.budget else ""
    parts: list[RenderableType] = [
        Text.assemble((study.name, "bold"), f"  {study.source}"),
        Text(f"{study.dataset}, {study.num_classes} classes{budget}", style="dim"),
        Text("\nRuns", style="bold"),
        _Fitted(_RUN, [_run_cells(run, notes) for run in study.run], drop=("notes", "strategy")),
    ]
    if survey:
        heading = f"\nCandidates that the source compared, our counts; the head is for {study.num_classes} classes"
        parts += [Text(heading, style="bold"), _Fitted(_SURVEY, list(map(_survey_cells, survey)), _COUNTS)]
    said = [*_parts(study), study.note and f"{study.note}."]
    said += [
        study.survey.note if study.survey else "",
        *(f"[{n}] {text}" for n, text in enumerate(notes.texts, 1)),
    ]
    parts.append(Text("\n" + "\n".join(filter(None, said)), style="dim"))
    return Group(*parts)


def _parts(study: StudyEntry) -> list[str]:
    """List what the source leaves open, and what the study has beside its runs."""
    said = [f"Unstated: {'; '.join(study.unstated)}."] if study.unstated else []
    if study.assumed:
        said.append(f"Assumed: {'; '.join(f'{key} = {value}' for key, value in study.assumed.items())}.")
    if study.scored_by:
        said.append(f"Scored by: {', '.join(study.scored_by)}.")
    made = (
        study.joint and f"a joint run of {' and '.join(study.joint.heads)}",
        study.ensemble and f"an ensemble of {' and '.join(study.ensemble.members)}",
        study.search and f"a search of {study.search.trials} trials for {study.search.run}",
        study.transfer and f"a transfer of {study.transfer.run} to {study.transfer.dataset}",
    )
    also = [part for part in made if part]
    return [*said, f"Also: {'; '.join(also)}."] if also else said


def _run_cells(run: StudyRunEntry, notes: Notes) -> dict[str, str]:
    said = notes.number([run.note, run.remark])
    figures = (f"{name} {show(value, UNITS.get(name, 'fraction'))}" for name, value in run.published.items())
    cells = (run.name, run.backbone, run.strategy, ", ".join(figures), " ".join(f"[{n}]" for n in said))
    return dict(zip(_RUN, cells, strict=True))


def _survey_cells(one: Surveyed) -> dict[str, str]:
    counts = (show(count, "count") for count in (one.own_params, one.bare_params, one.total_params))
    cells = (
        one.name, one.printed, one.backbone or DASH, *counts, show(one.gmacs, "gmacs"), one.verdict,
        str(len(one.runs) or DASH),
    )  # fmt: skip
    return dict(zip(_SURVEY, cells, strict=True))


class _Fitted:
    """A table whose columns of `drop` give way on a narrow terminal."""

    def __init__(self, columns: Sequence[str], rows: Sequence[dict[str, str]], numbers: Sequence[str] = (),
                 drop: Sequence[str] = ("GMACs", "runs", "own classifier", "backbone")) -> None:  # fmt: skip
        self.columns, self.rows, self.numbers, self.drop = columns, rows, numbers, drop

    def __rich_console__(self, console: Console, _: ConsoleOptions) -> Iterator[RenderableType]:
        def table(kept: Sequence[str]) -> Table:
            made = plain_table(kept, right=self.numbers)
            for row in self.rows:
                made.add_row(*(Text(row[name]) for name in kept))
            return made

        yield fitting(self.columns, console, table, self.drop)

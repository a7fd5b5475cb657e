"""One published study on a terminal, before anything is run: its runs, its survey, what is open and odd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.report.study.reproduced import UNITS, Notes
from bench.report.terminal.console import fitting, plain_table
from bench.units import DASH, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.registry.studies import StudyEntry, StudyRunEntry
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
    said = [*_parts(study, notes), study.note and f"{study.note}."]
    said += [
        study.survey.note if study.survey else "",
        *(f"[{n}] {text}" for n, text in enumerate(notes.texts, 1)),
    ]
    parts.append(Text("\n" + "\n".join(filter(None, said)), style="dim"))
    return Group(*parts)


def _parts(study: StudyEntry, notes: Notes) -> list[str]:
    """List what the source leaves open, and what the study has beside its runs, with the figures of that."""
    said = [f"Unstated: {'; '.join(study.unstated)}."] if study.unstated else []
    if study.assumed:
        said.append(f"Assumed: {'; '.join(f'{key} = {value}' for key, value in study.assumed.items())}.")
    if study.scored_by:
        said.append(f"Scored by: {', '.join(study.scored_by)}.")
    also = [f"a joint run of {' and '.join(study.joint.heads)}"] if study.joint else []
    if one := study.ensemble:
        figures = _figures({**one.published, **_of_members("train_top1", one.members, one.member_train_top1),
                            **_of_members("epoch_s", one.members, one.member_epoch_s)})  # fmt: skip
        numbers = _numbers(notes, one.note, one.remark)
        also.append(f"an ensemble of {' and '.join(one.members)}: {figures} {numbers}")
    if search := study.search:
        figures, numbers = _figures(search.published), _numbers(notes, search.note)
        also.append(f"a search of {search.trials} trials for {search.run}: {figures} {numbers}")
    if moved := study.transfer:
        confidence = {f"{name} confidence": value for name, value in moved.published_confidence.items()}
        figures, numbers = _figures({**moved.published, **confidence}), _numbers(notes, moved.note, moved.remark)
        also.append(f"a transfer of {moved.run} to {moved.dataset}: {figures} {numbers}")
    return [*said, f"Also: {'; '.join(map(str.rstrip, also))}."] if also else said


def _figures(published: Mapping[str, float]) -> str:
    units = {name: UNITS.get(name.partition(" ")[0], "fraction") for name in published}
    return ", ".join(f"{name} {show(value, units[name])}" for name, value in published.items())


def _of_members(figure: str, members: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    return {f"{figure} of {member}": value for member, value in zip(members, values, strict=False)}


def _numbers(notes: Notes, *texts: str) -> str:
    return " ".join(f"[{number}]" for number in notes.number(texts))


def _run_cells(run: StudyRunEntry, notes: Notes) -> dict[str, str]:
    figures, numbers = _figures(run.published), _numbers(notes, run.note, run.remark)
    return dict(zip(_RUN, (run.name, run.backbone, run.strategy, figures, numbers), strict=True))


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

"""A study's table on a terminal, as Markdown and as plain data, with what a reader must know beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from bench.report.export.markdown import escape, table_line
from bench.report.study.assumed import assumed_of_run, assumed_of_study
from bench.report.study.parts import SEARCH, part_lines
from bench.report.study.reproduced import Attempted, Line, Notes, finite, one_seed, run_lines, with_shared
from bench.report.terminal.console import fitting, plain_table
from bench.units import DASH, show, show_spread

if TYPE_CHECKING:
    from bench.registry.studies import StudyEntry, StudyRunEntry
    from bench.store.rows import RunRow

HEADINGS = ("run", "figure", "published", "measured", "difference", "seeds", "kind", "notes")
NUMBERS = ("published", "measured", "difference", "seeds")


@dataclass(frozen=True)
class StudyTable:
    """One setting of a study: its variants, its lines, its numbered notes, and what stands below them."""

    settings: Sequence[Attempted]
    lines: Sequence[Line]
    notes: Sequence[str]

    @property
    def one(self) -> Attempted:
        """The first variant: what all of them have in common is read off it."""
        return self.settings[0]

    def __rich_console__(self, console: Console, _: ConsoleOptions) -> Iterator[RenderableType]:
        yield Text.assemble((self.one.study.name, "bold"), (f"  {self.one.study.source}", "dim"))
        cells = [_cells(line) for line in self.lines]

        def table(kept: Sequence[str]) -> Any:
            made = plain_table(kept, right=NUMBERS)
            for row in cells:
                made.add_row(*(Text(row[name]) for name in kept))
            return made

        yield fitting(HEADINGS, console, table, ("seeds",))
        yield Text("\n" + "\n".join(self.sentences()) + "\n", style="dim")

    def sentences(self) -> list[str]:
        """Say what was changed, what the source leaves open, what stands for it, and the numbered notes."""
        study = self.one.study
        parts = [_changed(self.one), _seeds(self.lines), *_open(study, self.one), study.note and f"{study.note}."]
        parts += [f"[{number}] {text}" for number, text in enumerate(self.notes, start=1)]
        return [part for part in parts if part]


def study_table(*settings: Attempted) -> StudyTable:
    """Put a study's table together, of one setting or of all its variants: then these stand below each other."""
    notes = Notes()
    lines = [
        line for one in settings for line in (*run_lines(one, one.study.runs, notes), *part_lines(one, notes))
    ]
    places = list(dict.fromkeys((line.run, line.figure) for line in lines))
    lines.sort(key=lambda line: places.index((line.run, line.figure)))
    return StudyTable(settings, with_shared(lines, settings, notes), notes.texts)


def study_markdown(table: StudyTable) -> str:
    """Write a study's table as Markdown."""
    rule = ["---:" if name in NUMBERS else "---" for name in HEADINGS]
    lines = [table_line(HEADINGS), table_line(rule, escaped=False)]
    lines += [table_line(_cells(line).values()) for line in table.lines]
    return "\n".join([*lines, "", *(f"- {escape(text)}" for text in table.sentences())]) + "\n"


def study_data(table: StudyTable) -> dict[str, Any]:
    """Return a study's table as plain data."""
    study = table.one.study
    return {
        "study": study.name,
        "source": study.source,
        "kind": table.one.kind,
        "changes": dict(table.one.changes),
        "unstated": list(study.unstated),
        "assumed": assumed_of_study(table.one),
        "lines": [_record(line, table) for line in table.lines],
        "notes": list(table.notes),
        "said": table.sentences(),
    }


def _record(line: Line, table: StudyTable) -> dict[str, Any]:
    mean, std, n = line.measured
    return {
        "run": line.name,
        "variant": line.variant,
        "figure": line.figure,
        "published": line.published,
        "measured": finite(mean),
        "measured_std": finite(std),
        "seeds": n,
        "difference": finite(line.difference),
        "apart": line.apart,
        "status": line.status or "done",
        "kind": line.kind,
        "notes": [table.notes[number - 1] for number in line.notes],
        "run_ids": [row.run_id for row in _rows(line, table.settings)],
    }


def _rows(line: Line, settings: Sequence[Attempted]) -> Sequence[RunRow]:
    """Return the runs behind a line; those of a search are its trials."""
    one = next(one for one in settings if one.variant == line.variant)
    return one.trials if line.run == SEARCH else one.rows.get(line.run, ())


def _cells(line: Line) -> dict[str, str]:
    """Write a line's cells, in the order of the headings."""
    return {
        "run": line.name,
        "figure": _with_unit(line),
        "published": _as_printed(line),
        "measured": _measured(line),
        "difference": line.apart or _difference(line),
        "seeds": str(line.measured.n or ""),
        "kind": line.kind,
        "notes": " ".join(f"[{number}]" for number in line.notes),
    }


def _with_unit(line: Line) -> str:
    """Name a figure, percent with it: `train_top1 % of small-cnn`."""
    name, space, rest = line.figure.partition(" ")
    return f"{name} %{space}{rest}" if line.unit == "fraction" else line.figure


def _as_printed(line: Line) -> str:
    """Write a published figure with the digits that it was printed with."""
    if line.published is None:
        return DASH
    if line.unit == "fraction":
        return f"{100 * line.published:.4g}"
    return f"{line.published:g} s" if line.unit == "seconds" else show(line.published, line.unit)


def _measured(line: Line) -> str:
    """Write what was measured, times in seconds; what became of the run where there is nothing."""
    mean, std, n = line.measured
    if mean is None or not n:
        return line.status or DASH
    return f"{mean:.3g} s" if line.unit == "seconds" else show_spread(mean, std, line.unit)


def _difference(line: Line) -> str:
    value = line.difference
    if value is None or line.published is None:
        return DASH
    if line.unit == "fraction":  # what a reader gets who subtracts the two figures of this line
        value = float(Decimal(_measured_mean(line)) - Decimal(_as_printed(line))) / 100
    sign = "+" if value > 0 else "-" if value < 0 else "±"
    return f"{sign}{show(abs(value), line.unit)}"


def _measured_mean(line: Line) -> str:
    return show(line.measured.mean, line.unit)


def _changed(one: Attempted) -> str:
    if not one.changes:
        return "The study's own data, backbones and settings."
    words = {
        "dataset": "on",
        "backbones": "backbone",
        "targets": "target",
        "settings": "set",
        "left_out": "without",
    }
    order = ("dataset", "backbones", "targets", "image_size", "epochs", "subset", "settings", "left_out")
    told = [
        f"{words.get(name, name.replace('_', ' '))} {_plain(one.changes[name])}"
        for name in order
        if name in one.changes
    ]
    return f"Stand-in, not the study itself: {'; '.join(told)}."


def _seeds(lines: Iterable[Line]) -> str:
    return "One seed: indicative, no conclusion rests on it." if one_seed(lines) else ""


def _open(study: StudyEntry, one: Attempted) -> list[str]:
    """Say what the source leaves open and what is taken instead, of the study and of the runs that are shown."""
    shown = [run for run in study.run if run.name in one.rows]
    parts: list[tuple[str, Mapping[str, Any], StudyEntry | StudyRunEntry]] = [("", assumed_of_study(one), study)]
    parts += [(f" ({run.name})", assumed_of_run(run, one), run) for run in shown]
    said = []
    for where, assumed, part in parts:
        if part.unstated:
            said.append(f"Unstated{where}: {'; '.join(part.unstated)}.")
        if assumed:
            said.append(f"Assumed{where}: {'; '.join(f'{key} = {_plain(v)}' for key, v in assumed.items())}.")
    return said


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)

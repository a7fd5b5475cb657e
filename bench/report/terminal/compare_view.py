"""Two runs side by side on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bench.metrics.paired import PairedTest
from bench.report.board.columns import COLUMNS
from bench.report.board.groups import data_name
from bench.report.look.compare import Comparison
from bench.report.look.diagnosis import Diagnosis
from bench.report.look.head_comparison import HeadComparison
from bench.report.run.numbers import measured as run_number
from bench.report.run.spec_groups import plain_value
from bench.report.terminal.console import plain_table
from bench.report.terminal.run_view import pairs
from bench.store.rows import StoredRun
from bench.units import DASH, show, show_difference

_MEASURED = (
    "val_top1",
    "trainable_params",
    "total_params",
    "gmacs",
    "train_gmacs",
    "epochs",
    "standalone_s",
    "latency_1_s",
)
_CLASSES = 12
_DIGEST = re.compile("[0-9a-f]{64}")


def compare_view(made: Comparison) -> RenderableType:
    """Show what differs, what both measured, and whether the difference is more than chance."""
    parts: list[RenderableType] = [_line("A", made.first), _line("B", made.second)]
    parts += [Text(note, style="dim") for note in made.notes]
    parts += _section("What differs", _differences(made))
    parts += _section("Measured", _measures(made))
    for head in made.heads:
        if len(made.heads) > 1:
            parts.append(Text(f"\n{head.target}", style="bold underline"))
        parts += _section("Accuracy on test", _metrics(head))
        parts += _section(f"On the same {head.test.n:,} test images", _paired(head.test))
        parts += _section("Classes that differ most", _classes(head))
    return Group(*parts)


def verdict(test: PairedTest) -> str:
    """Say in one sentence whether one of A and B is better on these images."""
    if test.only_first == test.only_second:
        return "Neither is ahead."
    ahead = "A" if test.only_first > test.only_second else "B"
    if test.tells:
        return f"{ahead} is better on these images: chance alone would seldom do this (5 % level)."
    return f"{ahead} is ahead, but not by more than chance would give (5 % level)."


def _line(letter: str, stored: StoredRun) -> Text:
    row = stored.row
    told = f"{row.backbone}, {row.strategy}, on {data_name(row.dataset, row.target, row.subset)}, seed {row.seed}"
    return Text.assemble((f"{letter}  {row.run_id[:12]}", "bold"), "  ", told)


def _section(title: str, body: RenderableType) -> list[RenderableType]:
    return [Text(f"\n{title}", style="bold"), Padding.indent(body, 2)]


def _differences(made: Comparison) -> Table:
    table = plain_table(["", "A", "B"])
    for one in made.differences:
        values = (spec_value(value) for value in (one.first, one.second))
        table.add_row(Text(one.key, style="dim"), *(Text(value, style="yellow") for value in values))
    return table


def spec_value(value: object) -> str:
    """Write a value of a spec; of a SHA-256 the digits that tell it from others."""
    text = DASH if value is None else plain_value(value)
    return text[:8] if _DIGEST.fullmatch(text) else text


def _measures(made: Comparison) -> Table:
    """Show validation accuracy and costs; times only where both ran on the same hardware."""
    one, other = made.first.row, made.second.row
    table = plain_table(["", "A", "B"], right=["A", "B"])
    for key in _MEASURED:
        column = COLUMNS[key]
        if not column.hardware or one.hardware == other.hardware:
            label = column.label if column.unit == "fraction" else column.label.partition(" (")[0]
            values = (run_number(row, key) for row in (one, other))
            table.add_row(Text(label, style="dim"), *values)
    return table


def _metrics(head: HeadComparison) -> Table:
    table = plain_table(["%", "A", "B", "A - B"], right=["A", "B", "A - B"])
    for (name, one), (_, other) in zip(measured(head.first), measured(head.second), strict=True):
        table.add_row(
            Text(name, style="dim"), show(one, "fraction"), show(other, "fraction"), show_difference(one, other)
        )
    return table


def measured(diagnosis: Diagnosis) -> Iterable[tuple[str, float]]:
    """Name what a comparison shows of a head, with its value."""
    yield from ((f"top-{k}", share) for k, share in diagnosis.top_k.items() if k in (1, 5))
    yield "macro-F1", diagnosis.macro_f1
    yield "ECE", diagnosis.calibration.ece
    yield "confidence when right", diagnosis.right.mean
    yield "confidence when wrong", diagnosis.wrong.mean


def _paired(test: PairedTest) -> RenderableType:
    counts = (
        f"A alone {test.only_first:,}, B alone {test.only_second:,}, both {test.both:,}, neither {test.neither:,}"
    )
    interval = f"{difference(test)} points, 95 % {points(test.low)} to {points(test.high)} (Newcombe)"
    lines = [
        ("right", counts),
        ("A - B", interval),
        ("McNemar", f"exact p {_p_value(test.exact_p)}, mid-p {_p_value(test.mid_p)}"),
    ]
    caution = "It speaks of these two trained models on these images, not of what another seed would give."
    return Group(pairs(lines), Text(verdict(test), style="bold"), Text(caution, style="dim"))


def _classes(head: HeadComparison) -> RenderableType:
    shown = [one for one in head.classes if one.only_first != one.only_second][:_CLASSES]
    if not shown:
        return Text("None: in every class as many images are right.")
    numbers = ("images", "A %", "B %", "A - B", "only A", "only B")
    table = plain_table(["class", *numbers], right=numbers)
    for one in shown:
        recalls = (show(one.first_recall, "fraction"), show(one.second_recall, "fraction"))
        gained = show_difference(one.first_recall, one.second_recall)
        table.add_row(
            Text(" ".join(one.name.split())),
            f"{one.support:,}",
            *recalls,
            gained,
            f"{one.only_first:,}",
            f"{one.only_second:,}",
        )
    note = "Shares of each class's images that are right. With many classes some differ much by chance alone."
    return Group(table, Text(note, style="dim"))


def difference(test: PairedTest) -> str:
    """Write A's accuracy less B's in points, as a reader subtracts them."""
    accuracies = (
        (test.both + alone) / test.n if test.n else None for alone in (test.only_first, test.only_second)
    )
    return show_difference(*accuracies)


def points(value: float) -> str:
    """Write a difference of shares in percentage points, with its sign."""
    return f"{100 * value:+.1f}" if value == value else DASH  # noqa: PLR0124 - NaN is no number


def _p_value(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"= {value:.4f}"  # noqa: PLR2004 - more digits say no more

"""A look at a run on a terminal: the numbers, the worst pairs, the weakest classes, a small reliability table."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bench.metrics.calibration import Bin
from bench.report.look.diagnosis import Diagnosis
from bench.report.look.look import Head, Look
from bench.report.terminal.console import plain_table
from bench.report.terminal.run_view import curve_lines, pairs
from bench.units import show, show_difference

_ROWS, _BAR = 10, 24


def look_view(look: Look, console: Console) -> RenderableType:
    """Show the parts that are asked for, one below the other; `console` says how much room there is."""
    head = Text.assemble((look.row.run_id[:12], "bold"), "  ", look.title)
    parts: list[RenderableType] = [head, *(Text(note, style="dim") for note in look.notes)]
    if "curves" in look.parts and look.details.epochs:
        parts += _section("Epochs", curve_lines(look.details.epochs))
    several = len(look.heads) > 1
    for shown in look.heads:
        if several:
            parts.append(Text(f"\n{shown.target}", style="bold underline"))
        parts += _head(look, shown, console)
    return Group(*parts)


def _section(title: str, body: RenderableType) -> list[RenderableType]:
    return [Text(f"\n{title}", style="bold"), Padding.indent(body, 2)]


def _head(look: Look, head: Head, console: Console) -> list[RenderableType]:
    diagnosis, parts = (
        head.diagnosis,
        _section(f"On {head.diagnosis.n:,} {look.split} images", _numbers(head.diagnosis)),
    )
    name = max(12, (console.width - 44) // 2)
    if "confusion" in look.parts:
        parts += _section("Most often taken for another", _worst_pairs(diagnosis, name))
    if "classes" in look.parts:
        parts += _section("Weakest classes", _weakest(diagnosis, name))
    if "calibration" in look.parts:
        parts += _section("Reliability", _reliability(diagnosis))
    return parts


def _numbers(diagnosis: Diagnosis) -> Table:
    stated, cooled = diagnosis.calibration, diagnosis.cooled
    tops = ", ".join(f"top-{k} {show(share, 'fraction')}" for k, share in diagnosis.top_k.items())
    calibrated = f"ECE {_p(stated.ece)}, adaptive {_p(stated.adaptive_ece)}, worst bin {_p(stated.mce)}"
    lines = [
        ("accuracy %", tops),
        ("over classes %", f"macro-F1 {_p(diagnosis.macro_f1)}, mean recall {_p(diagnosis.mean_recall)}"),
        ("calibration %", calibrated),
        ("likelihood", f"NLL {stated.nll:.4f} nats, Brier {stated.brier:.4f}"),
        ("confidence %", f"{_p(diagnosis.right.mean)} when right, {_p(diagnosis.wrong.mean)} when wrong"),
    ]
    if cooled and diagnosis.temperature is not None:
        after = f"fitted on val: {diagnosis.temperature:.3f}; with it ECE {_p(cooled.ece)} %, NLL {cooled.nll:.4f}"
        lines.append(("temperature", after))
    if half := next((step for step in diagnosis.coverage if step.coverage >= 0.5), None):  # noqa: PLR2004 - half
        lines.append(("surest half", f"right {_p(half.accuracy)} % of the time"))
    if diagnosis.not_finite:
        lines.append(("not finite", f"{diagnosis.not_finite:,} images have no prediction: they count as wrong"))
    return pairs(lines)


def _worst_pairs(diagnosis: Diagnosis, width: int) -> RenderableType:
    if not diagnosis.pairs:
        return Text("Nothing is mistaken.")
    table = plain_table(["true class", "taken for", "images", "share %"], right=["images", "share %"])
    _keep_on_a_line(table, width)
    for pair in diagnosis.pairs[:_ROWS]:
        names = (_name(diagnosis.names[index]) for index in (pair.true, pair.predicted))
        table.add_row(*names, f"{pair.count:,}", _p(pair.share))
    return table


def _weakest(diagnosis: Diagnosis, width: int) -> Table:
    numbers = ("F1 %", "precision %", "recall %", "images")
    table = plain_table(["class", *numbers], right=numbers)
    _keep_on_a_line(table, width)
    for score in diagnosis.classes[:_ROWS]:
        values = (_p(value) for value in (score.f1, score.precision, score.recall))
        table.add_row(_name(score.name), *values, f"{score.support:,}")
    return table


def _reliability(diagnosis: Diagnosis) -> Table:
    """Show the bins that hold images, with a bar of accuracy on which a stroke marks the confidence."""
    numbers = ("confidence %", "images", "mean %", "right %", "gap")
    table = plain_table([*numbers, ""], right=numbers)
    for part in diagnosis.calibration.bins:
        if part.n:
            span = f"{100 * part.low:.0f} to {100 * part.high:.0f}"
            cells = (
                span,
                f"{part.n:,}",
                _p(part.confidence),
                _p(part.accuracy),
                show_difference(part.confidence, part.accuracy),
            )
            table.add_row(*cells, _bar(part))
    return table


def _bar(part: Bin) -> Text:
    filled, mark = round(_BAR * part.accuracy), min(_BAR - 1, round(_BAR * part.confidence))
    drawn = "".join("│" if place == mark else "█" if place < filled else "·" for place in range(_BAR))
    return Text.assemble((drawn[:mark], "blue"), (drawn[mark], "bold"), (drawn[mark + 1 :], "blue"))


def _keep_on_a_line(table: Table, width: int) -> None:
    for column in table.columns:
        if column.justify == "left":
            column.no_wrap, column.overflow, column.max_width = True, "ellipsis", width


def _name(text: str) -> Text:
    return Text(" ".join(text.split()))


def _p(value: float) -> str:
    return show(value, "fraction")

"""Evaluations on other datasets on a terminal: one in full, and the lines that `bench show` has of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.records.transfers import Transfer
from bench.report.run.runs import clock
from bench.report.terminal.console import fitting, plain_table
from bench.transfer.images import ImageTable
from bench.transfer.label_lookup import shown_name
from bench.units import DASH, show

_MEASURES = {
    "top-1 %": "top1",
    "top-5 %": "top5",
    "macro-F1 %": "macro_f1",
    "confidence when right %": "confidence_right",
    "confidence when wrong %": "confidence_wrong",
}
_OF_A_CLASS = {
    "top-1 %": "top1",
    "top-5 %": "top5",
    "confid. right %": "confidence_right",
    "confid. wrong %": "confidence_wrong",
}


def transfer_view(transfer: Transfer, console: Console) -> RenderableType:
    """Show one evaluation in full: what was evaluated, what is doubtful, each head, each class."""
    parts: list[RenderableType] = [_what(transfer)]
    parts += [Text(note, style="dim") for note in transfer.result["notes"]]
    parts += _map_lines(transfer.label_map)
    for head in transfer.result["heads"]:
        parts += [Text(f"\n{head['target']}, {head['classes']} classes", style="bold"), _readings(head)]
        parts += [Text(""), _classes(head["readings"][-1], console)]
    parts += [Text(f"\n{line}") for line in contradiction_lines(transfer)]
    return Group(*parts)


def image_table_view(table: ImageTable) -> RenderableType:
    """Show images one by one: the first reading of the map that corrects something says what is right."""
    heads = [head.target for head in table.images[0].heads] if table.images else []
    sure = [f"{head} sure %" for head in heads]
    columns = [name for pair in zip([f"{head} here" for head in heads], sure, strict=True) for name in pair]
    made = plain_table(["file", "label there", *columns], right=sure)
    for image in table.images:
        cells = [Text(image.file), Text(shown_name(image.label))]
        for head in image.heads:
            right = head.right(list(head.expected)[-1])
            cells.append(Text(f"{'✓' if right else '✗'} {head.said}", style="" if right else "red"))
            cells.append(Text(show(head.confidence, "fraction")))
        made.add_row(*cells)
    part = f"{len(table.images):,} of {table.of:,} images at random, seed {table.seed}"
    heading = part if table.seed is not None else f"All {table.of:,} images"
    return Group(Text(f"\n{heading}", style="bold"), made)


def transfers_view(transfers: Sequence[Transfer]) -> RenderableType:
    """Show each evaluation of a run in a line for each head and reading."""
    table = plain_table(
        ["dataset", "split", "map", "target", "reading", "top-1 %", "top-5 %", "images", "evaluated"],
        right=["top-1 %", "top-5 %", "images"],
    )
    for transfer in transfers:
        for line in transfer.headline:
            shares = (show(line[key], "fraction") for key in ("top1", "top5"))
            where = (transfer.dataset, transfer.split, transfer.label_map["name"], line["target"], line["reading"])
            cells = (*where, *shares, show(line["n"], "count"), clock(transfer.created_at))
            table.add_row(*map(Text, cells))
    return table


def contradiction_lines(transfer: Transfer) -> list[str]:
    """Say how often the heads of a run contradict each other."""
    return [
        f"The {pair['target']} head names a class outside what the {pair['group_target']} head says in "
        f"{show(pair['share'], 'fraction')} % of {pair['n']:,} images."
        for pair in transfer.result["contradictions"]
    ]


def transfer_record(transfer: Transfer) -> dict[str, Any]:
    """Return an evaluation as plain data."""
    made = transfer.provenance
    origin = {"command": made.command, "versions": made.versions, "commit": made.commit, "dirty": made.dirty}
    fields = ("transfer_id", "run_id", "dataset", "fingerprint", "split", "images", "created_at", "hardware")
    record = {name: getattr(transfer, name) for name in fields}
    return {**record, "label_map": transfer.label_map, "result": transfer.result, "provenance": origin}


def _what(transfer: Transfer) -> Text:
    out, pairs = transfer.result["left_out"], transfer.label_map["pairs"]
    text = Text.assemble(
        (f"{transfer.run_id[:12]} on {transfer.dataset}, {transfer.split}", "bold"),
        f"\n{transfer.images:,} images of {len(pairs)} classes",
    )
    if out["unmapped_images"]:
        text.append(f"; {out['unmapped_images']:,} of {out['unmapped_classes']:,} unmapped classes are left out")
    if out["over_limit"]:
        text.append(f"; {out['over_limit']:,} of mapped classes are over the limit")
    return text.append(".")


def _map_lines(label_map: Mapping[str, Any]) -> list[RenderableType]:
    lines: list[RenderableType] = [
        Text.assemble(("warning: ", "bold yellow"), warning) for warning in label_map["warnings"]
    ]
    unchecked = [pair for pair in label_map["pairs"] if pair["verdict"] == "unchecked"]
    if unchecked:
        lines.append(Text("Not checkable by name, taken as written:"))
    for pair in unchecked:
        meaning = f"  ({pair['note']})" if pair["note"] else ""
        lines.append(Text(f"  {shown_name(pair['theirs'])} -> {pair['ours']}{meaning}"))
    return lines


def _readings(head: Mapping[str, Any]) -> Table:
    """Lay the readings side by side; the last lines let only mapped classes be said."""
    readings = head["readings"]
    table = plain_table(["", *(reading["name"] for reading in readings)], right=[r["name"] for r in readings])
    for label, key in _MEASURES.items():
        table.add_row(label, *(_share(reading["all"], key) for reading in readings))
    if any(reading["mapped"] for reading in readings):
        for label, key in list(_MEASURES.items())[:3]:
            among = f"{label} if only mapped classes could be said"
            table.add_row(Text(among, style="dim"), *(_share(reading["mapped"], key) for reading in readings))
    return table


def _classes(reading: Mapping[str, Any], console: Console) -> Table:
    """Lay out each class; on a narrow terminal the numbers that say least give way."""

    def table(columns: Sequence[str]) -> Table:
        made = plain_table(["class", "is ours", "images", *columns, "said instead"], right=["images", *columns])
        for score in reading["classes"]:
            shares = (_share(score, _OF_A_CLASS[column]) for column in columns)
            instead = _listed((name, count) for name, count in score["said"] if name != score["ours"])
            cells = (shown_name(score["theirs"]), score["ours"], f"{score['n']:,}", *shares, instead)
            made.add_row(*map(Text, cells))
        return made

    return fitting(list(_OF_A_CLASS), console, table, list(_OF_A_CLASS)[:0:-1])


def _listed(said: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in said)


def _share(measured: Mapping[str, Any] | None, key: str) -> str:
    return show(measured[key], "fraction") if measured else DASH

"""The page of one run: all that the database knows of it, what it gets wrong, and how to go on from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bench.records.transfers import Transfer
from bench.report.look.look import Look
from bench.report.look.page import SCRIPTS, WORDS, Section
from bench.report.run.numbers import RESULTS, epoch_table, measured
from bench.report.run.runs import error_text, status_text, utc
from bench.report.run.spec_groups import plain_value
from bench.report.site.folder import Page
from bench.report.site.material import COMPARE, OVERVIEW, run_data, run_page
from bench.report.site.run_examples import Examples
from bench.report.site.run_links import RunLinks
from bench.report.site.run_names import run_label
from bench.report.terminal.heads_view import contradictions
from bench.store.rows import AttemptRow, RunRow
from bench.units import show

_HEADLINE = (
    ("val_top1", "validation top-1 %"),
    ("test_top1", "test top-1 %, reported"),
    ("total_params", "parameters"),
    ("trainable_params", "of them trained"),
    ("gmacs", "GMACs an image"),
    ("standalone_s", "to train, alone"),
    ("peak_memory_bytes", "peak memory"),
)
_ON_AN_IMAGE = "photo.jpg"
_UNSAID = ("command", "versions", "host", "hardware", "commit", "dirty")


class Command(NamedTuple):
    """A command line to copy, and what it is for."""

    line: str
    why: str


def run_page_of(look: Look, cards: Sequence[Section], examples: Sequence[Examples], links: RunLinks) -> Page:
    """Describe the page; its charts are drawn from the run's data."""
    row, details = look.row, look.details
    context: dict[str, Any] = {
        "look": look,
        "row": row,
        "label": run_label(row),
        "status": status_text(row),
        "cards": cards,
        "examples": {one.target: one for one in examples},
        "links": links,
        "headline": _headline(row),
        "run": details,
        "headings": RESULTS,
        "contradictions": contradictions(details.heads),
        "transfers": [line for transfer in details.transfers for line in _transferred(transfer)],
        "provenance": _provenance(details.telling_attempt),
        "versions": _versions(details.telling_attempt),
        "commands": _commands(row, repeat=details.command),
        "key": run_data(row.run_id),
        "overview": OVERVIEW,
        "compare": f"{COMPARE}?runs={row.run_id[:16]}",
        "utc": utc,
        "error_text": error_text,
        "epoch_table": epoch_table,
        **WORDS,
    }
    return Page(
        run_page(row.run_id),
        look.title,
        "Overview",
        "run.html.j2",
        context,
        scripts=(*SCRIPTS, "copy.js"),
        data=[run_data(row.run_id)],
        plots=True,
    )


def _headline(row: RunRow) -> list[tuple[str, str]]:
    known = ((name, measured(row, key)) for key, name in _HEADLINE if getattr(row, key) is not None)
    return list(known)


def _commands(row: RunRow, *, repeat: str | None) -> list[Command]:
    short = row.run_id[:12]
    repeats = "Repeats it with the rest of its sweep. What is done is skipped: give another --db to run it again."
    commands = [Command(repeat, repeats)] if repeat else []
    commands.append(Command(f"bench show {short}", "All that is known of it, on a terminal; --json for programs."))
    if row.status == "done":
        commands += [
            Command(f"bench look {short} --out looks", "Its charts as PNG, and every number as JSON."),
            Command(f"bench mistakes {short} --out mistakes.html", "More of the images that it gets wrong."),
            Command(f"bench predict {short} {_ON_AN_IMAGE}", "What it says of your own images."),
            Command(f"bench explain {short} {_ON_AN_IMAGE}", "Where in an image it finds a class."),
        ]
    return commands


def _provenance(attempt: AttemptRow | None) -> list[tuple[str, str]]:
    """Name and write where, when and from which code the telling attempt was made; not on whose machine."""
    if attempt is None:
        return []
    made = attempt.provenance
    changed = {True: ", with changes that are in no commit", None: "", False: ""}[made.get("dirty")]
    commit = f"{made['commit'][:12]}{changed}" if made.get("commit") else "not recorded"
    times = [("started", utc(attempt.started_at)), ("ended", utc(attempt.finished_at) or "not yet")]
    rest = [(key, plain_value(value)) for key, value in made.items() if key not in _UNSAID]
    return [("hardware", attempt.hardware), *rest, *times, ("commit of bench", commit)]


def _versions(attempt: AttemptRow | None) -> list[tuple[str, str]]:
    versions = attempt.provenance.get("versions", {}) if attempt else {}
    return sorted((str(name), str(number)) for name, number in versions.items())


def _transferred(transfer: Transfer) -> list[tuple[str, ...]]:
    """Write an evaluation on another dataset, a line for each head and reading of the label map."""
    where = (transfer.dataset, transfer.split, transfer.label_map["name"])
    return [
        (
            *where,
            line["target"],
            line["reading"],
            *(show(line[key], "fraction") for key in ("top1", "top5")),
            show(line["n"], "count"),
        )
        for line in transfer.headline
    ]

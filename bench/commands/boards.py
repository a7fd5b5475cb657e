"""The boards that a command's filters ask for, and their text: for `bench leaderboard` and `bench export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.commands.collector import no_collection
from bench.commands.filtering import check_filters

if TYPE_CHECKING:
    from bench.report.board.query import Query
    from bench.report.board.tables import Board


def read_boards(
    db: str | None, query: Query, registry: list[Path] | None, *, published: bool = False, shown: bool = False
) -> list[Board]:
    """Rank the runs of a database; with `published` what studies print stands beside them, or alone.

    Boards that are only to be `shown` hold no more of each run than tables show, which reads very many faster.
    """
    from bench.report.board.layout import columns_read
    from bench.report.board.published import known_published, published_boards, with_published
    from bench.report.board.tables import leaderboard
    from bench.store.store import Store

    with no_collection(), Store.open(db, create=False) as store:
        ensembles = store.ensembles.list()
        rows = store.rows(only=columns_read(query) if shown and not ensembles else None)
        check_filters(rows, query, registry)
        boards = leaderboard(rows, query, ensembles, store.heads.all())
    if not published:
        return boards
    known = known_published(registry)
    return with_published(boards, known, query) or published_boards(known, query)


def boards_text(boards: list[Board], form: str, registry: list[Path] | None) -> str:
    """Write boards as csv, json, markdown or latex."""
    from bench.report.board.overlaps import known_overlaps
    from bench.report.export.latex import to_latex
    from bench.report.export.markdown import to_markdown
    from bench.report.export.records import BOARD_FIELDS, board_records

    if form in ("csv", "json"):
        return records_text(board_records(boards), BOARD_FIELDS, form)
    return (to_markdown if form == "markdown" else to_latex)(boards, known_overlaps(registry))


def records_text(records: Sequence[dict[str, Any]], fields: Sequence[str], form: str) -> str:
    """Write records as csv or json; `fields` are the first columns of a csv."""
    from bench.report.export.csv_text import to_csv
    from bench.report.export.records import to_json

    return to_csv(records, fields) if form == "csv" else to_json(records)
